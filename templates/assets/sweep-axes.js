"use strict";
/**
 * A parameter of a sweep as an axis from 0 to 1, and the lines on which a field over two of them has one value. No page.
 *
 * @typedef {{name: string, column: string, scale: "linear" | "log" | "choice", low: number, high: number, integer: boolean, choices: any[]}} Parameter
 * @typedef {object} ParameterAxis
 * @property {Parameter} parameter
 * @property {(value: any) => any} place   the coordinate for the surrogate: 0 to 1, a choice's name, null for none
 * @property {(value: any) => ?number} share  where it is drawn, 0 to 1; null for none
 * @property {{from: number, to: number, at: any, share: number}[]} cells  what a field is drawn of: ends, coordinate and middle
 * @property {{share: number, label: string}[]} ticks
 * @property {boolean} smooth  whether values lie between each two
 */
runstore.parameterAxes = (() => {
  const { format } = runstore;
  const CELLS = 64;
  // Where a parameter stands that is not there.
  const MIDDLE = 0.5;
  const MOST_WHOLE = 40;
  const MOST_TICKS = 7;

  const nameOf = (value) => (value === null || value === undefined ? null : `${typeof value} ${value}`);

  /** @param {Parameter} parameter @returns {ParameterAxis} */
  function make(parameter) {
    return parameter.scale === "choice" ? ofChoices(parameter) : ofNumbers(parameter);
  }

  function ofChoices(parameter) {
    const count = Math.max(1, parameter.choices.length);
    // Three numbers or more are a scale, as 16, 32, 64; other values have no order.
    const isScale = count > 2 && parameter.choices.every((value) => typeof value === "number");
    const choices = isScale ? [...parameter.choices].sort((a, b) => a - b) : parameter.choices;
    const places = new Map(choices.map((value, at) => [nameOf(value), (at + 0.5) / count]));
    const place = isScale ? (value) => places.get(nameOf(value)) ?? MIDDLE : nameOf;
    const cells = choices.map((value, at) => ({ from: at / count, to: (at + 1) / count, at: place(value), share: (at + 0.5) / count }));
    const every = Math.ceil(count / 12);
    return {
      parameter, cells, place, smooth: false,
      share: (value) => places.get(nameOf(value)) ?? null,
      ticks: choices.map((value, at) => ({ share: (at + 0.5) / count, label: format.value(value) || String(value) })).filter((_, at) => at % every === 0),
    };
  }

  function ofNumbers(parameter) {
    const { low, high, scale, integer } = parameter;
    const into = scale === "log" ? Math.log : Number;
    const size = into(high) - into(low);
    const within = (value) => (typeof value === "number" && Number.isFinite(value) && (scale !== "log" || value > 0) ? (size ? (into(value) - into(low)) / size : 0.5) : null);
    const whole = integer && scale === "linear" && high - low <= MOST_WHOLE;
    // Whole numbers stand in the middle of their cells.
    const [step, count] = whole ? [1 / (high - low + 1), high - low + 1] : [1 / CELLS, CELLS];
    const share = whole ? (value) => (within(value) === null ? null : (value - low + 0.5) * step) : within;
    const cells = Array.from({ length: count }, (_, at) => ({ from: at * step, to: (at + 1) * step, share: (at + 0.5) * step, at: (at + 0.5) * step }));
    return { parameter, share, place: (value) => share(value) ?? MIDDLE, cells, smooth: !whole, ticks: ticks(parameter, share, whole) };
  }

  function ticks({ low, high, scale }, share, whole) {
    if (low === high) return [{ share: share(low), label: format.number(low, 4) }];
    const made = (scale === "log" ? vega.scale("log")() : vega.scale("linear")()).domain([low, high]);
    let found = made.ticks(scale === "log" ? 6 : 5).filter((value) => value >= low && value <= high && (!whole || Number.isInteger(value)));
    if (found.length > MOST_TICKS) {
      const powers = found.filter((value) => Math.abs(Math.log10(value) % 1) < 1e-9);
      found = powers.length > 1 ? powers : found.filter((_, at) => at % Math.ceil(found.length / MOST_TICKS) === 0);
    }
    return found.map((value) => ({ share: share(value), label: format.number(value, 4) }));
  }

  /**
   * The pieces of the lines on which a field has a level, by marching squares.
   * @param {number[][]} field rows from below, of equal length @param {number[]} xs @param {number[]} ys where its columns and rows are @param {number} level
   * @returns {{x: number, y: number, x2: number, y2: number}[]}
   */
  function isolines(field, xs, ys, level) {
    const found = [];
    for (let row = 0; row + 1 < field.length; row++) {
      for (let column = 0; column + 1 < xs.length; column++) {
        const corners = [[column, row], [column + 1, row], [column + 1, row + 1], [column, row + 1]].map(([i, j]) => ({ x: xs[i], y: ys[j], value: field[j][i] }));
        const cuts = corners.flatMap((from, at) => {
          const to = corners[(at + 1) % 4];
          if (from.value < level === to.value < level) return [];
          const part = (level - from.value) / (to.value - from.value);
          return [{ x: from.x + part * (to.x - from.x), y: from.y + part * (to.y - from.y) }];
        });
        for (let at = 0; at + 1 < cuts.length; at += 2) found.push({ x: cuts[at].x, y: cuts[at].y, x2: cuts[at + 1].x, y2: cuts[at + 1].y });
      }
    }
    return found;
  }

  return { make, isolines };
})();
