"use strict";
/**
 * Smoothing of a curve. One weight from 0 to below 1 says how strongly, for every smoother: each takes as much noise
 * away as the exponential moving average of that weight. Points that are not finite stay so and count for nothing.
 */
runstore.smoothing = (() => {
  const SMOOTHERS = ["ema", "twema", "average", "gauss"];
  // Points further away than so many standard deviations count for nothing.
  const REACH = 4;
  // Sums of larger values might be no number.
  const LARGE = 1e300;
  // A point whose weight is less adds nothing to an average that anybody could tell.
  const FORGOTTEN = 1e-13;

  /**
   * @param {ArrayLike<number>} xs ascending
   * @param {ArrayLike<number>} ys
   * @param {{smooth: number, smoother?: string, apart?: number}} how the weight, and ema | twema | average | gauss; `apart`: the mean distance of
   *   neighbours where these points are a part of more
   * @returns {ArrayLike<number>} `ys` itself where nothing is smoothed
   */
  function smooth(xs, ys, { smooth: weight, smoother, apart }) {
    if (!(weight > 0) || !ys.length) return ys;
    if (smoother === "average") return average(ys, Math.round(weight / (1 - weight)));
    if (smoother === "gauss") return gauss(xs, ys, deviation(weight), apart);
    return smoother === "twema" ? timeWeighted(xs, ys, weight, apart) : exponential(ys, weight);
  }

  const deviation = (weight) => (1 + weight) / (1 - weight) / (2 * Math.sqrt(Math.PI));

  /**
   * What lies beside a part of a curve and still counts in it: points before and after it (of an exponential average those
   * that are `finite`), and how far, in mean distances of neighbours.
   */
  function memory({ smooth: weight, smoother }) {
    if (!(weight > 0)) return { before: 0, after: 0, reach: 0, finite: false };
    if (smoother === "gauss") return { before: 0, after: 0, reach: (REACH + 0.01) * deviation(weight), finite: false };
    const forgotten = Math.log(FORGOTTEN) / Math.log(weight);
    if (smoother === "twema") return { before: 0, after: 0, reach: forgotten, finite: false };
    const radius = Math.round(weight / (1 - weight));
    if (smoother === "average") return { before: radius, after: radius, reach: 0, finite: false };
    return { before: Math.ceil(forgotten), after: 0, reach: 0, finite: true };
  }

  /** The exponential moving average with its bias towards zero taken out, as TensorBoard computes it. */
  function exponential(ys, weight) {
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

  /** The same by distance: a point counts `weight` times as much for each mean distance of neighbours that it lies back. */
  function timeWeighted(xs, ys, weight, apart) {
    const size = ys.length;
    const unit = apart ?? (xs[size - 1] - xs[0]) / (size - 1);
    if (!(unit > 0 && unit < Infinity)) return ys;
    const scale = shrinking(ys, size);
    const out = new Float64Array(size);
    let [sum, total, last] = [0, 0, xs[0]];
    for (let p = 0; p < size; p++) {
      if (!Number.isFinite(ys[p])) {
        out[p] = NaN;
        continue;
      }
      const kept = weight ** ((xs[p] - last) / unit);
      sum = sum * kept + ys[p] * scale;
      total = total * kept + scale;
      last = xs[p];
      out[p] = sum / total;
    }
    return out;
  }

  /**
   * The mean of each point and `radius` points to either side, of as many as there are. A window is the end of one
   * block and the beginning of the next, so that no sum is ever taken back: that would lose what is small beside what is large.
   */
  function average(ys, radius) {
    const size = ys.length;
    const reach = Math.min(radius, size - 1);
    const window = 2 * reach + 1;
    const { sums, counts } = padded(ys, reach, shrinking(ys, window));
    const [sumsBack, countsBack] = [blockwise(sums, window), blockwise(counts, window)];
    const out = new Float64Array(size);
    for (let p = 0; p < size; p++) {
      const end = p + window - 1;
      const whole = p % window === 0;
      const total = whole ? sums[end] : sumsBack[p] + sums[end];
      const count = whole ? counts[end] : countsBack[p] + counts[end];
      out[p] = Number.isFinite(ys[p]) ? total / count : NaN;
    }
    return out;
  }

  /** The values that count, smaller by `scale`, and how many there are of each, with `reach` places around them. */
  function padded(ys, reach, scale) {
    const sums = new Float64Array(ys.length + 2 * reach);
    const counts = new Float64Array(sums.length);
    for (let p = 0; p < ys.length; p++) {
      if (!Number.isFinite(ys[p])) continue;
      sums[p + reach] = ys[p] * scale;
      counts[p + reach] = scale;
    }
    return { sums, counts };
  }

  /** Makes of values their sums since the beginning of a block; returns the sums up to its end. */
  function blockwise(values, window) {
    const back = values.slice();
    for (let p = values.length - 2; p >= 0; p--) if ((p + 1) % window) back[p] += back[p + 1];
    for (let p = 1; p < values.length; p++) if (p % window) values[p] += values[p - 1];
    return back;
  }

  /** The factor, a power of two, with which `most` values can be added: 1 but for huge ones. */
  function shrinking(ys, most) {
    let largest = 0;
    for (let p = 0; p < ys.length; p++) {
      const size = Math.abs(ys[p]);
      if (size > largest && size < Infinity) largest = size;
    }
    return largest > LARGE ? 2 ** -Math.ceil(Math.log2(most) + 1) : 1;
  }

  /** The mean of all points near each one, weighted by a normal distribution over x. @param {number} deviation in mean distances of neighbours */
  function gauss(xs, ys, deviation, apart) {
    const size = ys.length;
    const unit = apart === undefined ? (deviation * (xs[size - 1] - xs[0])) / (size - 1) : deviation * apart;
    if (!(unit > 0 && unit < Infinity)) return ys;
    const scale = shrinking(ys, size);
    const weights = ys.every(Number.isFinite) && kernel(xs, unit);
    if (weights) return convolved(ys, weights, scale);
    const out = new Float64Array(size);
    let [from, to] = [0, 0];
    for (let p = 0; p < size; p++) {
      while ((xs[from] - xs[p]) / unit < -REACH) from++;
      while (to < size && (xs[to] - xs[p]) / unit <= REACH) to++;
      if (!Number.isFinite(ys[p])) {
        out[p] = NaN;
        continue;
      }
      let [total, sum] = [0, 0];
      for (let q = from; q < to; q++) {
        const y = ys[q];
        if (y - y !== 0) continue;
        const share = normal((xs[q] - xs[p]) / unit) * scale;
        total += share;
        sum += share * y;
      }
      out[p] = sum / total;
    }
    return out;
  }

  /** The same for points evenly apart, whose weights depend on how many they lie from each other. */
  function convolved(ys, weights, scale) {
    const [size, reach] = [ys.length, weights.length - 1];
    const totals = weights.slice();
    for (let away = 1; away <= reach; away++) totals[away] += totals[away - 1];
    const values = Float64Array.from(ys, (y) => y * scale);
    const out = new Float64Array(size);
    for (let p = 0; p < size; p++) {
      const [before, after] = [Math.min(reach, p), Math.min(reach, size - 1 - p)];
      const both = Math.min(before, after);
      let sum = weights[0] * values[p];
      for (let away = 1; away <= both; away++) sum += weights[away] * (values[p - away] + values[p + away]);
      for (let away = both + 1; away <= before; away++) sum += weights[away] * values[p - away];
      for (let away = both + 1; away <= after; away++) sum += weights[away] * values[p + away];
      out[p] = sum / ((totals[before] + totals[after] - weights[0]) * scale);
    }
    return out;
  }

  const normal = (distance) => Math.exp(-0.5 * distance * distance);

  /** The weight of a point by how many points it is away, where they are whole steps evenly apart; else null. */
  function kernel(xs, unit) {
    const step = xs[1] - xs[0];
    for (let p = 1; p < xs.length; p++) if (xs[p] - xs[p - 1] !== step || !Number.isSafeInteger(xs[p])) return null;
    if (!Number.isSafeInteger(xs[0])) return null;
    const weights = [];
    for (let away = 0; away < xs.length && (away * step) / unit <= REACH; away++) weights.push(normal((away * step) / unit));
    return Float64Array.from(weights);
  }

  return { smooth, memory, SMOOTHERS };
})();
