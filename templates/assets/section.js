"use strict";
/** A section of a page's panels: its head, which folds it, and the grid of its panels. Where panels can be arranged, it has a grip and a menu. */
runstore.Section = (() => {
  const { element, icon } = runstore;
  const PAGE = 60;

  /**
   * @typedef {object} SectionOwner
   * @property {(section: Section) => void} fill  puts the section's panels into the page
   * @property {(section: Section) => void} fold  keeps whether it is folded
   * @property {(section: Section) => void} menu  opens its menu
   * @property {(section: Section, event: PointerEvent) => void} drag
   * @property {(section: Section, event: KeyboardEvent) => void} key
   */
  class Section {
    /** @param {string} name @param {SectionOwner} owner @param {boolean} changeable whether it can be arranged */
    constructor(name, owner, changeable) {
      Object.assign(this, { name, owner, metrics: [], matching: [], limit: PAGE });
      this.heading = element("h2", {}, name);
      this.count = element("span", { className: "count" });
      this.grid = element("div", { className: "panel-grid" });
      this.none = element("p", { className: "section-none", hidden: true }, "No panel is here yet: drag one here by its grip, or choose “Move to section…” in its menu.");
      this.more = element("button", { type: "button", className: "more-panels", onclick: () => this.#showMore() });
      this.said = element("span", { className: "section-about", hidden: true });
      this.summary = element("summary", {}, icon("chevron"), this.heading, this.count, this.said);
      this.details = element("details", { className: "section", open: true }, this.summary, this.none, this.grid, this.more);
      this.root = element("div", { className: "section-frame" }, this.details);
      this.root.section = this;
      if (changeable) this.#addTools();
    }

    set title(text) {
      this.heading.textContent = text;
      this.grip?.setAttribute("aria-label", `Move section ${text}`);
      this.menuButton?.setAttribute("aria-label", `Menu of section ${text}`);
    }

    get title() {
      return this.heading.textContent;
    }

    get shown() {
      return !this.root.hidden;
    }

    /** Whether every panel that it shows now is in the page. */
    get isFull() {
      return this.grid.children.length >= Math.min(this.limit, this.matching.length);
    }

    /** @param {?number} count of columns, null for as many as there is room for */
    set columns(count) {
      this.grid.classList.toggle("columned", count !== null);
      if (count !== null) this.grid.style.setProperty("--columns", String(count));
      else this.grid.style.removeProperty("--columns");
    }

    /** What its charts have of the section. @param {string} text "" for nothing */
    set about(text) {
      this.said.hidden = !text;
      this.said.textContent = this.said.title = text;
    }

    /** Shows no more panels than at first. */
    begin() {
      this.limit = PAGE;
    }

    /** @param {HTMLElement[]} roots of the panels that are shown now */
    put(roots) {
      const { children } = this.grid;
      if (children.length !== roots.length || roots.some((root, at) => root !== children[at])) this.grid.replaceChildren(...roots);
      this.count.textContent = String(this.matching.length);
      this.more.hidden = this.matching.length <= this.limit;
      this.more.textContent = `Show ${Math.min(PAGE, this.matching.length - this.limit)} more of ${this.matching.length}`;
    }

    #showMore() {
      this.limit += PAGE;
      this.owner.fill(this);
    }

    #addTools() {
      const { owner, summary } = this;
      this.root.classList.add("changeable");
      this.grip = element("button", { type: "button", className: "quiet icon-button grip", title: "Drag to move; arrows move" }, icon("grip"));
      this.grip.addEventListener("pointerdown", (event) => owner.drag(this, event));
      this.grip.addEventListener("keydown", (event) => owner.key(this, event));
      this.menuButton = element("button", { type: "button", className: "quiet icon-button section-menu", title: "Menu of the section", aria: { haspopup: "menu", expanded: false } }, icon("more"));
      this.menuButton.onclick = () => owner.menu(this);
      summary.title = "Alt and arrow: move the section";
      summary.addEventListener("keydown", (event) => event.altKey && owner.key(this, event));
      this.details.addEventListener("toggle", () => owner.fold(this));
      this.root.prepend(this.grip);
      this.root.append(this.menuButton);
      this.title = this.name;
    }
  }

  return Section;
})();
