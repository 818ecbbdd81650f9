"use strict";
/**
 * Axes of parallel coordinates: where a value stands between 0 (low) and 1 (high), and which values a brush holds. No page.
 *
 * @typedef {object} ParallelAxis
 * @property {Column} column
 * @property {"number" | "log" | "category"} kind
 * @property {boolean} flipped
 * @property {(run: number) => ?number} share  null: the run has no value, or none that a log axis has a place for
 * @property {{share: number, label: string, briefer?: string[]}[]} ticks `briefer`: what a number may be where its label finds no room
 * @property {(low: number, high: number) => (number[] | string[])} brush  what lies between two shares: ends of a range, or categories
 * @property {(brush: any[]) => [number, number]} span  the shares that a brush covers
 * @property {(run: number, brush: any[]) => boolean} holds
 */
runstore.parallelAxes = (() => {
  const { format, panelKinds } = runstore;
  const MOST_CATEGORIES = 40;
  const MOST_VALUES = 6;
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

  const textOf = (column, run) => {
    const value = column.values[run] ?? null;
    return value === null || value === "" ? null : format.value(value, column.type);
  };

  /** @param {Column} column @param {number[]} runs that set the domain @param {{log: boolean, flipped: boolean}} how @returns {ParallelAxis} */
  function make(column, runs, { log, flipped }) {
    const axis = panelKinds.isNumeric(column) ? numeric(column, runs, log) : categorical(column, runs);
    const turn = (share) => (share === null || !flipped ? share : 1 - share);
    return {
      ...axis,
      column,
      flipped,
      share: (run) => turn(axis.share(run)),
      ticks: axis.ticks.map((tick) => ({ ...tick, share: turn(tick.share) })),
      brush: (low, high) => (flipped ? axis.brush(1 - high, 1 - low) : axis.brush(low, high)),
      span: (brush) => {
        const [low, high] = axis.span(brush);
        return flipped ? [1 - high, 1 - low] : [low, high];
      },
    };
  }

  function numeric(column, runs, log) {
    const numbers = runs.map((run) => panelKinds.numberOf(column, run)).filter((value) => value !== null && (!log || value > 0));
    const { min, max } = runstore.statistics.summary(numbers) ?? { min: log ? 1 : 0, max: log ? 10 : 1 };
    const [into, out] = log ? [Math.log, Math.exp] : [Number, Number];
    const [low, high] = [into(min), into(max)];
    const size = high - low;
    const shareOf = (value) => (value === null || (log && value <= 0) ? null : size ? (into(value) - low) / size : 0.5);
    const valueAt = (share) => (share <= 0 ? min : share >= 1 ? max : out(low + share * size));
    return {
      kind: log ? "log" : "number",
      share: (run) => shareOf(panelKinds.numberOf(column, run)),
      ticks: ticks(min, max, log, column, new Set(numbers)).map((value) => ({ share: shareOf(value), label: panelKinds.shown(value, column), briefer: column.type === "number" ? [format.number(value, 3), format.number(value, 2), value.toExponential(0).replace("e+", "e")] : [] })),
      brush: (from, to) => [valueAt(from), valueAt(to)],
      span: ([from, to]) => [shareOf(Math.max(from, min)) ?? 0, shareOf(Math.min(to, max)) ?? 1],
      holds: (run, [from, to]) => {
        const value = panelKinds.numberOf(column, run);
        return value !== null && value >= from && value <= to;
      },
    };
  }

  /** Few values themselves; else both ends, and round numbers between them that are not too near to an end. */
  function ticks(min, max, log, column, values) {
    if (min === max) return [min];
    if (values.size <= MOST_VALUES && column.type === "number") return [...values].sort((a, b) => a - b);
    if (column.type === "time") return [min, (min + max) / 2, max];
    const scale = log ? vega.scale("log")() : vega.scale("linear")();
    const into = log ? Math.log : Number;
    const far = (value) => Math.min(into(value) - into(min), into(max) - into(value)) > 0.09 * (into(max) - into(min));
    const round = scale.domain([min, max]).ticks(log && max / min < 100 ? 10 : 4).filter(far);
    const first = (value) => Number(value.toExponential()[0]);
    return [min, ...(log && max / min < 100 ? round.filter((value) => [1, 2, 5].includes(first(value))) : round.length > 6 ? round.filter((value) => Math.abs(Math.log10(value) % 1) < 1e-9) : round), max];
  }

  function categorical(column, runs) {
    const all = [...new Set(runs.map((run) => textOf(column, run)).filter((text) => text !== null))].sort(collator.compare);
    const places = new Map(all.map((text, at) => [text, all.length > 1 ? at / (all.length - 1) : 0.5]));
    const half = 0.5 / Math.max(1, all.length - 1);
    const every = Math.ceil(all.length / MOST_CATEGORIES);
    return {
      kind: "category",
      share: (run) => places.get(textOf(column, run)) ?? null,
      ticks: all.filter((_, at) => at % every === 0).map((text) => ({ share: places.get(text), label: text })),
      brush: (from, to) => all.filter((text) => places.get(text) >= from - 1e-9 && places.get(text) <= to + 1e-9),
      span: (brush) => {
        const own = brush.map((text) => places.get(text)).filter((share) => share !== undefined);
        return own.length ? [Math.max(0, Math.min(...own) - half * 0.6), Math.min(1, Math.max(...own) + half * 0.6)] : [0, 0];
      },
      holds: (run, brush) => brush.includes(textOf(column, run)),
    };
  }

  return { make };
})();
