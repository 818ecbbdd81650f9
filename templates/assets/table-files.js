"use strict";
/** What the table of runs shows, as a CSV or JSON file: its rows, in its columns, in its order. */
runstore.tableFiles = (() => {
  /** A row a run, with its id. @param {runstore.Runs} runs @param {number[]} order @param {string[]} keys @returns {object[]} */
  function runRows(runs, order, keys) {
    const columns = keys.map((key) => runs.columns.get(key));
    return order.map((run) => {
      const row = new Map([["id", runs.id[run]], ["name", runs.name[run]]]);
      for (const { key, values } of columns) row.set(key, values[run] ?? null);
      return row;
    });
  }

  /** A row a group: what makes it, its number of runs; mean, minimum and maximum of numbers, and of others the values. */
  function groupRows(runs, groups, groupKeys, keys) {
    const columns = keys.filter((key) => !groupKeys.includes(key)).map((key) => runs.columns.get(key));
    return groups.map((group) => {
      const row = new Map();
      for (let each = group; each; each = each.parent) row.set(groupKeys[each.level], each.value);
      const sorted = new Map([...row].reverse().concat([["runs", group.runs.length]]));
      for (const column of columns) {
        if (!runs.isMeasured(column)) {
          sorted.set(column.key, [...new Set(group.runs.map((run) => column.values[run]).filter((value) => (value ?? null) !== null).flat())]);
          continue;
        }
        const { n, mean, min, max } = runs.numbers(column, group.runs) ?? { n: 0, mean: null, min: null, max: null };
        for (const [name, value] of Object.entries({ n, mean, min, max })) sorted.set(`${column.key} (${name})`, value);
      }
      return sorted;
    });
  }

  /** @param {string} name without its ending @param {"csv" | "json"} kind @param {Map<string, any>[]} rows */
  function save(name, kind, rows) {
    const columns = [...(rows[0]?.keys() ?? [])];
    const flat = (value) => (Array.isArray(value) ? value.join(", ") : value);
    const text = kind === "csv" ? runstore.plotFiles.csv([columns, ...rows.map((row) => [...row.values()].map(flat))]) : `${JSON.stringify(rows.map((row) => Object.fromEntries(row)), null, 1)}\n`;
    return runstore.plotFiles.save(`${name.replace(/[^\w.-]+/g, "_")}.${kind}`, kind === "csv" ? "text/csv" : "application/json", text);
  }

  return { runRows, groupRows, save };
})();
