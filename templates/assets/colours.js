"use strict";
/**
 * The colours of runs and groups: each its own, or, where the page is coloured by a column, that of its value there.
 *
 * @typedef {{title: string, items: {label: string, colour: string}[], ramp: ?[string, string]}} Key  what the colours mean:
 *   some values with theirs; `ramp`: the ends of a scale that holds them all
 */
runstore.Colours = (() => {
  const { element, palette, format } = runstore;
  const NUMERIC = new Set(["number", "duration", "time"]);
  // Numbers over so many times are told apart better by their logarithm.
  const WIDE = 100;
  const STOPS = [0, 0.25, 0.5, 0.75, 1];
  const MOST_NAMED = 6;
  const MOST_CHOICES = 150;
  const SECTIONS = { config: "Config", summary: "Summary", run: "Run" };
  // The choice that asks for a column by search.
  const FIND = ":find";

  class Colours {
    /** @param {Runs} runs @param {string} key of the column, "" for each run its own; its values are loaded */
    constructor(runs, key) {
      const column = runs.columns.get(key);
      Object.assign(this, { runs, column: column?.isLoaded ? column : null });
      if (!this.column) return;
      this.scale = NUMERIC.has(column.type) ? scaleOf(runs.all.map((run) => column.values[run]), column.type) : null;
      if (!this.scale) this.#code();
    }

    /** Whether a column says the colours. */
    get byColumn() {
      return Boolean(this.column);
    }

    /** Values as numbers of the palette: the same as of the groups by this column. */
    #code() {
      this.values = this.runs.group(this.column.key, this.runs.all);
      this.codes = new Map(this.values.flatMap((group) => group.runs.map((run) => [run, group.value === null ? null : group.rank])));
    }

    /** @param {number | Group} of a run, or a group: of its mean, or of the value that all its runs have */
    of(of) {
      if (!this.column) return palette.colour(typeof of === "number" ? this.runs.rank(of) : of.rank);
      const runs = typeof of === "number" ? [of] : of.runs;
      if (this.scale) return this.#shade(meanOf(runs.map((run) => this.column.values[run])));
      const code = this.codes.get(runs[0]) ?? null;
      return code === null || runs.some((run) => this.codes.get(run) !== code) ? palette.none() : palette.colour(code);
    }

    #shade(value) {
      return value === null ? palette.none() : palette.ramp(this.scale.share(value));
    }

    /** What the colours mean; null where each run has its own. @param {?Group[]} groups that are shown, null: runs are @returns {?Key} */
    key(groups = null) {
      if (!this.column) return null;
      const isOdd = groups ? groups.some((group) => this.of(group) === palette.none()) : this.runs.all.some((run) => this.of(run) === palette.none());
      const odd = isOdd ? [{ label: groups && !this.scale ? "none, or several" : "none", colour: palette.none() }] : [];
      const { label, type } = this.column;
      if (!this.scale) {
        const items = this.values.filter(({ value }) => value !== null).map(({ name, rank }) => ({ label: format.value(name), colour: palette.colour(rank) }));
        return { title: label, items: [...items, ...odd], ramp: null };
      }
      const text = (value) => format.value(value, type);
      const items = STOPS.map((share) => ({ label: text(this.scale.at(share)), colour: palette.ramp(share) }));
      return { title: `${label}${this.scale.isLog ? " (log)" : ""}`, items: [...items, ...odd], ramp: [text(this.scale.at(0)), text(this.scale.at(1))] };
    }
  }

  const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

  function meanOf(values) {
    const there = values.filter(isNumber);
    return there.length ? there.reduce((sum, value) => sum + value / there.length, 0) : null;
  }

  /** Where numbers lie on the ramp; null where none is finite. */
  function scaleOf(all, type) {
    const values = all.filter(isNumber);
    if (!values.length) return null;
    const min = values.reduce((a, b) => Math.min(a, b));
    const max = values.reduce((a, b) => Math.max(a, b));
    const isLog = type !== "time" && min > 0 && max / min >= WIDE;
    const [to, from] = isLog ? [Math.log, Math.exp] : [(value) => value, (value) => value];
    const [low, high] = [to(min), to(max)];
    // Two numbers may lie so far apart that their difference is none.
    const share = (value) => (high > low ? (to(value) / 2 - low / 2) / (high / 2 - low / 2) : 1);
    const at = (part) => (part === 0 ? min : part === 1 ? max : from(low * (1 - part) + high * part));
    return { isLog, share, at };
  }

  /** @type {WeakMap<number[], Map<string, Colours>>} what was made for all runs of a page */
  const made = new WeakMap();

  /** The colours by a column, made once. @param {Runs} runs @param {string} key */
  Colours.by = (runs, key) => {
    const known = made.get(runs.all) ?? new Map();
    made.set(runs.all, known);
    if (runs.columns.get(key)?.isLoaded === false) return new Colours(runs, "");
    if (!known.has(key)) known.set(key, new Colours(runs, key));
    return known.get(key);
  };

  function named({ label, colour }) {
    const swatch = element("span", { className: "swatch" });
    swatch.style.backgroundColor = colour;
    return element("span", { className: "legend-value" }, swatch, element("span", { className: "text" }, label));
  }

  /** A key to colours. @param {Key} key @param {string} tag of the element */
  Colours.legend = ({ title, items, ramp }, tag) => {
    if (ramp) {
      const bar = element("span", { className: "colour-ramp", aria: { hidden: "true" } });
      bar.style.backgroundImage = palette.gradient();
      return element(tag, { className: "legend-key" }, `${title}: ${ramp[0]}`, bar, ramp[1], ...items.slice(STOPS.length).map(named));
    }
    const few = items.length > MOST_NAMED + 1 ? items.slice(0, MOST_NAMED) : items;
    const more = items.length - few.length;
    return element(tag, { className: "legend-key" }, `${title}:`, ...few.map(named), ...(more ? [`and ${more} more`] : []));
  };

  /** The columns that may say the colours: all but what is different for each run. @param {Runs} runs */
  Colours.columns = (runs) => {
    const order = Object.keys(SECTIONS);
    return [...runs.columns.values()].filter(({ key }) => !["name", "id", "notes"].includes(key)).sort((a, b) => order.indexOf(a.section) - order.indexOf(b.section));
  };

  /** Fills a page's control of the colours when one comes to it. @param {HTMLSelectElement} select @param {Runs} runs @param {(key: string) => void} choose */
  Colours.offer = (select, runs, choose) => {
    let shown = "";
    const fill = () => {
      const all = Colours.columns(runs);
      const few = all.length <= MOST_CHOICES ? all : all.filter((column) => runs.isVaried(column)).slice(0, MOST_CHOICES);
      const groups = Object.entries(SECTIONS).map(([section, label]) => element("optgroup", { label }, ...few.filter((column) => column.section === section).map(({ key, label: name }) => element("option", { value: key }, name))));
      const find = few.length < all.length ? [element("option", { value: FIND }, `Find one of ${all.length} columns…`)] : [];
      select.replaceChildren(select.options[0], ...groups.filter(({ children }) => children.length), ...find);
      show(shown);
    };
    const show = (key) => {
      shown = key;
      select.value = key;
      if (select.selectedIndex >= 0) return;
      select.append(element("option", { value: key }, runs.columns.get(key)?.label ?? key));
      select.value = key;
    };
    const find = async () => {
      show(shown);
      const options = Colours.columns(runs).map(({ key, label, section }) => ({ value: key, label: section === "run" ? label : `${label} (${section})` }));
      const given = await runstore.form.ask({ title: "Colour by", fields: [{ name: "key", label: "Column", type: "key", options, required: true }], values: {}, done: "Choose" });
      select.focus();
      if (given) choose(given.key);
    };
    select.addEventListener("pointerdown", fill, { once: true });
    select.addEventListener("focus", fill);
    select.addEventListener("change", () => (select.value === FIND ? find() : choose(select.value)));
    return show;
  };

  return Colours;
})();
