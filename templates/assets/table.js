"use strict";
/** The table of runs: the one script that knows DataTables. It shows the rows it is handed, in their order. */
runstore.RunTable = (() => {
  const { element, icon, format } = runstore;
  const ROW_HEIGHT = 34;
  const MOST_USUAL = 8;
  // What `define_metric` says of a column's metric.
  const GOALS = { minimize: { arrow: " ↓", text: ": lower is better" }, maximize: { arrow: " ↑", text: ": higher is better" } };

  /**
   * @typedef {object} Row  a group's, or a run's
   * @property {string} key
   * @property {string} colour
   * @property {boolean} off      whether charts leave it out
   * @property {?Group} group
   * @property {boolean} open     whether the group's runs follow
   * @property {number} run
   * @property {boolean} indented whether the run stands under its group
   */

  class RunTable {
    /**
     * @param {HTMLElement} host
     * @param {runstore.Runs} runs
     * @param {{sort(key: string): void, toggle(key: string): void, open(key: string): void, hover(key: ?string): void}} on
     */
    constructor(host, runs, on) {
      this.runs = runs;
      this.on = on;
      this.columns = ordered([...runs.columns.values()]);
      this.usual = usualColumns(runs, this.columns);
      this.host = host;
      this.rows = [];
      /** Those on view. A table with every key of a project as a column would take seconds to make. */
      this.shown = [];
      /** @type {Map<Row, HTMLTableRowElement>} those that were on the screen since the rows were handed over */
      this.nodes = new Map();
      host.addEventListener("click", (event) => this.#click(event));
      host.addEventListener("pointerover", (event) => this.on.hover(event.target.closest("tr")?.dataset.key ?? null));
      host.addEventListener("pointerleave", () => this.on.hover(null));
      new ResizeObserver(() => this.#fit()).observe(host);
    }

    #make() {
      this.table?.destroy(true);
      const head = element("tr", {}, ...this.shown.map((column) => this.#header(column)));
      const table = element("table", { className: "runs-table" }, element("thead", {}, head));
      this.host.replaceChildren(table);
      this.table = new DataTable(table, {
        data: [],
        columns: this.shown.map((column) => ({
          data: null,
          className: `cell-${column.type}`,
          render: (_, type, row) => (type === "display" ? this.#cell(column, row) : ""),
        })),
        createdRow: (node, row) => this.#row(node, row),
        layout: { topStart: null, topEnd: null, bottomStart: null, bottomEnd: null },
        ordering: false,
        searching: false,
        autoWidth: false,
        deferRender: true,
        scrollX: true,
        scrollY: 300,
        scroller: { rowHeight: ROW_HEIGHT, displayBuffer: 5 },
        fixedColumns: { start: 1 },
        language: { emptyTable: "No run matches.", zeroRecords: "No run matches." },
      });
      const body = this.host.querySelector(".dt-scroll-body");
      Object.assign(body, { tabIndex: 0 });
      body.setAttribute("aria-label", "Table of runs");
      body.setAttribute("role", "region");
      this.fitted = null;
    }

    #header(column) {
      const goal = GOALS[column.goal] ?? { arrow: "", text: "" };
      const button = element("button", { type: "button", className: "sort", title: `Sort by ${column.label}${goal.text}`, data: { sort: column.key } }, column.label + goal.arrow);
      return element("th", { scope: "col", className: `cell-${column.type}`, data: { column: column.key } }, button);
    }

    /**
     * @param {Row[]} rows
     * @param {{sort: string, cols: ?string[]}} view
     */
    show(rows, view) {
      this.#showColumns(view.cols);
      this.#showSort(view.sort);
      const focused = this.#focused();
      if (this.#isSame(rows)) this.#refresh(rows);
      else this.#replace(rows);
      focused?.()?.focus({ preventScroll: true });
    }

    /** Finds the button again that has the focus, once its row was made anew. */
    #focused() {
      const button = document.activeElement;
      const kind = this.host.contains(button) && ["eye", "open"].find((name) => name in button.dataset);
      if (!kind) return null;
      const key = button.dataset[kind];
      return () => [...this.host.querySelectorAll(`button[data-${kind}]`)].find((each) => each.dataset[kind] === key);
    }

    #replace(rows) {
      this.rows = rows;
      this.nodes.clear();
      const body = this.host.querySelector(".dt-scroll-body");
      const top = body.scrollTop;
      this.table.clear().rows.add(rows).draw();
      this.#fit();
      body.scrollTop = Math.min(top, Math.max(0, rows.length * ROW_HEIGHT - body.clientHeight));
    }

    /** Whether the same rows are shown in the same order, so that at most their cells differ. */
    #isSame(rows) {
      return rows.length === this.rows.length && rows.every((row, at) => row.key === this.rows[at].key && row.open === this.rows[at].open);
    }

    #refresh(rows) {
      rows.forEach((row, at) => {
        const shown = Object.assign(this.rows[at], row);
        const node = this.nodes.get(shown);
        if (!node) return;
        node.classList.toggle("off", shown.off);
        this.shown.forEach((column, cell) => node.cells[cell].replaceChildren(this.#cell(column, shown)));
      });
    }

    /** Which columns are on view: `cols`, or the usual ones. @returns {Set<string>} */
    shownColumns(cols) {
      return new Set(["name", ...(cols ?? this.usual)]);
    }

    #showColumns(cols) {
      const chosen = this.shownColumns(cols);
      const columns = this.columns.filter(({ key }) => chosen.has(key));
      if (this.table && columns.length === this.shown.length && columns.every((column, at) => column === this.shown[at])) return;
      this.shown = columns;
      this.nodes.clear();
      this.rows = [];
      this.#make();
    }

    #showSort(sort) {
      const [key, direction] = sort.startsWith("-") ? [sort.slice(1), "descending"] : [sort, "ascending"];
      for (const head of this.host.querySelectorAll("th[data-column]")) {
        if (head.dataset.column === key) head.setAttribute("aria-sort", direction);
        else head.removeAttribute("aria-sort");
      }
    }

    #fit() {
      if (!this.table) return;
      const body = this.host.querySelector(".dt-scroll-body");
      const head = this.host.querySelector(".dt-scroll-head");
      const height = Math.max(120, this.host.clientHeight - head.offsetHeight);
      if (body.clientHeight !== height || this.fitted !== this.host.clientWidth) {
        body.style.height = body.style.maxHeight = `${height}px`;
        this.fitted = this.host.clientWidth;
        this.table.columns.adjust();
        this.table.scroller.measure(false);
      }
    }

    #row(node, row) {
      this.nodes.set(row, node);
      node.dataset.key = row.key;
      node.classList.add(row.group ? "group-row" : "run-row");
      node.classList.toggle("indented", row.indented);
      node.classList.toggle("off", row.off);
    }

    #cell(column, row) {
      if (column.key === "name") return row.group ? this.#groupName(row) : this.#runName(row);
      if (row.group) return this.#groupCell(column, row.group);
      const value = column.values[row.run];
      if (column.key === "state") return state(value);
      return element("span", { className: "text", title: value === null ? "" : titleOf(value, column.type) }, format.value(value, column.type));
    }

    #runName(row) {
      const name = this.runs.name[row.run];
      const link = element("a", { href: this.runs.link(row.run), className: "text", title: name }, name);
      return element("span", { className: "name-cell" }, eye(row, name), swatch(row), link);
    }

    #groupName(row) {
      const { label, runs } = row.group;
      const fold = element("button", { type: "button", className: "fold", data: { open: row.key }, aria: { expanded: row.open, label: `Runs of ${label}` } }, icon("chevron"));
      const text = element("span", { className: "text", title: label }, label);
      return element("span", { className: "name-cell" }, fold, eye(row, label), swatch(row), text, element("span", { className: "count" }, String(runs.length)));
    }

    #groupCell(column, group) {
      const numbers = this.runs.numbers(column, group.runs);
      if (numbers) {
        const show = (value) => format.value(value, column.type);
        const title = `mean of ${numbers.n}: ${show(numbers.mean)}, from ${show(numbers.min)} to ${show(numbers.max)}`;
        return element("span", { className: "text", title }, show(numbers.mean));
      }
      const values = new Set(group.runs.map((run) => format.value(column.values[run], column.type)));
      values.delete("");
      if (!values.size) return element("span", { className: "text" });
      const [only] = values;
      if (values.size === 1 && column.key === "state") return state(only);
      if (values.size === 1) return element("span", { className: "text", title: only }, only);
      return element("span", { className: "text soft", title: [...values].slice(0, 20).join("\n") }, `${values.size} values`);
    }

    #click(event) {
      const target = event.target.closest("button");
      if (!target) return;
      if (target.dataset.sort) this.on.sort(target.dataset.sort);
      else if (target.dataset.eye) this.on.toggle(target.dataset.eye);
      else if (target.dataset.open) this.on.open(target.dataset.open);
    }
  }

  /** Name and state first, then results (those of most runs before others), configuration, and the rest. */
  function ordered(columns) {
    const known = new Map(columns.map(({ key, values }) => [key, values.reduce((sum, value) => sum + (value !== null), 0)]));
    const place = ({ key, section, type }) => {
      if (key === "name") return 0;
      if (key === "state") return 1;
      if (section === "summary") return type === "number" ? 2 : 5;
      return section === "config" ? 3 : 4;
    };
    return columns.sort((a, b) => place(a) - place(b) || (place(a) === 2 ? known.get(b.key) - known.get(a.key) : 0));
  }

  /** What a table shows before somebody chooses: state, the main results, and what differs between runs. */
  function usualColumns(runs, columns) {
    const varied = (column) => new Set(runs.all.map((run) => JSON.stringify(column.values[run] ?? null))).size > 1;
    const results = columns.filter(({ section, type }) => section === "summary" && type === "number");
    const config = columns.filter((column) => column.section === "config" && varied(column));
    const own = columns.filter((column) => ["group", "job_type", "tags"].includes(column.key) && varied(column));
    const chosen = [...results.slice(0, MOST_USUAL), ...config.slice(0, MOST_USUAL), ...own].map(({ key }) => key);
    return new Set(["name", "state", ...chosen, "created", "runtime"]);
  }

  const state = (value) => element("span", { className: `state state-${value}` }, value);

  function eye({ key, off }, label) {
    const title = off ? "Show in charts" : "Hide in charts";
    return element("button", { type: "button", className: "eye", data: { eye: key }, title, aria: { pressed: !off, label: `Show ${label} in charts` } }, icon(off ? "eye-off" : "eye"));
  }

  function swatch({ colour, off }) {
    const made = element("span", { className: off ? "swatch off" : "swatch" });
    made.style.backgroundColor = colour;
    return made;
  }

  function titleOf(value, type) {
    const text = type === "time" ? new Date(value * 1000).toISOString() : Array.isArray(value) ? value.join(", ") : String(value);
    return text.length > 2000 ? `${text.slice(0, 2000)}…` : text;
  }

  return RunTable;
})();
