"use strict";
/**
 * Panels of what was logged at steps: one a key, in sections, made when it scrolls into sight, with a slider through its
 * steps.
 *
 * @typedef {object} PanelHead what the page knows of a panel before its data are loaded
 * @property {string} key
 * @property {string} section
 * @property {string} title
 * @property {string} place  media | tables
 * @property {string} kind
 * @property {number} steps
 * @property {string} name   of its data file
 * @property {string} url
 *
 * @typedef {{kind: string, step: number, writer?: string}} Item one logged value; the other keys are its renderer's
 * @typedef {(item: Item, panel: StepPanel) => Node | Promise<Node>} Renderer
 */
runstore.steps = (() => {
  const { element, icon, format } = runstore;
  const FRAME_MS = 600;
  const PAGE = 60;
  // What `watch` logs, a panel or two for each layer of a model: opened by who wants it.
  const CLOSED = new Set(["gradients", "parameters"]);

  /** @type {Object<string, Renderer>} */
  const renderers = Object.create(null);

  class StepPanel {
    /** @param {PanelHead} head */
    constructor(head) {
      this.head = head;
      this.state = {};
      this.at = -1;
      this.items = null;
      this.about = element("span", { className: "panel-about" });
      const grow = element("button", { type: "button", className: "quiet icon-button", title: "Larger", aria: { label: `Larger panel of ${head.key}`, expanded: false } }, icon("expand"));
      grow.onclick = () => {
        grow.setAttribute("aria-expanded", String(this.root.classList.toggle("large")));
        this.show(this.at);
      };
      this.body = element("div", { className: "media-body" });
      this.stepper = this.#stepper();
      const top = element("header", { className: "panel-head" }, element("h3", { title: head.key }, head.title), this.about, grow);
      this.root = element("article", { className: `panel media-panel awaited kind-${head.kind}`, data: { key: head.key } }, top, this.body, this.stepper);
      this.root.addEventListener("keydown", (event) => this.#key(event));
    }

    /** Loads the panel's data and shows the last step; kept once that is on the screen. */
    async load() {
      try {
        this.data = await runstore.load(this.head.name, this.head.url);
        this.items = this.data.items;
        this.range.max = this.items.length - 1;
        this.stepper.hidden = this.items.length < 2;
        await this.show(this.items.length - 1);
      } catch (error) {
        this.body.replaceChildren(element("p", { className: "soft" }, error.message));
      }
      this.root.classList.remove("awaited");
    }

    /** Takes the data of a later build. It stays at its step; who looks at the last one sees the new last. */
    async renew() {
      // The data that it was to show may be gone already.
      if (!this.items) return this.start();
      const last = this.at === this.items.length - 1;
      const { step } = this.items[this.at];
      this.data = await runstore.load(this.head.name, this.head.url);
      this.items = this.data.items;
      this.range.max = this.items.length - 1;
      this.stepper.hidden = this.items.length < 2;
      await this.show(last ? this.items.length - 1 : this.items.findLastIndex((item) => item.step <= step));
      this.shared.spread(this);
      return undefined;
    }

    /** Loads its data, when it comes into sight. */
    start() {
      this.drawing = this.load().then(() => this.shared.join(this));
      return this.drawing;
    }

    /** Shows the item at a place. @param {number} at */
    async show(at) {
      if (!this.items?.length) return;
      this.at = Math.min(this.items.length - 1, Math.max(0, at));
      const item = this.items[this.at];
      const turn = (this.turn = {});
      this.range.value = this.at;
      this.range.setAttribute("aria-valuetext", `step ${item.step}`);
      if (document.activeElement !== this.number) this.number.value = item.step;
      this.about.textContent = `step ${format.number(item.step, 9)}${this.items.length > 1 ? ` · ${this.at + 1} of ${this.items.length}` : ""}${this.#writer(item)}`;
      let node;
      try {
        node = await render(item, this);
      } catch (error) {
        node = element("p", { className: "soft" }, `This cannot be shown: ${error.message}`);
      }
      if (this.turn === turn) this.body.replaceChildren(node);
    }

    /** Which rank logged an item, where several logged at its step. */
    #writer(item) {
      const beside = [this.items[this.at - 1], this.items[this.at + 1]].some((other) => other?.step === item.step);
      return beside && item.writer ? ` · ${item.writer}` : "";
    }

    #stepper() {
      const { key } = this.head;
      const button = (label, text, act) => Object.assign(element("button", { type: "button", className: "quiet step-button", title: label, aria: { label: `${label}: ${key}` } }, text), { onclick: act });
      this.range = element("input", { type: "range", min: 0, max: 0, step: 1, aria: { label: `Step of ${key}` } });
      this.range.oninput = () => this.show(Number(this.range.value));
      this.number = element("input", { type: "number", step: "any", aria: { label: `Step number of ${key}` } });
      this.number.onchange = () => this.goTo(Number(this.number.value));
      this.play = button("Play", "▶", () => this.#toggle());
      return element("div", { className: "stepper", hidden: true, role: "group", aria: { label: `Steps of ${key}` } }, button("Previous step", "‹", () => this.show(this.at - 1)), this.play, button("Next step", "›", () => this.show(this.at + 1)), this.range, this.number);
    }

    /** Shows the last item at or before a step. @param {number} step */
    async goTo(step) {
      let at = 0;
      this.items.forEach((item, place) => { if (item.step <= step) at = place; });
      if (at !== this.at) await this.show(at);
    }

    #toggle() {
      const playing = this.timer !== undefined;
      clearTimeout(this.timer);
      this.timer = undefined;
      if (!playing) this.#next(this.at === this.items.length - 1 ? 0 : this.at + 1);
      this.play.textContent = playing ? "▶" : "❚❚";
      this.play.setAttribute("aria-label", `${playing ? "Play" : "Pause"}: ${this.head.key}`);
    }

    async #next(at) {
      const running = (this.timer = setTimeout(() => {}, 0));
      await this.show(at);
      if (this.timer !== running) return;
      if (at >= this.items.length - 1) this.#toggle();
      else this.timer = setTimeout(() => this.#next(at + 1), FRAME_MS);
    }

    #key(event) {
      if (event.ctrlKey || event.metaKey || event.altKey || !this.items) return;
      // What uses the arrows itself keeps them.
      if (event.target.closest("input, select, textarea, table, [data-keys]")) return;
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!by || this.items.length < 2) return;
      event.preventDefault();
      this.show(this.at + by);
    }
  }

  /** @param {Item} item @param {StepPanel} panel @returns {Promise<Node>} */
  async function render(item, panel) {
    const made = await (renderers[item.kind] ?? renderers.unknown)(item, panel);
    return item.damaged ? element("div", {}, made, damage()) : made;
  }

  const damage = () => element("p", { className: "plot-failed" }, "Its file is damaged: it has another size than was logged.");

  /** One slider that leads all panels of a section to a step, for as many of them as are loaded. */
  class SharedSteps {
    /** @param {string} section */
    constructor(section) {
      this.panels = [];
      this.steps = [];
      this.range = element("input", { type: "range", min: 0, max: 0, step: 1, aria: { label: `Step of all panels of ${section}` } });
      this.said = element("output");
      this.range.oninput = () => this.#lead(this.steps[Number(this.range.value)]);
      this.root = element("label", { className: "control shared-steps", hidden: true }, "Step of all", this.range, this.said);
    }

    /** Takes in a panel that has its items now. @param {StepPanel} panel */
    async join(panel) {
      if (!panel.items) return;
      this.panels.push(panel);
      this.spread(panel);
      if (this.step !== undefined) await panel.goTo(this.step);
    }

    /** Takes in the steps of a panel. @param {StepPanel} panel */
    spread(panel) {
      this.steps = [...new Set([...this.steps, ...panel.items.map(({ step }) => step)])].sort((a, b) => a - b);
      this.range.max = this.steps.length - 1;
      this.root.hidden = this.panels.filter(({ items }) => items.length > 1).length < 2;
      this.#say(this.step ?? this.steps.at(-1));
    }

    #say(step) {
      this.range.value = this.steps.findLastIndex((each) => each <= step);
      this.range.setAttribute("aria-valuetext", `step ${step}`);
      this.said.textContent = format.number(step, 9);
    }

    #lead(step) {
      this.step = step;
      this.#say(step);
      return Promise.all(this.panels.map((panel) => panel.goTo(step)));
    }
  }

  class StepPanels {
    /** @param {HTMLElement} host @param {PanelHead[]} heads in the order they are shown @param {boolean} sectioned */
    constructor(host, heads, sectioned) {
      Object.assign(this, { host, sectioned, pattern: "" });
      this.observer = new IntersectionObserver((entries) => this.#sight(entries), { rootMargin: "300px 0px" });
      this.seen = new Promise((resolve) => (this.haveSeen = resolve));
      this.panels = [];
      this.sections = new Map();
      for (const head of heads) this.#section(sectioned ? head.section : "").heads.push(head);
      this.filter("");
      if (!heads.length) this.haveSeen();
      document.addEventListener("runstore:theme", () => this.panels.forEach((panel) => panel.show(panel.at)));
    }

    async settled() {
      await this.seen;
      await Promise.all(this.panels.map(({ drawing }) => drawing));
    }

    /** Shows only panels whose key matches. @param {string} pattern a regular expression */
    filter(pattern) {
      this.pattern = pattern;
      const { test } = runstore.matcher(pattern);
      for (const section of this.sections.values()) {
        section.matching = section.heads.filter(({ key }) => test(key));
        if (pattern) section.root.open = true;
        section.limit = PAGE;
        this.#fill(section);
      }
    }

    /** Takes what a later build has: new panels, and new data of those that are here. @param {PanelHead[]} heads */
    async renew(heads) {
      const grown = [];
      for (const head of heads) {
        const section = this.#section(this.sectioned ? head.section : "");
        const known = section.heads.find(({ key }) => key === head.key);
        if (!known) section.heads.push(head);
        else if (known.url !== head.url) {
          runstore.forget(known.name);
          Object.assign(known, head);
          const panel = section.made.get(known);
          if (panel?.drawing) grown.push(panel);
        }
      }
      this.filter(this.pattern);
      await Promise.all(grown.map((panel) => panel.renew()));
    }

    #section(name) {
      if (!this.sections.has(name)) {
        const grid = element("div", { className: "media-grid" });
        const count = element("span", { className: "count" });
        const more = element("button", { type: "button", className: "more-panels" });
        const shared = new SharedSteps(name || "this section");
        const parts = [shared.root, grid, more];
        const root = name ? element("details", { className: "section", open: !CLOSED.has(name) }, element("summary", {}, icon("chevron"), element("h3", {}, name), count), ...parts) : element("div", {}, ...parts);
        const section = { root, grid, count, more, shared, heads: [], matching: [], limit: PAGE, made: new Map() };
        more.onclick = () => {
          section.limit += PAGE;
          this.#fill(section);
        };
        this.sections.set(name, section);
        this.host.append(root);
      }
      return this.sections.get(name);
    }

    #fill(section) {
      const { matching, limit } = section;
      section.root.hidden = !matching.length;
      section.count.textContent = String(matching.length);
      section.grid.replaceChildren(...matching.slice(0, limit).map((head) => this.#panel(section, head).root));
      section.more.hidden = matching.length <= limit;
      section.more.textContent = `Show ${Math.min(PAGE, matching.length - limit)} more of ${matching.length}`;
    }

    #panel(section, head) {
      let panel = section.made.get(head);
      if (!panel) {
        section.made.set(head, (panel = new StepPanel(head)));
        this.panels.push(panel);
        panel.root.panel = panel;
        panel.shared = section.shared;
        this.observer.observe(panel.root);
      }
      return panel;
    }

    #sight(entries) {
      for (const { target, isIntersecting } of entries) {
        if (!isIntersecting) continue;
        this.observer.unobserve(target);
        target.panel.start();
      }
      this.haveSeen();
    }
  }

  return { renderers, render, damage, StepPanels };
})();
