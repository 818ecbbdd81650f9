"use strict";
/** The page of one run: its charts, and searches in its lists. */
(() => {
  const { State, Panels, series, palette } = runstore;

  async function drawCharts(root) {
    const state = new State({});
    const data = await runstore.loaded("run");
    const decoded = new Map();

    async function drawing(metric) {
      if (!decoded.has(metric)) decoded.set(metric, series.decodeRun(metric, data.times));
      const values = decoded.get(metric);
      const { view } = state;
      const shown = series.shownAxis(view.x, Boolean(series.axis(values, view.x)));
      const name = () => ({ key: metric.key, label: metric.title, colour: palette.colour(0) });
      const curves = series.runCurves(values, series.axis(values, shown.axis), new Set([0]), name, view.smooth);
      return { ...shown, curves, log: view.ylog, about: `${values.y.length} points`, legend: [] };
    }

    const panels = (runstore.panels = new Panels(root, data.metrics, drawing, () => {}));
    const show = runstore.bindControls(document, state);
    panels.filter(state.view.panels);
    state.onchange = (changed) => {
      show();
      if (changed.has("panels")) panels.filter(state.view.panels);
      else panels.update();
    };
    await panels.settled();
  }

  function bindListSearch(input) {
    const rows = [...document.getElementById(input.dataset.searches).querySelectorAll("[data-row]")];
    input.addEventListener("input", () => {
      const { test } = runstore.matcher(input.value);
      for (const row of rows) row.hidden = !test(row.textContent);
    });
  }

  async function main() {
    runstore.format.humanise();
    document.querySelectorAll("[data-searches]").forEach(bindListSearch);
    const log = document.querySelector("[data-log]");
    if (log) log.scrollTop = log.scrollHeight;
    const root = document.querySelector("[data-panels]");
    if (root) await drawCharts(root);
    runstore.ready();
  }

  main().catch((error) => {
    runstore.fail(error);
    runstore.ready();
  });
})();
