"use strict";
/** Which runs a view shows: their groups, their colours, and which of them the charts draw. No page. */
runstore.Shown = (() => {
  const { Runs, Colours } = runstore;

  class Shown {
    /**
     * @param {runstore.Runs} runs
     * @param {number[]} matching those that the filter leaves
     * @param {View} view
     */
    constructor(runs, matching, view) {
      this.runs = runs;
      this.colours = Colours.by(runs, view.colour);
      this.view = view;
      this.matching = matching;
      this.hidden = new Set(view.hide);
      this.keys = runs.keysOf(view.group);
      /** @type {?Group[]} the groups of the first level */
      this.tree = this.keys.length ? runs.tree(this.keys, matching) : null;
      /** @type {?Group[]} the deepest, which charts show */
      this.groups = this.tree && Runs.leaves(this.tree);
      this.charted = new Set(this.#charted());
    }

    #charted() {
      const { hidden, runs } = this;
      if (!hidden.size) return this.matching;
      const isShown = (run) => !hidden.has(runs.id[run]);
      if (!this.groups) return this.matching.filter(isShown);
      const gone = new Set(this.groups.filter((group) => path(group).some(({ key }) => hidden.has(key))).flatMap((group) => group.runs));
      return this.matching.filter((run) => isShown(run) && !gone.has(run));
    }

    isRunOff(run) {
      return !this.charted.has(run);
    }

    isGroupOff(group) {
      return !group.runs.some((run) => this.charted.has(run));
    }

    /** `hide` once all that is on view is shown: what a filter leaves out stays as it was. @returns {string[]} */
    cleared() {
      const own = new Set([...this.matching.map((run) => this.runs.id[run]), ...(this.tree ?? []).flatMap(within)]);
      return this.view.hide.filter((key) => !own.has(key));
    }

    /** `hide` once all that is on view is hidden. @returns {string[]} */
    everything() {
      return [...this.cleared(), ...(this.tree ? this.tree.map(({ key }) => key) : this.matching.map((run) => this.runs.id[run]))];
    }

    /** What `hide` keeps when groups change: runs, because groups' names mean nothing then. */
    hiddenRuns() {
      return this.view.hide.filter((key) => !key.startsWith("g:"));
    }

    /** The group with a key. @returns {Group | undefined} */
    find(key, among = this.tree ?? []) {
      for (const group of among) {
        const found = group.key === key ? group : group.children && this.find(key, group.children);
        if (found) return found;
      }
      return undefined;
    }

    /** `hide` after the run or the group that `key` names, or all runs of a list of ids, were shown or hidden. @param {string | string[]} key @returns {string[]} */
    toggled(key) {
      if (Array.isArray(key)) return this.#toggledRuns(key);
      const group = this.find(key);
      const run = group ? undefined : this.runs.place(key);
      const off = group ? this.isGroupOff(group) : this.isRunOff(run);
      const hide = this.#revealed(group, run);
      if (!off) hide.add(key);
      return [...hide];
    }

    /** @param {string[]} ids */
    #toggledRuns(ids) {
      const there = ids.filter((id) => this.runs.place(id) !== undefined);
      const shown = there.filter((id) => !this.isRunOff(this.runs.place(id)));
      if (shown.length) return [...new Set([...this.hidden, ...shown])];
      const hide = new Set(this.hidden);
      for (const id of there) this.#revealed(undefined, this.runs.place(id), hide);
      return [...hide];
    }

    /** What is hidden but for a group or a run: of a hidden group around it the rest remains so. */
    #revealed(group, run, hide = new Set(this.hidden)) {
      const own = group ?? this.groups?.find(({ runs }) => runs.includes(run));
      const around = own ? path(own) : [];
      if (group) around.pop();
      around.forEach((each, level) => {
        if (!hide.delete(each.key)) return;
        const next = around[level + 1] ?? group;
        const parts = each.children ? each.children.filter((child) => child !== next).map(({ key }) => key) : each.runs.map((other) => this.runs.id[other]);
        for (const part of parts) hide.add(part);
      });
      if (group) for (const inner of within(group)) hide.delete(inner);
      for (const member of group ? group.runs : [run]) hide.delete(this.runs.id[member]);
      return hide;
    }
  }

  /** A group and those around it, the outermost first. */
  function path(group) {
    const found = [];
    for (let each = group; each; each = each.parent) found.unshift(each);
    return found;
  }

  function within(group) {
    return [group.key, ...(group.children ?? []).flatMap(within)];
  }

  return Shown;
})();
