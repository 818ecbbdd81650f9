"use strict";
/**
 * A table of any size, of which only the rows and columns in sight are in the page. The header, the footer and pinned
 * columns stay in place. It knows positions, focus and keys; what stands in a cell its owner says.
 *
 * One element of it is in the order of Tab. Arrow keys, Home, End, Page Up and Page Down (with Ctrl: to the corners) lead
 * from cell to cell; of a cell with a button, link or box in it, that has the focus.
 */
runstore.Grid = (() => {
  const { element } = runstore;
  // Rows and pixels beyond the edges that are kept ready for scrolling.
  const MORE_ROWS = 8;
  const MORE_WIDTH = 240;
  // Of a narrow grid's width pinned columns take no more than this.
  const MOST_PINNED = 0.72;

  /**
   * @typedef {object} GridColumn
   * @property {string} key
   * @property {number} width
   * @property {string} className
   * @property {boolean} pinned
   * @property {?string} sorted  ascending | descending
   * @property {boolean} isHeader whether its cells name their rows
   *
   * @typedef {object} GridRow
   * @property {string} key
   * @property {string} version   changes when its cells do
   * @property {string} className
   * @property {?boolean} selected null where it cannot be
   */

  class Grid {
    /**
     * @param {HTMLElement} host
     * @param {object} how
     * @param {string} how.label
     * @param {string} how.empty what stands there without a row
     * @param {number} [how.rowHeight] px
     * @param {number} [how.headHeight] px; as a row's where it is not given
     * @param {(column: GridColumn, row: GridRow) => Node | string} how.cell
     * @param {(column: GridColumn) => Node | string} how.head
     * @param {(column: GridColumn, foot: string) => Node | string} how.foot
     * @param {() => void} [how.resized] once the grid has another width
     */
    constructor(host, how) {
      this.how = how;
      this.rowHeight = how.rowHeight ?? (matchMedia("(max-width: 720px)").matches ? 40 : 32);
      this.headHeight = how.headHeight ?? this.rowHeight;
      const part = (name) => element("div", { className: `grid-${name}`, role: "rowgroup" });
      [this.head, this.body, this.foot] = ["head", "body", "foot"].map(part);
      this.root = element("div", { className: "grid", role: "grid", aria: { label: how.label } }, this.head, this.body, this.foot);
      this.empty = element("p", { className: "grid-empty", hidden: true }, how.empty);
      host.append(this.root, this.empty);
      this.root.style.setProperty("--row-height", `${this.rowHeight}px`);
      this.root.style.setProperty("--head-height", `${this.headHeight}px`);
      this.columns = [];
      this.rows = [];
      this.feet = [];
      /** @type {Map<string, Entry>} the rows that are in the page, by key */
      this.entries = new Map();
      this.fixed = [];
      this.active = { part: "head", row: null, column: "name" };
      this.size = { width: 0, height: 0 };
      // Kept here, because asking an element that has just changed makes the browser lay out.
      this.scroll = { left: 0, top: 0 };
      this.root.addEventListener("scroll", () => this.#scrolled());
      this.root.addEventListener("keydown", (event) => this.#key(event));
      this.root.addEventListener("focusin", (event) => this.#focused(event.target));
      new ResizeObserver(() => this.#measure()).observe(this.root);
    }

    /**
     * @param {object} what
     * @param {GridRow[]} what.rows
     * @param {GridColumn[]} what.columns the pinned ones first
     * @param {string[]} what.feet names of the rows below
     * @param {string} what.version changes when what columns show does, for every row
     * @param {string} what.headVersion changes when a header does
     */
    show({ rows, columns, feet, version, headVersion }) {
      const held = this.#held();
      if (version !== this.version) this.#clear();
      if (version !== this.version || headVersion !== this.headVersion) this.#setHead(columns, feet);
      this.version = version;
      this.headVersion = headVersion;
      this.rows = rows;
      this.places = new Map(rows.map(({ key }, at) => [key, at]));
      this.root.setAttribute("aria-rowcount", String(rows.length + 1 + feet.length));
      this.body.style.height = `${rows.length * this.rowHeight}px`;
      this.empty.hidden = rows.length > 0;
      if (this.active.part === "body" && !this.places.has(this.active.row)) this.active = { ...this.active, part: "head", row: null };
      for (const entry of this.#footEntries()) entry.row = { ...entry.row, version: {} };
      this.#render();
      if (held) this.#hold(held);
    }

    #clear() {
      for (const { node } of this.entries.values()) node.remove();
      this.entries.clear();
    }

    #setHead(columns, feet) {
      this.columns = columns;
      this.feet = feet;
      this.#place();
      if (!columns.some(({ key }) => key === this.active.column)) this.active = { ...this.active, column: columns[0]?.key };
      this.root.setAttribute("aria-colcount", String(columns.length));
      const make = (name, part) => ({ node: element("div", { className: `grid-row ${part}-row`, role: "row" }), row: { key: name, version: "", className: "" }, cells: new Map(), part });
      const top = make("head", "head");
      top.node.setAttribute("aria-rowindex", "1");
      this.fixed = [top, ...feet.map((name) => make(name, "foot"))];
      this.head.replaceChildren(top.node);
      this.foot.replaceChildren(...this.#footEntries().map(({ node }) => node));
      this.foot.hidden = feet.length === 0;
    }

    #footEntries() {
      return this.fixed.filter(({ part }) => part === "foot");
    }

    /** Where each column stands. */
    #place() {
      let [left, pinned] = [0, 0];
      const most = this.size.width ? this.size.width * MOST_PINNED : Infinity;
      let sticky = true;
      this.columns.forEach((column, at) => {
        column.at = at;
        column.blanks = null;
        column.left = left;
        left += column.width;
        sticky &&= column.pinned && (left <= most || at < 3);
        column.sticky = sticky;
        if (sticky) pinned = left;
      });
      this.width = left;
      this.pinnedWidth = pinned;
      for (const part of [this.head, this.body, this.foot]) part.style.width = `max(100%, ${left}px)`;
    }

    #measure() {
      const { clientWidth: width, clientHeight: height } = this.root;
      if (width === this.size.width && height === this.size.height) return;
      const resized = width !== this.size.width;
      this.size = { width, height };
      if (resized && this.columns.length) {
        const held = this.#held();
        this.#clear();
        this.#setHead(this.columns, this.feet);
        if (held) setTimeout(() => this.#hold(held));
      }
      this.#render();
      if (resized) this.how.resized?.();
    }

    /** The height of what lies between header and footer. */
    get room() {
      return this.size.height - this.headHeight - this.rowHeight * this.feet.length;
    }

    #scrolled() {
      this.scroll = { left: this.root.scrollLeft, top: this.root.scrollTop };
      this.root.classList.toggle("slid", this.scroll.left !== 0);
      this.#render();
    }

    /** Puts the rows and columns that are in sight into the page, and takes the others out. */
    #render() {
      if (!this.columns.length) return;
      const columns = this.#columnsInSight();
      for (const entry of this.fixed) this.#fill(entry, columns);
      // Fewer rows than before: the browser will scroll back.
      const top = Math.min(this.scroll.top, Math.max(0, this.rows.length * this.rowHeight - this.room));
      const first = Math.max(0, Math.floor(top / this.rowHeight) - MORE_ROWS);
      const last = Math.min(this.rows.length, Math.ceil((top + this.room) / this.rowHeight) + MORE_ROWS);
      const places = [];
      for (let at = first; at < last; at++) places.push(at);
      const active = this.active.part === "body" ? this.places.get(this.active.row) : undefined;
      if (active !== undefined && active < first) places.unshift(active);
      if (active !== undefined && active >= last) places.push(active);
      this.#fillBody(places, columns);
    }

    #columnsInSight() {
      const left = Math.min(this.scroll.left, Math.max(0, this.width - this.size.width));
      const [from, to] = [left + this.pinnedWidth - MORE_WIDTH, left + (this.size.width || 1000) + MORE_WIDTH];
      return this.columns.filter((column) => column.sticky || column.key === this.active.column || (column.left + column.width > from && column.left < to));
    }

    #fillBody(places, columns) {
      const wanted = new Set(places.map((at) => this.rows[at].key));
      for (const [key, entry] of this.entries) {
        if (wanted.has(key)) continue;
        entry.node.remove();
        this.entries.delete(key);
      }
      let cursor = this.body.firstChild;
      for (const at of places) {
        const entry = this.#entry(this.rows[at], at);
        this.#fill(entry, columns);
        if (entry.node === cursor) cursor = cursor.nextSibling;
        else this.body.insertBefore(entry.node, cursor);
      }
    }

    #entry(row, at) {
      let entry = this.entries.get(row.key);
      if (!entry) {
        const node = element("div", { role: "row", data: { key: row.key } });
        this.entries.set(row.key, (entry = { node, row: { ...row, version: null }, cells: new Map(), part: "body", at: -1 }));
      }
      if (entry.row.version !== row.version) {
        entry.node.className = `grid-row ${row.className}`;
        if (entry.cells.size) entry.node.replaceChildren();
        entry.cells.clear();
        if (row.selected !== null) entry.node.setAttribute("aria-selected", String(row.selected));
      }
      entry.row = row;
      if (entry.at !== at) {
        entry.at = at;
        entry.node.style.transform = `translateY(${at * this.rowHeight}px)`;
        entry.node.classList.toggle("even", at % 2 === 1);
        entry.node.setAttribute("aria-rowindex", String(at + 2));
      }
      return entry;
    }

    /** Leaves in a row the cells of these columns, in order. */
    #fill(entry, columns) {
      const { node, cells } = entry;
      if (entry.part === "foot" && entry.version !== entry.row.version) {
        entry.version = entry.row.version;
        node.replaceChildren();
        cells.clear();
        node.setAttribute("aria-rowindex", String(this.rows.length + 2 + this.feet.indexOf(entry.row.key)));
      }
      if (cells.size) {
        const wanted = new Set(columns.map(({ key }) => key));
        for (const [key, cell] of cells) {
          if (wanted.has(key)) continue;
          cell.remove();
          cells.delete(key);
        }
      }
      let cursor = node.firstChild;
      for (const column of columns) {
        let cell = cells.get(column.key);
        if (cell && cell === cursor) {
          cursor = cursor.nextSibling;
          continue;
        }
        if (!cell) cells.set(column.key, (cell = this.#cell(column, entry)));
        node.insertBefore(cell, cursor);
      }
    }

    /** An empty cell of a column: made once for each part of the grid, then copied. */
    #blank(column, part) {
      column.blanks ??= {};
      if (!column.blanks[part]) {
        const cell = element("div", { className: column.sticky ? `grid-cell pinned ${column.className}` : `grid-cell ${column.className}`, data: { column: column.key } });
        cell.style.width = `${column.width}px`;
        cell.style.left = `${column.left}px`;
        cell.setAttribute("role", part === "head" ? "columnheader" : column.isHeader ? "rowheader" : "gridcell");
        cell.setAttribute("aria-colindex", String(column.at + 1));
        if (part === "head" && column.sorted) cell.setAttribute("aria-sort", column.sorted);
        column.blanks[part] = cell;
      }
      return column.blanks[part].cloneNode(false);
    }

    #cell(column, { part, row }) {
      const cell = this.#blank(column, part);
      const { how } = this;
      const content = part === "head" ? how.head(column) : part === "foot" ? how.foot(column, row.key) : how.cell(column, row, cell);
      const isActive = part === this.active.part && column.key === this.active.column && (part === "head" || row.key === this.active.row);
      if (typeof content === "string") {
        cell.textContent = content;
        cell.tabIndex = isActive ? 0 : -1;
        return cell;
      }
      cell.append(content);
      const widgets = cell.querySelectorAll("a, button, input");
      for (const widget of widgets) widget.tabIndex = -1;
      (widgets[0] ?? cell).tabIndex = isActive ? 0 : -1;
      return cell;
    }

    /** The cell at a place, when it is in the page. */
    #find({ part, row, column }) {
      const entry = part === "body" ? this.entries.get(row) : this.fixed.find((each) => each.part === part && (part === "head" || each.row.key === row));
      return entry?.cells.get(column) ?? null;
    }

    /** Which widget of which cell has the focus, so that it is found again in a row that was made anew. */
    #held() {
      const focused = document.activeElement;
      const cell = this.root.contains(focused) && focused.closest("[data-column]");
      return cell ? { place: { ...this.active }, nth: [...cell.querySelectorAll("a, button, input")].indexOf(focused) } : null;
    }

    #hold({ place, nth }) {
      if (this.root.contains(document.activeElement) && document.activeElement.isConnected && document.activeElement !== this.root) return;
      if (place.part === "body" && !this.places.has(place.row)) return;
      const cell = this.#find(place);
      if (!cell) return;
      const widgets = cell.querySelectorAll("a, button, input");
      (widgets[Math.max(0, nth)] ?? widgets[0] ?? cell).focus({ preventScroll: true });
    }

    #focused(target) {
      const cell = target.closest("[data-column]");
      if (!cell) return;
      const before = this.#find(this.active);
      const part = this.head.contains(cell) ? "head" : this.foot.contains(cell) ? "foot" : "body";
      const entry = part === "foot" ? this.fixed.find(({ node }) => node === cell.parentNode) : null;
      this.active = { part, row: part === "body" ? cell.parentNode.dataset.key : entry?.row.key ?? null, column: cell.dataset.column };
      if (before && before !== cell) for (const each of [before, ...before.querySelectorAll("a, button, input")]) if (each.tabIndex === 0) each.tabIndex = -1;
      target.tabIndex = 0;
    }

    #key(event) {
      if (event.altKey || event.defaultPrevented || event.target.closest("input:not([type=checkbox])")) return;
      const { key, ctrlKey, metaKey, shiftKey } = event;
      if (shiftKey) return;
      const page = Math.max(1, Math.floor(this.room / this.rowHeight) - 1);
      const last = this.rows.length + this.feet.length;
      const end = this.columns.length - 1;
      const row = this.#rowNumber();
      const column = this.columns.findIndex((each) => each.key === this.active.column);
      const corner = ctrlKey || metaKey;
      const to = {
        ArrowUp: [row - 1, column], ArrowDown: [row + 1, column], ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1],
        PageUp: [row - page, column], PageDown: [row + page, column],
        Home: [corner ? 0 : row, 0], End: [corner ? last : row, end],
      }[key];
      if (!to) return;
      event.preventDefault();
      this.#go(Math.min(last, Math.max(0, to[0])), Math.min(end, Math.max(0, to[1])));
    }

    /** The number of the active row: the header is 0, footers follow the last row. */
    #rowNumber() {
      const { part, row } = this.active;
      if (part === "head") return 0;
      return part === "body" ? this.places.get(row) + 1 : this.rows.length + 1 + this.feet.indexOf(row);
    }

    #go(number, columnAt) {
      const column = this.columns[columnAt];
      const body = number > 0 && number <= this.rows.length;
      const row = number === 0 ? null : body ? this.rows[number - 1].key : this.feet[number - 1 - this.rows.length];
      const before = this.#find(this.active);
      if (before) for (const each of [before, ...before.querySelectorAll("a, button, input")]) if (each.tabIndex === 0) each.tabIndex = -1;
      this.active = { part: number === 0 ? "head" : body ? "body" : "foot", row, column: column.key };
      if (body) this.#showRow(number - 1);
      this.#showColumn(column);
      this.#render();
      const cell = this.#find(this.active);
      (cell.querySelector("a, button, input") ?? cell).focus({ preventScroll: true });
    }

    #showRow(at) {
      const [top, bottom] = [at * this.rowHeight, (at + 1) * this.rowHeight];
      if (top < this.scroll.top) this.#scrollTo({ top });
      else if (bottom > this.scroll.top + this.room) this.#scrollTo({ top: bottom - this.room });
    }

    #showColumn({ sticky, left, width }) {
      if (sticky) return;
      if (left < this.scroll.left + this.pinnedWidth) this.#scrollTo({ left: left - this.pinnedWidth });
      else if (left + width > this.scroll.left + this.size.width) this.#scrollTo({ left: left + width - this.size.width });
    }

    #scrollTo(to) {
      this.scroll = { ...this.scroll, ...to };
      this.root.scrollTo({ ...to, behavior: "instant" });
    }

    /** The column and the row's key of a place in the page. @param {Element} target */
    at(target) {
      const cell = target.closest("[data-column]");
      if (!cell || !this.root.contains(cell)) return null;
      return { cell, column: this.columns.find(({ key }) => key === cell.dataset.column), row: this.body.contains(cell) ? this.entries.get(cell.parentNode.dataset.key)?.row ?? null : null };
    }
  }

  return Grid;
})();
