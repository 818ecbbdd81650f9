"use strict";
/** A Vega-Lite or Vega specification of the reader's own over the runs that are shown. */
(() => {
  const { element, format, palette, vegaView, panelKinds, figures } = runstore;
  const NAMES = ["runs", "wandb", "table"];
  const MOST_ROWS = 50_000;

  const KEYS = ["mark", "layer", "encoding", "facet", "hconcat", "vconcat", "concat", "repeat"];

  const PARTS = ["layer", "hconcat", "vconcat", "concat"];
  const MARKS = ["arc", "area", "bar", "boxplot", "circle", "errorband", "errorbar", "geoshape", "image", "line", "point", "rect", "rule", "square", "text", "tick", "trail"];

  /** A specification to begin with: two numbers of each run against each other. */
  function example(context) {
    const y = panelKinds.firstMetric(context) || "runtime";
    const field = (key) => key.replaceAll(".", "\\.").replaceAll("[", "\\[");
    const number = (key) => ({ field: field(key), type: "quantitative", title: panelKinds.columnName(key), scale: { zero: false } });
    return {
      $schema: "https://vega.github.io/schema/vega-lite/v6.json",
      data: { name: "runs" },
      mark: { type: "point", filled: true, size: 60 },
      encoding: { x: number("runtime"), y: number(y), color: { field: "_colour", type: "nominal", scale: null }, tooltip: { field: "name" } },
    };
  }

  /** The columns that a specification names, as far as its text tells. */
  function named({ spec }, context) {
    const text = String(spec).replaceAll("\\", "");
    return [...context.runs.columns.keys()].filter((key) => text.includes(key));
  }

  /** What a column holds of a run, a moment in ms as a time scale takes it. */
  const valueOf = ({ type, values }, run) => (type === "time" && typeof values[run] === "number" ? values[run] * 1000 : (values[run] ?? null));

  /** A row a run: every column that is loaded under its key, a dot in it as it stands; `_colour` and `_group` as the page has them. */
  function rowsOf(context) {
    const colours = panelKinds.colours(context);
    const columns = [...context.runs.columns.values()].filter(({ isLoaded }) => isLoaded);
    return context.charted.slice(0, MOST_ROWS).map((run) => ({ ...Object.fromEntries(columns.map((column) => [column.key, valueOf(column, run)])), id: context.runs.id[run], _colour: colours.get(run)?.colour ?? palette.colour(0), _group: colours.get(run)?.group ?? null }));
  }

  /** Whether anything in a specification names something to fetch. */
  function fetches(value) {
    if (Array.isArray(value)) return value.some(fetches);
    if (!value || typeof value !== "object") return false;
    return Object.entries(value).some(([key, each]) => (key === "url" && !(each && typeof each === "object" && "field" in each)) || fetches(each));
  }

  /** A specification, or what is wrong with it. @returns {{spec?: object, isLite?: boolean, wrong?: string}} */
  function read(text) {
    let spec;
    try {
      spec = JSON.parse(text);
    } catch (error) {
      return { wrong: `The specification is no JSON: ${error.message}` };
    }
    if (!spec || typeof spec !== "object" || Array.isArray(spec)) return { wrong: "The specification is no JSON object." };
    if (fetches(spec)) return { wrong: "The specification has a url, and a chart on this site fetches nothing: give it data named “runs”, or values." };
    const isLite = /vega-lite/.test(String(spec.$schema)) || (!Array.isArray(spec.marks) && KEYS.some((key) => key in spec));
    if (!isLite && !Array.isArray(spec.marks)) return { wrong: "The specification draws nothing: Vega-Lite has a “mark” (or “layer”, “facet”, “hconcat”, “vconcat”, “concat”, “repeat”), Vega has “marks”." };
    return { spec: isLite && !("data" in spec) ? { ...spec, data: { name: "runs" } } : spec, isLite };
  }

  /** What Vega-Lite's compiler would trip over, "" for nothing. @returns {string} */
  function amiss(lite) {
    if (!lite || typeof lite !== "object") return "a view is no JSON object";
    const mark = typeof lite.mark === "object" ? lite.mark?.type : lite.mark;
    if ("mark" in lite && !MARKS.includes(mark)) return `the mark ${JSON.stringify(mark)} is none of ${MARKS.join(", ")}`;
    const wrong = PARTS.find((key) => key in lite && !Array.isArray(lite[key]));
    if (wrong) return `“${wrong}” is no list`;
    const inner = [...PARTS.flatMap((key) => lite[key] ?? []), ...("spec" in lite ? [lite.spec] : [])];
    return inner.map(amiss).find(Boolean) ?? "";
  }

  /** How charts look where their specification does not say it: as the page's others. */
  function look() {
    const { ink, rule, font, strong } = figures.theme();
    const words = { labelColor: ink, titleColor: ink, labelFont: font, titleFont: font };
    return {
      background: "transparent",
      axis: { ...words, gridColor: rule, domainColor: rule, tickColor: rule, titleFontWeight: "normal", labelFontSize: 11, titleFontSize: 11 },
      legend: words,
      title: { color: strong, subtitleColor: ink, font, subtitleFont: font },
      range: { category: Array.from({ length: 20 }, (_, at) => palette.colour(at)) },
    };
  }

  const compiler = () => runstore.load("vega_lite", document.querySelector("[data-vega-lite]").dataset.vegaLite);

  /** A Vega-Lite specification as Vega, in the size of its panel where it gives none. @returns {Promise<{spec: object, warning: string}>} */
  async function compiled(lite, host) {
    const wrong = amiss(lite);
    if (wrong) throw new Error(wrong);
    const { compile } = await compiler();
    const warnings = [];
    const logger = quiet((error) => {
      throw error;
    }, (first) => warnings.push(String(first)));
    const { ink, strong } = figures.theme();
    const config = { ...look(), header: { labelColor: ink, titleColor: ink }, view: { stroke: null }, mark: { color: palette.colour(0) }, text: { color: strong }, rule: { color: ink } };
    const isSingle = ("mark" in lite || "layer" in lite) && !["row", "column", "facet"].some((key) => key in (lite.encoding ?? {}));
    const sized = isSingle ? { width: host.clientWidth, height: heightOf(host), autosize: { type: "fit", contains: "padding" } } : {};
    const { spec } = compile({ ...sized, ...lite }, { config, logger });
    return { spec: readable(spec), warning: warnings[0] ?? "" };
  }

  /** A compiled specification whose titles have a field's name as it reads: without the backslashes that it is written with. */
  function readable(node) {
    if (Array.isArray(node)) return node.map(readable);
    if (!node || typeof node !== "object") return node;
    const part = ([key, value]) => [key, key === "title" && typeof value === "string" ? value.replace(/\\([.[\]])/g, "$1") : key === "data" ? value : readable(value)];
    return Object.fromEntries(Object.entries(node).map(part));
  }

  const heightOf = (host) => Math.max(120, host.clientHeight);

  const isEmpty = ({ name, values, source }) => NAMES.includes(name) && !values && !source;

  /** A Vega specification with the runs as its data. */
  const withRuns = (spec, rows) => ({ ...spec, data: (Array.isArray(spec.data) ? spec.data : []).map((each) => (isEmpty(each) ? { ...each, values: rows } : each)) });

  /** The names by which a Vega-Lite specification asks for the runs. @returns {Set<string>} */
  function asked(node, found = new Set()) {
    if (Array.isArray(node)) for (const each of node) asked(each, found);
    else if (node && typeof node === "object") {
      if (node.data && typeof node.data === "object" && isEmpty(node.data)) found.add(node.data.name);
      for (const each of Object.values(node)) asked(each, found);
    }
    return found;
  }

  /** A Vega-Lite specification with the runs as its data. */
  const liteWithRuns = (spec, rows) => ({ ...spec, datasets: { ...Object.fromEntries([...asked(spec)].map((name) => [name, rows])), ...spec.datasets } });

  /** @type {WeakMap<HTMLElement, {view: object, again: () => object}>} what stands in a panel, and how a view of it is made that no page shows */
  const views = new WeakMap();

  /** A log that tells of errors, which Vega throws only after it has returned. @param {(error: Error) => void} tell @param {(first: any) => void} [warn] */
  function quiet(tell, warn = () => {}) {
    const nothing = () => log;
    const log = { level: nothing, info: nothing, debug: nothing, warn: (first) => (warn(first), log), error: (first) => (tell(first instanceof Error ? first : new Error(String(first))), log) };
    return log;
  }

  /** Gives a view the size of its panel, where its specification has none. */
  function size(view, spec, host) {
    if (!("width" in spec)) view.width(host.clientWidth);
    if (!("height" in spec)) view.height(heightOf(host));
    vegaView.set(view, palette.axes());
    return view;
  }

  // A compiler that was led astray says what it found of itself, not of the specification.
  const oneLine = (error) => `${error instanceof TypeError ? "Vega cannot read the specification: " : ""}${error.message}`.replace(/\s+/g, " ").slice(0, 300);

  async function draw(host, settings, context) {
    const turn = (host.turn = {});
    const { spec, isLite, wrong } = read(settings.spec);
    const drop = () => {
      views.get(host)?.view.finalize();
      views.delete(host);
    };
    const refuse = (text) => (drop(), panelKinds.empty(host, text));
    if (wrong) return refuse(wrong);
    try {
      const { spec: drawn, warning } = isLite ? await compiled(spec, host) : { spec, warning: "" };
      if (host.turn !== turn) return null;
      const runtime = vega.parse(withRuns(drawn, rowsOf(context)), look(), { ast: true });
      drop();
      // A control that the specification brings is no part of a picture.
      const place = element("div", { className: "kind-chart custom", role: settings.spec.includes('"bind"') ? "group" : "img", aria: { label: settings.title || "Custom chart" } });
      host.replaceChildren(place);
      const view = size(vegaView.open(place, runtime), drawn, host);
      views.set(host, { view, again: () => size(vegaView.headless(runtime), drawn, host) });
      let failed = null;
      view.logger(quiet((error) => (failed ??= error)));
      await view.runAsync();
      if (failed) throw failed;
      const notes = [context.charted.length > MOST_ROWS ? `The first ${MOST_ROWS} runs.` : "", warning ? `Vega-Lite says: ${warning}` : ""];
      return { about: format.count(Math.min(MOST_ROWS, context.charted.length), "run"), note: notes.filter(Boolean).join(" ") };
    } catch (error) {
      return host.turn === turn ? refuse(`This chart cannot be drawn: ${oneLine(error)}`) : null;
    }
  }

  /** @returns {MenuItem[]} */
  function menu(host, settings, context) {
    const { spec, isLite } = read(settings.spec);
    if (!views.has(host) || !spec) return [];
    const title = settings.title || "Custom chart";
    const whole = () => (isLite ? liteWithRuns : withRuns)(spec, rowsOf(context));
    return [...figures.pictures(title, () => figures.onPaper(views.get(host).again())), figures.specItem(title, whole, isLite)];
  }

  async function table(settings, context) {
    const columns = [...context.runs.columns.values()].filter(({ isLoaded }) => isLoaded);
    return { columns: columns.map(({ key }) => key), rows: context.charted.map((run) => columns.map(({ values }) => values[run] ?? null)) };
  }

  panelKinds.register({
    name: "vega",
    title: "Custom chart (Vega-Lite or Vega)",
    about: "A specification of your own. Its data named “runs” is a row for each run that is shown, with every column under its key: config.lr, summary.loss, name, runtime; moments are in ms; _colour and _group are as on the page.",
    scrolls: true,
    needs: named,
    defaults: (context) => ({ spec: JSON.stringify(example(context), null, 1) }),
    fields: () => [{ name: "spec", label: "Specification (JSON)", type: "lines", about: "Vega-Lite, or Vega. A key with a dot is written as a field with a backslash, in JSON two: config\\\\.lr. Without data Vega-Lite takes the runs, without a size that of the panel. Nothing is fetched." }],
    named: () => "Custom chart",
    draw,
    menu,
    table,
  });
})();
