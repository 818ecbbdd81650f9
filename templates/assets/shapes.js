"use strict";
/**
 * From curves to what is drawn: thinned to what a screen can show without losing an extreme, scaled to pixels, as
 * GeoJSON features.
 *
 * @typedef {object} Frame
 * @property {number} width   of the plot, px
 * @property {number} height
 * @property {[number, number]} x  visible range
 * @property {[number, number]} y
 * @property {boolean} log    whether y is logarithmic
 */
runstore.shapes = (() => {
  // All curves of a chart together have about this many points; a curve has never less than the second number.
  const MOST_POINTS = 160000;
  const FEWEST = 80;

  /**
   * The part of a curve from `x0` to `x1`, and one point beyond each side. Of the points that share a column of the
   * screen the lowest and the highest remain.
   */
  function thin(curve, [x0, x1], columns) {
    const { xs, ys, lo, hi } = curve;
    const from = Math.max(0, runstore.series.lowerBound(xs, x0) - 1);
    const to = Math.min(xs.length, runstore.series.lowerBound(xs, x1) + 2);
    const kept = { xs: [], ys: [], lo: [], hi: [], banded: lo !== null };
    if (to - from <= 2 * columns) {
      for (let p = from; p < to; p++) keep(kept, curve, p, lo ? lo[p] : 0, hi ? hi[p] : 0);
      return kept;
    }
    const scale = columns / (x1 - x0);
    for (let p = from; p < to; ) {
      const column = Math.floor((xs[p] - x0) * scale);
      let [low, high, bottom, top] = [-1, -1, Infinity, -Infinity];
      let q = p;
      for (; q < to && Math.floor((xs[q] - x0) * scale) === column; q++) {
        const y = ys[q];
        if (y !== y) {
          if (q === p) q++;
          break;
        }
        if (low < 0 || y < ys[low]) low = q;
        if (high < 0 || y > ys[high]) high = q;
        if (lo && lo[q] < bottom) bottom = lo[q];
        if (hi && hi[q] > top) top = hi[q];
      }
      if (low < 0) keep(kept, curve, p, NaN, NaN);
      else {
        keep(kept, curve, Math.min(low, high), bottom, top);
        if (low !== high) keep(kept, curve, Math.max(low, high), bottom, top);
      }
      p = q;
    }
    return kept;
  }

  function keep(kept, curve, p, low, high) {
    kept.xs.push(curve.xs[p]);
    kept.ys.push(curve.ys[p]);
    if (kept.banded) {
      kept.lo.push(low);
      kept.hi.push(high);
    }
  }

  /** The parts of all curves that a chart of this width shows. */
  function thinned(curves, x, width) {
    const columns = Math.max(FEWEST / 2, Math.min(width, Math.floor(MOST_POINTS / (2 * curves.length))));
    return curves.map((curve) => thin(curve, x, columns));
  }

  /** The range of all that is visible, with a little room; null when there is nothing. */
  function visibleRange(parts, [x0, x1], log) {
    let [low, high] = [Infinity, -Infinity];
    const see = (value) => {
      if (!Number.isFinite(value) || (log && value <= 0)) return;
      if (value < low) low = value;
      if (value > high) high = value;
    };
    for (const part of parts) {
      for (let p = 0; p < part.xs.length; p++) {
        const x = part.xs[p];
        // Of a line that runs into the range, or through it, what lies at the edge.
        if (p > 0 && part.xs[p - 1] < x0 && x > x0) see(between(part, p, x0));
        if (p > 0 && part.xs[p - 1] < x1 && x > x1) see(between(part, p, x1));
        if (x < x0 || x > x1) continue;
        see(part.ys[p]);
        if (part.banded) {
          see(part.lo[p]);
          see(part.hi[p]);
        }
      }
    }
    if (low > high) return null;
    if (log) return low === high ? [low / 2, high * 2] : [low * (low / high) ** 0.03, high * (high / low) ** 0.03];
    const room = low === high ? Math.abs(low) * 0.1 || 1 : high * 0.04 - low * 0.04;
    return [Math.max(low - room, -Number.MAX_VALUE), Math.min(high + room, Number.MAX_VALUE)];
  }

  /** A line's value at x, between its points p - 1 and p. */
  function between({ xs, ys }, p, x) {
    const share = (x - xs[p - 1]) / (xs[p] - xs[p - 1]);
    return ys[p - 1] * (1 - share) + ys[p] * share;
  }

  /** @param {Frame} frame @returns {{x: (value: number) => number, y: (value: number) => number}} */
  function scales({ width, height, x: [x0, x1], y: [y0, y1], log }) {
    const x = (value) => ((value - x0) / (x1 - x0)) * width;
    // Halves: the range itself may be too large for a number.
    if (!log) return { x, y: (value) => height - ((value / 2 - y0 / 2) / (y1 / 2 - y0 / 2)) * height };
    const [low, size] = [Math.log(y0), Math.log(y1) - Math.log(y0)];
    return { x, y: (value) => (value > 0 ? height - ((Math.log(value) - low) / size) * height : NaN) };
  }

  /** The stretches of a part without a gap, as lists of [x, y] in pixels. */
  function stretches(part, values, scale) {
    const found = [];
    let current = null;
    for (let p = 0; p < part.xs.length; p++) {
      const y = scale.y(values[p]);
      if (y !== y) {
        current = null;
        continue;
      }
      if (!current) found.push((current = []));
      current.push([scale.x(part.xs[p]), y]);
    }
    return found;
  }

  /** A curve's line, and its lonely points, as features. */
  function line(part, scale, colour, width, opacity) {
    const all = stretches(part, part.ys, scale);
    const lines = all.filter((stretch) => stretch.length > 1);
    const points = all.filter((stretch) => stretch.length === 1).map(([at]) => [dot(at, Math.max(2.2, width * 1.5))]);
    return {
      line: lines.length ? { type: "Feature", geometry: { type: "MultiLineString", coordinates: lines }, colour, width, opacity } : null,
      points: points.length ? { type: "Feature", geometry: { type: "MultiPolygon", coordinates: points }, colour, opacity: 1 } : null,
    };
  }

  function dot([x, y], radius) {
    return Array.from({ length: 9 }, (_, k) => [x + radius * Math.cos((k * Math.PI) / 4), y + radius * Math.sin((k * Math.PI) / 4)]);
  }

  /** A curve's band as a feature, null where it has none. Where a log scale has no place for it, it ends. */
  function band(part, frame, scale, colour, opacity) {
    if (!part.banded) return null;
    const floor = frame.height * 4;
    const polygons = [];
    let [top, bottom] = [[], []];
    const close = () => {
      if (top.length > 1) polygons.push([[...top, ...bottom.reverse(), top[0]]]);
      [top, bottom] = [[], []];
    };
    for (let p = 0; p < part.xs.length; p++) {
      const high = scale.y(part.hi[p]);
      const low = scale.y(part.lo[p]);
      if (!Number.isFinite(high) || part.lo[p] !== part.lo[p]) {
        close();
        continue;
      }
      const x = scale.x(part.xs[p]);
      top.push([x, high]);
      bottom.push([x, Number.isFinite(low) ? low : floor]);
    }
    close();
    if (!polygons.length) return null;
    return { type: "Feature", geometry: { type: "MultiPolygon", coordinates: polygons }, colour, opacity };
  }

  return { thinned, visibleRange, scales, line, band };
})();
