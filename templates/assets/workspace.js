"use strict";
/** The project page, and a group's: wires the view in the fragment to the table and the charts. */
(() => {
  const { State, Runs, RunTable, Panels, series, palette, format, element } = runstore;
  const TABLE = ["group", "filter", "hide", "sort", "cols"];
  const CHARTS = ["group", "filter", "hide", "agg", "shade", "smooth", "x", "ylog"];
  const MOST_COLUMNS = 200;
  const ALL = [...TABLE, ...CHARTS, "panels"];

  class Workspace {
    constructor(root, payload) {
      const { base, scopeColumn, scopeValue } = root.dataset;
      this.root = root;
      this.runs = new Runs(payload, base, scopeColumn ? { column: scopeColumn, value: scopeValue } : null);
      this.base = base;
      this.open = new Set();
      this.decoded = new Map();
      const x = runstore.offerAxes(root, this.runs.metrics.some(({ axis }) => axis));
      this.state = new State({ group: scopeColumn ? "" : this.runs.defaultGroup, x });
      this.lastGroup = this.state.view.group || this.runs.defaultGroup;
      this.find = (selector) => root.querySelector(selector);
      this.#fillGroups();
      this.table = new RunTable(this.find("[data-table]"), this.runs, {
        sort: (key) => this.#sort(key),
        toggle: (row) => this.#toggle(row),
        open: (key) => this.#open(key),
        hover: (key) => this.panels.highlight(key),
      });
      const metrics = this.runs.metrics.filter(({ key }) => this.#isLogged(key));
      this.panels = new Panels(this.find("[data-panels]"), metrics, (metric) => this.#drawing(metric), (key) => this.#toggle(key));
      this.find("[data-no-charts]").hidden = metrics.length > 0;
      // Groups' names mean nothing in another column: only what is hidden run by run stays so.
      const choose = (part) => this.state.set("group" in part ? { ...part, hide: this.#hiddenRuns() } : part);
      this.showControls = runstore.bindControls(root, this.state, choose);
      this.#listen();
      this.state.onchange = (changed) => this.#change(changed);
      this.#change(new Set(ALL));
    }

    /** Whether a run of this page has the metric, as far as the summaries tell. */
    #isLogged(key) {
      const values = this.runs.columns.get(`summary.${key}`)?.values;
      return this.runs.count > 0 && (!values || this.runs.all.some((run) => (values[run] ?? null) !== null));
    }

    #listen() {
      this.find("[data-ungroup]").addEventListener("click", () => this.state.set({ group: this.state.view.group ? "" : this.lastGroup, hide: this.#hiddenRuns() }));
      this.find("[data-show-all]").addEventListener("click", () => this.state.set({ hide: [] }));
      this.find("[data-hide-all]").addEventListener("click", () => this.state.set({ hide: this.#everything() }));
      this.find("[data-widen]").addEventListener("click", (event) => {
        const wide = this.root.classList.toggle("wide-table");
        event.currentTarget.setAttribute("aria-expanded", String(wide));
      });
      for (const button of this.root.querySelectorAll("[data-pane]")) button.addEventListener("click", () => this.#pane(button));
      document.addEventListener("runstore:theme", () => this.#showRows());
      this.#columnChooser();
    }

    #pane(button) {
      this.root.dataset.shown = button.dataset.pane;
      for (const other of this.root.querySelectorAll("[data-pane]")) other.setAttribute("aria-pressed", String(other === button));
    }

    #fillGroups() {
      const select = this.find("[data-view=group]");
      const sections = { run: "Run", config: "Config" };
      for (const [section, label] of Object.entries(sections)) {
        const columns = this.runs.groupable().filter((column) => column.section === section);
        const options = columns.map((column) => element("option", { value: column.key }, column.label));
        if (options.length) select.append(element("optgroup", { label }, ...options));
      }
    }

    /** Computes what is shown, then shows what changed. */
    async #change(changed) {
      const { view } = this.state;
      if (view.group) this.lastGroup = view.group;
      this.#select();
      this.#showStatus();
      this.showControls();
      if (TABLE.some((key) => changed.has(key))) this.#showRows();
      if (changed.has("panels")) this.panels.filter(view.panels);
      if (CHARTS.some((key) => changed.has(key))) this.drawn = this.panels.update();
      await this.drawn;
      this.root.dataset.drawn = String(Number(this.root.dataset.drawn ?? 0) + 1);
    }

    /** The runs that match, their groups, and which of them the charts show. */
    #select() {
      const { view } = this.state;
      const { runs, literal } = this.runs.search(view.filter);
      const hidden = new Set(view.hide);
      this.hidden = hidden;
      this.matching = runs;
      this.literal = literal;
      this.groups = this.runs.columns.has(view.group) ? this.runs.group(view.group, runs) : null;
      const hiddenGroups = new Set((this.groups ?? []).filter(({ key }) => hidden.has(key)).flatMap((group) => group.runs));
      this.charted = new Set(runs.filter((run) => !hidden.has(this.runs.id[run]) && !hiddenGroups.has(run)));
    }

    #showStatus() {
      const { view } = this.state;
      const shown = this.matching.length === this.runs.count ? format.count(this.runs.count, "run") : `${this.matching.length} of ${format.count(this.runs.count, "run")}`;
      const parts = [shown];
      if (this.groups) parts.push(format.count(this.groups.length, "group"));
      const off = this.matching.length - this.charted.size;
      if (off) parts.push(`${off} hidden`);
      if (this.literal) parts.push("not a regular expression: searched as text");
      this.find("[data-status]").textContent = parts.join(" · ");
      this.find("[data-show-all]").hidden = off === 0;
      this.find("[data-hide-all]").hidden = off > 0 || this.matching.length === 0;
      const ungroup = this.find("[data-ungroup]");
      ungroup.hidden = !view.group && !this.lastGroup;
      ungroup.setAttribute("aria-pressed", String(Boolean(view.group)));
      ungroup.textContent = view.group ? "Ungroup" : "Group";
      this.root.classList.toggle("grouped", Boolean(this.groups));
      for (const control of this.root.querySelectorAll("[data-grouped-only] select")) control.disabled = !this.groups;
    }

    #showRows() {
      const { view } = this.state;
      this.table.show(this.groups ? this.#groupRows(view) : this.runs.sort(this.matching, view.sort).map((run) => this.#runRow(run)), view);
    }

    #groupRows(view) {
      const rows = [];
      for (const group of this.runs.sortGroups(this.groups, view.sort)) {
        const colour = palette.colour(group.rank);
        const off = this.#isGroupOff(group);
        const open = this.open.has(group.key);
        rows.push({ key: group.key, colour, off, group, open, indented: false });
        if (!open) continue;
        for (const run of this.runs.sort(group.runs, view.sort)) rows.push({ ...this.#runRow(run), colour, off: off || this.#isHidden(run), indented: true });
      }
      return rows;
    }

    #runRow(run) {
      return { key: this.runs.id[run], colour: palette.colour(this.runs.rank(run)), off: this.#isHidden(run), group: null, run, indented: false };
    }

    #isHidden(run) {
      return this.hidden.has(this.runs.id[run]);
    }

    #isGroupOff(group) {
      return !group.runs.some((run) => this.charted.has(run));
    }

    /** Every row of the table, as `hide` names it. */
    #everything() {
      return this.groups ? this.groups.map(({ key }) => key) : this.matching.map((run) => this.runs.id[run]);
    }

    /** What `hide` keeps when groups change: runs, because groups' names mean nothing then. */
    #hiddenRuns() {
      return this.state.view.hide.filter((key) => !key.startsWith("g:"));
    }

    #sort(key) {
      const { sort } = this.state.view;
      this.state.set({ sort: sort === key ? `-${key}` : sort === `-${key}` ? "" : key });
    }

    /** Shows or hides the run or the group that `key` names. */
    #toggle(key) {
      const group = this.groups?.find((each) => each.key === key);
      const hide = group ? this.#withoutGroup(group) : this.#withoutRun(key);
      const wasOff = group ? this.#isGroupOff(group) : !this.charted.has(this.runs.id.indexOf(key));
      this.state.set({ hide: [...hide, ...(wasOff ? [] : [key])] });
    }

    #withoutGroup({ key, runs }) {
      const own = new Set([key, ...runs.map((run) => this.runs.id[run])]);
      return this.state.view.hide.filter((other) => !own.has(other));
    }

    /** What is hidden but for one run: of a hidden group its other runs remain so. */
    #withoutRun(id) {
      const group = this.groups?.find((each) => this.hidden.has(each.key) && each.runs.some((run) => this.runs.id[run] === id));
      const others = group ? group.runs.map((run) => this.runs.id[run]) : [];
      return [...this.state.view.hide.filter((other) => other !== group?.key), ...others].filter((other) => other !== id);
    }

    #open(key) {
      if (!this.open.delete(key)) this.open.add(key);
      this.#showRows();
    }

    /** What the chart of a metric shows now. */
    async #drawing(metric) {
      const { view } = this.state;
      const has = { _step: true, _runtime: metric.has_runtime, _timestamp: metric.has_wall, defined: Boolean(metric.axis) };
      const shown = series.shownAxis(view.x, has[view.x], metric.axis);
      const values = await this.#series(metric, shown.axis === "_runtime" || shown.axis === "_timestamp");
      const xs = series.axis(values, shown.axis);
      const curves = this.groups ? this.#groupCurves(values, xs) : this.#runCurves(values, xs);
      return {
        ...shown,
        curves,
        log: view.ylog,
        about: this.#about(curves, values),
        legend: this.#legend(values),
      };
    }

    #runCurves(values, xs) {
      const named = (run) => ({ key: this.runs.id[run], label: this.runs.name[run], colour: palette.colour(this.runs.rank(run)) });
      return series.runCurves(values, xs, this.charted, named, this.state.view.smooth);
    }

    #groupCurves(values, xs) {
      const groups = this.groups.map(({ key, label, rank, runs }) => ({ key, label, colour: palette.colour(rank), runs: runs.filter((run) => this.charted.has(run)) }));
      return series.groupCurves(values, xs, groups, this.state.view);
    }

    #about(curves, values) {
      const logged = values.runs.reduce((sum, run) => sum + this.charted.has(run), 0);
      return this.groups ? `${format.count(curves.length, "group")} · ${format.count(logged, "run")}` : format.count(logged, "run");
    }

    #legend(values) {
      const logged = new Set(values.runs);
      if (this.groups) {
        const some = this.groups.filter((group) => group.runs.some((run) => logged.has(run)));
        return some.map(({ key, label, rank, runs }) => ({ key, label, colour: palette.colour(rank), off: !runs.some((run) => this.charted.has(run)) }));
      }
      const some = this.runs.sort(this.matching, this.state.view.sort).filter((run) => logged.has(run));
      return some.map((run) => ({ key: this.runs.id[run], label: this.runs.name[run], colour: palette.colour(this.runs.rank(run)), off: this.#isHidden(run) }));
    }

    /** The decoded numbers of a metric, with or without its times. */
    #series(metric, timed) {
      const key = `${metric.name} ${timed}`;
      if (!this.decoded.has(key)) {
        const loading = this.#load(metric, timed);
        this.decoded.set(key, loading);
        loading.catch(() => this.decoded.delete(key));
      }
      return this.decoded.get(key);
    }

    async #load(metric, timed) {
      const times = timed && metric.times ? runstore.load(metric.times.name, this.base + metric.times.shard) : null;
      return series.decode(await runstore.load(metric.name, this.base + metric.shard), await times);
    }

    #columnChooser() {
      const list = this.find("[data-columns]");
      const inputs = [];
      // Made when it is first looked at: a project may have thousands of keys.
      const fill = () => {
        for (const [section, title] of [["run", "Run"], ["config", "Config"], ["summary", "Summary"]]) {
          const columns = this.table.columns.filter((column) => column.section === section && column.key !== "name");
          if (columns.length) list.append(element("fieldset", {}, element("legend", {}, title), ...columns.map(box)));
        }
        inputs.push(...list.querySelectorAll("input"));
      };
      const box = (column) => {
        const input = element("input", { type: "checkbox", value: column.key });
        return element("label", { data: { label: column.label } }, input, element("span", { className: "text" }, column.label));
      };
      const show = () => {
        if (!inputs.length) fill();
        const shown = this.table.shownColumns(this.state.view.cols);
        for (const input of inputs) input.checked = shown.has(input.value);
      };
      list.addEventListener("change", () => this.state.set({ cols: inputs.filter(({ checked }) => checked).map(({ value }) => value) }));
      this.find("[data-columns-search]").addEventListener("input", (event) => {
        const { test } = runstore.matcher(event.target.value);
        for (const label of list.querySelectorAll("label")) label.hidden = !test(label.dataset.label);
      });
      this.find("[data-columns-usual]").addEventListener("click", () => {
        this.state.set({ cols: null });
        show();
      });
      this.find("[data-columns-all]").addEventListener("click", () => {
        // Those that were searched for, and no more than a table can show in a moment.
        const found = inputs.filter((input) => !input.closest("label").hidden).slice(0, MOST_COLUMNS);
        this.state.set({ cols: found.map(({ value }) => value) });
        show();
      });
      this.find("#columns").addEventListener("beforetoggle", show);
    }
  }

  async function main() {
    const root = document.querySelector("[data-page=workspace]");
    const workspace = new Workspace(root, await runstore.loaded("runs"));
    runstore.workspace = workspace;
    await workspace.panels.settled();
    runstore.ready();
  }

  runstore.format.humanise();
  main().catch((error) => {
    runstore.fail(error);
    runstore.ready();
  });
})();
