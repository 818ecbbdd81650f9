"use strict";
/**
 * The trials of a page's sweep: what its records say, beside the project's runs. Its panels look at it, and the table of
 * runs gets the number of each run's trial and its value as columns of their own. A panel finds it as `sweep` of its
 * context, so that a page may have panels of several.
 *
 * @typedef {object} Trials in columns, one entry a trial in order of creation
 * @property {number[]} n         numbers
 * @property {string[]} run       ids
 * @property {number[]} attempt
 * @property {string[]} state
 * @property {boolean[]} over     whether a record says so
 * @property {?number[]} value    null where there is none, or none that is finite; `odd` says what it was then
 * @property {number[]} count     how often the metric was logged
 * @property {?number[]} began    epoch s
 * @property {?number[]} ended
 * @property {string[]} reason
 * @property {string[]} agent
 */
runstore.Sweep = (() => {
  const { Column } = runstore;
  const SECTION = "Sweep";
  const NUMBER = "trial";
  const VALUE = "sweep.value";
  const COMPARABLE = new Set(["finished", "stopped"]);
  const MOST_AXES = 9;
  // Panels that stand beside each other are equally tall: px.
  const SIZE = 380;
  // Columns of a panel that takes the whole row, however many there are.
  const WHOLE = 12;

  /** Whether a parameter is drawn on a log axis: it was searched on one, or its choices are rather multiples, as 16, 32, 64. */
  function isLog({ scale, choices }) {
    if (scale !== "choice") return scale === "log";
    if (choices.length < 3 || !choices.every((value) => typeof value === "number" && value > 0)) return false;
    const { min, max, median } = runstore.statistics.summary(choices);
    return Math.abs(Math.log(median) - Math.log(min * max) / 2) < Math.abs(Math.log(median) - Math.log((min + max) / 2));
  }

  class Sweep {
    /** @param {object} payload of the sweep's file */
    constructor(payload) {
      this.renew(payload);
    }

    /** Takes what a later build says. */
    renew(payload) {
      Object.assign(this, payload);
      this.count = this.trials.n.length;
      this.all = this.trials.n.map((_, at) => at);
      this.places = new Map(this.trials.run.map((id, at) => [id, at]));
      this.axes = this.parameters.map((parameter) => runstore.parameterAxes.make(parameter));
      this.verdict = new Map(this.verdicts.map(([at, rule, band, value, threshold]) => [at, { rule, band, value, threshold }]));
    }

    /** What the metric is called. */
    get label() {
      return this.metric || "value";
    }

    /** What the values of trials are: of a sweep with records the best that each logged. */
    get valueLabel() {
      return this.metric ? `${this.maximize ? "Highest" : "Lowest"} ${this.metric}` : "Value";
    }

    get hasValues() {
      return this.trials.value.some((value) => value !== null);
    }

    /** The values that there are. @returns {number[]} */
    get finite() {
      return this.trials.value.filter((value) => value !== null);
    }

    /** Whether some values are told apart better on a log scale: where the highest count it would press them together. @param {number[]} values */
    wantsLog(values) {
      return !this.maximize && runstore.statistics.wantsLog(values);
    }

    isBetter(a, b) {
      return this.maximize ? a > b : a < b;
    }

    /** Whether a trial's value says how good its parameters are. */
    counts(at) {
      return this.trials.over[at] && this.trials.value[at] !== null && COMPARABLE.has(this.trials.state[at]);
    }

    /** The best of some trials; −1 for none. @param {number[]} some */
    best(some) {
      return some.reduce((best, at) => (this.counts(at) && (best < 0 || this.isBetter(this.trials.value[at], this.trials.value[best])) ? at : best), -1);
    }

    /** Gives the table of runs its columns. @param {Runs} runs */
    extend(runs) {
      const number = new Array(runs.id.length).fill(null);
      const value = new Array(runs.id.length).fill(null);
      for (const at of this.all) {
        const run = runs.place(this.trials.run[at]);
        if (run === undefined) continue;
        number[run] = this.trials.n[at];
        value[run] = this.trials.value[at];
      }
      const put = (entry) => {
        const made = new Column(entry, runs.id.length);
        const known = runs.columns.get(entry.key);
        runs.columns.set(entry.key, known ? Object.assign(known, made) : made);
      };
      put({ key: NUMBER, label: "Trial", section: "run", type: "number", values: number });
      if (this.hasValues) put({ key: VALUE, label: this.valueLabel, section: "summary", type: "number", values: value });
    }

    /** How the page opens: its runs one by one, the best first. @param {Runs} runs @returns {Partial<View>} */
    view(runs) {
      const keys = [this.hasValues ? VALUE : null, ...this.parameters.map(({ column }) => column)].filter((key) => key && runs.columns.has(key));
      return { group: "", crop: "middle", sort: this.hasValues ? `${this.maximize ? "-" : ""}${VALUE}` : "", cols: [...keys.slice(0, 1), NUMBER, "state", ...keys.slice(1, MOST_AXES), "created", "runtime"].filter((key) => runs.columns.has(key)) };
    }

    /** The trials whose runs are shown, by number; while all runs are, those without a run too. @param {Context} context @returns {number[]} */
    shown({ runs, charted }) {
      const some = new Set(charted);
      const isWhole = some.size === runs.all.length;
      return this.all.filter((at) => {
        const run = runs.place(this.trials.run[at]);
        return run === undefined ? isWhole : some.has(run);
      });
    }

    /** Values of a parameter, one a trial. @param {string} column */
    values(column) {
      return this.params[this.parameters.findIndex((each) => each.column === column)] ?? [];
    }

    /** What is said of a trial in a tooltip. @returns {[string, string][]} */
    told(at, runs) {
      const { format } = runstore;
      const { n, run, attempt, state, value, odd, reason } = this.trials;
      const place = runs.place(run[at]);
      const rows = [[`Trial ${n[at]}${place === undefined ? "" : `: ${runs.name[place]}`}`, ""], [this.label, value[at] === null ? String(odd[at] ?? "none") : format.number(value[at])]];
      for (const [k, { name }] of this.parameters.entries()) if (this.params[k][at] !== null) rows.push([name, format.value(this.params[k][at], "number")]);
      if (this.expected[at]) rows.push(["Expected", `${format.number(this.expected[at][0], 4)} ± ${format.number(this.expected[at][1], 2)}`]);
      rows.push(["State", attempt[at] > 1 ? `${state[at]}, attempt ${attempt[at]}` : state[at]]);
      if (reason[at]) rows.push(["", reason[at].slice(0, 160)]);
      return rows;
    }

    /** Why a trial was stopped: its value against what it had to be; "" where that is not known. */
    against({ value, threshold }) {
      const { number } = runstore.format;
      return value === null || threshold === null ? "" : `${number(value, 4)} ${this.maximize ? "<" : ">"} ${number(threshold, 4)}`;
    }

    /** Opens a trial's run. */
    open(at, runs) {
      const run = runs.place(this.trials.run[at]);
      if (run !== undefined) runs.visit(run);
    }

    /** The panels that the page has beside its metrics'. @param {Runs} runs @returns {Metric[]} */
    panels(runs) {
      if (!this.count) return [];
      const value = this.hasValues ? VALUE : "";
      const axes = this.parameters.map(({ column }) => column).filter((key) => runs.columns.has(key));
      const log = [...this.parameters.filter(isLog).map(({ column }) => column), ...(value && this.wantsLog(this.finite) ? [value] : [])];
      const made = (key, title, kind, size, set = {}) => ({ key: `sweep: ${key}`, title, section: SECTION, own: { kind, set, size } });
      return [
        ...(value ? [made("progress", `${this.label} by trial`, "progress", [2, SIZE])] : []),
        ...(value && axes.length ? [made("importance", "Importance", "importance", [1, SIZE], { column: VALUE })] : []),
        made("timeline", this.bands ? "Early stopping" : "Trials over time", "timeline", [value ? 1 : 2, SIZE]),
        ...(value && this.parameters.length > 1 ? [made("contour", "Two parameters", "contour", [2, SIZE])] : []),
        ...(axes.length ? [made("parallel", "Parallel coordinates", "parallel", [2, SIZE], { columns: [...axes.slice(0, MOST_AXES), ...(value ? [value] : [])], log, flips: [] })] : []),
        made("trials", "Trials", "trials", [WHOLE, 460]),
      ];
    }
  }

  Sweep.VALUE = VALUE;

  return Sweep;
})();
