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
  const TURN = 2 * Math.PI;

  /**
   * Draws `parts`, the visible pieces of `curves` in the same order, bands below lines.
   * @param {HTMLCanvasElement} canvas
   * @param {{left: number, right: number, top: number, bottom: number}} padding around the plot, px
   * @param {{parts: object[], curves: {colour: string}[], frame: Frame, scale: object}} what
   */
  function paint(canvas, padding, { parts, curves, frame, scale }) {
    const ratio = devicePixelRatio || 1;
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
    parts.forEach((part, at) => part.banded && band(context, part, frame, scale, curves[at].colour));
    const style = STYLES.find(({ lines }) => curves.length <= lines);
    context.lineJoin = "round";
    context.lineWidth = style.width || 1 / ratio;
    const radius = Math.max(2.2, style.width * 1.5);
    parts.forEach((part, at) => {
      context.globalAlpha = style.opacity;
      context.strokeStyle = context.fillStyle = curves[at].colour;
      line(context, part, scale, radius);
    });
    context.restore();
  }

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
    context.globalAlpha = 1;
    context.beginPath();
    for (const [cx, cy] of alone) {
      context.moveTo(cx + radius, cy);
      context.arc(cx, cy, radius, 0, TURN);
    }
    context.fill();
  }

  /** A band, as an area for each stretch without a gap. Where a log scale has no place for its lower edge, it runs out of the plot. */
  function band(context, { xs, lo, hi }, frame, scale, colour) {
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

  return { paint, path };
})();
