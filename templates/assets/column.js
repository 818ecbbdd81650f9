"use strict";
/**
 * One column of a project's runs: what the catalogue says of it, and its values once they are here.
 *
 * @typedef {{key: string, label?: string, section?: string, type: string, kind?: string, goal?: string, filled?: number, distinct?: number, long?: number[], part?: number, values?: any[], words?: string[], codes?: number[], value?: any}} Entry
 *   as `sitegen.data.tiers` writes it
 */
runstore.Column = (() => {
  class Column {
    /** @param {Entry} entry @param {number} count of runs */
    constructor(entry, count) {
      const { key, type, kind, goal, long, filled = count, distinct = 1, part = null } = entry;
      const dot = key.indexOf(".");
      this.section = entry.section ?? key.slice(0, dot);
      this.label = entry.label ?? key.slice(dot + 1);
      // `kind` is what a filter takes the values for where the type does not tell, `long` the runs whose value is a number too long for one, as text;
      // `part` is the number of the file with the values.
      Object.assign(this, { key, type, kind, goal, long, filled, distinct, part, count });
      this.isConstant = "value" in entry;
      this.packed = part === null ? entry : null;
      this.plain = null;
    }

    get isLoaded() {
      return this.packed !== null;
    }

    /** Takes its values as a file brings them. @param {Entry} packed */
    take(packed) {
      this.packed = packed;
    }

    /** The value of each run. Throws for a column that is not loaded: `Runs#ensure` loads it. @returns {any[]} */
    get values() {
      if (!this.packed) throw new Error(`The values of ${this.label} are not loaded yet`);
      this.plain ??= unpacked(this.packed, this.count);
      return this.plain;
    }
  }

  /** @param {Entry} packed @param {number} count */
  function unpacked({ values, words, codes, value }, count) {
    if (values) return values;
    return codes ? codes.map((code) => (code < 0 ? null : words[code])) : new Array(count).fill(value);
  }

  return Column;
})();
