"use strict";
/**
 * How a page's panels are arranged: what differs from the page as it comes, as one small mapping in the view. What is
 * not known here (a newer page wrote it) is kept, and what is of the wrong kind counts as absent.
 *
 * @typedef {object} Arrangement
 * @property {string[]} fold      sections that are folded
 * @property {string[]} sections  those that come first, in order
 * @property {Object<string, string[]>} order  for a section the panels that come first
 * @property {Object<string, [number, number]>} size  of a panel: columns, and height in px
 * @property {Object<string, object>} set  the settings of a metric's own panel
 * @property {Added[]} add
 * @typedef {{id: string, kind: string, set: object}} Added  a panel that a person added
 */
runstore.Layout = (() => {
  const COLUMNS = [1, 6];
  const HEIGHTS = [120, 1200];

  const isMapping = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
  const texts = (value) => (Array.isArray(value) ? value.filter((each) => typeof each === "string") : []);
  const clamp = (value, [low, high]) => Math.round(Math.min(high, Math.max(low, value)));

  class Layout {
    /** @param {?State} state whose view keeps the arrangement; without one nothing can be changed */
    constructor(state) {
      this.state = state;
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

    /** @returns {Added[]} */
    get added() {
      const list = Array.isArray(this.#all.add) ? this.#all.add : [];
      return list.filter((each) => isMapping(each) && typeof each.id === "string" && typeof each.kind === "string");
    }

    sections(names) {
      return ordered(names, texts(this.#all.sections));
    }

    order(section, ids) {
      return ordered(ids, texts(this.#own("order", section)));
    }

    fold(section, folded) {
      const others = texts(this.#all.fold).filter((each) => each !== section);
      if (folded !== this.isFolded(section)) this.#set("fold", folded ? [...others, section] : others);
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

    reorderSections(usual, wanted) {
      this.#set("sections", beginning(usual, wanted));
    }

    set(id, settings) {
      if (!this.added.some((each) => each.id === id)) return this.#put("set", id, Object.keys(settings).length ? settings : undefined);
      this.#set("add", this.added.map((each) => (each.id === id ? { ...each, set: settings } : each)));
    }

    /** @returns {string} the id of the new panel */
    add(kind, settings) {
      const taken = new Set(this.added.map(({ id }) => id));
      let number = 1;
      while (taken.has(`panel ${number}`)) number++;
      const id = `panel ${number}`;
      this.#set("add", [...this.added, { id, kind, set: settings }]);
      return id;
    }

    remove(id) {
      this.#set("add", this.added.filter((each) => each.id !== id));
    }

    #put(name, key, value) {
      const { [key]: _, ...others } = this.#mapping(name);
      this.#set(name, value === undefined || value.length === 0 ? others : { ...others, [key]: value });
    }

    #set(name, value) {
      const { [name]: _, ...others } = this.#all;
      const layout = Object.keys(value).length ? { ...others, [name]: value } : others;
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
