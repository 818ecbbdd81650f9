"use strict";
/**
 * The rows of a logged table: what kind each column is, which rows match, in which order, in which groups, and how the
 * values of a column are spread. No page.
 *
 * @typedef {"number" | "text" | "bool" | "media"} CellKind
 * @typedef {{kind: "numbers", n: number, min: number, max: number, mean: number, counts: number[], empty: number, odd: number}
 *   | {kind: "values", n: number, distinct: number, counts: [string, number][], empty: number} | {kind: "media", n: number, empty: number}} Spread
 *   of a column; `odd` counts numbers that are not finite, `empty` the cells without a value
 * @typedef {{key: string, label: string, value: any, rows: number[]}} RowGroup
 */
runstore.tableRows = (() => {
  const NOT_FINITE = new Set(["NaN", "Infinity", "-Infinity"]);
  const BINS = 16;
  const MOST_VALUES = 12;
  const SAMPLE = 1000;
  // What follows a name: an operator, and a value that may stand in quotes.
  const TERM = /^\s*(?:"([^"]+)"|'([^']+)'|([^\s<>=!~"']+))\s*(<=|>=|!=|==|=|<|>|~)\s*(?:"([^"]*)"|'([^']*)'|(\S+))\s*$/u;
  const OPERATORS = {
    "=": (order) => order === 0, "==": (order) => order === 0, "!=": (order) => order !== 0,
    "<": (order) => order < 0, "<=": (order) => order <= 0, ">": (order) => order > 0, ">=": (order) => order >= 0,
  };

  const isEmpty = (cell) => cell === null || cell === undefined;
  const isMedia = (cell) => typeof cell === "object" && cell !== null;

  /** A cell as text, as a search and a download have it. */
  function textOf(cell) {
    if (isEmpty(cell)) return "";
    return isMedia(cell) ? String(cell.caption ?? cell.file ?? cell.kind) : String(cell);
  }

  /** A cell as a number; null for one that is none. @returns {?number} */
  function numberOf(cell) {
    if (typeof cell === "number") return cell;
    return NOT_FINITE.has(cell) ? Number(cell) : null;
  }

  /** What a column holds, by its first rows. @param {any[][]} rows @param {number} at @returns {CellKind} */
  function kindOf(rows, at) {
    const cells = [];
    for (let row = 0; row < rows.length && cells.length < SAMPLE; row++) if (!isEmpty(rows[row][at])) cells.push(rows[row][at]);
    if (cells.some(isMedia)) return "media";
    if (cells.some((cell) => typeof cell === "number") && cells.every((cell) => numberOf(cell) !== null)) return "number";
    return cells.length && cells.every((cell) => typeof cell === "boolean") ? "bool" : "text";
  }

  const rankOf = (cell) => (isEmpty(cell) ? 3 : typeof cell === "number" ? 0 : NOT_FINITE.has(cell) ? (cell === "NaN" ? 2 : 0) : 1);
  const collator = new Intl.Collator("en", { numeric: true });

  /** Numbers before texts. */
  function compare(a, b) {
    const [first, second] = [rankOf(a), rankOf(b)];
    if (first !== second) return first - second;
    if (first === 0) return Number(a) - Number(b) || 0;
    return first === 1 ? collator.compare(textOf(a), textOf(b)) : 0;
  }

  /**
   * What a person looks for: conditions with `and` between them, as `score > 0.5 and label = cat` (~ for a regular
   * expression), else a regular expression over the whole row.
   * @param {string} text @param {string[]} names of the columns
   * @returns {{test: (row: any[]) => boolean, said: string}} `said`: how the text was read, where that is not plain
   */
  function filter(text, names) {
    if (!text.trim()) return { test: () => true, said: "" };
    const terms = text.split(/\s+and\s+/iu).map((part) => condition(part, names));
    if (terms.every(Boolean)) return { test: (row) => terms.every((holds) => holds(row)), said: "" };
    const { test, literal } = runstore.matcher(text);
    return { test: (row) => row.some((cell) => test(textOf(cell))), said: literal ? "not a regular expression: searched as text" : "" };
  }

  function condition(text, names) {
    const found = TERM.exec(text);
    const at = found ? names.indexOf(found[1] ?? found[2] ?? found[3]) : -1;
    if (at < 0) return null;
    const wanted = found[5] ?? found[6] ?? found[7];
    if (found[4] === "~") {
      const { test } = runstore.matcher(wanted);
      return (row) => test(textOf(row[at]));
    }
    const holds = OPERATORS[found[4]];
    const number = wanted.trim() === "" ? NaN : Number(wanted);
    return (row) => {
      const cell = row[at];
      if (isEmpty(cell)) return found[4] === "!=";
      const own = numberOf(cell);
      return holds(own === null ? collator.compare(textOf(cell), wanted) : difference(own, number));
    };
  }

  /** Below 0, 0 or above, and NaN for numbers that have no order. */
  function difference(a, b) {
    if (a < b) return -1;
    if (a > b) return 1;
    return a === b || (Number.isNaN(a) && Number.isNaN(b)) ? 0 : NaN;
  }

  /**
   * The places of rows in the order of a column; what has no value stands last either way.
   * @param {any[][]} rows @param {number[]} places @param {{column: number, down: boolean}[]} order
   */
  function sorted(rows, places, order) {
    if (!order.length) return places;
    const by = order.map(({ column, down }) => (a, b) => {
      const [first, second] = [rows[a][column], rows[b][column]];
      if (isEmpty(first) || isEmpty(second)) return Number(isEmpty(first)) - Number(isEmpty(second));
      return down ? compare(second, first) : compare(first, second);
    });
    return [...places].sort((a, b) => {
      for (const each of by) {
        const found = each(a, b);
        if (found) return found;
      }
      return a - b;
    });
  }

  /** Rows with the same value in a column, the most frequent first. @returns {RowGroup[]} */
  function groups(rows, places, column) {
    const found = new Map();
    for (const place of places) {
      const cell = rows[place][column];
      const key = `${isEmpty(cell) ? "none" : typeof cell} ${textOf(cell)}`;
      if (!found.has(key)) found.set(key, { key, label: isEmpty(cell) ? "(none)" : textOf(cell), value: cell, rows: [] });
      found.get(key).rows.push(place);
    }
    return [...found.values()].sort((a, b) => b.rows.length - a.rows.length || compare(a.value, b.value));
  }

  /** How a column's values are spread over some rows. @param {CellKind} kind @returns {Spread} */
  function spread(rows, places, column, kind) {
    if (kind === "number") return numbers(rows, places, column);
    if (kind === "media") {
      const n = places.reduce((sum, place) => sum + !isEmpty(rows[place][column]), 0);
      return { kind: "media", n, empty: places.length - n };
    }
    const counts = new Map();
    let empty = 0;
    for (const place of places) {
      const cell = rows[place][column];
      if (isEmpty(cell)) empty++;
      else counts.set(textOf(cell), (counts.get(textOf(cell)) ?? 0) + 1);
    }
    const most = [...counts].sort((a, b) => b[1] - a[1] || collator.compare(a[0], b[0])).slice(0, MOST_VALUES);
    return { kind: "values", n: places.length - empty, distinct: counts.size, counts: most, empty };
  }

  function numbers(rows, places, column) {
    let [n, sum, min, max, empty, odd, whole] = [0, 0, Infinity, -Infinity, 0, 0, true];
    for (const place of places) {
      const value = numberOf(rows[place][column]);
      if (value === null) empty++;
      else if (!Number.isFinite(value)) odd++;
      else {
        n++;
        sum += value;
        whole &&= Number.isInteger(value);
        if (value < min) min = value;
        if (value > max) max = value;
      }
    }
    const counts = n ? counted(rows, places, column, binsOf(min, max, whole)) : [];
    return { kind: "numbers", n, min, max, mean: meanOf(rows, places, column, n, sum), counts, empty, odd };
  }

  /** The bins of a histogram: of whole numbers each holds equally many. @returns {{min: number, size: number, count: number, scale: number}} */
  function binsOf(min, max, whole) {
    if (whole && max - min < 2 ** 50) {
      const size = Math.ceil((max - min + 1) / BINS);
      return { min, size, count: Math.ceil((max - min + 1) / size), scale: 1 };
    }
    // Between numbers near the largest there are, the distance is not finite.
    const scale = Number.isFinite(max - min) ? 1 : 0.5;
    return { min, size: (max * scale - min * scale) / BINS || 1, count: min < max ? BINS : 1, scale };
  }

  function counted(rows, places, column, { min, size, count, scale }) {
    const counts = new Array(count).fill(0);
    for (const place of places) {
      const value = numberOf(rows[place][column]);
      if (value !== null && Number.isFinite(value)) counts[Math.min(count - 1, Math.floor((value * scale - min * scale) / size))]++;
    }
    return counts;
  }

  function meanOf(rows, places, column, n, sum) {
    if (!n || Number.isFinite(sum)) return sum / n;
    return places.reduce((mean, place) => {
      const value = numberOf(rows[place][column]);
      return value !== null && Number.isFinite(value) ? mean + value / n : mean;
    }, 0);
  }

  return { isEmpty, isMedia, textOf, numberOf, kindOf, compare, filter, sorted, groups, spread };
})();
