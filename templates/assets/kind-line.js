"use strict";
/** The panel "Line chart": what a person sets of the lines of one or several metrics, in place of what the section or the page has. */
(() => {
  const { CHOICES } = runstore.State;
  const { choicesOf } = runstore.axes;
  const FLAGS = ["xlog", "ylog", "outliers", "raw", "members"];
  const CHOSEN = ["agg", "shade", "smoother", "most"];
  // What is about several runs, and what a panel alone has.
  const OF_RUNS = new Set(["group", "agg", "shade", "members", "most", "legend"]);
  const OF_PANEL = new Set(["x0", "x1", "y0", "y1", "legend"]);
  const YES_NO = { yes: "Yes", no: "No" };
  const LINES = { mean: "Mean", median: "Median", min: "Minimum", max: "Maximum" };
  const BANDS = { none: "None", minmax: "Min–max", std: "Standard deviation", stderr: "Standard error", ci: "95 % interval" };
  const SMOOTHERS = { ema: "Exponential moving average", twema: "Time-weighted exponential", average: "Running average", gauss: "Gaussian" };
  const MOST = ["10", "50", "100", "500", "all"].map((value) => ({ value, label: value === "all" ? "All" : value }));

  const options = (labels) => Object.entries(labels).map(([value, label]) => ({ value, label }));

  /** What settings say in place of the page's. @returns {Partial<View>} */
  function chosen({ x, smooth, group, ...given }) {
    const own = {};
    if (x) own.x = String(x);
    // The page of a run has no groups.
    if (group && runstore.Groupings) own.group = runstore.Groupings.chosen(group);
    for (const name of CHOSEN) if (CHOICES[name].includes(given[name])) own[name] = given[name];
    for (const name of FLAGS) if (given[name]) own[name] = given[name] === "yes";
    if (Number.isFinite(smooth)) own.smooth = Math.min(0.999, Math.max(0, smooth));
    return own;
  }

  /** The ranges that a panel was given; null where it has none. */
  function rangeOf({ x0, x1, y0, y1 }) {
    const number = (value) => (Number.isFinite(value) ? value : null);
    return { x: [number(x0), number(x1)], y: [number(y0), number(y1)] };
  }

  /** What of an axis a panel shows: what is zoomed to, else its own range; null for all. @returns {?[number, number]} */
  function shownOf(look, axis, settings) {
    const [low, high] = rangeOf(settings).x;
    return look?.zoom(axis) ?? (low === null && high === null ? null : [low ?? -Infinity, high ?? Infinity]);
  }

  /** The x axis: from a list, or where there are very many metrics by typing. @returns {Field} */
  function axisField(metrics, usual) {
    const defined = metrics.some(({ axis }) => axis);
    const { fixed, keys, isMany } = choicesOf({ defined, keys: metrics.map(({ key }) => key) });
    const field = { name: "x", label: "X axis" };
    if (!isMany) return { ...field, type: "select", options: [usual, ...fixed, ...(keys.length ? [{ label: "Logged", options: keys }] : [])] };
    const about = `${fixed.map(({ value, label }) => `${value} (${label.toLowerCase()})`).join(", ")}, or the name of a metric; empty: ${usual.label.toLowerCase()}.`;
    return { ...field, type: "key", options: [...fixed, ...keys], about };
  }

  const metricFields = (metrics) => [
    { name: "metrics", label: "Metrics", type: "keys", options: metrics.map(({ key }) => key) },
    { name: "pattern", label: "and all whose name matches", type: "text", placeholder: "regular expression, such as loss$" },
    { name: "formula", label: "and a formula", type: "text", placeholder: "train/loss / val/loss, 1 - acc, log(loss)" },
  ];

  /** @param {{metrics: Metric[], runs: ?Runs, inherited?: object}} context without `runs` of a single run; `inherited`: what the panel's section says */
  function lineFields({ metrics, runs = null, inherited = {} }) {
    const usual = (name) => ({ value: "", label: Object.hasOwn(inherited, name) ? "As the section" : "As the page" });
    const select = (name, label, all) => ({ name, label, type: "select", options: [usual(name), ...all] });
    const all = [
      axisField(metrics, usual("x")),
      { name: "x0", label: "X from", type: "number" },
      { name: "x1", label: "X to", type: "number" },
      select("xlog", "Log x", options(YES_NO)),
      { name: "y0", label: "Y from", type: "number" },
      { name: "y1", label: "Y to", type: "number" },
      select("ylog", "Log y", options(YES_NO)),
      select("outliers", "Ignore outliers", options(YES_NO)),
      ...(runs ? [runstore.Groupings.field(runs, usual("group"))] : []),
      select("agg", "Line of a group", options(LINES)),
      select("shade", "Band of a group", options(BANDS)),
      select("members", "Runs behind groups", options(YES_NO)),
      { name: "smooth", label: "Smoothing", type: "number", about: `From 0 to 0.999; empty: ${usual("smooth").label.toLowerCase()}.` },
      select("smoother", "Smoother", options(SMOOTHERS)),
      select("raw", "Original behind smoothed", options(YES_NO)),
      select("most", "Lines at most", MOST),
      { name: "legend", label: "Legend", type: "text", placeholder: "${run.name} · ${config.lr}", about: "Any column in ${…}; ${metric} is the metric's name." },
    ];
    return runs ? all : all.filter(({ name }) => !OF_RUNS.has(name));
  }

  /** What settings say, in a line. @param {object} settings @param {Field[]} fields */
  function told(settings, fields) {
    const labelOf = ({ options: all = [], fixed = [], read }, value) => {
      const known = [...all.flatMap((each) => each.options ?? [each]), ...fixed].find((each) => (each.value ?? each) === value);
      return known?.label ?? (read ? read(value).join(", ") : String(value));
    };
    return fields.filter(({ name }) => Object.hasOwn(settings, name)).map((field) => `${field.label}: ${labelOf(field, settings[field.name])}`).join(" · ");
  }

  runstore.kinds.line = {
    name: "line",
    title: "Line chart",
    about: "One or several metrics over steps, time or another metric, one line a run or a group.",
    defaults: () => ({ metrics: [], pattern: "", formula: "", x: "", xlog: "", ylog: "", outliers: "", agg: "", shade: "", smooth: null, smoother: "", raw: "", members: "", most: "", legend: "", group: "", x0: null, x1: null, y0: null, y1: null }),
    fields: (context, own) => [...(own ? [] : metricFields(context.metrics)), ...lineFields(context)],
    sectionFields: (context) => lineFields(context).filter(({ name }) => !OF_PANEL.has(name)),
    chosen,
    rangeOf,
    shownOf,
    told,
    drawing: (settings, { lines, look }) => lines.drawingOf(settings, look),
    named: ({ metrics, pattern, formula }) => [...(Array.isArray(metrics) ? metrics : []), pattern, formula].filter(Boolean).join(", ") || "Line chart",
  };
})();
