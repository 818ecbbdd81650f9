"use strict";
/** One number of what is shown, or one a group. */
(() => {
  const { element, statistics, format, panelKinds } = runstore;
  const { shown, numberOf } = panelKinds;
  const MOST = 50;
  const OF = { mean: "Mean", median: "Median", min: "Minimum", max: "Maximum", std: "Std deviation", n: "Number of runs" };

  function numbers(settings, context) {
    const column = context.runs.columns.get(settings.column);
    if (!column) return null;
    const of = OF[settings.of] ? settings.of : "mean";
    const parts = context.groups ? panelKinds.entities(context) : [{ label: "All runs", colour: "", runs: context.charted }];
    const made = parts.map(({ label, colour, runs }) => ({ label, colour, numbers: statistics.summary(runs.map((run) => numberOf(column, run)).filter((value) => value !== null)) }));
    return { column, of, parts: made.filter((part) => part.numbers) };
  }

  function item({ label, colour, numbers: own }, { column, of }, single) {
    const value = of === "n" ? String(own.n) : of === "std" && own.n < 2 ? "–" : shown(own[of], column);
    const swatch = colour ? element("span", { className: "swatch" }) : null;
    if (swatch) swatch.style.backgroundColor = colour;
    const detail = `${OF[of].toLowerCase()} of ${format.count(own.n, "run")}`;
    const range = own.n > 1 && !["min", "max"].includes(of) ? ` · ${shown(own.min, column)} to ${shown(own.max, column)}` : "";
    return element("div", { className: "scalar-item" }, element("dt", {}, swatch, element("span", { className: "text" }, single ? column.label : label)), element("dd", { title: of === "n" ? value : String(own[of]) }, value), element("dd", { className: "soft" }, detail + range));
  }

  async function draw(host, settings, context) {
    const found = numbers(settings, context);
    if (!found) return panelKinds.empty(host, "Choose a number to show in this panel's settings.");
    const { column, parts } = found;
    if (!parts.length) return panelKinds.empty(host, `None of the runs that are shown has a number for ${column.label}.`);
    const single = !context.groups;
    host.replaceChildren(element("dl", { className: single ? "scalar single" : "scalar" }, ...parts.slice(0, MOST).map((part) => item(part, found, single))));
    return { about: panelKinds.about(context, parts.length, parts.reduce((sum, part) => sum + part.numbers.n, 0)), note: parts.length > MOST ? `The first ${MOST} of ${format.count(parts.length, "group")}.` : "" };
  }

  async function table(settings, context) {
    const found = numbers(settings, context);
    if (!found?.parts.length) return null;
    const { column, of, parts } = found;
    return { columns: [context.groups ? "Group" : "Runs", `${OF[of]} of ${column.label}`, "n"], rows: parts.map(({ label, numbers: own }) => [label, own[of], own.n]) };
  }

  panelKinds.register({
    name: "scalar",
    title: "Scalar",
    about: "One number over the runs that are shown, or over each group.",
    scrolls: true,
    defaults: (context) => ({ column: panelKinds.firstMetric(context), of: "mean" }),
    fields: (context) => [
      { name: "column", label: "Value", type: "key", options: panelKinds.options(context) },
      { name: "of", label: "Shown", type: "select", options: Object.entries(OF).map(([value, label]) => ({ value, label })) },
    ],
    named: ({ column, of }) => (column ? `${OF[of] ?? OF.mean} ${panelKinds.columnName(column)}` : "Scalar"),
    draw,
    table,
  });
})();
