"use strict";
/** How a number is spread over the runs, by group: a histogram, and boxes. */
(() => {
  const { statistics, format, panelKinds } = runstore;
  const { numberOf, shown } = panelKinds;
  const MOST_DOTS = 2000;
  const MOST_BOXES = 60;
  const PER_BOX = 30;
  const ROOM = 46;

  /** The numbers of each group, or of all runs together; groups without any are left out. */
  function samples(settings, context) {
    const column = context.runs.columns.get(settings.column);
    if (!column) return null;
    const parts = context.groups ? panelKinds.entities(context) : [{ key: "all", label: "All runs", colour: runstore.palette.colour(0), runs: context.charted }];
    const made = parts.map((part) => {
      const runs = part.runs.filter((run) => numberOf(column, run) !== null);
      return { ...part, runs, values: runs.map((run) => numberOf(column, run)) };
    });
    return { column, parts: made.filter(({ values }) => values.length) };
  }

  const fields = (context) => [{ name: "column", label: "Value", type: "key", options: panelKinds.options(context, panelKinds.isQuantity) }];
  const choose = (host) => panelKinds.empty(host, "Choose a number to show in this panel's settings.");
  const nothing = (host, column) => panelKinds.empty(host, `None of the runs that are shown has a number for ${column.label}.`);
  const asOf = (parts) => format.count(parts.reduce((sum, { values }) => sum + values.length, 0), "run");

  function binned(settings, context) {
    const found = samples(settings, context);
    if (!found?.parts.length) return found;
    const bounds = statistics.edges(found.parts.flatMap(({ values }) => values), Number(settings.bins) || undefined);
    return { ...found, bounds, parts: found.parts.map((part) => ({ ...part, counts: statistics.counts(part.values, bounds) })) };
  }

  async function drawHistogram(host, settings, context) {
    const found = binned(settings, context);
    if (!found) return choose(host);
    const { column, parts, bounds } = found;
    if (!parts.length) return nothing(host, column);
    if (panelKinds.tooFar(host, parts.flatMap(({ values }) => values), column)) return null;
    const tops = new Array(bounds.length - 1).fill(0);
    const rects = parts.flatMap(({ label, colour, counts }) => counts.flatMap((count, at) => {
      if (!count) return [];
      const y0 = tops[at];
      tops[at] += count;
      return [{ x0: bounds[at], x1: bounds[at + 1], y0, y1: tops[at], count, label, colour }];
    }));
    await panelKinds.chart(host, {
      name: "histogram",
      label: `Histogram of ${column.label} over ${asOf(parts)}`,
      signals: { xtitle: panelKinds.axisTitle(column), ytitle: "Runs" },
      data: { bins: rects },
      legend: context.groups ? panelKinds.legend(parts) : null,
      tip: ({ x0, x1, count, label }) => [[`${shown(x0, column)} to ${shown(x1, column)}`, ""], [label, format.count(count, "run")]],
    });
    return { about: panelKinds.about(context, parts.length, parts.reduce((sum, { values }) => sum + values.length, 0)), note: panelKinds.leftOut(column, context.charted) };
  }

  async function histogramTable(settings, context) {
    const found = binned(settings, context);
    if (!found?.parts.length) return null;
    const { column, parts, bounds } = found;
    const rows = bounds.slice(1).map((high, at) => [bounds[at], high, ...parts.map(({ counts }) => counts[at])]);
    return { columns: [`${column.label} from`, "below", ...parts.map(({ label }) => label)], rows };
  }

  function boxes(settings, context) {
    const found = samples(settings, context);
    return found && { ...found, parts: found.parts.map((part) => ({ ...part, box: statistics.box(part.values) })) };
  }

  async function drawBoxes(host, settings, context) {
    const found = boxes(settings, context);
    if (!found) return choose(host);
    const { column, parts } = found;
    if (!parts.length) return nothing(host, column);
    if (panelKinds.tooFar(host, parts.flatMap(({ values }) => values), column)) return null;
    const few = parts.slice(0, MOST_BOXES);
    const outside = ({ box }) => new Set(box.outliers);
    const dots = few.flatMap((part, at) => {
      const away = outside(part);
      return part.runs.map((run, k) => ({ at, run, value: part.values[k], colour: part.colour })).filter(({ value }) => settings.dots || away.has(value));
    });
    const tip = ({ at, run, value }) => {
      if (run !== undefined) return [[context.runs.name[run], shown(value, column)]];
      const { label, box } = few[at];
      return [[label, `n=${box.n}`], ["Median", shown(box.median, column)], ["Quartiles", `${shown(box.low, column)} to ${shown(box.high, column)}`], ["Whiskers", `${shown(box.from, column)} to ${shown(box.to, column)}`]];
    };
    await panelKinds.chart(host, {
      name: "box",
      label: `Boxes of ${column.label} over ${asOf(parts)}`,
      signals: { labels: few.map(({ label, values }) => `${label} (${values.length})`), xtitle: panelKinds.axisTitle(column) },
      data: { boxes: few.map(({ box, colour }, at) => ({ at, from: box.from, low: box.low, median: box.median, high: box.high, to: box.to, colour })), dots: dots.slice(0, MOST_DOTS) },
      tip,
      height: few.length * PER_BOX + ROOM,
      click: ({ run }) => run !== undefined && context.runs.visit(run),
    });
    const lines = [dots.length > MOST_DOTS ? `The first ${MOST_DOTS} of ${dots.length} dots.` : "", parts.length > few.length ? `The first ${few.length} of ${parts.length} groups.` : "", panelKinds.leftOut(column, context.charted)];
    return { about: panelKinds.about(context, parts.length, parts.reduce((sum, { values }) => sum + values.length, 0)), note: lines.filter(Boolean).join(" ") };
  }

  async function boxTable(settings, context) {
    const found = boxes(settings, context);
    if (!found?.parts.length) return null;
    const rows = found.parts.map(({ label, box }) => [label, box.n, box.from, box.low, box.median, box.high, box.to, box.outliers.length]);
    return { columns: [context.groups ? "Group" : "Runs", "n", "lower whisker", "lower quartile", "median", "upper quartile", "upper whisker", "outliers"], rows };
  }

  panelKinds.register({
    name: "histogram",
    title: "Histogram",
    regroups: true,
    about: "How a number is spread over the runs, stacked by group.",
    defaults: (context) => ({ column: panelKinds.firstMetric(context), bins: "", group: "" }),
    fields: (context) => [...fields(context), { name: "bins", label: "Bins", type: "select", options: [{ value: "", label: "As many as suit" }, ...["5", "10", "20", "40", "80"].map((value) => ({ value, label: `About ${value}` }))] }],
    named: ({ column }) => (column ? `Histogram of ${panelKinds.columnName(column)}` : "Histogram"),
    draw: drawHistogram,
    table: histogramTable,
  });

  panelKinds.register({
    name: "box",
    title: "Box plot",
    scrolls: true,
    regroups: true,
    about: "Median, quartiles and outliers of a number, a box for each group.",
    defaults: (context) => ({ column: panelKinds.firstMetric(context), dots: true, group: "" }),
    fields: (context) => [...fields(context), { name: "dots", label: "A dot for every run", type: "checkbox" }],
    named: ({ column }) => (column ? `Box plot of ${panelKinds.columnName(column)}` : "Box plot"),
    draw: drawBoxes,
    table: boxTable,
  });
})();
