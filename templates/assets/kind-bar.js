"use strict";
/** Bars: a number a run, or a group's mean with error bars. */
(() => {
  const { statistics, format, panelKinds } = runstore;
  const { numberOf, shown } = panelKinds;
  const MOST = 100;
  const PER_BAR = 14;
  const ROOM = 46;
  // px of a letter at a bar's end and of a bar's name, and of the shortest plot that has such texts.
  const [LETTER, NAMES, LEAST_PLOT] = [6, 145, 100];
  const LINES = { mean: "Mean", median: "Median", min: "Minimum", max: "Maximum" };
  const ERRORS = { std: "± std deviation", error: "± std error", interval: "95 % interval", minmax: "Min – max", none: "None" };
  const VALUES = { summary: "Summary", min: "Smallest logged", max: "Largest logged" };

  const asOptions = (labels) => Object.entries(labels).map(([value, label]) => ({ value, label }));

  /** The number of each run: of the summary, or the extreme of all that it logged of the metric. @returns {Promise<(run: number) => ?number>} */
  async function reader(column, settings, context) {
    const metric = column.section === "summary" && VALUES[settings.value] && settings.value !== "summary" ? context.metrics.find(({ key }) => `summary.${key}` === column.key) : null;
    if (!metric) return (run) => numberOf(column, run);
    const series = await context.series(metric.key);
    const found = new Map();
    const [part, better] = settings.value === "min" ? [series.lo, Math.min] : [series.hi, Math.max];
    series.runs.forEach((run, at) => {
      for (let p = series.offsets[at]; p < series.offsets[at + 1]; p++) if (Number.isFinite(part[p])) found.set(run, better(found.get(run) ?? part[p], part[p]));
    });
    return (run) => found.get(run) ?? null;
  }

  function spread(numbers, settings) {
    const value = numbers[settings.line] ?? numbers.mean;
    if (settings.errors === "none" || !ERRORS[settings.errors]) return { value, low: null, high: null };
    if (settings.errors === "minmax") return { value, low: numbers.min, high: numbers.max };
    const half = numbers[settings.errors];
    return { value, low: numbers.mean - half, high: numbers.mean + half };
  }

  /** A bar for each run or group that has a number, in the order of the page or by value. */
  async function bars(settings, context) {
    const column = context.runs.columns.get(settings.column);
    if (!column) return [];
    const read = await reader(column, settings, context);
    const made = panelKinds.entities(context).map((each) => {
      const numbers = statistics.summary(each.runs.map(read).filter((value) => value !== null));
      return numbers && { ...each, n: numbers.n, ...spread(numbers, settings) };
    });
    const there = made.filter(Boolean);
    if (settings.order === "down") there.sort((a, b) => b.value - a.value);
    if (settings.order === "up") there.sort((a, b) => a.value - b.value);
    return there;
  }

  async function draw(host, settings, context) {
    const column = context.runs.columns.get(settings.column);
    if (!column) return panelKinds.empty(host, "Choose a number to show in this panel's settings.");
    const all = await bars(settings, context);
    if (!all.length) return panelKinds.empty(host, `None of the runs that are shown has a number for ${column.label}.`);
    if (panelKinds.tooFar(host, all.flatMap(({ value, low, high }) => [value, low ?? value, high ?? value]), column)) return null;
    const rows = labelled(all.slice(0, MOST).map((bar, at) => ({ ...bar, at })), column, host.clientWidth);
    const grouped = Boolean(context.groups);
    const tip = ({ at }) => {
      const { label, value, low, high, n } = rows[at];
      const range = grouped && n > 1 && low !== null ? [["", `${shown(low, column)} to ${shown(high, column)}`]] : [];
      return [[label, shown(value, column)], ...range, ...(grouped ? [["", `n=${n}`]] : [])];
    };
    await panelKinds.chart(host, {
      name: "bar",
      label: `Bars of ${column.label} for ${format.count(rows.length, grouped ? "group" : "run")}`,
      signals: { labels: rows.map(({ label }) => label), xtitle: title(column, settings, grouped) },
      data: { bars: rows, spreads: grouped ? rows.filter(({ low, n }) => low !== null && n > 1) : [] },
      tip,
      legend: context.key ? panelKinds.meaning(context) : null,
      height: rows.length * PER_BAR + ROOM,
      click: ({ at }) => !grouped && context.runs.visit(rows[at].runs[0]),
    });
    const runs = all.reduce((sum, { n }) => sum + n, 0);
    return { about: panelKinds.about(context, all.length, runs), note: [all.length > rows.length ? `The first ${rows.length} of ${all.length} bars.` : "", panelKinds.leftOut(column, context.charted)].filter(Boolean).join(" ") };
  }

  /** Bars with their number as a text, where that stands, and how far the axis goes for it. */
  function labelled(rows, column, width) {
    const ends = rows.map(({ value, low, high, n }) => (n < 2 || low === null ? value : value < 0 ? Math.min(value, low) : Math.max(value, high)));
    const span = Math.max(0, ...ends) - Math.min(0, ...ends);
    const texts = rows.map(({ value }) => (column.type === "number" ? format.number(value, 4) : shown(value, column)));
    const room = 8 + LETTER * Math.max(...texts.map(({ length }) => length));
    const plot = width - Math.min(NAMES, 15 + LETTER * Math.max(...rows.map(({ label }) => label.length))) - room;
    const share = plot < LEAST_PLOT ? 0 : room / plot;
    return rows.map((row, at) => ({ ...row, text: texts[at], end: ends[at], reach: ends[at] + (row.value < 0 ? -1 : 1) * share * span }));
  }

  function title(column, settings, grouped) {
    const value = VALUES[settings.value] && settings.value !== "summary" ? `${VALUES[settings.value].toLowerCase()} ${panelKinds.axisTitle(column)}` : panelKinds.axisTitle(column);
    return grouped ? `${value}, ${(LINES[settings.line] ?? LINES.mean).toLowerCase()}` : value;
  }

  async function table(settings, context) {
    const column = context.runs.columns.get(settings.column);
    if (!column) return null;
    const rows = await bars(settings, context);
    if (!context.groups) return { columns: ["Run", column.label], rows: rows.map(({ label, value }) => [label, value]) };
    return { columns: ["Group", column.label, "low", "high", "n"], rows: rows.map(({ label, value, low, high, n }) => [label, value, n > 1 ? low : null, n > 1 ? high : null, n]) };
  }

  panelKinds.register({
    name: "bar",
    title: "Bar chart",
    scrolls: true,
    regroups: true,
    about: "A number of each run, or of each group with its spread.",
    defaults: (context) => ({ column: panelKinds.firstMetric(context), value: "summary", line: "mean", errors: "std", order: "page", group: "" }),
    fields: (context) => [
      { name: "column", label: "Value", type: "key", options: panelKinds.options(context, panelKinds.isQuantity) },
      { name: "value", label: "Of a metric", type: "select", options: asOptions(VALUES) },
      { name: "line", label: "Of a group", type: "select", options: asOptions(LINES) },
      { name: "errors", label: "Error bars", type: "select", options: asOptions(ERRORS) },
      { name: "order", label: "Order", type: "select", options: [{ value: "page", label: "As in the table" }, { value: "down", label: "Largest first" }, { value: "up", label: "Smallest first" }] },
    ],
    named: ({ column }) => panelKinds.columnName(column) || "Bar chart",
    draw,
    table,
  });
})();
