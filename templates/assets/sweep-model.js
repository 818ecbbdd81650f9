"use strict";
/** The surrogate of a bayes sweep, fitted again in the page: to the trials that are shown, as its engine last told of it. */
runstore.sweepModel = (() => {
  const { surrogate } = runstore;
  const MOST_POINTS = 300;
  const LEAST = 4;

  /** What was fitted last, by the trials and the numbers it was fitted to. @type {{key: string, mean: ?Function}} */
  let fitted = { key: "", mean: null };

  /** The trials that the surrogate goes through: the best, where there are too many. @param {Sweep} sweep @param {number[]} some */
  function chosen(sweep, some) {
    const { over, value } = sweep.trials;
    const there = some.filter((at) => sweep.counts(at));
    if (there.length > MOST_POINTS) return [...there].sort((a, b) => (sweep.isBetter(value[a], value[b]) ? -1 : 1)).slice(0, MOST_POINTS).sort((a, b) => a - b);
    const failed = sweep.imputes ? some.filter((at) => over[at] && !sweep.counts(at)) : [];
    return [...there, ...failed.slice(0, MOST_POINTS - there.length)];
  }

  /** What trials count with: those that failed with the worst that was, as the engine has it. */
  function valuesOf(sweep, some) {
    const own = some.map((at) => (sweep.counts(at) ? sweep.trials.value[at] : null));
    const worst = own.reduce((worst, value) => (value !== null && (worst === null || sweep.isBetter(worst, value)) ? value : worst), null);
    return own.map((value) => value ?? worst);
  }

  /** The coordinates of a trial. */
  const placeOf = (sweep, at) => sweep.axes.map(({ place }, k) => place(sweep.params[k][at]));

  /**
   * The surrogate through some trials, in the metric's own unit; null where the records tell of none, or there are too few.
   * @param {Sweep} sweep @param {number[]} some @returns {?{mean: (point: any[]) => number, out: (target: number) => number}}
   */
  function through(sweep, some) {
    const { axes, model } = sweep;
    if (!model || some.filter((at) => sweep.counts(at)).length < LEAST) return null;
    const values = valuesOf(sweep, some);
    const { into, out } = surrogate.scale(model.warp, values, sweep.maximize ? -1 : 1);
    const key = JSON.stringify([sweep.id, model, some, values]);
    // A parameter that the engine told no length of says nothing.
    const lengths = axes.map((_, at) => model.lengths[at] ?? Infinity);
    if (fitted.key !== key) fitted = { key, mean: surrogate.fit(some.map((at) => placeOf(sweep, at)), values.map(into), { ...model, lengths }) };
    return fitted.mean && { mean: fitted.mean, out };
  }

  return { LEAST, chosen, through, placeOf };
})();
