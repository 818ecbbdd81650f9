"use strict";
/**
 * The mean of a Gaussian process through some points: Matérn 5/2 with a length scale for each dimension, and a trend: a
 * parabola for each number, an offset for each choice. No page.
 *
 * A point is a list of coordinates: a number from 0 to 1, the name of a choice as a text (two of them are as far apart
 * as both ends of a number), or null where a parameter is not there.
 */
runstore.surrogate = (() => {
  const ROOT5 = Math.sqrt(5);
  const NOISE = 1e-3;
  const FAR = 1e300;
  const JITTERS = [0, 1e-8, 1e-6, 1e-4, 1e-2];

  /** Matérn 5/2 at a squared distance. */
  function matern(squared) {
    const r = ROOT5 * Math.sqrt(squared);
    return (1 + r + (r * r) / 3) * Math.exp(-r);
  }

  /** How far apart two coordinates are. */
  const apart = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : a === b ? 0 : 1);

  function squared(a, b, lengths) {
    let sum = 0;
    for (let at = 0; at < lengths.length; at++) {
      const part = apart(a[at], b[at]) / lengths[at];
      sum += part * part;
    }
    return sum;
  }

  /** The product of the terms of two points: of numbers from −1 to 1 and their squares less the mean, of choices, and 1. */
  function trends(a, b, lengths) {
    let sum = 1;
    for (let at = 0; at < lengths.length; at++) {
      if (!Number.isFinite(lengths[at])) continue;
      if (typeof a[at] === "number" && typeof b[at] === "number") {
        const [one, other] = [2 * a[at] - 1, 2 * b[at] - 1];
        sum += one * other + (one * one - 1 / 3) * (other * other - 1 / 3);
      } else if (a[at] !== null && a[at] === b[at]) sum += 0.5;
    }
    return sum;
  }

  /** The lower triangle of Cholesky's decomposition, row by row; null where the matrix is not positive. @param {Float64Array} matrix n × n */
  function cholesky(matrix, n) {
    const lower = new Float64Array(n * n);
    for (let row = 0; row < n; row++) {
      for (let column = 0; column <= row; column++) {
        let sum = matrix[row * n + column];
        for (let k = 0; k < column; k++) sum -= lower[row * n + k] * lower[column * n + k];
        if (row === column) {
          if (!(sum > 0)) return null;
          lower[row * n + row] = Math.sqrt(sum);
        } else lower[row * n + column] = sum / lower[column * n + column];
      }
    }
    return lower;
  }

  /** What the decomposed matrix makes of a vector when it is divided out. */
  function solved(lower, n, values) {
    const found = Float64Array.from(values);
    for (let row = 0; row < n; row++) {
      for (let k = 0; k < row; k++) found[row] -= lower[row * n + k] * found[k];
      found[row] /= lower[row * n + row];
    }
    for (let row = n - 1; row >= 0; row--) {
      for (let k = row + 1; k < n; k++) found[row] -= lower[k * n + row] * found[k];
      found[row] /= lower[row * n + row];
    }
    return found;
  }

  /**
   * @param {any[][]} points
   * @param {number[]} targets one a point, finite: of mean 0 and deviation 1
   * @param {{lengths: number[], amplitude?: ?number, noise?: ?number, trend?: ?number}} model the others are variances; a dimension of infinite length says nothing
   * @returns {?(point: any[]) => number} the mean at a point, null where none can be had
   */
  function fit(points, targets, { lengths, amplitude, noise, trend }) {
    const n = points.length;
    const signal = amplitude ?? 1;
    const matrix = new Float64Array(n * n);
    const alike = (a, b) => signal * matern(squared(a, b, lengths)) + (trend ? trend * trends(a, b, lengths) : 0);
    for (let row = 0; row < n; row++) for (let column = 0; column <= row; column++) matrix[row * n + column] = matrix[column * n + row] = alike(points[row], points[column]);
    for (const jitter of JITTERS) {
      const tried = Float64Array.from(matrix);
      for (let row = 0; row < n; row++) tried[row * n + row] += (noise ?? NOISE) + jitter * signal;
      const lower = cholesky(tried, n);
      if (!lower) continue;
      const weights = solved(lower, n, targets);
      return (point) => {
        let sum = 0;
        for (let at = 0; at < n; at++) sum += weights[at] * alike(point, points[at]);
        return sum;
      };
    }
    return null;
  }

  const growth = (logarithm, power) => (Math.abs(power) < 1e-8 ? logarithm : Math.expm1(power * logarithm) / power);
  const shrink = (grown, power) => (Math.abs(power) < 1e-8 ? Math.expm1(grown) : Math.expm1(Math.log1p(Math.max(power * grown, -1)) / power));
  // What lies beyond the reach of a power is as good as infinite, and can still be reckoned with.
  const bounded = (value) => (Number.isNaN(value) ? 0 : Math.max(-FAR, Math.min(FAR, value)));

  /**
   * The way from a metric's values to targets, and back: the power transform of Yeo and Johnson that the engine told of,
   * else as many deviations from the mean.
   * @param {?{center: number, spread: number, power: number, mean: number, deviation: number}} warp of values of which the lower are better
   * @param {number[]} values finite, at least one @param {number} sign −1 where higher values are better
   * @returns {{into: (value: number) => number, out: (target: number) => number}}
   */
  function scale(warp, values, sign) {
    if (!warp) {
      const { mean, std } = runstore.statistics.summary(values);
      return { into: (value) => (value - mean) / (std || 1), out: (target) => mean + target * (std || 1) };
    }
    const { center, spread, power, mean, deviation } = warp;
    const into = (value) => {
      const scaled = (sign * value - center) / spread;
      const raised = scaled < 0 ? -growth(Math.log1p(-scaled), 2 - power) : growth(Math.log1p(scaled), power);
      return (raised - mean) / deviation;
    };
    const out = (target) => {
      const raised = target * deviation + mean;
      const scaled = raised < 0 ? -shrink(-raised, 2 - power) : shrink(raised, power);
      return sign * bounded(scaled * spread + center);
    };
    return { into, out };
  }

  return { fit, scale };
})();
