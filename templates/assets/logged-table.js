"use strict";
/** Logged tables: every row of them, page by page, sorted, filtered and downloaded. Their data files load as they are needed. */
(() => {
  const { element, format } = runstore;
  const { renderers } = runstore.steps;
  const SIZES = [10, 25, 100];
  const MOST_LOADED = 64;
  const NOT_FINITE = new Set(["NaN", "Infinity", "-Infinity"]);

  const isMedia = (cell) => typeof cell === "object" && cell !== null;

  /** A cell as text, as a search and a download have it. */
  function textOf(cell) {
    if (cell === null || cell === undefined) return "";
    return isMedia(cell) ? (cell.caption ?? cell.file ?? cell.kind) : String(cell);
  }

  class LoggedTable {
    constructor(item, panel) {
      this.parts = item.parts;
      this.panel = panel;
      this.total = item.parts.reduce((sum, part) => sum + part.rows, 0);
      this.state = panel.state;
      Object.assign(this.state, { page: 0, size: 10, filter: "", sort: null, ...this.state });
      this.loaded = new Map();
    }

    async #part(at) {
      if (!this.loaded.has(at)) this.loaded.set(at, runstore.load(this.parts[at].name, this.parts[at].url));
      return this.loaded.get(at);
    }

    /** The rows from one place to another, in the order they were logged. */
    async #slice(from, to) {
      const rows = [];
      let start = 0;
      for (let at = 0; at < this.parts.length && start < to; at++) {
        const end = start + this.parts[at].rows;
        if (end > from) rows.push(...(await this.#part(at)).rows.slice(Math.max(0, from - start), to - start));
        start = end;
      }
      return rows;
    }

    async #all() {
      const rows = [];
      for (let at = 0; at < this.parts.length; at++) {
        for (const row of (await this.#part(at)).rows) rows.push(row);
        if (at % MOST_LOADED === 0) this.say(`Loading ${format.count(rows.length, "row")} of ${this.total} …`);
      }
      return rows;
    }

    /** The rows that a person asked for, in their order; null for all of them as they were logged. */
    async #chosen() {
      const { filter, sort } = this.state;
      if (!filter && !sort) return null;
      let rows = await this.#all();
      if (filter) {
        const { test } = runstore.matcher(filter);
        rows = rows.filter((row) => row.some((cell) => test(textOf(cell))));
      }
      if (sort && sort.column < this.columns.length) {
        const way = sort.down ? -1 : 1;
        rows = [...rows].sort((a, b) => way * compare(a[sort.column], b[sort.column]) || 0);
      }
      return rows;
    }

    async build() {
      const first = await this.#part(0);
      this.columns = first.columns;
      this.types = this.columns.map((_, at) => kindOf(first.rows, at));
      const { key } = this.panel.head;
      const search = element("input", { type: "search", value: this.state.filter, placeholder: "Filter rows (regex)", aria: { label: `Filter the rows of ${key} by regular expression` } });
      search.oninput = () => {
        clearTimeout(this.typing);
        this.typing = setTimeout(() => this.#choose({ filter: search.value, page: 0 }), 150);
      };
      const save = element("button", { type: "button" }, "Download CSV");
      save.onclick = () => this.#download();
      this.status = element("span", { className: "soft", role: "status" });
      this.head = element("tr");
      this.rows = element("tbody");
      const table = element("table", {}, element("thead", {}, this.head), this.rows);
      const scroll = element("div", { className: "table-scroll", tabIndex: 0, role: "region", aria: { label: key } }, table);
      this.pager = element("div", { className: "pager", role: "group", aria: { label: `Pages of ${key}` } });
      const lacking = this.parts.reduce((sum, part) => sum + (part.lacking ?? 0), 0);
      const lost = lacking ? element("p", { className: "plot-failed" }, `${format.count(lacking, "more row")} cannot be shown: the Parquet file that holds them is missing, damaged or too large for a page.`) : null;
      const root = element("div", { className: "logged-table", data: { keys: "" } }, lost, element("div", { className: "table-tools" }, search, save, this.status), scroll, this.pager);
      await this.#show();
      return root;
    }

    say(text) {
      this.status.textContent = text;
    }

    async #choose(part) {
      Object.assign(this.state, part);
      const turn = (this.turn = {});
      await this.#show(() => this.turn === turn);
    }

    async #show(current = () => true) {
      const rows = await this.#chosen();
      if (!current()) return;
      const count = rows ? rows.length : this.total;
      const pages = Math.max(1, Math.ceil(count / this.state.size));
      this.state.page = Math.min(this.state.page, pages - 1);
      const from = this.state.page * this.state.size;
      const shown = rows ? rows.slice(from, from + this.state.size) : await this.#slice(from, from + this.state.size);
      if (!current()) return;
      this.#heads();
      this.rows.replaceChildren(...shown.map((row) => element("tr", {}, ...this.columns.map((_, at) => this.#cell(row[at], at)))));
      this.say(count === this.total ? format.count(count, "row") : `${format.count(count, "row")} of ${this.total}`);
      this.#pages(pages, from, shown.length, count);
    }

    #heads() {
      const { sort } = this.state;
      const focused = this.head.contains(document.activeElement) ? [...this.head.querySelectorAll("button")].indexOf(document.activeElement) : -1;
      this.head.replaceChildren(...this.columns.map((name, column) => {
        const sorted = sort?.column === column;
        const button = element("button", { type: "button", className: "quiet sort" }, `${name}${sorted ? (sort.down ? " ↓" : " ↑") : ""}`);
        button.onclick = () => this.#choose({ sort: !sorted ? { column, down: false } : sort.down ? null : { column, down: true }, page: 0 });
        const cell = element("th", { scope: "col", className: this.types[column] === "number" ? "number" : "" }, button);
        if (sorted) cell.setAttribute("aria-sort", sort.down ? "descending" : "ascending");
        return cell;
      }));
      if (focused >= 0) this.head.querySelectorAll("button")[focused]?.focus();
    }

    #cell(cell, column) {
      if (isMedia(cell)) return element("td", { className: "media-cell" }, thumbnail(cell, this.panel));
      const made = element("td", { className: this.types[column] === "number" ? "number" : "" }, typeof cell === "number" ? format.number(cell, 7) : textOf(cell));
      if (typeof cell === "number") made.title = String(cell);
      return made;
    }

    #pages(pages, from, shown, count) {
      const { page, size } = this.state;
      const button = (label, to, disabled) => Object.assign(element("button", { type: "button", disabled, data: { to: label } }, label), { onclick: () => this.#choose({ page: to }) });
      const sizes = element("select", { aria: { label: "Rows on a page" } }, ...SIZES.map((each) => element("option", { value: each, selected: each === size }, String(each))));
      sizes.onchange = () => this.#choose({ size: Number(sizes.value), page: 0 });
      const focused = this.pager.contains(document.activeElement) ? document.activeElement.dataset.to : null;
      this.pager.hidden = count <= SIZES[0];
      this.pager.replaceChildren(button("First", 0, page === 0), button("Previous", page - 1, page === 0), element("span", {}, `${shown ? from + 1 : 0}–${from + shown} of ${format.count(count, "row")}`), button("Next", page + 1, page >= pages - 1), button("Last", pages - 1, page >= pages - 1), sizes);
      if (focused) this.pager.querySelector(`[data-to="${focused}"]`)?.focus();
    }

    async #download() {
      const rows = (await this.#chosen()) ?? (await this.#all());
      const lines = [this.columns, ...rows].map((row) => this.columns.map((_, at) => quoted(row[at])).join(","));
      const url = URL.createObjectURL(new Blob([`\ufeff${lines.join("\r\n")}\r\n`], { type: "text/csv" }));
      const name = `${this.panel.head.key.replace(/[^\w.-]+/g, "_")}-${this.panel.items[this.panel.at].step}.csv`;
      element("a", { href: url, download: name }).click();
      setTimeout(() => URL.revokeObjectURL(url), 10_000);
      this.say(format.count(rows.length, "row"));
    }
  }

  /** A cell of a CSV file. What a spreadsheet would take for a formula is text there too. */
  function quoted(cell) {
    const text = textOf(cell);
    const safe = typeof cell === "string" && /^[=+@\t\r-]/.test(text) && !Number.isFinite(Number(text)) && !NOT_FINITE.has(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  }

  function kindOf(rows, column) {
    const cells = rows.slice(0, 1000).map((row) => row[column]).filter((cell) => cell !== null && cell !== undefined);
    const numeric = cells.some((cell) => typeof cell === "number") && cells.every((cell) => typeof cell === "number" || NOT_FINITE.has(cell));
    return numeric ? "number" : "text";
  }

  /** Numbers before texts, nothing at the end. */
  function compare(a, b) {
    const rank = (cell) => (cell === null || cell === undefined ? 3 : typeof cell === "number" ? 0 : NOT_FINITE.has(cell) ? (cell === "NaN" ? 2 : 0) : 1);
    const [ra, rb] = [rank(a), rank(b)];
    if (ra !== rb) return ra - rb;
    if (ra === 0) return Number(a) - Number(b);
    return ra === 1 ? textOf(a).localeCompare(textOf(b), "en", { numeric: true }) : 0;
  }

  function thumbnail(cell, panel) {
    if (["image", "audio", "video", "gallery"].includes(cell.kind)) {
      const place = element("div", { className: "thumbnail" });
      // Only what scrolls into sight is loaded.
      const observer = new IntersectionObserver(async ([{ isIntersecting }]) => {
        if (!isIntersecting) return;
        observer.disconnect();
        const inner = { ...panel, head: panel.head, items: panel.items, at: panel.at, state: {}, show: () => {}, body: panel.body };
        place.replaceChildren(await runstore.steps.render(cell, inner));
      });
      observer.observe(place);
      return place;
    }
    if (cell.href) return element("a", { href: cell.href, download: cell.file }, cell.caption ?? cell.file);
    return element("span", { className: "soft" }, cell.kind === "missing" ? `(${cell.what}, missing)` : `(${cell.caption ?? cell.kind})`);
  }

  renderers.table = async (item, panel) => {
    const table = await new LoggedTable(item, panel).build();
    // The table of a chart that cannot be drawn.
    return item.note ? element("div", {}, element("p", { className: "plot-failed" }, item.note), table) : table;
  };
})();
