"use strict";
/** A bar a trial from its start to its end, coloured by how it ended, with the verdicts of early termination. */
(() => {
  const { element, format, panelKinds, palette } = runstore;
  const AXES = { count: "Values logged", time: "Time" };
  const STATES = { running: "--accent", finished: "--good", stopped: "--warn", killed: "--warn", failed: "--bad", crashed: "--odd", silent: "--odd", "given up": "--odd" };
  const LEAST_ROW = 4;
  const ROOM = 60;
  const MOST = 2000;

  const colourOf = (state) => getComputedStyle(runstore.home()).getPropertyValue(Object.hasOwn(STATES, state) ? STATES[state] : "--ink-soft").trim();

  /** The axis of a panel: values, unless none were counted. */
  function axisOf({ trials, bands }, settings) {
    const counted = trials.count.some((count) => count > 0);
    const timed = trials.began.some((time) => time !== null);
    const wanted = AXES[settings.x] ? settings.x : bands ? "count" : "time";
    return wanted === "count" ? (counted || !timed ? "count" : "time") : timed || !counted ? "time" : "count";
  }

  /** A bar for each trial, of one that was tried again for each attempt. */
  function barsOf({ trials, earlier }, some, axis) {
    if (axis === "count") return some.map((at) => ({ trial: at, from: 0, to: trials.count[at], state: trials.state[at], attempt: trials.attempt[at] }));
    const before = new Map();
    for (const [at, attempt, , began, state, , ended] of earlier) if (began !== null) before.set(at, [...(before.get(at) ?? []), { attempt, began, state, ended: ended ?? began }]);
    const last = Math.max(...trials.ended.filter((time) => time !== null), ...trials.began.filter((time) => time !== null));
    return some.filter((at) => trials.began[at] !== null).flatMap((at) => {
      // The wait between two attempts is nobody's time.
      const attempts = [...(before.get(at) ?? []), { attempt: trials.attempt[at], began: trials.began[at], state: trials.state[at] === "queued" ? "given up" : trials.state[at], ended: trials.ended[at] ?? last }];
      return attempts.map(({ attempt, began, state, ended }) => ({ trial: at, attempt, state, from: began * 1000, to: Math.max(began, ended) * 1000 }));
    });
  }

  async function draw(host, settings, context) {
    const { sweep } = context;
    const shown = sweep.shown(context);
    const some = shown.slice(-MOST);
    if (!some.length) return panelKinds.empty(host, "None of the trials belongs to a run that is shown.");
    const axis = axisOf(sweep, settings);
    const bars = barsOf(sweep, some, axis);
    if (!bars.length) return panelKinds.empty(host, "No record tells when these trials began, or what they logged.");
    const own = context.groups || context.byColumn ? panelKinds.colours(context) : null;
    const paint = ({ trial, state }) => own?.get(context.runs.place(sweep.trials.run[trial]))?.colour ?? colourOf(state);
    const [first, last] = [sweep.trials.n[some[0]], sweep.trials.n[some[some.length - 1]]];
    const rows = bars.map((bar) => ({ at: bar.trial, from: bar.from, to: bar.to, y0: sweep.trials.n[bar.trial] - 0.42, y1: sweep.trials.n[bar.trial] + 0.42, colour: paint(bar) }));
    const stops = bars.filter(({ trial, attempt }) => sweep.verdict.has(trial) && sweep.trials.state[trial] !== "finished" && attempt === sweep.trials.attempt[trial]).map(({ trial, to }) => ({ at: trial, x: to, y: sweep.trials.n[trial] }));
    const bands = axis === "count" && sweep.bands ? sweep.bands.bands.map((band, at) => ({ x: band, band, threshold: sweep.bands.thresholds[at] })) : [];
    await panelKinds.chart(host, {
      name: `timeline-${axis === "time" ? "time" : "linear"}`,
      label: `${format.count(some.length, "trial")} from start to end, ${stops.length} stopped early`,
      signals: { xtitle: axis === "count" ? `Logged values of ${sweep.label}` : "", ytitle: "Trial", low: first - 0.5, high: last + 0.5 },
      data: { bars: rows, stops, bands },
      tip: (datum) => (datum.at === undefined ? told(sweep, datum) : about(datum.at, context)),
      legend: own ? panelKinds.meaning(context) : key(bars, stops.length),
      height: (last - first + 1) * LEAST_ROW + ROOM,
      click: ({ at }) => at !== undefined && sweep.open(at, context.runs),
    });
    return { about: stops.length ? `${stops.length} of ${some.length} stopped` : format.count(some.length, "trial"), note: [bands.map((band) => said(sweep, band)).join(" · "), shown.length > some.length ? `The last ${MOST} of ${shown.length} trials.` : ""].filter(Boolean).join(" ") };
  }

  /** A band, and what a trial must have reached there by now. */
  const said = ({ maximize }, { band, threshold }) => `Band ${band}${threshold === null ? "" : `: ${maximize ? "≥" : "≤"} ${format.number(threshold, 4)}`}`;

  const told = (sweep, datum) => (datum.band === undefined ? [] : [[said(sweep, datum), ""]]);

  function about(at, context) {
    const { sweep } = context;
    const verdict = sweep.verdict.get(at);
    const { count, began, ended } = sweep.trials;
    return [
      ...sweep.told(at, context.runs).filter(([name]) => name !== "" || !verdict),
      ...(count[at] ? [["Logged values", String(count[at])]] : []),
      ...(began[at] !== null && ended[at] !== null ? [["Runtime", format.duration(ended[at] - began[at])]] : []),
      ...(verdict ? [[`Stopped by ${verdict.rule} at band ${verdict.band}`, sweep.against(verdict)]] : []),
    ];
  }

  function key(bars, stopped) {
    const states = [...new Set(bars.map(({ state }) => state))];
    const made = panelKinds.legend(states.map((state) => ({ label: state, colour: colourOf(state) })));
    if (stopped) made.append(element("span", { className: "kind-key" }, element("span", { className: "sweep-mark stop", aria: { hidden: "true" } }), "verdict"));
    return made;
  }

  async function table(settings, context) {
    const { sweep } = context;
    const { trials } = sweep;
    const rows = sweep.shown(context).map((at) => {
      const { rule = null, band = null, value = null, threshold = null } = sweep.verdict.get(at) ?? {};
      return [trials.n[at], trials.state[at], trials.count[at], trials.began[at], trials.ended[at], rule, band, value, threshold];
    });
    return { columns: ["Trial", "State", "Logged values", "Began (epoch s)", "Ended (epoch s)", "Stopped by", "Band", "Value there", "Threshold"], rows };
  }

  panelKinds.register({
    name: "timeline",
    title: "Trials from start to end",
    about: "A bar a trial, by what it logged or by the clock, with the verdicts of early stopping.",
    wide: true,
    scrolls: true,
    needs: () => [],
    defaults: ({ sweep }) => ({ x: sweep.bands ? "count" : "time" }),
    fields: () => [{ name: "x", label: "Along x", type: "select", options: Object.entries(AXES).map(([value, label]) => ({ value, label })) }],
    draw,
    table,
  });
})();
