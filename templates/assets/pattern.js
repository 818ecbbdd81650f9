"use strict";
/**
 * Regular expressions of the filter language, which are Rust's as in Polars, as the browser's own: `.` stands for all but a
 * line feed, `$` for the text's very end, and classes know Unicode. What only one of the two knows is refused, so that a
 * filter finds the same runs here and on the command line.
 */
runstore.pattern = (() => {
  const WORD = String.raw`\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}`;
  const CLASSES = { d: String.raw`\p{Nd}`, D: String.raw`\P{Nd}`, s: String.raw`\p{White_Space}`, S: String.raw`\P{White_Space}`, w: `[${WORD}]`, W: `[^${WORD}]` };
  const POSIX = {
    alpha: "A-Za-z", digit: "0-9", alnum: "0-9A-Za-z", upper: "A-Z", lower: "a-z", space: "\\t\\n\\v\\f\\r ", blank: "\\t ", word: "0-9A-Za-z_", xdigit: "0-9A-Fa-f",
    punct: "!-\\/:-@\\[-`\\{-~", print: " -~", graph: "!-~", cntrl: "\\x00-\\x1f\\x7f", ascii: "\\x00-\\x7f",
  };
  const CONTROLS = { t: "\\t", n: "\\n", r: "\\r", f: "\\f", v: "\\v", a: "\\x07" };
  const START = "(?<![^])";
  const END = "(?![^])";
  const [INSIDE, BOUNDARY] = [`[${WORD}]`, (W) => `(?:(?<=${W})(?!${W})|(?<!${W})(?=${W}))`];
  const ASSERTIONS = { A: START, z: END, b: BOUNDARY(INSIDE), B: `(?:(?<=${INSIDE})(?=${INSIDE})|(?<!${INSIDE})(?!${INSIDE}))` };

  /** A character as it stands. */
  const literal = (letter) => (/[!-/:-@[-`{-~]/.test(letter) ? `\\x${letter.codePointAt(0).toString(16)}` : letter);

  class Translator {
    constructor(text) {
      this.text = text;
      this.at = 0;
    }

    /** @returns {RegExp} */
    translate() {
      const flags = this.#takes(/(?:\(\?[imsu]+\))+/y)?.[0] ?? "";
      [this.dot, this.lines] = [flags.includes("s"), flags.includes("m")];
      let found = "";
      while (this.at < this.text.length) found += this.#piece();
      return new RegExp(found, flags.includes("i") ? "vi" : "v");
    }

    #takes(expression) {
      expression.lastIndex = this.at;
      const found = expression.exec(this.text);
      if (found) this.at += found[0].length;
      return found;
    }

    #piece() {
      if (this.text[this.at] === "\\") return this.#escape(false);
      if (this.text[this.at] === "[") return this.#set();
      if (this.text[this.at] === "(") return this.#group();
      const quantity = this.#takes(/\{\d+(,\d*)?\}/y);
      if (quantity) return quantity[0];
      const letter = this.#letter();
      if (letter === ".") return this.dot ? "[^]" : "[^\\n]";
      if (letter === "^") return this.lines ? `(?:${START}|(?<=\\n))` : START;
      if (letter === "$") return this.lines ? `(?:${END}|(?=\\n))` : END;
      if ("|)*+?".includes(letter)) return letter;
      if (letter === "{") throw new Error("a { has no number behind it; write \\{ for the sign");
      return literal(letter);
    }

    #letter() {
      const letter = String.fromCodePoint(this.text.codePointAt(this.at));
      this.at += letter.length;
      return letter;
    }

    #group() {
      const name = this.#takes(/\(\?P?<(\w+)>/y);
      if (name) return `(?<${name[1]}>`;
      const plain = this.#takes(/\((?:\?:)?(?!\?)/y);
      if (plain) return plain[0];
      if (this.#takes(/\(\?<?[=!]/y)) throw new Error("look-around is not supported");
      throw new Error("flags can stand at the beginning only, as in (?i)");
    }

    #escape(inside) {
      this.at++;
      if (this.at >= this.text.length) throw new Error("it ends with a \\");
      const property = this.#takes(/([pP])(?:\{([^}]*)\}|(\w))/y);
      if (property) return `\\${property[1]}{${property[2] ?? property[3]}}`;
      const code = this.#takes(/x([0-9A-Fa-f]{2})|[xuU]\{([0-9A-Fa-f]+)\}|u([0-9A-Fa-f]{4})/y);
      if (code) return `\\u{${code[1] ?? code[2] ?? code[3]}}`;
      const letter = this.#letter();
      if (letter in CLASSES) return CLASSES[letter];
      if (letter in CONTROLS) return CONTROLS[letter];
      if (!inside && letter in ASSERTIONS) return ASSERTIONS[letter];
      if (/[\dA-Za-z]/.test(letter)) throw new Error(/\d/.test(letter) ? "back-references are not supported" : `\\${letter} means nothing`);
      return literal(letter);
    }

    /** A class in square brackets, others within it. */
    #set() {
      const posix = this.#takes(/\[:(\^?)(\w+):\]/y);
      if (posix && POSIX[posix[2]]) return `[${posix[1]}${POSIX[posix[2]]}]`;
      this.at++;
      let found = this.#takes(/\^/y) ? "[^" : "[";
      for (let first = true; first || this.text[this.at] !== "]"; first = false) {
        if (this.at >= this.text.length) throw new Error("a [ is never closed");
        found += this.#member(first);
      }
      this.at++;
      return `${found}]`;
    }

    #member(first) {
      if (this.text[this.at] === "\\") return this.#escape(true);
      if (this.text[this.at] === "[") return this.#set();
      if (this.#takes(/&&/y)) return "&&";
      if (this.#takes(/--|~~/y)) throw new Error("differences of classes are not supported");
      if (!first && this.text[this.at + 1] !== "]" && this.#takes(/-/y)) return "-";
      return literal(this.#letter());
    }
  }

  /** @param {string} text @returns {RegExp} Throws an Error that says what is wrong. */
  function pattern(text) {
    try {
      return new Translator(text).translate();
    } catch (error) {
      const reason = error.message.replace(/^Invalid regular expression: .*\/\w*: /, "");
      throw new Error(`the pattern '${text}' is no regular expression (${reason})`);
    }
  }

  /** The pattern of LIKE: % stands for any text, _ for one character. @param {string} text @param {boolean} ignoreCase */
  pattern.like = (text, ignoreCase) => {
    const parts = [];
    let escaped = false;
    for (const letter of text) {
      if (!escaped && letter === "\\") escaped = true;
      else {
        parts.push(escaped || !"%_".includes(letter) ? literal(letter) : letter === "%" ? "[^]*" : "[^]");
        escaped = false;
      }
    }
    return new RegExp(`^${parts.join("")}$`, ignoreCase ? "vi" : "v");
  };

  return pattern;
})();
