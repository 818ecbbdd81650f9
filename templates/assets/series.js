"use strict";
/**
 * One metric of many runs in typed arrays, and the curves that are made of it: over which axis, of which runs or groups.
 * No page, no pixels.
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
 * @property {{key: string, xs: XsOf}} [over]  the metric that is its x axis, and its values
 * @property {(place: number) => number | undefined} [apart]  of a part of a run: the mean distance of neighbours in the whole
 * @property {(place: number) => ?{places: Uint32Array, kinds: Uint8Array}} broken which of a run's points have NaN or infinite values behind them
 *
 * @typedef {(place: number) => Float64Array} XsOf
 *
 * @typedef {object} Broken  where values were logged that are not finite
 * @property {Float64Array} xs   in any order; NaN where the axis has no place for them
 * @property {Uint8Array} kinds  what each was: a place in `series.BROKEN`
 *
 * @typedef {object} Curve
 * @property {string} key
 * @property {string} label
 * @property {Float64Array} xs     ascending
 * @property {ArrayLike<number>} ys  NaN: nothing here
 * @property {?ArrayLike<number>} lo  lower edge of the band
 * @property {?ArrayLike<number>} hi
 * @property {?Uint32Array} n      how many runs stand behind each point of a group
 * @property {boolean} binned      whether a group's runs have too many different x: its points stand for bins of them
 * @property {?Broken} broken      null when every value was finite
 */
