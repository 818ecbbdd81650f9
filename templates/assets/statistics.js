"use strict";
/** Statistics over plain arrays of finite numbers. No page. */
runstore.statistics = (() => {
  const ascending = (values) => Float64Array.from(values).sort();

  /** The quantile of sorted numbers, linear between neighbours. @param {ArrayLike<number>} sorted @param {number} share 0 to 1 */
  function quantile(sorted, share) {
    const at = (sorted.length - 1) * share;
    const low = Math.floor(at);
    const rest = at - low;
    return rest ? sorted[low] * (1 - rest) + sorted[low + 1] * rest : sorted[low];
  }

  /** Count, mean, extremes and standard deviation (n − 1). @param {ArrayLike<number>} values at least one */
  function moments(values) {
    const n = values.length;
    // Numbers near the largest would overflow as a sum and as squares.
    let [mean, min, max] = [0, Infinity, -Infinity];
    for (let at = 0; at < n; at++) {
      mean += values[at] / (at + 1) - mean / (at + 1);
      min = Math.min(min, values[at]);
      max = Math.max(max, values[at]);
    }
    const scale = Math.max(max - mean, mean - min);
    let squares = 0;
    if (scale > 0) for (let at = 0; at < n; at++) squares += ((values[at] - mean) / scale) ** 2;
    return { n, mean, min, max, std: n > 1 ? scale * Math.sqrt(squares / (n - 1)) : 0 };
  }

  /**
   * The same with standard error and half of the 95 % interval (Student's t); what one
   * number cannot tell is 0. Null for none.
   * @param {ArrayLike<number>} values
   */
  function summary(values) {
    if (!values.length) return null;
    const found = moments(values);
    const { n, std } = found;
    const error = std / Math.sqrt(n);
    return { ...found, error, interval: n > 1 ? error * runstore.aggregates.quantile(n - 1) : 0, median: quantile(ascending(values), 0.5) };
  }

  /** Box of a box plot: quartiles, and whiskers to the last values within 1.5 times their distance; others are outliers. @param {ArrayLike<number>} values */
  function box(values) {
    if (!values.length) return null;
    const sorted = ascending(values);
    const [low, median, high] = [0.25, 0.5, 0.75].map((share) => quantile(sorted, share));
    const reach = 1.5 * (high - low);
    const within = sorted.filter((value) => value >= low - reach && value <= high + reach);
    const outliers = [...sorted].filter((value) => value < low - reach || value > high + reach);
    return { n: sorted.length, low, median, high, from: within[0], to: within[within.length - 1], outliers };
  }

  /** Edges of bins of a round width that hold all of the numbers; Sturges' count unless told. @param {ArrayLike<number>} values */
  function edges(values, count = Math.ceil(Math.log2(values.length) + 1)) {
    const { min, max } = summary(values);
    if (min === max) return [min - 0.5, min + 0.5];
    const raw = max / count - min / count;
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = power * ([1, 2, 2.5, 5, 10].find((part) => part * power >= raw * (1 - 1e-12)) ?? 10);
    const first = Math.floor(min / step + 1e-9);
    const made = [];
    for (let at = 0; at <= 2 * count + 3; at++) {
      const edge = (first + at) * step;
      made.push(edge);
      if (edge > max) break;
    }
    return made;
  }

  /** How many numbers lie in each bin, its lower edge included. @param {ArrayLike<number>} values @param {number[]} bounds as from `edges` */
  function counts(values, bounds) {
    const found = new Array(bounds.length - 1).fill(0);
    for (const value of values) {
      let [low, high] = [0, found.length - 1];
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (bounds[middle] <= value) low = middle;
        else high = middle - 1;
      }
      found[low]++;
    }
    return found;
  }

  /** Pearson's correlation; null where one of them does not vary. @param {ArrayLike<number>} xs @param {ArrayLike<number>} ys */
  function correlation(xs, ys) {
    if (xs.length < 2) return null;
    const [x, y] = [moments(xs), moments(ys)];
    if (!x.std || !y.std) return null;
    let sum = 0;
    for (let at = 0; at < xs.length; at++) sum += ((xs[at] - x.mean) / x.std) * ((ys[at] - y.mean) / y.std);
    return Math.max(-1, Math.min(1, sum / (xs.length - 1)));
  }

  /**
   * Places of the points that no other is better than: at least as good in both, better in one; in the order of x.
   * @param {{x: number, y: number}[]} points @param {{x: "min" | "max", y: "min" | "max"}} goals
   */
  function pareto(points, goals) {
    const [right, up] = [goals.x === "max" ? 1 : -1, goals.y === "max" ? 1 : -1];
    const order = points.map((_, at) => at).sort((a, b) => right * (points[b].x - points[a].x) || up * (points[b].y - points[a].y));
    const front = [];
    let best = null;
    for (const at of order) {
      const { x, y } = points[at];
      const twin = best && x === best.x && y === best.y;
      if (best && !twin && !(up * (y - best.y) > 0)) continue;
      front.push(at);
      best = points[at];
    }
    return front.sort((a, b) => points[a].x - points[b].x || points[a].y - points[b].y);
  }

  /** Whether numbers are told apart better on a log scale: they span two decades, or one with most of them near its low end. @param {ArrayLike<number>} values */
  function wantsLog(values) {
    const found = summary(values);
    if (!found || !(found.min > 0)) return false;
    const { min, max, median } = found;
    return max / min >= 100 || (max / min >= 10 && median - min < 0.2 * (max - min));
  }

  return { quantile, summary, box, edges, counts, correlation, pareto, wantsLog };
})();
