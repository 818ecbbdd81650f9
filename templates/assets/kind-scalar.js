"use strict";
/** One number of what is shown, or one a group. */
(() => {
  const { element, statistics, format, panelKinds } = runstore;
  const { shown, numberOf } = panelKinds;
  const MOST = 50;
  const PER_NUMBER = 84;
  const OF = { mean: "Mean", median: "Median", min: "Minimum", max: "Maximum", std: "Std deviation", n: "Number of runs" };

  function numbers(settings, context) {
    const column = context.runs.columns.get(settings.column);
    if (!column) return null;
    const of = OF[settings.of] ? settings.of : "mean";
    const parts = context.groups ? panelKinds.entities(context) : [{ label: "All runs", colour: "", runs: context.charted }];
    const made = parts.map(({ label, colour, runs }) => ({ label, colour, numbers: statistics.summary(runs.map((run) => numberOf(column, run)).filter((value) => value !== null)) }));
    return { column, of, parts: made.filter((part) => part.numbers) };
  }

  /** What is said of one number: itself, and of what it is. */
  function said({ numbers: own }, { column, of }) {
    const value = of === "n" ? String(own.n) : of === "std" && own.n < 2 ? "–" : shown(own[of], of === "std" && column.type === "time" ? { type: "duration" } : column);
    const detail = `${OF[of].toLowerCase()} of ${format.count(own.n, "run")}`;
    const range = own.n > 1 && !["min", "max"].includes(of) ? ` · ${shown(own.min, column)} to ${shown(own.max, column)}` : "";
    return { value, detail: detail + range };
  }

  function item(part, found, single) {
    const swatch = part.colour ? element("span", { className: "swatch" }) : null;
    if (swatch) swatch.style.backgroundColor = part.colour;
    const { value, detail } = said(part, found);
    return element("div", { className: "scalar-item" }, element("dt", {}, swatch, element("span", { className: "text" }, single ? found.column.label : part.label)), element("dd", { title: found.of === "n" ? value : String(part.numbers[found.of]) }, value), element("dd", { className: "soft" }, detail));
  }

  /** @returns {?Figure} */
  function figure(host, settings, context) {
    const found = numbers(settings, context);
    if (!found?.parts.length) return null;
    const parts = found.parts.slice(0, MOST);
    const ink = runstore.figures.theme().strong;
    const rows = parts.map((part, at) => ({ at, label: context.groups ? part.label : found.column.label, ...said(part, found), colour: part.colour || ink }));
    return { name: "scalar", signals: {}, data: { numbers: rows }, width: Math.max(320, host.clientWidth), height: rows.length * PER_NUMBER };
  }

  async function draw(host, settings, context) {
    const found = numbers(settings, context);
    if (!found) return panelKinds.empty(host, "Choose a number to show in this panel's settings.");
    const { column, parts } = found;
    if (!parts.length) return panelKinds.empty(host, `None of the runs that are shown has a number for ${column.label}.`);
    const single = !context.groups;
    host.replaceChildren(element("dl", { className: single ? "scalar single" : "scalar" }, ...parts.slice(0, MOST).map((part) => item(part, found, single))));
    return { about: panelKinds.about(context, parts.length, parts.reduce((sum, part) => sum + part.numbers.n, 0)), note: [parts.length > MOST ? `The first ${MOST} of ${format.count(parts.length, "group")}.` : "", panelKinds.leftOut(column, context.charted)].filter(Boolean).join(" ") };
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
    figure,
  });
})();
