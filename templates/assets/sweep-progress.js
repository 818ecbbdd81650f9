"use strict";
/** The metric of each trial in the order of creation, and the best so far. */
(() => {
  const { element, format, panelKinds, palette } = runstore;
  const ORDERS = { number: "Number of the trial", began: "When it began" };

  /** The shown trials with their x, those that have none left out, in order. @returns {{at: number, x: number}[]} */
  function ordered(settings, context) {
    const { sweep } = context;
    const xs = settings.x === "began" ? sweep.trials.began : sweep.trials.n;
    const found = sweep.shown(context).map((at) => ({ at, x: xs[at] })).filter(({ x }) => x !== null);
    return found.sort((a, b) => a.x - b.x || a.at - b.at);
  }

  /** The corners of the line of the best so far, and the trials that made it better. */
  function improving(sweep, trials) {
    const line = [];
    const better = new Set();
    let best = null;
    for (const { at, x } of trials) {
      const value = sweep.trials.value[at];
      if (!sweep.counts(at) || (best !== null && !sweep.isBetter(value, best))) continue;
      best = value;
      better.add(at);
      line.push({ x, y: best });
    }
    const last = trials[trials.length - 1];
    if (line.length && last.x > line[line.length - 1].x) line.push({ x: last.x, y: best });
    return { line, better };
  }

  /** Many points are small ones. */
  const sizeOf = (count) => (count > 2000 ? 8 : count > 400 ? 18 : 36);

  /** The ends of the axis: around the values and the target, and off the frame. @returns {{low: number, high: number}} */
  function range(values, log) {
    const { min, max } = runstore.statistics.summary(values);
    const [into, out] = log ? [Math.log, Math.exp] : [Number, Number];
    const [low, high] = [into(min), into(max)];
    // One value alone stands in the middle of as much as itself.
    const room = (high / 2 - low / 2) * 0.1 || (log ? 1 : Math.abs(low) / 4 || 1);
    return { low: out(low - room), high: out(high + room) };
  }

  async function draw(host, settings, context) {
    const { sweep } = context;
    const trials = ordered(settings, context);
    const log = settings.ylog;
    const there = trials.filter(({ at }) => sweep.trials.value[at] !== null && !(log && sweep.trials.value[at] <= 0));
    if (!there.length) return panelKinds.empty(host, `None of the trials that are shown has a value for ${sweep.label}${trials.length && log ? " that a log axis has a place for" : ""}.`);
    const values = there.map(({ at }) => sweep.trials.value[at]);
    if (panelKinds.tooFar(host, values, { label: sweep.label })) return null;
    const { line, better } = improving(sweep, trials);
    const style = getComputedStyle(runstore.home());
    const [accent, soft] = ["--accent", "--ink-soft"].map((name) => style.getPropertyValue(name).trim());
    const own = context.groups || context.byColumn ? panelKinds.colours(context) : null;
    const colourOf = (at) => (own ? own.get(context.runs.place(sweep.trials.run[at]))?.colour ?? palette.none() : better.has(at) ? accent : soft);
    const stretch = settings.x === "began" ? 1000 : 1;
    const points = there.map(({ at, x }) => ({ at, x: x * stretch, y: sweep.trials.value[at], colour: colourOf(at), fill: sweep.counts(at) ? colourOf(at) : "transparent", size: better.has(at) ? 70 : sizeOf(there.length) }));
    // Those that made it better stand in front of the others.
    points.sort((a, b) => better.has(a.at) - better.has(b.at));
    const known = new Set(there.map(({ at }) => at));
    const lost = trials.filter(({ at }) => !known.has(at) && sweep.trials.state[at] !== "running").map(({ at, x }) => ({ at, x: x * stretch, colour: style.getPropertyValue("--bad").trim() }));
    const target = sweep.target === null || (log && sweep.target <= 0) ? [] : [{ y: sweep.target }];
    await panelKinds.chart(host, {
      name: `progress-${settings.x === "began" ? "time" : "linear"}-${log ? "log" : "linear"}`,
      label: `${sweep.label} of ${format.count(there.length, "trial")} in the order of creation, and the best so far`,
      signals: { xtitle: settings.x === "began" ? "" : "Trial", ytitle: sweep.label, line: own ? style.getPropertyValue("--ink").trim() : accent, ...range([...values, ...target.map(({ y }) => y)], log) },
      data: { points, best: line.map(({ x, y }) => ({ x: x * stretch, y })).filter(({ y }) => !log || y > 0), lost, target },
      tip: ({ at }) => (at === undefined ? [] : sweep.told(at, context.runs)),
      legend: own ? panelKinds.meaning(context) : key({ accent, soft, running: there.some(({ at }) => !sweep.counts(at)), lost: lost.length }),
      click: ({ at }) => at !== undefined && sweep.open(at, context.runs),
    });
    const left = trials.length - there.length - lost.length;
    return { about: format.count(trials.length, "trial"), note: left ? `${format.count(left, "trial")} ${left === 1 ? "has" : "have"} no value yet.` : "" };
  }

  /** What the marks mean. */
  function key({ accent, soft, running, lost }) {
    const part = (className, label, colour) => {
      const mark = element("span", { className: `sweep-mark ${className}`, aria: { hidden: "true" } });
      if (colour) mark.style.setProperty("--mark", colour);
      return element("span", { className: "kind-key" }, mark, label);
    };
    return element("span", { className: "kind-legend" }, part("line", "Best so far", accent), part("", "Better than all before", accent), part("", "Other trials", soft), ...(running ? [part("hollow", "Under way or broken off", soft)] : []), ...(lost ? [part("cross", "Without a value")] : []));
  }

  async function table(settings, context) {
    const { sweep } = context;
    const { trials } = sweep;
    const found = ordered(settings, context);
    if (!found.length) return null;
    let best = null;
    const rows = found.map(({ at }) => {
      if (sweep.counts(at) && (best === null || sweep.isBetter(trials.value[at], best))) best = trials.value[at];
      return [trials.n[at], trials.run[at], trials.state[at], trials.value[at], best];
    });
    return { columns: ["Trial", "Run", "State", sweep.label, "Best so far"], rows };
  }

  panelKinds.register({
    name: "progress",
    title: "Metric by trial",
    about: "The metric of each trial in the order in which they were made, and the best so far.",
    wide: true,
    needs: () => [],
    defaults: ({ sweep }) => ({ x: "number", ylog: sweep.wantsLog(sweep.finite) }),
    fields: () => [
      { name: "x", label: "Order", type: "select", options: Object.entries(ORDERS).map(([value, label]) => ({ value, label })) },
      { name: "ylog", label: "Log y", type: "checkbox" },
    ],
    named: (_settings, { sweep }) => `${sweep.label} by trial`,
    draw,
    table,
  });
})();
