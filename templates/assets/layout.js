"use strict";
/**
 * How a page's panels are arranged: what differs from the page as it comes, as one small mapping in the view. What is
 * not known here (a newer page wrote it) is kept, and what is of the wrong kind counts as absent.
 *
 * @typedef {object} Arrangement
 * @property {string[]} fold      sections that are folded
 * @property {string[]} sections  those that come first, in order
 * @property {string[]} made      those that a person made
 * @property {string[]} without   those that were removed
 * @property {Object<string, string>} titles  of sections that have another than their name
 * @property {Object<string, number>} columns  of a section
 * @property {Object<string, string[]>} order  for a section the panels that come first
 * @property {Object<string, string>} in  the section of a panel that was moved to another
 * @property {string[]} hidden    panels that were removed
 * @property {Object<string, [number, number]>} size  of a panel: columns, and height in px
 * @property {Object<string, {at: ?number}>} steps  of a section whose sliders go together the step, null: the last
 * @property {{at: ?number}} step  the same of all sections
 * @property {Object<string, object>} charts  of a section what its line charts have, unless they have their own
 * @property {Object<string, object>} set  the settings of a metric's own panel
 * @property {Added[]} add
 * @typedef {{id: string, kind: string, set: object}} Added  a panel that a person added
 */
runstore.Layout = (() => {
  const COLUMNS = [1, 6];
  const HEIGHTS = [120, 1200];
  // As many changes can be taken back.
  const MOST_PAST = 50;

  const isMapping = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
  const texts = (value) => (Array.isArray(value) ? value.filter((each) => typeof each === "string") : []);
  const clamp = (value, [low, high]) => Math.round(Math.min(high, Math.max(low, value)));

  class Layout {
    /** @param {?State} state whose view keeps the arrangement; without one nothing can be changed */
    constructor(state) {
      this.state = state;
      /** @type {Arrangement[]} what it was before each change of this visit */
      this.past = [];
    }

    get changeable() {
      return this.state !== null;
    }

    get #all() {
      const value = this.state?.view.layout;
      return isMapping(value) ? value : {};
    }

    #mapping(name) {
      const value = this.#all[name];
      return isMapping(value) ? value : {};
    }

    /** What a mapping holds under a key of its own: a metric may be called `constructor`. */
    #own(name, key) {
      const mapping = this.#mapping(name);
      return Object.hasOwn(mapping, key) ? mapping[key] : undefined;
    }

    get isUsual() {
      return Object.keys(this.#all).length === 0;
    }

    isFolded(section) {
      return texts(this.#all.fold).includes(section);
    }

    /** @returns {?[number, number]} columns, and height in px */
    size(id) {
      const value = this.#own("size", id);
      const isSize = Array.isArray(value) && value.length === 2 && value.every(Number.isFinite);
      return isSize ? [clamp(value[0], COLUMNS), clamp(value[1], HEIGHTS)] : null;
    }

    /** What a person set for a panel. @param {string} id */
    settings(id) {
      const added = this.added.find((each) => each.id === id);
      const value = added ? added.set : this.#own("set", id);
      return isMapping(value) ? value : {};
    }

    /** What a person set for the charts of a section. @param {string} section */
    charts(section) {
      const value = this.#own("charts", section);
      return isMapping(value) ? value : {};
    }

    /** @param {object} settings empty for none */
    setCharts(section, settings) {
      this.#put("charts", section, Object.keys(settings).length ? settings : undefined);
    }

    /** The step that the sliders of a section share with each other, or with all; null where they do not. @returns {?{at: ?number}} the same object for all that share it */
    stepScope(section) {
      const value = isMapping(this.#all.step) ? this.#all.step : this.#own("steps", section);
      return isMapping(value) && (value.at === null || Number.isFinite(value.at)) ? value : null;
    }

    /** Whether the sliders of a section go together, or with null of all. @param {?string} section */
    sharesStep(section) {
      return isMapping(section === null ? this.#all.step : this.#own("steps", section));
    }

    /** @param {?string} section null for all */
    shareStep(section, on) {
      if (section === null) this.#set({ step: on ? { at: null } : {} });
      else this.#put("steps", section, on ? { at: null } : undefined);
    }

    /** Where the sliders that share a step with those of a section stand. @param {string} section @param {number} at */
    setStep(section, at) {
      if (isMapping(this.#all.step)) this.#set({ step: { at } });
      else this.#put("steps", section, { at });
    }

    /** @returns {Added[]} */
    get added() {
      const list = Array.isArray(this.#all.add) ? this.#all.add : [];
      return list.filter((each) => isMapping(each) && typeof each.id === "string" && typeof each.kind === "string");
    }

    /** The sections that a person made. */
    get made() {
      return texts(this.#all.made);
    }

    /** The sections and the panels that were removed. */
    get removed() {
      return { sections: texts(this.#all.without), panels: texts(this.#all.hidden) };
    }

    /** The section that a panel was moved to, null where it was not. */
    home(id) {
      const value = this.#own("in", id);
      return typeof value === "string" ? value : null;
    }

    titleOf(section) {
      const value = this.#own("titles", section);
      return typeof value === "string" && value ? value : section;
    }

    /** How many columns a section was given, null where as many as there is room for. */
    columns(section) {
      const value = this.#own("columns", section);
      return Number.isFinite(value) ? clamp(value, COLUMNS) : null;
    }

    sections(names) {
      return ordered(names, texts(this.#all.sections));
    }

    order(section, ids) {
      return ordered(ids, texts(this.#own("order", section)));
    }

    fold(section, folded) {
      if (folded !== this.isFolded(section)) this.foldAll([section], folded);
    }

    foldAll(sections, folded) {
      const some = new Set(sections);
      const others = texts(this.#all.fold).filter((each) => !some.has(each));
      this.#set({ fold: folded ? [...others, ...sections] : others });
    }

    /** @param {string} title "" for its usual one */
    rename(section, title) {
      this.#put("titles", section, title && title !== section ? title : undefined);
    }

    /** @param {?number} count null for as many as there is room for */
    setColumns(section, count) {
      this.#put("columns", section, count ?? undefined);
    }

    /** Makes a section, the first of all. @param {string} title @param {string[]} taken the names of the others @returns {string} its name */
    makeSection(title, taken) {
      const known = new Set([...taken, ...this.made]);
      let name = title;
      for (let number = 2; known.has(name); number++) name = `${title} ${number}`;
      this.#set({ made: [...this.made, name], sections: [name, ...texts(this.#all.sections)] });
      return name;
    }

    /** Takes a section away, with the panels in it. Those of one that a person made go back to their own. */
    removeSection(section) {
      if (!this.made.includes(section)) return this.#set({ without: [...new Set([...this.removed.sections, section])] });
      const stay = Object.entries(this.#mapping("in")).filter(([, home]) => home !== section);
      const rest = (name) => texts(this.#all[name]).filter((each) => each !== section);
      this.#set({ made: rest("made"), sections: rest("sections"), fold: rest("fold"), in: Object.fromEntries(stay), ...this.#without("titles", section), ...this.#without("order", section), ...this.#without("columns", section), ...this.#without("charts", section), ...this.#without("steps", section) });
    }

    hide(id) {
      this.#set({ hidden: [...new Set([...this.removed.panels, id])] });
    }

    /** Brings back the sections and the panels that were removed. */
    restore() {
      this.#set({ without: [], hidden: [] });
    }

    /** Everything as it comes. */
    reset() {
      this.#keep({});
    }

    /** Takes back the last change. */
    undo() {
      const before = this.past.pop();
      if (before) this.state.set({ layout: before });
    }

    resize(id, columns, height) {
      this.#put("size", id, [clamp(columns, COLUMNS), clamp(height, HEIGHTS)]);
    }

    /** Gives a panel its usual size again. */
    unsize(id) {
      this.#put("size", id, undefined);
    }

    /** @param {string[]} usual all panels of a section as they come @param {string[]} wanted the same in the order that is wanted */
    reorder(section, usual, wanted) {
      this.#put("order", section, beginning(usual, wanted));
    }

    /** Puts a panel into another section. @param {?string} section null for its own @param {string} name of that section @param {string[]} usual @param {string[]} wanted as for `reorder` */
    move(id, section, name, usual, wanted) {
      this.#set({ ...this.#with("in", id, section ?? undefined), ...this.#with("order", name, beginning(usual, wanted)) });
    }

    reorderSections(usual, wanted) {
      this.#set({ sections: beginning(usual, wanted) });
    }

    set(id, settings) {
      if (!this.added.some((each) => each.id === id)) return this.#put("set", id, Object.keys(settings).length ? settings : undefined);
      this.#set({ add: this.added.map((each) => (each.id === id ? { ...each, set: settings } : each)) });
    }

    /** @param {{size?: ?[number, number], section?: ?string}} place its size and its section, where these are not the usual @returns {string} the id of the new panel */
    add(kind, settings, { size = null, section = null } = {}) {
      const taken = new Set(this.added.map(({ id }) => id));
      let number = 1;
      while (taken.has(`panel ${number}`)) number++;
      const id = `panel ${number}`;
      const place = { ...(size ? this.#with("size", id, size) : {}), ...(section ? this.#with("in", id, section) : {}) };
      this.#set({ add: [...this.added, { id, kind, set: settings }], ...place });
      return id;
    }

    remove(id) {
      this.#set({ add: this.added.filter((each) => each.id !== id), ...this.#without("in", id), ...this.#without("size", id) });
    }

    #put(name, key, value) {
      this.#set(this.#with(name, key, value));
    }

    /** A mapping with a key of its own changed. */
    #with(name, key, value) {
      if (value === undefined || value.length === 0) return this.#without(name, key);
      return { [name]: Object.fromEntries([...Object.entries(this.#mapping(name)).filter(([each]) => each !== key), [key, value]]) };
    }

    #without(name, key) {
      return { [name]: Object.fromEntries(Object.entries(this.#mapping(name)).filter(([each]) => each !== key)) };
    }

    /** Changes some of it; what is empty is left out. */
    #set(part) {
      const all = Object.entries({ ...this.#all, ...part });
      this.#keep(Object.fromEntries(all.filter(([name, value]) => !(name in part) || Object.keys(value).length)));
    }

    #keep(layout) {
      const before = this.#all;
      if (JSON.stringify(before) === JSON.stringify(layout)) return;
      this.past.push(before);
      if (this.past.length > MOST_PAST) this.past.shift();
      this.state.set({ layout });
    }
  }

  function ordered(all, first) {
    const known = new Set(all);
    const begin = [...new Set(first)].filter((each) => known.has(each));
    const placed = new Set(begin);
    return [...begin, ...all.filter((each) => !placed.has(each))];
  }

  /** The shortest beginning of `wanted` that says it all: what follows comes as usual. */
  function beginning(usual, wanted) {
    let size = 0;
    while (size < wanted.length && ordered(usual, wanted.slice(0, size)).some((each, at) => each !== wanted[at])) size++;
    return wanted.slice(0, size);
  }

  return Layout;
})();
