"use strict";
/**
 * One metric of many runs in typed arrays, and all that is computed from it: axes, smoothing, groups. No page, no
 * pixels.
 *
 * @typedef {object} Series
 * @property {Int32Array} runs     index of each run that logged the metric
 * @property {Uint32Array} offsets where the points of each of them begin, and the end of the last
 * @property {XsOf} step     x of a run's points, by the run's place in `runs`
 * @property {?XsOf} runtime  the same in s since the run began
 * @property {?XsOf} wall     the same in ms since the epoch
 * @property {?XsOf} defined  the value of the metric that was defined as the x axis
 * @property {Float32Array | Float64Array} y   NaN where only non-finite values were logged
 * @property {Float32Array | Float64Array} lo  smallest value behind each point; `y` itself where one row is one point
 * @property {Float32Array | Float64Array} hi
 * @property {boolean} bucketed    whether a point stands for several rows
 *
 * @typedef {(place: number) => Float64Array} XsOf
 *
 * @typedef {object} Curve
 * @property {string} key
 * @property {string} label
 * @property {Float64Array} xs     ascending
 * @property {ArrayLike<number>} ys  NaN: nothing here
 * @property {?ArrayLike<number>} lo  lower edge of the band
 * @property {?ArrayLike<number>} hi
 * @property {?Uint32Array} n      how many runs stand behind each point of a group
 */
