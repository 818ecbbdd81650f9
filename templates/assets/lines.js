"use strict";
/** Lines over x: what a metric's chart shows of the runs, and the panel "Line chart" of several metrics. */
runstore.Lines = (() => {
  const { series, palette, format } = runstore;
  const DASHES = 4;
  const MOST_METRICS = 50;
  // As many names as a legend may have.
  const MOST_NAMED = 13;
  // As many groups' lines are kept for each metric.
  const MOST_KNOWN = 400;

  class Lines {
    /**
     * @param {{runs: Runs, base: string, state: State, charted: Set<number>, matching: number[], groups: ?Group[]}} shown
     *   the page, whose last three change with the view
     */
    constructor(shown) {
      this.shown = shown;
      this.decoded = new Map();
      /** @type {WeakMap<Series, Set<number>>} */
      this.logged = new WeakMap();
      /** @type {WeakMap<Series, Map<string, object>>} lines of groups, by what they are made of */
      this.known = new WeakMap();
      this.metrics = new Map(shown.runs.metrics.map((metric) => [metric.key, metric]));
      this.context = this.context.bind(this);
    }

    /** Lets go of the numbers of an earlier build. @param {Metric[]} before its metrics */
    renew(before) {
      const { metrics } = this.shown.runs;
      const files = (of) => of.flatMap(({ name, times }) => (times ? [name, times.name] : [name]));
      const kept = new Set(files(metrics));
      for (const name of files(before)) if (!kept.has(name)) runstore.forget(name);
      for (const key of [...this.decoded.keys()]) if (!kept.has(key.split(" ")[0])) this.decoded.delete(key);
      this.metrics = new Map(metrics.map((metric) => [metric.key, metric]));
      this.order = null;
    }

    /** What kinds of panels may look at. @returns {Context} */
    context() {
      const { runs, charted, groups = null, state } = this.shown;
      return {
        runs, groups, state, lines: this,
        charted: this.ordered().filter((run) => charted.has(run)),
        colourOf: (of) => palette.colour(typeof of === "number" ? runs.rank(of) : of.rank),
        metrics: runs.metrics,
        series: (key) => this.series(this.metrics.get(key), false),
        select: (chosen) => this.#select(chosen),
      };
    }

    #select(chosen) {
      const { runs, matching, state } = this.shown;
      const wanted = new Set(chosen ?? matching);
      state.set({ hide: matching.filter((run) => !wanted.has(run)).map((run) => runs.id[run]) });
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

    /** The decoded numbers of a metric, with or without its times. @returns {Promise<Series>} */
    series(metric, timed) {
      if (!metric) return Promise.reject(new Error("No run of this project logged that metric."));
      const key = `${metric.name} ${timed}`;
      if (!this.decoded.has(key)) {
        const loading = metric.formula ? this.#computed(metric.formula, timed) : this.#load(metric, timed);
        this.decoded.set(key, loading);
        loading.catch(() => this.decoded.delete(key));
      }
      return this.decoded.get(key);
    }

    async #load(metric, timed) {
      const { base } = this.shown;
      const times = timed && metric.times ? runstore.load(metric.times.name, base + metric.times.shard) : null;
      return series.decode(await runstore.load(metric.name, base + metric.shard), await times);
    }

    async #computed(formula, timed) {
      return runstore.formula.combine(formula, await Promise.all(formula.metrics.map((key) => this.series(this.metrics.get(key), timed))));
    }

    /** What the chart of one metric shows now. @returns {Promise<Drawing>} */
    drawing(metric, settings = {}) {
      return this.#drawing([metric], settings);
    }

    /** The same for several metrics in one chart, and a formula between some. @param {{metrics?: string[], pattern?: string, formula?: string}} settings */
    async drawingOf(settings) {
      const { test } = runstore.matcher(settings.pattern || "");
      const wanted = new Set(Array.isArray(settings.metrics) ? settings.metrics : []);
      const all = this.shown.runs.metrics.filter(({ key }) => wanted.has(key) || (settings.pattern && test(key)));
      const some = [...(settings.formula ? [metricOf(String(settings.formula), this.metrics)] : []), ...all];
      if (!some.length) throw new Error("No metric of this project is named so: choose others in “Edit…”.");
      return this.#drawing(some.slice(0, MOST_METRICS), settings);
    }

    async #drawing(metrics, settings) {
      const view = { ...this.shown.state.view, ...chosen(settings) };
      const parts = await Promise.all(metrics.map((metric) => this.#part(metric, view)));
      const [{ axis, axisLabel, note }] = parts;
      const named = parts.map((part, at) => this.#namer(metrics[at], settings, metrics.length > 1 ? at : null));
      const made = parts.map((part, at) => this.#made(part, named[at], view));
      const legends = parts.map((part, at) => this.#legend(part, named[at]));
      return {
        axis, axisLabel,
        curves: made.flatMap(({ curves }) => curves),
        behind: made.flatMap(({ behind }) => behind),
        note: [note, parts.some(({ values }) => values.approximate) ? APPROXIMATE : "", said(made, this.shown.groups ? "groups" : "runs")].filter(Boolean).join(" "),
        about: this.#about(made, parts),
        legend: legends.flatMap(({ items }) => items),
        more: legends.reduce((sum, { more }) => sum + more, 0),
        log: view.ylog, xlog: view.xlog, outliers: view.outliers, range: rangeOf(settings),
      };
    }

    /** A metric's numbers, and its x. */
    async #part(metric, view) {
      const has = { _step: true, _runtime: metric.has_runtime, _timestamp: metric.has_wall, defined: Boolean(metric.axis) };
      const shown = series.shownAxis(view.x, has[view.x], metric.axis);
      const values = await this.series(metric, shown.axis === "_runtime" || shown.axis === "_timestamp");
      return { ...shown, values, logged: this.#loggedIn(values), xs: series.axis(values, shown.axis) };
    }

    /** The runs that logged a metric, found once. @returns {Set<number>} */
    #loggedIn(values) {
      if (!this.logged.has(values)) this.logged.set(values, new Set(values.runs));
      return this.logged.get(values);
    }

    /** The lines of a metric, the faint ones behind them, and of how many there are. */
    #made(part, named, view) {
      const { groups, charted } = this.shown;
      const most = view.most === "all" ? Infinity : Number(view.most);
      if (!groups) {
        const all = this.ordered().filter((run) => charted.has(run) && part.logged.has(run));
        return { ...this.#runLines(part, new Set(all.slice(0, most)), named, view), all: all.length, runs: all.length };
      }
      const some = this.#orderedGroups().map((group) => ({ group, runs: group.runs.filter((run) => charted.has(run) && part.logged.has(run)) }));
      const all = some.filter(({ runs }) => runs.length);
      const shown = all.slice(0, most).map(({ group, runs }) => ({ ...named(group), runs }));
      return { ...this.#groupLines(part, shown, view), all: all.length, runs: all.reduce((sum, { runs }) => sum + runs.length, 0) };
    }

    #runLines({ values, xs }, runs, named, view) {
      const { id } = this.shown.runs;
      const place = new Map([...runs].map((run, at) => [id[run], at]));
      const curves = series.runCurves(values, xs, runs, named, view).sort((a, b) => place.get(a.of) - place.get(b.of));
      const raw = view.raw && view.smooth > 0 ? series.runCurves(values, xs, runs, named, { ...view, smooth: 0 }) : [];
      return { curves, behind: raw };
    }

    #groupLines({ values, xs, axis }, groups, view) {
      const plain = this.#aggregated(values, xs, axis, groups, view);
      const smooth = (curve, of) => of && runstore.smoothing.smooth(curve.xs, of, view);
      const curves = view.smooth > 0 ? plain.map((curve) => ({ ...curve, ys: smooth(curve, curve.ys), lo: smooth(curve, curve.lo), hi: smooth(curve, curve.hi) })) : plain;
      const raw = view.raw && view.smooth > 0 ? plain.map((curve) => ({ ...curve, lo: null, hi: null })) : [];
      const members = view.members ? series.memberCurves(values, xs, groups, view) : [];
      return { curves, behind: [...members, ...raw] };
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

    /** The groups in the table's order. */
    #orderedGroups() {
      const { runs, groups, state } = this.shown;
      if (this.groupOrder?.groups !== groups || this.groupOrder.sort !== state.view.sort) {
        this.groupOrder = { groups, sort: state.view.sort, ordered: runs.sortGroups(groups, state.view.sort) };
      }
      return this.groupOrder.ordered;
    }

    /** How the line of a run or of a group is called and looks. @param {?number} at the metric's place among several */
    #namer(metric, settings, at) {
      const { runs } = this.shown;
      return (of) => {
        const isRun = typeof of === "number";
        const [key, name, rank] = isRun ? [runs.id[of], runs.name[of], runs.rank(of)] : [of.key, of.label, of.rank];
        const label = settings.legend ? filled(settings.legend, runs, isRun ? [of] : of.runs, metric, name) : at === null ? name : `${name} · ${metric.key}`;
        return { key: at === null ? key : `${key}\n${metric.key}`, of: key, label, colour: palette.colour(rank), dash: (palette.turn(rank) + (at ?? 0)) % DASHES };
      };
    }

    #about(made, parts) {
      const { groups, charted } = this.shown;
      const [{ curves, all, runs }] = made;
      const logged = made.length === 1 ? runs : new Set(parts.flatMap((part) => [...part.logged].filter((run) => charted.has(run)))).size;
      const [shown, whole] = [curves.length, all];
      const some = made.length === 1 && shown < whole ? `${format.whole(shown)} of ` : "";
      return groups ? `${some}${format.count(whole, "group")} · ${format.count(logged, "run")}` : `${some}${format.count(logged, "run")}`;
    }

    /** The first names of a legend, and how many more there are. */
    #legend({ logged }, named) {
      const { groups, charted } = this.shown;
      if (!groups) {
        const all = this.ordered().filter((run) => logged.has(run));
        return { items: all.slice(0, MOST_NAMED).map((run) => ({ ...named(run), off: !charted.has(run) })), more: Math.max(0, all.length - MOST_NAMED) };
      }
      const some = this.#orderedGroups().map((group) => ({ group, own: group.runs.filter((run) => logged.has(run)) })).filter(({ own }) => own.length);
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

  /** The ranges that a panel was given; null where it has none. */
  function rangeOf({ x0, x1, y0, y1 }) {
    const number = (value) => (Number.isFinite(value) ? value : null);
    return { x: [number(x0), number(x1)], y: [number(y0), number(y1)] };
  }

  /** A formula as a metric of its own, whose times are those of the first metric in it. */
  function metricOf(text, metrics) {
    const formula = runstore.formula.parse(text, [...metrics.keys()]);
    return { ...metrics.get(formula.metrics[0]), key: text, name: `= ${text}`, formula };
  }

  /** What a panel's settings say in place of the page's. */
  function chosen({ x, smooth, most, ...flags }) {
    const own = {};
    if (x) own.x = x;
    if (most) own.most = most;
    for (const name of FLAGS) if (flags[name]) own[name] = flags[name] === "yes";
    if (Number.isFinite(smooth)) own.smooth = Math.min(0.999, Math.max(0, smooth));
    return own;
  }

  /**
   * A legend's template: `${run.name}`, `${config.lr}`, `${summary.loss}`, `${metric}`; of a group what its runs have in
   * common, else "*".
   */
  function filled(template, runs, members, metric, name) {
    return template.replace(/\$\{([^}]*)\}/g, (_, key) => {
      if (key === "metric") return metric.key;
      if (key === "name" || key === "run.name" || key === "group.name") return name;
      const column = runs.columns.get(key) ?? runs.columns.get(key.replace(/^run\./, ""));
      if (!column) return "";
      const values = new Set(members.map((run) => format.value(column.values[run], column.type)));
      return values.size === 1 ? [...values][0] : "*";
    });
  }

  const APPROXIMATE = "Of long runs the formula is computed from the means of their buckets.";
  const FLAGS = ["xlog", "ylog", "outliers", "raw", "members"];
  const AS_PAGE = { value: "", label: "As the page" };
  const YES_NO = [AS_PAGE, { value: "yes", label: "Yes" }, { value: "no", label: "No" }];
  const MOST = ["10", "50", "100", "500", "all"].map((value) => ({ value, label: value === "all" ? "All" : value }));
  const AXES = [AS_PAGE, { value: "_step", label: "Step" }, { value: "_runtime", label: "Relative time" }, { value: "_timestamp", label: "Wall time" }];

  runstore.kinds.line = {
    name: "line",
    title: "Line chart",
    about: "One or several metrics over steps or time, one line a run or a group.",
    defaults: () => ({ metrics: [], pattern: "", formula: "", x: "", xlog: "", ylog: "", outliers: "", smooth: null, raw: "", members: "", most: "", legend: "", x0: null, x1: null, y0: null, y1: null }),
    fields: ({ metrics }, own) => [
      ...(own ? [] : [
        { name: "metrics", label: "Metrics", type: "keys", options: metrics.map(({ key }) => key) },
        { name: "pattern", label: "and all whose name matches", type: "text", placeholder: "regular expression, such as loss$" },
        { name: "formula", label: "and a formula", type: "text", placeholder: "train/loss / val/loss, 1 - acc, log(loss)" },
      ]),
      { name: "x", label: "X axis", type: "select", options: AXES },
      { name: "x0", label: "X from", type: "number" },
      { name: "x1", label: "X to", type: "number" },
      { name: "xlog", label: "Log x", type: "select", options: YES_NO },
      { name: "y0", label: "Y from", type: "number" },
      { name: "y1", label: "Y to", type: "number" },
      { name: "ylog", label: "Log y", type: "select", options: YES_NO },
      { name: "outliers", label: "Ignore outliers", type: "select", options: YES_NO },
      { name: "smooth", label: "Smoothing", type: "number", about: "From 0 to 0.999; empty: as the page." },
      { name: "raw", label: "Original behind smoothed", type: "select", options: YES_NO },
      { name: "members", label: "Runs behind groups", type: "select", options: YES_NO },
      { name: "most", label: "Lines at most", type: "select", options: [AS_PAGE, ...MOST] },
      { name: "legend", label: "Legend", type: "text", placeholder: "${run.name} · ${config.lr}", about: "Any column in ${…}; ${metric} is the metric's name." },
    ],
    drawing: (settings, { lines }) => lines.drawingOf(settings),
    named: ({ metrics, pattern, formula }) => [...(Array.isArray(metrics) ? metrics : []), pattern, formula].filter(Boolean).join(", ") || "Line chart",
  };

  return Lines;
})();
