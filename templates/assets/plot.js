"use strict";
/** Histograms over steps and the charts of `plot.*`: compiled when the site was built, fed and drawn here. */
(() => {
  const { element, palette, format, vegaView } = runstore;
  const { renderers } = runstore.steps;
  const MOST_IN_LEGEND = 12;

  /** @type {Promise<Object<string, object>>} */
  let parsed = null;

  const runtimes = () => (parsed ??= runstore.loaded("plots").then((specs) => Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, vega.parse(spec, null, { ast: true })]))));

  const dark = () => document.documentElement.dataset.theme === "dark";

  function theme(series) {
    const ramp = dark() ? ["#1b2333", "#8fb0ff"] : ["#eef3ff", "#1f4fc0"];
    const [strong, weak] = dark() ? ["#0d1526", "#e8ebf1"] : ["#ffffff", "#171a21"];
    return { ...palette.axes(), ramp, strong, weak, colours: Array.from({ length: Math.max(1, series) }, (_, at) => palette.colour(at)) };
  }

  /**
   * A chart of Vega's that draws itself again when its place changes its size.
   * @param {object} runtime parsed spec @param {Object<string, any>} signals @param {Object<string, object[]>} data
   */
  function chartOf(label, runtime, signals, data, height = 240) {
    const place = element("div", { className: "vega-plot", role: "img", aria: { label } });
    place.style.height = `${height}px`;
    const view = vegaView.open(place, runtime);
    vegaView.set(view, signals);
    for (const [name, rows] of Object.entries(data)) view.data(name, rows);
    let width = 0;
    const observer = new ResizeObserver(() => {
      if (!place.isConnected || place.clientWidth === width || place.clientWidth < 40) return;
      width = place.clientWidth;
      view.width(width).height(height).runAsync().catch((error) => place.replaceChildren(element("p", { className: "plot-failed" }, error.message)));
    });
    observer.observe(place);
    return { place, view };
  }

  function heatCells({ steps, low, high, shares }) {
    const cells = [];
    const size = (high - low) / shares[0].length;
    shares.forEach((column, at) => column.forEach((share, row) => {
      if (share > 0) cells.push({ x0: steps[at], x1: steps[at + 1], y0: low + row * size, y1: low + (row + 1) * size, share });
    }));
    return cells;
  }

  renderers.histogram = async (item, panel) => {
    const specs = await runtimes();
    const bins = item.values.map((count, at) => ({ x0: item.bins[at], x1: item.bins[at + 1], count }));
    const colours = theme(1);
    const one = chartOf(`${panel.head.key} at step ${item.step}`, specs.bins, { ...colours, xtitle: "Value", ytitle: "Count", whole: bins.every(({ count }) => Number.isInteger(count)) }, { bins }, panel.data.heat ? 130 : 220);
    const { heat } = panel.data;
    if (!heat) return element("div", {}, one.place);
    // The map stays, and only its rule moves.
    if (!panel.state.map || panel.state.theme !== colours.ink) {
      panel.state.cells ??= heatCells(heat);
      panel.state.map = chartOf(`${panel.head.key} over steps`, specs.heat, { ...colours, xtitle: "Step", ytitle: "Value" }, { cells: panel.state.cells, at: [{ step: item.step }] }, 190);
      panel.state.theme = colours.ink;
    } else panel.state.map.view.data("at", [{ step: item.step }]).runAsync();
    return element("div", {}, panel.state.map.place, one.place);
  };

  /** Rows as Vega wants them: a row's cells under their columns' names. */
  const records = ({ columns, rows }) => rows.map((row) => Object.fromEntries(columns.map((name, at) => [name, row[at] ?? null])));

  renderers.plot = async (item, panel) => {
    const rows = records(item);
    const series = [...new Set(rows.map((row) => row.series).filter((name) => name !== undefined && name !== null))];
    const title = item.title ? element("h4", { className: "plot-title" }, item.title) : null;
    const note = item.hidden ? element("p", { className: "panel-note" }, `The first ${rows.length} rows of ${rows.length + item.hidden}.`) : null;
    const label = item.title || panel.head.key;
    if (item.spec) return element("div", {}, title, custom(label, item, rows), note);
    const specs = await runtimes();
    const values = rows.map(({ value }) => value).filter(Number.isFinite);
    const half = values.length ? Math.max(...values.slice(0, 1e5)) * 0.3 : 0;
    const high = item.preset === "bar" ? Math.min(700, 60 + 22 * rows.length) : item.preset === "confusion_matrix" ? 280 : 250;
    const names = series.length ? rows : rows.map((row) => ({ ...row, series: "" }));
    const { place } = chartOf(label, specs[item.preset], { ...theme(series.length), xtitle: item.xtitle, ytitle: item.ytitle, half }, { table: names }, high);
    return element("div", {}, title, place, series.length > 1 ? legend(series) : null, note);
  };

  function custom(label, item, rows) {
    try {
      const runtime = vega.parse(item.spec, null, { ast: true });
      const named = item.spec.data?.find(({ name }) => name === "wandb" || name === "table")?.name;
      const { place } = chartOf(label, runtime, {}, named ? { [named]: rows } : {}, 280);
      place.classList.add("custom");
      return place;
    } catch (error) {
      return element("p", { className: "plot-failed" }, `This chart cannot be drawn: ${error.message}`);
    }
  }

  function legend(series) {
    const shown = series.slice(0, MOST_IN_LEGEND).map((name, at) => {
      const swatch = element("span", { className: "swatch" });
      swatch.style.backgroundColor = palette.colour(at);
      return element("li", {}, swatch, element("span", { className: "text" }, format.value(name)));
    });
    if (series.length > MOST_IN_LEGEND) shown.push(element("li", { className: "soft" }, `and ${series.length - MOST_IN_LEGEND} more`));
    return element("ul", { className: "plot-legend" }, ...shown);
  }
})();
