"use strict";
/**
 * The frame of a panel: its head with title and menu, its body, a note and a legend. What stands in the body is its
 * kind's matter.
 *
 * @typedef {object} Kind  a kind of panel, in `runstore.kinds` under its name
 * @property {string} name
 * @property {string} title  as the menu "Add panel" has it
 * @property {string} about  what it shows, in a line
 * @property {(context: Context) => object} defaults  the settings to begin with
 * @property {(context: Context) => Field[]} fields   of its form (form.js); `title` is asked for anyway
 * @property {(host: HTMLElement, settings: object, context: Context) => Promise<?Told>} [draw]
 *   fills the panel's body, which keeps what it drew before; called again when anything it may show has changed
 * @property {(settings: object, context: Context) => Promise<Drawing>} [drawing]  in place of `draw`: curves over x
 * @property {(settings: object, context: Context) => Promise<?Table>} [table]  its twin, for "Copy table"
 * @property {(settings: object, context: Context) => string | Promise<string>} [csv]  for the menu's "Download CSV"
 * @property {boolean} [scrolls]  whether its content may be higher than the panel
 * @property {(host: HTMLElement, settings: object, context: Context) => MenuItem[]} [menu]  more of the menu
 * @property {(settings: object, context: Context) => string} [named]  the title where a person gave none
 *
 * @typedef {{columns: string[], rows: any[][]}} Table
 * @typedef {{about?: string, note?: string}} Told  what the frame says of a drawing: beside the title, below the body
 */
