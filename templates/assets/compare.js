"use strict";
/** The compare page: the runs that its address names, their values side by side, their curves over each other. */
(() => {
  const { State, Panels, CompareTable, element, series, fine, palette, format } = runstore;
  const MOST = 50;
  // Of a run that did not log the metric that is the x axis.
  const NONE = { runs: [] };
  const TABLE = new Set(["diff", "keys"]);

  // Every run's data file calls its payload "run": here it is that of the run it names.
  const { put } = runstore;
  runstore.put = (name, payload) => put(name === "run" ? `run ${payload.about.id}` : name, payload);

  class Compare {
    constructor(root, names) {
      this.#name(names);
      this.find = (selector) => root.querySelector(selector);
      /** @type {Map<string, {data: object, decoded: Map<string, Series>}>} what was loaded of each run */
      this.loaded = new Map();
      this.state = new State({});
      this.table = new CompareTable(this.find("[data-compare-table]"), (id) => this.#label(id));
      this.showControls = runstore.bindControls(root, this.state);
      this.#bind();
      this.state.onchange = (changed) => this.#change(changed);
    }

    #name(names) {
      this.names = names;
      this.place = new Map(names.id.map((id, at) => [id, at]));
    }

    #bind() {
      this.find("[data-add-runs]").addEventListener("click", async () => {
        const { runs } = this.state.view;
        const added = await runstore.pickRuns(this.names, { title: "Add runs", action: "Add", without: new Set(runs), most: MOST - runs.length });
        if (added) this.state.set({ runs: [...runs, ...added] });
      });
      this.find("[data-compare-csv]").addEventListener("click", () => this.#download());
      document.addEventListener("runstore:theme", () => this.ids && this.#chips());
      runstore.live?.on("names", (later) => {
        this.#name(later);
        this.#chips();
      });
    }

    async #change(changed) {
      this.showControls();
      if (changed.has("runs")) await (this.drawn = this.take());
      else if ([...changed].every((key) => TABLE.has(key))) this.#list();
      else if (this.panels?.follow(changed)) this.panels.update();
    }

    /** Loads the runs that the address names, and shows them. */
    async take() {
      const wanted = [...new Set(this.state.view.runs)];
      const known = wanted.filter((id) => this.place.has(id));
      this.ids = known.slice(0, MOST);
      const turn = (this.turn = {});
      this.find("[data-compare-note]").textContent = this.#note(wanted.length - known.length, known.length - this.ids.length);
      this.#chips();
      this.find("[data-compared]").hidden = !this.ids.length;
      await Promise.all(this.ids.map((id) => this.#load(id)));
      if (turn === this.turn && this.ids.length) await this.#renew();
    }

    #note(unknown, over) {
      if (!this.ids.length) return "Choose two or more runs: with “Add runs…” here, or by selecting them in the project's table.";
      const notes = [];
      if (unknown) notes.push(`${format.count(unknown, "run")} of this address ${unknown === 1 ? "is" : "are"} not in this project any more.`);
      if (over) notes.push(`The first ${MOST} runs are shown, ${over} more are left out.`);
      if (this.ids.length === 1) notes.push("Add another run to see what differs.");
      return notes.join(" ");
    }

    async #load(id) {
      if (this.loaded.has(id)) return;
      const data = await runstore.load(`run ${id}`, `../runs/${encodeURIComponent(id)}/data.js`);
      this.loaded.set(id, { data, decoded: new Map() });
      runstore.live?.on(`run ${id}`, (later) => {
        this.loaded.set(id, { data: later, decoded: new Map() });
        return this.#renew();
      });
    }

    /** Shows what was loaded, with the state that the runs have now. */
    async #renew() {
      this.#chips();
      this.table.take(this.ids.map((id) => this.loaded.get(id).data.about));
      this.#list();
      await this.#chart();
    }

    /** The same colour as in the project's workspace. */
    #colour(id) {
      return palette.colour(this.names.id.length - 1 - this.place.get(id));
    }

    #swatch(id) {
      const swatch = element("span", { className: "swatch" });
      swatch.style.backgroundColor = this.#colour(id);
      return swatch;
    }

    #label(id) {
      const name = this.names.name[this.place.get(id)];
      return element("span", { className: "compare-name" }, this.#swatch(id), element("a", { href: `../runs/${encodeURIComponent(id)}/index.html`, title: name }, name));
    }

    #chips() {
      const chips = this.ids.map((id) => {
        const name = this.names.name[this.place.get(id)];
        const remove = element("button", { type: "button", className: "quiet", title: "Take it out", aria: { label: `Take out ${name}` } }, "×");
        remove.onclick = () => this.state.set({ runs: this.state.view.runs.filter((other) => other !== id) });
        const state = this.names.state[this.place.get(id)];
        return element("li", { className: "run-chip" }, this.#label(id), element("span", { className: `state state-${state}` }, state), remove);
      });
      this.find("[data-run-chips]").replaceChildren(...chips);
    }

    #list() {
      this.find("[data-compare-count]").textContent = this.table.show(this.state.view);
    }

    /** A chart for every metric that one of the runs logged. */
    async #chart() {
      const metrics = new Map();
      for (const id of this.ids) for (const metric of this.loaded.get(id).data.metrics) if (!metrics.has(metric.key)) metrics.set(metric.key, { ...metric });
      const list = [...metrics.values()];
      if (this.panels) {
        this.panels.renew(list);
        await this.panels.update();
        return;
      }
      runstore.axes.offer(document, list.some(({ axis_name: name }) => name), () => [...new Set(this.ids.flatMap((id) => this.loaded.get(id).data.metrics.map(({ key }) => key)))]);
      this.panels = runstore.panels = new Panels(this.find("[data-panels]"), list, (metric, settings, look) => this.#drawing(metric, settings, look), (id) => this.#toggle(id), { state: this.state, lean: true });
      runstore.sectionMenu.bind(this.panels, document);
      this.panels.filter(this.state.view.panels);
      await this.panels.settled();
    }

    #toggle(id) {
      const { hide } = this.state.view;
      this.state.set({ hide: hide.includes(id) ? hide.filter((other) => other !== id) : [...hide, id] });
    }

    /** A metric of a run, decoded; null where it did not log it. */
    #series(id, key) {
      const { data, decoded } = this.loaded.get(id);
      if (!decoded.has(key)) {
        const metric = data.metrics.find((each) => each.key === key);
        decoded.set(key, metric ? series.decodeRun(metric, data.times) : null);
      }
      return decoded.get(key);
    }

    /** The same over the metric that is the x axis, where one is and one of the runs logged it. */
    #over(id, key, x) {
      const values = this.#series(id, key);
      if (!values || !series.isMetric(x) || !this.ids.some((each) => this.#series(each, x))) return values;
      return series.over(values, this.#series(id, x) ?? NONE, x);
    }

    /** Where every row of a metric of a run lies. @returns {?Place} */
    #place(id, key) {
      const index = this.loaded.get(id).data.metrics.find((each) => each.key === key)?.fine;
      return index ? { index, folder: `../runs/${encodeURIComponent(id)}/fine/` } : null;
    }

    /** Every row of the range that is shown of some runs, null where all of x is. @returns {Promise<?Detail[]>} */
    async #details(metric, runs, axis, range, how, look) {
      if (!range || series.isMetric(axis)) return null;
      const ask = { axis, range, runs: new Set([0]), how, among: runs.length, loading: look.loading };
      return Promise.all(runs.map(({ id, values }) => fine.detail({ ...ask, values, placeOf: () => this.#place(id, metric.key) })));
    }

    async #drawing(metric, settings, look) {
      const { line } = runstore.kinds;
      const view = { ...this.state.view, ...line.chosen(settings) };
      const logged = this.ids.map((id) => ({ id, values: this.#over(id, metric.key, view.x) })).filter(({ values }) => values);
      const shown = series.shownAxis(view.x, logged.every(({ values }) => series.axis(values, view.x)), metric.axis_name);
      const label = (id) => ({ key: id, label: this.names.name[this.place.get(id)], colour: this.#colour(id) });
      const visible = logged.filter(({ id }) => !view.hide.includes(id));
      const details = await this.#details(metric, visible, shown.axis, line.shownOf(look, shown.axis, settings), view, look);
      const every = details?.every(({ whole }) => whole) ? visible.map(({ id }, at) => ({ id, values: details[at].values })) : visible;
      const lines = (how) => every.flatMap(({ id, values }) => series.runCurves(values, series.axis(values, shown.axis), new Set([0]), () => label(id), how));
      const behind = view.raw && view.smooth > 0 ? lines({ ...view, smooth: 0 }) : [];
      const legend = logged.map(({ id }) => ({ ...label(id), off: view.hide.includes(id) }));
      const long = visible.some(({ id }) => this.#place(id, metric.key) || this.#place(id, view.x));
      const resamples = long && !series.isMetric(shown.axis);
      const note = [shown.note, fine.told(details, long, view.smooth, shown.axis)].filter(Boolean).join(" ");
      const whole = fine.extent(visible.map(({ values }) => ({ values, xs: series.axis(values, shown.axis), runs: new Set([0]) })));
      return { ...shown, note, whole, resamples, curves: lines(view), behind, log: view.ylog, xlog: view.xlog, outliers: view.outliers, range: line.rangeOf(settings), about: format.count(visible.length, "run"), legend };
    }

    #download() {
      const { columns, rows } = this.table.cells(this.ids.map((id) => this.names.name[this.place.get(id)]));
      const { save, csv } = runstore.plotFiles;
      save("compare.csv", "text/csv", csv([columns, ...rows]));
    }
  }

  async function main() {
    const compare = (runstore.compare = new Compare(document.querySelector("[data-page=compare]"), await runstore.loaded("names")));
    await (compare.drawn = compare.take());
    runstore.ready();
  }

  main().catch((error) => {
    runstore.fail(error);
    runstore.ready();
  });
})();
