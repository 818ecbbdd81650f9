"use strict";
/** Parallel coordinates: a line a run over one axis a column. Brushes narrow the page to the runs that pass them all. */
(() => {
  const { element, format, panelKinds, palette, vegaView, parallelAxes } = runstore;
  const PAD = { left: 58, right: 58, top: 54, bottom: 24 };
  const NEAR = 7;
  const LEAST_DRAG = 4;
  const MOST_AXES = 16;
  const STEP = 0.05;
  // Where a run without a value stands, below its axis.
  const MISSING = -0.08;
  const PER_AXIS = 110;
  const SPACE = "http://www.w3.org/2000/svg";

  const listOf = (value) => (Array.isArray(value) ? value.filter((each) => typeof each === "string") : []);

  /** @type {WeakMap<HTMLElement, Parallel>} */
  const drawn = new WeakMap();

  class Parallel {
    constructor(host) {
      this.host = host;
      this.canvas = element("canvas", { className: "parallel-lines" });
      this.top = element("canvas", { className: "parallel-lines" });
      this.overlay = document.createElementNS(SPACE, "svg");
      this.overlay.setAttribute("class", "parallel-axes");
      this.overlay.setAttribute("aria-hidden", "true");
      this.controls = element("div", { className: "parallel-controls" });
      this.legend = element("div", { className: "kind-note" });
      this.root = element("div", { className: "parallel", role: "group" }, this.canvas, this.top, this.overlay, this.controls);
      this.root.addEventListener("pointermove", (event) => this.#hover(event));
      this.root.addEventListener("pointerleave", (event) => this.#leave(event));
      this.root.addEventListener("click", (event) => this.#open(event));
      new ResizeObserver(() => this.axes && this.#layOut()).observe(this.root);
    }

    /** @param {object} settings @param {Context} context */
    show(settings, context) {
      this.context = context;
      this.settings = settings;
      // Who shows all runs again lets go of the brushes too.
      this.brushes = context.state.view.only && settings.brushes && typeof settings.brushes === "object" ? { ...settings.brushes } : {};
      const flips = new Set(listOf(settings.flips));
      const logs = new Set(listOf(settings.log));
      const columns = listOf(settings.columns).map((key) => context.runs.columns.get(key)).filter(Boolean).slice(0, MOST_AXES);
      this.axes = columns.map((column) => parallelAxes.make(column, context.runs.all, { log: logs.has(column.key), flipped: flips.has(column.key) }));
      this.root.setAttribute("aria-label", `Parallel coordinates of ${columns.map(({ label }) => label).join(", ")}`);
      if (this.root.parentElement !== this.host) this.host.replaceChildren(this.root, this.legend);
      this.#colours();
      this.#showLegend();
      this.#layOut();
    }

    #colours() {
      const last = this.axes[this.axes.length - 1];
      const own = panelKinds.colours(this.context);
      const categories = new Map(last.ticks.map(({ label }, at) => [label, at]));
      this.colourOf = (run) => {
        if (this.settings.colour === "run") return own.get(run)?.colour ?? "#888";
        const share = last.share(run);
        if (share === null) return "#888";
        if (last.kind === "category") return palette.colour(categories.get(format.value(last.column.values[run], last.column.type)) ?? 0);
        return palette.ramp(last.flipped ? 1 - share : share);
      };
    }

    #showLegend() {
      const last = this.axes[this.axes.length - 1];
      const isRamp = this.settings.colour !== "run" && last.kind !== "category";
      this.legend.hidden = !isRamp;
      if (!isRamp) return;
      const bar = element("span", { className: "kind-ramp", aria: { hidden: "true" } });
      bar.style.backgroundImage = palette.gradient();
      const ends = last.flipped ? [...last.ticks].reverse() : last.ticks;
      const [first, end] = [last.ticks[0], last.ticks[last.ticks.length - 1]].map((tick) => tick?.label ?? "");
      this.legend.replaceChildren(ends.length ? element("span", { className: "kind-legend" }, `${last.column.label} ${first}`, bar, end) : "");
    }

    #layOut() {
      this.width = this.root.clientWidth;
      this.height = this.root.clientHeight;
      if (this.width < 80 || this.height < 80) return;
      const inner = this.width - PAD.left - PAD.right;
      const count = this.axes.length;
      this.xs = this.axes.map((_, at) => PAD.left + (count > 1 ? (inner * at) / (count - 1) : inner / 2));
      this.space = count > 1 ? inner / (count - 1) : inner;
      const [low, high] = [this.height - PAD.bottom, PAD.top];
      this.y = (share) => (share === null ? this.height - 8 : low + (high - low) * share);
      this.shareAt = (y) => Math.max(0, Math.min(1, (y - low) / (high - low)));
      this.#lines();
      this.#drawAxes();
      this.#makeControls();
    }

    /** Whether a run passes every brush. */
    passes(run) {
      return this.axes.every(({ column, holds }) => !Array.isArray(this.brushes[column.key]) || holds(run, this.brushes[column.key]));
    }

    #sized(canvas) {
      const ratio = window.devicePixelRatio || 1;
      canvas.width = Math.round(this.width * ratio);
      canvas.height = Math.round(this.height * ratio);
      const pen = canvas.getContext("2d");
      pen.scale(ratio, ratio);
      pen.lineJoin = "round";
      return pen;
    }

    /** The lines of all runs: grey those that are hidden or fall through a brush, above them the others. */
    #lines(charted = new Set(this.context.charted)) {
      const pen = this.#sized(this.canvas);
      const isOn = (run) => charted.has(run) && this.passes(run);
      this.shown = this.context.runs.all.filter(isOn);
      pen.lineWidth = 1;
      pen.strokeStyle = getComputedStyle(this.host).getPropertyValue("--rule").trim();
      for (const run of this.context.runs.all) if (!isOn(run)) this.#trace(pen, run);
      pen.lineWidth = this.shown.length > 200 ? 1 : 1.5;
      pen.globalAlpha = this.shown.length > 400 ? 0.55 : 0.85;
      for (const run of this.shown) {
        pen.strokeStyle = this.colourOf(run);
        this.#trace(pen, run);
      }
      this.#sized(this.top);
    }

    #trace(pen, run) {
      pen.beginPath();
      this.axes.forEach((axis, at) => pen[at ? "lineTo" : "moveTo"](this.xs[at], this.y(axis.share(run))));
      pen.stroke();
    }

    #drawAxes() {
      const parts = [];
      const node = (tag, properties, text = "") => {
        const made = document.createElementNS(SPACE, tag);
        for (const [name, value] of Object.entries(properties)) made.setAttribute(name, String(value));
        made.textContent = text;
        parts.push(made);
      };
      this.axes.forEach((axis, at) => {
        const x = this.xs[at];
        // The last axis has its labels where no line crosses them.
        const [side, anchor] = at === this.axes.length - 1 ? [1, "start"] : [-1, "end"];
        const room = at === 0 || side > 0 ? PAD.left - 8 : this.space - 14;
        node("line", { x1: x, x2: x, y1: this.y(0), y2: this.y(1) });
        for (const { share, label, briefer = [] } of spread(axis.ticks, this.y)) {
          const y = this.y(share);
          node("line", { x1: x + 4 * side, x2: x, y1: y, y2: y });
          node("text", { x: x + 6 * side, y: y + 3.5, "text-anchor": anchor }, clipped([label, ...briefer].find((text) => fits(text, room)) ?? label, room));
        }
        if (this.shown.some((run) => axis.share(run) === null)) node("text", { x: x + 6 * side, y: this.height - 4, "text-anchor": anchor }, "none");
        const brush = this.brushes[axis.column.key];
        if (Array.isArray(brush) && brush.length) {
          const [from, to] = axis.span(brush);
          node("rect", { x: x - 8, width: 16, y: this.y(to), height: Math.max(3, this.y(from) - this.y(to)), class: "parallel-brush" });
        }
      });
      this.overlay.setAttribute("viewBox", `0 0 ${this.width} ${this.height}`);
      this.overlay.replaceChildren(...parts);
    }

    /** A name to drag, a button to flip and a strip to brush for each axis; those that are there keep their focus. */
    #makeControls() {
      const focused = this.controls.contains(document.activeElement) ? document.activeElement.dataset.control : null;
      this.controls.replaceChildren(...this.axes.flatMap((axis, at) => this.#controlsOf(axis, at)));
      if (focused) [...this.controls.children].find(({ dataset }) => dataset.control === focused)?.focus();
    }

    #controlsOf(axis, at) {
      const { key, label } = axis.column;
      const place = (node, left, width) => {
        node.style.left = `${left}px`;
        node.style.width = `${width}px`;
        return node;
      };
      // At both ends a name stays over its axis, and off its neighbour.
      const wide = Math.min(150, Math.max(30, this.space - 6), 2 * PAD.left);
      const left = Math.max(0, Math.min(this.xs[at] - wide / 2, this.width - wide));
      const name = element("button", { type: "button", className: "parallel-name", title: `${label}: drag, or press left and right, to move`, data: { control: `move ${key}` }, aria: { label: `Move ${label}` } }, element("span", { className: "text" }, label));
      name.onpointerdown = (event) => this.#drag(event, at);
      name.onkeydown = (event) => this.#step(event, at);
      const flip = element("button", { type: "button", className: "parallel-flip quiet", title: `Flip ${label}`, data: { control: `flip ${key}` }, aria: { label: `Flip ${label}`, pressed: axis.flipped } }, axis.flipped ? "↓" : "↑");
      flip.onclick = () => this.#flip(key);
      const strip = element("div", { className: "parallel-strip", tabIndex: 0, role: "group", title: "Drag to choose runs; arrows too", data: { control: `brush ${key}`, axis: key }, aria: { label: this.#said(axis), roledescription: "range" } });
      strip.onpointerdown = (event) => this.#brush(event, axis, strip);
      strip.onkeydown = (event) => this.#brushByKey(event, axis);
      return [place(name, left, wide), place(flip, this.xs[at] - 14, 28), place(strip, this.xs[at] - 12, 24)];
    }

    /** What a brush holds, for screen readers. */
    #said({ column, kind }) {
      const brush = this.brushes[column.key];
      if (!Array.isArray(brush)) return `Range of ${column.label}: all. Up and down move its lower end, with Shift its upper.`;
      const said = kind === "category" ? brush.join(", ") : brush.map((value) => panelKinds.shown(value, column)).join(" to ");
      return `Range of ${column.label}: ${said}. Escape clears it.`;
    }

    #keep(part) {
      this.context.change(part);
    }

    #flip(key) {
      const flips = listOf(this.settings.flips);
      this.#keep({ flips: flips.includes(key) ? flips.filter((each) => each !== key) : [...flips, key] });
    }

    #move(from, to) {
      if (to < 0 || to >= this.axes.length || from === to) return;
      const keys = this.axes.map(({ column }) => column.key);
      keys.splice(to, 0, ...keys.splice(from, 1));
      this.#keep({ columns: keys });
    }

    #step(event, at) {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!by) return;
      event.preventDefault();
      this.#move(at, at + by);
    }

    #drag(event, at) {
      if (event.button) return;
      const button = event.currentTarget;
      const start = event.clientX;
      button.setPointerCapture(event.pointerId);
      button.onpointermove = (moved) => (button.style.transform = `translateX(${moved.clientX - start}px)`);
      button.onpointerup = (end) => {
        button.onpointermove = button.onpointerup = null;
        button.style.transform = "";
        const x = this.xs[at] + end.clientX - start;
        const nearest = this.xs.reduce((best, each, k) => (Math.abs(each - x) < Math.abs(this.xs[best] - x) ? k : best), 0);
        this.#move(at, nearest);
      };
    }

    #brush(event, axis, strip) {
      if (event.button) return;
      event.preventDefault();
      strip.focus();
      const box = this.root.getBoundingClientRect();
      const start = event.clientY - box.top;
      const { key } = axis.column;
      const before = this.brushes[key];
      strip.setPointerCapture(event.pointerId);
      strip.onpointermove = ({ clientY }) => {
        const [low, high] = [start, clientY - box.top].map(this.shareAt).sort((a, b) => a - b);
        this.brushes[key] = axis.brush(low, high);
        this.#preview();
      };
      strip.onpointerup = ({ clientY }) => {
        strip.onpointermove = strip.onpointerup = null;
        // A click takes a brush away.
        if (Math.abs(clientY - box.top - start) < LEAST_DRAG || !this.brushes[key]?.length) delete this.brushes[key];
        if (before || this.brushes[key]) this.#choose();
      };
    }

    #brushByKey(event, axis) {
      const { key } = axis.column;
      if (event.key === "Escape" && this.brushes[key]) {
        delete this.brushes[key];
        this.#choose();
        return;
      }
      const by = { ArrowUp: STEP, ArrowDown: -STEP }[event.key];
      if (!by) return;
      event.preventDefault();
      const [low, high] = Array.isArray(this.brushes[key]) ? axis.span(this.brushes[key]) : [0, 1];
      const [from, to] = event.shiftKey ? [low, Math.max(low, Math.min(1, high + by))] : [Math.min(high, Math.max(0, low + by)), high];
      const brush = axis.brush(from, to);
      if (from <= 0 && to >= 1) delete this.brushes[key];
      else if (brush.length) this.brushes[key] = brush;
      this.#choose();
    }

    #preview() {
      this.#lines(this.#candidates());
      this.#drawAxes();
    }

    /** Keeps the brushes, and narrows the page to the runs that pass them. */
    #choose() {
      const { brushes } = this;
      const isBrushed = Object.keys(brushes).length > 0;
      this.#preview();
      this.context.select(isBrushed ? this.context.runs.all.filter((run) => this.passes(run)) : null);
      this.#keep({ brushes });
    }

    /** The runs that another brush may bring back: all but those that were hidden by hand. */
    #candidates() {
      const { runs, charted, state: { view } } = this.context;
      const hidden = new Set(view.hide);
      return new Set(view.only ? runs.all.filter((run) => !hidden.has(runs.id[run])) : charted);
    }

    /** What is drawn, as a picture that needs no page: lines, axes, their names. @returns {string} SVG */
    picture() {
      const style = getComputedStyle(this.host);
      const [paper, ink, rule] = ["--surface", "--ink", "--rule"].map((name) => style.getPropertyValue(name).trim());
      const { overlay, width, height } = this;
      const node = (tag, properties, ...children) => {
        const made = document.createElementNS(SPACE, tag);
        for (const [name, value] of Object.entries(properties)) made.setAttribute(name, String(value));
        made.append(...children);
        return made;
      };
      const line = (run, stroke, opacity) => node("polyline", { points: this.axes.map((axis, at) => `${this.xs[at].toFixed(1)},${this.y(axis.share(run)).toFixed(1)}`).join(" "), fill: "none", stroke, "stroke-opacity": opacity });
      const shown = new Set(this.shown);
      const behind = this.context.runs.all.filter((run) => !shown.has(run)).map((run) => line(run, rule, 1));
      const lines = this.shown.map((run) => line(run, this.colourOf(run), shown.size > 400 ? 0.55 : 0.85));
      const axes = node("g", { stroke: ink, fill: ink, "font-family": "sans-serif", "font-size": 10.5 }, ...[...overlay.children].map((child) => child.cloneNode(true)));
      for (const text of axes.querySelectorAll("text")) for (const [name, value] of [["stroke", paper], ["stroke-width", 3], ["paint-order", "stroke"]]) text.setAttribute(name, value);
      for (const brush of axes.querySelectorAll("rect")) brush.setAttribute("fill-opacity", "0.25");
      const names = this.axes.map(({ column }, at) => node("text", { x: this.xs[at], y: 20, "text-anchor": "middle", fill: ink, "font-family": "sans-serif", "font-size": 11 }, clipped(column.label, Math.max(60, this.space - 6))));
      const root = node("svg", { width, height, viewBox: `0 0 ${width} ${height}` }, node("rect", { width, height, fill: paper }), ...behind, ...lines, axes, ...names);
      return new XMLSerializer().serializeToString(root);
    }

    /** The same for `panel_charts`. @returns {Figure} */
    figure() {
      const { axes, context, shown } = this;
      const of = (run, at) => ({ run: context.runs.id[run], axis: at, share: axes[at].share(run) ?? MISSING, colour: this.colourOf(run), number: run });
      const tip = ({ number }) => [[context.runs.name[number], ""], ...axes.map(({ column }) => [column.label, format.value(column.values[number] ?? null, column.type) || "none"])];
      const lines = shown.flatMap((run) => axes.map((_, at) => of(run, at)));
      const ticks = axes.flatMap(({ ticks: own }, at) => spread(own, this.y).map(({ share, label }) => ({ axis: at, share, label })));
      const none = [...new Set(lines.filter(({ share }) => share === MISSING).map(({ axis }) => axis))].map((axis) => ({ axis, share: MISSING, label: "none" }));
      const labels = axes.map(({ column }) => clipped(column.label, PER_AXIS));
      return { name: "parallel", signals: { labels }, data: { lines, ticks: [...ticks, ...none] }, tip, width: Math.max(this.width, PER_AXIS * axes.length), height: Math.max(320, this.height) };
    }

    /** The run whose line is nearest to a point between two axes. */
    #nearest(event) {
      if (!this.xs || event.target.closest("button, .parallel-strip")) return null;
      const box = this.root.getBoundingClientRect();
      const [x, y] = [event.clientX - box.left, event.clientY - box.top];
      const at = this.xs.findIndex((each, k) => x >= each && x <= this.xs[k + 1]);
      if (at < 0) return null;
      const part = (x - this.xs[at]) / (this.xs[at + 1] - this.xs[at]);
      let [found, best] = [null, NEAR];
      for (const run of this.shown) {
        const away = Math.abs(y - this.y(this.axes[at].share(run)) * (1 - part) - this.y(this.axes[at + 1].share(run)) * part);
        if (away < best) [found, best] = [run, away];
      }
      return found;
    }

    #hover(event) {
      if (!this.axes || event.buttons) return;
      const run = this.#nearest(event);
      if (run === this.hovered && run === null) return;
      this.hovered = run;
      this.root.classList.toggle("pointing", run !== null);
      const pen = this.#sized(this.top);
      if (run === null) return vegaView.point(event, []);
      pen.lineWidth = 3;
      pen.strokeStyle = this.colourOf(run);
      this.#trace(pen, run);
      const rows = this.axes.map(({ column }) => [column.label, format.value(column.values[run] ?? null, column.type) || "none"]);
      vegaView.point(event, [[this.context.runs.name[run], ""], ...rows]);
    }

    #leave(event) {
      this.hovered = null;
      if (this.axes) this.#sized(this.top);
      vegaView.point(event, []);
    }

    #open(event) {
      const run = this.#nearest(event);
      if (run !== null) this.context.runs.visit(run);
    }
  }

  /** Ticks that have room: the others' lines stand without a label. */
  function spread(ticks, y) {
    const kept = [];
    for (const tick of ticks) if (kept.every((other) => Math.abs(y(other.share) - y(tick.share)) >= 11)) kept.push(tick);
    return kept;
  }

  const fits = (text, width) => text.length * 6 <= width;

  const clipped = (text, width) => (!fits(text, width) ? `${text.slice(0, Math.max(2, Math.floor(width / 6) - 1))}…` : text);

  async function draw(host, settings, context) {
    const known = listOf(settings.columns).filter((key) => context.runs.columns.has(key));
    if (known.length < 2) return panelKinds.empty(host, "Choose at least two columns in this panel's settings: each becomes an axis.");
    if (!context.runs.all.length) return panelKinds.empty(host, "There is no run here yet.");
    if (!drawn.has(host)) drawn.set(host, new Parallel(host));
    const chart = drawn.get(host);
    chart.show(settings, context);
    const brushed = Object.keys(chart.brushes).length;
    const passed = context.charted.filter((run) => chart.passes(run)).length;
    const notes = [known.length > MOST_AXES ? `The first ${MOST_AXES} of ${known.length} columns.` : "", brushed ? "Click a range to clear it." : ""];
    return { about: format.count(passed, "run"), note: notes.filter(Boolean).join(" ") };
  }

  async function table(settings, context) {
    const columns = listOf(settings.columns).map((key) => context.runs.columns.get(key)).filter(Boolean);
    if (columns.length < 2) return null;
    return { columns: ["Run", ...columns.map(({ label }) => label)], rows: context.charted.map((run) => [context.runs.name[run], ...columns.map(({ values }) => values[run] ?? null)]) };
  }

  /** @returns {MenuItem[]} */
  function menu(host, settings) {
    const chart = drawn.get(host);
    if (!chart?.axes || chart.root.parentElement !== host) return [];
    const { plotFiles, figures } = runstore;
    const title = settings.title || "Parallel coordinates";
    return [
      { label: "Download PNG", action: async () => plotFiles.save(`${title}.png`, "image/png", await plotFiles.raster(chart.picture(), chart.width, chart.height)), apart: true },
      { label: "Download SVG", action: () => plotFiles.save(`${title}.svg`, "image/svg+xml", chart.picture()) },
      figures.specItem(title, () => figures.lite(title, chart.figure())),
    ];
  }

  function defaults(context) {
    const metric = panelKinds.firstMetric(context);
    const columns = panelKinds.varied(context).slice(0, 5);
    const log = columns.filter((column) => panelKinds.wantsLog(column, context)).map(({ key }) => key);
    return { columns: [...columns.map(({ key }) => key), ...(metric ? [metric] : [])], log, flips: [], colour: "last", brushes: {} };
  }

  panelKinds.register({
    name: "parallel",
    title: "Parallel coordinates",
    about: "A line a run over one axis a column. Drag along an axis to narrow the page to the runs that cross it there.",
    wide: true,
    defaults,
    fields: (context) => [
      { name: "columns", label: "Columns, from left to right", type: "keys", options: panelKinds.options(context, () => true) },
      { name: "log", label: "On a log axis", type: "keys", options: panelKinds.options(context, ({ type }) => ["number", "duration"].includes(type)) },
      { name: "colour", label: "Colour", type: "select", options: [{ value: "last", label: "By the last column" }, { value: "run", label: "As the run or group" }] },
    ],
    draw,
    menu,
    table,
  });
})();
