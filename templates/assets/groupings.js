"use strict";
/**
 * The groups that charts show: those of the page, or those that a panel has in their place.
 *
 * @typedef {object} Grouping
 * @property {boolean} own       whether they are others than the page's
 * @property {string} group      the keys of their columns, as the view has them
 * @property {?Group[]} tree     those of the first level
 * @property {?Group[]} groups   the deepest; null: each run for itself
 */
runstore.Groupings = (() => {
  // In a panel's settings: each run for itself, whatever the page has.
  const NONE = "-";
  const MOST_KNOWN = 20;
  const MOST_LEVELS = 6;

  class Groupings {
    /** @param {{runs: Runs, state: State, matching: number[], groups: ?Group[], shown: Shown}} page */
    constructor(page) {
      this.page = page;
      /** @type {Map<string, Grouping>} those of panels */
      this.known = new Map();
      /** @type {WeakMap<Group[], {sort: string, ordered: Group[]}>} */
      this.orders = new WeakMap();
    }

    /** Lets go of the groups of an earlier build. */
    renew() {
      this.known.clear();
      this.orders = new WeakMap();
    }

    /** @param {string} group the keys of columns, "" for none; these are loaded @returns {Grouping} */
    of(group) {
      const { runs, matching, groups = null, shown, state } = this.page;
      if (group === state.view.group) return { own: false, group, tree: shown?.tree ?? null, groups };
      if (this.matching !== matching || this.known.size > MOST_KNOWN) this.known.clear();
      this.matching = matching;
      if (!this.known.has(group)) {
        const keys = runs.keysOf(group);
        const tree = keys.length ? runs.tree(keys, matching) : null;
        this.known.set(group, { own: true, group, tree, groups: tree && runstore.Runs.leaves(tree) });
      }
      return this.known.get(group);
    }

    /** The groups of a grouping in the table's order. @param {Grouping} grouping @returns {Group[]} */
    ordered({ tree, groups }) {
      const { runs, state: { view: { sort } } } = this.page;
      if (this.orders.get(groups)?.sort !== sort) this.orders.set(groups, { sort, ordered: runs.sortLeaves(tree, sort) });
      return this.orders.get(groups).ordered;
    }
  }

  /** What a panel's setting says in place of the page's groups; undefined where it says nothing. @param {any} setting */
  Groupings.chosen = (setting) => (setting ? (setting === NONE ? "" : String(setting)) : undefined);

  /** For the form of a panel. @param {Runs} runs @param {{value: string, label: string}} usual the choice of what it has by itself @returns {Field} */
  Groupings.field = (runs, usual) => {
    const options = runs.groupable().map(({ key, label, section }) => ({ value: key, label: section === "run" ? label : `${label} (${section})` }));
    const fixed = [usual, { value: NONE, label: "Nothing: run by run" }];
    return { name: "group", label: "Group by", type: "columns", fixed, options, read: (text) => runs.keysOf(text), write: (keys) => runs.textOf(keys.slice(0, MOST_LEVELS)) };
  };

  return Groupings;
})();
