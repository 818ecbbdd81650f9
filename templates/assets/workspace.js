"use strict";
/** The project page, and a group's: wires the view in the fragment to the table and the charts. */
(() => {
  const { State, Runs, Shown, TableColumns, RunTable, ColumnsPanel, GroupBy, Panels, format } = runstore;
  const TABLE = ["group", "filter", "search", "hide", "sort", "cols", "pin", "crop", "heat", "foot", "open", "select", "only", "colour"];
  const CHARTS = ["group", "colour", "filter", "search", "hide", "agg", "shade", "smooth", "smoother", "x", "ylog", "xlog", "outliers", "raw", "members", "most", "sort", "only"];
  const ALL = [...TABLE, ...CHARTS, "panels"];

  // What charts answer from all data alone.
  const ASKS = "[data-view=group], [data-group-more], [data-ungroup], [data-view=agg], [data-view=shade], [data-view=smooth], [data-view=search], [data-filter-open], [data-view=most], [data-view=members]";

  class Workspace {
    /** @param {HTMLElement} root @param {object} payload of the project's `runs` file @param {runstore.Runs} runs */
    constructor(root, payload, runs) {
      const { base, scopeColumn } = root.dataset;
      Object.assign(this, { root, runs, base });
      /** What changed in the view since it was last shown, and how often it was asked to be. */
      [this.pending, this.turn] = [new Set(), 0];
      const x = runstore.axes.offer(root, this.runs.metrics.some(({ axis }) => axis), () => this.runs.metrics.map(({ key }) => key));
      this.views = scopeColumn ? null : new runstore.Views(payload.views ?? [], payload.project);
      this.state = new State({ ...(scopeColumn ? this.#scoped(scopeColumn) : { group: this.runs.defaultGroup }), x });
      if (this.views) this.views.state = this.state;
      this.lastGroup = this.state.view.group || this.runs.defaultGroup;
      this.lines = new runstore.Lines(this);
      this.find = (selector) => root.querySelector(selector);
      this.#makeTable();
      this.filter = new runstore.Filter(root, this.runs, this.state);
      const metrics = this.#charts();
      this.panels = new Panels(this.find("[data-panels]"), metrics, (metric, settings, look) => this.lines.drawing(metric, settings, look), (key) => this.#toggle(key), {
        state: this.state,
        context: this.lines.context,
      });
      this.find("[data-no-charts]").hidden = metrics.length > 0;
      runstore.sectionMenu.bind(this.panels, root);
      const choose = (part) => ("group" in part ? this.groupBy.pick(part.group) : this.state.set(part));
      this.showControls = runstore.bindControls(root, this.state, choose);
      this.showColour = runstore.Colours.offer(this.find("[data-colour]"), this.runs, (colour) => this.state.set({ colour }));
      this.#listen();
      this.state.onchange = (changed) => this.#change(changed).catch(runstore.fail);
      this.started = this.#change(new Set(ALL));
      runstore.live?.on("runs", (later) => this.renew(later));
    }

    /** How a group's page opens: a line for each of its job types, else one for all its runs, which stand faintly behind. @returns {Partial<View>} */
    #scoped(column) {
      if (column === "sweep") return runstore.sweep?.view(this.runs) ?? { group: "" };
      const jobs = this.runs.columns.get("job_type");
      const group = jobs && this.runs.isVaried(jobs) ? "job_type" : column;
      return { group, members: true, open: this.runs.group(group, this.runs.all).map(({ key }) => key) };
    }

    /** Takes the data of a later build. What a person chose, and where they look, stays. */
    async renew(payload) {
      const before = this.runs.metrics;
      await this.runs.renew(payload);
      runstore.sweep?.extend(this.runs);
      this.views?.renew(payload.views ?? []);
      this.filter.renew();
      this.lines.renew(before);
      this.columns.renew();
      this.table.renew();
      this.matched = null;
      const metrics = this.#charts();
      this.panels.renew(metrics);
      this.find("[data-no-charts]").hidden = metrics.length > 0;
      await this.#change(new Set([...TABLE, ...CHARTS]));
    }

    /** Shows what the page has of its own (`sweep.js`) once that was renewed. */
    async refresh() {
      this.columns.renew();
      this.table.renew();
      this.panels.renew(this.#charts());
      await this.#change(new Set([...TABLE, ...CHARTS]));
    }

    #makeTable() {
      const change = (part) => this.state.set(part);
      this.columns = new TableColumns(this.runs);
      this.menus = new runstore.TableMenus(this);
      this.groupBy = new GroupBy(this.find("[data-view=group]"), this.find("[data-group-more]"), this.runs, (group) => this.#regroup(group));
      this.columnsPanel = new ColumnsPanel(this.find("#columns"), this.columns, this.state);
      this.table = new RunTable(this.find("[data-table]"), this.runs, this.columns, {
        sort: (key, more) => change({ sort: this.runs.nextSort(this.state.view.sort, key, more) }),
        toggle: (key) => this.#toggle(key),
        toggleAll: () => change({ hide: this.charted.size ? this.shown.everything() : this.shown.cleared() }),
        fold: (key) => change({ open: withOrWithout(this.state.view.open, key) }),
        hover: (key) => this.#hover(key),
        select: (runs, on) => this.select(runs, on),
        menu: (key, anchor) => this.menus.column(key, anchor),
        move: (key, beside, after) => change(this.columns.movedBeside(this.state.view, key, beside, after)),
        step: (key, by) => change(this.columns.stepped(this.state.view, key, by)),
      });
    }

    /** A panel for each metric, and for whatever else was logged. */
    #charts() {
      const metrics = this.runs.metrics.filter(({ key }) => this.#isLogged(key));
      const own = runstore.sweep?.panels(this.runs) ?? [];
      return [...own, ...metrics, ...runstore.logged.panels(this.runs, new Set([...own, ...metrics].map(({ key }) => key)))];
    }

    /** Whether a run of this page has the metric, as far as the summaries tell. */
    #isLogged(key) {
      const column = this.runs.columns.get(`summary.${key}`);
      return this.runs.count > 0 && (!column?.isLoaded || this.runs.all.some((run) => (column.values[run] ?? null) !== null));
    }

    #listen() {
      const on = (name, action) => this.find(`[data-${name}]`).addEventListener("click", (event) => action(event.currentTarget));
      on("ungroup", () => this.#regroup(this.state.view.group ? "" : this.lastGroup));
      on("show-all", () => this.state.set({ hide: this.shown.cleared() }));
      on("hide-all", () => this.state.set({ hide: this.shown.everything() }));
      on("only", () => this.state.set({ only: !this.state.view.only }));
      on("unselect", () => this.state.set({ select: [], only: false }));
      on("add-panel", (button) => this.panels.offer(button));
      on("table-menu", (button) => this.menus.table(button));
      on("widen", (button) => button.setAttribute("aria-expanded", String(this.root.classList.toggle("wide-table"))));
      for (const control of this.root.querySelectorAll(ASKS)) for (const name of ["pointerenter", "focusin"]) control.addEventListener(name, () => this.#foresee());
      for (const button of this.root.querySelectorAll("[data-pane]")) button.addEventListener("click", () => this.#pane(button));
      document.addEventListener("runstore:theme", () => this.#showRows());
      runstore.printing.add(() => this.#printRows());
      runstore.splitter(this.root, this.find("[data-splitter]"));
    }

    /** Who comes near a control that asks for more than the charts show first has it loaded meanwhile. */
    #foresee() {
      this.lines.preload(this.panels.panels.filter(({ visible, rough }) => visible && rough).map(({ metric }) => metric));
    }

    #pane(button) {
      this.root.dataset.shown = button.dataset.pane;
      for (const other of this.root.querySelectorAll("[data-pane]")) other.setAttribute("aria-pressed", String(other === button));
    }

    /** Groups' names mean nothing in other columns: only what is hidden run by run stays so. */
    #regroup(group) {
      this.state.set({ group, hide: this.shown.hiddenRuns(), open: [] });
    }

    /** The columns that the view takes values of. */
    #needed() {
      const { runs, state: { view } } = this;
      return [...this.columns.keys(view), ...runs.sorts(view.sort).map(({ key }) => key), ...runs.keysOf(view.group), view.colour, ...this.filter.needed(view)];
    }

    /** Computes what is shown, once its columns are loaded, then shows what changed. */
    async #change(changed) {
      for (const key of changed) this.pending.add(key);
      const missing = this.runs.missing(this.#needed());
      if (missing.length) {
        const turn = ++this.turn;
        this.find("[data-status]").textContent = "Loading columns …";
        await this.runs.ensure(missing);
        // A later change has come: it shows what this one asked for too.
        if (turn !== this.turn) return;
      }
      this.turn++;
      const all = this.pending;
      this.pending = new Set();
      await this.#show(all);
    }

    /** @param {Set<string>} changed */
    async #show(changed) {
      const { view } = this.state;
      if (view.group) this.lastGroup = view.group;
      this.#select();
      this.#showStatus();
      this.showControls();
      this.groupBy.show(view.group);
      this.showColour(view.colour);
      this.filter.show();
      this.views?.show(view.view);
      if (TABLE.some((key) => changed.has(key))) this.#showRows();
      if (changed.has("cols") || changed.has("pin")) this.columnsPanel.show();
      this.panels.expect(this.groups?.length ?? this.charted.size);
      this.panels.follow(changed);
      if (CHARTS.some((key) => changed.has(key)) || (view.only && changed.has("select"))) this.drawn = this.panels.update();
      await this.drawn;
      this.root.dataset.drawn = String(Number(this.root.dataset.drawn ?? 0) + 1);
    }

    /** The runs that match, their groups, and which of them the charts show. */
    #select() {
      const { view } = this.state;
      const key = JSON.stringify([view.filter, view.search, view.only && view.select]);
      if (key !== this.matched) {
        const { runs, literal, note } = this.filter.matching(view);
        const selected = new Set(view.select);
        this.matching = view.only ? runs.filter((run) => selected.has(this.runs.id[run])) : runs;
        this.literal = literal;
        this.note = note;
        this.matched = key;
      }
      this.shown = new Shown(this.runs, this.matching, view);
      this.groups = this.shown.groups;
      this.colours = this.shown.colours;
      this.charted = this.shown.charted;
    }

    #showStatus() {
      const { view } = this.state;
      const shown = this.matching.length === this.runs.count ? format.count(this.runs.count, "run") : `${this.matching.length} of ${format.count(this.runs.count, "run")}`;
      const parts = [shown];
      if (this.groups) parts.push(format.count(this.groups.length, "group"));
      const off = this.matching.length - this.charted.size;
      if (off) parts.push(`${off} hidden`);
      if (view.select.length) parts.push(`${view.select.length} selected`);
      if (this.note) parts.push(this.note);
      else if (this.literal) parts.push("not a regular expression: searched as text");
      this.find("[data-status]").textContent = parts.join(" · ");
      this.find("[data-show-all]").hidden = off === 0;
      this.find("[data-hide-all]").hidden = off > 0 || this.matching.length === 0;
      this.find("[data-selection]").hidden = !view.select.length && !view.only;
      this.find("[data-only]").setAttribute("aria-pressed", String(view.only));
      this.#offerComparison(view.select);
      const ungroup = this.find("[data-ungroup]");
      ungroup.hidden = !view.group && !this.lastGroup;
      ungroup.setAttribute("aria-pressed", String(Boolean(view.group)));
      ungroup.textContent = view.group ? "Ungroup" : "Group";
      this.root.classList.toggle("grouped", Boolean(this.groups));
      for (const control of this.root.querySelectorAll("[data-grouped-only] select")) control.disabled = !this.groups;
    }

    /** @param {string[]} ids of the runs that are selected */
    #offerComparison(ids) {
      const link = this.find("[data-compare]");
      link.hidden = ids.length < 2;
      link.href = `${this.base}compare/index.html#${runstore.compared(ids)}`;
    }

    #printRows() {
      this.root.querySelector(".print-runs")?.remove();
      this.root.append(runstore.printTable(this));
    }

    #showRows() {
      this.table.show(this.shown, this.state.view);
    }

    /** Shows or hides the run or the group that `key` names, or the runs with some ids. @param {string | string[]} key */
    #toggle(key) {
      this.state.set({ hide: this.shown.toggled(key) });
    }

    /** Selects runs beside those that are, or takes them out. @param {number[]} runs */
    select(runs, on = true) {
      const chosen = new Set(this.state.view.select);
      for (const run of runs) chosen[on ? "add" : "delete"](this.runs.id[run]);
      this.state.set({ select: [...chosen], only: this.state.view.only && chosen.size > 0 });
    }

    /** Marks the line of the row that is pointed at. */
    #hover(key) {
      if (key === this.hovered) return;
      this.hovered = key;
      this.panels?.highlight(key);
    }
  }

  const withOrWithout = (list, item) => (list.includes(item) ? list.filter((other) => other !== item) : [...list, item]);

  async function main() {
    const root = document.querySelector("[data-page=workspace]");
    const payload = await runstore.loaded("runs");
    const { base, scopeColumn, scopeValue, more } = root.dataset;
    // What this page has beside others: its script puts it where the workspace finds it.
    if (more) await runstore.load("more", more);
    const runs = new Runs(payload, base, scopeColumn ? { column: scopeColumn, value: scopeValue } : null);
    // Which charts some of the runs have, their summaries tell.
    if (scopeColumn) await runs.ensure(runs.metrics.map(({ key }) => `summary.${key}`));
    runstore.sweep?.extend(runs);
    const workspace = new Workspace(root, payload, runs);
    runstore.workspace = workspace;
    await workspace.started;
    await workspace.panels.settled();
    runstore.ready();
  }

  runstore.format.humanise();
  main().catch((error) => {
    runstore.fail(error);
    runstore.ready();
  });
})();
