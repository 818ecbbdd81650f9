"use strict";
/** Two parameters against each other: the mean of the surrogate as a field, and the trials as points on it. */
(() => {
  const { element, format, panelKinds, palette, sweepModel, parameterAxes } = runstore;
  const OTHERS = { best: "As in the best trial", mean: "Averaged over the trials" };
  const MOST_AVERAGED = 24;
  const LEVELS = 9;
  const MOST_RANKED = 300;
  const OVERLAP = 0.003;
  const STAR = "M0,-1L.2245,-.309L.951,-.309L.363,.118L.588,.809L0,.382L-.588,.809L-.363,.118L-.951,-.309L-.2245,-.309Z";

  /** @type {WeakMap<Sweep, [string, string]>} */
  const known = new WeakMap();

  /** The two parameters that matter most, first of those that every trial has. @returns {[string, string]} columns */
  function usual(sweep) {
    if (!known.has(sweep)) known.set(sweep, mostImportant(sweep));
    return known.get(sweep);
  }

  function mostImportant({ parameters, params, trials }) {
    const valued = [...trials.value.keys()].filter((at) => Number.isFinite(trials.value[at])).slice(-MOST_RANKED);
    const inputs = parameters.map(({ column, name }, at) => ({ key: column, label: name, values: params[at] }));
    const { found } = runstore.importance.rank(inputs, trials.value, valued);
    const share = new Map(found.map(({ key, importance }) => [key, importance]));
    const order = parameters.map(({ column }, at) => ({ column, at, lacks: params[at].some((value) => value === null), share: share.get(column) ?? 0 }));
    order.sort((a, b) => a.lacks - b.lacks || b.share - a.share || a.at - b.at);
    return order.slice(0, 2).map(({ column }) => column);
  }

  /** @returns {?[ParameterAxis, ParameterAxis]} */
  function axesOf(sweep, settings) {
    const find = (column) => sweep.axes.find(({ parameter }) => parameter.column === column);
    const both = (x, y) => (find(x) && find(y) && x !== y ? [find(x), find(y)] : null);
    return both(settings.x, settings.y) ?? both(...usual(sweep));
  }

  /** The mean in every cell, rows from below. @returns {?{rows: number[][]}} */
  function fieldOf(sweep, [x, y], some, settings) {
    const through = sweepModel.chosen(sweep, some);
    const model = sweepModel.through(sweep, through);
    if (!model) return null;
    const [i, j] = [x, y].map((axis) => sweep.axes.indexOf(axis));
    const every = Math.ceil(through.length / MOST_AVERAGED);
    // Where one of the two exists under a condition alone, the others are as it needs them.
    const able = through.filter((trial) => [i, j].every((k) => sweep.params[k][trial] !== null));
    const best = sweep.best(able);
    const bases = (settings.others === "mean" || best < 0 ? (able.length ? able : through).filter((_, at) => at % every === 0) : [best]).map((trial) => sweepModel.placeOf(sweep, trial));
    const at = (u, v) => {
      let sum = 0;
      for (const base of bases) {
        base[i] = u;
        base[j] = v;
        sum += model.mean(base);
      }
      return model.out(sum / bases.length);
    };
    return { rows: y.cells.map((row) => x.cells.map((cell) => at(cell.at, row.at))) };
  }

  /** From 0 to 1 between the lowest and the highest of some numbers. */
  function shares(numbers, isLog) {
    // The mean of a surrogate may lie below zero, though no value does.
    const into = isLog ? (value) => Math.log(Math.max(value, Number.MIN_VALUE)) : Number;
    const { min, max } = runstore.statistics.summary(numbers);
    const [low, high] = [into(min), into(max)];
    return { min, max, isLog, of: (value) => (high > low ? Math.min(1, Math.max(0, (into(value) - low) / (high - low))) : 0.5), level: (share) => (isLog ? Math.exp : Number)(low + share * (high - low)) };
  }

  /** Where a cell is drawn: to beneath the next, so that no seam is seen, and of the first and the last to the frame. */
  const ends = ({ from, to }) => [from > 1e-9 ? from : -1, to < 1 - 1e-9 ? to + Math.min((to - from) / 2, OVERLAP) : 2];

  function span(across, up) {
    const [[x0, x1], [y0, y1]] = [ends(across), ends(up)];
    return { x0, x1, y0, y1 };
  }

  function marks(sweep, axes, some, field, scale) {
    const [x, y] = axes;
    const cells = field ? y.cells.flatMap((row, j) => x.cells.map((cell, i) => ({ ...span(cell, row), colour: palette.ramp(scale.of(field.rows[j][i])), value: field.rows[j][i], i, j }))) : [];
    const isSmooth = field && x.smooth && y.smooth;
    const levels = isSmooth ? Array.from({ length: LEVELS }, (_, at) => scale.level((at + 1) / (LEVELS + 1))) : [];
    const [xs, ys] = [x, y].map(({ cells: own }) => own.map(({ share }) => share));
    const lines = levels.flatMap((level) => parameterAxes.isolines(field.rows, xs, ys, level));
    const best = sweep.best(some);
    const at = (axis, trial) => axis.share(sweep.values(axis.parameter.column)[trial]);
    const placed = some.map((trial) => ({ at: trial, x: at(x, trial), y: at(y, trial) })).filter((point) => point.x !== null && point.y !== null);
    // The best stands in front of the others.
    placed.sort((a, b) => (a.at === best) - (b.at === best));
    const points = placed.map((point) => ({ ...spread(point, axes), colour: sweep.counts(point.at) ? palette.ramp(scale.of(sweep.trials.value[point.at])) : palette.none(), size: point.at === best ? 260 : field || placed.length > 200 ? 46 : 90, shape: point.at === best ? STAR : "circle" }));
    return { cells, lines, points, lost: some.length - placed.length, hasBest: placed.some((point) => point.at === best) };
  }

  /** Where both are whole numbers or choices points would hide each other: they stand around the middle of their cell. */
  function spread(point, [x, y]) {
    const turn = point.at * 2.399963;
    const part = (axis, way) => (axis.smooth ? 0 : (0.3 / axis.cells.length) * way * Math.sqrt(((point.at * 7) % 16) / 16));
    return { ...point, x: point.x + part(x, Math.cos(turn)), y: point.y + part(y, Math.sin(turn)) };
  }

  async function draw(host, settings, context) {
    const { sweep } = context;
    if (sweep.parameters.length < 2) return panelKinds.empty(host, "This sweep has fewer than two parameters that vary.");
    const axes = axesOf(sweep, settings);
    const some = sweep.shown(context);
    const valued = some.filter((at) => sweep.counts(at));
    if (!valued.length) return panelKinds.empty(host, `None of the trials that are shown has a value for ${sweep.label}.`);
    const field = fieldOf(sweep, axes, some, settings);
    const numbers = valued.map((at) => sweep.trials.value[at]);
    const isLog = sweep.wantsLog(numbers);
    const own = shares(numbers, isLog);
    // Of the surrogate's mean what no trial came near to is out of sight of the colours.
    const scale = field ? shares([...field.rows.flat(), ...numbers].filter((value) => value >= own.min && value <= own.max), isLog) : own;
    const { cells, lines, points, lost, hasBest } = marks(sweep, axes, some, field, scale);
    const [x, y] = axes;
    const had = host.contains(document.activeElement) ? document.activeElement.dataset.control : null;
    await panelKinds.chart(host, {
      name: "contour",
      label: `${sweep.label} over ${x.parameter.name} and ${y.parameter.name}: ${format.count(points.length, "trial")}${field ? " on the mean of the surrogate" : ""}`,
      signals: { xtitle: x.parameter.name, ytitle: y.parameter.name, xticks: x.ticks.map(({ share }) => share), xlabels: x.ticks.map(({ label }) => label), yticks: y.ticks.map(({ share }) => share), ylabels: y.ticks.map(({ label }) => label) },
      data: { cells, lines, points },
      tip: ({ at, value }) => (at !== undefined ? sweep.told(at, context.runs) : value === undefined ? [] : [[`Surrogate: ${sweep.label}`, format.number(value, 4)]]),
      legend: controls(axes, scale, settings, context, { hasField: Boolean(field), hasBest }),
      click: ({ at }) => at !== undefined && sweep.open(at, context.runs),
    });
    if (had) [...host.querySelectorAll("select")].find(({ dataset }) => dataset.control === had)?.focus();
    return { about: format.count(points.length, "trial"), note: noteOf(sweep, field, valued.length, lost) };
  }

  function noteOf(sweep, field, valued, lost) {
    const without = lost ? `${format.count(lost, "trial")} without one of the two.` : "";
    if (field) return [`Mean of the surrogate with the length scales that trial ${sweep.model.trial} was chosen by.`, without].filter(Boolean).join(" ");
    const why = sweep.model ? (valued < sweepModel.LEAST ? `The surrogate needs ${sweepModel.LEAST} trials with a value.` : "The surrogate cannot be computed from these trials.") : sweep.method === "bayes" ? "The records tell of no surrogate yet: the trials alone." : "Only a bayes sweep has a surrogate: the trials alone.";
    return [why, without].filter(Boolean).join(" ");
  }

  /** The two parameters to pick, and what the colours mean. */
  function controls([x, y], scale, settings, context, { hasField, hasBest }) {
    const { sweep } = context;
    const pick = (name, label, axis, other) => {
      const select = element("select", { data: { control: name }, aria: { label } }, ...sweep.parameters.map(({ name: text, column }) => element("option", { value: column }, text)));
      select.value = axis.parameter.column;
      // Who picks the parameter of the other axis has the two change places.
      select.onchange = () => context.change(name === "x" ? { x: select.value, y: select.value === other.parameter.column ? axis.parameter.column : other.parameter.column } : { y: select.value, x: select.value === other.parameter.column ? axis.parameter.column : other.parameter.column });
      return element("label", { className: "control" }, name, select);
    };
    const bar = element("span", { className: "kind-ramp", aria: { hidden: "true" } });
    bar.style.backgroundImage = palette.gradient();
    const others = hasField && sweep.parameters.length > 2 ? [element("label", { className: "control" }, "others", othersOf(settings, context))] : [];
    const star = hasBest ? [element("span", { className: "kind-key" }, element("span", { className: "sweep-mark star", aria: { hidden: "true" } }), "best trial")] : [];
    return element("span", { className: "sweep-pick" }, pick("x", "Parameter along x", x, y), pick("y", "Parameter along y", y, x), ...others, element("span", { className: "kind-legend" }, `${sweep.label} ${format.number(scale.min, 3)}`, bar, `${format.number(scale.max, 3)}${scale.isLog ? " (log)" : ""}`, ...star));
  }

  function othersOf(settings, context) {
    const select = element("select", { data: { control: "others" }, aria: { label: "The other parameters" } }, ...Object.entries(OTHERS).map(([value, label]) => element("option", { value }, label)));
    select.value = OTHERS[settings.others] ? settings.others : "best";
    select.onchange = () => context.change({ others: select.value });
    return select;
  }

  async function table(settings, context) {
    const { sweep } = context;
    const axes = axesOf(sweep, settings);
    if (!axes) return null;
    const values = axes.map(({ parameter }) => sweep.values(parameter.column));
    const rows = sweep.shown(context).map((at) => [sweep.trials.n[at], sweep.trials.state[at], ...values.map((own) => own[at]), sweep.trials.value[at]]);
    return { columns: ["Trial", "State", ...axes.map(({ parameter }) => parameter.name), sweep.label], rows };
  }

  panelKinds.register({
    name: "contour",
    title: "Two parameters",
    about: "Two parameters against each other, coloured by the metric; of a bayes sweep the mean of its surrogate too.",
    needs: () => [],
    defaults: ({ sweep }) => {
      const [x = "", y = ""] = usual(sweep);
      return { x, y, others: "best" };
    },
    fields: ({ sweep }) => {
      const options = sweep.parameters.map(({ name, column }) => ({ value: column, label: name }));
      return [
        { name: "x", label: "X", type: "select", options },
        { name: "y", label: "Y", type: "select", options },
        { name: "others", label: "Other parameters", type: "select", options: Object.entries(OTHERS).map(([value, label]) => ({ value, label })) },
      ];
    },
    draw,
    table,
  });
})();