runstore.kinds = {};
runstore.Panel = (() => {
  const { element, icon } = runstore;
  const MOST_IN_LEGEND = 12;
  const SOME_IN_LEGEND = 6;
  // A pointer that only crosses a chart asks for nothing.
  const STAYS_MS = 300;

  class Panel {
    /**
     * @param {{key: string, title: string, section: string}} metric  of a panel that was added: its id and title
     * @param {string} kind
     * @param {{menu: (panel: Panel) => MenuItem[], toggle: (key: string) => void, arrange: ?Arrange, point: (panel: Panel, where: ?object) => void, zoom: (panel: Panel, range: ?[number, number]) => void}} owner  `arrange`: how it is moved and resized, null where it is not
     */
    constructor(metric, kind, owner) {
      Object.assign(this, { metric, kind, owner, chart: null, visible: false, stale: true, settings: {}, drawing: Promise.resolve() });
      this.heading = element("h3", { title: metric.key }, metric.title);
      this.about = element("span", { className: "panel-about" });
      this.reset = element("button", { type: "button", className: "quiet", hidden: true, title: "Show the whole range again" }, "Reset zoom");
      this.reset.onclick = () => this.chart?.resetZoom();
      this.body = element("div", { className: "panel-body" });
      this.note = element("p", { className: "panel-note", hidden: true });
      this.legend = element("ul", { className: "legend" });
      this.head = element("header", { className: "panel-head" }, this.#grip(), this.heading, this.about, this.reset, this.#grower(), this.#menuButton());
      this.root = element("article", { className: kind === "line" ? "panel away blank" : "panel away" }, this.head, this.body, this.note, this.legend);
      this.root.panel = this;
      if (owner.arrange) this.root.append(this.#corner());
    }

    get title() {
      return this.heading.textContent;
    }

    set title(text) {
      this.heading.textContent = text;
      const name = this.added ? text : this.metric.key;
      this.menuButton.setAttribute("aria-label", `Panel menu of ${name}`);
      this.grow.setAttribute("aria-label", `Larger chart of ${name}`);
      this.grip?.setAttribute("aria-label", `Move ${name}`);
    }

    #grip() {
      const { arrange } = this.owner;
      if (!arrange) return null;
      const title = "Drag to move; arrows move, Shift and arrows resize, Alt and arrows change the section";
      this.grip = element("button", { type: "button", className: "quiet icon-button grip", title, aria: { label: `Move ${this.metric.key}` } }, icon("grip"));
      this.grip.addEventListener("pointerdown", (event) => arrange.drag(this, event));
      this.grip.addEventListener("keydown", (event) => arrange.key(this, event));
      return this.grip;
    }

    #corner() {
      const corner = element("div", { className: "panel-corner", aria: { hidden: "true" } });
      corner.addEventListener("pointerdown", (event) => this.owner.arrange.stretch(this, event));
      return corner;
    }

    #grower() {
      this.grow = element("button", { type: "button", className: "quiet icon-button", title: "Larger", aria: { label: `Larger chart of ${this.metric.key}`, expanded: false } }, icon("expand"));
      this.grow.onclick = () => {
        this.grow.setAttribute("aria-expanded", String(this.root.classList.toggle("large")));
        this.redraw();
      };
      return this.grow;
    }

    #menuButton() {
      const label = `Panel menu of ${this.metric.key}`;
      this.menuButton = element("button", { type: "button", className: "quiet icon-button", title: "Menu", aria: { label, haspopup: "menu", expanded: false } }, icon("more"));
      this.menuButton.onclick = () => runstore.menu.open(this.menuButton, label, this.owner.menu(this));
      return this.menuButton;
    }

    /** Draws what it has anew, at the size it has now. */
    redraw() {
      return this.chart ? this.chart.redraw() : this.owner.redraw(this);
    }

    /** Shows curves. @param {Drawing} drawing */
    show(drawing) {
      if (!this.chart) {
        this.chart = new runstore.Chart(this.title);
        this.chart.onzoom = (range, chosen) => {
          this.reset.hidden = range === null;
          if (chosen) this.owner.zoom(this, range);
        };
        this.chart.oncursor = (where) => this.owner.point(this, where);
        this.#watch(this.chart.root);
        this.body.replaceChildren(this.chart.root);
        this.tabled = false;
      }
      this.chart.label = this.title;
      // Whether another range has other points, and not only other places for them.
      this.resamples = Boolean(drawing.resamples);
      // Whether it shows only some points of each line, or digits: "thinned", "rounded".
      this.rough = drawing.rough ?? "";
      this.tell(drawing);
      this.#showLegend(drawing.legend, drawing.more ?? 0, drawing.key ?? null);
      this.root.classList.remove("blank");
      return this.chart.draw(drawing).then(() => this.tabled && this.showTable(runstore.plotFiles.rows(this.chart)));
    }

    /** Who stays with a chart, or reads it by keys, wants all of it. */
    #watch(root) {
      const exact = () => this.rough === "thinned" && this.owner.exact(this);
      root.addEventListener("pointerenter", () => (this.staying = setTimeout(exact, STAYS_MS)));
      root.addEventListener("pointerleave", () => clearTimeout(this.staying));
      root.addEventListener("keydown", exact);
    }

    /** Where a kind that draws itself does so. */
    get host() {
      if (!this.drawn) this.body.replaceChildren((this.drawn = element("div", { className: "panel-host" })));
      this.drawn.classList.toggle("scrolls", Boolean(runstore.kinds[this.kind]?.scrolls));
      return this.drawn;
    }

    /** Numbers in place of the picture, or the picture again. @param {?Table} table */
    showTable(table) {
      this.tabled = table !== null;
      this.body.querySelector(".plot-table-host")?.remove();
      this.root.classList.toggle("tabled", this.tabled);
      if (table) this.body.append(runstore.plotFiles.tableOf(this.title, table));
    }

    /** @param {?Told} told */
    tell(told) {
      this.about.textContent = told?.about ?? "";
      this.note.textContent = told?.note ?? "";
      this.note.hidden = !told?.note;
    }

    /** Says what it waits for, below the picture that still is there. */
    wait(text) {
      this.note.textContent = text;
      this.note.hidden = false;
    }

    fail(error) {
      this.body.replaceChildren(element("p", { className: "plot-empty" }, error.message));
      this.chart = this.drawn = null;
      this.stale = true;
    }

    /** On the whole page, until it is closed. */
    fullScreen() {
      const place = document.createComment("");
      const close = element("button", { type: "button", className: "full-close" }, "Close");
      const dialog = element("dialog", { className: "panel-dialog" }, close);
      dialog.setAttribute("aria-label", this.title);
      this.root.before(place);
      dialog.append(this.root);
      runstore.home().append(dialog);
      close.onclick = () => dialog.close();
      dialog.onclose = () => {
        place.replaceWith(this.root);
        dialog.remove();
        this.redraw();
        this.menuButton.focus();
      };
      dialog.showModal();
      return this.redraw();
    }

    #showLegend(items, unnamed, key) {
      const focused = this.legend.contains(document.activeElement) ? document.activeElement.dataset.key : null;
      const shown = items.slice(0, items.length + unnamed > MOST_IN_LEGEND ? SOME_IN_LEGEND : items.length).map((item) => this.#legendItem(item));
      const more = items.length + unnamed - shown.length;
      if (more > 0) shown.push(element("li", { className: "legend-more" }, `and ${more} more, in the table`));
      this.legend.replaceChildren(...(key ? [runstore.Colours.legend(key, "li")] : []), ...(items.length > 1 ? shown : []));
      if (focused !== null) [...this.legend.querySelectorAll("button")].find(({ dataset }) => dataset.key === focused)?.focus();
    }

    #legendItem({ key, of, members, label, colour, off, n }) {
      const swatch = element("span", { className: off ? "swatch off" : "swatch" });
      swatch.style.backgroundColor = colour;
      const size = n === undefined ? null : element("span", { className: "legend-n", title: format(n) }, `n=${n}`);
      const button = element("button", { type: "button", title: off ? "Show" : "Hide", data: { key }, aria: { pressed: !off } }, swatch, element("span", { className: "text" }, label), size);
      button.onclick = () => this.owner.toggle(members ?? of ?? key);
      button.onpointerenter = button.onfocus = () => this.chart?.highlight(key);
      button.onpointerleave = button.onblur = () => this.chart?.highlight(null);
      return element("li", {}, button);
    }
  }

  const format = (n) => runstore.format.count(n, "run");

  /** About how high the legend of so many lines is in a narrow panel, in px. @param {number} count */
  Panel.legendHeight = (count) => (count > MOST_IN_LEGEND ? SOME_IN_LEGEND / 2 + 1 : count > 1 ? Math.ceil(count / 2) : 0) * 24;

  return Panel;
})();
