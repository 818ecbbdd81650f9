"use strict";
/** The trials of a sweep as a table: what was tried, how it ended and why, every attempt in a row of its own. */
(() => {
  const { element, format, logged, panelKinds } = runstore;
  const STATE = "State";
  const RUN = "Run";
  const ATTEMPT = "Attempt";

  /** @returns {{columns: TableColumn[], rows: any[][]}} */
  function made(context) {
    const { sweep } = context;
    const { trials } = sweep;
    const some = new Set(sweep.shown(context));
    const names = ["Trial", RUN, ATTEMPT, STATE, sweep.valueLabel, ...sweep.parameters.map(({ name }) => name), "Logged", "Early stopping", "Reason", "Chosen by", "Agent", "Began", "Runtime (s)"];
    const runOf = (at) => {
      const run = context.runs.place(trials.run[at]);
      return run === undefined ? trials.run[at] : context.runs.name[run];
    };
    const time = (moment) => (moment === null ? null : format.time(moment));
    const values = (at) => sweep.params.map((own) => own[at]);
    const rows = sweep.all.filter((at) => some.has(at)).map((at) => {
      const verdict = sweep.verdict.get(at);
      const runtime = trials.began[at] === null || trials.ended[at] === null ? null : Math.max(0, trials.ended[at] - trials.began[at]);
      const row = [trials.n[at], runOf(at), trials.attempt[at], trials.state[at], trials.value[at] ?? trials.odd[at], ...values(at), trials.count[at], verdict ? `${verdict.rule} at band ${verdict.band}${sweep.against(verdict) ? `: ${sweep.against(verdict)}` : ""}` : null, trials.reason[at] || null, sweep.by[at], trials.agent[at] || null, time(trials.began[at]), runtime];
      return Object.assign(row, { at });
    });
    for (const [at, attempt, agent, began, state, reason, ended] of sweep.earlier) {
      if (!some.has(at)) continue;
      const row = [trials.n[at], runOf(at), attempt, state, null, ...values(at), null, null, reason || `Tried again as attempt ${attempt + 1}`, sweep.by[at], agent, time(began), began === null || ended === null ? null : Math.max(0, ended - began)];
      rows.push(Object.assign(row, { at }));
    }
    rows.sort((a, b) => a[0] - b[0] || a[2] - b[2]);
    return dropped(names, rows);
  }

  /** Without the columns that no row fills, and the attempt where each is the first. */
  function dropped(names, rows) {
    const kept = names.map((_, at) => at).filter((at) => (at < 4 && names[at] !== ATTEMPT) || rows.some((row) => row[at] !== (names[at] === ATTEMPT ? 1 : null) && row[at] !== undefined && row[at] !== ""));
    const widths = { [RUN]: 150, [ATTEMPT]: 84, Trial: 84, Logged: 84, [STATE]: 110, Reason: 220, "Early stopping": 220 };
    const columns = kept.map((at) => ({ name: names[at], ...(widths[names[at]] ? { width: widths[names[at]] } : {}), ...(names[at] === RUN ? { kind: "text" } : {}) }));
    return { columns, rows: rows.map((row) => Object.assign(kept.map((at) => row[at]), { at: row.at })) };
  }

  class TrialTable {
    constructor() {
      this.view = new runstore.TableView({
        label: "Trials",
        change: (part) => this.context.change(part),
        media: () => "",
        cell: (cell, column, row) => this.#cell(cell, column, row),
        save: (rows) => runstore.plotFiles.save("trials.csv", "text/csv", runstore.plotFiles.csv([this.columns.map(({ name }) => name), ...rows])),
      });
      this.root = element("div", { className: "media-panel-grid" }, this.view.root);
    }

    #cell(cell, column, row) {
      const { name } = this.columns[column];
      if (name === STATE) return element("span", { className: `state state-${String(cell).replace(" ", "-")}` }, cell);
      if (name !== RUN) return null;
      const { runs, sweep } = this.context;
      const run = runs.place(sweep.trials.run[row.at]);
      if (run === undefined) return null;
      const swatch = element("span", { className: "swatch" });
      swatch.style.backgroundColor = this.colours.get(run)?.colour ?? "";
      return element("span", { className: "name-cell" }, swatch, element("a", { className: "text", ...runs.linked(run), title: cell }, cell));
    }

    show(settings, context) {
      this.context = context;
      this.colours = panelKinds.colours(context);
      const { columns, rows } = made(context);
      const state = { filter: settings.filter, group: settings.group, sort: settings.sort, open: settings.open };
      const version = JSON.stringify([columns, rows, [...this.colours.values()].map(({ colour }) => colour)]);
      const { filter, group, sort, open } = this.view.state;
      if (version === this.version && JSON.stringify(state) === JSON.stringify({ filter, group, sort, open })) return;
      [this.version, this.columns] = [version, columns];
      this.view.show(columns, rows, state);
    }
  }

  /** @type {WeakMap<HTMLElement, TrialTable>} */
  const shown = new WeakMap();

  async function draw(host, settings, context) {
    const turn = (host.turn = {});
    await logged.viewers();
    if (host.turn !== turn) return null;
    if (!shown.has(host)) shown.set(host, new TrialTable());
    const table = shown.get(host);
    if (table.root.parentElement !== host) host.replaceChildren(table.root);
    table.show(settings, context);
    return { about: format.count(context.sweep.shown(context).length, "trial"), note: "" };
  }

  async function table(settings, context) {
    const { columns, rows } = made(context);
    return { columns: columns.map(({ name }) => name), rows };
  }

  panelKinds.register({
    name: "trials",
    title: "Trials",
    about: "What was tried, how it ended and why: sorted, filtered, grouped, every attempt in a row of its own.",
    wide: true,
    isTable: true,
    needs: () => [],
    defaults: () => ({ filter: "", group: "", sort: [], open: [] }),
    fields: () => [],
    draw,
    table,
  });
})();
