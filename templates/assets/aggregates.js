"use strict";
/**
 * What a group of curves has in common: mean, median, extremes, deviation and number of runs at each x. Between two
 * points of a run its value is interpolated; before its first, after its last and beside a NaN it counts for nothing.
 *
 * @typedef {object} Part  the points of one run, each x once
 * @property {Float64Array} xs ascending
 * @property {ArrayLike<number>} ys
 * @property {ArrayLike<number>} lo smallest value behind each point
 * @property {ArrayLike<number>} hi
 */
runstore.aggregates = (() => {
  const BINS = 1000;
  const MOST_POSITIONS = 4000;
  // As many values at once as the medians are found among.
  const TILE = 1 << 17;
  // The 97.5 % quantile of the normal distribution.
  const NORMAL = 1.9599639845400543;
  // More degrees of freedom than this, and a series is as exact as the sum.
  const MANY = 200;

  /**
   * @param {Part[]} parts one or more
   * @param {{agg: string, shade: string}} how mean | median | min | max, and none | minmax | std | stderr | ci
   * @returns {{xs: Float64Array, line: Float64Array, lo: ?Float64Array, hi: ?Float64Array, n: Uint32Array, binned: boolean}}
   */
  function aggregate(parts, { agg, shade }) {
    const { grid, edges, aligned } = positions(parts);
    const placed = edges ? parts.map((part) => binned(part, grid, edges)) : parts;
    const totals = statistics(grid.length);
    for (const part of placed) {
      if (aligned) accumulateStretch(totals, lowerBound(grid, part.xs[0]), part);
      else accumulate(totals, grid, part);
    }
    const deviation = ["std", "stderr", "ci"].includes(shade) ? deviations(totals, placed, grid) : null;
    return { xs: grid, line: line(totals, placed, grid, agg, aligned), ...band(totals, deviation, shade), n: totals.n, binned: edges !== null };
  }

  /**
   * Where a group's curve has points: every x of its runs. When those are too many, bins with about as many points
   * each: `edges` are their lower ends, and of what a run has in one no extreme is lost. When the points of all runs are
   * points of the grid without a gap, they are `aligned`.
   */
  function positions(parts) {
    const whole = stretch(parts);
    if (whole) return { grid: whole.slice(), edges: null, aligned: true };
    const longest = parts.reduce((best, part) => (part.xs.length > best.xs.length ? part : best));
    if (parts.every(({ xs }) => isPart(xs, longest.xs))) return { grid: Float64Array.from(longest.xs), edges: null, aligned: true };
    const all = new Float64Array(parts.reduce((total, { xs }) => total + xs.length, 0));
    let end = 0;
    for (const { xs } of parts) {
      all.set(xs, end);
      end += xs.length;
    }
    all.sort();
    let count = 0;
    for (let p = 0; p < end; p++) if (p === 0 || all[p] !== all[count - 1]) all[count++] = all[p];
    if (count <= MOST_POSITIONS) return { grid: all.slice(0, count), edges: null, aligned: false };
    const place = (bin) => Math.floor((bin * count) / BINS);
    const edges = Float64Array.from({ length: BINS }, (_, bin) => all[place(bin)]);
    return { grid: edges.map((_, bin) => all[(place(bin) + place(bin + 1) - 1) >> 1]), edges, aligned: false };
  }

  /** The piece of memory that the points of all runs make up, where that is an ascending one; else null. */
  function stretch(parts) {
    const [{ xs: first }] = parts;
    if (parts.some(({ xs }) => xs.buffer !== first.buffer || !xs.length)) return null;
    const ends = parts.map(({ xs }) => [xs.byteOffset, xs.byteOffset + xs.byteLength]).sort((a, b) => a[0] - b[0]);
    const start = ends[0][0];
    let end = ends[0][1];
    for (const [from, to] of ends) {
      if (from > end) return null;
      end = Math.max(end, to);
    }
    const whole = new Float64Array(first.buffer, start, (end - start) / 8);
    for (let p = 1; p < whole.length; p++) if (!(whole[p] > whole[p - 1])) return null;
    return whole;
  }

  /** Whether `xs` is a stretch of `whole`: runs that logged at the same steps, some for a shorter time. */
  function isPart(xs, whole) {
    if (!xs.length || (xs.buffer === whole.buffer && xs.byteOffset === whole.byteOffset)) return true;
    const start = lowerBound(whole, xs[0]);
    if (start + xs.length > whole.length) return false;
    for (let p = 0; p < xs.length; p++) if (xs[p] !== whole[start + p]) return false;
    return true;
  }

  /** A run with one point for each bin it has points in, at the bin's place: their mean and extremes. */
  function binned({ xs, ys, lo, hi }, grid, edges) {
    const made = { xs: [], ys: [], lo: [], hi: [] };
    for (let p = 0; p < xs.length; ) {
      const after = lowerBound(edges, xs[p]);
      const bin = edges[after] === xs[p] ? after : after - 1;
      const next = edges[bin + 1] ?? Infinity;
      let end = p;
      while (end < xs.length && xs[end] < next) end++;
      put(made, grid[bin], meanOf(ys, lo, hi, p, end));
      p = end;
    }
    return made;
  }

  function put(made, x, { mean, low, high }) {
    made.xs.push(x);
    made.ys.push(mean);
    made.lo.push(low);
    made.hi.push(high);
  }

  /** Mean and extremes of the points of a run from `from` to `end`; NaN where all are. */
  function meanOf(ys, lo, hi, from, end) {
    let [n, mean, low, high] = [0, 0, Infinity, -Infinity];
    for (let p = from; p < end; p++) {
      if (ys[p] !== ys[p]) continue;
      n++;
      mean += ys[p] / n - mean / n;
      low = Math.min(low, lo[p]);
      high = Math.max(high, hi[p]);
    }
    return n ? { mean, low, high } : { mean: NaN, low: NaN, high: NaN };
  }

  /** A run with each x once: points that share one become their mean, with their extremes. @param {Part} part @returns {Part} */
  function merged(part) {
    const { xs, ys, lo, hi } = part;
    let p = 1;
    while (p < xs.length && xs[p] !== xs[p - 1]) p++;
    if (p >= xs.length) return part;
    const made = { xs: [], ys: [], lo: [], hi: [] };
    for (let from = 0; from < xs.length; ) {
      let end = from + 1;
      while (end < xs.length && xs[end] === xs[from]) end++;
      put(made, xs[from], meanOf(ys, lo, hi, from, end));
      from = end;
    }
    return Object.fromEntries(Object.entries(made).map(([name, values]) => [name, Float64Array.from(values)]));
  }

  function statistics(size) {
    return {
      n: new Uint32Array(size),
      mean: new Float64Array(size),
      spread: new Float64Array(size),
      min: new Float64Array(size).fill(Infinity),
      max: new Float64Array(size).fill(-Infinity),
    };
  }

  /** Adds one run whose points are those of the grid from `start` on: `add`, written out because it takes a third of the time. */
  function accumulateStretch({ n, mean, spread, min, max }, start, { ys, lo, hi }) {
    for (let p = 0, g = start; p < ys.length; p++, g++) {
      const value = ys[p];
      if (value !== value) continue;
      const before = mean[g];
      const count = ++n[g];
      const off = value - before;
      const after = off - off === 0 ? before + off / count : before + (value / count - before / count);
      mean[g] = after;
      spread[g] += off * (value - after);
      if (lo[p] < min[g]) min[g] = lo[p];
      if (hi[p] > max[g]) max[g] = hi[p];
    }
  }

  /** Adds one run to the totals at each position of the grid that lies within it. */
  function accumulate(totals, grid, { xs, ys, lo, hi }) {
    let g = xs.length ? lowerBound(grid, xs[0]) : grid.length;
    let [x0, y0, lo0, hi0] = [NaN, NaN, NaN, NaN];
    for (let p = 0; p < xs.length; p++) {
      const [x, y] = [xs[p], ys[p]];
      for (; g < grid.length && grid[g] < x; g++) {
        const share = shareOf(x0, grid[g], x);
        const value = between(y0, y, share);
        if (value === value) add(totals, g, value, between(lo0, lo[p], share), between(hi0, hi[p], share));
      }
      if (g < grid.length && grid[g] === x) {
        if (y === y) add(totals, g, y, lo[p], hi[p]);
        g++;
      }
      x0 = x;
      y0 = y;
      lo0 = lo[p];
      hi0 = hi[p];
    }
  }

  /** Welford's update: exact for many runs that differ little. */
  function add({ n, mean, spread, min, max }, g, value, low, high) {
    const before = mean[g];
    const count = ++n[g];
    const off = value - before;
    // Two values may lie so far apart that their difference is no number.
    mean[g] = off - off === 0 ? before + off / count : before + (value / count - before / count);
    spread[g] += off * (value - mean[g]);
    if (low < min[g]) min[g] = low;
    if (high > max[g]) max[g] = high;
  }

  /** How far x lies from `x0` to `x1`, which may lie so far apart that their difference is no number. */
  function shareOf(x0, x, x1) {
    const width = x1 - x0;
    return width < Infinity ? (x - x0) / width : (x / 2 - x0 / 2) / (x1 / 2 - x0 / 2);
  }

  /** The same of two values. */
  const between = (a, b, share) => a * (1 - share) + b * share;

  /** Writes the value of a run at the positions `from` to `to` of the grid into `out`; NaN where it has none. */
  function resample({ xs, ys }, grid, from, to, out) {
    out.fill(NaN);
    let p = lowerBound(xs, grid[from]);
    for (let g = from; g < to && p < xs.length; g++) {
      while (p < xs.length && xs[p] < grid[g]) p++;
      if (p === xs.length) return;
      if (xs[p] === grid[g]) out[g - from] = ys[p];
      else if (p > 0) out[g - from] = between(ys[p - 1], ys[p], shareOf(xs[p - 1], grid[g], xs[p]));
    }
  }

  /**
   * The standard deviation at each position; zero where one run is left. Squares of huge values are no number, those of
   * tiny ones zero: there it is found again, with a power of two taken out.
   */
  function deviations({ n, mean, spread, min, max }, parts, grid) {
    const one = new Float64Array(1);
    return Float64Array.from(spread, (squares, g) => {
      if (n[g] < 2 || min[g] === max[g]) return 0;
      if (squares > 1e-280 && squares < Infinity) return Math.sqrt(squares / (n[g] - 1));
      const values = parts.map((part) => (resample(part, grid, g, g + 1, one), one[0])).filter((value) => value === value);
      const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), Number.MIN_VALUE);
      const unit = 2 ** Math.max(-1000, Math.floor(Math.log2(largest)));
      const total = values.reduce((sum, value) => sum + (value / unit - mean[g] / unit) ** 2, 0);
      return unit * Math.sqrt(total / (n[g] - 1));
    });
  }

  function line(totals, parts, grid, agg, aligned) {
    const values = agg === "median" ? medians(parts, grid, aligned) : agg === "mean" ? totals.mean : totals[agg];
    return values.map((value, g) => (totals.n[g] ? value : NaN));
  }

  /** The median of the runs at each position: of an even number the mean of the two in the middle. */
  function medians(parts, grid, aligned) {
    const out = new Float64Array(grid.length);
    const rows = Math.max(1, Math.min(grid.length, Math.floor(TILE / parts.length)));
    const values = new Float64Array(rows * parts.length);
    for (let from = 0; from < grid.length; from += rows) {
      const to = Math.min(grid.length, from + rows);
      const counts = new Uint32Array(to - from);
      const found = new Float64Array(to - from);
      for (const part of parts) {
        const { ys, start, end } = aligned ? shared(part, grid, from, to) : { ys: found, start: 0, end: to - from };
        if (!aligned) resample(part, grid, from, to, found);
        for (let g = start; g < end; g++) {
          const value = ys[g - start];
          if (value === value) values[g * parts.length + counts[g]++] = value;
        }
      }
      for (let g = 0; g < found.length; g++) out[from + g] = median(values, g * parts.length, counts[g]);
    }
    return out;
  }

  /** The values of an aligned run at the positions `from` to `to` of the grid, and at which of these it has one. */
  function shared({ xs, ys }, grid, from, to) {
    const first = xs.length ? lowerBound(grid, xs[0]) : to;
    const start = Math.min(to, Math.max(from, first));
    const end = Math.max(start, Math.min(to, first + xs.length));
    return { ys: ys.subarray(start - first, end - first), start: start - from, end: end - from };
  }

  /** The median of `count` values from `start` on, which change places. */
  function median(values, start, count) {
    if (!count) return NaN;
    const middle = start + (count >> 1);
    select(values, start, start + count - 1, middle);
    if (count % 2) return values[middle];
    let below = values[start];
    for (let at = start + 1; at < middle; at++) if (values[at] > below) below = values[at];
    return between(below, values[middle], 0.5);
  }

  /** Puts at `place` the value that would be there if those from `low` to `high` were sorted, and none above it before (Hoare). */
  function select(values, low, high, place) {
    while (low < high) {
      const [a, b, c] = [values[low], values[(low + high) >> 1], values[high]];
      const pivot = a < b ? (b < c ? b : a < c ? c : a) : a < c ? a : b < c ? c : b;
      let [left, right] = [low, high];
      while (left <= right) {
        while (values[left] < pivot) left++;
        while (values[right] > pivot) right--;
        if (left > right) break;
        const kept = values[left];
        values[left++] = values[right];
        values[right--] = kept;
      }
      if (place <= right) high = right;
      else if (place >= left) low = left;
      else return;
    }
  }

  /** The edges of the band around the mean, null for none: where one run is left it has no width. */
  function band({ n, mean, min, max }, deviation, shade) {
    const here = (values) => values.map((value, g) => (n[g] ? value : NaN));
    if (shade === "minmax") return { lo: here(min), hi: here(max) };
    if (!deviation || !n.some((count) => count > 1)) return { lo: null, hi: null };
    const half = deviation.map((value, g) => (n[g] > 1 ? value * widthOf(shade, n[g]) : 0));
    return { lo: here(mean.map((value, g) => value - half[g])), hi: here(mean.map((value, g) => value + half[g])) };
  }

  /** Half of a band over the standard deviation. */
  function widthOf(shade, n) {
    if (shade === "std") return 1;
    return (shade === "ci" ? quantile(n - 1) : 1) / Math.sqrt(n);
  }

  const quantiles = new Map();

  /** The 97.5 % quantile of Student's t, so that 95 % lie between its negative and itself. @param {number} freedom degrees of it, 1 or more */
  function quantile(freedom) {
    if (!quantiles.has(freedom)) quantiles.set(freedom, freedom > MANY ? expanded(freedom) : bisected(freedom));
    return quantiles.get(freedom);
  }

  /** Fisher's expansion about the normal distribution. */
  function expanded(freedom) {
    const [z, z2] = [NORMAL, NORMAL * NORMAL];
    const terms = [
      (z * (z2 + 1)) / 4,
      (z * ((5 * z2 + 16) * z2 + 3)) / 96,
      (z * (((3 * z2 + 19) * z2 + 17) * z2 - 15)) / 384,
      (z * ((((79 * z2 + 776) * z2 + 1482) * z2 - 1920) * z2 - 945)) / 92160,
    ];
    return terms.reduceRight((sum, term) => (sum + term) / freedom, 0) + z;
  }

  function bisected(freedom) {
    let [low, high] = [NORMAL, 13];
    for (;;) {
      const middle = (low + high) / 2;
      if (middle === low || middle === high) return middle;
      if (within(middle, freedom) < 0.95) low = middle;
      else high = middle;
    }
  }

  /** The share of Student's t between -t and t, a finite sum for whole degrees of freedom (Abramowitz and Stegun, 26.7.3 and 4). */
  function within(t, freedom) {
    const angle = Math.atan(t / Math.sqrt(freedom));
    const [sine, cosine] = [Math.sin(angle), Math.cos(angle)];
    const odd = freedom % 2;
    let term = odd ? cosine : 1;
    let sum = freedom === 1 ? 0 : term;
    for (let k = odd ? 2 : 1; k <= freedom - 3; k += 2) {
      term *= (cosine * cosine * k) / (k + 1);
      sum += term;
    }
    return odd ? (2 / Math.PI) * (angle + sine * sum) : sine * sum;
  }

  /** The first place in ascending `values` that is not below `x`. */
  function lowerBound(values, x) {
    let [low, high] = [0, values.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (values[middle] < x) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  return { aggregate, merged, lowerBound, shareOf, quantile };
})();
