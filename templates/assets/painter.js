"use strict";
/**
 * Curves onto a canvas. A rasteriser strokes lines of one device pixel some ten times as fast as thicker ones, so a
 * chart of many lines is drawn in hairlines; a few are drawn as they look best.
 */
runstore.painter = (() => {
  // More lines than the first number are hairlines.
  const STYLES = [
    { lines: 30, width: 1.6, opacity: 1 },
    { lines: 200, width: 0, opacity: 0.85 },
    { lines: Infinity, width: 0, opacity: 0.6 },
  ];
  const SHADES = [
    { bands: 6, opacity: 0.18 },
    { bands: 20, opacity: 0.12 },
    { bands: Infinity, opacity: 0.06 },
  ];
  const DASHES = [[], [7, 3], [2, 3], [9, 3, 2, 3]];
  const MOST_DASHED = 30;
  const FAINT = 0.3;
  const EDGE = 0.5;
  const TURN = 2 * Math.PI;

  /**
   * Draws `parts`, the visible pieces of `curves` in the same order, bands below lines.
   * @param {HTMLCanvasElement} canvas
   * @param {{left: number, right: number, top: number, bottom: number}} padding around the plot, px
   * @param {{parts: object[], curves: {colour: string}[], frame: Frame, scale: object}} what
   */
  function paint(canvas, padding, { parts, curves, faint = [], behind = [], frame, scale }, ratio = devicePixelRatio || 1) {
    const [width, height] = [frame.width + padding.left + padding.right, frame.height + padding.top + padding.bottom];
    fit(canvas, width, height, ratio);
    const context = canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.setTransform(ratio, 0, 0, ratio, padding.left * ratio, padding.top * ratio);
    context.save();
    context.beginPath();
    context.rect(0, 0, frame.width, frame.height);
    context.clip();
    context.globalAlpha = SHADES.find(({ bands }) => curves.length <= bands).opacity;
    // What lies behind the points of one run are its own values: the edges show a spike that is too thin for a shade.
    parts.forEach((part, at) => part.banded && band(context, part, frame, scale, curves[at].colour, curves[at].n ? 0 : 1 / ratio));
    const style = STYLES.find(({ lines }) => curves.length <= lines);
    under(context, faint, behind, scale, ratio);
    context.lineJoin = "round";
    context.lineWidth = style.width || 1 / ratio;
    const radius = Math.max(2.2, style.width * 1.5);
    parts.forEach((part, at) => {
      context.globalAlpha = style.opacity;
      context.strokeStyle = context.fillStyle = curves[at].colour;
      context.setLineDash(dashOf(curves[at], curves.length));
      line(context, part, scale, radius);
    });
    context.restore();
  }

  /** The faint lines below all others. */
  function under(context, parts, curves, scale, ratio) {
    context.lineWidth = 1 / ratio;
    parts.forEach((part, at) => {
      context.globalAlpha = FAINT;
      context.strokeStyle = context.fillStyle = curves[at].colour;
      line(context, part, scale, 1);
    });
  }

  /** Lines that share a colour differ in their dashes, where few enough are drawn that one can follow them. */
  const dashOf = ({ dash = 0 }, lines) => (lines <= MOST_DASHED ? DASHES[dash] : DASHES[0]);

  function fit(canvas, width, height, ratio) {
    const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== across || canvas.height !== down) Object.assign(canvas, { width: across, height: down });
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
  }

  /** A line with gaps where there is no value; a value alone between gaps is a dot. */
  function line(context, { xs, ys }, scale, radius) {
    const alone = [];
    let length = 0;
    let [x, y] = [0, 0];
    context.beginPath();
    for (let p = 0; p <= xs.length; p++) {
      const next = p < xs.length ? scale.y(ys[p]) : NaN;
      if (next !== next) {
        if (length === 1) alone.push([x, y]);
        length = 0;
        continue;
      }
      x = scale.x(xs[p]);
      y = next;
      if (length++) context.lineTo(x, y);
      else context.moveTo(x, y);
    }
    context.stroke();
    if (!alone.length) return;
    context.globalAlpha = Math.max(context.globalAlpha, FAINT * 2);
    context.beginPath();
    for (const [cx, cy] of alone) {
      context.moveTo(cx + radius, cy);
      context.arc(cx, cy, radius, 0, TURN);
    }
    context.fill();
  }

  /** A band, as an area for each stretch without a gap. Where a log scale has no place for its lower edge, it runs out of the plot. */
  function band(context, { xs, lo, hi }, frame, scale, colour, edge) {
    const floor = frame.height * 4;
    const low = (p) => {
      const y = scale.y(lo[p]);
      return Number.isFinite(y) ? y : floor;
    };
    const isHere = (p) => lo[p] === lo[p] && Number.isFinite(scale.y(hi[p]));
    context.fillStyle = colour;
    context.beginPath();
    for (let from = 0; from < xs.length; from++) {
      if (!isHere(from)) continue;
      let to = from;
      while (to + 1 < xs.length && isHere(to + 1)) to++;
      if (to > from) {
        context.moveTo(scale.x(xs[from]), scale.y(hi[from]));
        for (let p = from + 1; p <= to; p++) context.lineTo(scale.x(xs[p]), scale.y(hi[p]));
        for (let p = to; p >= from; p--) context.lineTo(scale.x(xs[p]), low(p));
        context.closePath();
      }
      from = to;
    }
    context.fill();
    if (!edge) return;
    const shade = context.globalAlpha;
    Object.assign(context, { lineWidth: edge, strokeStyle: colour, globalAlpha: EDGE });
    context.stroke();
    context.globalAlpha = shade;
  }

  /** A part's line as the `d` of an SVG path. */
  function path({ xs, ys }, scale) {
    let [made, drawing] = ["", false];
    for (let p = 0; p < xs.length; p++) {
      const y = scale.y(ys[p]);
      if (y === y) made += `${drawing ? "L" : "M"}${scale.x(xs[p]).toFixed(1)},${y.toFixed(1)}`;
      drawing = y === y;
    }
    return made;
  }

  /** A part's band as the `d` of an SVG path. */
  function bandPath({ xs, lo, hi }, frame, scale) {
    const at = (x, y) => `${scale.x(x).toFixed(1)},${(Number.isFinite(y) ? y : frame.height * 4).toFixed(1)}`;
    let [made, top, bottom] = ["", [], []];
    for (let p = 0; p <= xs.length; p++) {
      const high = p < xs.length && lo[p] === lo[p] ? scale.y(hi[p]) : NaN;
      if (Number.isFinite(high)) {
        top.push(at(xs[p], high));
        bottom.unshift(at(xs[p], scale.y(lo[p])));
        continue;
      }
      if (top.length > 1) made += `M${[...top, ...bottom].join("L")}Z`;
      [top, bottom] = [[], []];
    }
    return made;
  }

  /** Where a part has a value between gaps. */
  function alone({ xs, ys }, scale) {
    const here = (p) => p >= 0 && p < xs.length && Number.isFinite(scale.y(ys[p]));
    return [...xs.keys()].filter((p) => here(p) && !here(p - 1) && !here(p + 1)).map((p) => [scale.x(xs[p]).toFixed(1), scale.y(ys[p]).toFixed(1)]);
  }

  /** The same picture as `paint` makes, as SVG. @param {(tag: string, properties: object) => SVGElement} node */
  function nodes({ parts, curves, faint = [], behind = [], frame, scale }, node) {
    const { opacity } = SHADES.find(({ bands }) => curves.length <= bands);
    const style = STYLES.find(({ lines }) => curves.length <= lines);
    const areas = parts.map((part, at) => part.banded && node("path", { d: bandPath(part, frame, scale), fill: curves[at].colour, opacity }));
    const stroke = (part, { colour }, width, opacity, dash = []) =>
      node("path", { d: path(part, scale), fill: "none", stroke: colour, "stroke-width": width, "stroke-linejoin": "round", "stroke-dasharray": dash.join(" ") || "none", opacity });
    const low = faint.map((part, at) => stroke(part, behind[at], 0.7, FAINT));
    const high = parts.map((part, at) => stroke(part, curves[at], style.width || 0.7, style.opacity, dashOf(curves[at], curves.length)));
    const dots = parts.flatMap((part, at) => alone(part, scale).map(([cx, cy]) => node("circle", { cx, cy, r: 2.4, fill: curves[at].colour })));
    return [...areas.filter(Boolean), ...low, ...high, ...dots];
  }

  return { paint, path, nodes };
})();
