"use strict";
/**
 * Arithmetic between the metrics of a run, point by point: `train/loss / val/loss`, `1 - acc`, `log(a)`. A metric is
 * written as it was logged, the longest name that fits; in quotation marks it may begin with any character.
 *
 * @typedef {object} Formula
 * @property {string[]} metrics  keys of the metrics in it, each once
 * @property {(values: number[]) => number} value of the metrics' values, in that order
 */
runstore.formula = (() => {
  const FUNCTIONS = {
    abs: Math.abs, ceil: Math.ceil, exp: Math.exp, floor: Math.floor, log: Math.log, log10: Math.log10, log1p: Math.log1p, log2: Math.log2,
    max: Math.max, min: Math.min, round: Math.round, sqrt: Math.sqrt,
  };
  const SEVERAL = new Set(["max", "min"]);
  const OPERATORS = {
    "+": (a, b) => a + b,
    "-": (a, b) => a - b,
    "*": (a, b) => a * b,
    "/": (a, b) => a / b,
    "%": (a, b) => a % b,
    "**": (a, b) => a ** b,
  };
  const MOST_DEEP = 200;
  const NUMBER = /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
  const WORD = /[\p{L}_][\p{L}\p{N}_]*/uy;
  const BEGIN = /[\p{L}_]/u;
  const PART_OF_WORD = /[\p{L}\p{N}_]/u;

  /** What is wrong, and at which character. */
  function wrong(message, at) {
    return Object.assign(new Error(message), { at });
  }

  /**
   * Reads a formula. Throws an Error with a message, and the character it is `at`.
   * @param {string} text
   * @param {string[]} keys of the metrics there are
   * @returns {Formula}
   */
  function parse(text, keys) {
    const reader = new Reader(text, keys);
    const value = reader.sum(0);
    if (reader.token) throw wrong(`Expected an operator, found ${reader.told()}.`, reader.token.at);
    if (!reader.metrics.length) throw wrong("There is no metric in this formula.", 0);
    return { metrics: reader.metrics, value };
  }

  /** Splits a formula into tokens, and makes functions of them, one for each level of precedence. */
  class Reader {
    constructor(text, keys) {
      this.text = text;
      this.keys = keys.filter(Boolean).sort((a, b) => b.length - a.length);
      this.known = new Set(keys);
      this.metrics = [];
      this.at = 0;
      this.next();
    }

    /** Moves to the next token: `{kind, text, at}`, null at the end. */
    next() {
      while (this.at < this.text.length && !this.text[this.at].trim()) this.at++;
      if (this.at >= this.text.length) return (this.token = null);
      const at = this.at;
      const { kind, text, size } = this.#metric() ?? this.#match("number", NUMBER) ?? this.#match("word", WORD) ?? this.#sign();
      this.at = at + size;
      return (this.token = { kind, text, at });
    }

    #match(kind, pattern) {
      pattern.lastIndex = this.at;
      const found = pattern.exec(this.text);
      return found && { kind, text: found[0], size: found[0].length };
    }

    #sign() {
      const text = this.text.startsWith("**", this.at) ? "**" : String.fromCodePoint(this.text.codePointAt(this.at));
      return { kind: "sign", text, size: text.length };
    }

    /** A metric's key: in quotation marks, or as it stands, unless a longer word or a function begins here. */
    #metric() {
      const quote = this.text[this.at];
      if (quote === '"' || quote === "'" || quote === "`") return this.#quoted(quote);
      if (!BEGIN.test(quote)) return null;
      const key = this.keys.find((each) => this.text.startsWith(each, this.at) && !this.#goesOn(each));
      if (key === undefined || this.#calls(key)) return null;
      return { kind: "metric", text: key, size: key.length };
    }

    #quoted(quote) {
      const end = this.text.indexOf(quote, this.at + 1);
      if (end < 0) throw wrong(`The quotation mark ${quote} is not closed.`, this.at);
      const text = this.text.slice(this.at + 1, end);
      if (!this.known.has(text)) throw wrong(`No metric is called “${text}”.`, this.at);
      return { kind: "metric", text, size: end + 1 - this.at };
    }

    #goesOn(key) {
      const after = this.text[this.at + key.length];
      return after !== undefined && PART_OF_WORD.test(key[key.length - 1]) && PART_OF_WORD.test(after);
    }

    #calls(key) {
      return Object.hasOwn(FUNCTIONS, key) && /^\s*\(/.test(this.text.slice(this.at + key.length));
    }

    told() {
      return this.token ? `“${this.token.text}”` : "the end";
    }

    is(...signs) {
      return this.token?.kind === "sign" && signs.includes(this.token.text);
    }

    take(sign) {
      if (!this.is(sign)) throw wrong(`Expected “${sign}”, found ${this.told()}.`, this.token?.at ?? this.text.length);
      this.next();
    }

    sum(depth) {
      return this.#row(["+", "-"], () => this.product(depth));
    }

    product(depth) {
      return this.#row(["*", "/", "%"], () => this.signed(depth));
    }

    /** Operands with operators of one precedence between them, from the left. */
    #row(signs, operand) {
      let made = operand();
      while (this.is(...signs)) {
        const apply = OPERATORS[this.token.text];
        this.next();
        const [left, right] = [made, operand()];
        made = (values) => apply(left(values), right(values));
      }
      return made;
    }

    /** A sign binds weaker than a power: -2 ** 2 is -4. */
    signed(depth) {
      if (depth > MOST_DEEP) throw wrong("This formula is nested too deeply.", this.at);
      if (!this.is("-", "+")) return this.power(depth);
      const negative = this.is("-");
      this.next();
      const operand = this.signed(depth + 1);
      return negative ? (values) => -operand(values) : operand;
    }

    power(depth) {
      const base = this.atom(depth);
      if (!this.is("**")) return base;
      this.next();
      const exponent = this.signed(depth + 1);
      return (values) => base(values) ** exponent(values);
    }

    atom(depth) {
      const { token } = this;
      if (this.is("(")) return this.#nested(depth);
      if (!token || token.kind === "sign") throw wrong(`Expected a metric or a number, found ${this.told()}.`, token?.at ?? this.text.length);
      this.next();
      if (token.kind === "number") return () => Number(token.text);
      return token.kind === "metric" ? this.#placed(token.text) : this.#call(token, depth);
    }

    #nested(depth) {
      this.next();
      const made = this.sum(depth + 1);
      this.take(")");
      return made;
    }

    #placed(key) {
      if (!this.metrics.includes(key)) this.metrics.push(key);
      const place = this.metrics.indexOf(key);
      return (values) => values[place];
    }

    #call({ text: name, at }, depth) {
      if (!Object.hasOwn(FUNCTIONS, name)) throw wrong(`“${name}” is neither a metric nor a function.`, at);
      this.take("(");
      const operands = [this.sum(depth + 1)];
      while (SEVERAL.has(name) && this.is(",")) {
        this.next();
        operands.push(this.sum(depth + 1));
      }
      this.take(")");
      return (values) => FUNCTIONS[name](...operands.map((operand) => operand(values)));
    }
  }

  /**
   * The series of a formula: of each run that logged all of its metrics, a point at each step where it logged them all.
   * Of a run in buckets it is computed from their means, which `approximate` says.
   * @param {Formula} formula
   * @param {Series[]} all the series of its metrics, in their order
   * @returns {Series & {approximate: boolean}}
   */
  function combine(formula, all) {
    const places = all.map(({ runs }) => new Map(Array.from(runs, (run, k) => [run, k])));
    const parts = [];
    for (const run of all[0].runs) {
      const at = places.map((each) => each.get(run));
      const part = at.includes(undefined) ? null : pointsOf(formula, all, at);
      if (part?.ys.length) parts.push({ run, place: at[0], ...part });
    }
    const offsets = new Uint32Array(parts.length + 1);
    parts.forEach(({ ys }, k) => (offsets[k + 1] = offsets[k] + ys.length));
    const y = new Float64Array(offsets[parts.length]);
    parts.forEach(({ ys }, k) => y.set(ys, offsets[k]));
    const [{ step, runtime, wall, defined }] = all;
    const along = (xsOf) => xsOf && kept(xsOf, parts);
    return {
      runs: Int32Array.from(parts, ({ run }) => run),
      offsets, y, lo: y, hi: y, bucketed: false,
      approximate: all.some(({ bucketed }) => bucketed),
      step: along(step), runtime: along(runtime), wall: along(wall), defined: along(defined),
      broken: (k) => parts[k].broken,
    };
  }

  /** The values of a formula at the steps that a run's metrics share, which of the first one's points these are, and what is not finite. */
  function pointsOf(formula, all, at) {
    const steps = all.map(({ step }, m) => step(at[m]));
    const firsts = all.map(({ offsets }, m) => offsets[at[m]]);
    const next = all.map(() => 0);
    const values = new Array(all.length);
    const [points, ys] = [[], []];
    steps[0].forEach((x, p) => {
      next[0] = p;
      for (let m = 1; m < all.length; m++) {
        while (next[m] < steps[m].length && steps[m][next[m]] < x) next[m]++;
        if (steps[m][next[m]] !== x) return;
      }
      all.forEach(({ y }, m) => (values[m] = y[firsts[m] + next[m]]));
      points.push(p);
      ys.push(formula.value(values));
    });
    return { points: Uint32Array.from(points), ys: ys.map((y) => (Number.isFinite(y) ? y : NaN)), broken: brokenOf(ys) };
  }

  function brokenOf(ys) {
    const places = [];
    ys.forEach((y, p) => Number.isFinite(y) || places.push(p));
    const kindOf = (y) => (y !== y ? 0 : y > 0 ? 1 : 2);
    return places.length ? { places: Uint32Array.from(places), kinds: Uint8Array.from(places, (p) => kindOf(ys[p])) } : null;
  }

  /** The x of the points that were kept; as it was where all were, so that runs go on sharing one. @returns {XsOf} */
  function kept(xsOf, parts) {
    const made = parts.map(({ place, points }) => {
      const xs = xsOf(place);
      return points.length === xs.length ? xs : Float64Array.from(points, (p) => xs[p]);
    });
    return (k) => made[k];
  }

  return { parse, combine };
})();
