"use strict";
/** The page of one run: its charts, what it logged beside numbers, its system metrics, and searches in its lists. */
(() => {
  const { State, Panels, element, series, fine, palette, format } = runstore;
  // What is chosen in the log and the files changes no chart.
  const BESIDE = new Set(["find", "line", "writer", "file"]);

  /** What a chart of this run shows, from the payload of its metrics. */
  function drawer(data, axisOf, marks = []) {
    const decoded = new WeakMap();
    const valuesOf = (metric) => {
      // Of a later build a metric has other numbers.
      if (decoded.get(metric)?.y !== metric.y) decoded.set(metric, { y: metric.y, values: series.decodeRun(metric, data.times) });
      return decoded.get(metric).values;
    };
    return async (metric, settings, look) => {
      const { x, xlog, ylog, outliers, raw, ...how } = { ...axisOf(), ...runstore.kinds.line.chosen(settings) };
      const other = series.isMetric(x) ? data.metrics.find(({ key }) => key === x) : null;
      const points = other ? series.over(valuesOf(metric), valuesOf(other), x) : valuesOf(metric);
      const shown = series.shownAxis(x, Boolean(series.axis(points, x)), metric.axis_name);
      const range = series.isMetric(shown.axis) ? null : runstore.kinds.line.shownOf(look, shown.axis, settings);
      const runs = new Set([0]);
      const placeOf = () => (metric.fine ? { index: metric.fine, folder: "fine/" } : null);
      const detail = range && (await fine.detail({ values: points, axis: shown.axis, range, runs, placeOf, how, loading: look.loading }));
      const values = detail ? detail.values : points;
      const name = () => ({ key: metric.key, label: metric.title, colour: palette.colour(0) });
      const lines = (smoothing) => series.runCurves(values, series.axis(values, shown.axis), runs, name, smoothing);
      const behind = raw && how.smooth > 0 ? lines({ ...how, smooth: 0 }) : [];
      const note = [shown.note, fine.told(detail && [detail], Boolean(metric.fine || other?.fine), how.smooth, shown.axis)].filter(Boolean).join(" ");
      const whole = fine.extent([{ values: points, xs: series.axis(points, shown.axis), runs }]);
      return { ...shown, note, whole, resamples: Boolean(metric.fine) && !series.isMetric(shown.axis), curves: lines(how), behind, marks: shown.axis === "_step" ? marks : [], log: ylog, xlog, outliers, range: runstore.kinds.line.rangeOf(settings), about: format.count(metric.fine ? metric.fine.counts.reduce((sum, each) => sum + each, 0) : points.y.length, "point"), legend: [] };
    };
  }

  async function drawCharts(root, data, state, listeners) {
    // Where each later attempt began.
    const marks = (root.dataset.marks ?? "").split(" ").filter(Boolean).map(Number);
    const panels = (runstore.panels = new Panels(root, data.metrics, drawer(data, () => state.view, marks), () => {}, { state, lean: true }));
    runstore.sectionMenu.bind(panels, document);
    const show = runstore.bindControls(document, state);
    panels.filter(state.view.panels);
    listeners.push((changed) => {
      show();
      const own = new Set([...changed].filter((key) => !BESIDE.has(key)));
      if (panels.follow(own)) panels.update();
    });
    runstore.live?.on("run", (later) => {
      data.times = later.times;
      panels.renew(later.metrics);
      data.metrics = panels.metrics;
      return panels.update();
    });
    await panels.settled();
  }

  /** Media and tables: panels with a slider through the steps. */
  async function drawLogged() {
    const name = `panels/${document.querySelector("[data-run]").dataset.run}`;
    const heads = await runstore.loaded(name);
    const shown = [];
    const renewals = [];
    for (const [place, sectioned] of [["media", true], ["tables", false]]) {
      const host = document.querySelector(`[data-${place}]`);
      if (!host) continue;
      const ownOf = (all) => all.filter((head) => head.place === place);
      const own = ownOf(heads);
      const panels = new runstore.steps.StepPanels(host, own, sectioned);
      if (place === "media") {
        runstore.media = panels;
        document.querySelector("[data-media-search]").addEventListener("input", (event) => panels.filter(event.target.value));
      } else runstore.tables = panels;
      shown.push(panels.settled());
      renewals.push((later) => panels.renew(ownOf(later)));
    }
    runstore.live?.on(name, (later) => Promise.all(renewals.map((renew) => renew(later))));
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
        runstore.live?.on("system", (later) => {
          data.times = later.times;
          panels.renew(later.metrics);
          return panels.update();
        });
        details.querySelector("[data-system-search]").addEventListener("input", (event) => panels.filter(event.target.value));
      } catch (error) {
        host.textContent = error.message;
      }
    };
    details.addEventListener("toggle", start);
    const observer = new IntersectionObserver(([{ isIntersecting }]) => isIntersecting && start(), { rootMargin: "300px 0px" });
    observer.observe(details);
  }

  /** A section whose data are loaded when it comes near, or when the address names something in it. */
  function drawLater(section, Kind, state, listeners, isNamed) {
    if (!section) return;
    const shown = new Kind(section, state);
    let started = false;
    const start = () => {
      if (started) return;
      started = true;
      shown.start().catch((error) => section.append(element("p", { className: "plot-failed" }, error.message)));
    };
    new IntersectionObserver((entries) => entries.some(({ isIntersecting }) => isIntersecting) && start(), { rootMargin: "300px 0px" }).observe(section);
    listeners.push((changed) => (started ? shown.follow(changed) : isNamed(state.view) && start()));
    if (!isNamed(state.view)) return;
    start();
    section.scrollIntoView();
  }

  function bindListSearch(input) {
    const list = () => document.getElementById(input.dataset.searches);
    const search = () => {
      const { test } = runstore.matcher(input.value);
      // A key or a value may match as a whole: "^lr$".
      const matches = (row) => test(row.textContent) || [...row.children].some(({ textContent }) => test(textContent));
      for (const row of list().querySelectorAll("[data-row]")) row.hidden = !matches(row);
    };
    input.addEventListener("input", search);
    document.addEventListener("runstore:live", ({ target }) => target === list() && search());
  }

  async function main() {
    runstore.format.humanise();
    document.querySelectorAll("[data-searches]").forEach(bindListSearch);
    const root = document.querySelector("[data-panels]");
    const data = root && (await runstore.loaded("run"));
    const axes = Boolean(data) && data.metrics.some(({ axis_name: name }) => name);
    const state = new State({ x: runstore.axes.offer(document, axes, () => (data ? data.metrics.map(({ key }) => key) : [])) });
    const listeners = [];
    state.onchange = (changed) => listeners.forEach((follow) => follow(changed));
    const system = document.querySelector("[data-system]");
    if (system) drawSystem(system);
    if (root) await drawCharts(root, data, state, listeners);
    if (document.querySelector("[data-media], [data-tables]")) await drawLogged();
    drawLater(document.getElementById("log"), runstore.Log, state, listeners, ({ find, line, writer }) => Boolean(find || line || writer));
    drawLater(document.getElementById("files"), runstore.Files, state, listeners, ({ file }) => Boolean(file));
    runstore.ready();
  }

  main().catch((error) => {
    runstore.fail(error);
    runstore.ready();
  });
})();
