"use strict";
/** The list of a table's columns: found by a search, shown and hidden, pinned, and put in order by dragging or by keys. */
runstore.ColumnsPanel = (() => {
  const { element, icon, searchModes } = runstore;
  // A project may have thousands of keys: the list shows the first of them, the table no more than it can show in a moment.
  const MOST_LISTED = 300;
  const MOST_COLUMNS = 200;
  const SECTIONS = { run: "Run", config: "Config", summary: "Summary" };

  class ColumnsPanel {
    /**
     * @param {HTMLElement} popover
     * @param {runstore.TableColumns} columns
     * @param {runstore.State} state
     */
    constructor(popover, columns, state) {
      this.popover = popover;
      this.columns = columns;
      this.state = state;
      const find = (name) => popover.querySelector(`[data-columns-${name}]`);
      [this.search, this.mode, this.status] = ["search", "mode", "status"].map(find);
      this.list = popover.querySelector("[data-columns]");
      this.search.addEventListener("input", () => this.show());
      this.mode.addEventListener("change", () => this.show());
      find("usual").addEventListener("click", () => state.set({ cols: null, pin: [] }));
      find("all").addEventListener("click", () => state.set({ cols: this.#found().slice(0, MOST_COLUMNS).map(({ key }) => key) }));
      find("none").addEventListener("click", () => state.set({ cols: [], pin: [] }));
      popover.addEventListener("beforetoggle", ({ newState }) => newState === "open" && this.#fill());
      this.list.addEventListener("change", ({ target }) => state.set(columns.shown(state.view, target.value, target.checked)));
      this.list.addEventListener("click", ({ target }) => this.#pin(target.closest("[data-pin]")));
      this.list.addEventListener("keydown", (event) => this.#key(event));
      this.list.addEventListener("pointerdown", (event) => this.#drag(event));
    }

    /** Follows the view, when it is looked at. */
    show() {
      if (this.popover.matches(":popover-open")) this.#fill();
    }

    /** Columns that match the search, the best first. */
    #found() {
      const score = searchModes(this.mode.value, this.search.value);
      const scored = this.columns.all.map((column) => ({ column, score: score(column.label) })).filter((each) => each.score > 0);
      return scored.sort((a, b) => b.score - a.score).map(({ column }) => column);
    }

    #fill() {
      const focused = this.list.contains(document.activeElement) ? document.activeElement.dataset.focus : null;
      const found = this.#found();
      const matching = new Set(found.map(({ key }) => key));
      const shown = this.columns.keys(this.state.view);
      const here = shown.filter((key) => matching.has(key)).map((key) => this.columns.runs.columns.get(key));
      const parts = [this.#part("Shown", here.slice(0, MOST_LISTED), true)];
      const others = found.filter(({ key }) => !shown.includes(key));
      for (const [section, title] of Object.entries(SECTIONS)) parts.push(this.#part(title, others.filter((column) => column.section === section).slice(0, MOST_LISTED), false));
      this.list.replaceChildren(...parts.filter(Boolean));
      const listed = this.list.querySelectorAll("li").length;
      this.status.textContent = listed < found.length ? `${listed} of ${found.length}: search for others` : `${shown.length} shown`;
      if (focused) [...this.list.querySelectorAll("[data-focus]")].find(({ dataset }) => dataset.focus === focused)?.focus();
    }

    #part(title, columns, shown) {
      if (!columns.length) return null;
      const list = element("ul", { className: shown ? "shown-columns" : "" }, ...columns.map((column) => this.#item(column, shown)));
      return element("section", { aria: { label: title } }, element("h3", {}, title), list);
    }

    #item({ key, label, section }, shown) {
      const box = element("input", { type: "checkbox", value: key, checked: shown, data: { focus: `box ${key}` } });
      const name = element("label", {}, box, element("span", { className: "text", title: label }, label));
      if (!shown) return element("li", {}, name);
      const pinned = this.columns.isPinned(this.state.view, key);
      const kind = element("span", { className: "soft" }, SECTIONS[section].toLowerCase());
      const pin = element("button", { type: "button", className: "pin", title: pinned ? "Unpin" : "Pin on the left", data: { pin: key, focus: `pin ${key}` }, aria: { label: `Pin ${label} on the left`, pressed: pinned } }, icon("pin"));
      const grip = element("button", { type: "button", className: "grip", title: "Drag, or press the up and down keys", data: { grip: key, focus: `grip ${key}` }, aria: { label: `Move ${label}` } }, icon("grip"));
      return element("li", { data: { key } }, grip, name, kind, pin);
    }

    #pin(button) {
      if (button) this.state.set(this.columns.pinned(this.state.view, button.dataset.pin, button.getAttribute("aria-pressed") === "false"));
    }

    #key(event) {
      const key = event.target.dataset?.grip;
      const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (!key || !by) return;
      event.preventDefault();
      this.state.set(this.columns.stepped(this.state.view, key, by));
      const keys = this.columns.keys(this.state.view);
      this.status.textContent = `${this.columns.runs.columns.get(key).label}: place ${keys.indexOf(key) + 1} of ${keys.length}`;
    }

    /** Carries a column's line through the list until it is let go. */
    #drag(event) {
      const grip = event.target.closest("[data-grip]");
      if (!grip) return;
      event.preventDefault();
      grip.focus();
      const line = grip.closest("li");
      const list = line.parentNode;
      line.classList.add("dragged");
      const move = ({ clientX, clientY }) => {
        const over = document.elementFromPoint(clientX, clientY)?.closest("li[data-key]");
        if (!over || over === line || over.parentNode !== list) return;
        const box = over.getBoundingClientRect();
        list.insertBefore(line, clientY < box.top + box.height / 2 ? over : over.nextSibling);
      };
      runstore.dragged(move, () => {
        line.classList.remove("dragged");
        const { key } = line.dataset;
        this.state.set(this.columns.moved(this.state.view, key, line.nextElementSibling?.dataset.key ?? null));
      });
    }
  }

  return ColumnsPanel;
})();
