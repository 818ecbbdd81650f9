"use strict";
/** Points: two numbers of each run against each other, a third as colour, and the line of those that none is better than. */
(() => {
  const { element, statistics, format, panelKinds, palette } = runstore;
  const { numberOf, shown } = panelKinds;
  const MOST = 20_000;
  const GOALS = { "": "None", "min-min": "x low, y low", "min-max": "x low, y high", "max-min": "x high, y low", "max-max": "x high, y high" };

  const mean = (column, runs) => statistics.summary(runs.map((run) => numberOf(column, run)).filter((value) => value !== null))?.mean ?? null;

  /** The points of a panel: one a run, or one a group at its means. */
  function points(settings, context) {
    const [x, y] = ["x", "y"].map((key) => context.runs.columns.get(settings[key]));
    if (!x || !y) return null;
    const z = context.runs.columns.get(settings.z);
    const means = settings.means && context.groups;
    const colours = panelKinds.colours(context);
    const each = means ? panelKinds.entities(context) : [...colours].map(([run, { colour, group }]) => ({ label: context.runs.name[run], group, colour, runs: [run] }));
    const made = each.map((one) => ({ ...one, x: mean(x, one.runs), y: mean(y, one.runs), z: z ? third(z, one.runs) : null }));
    const there = made.filter((point) => point.x !== null && point.y !== null);
    const drawn = there.filter((point) => !(settings.xlog && point.x <= 0) && !(settings.ylog && point.y <= 0));
    return { x, y, z, means, drawn, lost: there.length - drawn.length };
  }

  const third = (column, runs) => (panelKinds.isNumeric(column) ? mean(column, runs) : format.value(column.values[runs[0]] ?? null) || "(none)");

  /** Colours of the third column: along a ramp for numbers, one a value for others. @returns {{of: (value: any) => string, legend: Node}} */
  function scale(column, values) {
    if (!panelKinds.isNumeric(column)) {
      const known = [...new Set(values)];
      const of = (value) => palette.colour(known.indexOf(value));
      return { of, legend: panelKinds.legend(known.map((value) => ({ label: String(value), colour: of(value) })), column.label) };
    }
    const { min, max } = statistics.summary(values.filter((value) => value !== null)) ?? { min: 0, max: 0 };
    const of = (value) => (value === null ? palette.none() : palette.ramp(max > min ? value / (max - min) - min / (max - min) : 1));
    const bar = element("span", { className: "kind-ramp", aria: { hidden: "true" } });
    bar.style.backgroundImage = palette.gradient();
    return { of, legend: element("span", { className: "kind-legend" }, `${column.label} ${shown(min, column)}`, bar, shown(max, column)) };
  }

  const stretch = (column) => (column.type === "time" ? 1000 : 1);

  async function draw(host, settings, context) {
    const found = points(settings, context);
    if (!found) return panelKinds.empty(host, "Choose a column for x and one for y in this panel's settings.");
    const { x, y, z, drawn, lost, means } = found;
    if (!drawn.length) return panelKinds.empty(host, `None of the runs that are shown has a number for both ${x.label} and ${y.label}${lost ? " that a log axis has a place for" : ""}.`);
    for (const [column, key] of [[x, "x"], [y, "y"]]) if (panelKinds.tooFar(host, drawn.map((point) => point[key]), column)) return null;
    const few = drawn.slice(0, MOST);
    const colouring = z && scale(z, few.map((point) => point.z));
    const rows = few.map((point, at) => ({ at, x: point.x * stretch(x), y: point.y, colour: colouring ? colouring.of(point.z) : point.colour }));
    const front = GOALS[settings.pareto] && settings.pareto ? frontOf(rows, settings.pareto) : [];
    const tip = ({ at }) => {
      const point = few[at];
      const own = [[point.label, ""], [x.label, shown(point.x, x)], [y.label, shown(point.y, y)]];
      return [...own, ...(z ? [[z.label, shown(point.z, z)]] : []), ...(point.group ? [["Group", point.group]] : []), ...(means ? [["", `n=${point.runs.length}`]] : [])];
    };
    const across = x.type === "time" ? "time" : settings.xlog ? "log" : "linear";
    await panelKinds.chart(host, {
      name: `scatter-${across}-${settings.ylog ? "log" : "linear"}`,
      label: `${y.label} against ${x.label} for ${format.count(few.length, means ? "group" : "run")}`,
      signals: { xtitle: panelKinds.axisTitle(x), ytitle: panelKinds.axisTitle(y) },
      data: { points: rows, front: front.map((at) => rows[at]) },
      tip,
      legend: colouring ? colouring.legend : panelKinds.meaning(context),
      click: ({ at }) => at !== undefined && !means && context.runs.visit(few[at].runs[0]),
    });
    const notes = [lost ? `${format.count(lost, "point")} at 0 or below: no place on a log axis.` : "", drawn.length > few.length ? `The first ${few.length} of ${drawn.length} points.` : "", panelKinds.leftOut(x, context.charted), y === x ? "" : panelKinds.leftOut(y, context.charted)];
    const runs = drawn.reduce((sum, point) => sum + point.runs.length, 0);
    return { about: means ? panelKinds.about(context, drawn.length, runs) : format.count(runs, "run"), note: notes.filter(Boolean).join(" ") };
  }

  function frontOf(rows, goals) {
    const [x, y] = goals.split("-");
    return statistics.pareto(rows, { x, y });
  }

  async function table(settings, context) {
    const found = points(settings, context);
    if (!found) return null;
    const { x, y, z, drawn } = found;
    const front = new Set(GOALS[settings.pareto] && settings.pareto ? frontOf(drawn, settings.pareto) : []);
    const rows = drawn.map((point, at) => [point.label, point.x, point.y, ...(z ? [point.z] : []), ...(settings.pareto ? [front.has(at) ? "yes" : ""] : [])]);
    return { columns: [found.means ? "Group" : "Run", x.label, y.label, ...(z ? [z.label] : []), ...(settings.pareto ? ["On the Pareto line"] : [])], rows };
  }

  /** The first column of numbers that says what differs, else when a run was made. */
  function firstCause(context) {
    return panelKinds.varied(context).find(panelKinds.isNumeric)?.key ?? (context.runs.columns.has("created") ? "created" : panelKinds.firstMetric(context));
  }

  panelKinds.register({
    name: "scatter",
    title: "Scatter plot",
    regroups: true,
    about: "Two numbers of each run against each other, a third as colour.",
    defaults: (context) => ({ x: firstCause(context), y: panelKinds.firstMetric(context), z: "", xlog: panelKinds.wantsLog(context.runs.columns.get(firstCause(context)), context), ylog: false, means: false, pareto: "", group: "" }),
    fields: (context) => [
      { name: "x", label: "X", type: "key", options: panelKinds.options(context) },
      { name: "y", label: "Y", type: "key", options: panelKinds.options(context, panelKinds.isQuantity) },
      { name: "z", label: "Colour", type: "key", options: panelKinds.options(context, () => true), about: "Empty: as the run or the group." },
      { name: "xlog", label: "Log x", type: "checkbox" },
      { name: "ylog", label: "Log y", type: "checkbox" },
      { name: "means", label: "One point a group, at its means", type: "checkbox" },
      { name: "pareto", label: "Pareto line, best is", type: "select", options: Object.entries(GOALS).map(([value, label]) => ({ value, label })) },
    ],
    named: ({ x, y }) => (x && y ? `${panelKinds.columnName(y)} against ${panelKinds.columnName(x)}` : "Scatter plot"),
    draw,
    table,
  });
})();
