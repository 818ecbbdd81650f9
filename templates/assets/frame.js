"use strict";
/**
 * The runs frame, as the filter language sees it (`runstore.reading.columns`): a column for each thing a run says, its kind, and its values, with
 * numbers that are not finite, or too long for one, as numbers. Made from the columns of a project's `Runs`.
 *
 * @typedef {{has: (name: string) => boolean, kind: (name: string) => string, names: () => string[], value: (name: string, run: number) => any,
 *   column: (name: string) => object | undefined}} Frame
 */
runstore.frame = (() => {
  const { FIELDS } = runstore.expression;
  const KINDS = { exit_code: "number", runtime: "number", tracked: "number", rows: "number", last_step: "number", created: "time", finished: "time", updated: "time", tags: "list" };
  /** What a column of the site is called otherwise in the language. */
  const KEYS = { user: "author" };
  const WHOLE = /^-?\d+$/;
  const NON_FINITE = { NaN: NaN, Infinity: Infinity, "-Infinity": -Infinity };

  /** @param {any[]} values */
  function kindOf(values) {
    const kinds = new Set();
    for (const value of values) if (value !== null && value !== undefined) kinds.add(Array.isArray(value) ? "list" : typeof value === "bigint" ? "number" : typeof value);
    if (!kinds.size) return "empty";
    if (kinds.size === 1) return { boolean: "bool", string: "text", number: "number", list: "list" }[[...kinds][0]];
    return kinds.size === 2 && kinds.has("number") && kinds.has("boolean") ? "number" : "mixed";
  }

  /** @param {{type: string, kind?: string, long?: number[], values: any[]}} column */
  function read(column) {
    const numbers = ["number", "duration", "mixed"].includes(column.type);
    const long = new Set(column.long);
    return Array.from(column.values, (value, run) => {
      if (typeof value !== "string") return value ?? null;
      if (numbers && Object.hasOwn(NON_FINITE, value)) return NON_FINITE[value];
      if (column.kind === "list") return JSON.parse(value);
      if (column.kind !== "number" && !long.has(run)) return value;
      return WHOLE.test(value) ? BigInt(value) : Number(value);
    });
  }

  /** @param {{columns: Map<string, {key: string, type: string, values: any[]}>, id: string[], project?: string}} runs @returns {Frame} */
  function frame(runs) {
    const entries = new Map();
    const column = (name) => runs.columns.get(KEYS[name] ?? name);

    function values(name) {
      if (name === "id") return runs.id;
      if (name === "project") return runs.id.map(() => runs.project ?? null);
      if (name === "path") return runs.id.map((id) => `${runs.project}/${id}`);
      const found = column(name);
      if (found) return name === "tags" ? Array.from(found.values, (tags) => tags ?? []) : read(found);
      return runs.id.map(() => (name === "tags" ? [] : null));
    }

    function entry(name) {
      if (!entries.has(name)) {
        const found = values(name);
        entries.set(name, { values: found, kind: KINDS[name] ?? kindOf(found) });
      }
      return entries.get(name);
    }

    /** The kind of a column; of one that is not loaded, as the catalogue has it. */
    function kind(name) {
      const found = column(name);
      return found?.isLoaded === false ? KINDS[name] ?? found.kind ?? found.type : entry(name).kind;
    }

    const has = (name) => FIELDS.includes(name) || kind(name) !== "empty" || (!runs.id.length && /^(config|summary)\./.test(name));
    const own = (key) => Object.keys(KEYS).find((name) => KEYS[name] === key) ?? key;
    return {
      has,
      column,
      kind,
      value: (name, run) => entry(name).values[run],
      names: () => [...new Set([...FIELDS, ...[...runs.columns.keys()].map(own)])],
    };
  }

  return frame;
})();
