"use strict";
/** A Vega specification of the reader's own over the runs that are shown. */
(() => {
  const { element, format, palette, vegaView, panelKinds } = runstore;
  const NAMES = ["runs", "wandb", "table"];
  const MOST_ROWS = 50_000;

  /** A specification to begin with: two numbers of each run against each other. */
  function example(context) {
    const y = panelKinds.firstMetric(context) || "runtime";
    const field = (key) => key.replaceAll(".", "\\.").replaceAll("[", "\\[");
    const scale = (name, range, key) => ({ name, type: "linear", range, nice: true, zero: false, domain: { data: "runs", field: field(key) } });
    const at = { x: { scale: "x", field: "runtime" }, y: { scale: "y", field: field(y) }, fill: { field: "_colour" }, tooltip: { field: "name" } };
    return {
      $schema: "https://vega.github.io/schema/vega/v6.json",
      autosize: { type: "fit", contains: "padding" },
      data: [{ name: "runs" }],
      scales: [scale("x", "width", "runtime"), scale("y", "height", y)],
      axes: [{ orient: "bottom", scale: "x", title: "runtime", tickCount: 6 }, { orient: "left", scale: "y", title: y, tickCount: 5 }],
      marks: [{ type: "symbol", from: { data: "runs" }, encode: { update: at } }],
    };
  }

  /** A row a run: every column under its key, a dot in it as it stands; `_colour` and `_group` as the page has them. */
  function rowsOf(context) {
    const colours = panelKinds.colours(context);
    const columns = [...context.runs.columns.values()];
    return context.charted.slice(0, MOST_ROWS).map((run) => ({ ...Object.fromEntries(columns.map(({ key, values }) => [key, values[run] ?? null])), id: context.runs.id[run], _colour: colours.get(run)?.colour ?? palette.colour(0), _group: colours.get(run)?.group ?? null }));
  }

  /** Whether anything in a specification names something to fetch. */
  function fetches(value) {
    if (Array.isArray(value)) return value.some(fetches);
    if (!value || typeof value !== "object") return false;
    return Object.entries(value).some(([key, each]) => (key === "url" && !(each && typeof each === "object" && "field" in each)) || fetches(each));
  }

  /** A specification, or what is wrong with it. @returns {{spec?: object, wrong?: string}} */
  function read(text) {
    let spec;
    try {
      spec = JSON.parse(text);
    } catch (error) {
      return { wrong: `The specification is no JSON: ${error.message}` };
    }
    if (!spec || typeof spec !== "object" || Array.isArray(spec)) return { wrong: "The specification is no JSON object." };
    const isLite = /vega-lite/.test(String(spec.$schema)) || (!Array.isArray(spec.marks) && ["mark", "layer", "encoding", "facet", "hconcat", "vconcat", "concat", "repeat"].some((key) => key in spec));
    if (isLite) return { wrong: "This is Vega-Lite, for which a page has no compiler. Compile it first: in Python, vl_convert.vegalite_to_vega(chart.to_dict()); in the Vega editor, the tab “Compiled Vega”." };
    if (fetches(spec)) return { wrong: "The specification has a url, and a chart on this site fetches nothing: give it data named “runs”, or values." };
    return { spec };
  }

  const views = new WeakMap();

  /** A log that tells of errors alone: Vega throws them after it has returned. @param {(error: Error) => void} tell */
  function quiet(tell) {
    const nothing = () => log;
    const log = { level: nothing, warn: nothing, info: nothing, debug: nothing, error: (first) => (tell(first instanceof Error ? first : new Error(String(first))), log) };
    return log;
  }

  async function draw(host, settings, context) {
    views.get(host)?.finalize();
    views.delete(host);
    const { spec, wrong } = read(settings.spec);
    if (wrong) return panelKinds.empty(host, wrong);
    const place = element("div", { className: "kind-chart custom", role: "img", aria: { label: settings.title || "Vega chart" } });
    host.replaceChildren(place);
    try {
      const view = vegaView.open(place, vega.parse(spec, null, { ast: true }));
      views.set(host, view);
      let failed = null;
      view.logger(quiet((error) => (failed ??= error)));
      const named = (Array.isArray(spec.data) ? spec.data : []).find(({ name, values, source }) => NAMES.includes(name) && !values && !source)?.name;
      if (named) view.data(named, rowsOf(context));
      vegaView.set(view, palette.axes());
      if (!("width" in spec)) view.width(host.clientWidth);
      if (!("height" in spec)) view.height(Math.max(120, host.clientHeight));
      await view.runAsync();
      if (failed) throw failed;
    } catch (error) {
      return panelKinds.empty(host, `This chart cannot be drawn: ${error.message}`);
    }
    return { about: format.count(Math.min(MOST_ROWS, context.charted.length), "run"), note: context.charted.length > MOST_ROWS ? `The first ${MOST_ROWS} runs.` : "" };
  }

  async function table(settings, context) {
    const columns = [...context.runs.columns.values()];
    return { columns: columns.map(({ key }) => key), rows: context.charted.map((run) => columns.map(({ values }) => values[run] ?? null)) };
  }

  panelKinds.register({
    name: "vega",
    title: "Custom chart (Vega)",
    about: "A Vega specification of your own. Its data named “runs” is a row for each run that is shown, with every column under its key: config.lr, summary.loss, name, runtime.",
    scrolls: true,
    defaults: (context) => ({ spec: JSON.stringify(example(context), null, 1) }),
    fields: () => [{ name: "spec", label: "Specification (JSON)", type: "lines", about: "Vega, not Vega-Lite: compile that first, with vl_convert.vegalite_to_vega. A key with a dot is written as a field with a backslash: config\\.lr. Nothing is fetched." }],
    draw,
    table,
  });
})();
