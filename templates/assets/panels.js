"use strict";
/** The panels of a page in their sections: made when they scroll into sight, drawn again when the view changes. */
runstore.Panels = (() => {
  const { element, Panel, Section, Layout, Arrange } = runstore;
  const ADDED = "Added panels";
  // px of a small panel.
  const [NARROW, LOW] = [310, 200];
  // What these say in the view is done without drawing.
  const ARRANGES = ["panels", "layout", "sync", "zoom", "zooms"];

  /**
   * @typedef {{key: string, title: string, section: string, own?: Own}} Metric
   * @typedef {{kind: string, set: object, size: [number, number]}} Own  of a panel that is there by itself and shows no metric: its kind, its settings to begin with, its usual size
   * @typedef {{curves: Curve[], axis: string, axisLabel: string, log: boolean, about: string, note: string, legend: LegendItem[], key?: ?Key}} Drawing  `key`: what the colours mean (colours.js)
   * @typedef {{key: string, of?: string, members?: string[], label: string, colour: string, off: boolean, n?: number}} LegendItem  `of` names the run or the group of the page; a group of the panel's own has the ids of its `members`
   * @typedef {object} Context  what a kind of panel may look at
   * @property {Runs} runs
   * @property {number[]} charted  indices of the runs that charts show
   * @property {?Group[]} groups
   * @property {(of: number | Group) => string} colourOf
   * @property {boolean} byColumn  whether a column says the colours
   * @property {?Key} key          what they mean then
   * @property {Metric[]} metrics
   * @property {(key: string) => Promise<Series>} series
   * @property {State} state
   * @property {(group: string) => ?Group[]} grouped  the runs that the page shows by other columns, which are loaded; "" for none
   * @property {(runs: ?number[]) => void} select  selects these runs and shows only them; null: selects none and shows all
   * @property {(part: object) => void} change  keeps a part of the settings of the panel that is drawn
   * @property {?Sweep} sweep      whose trials the runs are, on the page of a sweep
   * @property {SharedSteps} steps  the slider that it shares with others (shared-steps.js)
   */

  class Panels {
    /**
     * @param {HTMLElement} host
     * @param {Metric[]} metrics in the order they are shown
     * @param {(metric: Metric, settings: object) => Promise<Drawing>} draw what a metric's chart shows now
     * @param {(key: string | string[]) => void} toggle called for a click in a legend: of what it names, or of these runs
     * @param {{state?: ?State, context?: ?(() => Context), lean?: boolean, fixed?: boolean}} more  with a state panels can be arranged, with a context
     *   added; where none can be, `lean` lets line charts be set; `fixed`: they are those of the state, and stay as they are
     */
    constructor(host, metrics, draw, toggle, { state = null, context = null, lean = false, fixed = false } = {}) {
      Object.assign(this, { host, metrics, draw, toggle, context, lean, fixed, pattern: "" });
      this.layout = new Layout(state);
      this.fitter = this.layout.changeable ? new Arrange(this.layout, this) : null;
      this.zooms = new runstore.zoom.Zooms(state);
      this.arranger = fixed ? null : this.fitter;
      this.owner = { menu: (panel) => this.#menu(panel), toggle, arrange: this.arranger, point: (panel, where) => this.#point(panel, where), zoom: (panel, range) => this.#zoom(panel, range), redraw: (panel) => this.#draw(panel), exact: (panel) => this.#exact(panel) };
      /** @type {Map<string, Panel>} the panels made so far, by their metric's key */
      this.made = new Map();
      this.seen = new Promise((resolve) => (this.haveSeen = resolve));
      this.observer = new IntersectionObserver((entries) => this.#sight(entries), { rootMargin: "200px 0px" });
      /** @type {Section[]} in the order they are shown */
      this.sections = [];
      this.none = element("p", { className: "empty", hidden: true });
      this.said = element("p", { className: "aside", role: "status" });
      host.after(this.none, this.said);
      // Before the page is ready no more panels are made than may be in sight.
      this.room = Math.ceil(innerHeight / LOW) * Math.ceil(innerWidth / NARROW);
      this.arrange();
      if (!this.made.size) this.haveSeen();
      runstore.whenReady(() => this.#fillRest());
      let width = host.clientWidth;
      new ResizeObserver(() => {
        if (host.clientWidth !== width) this.#resized();
        width = host.clientWidth;
      }).observe(host);
      document.addEventListener("runstore:theme", () => this.update());
      runstore.printing.add(() => this.drawAll());
    }

    /** Keeps room for the legends of charts that are not drawn yet, so that the page stays as it is. @param {number} lines in each */
    expect(lines) {
      this.host.style.setProperty("--legend", `${Panel.legendHeight(lines)}px`);
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
      this.#drawSoon(near, () => this.turn === turn);
    }

    /** Draws every panel that is in the page, in sight or not. */
    async drawAll() {
      this.room = Infinity;
      this.#fillAll();
      const shown = this.panels.filter(({ root }) => root.checkVisibility());
      await Promise.all(shown.map((panel) => this.#draw(panel)));
    }

    /** Kept once the panels that the reader sees first are painted. */
    async settled() {
      await this.seen;
      // Charts may turn out to be lower than was thought, and others come into sight.
      let late = [];
      do {
        late.forEach((panel) => this.#draw(panel));
        await Promise.all(this.panels.map(({ drawing }) => drawing));
        late = this.panels.filter(({ turn, root }) => !turn && isInSight(root.getBoundingClientRect()));
      } while (late.length);
    }

    /** Shows only panels whose key or title matches. @param {string} pattern a regular expression */
    filter(pattern) {
      this.pattern = pattern;
      for (const section of this.sections) section.begin();
      this.#fillAll();
      this.#showNone();
    }

    /** Takes the metrics of a later build: those known get their newer data, others a panel. @param {Metric[]} metrics */
    renew(metrics) {
      const left = new Map(metrics.map((metric) => [metric.key, metric]));
      const known = this.metrics.filter(({ key }) => left.has(key));
      for (const metric of known) {
        Object.assign(metric, left.get(metric.key));
        left.delete(metric.key);
      }
      this.metrics = [...known, ...left.values()];
      this.arrange();
    }

    /** Puts sections and panels where the layout has them, in the sizes and with the settings it says. */
    arrange() {
      this.#forgetRemoved();
      const homes = this.#homes();
      /** The names of all sections, in the order they come. */
      this.usual = [...homes.keys()];
      /** The section of each panel. */
      this.homeOf = new Map([...homes].flatMap(([name, own]) => own.map(({ key }) => [key, name])));
      const made = new Map(this.sections.map((section) => [section.name, section]));
      this.sections = this.layout.sections(this.usual).map((name) => made.get(name) ?? this.#section(name));
      const roots = this.sections.map(({ root }) => root);
      if (roots.length !== this.host.children.length || roots.some((root, at) => root !== this.host.children[at])) this.host.replaceChildren(...roots);
      this.host.classList.toggle("few-panels", [...homes.values()].every((own) => own.filter(({ own: usual }) => !(usual?.size?.[0] > 2)).length <= 2));
      for (const section of this.sections) {
        section.metrics = homes.get(section.name);
        section.details.open = !this.layout.isFolded(section.name);
        section.title = this.layout.titleOf(section.name);
        section.columns = this.layout.columns(section.name);
        section.about = runstore.panelForms.told(this, section.name);
      }
      this.#fillAll();
      this.#showNone();
      for (const panel of this.panels) this.#refresh(panel);
      this.onarrange?.();
    }

    /** The panels of each section, those that were removed left out, both in the order they come. @returns {Map<string, Metric[]>} */
    #homes() {
      const { layout } = this;
      const added = this.#addsPanels ? layout.added.map(({ id, kind }) => ({ key: id, title: id, section: ADDED, kind })) : [];
      const homes = new Map(this.#addsPanels ? [[ADDED, []]] : []);
      for (const name of [...this.metrics.map(({ section }) => section), ...layout.made]) if (!homes.has(name)) homes.set(name, []);
      const hidden = new Set(layout.removed.panels);
      for (const metric of [...added, ...this.metrics]) {
        if (hidden.has(metric.key)) continue;
        (homes.get(layout.home(metric.key)) ?? homes.get(metric.section)).push(metric);
      }
      for (const name of layout.removed.sections) homes.delete(name);
      return homes;
    }

    get #addsPanels() {
      return this.layout.changeable && this.context !== null;
    }

    /** Where a panel is. */
    sectionOf({ root }) {
      return root.closest(".section-frame").section;
    }

    /** The keys of a section's panels in the order they come, as if another were among them. @param {string} name @param {?string} with_ */
    usualIn(name, with_ = null) {
      const section = this.sections.find((each) => each.name === name);
      const own = new Set([...section.metrics.map(({ key }) => key), ...(with_ === null ? [] : [with_])]);
      return [...(this.#addsPanels ? this.layout.added.map(({ id }) => id) : []), ...this.metrics.map(({ key }) => key)].filter((key) => own.has(key));
    }

    /** Keys in the order of the titles of their panels. @param {string[]} keys */
    byTitle(keys) {
      const titles = new Map(this.metrics.map(({ key, title }) => [key, title]));
      const titleOf = (key) => this.made.get(key)?.title ?? titles.get(key) ?? key;
      return [...keys].sort((a, b) => titleOf(a).localeCompare(titleOf(b), "en", { numeric: true }));
    }

    /** Tells a screen reader. @param {string} text */
    say(text) {
      this.said.textContent = text;
    }

    /** Says what to do where nothing is left to show. */
    #showNone() {
      const isEmpty = this.sections.every(({ shown }) => !shown) && (this.metrics.length > 0 || this.pattern !== "");
      this.none.hidden = !isEmpty;
      this.none.textContent = this.pattern ? `No chart's name matches “${this.pattern}”. Empty the search to see them all.` : "Every panel was removed. “Reset layout” brings them back.";
    }

    /** Charts over the same axis show where the pointer is in one of them. @param {?{x: number, key: string, axis: string}} where */
    #point(from, where) {
      for (const panel of this.panels) {
        if (panel === from || !panel.visible || !panel.chart) continue;
        panel.chart.follow(where && panel.chart.axis === where.axis ? where : null);
      }
    }

    /** Follows the view in how panels stand. @param {Set<string>} changed @returns {boolean} whether it changed in anything else */
    follow(changed) {
      const { view } = this.layout.state;
      if (changed.has("panels")) this.filter(view.panels);
      if (changed.has("layout")) this.arrange();
      if (["sync", "zoom", "zooms"].some((key) => changed.has(key))) this.#rezoom();
      return [...changed].some((key) => !ARRANGES.includes(key));
    }

    /** A person zoomed in a panel, null: out again. */
    #zoom({ metric, chart }, range) {
      this.zooms.set(metric.key, chart.axis, range);
      this.#rezoom();
    }

    /** Shows of each chart what the view says. Of long runs there are other points then. */
    #rezoom() {
      for (const panel of this.panels.filter(({ chart }) => chart?.axis)) {
        const range = this.zooms.of(panel.metric.key, panel.chart.axis);
        if (JSON.stringify(range) === JSON.stringify(panel.range ?? null)) continue;
        panel.range = range;
        panel.chart.share(range);
        if (!panel.resamples) continue;
        if (panel.visible) this.#draw(panel);
        else panel.stale = true;
      }
    }

    /** Draws from all data what was drawn from some points or digits. */
    #exact(panel) {
      if (!panel.rough || panel.exact) return panel.drawing;
      panel.exact = panel.rough;
      return this.#draw(panel);
    }

    /** What a drawing may ask: the range that it shows of an axis, whether it needs all data, and that it waits for them. */
    #look(panel, isCurrent = () => true) {
      return {
        exact: panel.exact ?? "",
        zoom: (axis) => this.zooms.of(panel.metric.key, axis),
        loading: () => isCurrent() && panel.wait("Loading every row of this range…"),
      };
    }

    highlight(key) {
      for (const panel of this.panels) if (panel.visible) panel.chart?.highlight(key);
    }

    /** Lets a person add a panel. @param {HTMLElement} button that opened it @param {?Section} section where to, null: where it belongs */
    offer(button, section = null) {
      runstore.panelForms.offer(this, button, section);
    }

    /** What a panel's section says of its charts; of other kinds than lines their groups. @param {Panel} panel */
    inherited({ kind, metric }) {
      const { group, ...others } = this.layout.charts(this.homeOf.get(metric.key) ?? metric.section);
      return { ...(kind === "line" ? others : {}), ...(group ? { group } : {}) };
    }

    /** @returns {MenuItem[]} */
    #menu(panel) {
      const kind = runstore.kinds[panel.kind];
      const change = runstore.panelForms.canEdit(this, panel) ? [{ label: "Edit…", action: () => runstore.panelForms.edit(this, panel) }] : [];
      const remove = this.arranger ? [{ label: "Remove panel", action: () => this.#remove(panel), apart: true }] : [];
      const full = { label: "Full screen", action: () => panel.fullScreen() };
      const files = panel.chart ? this.#chartFiles(panel) : kind?.draw ? this.#files(panel, kind) : [];
      return [...change, ...this.#zoomItems(panel), full, ...files, ...(this.arranger?.items(panel) ?? []), ...remove];
    }

    /** Zooming by numbers, for who has no mouse. */
    #zoomItems({ chart }) {
      if (!chart?.drawn.length) return [];
      const ask = async () => {
        const range = await runstore.zoom.ask(chart);
        if (range) chart.zoomTo(range);
      };
      return [{ label: "Zoom to…", action: ask }, ...(chart.zoom ? [{ label: "Reset zoom", action: () => chart.resetZoom() }] : [])];
    }

    /** What is taken away from a chart is made of all data. */
    #chartFiles(panel) {
      const whole = (action) => (panel.rough ? () => this.#exact(panel).then(action) : action);
      return runstore.plotFiles.items(panel).map((item) => ({ ...item, action: whole(item.action) }));
    }

    #remove({ added, metric, title }) {
      if (added) this.layout.remove(metric.key);
      else this.layout.hide(metric.key);
      this.say(added ? `${title} was removed.` : `${title} was removed: “Layout” brings it back.`);
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
      const context = { ...this.context(), change, steps: runstore.sharedSteps.of(this, panel) };
      return [{ ...kind.defaults(context), ...panel.metric.own?.set, ...this.inherited(panel), ...panel.settings }, context];
    }

    /** Lets go of the panels that a person added and removed again: in another view their ids may be those of others. */
    #forgetRemoved() {
      const kept = new Map(this.layout.added.map(({ id, kind }) => [id, kind]));
      for (const panel of this.panels.filter(({ added, metric, kind }) => added && kept.get(metric.key) !== kind)) {
        this.observer.unobserve(panel.root);
        panel.chart?.destroy();
        this.made.delete(panel.metric.key);
      }
    }

    /** Takes over a panel's settings and size where they changed. */
    #refresh(panel) {
      const settings = this.layout.settings(panel.metric.key);
      const step = runstore.sharedSteps?.hasSlider(panel) ? this.layout.stepScope(this.homeOf.get(panel.metric.key)) : null;
      const text = JSON.stringify([settings, this.layout.size(panel.metric.key), this.inherited(panel), step]);
      if (text === panel.text) return;
      const isNew = panel.text === undefined;
      Object.assign(panel, { text, settings });
      panel.title = this.#titleOf(panel);
      this.fitter?.fit(panel);
      panel.stale = true;
      if (!isNew && panel.visible) this.#draw(panel);
    }

    #titleOf({ kind: name, settings, added, metric }) {
      if (settings.title || !added) return settings.title || metric.title;
      const kind = runstore.kinds[name];
      const context = this.context();
      return kind?.named?.({ ...kind.defaults(context), ...settings }, context) ?? kind?.title ?? name;
    }

    #resized() {
      if (this.fitter) for (const panel of this.panels) this.fitter.fit(panel);
      this.update();
    }

    #matches(metric, test) {
      const title = this.made.get(metric.key)?.title ?? metric.title;
      // A title that is no part of its key is looked at too.
      return test(metric.key.endsWith(title) ? metric.key : `${metric.key}\n${title}`);
    }

    #fillAll() {
      let { room } = this;
      for (const section of this.sections) {
        this.#fill(section, section.details.open || room === Infinity ? Math.max(room, 0) : 0);
        room -= section.grid.children.length;
      }
    }

    /** Puts in the panels that had to wait, a section at a time, so that a person's click need not. */
    #fillRest() {
      this.room = Infinity;
      const late = this.sections.find((section) => !section.isFull);
      if (!late) return;
      this.#fill(late);
      (window.requestIdleCallback ?? setTimeout)(() => this.#fillRest());
    }

    /** Puts the panels of a section's first matching metrics into the page. */
    #fill(section, most = Infinity) {
      const { test } = runstore.matcher(this.pattern);
      const byKey = new Map(section.metrics.map((metric) => [metric.key, metric]));
      const all = this.layout.order(section.name, [...byKey.keys()]).map((key) => byKey.get(key));
      section.matching = this.pattern ? all.filter((metric) => this.#matches(metric, test)) : all;
      section.root.hidden = section.matching.length === 0 && (this.pattern !== "" || !this.layout.made.includes(section.name));
      section.none.hidden = section.matching.length > 0;
      section.put(section.matching.slice(0, Math.min(section.limit, most)).map((metric) => this.#panelOf(metric).root));
      for (const { panel } of section.grid.children) this.fitter?.fit(panel);
    }

    #panelOf(metric) {
      let panel = this.made.get(metric.key);
      if (!panel) {
        panel = new Panel(metric, metric.kind ?? metric.own?.kind ?? "line", this.owner);
        panel.added = metric.kind !== undefined;
        this.made.set(metric.key, panel);
        this.#refresh(panel);
        this.observer.observe(panel.root);
      }
      return panel;
    }

    #section(name) {
      const { arranger } = this;
      const owner = {
        fill: (section) => this.#fill(section),
        fold: ({ details }) => this.layout.fold(name, !details.open),
        menu: (section) => runstore.sectionMenu.open(this, section),
        drag: (section, event) => arranger.dragSection(section, event),
        key: (section, event) => arranger.keySection(section, event),
      };
      return new Section(name, owner, this.arranger !== null);
    }

    #sight(entries) {
      for (const { target, isIntersecting } of entries) {
        const { panel } = target;
        panel.visible = isIntersecting;
        target.classList.toggle("away", !isIntersecting);
      }
      const near = entries.filter(({ target: { panel } }) => panel.visible && panel.stale);
      for (const { target, boundingClientRect } of near) if (isInSight(boundingClientRect)) this.#draw(target.panel);
      this.#drawSoon(near.map(({ target }) => target.panel));
      this.haveSeen();
    }

    /** Draws panels that are near, once what a person sees is painted. @param {Panel[]} panels */
    #drawSoon(panels, isCurrent = () => true) {
      const draw = () => isCurrent() && panels.filter(({ visible, stale }) => visible && stale).forEach((panel) => this.#draw(panel));
      if (panels.length) requestAnimationFrame(() => setTimeout(draw));
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
      if (kind?.draw && (added || metric.own)) {
        const told = await kind.draw(panel.host, ...this.#seen(panel, kind));
        if (isCurrent()) panel.tell(told);
        if (isCurrent() && panel.tabled) await this.#swap(panel, true);
        return;
      }
      const look = this.#look(panel, isCurrent);
      const [own, context] = added ? this.#seen(panel, kind) : [];
      const drawing = await (added ? kind.drawing(own, { ...context, look }) : this.draw(metric, { ...this.inherited(panel), ...settings }, look));
      if (!isCurrent()) return;
      panel.range = this.zooms.of(metric.key, drawing.axis);
      await panel.show({ ...drawing, zoom: panel.range });
    }
  }

  const isInSight = ({ top, bottom, height }) => height > 0 && bottom > 0 && top < innerHeight;

  return Panels;
})();
