"use strict";
/**
 * A project's runs in columns: searched, grouped, sorted. No page.
 *
 * @typedef {{key: string, label: string, section: string, type: string, values: any[]}} Column
 * @typedef {{key: string, label: string, rank: number, runs: number[]}} Group
 */
runstore.Runs = (() => {
  const collator = new Intl.Collator("en", { sensitivity: "base" });
  const SEARCHED = ["group", "job_type", "tags", "state", "notes"];
  const NONE = "(none)";

  class Runs {
    /**
     * @param {object} payload of the project's `runs` file
     * @param {string} base the way from the page to the project's directory
     * @param {?{column: string, value: any}} scope
     */
    constructor(payload, base, scope) {
      this.base = base;
      Object.assign(this, payload.runs);
      this.metrics = payload.metrics;
      this.defaultGroup = payload.group ?? "";
      /** @type {Map<string, Column>} */
      this.columns = new Map(payload.columns.map((column) => [column.key, column]));
      this.columns.set("name", { key: "name", label: "Name", section: "run", type: "text", values: this.name });
      this.all = this.id.map((_, run) => run);
      if (scope) {
        const values = this.columns.get(scope.column)?.values ?? [];
        this.all = this.all.filter((run) => values[run] === scope.value);
      }
      this.texts = null;
    }

    get count() {
      return this.all.length;
    }

    link(run) {
      return this.base + this.url[run];
    }

    /** The rank of a run's colour: the oldest is 0, so that new runs change no other's. */
    rank(run) {
      return this.id.length - 1 - run;
    }

    /**
     * Runs whose name, id, group, job type, tags, state or notes match. A pattern that is no regular expression is
     * looked for as it stands, and `literal` says so.
     * @returns {{runs: number[], literal: boolean}}
     */
    search(pattern) {
      if (!pattern) return { runs: this.all, literal: false };
      this.texts ??= this.id.map((_, run) => this.#text(run));
      const { test, literal } = runstore.matcher(pattern);
      return { runs: this.all.filter((run) => test(this.texts[run])), literal };
    }

    #text(run) {
      const parts = [this.name[run], this.id[run]];
      for (const key of SEARCHED) {
        const value = this.columns.get(key)?.values[run];
        if (value !== null && value !== undefined) parts.push(Array.isArray(value) ? value.join(" ") : value);
      }
      return parts.join("\n");
    }

    /** Columns whose values can make groups: everything but what was measured or is different for each run. */
    groupable() {
      const skipped = new Set(["created", "runtime", "notes", "name"]);
      return [...this.columns.values()].filter(({ key, section }) => section !== "summary" && !skipped.has(key));
    }

    /**
     * Groups of `runs` by a column, in the natural order of its values; every group of the project keeps its rank.
     * @param {string} key @param {number[]} runs @returns {Group[]}
     */
    group(key, runs) {
      const values = this.columns.get(key)?.values ?? [];
      const ranks = this.#ranks(values);
      const found = new Map();
      for (const run of runs) {
        const label = groupLabel(values[run]);
        let group = found.get(label);
        if (!group) found.set(label, (group = { key: `g:${label}`, label, rank: ranks.get(label), value: values[run] ?? null, runs: [] }));
        group.runs.push(run);
      }
      return [...found.values()].sort((a, b) => compare(a.value, b.value));
    }

    #ranks(values) {
      const ranks = new Map();
      for (let run = this.id.length - 1; run >= 0; run--) {
        const label = groupLabel(values[run]);
        if (!ranks.has(label)) ranks.set(label, ranks.size);
      }
      return ranks;
    }

    /** `runs` in the order of a column (`-key`: descending); what has no value, or no finite number, comes last. */
    sort(runs, sort) {
      const { key, sign } = parseSort(sort);
      const column = this.columns.get(key);
      if (!column) return runs;
      const value = (run) => (column.type === "number" && typeof column.values[run] === "string" ? null : column.values[run]);
      return [...runs].sort((a, b) => order(value(a), value(b), sign) || a - b);
    }

    /** Groups in the order of a column: by the mean of its numbers, else by its least value. */
    sortGroups(groups, sort) {
      const { key, sign } = parseSort(sort);
      const column = this.columns.get(key);
      if (!column) return groups;
      const value = (group) => {
        const numbers = this.numbers(column, group.runs);
        return numbers ? numbers.mean : this.sort(group.runs, key).map((run) => column.values[run])[0];
      };
      const ordered = groups.map((group) => ({ group, value: key === "name" ? group.label : value(group) }));
      return ordered.sort((a, b) => order(a.value, b.value, sign)).map(({ group }) => group);
    }

    /** Count, mean, minimum and maximum of a column's finite numbers among `runs`; null where there is none. */
    numbers(column, runs) {
      if (!["number", "duration"].includes(column.type)) return null;
      let [n, mean, min, max] = [0, 0, Infinity, -Infinity];
      for (const run of runs) {
        const value = column.values[run];
        if (typeof value !== "number") continue;
        mean += (value - mean) / ++n;
        min = Math.min(min, value);
        max = Math.max(max, value);
      }
      return n ? { n, mean, min, max } : null;
    }
  }

  /** How a value names its group. */
  function groupLabel(value) {
    if (value === null || value === undefined || (Array.isArray(value) && !value.length)) return NONE;
    return Array.isArray(value) ? value.join(", ") : String(value);
  }

  function parseSort(sort) {
    return sort.startsWith("-") ? { key: sort.slice(1), sign: -1 } : { key: sort, sign: 1 };
  }

  function compare(a, b) {
    if (a === null || b === null) return (a === null) - (b === null);
    if (typeof a === "number" && typeof b === "number") return a - b;
    if (typeof a === "number" || typeof b === "number") return typeof a === "number" ? -1 : 1;
    return natural(String(a), String(b));
  }

  /** The order of texts with numbers in them: `lr0.03` before `lr0.3`, `fold 9` before `fold 10`. */
  function natural(a, b) {
    const [left, right] = [a, b].map((text) => text.split(/(\d+(?:\.\d+)?)/));
    for (let at = 0; at < Math.min(left.length, right.length); at++) {
      // What was split at stands in the odd places.
      const difference = at % 2 ? left[at] - right[at] : collator.compare(left[at], right[at]);
      if (difference) return difference;
    }
    return left.length - right.length || (a < b ? -1 : a > b ? 1 : 0);
  }

  function order(a, b, sign) {
    const [left, right] = [a ?? null, b ?? null];
    return left === null || right === null ? compare(left, right) : sign * compare(left, right);
  }

  return Runs;
})();
