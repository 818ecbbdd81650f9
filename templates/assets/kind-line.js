"use strict";
/** The panel "Line chart": what a person sets of the lines of one or several metrics, in place of what the page has. */
(() => {
  const { CHOICES } = runstore.State;
  const { choicesOf } = runstore.axes;
  const FLAGS = ["xlog", "ylog", "outliers", "raw", "members"];
  const CHOSEN = ["agg", "shade", "smoother", "most"];
  const AS_PAGE = { value: "", label: "As the page" };
  const YES_NO = [AS_PAGE, { value: "yes", label: "Yes" }, { value: "no", label: "No" }];
  const labelled = (labels) => [AS_PAGE, ...Object.entries(labels).map(([value, label]) => ({ value, label }))];
  const LINES = labelled({ mean: "Mean", median: "Median", min: "Minimum", max: "Maximum" });
  const BANDS = labelled({ none: "None", minmax: "Min–max", std: "Standard deviation", stderr: "Standard error", ci: "95 % interval" });
  const SMOOTHERS = labelled({ ema: "Exponential moving average", twema: "Time-weighted exponential", average: "Running average", gauss: "Gaussian" });
  const MOST = [AS_PAGE, ...["10", "50", "100", "500", "all"].map((value) => ({ value, label: value === "all" ? "All" : value }))];

  /** What a panel's settings say in place of the page's. @returns {Partial<View>} */
  function chosen({ x, smooth, ...given }) {
    const own = {};
    if (x) own.x = String(x);
    for (const name of CHOSEN) if (CHOICES[name].includes(given[name])) own[name] = given[name];
    for (const name of FLAGS) if (given[name]) own[name] = given[name] === "yes";
    if (Number.isFinite(smooth)) own.smooth = Math.min(0.999, Math.max(0, smooth));
    return own;
  }

  /** The x axis: from a list, or where there are very many metrics by typing. @returns {Field} */
  function axisField(metrics) {
    const defined = metrics.some(({ axis }) => axis);
    const { fixed, keys, isMany } = choicesOf({ defined, keys: metrics.map(({ key }) => key) });
    const field = { name: "x", label: "X axis" };
    if (!isMany) return { ...field, type: "select", options: [AS_PAGE, ...fixed, ...(keys.length ? [{ label: "Logged", options: keys }] : [])] };
    const about = `${fixed.map(({ value, label }) => `${value} (${label.toLowerCase()})`).join(", ")}, or the name of a metric; empty: as the page.`;
    return { ...field, type: "key", options: [...fixed, ...keys], about };
  }

  const metricFields = (metrics) => [
    { name: "metrics", label: "Metrics", type: "keys", options: metrics.map(({ key }) => key) },
    { name: "pattern", label: "and all whose name matches", type: "text", placeholder: "regular expression, such as loss$" },
    { name: "formula", label: "and a formula", type: "text", placeholder: "train/loss / val/loss, 1 - acc, log(loss)" },
  ];

  runstore.kinds.line = {
    name: "line",
    title: "Line chart",
    about: "One or several metrics over steps, time or another metric, one line a run or a group.",
    defaults: () => ({ metrics: [], pattern: "", formula: "", x: "", xlog: "", ylog: "", outliers: "", agg: "", shade: "", smooth: null, smoother: "", raw: "", members: "", most: "", legend: "", x0: null, x1: null, y0: null, y1: null }),
    fields: ({ metrics }, own) => [
      ...(own ? [] : metricFields(metrics)),
      axisField(metrics),
      { name: "x0", label: "X from", type: "number" },
      { name: "x1", label: "X to", type: "number" },
      { name: "xlog", label: "Log x", type: "select", options: YES_NO },
      { name: "y0", label: "Y from", type: "number" },
      { name: "y1", label: "Y to", type: "number" },
      { name: "ylog", label: "Log y", type: "select", options: YES_NO },
      { name: "outliers", label: "Ignore outliers", type: "select", options: YES_NO },
      { name: "agg", label: "Line of a group", type: "select", options: LINES },
      { name: "shade", label: "Band of a group", type: "select", options: BANDS },
      { name: "members", label: "Runs behind groups", type: "select", options: YES_NO },
      { name: "smooth", label: "Smoothing", type: "number", about: "From 0 to 0.999; empty: as the page." },
      { name: "smoother", label: "Smoother", type: "select", options: SMOOTHERS },
      { name: "raw", label: "Original behind smoothed", type: "select", options: YES_NO },
      { name: "most", label: "Lines at most", type: "select", options: MOST },
      { name: "legend", label: "Legend", type: "text", placeholder: "${run.name} · ${config.lr}", about: "Any column in ${…}; ${metric} is the metric's name." },
    ],
    chosen,
    drawing: (settings, { lines, look }) => lines.drawingOf(settings, look),
    named: ({ metrics, pattern, formula }) => [...(Array.isArray(metrics) ? metrics : []), pattern, formula].filter(Boolean).join(", ") || "Line chart",
  };
})();
