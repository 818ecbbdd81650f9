"use strict";
/** What a chart reads off its curves: ranges, the points near a place, and how they are written. */
runstore.plotValues = (() => {
  const { element, series, format } = runstore;
  const MOST_MARKS = 2000;

  /** The format of an axis' labels: as many digits as it takes to tell one from the next. */
  function tickFormat(low, high, log = false) {
    const size = Math.max(Math.abs(low), Math.abs(high));
    const step = log ? low : (high - low) / 5;
    if (!(step > 0 && step < Infinity)) return "~g";
    const place = Math.floor(Math.log10(step));
    const digits = Math.min(12, Math.floor(Math.log10(size)) - place + 2);
    if (log && (size >= 1e4 || step < 1e-3)) return ".3~g";
    if (size >= 1e4) return `.${digits}~s`;
    return size < 1e-3 ? `.${digits - 1}~e` : `.${Math.max(0, 1 - place)}~f`;
  }

  function tooltipRow({ curve, p, y, kind }, nearest) {
    const swatch = element("span", { className: "swatch" });
    swatch.style.backgroundColor = curve.colour;
    const band = !kind && curve.lo ? ` (${format.number(curve.lo[p], 4)} – ${format.number(curve.hi[p], 4)})` : "";
    const number = element("span", { className: "tooltip-value" }, kind ?? format.number(y));
    const size = !kind && curve.n ? ` n=${curve.n[p]}` : "";
    const detail = band || size ? element("span", { className: "tooltip-detail" }, `${band}${size}`) : null;
    return element("div", { className: nearest ? "tooltip-row nearest" : "tooltip-row" }, swatch, element("span", { className: "tooltip-name" }, curve.label), number, detail);
  }

  /** The range of x over all curves, null when there is no point; on a log axis of what is above zero. */
  function extent(curves, log = false) {
    let [low, high] = [Infinity, -Infinity];
    const isHere = ({ xs, ys }, p) => ys[p] === ys[p] && xs[p] === xs[p] && (!log || xs[p] > 0);
    for (const curve of curves) {
      const { xs } = curve;
      for (let p = 0; p < xs.length; p++) if (isHere(curve, p)) { low = Math.min(low, xs[p]); break; }
      for (let p = xs.length - 1; p >= 0; p--) if (isHere(curve, p)) { high = Math.max(high, xs[p]); break; }
    }
    if (low > high) return null;
    if (low < high) return [low, high];
    return log ? [low / 2, high * 2] : [low - 1, high + 1];
  }

  /** An axis' range with the ends that a person gave in place of its own. @param {[?number, ?number]} given */
  function ranged(own, [low, high], log) {
    const isPlaced = (value) => value !== null && (!log || value > 0);
    const found = [isPlaced(low) ? low : own[0], isPlaced(high) ? high : own[1]];
    return found[0] < found[1] ? found : own;
  }

  /** The middle 90 % of all visible values, with a little room; null when there is none. */
  function middle(curves, [x0, x1], log) {
    const values = new Float64Array(curves.reduce((sum, { xs }) => sum + xs.length, 0));
    let count = 0;
    for (const { xs, ys } of curves) {
      const from = series.lowerBound(xs, x0);
      for (let p = from; p < xs.length && xs[p] <= x1; p++) if (Number.isFinite(ys[p]) && (!log || ys[p] > 0)) values[count++] = ys[p];
    }
    if (!count) return null;
    const sorted = values.subarray(0, count).sort();
    const [low, high] = [sorted[Math.floor(0.05 * (count - 1))], sorted[Math.ceil(0.95 * (count - 1))]];
    if (!(low < high)) return null;
    if (log) return runstore.shapes.roomy(low, high);
    const room = high * 0.04 - low * 0.04;
    return [Math.max(low - room, -Number.MAX_VALUE), Math.min(high + room, Number.MAX_VALUE)];
  }

  /** Where values were logged that are no number: their places on the screen, above or below the lines. */
  function marks(drawn, { x: [x0, x1], height }, scale) {
    const found = [];
    for (const { curve } of drawn) {
      if (!curve.broken) continue;
      const { xs, kinds } = curve.broken;
      for (let p = 0; p < xs.length && found.length < MOST_MARKS; p++) {
        if (!(xs[p] >= x0 && xs[p] <= x1)) continue;
        const kind = series.BROKEN[kinds[p]];
        found.push({ curve, x: xs[p], px: scale.x(xs[p]), py: kind === series.BROKEN[1] ? 0 : height, kind });
      }
    }
    return found;
  }

  function nearestPlace(xs, x) {
    const after = series.lowerBound(xs, x);
    if (after === 0) return xs.length ? 0 : -1;
    if (after === xs.length) return after - 1;
    return x - xs[after - 1] < xs[after] - x ? after - 1 : after;
  }

  return { tickFormat, tooltipRow, extent, ranged, middle, marks, nearestPlace };
})();