runstore.series = (() => {
  const LABELS = { _step: "Step", _runtime: "Relative time", _timestamp: "Wall time" };
  const MOST_SHARED = 1e7;
  const BROKEN = ["NaN", "∞", "−∞"];
  const { smooth } = runstore.smoothing;
  const { aggregates } = runstore;

  /** @param {?string} text base64 @returns {?Uint8Array} */
  function bytes(text) {
    if (text === null) return null;
    if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  }

  const ARRAYS = { f8: Float64Array, f4: Float32Array, u4: Uint32Array, u2: Uint16Array, u1: Uint8Array };
  const floats = (text, type) => text === null ? null : new ARRAYS[type](bytes(text).buffer);

  /** @returns {Series} the series in the payload of a data file; `times` is that of its times, or null */
  const decode = (payload, times) => join([{ payload, times }]);

  /**
   * The series in several data files, of other runs each. What one of them lacks is NaN there.
   * @param {{payload: object, times: ?object}[]} parts @returns {Series}
   */
  function join(parts) {
    const payload = together(parts.map((part) => part.payload));
    const offsets = new Uint32Array(payload.counts.length + 1);
    payload.counts.forEach((count, k) => (offsets[k + 1] = offsets[k] + count));
    const columns = parts.map(columnsOf);
    const all = (name) => (columns.some((each) => each[name]) ? concatenated(columns.map((each) => each[name] ?? new Float64Array(each.y.length).fill(NaN))) : null);
    const bucketed = columns.some(({ lo }) => lo);
    const y = all("y");
    const whole = (name) => (bucketed ? concatenated(columns.map((each) => each[name] ?? each.y)) : y);
    const placed = (xs) => xs && slices(xs, offsets);
    return {
      runs: Int32Array.from(payload.runs),
      offsets,
      step: steps(payload),
      runtime: placed(all("runtime")),
      wall: placed(all("wall")),
      defined: placed(all("axis")),
      y,
      lo: whole("lo"),
      hi: whole("hi"),
      bucketed,
      broken: brokenOf(parts, columns, offsets),
    };
  }

  /** A series whose runs are ranks, the oldest 0, with their indices. @param {Series} values @param {number} count of all runs @returns {Series} */
  const indexed = (values, count) => ({ ...values, runs: values.runs.map((rank) => count - 1 - rank) });

  /** What data files say of their runs, as one would say it of them all. */
  function together(payloads) {
    const lists = Object.fromEntries(["runs", "counts", "starts", "strides"].map((name) => [name, payloads.flatMap((payload) => payload[name])]));
    const own = payloads.filter((payload) => payload.steps).map((payload) => Float64Array.from(floats(payload.steps, payload.steps_type ?? "f8")));
    return { ...lists, steps: own.length ? concatenated(own) : null };
  }

  /** The columns of one data file; null for what it has not. */
  function columnsOf({ payload, times }) {
    const { dtype } = payload;
    const counts = new Uint32Array(payload.counts.length + 1);
    payload.counts.forEach((count, k) => (counts[k + 1] = counts[k] + count));
    const runtime = times && floats(times.runtime, times.dtype);
    return {
      y: floats(payload.y, dtype),
      lo: floats(payload.lo, dtype),
      hi: floats(payload.hi, dtype),
      axis: payload.axis ? Float64Array.from(floats(payload.axis, "f8"), orNaN) : null,
      runtime: runtime && Float64Array.from(runtime, orNaN),
      wall: times && times.wall ? walls(times.wall, runtime, counts) : null,
    };
  }

  function concatenated(arrays) {
    if (arrays.length === 1) return arrays[0];
    const Type = arrays.every((array) => array instanceof Float32Array) ? Float32Array : Float64Array;
    const made = new Type(arrays.reduce((sum, { length }) => sum + length, 0));
    let end = 0;
    for (const array of arrays) {
      made.set(array, end);
      end += array.length;
    }
    return made;
  }

  /** The points of each run that have values behind them which are not finite. */
  function brokenOf(parts, columns, offsets) {
    const [points, kinds] = [[], []];
    let before = 0;
    parts.forEach(({ payload: { broken } }, at) => {
      if (broken) {
        points.push(Float64Array.from(new Uint32Array(bytes(broken.points).buffer), (point) => before + point));
        kinds.push(bytes(broken.kinds));
      }
      before += columns[at].y.length;
    });
    if (!points.length) return () => null;
    const all = concatenated(points);
    const kind = Uint8Array.from(kinds.flatMap((each) => [...each]));
    return (k) => {
      const [from, to] = [aggregates.lowerBound(all, offsets[k]), aggregates.lowerBound(all, offsets[k + 1])];
      return from === to ? null : { places: Uint32Array.from(all.subarray(from, to), (point) => point - offsets[k]), kinds: kind.slice(from, to) };
    };
  }

  /** The same for one run's data file, with the run at index 0. */
  function decodeRun(metric, times) {
    const payload = { ...metric, runs: [0], counts: [metric.count], starts: [metric.start], strides: [metric.stride] };
    return decode(payload, metric.times === null ? null : times[metric.times]);
  }

  const orNaN = (value) => (Number.isFinite(value) ? value : NaN);

  const slices = (xs, offsets) => (k) => xs.subarray(offsets[k], offsets[k + 1]);

  /** Runs that log every so many steps share one array of steps: each is a stretch of it. @returns {XsOf} */
  function steps({ counts, starts, strides, steps: own }) {
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

  function walls({ start, delta, dtype }, runtime, offsets) {
    const since = delta === null ? runtime : floats(delta, dtype);
    const xs = new Float64Array(since.length);
    for (let k = 0; k + 1 < offsets.length; k++) {
      const origin = start[k] ?? NaN;
      for (let p = offsets[k]; p < offsets[k + 1]; p++) xs[p] = orNaN((origin + since[p]) * 1000);
    }
    return xs;
  }

  /** Whether an axis is neither the step nor a time, nor what was defined: then it is the key of a metric. */
  const isMetric = (axis) => !Object.hasOwn(LABELS, axis) && axis !== "defined";

  /** What a chart says of its axis: the one that is wanted, or steps where the metric has none such. @param {?string} name of the metric that was defined as its axis */
  function shownAxis(wanted, available, name) {
    if (wanted === "defined") return { axis: available ? wanted : "_step", axisLabel: available ? name : LABELS._step, note: "" };
    if (available) return { axis: wanted, axisLabel: LABELS[wanted] ?? wanted, note: "" };
    const missing = isMetric(wanted) ? `No metric “${wanted}” was logged here` : "No times were logged with this metric";
    return { axis: "_step", axisLabel: LABELS._step, note: `${missing}: drawn over steps.` };
  }

  /** The x of a run's points, or null where the metric has no such axis. @param {Series} series @param {string} axis @returns {?XsOf} */
  function axis(series, axis) {
    if (isMetric(axis)) return series.over?.key === axis ? series.over.xs : null;
    return { _step: series.step, _runtime: series.runtime, _timestamp: series.wall, defined: series.defined }[axis];
  }

  /**
   * A series over another metric: the x of a point is that metric's value at its step, else the last before it in the
   * run; NaN where there is none yet.
   * @param {Series} values @param {Series} other @param {string} key of the other @returns {Series}
   */
  function over(values, other, key) {
    const places = new Map();
    other.runs.forEach((run, k) => places.set(run, k));
    const known = new Map();
    const xs = (k) => {
      if (!known.has(k)) known.set(k, lastOf(values.step(k), other, places.get(values.runs[k])));
      return known.get(k);
    };
    return { ...values, over: { key, xs } };
  }

  /** The value of a run's last point up to each step. @param {number} [k] the run's place, undefined where it has no points */
  function lastOf(steps, other, k) {
    const found = new Float64Array(steps.length).fill(NaN);
    if (k === undefined) return found;
    const [own, from] = [other.step(k), other.offsets[k]];
    let next = 0;
    for (let p = 0; p < steps.length; p++) {
      while (next < own.length && own[next] <= steps[p]) next++;
      if (next) found[p] = other.y[from + next - 1];
    }
    return found;
  }

  /**
   * The curve of each run in `chosen` (a set of indices) that logged the metric, smoothed along x.
   * @param {Series} series
   * @param {{smooth: number, smoother?: string}} how
   * @returns {Curve[]}
   */
  function runCurves(series, xsOf, chosen, name, how) {
    const order = orders();
    const curves = [];
    for (let k = 0; k < series.runs.length; k++) {
      const run = series.runs[k];
      if (!chosen.has(run)) continue;
      const [from, to] = [series.offsets[k], series.offsets[k + 1]];
      const cut = (values) => values.subarray(from, to);
      const found = { xs: xsOf(k), ys: cut(series.y), lo: series.bucketed ? cut(series.lo) : null, hi: series.bucketed ? cut(series.hi) : null };
      const { xs, ys, lo, hi } = order(found.xs) === "none" ? ascending(found) : found;
      const apart = series.apart?.(k);
      const smoothed = (values) => values && smooth(xs, values, { ...how, apart });
      const broken = brokenAt(series, xsOf, k);
      curves.push({ ...name(run), xs, ys: smoothed(ys), lo: smoothed(lo), hi: smoothed(hi), n: null, binned: false, broken });
    }
    return curves;
  }

  /** Clocks may jump: points in the order of x, those without an x left out. */
  function ascending({ xs, ys, lo, hi }) {
    if (!sorted.has(xs)) sorted.set(xs, placesOf(xs));
    const places = sorted.get(xs);
    // Of a million points: a plain loop, and what is one array stays one.
    const pick = (values) => {
      const made = new Float64Array(places.length);
      for (let p = 0; p < made.length; p++) made[p] = values[places[p]];
      return made;
    };
    const picked = pick(ys);
    const other = (values) => (values === ys ? picked : values && pick(values));
    return { xs: pick(xs), ys: picked, lo: other(lo), hi: other(hi) };
  }

  /** @type {WeakMap<Float64Array, Uint32Array>} the places of x in their order: over another metric they stay the same */
  const sorted = new WeakMap();

  function placesOf(xs) {
    const order = new Uint32Array(xs.length);
    let size = 0;
    for (let p = 0; p < xs.length; p++) if (xs[p] === xs[p]) order[size++] = p;
    return order.subarray(0, size).sort((a, b) => xs[a] - xs[b]);
  }

  /** Whether some x are in "strict" order, each once, in "some", or in "none"; runs that share them share the answer. */
  function orders() {
    let [last, answer] = [null, null];
    return (xs) => {
      const same = last && last.buffer === xs.buffer && last.byteOffset === xs.byteOffset && last.length === xs.length;
      if (!same) [last, answer] = [xs, orderOf(xs)];
      return answer;
    };
  }

  function orderOf(xs) {
    let found = "strict";
    for (let p = 0; p < xs.length; p++) {
      const before = p ? xs[p - 1] : -Infinity;
      // Written so that a NaN is not in order.
      if (!(xs[p] >= before)) return "none";
      if (xs[p] === before) found = "some";
    }
    return found;
  }

  /**
   * The curve of each group: its runs' mean, median, minimum or maximum at each x, with a band, smoothed.
   * @param {Series} series
   * @param {{key: string, label: string, runs: Iterable<number>}[]} groups
   * @param {{agg: string, shade: string, smooth: number, smoother?: string}} how
   * @returns {Curve[]}
   */
  function groupCurves(series, xsOf, groups, how) {
    const order = orders();
    const curves = [];
    for (const { members, group } of placed(series, groups)) {
      const { xs, line, lo, hi, n, binned } = aggregates.aggregate(members.map((k) => part(series, xsOf, k, order)), how);
      const smoothed = (values) => values && smooth(xs, values, how);
      const broken = joined(members.map((k) => brokenAt(series, xsOf, k)));
      if (xs.length) curves.push({ ...group, xs, ys: smoothed(line), lo: smoothed(lo), hi: smoothed(hi), n, binned, broken });
    }
    return curves;
  }

  /**
   * The runs behind the groups' lines, each with its group's own properties and its index as `run`.
   * @param {{key: string, runs: Iterable<number>}[]} groups
   * @param {{smooth: number, smoother?: string}} how
   * @returns {Curve[]}
   */
  function memberCurves(series, xsOf, groups, how) {
    const order = orders();
    return placed(series, groups).flatMap(({ members, group }) => members.map((k) => {
      const { xs, ys } = part(series, xsOf, k, order);
      return { ...group, run: series.runs[k], xs, ys: smooth(xs, ys, how), lo: null, hi: null, n: null, binned: false, broken: null };
    }));
  }

  /** Each group that logged the metric, with its runs' places in the series. */
  function placed(series, groups) {
    const place = new Map();
    series.runs.forEach((run, k) => place.set(run, k));
    const found = groups.map((group) => ({ group, members: [...group.runs].map((run) => place.get(run)).filter((k) => k !== undefined) }));
    return found.filter(({ members }) => members.length);
  }

  /** The points of a run in a group's line: in the order of x, each x once. */
  function part(series, xsOf, k, order) {
    const [from, to] = [series.offsets[k], series.offsets[k + 1]];
    const xs = xsOf(k);
    const ys = series.y.subarray(from, to);
    const cut = (values) => (values === series.y ? ys : values.subarray(from, to));
    const found = { xs, ys, lo: cut(series.lo), hi: cut(series.hi) };
    return order(xs) === "strict" ? found : aggregates.merged(ascending(found));
  }

  /** Where a run's points that are not finite stand, and what they are. @returns {?Broken} */
  function brokenAt(series, xsOf, k) {
    const found = series.broken(k);
    if (!found) return null;
    const xs = xsOf(k);
    return { xs: Float64Array.from(found.places, (p) => xs[p]), kinds: found.kinds };
  }

  function joined(all) {
    const some = all.filter((each) => each !== null);
    if (!some.length) return null;
    return { xs: Float64Array.from(some.flatMap(({ xs }) => [...xs])), kinds: Uint8Array.from(some.flatMap(({ kinds }) => [...kinds])) };
  }

  return { decode, join, indexed, decodeRun, floats, axis, isMetric, over, shownAxis, runCurves, groupCurves, memberCurves, lowerBound: aggregates.lowerBound, BROKEN };
})();
