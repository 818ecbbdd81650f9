"use strict";
/** The table of runs for paper: its first rows and columns, all of them in the page. */
runstore.printTable = (() => {
  const { element, format } = runstore;
  const MOST_ROWS = 60;
  const MOST_COLUMNS = 6;

  /** @param {{runs: Runs, columns: TableColumns, shown: Shown, state: State}} page @returns {HTMLElement} */
  function make({ runs, columns, shown, state }) {
    const { view } = state;
    const keys = columns.keys(view).filter((key) => key !== "tags" && key !== "notes");
    const some = keys.slice(0, MOST_COLUMNS).map((key) => runs.columns.get(key));
    const all = shown.groups ? runs.sortLeaves(shown.tree, view.sort) : runs.sort(shown.matching, view.sort);
    const rows = all.slice(0, MOST_ROWS).map((of) => (shown.groups ? groupRow : runRow)(of, runs, some, shown.colours.of(of)));
    const what = shown.groups ? "group" : "run";
    const left = [all.length > rows.length ? `the first ${rows.length} of ${format.count(all.length, what)}` : format.count(all.length, what), keys.length > some.length ? `${some.length} of ${keys.length} columns` : ""];
    const head = ["Name", ...(shown.groups ? ["Runs"] : []), ...some.map(({ label }) => label)];
    return element("section", { className: "print-runs" },
      element("h2", {}, shown.groups ? "Groups" : "Runs"),
      element("p", { className: "soft" }, left.filter(Boolean).join(", ")),
      element("table", {}, element("thead", {}, element("tr", {}, ...head.map((text) => element("th", { scope: "col" }, text)))), element("tbody", {}, ...rows)));
  }

  function named(label, colour) {
    const swatch = element("span", { className: "swatch" });
    swatch.style.backgroundColor = colour;
    return element("td", {}, swatch, label);
  }

  const cell = (text, isNumber) => element("td", { className: isNumber ? "number" : "" }, text);

  function runRow(run, runs, columns, colour) {
    const cells = columns.map(({ type, values }) => cell(format.value(values[run], type), typeof values[run] === "number"));
    return element("tr", {}, named(runs.name[run], colour), ...cells);
  }

  function groupRow(group, runs, columns, colour) {
    const cells = columns.map((column) => {
      const numbers = runs.isMeasured(column) ? runs.numbers(column, group.runs) : null;
      if (numbers) return cell(format.value(numbers.mean, column.type), true);
      const values = [...new Set(group.runs.map((run) => format.value(column.values[run], column.type)))].filter(Boolean);
      return cell(values.length > 3 ? `${values.slice(0, 3).join(", ")}, …` : values.join(", "), false);
    });
    return element("tr", {}, named(group.label, colour), cell(String(group.runs.length), true), ...cells);
  }

  return make;
})();
