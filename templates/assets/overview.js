"use strict";
/**
 * What a metric's chart shows first: a small file with a few points of each line, none of whose extremes is missing.
 * No page, no pixels.
 *
 * @typedef {object} Overview
 * @property {Set<number>} logged  index of each run that logged the metric
 * @property {boolean} thinned     whether some of the lines' points are missing
 * @property {boolean} exact       whether nothing is: not a point, not a digit
 * @property {?Series} values      the lines of some runs, null where there are groups
 * @property {?Set<number>} runs   those that have a line
 * @property {?Map<?string, Curve>} curves  the lines of groups, mean and standard deviation, by their value
 * @property {Map<?string, number>} [sizes]  of how many runs each is
 * @property {boolean} [places]    whether groups go by the place of their first run in place of their value
 */
runstore.overview = (() => {
  const { series } = runstore;

  /** @param {object} payload of a data file @param {number} count of the project's runs @returns {Overview} */
  function decode(payload, count) {
    const logged = new Set();
    for (const [first, last] of payload.logged) for (let rank = first; rank <= last; rank++) logged.add(count - 1 - rank);
    if (payload.groups) {
      const groups = payload.groups.filter(Boolean);
      const by = (take) => new Map(groups.map((group) => [group.value, take(group)]));
      return { logged, thinned: groups.some(({ thinned }) => thinned), exact: false, values: null, runs: null, curves: by(curve), sizes: by(({ runs }) => runs), places: Boolean(payload.places) };
    }
    const values = series.indexed(series.decode(payload, null), count);
    return { logged, thinned: payload.thinned, exact: payload.exact, values, runs: new Set(values.runs), curves: null };
  }

  function curve(group) {
    const { step, y, lo, hi } = series.decode({ ...group, runs: [0], broken: null }, null);
    const broken = group.broken && { xs: series.floats(group.broken.xs, "f8"), kinds: series.floats(group.broken.kinds, "u1") };
    return { xs: step(0), ys: y, lo: group.lo && lo, hi: group.hi && hi, n: Uint32Array.from(series.floats(group.n, group.n_type)), binned: false, broken };
  }

  return { decode };
})();
