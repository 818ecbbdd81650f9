"use strict";
/**
 * What the kinds of panels beside the lines share: columns, colours, charts of Vega's, tables. Each kind is a file of its own.
 *
 * @typedef {{columns: string[], rows: any[][]}} Table
 * @typedef {Kind & {table: (settings: object, context: Context) => Promise<?Table>, draw: (host: HTMLElement, settings: object, context: Context) => Promise<?Told>}} Made
 *   `table` is the twin of what is drawn, null where nothing is; `isTable`: it draws one anyway; `wide`: it needs room; `context.change(part)` keeps a part of the panel's settings;
 *   `figure(host, settings, context)` says what the pictures and the specification are made of, where this is no chart of `chart`;
 *   `regroups`: a panel may have other groups than the page;
 *   `needs(settings, context)` names the columns whose values it looks at, where these are others than its settings name
 */
runstore.panelKinds = (() => {
  const { element, format, vegaView, plotFiles, figures, Groupings } = runstore;
  const NUMERIC = new Set(["number", "duration", "time"]);
  const NOT_FINITE = new Set(["NaN", "Infinity", "-Infinity"]);
  const OWN = /^summary\._/;
  const MOST_IN_LEGEND = 6;

  /** Registers a kind: with the CSV of its table, and with the pictures that the menu offers of it. @param {Made} kind */
  function register(kind) {
    const group = (settings) => (kind.regroups ? Groupings.chosen(settings.group) : undefined);
    const load = async (settings, context) => {
      const named = kind.needs?.(settings, context) ?? Object.values(settings).flat();
      await context.runs.ensure([...named, ...context.runs.keysOf(group(settings) ?? "")]);
    };
    const own = (settings, context) => (group(settings) === undefined ? context : { ...context, groups: context.grouped(group(settings)) });
    const table = async (settings, context) => {
      await load(settings, context);
      return kind.table(settings, own(settings, context));
    };
    const csv = async (settings, context) => {
      const { columns, rows } = (await table(settings, context)) ?? { columns: [], rows: [] };
      return plotFiles.csv([columns, ...rows]);
    };
    const titleOf = (settings, context) => settings.title || kind.named?.(settings, context) || kind.title;
    const menu = (host, settings, context) => figures.items(titleOf(settings, context), kind.figure ? kind.figure(host, settings, context) : figureOf(host));
    const draw = async (host, settings, context) => {
      await load(settings, context);
      const told = await kind.draw(host, settings, own(settings, context));
      if (kind.scrolls) reach(host, kind.named?.(settings, context) ?? kind.title);
      return told;
    };
    const regroups = kind.regroups ? { fields: (context, ...more) => [...kind.fields(context, ...more), Groupings.field(context.runs, { value: "", label: context.inherited?.group ? "As the section" : "As the page" })] } : {};
    runstore.kinds[kind.name] = { csv, menu, ...kind, ...(kind.table && { table }), ...regroups, draw };
  }

  /** Lets the keyboard reach a panel that scrolls. */
  function reach(host, label) {
    host.tabIndex = 0;
    host.setAttribute("role", "region");
    host.setAttribute("aria-label", label);
  }

  /** Says what to do in a panel that has nothing to draw. */
  function empty(host, text) {
    drop(host);
    host.replaceChildren(element("p", { className: "kind-empty" }, text));
    return null;
  }

  const isNumeric = (column) => NUMERIC.has(column.type);

  /** A run's finite number in a column, else null. */
  function numberOf(column, run) {
    const value = column.values[run];
    return typeof value === "number" && Number.isFinite(value) ? value : null;
  }

  /** What is said of runs whose number is not finite, and so has no place in a picture. @param {Column} column @param {number[]} runs */
  function leftOut(column, runs) {
    const odd = runs.filter((run) => NOT_FINITE.has(column.values[run]) || (typeof column.values[run] === "number" && !Number.isFinite(column.values[run])));
    return odd.length ? `${format.count(odd.length, "run")} left out: ${column.label} is NaN or infinite.` : "";
  }

  /** Says so in a panel whose numbers span more than a number holds, on which no axis can stand. @param {number[]} values @returns {boolean} whether it did */
  function tooFar(host, values, column) {
    const { min, max } = runstore.statistics.summary(values) ?? { min: 0, max: 0 };
    if (Number.isFinite(max - min)) return false;
    empty(host, `${column.label} reaches from ${format.number(min)} to ${format.number(max)}: too far apart for an axis. The table has the numbers.`);
    return true;
  }

  /** What stands at an axis: a column's label, with its unit. @param {Column} column */
  const axisTitle = ({ label, type }) => (type === "duration" ? `${label} (s)` : label);

  /** Whether a column's numbers have a place on an axis of numbers: moments have not. */
  const isQuantity = (column) => isNumeric(column) && column.type !== "time";

  /** The columns of numbers, or others, as options of a form: what was measured first. @param {(column: Column) => boolean} [wanted] */
  function options(context, wanted = isNumeric) {
    const order = { summary: 0, config: 1, run: 2 };
    const columns = [...context.runs.columns.values()].filter((column) => wanted(column) && column.key !== "notes");
    columns.sort((a, b) => order[a.section] - order[b.section]);
    return columns.map(({ key, label, section }) => ({ value: key, label: section === "run" ? label : `${label} (${section})` }));
  }

  /** The number that says most to begin with: of the metrics, one that has a goal, and that most runs have. @returns {string} key of a column, "" for none */
  function firstMetric(context) {
    const { columns, all } = context.runs;
    const measured = [...columns.values()].filter((column) => column.section === "summary" && isNumeric(column) && !OWN.test(column.key));
    const size = (column) => (column.isLoaded ? all.reduce((sum, run) => sum + (numberOf(column, run) !== null), 0) : column.filled);
    const ranked = measured.map((column) => ({ key: column.key, size: size(column) + (column.goal ? 0.5 : 0) }));
    return ranked.reduce((best, each) => (each.size > best.size ? each : best), { key: "", size: 0 }).key;
  }

  /** Config columns that have several values among the runs; those that most runs have first, of these numbers first. */
  function varied(context) {
    const columns = [...context.runs.columns.values()].filter(({ section, isConstant }) => section === "config" && !isConstant);
    const differ = columns.map((column) => ({ column, ...spread(column, context.runs.all) })).filter(({ distinct }) => distinct > 1);
    differ.sort((a, b) => b.filled - a.filled || isNumeric(b.column) - isNumeric(a.column));
    return differ.map(({ column }) => column);
  }

  /** How many of some runs have a value, and how many values there are; of a column that is not loaded, in the project. */
  function spread(column, runs) {
    if (!column.isLoaded) return { filled: column.filled, distinct: column.distinct };
    const there = runs.map((run) => column.values[run] ?? null).filter((value) => value !== null);
    return { filled: there.length, distinct: new Set(there.map(String)).size };
  }

  /** Whether numbers are read better on a log axis: all are positive and they span two decades. @param {Column} [column] */
  function wantsLog(column, context) {
    if (!["number", "duration"].includes(column?.type) || !column.isLoaded) return false;
    return runstore.statistics.wantsLog(context.runs.all.map((run) => numberOf(column, run)).filter((value) => value !== null));
  }

  /**
   * What a panel has one mark for: each group that is shown, with its runs that are, else each run.
   * @returns {{key: string, label: string, colour: string, runs: number[]}[]}
   */
  function entities(context) {
    const { runs, groups, charted, colourOf } = context;
    if (!groups) return charted.map((run) => ({ key: runs.id[run], label: runs.name[run], colour: colourOf(run), runs: [run] }));
    const shown = new Set(charted);
    const own = groups.map((group) => ({ key: group.key, label: group.label, colour: colourOf(group), runs: group.runs.filter((run) => shown.has(run)) }));
    return own.filter(({ runs: some }) => some.length);
  }

  /** The colour of each run that is shown: its group's, where no column says the colours, else its own. @returns {Map<number, {colour: string, group: ?string}>} */
  function colours(context) {
    const found = new Map();
    for (const { label, colour, runs } of entities(context)) for (const run of runs) found.set(run, { colour: context.groups && !context.byColumn ? colour : context.colourOf(run), group: context.groups ? label : null });
    return found;
  }

  /** What the colours mean, where a column says them; else the groups, where there are several. */
  function meaning(context) {
    if (!context.key) return context.groups && context.groups.length > 1 ? legend(entities(context)) : null;
    const made = runstore.Colours.legend(context.key, "span");
    legends.set(made, context.key);
    return made;
  }

  /** "3 groups · 12 runs", for beside the title. */
  function about(context, marks, runs) {
    return context.groups ? `${format.count(marks, "group")} · ${format.count(runs, "run")}` : format.count(runs, "run");
  }

  /** What a column is called, by its key alone. */
  const columnName = (key) => String(key ?? "").replace(/^(summary|config)\./, "");

  /** A number as a column shows it. */
  const shown = (value, column) => (value === null ? "–" : format.value(value, column?.type));

  const runtimes = new Map();

  /** @type {WeakMap<HTMLElement, {name: string, place: HTMLElement, view: object, observer: ResizeObserver, drawing: object}>} */
  const charts = new WeakMap();

  function drop(host) {
    const chart = charts.get(host);
    if (!chart) return;
    chart.observer.disconnect();
    chart.view.finalize();
    charts.delete(host);
  }

  /**
   * Draws a chart of `panel_charts` into a panel; the chart that is there is handed the new data.
   * @param {HTMLElement} host
   * @param {{name: string, label: string, signals: object, data: Object<string, object[]>, tip: (datum: object) => [string, string][], click?: (datum: object) => void, height?: number, legend?: ?Node}} drawing
   *   `height`: px that the chart needs; the panel scrolls where it is less high
   */
  async function chart(host, drawing) {
    const { name } = drawing;
    const all = await figures.specs();
    if (!runtimes.has(name)) runtimes.set(name, vega.parse(all[name].vega, null, { ast: true }));
    if (charts.get(host)?.name !== name) build(host, name);
    const made = charts.get(host);
    made.drawing = drawing;
    made.place.setAttribute("aria-label", drawing.label);
    vegaView.set(made.view, { ...figures.theme(), ...drawing.signals });
    for (const [key, rows] of Object.entries(drawing.data)) made.view.data(key, rows);
    for (const old of [...host.children]) if (old !== made.place) old.remove();
    if (drawing.legend) host.append(element("div", { className: "kind-note" }, drawing.legend));
    await fit(host);
  }

  function build(host, name) {
    drop(host);
    const place = element("div", { className: "kind-chart", role: "img" });
    host.replaceChildren(place);
    const view = vegaView.open(place, runtimes.get(name), (datum) => charts.get(host)?.drawing.tip(datum) ?? []);
    view.addEventListener("click", (_event, item) => item?.datum && charts.get(host).drawing.click?.(item.datum.datum ?? item.datum));
    const observer = new ResizeObserver(() => fit(host));
    charts.set(host, { name, place, view, observer, drawing: null });
    observer.observe(host);
  }

  /** Gives a chart the size of its panel. */
  async function fit(host) {
    const made = charts.get(host);
    if (!made?.drawing || host.clientWidth < 40) return;
    const below = [...host.children].reduce((sum, node) => sum + (node === made.place ? 0 : node.offsetHeight), 0);
    const height = Math.max(made.drawing.height ?? 0, (host.clientHeight || 220) - below, 80);
    // A bar to scroll with, which takes room, is there before the width is asked for.
    made.place.style.height = `${height}px`;
    await made.view.width(made.place.clientWidth).height(height).runAsync();
  }

  /** The chart that stands in a panel. @returns {?Figure} */
  function figureOf(host) {
    const made = charts.get(host);
    return made?.drawing ? { ...made.drawing, items: legends.get(made.drawing.legend), width: made.place.clientWidth, height: made.place.clientHeight } : null;
  }

  /** @type {WeakMap<Node, {items: {label: string, colour: string}[], title: string}>} what stands in a legend */
  const legends = new WeakMap();

  /** Names and colours, on one line. @param {{label: string, colour: string}[]} items @param {string} [title] */
  function legend(items, title = "") {
    const keys = items.slice(0, MOST_IN_LEGEND).map(({ label, colour }) => {
      const swatch = element("span", { className: "swatch" });
      swatch.style.backgroundColor = colour;
      return element("span", { className: "kind-key" }, swatch, element("span", { className: "text" }, label));
    });
    const more = items.length - keys.length;
    const made = element("span", { className: "kind-legend" }, ...(title ? [`${title}:`] : []), ...keys, ...(more > 0 ? [`and ${more} more`] : []));
    legends.set(made, { items, title });
    return made;
  }

  return { register, empty, drop, isNumeric, isQuantity, numberOf, leftOut, tooFar, axisTitle, options, firstMetric, varied, wantsLog, entities, colours, meaning, about, columnName, shown, chart, legend };
})();
