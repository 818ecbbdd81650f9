"use strict";
/**
 * A logged table as people read it: sorted, filtered, grouped by a column, with the spread of each column in its header.
 * Of any number of rows only those in sight are in the page (grid.js).
 *
 * @typedef {{name: string, kind?: CellKind, className?: string, colour?: string, about?: string, width?: number}} TableColumn  `colour`: of the run that it belongs to
 * @typedef {object} TableState what a person chose: `filter`, `group` (a column's name), `sort` (names, "-" before one for descending), `open` (groups)
 */
runstore.TableView = (() => {
  const { element, icon, format, tableRows, Grid } = runstore;
  const { isEmpty, isMedia, textOf, numberOf } = tableRows;
  const HEAD = 74;
  const ROW = 32;
  const MEDIA_ROW = 96;
  const MOST_SHOWN = 200_000;
  const NUMBER = "#";
  const SPACE = "http://www.w3.org/2000/svg";
  const [DIGIT, LETTER] = [8.9, 7.4];
  const WIDTHS = { number: [98, 190], bool: [84, 140], text: [96, 340], media: [150, 150] };

  class TableView {
    /**
     * @param {object} how
     * @param {string} how.label
     * @param {(part: Partial<TableState>) => void} how.change keeps a part of the state
     * @param {(cell: object, column: number, row: any[]) => Node} how.media what stands for a cell of media
     * @param {(cell: any, column: number, row: any[]) => ?Node} [how.cell] what stands in a cell otherwise, null for its text
     * @param {(rows: any[][]) => void} [how.save] downloads rows; without it there is no button for it
     * @param {() => Promise<void>} [how.whole] loads the rows that are not there yet: asked for before a search, an order and a group
     */
    constructor(how) {
      this.how = how;
      this.rows = [];
      this.columns = [];
      /** @type {TableState} */
      this.state = { filter: "", group: "", sort: [], open: [] };
      this.version = 0;
      this.search = element("input", { type: "search", placeholder: "Filter: score > 0.5, or regex", title: "score > 0.5 and label = cat; otherwise a regular expression over the row", aria: { label: `Filter the rows of ${how.label}` } });
      this.search.oninput = () => {
        clearTimeout(this.typing);
        this.typing = setTimeout(() => this.choose({ filter: this.search.value }), 150);
      };
      this.by = element("select", { aria: { label: `Group the rows of ${how.label} by` } });
      this.by.onchange = () => this.choose({ group: this.by.value, open: [] });
      this.status = element("span", { className: "soft", role: "status" });
      this.place = element("div", { className: "table-grid" });
      this.tools = element("div", { className: "table-tools" }, this.search, element("label", { className: "control" }, "Group by", this.by), this.#saver(), this.status);
      this.root = element("div", { className: "table-view", data: { keys: "" } }, this.tools, this.place);
    }

    #saver() {
      if (!this.how.save) return null;
      const save = element("button", { type: "button" }, "Download CSV");
      save.onclick = async () => {
        await this.how.whole?.();
        this.#find();
        this.how.save(this.places.map((place) => this.rows[place]));
      };
      return save;
    }

    say(text) {
      this.status.textContent = text;
    }

    /**
     * @param {TableColumn[]} columns @param {any[][]} rows @param {Partial<TableState>} state @param {number} [total] rows that there are, where not all are here
     */
    show(columns, rows, state, total = rows.length) {
      this.rows = rows;
      this.total = total;
      this.state = { ...this.state, ...clean(state) };
      this.columns = columns.map((column, at) => ({ ...column, kind: column.kind ?? tableRows.kindOf(rows, at) }));
      this.names = this.columns.map(({ name }) => name);
      this.version++;
      if (document.activeElement !== this.search) this.search.value = this.state.filter;
      const groupable = this.columns.filter(({ kind }) => kind !== "media");
      this.by.replaceChildren(element("option", { value: "" }, "Nothing"), ...groupable.map(({ name }) => element("option", { value: name }, name)));
      this.#gridFor(this.columns.some(({ kind }) => kind === "media") ? MEDIA_ROW : matchMedia("(max-width: 720px)").matches ? 40 : ROW);
      this.#draw();
    }

    #gridFor(rowHeight) {
      if (this.grid?.rowHeight === rowHeight) return;
      this.place.replaceChildren();
      this.grid = new Grid(this.place, {
        label: this.how.label, empty: "No row matches.", rowHeight, headHeight: HEAD,
        cell: (column, row, cell) => this.#cell(column, row, cell),
        head: (column) => this.#head(column),
        foot: () => "",
      });
      this.grid.root.addEventListener("dblclick", (event) => {
        const found = this.grid.at(event.target);
        if (found?.row && found.row.at !== undefined) this.#open(found.row.at);
      });
    }

    /** Takes a person's choice, and shows it. @param {Partial<TableState>} part */
    async choose(part) {
      Object.assign(this.state, part);
      this.how.change(part);
      const turn = (this.turn = {});
      if (this.#isChosen() && this.rows.length < this.total) await this.how.whole?.();
      if (this.turn === turn) this.#draw();
    }

    #isChosen() {
      const { filter, group, sort } = this.state;
      return Boolean(filter.trim() || group || sort.length);
    }

    /** The places of the rows that match, in their order. */
    #find() {
      const { filter, sort } = this.state;
      const { test, said } = tableRows.filter(filter, this.names);
      const matching = [];
      for (let at = 0; at < this.rows.length; at++) if (test(this.rows[at])) matching.push(at);
      const order = sort.map((text) => ({ column: this.names.indexOf(text.replace(/^-/, "")), down: text.startsWith("-") })).filter(({ column }) => column >= 0);
      this.places = tableRows.sorted(this.rows, matching, order);
      this.order = order;
      this.said = said;
      this.spreads = new Map();
    }

    #draw() {
      this.#find();
      const by = this.names.indexOf(this.state.group);
      this.by.value = by >= 0 ? this.state.group : "";
      this.groups = by >= 0 ? this.#sortedGroups(by) : null;
      const rows = this.groups ? this.#groupRows() : this.places.slice(0, MOST_SHOWN).map((at) => this.#rowOf(at));
      const version = `${this.version} ${by}`;
      this.grid.show({ rows, columns: this.#gridColumns(by), feet: [], version, headVersion: `${version} ${JSON.stringify([this.state, this.places.length, this.rows.length])}` });
      this.grid.empty.textContent = this.total ? "No row matches." : "It was logged without a row.";
      this.say(this.#summary());
    }

    #rowOf(at) {
      return { key: `r${at}`, at, version: "", className: "", selected: null };
    }

    #summary() {
      const { length } = this.places;
      const counted = length === this.total ? format.count(length, "row") : `${format.whole(length)} of ${format.count(this.total, "row")}`;
      const groups = this.groups ? format.count(this.groups.length, "group") : "";
      const cut = !this.groups && length > MOST_SHOWN ? `the first ${format.whole(MOST_SHOWN)} are shown: filter for others` : "";
      return [counted, groups, cut, this.said].filter(Boolean).join(" · ");
    }

    #sortedGroups(by) {
      const groups = tableRows.groups(this.rows, this.places, by);
      const [first] = this.order;
      if (!first) return groups;
      const valueOf = (group) => {
        if (first.column === by) return group.value;
        const found = this.#spreadOf(group, first.column);
        return found.kind === "numbers" ? (found.n ? found.mean : null) : found.distinct ?? found.n;
      };
      const keyed = groups.map((group) => [valueOf(group), group]);
      keyed.sort(([a], [b]) => Number(isEmpty(a)) - Number(isEmpty(b)) || (first.down ? tableRows.compare(b, a) : tableRows.compare(a, b)));
      return keyed.map(([, group]) => group);
    }

    #groupRows() {
      const open = new Set(this.state.open);
      const rows = [];
      for (const group of this.groups) {
        const isOpen = open.has(group.key);
        rows.push({ key: `g${group.key}`, group, version: `${isOpen} ${group.rows.length} ${this.version}${this.state.filter}`, className: "group-row", selected: null });
        if (isOpen) for (const at of group.rows) if (rows.length < MOST_SHOWN) rows.push(this.#rowOf(at));
      }
      return rows;
    }

    /** The columns in the grid: the row's number, then, of a grouped table, what it is grouped by. */
    #gridColumns(by) {
      const sortedBy = new Map(this.order.map(({ column, down }) => [column, down]));
      // Of groups there are counts and histograms too.
      const more = (at, kind) => (by < 0 ? 0 : at === by ? 84 : kind === "number" ? 40 : 0);
      const own = this.columns.map(({ kind, width }, at) => ({
        key: `c${at}`, place: at, width: (width ?? this.#width(at)) + more(at, kind), className: `cell-${kind}`, pinned: at === by, isHeader: at === by,
        sorted: sortedBy.has(at) ? (sortedBy.get(at) ? "descending" : "ascending") : null,
      }));
      const first = { key: NUMBER, place: -1, width: 30 + 8 * String(this.total).length, className: "cell-index", pinned: true, isHeader: by < 0, sorted: null };
      return [first, ...(by >= 0 ? [own[by]] : []), ...own.filter((_, at) => at !== by)];
    }

    /** Wide enough for what most cells hold. */
    #width(at) {
      const { kind, name } = this.columns[at];
      const [least, most] = WIDTHS[kind];
      let longest = name.length + 3;
      for (let row = 0; row < Math.min(60, this.rows.length); row++) longest = Math.max(longest, Math.min(60, textOf(this.rows[row][at]).length));
      return Math.max(least, Math.min(most, Math.round(18 + (kind === "number" ? Math.max(DIGIT * Math.min(longest, 10), LETTER * Math.min(longest, name.length + 3)) : LETTER * longest))));
    }

    #spread(at) {
      if (!this.spreads.has(at)) this.spreads.set(at, tableRows.spread(this.rows, this.places, at, this.columns[at].kind));
      return this.spreads.get(at);
    }

    #spreadOf(group, at) {
      group.spreads ??= new Map();
      if (!group.spreads.has(at)) group.spreads.set(at, tableRows.spread(this.rows, group.rows, at, this.columns[at].kind));
      return group.spreads.get(at);
    }

    #head({ place }) {
      if (place < 0) return NUMBER;
      const { name, kind, colour, about } = this.columns[place];
      const sort = element("button", { type: "button", className: "sort", title: about ?? name }, colour ? swatch(colour) : "", element("span", { className: "text" }, name));
      sort.onclick = (event) => this.choose({ sort: this.#nextSort(name, event.shiftKey) });
      const found = this.#spread(place);
      return element("div", { className: "column-head" }, sort, element("div", { className: "column-spread", title: said(found) }, picture(found), element("span", { className: "column-said" }, brief(found, kind))));
    }

    #nextSort(name, more) {
      const { sort } = this.state;
      const others = more ? sort.filter((each) => each !== name && each !== `-${name}`) : [];
      if (sort.includes(name)) return [...others, `-${name}`];
      return sort.includes(`-${name}`) ? others : [...others, name];
    }

    #cell({ place }, row, node) {
      if (row.group) return this.#groupCell(place, row.group, node);
      if (place < 0) return this.#opener(row.at);
      const values = this.rows[row.at];
      const cell = values[place];
      if (isMedia(cell)) return this.how.media(cell, place, values);
      const own = this.how.cell?.(cell, place, values);
      if (own) return own;
      if (isEmpty(cell)) return "";
      const text = typeof cell === "number" ? format.number(cell) : textOf(cell);
      if (text.length > 12 || typeof cell === "number") node.title = textOf(cell).slice(0, 1000);
      return text.length > 500 ? `${text.slice(0, 500)}…` : text;
    }

    #opener(at) {
      const button = element("button", { type: "button", className: "quiet row-open", title: "The whole row", aria: { label: `Row ${at + 1}, whole` } }, String(at + 1));
      button.onclick = () => this.#open(at);
      return button;
    }

    #groupCell(place, group, node) {
      if (place < 0) return "";
      const { kind } = this.columns[place];
      if (this.names[place] === this.state.group) return this.#fold(group);
      const found = this.#spreadOf(group, place);
      node.title = said(found);
      if (found.kind === "numbers") return found.n ? element("span", { className: "group-number" }, bars(found.counts, "spread"), format.number(found.mean)) : "";
      if (found.kind === "media") return found.n ? `${found.n} media` : "";
      return found.distinct === 1 ? found.counts[0][0] : found.distinct ? format.count(found.distinct, kind === "bool" ? "kind" : "value") : "";
    }

    #fold(group) {
      const isOpen = this.state.open.includes(group.key);
      const fold = element("button", { type: "button", className: "fold", aria: { expanded: isOpen, label: `Rows of ${group.label}` } }, icon("chevron"));
      fold.onclick = () => this.choose({ open: isOpen ? this.state.open.filter((key) => key !== group.key) : [...this.state.open, group.key] });
      return element("span", { className: "name-cell" }, fold, element("span", { className: "text", title: group.label }, group.label), element("span", { className: "count" }, String(group.rows.length)));
    }

    /** A whole row in a dialog: long texts to their ends, media at their size. */
    #open(at) {
      const place = this.places.indexOf(at);
      const dialog = element("dialog", { className: "row-dialog" });
      dialog.setAttribute("aria-label", `Row ${at + 1} of ${this.how.label}`);
      const button = (label, action, disabled = false) => Object.assign(element("button", { type: "button", disabled }, label), { onclick: action });
      const go = (by) => {
        dialog.close();
        this.#open(this.places[place + by]);
      };
      const head = element("div", { className: "zoom-head" }, element("p", { className: "zoom-title" }, `Row ${at + 1}`), element("div", { className: "tool-row" }, button("Previous", () => go(-1), place <= 0), button("Next", () => go(1), place >= this.places.length - 1), button("Close", () => dialog.close())));
      const row = this.rows[at];
      const parts = this.columns.flatMap(({ name }, column) => [element("dt", {}, name), element("dd", {}, isMedia(row[column]) ? this.how.media(row[column], column, row) : isEmpty(row[column]) ? "–" : String(row[column]))]);
      dialog.append(head, element("dl", { className: "row-values", tabIndex: 0 }, ...parts));
      dialog.onclose = () => dialog.remove();
      dialog.onclick = (event) => event.target === dialog && dialog.close();
      runstore.home().append(dialog);
      dialog.showModal();
    }
  }

  function clean({ filter, group, sort, open }) {
    const texts = (value) => (Array.isArray(value) ? value.filter((each) => typeof each === "string") : undefined);
    const given = { filter: typeof filter === "string" ? filter : undefined, group: typeof group === "string" ? group : undefined, sort: texts(sort), open: texts(open) };
    return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  }

  function swatch(colour) {
    const made = element("span", { className: "swatch" });
    made.style.backgroundColor = colour;
    return made;
  }

  function bars(counts, className) {
    const svg = document.createElementNS(SPACE, "svg");
    svg.setAttribute("class", className);
    svg.setAttribute("viewBox", `0 0 ${counts.length} 1`);
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("aria-hidden", "true");
    const most = Math.max(...counts, 1);
    counts.forEach((count, at) => {
      if (!count) return;
      const rect = document.createElementNS(SPACE, "rect");
      const height = Math.max(0.06, count / most);
      for (const [name, value] of Object.entries({ x: at + 0.06, width: 0.88, y: 1 - height, height })) rect.setAttribute(name, String(value));
      svg.append(rect);
    });
    return svg;
  }

  /** The spread of a column, drawn: of texts that are all different there is nothing to draw. */
  function picture(found) {
    if (found.kind === "numbers" && found.n) return bars(found.counts, "column-bars");
    if (found.kind === "values" && found.distinct && found.distinct < found.n) return bars(found.counts.map(([, count]) => count), "column-bars values");
    return "";
  }

  function brief(found) {
    if (found.kind === "media") return format.whole(found.n);
    if (!found.n) return "empty";
    if (found.kind === "numbers") return found.min === found.max ? `all ${format.number(found.min, 4)}` : `${format.number(found.min, 3)} – ${format.number(found.max, 3)}`;
    return found.distinct === 1 ? `all ${found.counts[0][0]}` : format.count(found.distinct, "value");
  }

  /** The spread of a column, in words. */
  function said(found) {
    const empty = found.empty ? [`${format.whole(found.empty)} empty`] : [];
    if (found.kind === "media") return [format.whole(found.n), ...empty].join("\n");
    if (found.kind === "numbers") {
      const odd = found.odd ? [`${format.whole(found.odd)} not finite`] : [];
      return [...(found.n ? [`mean ${format.number(found.mean, 6)}`, `${format.number(found.min, 6)} to ${format.number(found.max, 6)}`, `n=${format.whole(found.n)}`] : []), ...odd, ...empty].join("\n");
    }
    const more = found.distinct - found.counts.length;
    return [...found.counts.map(([text, count]) => `${text.slice(0, 60)}: ${format.whole(count)}`), ...(more > 0 ? [`and ${format.whole(more)} more`] : []), ...empty].join("\n");
  }

  return TableView;
})();
