"use strict";
/**
 * Every row of long runs, for a chart that is zoomed: the pieces that hold a range of x take the place of the buckets.
 * No page, no pixels.
 *
 * @typedef {object} Index  where every row of a metric of one run lies
 * @property {string[]} pieces    names of the data files
 * @property {(?string)[]} times  those of their times
 * @property {number[]} counts    points in each
 * @property {(?Span)[]} step     which x it holds, axis by axis
 * @property {(?Span)[]} runtime
 * @property {(?Span)[]} wall
 * @property {(?Span)[]} [defined]
 * @typedef {[number, number, number]} Span  lowest and highest x, and how many there are
 * @typedef {{index: Index, folder: string}} Place  an index, and where its pieces lie
 *
 * @typedef {object} Detail  what a chart shows of a range
 * @property {Series} values  with every row of the range, and of what is drawn and smoothed into it from beside; the buckets where they are too many
 * @property {number} rows    points in the range, of buckets rows
 * @property {number} long    how many of its runs are long
 * @property {boolean} whole  whether every row is there
 * @property {boolean} [crowded]  because a smoother needs too many rows beside the range
 * @property {?Error} [failed] why a file could not be loaded
 */
runstore.fine = (() => {
  const { series, smoothing } = runstore;
  const { lowerBound } = runstore.aggregates;
  const AXES = { _step: "step", _runtime: "runtime", _timestamp: "wall", defined: "defined" };
  const TIMED = new Set(["_runtime", "_timestamp"]);
  // A time that is stored as a distance may be so many ms off.
  const BLUR = 11;
  // As many rows as all lines of a chart together may have, and as many pieces as are loaded for it and kept.
  const MOST_ROWS = 200_000;
  const MOST_PIECES = 200;
  // As many more as a smoother may need.
  const MOST_BESIDE = 3_000_000;

  /** @type {Map<string, Promise<Series>>} the pieces that were used last */
  const kept = new Map();

  /** A piece, decoded. @param {Place} place @param {number} number @param {boolean} timed */
  function piece({ index, folder }, number, timed) {
    const [name, moments] = [index.pieces[number], timed ? index.times[number] : null];
    const key = `${folder} ${name} ${moments}`;
    const found = kept.get(key) ?? read(folder, name, moments);
    kept.delete(key);
    kept.set(key, found);
    found.catch(() => kept.delete(key));
    if (kept.size > MOST_PIECES) kept.delete(kept.keys().next().value);
    return found;
  }

  const isKept = ({ index, folder }, number, timed) => kept.has(`${folder} ${index.pieces[number]} ${timed ? index.times[number] : null}`);

  async function read(folder, name, moments) {
    const load = (each) => runstore.load(each, `${folder}${each}.js`);
    const [values, times] = await Promise.all([load(name), moments && load(moments)]);
    for (const each of [name, moments]) if (each) runstore.forget(each);
    return series.decodeRun({ ...values, times: times ? 0 : null }, [times]);
  }

  /** How many points of a long run lie in a range, about: as if those of a piece lay evenly. */
  function estimate(spans, [x0, x1]) {
    let rows = 0;
    for (const span of spans) {
      if (!span || span[0] > x1 || span[1] < x0) continue;
      const [low, high, count] = span;
      rows += high > low ? Math.ceil((count * (Math.min(high, x1) - Math.max(low, x0))) / (high - low)) : count;
    }
    return rows;
  }

  /** The mean distance of neighbours in a whole run. @param {(?Span)[]} spans */
  function apart(spans) {
    const some = spans.filter(Boolean);
    const count = some.reduce((sum, span) => sum + span[2], 0);
    const low = some.reduce((least, span) => Math.min(least, span[0]), Infinity);
    const high = some.reduce((most, span) => Math.max(most, span[1]), -Infinity);
    return (high - low) / (count - 1);
  }

  /** The points of one run that were loaded so far, in the order of their steps. */
  class Points {
    /** @param {boolean} finite whether only points that have a value count */
    constructor(place, axis, finite) {
      Object.assign(this, { place, axis, finite, pieces: new Map() });
      const spans = place.index[AXES[axis]] ?? [];
      this.apart = apart(spans);
      this.spans = axis === "_timestamp" ? spans.map((span) => span && [span[0] - BLUR, span[1] + BLUR, span[2]]) : spans;
    }

    async take(numbers) {
      this.counted = null;
      const all = await Promise.all(numbers.map((number) => piece(this.place, number, TIMED.has(this.axis))));
      numbers.forEach((number, at) => this.pieces.set(number, all[at]));
    }

    /** Numbers of pieces that are not there yet, of which a condition holds. @param {(span: Span) => boolean} test */
    missing(test) {
      return this.spans.flatMap((span, number) => (span && !this.pieces.has(number) && test(span) ? [number] : []));
    }

    /** All x that are loaded and count, in their order. */
    get sorted() {
      return (this.counted ??= ascending([...this.pieces.values()].map((each) => {
        const xs = series.axis(each, this.axis)(0);
        return !this.finite && isRising(each, this.axis) ? xs : xs.filter((x, p) => x === x && !(this.finite && each.y[p] !== each.y[p]));
      })));
    }

    /**
     * Loads what it takes to have all points of a range, and so many beside it; those from `low` to `high`.
     * @param {[number, number]} range @param {{before: number, after: number}} beside
     */
    async cover([x0, x1], { before, after }) {
      await this.take(this.missing(([low, high]) => low <= x1 && high >= x0));
      const low = await this.#reach(before, {
        far: (span) => span[1], isBeside: ([, high]) => high < x0, better: (a, b) => b - a, isNear: ([, high], x) => high > x,
        found: (xs) => (lowerBound(xs, x0) >= before ? xs[lowerBound(xs, x0) - before] : undefined), end: -Infinity,
      });
      const high = await this.#reach(after, {
        far: (span) => span[0], isBeside: ([first]) => first > x1, better: (a, b) => a - b, isNear: ([first], x) => first < x,
        found: (xs) => xs[above(xs, x1) + after - 1], end: Infinity,
      });
      return [low, high];
    }

    /** Loads pieces on one side of the range, the nearest first, until there are enough points; the last x that counts. */
    async #reach(wanted, { far, isBeside, better, isNear, found, end }) {
      for (;;) {
        const x = found(this.sorted);
        // Clocks may jump: a piece further away may still hold points that are nearer.
        const more = this.missing((span) => isBeside(span) && (x === undefined || isNear(span, x)));
        if (!more.length) return x ?? end;
        more.sort((a, b) => better(far(this.spans[a]), far(this.spans[b])));
        await this.take(x === undefined ? more.slice(0, 1) : more);
      }
    }

    /** Those from `low` to `high` as one run. */
    cut([low, high]) {
      const made = { step: [], xs: [], y: [], lo: [], hi: [], places: [], kinds: [] };
      for (const number of [...this.pieces.keys()].sort((a, b) => a - b)) append(made, this.pieces.get(number), this.axis, low, high);
      return made;
    }
  }

  /** @type {WeakMap<Series, Object<string, boolean>>} */
  const rising = new WeakMap();

  /** Whether the x of a piece rise, none of them missing. */
  function isRising(of, axis) {
    if (!rising.has(of)) rising.set(of, {});
    const xs = series.axis(of, axis)(0);
    return (rising.get(of)[axis] ??= xs.every((x, p) => x >= (p ? xs[p - 1] : -Infinity)));
  }

  function ascending(parts) {
    if (parts.length === 1 && parts[0].every((x, p) => p === 0 || x >= parts[0][p - 1])) return parts[0];
    const all = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0));
    let end = 0;
    for (const part of parts) {
      all.set(part, end);
      end += part.length;
    }
    return all.every((x, p) => p === 0 || x >= all[p - 1]) ? all : all.sort();
  }

  /** The first place in ascending `values` that is above `x`. */
  function above(values, x) {
    let place = lowerBound(values, x);
    while (place < values.length && values[place] === x) place++;
    return place;
  }

  /** Adds the points of a piece that lie from `low` to `high`. */
  function append(made, of, axis, low, high, k = 0) {
    const [steps, xs, from] = [of.step(k), series.axis(of, axis)(k), of.offsets[k]];
    const places = new Map();
    const isEven = k === 0 && of.runs.length === 1 && isRising(of, axis);
    const [first, end] = isEven ? [lowerBound(xs, low), above(xs, high)] : [0, xs.length];
    for (let p = first; p < end; p++) {
      if (!(xs[p] >= low && xs[p] <= high)) continue;
      places.set(p, made.xs.length);
      made.xs.push(xs[p]);
      made.step.push(steps[p]);
      for (const name of ["y", "lo", "hi"]) made[name].push(of[name][from + p]);
    }
    const broken = of.broken(k);
    broken?.places.forEach((p, at) => {
      if (!places.has(p)) return;
      made.places.push(places.get(p));
      made.kinds.push(broken.kinds[at]);
    });
  }

  /** Some runs' points as a series over one axis. @param {Map<number, object>} parts by run @returns {Series} */
  function together(parts, axis, distances) {
    const all = [...parts.values()];
    const offsets = new Uint32Array(all.length + 1);
    all.forEach(({ xs }, k) => (offsets[k + 1] = offsets[k] + xs.length));
    const joined = (name) => {
      const values = new Float64Array(offsets[all.length]);
      all.forEach((part, k) => values.set(part[name], offsets[k]));
      return values;
    };
    const along = (name) => {
      const made = all.map((part) => Float64Array.from(part[name]));
      return (k) => made[k];
    };
    const broken = all.map(({ places, kinds }) => (places.length ? { places: Uint32Array.from(places), kinds: Uint8Array.from(kinds) } : null));
    const [y, lo, hi] = [joined("y"), joined("lo"), joined("hi")];
    const bucketed = y.some((value, p) => value === value && (lo[p] !== value || hi[p] !== value));
    const between = [...parts.keys()].map((run) => distances.get(run));
    const made = { runtime: null, wall: null, defined: null, step: along("step") };
    if (axis !== "_step") made[AXES[axis]] = along("xs");
    return {
      ...made, runs: Int32Array.from(parts.keys()), offsets, y, lo: bucketed ? lo : y, hi: bucketed ? hi : y, bucketed,
      broken: (k) => broken[k], apart: (k) => between[k],
    };
  }

  /**
   * What a chart shows of a range: every row where they are few enough, else the buckets.
   * @param {{values: Series, axis: string, range: [number, number], runs: Set<number>, placeOf: (run: number) => ?Place, how: {smooth: number, smoother?: string}, beside?: number, among?: number, loading?: () => void}} wanted
   *   `loading` is called when files have to be loaded, `beside`: points that are needed on each side of the range,
   *   `among`: how many such series the chart shows
   * @returns {Promise<Detail>}
   */
  async function detail({ values, axis, range, runs, placeOf, how, beside = 1, among = 1, loading = () => {} }) {
    const memory = smoothing.memory(how);
    const timed = TIMED.has(axis);
    const places = new Map();
    values.runs.forEach((run, k) => runs.has(run) && places.set(run, { k, place: placeOf(run) }));
    /** @type {Map<number, Points>} */
    const long = new Map([...places].filter(([, { place }]) => place).map(([run, { place }]) => [run, new Points(place, axis, memory.finite)]));
    const told = (found) => ({ values: found, rows: inRange(found, axis, range, runs), long: long.size, whole: true });
    if (!long.size) return told(values);
    const around = (points) => widened(range, memory.reach * points.apart);
    const sum = (of) => [...long.values()].reduce((total, points) => total + of(points), 0);
    const near = (points) => points.missing(([low, high]) => low <= range[1] && high >= range[0]);
    const rows = sum((points) => estimate(points.spans, range));
    const whole = sum((points) => estimate(points.spans, around(points)) + memory.before + memory.after);
    const crowded = whole - rows > MOST_BESIDE / among;
    if (crowded || rows > MOST_ROWS / among || sum((points) => near(points).length) > MOST_PIECES / among) {
      return { values, rows, long: long.size, whole: false, crowded };
    }
    if ([...long.values()].some((points) => near(points).some((number) => !isKept(points.place, number, timed)))) loading();
    const beyond = { before: beside + memory.before, after: beside + memory.after };
    const rowsOf = async (points) => points.cut(await points.cover(around(points), beyond));
    try {
      const parts = await Promise.all([...places].map(async ([run, { k }]) => [run, await (long.has(run) ? rowsOf(long.get(run)) : shortRun(values, k, axis))]));
      return told(together(new Map(parts), axis, new Map([...long].map(([run, points]) => [run, points.apart]))));
    } catch (error) {
      // The buckets are still true.
      return { values, rows, long: long.size, whole: false, failed: error };
    }
  }

  /** A run that has all of its rows as it is. */
  function shortRun(values, k, axis) {
    const made = { step: [], xs: [], y: [], lo: [], hi: [], places: [], kinds: [] };
    append(made, values, axis, -Infinity, Infinity, k);
    return made;
  }

  const widened = ([x0, x1], by) => (by > 0 && by < Infinity ? [x0 - by, x1 + by] : [x0, x1]);

  /** @type {WeakMap<XsOf, [number, number][]>} */
  const ends = new WeakMap();

  /** The range of x over some runs of several series, null where there is none. @param {{values: Series, xs: XsOf, runs: Set<number>}[]} parts */
  function extent(parts) {
    let [low, high] = [Infinity, -Infinity];
    for (const { values, xs: xsOf, runs } of parts) {
      values.runs.forEach((run, k) => {
        if (!runs.has(run)) return;
        const xs = xsOf(k);
        // A bucket stands in the middle of its steps.
        const room = values.bucketed && xs.length > 1 ? [Math.abs(xs[1] - xs[0]) / 2 || 0, Math.abs(xs[xs.length - 1] - xs[xs.length - 2]) / 2 || 0] : [0, 0];
        // Steps rise.
        const [first, last] = xsOf === values.step && xs.length ? [xs[0], xs[xs.length - 1]] : endsOf(xsOf, k);
        low = Math.min(low, first - room[0]);
        high = Math.max(high, last + room[1]);
      });
    }
    return low < high ? [low, high] : null;
  }

  /** The least and the greatest x of a run, found once. @param {XsOf} xsOf @param {number} k */
  function endsOf(xsOf, k) {
    if (!ends.has(xsOf)) ends.set(xsOf, []);
    const known = ends.get(xsOf);
    if (known[k]) return known[k];
    const xs = xsOf(k);
    let [low, high] = [Infinity, -Infinity];
    for (let at = 0; at < xs.length; at++) {
      if (xs[at] < low) low = xs[at];
      if (xs[at] > high) high = xs[at];
    }
    return (known[k] = [low, high]);
  }

  /** How many points some runs have in a range. */
  function inRange(values, axis, [x0, x1], runs) {
    const xsOf = series.axis(values, axis);
    const pointsOf = (k) => xsOf(k).reduce((count, x) => count + (x >= x0 && x <= x1), 0);
    return values.runs.reduce((sum, run, k) => sum + (runs.has(run) ? pointsOf(k) : 0), 0);
  }

  /**
   * The runs of a series between the last x before a range and the first one behind it. A run without a point there has
   * one on its line: what its groups show in the range is as it was, and nothing beside it counts.
   * @returns {Series}
   */
  function clipped(values, axis, range) {
    const xsOf = series.axis(values, axis);
    const parts = new Map();
    values.runs.forEach((run, k) => parts.set(run, inOrder(values, xsOf, k)));
    const [low, high] = edges([...parts.values()], range);
    for (const [run, part] of parts) parts.set(run, between(part, low, high));
    return together(new Map([...parts].filter(([, { xs }]) => xs.length)), axis, new Map());
  }

  /** A run's points in the order of x, each x once. */
  function inOrder(values, xsOf, k) {
    const [from, to] = [values.offsets[k], values.offsets[k + 1]];
    const xs = xsOf(k);
    const order = [...xs.keys()].filter((p) => xs[p] === xs[p]).sort((a, b) => xs[a] - xs[b]);
    const pick = (of) => Float64Array.from(order, (p) => of[p]);
    const cut = (name) => pick(values[name].subarray(from, to));
    const merged = runstore.aggregates.merged({ xs: pick(xs), ys: cut("y"), lo: cut("lo"), hi: cut("hi") });
    const broken = values.broken(k);
    return { ...merged, broken: broken ? Array.from(broken.places, (p, at) => [xs[p], broken.kinds[at]]) : [] };
  }

  function edges(parts, [x0, x1]) {
    let [low, high] = [-Infinity, Infinity];
    for (const { xs } of parts) {
      const [before, after] = [lowerBound(xs, x0) - 1, above(xs, x1)];
      if (before >= 0) low = Math.max(low, xs[before]);
      if (after < xs.length) high = Math.min(high, xs[after]);
    }
    return [low, high];
  }

  function between({ xs, ys, lo, hi, broken }, low, high) {
    const made = { xs: [], y: [], lo: [], hi: [], places: [], kinds: [] };
    const put = (x, values) => {
      made.xs.push(x);
      ["y", "lo", "hi"].forEach((name, at) => made[name].push(values[at]));
    };
    const at = (p, x) => {
      const share = runstore.aggregates.shareOf(xs[p - 1], x, xs[p]);
      return [ys, lo, hi].map((of) => of[p - 1] * (1 - share) + of[p] * share);
    };
    const [from, to] = [lowerBound(xs, low), above(xs, high)];
    if (from > 0 && from < xs.length && xs[from] !== low) put(low, at(from, low));
    for (let p = from; p < to; p++) put(xs[p], [ys[p], lo[p], hi[p]]);
    if (to > 0 && to < xs.length && xs[to - 1] !== high && high > low) put(high, at(to, high));
    for (const [x, kind] of broken) {
      const place = lowerBound(made.xs, x);
      if (made.xs[place] !== x) continue;
      made.places.push(place);
      made.kinds.push(kind);
    }
    return { ...made, step: made.xs };
  }

  /**
   * What a panel says of how much of its long runs it shows, "" where none is long.
   * @param {?Detail[]} details of its metrics; null: the whole range is shown
   * @param {boolean} long whether any metric has long runs
   * @param {string} axis  over another metric there are buckets alone
   */
  function told(details, long, smooth = 0, axis = "_step") {
    if (series.isMetric(axis)) return long ? "Long runs are drawn in buckets of steps: x and y are their means." : "";
    if (!details) return long ? "Long runs are drawn in buckets (mean, minimum, maximum): zoom in to see every row." : "";
    if (!details.some((each) => each.long)) return "";
    const { count } = runstore.format;
    const rows = details.reduce((sum, each) => sum + each.rows, 0);
    const failed = details.find((each) => each.failed)?.failed;
    if (failed) return `In buckets: the rows that lie here are missing (${failed.message}).`;
    if (details.some(({ crowded }) => crowded)) return "In buckets: so much smoothing of so many lines takes too many rows. Show fewer lines, or smooth less, to see every row.";
    if (details.some(({ whole }) => !whole)) return `In buckets (mean, minimum, maximum): about ${count(rows, "row")} lie here. Zoom further in to see every row.`;
    return `Every row: ${count(rows, "point")} in this range${smooth > 0 ? ", smoothed row by row" : ""}.`;
  }

  return { detail, clipped, extent, told };
})();
