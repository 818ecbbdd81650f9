"use strict";
/** The filter of a workspace: which runs it finds, the builder beside the search, and a chip for each condition. */
runstore.Filter = (() => {
  const { element, icon, expression, filterModel, format } = runstore;
  const MOST_SUGGESTED = 60;
  const MOST_COLUMNS = 2000;
  const PAUSE = 150;
  const MARGIN = 8;
  /** What somebody types who means an expression. */
  const MEANT = /[<>=~]|\b(?:in|is|like|ilike|between)\b/i;

  class Filter {
    /**
     * @param {HTMLElement} root
     * @param {runstore.Runs} runs
     * @param {runstore.State} state
     */
    constructor(root, runs, state) {
      [this.root, this.runs, this.state] = [root, runs, state];
      this.find = (name) => root.querySelector(`[data-filter-${name}]`);
      this.frame = runstore.frame(runs);
      this.model = filterModel.group("and", []);
      this.shown = null;
      this.popover = this.find("panel");
      this.text = this.find("text");
      this.#listen();
    }

    /** Takes the data of a later build. */
    renew() {
      this.frame = runstore.frame(this.runs);
      if (!this.popover.matches(":popover-open")) this.shown = null;
    }

    #listen() {
      this.text.addEventListener("input", () => this.#typed());
      this.find("clear").addEventListener("click", () => {
        this.shown = null; // Rows that are not complete go too.
        this.#apply("", true);
      });
      this.popover.addEventListener("beforetoggle", ({ newState }) => newState === "open" && this.#open());
      this.popover.addEventListener("toggle", ({ newState }) => newState === "open" && this.#focusFirst());
      this.find("chips").addEventListener("click", ({ target }) => this.#removeChip(target.closest("button")));
    }

    /** What a text means: an expression, or a search where it is none. */
    #read(text) {
      try {
        return { ...expression.parse(text, this.frame), error: null };
      } catch (error) {
        return { error };
      }
    }

    /**
     * The runs that search and filter find. `literal`: a search was no regular expression; `note`: what kept a text from being an expression.
     * @param {View} view @returns {{runs: number[], literal: boolean, note: string}}
     */
    matching({ search, filter }) {
      let [runs, literal, note] = [this.runs.all, false, ""];
      for (const text of [search, filter]) {
        if (!text) continue;
        const { test, error } = this.#read(text);
        if (test) runs = runs.filter((run) => test(run, this.frame.value));
        else {
          const found = this.runs.search(text);
          const kept = new Set(found.runs);
          runs = runs.filter((run) => kept.has(run));
          literal ||= found.literal;
          if (MEANT.test(text)) note = `searched as text, because as an expression ${error.message}`;
        }
      }
      return { runs, literal, note };
    }

    /** The columns that search and filter look at. @param {View} view @returns {string[]} */
    needed({ search, filter }) {
      const names = [search, filter].filter(Boolean).flatMap((text) => this.#read(text).columns ?? runstore.Runs.SEARCHED);
      return names.map((name) => this.frame.column(name)?.key ?? name);
    }

    /** Follows the view. */
    show() {
      const text = this.state.view.filter;
      if (text === this.shown) return;
      this.shown = text;
      const found = text ? this.#read(text) : { tree: null, error: null };
      this.#showChips(text, found);
      this.model = filterModel.fromTree(found.tree ?? null, this.frame);
      if (document.activeElement !== this.text) this.text.value = text;
      this.#say(found.error);
      if (this.popover.matches(":popover-open")) this.#render();
    }

    #showChips(text, { tree }) {
      const labels = tree ? filterModel.parts(tree).map(expression.print) : text ? [`Search: ${text}`] : [];
      const chip = (label, place) => {
        const remove = element("button", { type: "button", title: "Remove", aria: { label: `Remove filter ${label}` }, data: { place: String(place) } }, icon("close"));
        return element("li", { className: "chip" }, element("span", { className: "text", title: label }, label), remove);
      };
      const chips = this.find("chips");
      chips.replaceChildren(...labels.map(chip));
      chips.hidden = !labels.length;
      const button = this.find("open");
      button.setAttribute("aria-label", labels.length ? `Filter: ${format.count(labels.length, "condition")}` : "Filter");
      button.classList.toggle("active", labels.length > 0);
      const count = this.find("count");
      count.textContent = String(labels.length);
      count.hidden = !labels.length;
    }

    #removeChip(button) {
      if (!button) return;
      const { tree } = this.#read(this.state.view.filter);
      const place = Number(button.dataset.place);
      this.#apply(tree ? filterModel.without(tree, place) : "", true);
      const left = this.find("chips").querySelectorAll("button");
      (left[Math.min(place, left.length - 1)] ?? this.find("open")).focus();
    }

    /** Makes `text` the filter of the page. @param {boolean} rebuild whether the rows follow */
    #apply(text, rebuild) {
      clearTimeout(this.waiting);
      this.waiting = null;
      if (!rebuild) {
        this.shown = text;
        this.#showChips(text, this.#read(text));
      }
      this.#say(null);
      if (rebuild || document.activeElement !== this.text) this.text.value = text;
      this.state.set({ filter: text });
    }

    #later(action) {
      clearTimeout(this.waiting);
      this.waiting = setTimeout(action, PAUSE);
    }

    /** Somebody writes the expression: it holds once it can be read, and the rows follow. */
    #typed() {
      const text = this.text.value.trim();
      const { tree, error } = text ? this.#read(text) : { tree: null, error: null };
      this.#say(error);
      if (error) return clearTimeout(this.waiting);
      this.#later(() => {
        this.model = filterModel.fromTree(tree, this.frame);
        this.#apply(text, false);
        this.#render();
      });
    }

    /** @param {?Error & {at?: number}} error */
    #say(error) {
      const place = error && Number.isInteger(error.at) ? `At character ${error.at + 1}: ` : "";
      this.find("error").textContent = error ? `${place}${error.message}` : "";
      this.text.setAttribute("aria-invalid", String(Boolean(error)));
    }

    #open() {
      const names = this.frame.names();
      this.find("columns").replaceChildren(...names.slice(0, MOST_COLUMNS).map((name) => element("option", { value: name })));
      if (!this.model.items.length && !this.text.value) this.model.items.push(filterModel.row());
      this.#render();
    }

    /** Where a keyboard would only be in the way, nothing is focused. */
    #focusFirst() {
      if (matchMedia("(pointer: coarse)").matches) return;
      const empty = [...this.find("rows").querySelectorAll(".filter-column")].find(({ value }) => !value);
      (empty ?? this.find("rows").querySelector("select")).focus();
    }

    /** What the rows say now, once nothing was typed for a moment. */
    #changed() {
      const text = filterModel.toText(this.model, this.frame);
      const { error } = text ? this.#read(text) : { error: null };
      this.#say(error);
      if (error) return;
      this.#later(() => this.#apply(text, false));
    }

    #render() {
      this.rows = 0;
      this.find("rows").replaceChildren(this.#group(this.model, null));
      const { top, height } = this.popover.getBoundingClientRect();
      const highest = Math.max(MARGIN, innerHeight - height - MARGIN);
      if (height && top > highest) this.popover.style.top = `${highest}px`;
    }

    /** Draws the rows anew after `change`, with the focus on what `target` finds in them. */
    #change(change, target) {
      change();
      this.#render();
      this.#changed();
      target()?.focus();
    }

    #group(group, parent) {
      const join = element("select", { aria: { label: "How conditions join" } }, element("option", { value: "and" }, "all"), element("option", { value: "or" }, "any"));
      join.value = group.join;
      join.onchange = () => {
        group.join = join.value;
        this.#changed();
      };
      const list = element("div", { className: "filter-items" }, ...group.items.map((item) => (item.kind === "group" ? this.#group(item, group) : this.#row(item, group))));
      const head = element("div", { className: "filter-head" }, "Match", join, "of:", parent ? this.#remove(group, parent, "group") : null);
      const add = (label, made, selector) => {
        const button = element("button", { type: "button", className: "quiet" }, icon("plus"), label);
        button.onclick = () => this.#change(() => group.items.push(made()), () => [...this.#rootOf(group).querySelectorAll(selector)].at(-1));
        return button;
      };
      const tools = element("div", { className: "filter-tools" }, add("Add condition", () => filterModel.row(), ":scope > .filter-items > .filter-row .filter-column"),
        add("Add group", () => filterModel.group(group.join === "and" ? "or" : "and", [filterModel.row()]), ":scope > .filter-items > .filter-group .filter-column"));
      const root = element("div", { className: "filter-group", role: "group", aria: { label: parent ? "Group of conditions" : "Conditions" } }, head, list, tools);
      this.roots ??= new Map();
      this.roots.set(group, root);
      return root;
    }

    #rootOf(group) {
      return this.roots.get(group);
    }

    #remove(item, parent, noun) {
      const button = element("button", { type: "button", className: "quiet icon-button", title: `Remove ${noun}`, aria: { label: `Remove ${noun}` } }, icon("close"));
      button.onclick = () => this.#change(() => parent.items.splice(parent.items.indexOf(item), 1), () => this.#rootOf(parent).querySelector(":scope > .filter-tools button"));
      return button;
    }

    #row(row, parent) {
      const label = `Condition ${++this.rows}`;
      const controls = row.kind === "raw" ? [this.#raw(row)] : this.#controls(row);
      return element("div", { className: "filter-row", role: "group", aria: { label } }, ...controls, this.#remove(row, parent, label.toLowerCase()));
    }

    #raw(row) {
      const input = element("input", { type: "text", className: "filter-raw", value: row.text, autocomplete: "off", spellcheck: false, aria: { label: "Expression" } });
      input.oninput = () => {
        row.text = input.value;
        input.setAttribute("aria-invalid", String(Boolean(this.#read(row.text).error)));
        this.#changed();
      };
      return input;
    }

    #controls(row) {
      const columnInput = element("input", { type: "text", className: "filter-column", value: row.column, placeholder: "Column", autocomplete: "off", spellcheck: false, aria: { label: "Column" } });
      columnInput.setAttribute("list", this.find("columns").id);
      const operator = element("select", { className: "filter-operator", aria: { label: "Operator" } }, ...Object.entries(filterModel.OPERATORS).map(([value, label]) => element("option", { value }, label)));
      operator.value = row.operator;
      const suggestions = element("datalist", { id: `filter-values-${this.rows}` });
      const valueInput = element("input", { type: "text", className: "filter-value", value: row.value, placeholder: "Value", autocomplete: "off", spellcheck: false, aria: { label: "Value" } });
      valueInput.setAttribute("list", suggestions.id);
      const show = () => {
        valueInput.hidden = filterModel.isUnary(row.operator);
        valueInput.placeholder = isListed(row) ? "Values, with commas" : row.operator === "matches" ? "Regular expression" : "Value";
        columnInput.setAttribute("aria-invalid", String(Boolean(row.column) && !this.frame.has(row.column)));
      };
      columnInput.oninput = () => this.#edit(row, { column: canonicalName(columnInput.value.trim(), this.frame) }, show);
      operator.onchange = () => this.#edit(row, { operator: operator.value }, show);
      const suggest = async () => {
        const key = this.frame.column(row.column)?.key;
        if (key) await this.runs.ensure([key]);
        suggestions.replaceChildren(...this.#suggested(row).map((each) => element("option", { value: each })));
      };
      valueInput.oninput = () => {
        this.#edit(row, { value: valueInput.value }, show);
        if (isListed(row)) suggest();
      };
      valueInput.onfocus = suggest;
      show();
      return [columnInput, operator, valueInput, suggestions];
    }

    #edit(row, part, show) {
      Object.assign(row, part);
      show();
      this.#changed();
    }

    /** Values of a row's column, the most frequent first. */
    #suggested(row) {
      if (!this.frame.has(row.column) || row.operator === "matches") return [];
      const counts = new Map();
      const time = this.frame.kind(row.column) === "time";
      for (const run of this.runs.all) {
        for (const value of [this.frame.value(row.column, run)].flat()) {
          if (value === null) continue;
          const text = time ? new Date(value * 1000).toISOString().slice(0, 10) : String(value);
          counts.set(text, (counts.get(text) ?? 0) + 1);
        }
      }
      const before = isListed(row) ? row.value.replace(/[^,]*$/, "") : "";
      return [...counts].sort((a, b) => b[1] - a[1]).slice(0, MOST_SUGGESTED).map(([text]) => before + (before && " ") + text);
    }
  }

  const isListed = (row) => row.operator === "in" || row.operator === "not in";

  /** A column by its name, or by what it is called in the table where only one is called so. */
  function canonicalName(typed, frame) {
    if (!typed || frame.has(typed)) return typed;
    const called = frame.names().filter((name) => name.slice(name.indexOf(".") + 1) === typed);
    return called.length === 1 ? called[0] : typed;
  }

  return Filter;
})();
