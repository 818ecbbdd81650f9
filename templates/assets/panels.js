"use strict";
/** The charts of a page in their sections: made when they scroll into sight, drawn again when the view changes. */
runstore.Panels = (() => {
  const { element, icon, Chart } = runstore;
  const MOST_IN_LEGEND = 12;
  const SOME_IN_LEGEND = 6;
  // A section makes its panels so many at a time.
  const PAGE = 60;

  /**
   * @typedef {{key: string, title: string, section: string}} Metric
   * @typedef {{curves: Curve[], axis: string, axisLabel: string, log: boolean, about: string, note: string, legend: LegendItem[]}} Drawing
   * @typedef {{key: string, label: string, colour: string, off: boolean}} LegendItem
   */

  class Panels {
    /**
     * @param {HTMLElement} host
     * @param {Metric[]} metrics in the order they are shown
     * @param {(metric: Metric) => Promise<Drawing>} draw what a chart shows now
     * @param {(key: string) => void} toggle called for a click in a legend
     */
    constructor(host, metrics, draw, toggle) {
      this.host = host;
      this.draw = draw;
      this.toggle = toggle;
      /** @type {Map<string, object>} the panels made so far, by their metric's key */
      this.made = new Map();
      this.seen = new Promise((resolve) => (this.haveSeen = resolve));
      this.observer = new IntersectionObserver((entries) => this.#sight(entries), { rootMargin: "200px 0px" });
      this.sections = this.#sections(metrics);
      host.append(...this.sections.map(({ root }) => root));
      this.filter("");
      if (!metrics.length) this.haveSeen();
      let width = host.clientWidth;
      new ResizeObserver(() => {
        if (host.clientWidth !== width) this.update();
        width = host.clientWidth;
      }).observe(host);
      document.addEventListener("runstore:theme", () => this.update());
    }

    get panels() {
      return [...this.made.values()];
    }

    /** Draws every chart that is in sight again; the others follow when they come into it. */
    async update() {
      for (const panel of this.panels) panel.stale = true;
      await Promise.all(this.panels.filter(({ visible }) => visible).map((panel) => this.#draw(panel)));
    }

    /** Kept once the charts that the reader sees first are painted. */
    async settled() {
      await this.seen;
      await Promise.all(this.panels.map(({ drawing }) => drawing));
    }

    /** Shows only charts whose key matches. @param {string} pattern a regular expression */
    filter(pattern) {
      const { test } = runstore.matcher(pattern);
      for (const section of this.sections) {
        // A title that is no part of its key is looked at too.
        section.matching = pattern ? section.metrics.filter(({ key, title }) => test(key.endsWith(title) ? key : `${key}\n${title}`)) : section.metrics;
        section.limit = PAGE;
        this.#fill(section);
      }
    }

    /** Puts the panels of a section's first matching metrics into the page. */
    #fill(section) {
      const { matching, limit } = section;
      section.root.hidden = matching.length === 0;
      section.count.textContent = String(matching.length);
      section.grid.replaceChildren(...matching.slice(0, limit).map((metric) => this.#panelOf(metric).root));
      section.more.hidden = matching.length <= limit;
      section.more.textContent = `Show ${Math.min(PAGE, matching.length - limit)} more of ${matching.length}`;
    }

    #panelOf(metric) {
      let panel = this.made.get(metric.key);
      if (!panel) {
        this.made.set(metric.key, (panel = this.#panel(metric)));
        panel.root.panel = panel;
        this.observer.observe(panel.root);
      }
      return panel;
    }

    highlight(key) {
      for (const panel of this.panels) if (panel.visible) panel.chart?.highlight(key);
    }

    #sections(metrics) {
      const sections = new Map();
      for (const metric of metrics) {
        if (!sections.has(metric.section)) sections.set(metric.section, this.#section(metric.section));
        sections.get(metric.section).metrics.push(metric);
      }
      return [...sections.values()];
    }

    #section(name) {
      const grid = element("div", { className: "panel-grid" });
      const count = element("span", { className: "count" });
      const more = element("button", { type: "button", className: "more-panels" });
      const summary = element("summary", {}, icon("chevron"), element("h2", {}, name), count);
      const root = element("details", { className: "section", open: true }, summary, grid, more);
      const section = { root, grid, count, more, metrics: [], matching: [], limit: PAGE };
      more.onclick = () => {
        section.limit += PAGE;
        this.#fill(section);
      };
      return section;
    }

    #panel(metric) {
      const about = element("span", { className: "panel-about" });
      const reset = element("button", { type: "button", className: "quiet", hidden: true, title: "Show the whole range again" }, "Reset zoom");
      const grow = element("button", { type: "button", className: "quiet icon-button", title: "Larger", aria: { label: `Larger chart of ${metric.key}`, expanded: false } }, icon("expand"));
      const head = element("header", { className: "panel-head" }, element("h3", { title: metric.key }, metric.title), about, reset, grow);
      const body = element("div", { className: "panel-body" });
      const note = element("p", { className: "panel-note", hidden: true });
      const legend = element("ul", { className: "legend" });
      const root = element("article", { className: "panel" }, head, body, note, legend);
      const panel = { metric, root, about, body, note, legend, reset, chart: null, visible: false, stale: true, drawing: Promise.resolve() };
      reset.onclick = () => panel.chart?.resetZoom();
      grow.onclick = () => {
        grow.setAttribute("aria-expanded", String(root.classList.toggle("large")));
        panel.chart?.redraw();
      };
      return panel;
    }

    #sight(entries) {
      for (const { target, isIntersecting } of entries) {
        const { panel } = target;
        panel.visible = isIntersecting;
        if (isIntersecting && panel.stale) this.#draw(panel);
      }
      this.haveSeen();
    }

    #draw(panel) {
      panel.stale = false;
      const turn = (panel.turn = {});
      panel.drawing = this.draw(panel.metric)
        .then((drawing) => (panel.turn === turn ? this.#show(panel, drawing) : undefined))
        .catch((error) => this.#failed(panel, error));
      return panel.drawing;
    }

    #show(panel, drawing) {
      if (!panel.chart) {
        panel.chart = new Chart(panel.metric.key);
        panel.chart.onzoom = (zoomed) => (panel.reset.hidden = !zoomed);
        panel.body.replaceChildren(panel.chart.root);
      }
      panel.about.textContent = drawing.about;
      panel.note.textContent = drawing.note;
      panel.note.hidden = !drawing.note;
      this.#legend(panel, drawing.legend);
      return panel.chart.draw(drawing);
    }

    #failed(panel, error) {
      panel.body.replaceChildren(element("p", { className: "plot-empty" }, error.message));
      panel.chart = null;
      panel.stale = true;
    }

    #legend(panel, items) {
      const focused = panel.legend.contains(document.activeElement) ? document.activeElement.dataset.key : null;
      const shown = items.slice(0, items.length > MOST_IN_LEGEND ? SOME_IN_LEGEND : items.length).map((item) => {
        const swatch = element("span", { className: item.off ? "swatch off" : "swatch" });
        swatch.style.backgroundColor = item.colour;
        const button = element("button", { type: "button", title: item.off ? "Show" : "Hide", data: { key: item.key }, aria: { pressed: !item.off } }, swatch, element("span", { className: "text" }, item.label));
        button.onclick = () => this.toggle(item.key);
        button.onpointerenter = button.onfocus = () => panel.chart?.highlight(item.key);
        button.onpointerleave = button.onblur = () => panel.chart?.highlight(null);
        return element("li", {}, button);
      });
      const more = items.length - shown.length;
      if (more > 0) shown.push(element("li", { className: "legend-more" }, `and ${more} more, in the table`));
      panel.legend.replaceChildren(...(items.length > 1 ? shown : []));
      if (focused !== null) [...panel.legend.querySelectorAll("button")].find(({ dataset }) => dataset.key === focused)?.focus();
    }
  }

  return Panels;
})();
