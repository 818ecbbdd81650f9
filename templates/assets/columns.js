"use strict";
/** The columns of the table of runs: which are shown, in which order, which of them stay in place. No page. */
runstore.TableColumns = (() => {
  const MOST_USUAL = 8;

  class TableColumns {
    /** @param {runstore.Runs} runs */
    constructor(runs) {
      this.runs = runs;
      this.all = listed(runs);
      this.usual = usual(runs, this.all);
    }

    /** Offers the columns of a later build too. */
    renew() {
      this.all = listed(this.runs);
    }

    /** Keys of the columns on view but for the name, in order, pinned ones first. @param {View} view @returns {string[]} */
    keys(view) {
      const chosen = [...new Set(view.cols ?? this.usual)].filter((key) => key !== "name" && this.runs.columns.has(key));
      const pinned = view.pin.filter((key) => chosen.includes(key));
      return [...pinned, ...chosen.filter((key) => !pinned.includes(key))];
    }

    isPinned(view, key) {
      return view.pin.includes(key);
    }

    /** Each of the following is the part of the view that changes. */
    shown(view, key, on) {
      const keys = this.keys(view).filter((other) => other !== key);
      return { cols: on ? [...keys, key] : keys, pin: on ? view.pin : view.pin.filter((other) => other !== key) };
    }

    pinned(view, key, on) {
      const pin = view.pin.filter((other) => other !== key);
      return { pin: on ? [...pin, key] : pin, cols: this.keys(view) };
    }

    /** Moves a column before another, or to the end; beside a pinned one it is pinned too. @param {?string} before */
    moved(view, key, before) {
      const keys = this.keys(view).filter((other) => other !== key);
      const at = before === null ? keys.length : keys.indexOf(before);
      if (at < 0) return {};
      keys.splice(at, 0, key);
      const pinned = new Set(view.pin);
      const isPinned = pinned.has(key) ? at === 0 || pinned.has(keys[at - 1]) : before !== null && pinned.has(before);
      if (isPinned) pinned.add(key);
      else pinned.delete(key);
      return { cols: keys, pin: keys.filter((each) => pinned.has(each)) };
    }

    movedBeside(view, key, beside, after) {
      const keys = this.keys(view).filter((other) => other !== key);
      return this.moved(view, key, after ? keys[keys.indexOf(beside) + 1] ?? null : beside);
    }

    /** Moves a column one place to the left or to the right. @param {number} by -1 or 1 */
    stepped(view, key, by) {
      const keys = this.keys(view);
      const at = keys.indexOf(key);
      const to = at + by;
      if (at < 0 || to < 0 || to >= keys.length) return {};
      return this.moved(view, key, by < 0 ? keys[to] : keys[to + 1] ?? null);
    }
  }

  const listed = (runs) => ordered(runs, [...runs.columns.values()].filter(({ key }) => key !== "name"));

  /** State first, then results (those of most runs before others), configuration, and the rest. */
  function ordered(runs, columns) {
    const place = ({ key, section, type }) => {
      if (key === "state") return 1;
      if (section === "summary") return type === "number" ? 2 : 5;
      return section === "config" ? 3 : 4;
    };
    return columns.sort((a, b) => place(a) - place(b) || (place(a) === 2 ? b.filled - a.filled : 0));
  }

  /** What a table shows before somebody chooses: state, the main results, and what differs between runs. */
  function usual(runs, columns) {
    const results = columns.filter(({ section, type }) => section === "summary" && type === "number").slice(0, MOST_USUAL);
    const config = first(columns, MOST_USUAL, (column) => column.section === "config" && runs.isVaried(column));
    const own = columns.filter((column) => ["group", "job_type", "tags"].includes(column.key) && runs.isVaried(column));
    const chosen = new Set(["state", ...[...results, ...config, ...own].map(({ key }) => key), "created", "runtime"]);
    return columns.filter(({ key }) => chosen.has(key)).map(({ key }) => key);
  }

  function first(items, most, test) {
    const found = [];
    for (const item of items) {
      if (found.length === most) break;
      if (test(item)) found.push(item);
    }
    return found;
  }

  return TableColumns;
})();
