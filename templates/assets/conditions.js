"use strict";
/**
 * What the conditions of a filter mean, the same as on the command line (`runstore.reading.conditions`): a condition is true, false, or null where
 * a run has no value. A number and a text are never equal; where all of a column's values are numbers, a text of the filter that spells one counts
 * as it. NaN equals NaN and is neither above nor below anything.
 *
 * @typedef {boolean | null} Truth
 * @typedef {(run: number, value: (key: string, run: number) => any) => Truth} Condition
 * @typedef {{type: "column", name: string, at: number} | {type: "value", value: any}} Operand
 * @typedef {{kind: (key: string) => string}} Kinds  of columns: number, text, bool, time, list, mixed, or empty where there are no values
 */
runstore.conditions = (() => {
  const { pattern } = runstore;
  const MIRRORED = { "=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<=" };
  const UNITS = { s: 1, m: 60, h: 3600, d: 86400, w: 604800 };
  const ISO = /^(\d{4})-?(\d\d)-?(\d\d)(?:.(\d\d)(?::?(\d\d)(?::?(\d\d)(?:[.,](\d+))?)?)?(Z|[+-]\d\d(?::?\d\d)?)?)?$/isu;

  const not = (truth) => (truth === null ? null : !truth);
  const both = (a, b) => (a === false || b === false ? false : a === null || b === null ? null : true);
  const either = (a, b) => (a === true || b === true ? true : a === null || b === null ? null : false);

  /** What `operator` says of two values whose order (negative, 0, positive; NaN where they have none) is known. */
  function holds(operator, order) {
    switch (operator) {
      case "=": return order === 0;
      case "!=": return order !== 0;
      case "<": return order < 0;
      case "<=": return order <= 0;
      case ">": return order > 0;
      default: return order >= 0;
    }
  }

  /** NaN equals NaN, and else has no order. */
  const orderOfNumbers = (a, b) => (a === b ? 0 : Number.isNaN(a) && Number.isNaN(b) ? 0 : a < b ? -1 : a > b ? 1 : NaN);

  function compareNumbers(operator, a, b) {
    if (Number.isNaN(a) && operator !== "=" && operator !== "!=") return false;
    return holds(operator, orderOfNumbers(a, b));
  }

  /** By code points, as UTF-8 orders them. */
  function orderOfTexts(a, b) {
    if (a === b) return 0;
    let at = 0;
    while (at < a.length && at < b.length && a[at] === b[at]) at++;
    if (at && /[\udc00-\udfff]/.test((a[at] ?? "") + (b[at] ?? ""))) at--;
    return (a.codePointAt(at) ?? -1) < (b.codePointAt(at) ?? -1) ? -1 : 1;
  }

  /** A number as Python writes it, whole ones without a point. @param {number} value */
  function numberAsText(value) {
    if (!Number.isFinite(value) || (Number.isInteger(value) && Math.abs(value) < 1e16)) return Object.is(value, -0) ? "0" : String(value);
    const [digits, exponent] = value.toExponential().split("e");
    const power = Number(exponent);
    if (power < -4 || power >= 16) return `${digits}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
    return String(value);
  }

  /** An instant as Python writes it. @param {number} seconds since 1970 */
  function timeAsText(seconds) {
    const micros = Math.round(seconds * 1e6);
    const whole = Math.floor(micros / 1e6);
    const rest = micros - whole * 1e6;
    const at = new Date(whole * 1000);
    if (Number.isNaN(at.getTime())) return null;
    return `${at.toISOString().slice(0, 19).replace("T", " ")}${rest ? `.${String(rest).padStart(6, "0")}` : ""}+00:00`;
  }

  /** A value as a filter compares it with text. */
  function asText(value, kind) {
    if (value === null || typeof value === "string") return value;
    if (Array.isArray(value)) return JSON.stringify(value);
    if (typeof value === "number") return kind === "time" ? timeAsText(value) : numberAsText(value);
    return String(value);
  }

  /** The number that a value of a column is (true is 1), null for others. */
  const asNumber = (value) => (typeof value === "number" ? value : typeof value === "boolean" || typeof value === "bigint" ? Number(value) : null);

  /** The number that a text spells, null where it spells none. */
  function spelled(text) {
    const bare = text.trim().replace(/(?<=\d)_(?=\d)/g, "");
    const special = /^([+-]?)(?:(inf(?:inity)?)|nan)$/i.exec(bare);
    if (special) return special[2] ? (special[1] === "-" ? -Infinity : Infinity) : NaN;
    return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(bare) ? Number(bare) : null;
  }

  /** The number that a value of the filter stands for beside a column of this kind, null when it is text to it. */
  function givenNumber(value, kind) {
    if (typeof value === "boolean") return kind === "text" ? null : Number(value);
    if (typeof value === "number") return value;
    if (kind === "bool") return { true: 1, false: 0 }[value.trim().toLowerCase()] ?? null;
    return kind === "number" ? spelled(value) : null;
  }

  /** Seconds since 1970 from ISO 8601 text, `3 days ago`, or a number; to the microsecond. */
  function givenTime(value) {
    const number = typeof value === "string" ? (ago(value) ?? isoTime(value.trim())) : Number(value);
    const seconds = number ?? NaN;
    if (Number.isFinite(seconds) && timeAsText(seconds)) return Math.round(seconds * 1e6);
    throw new Error(`found ${shown(value)}, expected a time as in '2026-10-01', '2026-10-01T10:00:00Z' or '7 days ago'`);
  }

  function ago(text) {
    const found = /^\s*(\d+(?:\.\d+)?)\s*(s|m|h|d|w)[a-z]*\s+ago\s*$/i.exec(text);
    return found ? Date.now() / 1000 - Number(found[1]) * UNITS[found[2].toLowerCase()] : null;
  }

  function isoTime(text) {
    const found = ISO.exec(text);
    if (!found) return null;
    const [year, month, day, hour, minute, second] = found.slice(1, 7).map((part) => Number(part ?? 0));
    const at = new Date(0);
    at.setUTCFullYear(year, month - 1, day);
    at.setUTCHours(hour, minute, second);
    const sound = at.getUTCDate() === day && at.getUTCMonth() === month - 1 && hour < 24 && minute < 60 && second < 60;
    return sound ? at.getTime() / 1000 + Number(`0.${found[7] ?? 0}`) - offset(found[8]) : null;
  }

  function offset(zone) {
    if (!zone || zone.toUpperCase() === "Z") return 0;
    const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(3).replace(":", "") || 0)];
    return (zone[0] === "-" ? -60 : 60) * (hours * 60 + minutes);
  }

  const shown = (value) => (typeof value === "string" ? `'${value}'` : String(value));

  /** `left operator right`. @param {Operand} left @param {Operand} right @param {Kinds} kinds @returns {Condition} */
  function compare(left, operator, right, kinds) {
    if (left.type === "value" && right.type === "column") return compare(right, MIRRORED[operator], left, kinds);
    if (right.type === "column") return compareColumns(left.name, operator, right.name, kinds);
    if (right.value === null) return () => null;
    if (left.type === "value") return constant(compareValues(left.value, operator, right.value));
    return compareWithValue(left.name, operator, right.value, kinds.kind(left.name));
  }

  const constant = (truth) => () => truth;

  function compareValues(a, operator, b) {
    if (a === null) return null;
    if ((typeof a === "string") !== (typeof b === "string")) return operator === "!=";
    if (typeof a === "string") return holds(operator, orderOfTexts(a, b));
    return holds(operator, orderOfNumbers(Number(a), Number(b)));
  }

  function compareWithValue(key, operator, given, kind) {
    if (kind === "list") return holdsItem(key, operator, given);
    if (kind === "time") return compareTimes(key, operator, givenTime(given));
    const number = givenNumber(given, kind);
    if (number !== null) return kind === "text" ? typed(key, operator, () => null) : typed(key, operator, (value) => numberCondition(operator, asNumber(value), number));
    const text = asText(given, kind);
    const texts = kind === "text" || kind === "mixed";
    return typed(key, operator, texts ? (value) => holds(operator, orderOfTexts(asText(value, kind), text)) : () => null);
  }

  /** Where a value is there but of another type (`judge` gives null), only `!=` holds. */
  function typed(key, operator, judge) {
    return (run, value) => {
      const found = value(key, run);
      return found === null ? null : (judge(found) ?? operator === "!=");
    };
  }

  const numberCondition = (operator, value, number) => (value === null ? null : compareNumbers(operator, value, number));

  function compareTimes(key, operator, micros) {
    return (run, value) => {
      const found = value(key, run);
      return found === null ? null : holds(operator, Math.round(found * 1e6) - micros);
    };
  }

  /** A list equals a value when it holds it. */
  function holdsItem(key, operator, given) {
    if (operator !== "=" && operator !== "!=") throw new Error(`a list is neither above nor below ${shown(given)}; write ${shown(given)} IN the list`);
    const text = asText(given, "list");
    return (run, value) => {
      const found = value(key, run);
      return found === null ? null : found.some((item) => asText(item, "list") === text) === (operator === "=");
    };
  }

  function compareColumns(left, operator, right, kinds) {
    const found = [left, right].map((key) => kinds.kind(key));
    if (found.includes("list")) throw new Error("a list can be compared with a value only; write 'x' IN tags");
    if (found.includes("time")) {
      if (found[0] !== found[1]) throw new Error("a time can be compared with a time only, as in created > '2026-10-01'");
      return pair(left, right, (a, b) => holds(operator, Math.round(a * 1e6) - Math.round(b * 1e6)));
    }
    if (found.includes("text") || found.every((kind) => kind === "mixed")) {
      return pair(left, right, (a, b) => holds(operator, orderOfTexts(asText(a), asText(b))));
    }
    return pair(left, right, (a, b) => {
      const [one, other] = [asNumber(a), asNumber(b)];
      return one === null || other === null ? operator === "!=" : compareNumbers(operator, one, other);
    });
  }

  function pair(left, right, judge) {
    return (run, value) => {
      const [a, b] = [value(left, run), value(right, run)];
      return a === null || b === null ? null : judge(a, b);
    };
  }

  /** Whether the pattern is found in the value's text, or in that of any item of a list. @param {Operand} left @param {RegExp} expression @param {Kinds} kinds */
  function matches(left, expression, kinds) {
    if (left.type === "value") return constant(left.value === null ? null : expression.test(asText(left.value)));
    const kind = kinds.kind(left.name);
    const test = (value) => expression.test(asText(value, kind));
    return (run, value) => {
      const found = value(left.name, run);
      if (found === null) return null;
      return kind === "list" ? found.some((item) => item !== null && test(item)) : test(found);
    };
  }

  /** Whether there is a value. @param {Operand} operand */
  function presence(operand) {
    if (operand.type === "value") return constant(operand.value !== null);
    return (run, value) => value(operand.name, run) !== null;
  }

  /** The operand as a condition by itself. @param {Operand} operand @param {Kinds} kinds */
  function truth(operand, kinds) {
    if (operand.type === "value" && (operand.value === null || typeof operand.value === "boolean")) return constant(operand.value);
    const kind = operand.type === "column" ? kinds.kind(operand.name) : "";
    if (["bool", "mixed", "empty"].includes(kind)) return compare(operand, "=", { type: "value", value: true }, kinds);
    const name = operand.type === "column" ? operand.name : shown(operand.value);
    throw new Error(`${name} is no condition by itself; compare it, as in ${name} = 1 or ${name} IS NOT NULL`);
  }

  /** The condition that a tree states. Throws an Error, with `at` (from 0), where it means nothing. @param {object} tree @param {Kinds} kinds @returns {Condition} */
  function condition(tree, kinds) {
    const [inner, join] = [(each) => condition(each, kinds), { and: both, or: either }[tree.type]];
    if (join) {
      const stop = tree.type === "or";
      return joined(tree.items.map(inner), join, stop);
    }
    if (tree.type === "not") return negated(inner(tree.item), true);
    try {
      return negated(MEANINGS[tree.type](tree, kinds), tree.negated);
    } catch (error) {
      throw Object.assign(error, { at: error.at ?? tree.at });
    }
  }

  function joined(parts, join, stop) {
    return (run, value) => {
      let found = !stop;
      for (const part of parts) {
        found = join(found, part(run, value));
        if (found === stop) return stop;
      }
      return found;
    };
  }

  const negated = (part, yes) => (yes ? (run, value) => not(part(run, value)) : part);
  const orFalse = (part) => (run, value) => part(run, value) ?? false;

  const MEANINGS = {
    compare: ({ left, operator, right }, kinds) => compare(left, operator, right, kinds),
    holds: ({ left, right }, kinds) => compare(right, "=", left, kinds),
    truth: ({ left }, kinds) => truth(left, kinds),
    null: ({ left }) => negated(presence(left), true),
    is: ({ left, right }, kinds) => orFalse(compare(left, "=", right, kinds)),
    distinct: ({ left, right }, kinds) => negated(orFalse(compare(left, "=", right, kinds)), true),
    between: ({ left, low, high }, kinds) => joined([compare(left, ">=", low, kinds), compare(left, "<=", high, kinds)], both, false),
    in: ({ left, items }, kinds) => {
      const [there, found] = [presence(left), joined(items.map((item) => orFalse(compare(left, "=", item, kinds))), either, true)];
      return (run, value) => (there(run, value) ? found(run, value) : null);
    },
    match: ({ left, operator, pattern: text }, kinds) => {
      const like = /^I?LIKE$/.test(operator);
      const expression = like ? pattern.like(text, operator === "ILIKE") : pattern(operator.endsWith("*") ? `(?i)${text}` : text);
      return negated(matches(left, expression, kinds), operator.startsWith("!"));
    },
  };

  return { condition };
})();
