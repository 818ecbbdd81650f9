"use strict";
/**
 * From curves to what is drawn: thinned to what a screen can show without losing an extreme, and the way from values
 * to pixels.
 *
 * @typedef {object} Frame
 * @property {number} width   of the plot, px
 * @property {number} height
 * @property {[number, number]} x  visible range
 * @property {[number, number]} y
 * @property {boolean} log    whether y is logarithmic
 * @property {boolean} [xlog]
 */
runstore.shapes = (() => {
  // All curves of a chart together have about this many points; a curve has never less than the second number.
  const MOST_POINTS = 100000;
  const FEWEST = 80;

  /** Room for the longest curve's points, used again for each. */
  let scratch = { xs: new Float64Array(0), ys: new Float64Array(0), lo: new Float64Array(0), hi: new Float64Array(0) };

  /**
   * The part of a curve from `x0` to `x1`, and one point beyond each side. Of the points that share a column of the
   * screen the lowest and the highest remain; where a value is missing there is a gap.
   */
  function thin(curve, [x0, x1], columns, xlog, endsOf) {
    const { xs, ys, lo, hi } = curve;
    const from = Math.max(0, runstore.series.lowerBound(xs, x0) - 1);
    const to = Math.min(xs.length, runstore.series.lowerBound(xs, x1) + 2);
    if (to - from <= 2 * columns) return piece(curve, from, to);
    if (scratch.xs.length < to - from) for (const name in scratch) scratch[name] = new Float64Array(to - from);
    const kept = { size: 0, ...scratch };
    const ends = endsOf(xs, from, to, xlog ? columns / Math.log(x1 / x0) : columns / (x1 - x0), x0, xlog);
    let p = from;
    for (const end of ends) {
      let [low, high] = [-1, -1];
      let [least, most, bottom, top] = [Infinity, -Infinity, Infinity, -Infinity];
      for (; p < end; p++) {
        const y = ys[p];
        if (y !== y) {
          if (low >= 0) keep(kept, xs, ys, low, high, bottom, top);
          gap(kept, xs[p]);
          [low, high, least, most, bottom, top] = [-1, -1, Infinity, -Infinity, Infinity, -Infinity];
          continue;
        }
        if (y < least || low < 0) {
          least = y;
          low = p;
        }
        if (y > most || high < 0) {
          most = y;
          high = p;
        }
        if (lo && lo[p] < bottom) bottom = lo[p];
        if (hi && hi[p] > top) top = hi[p];
      }
      if (low >= 0) keep(kept, xs, ys, low, high, bottom, top);
    }
    const copy = (values) => values.slice(0, kept.size);
    return { xs: copy(kept.xs), ys: copy(kept.ys), lo: lo && copy(kept.lo), hi: hi && copy(kept.hi), banded: lo !== null };
  }

  function piece({ xs, ys, lo, hi }, from, to) {
    const cut = (values) => values && values.subarray(from, to);
    return { xs: cut(xs), ys: cut(ys), lo: cut(lo), hi: cut(hi), banded: lo !== null };
  }

  /** The lowest and the highest point of a column, in their order. */
  function keep(kept, xs, ys, low, high, bottom, top) {
    const [first, last] = low < high ? [low, high] : [high, low];
    for (let p = first; ; p = last) {
      const at = kept.size++;
      kept.xs[at] = xs[p];
      kept.ys[at] = ys[p];
      kept.lo[at] = bottom;
      kept.hi[at] = top;
      if (p === last) return;
    }
  }

  function gap(kept, x) {
    if (kept.size && kept.ys[kept.size - 1] !== kept.ys[kept.size - 1]) return;
    const at = kept.size++;
    kept.xs[at] = x;
    kept.ys[at] = kept.lo[at] = kept.hi[at] = NaN;
  }

  /** Where each column's points end. Runs that logged at the same steps share the answer. */
  function columnEnds() {
    const known = new Map();
    const numbers = new Map();
    return (xs, from, to, scale, x0, xlog) => {
      if (!numbers.has(xs.buffer)) numbers.set(xs.buffer, numbers.size);
      const name = `${numbers.get(xs.buffer)} ${xs.byteOffset} ${from} ${to}`;
      let ends = known.get(name);
      if (!ends) {
        ends = [];
        const place = xlog ? (x) => Math.floor(Math.log(Math.max(x, Number.MIN_VALUE) / x0) * scale) : (x) => Math.floor((x - x0) * scale);
        let column = place(xs[from]);
        for (let p = from + 1; p < to; p++) {
          const next = place(xs[p]);
          if (next === column) continue;
          ends.push(p);
          column = next;
        }
        known.set(name, (ends = Int32Array.from([...ends, to])));
      }
      return ends;
    };
  }

  /** The parts of all curves that a chart of this width shows. */
  function thinned(curves, x, width, xlog = false) {
    const columns = Math.max(FEWEST / 2, Math.min(width, Math.floor(MOST_POINTS / (2 * curves.length))));
    const endsOf = columnEnds();
    return curves.map((curve) => thin(curve, x, columns, xlog, endsOf));
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
    if (log) return low === high ? [low / 2, Math.min(high * 2, Number.MAX_VALUE)] : roomy(low, high);
    const room = low === high ? Math.abs(low) * 0.1 || 1 : high * 0.04 - low * 0.04;
    return [Math.max(low - room, -Number.MAX_VALUE), Math.min(high + room, Number.MAX_VALUE)];
  }

  /** A range on a logarithmic axis, with a little room. */
  function roomy(low, high) {
    const room = 0.03 * (Math.log(high) - Math.log(low));
    return [Math.max(low * Math.exp(-room), Number.MIN_VALUE), Math.min(high * Math.exp(room), Number.MAX_VALUE)];
  }

  /** A line's value at x, between its points p - 1 and p. */
  function between({ xs, ys }, p, x) {
    const share = (x - xs[p - 1]) / (xs[p] - xs[p - 1]);
    return ys[p - 1] * (1 - share) + ys[p] * share;
  }

  /** @param {Frame} frame @returns {{x: (value: number) => number, y: (value: number) => number}} */
  function scales({ width, height, x: [x0, x1], y: [y0, y1], log, xlog }) {
    const wide = Math.log(x1) - Math.log(x0);
    // What is not above zero has no place on a log axis: far to the left.
    const x = xlog ? (value) => (value > 0 ? ((Math.log(value) - Math.log(x0)) / wide) * width : -4 * width) : (value) => ((value - x0) / (x1 - x0)) * width;
    // Halves: the range itself may be too large for a number.
    if (!log) return { x, y: (value) => height - ((value / 2 - y0 / 2) / (y1 / 2 - y0 / 2)) * height };
    const [low, size] = [Math.log(y0), Math.log(y1) - Math.log(y0)];
    return { x, y: (value) => (value > 0 ? height - ((Math.log(value) - low) / size) * height : NaN) };
  }

  return { thinned, visibleRange, roomy, scales };
})();
