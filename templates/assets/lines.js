"use strict";
/** Lines over x: what a chart of one or several metrics shows of the runs. */
runstore.Lines = (() => {
  const { series, fine, overview, palette, format } = runstore;
  // Points of a formula's metrics beside a range: not all of them have one at each step.
  const BESIDE = 1000;
  const DASHES = 4;
  const MOST_METRICS = 50;
  // As many names as a legend may have.
  const MOST_NAMED = 13;
  // As many groups' lines are kept for each metric.
  const MOST_KNOWN = 400;

  class Lines {
    /**
     * @param {{runs: Runs, base: string, state: State, charted: Set<number>, matching: number[], groups: ?Group[], decoded?: Map, sweep?: ?Sweep}} shown
     *   the page, or a part of it, whose `charted`, `matching` and `groups` change with the view; parts share what is `decoded`
     */
    constructor(shown) {
      this.shown = shown;
      this.decoded = shown.decoded ?? new Map();
      /** @type {WeakMap<Series, Set<number>>} */
      this.logged = new WeakMap();
      /** @type {WeakMap<Series, Map<string, object>>} lines of groups, by what they are made of */
      this.known = new WeakMap();
      this.metrics = new Map(allOf(shown.runs).map((metric) => [metric.key, metric]));
      this.groupings = new runstore.Groupings(shown);
      this.context = this.context.bind(this);
    }

    /** Lets go of the numbers of an earlier build. @param {Metric[]} before its metrics */
    renew(before) {
      const metrics = allOf(this.shown.runs);
      const files = (of) => of.flatMap(({ overview, parts }) => [overview, ...parts.flatMap(({ name, times, fine }) => [name, times, fine])]).filter(Boolean);
      const kept = new Set(files(metrics));
      for (const name of files(before)) if (!kept.has(name)) runstore.forget(name);
      const keys = new Set(metrics.flatMap((metric) => [this.#key(metric, false), this.#key(metric, true), this.#firstKey(metric)]));
      for (const key of [...this.decoded.keys()]) if (!keys.has(key)) this.decoded.delete(key);
      this.metrics = new Map(metrics.map((metric) => [metric.key, metric]));
      this.order = this.sizes = null;
      this.groupings.renew();
    }

    /** What kinds of panels may look at. @returns {Context} */
    context() {
      const { runs, charted, groups = null, state } = this.shown;
      return {
        runs, groups, state, lines: this,
        charted: this.ordered().filter((run) => charted.has(run)),
        colourOf: (of) => this.#colours.of(of),
        byColumn: this.#colours.byColumn,
        key: this.#colours.key(groups),
        metrics: runs.metrics,
        series: (key) => this.series(this.metrics.get(key), false),
        select: (chosen) => this.#select(chosen),
        grouped: (group) => this.groupings.of(group).groups,
        sweep: this.shown.sweep ?? runstore.sweep ?? null,
      };
    }

    /** Before a page is drawn for the first time each run has its own colour. */
    get #colours() {
      return this.shown.colours ?? runstore.Colours.by(this.shown.runs, "");
    }

    #select(chosen) {
      const { runs, state } = this.shown;
      state.set(chosen ? { select: chosen.map((run) => runs.id[run]), only: true } : { select: [], only: false });
    }

    /** The runs that match, in the table's order. */
    ordered() {
      // Before a page is drawn for the first time nothing is chosen.
      const { runs, matching = [], state } = this.shown;
      const known = this.order;
      if (known?.matching === matching && known.sort === state.view.sort) return known.runs;
      this.order = { matching, sort: state.view.sort, runs: runs.sort(matching, state.view.sort) };
      return this.order.runs;
    }

    /** All numbers of a metric of this page's runs, decoded, with or without its times. @returns {Promise<Series>} */
    series(metric, timed) {
      if (!metric) return Promise.reject(new Error("No run of this project logged that metric."));
      return this.#once(this.#key(metric, timed), () => (metric.formula ? this.#computed(metric.formula, timed) : this.#load(metric, timed)));
    }

    #once(key, load) {
      if (!this.decoded.has(key)) {
        const loading = load();
        this.decoded.set(key, loading);
        loading.catch(() => this.decoded.delete(key));
      }
      return this.decoded.get(key);
    }

    /** What was decoded holds for the same files and as many runs: their indices go by that. */
    #key(metric, timed) {
      const files = metric.formula ? [metric.name] : this.#parts(metric).map(({ name, times }) => `${name}${timed ? times : ""}`);
      return [this.shown.runs.id.length, timed, ...files].join(" ");
    }

    #firstKey(metric) {
      return `${this.shown.runs.id.length} ${metric.overview}`;
    }

    /** The files of a metric in which runs of this page may be. */
    #parts(metric) {
      const { runs } = this.shown;
      const found = metric.parts.filter(({ from, to }) => runs.all.some((run) => runs.rank(run) >= from && runs.rank(run) <= to));
      return found.length ? found : metric.parts.slice(0, 1);
    }

    #file(name) {
      return name ? runstore.load(name, `${this.shown.base}data/${name}.js`) : null;
    }

    async #load(metric, timed) {
      const parts = this.#parts(metric).map(async ({ name, times }) => {
        const [payload, moments] = await Promise.all([this.#file(name), timed ? this.#file(times) : null]);
        return { payload, times: moments };
      });
      return series.indexed(series.join(await Promise.all(parts)), this.shown.runs.id.length);
    }

    /** Where every row of a metric's long runs lies, by run. @returns {Promise<Map<number, Index>>} */
    async fine(metric) {
      const lists = await Promise.all(this.#parts(metric).map(({ fine }) => this.#file(fine)));
      return new Map(lists.flatMap((list) => (list ?? []).map(([rank, index]) => [this.shown.runs.id.length - 1 - rank, index])));
    }

    /** Loads what a chart needs once more is asked of it than what it shows first. @param {Metric[]} metrics */
    preload(metrics) {
      for (const metric of metrics) if (metric.parts) this.series(metric, false).catch(() => {});
    }

    async #computed(formula, timed) {
      return runstore.formula.combine(formula, await Promise.all(formula.metrics.map((key) => this.series(this.metrics.get(key), timed))));
    }

    /** What the chart of one metric shows now. @param {?Look} look which range it shows @returns {Promise<Drawing>} */
    drawing(metric, settings = {}, look = null) {
      return this.#drawing([metric], settings, look);
    }

    /** The same for several metrics in one chart, and a formula between some. @param {{metrics?: string[], pattern?: string, formula?: string}} settings */
    async drawingOf(settings, look = null) {
      const { test } = runstore.matcher(settings.pattern || "");
      const wanted = new Set(Array.isArray(settings.metrics) ? settings.metrics : []);
      const { metrics, hidden } = this.shown.runs;
      const all = [...metrics.filter(({ key }) => wanted.has(key) || (settings.pattern && test(key))), ...hidden.filter(({ key }) => wanted.has(key))];
      const some = [...(settings.formula ? [metricOf(String(settings.formula), this.metrics)] : []), ...all];
      if (!some.length) throw new Error("No metric of this project is named so: choose others in “Edit…”.");
      return this.#drawing(some.slice(0, MOST_METRICS), settings, look);
    }

    async #drawing(metrics, settings, look) {
      const { runs, state } = this.shown;
      const view = { ...state.view, ...runstore.kinds.line.chosen(settings) };
      await runs.ensure([...inTemplate(settings.legend, runs), ...runs.keysOf(view.group)]);
      view.grouping = this.groupings.of(view.group);
      const parts = await Promise.all(metrics.map((metric) => this.#part(metric, view, settings, look)));
      const rough = roughness(parts);
      const whole = parts.every(({ first }) => !first) ? fine.extent(parts.map((part) => ({ ...part, runs: this.#chosen(part, view).runs }))) : null;
      const details = await this.#refine(parts, view, settings, look);
      const long = parts.some(({ sources }) => sources.some(isLong));
      const [{ axis, axisLabel, note }] = parts;
      const resamples = long && !series.isMetric(axis);
      const named = parts.map((part, at) => this.#namer(metrics[at], settings, view.grouping, metrics.length > 1 ? at : null));
      const made = parts.map((part, at) => this.#made(part, named[at], view));
      const legends = parts.map((part, at) => this.#legend(part, named[at], view.grouping));
      return {
        axis, axisLabel,
        curves: made.flatMap(({ curves }) => curves),
        behind: made.flatMap(({ behind }) => behind),
        note: [note, rough === "thinned" ? FIRST : look?.exact === "thinned" ? ALL : "", parts.some(({ values }) => values?.approximate) ? APPROXIMATE : "", said(made, view.grouping.groups ? "groups" : "runs"), fine.told(details, long, view.smooth, axis), made.some(({ cut }) => cut) ? CUT : ""].filter(Boolean).join(" "),
        whole,
        rough, resamples: resamples || rough === "thinned",
        about: this.#about(made, parts, view.grouping),
        legend: legends.flatMap(({ items }) => items),
        key: this.#colours.key(view.grouping.groups),
        more: legends.reduce((sum, { more }) => sum + more, 0),
        log: view.ylog, xlog: view.xlog, outliers: view.outliers, range: runstore.kinds.line.rangeOf(settings),
      };
    }

    /** A metric's numbers, and its x: what is shown first, as long as that answers what is asked. */
    async #part(metric, view, settings, look) {
      const other = series.isMetric(view.x) ? this.metrics.get(view.x) : null;
      const has = { _step: true, _runtime: metric.has_runtime, _timestamp: metric.has_wall, defined: Boolean(metric.axis) };
      const shown = series.shownAxis(view.x, series.isMetric(view.x) ? Boolean(other) : has[view.x], metric.axis);
      const first = await this.#first(metric, view, settings, shown.axis, look);
      const values = first ? first.values : other ? await this.#over(metric, other) : await this.series(metric, shown.axis === "_runtime" || shown.axis === "_timestamp");
      const sources = [...(metric.formula ? metric.formula.metrics.map((key) => this.metrics.get(key)) : [metric]), ...(other ? [other] : [])];
      const xs = values && series.axis(values, shown.axis);
      const logged = first ? first.logged : this.#loggedIn(values, other ? xs : null);
      const note = other && !logged.size ? `No run logged “${other.key}” together with this metric.` : shown.note;
      return { ...shown, note, metric, sources, first, values, logged, xs };
    }

    /** A metric's numbers over those of another. @returns {Promise<Series>} */
    #over(metric, other) {
      const both = [metric, other].map((each) => this.#key(each, false)).join(" ");
      return this.#once(`${both} over ${other.key}`, async () => series.over(await this.series(metric, false), await this.series(other, false), other.key));
    }

    /** What the chart of a metric shows first; null where that does not answer what is asked. @returns {Promise<?Overview>} */
    async #first(metric, view, settings, axis, look) {
      const own = ownOverview(metric, settings);
      if (!(own ?? metric.overview) || look?.exact || look?.zoom(axis) || !this.#isPlain(metric, view, settings, axis, own)) return null;
      const count = this.shown.runs.id.length;
      const load = async () => overview.decode(await (own ? runstore.load(own.name, own.file) : this.#file(metric.overview)), count);
      const first = await this.#once(own ? `${count} ${own.name}` : this.#firstKey(metric), load);
      return this.#isAnswered(first, view) ? first : null;
    }

    /** Whether nothing is asked but what a page, or the author of its panel, shows by itself. @param {?{group: string}} own */
    #isPlain(metric, view, settings, axis, own) {
      const defaultGroup = own ? own.group : this.shown.runs.defaultGroup;
      const { x } = runstore.kinds.line.rangeOf(settings);
      if (axis !== (metric.axis ? "defined" : "_step") || view.smooth > 0 || view.xlog || view.outliers || x.some((end) => end !== null)) return false;
      return view.grouping.groups ? view.group === defaultGroup && view.agg === "mean" && view.shade === "std" && !view.members : !defaultGroup;
    }

    /** Whether every line that is to be drawn is there, of a group that of all its runs. @param {Overview} first */
    #isAnswered(first, view) {
      const { runs, groups } = this.#chosen(first, view);
      if (!first.curves) return [...runs].every((run) => first.runs.has(run));
      if (first.places) return groups.every(({ group, runs: own }) => first.sizes.get(group.runs[0]) === own.length);
      const { charted } = this.shown;
      const isWhole = (group) => group.runs.length === this.#sizeOf(group.value) && group.runs.every((run) => charted.has(run));
      return groups.every(({ group }) => first.curves.has(group.value) && isWhole(group));
    }

    /** How many runs of the project share a value of the column that groups by default. */
    #sizeOf(value) {
      if (!this.sizes) {
        this.sizes = new Map();
        for (const each of this.shown.runs.columns.get(this.shown.runs.defaultGroup).values) this.sizes.set(each ?? null, (this.sizes.get(each ?? null) ?? 0) + 1);
      }
      return this.sizes.get(value);
    }

    /**
     * Gives the parts every row of the range that is shown, where these are few enough.
     * @param {object} settings of the panel @returns {Promise<?Detail[]>} null: all of x is shown
     */
    async #refine(parts, view, settings, look) {
      const [{ axis }] = parts;
      const range = runstore.kinds.line.shownOf(look, axis, settings);
      if (!range || series.isMetric(axis)) return null;
      return Promise.all(parts.map(async (part) => {
        const ask = { axis, range, runs: this.#chosen(part, view).runs, how: view, loading: look?.loading };
        const found = part.axis === axis ? await this.#detail(part, ask) : { values: part.values, rows: 0, long: 0, whole: true };
        if (found.whole && found.long) Object.assign(part, { values: found.values, xs: series.axis(found.values, axis), range });
        return found;
      }));
    }

    /** Every row of a metric, or of what a formula is made of. @returns {Promise<Detail>} */
    async #detail({ metric, sources, values }, ask) {
      if (!metric.formula) return fine.detail({ ...ask, values, placeOf: await this.#places(metric) });
      const long = sources.filter(isLong).length;
      if (!long || ask.axis !== "_step") return { values, rows: 0, long, whole: !long };
      const all = await Promise.all(sources.map(async (each) => fine.detail({ ...ask, beside: BESIDE, values: await this.series(each, false), placeOf: await this.#places(each) })));
      const rows = Math.max(...all.map((each) => each.rows));
      if (!all.every((each) => each.whole)) return { values, rows, long, whole: false, failed: all.find((each) => each.failed)?.failed };
      return { values: runstore.formula.combine(metric.formula, all.map((each) => each.values)), rows, long, whole: true };
    }

    /** Where the rows of a metric's long runs lie. @returns {Promise<(run: number) => ?Place>} */
    async #places(metric) {
      const { runs } = this.shown;
      const known = isLong(metric) ? await this.fine(metric) : new Map();
      return (run) => (known.has(run) ? { index: known.get(run), folder: runs.link(run).replace(/index\.html$/, "fine/") } : null);
    }

    /** The runs that logged a metric, and have an x in `xs` if it is given, found once. @returns {Set<number>} */
    #loggedIn(values, xs = null) {
      if (!this.logged.has(values)) this.logged.set(values, new Set(xs ? values.runs.filter((_, k) => xs(k).some(Number.isFinite)) : values.runs));
      return this.logged.get(values);
    }

    /** The runs behind the lines of a metric, or their groups, and of how many these are. */
    #chosen({ logged }, view) {
      const { charted } = this.shown;
      const { groups } = view.grouping;
      const most = view.most === "all" ? Infinity : Number(view.most);
      if (!groups) {
        const all = this.ordered().filter((run) => charted.has(run) && logged.has(run));
        return { runs: new Set(all.slice(0, most)), groups: null, all: all.length, count: all.length };
      }
      const some = this.groupings.ordered(view.grouping).map((group) => ({ group, runs: group.runs.filter((run) => charted.has(run) && logged.has(run)) }));
      const all = some.filter(({ runs }) => runs.length);
      const shown = all.slice(0, most);
      return { runs: new Set(shown.flatMap(({ runs }) => runs)), groups: shown, all: all.length, count: all.reduce((sum, { runs }) => sum + runs.length, 0) };
    }

    /** The lines of a metric, the faint ones behind them, and of how many there are. */
    #made(part, named, view) {
      const { runs, groups, all, count } = this.#chosen(part, view);
      const made = groups ? this.#groupLines(part, groups.map(({ group, runs: own }) => ({ ...named(group), value: part.first?.places ? group.runs[0] : group.value, runs: own })), view) : this.#runLines(part, runs, named, view);
      return { ...made, all, runs: count };
    }

    #runLines({ values, xs }, runs, named, view) {
      const { id } = this.shown.runs;
      const place = new Map([...runs].map((run, at) => [id[run], at]));
      const curves = series.runCurves(values, xs, runs, named, view).sort((a, b) => place.get(a.of) - place.get(b.of));
      const raw = view.raw && view.smooth > 0 ? series.runCurves(values, xs, runs, named, { ...view, smooth: 0 }) : [];
      return { curves, behind: raw };
    }

    #groupLines({ first, values, xs, axis, range }, groups, view) {
      if (first) return { curves: groups.map((group) => ({ ...group, ...first.curves.get(group.value) })), behind: [], cut: false };
      let plain = range && !view.smooth ? [] : this.#aggregated(values, xs, axis, groups, view);
      // What lies beside the range is of use to a smoother alone, and only while it does not fill the bins.
      const cut = Boolean(range) && (!view.smooth || plain.some(({ binned }) => binned));
      if (cut) {
        const part = fine.clipped(values, axis, range);
        plain = this.#aggregated(part, series.axis(part, axis), axis, groups, view);
      }
      const smooth = (curve, of) => of && runstore.smoothing.smooth(curve.xs, of, view);
      const curves = view.smooth > 0 ? plain.map((curve) => ({ ...curve, ys: smooth(curve, curve.ys), lo: smooth(curve, curve.lo), hi: smooth(curve, curve.hi) })) : plain;
      const raw = view.raw && view.smooth > 0 ? plain.map((curve) => ({ ...curve, lo: null, hi: null })) : [];
      const members = view.members ? series.memberCurves(values, xs, groups, view) : [];
      return { curves, behind: [...members, ...raw], cut: cut && view.smooth > 0 };
    }

    /** The groups' lines before they are smoothed. Of a group that has the same runs as before, it is still known. */
    #aggregated(values, xs, axis, groups, view) {
      if (!this.known.has(values)) this.known.set(values, new Map());
      const known = this.known.get(values);
      const keyOf = ({ runs }) => `${axis} ${view.agg} ${view.shade} ${runs.join(",")}`;
      const missing = groups.filter((group) => !known.has(keyOf(group)));
      if (known.size + missing.length > MOST_KNOWN) known.clear();
      const wanted = groups.filter((group) => !known.has(keyOf(group)));
      for (const curve of series.groupCurves(values, xs, wanted, { ...view, smooth: 0 })) {
        const { xs: at, ys, lo, hi, n, binned, broken } = curve;
        known.set(keyOf(curve), { xs: at, ys, lo, hi, n, binned, broken });
      }
      return groups.filter((group) => known.has(keyOf(group))).map((group) => ({ ...group, ...known.get(keyOf(group)) }));
    }

    /** How the line of a run or of a group is called and looks. @param {?number} at the metric's place among several */
    #namer(metric, settings, { own, group }, at) {
      const { runs } = this.shown;
      const colours = this.#colours;
      return (of) => {
        const isRun = typeof of === "number";
        // A group of a panel's own may have the name of one of the page's.
        const [key, name, rank] = isRun ? [runs.id[of], runs.name[of], runs.rank(of)] : [own ? `${group} ${of.key}` : of.key, of.label, of.rank];
        const label = settings.legend ? filled(settings.legend, runs, isRun ? [of] : of.runs, metric, name) : at === null ? name : `${name} · ${metric.key}`;
        const members = own && !isRun ? { members: of.runs.map((run) => runs.id[run]) } : {};
        return { key: at === null ? key : `${key}\n${metric.key}`, of: key, ...members, label, colour: colours.of(of), dash: ((colours.byColumn ? 0 : palette.turn(rank)) + (at ?? 0)) % DASHES };
      };
    }

    #about(made, parts, { groups }) {
      const { charted } = this.shown;
      const [{ curves, all, runs }] = made;
      const logged = made.length === 1 ? runs : new Set(parts.flatMap((part) => [...part.logged].filter((run) => charted.has(run)))).size;
      const [shown, whole] = [curves.length, all];
      const some = made.length === 1 && shown < whole ? `${format.whole(shown)} of ` : "";
      return groups ? `${some}${format.count(whole, "group")} · ${format.count(logged, "run")}` : `${some}${format.count(logged, "run")}`;
    }

    /** The first names of a legend, and how many more there are. */
    #legend({ logged }, named, grouping) {
      const { charted } = this.shown;
      if (!grouping.groups) {
        const all = this.ordered().filter((run) => logged.has(run));
        return { items: all.slice(0, MOST_NAMED).map((run) => ({ ...named(run), off: !charted.has(run) })), more: Math.max(0, all.length - MOST_NAMED) };
      }
      const some = this.groupings.ordered(grouping).map((group) => ({ group, own: group.runs.filter((run) => logged.has(run)) })).filter(({ own }) => own.length);
      const items = some.slice(0, MOST_NAMED).map(({ group, own }) => {
        const n = own.filter((run) => charted.has(run)).length;
        return { ...named(group), off: n === 0, n };
      });
      return { items, more: some.length - items.length };
    }
  }

  /** That a chart shows less than there is. */
  function said(made, what) {
    const some = made.find(({ curves, all }) => curves.length < all);
    return some ? `${format.whole(some.curves.length)} of ${format.whole(some.all)} ${what}, by the table's order.` : "";
  }

  /** What a drawing lacks: points, or digits; "" for nothing. */
  const roughness = (parts) => (parts.some(({ first }) => first?.thinned) ? "thinned" : parts.some(({ first }) => first && !first.exact) ? "rounded" : "");

  /** What a report holds for the very runs of a panel. @returns {?{name: string, group: string, file: string}} */
  function ownOverview({ key }, { overviews }) {
    return overviews && Object.hasOwn(overviews, key) ? overviews[key] : null;
  }

  const isLong = ({ parts }) => parts.some(({ fine: every }) => every);

  /** The metrics that a chart may name: hidden ones have none of their own, and are axes of others. @param {Runs} runs */
  const allOf = ({ metrics, hidden }) => [...metrics, ...hidden];

  /** A formula as a metric of its own, whose times are those of the first metric in it. */
  function metricOf(text, metrics) {
    const formula = runstore.formula.parse(text, [...metrics.keys()]);
    return { ...metrics.get(formula.metrics[0]), key: text, name: `= ${text}`, formula, overview: null };
  }

  const columnOf = (key, runs) => runs.columns.get(key) ?? runs.columns.get(key.replace(/^run\./, ""));

  /** The columns that a legend's template names. @returns {string[]} */
  const inTemplate = (template, runs) => [...String(template ?? "").matchAll(/\$\{([^}]*)\}/g)].map(([, key]) => columnOf(key, runs)?.key).filter(Boolean);

  /**
   * A legend's template: `${run.name}`, `${config.lr}`, `${summary.loss}`, `${metric}`; of a group what its runs have in
   * common, else "*".
   */
  function filled(template, runs, members, metric, name) {
    return template.replace(/\$\{([^}]*)\}/g, (_, key) => {
      if (key === "metric") return metric.key;
      if (key === "name" || key === "run.name" || key === "group.name") return name;
      const column = columnOf(key, runs);
      if (!column) return "";
      const values = new Set(members.map((run) => format.value(column.values[run], column.type)));
      return values.size === 1 ? [...values][0] : "*";
    });
  }

  const FIRST = "A first look: no extreme is left out.";
  // As long as the other, so that the page stays as it is.
  const ALL = "All points of all lines are loaded.";
  const CUT = "The smoothing begins at the left edge.";
  const APPROXIMATE = "Of long runs the formula is computed from the means of their buckets.";

  return Lines;
})();
