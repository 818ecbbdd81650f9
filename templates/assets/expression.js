"use strict";
/**
 * The filter language, as on the command line (`runstore.reading.sql`): `state = 'finished' AND config.lr < 0.01 AND 'baseline' IN tags`. A text
 * stands in single quotes; double quotes hold one too, or the name of a column that begins with `config.` or `summary.`.
 *
 * @typedef {{kind: string, text: string, at: number}} Token  `at` counts from 0
 * @typedef {object} Tree  and | or {items}, not {item}, and conditions: compare {left, operator, right}, holds (left IN right), in {left, items},
 *   between {left, low, high}, match {left, operator, pattern}, null {left}, is {left, right}, distinct {left, right}, truth {left}; each may be `negated`
 * @typedef {{has: (key: string) => boolean, kind: (key: string) => string, names: () => string[]}} Catalogue  of the columns that there are
 */
runstore.expression = (() => {
  const MAX_LENGTH = 20000;
  const MAX_DEPTH = 60;
  /** What every run has a value or null for. */
  const FIELDS = [
    "project", "id", "name", "path", "state", "exit_code", "group", "job_type", "tags", "notes", "sweep", "created", "finished", "updated", "runtime",
    "tracked", "rows", "last_step", "user", "host", "commit",
  ];
  const ALIASES = {
    display_name: "name", displayName: "name", jobType: "job_type", created_at: "created", createdAt: "created", finished_at: "finished", updated_at: "updated",
    updatedAt: "updated", heartbeat_at: "updated", heartbeatAt: "updated", username: "user", author: "user", sweep_name: "sweep", duration: "runtime", run_id: "id",
  };
  const TOKEN = new RegExp(
    [
      String.raw`(?<space>[\s\x1c-\x1f\x85]+)`,
      String.raw`(?<text>'(?:[^']|'')*')`,
      '(?<quoted>"(?:[^"]|"")*"|`[^`]*`)',
      String.raw`(?<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![A-Za-z_\d]))`,
      String.raw`(?<word>[\p{L}\p{Nl}\p{No}_][\p{L}\p{N}_]*(?:\.[\p{L}\p{N}_]+)*)`,
      String.raw`(?<operator><>|!=|==|<=|>=|!~\*|!~|~\*|~|\|\||[=<>+*\/%(),\-])`,
    ].join("|"),
    "uy",
  );
  const PREFIXED = /((?:config|summary|summary_metrics)\.)("(?:[^"]|"")+"|`[^`]+`)/uy;
  const FREE = /(?:config|summary|summary_metrics)\.[^\s'"`(),=<>!~*+%]+/uy;
  const PLAIN = /^[\p{L}\p{Nl}_][\p{L}\p{N}_]*(?:\.[\p{L}\p{N}_]+)*$/u;
  const OPERATORS = { "=": "=", "==": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">=" };
  const PATTERNS = { LIKE: "LIKE", ILIKE: "ILIKE", REGEXP: "~", RLIKE: "~", "~": "~", "~*": "~*", "!~": "!~", "!~*": "!~*" };
  const CONSTANTS = { TRUE: true, FALSE: false, NULL: null };
  const WITHOUT_CATALOGUE = { has: () => true, kind: () => "mixed", names: () => [] };

  class ExpressionError extends Error {
    /** @param {string} message what was found and expected @param {number} at where, from 0 */
    constructor(message, at) {
      super(message);
      this.name = "ExpressionError";
      this.at = at;
    }
  }

  /** A column's own name for any of its names. @param {string} name */
  function canonical(name) {
    if (name.startsWith("summary_metrics.")) return `summary.${name.slice(16)}`;
    return Object.hasOwn(ALIASES, name) ? ALIASES[name] : name;
  }

  const isFree = (name) => name.startsWith("config.") || name.startsWith("summary.");

  function sticky(expression, text, at) {
    expression.lastIndex = at;
    return expression.exec(text);
  }

  /** @returns {Token[]} */
  function tokens(text, catalogue) {
    const found = [];
    let at = 0;
    while (at < text.length) {
      const { length, token } = nextToken(text, at, catalogue);
      if (token) found.push(token);
      at += length;
    }
    return found;
  }

  function nextToken(text, at, catalogue) {
    const prefixed = sticky(PREFIXED, text, at);
    if (prefixed) return { length: prefixed[0].length, token: { kind: "column", text: prefixed[1] + inside(prefixed[2]), at } };
    const free = sticky(FREE, text, at);
    const name = free && longest(free[0], catalogue);
    if (name) return { length: name.length, token: { kind: "column", text: name, at } };
    const match = sticky(TOKEN, text, at);
    if (!match) throw new ExpressionError(unknown(text, at), at);
    const [kind, found] = Object.entries(match.groups).find(([, value]) => value !== undefined);
    const token = kind === "space" ? null : kind === "quoted" ? quoted(found, at) : { kind: kind === "word" && isColumn(found) ? "column" : kind, text: found, at };
    return { length: found.length, token };
  }

  const isColumn = (word) => FIELDS.includes(canonical(word)) || isFree(canonical(word));
  const inside = (found) => (found[0] === '"' ? found.slice(1, -1).replaceAll('""', '"') : found.slice(1, -1));

  function quoted(found, at) {
    const inner = inside(found);
    if (found[0] === '"' && !isFree(canonical(inner))) return { kind: "text", text: textLiteral(inner), at };
    return { kind: "column", text: inner, at };
  }

  function unknown(text, at) {
    const letter = String.fromCodePoint(text.codePointAt(at));
    if (letter === "'") return "found a text that does not end; close it with '";
    if (letter === '"' || letter === "`") return `found a name that does not end; close it with ${letter}`;
    return `found ${letter}, which means nothing`;
  }

  /** The longest start of `found` that is a column: a metric's name may hold / and -, which are signs too. */
  function longest(found, catalogue) {
    if (/^[\p{L}\p{Nl}_][\p{L}\p{N}_]*$/u.test(found.replaceAll(".", ""))) return found;
    for (let end = found.length; end > 0; end--) {
      if ((end === found.length || !/[\p{L}\p{N}_]/u.test(found[end])) && catalogue.has(canonical(found.slice(0, end)))) return found.slice(0, end);
    }
    return "";
  }

  /** Reads tokens from left to right: OR of ANDs of NOTs of comparisons. */
  class Parser {
    constructor(text, catalogue) {
      this.text = text;
      this.catalogue = catalogue;
      this.tokens = tokens(text, catalogue);
      this.at = 0;
      this.depth = 0;
    }

    parse() {
      if (!this.tokens.length) throw new ExpressionError("the filter is empty; write a condition such as state = 'finished'", 0);
      const found = this.#either();
      if (this.#next) throw this.#error("expected AND, OR or the end");
      return found;
    }

    get #next() {
      return this.tokens[this.at];
    }

    /** A token's word or sign in capitals; "" for values and columns. */
    #upper(token = this.#next) {
      return token?.kind === "word" ? token.text.toUpperCase() : token?.kind === "operator" ? token.text : "";
    }

    /** Whether one of the words is next; goes past it then. */
    #takes(...words) {
      const seen = words.includes(this.#upper()) && this.#next !== undefined;
      if (seen) this.at++;
      return seen;
    }

    #error(expected, token = this.#next) {
      if (!token) return new ExpressionError(`the filter ends too early: ${expected}`, this.text.length);
      return new ExpressionError(`found ${token.text}, ${expected}`, token.at);
    }

    #expect(word) {
      if (!this.#takes(word)) throw this.#error(`expected ${word}`);
    }

    #either() {
      return this.#joined("or", "OR", () => this.#joined("and", "AND", () => this.#negated()));
    }

    #joined(type, word, part) {
      const items = [part()];
      while (this.#takes(word)) items.push(part());
      return items.length > 1 ? { type, items } : items[0];
    }

    #negated() {
      if (++this.depth > MAX_DEPTH) throw new ExpressionError(`the filter is nested deeper than ${MAX_DEPTH} levels; write it flatter`, this.#next?.at ?? 0);
      try {
        if (this.#takes("NOT")) return { type: "not", item: this.#negated() };
        return this.#upper() === "(" ? this.#group() : this.#predicate();
      } finally {
        this.depth--;
      }
    }

    #group() {
      const open = this.#next;
      this.at++;
      const found = this.#either();
      if (!this.#next) throw this.#error("which is never closed; add )", open);
      this.#expect(")");
      return found;
    }

    #predicate() {
      const at = this.#next?.at ?? this.text.length;
      return { ...this.#compared(this.#operand()), at };
    }

    #compared(left) {
      const token = this.#next;
      const operator = OPERATORS[this.#upper()];
      if (operator) {
        this.at++;
        const right = this.#operand();
        if (right.type === "value" && right.value === null) throw this.#error("which never holds for NULL; write IS NULL or IS NOT NULL", token);
        return { type: "compare", left, operator, right };
      }
      if (this.#takes("IS")) return this.#is(left, this.#takes("NOT"));
      const negated = this.#takes("NOT");
      const found = this.#wordPredicate(left);
      if (found) return { ...found, negated };
      if (negated) throw this.#error("expected IN, BETWEEN or LIKE after NOT");
      return { type: "truth", left };
    }

    #is(left, negated) {
      if (this.#takes("NULL")) return { type: "null", left, negated };
      if (this.#takes("TRUE")) return { type: "is", left, right: { type: "value", value: true }, negated };
      if (this.#takes("FALSE")) return { type: "is", left, right: { type: "value", value: false }, negated };
      if (!this.#takes("DISTINCT")) throw this.#error("expected NULL, TRUE, FALSE or DISTINCT FROM");
      this.#expect("FROM");
      return { type: "distinct", left, right: this.#operand(), negated };
    }

    #wordPredicate(left) {
      if (this.#takes("IN")) return this.#in(left);
      if (this.#takes("BETWEEN")) {
        const low = this.#operand();
        this.#expect("AND");
        return { type: "between", left, low, high: this.#operand() };
      }
      const [token, operator] = [this.#next, PATTERNS[this.#upper()]];
      if (!operator) return null;
      this.at++;
      const right = this.#operand();
      if (right.type !== "value" || typeof right.value !== "string") throw this.#error("expected a text in single quotes behind it", token);
      return { type: "match", left, operator, pattern: right.value };
    }

    /** `x IN (1, 2)`, or `'x' IN tags`. */
    #in(left) {
      if (!this.#takes("(")) return { type: "holds", left, right: this.#operand() };
      const items = [];
      while (!this.#takes(")")) {
        if (items.length) this.#expect(",");
        items.push(this.#operand());
      }
      if (!items.length) throw this.#error("expected a value in the brackets after IN", this.tokens[this.at - 1]);
      return { type: "in", left, items };
    }

    #operand() {
      const token = this.#next;
      const found = token && this.#simple(token);
      if (!found) throw this.#error("expected a column or a value");
      this.at++;
      if ("+-*/%||".includes(this.#upper() || " ")) throw this.#error("which the command line alone can compute with; compare columns and values here");
      if (this.#upper() === "(") throw this.#error("but functions work on the command line only; compare columns and values here");
      return found;
    }

    #simple(token) {
      if (token.kind === "text") return { type: "value", value: token.text.slice(1, -1).replaceAll("''", "'") };
      if (token.kind === "number") return { type: "value", value: Number(token.text) };
      if (token.kind === "column") return this.#column(token);
      const upper = this.#upper(token);
      if (Object.hasOwn(CONSTANTS, upper)) return { type: "value", value: CONSTANTS[upper] };
      if ((upper === "-" || upper === "+") && this.tokens[this.at + 1]?.kind === "number") {
        this.at++;
        return { type: "value", value: Number(this.#next.text) * (upper === "-" ? -1 : 1) };
      }
      return token.kind === "word" && !["AND", "OR", "NOT", "IN", "IS", "BETWEEN"].includes(upper) && !PATTERNS[upper] ? this.#column(token) : null;
    }

    #column(token) {
      const name = canonical(token.text);
      if (this.#upper(this.tokens[this.at + 1]) === "(" && token.kind === "word") throw this.#error("but functions work on the command line only", token);
      if (!this.catalogue.has(name)) throw new ExpressionError(`found no column ${token.text}${hint(name, this.catalogue.names())}`, token.at);
      return { type: "column", name };
    }
  }

  function hint(name, known) {
    const inner = known.filter((each) => each.slice(each.indexOf(".") + 1) === name);
    const within = inner.length ? inner : known.filter((each) => name && each.startsWith(`${name}.`));
    const near = (within.length ? within : known.filter((each) => isNear(each, name))).slice(0, 3);
    return near.length ? `; did you mean ${near.join(" or ")}? A text stands in quotes, '…'` : "; a text stands in quotes, '…'";
  }

  /** Whether two of three pairs of neighbouring letters are in both. */
  function isNear(a, b) {
    const pairs = (text) => new Set([...text.toLowerCase()].slice(1).map((letter, at) => text[at].toLowerCase() + letter));
    const [one, other] = [pairs(a), pairs(b)];
    return (2 * [...one].filter((pair) => other.has(pair)).length) / (one.size + other.size) >= 0.66;
  }

  /** Every column that a tree names. @param {Tree} tree @returns {string[]} */
  function columns(tree) {
    if (Array.isArray(tree)) return [...new Set(tree.flatMap(columns))];
    if (tree === null || typeof tree !== "object") return [];
    return tree.type === "column" ? [tree.name] : columns(Object.values(tree));
  }

  /**
   * Reads a filter. Throws an Error with `message` and `at` (the character, from 0).
   * @param {string} text @param {Catalogue} [catalogue]
   * @returns {{test: (run: number, value: (key: string, run: number) => any) => boolean, columns: string[], tree: Tree}}
   */
  function parse(text, catalogue = WITHOUT_CATALOGUE) {
    if (text.length > MAX_LENGTH) throw new ExpressionError(`the filter has ${text.length} characters, at most ${MAX_LENGTH} are allowed; shorten it`, 0);
    const tree = new Parser(text, catalogue).parse();
    const condition = runstore.conditions.condition(tree, catalogue);
    return { tree, columns: columns(tree), test: (run, value) => condition(run, value) === true };
  }

  const textLiteral = (value) => `'${value.replaceAll("'", "''")}'`;

  /** A column's name as the language writes it. @param {string} name */
  function columnText(name) {
    if (!isFree(name) || PLAIN.test(name)) return name;
    const dot = name.indexOf(".") + 1;
    return `${name.slice(0, dot)}"${name.slice(dot).replaceAll('"', '""')}"`;
  }

  /** A value of the filter as the language writes it. @param {string | number | boolean | null} value */
  function valueText(value) {
    if (typeof value === "string") return textLiteral(value);
    if (typeof value === "number") return Number.isFinite(value) ? String(value) : textLiteral(String(value));
    return value === null ? "NULL" : String(value).toUpperCase();
  }

  const operandText = (operand) => (operand.type === "column" ? columnText(operand.name) : valueText(operand.value));

  const PRINTED = {
    compare: ({ left, operator, right }) => `${operandText(left)} ${operator} ${operandText(right)}`,
    holds: ({ left, right, negated }) => `${operandText(left)}${negated ? " NOT" : ""} IN ${operandText(right)}`,
    in: ({ left, items, negated }) => `${operandText(left)}${negated ? " NOT" : ""} IN (${items.map(operandText).join(", ")})`,
    between: ({ left, low, high, negated }) => `${operandText(left)}${negated ? " NOT" : ""} BETWEEN ${operandText(low)} AND ${operandText(high)}`,
    match: ({ left, operator, pattern, negated }) => `${operandText(left)}${negated ? " NOT" : ""} ${operator} ${textLiteral(pattern)}`,
    null: ({ left, negated }) => `${operandText(left)} IS${negated ? " NOT" : ""} NULL`,
    is: ({ left, right, negated }) => `${operandText(left)} IS${negated ? " NOT" : ""} ${operandText(right)}`,
    distinct: ({ left, right, negated }) => `${operandText(left)} IS${negated ? " NOT" : ""} DISTINCT FROM ${operandText(right)}`,
    truth: ({ left }) => operandText(left),
    not: ({ item }) => `NOT ${["and", "or"].includes(item.type) ? `(${print(item)})` : print(item)}`,
    and: ({ items }) => items.map((item) => (["and", "or"].includes(item.type) ? `(${print(item)})` : print(item))).join(" AND "),
    or: ({ items }) => items.map((item) => (item.type === "or" ? `(${print(item)})` : print(item))).join(" OR "),
  };

  /** A tree as text that `parse` reads back as the same tree. @param {Tree} tree @returns {string} */
  const print = (tree) => PRINTED[tree.type](tree);

  return { parse, print, columnText, FIELDS, ALIASES };
})();
