"use strict";
/**
 * How much each column tells about a number: importance in a random forest of regression trees, and linear correlation. No page.
 *
 * @typedef {{key: string, label: string, values: any[]}} Input  a value for each run
 * @typedef {{column: number, value: ?string, values: Float64Array}} Feature  NaN: no value
 * @typedef {{key: string, label: string, importance: number, correlation: ?number, value: ?string}} Found  `value`: which of a category it is that correlates so
 */
runstore.importance = (() => {
  const MOST_CATEGORIES = 24;
  const MOST_FEATURES = 300;
  const MOST_TREES = 30;
  const FEWEST_TREES = 8;
  const FEWEST_RUNS = 500;
  // Visits of a run at a feature, so that an answer comes within a tenth of a second.
  const EFFORT = 6e5;
  const BINS = 32;
  const DEPTH = 10;
  const LEAF = 4;
  // A tree has no branch below this.
  const LEAST = 2 * LEAF;

  /** Random numbers that are the same each time (mulberry32). @param {number} seed */
  function random(seed) {
    let state = seed;
    return () => {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    };
  }

  const textOf = (value) => (value === null || value === undefined ? "(none)" : Array.isArray(value) ? value.join(", ") : String(value));

  /** Whether a column is read as numbers: all that is there is one. Numbers that are no number (NaN) count as missing. */
  const isNumeric = (values) => values.some((value) => typeof value === "number") && values.every((value) => typeof value === "number" || value === null || value === undefined || /^(NaN|-?Infinity)$/.test(value));

  /**
   * Columns as features: numbers as they are, others one feature a value (the most frequent; the rest share none). A column that does not vary,
   * or whose texts differ in nearly every run, tells nothing and has no feature.
   * @param {Input[]} inputs @param {number[]} runs @returns {Feature[]}
   */
  function features(inputs, runs) {
    return inputs.flatMap(({ values }, column) => {
      const own = runs.map((run) => values[run]);
      return isNumeric(own) ? numeric(column, own) : categories(column, own);
    });
  }

  function numeric(column, own) {
    const numbers = Float64Array.from(own, (value) => (Number.isFinite(value) ? value : NaN));
    const distinct = new Set(numbers);
    return distinct.size > 1 ? [{ column, value: null, values: numbers }] : [];
  }

  function categories(column, own) {
    const texts = own.map(textOf);
    const sizes = new Map();
    for (const text of texts) sizes.set(text, (sizes.get(text) ?? 0) + 1);
    if (sizes.size < 2 || (sizes.size > 0.9 * own.length && own.length > 4)) return [];
    const kept = [...sizes].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, MOST_CATEGORIES);
    // Of two values one tells all.
    const told = sizes.size === 2 ? kept.slice(0, 1) : kept;
    return told.map(([text]) => ({ column, value: text, values: Float64Array.from(texts, (each) => (each === text ? 1 : 0)) }));
  }

  /** A feature in bins of about as many runs each; what is missing has the bin below all. */
  function binned(values) {
    const sorted = [...new Set(values)].filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
    const cuts = sorted.length <= BINS - 1 ? sorted : quantiles(values);
    return Uint8Array.from(values, (value) => {
      if (Number.isNaN(value)) return 0;
      let [low, high] = [0, cuts.length - 1];
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (cuts[middle] <= value) low = middle;
        else high = middle - 1;
      }
      return low + 1;
    });
  }

  function quantiles(values) {
    const sorted = Float64Array.from(values.filter((value) => !Number.isNaN(value))).sort();
    const cuts = new Set();
    for (let at = 0; at < BINS - 1; at++) cuts.add(sorted[Math.floor((at * sorted.length) / (BINS - 1))]);
    return [...cuts];
  }

  /**
   * Adds to `gains` what each feature's splits take from the squared error, for one tree over `rows`.
   * @param {Uint8Array[]} bins @param {Float64Array} target @param {Int32Array} rows @param {Float64Array} gains
   */
  function grow(bins, target, rows, gains) {
    const sums = new Float64Array(BINS);
    const sizes = new Int32Array(BINS);
    const nodes = [[0, rows.length, 0]];
    while (nodes.length) {
      const [from, to, depth] = nodes.pop();
      const split = to - from < 2 * LEAF || depth === DEPTH ? null : best(bins, target, rows, from, to, sums, sizes);
      if (!split) continue;
      gains[split.feature] += split.gain;
      const middle = partition(rows, from, to, bins[split.feature], split.bin);
      nodes.push([from, middle, depth + 1], [middle, to, depth + 1]);
    }
  }

  function best(bins, target, rows, from, to, sums, sizes) {
    let [total, found] = [0, null];
    for (let at = from; at < to; at++) total += target[rows[at]];
    const size = to - from;
    const before = (total * total) / size;
    for (let feature = 0; feature < bins.length; feature++) {
      const own = bins[feature];
      sums.fill(0);
      sizes.fill(0);
      for (let at = from; at < to; at++) {
        const row = rows[at];
        sums[own[row]] += target[row];
        sizes[own[row]]++;
      }
      let [left, sum] = [0, 0];
      for (let bin = 0; bin < BINS - 1; bin++) {
        left += sizes[bin];
        sum += sums[bin];
        if (left < LEAF || !sizes[bin]) continue;
        if (size - left < LEAF) break;
        const gain = (sum * sum) / left + ((total - sum) * (total - sum)) / (size - left) - before;
        if (gain > (found ? found.gain : 1e-9)) found = { feature, bin, gain };
      }
    }
    return found;
  }

  function partition(rows, from, to, own, bin) {
    let middle = from;
    for (let at = from; at < to; at++) {
      if (own[rows[at]] > bin) continue;
      const row = rows[at];
      rows[at] = rows[middle];
      rows[middle++] = row;
    }
    return middle;
  }

  /** The share of each feature in what a forest explains; they sum to 1, or are all 0. @param {Float64Array[]} columns @param {Float64Array} target */
  function forest(columns, target) {
    const { length } = target;
    const trees = Math.max(FEWEST_TREES, Math.min(MOST_TREES, Math.floor(EFFORT / (length * Math.max(1, columns.length)))));
    // Of many runs with many features each tree sees some.
    const size = Math.min(length, Math.max(FEWEST_RUNS, Math.floor(EFFORT / (FEWEST_TREES * Math.max(1, columns.length)))));
    const bins = columns.map(binned);
    const shares = new Float64Array(columns.length);
    for (let tree = 0; tree < trees; tree++) {
      const next = random(tree + 1);
      const gains = new Float64Array(columns.length);
      grow(bins, target, Int32Array.from({ length: size }, () => Math.floor(next() * length)), gains);
      const sum = gains.reduce((a, b) => a + b, 0);
      if (sum > 0) gains.forEach((gain, at) => (shares[at] += gain / sum));
    }
    const sum = shares.reduce((a, b) => a + b, 0);
    return sum > 0 ? shares.map((share) => share / sum) : shares;
  }

  function correlationOf(values, target) {
    if (!values.some(Number.isNaN)) return runstore.statistics.correlation(values, target);
    const there = [...values.keys()].filter((at) => !Number.isNaN(values[at]));
    return runstore.statistics.correlation(there.map((at) => values[at]), there.map((at) => target[at]));
  }

  /**
   * Columns by what they tell about `target`, the most important first. A column of categories has the importance of all its
   * values together and the correlation of that value which correlates most.
   * @param {Input[]} inputs @param {any[]} target a value for each run; runs without a finite number are left out @param {number[]} runs
   * @returns {{found: Found[], runs: number, left: number}} `left`: features beyond what a page can compute, those that correlate least
   */
  function rank(inputs, target, runs) {
    const known = runs.filter((run) => Number.isFinite(target[run]));
    if (known.length < LEAST) return { found: [], runs: known.length, left: 0 };
    const { mean, std } = runstore.statistics.summary(known.map((run) => target[run]));
    const ys = Float64Array.from(known, (run) => (std ? (target[run] - mean) / std : 0));
    const all = features(inputs, known).map((feature) => ({ ...feature, correlation: correlationOf(feature.values, ys) }));
    const strength = ({ correlation }) => Math.abs(correlation ?? 0);
    const kept = all.length > MOST_FEATURES ? [...all].sort((a, b) => strength(b) - strength(a)).slice(0, MOST_FEATURES) : all;
    const shares = std ? forest(kept.map(({ values }) => values), ys) : new Float64Array(kept.length);
    const byColumn = new Map();
    kept.forEach((feature, at) => {
      const found = byColumn.get(feature.column) ?? { key: inputs[feature.column].key, label: inputs[feature.column].label, importance: 0, correlation: null, value: null };
      found.importance += shares[at];
      if (feature.correlation !== null && (found.correlation === null || strength(feature) > strength(found))) [found.correlation, found.value] = [feature.correlation, feature.value];
      byColumn.set(feature.column, found);
    });
    const found = [...byColumn.values()].sort((a, b) => b.importance - a.importance || strength(b) - strength(a));
    return { found, runs: known.length, left: all.length - kept.length };
  }

  return { LEAST, rank };
})();
