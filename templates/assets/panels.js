"use strict";
/** The panels of a page in their sections: made when they scroll into sight, drawn again when the view changes. */
runstore.Panels = (() => {
  const { element, icon, Panel, Layout, Arrange } = runstore;
  // A section makes its panels so many at a time.
  const PAGE = 60;
  const ADDED = "Added panels";
  // Columns and px of a panel that needs room.
  const WIDE = [2, 320];

  /**
   * @typedef {{key: string, title: string, section: string}} Metric
   * @typedef {{curves: Curve[], axis: string, axisLabel: string, log: boolean, about: string, note: string, legend: LegendItem[]}} Drawing
   * @typedef {{key: string, label: string, colour: string, off: boolean, n?: number}} LegendItem
   * @typedef {object} Context  what a kind of panel may look at
   * @property {Runs} runs
   * @property {number[]} charted  indices of the runs that charts show
   * @property {?Group[]} groups
   * @property {(of: number | Group) => string} colourOf
   * @property {Metric[]} metrics
   * @property {(key: string) => Promise<Series>} series
   * @property {State} state
   * @property {(runs: ?number[]) => void} select  shows only these runs; null: all
   * @property {(part: object) => void} change  keeps a part of the settings of the panel that is drawn
   */

  class Panels {
    /**
     * @param {HTMLElement} host
     * @param {Metric[]} metrics in the order they are shown
     * @param {(metric: Metric, settings: object) => Promise<Drawing>} draw what a metric's chart shows now
     * @param {(key: string) => void} toggle called for a click in a legend
     * @param {{state?: ?State, context?: ?(() => Context)}} more  with a state panels can be arranged, with a context added
     */
    constructor(host, metrics, draw, toggle, { state = null, context = null } = {}) {
      Object.assign(this, { host, draw, toggle, context, pattern: "" });
      this.layout = new Layout(state);
      this.arranger = this.layout.changeable ? new Arrange(this.layout, (panel) => this.#idsBeside(panel)) : null;
      this.owner = { menu: (panel) => this.#menu(panel), toggle, arrange: this.arranger, follow: (panel, where) => this.#follow(panel, where), redraw: (panel) => this.#draw(panel) };
      /** @type {Map<string, Panel>} the panels made so far, by their metric's key */
      this.made = new Map();
      this.seen = new Promise((resolve) => (this.haveSeen = resolve));
      this.observer = new IntersectionObserver((entries) => this.#sight(entries), { rootMargin: "200px 0px" });
      this.sections = this.#sections(metrics);
      this.arrange();
      if (!metrics.length) this.haveSeen();
      let width = host.clientWidth;
      new ResizeObserver(() => {
        if (host.clientWidth !== width) this.#resized();
        width = host.clientWidth;
      }).observe(host);
      document.addEventListener("runstore:theme", () => this.update());
    }

    get panels() {
      return [...this.made.values()];
    }

    /** Draws every panel that is in sight again; the others follow when they come into it. */
    async update() {
      for (const panel of this.panels) panel.stale = true;
      const near = this.panels.filter(({ visible }) => visible);
      const inSight = near.filter(({ root }) => isInSight(root.getBoundingClientRect()));
      await Promise.all(inSight.map((panel) => this.#draw(panel)));
      const turn = (this.turn = {});
      // What a person sees is painted before the rest is begun.
      requestAnimationFrame(() => setTimeout(() => this.turn === turn && near.filter(({ stale }) => stale).forEach((panel) => this.#draw(panel))));
    }

    /** Kept once the panels that the reader sees first are painted. */
    async settled() {
      await this.seen;
      await Promise.all(this.panels.map(({ drawing }) => drawing));
    }

    /** Shows only panels whose key or title matches. @param {string} pattern a regular expression */
    filter(pattern) {
      this.pattern = pattern;
      for (const section of this.sections) {
        section.limit = PAGE;
        this.#fill(section);
      }
    }

    /** Takes the metrics of a later build: those known get their newer data, others a panel. @param {Metric[]} metrics */
    renew(metrics) {
      const left = new Map(metrics.map((metric) => [metric.key, metric]));
      for (const section of this.sections) {
        section.metrics = section.metrics.filter(({ key, kind }) => kind !== undefined || left.has(key));
        for (const metric of section.metrics) {
          if (metric.kind === undefined) Object.assign(metric, left.get(metric.key));
          left.delete(metric.key);
        }
      }
      for (const metric of left.values()) {
        let section = this.sections.find(({ name }) => name === metric.section);
        if (!section) this.sections.push((section = this.#section(metric.section)));
        section.metrics.push(metric);
      }
      this.arrange();
    }

    /** Puts sections and panels where the layout has them, in the sizes and with the settings it says. */
    arrange() {
      this.#takeAdded();
      const names = this.layout.sections(this.sections.map(({ name }) => name));
      const sections = [...this.sections].sort((a, b) => names.indexOf(a.name) - names.indexOf(b.name));
      const roots = sections.map(({ root }) => root);
      if (roots.some((root, at) => root !== this.host.children[at])) this.host.replaceChildren(...roots);
      for (const section of this.sections) {
        section.root.open = !this.layout.isFolded(section.name);
        this.#fill(section);
      }
      for (const panel of this.panels) this.#refresh(panel);
    }

    /** Charts over the same axis show where the pointer is in one of them. @param {?{x: number, key: string, axis: string}} where */
    #follow(from, where) {
      for (const panel of this.panels) {
        if (panel === from || !panel.visible || !panel.chart) continue;
        panel.chart.follow(where && panel.chart.axis === where.axis ? where : null);
      }
    }

    highlight(key) {
      for (const panel of this.panels) if (panel.visible) panel.chart?.highlight(key);
    }

    /** Asks which kind of panel to add, and with which settings. @param {HTMLElement} button that opened it */
    offer(button) {
      const kinds = Object.values(runstore.kinds);
      runstore.menu.open(button, "Add panel", kinds.map((kind) => ({ label: kind.title, action: () => this.#add(kind) })));
    }

    async #add(kind) {
      const settings = await this.#ask(kind, `Add: ${kind.title}`, kind.defaults(this.context()), "Add");
      if (!settings) return;
      const id = this.layout.add(kind.name, settings);
      if (kind.wide) this.layout.resize(id, ...WIDE);
      const panel = this.made.get(id);
      panel?.root.scrollIntoView({ block: "nearest" });
      panel?.menuButton.focus();
    }

    async #edit(panel) {
      const kind = runstore.kinds[panel.kind];
      const settings = await this.#ask(kind, `Edit: ${panel.title}`, { ...kind.defaults(this.context()), ...panel.settings }, "Apply", panel);
      if (settings) this.layout.set(panel.metric.key, settings);
      panel.menuButton.focus();
    }

    async #ask(kind, title, values, done, panel = null) {
      const fields = kind.fields(this.context(), panel?.added === false ? panel.metric : null);
      const named = { name: "title", label: "Title", type: "text", placeholder: kind.named?.(values) ?? kind.title };
      const given = await runstore.form.ask({ title, about: kind.about, fields: [named, ...fields], values, done });
      return given && trimmed(given, kind.defaults(this.context()));
    }

    /** @returns {MenuItem[]} */
    #menu(panel) {
      const kind = runstore.kinds[panel.kind];
      const change = this.layout.changeable && this.context && kind ? [{ label: "Edit…", action: () => this.#edit(panel) }] : [];
      const remove = panel.added ? [{ label: "Remove panel", action: () => this.layout.remove(panel.metric.key), apart: true }] : [];
      const full = { label: "Full screen", action: () => panel.fullScreen() };
      const files = panel.chart ? runstore.plotFiles.items(panel) : kind?.draw ? this.#files(panel, kind) : [];
      return [...change, full, ...files, ...(this.arranger?.items(panel) ?? []), ...remove];
    }

    /** What the menu of a panel offers of its kind: its own, its table, its numbers. */
    #files(panel, kind) {
      const [settings, context] = this.#seen(panel, kind);
      const { save, copy, tabbed } = runstore.plotFiles;
      return [
        ...(kind.menu?.(panel.host, settings, context) ?? []),
        ...(kind.table && !kind.isTable ? [{ label: panel.tabled ? "Show as chart" : "Show as table", action: () => this.#swap(panel) }] : []),
        ...(kind.table ? [{ label: "Copy table", action: async () => copy(tabbed((await kind.table(settings, context)) ?? { columns: [], rows: [] })) }] : []),
        ...(kind.csv ? [{ label: "Download CSV", action: async () => save(`${panel.title}.csv`, "text/csv", await kind.csv(settings, context)), apart: true }] : []),
      ];
    }

    /** The numbers that a kind draws in place of the picture, or the picture again. */
    async #swap(panel, tabled = !panel.tabled) {
      const kind = runstore.kinds[panel.kind];
      panel.showTable(tabled ? ((await kind.table(...this.#seen(panel, kind))) ?? { columns: [], rows: [] }) : null);
    }

    /** What a kind draws from: the settings, whole, and what it may look at. */
    #seen(panel, kind) {
      const change = (part) => this.layout.set(panel.metric.key, { ...panel.settings, ...part });
      const context = { ...this.context(), change };
      return [{ ...kind.defaults(context), ...panel.settings }, context];
    }

    /** The panels that a person added, made and removed as the layout says. */
    #takeAdded() {
      if (!this.layout.changeable || !this.context) return;
      const section = this.sections.find(({ name }) => name === ADDED) ?? this.#newAdded();
      section.metrics = this.layout.added.map(({ id, kind }) => ({ key: id, title: id, section: ADDED, kind }));
      const kept = new Set(section.metrics.map(({ key }) => key));
      for (const panel of this.panels.filter(({ added, metric }) => added && !kept.has(metric.key))) {
        this.observer.unobserve(panel.root);
        panel.chart?.destroy();
        this.made.delete(panel.metric.key);
      }
    }

    #newAdded() {
      const section = this.#section(ADDED);
      this.sections.unshift(section);
      return section;
    }

    /** Takes over a panel's settings and size where they changed. */
    #refresh(panel) {
      const settings = this.layout.settings(panel.metric.key);
      const text = JSON.stringify([settings, this.layout.size(panel.metric.key)]);
      if (text === panel.text) return;
      const isNew = panel.text === undefined;
      Object.assign(panel, { text, settings });
      panel.title = this.#titleOf(panel);
      this.arranger?.fit(panel);
      panel.stale = true;
      if (!isNew && panel.visible) this.#draw(panel);
    }

    #titleOf({ kind: name, settings, added, metric }) {
      if (settings.title || !added) return settings.title || metric.title;
      const kind = runstore.kinds[name];
      return kind?.named?.({ ...kind.defaults(this.context()), ...settings }) ?? kind?.title ?? name;
    }

    #resized() {
      if (this.arranger) for (const panel of this.panels) this.arranger.fit(panel);
      this.update();
    }

    #matches(metric, test) {
      const title = this.made.get(metric.key)?.title ?? metric.title;
      // A title that is no part of its key is looked at too.
      return test(metric.key.endsWith(title) ? metric.key : `${metric.key}\n${title}`);
    }

    /** Puts the panels of a section's first matching metrics into the page. */
    #fill(section) {
      const { test } = runstore.matcher(this.pattern);
      const byKey = new Map(section.metrics.map((metric) => [metric.key, metric]));
      const all = this.layout.order(section.name, [...byKey.keys()]).map((key) => byKey.get(key));
      section.matching = this.pattern ? all.filter((metric) => this.#matches(metric, test)) : all;
      const { matching, limit } = section;
      section.root.hidden = matching.length === 0;
      section.count.textContent = String(matching.length);
      const roots = matching.slice(0, limit).map((metric) => this.#panelOf(metric).root);
      const { children } = section.grid;
      if (children.length !== roots.length || roots.some((root, at) => root !== children[at])) section.grid.replaceChildren(...roots);
      for (const { panel } of roots) this.arranger?.fit(panel);
      section.more.hidden = matching.length <= limit;
      section.more.textContent = `Show ${Math.min(PAGE, matching.length - limit)} more of ${matching.length}`;
    }

    #panelOf(metric) {
      let panel = this.made.get(metric.key);
      if (!panel) {
        panel = new Panel(metric, metric.kind ?? "line", this.owner);
        panel.added = metric.kind !== undefined;
        this.made.set(metric.key, panel);
        this.#refresh(panel);
        this.observer.observe(panel.root);
      }
      return panel;
    }

    #idsBeside({ root }) {
      const section = this.sections.find(({ grid }) => grid === root.parentElement);
      const usual = section.metrics.map(({ key }) => key);
      return { name: section.name, usual, all: this.layout.order(section.name, usual), shown: section.matching.map(({ key }) => key) };
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
      const section = { name, root, grid, count, more, metrics: [], matching: [], limit: PAGE };
      if (this.layout.changeable) {
        summary.title = "Alt and arrow: move the section";
        summary.addEventListener("keydown", (event) => this.#moveSection(section, event));
        root.addEventListener("toggle", () => this.layout.fold(name, !root.open));
      }
      more.onclick = () => {
        section.limit += PAGE;
        this.#fill(section);
      };
      return section;
    }

    #moveSection({ name, root }, event) {
      const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (!by || !event.altKey) return;
      event.preventDefault();
      const usual = this.sections.map((section) => section.name);
      const names = this.layout.sections(usual);
      // Sections without a panel to show are passed over.
      const hidden = new Set(this.sections.filter((section) => section.root.hidden).map((section) => section.name));
      const shown = names.filter((each) => !hidden.has(each));
      const other = shown[shown.indexOf(name) + by];
      if (other === undefined) return;
      const wanted = names.filter((each) => each !== name);
      wanted.splice(wanted.indexOf(other) + (by > 0 ? 1 : 0), 0, name);
      this.layout.reorderSections(usual, wanted);
      root.querySelector("summary").focus();
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
      const isCurrent = () => panel.turn === turn;
      panel.drawing = this.#drawn(panel, isCurrent).catch((error) => panel.fail(error));
      return panel.drawing;
    }

    async #drawn(panel, isCurrent) {
      const { metric, settings, added } = panel;
      const kind = runstore.kinds[panel.kind];
      // What a kind begins with goes by the runs that are shown.
      if (added) panel.title = this.#titleOf(panel);
      if (added && !kind) throw new Error(`This page knows no panel of the kind “${panel.kind}”.`);
      if (added && kind.draw) {
        const told = await kind.draw(panel.host, ...this.#seen(panel, kind));
        if (isCurrent()) panel.tell(told);
        if (isCurrent() && panel.tabled) await this.#swap(panel, true);
        return;
      }
      const drawing = await (added ? kind.drawing(...this.#seen(panel, kind)) : this.draw(metric, settings));
      if (isCurrent()) await panel.show(drawing);
    }
  }

  /** Settings without the empty ones that are so from the beginning. */
  function trimmed(settings, defaults) {
    const isEmpty = (value) => value === null || value === "" || value === false || (Array.isArray(value) && !value.length);
    const isUsual = (key, value) => isEmpty(value) && isEmpty(defaults[key] ?? null);
    return Object.fromEntries(Object.entries(settings).filter(([key, value]) => !isUsual(key, value)));
  }

  const isInSight = ({ top, bottom, height }) => height > 0 && bottom > 0 && top < innerHeight;

  return Panels;
})();
