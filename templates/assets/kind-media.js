"use strict";
/** Media of the runs that are shown, side by side: a cell a run, one slider through the steps for all of them. */
(() => {
  const { element, format, logged, panelKinds, sharedSteps } = runstore;
  const SIZES = { small: "Small", medium: "Medium", large: "Large" };
  const MOST = ["12", "24", "48", "96"];
  const COLUMNS = ["", "1", "2", "3", "4", "5", "6", "8"];
  const WIDE_KINDS = new Set(["html", "plotly", "object3D", "molecule", "plot", "gallery", "markdown", "text", "video"]);

  /** One run's cell. It is to the viewers what a panel of the run's page is. */
  class Cell {
    constructor(grid, run) {
      this.grid = grid;
      this.bare = true;
      this.at = -2;
      this.swatch = element("span", { className: "swatch" });
      this.link = element("a", { className: "text" });
      this.said = element("span", { className: "soft" });
      this.body = element("div", { className: "media-body" });
      this.root = element("figure", { className: "run-media", data: { run } }, element("figcaption", { className: "run-media-head" }, this.swatch, this.link, this.said), this.body);
      this.root.cell = this;
      this.state = Object.create(grid.shared);
    }

    /** @param {{name: string, link: {href?: string}, colour: string, data: RunPanel}} what */
    take({ name, link, colour, data }, key) {
      this.head = { key: `${key}, ${name}` };
      this.page = link.href;
      this.swatch.style.backgroundColor = colour;
      Object.assign(this.link, { ...link, textContent: name, title: name });
      if (this.data !== data) this.state = Object.create(this.grid.shared);
      this.data = data;
      this.items = data.items;
    }

    goTo(step) {
      return this.show(logged.placeAt(this.items, step));
    }

    /** @param {number} at */
    async show(at, anew = false) {
      const theme = document.documentElement.dataset.theme;
      const item = this.items[Math.min(this.items.length - 1, at)];
      if (!anew && this.drawn === item && this.theme === theme && item !== undefined) return;
      this.at = Math.min(this.items.length - 1, at);
      this.said.textContent = item ? `step ${format.number(item.step, 9)}` : "";
      if (!this.near) return;
      Object.assign(this, { drawn: item, theme });
      const turn = (this.turn = {});
      const node = item ? await this.#rendered(item) : element("p", { className: "soft" }, `Nothing yet: the first is at step ${format.number(this.items[0].step, 9)}.`);
      if (this.turn === turn) this.body.replaceChildren(node);
    }

    async #rendered(item) {
      try {
        return await runstore.steps.render(item, this);
      } catch (error) {
        return element("p", { className: "soft" }, `This cannot be shown: ${error.message}`);
      }
    }

    /** It comes into sight for the first time, or leaves it for good. */
    see(near) {
      this.near = near;
      if (near) this.shown = this.show(this.at, true);
    }
  }

  class MediaGrid {
    constructor(host, label) {
      this.host = host;
      this.shared = { hidden: new Set(), shown: new Set(), classes: new Map() };
      /** @type {Map<string, Cell>} */
      this.cells = new Map();
      this.stepper = new runstore.Stepper(label, (step) => this.#lead(step), (step) => this.#keep(step));
      this.size = element("select", { aria: { label: `Size of ${label}` } }, ...Object.entries(SIZES).map(([value, text]) => element("option", { value }, text)));
      this.size.onchange = () => this.context.change({ size: this.size.value });
      this.overlays = element("details", { className: "media-overlays", hidden: true }, element("summary", {}, "Boxes and masks"));
      this.place = element("div", { className: "media-cells", tabIndex: 0, role: "region", aria: { label } });
      this.tools = element("div", { className: "media-tools" }, this.stepper.root, element("label", { className: "control" }, "Size", this.size));
      this.root = element("div", { className: "media-panel-grid" }, this.tools, this.overlays, this.place);
      this.observer = new IntersectionObserver((entries) => this.#sight(entries), { root: this.place, rootMargin: "200px" });
    }

    /** @param {Map<number, RunPanel>} found @param {object} settings @param {Context} context */
    async show(found, settings, context, marks) {
      this.context = context;
      this.key = settings.key;
      this.size.value = SIZES[settings.size] ? settings.size : "medium";
      this.place.dataset.size = this.size.value;
      this.place.style.gridTemplateColumns = COLUMNS.includes(String(settings.columns)) && settings.columns ? `repeat(${settings.columns}, minmax(0, 1fr))` : "";
      const steps = logged.stepsOf(found.values());
      this.stepper.set(steps, sharedSteps.shown(settings.step, context, steps));
      const nodes = [];
      let group = null;
      // Groups of which each has one cell need no headings.
      const sized = new Set([...found.keys()].map((run) => marks.get(run).group)).size < found.size;
      for (const [run, data] of found) {
        const mark = marks.get(run);
        if (sized && mark.group !== null && mark.group !== group) nodes.push(heading((group = mark.group), mark.colour));
        const cell = this.#cell(context.runs.id[run]);
        cell.take({ name: context.runs.name[run], link: context.runs.linked(run), colour: mark.colour, data }, settings.key);
        nodes.push(cell.root);
      }
      const kept = new Set(nodes);
      for (const [id, cell] of this.cells) if (!kept.has(cell.root)) this.cells.delete(id);
      if (nodes.length !== this.place.children.length || nodes.some((node, at) => node !== this.place.children[at])) this.place.replaceChildren(...nodes);
      await this.go(this.stepper.step);
    }

    #cell(id) {
      if (!this.cells.has(id)) {
        const cell = new Cell(this, id);
        this.cells.set(id, cell);
        this.observer.observe(cell.root);
      }
      return this.cells.get(id);
    }

    /** Goes to a step, and with it the panels that share it. */
    #lead(step) {
      const { steps, at } = this.stepper;
      const followers = this.context.steps?.shared ? this.context.steps.peers() : [];
      return Promise.all([this.go(step), ...followers.map((host) => grids.get(host)?.follow(steps[at]))]);
    }

    #keep(step) {
      const { steps, at } = this.stepper;
      if (this.context.steps?.shared) this.context.steps.keep(steps[at]);
      else this.context.change({ step });
    }

    /** Goes to the nearest of its own steps. @param {number} at */
    follow(at) {
      const { stepper } = this;
      stepper.set(stepper.steps, sharedSteps.nearest(stepper.steps, at));
      return this.go(stepper.step);
    }

    async go(step) {
      await Promise.all([...this.cells.values()].map((cell) => cell.goTo(step)));
      this.#showOverlays();
    }

    /** Switches for boxes and masks, for all cells at once. */
    #showOverlays() {
      const items = [...this.cells.values()].flatMap(({ drawn }) => (drawn?.kind === "gallery" ? drawn.items : drawn ? [drawn] : []));
      const panel = { state: this.shared, head: { key: this.key }, at: 0, body: this.overlays, show: () => this.#again() };
      const made = runstore.overlayControls(items, panel);
      this.overlays.hidden = !made;
      this.overlays.replaceChildren(this.overlays.firstChild, ...(made ? [made] : []));
    }

    async #again() {
      await Promise.all([...this.cells.values()].filter(({ near }) => near).map((cell) => cell.show(cell.at, true)));
      this.#showOverlays();
    }

    /** Shows every cell, in sight or not. */
    async whole() {
      const late = [...this.cells.values()].filter(({ near }) => !near);
      late.forEach((cell) => cell.see(true));
      await Promise.all(late.map(({ shown }) => shown));
    }

    async #sight(entries) {
      for (const { target, isIntersecting } of entries) if (isIntersecting) {
        this.observer.unobserve(target);
        target.cell.see(true);
      }
      await Promise.all([...this.cells.values()].map(({ shown }) => shown));
      this.#showOverlays();
    }
  }

  function heading(group, colour) {
    const swatch = element("span", { className: "swatch" });
    swatch.style.backgroundColor = colour;
    return element("h4", { className: "run-media-group" }, swatch, group);
  }

  const mostOf = ({ most }) => (MOST.includes(String(most)) ? Number(most) : 24);

  /** The runs that are shown, in the order of their groups, each with its colour. */
  async function collect(settings, context) {
    const entry = logged.find(context.runs, "media", settings.key);
    if (!entry) return null;
    const marks = panelKinds.colours(context);
    return { entry, marks, ...(await logged.load(context.runs, entry, [...marks.keys()], mostOf(settings))) };
  }

  /** @type {WeakMap<HTMLElement, MediaGrid>} */
  const grids = new WeakMap();

  function nothing(host, text) {
    grids.delete(host);
    return panelKinds.empty(host, text);
  }

  async function draw(host, settings, context) {
    if (!logged.keys(context.runs, "media").length) return nothing(host, "No run of this project logged media: run.log({\"samples\": runstore.Image(array)}) does.");
    const turn = (host.turn = {});
    const [found] = await Promise.all([collect(settings, context), logged.viewers()]);
    if (host.turn !== turn) return null;
    if (!found) return nothing(host, "Choose what was logged in this panel's settings.");
    if (!found.found.size) return nothing(host, `None of the runs that are shown logged ${found.entry.key}.`);
    let grid = grids.get(host);
    if (!grid || grid.label !== settings.key) {
      grid = new MediaGrid(host, settings.key);
      grid.label = settings.key;
      grids.set(host, grid);
    }
    if (grid.root.parentElement !== host) host.replaceChildren(grid.root);
    grid.place.classList.toggle("roomy", WIDE_KINDS.has(found.entry.kind));
    await grid.show(found.found, settings, context, found.marks);
    // Paper does not scroll.
    if (document.documentElement.classList.contains("printing")) await grid.whole();
    return { about: format.count(found.found.size, "run"), note: [noteOf(found), sharedSteps.note(context)].filter(Boolean).join(" ") };
  }

  function noteOf({ found, having, failed }) {
    const notes = [having > found.size + failed ? `The first ${found.size} of ${format.count(having, "run")} that logged it.` : "", failed ? `The data of ${format.count(failed, "run")} cannot be loaded.` : ""];
    return notes.filter(Boolean).join(" ");
  }

  async function table(settings, context) {
    const made = await collect(settings, context);
    if (!made) return null;
    const step = sharedSteps.shown(settings.step, context, logged.stepsOf(made.found.values()));
    const rows = [...made.found].flatMap(([run, { items }]) => {
      const item = items[logged.placeAt(items, step)];
      const parts = item?.kind === "gallery" ? item.items : item ? [item] : [];
      return parts.map((part) => [context.runs.name[run], item.step, part.kind, part.caption ?? "", part.src ?? part.href ?? part.file ?? ""]);
    });
    return { columns: ["Run", "Step", "Kind", "Caption", "File"], rows };
  }

  panelKinds.register({
    name: "media",
    title: "Media",
    about: "Images, sound, video, HTML, 3D and the like, as the runs that are shown logged them, with one slider through the steps.",
    wide: true,
    defaults: (context) => ({ key: logged.keys(context.runs, "media")[0]?.key ?? "", step: null, size: "medium", columns: "", most: "24" }),
    fields: (context, metric) => [
      ...(metric ? [] : [{ name: "key", label: "Logged as", type: "key", options: logged.keys(context.runs, "media").map(({ key, kind, runs }) => ({ value: key, label: `${key} (${kind}, ${format.count(runs, "run")})` })) }]),
      { name: "size", label: "Size", type: "select", options: Object.entries(SIZES).map(([value, label]) => ({ value, label })) },
      { name: "columns", label: "Columns", type: "select", options: COLUMNS.map((value) => ({ value, label: value || "As many as fit" })) },
      { name: "most", label: "Runs at most", type: "select", options: MOST },
      { name: "step", label: "Step", type: "number", about: "Of each run the last value at or before this step; empty: its last." },
    ],
    named: ({ key }) => key || "Media",
    menu: (_host, _settings, { steps }) => steps?.items ?? [],
    draw,
    table,
  });
})();
