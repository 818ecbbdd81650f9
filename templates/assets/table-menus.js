"use strict";
/** The menus of the table of runs: one for the whole, one for each column. */
runstore.TableMenus = (() => {
  const { menu, tableFiles } = runstore;
  const CROPS = { end: "Cut long names at the end", middle: "Cut long names in the middle", start: "Cut long names at the start" };

  class TableMenus {
    /** @param {{runs: Runs, state: State, columns: TableColumns, shown: Shown}} page */
    constructor(page) {
      this.page = page;
    }

    /** @param {HTMLElement} button */
    table(button) {
      const { state, shown } = this.page;
      const { view } = state;
      const change = (label, part, checked) => ({ label, checked, action: () => state.set(part) });
      const items = [
        change("Shade numbers by value", { heat: !view.heat }, view.heat),
        change("Minimum, mean, maximum below", { foot: !view.foot }, view.foot),
        ...apart(Object.entries(CROPS).map(([crop, label]) => change(label, { crop }, view.crop === crop))),
      ];
      if (shown.tree) items.push(...apart(this.#folding()));
      items.push(...apart([this.#download("Download runs as CSV", "csv", false), this.#download("Download runs as JSON", "json", false)]));
      if (shown.tree) items.push(this.#download("Download groups as CSV", "csv", true), this.#download("Download groups as JSON", "json", true));
      menu.open(button, "Table", items);
    }

    #folding() {
      const { state, shown } = this.page;
      // `open` names what is not as it is by itself: the deepest groups that are open, and those around them that are not.
      const deepest = shown.groups.map(({ key }) => key);
      const around = inner(shown.tree).map(({ key }) => key);
      return [
        { label: "Unfold all groups", action: () => state.set({ open: deepest }) },
        { label: "Fold all groups", action: () => state.set({ open: around }) },
      ];
    }

    #download(label, kind, grouped) {
      const { runs, state, columns, shown } = this.page;
      const { view } = state;
      const action = () => {
        const keys = columns.keys(view);
        const rows = grouped ? tableFiles.groupRows(runs, runs.sortLeaves(shown.tree, view.sort), shown.keys, keys) : tableFiles.runRows(runs, runs.sort(shown.matching, view.sort), keys);
        tableFiles.save(`${runs.project}-${grouped ? "groups" : "runs"}`, kind, rows);
      };
      return { label, action };
    }

    /** @param {string} key of the column @param {HTMLElement} anchor */
    column(key, anchor) {
      const { runs, state, columns } = this.page;
      const { label } = runs.columns.get(key);
      const { view } = state;
      const sort = (text) => () => state.set({ sort: text });
      const items = [
        { label: "Sort ascending", checked: view.sort === key, action: sort(runs.sortText([{ key, sign: 1 }])) },
        { label: "Sort descending", checked: view.sort === `-${key}`, action: sort(runs.sortText([{ key, sign: -1 }])) },
      ];
      if (view.sort) items.push({ label: "Sort also by this", action: sort(runs.nextSort(view.sort, key, true)) }, { label: "Sort by nothing", action: sort("") });
      if (runs.groupable().some((column) => column.key === key)) items.push(...apart(this.#grouping(key)));
      if (runstore.Colours.columns(runs).some((column) => column.key === key)) items.push(...apart([this.#colouring(key)]));
      if (key !== "name") items.push(...apart(this.#placing(key, columns)));
      menu.open(anchor, `Column ${label}`, items);
    }

    #grouping(key) {
      const { runs, state, groupBy } = this.page;
      const keys = runs.keysOf(state.view.group);
      const items = [{ label: "Group by this", action: () => groupBy.choose(runs.textOf([key])) }];
      if (keys.length && !keys.includes(key)) items.push({ label: "Then group by this", action: () => groupBy.choose(runs.textOf([...keys, key])) });
      return items;
    }

    #colouring(key) {
      const { state } = this.page;
      const isOn = state.view.colour === key;
      return { label: "Colour by this", checked: isOn, action: () => state.set({ colour: isOn ? "" : key }) };
    }

    #placing(key, columns) {
      const { state } = this.page;
      const change = (label, part, checked) => ({ label, checked, action: () => state.set(part()) });
      const isPinned = columns.isPinned(state.view, key);
      return [
        change("Pin on the left", () => columns.pinned(state.view, key, !isPinned), isPinned),
        change("Move left", () => columns.stepped(state.view, key, -1)),
        change("Move right", () => columns.stepped(state.view, key, 1)),
        change("Hide", () => columns.shown(state.view, key, false)),
      ];
    }
  }

  /** Items with a rule before the first. @param {MenuItem[]} items */
  const apart = ([first, ...others]) => [{ ...first, apart: true }, ...others];

  /** The groups with groups in them. */
  function inner(groups) {
    return groups.flatMap((group) => (group.children ? [group, ...inner(group.children)] : []));
  }

  return TableMenus;
})();
