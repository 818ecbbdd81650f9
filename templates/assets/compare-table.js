"use strict";
/**
 * What several runs say of themselves, side by side: a row a key, a column a run.
 *
 * @typedef {{key: string, section: string, cells: any[], kind: string, differs: boolean}} Row
 */
runstore.CompareTable = (() => {
  const { element, format } = runstore;
  const SECTIONS = [["config", "Config"], ["summary", "Summary"], ["overview", "Overview"]];
  const PAGE = 200;

  /** Every key that one of the runs has, in the order they have them. @param {object[]} runs what each run's data say `about` it @returns {Row[]} */
  function rowsOf(runs) {
    const rows = [];
    for (const [section] of SECTIONS) {
      const found = new Map();
      runs.forEach((run, at) => {
        for (const [key, value, kind] of run[section]) {
          if (!found.has(key)) found.set(key, { key, section, kind: kind ?? "text", cells: runs.map(() => null) });
          found.get(key).cells[at] = value;
        }
      });
      for (const row of found.values()) rows.push({ ...row, differs: row.cells.some((cell) => cell !== row.cells[0]) });
    }
    return rows;
  }

  function shown(value, { kind, section }) {
    if (value === null) return "";
    if (kind === "time") return format.time(Date.parse(value) / 1000);
    if (kind === "duration") return format.duration(value);
    return section === "summary" && typeof value === "number" ? format.number(value, 6) : String(value);
  }

  class CompareTable {
    /** @param {HTMLElement} host @param {(id: string) => HTMLElement} head what stands over a run's column */
    constructor(host, head) {
      this.host = host;
      this.head = head;
      this.rows = [];
    }

    /** @param {object[]} runs */
    take(runs) {
      this.runs = runs;
      this.rows = rowsOf(runs);
    }

    /** Lists the rows that match. @param {{diff: boolean, keys: string}} view @returns {string} how many of how many */
    show({ diff, keys }) {
      const { test } = runstore.matcher(keys);
      const different = this.runs.length > 1 && diff;
      this.found = this.rows.filter((row) => (!different || row.differs) && (!keys || test([row.key, ...row.cells.filter((cell) => cell !== null)].join("\n"))));
      this.limit = PAGE;
      this.#draw();
      const changed = this.rows.filter(({ differs }) => differs).length;
      return `${format.count(this.found.length, "key")} of ${this.rows.length}, ${changed} differ`;
    }

    #draw() {
      const corner = element("th", { scope: "col" }, "Key");
      const heads = this.runs.map(({ id }) => element("th", { scope: "col", className: "compare-run" }, this.head(id)));
      const bodies = [];
      let left = this.limit;
      for (const [section, title] of SECTIONS) {
        const rows = this.found.filter((row) => row.section === section);
        if (!rows.length || left <= 0) continue;
        const top = element("tr", {}, element("th", { scope: "rowgroup", colSpan: this.runs.length + 1, className: "compare-section" }, element("span", {}, `${title} `, element("span", { className: "count" }, String(rows.length)))));
        bodies.push(element("tbody", {}, top, ...rows.slice(0, left).map((row) => this.#row(row))));
        left -= rows.length;
      }
      const table = element("table", { className: "compare-table" }, element("thead", {}, element("tr", {}, corner, ...heads)), ...bodies);
      const more = this.found.length - this.limit;
      const button = element("button", { type: "button", className: "quiet" }, `Show ${Math.min(more, PAGE)} more of ${this.found.length}`);
      button.onclick = () => {
        this.limit += PAGE;
        this.#draw();
      };
      const empty = element("p", { className: "empty" }, this.rows.length ? "No key matches: nothing differs, or the search finds nothing." : "These runs say nothing of themselves.");
      this.host.replaceChildren(table, ...(this.found.length ? [] : [empty]), ...(more > 0 ? [button] : []));
    }

    #row(row) {
      const cells = row.cells.map((value, at) => {
        const cell = element("td", { className: row.differs && value !== row.cells[0] ? "differs" : "", title: value === null ? "" : String(value).slice(0, 500) }, element("span", { className: "compare-cell" }, shown(value, row)));
        if (typeof value === "number" && row.kind === "text") {
          cell.classList.add("number");
          const off = at > 0 && typeof row.cells[0] === "number" ? value - row.cells[0] : 0;
          if (off) cell.append(element("span", { className: "soft compare-off" }, `${off > 0 ? "+" : "−"}${format.number(Math.abs(off), 3)}`));
        }
        return cell;
      });
      return element("tr", {}, element("th", { scope: "row" }, row.key), ...cells);
    }

    /** What is listed, as rows of texts and numbers with a head. */
    cells(names) {
      return { columns: ["section", "key", ...names], rows: this.found.map(({ section, key, cells }) => [section, key, ...cells]) };
    }
  }

  return CompareTable;
})();