runstore.series = (() => {
  const LABELS = { _step: "Step", _runtime: "Relative time", _timestamp: "Wall time" };
  const BINS = 1000;
  const MOST_POSITIONS = 4000;
  const MOST_SHARED = 1e7;

  /** @param {?string} text base64 @returns {?Uint8Array} */
  function bytes(text) {
    if (text === null) return null;
    if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  }

  const floats = (text, type) => text === null ? null : new (type === "f8" ? Float64Array : Float32Array)(bytes(text).buffer);

  /** @returns {Series} the series in the payload of a data file; `times` is that of its times, or null */
  function decode(payload, times) {
    const offsets = new Uint32Array(payload.counts.length + 1);
    payload.counts.forEach((count, k) => (offsets[k + 1] = offsets[k] + count));
    const y = floats(payload.y, payload.dtype);
    const runtime = times && floats(times.runtime, "f4");
    return {
      runs: Int32Array.from(payload.runs),
      offsets,
      step: steps(payload),
      runtime: runtime && parts(Float64Array.from(runtime, orNaN), offsets),
      wall: times && times.wall ? parts(walls(times.wall, runtime, offsets), offsets) : null,
      defined: payload.axis ? parts(Float64Array.from(floats(payload.axis, "f8"), orNaN), offsets) : null,
      y,
      lo: floats(payload.lo, payload.dtype) ?? y,
      hi: floats(payload.hi, payload.dtype) ?? y,
      bucketed: payload.lo !== null,
    };
  }

  /** The same for one run's data file, with the run at index 0. */
  function decodeRun(metric, times) {
    const payload = { ...metric, runs: [0], counts: [metric.count], starts: [metric.start], strides: [metric.stride] };
    return decode(payload, metric.times === null ? null : times[metric.times]);
  }

  const orNaN = (value) => (Number.isFinite(value) ? value : NaN);

  const parts = (xs, offsets) => (k) => xs.subarray(offsets[k], offsets[k + 1]);

  /** Runs that log every so many steps share one array of steps: each is a stretch of it. @returns {XsOf} */
  function steps({ counts, starts, strides, steps: others }) {
    const own = floats(others, "f8");
    const sequences = new Map();
    counts.forEach((count, k) => {
      if (strides[k] === null) return;
      const name = sequence(starts[k], strides[k]);
      const { low, high } = sequences.get(name) ?? { low: Infinity, high: -Infinity };
      sequences.set(name, { low: Math.min(low, starts[k]), high: Math.max(high, starts[k] + count * strides[k]) });
    });
    let used = 0;
    const made = counts.map((count, k) => {
      const [start, stride] = [starts[k], strides[k]];
      if (stride === null) return own.subarray(used, (used += count));
      const shared = sequences.get(sequence(start, stride));
      const size = (shared.high - shared.low) / stride;
      // Runs far apart would share an array that is mostly nobody's.
      if (size > MOST_SHARED) return Float64Array.from({ length: count }, (_, p) => start + p * stride);
      shared.xs ??= Float64Array.from({ length: size }, (_, p) => shared.low + p * stride);
      const from = (start - shared.low) / stride;
      return shared.xs.subarray(from, from + count);
    });
    return (k) => made[k];
  }

  /** Equal for runs whose steps are stretches of one sequence. */
  const sequence = (start, stride) => `${stride} ${((start % stride) + stride) % stride}`;

  function walls({ start, delta }, runtime, offsets) {
    const since = delta === null ? runtime : floats(delta, "f4");
    const xs = new Float64Array(since.length);
    for (let k = 0; k + 1 < offsets.length; k++) {
      const origin = start[k] ?? NaN;
      for (let p = offsets[k]; p < offsets[k + 1]; p++) xs[p] = orNaN((origin + since[p]) * 1000);
    }
    return xs;
  }

  /** What a chart says of its axis: the one that is wanted, or steps where the metric has none such. @param {?string} name of the metric that was defined as its axis */
  function shownAxis(wanted, available, name) {
    if (wanted === "defined") return { axis: available ? wanted : "_step", axisLabel: available ? name : LABELS._step, note: "" };
    const axis = available ? wanted : "_step";
    return { axis, axisLabel: LABELS[axis], note: available ? "" : "No times were logged with this metric: drawn over steps." };
  }

  /** The x of a run's points, or null where the metric has no such axis. @param {Series} series @param {string} axis @returns {?XsOf} */
  function axis(series, axis) {
    if (axis === "defined") return series.defined;
    return axis === "_runtime" ? series.runtime : axis === "_timestamp" ? series.wall : series.step;
  }

  /**
   * The curve of each run in `chosen` (a set of indices) that logged the metric.
   * @param {Series} series
   * @returns {Curve[]}
   */
  function runCurves(series, xsOf, chosen, name, weight) {
    const curves = [];
    for (let k = 0; k < series.runs.length; k++) {
      const run = series.runs[k];
      if (!chosen.has(run)) continue;
      const [from, to] = [series.offsets[k], series.offsets[k + 1]];
      const part = (values) => smooth(values.subarray(from, to), weight);
      curves.push({
        ...name(run),
        ...ascending(xsOf(k), part(series.y), series.bucketed ? part(series.lo) : null, series.bucketed ? part(series.hi) : null),
        n: null,
      });
    }
    return curves;
  }

  /** Clocks may jump: points in the order of x, those without an x left out. */
  function ascending(xs, ys, lo, hi) {
    let sorted = true;
    // Written so that a NaN is not in order.
    for (let p = 0; p < xs.length && sorted; p++) sorted = xs[p] >= (p ? xs[p - 1] : -Infinity);
    if (sorted) return { xs, ys, lo, hi };
    const order = [];
    xs.forEach((x, p) => Number.isNaN(x) || order.push(p));
    order.sort((a, b) => xs[a] - xs[b]);
    const pick = (values) => values && Float64Array.from(order, (p) => values[p]);
    return { xs: pick(xs), ys: pick(ys), lo: pick(lo), hi: pick(hi) };
  }

  /**
   * Exponential moving average with its bias towards zero taken out, as TensorBoard computes it. Points that are not
   * finite stay so and count for nothing.
   * @param {ArrayLike<number>} ys
   * @param {number} weight of what came before, from 0 (no smoothing) to below 1
   */
  function smooth(ys, weight) {
    if (!(weight > 0)) return ys;
    const out = new Float64Array(ys.length);
    let last = 0;
    let bias = 1;
    for (let p = 0; p < ys.length; p++) {
      if (!Number.isFinite(ys[p])) {
        out[p] = NaN;
        continue;
      }
      last = last * weight + (1 - weight) * ys[p];
      bias *= weight;
      out[p] = last / (1 - bias);
    }
    return out;
  }

  /**
   * The curve of each group: the mean, minimum or maximum of its runs at each x, with a band. Between two points of a
   * run its value is interpolated; before its first, after its last and beside a NaN it counts for nothing.
   * @param {Series} series
   * @param {{key: string, label: string, runs: Iterable<number>}[]} groups
   * @param {{agg: string, shade: string, smooth: number}} how
   * @returns {Curve[]}
   */
  function groupCurves(series, xsOf, groups, how) {
    const place = new Map();
    series.runs.forEach((run, k) => place.set(run, k));
    const curves = [];
    for (const group of groups) {
      const members = [...group.runs].map((run) => place.get(run)).filter((k) => k !== undefined);
      if (members.length) curves.push({ ...group, ...aggregate(series, xsOf, members, how) });
    }
    return curves.filter((curve) => curve.xs.length);
  }

  /** @param {Series} series @param {number[]} members places of runs in the series */
  function aggregate(series, xsOf, members, { agg, shade, smooth: weight }) {
    const parts = members.map((k) => {
      const [from, to] = [series.offsets[k], series.offsets[k + 1]];
      return ascending(xsOf(k), series.y.subarray(from, to), series.lo.subarray(from, to), series.hi.subarray(from, to));
    });
    const { grid, edges, aligned } = positions(parts);
    const totals = statistics(grid.length);
    for (const part of parts) {
      if (aligned) accumulateStretch(totals, lowerBound(grid, part.xs[0]), part);
      else accumulate(totals, grid, edges ? binned(part, grid, edges) : part);
    }
    return summarise(totals, grid, agg, shade, weight);
  }

  /**
   * Where a group's curve has points: every x of its runs. When those are too many, bins with about as many points
   * each: `edges` are their lower ends, and of what a run has in one no extreme is lost. When all are stretches of one
   * of them, they are `aligned`.
   */
  function positions(parts) {
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

  /** A run with one point for each bin it has points in, at the bin's place: their mean and extremes. */
  function binned({ xs, ys, lo, hi }, grid, edges) {
    const made = { xs: [], ys: [], lo: [], hi: [] };
    for (let p = 0; p < xs.length; ) {
      const after = lowerBound(edges, xs[p]);
      const bin = edges[after] === xs[p] ? after : after - 1;
      const next = edges[bin + 1] ?? Infinity;
      let [n, mean, low, high] = [0, 0, Infinity, -Infinity];
      for (; p < xs.length && xs[p] < next; p++) {
        if (ys[p] !== ys[p]) continue;
        n++;
        mean += ys[p] / n - mean / n;
        low = Math.min(low, lo[p]);
        high = Math.max(high, hi[p]);
      }
      made.xs.push(grid[bin]);
      made.ys.push(n ? mean : NaN);
      made.lo.push(n ? low : NaN);
      made.hi.push(n ? high : NaN);
    }
    return made;
  }

  /** Whether `xs` is a stretch of `whole`: runs that logged at the same steps, some for a shorter time. */
  function isPart(xs, whole) {
    if (!xs.length || (xs.buffer === whole.buffer && xs.byteOffset === whole.byteOffset)) return true;
    const start = lowerBound(whole, xs[0]);
    if (start + xs.length > whole.length) return false;
    for (let p = 0; p < xs.length; p++) if (xs[p] !== whole[start + p]) return false;
    return true;
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

  /** Adds one run whose points are those of the grid from `start` on. */
  function accumulateStretch({ n, mean, spread, min, max }, start, { ys, lo, hi }) {
    for (let p = 0, g = start; p < ys.length; p++, g++) {
      const value = ys[p];
      if (value !== value) continue;
      const before = mean[g];
      const count = ++n[g];
      const off = value - before;
      // Two values may lie so far apart that their difference is no number.
      mean[g] = off - off === 0 ? before + off / count : before + (value / count - before / count);
      spread[g] += off * (value - mean[g]);
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
        const share = (grid[g] - x0) / (x - x0);
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

  /** Between two values, which may lie so far apart that their difference is no number. */
  const between = (a, b, share) => a * (1 - share) + b * share;

  /** Welford's update: exact for many runs that differ little. */
  function add(totals, g, value, low, high) {
    const n = ++totals.n[g];
    const before = totals.mean[g];
    totals.mean[g] += value / n - before / n;
    totals.spread[g] += (value - before) * (value - totals.mean[g]);
    if (low < totals.min[g]) totals.min[g] = low;
    if (high > totals.max[g]) totals.max[g] = high;
  }

  function summarise(totals, grid, agg, shade, weight) {
    const line = new Float64Array(grid.length);
    const banded = shade !== "none" && (shade === "minmax" || totals.n.some((n) => n > 1));
    const [lo, hi] = banded ? [new Float64Array(grid.length), new Float64Array(grid.length)] : [null, null];
    for (let g = 0; g < grid.length; g++) {
      const n = totals.n[g];
      line[g] = n === 0 ? NaN : agg === "min" ? totals.min[g] : agg === "max" ? totals.max[g] : totals.mean[g];
      if (!banded) continue;
      if (shade === "minmax" || n === 0) {
        lo[g] = n ? totals.min[g] : NaN;
        hi[g] = n ? totals.max[g] : NaN;
        continue;
      }
      const deviation = n > 1 ? Math.sqrt(totals.spread[g] / (n - 1)) : 0;
      const half = shade === "stderr" ? deviation / Math.sqrt(n) : deviation;
      lo[g] = totals.mean[g] - half;
      hi[g] = totals.mean[g] + half;
    }
    return { xs: grid, ys: smooth(line, weight), lo: banded ? smooth(lo, weight) : null, hi: banded ? smooth(hi, weight) : null, n: totals.n };
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

  return { decode, decodeRun, axis, shownAxis, runCurves, groupCurves, smooth, lowerBound };
})();
