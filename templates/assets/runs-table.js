"use strict";
/** The table of runs and of their groups, in a grid: what stands in its rows, cells, header and footer. */
runstore.RunTable = (() => {
  const { element, icon, format, taste, Grid } = runstore;
  const BINS = 12;
  const DIGIT = 7.6;
  const LETTER = 8.2;
  const SAMPLE = 40;
  const NARROWEST = 56;
  // Where there is little room, a name of twenty letters stays whole until the head beside it is cut; of a name at least
  // fourteen letters stay, and the value beside it.
  const WHOLE_NAME = 20 * LETTER + 44;
  const LEAST_NAME = 156;
  const LEAST_VALUE = 84;
  // So that a table that is dragged wider is not laid out anew for every pixel.
  const ROOM_STEP = 8;
  // From here on a group's cell has room for its extremes.
  const ROOMY = 180;
  const MOST_VALUES = 40;
  const WIDTHS = "column-widths";
  const FEET = { min: "Minimum", mean: "Mean", max: "Maximum" };
  const SELECT = ":select";
  const EYE = ":eye";
  // What `define_metric` says of a column's metric.
  const GOALS = { minimize: { arrow: " ↓", text: ": lower is better" }, maximize: { arrow: " ↑", text: ": higher is better" } };

  /**
   * @typedef {object} On  what the reader asks for; a `key` names a run or a group
   * @property {(key: string, more: boolean) => void} sort    `more`: beside what is sorted by already
   * @property {(key: string) => void} toggle                 show in charts or hide
   * @property {() => void} toggleAll
   * @property {(key: string) => void} fold
   * @property {(key: ?string) => void} hover
   * @property {(runs: number[], on: boolean) => void} select
   * @property {(key: string, anchor: HTMLElement) => void} menu
   * @property {(key: string, by: number) => void} step       moves a column
   * @property {(key: string, beside: string, after: boolean) => void} move  the same
   */

  class RunTable {
    /**
     * @param {HTMLElement} host
     * @param {runstore.Runs} runs
     * @param {runstore.TableColumns} columns
     * @param {On} on
     */
    constructor(host, runs, columns, on) {
      this.runs = runs;
      this.columns = columns;
      this.on = on;
      this.widths = { ...taste.get(WIDTHS, {}) };
      this.measured = new Map();
      this.build = 0;
      this.grid = new Grid(host, {
        label: "Runs",
        empty: "",
        cell: (column, row, node) => this.#cell(column, row, node),
        head: (column) => this.#head(column),
        foot: (column, foot) => this.#foot(column, foot),
        resized: () => this.#refit(),
      });
      this.#listen(host);
    }

    #listen(host) {
      host.addEventListener("click", (event) => this.#click(event));
      host.addEventListener("keydown", (event) => this.#key(event));
      host.addEventListener("contextmenu", (event) => this.#contextMenu(event));
      host.addEventListener("pointerover", (event) => this.#over(event.target));
      host.addEventListener("pointerleave", () => this.on.hover(null));
      host.addEventListener("focusin", ({ target }) => this.on.hover(this.grid.at(target)?.row?.key ?? null));
      host.addEventListener("focusout", () => this.on.hover(null));
      runstore.headDrag(host, (key) => key !== "name" && this.runs.columns.has(key), this.on.move);
      host.addEventListener("pointerdown", (event) => event.target.classList.contains("grid-resize") && this.#resize(event));
    }

    /** What stands in any cell may be another after a later build. */
    renew() {
      this.build++;
      this.measured.clear();
    }

    /** @param {runstore.Shown} shown @param {View} view */
    show(shown, view) {
      this.shown = shown;
      this.view = view;
      this.selected = new Set(view.select);
      this.open = new Set(view.open);
      const sorts = this.runs.sorts(view.sort);
      this.order = new Map(sorts.map(({ key, sign }, at) => [key, { sign, nth: sorts.length > 1 ? at + 1 : 0 }]));
      this.grid.empty.textContent = this.runs.all.length ? "No run matches. Empty the search, or take conditions out of the filter." : "There is no run here yet.";
      const columns = this.#columns(view);
      this.fitted = columns.map(({ width }) => width).join();
      const rows = shown.tree ? this.#groupRows(shown.tree) : this.runs.sort(shown.matching, view.sort).map((run) => this.#runRow(run, shown.colours.of(run), 0));
      const picked = shown.matching.reduce((sum, run) => sum + this.selected.has(this.runs.id[run]), 0);
      this.picked = picked === 0 ? "none" : picked === shown.matching.length ? "all" : "some";
      const version = JSON.stringify([columns.map(({ key, width, pinned }) => [key, width, pinned]), view.heat, view.crop, view.foot, this.build]);
      const headVersion = `${view.sort} ${this.picked} ${shown.charted.size > 0}`;
      this.grid.show({ rows, columns, feet: view.foot ? Object.keys(FEET) : [], version, headVersion });
    }

    #columns(view) {
      const fixed = (key, width) => ({ key, width, className: "cell-fixed", pinned: true, sorted: null, isHeader: false });
      const made = [fixed(SELECT, 30), fixed(EYE, 28), this.#column(this.runs.columns.get("name"), true)];
      for (const key of this.columns.keys(view)) made.push(this.#column(this.runs.columns.get(key), this.columns.isPinned(view, key)));
      this.#fit(made);
      return made;
    }

    /** In a narrow table the name makes room for the first value beside it, unless somebody set its width. */
    #fit([select, eye, name, value]) {
      const { width } = this.grid.size;
      if (!value || !width) return;
      const room = Math.floor((width - select.width - eye.width) / ROOM_STEP) * ROOM_STEP;
      const kept = this.widths.name ?? Math.min(name.width, WHOLE_NAME);
      if (!this.widths[value.key]) value.width = Math.max(Math.min(value.width, LEAST_VALUE), Math.min(value.width, room - kept));
      if (!this.widths.name) name.width = Math.max(Math.min(name.width, LEAST_NAME), Math.min(name.width, room - value.width));
    }

    /** Lays the columns out anew where a table of another width has other ones. */
    #refit() {
      if (this.shown && this.#columns(this.view).map(({ width }) => width).join() !== this.fitted) this.show(this.shown, this.view);
    }

    #column(column, pinned) {
      const { key, type } = column;
      const sorted = this.order.get(key);
      return {
        key, column, pinned,
        width: this.widths[key] ?? this.#width(column),
        className: `cell-${type}${key === "name" ? " cell-name" : ""}`,
        sorted: sorted ? (sorted.sign < 0 ? "descending" : "ascending") : null,
        nth: sorted?.nth ?? 0,
        isHeader: key === "name",
      };
    }

    /** About as wide as what stands in it. */
    #width(column) {
      if (column.key === "name" && this.shown.groups) return this.#groupWidth();
      const grouped = Boolean(this.shown.tree) && this.runs.isMeasured(column);
      const name = `${column.key} ${grouped}`;
      if (!this.measured.has(name)) this.measured.set(name, this.#measure(column, grouped));
      return this.measured.get(name);
    }

    #groupWidth() {
      let longest = 0;
      for (const leaf of this.shown.groups) {
        for (let each = leaf; each; each = each.parent) longest = Math.max(longest, each.name.length * LETTER + 18 * each.level);
      }
      const [{ level }] = this.shown.groups.length ? this.shown.groups : [{ level: 0 }];
      const ofRuns = this.shown.groups.some((group) => this.isOpen(group)) ? this.#measure(this.runs.columns.get("name"), false) + 18 * (level + 1) : 0;
      return Math.round(Math.min(300, Math.max(150, longest + 94, ofRuns)));
    }

    #measure(column, grouped) {
      const { all } = this.runs;
      const step = Math.max(1, Math.floor(all.length / SAMPLE));
      let longest = 0;
      for (let at = 0; at < all.length; at += step) longest = Math.max(longest, format.value(column.values[all[at]], column.type).length);
      if (column.key === "name") return Math.round(Math.min(300, Math.max(150, longest * LETTER + 44)));
      if (column.key === "state") longest += 2;
      const measured = this.runs.isMeasured(column);
      const wanted = Math.max(longest * (measured ? DIGIT : LETTER) + 18 + (grouped ? 46 : 0), (column.label.length + (column.goal ? 2 : 0)) * LETTER + 38);
      return Math.round(Math.min(230, Math.max(76, wanted)));
    }

    #groupRows(groups) {
      const rows = [];
      for (const group of this.runs.sortGroups(groups, this.view.sort)) {
        const isOpen = this.isOpen(group);
        rows.push(this.#groupRow(group, isOpen));
        if (!isOpen) continue;
        if (group.children) rows.push(...this.#groupRows(group.children));
        else for (const run of this.runs.sort(group.runs, this.view.sort)) rows.push(this.#runRow(run, this.shown.colours.of(this.shown.colours.byColumn ? run : group), group.level + 1));
      }
      return rows;
    }

    /** The deepest groups are folded until somebody opens them, those around them open until somebody folds them. */
    isOpen({ key, children }) {
      return Boolean(children) !== this.open.has(key);
    }

    #groupRow(group, isOpen) {
      const { id } = this.runs;
      const off = this.shown.isGroupOff(group);
      const leaves = group.children ? runstore.Runs.leaves(group.children) : [group];
      const colours = leaves.slice(0, 4).map((leaf) => this.shown.colours.of(leaf));
      let [picked, sum] = [0, 0];
      for (const run of group.runs) {
        sum = (sum * 31 + run + 1) | 0;
        if (this.selected.has(id[run])) picked++;
      }
      const selected = picked === group.runs.length;
      const version = `${off} ${isOpen} ${picked} ${colours} ${group.runs.length} ${sum}`;
      return { key: group.key, version, className: `group-row level-${group.level}${off ? " off" : ""}`, selected, some: picked > 0 && !selected, group, colours, off, isOpen, level: group.level };
    }

    #runRow(run, colour, level) {
      const key = this.runs.id[run];
      const off = this.shown.isRunOff(run);
      const selected = this.selected.has(key);
      return { key, version: `${off} ${selected} ${colour} ${level}`, className: off ? "run-row off" : "run-row", selected, some: false, group: null, run, colours: [colour], off, level };
    }

    #head(column) {
      if (column.key === SELECT) return box("Select all runs", this.picked === "all", this.picked === "some");
      if (column.key === EYE) return eye(this.shown.charted.size === 0, "Every run in charts");
      const { label, goal } = column.column;
      const { arrow, text } = GOALS[goal] ?? { arrow: "", text: "" };
      const title = `Sort by ${label}${text}. With Shift: also by it`;
      const button = element("button", { type: "button", className: "sort", title, data: { sort: column.key } }, element("span", { className: "text" }, label + arrow));
      if (column.nth) button.dataset.nth = String(column.nth);
      const menu = element("button", { type: "button", className: "head-menu", title: `Menu of ${label}`, aria: { label: `Menu of ${label}`, haspopup: "menu" }, data: { menu: column.key } }, icon("more"));
      const made = document.createDocumentFragment();
      made.append(button, menu, element("span", { className: "grid-resize", data: { resize: column.key } }));
      return made;
    }

    #foot({ key, column }, foot) {
      if (key === "name") return FEET[foot];
      const numbers = column && this.runs.numbers(column, this.shown.matching);
      return numbers ? format.value(numbers[foot], column.type) : "";
    }

    #cell({ key, column, width }, row, node) {
      if (key === SELECT) return box(row.group ? `Select the runs of ${row.group.label}` : `Select ${this.runs.name[row.run]}`, row.selected, row.some);
      if (key === EYE) return eye(row.off, `Show ${row.group ? row.group.label : this.runs.name[row.run]} in charts`);
      if (key === "name") return row.group ? this.#groupName(row, width) : this.#runName(row, width);
      if (row.group) return this.#groupCell(column, row, width, node);
      const value = column.values[row.run];
      if (key === "state") return state(value);
      if (this.view.heat && !row.off && typeof value === "number") this.#heat(node, column, value);
      return format.value(value, column.type);
    }

    #heat(node, column, value) {
      const range = this.runs.isMeasured(column) ? this.runs.range(column) : null;
      if (!range || !(range.max > range.min)) return;
      const share = (value / 2 - range.min / 2) / (range.max / 2 - range.min / 2);
      node.classList.add("heat");
      node.style.setProperty("--heat", `${Math.round(4 + 36 * share)}%`);
    }

    #runName(row, width) {
      const name = this.runs.name[row.run];
      const link = element("a", { href: this.runs.link(row.run), className: "text" }, this.#cropped(name, width - 36 - 18 * row.level));
      if (link.textContent !== name) link.setAttribute("aria-label", name);
      return nameCell(row, swatch(row), link);
    }

    #groupName(row, width) {
      const { name, label, runs } = row.group;
      const fold = element("button", { type: "button", className: "fold", data: { fold: "" }, aria: { expanded: row.isOpen, label: `${row.group.children ? "Groups" : "Runs"} of ${label}` } }, CHEVRON.cloneNode(true));
      const count = element("span", { className: "count", title: format.count(runs.length, "run") }, String(runs.length));
      return nameCell(row, fold, swatch(row), element("span", { className: "text" }, this.#cropped(name, width - 92 - 18 * row.level)), count);
    }

    /** A name with its start or middle left out where it is wider than its place; a cut end is the style sheet's. */
    #cropped(name, room) {
      const { crop } = this.view;
      if (crop === "end" || this.#wide(name) <= room) return name;
      const cut = (kept) => (crop === "start" ? `…${name.slice(-kept)}` : `${name.slice(0, Math.ceil(kept / 2))}…${name.slice(-Math.floor(kept / 2))}`);
      let kept = Math.min(name.length - 1, Math.ceil((room / this.#wide(name)) * name.length) + 2);
      while (kept > 4 && this.#wide(cut(kept)) > room) kept--;
      return cut(kept);
    }

    /** How wide a text is, in px. */
    #wide(text) {
      if (!this.ink) {
        this.ink = document.createElement("canvas").getContext("2d");
        this.ink.font = `600 ${getComputedStyle(this.grid.root).font.replace(/^\d+ /, "")}`;
      }
      return this.ink.measureText(text).width;
    }

    #groupCell(column, { group, off }, width, node) {
      const numbers = this.runs.numbers(column, group.runs);
      if (!numbers) return this.#valueList(column, group);
      if (this.view.heat && !off) this.#heat(node, column, numbers.mean);
      const show = (value) => format.value(value, column.type);
      const title = `mean of ${numbers.n}: ${show(numbers.mean)}, from ${show(numbers.min)} to ${show(numbers.max)}`;
      const made = element("span", { className: "group-number", title }, histogram(this.runs.histogram(column, group.runs, BINS)), element("span", { className: "mean" }, show(numbers.mean)));
      if (width >= ROOMY && numbers.n > 1) made.append(element("span", { className: "soft" }, `(${show(numbers.min)} – ${show(numbers.max)})`));
      return made;
    }

    #valueList(column, group) {
      const counts = new Map();
      for (const run of group.runs) {
        const value = format.value(column.values[run], column.type);
        if (value) counts.set(value, (counts.get(value) ?? 0) + 1);
        if (counts.size > MOST_VALUES) break;
      }
      if (!counts.size) return "";
      const [[only]] = counts;
      if (counts.size === 1) return column.key === "state" ? state(only) : only;
      if (counts.size > MOST_VALUES) return element("span", { className: "soft" }, `more than ${MOST_VALUES} values`);
      const sorted = [...counts].sort((a, b) => b[1] - a[1]);
      const title = sorted.map(([value, count]) => `${value} × ${count}`).join("\n");
      return element("span", { className: "soft", title }, sorted.map(([value]) => value).join(", "));
    }

    /** What a cell cuts off is seen when one points at it. */
    #over(target) {
      const place = this.grid.at(target);
      this.on.hover(place?.row?.key ?? null);
      if (!place?.row || place.cell.title || !place.column.column) return;
      const { row, column, cell } = { ...place, column: place.column.column };
      if (column.key === "name") cell.title = row.group ? row.group.label : this.runs.name[row.run];
      else if (!row.group) cell.title = titleOf(column.values[row.run], column.type);
    }

    #click(event) {
      const place = this.grid.at(event.target);
      const widget = event.target.closest("button, input");
      // The swatch is the eye for those who point; keys have the eye.
      if (place?.row && event.target.closest(".swatch")) return this.on.toggle(place.row.key);
      if (!place || !widget) return;
      const { row, column } = place;
      if (widget.dataset.sort) this.on.sort(widget.dataset.sort, event.shiftKey);
      else if (widget.dataset.menu) this.on.menu(widget.dataset.menu, widget);
      else if (column.key === EYE) row ? this.on.toggle(row.key) : this.on.toggleAll();
      else if (column.key === SELECT) this.#select(row, event.shiftKey);
      else if (row) this.on.fold(row.key);
    }

    /** Selects a row's runs, or takes them out; with Shift also those of the rows since the one before. */
    #select(row, range) {
      if (!row) return this.on.select(this.shown.matching, this.picked !== "all");
      const { rows, places } = this.grid;
      const from = range ? places.get(this.lastPicked) : undefined;
      const to = places.get(row.key);
      const chosen = from === undefined ? [row] : rows.slice(Math.min(from, to), Math.max(from, to) + 1);
      this.lastPicked = row.key;
      this.on.select([...new Set(chosen.flatMap((each) => each.group?.runs ?? [each.run]))], !row.selected);
    }

    #key(event) {
      const place = this.grid.at(event.target);
      if (!place) return;
      const { row, column } = place;
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!row && by && column.column) {
        if (event.altKey && column.key !== "name") this.on.step(column.key, by);
        else if (event.shiftKey) this.#setWidth(column.key, column.width + 16 * by);
        else return;
        event.preventDefault();
      } else if (event.key === " " && row && !event.target.closest("button, input, a")) {
        event.preventDefault();
        this.#select(row, event.shiftKey);
      }
    }

    #contextMenu(event) {
      const place = this.grid.at(event.target);
      if (!place || place.row || !place.column.column) return;
      event.preventDefault();
      const open = () => this.on.menu(place.column.key, place.cell.querySelector(".sort"));
      // A menu that opens while the button is down closes when it comes up.
      if (event.buttons) addEventListener("pointerup", () => setTimeout(open), { once: true });
      else open();
    }

    #resize(event) {
      const key = event.target.dataset.resize;
      const { width } = this.grid.columns.find((column) => column.key === key);
      event.preventDefault();
      runstore.dragged(({ clientX }) => this.#setWidth(key, width + clientX - event.clientX));
    }

    #setWidth(key, width) {
      this.widths[key] = Math.round(Math.min(900, Math.max(NARROWEST, width)));
      taste.set(WIDTHS, this.widths);
      this.show(this.shown, this.view);
    }
  }

  const state = (value) => element("span", { className: `state state-${value}` }, value);

  // Copied for each row: much quicker than made.
  const BOX = element("input", { type: "checkbox" });
  const [SEEN, UNSEEN] = [false, true].map((off) => element("button", { type: "button", className: "eye", title: off ? "Show in charts" : "Hide in charts", aria: { pressed: !off } }, icon(off ? "eye-off" : "eye")));
  const CHEVRON = icon("chevron");

  function box(label, checked, some) {
    return Object.assign(named(BOX.cloneNode(), label), { checked, indeterminate: some });
  }

  const eye = (off, label) => named((off ? UNSEEN : SEEN).cloneNode(true), label);

  function named(node, label) {
    node.setAttribute("aria-label", label);
    return node;
  }

  function nameCell({ level }, ...parts) {
    const made = element("span", { className: "name-cell" }, ...parts);
    if (level) made.style.paddingLeft = `${18 * level}px`;
    return made;
  }

  function swatch({ colours, off }) {
    const made = element("span", { className: off ? "swatch off" : "swatch" });
    const part = 100 / colours.length;
    made.style.background = colours.length === 1 ? colours[0] : `conic-gradient(${colours.map((colour, at) => `${colour} ${at * part}% ${(at + 1) * part}%`).join(", ")})`;
    return made;
  }

  /** Bars of equal width, the tallest as tall as the picture. */
  function histogram(counts) {
    const space = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg");
    svg.setAttribute("class", "spread");
    svg.setAttribute("viewBox", `0 0 ${BINS * 3} 16`);
    svg.setAttribute("aria-hidden", "true");
    if (!counts) return svg;
    const most = Math.max(...counts);
    const path = document.createElementNS(space, "path");
    let bars = "";
    counts.forEach((count, at) => {
      if (count) bars += `M${at * 3},16v${-Math.max(1.5, (count / most) * 16)}h2.4V16z`;
    });
    path.setAttribute("d", bars);
    svg.append(path);
    return svg;
  }

  function titleOf(value, type) {
    if (value === null || value === undefined) return "";
    const text = type === "time" ? new Date(value * 1000).toISOString() : Array.isArray(value) ? value.join(", ") : String(value);
    return text.length > 2000 ? `${text.slice(0, 2000)}…` : text;
  }

  return RunTable;
})();
