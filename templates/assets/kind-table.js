"use strict";
/** Tables that the runs that are shown logged under one key, as one: below each other, or side by side on a column. */
(() => {
  const { element, format, logged, panelKinds, sharedSteps } = runstore;
  const MODES = { stack: "Rows below each other", join: "Side by side, joined on a column" };
  const MOST = ["5", "10", "20", "50"];
  const MOST_ROWS = 200_000;

  /** Names of which none is there twice. @param {string[]} names */
  function unique(names) {
    const taken = new Set();
    return names.map((name) => {
      let made = name;
      for (let number = 2; taken.has(made); number++) made = `${name} (${number})`;
      taken.add(made);
      return made;
    });
  }

  /** The tables' rows below each other, the run's name before each. @param {RunTable[]} tables */
  function stacked(tables) {
    const own = tables.map(({ columns }) => unique(columns));
    const names = [...new Set(own.flat())];
    const rows = tables.flatMap((table, at) => {
      const places = names.map((name) => own[at].indexOf(name));
      return table.rows.map((row) => Object.assign([table.name, ...places.map((place) => (place < 0 ? null : row[place] ?? null))], { table }));
    });
    return { columns: unique(["Run", ...names]).map((name, at) => (at ? { name } : { name, kind: "text", width: 170 })), rows };
  }

  /** A row for each value of a column, and each other column once a run. Of rows with the same value the first meets the first. @param {RunTable[]} tables @param {string} on */
  function joined(tables, on) {
    const own = tables.map(({ columns }) => unique(columns));
    const others = [...new Set(own.flat())].filter((name) => name !== on);
    const heads = others.flatMap((name) => tables.map((table, at) => ({ name, table, at, place: own[at].indexOf(name) }))).filter(({ place }) => place >= 0);
    const rows = new Map();
    tables.forEach((table, at) => {
      const key = own[at].indexOf(on);
      const seen = new Map();
      for (const row of table.rows) {
        const value = row[key] ?? null;
        const text = `${typeof value} ${runstore.tableRows.textOf(value)}`;
        const nth = seen.get(text) ?? 0;
        seen.set(text, nth + 1);
        const id = `${nth} ${text}`;
        if (!rows.has(id)) rows.set(id, [value, ...heads.map(() => null)]);
        const made = rows.get(id);
        heads.forEach((head, column) => {
          if (head.at === at) made[column + 1] = row[head.place] ?? null;
        });
      }
    });
    const names = unique([on, ...heads.map(({ name, table }) => `${name} · ${table.name}`)]);
    return { columns: names.map((name, at) => (at ? { name, colour: heads[at - 1].table.colour, about: name } : { name })), rows: [...rows.values()] };
  }

  /** A row whose media are found from this page. */
  function here(row, where) {
    const { isMedia } = runstore.tableRows;
    return row.some(isMedia) ? row.map((cell) => (isMedia(cell) ? logged.placed(cell, where) : cell)) : row;
  }

  /**
   * The tables of the runs that are shown, at a step, with their rows.
   * @typedef {{name: string, colour: string, link: {href?: string}, columns: string[], rows: any[][], lacking: number}} RunTable
   */
  async function collect(settings, context) {
    const entry = logged.find(context.runs, "tables", settings.key);
    if (!entry) return null;
    const marks = panelKinds.colours(context);
    const [found] = await Promise.all([logged.load(context.runs, entry, [...marks.keys()], MOST.includes(String(settings.most)) ? Number(settings.most) : 10), logged.viewers()]);
    const steps = logged.stepsOf(found.found.values());
    const step = sharedSteps.shown(settings.step, context, steps);
    const tables = [];
    let left = MOST_ROWS;
    for (const [run, { items }] of found.found) {
      const item = items[logged.placeAt(items, step)];
      if (item?.kind !== "table" || left <= 0) continue;
      const parts = new runstore.loggedTable.TableParts(item);
      await parts.load(left);
      const rows = parts.rows.slice(0, left).map((row) => here(row, logged.folder(context.runs, run)));
      left -= rows.length;
      tables.push({ name: context.runs.name[run], colour: marks.get(run).colour, link: context.runs.linked(run), columns: parts.columns, rows, source: item, lacking: parts.total - rows.length + parts.lacking });
    }
    return { entry, ...found, tables, steps, step };
  }

  const keyColumns = (tables) => (tables.length ? unique(tables[0].columns).filter((name) => tables.every(({ columns }) => columns.includes(name))) : []);

  /** The column on which tables are joined: the one that was chosen, else the first that all have. */
  function joinColumn(settings, tables) {
    const all = keyColumns(tables);
    return all.includes(settings.on) ? settings.on : all[0];
  }

  function merged(settings, tables) {
    const on = settings.mode === "join" ? joinColumn(settings, tables) : undefined;
    return on === undefined ? stacked(tables) : joined(tables, on);
  }

  class RunTables {
    constructor(label) {
      this.label = label;
      this.stepper = new runstore.Stepper(label, (step) => this.#go(step), () => {});
      this.mode = element("select", { aria: { label: `How the tables of ${label} are joined` } }, ...Object.entries(MODES).map(([value, text]) => element("option", { value }, text)));
      this.mode.onchange = () => this.context.change({ mode: this.mode.value, filter: "", group: "", sort: [], open: [] });
      this.on = element("select", { aria: { label: `Column on which ${label} is joined` } });
      this.on.onchange = () => this.context.change({ on: this.on.value });
      this.view = new runstore.TableView({
        label,
        change: (part) => this.context.change(part),
        media: (cell, _column, row) => runstore.loggedTable.thumbnail(cell, { head: { key: label }, items: [], at: 0, body: this.root, state: {}, data: {}, row }),
        cell: (cell, column, row) => (column === 0 && row.table ? runLink(row.table) : null),
      });
      this.tools = element("div", { className: "media-tools" }, this.stepper.root, element("label", { className: "control" }, this.mode), element("label", { className: "control" }, "on", this.on));
      this.root = element("div", { className: "media-panel-grid" }, this.tools, this.view.root);
    }

    /** Goes to a step, and with it the panels that share it. */
    #go(step) {
      const { steps, at } = this.stepper;
      if (this.context.steps?.shared) this.context.steps.keep(steps[at]);
      else this.context.change({ step });
    }

    show(found, settings, context) {
      this.context = context;
      this.stepper.set(found.steps, found.step);
      const columns = keyColumns(found.tables);
      this.mode.value = settings.mode === "join" && columns.length ? "join" : "stack";
      this.on.parentElement.hidden = this.mode.value !== "join";
      this.on.replaceChildren(...columns.map((name) => element("option", { value: name }, name)));
      this.on.value = joinColumn(settings, found.tables) ?? "";
      // Making them one takes time: a search or an order needs it not.
      const made = JSON.stringify([settings.mode, this.on.value, found.step, found.tables.map(({ name, colour, rows }) => [name, colour, rows.length])]);
      const state = { filter: settings.filter, group: settings.group, sort: settings.sort, open: settings.open };
      if (made === this.made && JSON.stringify(state) === JSON.stringify(pick(this.view.state))) return;
      if (made !== this.made || this.tables.some((table, at) => table.source !== found.tables[at].source)) this.merged = merged(settings, found.tables);
      this.made = made;
      this.tables = found.tables;
      this.view.show(this.merged.columns, this.merged.rows, state);
    }
  }

  const pick = ({ filter, group, sort, open }) => ({ filter, group, sort, open });

  function runLink({ name, colour, link }) {
    const swatch = element("span", { className: "swatch" });
    swatch.style.backgroundColor = colour;
    return element("span", { className: "name-cell" }, swatch, element("a", { className: "text", ...link, title: name }, name));
  }

  /** @type {WeakMap<HTMLElement, RunTables>} */
  const shown = new WeakMap();

  function nothing(host, text) {
    shown.delete(host);
    return panelKinds.empty(host, text);
  }

  async function draw(host, settings, context) {
    if (!logged.keys(context.runs, "tables").length) return nothing(host, "No run of this project logged a table: run.log({\"predictions\": runstore.Table(columns, data)}) does.");
    const turn = (host.turn = {});
    const found = await collect(settings, context);
    if (host.turn !== turn) return null;
    if (!found) return nothing(host, "Choose a table in this panel's settings.");
    if (!found.found.size) return nothing(host, `None of the runs that are shown logged ${found.entry.key}.`);
    let made = shown.get(host);
    if (made?.label !== settings.key) shown.set(host, (made = new RunTables(settings.key)));
    if (made.root.parentElement !== host) host.replaceChildren(made.root);
    made.show(found, settings, context);
    return { about: format.count(found.tables.length, "run"), note: [noteOf(found), sharedSteps.note(context)].filter(Boolean).join(" ") };
  }

  function noteOf({ found, having, failed, tables }) {
    const lacking = tables.reduce((sum, each) => sum + each.lacking, 0);
    const without = found.size - tables.length;
    const notes = [
      having > found.size + failed ? `The first ${found.size} of ${format.count(having, "run")} that logged it.` : "",
      failed ? `The data of ${format.count(failed, "run")} cannot be loaded.` : "",
      without ? `${format.count(without, "run")} logged none until this step, or ${without === 1 ? "its" : "their"} rows were too many.` : "",
      lacking ? `${format.count(lacking, "row")} more cannot be shown.` : "",
    ];
    return notes.filter(Boolean).join(" ");
  }

  async function table(settings, context) {
    const found = await collect(settings, context);
    if (!found?.tables.length) return null;
    const { columns, rows } = merged(settings, found.tables);
    return { columns: columns.map(({ name }) => name), rows: rows.map((row) => row.map((cell) => (runstore.tableRows.isMedia(cell) ? runstore.tableRows.textOf(cell) : cell))) };
  }

  panelKinds.register({
    name: "table",
    title: "Table of runs",
    about: "Tables that the runs logged, as one: sorted, filtered, grouped, with a histogram for each column.",
    wide: true,
    isTable: true,
    menu: (_host, _settings, { steps }) => steps?.items ?? [],
    defaults: (context) => ({ key: logged.keys(context.runs, "tables")[0]?.key ?? "", step: null, mode: "stack", on: "", most: "10", filter: "", group: "", sort: [], open: [] }),
    fields: (context, metric) => [
      ...(metric ? [] : [{ name: "key", label: "Logged as", type: "key", options: logged.keys(context.runs, "tables").map(({ key, runs }) => ({ value: key, label: `${key} (${format.count(runs, "run")})` })) }]),
      { name: "mode", label: "Runs", type: "select", options: Object.entries(MODES).map(([value, label]) => ({ value, label })) },
      { name: "most", label: "Runs at most", type: "select", options: MOST },
      { name: "step", label: "Step", type: "number", about: "Of each run the last table at or before this step; empty: its last." },
    ],
    named: ({ key }) => key || "Table of runs",
    draw,
    table,
  });
})();
