"use strict";
/**
 * The figures of a text: in each a grid of panels over runs of its own. What a reader chooses in a grid is in the view of
 * its page; what the author wrote stays as it is.
 *
 * @typedef {object} GridData  as `sitegen.reports.figures` writes it
 * @property {string} project
 * @property {{name: string, runs: [number, number][]}[]} sets  the places of their runs in ranges
 * @property {Object<string, string>} names  of runs that have another one here, by id
 * @property {string} group
 * @property {string} sort
 * @property {?string} sweep  its project and its id, with a slash between them
 * @property {number} columns
 * @property {{kind: string, set: object, size: [number, number]}[]} panels
 *
 * @typedef {{projects: object[], sweeps: object[], grids: GridData[]}} GridsData
 * @typedef {{view: Partial<View>, set: (part: Partial<View>) => void, onchange: () => void}} GridsView  of the page: a `State`, or what is like one
 */
runstore.grids = (() => {
  const { State, Runs, Shown, Panels, Lines, Column, Sweep, element } = runstore;
  const SECTION = "Added panels";
  const SET = "runset";
  /** What of a grid's view a reader may change, as the address has it: what is of the wrong kind counts as absent. */
  const CHOSEN = {
    hide: (value) => (Array.isArray(value) ? value.filter((each) => typeof each === "string") : []),
    zoom: (value) => (Array.isArray(value) ? State.ranged(value) : null),
    zooms: State.zoomed,
    layout: (value, authors) => ({ ...authors, add: authors.add.map((panel) => ({ ...panel, set: { ...panel.set, ...changedIn(value, panel) } })) }),
  };
  /** The settings that a reader changes in a panel itself. No address says another thing in the author's name. */
  const CHANGED = new Set(["search", "changed", "order", "size", "step", "mode", "on", "filter", "group", "sort", "open", "brushes", "flips", "columns", "x", "y", "others"]);
  // px of a panel's head, of its legend and of what is around.
  const AROUND = 92;

  /** What an arrangement changes in one of the author's panels. */
  function changedIn(arrangement, { id, kind }) {
    const known = Array.isArray(arrangement?.add) ? arrangement.add.find((each) => each?.id === id && each.kind === kind) : null;
    return Object.fromEntries(Object.entries(known?.set ?? {}).filter(([name]) => CHANGED.has(name)));
  }

  /** The view of one grid: the author's, with what the reader chose. */
  class GridState {
    /** @param {Partial<View>} view the author's @param {GridsView} page @param {string} key of the grid in the page's view */
    constructor(view, page, key) {
      Object.assign(this, { page, key });
      this.first = { ...State.DEFAULTS, ...view };
      this.onchange = () => {};
      this.#read();
    }

    #read() {
      const chosen = this.page.view.grids?.[this.key];
      const known = Object.entries(chosen && typeof chosen === "object" ? chosen : {}).filter(([name]) => Object.hasOwn(CHOSEN, name));
      this.view = { ...this.first, ...Object.fromEntries(known.map(([name, value]) => [name, CHOSEN[name](value, this.first[name])])) };
    }

    /** @param {Partial<View>} part */
    set(part) {
      const before = this.view;
      this.view = { ...before, ...part };
      this.#keep();
      this.onchange(State.changes(before, this.view));
    }

    /** Takes what the address says now. */
    follow() {
      const before = this.view;
      this.#read();
      const changed = State.changes(before, this.view);
      if (changed.size) this.onchange(changed);
    }

    #keep() {
      const chosen = Object.fromEntries(Object.keys(CHOSEN).filter((name) => JSON.stringify(this.view[name]) !== JSON.stringify(this.first[name])).map((name) => [name, this.view[name]]));
      const { [this.key]: _, ...others } = this.page.view.grids;
      this.page.set({ grids: Object.keys(chosen).length ? { ...others, [this.key]: chosen } : others });
    }
  }

  /** One figure's panels: what `Lines` and `Groupings` look at. */
  class Grid {
    /** @param {HTMLElement} root @param {GridData} data @param {{runs: Runs, base: string, decoded: Map}} project @param {?Sweep} sweep @param {GridsView} page */
    constructor(root, data, project, sweep, page) {
      this.root = root;
      this.#take(data, project, sweep);
      this.state = new GridState({ group: data.sets.length > 1 ? SET : data.group, sort: data.sort, layout: layoutOf(data) }, page, root.dataset.grid);
      this.lines = new Lines(this);
    }

    /** The runs of the sets, with what they have here alone. */
    #take(data, project, sweep) {
      const { runs } = project;
      const places = data.sets.map((set) => set.runs.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, at) => from + at)));
      const matching = [...new Set(places.flat())].sort((a, b) => a - b);
      Object.assign(this, { base: project.base, decoded: project.decoded, sweep, runs: runs.within(matching, data.names), matching });
      if (data.sets.length > 1) this.#addSets(data.sets, places);
      sweep?.extend(this.runs);
    }

    /** Takes the data of a later build. */
    async renew(data, project, sweep) {
      this.#take(data, project, sweep);
      this.lines = new Lines(this);
      await this.#select();
      await this.panels?.update();
    }

    /** A column that says of which set each run is: of the first that has it. */
    #addSets(sets, places) {
      const values = new Array(this.runs.id.length).fill(null);
      for (let at = sets.length - 1; at >= 0; at--) for (const place of places[at]) values[place] = sets[at].name;
      this.runs.columns.set(SET, new Column({ key: SET, label: "Run set", section: "run", type: "text", values }, values.length));
    }

    /** Makes the panels and draws those that are in sight. */
    async start() {
      await this.#select();
      this.root.replaceChildren();
      this.panels = new Panels(this.root, [], () => Promise.reject(new Error("no such metric")), (key) => this.state.set({ hide: this.shown.toggled(key) }), { state: this.state, context: () => this.lines.context(), fixed: true });
      this.panels.expect(this.groups?.length ?? this.charted.size);
      this.state.onchange = (changed) => this.#change(changed).catch(runstore.fail);
      await this.panels.settled();
      this.root.style.minHeight = "";
    }

    async #change(changed) {
      await this.#select();
      if (this.panels.follow(changed)) await this.panels.update();
    }

    async #select() {
      const { runs, state: { view } } = this;
      await runs.ensure([...runs.keysOf(view.group), ...runs.sorts(view.sort).map(({ key }) => key), view.colour]);
      this.shown = new Shown(runs, this.matching, view);
      ({ groups: this.groups, colours: this.colours, charted: this.charted } = this.shown);
    }

    /** Offers the numbers of each panel as CSV. @param {HTMLElement} button */
    files(button) {
      const items = this.panels.panels.map((panel) => ({ label: panel.title, save: this.panels.owner.menu(panel).find(({ label }) => label === "Download CSV") }));
      const there = items.filter(({ save }) => save).map(({ label, save }) => ({ label, action: save.action }));
      if (there.length === 1) there[0].action();
      else if (there.length) runstore.menu.open(button, "Numbers of these panels as CSV", there);
    }
  }

  /** The author's panels as an arrangement. @param {GridData} data */
  function layoutOf({ panels, columns }) {
    const id = (at) => `panel ${at + 1}`;
    return {
      add: panels.map(({ kind, set }, at) => ({ id: id(at), kind, set })),
      size: Object.fromEntries(panels.map(({ size }, at) => [id(at), size])),
      columns: { [SECTION]: columns },
    };
  }

  /** A payload whose name is that of others too: of another project or another sweep. */
  async function only(name, url) {
    const found = await runstore.load(name, url);
    runstore.forget(name);
    return found;
  }

  /** @param {GridsData & {isPaged?: boolean}} told  `isPaged`: whether the site has a page for each run */
  async function projectsOf({ projects, isPaged = true }) {
    const found = new Map();
    // One after the other: their files have the same name.
    for (const { name, base, runs } of projects) found.set(name, { base, decoded: new Map(), runs: Object.assign(new Runs(await only("runs", runs), base, null), { isPaged }) });
    return found;
  }

  async function sweepsOf({ sweeps }) {
    const found = new Map();
    for (const { id, project, data } of sweeps) found.set(`${project}/${id}`, new Sweep(await only("sweep", data)));
    return found;
  }

  /** Keeps room for the panels that are to come. */
  function reserve(root) {
    const rows = root.dataset.rows.split(" ").map(Number);
    root.style.minHeight = `${rows.reduce((sum, height) => sum + height + AROUND, 0)}px`;
  }

  /** The figures of a page, drawn as they come into sight. */
  class Grids {
    /** @param {HTMLElement[]} roots @param {GridsView} page */
    constructor(roots, page) {
      Object.assign(this, { roots, page });
      /** @type {Map<HTMLElement, {grid: Grid, started: Promise<void>}>} */
      this.made = new Map();
      this.ended = new AbortController();
      roots.forEach(reserve);
    }

    /** @param {GridsData} told */
    async take(told) {
      this.told = told;
      this.projects = await projectsOf(told);
      this.sweeps = await sweepsOf(told);
    }

    dataOf(root) {
      const data = this.told.grids[Number(root.dataset.grid)];
      return [data, this.projects.get(data.project), data.sweep === null ? null : this.sweeps.get(data.sweep)];
    }

    /** Draws a figure. @returns {Promise<void>} */
    begin(root) {
      if (this.made.has(root)) return this.made.get(root).started;
      const grid = new Grid(root, ...this.dataOf(root), this.page);
      const started = grid.start().catch((error) => root.replaceChildren(element("p", { className: "plot-empty" }, error.message)));
      this.made.set(root, { grid, started });
      return started;
    }

    /** Draws those that are in sight, and each other once it is near. @param {GridsData} told */
    async draw(told) {
      await this.take(told);
      this.page.onchange = () => this.made.forEach(({ grid }) => grid.state.follow());
      document.addEventListener("click", (event) => this.#offer(event), { signal: this.ended.signal });
      const near = new IntersectionObserver((entries) => entries.filter(({ isIntersecting }) => isIntersecting).forEach(({ target }) => this.begin(target)), { rootMargin: "800px 0px" });
      this.ended.signal.addEventListener("abort", () => near.disconnect());
      await Promise.all(this.roots.filter((root) => isInSight(root.getBoundingClientRect())).map((root) => this.begin(root)));
      this.roots.forEach((root) => near.observe(root));
    }

    #offer({ target }) {
      const button = target instanceof Element && target.closest("[data-figure-csv]");
      const root = button && this.roots.find(({ dataset }) => dataset.grid === button.dataset.figureCsv);
      if (root) this.begin(root).then(() => this.made.get(root).grid.files(button));
    }

    /** Draws all of them, in sight or not. */
    async drawAll() {
      await Promise.all(this.roots.map((root) => this.begin(root)));
      await Promise.all([...this.made.values()].map(({ grid }) => grid.panels?.drawAll()));
    }

    /** Shows the data of a later build. @param {GridsData} later */
    async renew(later) {
      // Of another text the page is loaded anew.
      if (later.grids.length !== this.told.grids.length) return;
      await this.take(later);
      await Promise.all([...this.made].map(([root, { grid }]) => grid.renew(...this.dataOf(root))));
    }

    /** The page shows something else from now on. */
    end() {
      this.ended.abort();
    }
  }

  const isInSight = ({ top, bottom }) => bottom > 0 && top < innerHeight;

  return { Grids };
})();
