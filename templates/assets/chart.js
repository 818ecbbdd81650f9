"use strict";
/**
 * One chart: Vega draws axes and grid, the painter the curves; an overlay carries crosshair, highlight, zoom and
 * tooltip, so that moving the pointer never redraws a thousand lines.
 */
runstore.Chart = (() => {
  const { element, shapes, painter, format, zoom } = runstore;
  const { tickFormat, tooltipRow, extent, ranged, middle, marks, nearestPlace } = runstore.plotValues;
  const SVG = "http://www.w3.org/2000/svg";
  /** Room around the plot, px, as the specs have it. */
  let PADDING = null;
  const MOST_IN_TOOLTIP = 10;
  const LEAST_DRAG = 5;
  const MARK = 6;
  const SETTLED_MS = 300;
  // A turn of the wheel by so many px halves the range; of a wheel that counts lines, by so many of them.
  const HALF = [150, 9];
  const EVERY = { x: [null, null], y: [null, null] };
  const UNITS = [["s", 1, 180], ["min", 60, 10800], ["h", 3600, 259200], ["d", 86400, Infinity]];

  /** @type {Promise<Object<string, object>>} parsed specs, shared by all charts */
  let runtimes = null;

  function loadRuntimes() {
    runtimes ??= runstore.loaded("charts").then((specs) => {
      PADDING = Object.values(specs)[0].padding;
      const parse = ([name, spec]) => [name, vega.parse(spec, null, { ast: true })];
      return Object.fromEntries(Object.entries(specs).map(parse));
    });
    return runtimes;
  }

  function svg(tag, parent, name) {
    const made = document.createElementNS(SVG, tag);
    made.setAttribute("class", name);
    parent.append(made);
    return made;
  }

  class Chart {
    /** @param {string} label what a screen reader calls the chart */
    constructor(label) {
      this.label = label;
      this.axes = element("div", { className: "plot-view" });
      this.canvas = element("canvas", { className: "plot-curves" });
      this.tooltip = element("div", { className: "tooltip", hidden: true });
      this.axisTitle = element("div", { className: "axis-title", aria: { hidden: "true" } });
      this.empty = element("p", { className: "plot-empty", hidden: true });
      this.note = element("p", { className: "plot-note", hidden: true });
      this.live = element("p", { className: "aside", role: "status" });
      this.root = element("div", { className: "plot", tabIndex: 0, role: "group", aria: { roledescription: "chart" } }, this.axes, this.canvas);
      this.overlay = svg("svg", this.root, "plot-overlay");
      this.rules = svg("path", this.overlay, "plot-rules");
      this.inner = svg("svg", this.overlay, "plot-inner");
      this.highlighted = svg("path", this.inner, "plot-highlight");
      this.broken = svg("path", this.overlay, "plot-broken");
      this.crosshair = svg("line", this.overlay, "plot-crosshair");
      this.marker = svg("circle", this.overlay, "plot-marker");
      this.marker.setAttribute("r", "4");
      this.value = svg("text", this.overlay, "plot-value");
      this.brush = svg("rect", this.overlay, "plot-brush");
      this.root.append(this.axisTitle, this.empty, this.note, this.tooltip, this.live);
      this.drawn = [];
      /** Told which range is shown, null: all of it, and whether a person chose it here. */
      this.onzoom = () => {};
      this.oncursor = () => {};
      this.marks = [];
      this.#listen();
    }

    /**
     * Draws curves; the promise is kept once they are on the screen.
     * @param {{curves: Curve[], behind?: Curve[], axis: string, axisLabel: string, log: boolean, xlog?: boolean, outliers?: boolean, range?: Ranges, marks?: number[], zoom?: ?[number, number], whole?: ?[number, number], rough?: string}} what
     *   each curve has a `colour` too; those `behind` are faint; at the `marks` on the x axis stands a thin rule; `zoom`: the range
     *   of x to show, null for all of it; `whole`: that of all there is, where the curves are but a part; `rough`: "thinned" where lines have some of
     *   their points only
     */
    async draw(what) {
      this.what = what;
      const all = await loadRuntimes();
      if (this.what !== what) return;
      this.axis = what.axis;
      this.onzoom(this.zoom, false);
      const width = this.root.clientWidth - PADDING.left - PADDING.right;
      const height = this.root.clientHeight - PADDING.top - PADDING.bottom;
      if (width < 20 || height < 20) return;
      this.#measure(width, height);
      this.#show(all[`${what.axis === "_timestamp" ? "time" : this.frame.xlog ? "log" : "linear"}-${what.log ? "log" : "linear"}`]);
      this.#describe();
    }

    redraw() {
      return this.what ? this.draw(this.what) : Promise.resolve();
    }

    destroy() {
      this.what = null;
      this.view?.finalize();
      this.root.remove();
    }

    /** Thickens the curve with this key, or none. @param {?string} key */
    highlight(key) {
      const found = key === null ? null : this.drawn.find(({ curve }) => curve.key === key || curve.of === key);
      this.highlighted.setAttribute("d", found ? painter.path(found.part, this.scale) : "");
      if (found) this.highlighted.style.stroke = found.curve.colour;
    }

    /** Room around the plot, px. */
    get padding() {
      return PADDING;
    }

    /** The range of x that is zoomed to, null for all of it. @returns {?[number, number]} */
    get zoom() {
      return this.what?.zoom ?? null;
    }

    /** The range of all there is. @returns {[number, number]} */
    get whole() {
      const { whole, curves, range = EVERY } = this.what;
      const { xlog } = this.frame;
      const found = (!xlog || whole?.[0] > 0) && whole ? whole : extent(curves, xlog);
      return found ? ranged(found, range.x, xlog) : this.frame.x;
    }

    /** Shows a range of x with the curves it has, null: all of it. @param {?[number, number]} range */
    share(range) {
      if (JSON.stringify(range) === JSON.stringify(this.zoom)) return;
      this.what = { ...this.what, zoom: range };
      this.redraw();
    }

    resetZoom() {
      this.zoomTo(null);
    }

    /** Zooms, as a person does. @param {?[number, number]} range null, or the whole: out again */
    zoomTo(range) {
      const wanted = range && zoom.within(range, this.whole);
      // Both ends beside what there is.
      if (range && !wanted && range[0] > this.whole[0]) return;
      this.#leave();
      this.share(wanted);
      clearTimeout(this.telling);
      this.onzoom(wanted, true);
    }

    /** The same while it goes on: what is to be loaded waits for its end. */
    #glide(range) {
      const wanted = zoom.within(range, this.whole);
      this.#leave();
      this.share(wanted);
      clearTimeout(this.telling);
      this.telling = setTimeout(() => this.zoomTo(wanted), SETTLED_MS);
    }

    #measure(width, height) {
      const { curves, behind = [], log, outliers, axis, range = EVERY } = this.what;
      const xlog = Boolean(this.what.xlog) && axis !== "_timestamp";
      const whole = extent(curves, xlog) ?? this.what.whole;
      const x = whole && (this.zoom ? ranged(whole, this.zoom, xlog) : ranged(whole, range.x, xlog));
      const parts = x ? shapes.thinned([...curves, ...behind], x, width, xlog) : [];
      const own = x && ((outliers && middle(curves, x, log)) || shapes.visibleRange(parts, x, log));
      const y = own && ranged(own, range.y, log);
      this.frame = { width, height, x: x ?? (xlog ? [1, 10] : [0, 1]), y: y ?? (log ? [1, 10] : [0, 1]), log, xlog };
      this.parts = parts.slice(0, curves.length);
      this.faint = parts.slice(curves.length);
      this.empty.hidden = Boolean(y);
      this.empty.textContent = curves.length === 0 ? "No run that is shown logged this." : log ? "Nothing above zero to show on a logarithmic scale." : "Only NaN or infinite values here.";
      const lost = log ? parts.reduce((sum, part) => sum + part.ys.filter((value) => value <= 0).length, 0) : 0;
      const notes = [lost ? "Values ≤ 0 have no place on a log scale" : "", xlog && (extent(curves)?.[0] ?? 1) <= 0 ? "x ≤ 0 has no place on a log axis" : ""];
      this.note.textContent = notes.filter(Boolean).join(" · ");
      this.note.hidden = !(this.note.textContent && y);
    }

    #show(runtime) {
      const { curves } = this.what;
      const scale = (this.scale = shapes.scales(this.frame));
      const [low, high] = this.frame.x;
      const rules = (this.what.marks ?? []).filter((x) => x > low && x < high);
      this.rules.setAttribute("d", rules.map((x) => `M${scale.x(x).toFixed(1)},0V${this.frame.height}`).join(""));
      this.drawn = curves.map((curve, at) => ({ curve, part: this.parts[at] }));
      this.#frame(runtime);
      this.marks = marks(this.drawn, this.frame, scale);
      this.broken.setAttribute("d", this.marks.map(({ px, py }) => `M${px.toFixed(1)},${py ? py - MARK : 0}v${MARK}`).join(""));
      this.painted = { parts: this.parts, curves, faint: this.faint, behind: this.what.behind ?? [], frame: this.frame, scale };
      painter.paint(this.canvas, PADDING, this.painted);
      this.highlight(null);
    }

    /** Axes and grid. */
    #frame(runtime) {
      if (this.runtime !== runtime) {
        this.view?.finalize();
        this.axes.replaceChildren();
        this.runtime = runtime;
        this.view = new vega.View(runtime, { renderer: "canvas", container: this.axes, hover: false, expr: vegaInterpreter, logLevel: vega.Error });
      }
      const { width, height, x, y } = this.frame;
      const unit = this.#unit();
      const [x0, x1] = [x[0] / unit[1], x[1] / unit[1]];
      const decades = this.what.log && y[1] / y[0] > 100;
      const formats = { xformat: tickFormat(x0, x1, this.frame.xlog), yformat: tickFormat(y[0], y[1], this.what.log), decades };
      const signals = { x0, x1, y0: y[0], y1: y[1], ...formats, ...runstore.palette.axes() };
      for (const [name, value] of Object.entries(signals)) this.view.signal(name, value);
      this.view.width(width).height(height).run();
      this.axisTitle.textContent = this.axis === "_runtime" ? `${this.what.axisLabel} (${unit[0]})` : this.what.axisLabel;
      this.inner.setAttribute("width", width);
      this.inner.setAttribute("height", height);
      this.overlay.setAttribute("viewBox", `${-PADDING.left} ${-PADDING.top} ${width + PADDING.left + PADDING.right} ${height + PADDING.top + PADDING.bottom}`);
    }

    #unit() {
      if (this.axis !== "_runtime") return ["", 1];
      return UNITS.find(([, , limit]) => this.frame.x[1] - this.frame.x[0] < limit) ?? UNITS[0];
    }

    #describe() {
      const { curves } = this.what;
      const [low, high] = this.frame.y;
      const broken = this.marks.length ? `, ${format.count(this.marks.length, "value")} not finite` : "";
      const range = this.empty.hidden ? `, between ${format.number(low, 3)} and ${format.number(high, 3)}` : "";
      this.root.setAttribute("aria-label", `${this.label}: ${format.count(curves.length, "line")} over ${this.what.axisLabel.toLowerCase()}${range}${broken}`);
    }

    #listen() {
      this.root.addEventListener("pointermove", (event) => this.#move(event));
      this.root.addEventListener("pointerleave", () => this.#leave());
      this.root.addEventListener("pointerdown", (event) => this.#press(event));
      this.root.addEventListener("pointerup", (event) => this.#release(event));
      this.root.addEventListener("pointercancel", () => this.#cancel());
      this.root.addEventListener("dblclick", () => this.resetZoom());
      this.root.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
      this.root.addEventListener("keydown", (event) => this.#key(event));
      this.root.addEventListener("blur", () => this.#leave());
    }

    /** Where the pointer is in the plot, in pixels. */
    #at(event) {
      const box = this.root.getBoundingClientRect();
      return [event.clientX - box.left - PADDING.left, event.clientY - box.top - PADDING.top];
    }

    #value(pixel) {
      const { x, width, xlog } = this.frame;
      const share = Math.min(width, Math.max(0, pixel)) / width;
      return xlog ? x[0] * (x[1] / x[0]) ** share : x[0] + share * (x[1] - x[0]);
    }

    #move(event) {
      if (!this.frame || !this.drawn.length) return;
      const [px, py] = this.#at(event);
      if (this.pressed !== undefined && event.buttons & 1) return this.pulled ? this.#pull(px) : this.#drawBrush(px);
      const inside = px >= -4 && py >= -4 && px <= this.frame.width + 4 && py <= this.frame.height + 4;
      if (inside) this.#point(px, py);
      else this.#leave();
    }

    #leave() {
      this.tooltip.hidden = true;
      this.crosshair.removeAttribute("x1");
      this.overlay.classList.remove("pointing");
      if (this.cursor !== undefined) this.oncursor(null);
      this.cursor = undefined;
      this.highlight(null);
    }

    /** Shows where the pointer is in another chart over the same axis: the same x, and the same line's value there. @param {?{x: number, key: string}} where */
    follow(where) {
      const isHere = where && this.frame && where.x >= this.frame.x[0] && where.x <= this.frame.x[1];
      this.overlay.classList.toggle("following", Boolean(isHere));
      this.value.textContent = "";
      if (!isHere) return this.highlight(null);
      const cx = this.scale.x(where.x);
      this.#cross(cx);
      const found = this.drawn.find(({ curve }) => (curve.of ?? curve.key) === where.key)?.curve;
      const p = found ? nearestPlace(found.xs, where.x) : -1;
      const cy = p < 0 || (this.what.rough === "thinned" && found.xs[p] !== where.x) ? NaN : this.scale.y(found.ys[p]);
      this.highlight(cy === cy ? found.key : null);
      this.#mark(cx, cy, found?.colour);
      if (cy !== cy) return;
      this.value.textContent = format.number(found.ys[p]);
      const isRight = cx > this.frame.width / 2;
      for (const [name, value] of [["x", cx + (isRight ? -8 : 8)], ["y", Math.max(12, cy - 6)], ["text-anchor", isRight ? "end" : "start"]]) this.value.setAttribute(name, value);
    }

    #cross(cx) {
      for (const [name, value] of [["x1", cx], ["x2", cx], ["y1", 0], ["y2", this.frame.height]]) this.crosshair.setAttribute(name, value);
    }

    #mark(cx, cy, colour) {
      this.marker.style.display = cy === cy ? "" : "none";
      if (cy !== cy) return;
      this.marker.setAttribute("cx", cx);
      this.marker.setAttribute("cy", cy);
      this.marker.style.fill = colour;
    }

    #point(px, py) {
      const mark = this.marks.find((each) => Math.abs(each.px - px) < MARK && Math.abs(each.py - py) < 2 * MARK);
      const found = mark ? [] : this.#nearest(this.#value(px), py);
      if (!mark && !found.length) return this.#leave();
      this.cursor = px;
      const first = found[0] ?? mark;
      const cx = this.scale.x(first.x);
      this.overlay.classList.add("pointing");
      this.overlay.classList.remove("following");
      this.value.textContent = "";
      this.#cross(cx);
      this.#mark(cx, first.py, first.curve.colour);
      this.highlight(first.curve.key);
      if (mark) this.#say(mark.x, [tooltipRow(mark, true)], cx);
      else this.#tell(found, cx);
      this.oncursor({ x: first.x, key: first.curve.of ?? first.curve.key, axis: this.axis });
    }

    /** The same for who cannot see it. */
    #read(px) {
      this.#point(px, this.frame.height / 2);
      if (!this.tooltip.hidden) this.live.textContent = this.tooltip.innerText.replace(/\n+/g, ", ");
    }

    /** The values of all curves at x, the one nearest to the pointer first. */
    #nearest(x, py) {
      const found = [];
      const reach = (this.frame.x[1] - this.frame.x[0]) * 0.02;
      for (const { curve } of this.drawn) {
        const p = nearestPlace(curve.xs, x);
        if (p < 0) continue;
        const [first, last] = [curve.xs[0], curve.xs[curve.xs.length - 1]];
        if (x < first - reach || x > last + reach) continue;
        const pixel = this.scale.y(curve.ys[p]);
        if (pixel === pixel) found.push({ curve, p, x: curve.xs[p], y: curve.ys[p], py: pixel, off: Math.abs(pixel - py) });
      }
      return found.sort((a, b) => a.off - b.off);
    }

    #tell(found, cx) {
      const [first] = found;
      // Of lines that are drawn by some of their points, others may have none here.
      const here = this.what.rough === "thinned" ? found.filter(({ x }) => x === first.x) : found;
      // The place of "and 1 more" is as well that one's.
      const shown = here.slice(0, here.length === MOST_IN_TOOLTIP + 1 ? here.length : MOST_IN_TOOLTIP).sort((a, b) => b.y - a.y);
      const rows = shown.map((entry) => tooltipRow(entry, entry === first));
      const more = here.length - shown.length;
      if (more > 0) rows.push(element("div", { className: "tooltip-more" }, `and ${more} more`));
      this.#say(first.x, rows, cx);
    }

    #say(x, rows, cx) {
      const head = element("div", { className: "tooltip-head" }, this.#xText(x));
      this.tooltip.replaceChildren(head, ...rows);
      this.tooltip.hidden = false;
      const box = this.root.getBoundingClientRect();
      const [width, height] = [this.tooltip.offsetWidth, this.tooltip.offsetHeight];
      const left = box.left + PADDING.left + cx;
      const beside = left + 14 + width < innerWidth ? left + 14 : left - 14 - width;
      this.tooltip.style.left = `${Math.max(4, beside)}px`;
      this.tooltip.style.top = `${Math.max(4, Math.min(box.top + PADDING.top, innerHeight - height - 4))}px`;
    }

    #xText(x) {
      if (this.axis === "_runtime") return `${this.what.axisLabel} ${format.duration(x)}`;
      return this.axis === "_timestamp" ? new Date(x).toLocaleString() : `${this.what.axisLabel} ${format.number(x, 7)}`;
    }

    #press(event) {
      // A finger scrolls the page; zooming is for what can hover.
      if (event.button !== 0 || event.pointerType === "touch" || !this.drawn.length) return;
      const [px] = this.#at(event);
      if (px < 0 || px > this.frame.width) return;
      this.pressed = px;
      this.pulled = event.shiftKey && this.zoom ? this.zoom : null;
      this.root.setPointerCapture(event.pointerId);
    }

    #drawBrush(px) {
      const [from, to] = [this.pressed, Math.min(this.frame.width, Math.max(0, px))].sort((a, b) => a - b);
      this.#leave();
      for (const [name, value] of [["x", from], ["y", 0], ["width", to - from], ["height", this.frame.height]]) this.brush.setAttribute(name, value);
      this.overlay.classList.add("brushing");
    }

    #release(event) {
      if (this.pressed === undefined) return;
      const [px] = this.#at(event);
      const [from, { pulled }] = [this.pressed, this];
      this.#cancel();
      if (pulled || Math.abs(px - from) < LEAST_DRAG) return;
      this.zoomTo([this.#value(Math.min(from, px)), this.#value(Math.max(from, px))]);
    }

    /** Moves the range along with the pointer. */
    #pull(px) {
      this.#glide(zoom.moved(this.pulled, (this.pressed - px) / this.frame.width, this.whole, this.frame.xlog));
    }

    /** With Ctrl, or two fingers on a touchpad that are spread, the wheel zooms; else it scrolls the page. */
    #wheel(event) {
      if (!event.ctrlKey || !this.drawn.length) return;
      event.preventDefault();
      const factor = 2 ** (event.deltaY / (HALF[event.deltaMode] ?? 1));
      this.#glide(zoom.scaled(this.frame.x, this.#value(this.#at(event)[0]), factor, this.frame.xlog));
    }

    #cancel() {
      this.pressed = undefined;
      this.overlay.classList.remove("brushing");
    }

    #key(event) {
      if (!this.frame || !this.drawn.length || event.ctrlKey || event.metaKey || event.altKey) return;
      const { width, x, xlog } = this.frame;
      const around = (factor) => this.zoomTo(zoom.scaled(x, this.#value(this.cursor ?? width / 2), factor, xlog));
      const move = (share) => this.zoom && this.zoomTo(zoom.moved(x, share, this.whole, xlog));
      const step = event.shiftKey ? 40 : 4;
      const actions = {
        ArrowLeft: () => this.#read(Math.max(0, (this.cursor ?? width) - step)),
        ArrowRight: () => this.#read(Math.min(width, (this.cursor ?? 0) + step)),
        "+": () => around(0.5),
        "-": () => around(2),
        PageUp: () => move(-0.8),
        PageDown: () => move(0.8),
        0: () => this.resetZoom(),
        Escape: () => (this.zoom ? this.resetZoom() : this.#leave()),
      };
      if (!actions[event.key]) return;
      event.preventDefault();
      actions[event.key]();
    }
  }

  return Chart;
})();
