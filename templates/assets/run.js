"use strict";
/** The page of one run: its charts, what it logged beside numbers, its system metrics, and searches in its lists. */
(() => {
  const { State, Panels, series, palette } = runstore;

  /** What a chart of this run shows, from the payload of its metrics. */
  function drawer(data, axisOf, marks = []) {
    const decoded = new Map();
    return async (metric) => {
      if (!decoded.has(metric)) decoded.set(metric, series.decodeRun(metric, data.times));
      const values = decoded.get(metric);
      const { x, ylog, smooth } = axisOf();
      const shown = series.shownAxis(x, Boolean(series.axis(values, x)), metric.axis_name);
      const name = () => ({ key: metric.key, label: metric.title, colour: palette.colour(0) });
      const curves = series.runCurves(values, series.axis(values, shown.axis), new Set([0]), name, smooth);
      return { ...shown, curves, marks: shown.axis === "_step" ? marks : [], log: ylog, about: `${values.y.length} points`, legend: [] };
    };
  }

  async function drawCharts(root) {
    const data = await runstore.loaded("run");
    const state = new State({ x: runstore.offerAxes(document, data.metrics.some(({ axis_name: name }) => name)) });
    // Where each later attempt began.
    const marks = (root.dataset.marks ?? "").split(" ").filter(Boolean).map(Number);
    const panels = (runstore.panels = new Panels(root, data.metrics, drawer(data, () => state.view, marks), () => {}));
    const show = runstore.bindControls(document, state);
    panels.filter(state.view.panels);
    state.onchange = (changed) => {
      show();
      if (changed.has("panels")) panels.filter(state.view.panels);
      else panels.update();
    };
    await panels.settled();
  }

  /** Media and tables: panels with a slider through the steps. */
  async function drawLogged() {
    const heads = await runstore.loaded("panels");
    const shown = [];
    for (const [place, sectioned] of [["media", true], ["tables", false]]) {
      const host = document.querySelector(`[data-${place}]`);
      if (!host) continue;
      const own = heads.filter((head) => head.place === place);
      const panels = new runstore.steps.StepPanels(host, own, sectioned);
      if (place === "media") {
        runstore.media = panels;
        document.querySelector("[data-media-search]").addEventListener("input", (event) => panels.filter(event.target.value));
      } else runstore.tables = panels;
      shown.push(panels.settled());
    }
    await Promise.all(shown);
  }

  /** The system metrics, loaded when their section comes into sight and is open. */
  function drawSystem(details) {
    const host = details.querySelector("[data-system-panels]");
    const start = async () => {
      if (!details.open || details.dataset.started) return;
      details.dataset.started = "true";
      try {
        const data = await runstore.load("system", details.dataset.system);
        const panels = (runstore.system = new Panels(host, data.metrics, drawer(data, () => ({ x: "_runtime", ylog: false, smooth: 0 })), () => {}));
        details.querySelector("[data-system-search]").addEventListener("input", (event) => panels.filter(event.target.value));
      } catch (error) {
        host.textContent = error.message;
      }
    };
    details.addEventListener("toggle", start);
    const observer = new IntersectionObserver(([{ isIntersecting }]) => isIntersecting && start(), { rootMargin: "300px 0px" });
    observer.observe(details);
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
    for (const log of document.querySelectorAll("[data-log]")) log.scrollTop = log.scrollHeight;
    const system = document.querySelector("[data-system]");
    if (system) drawSystem(system);
    const root = document.querySelector("[data-panels]");
    if (root) await drawCharts(root);
    if (runstore.steps) await drawLogged();
    runstore.ready();
  }

  main().catch((error) => {
    runstore.fail(error);
    runstore.ready();
  });
})();
