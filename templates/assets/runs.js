"use strict";
/**
 * A project's runs in typed columns: searched, grouped, sorted. No page.
 *
 * @typedef {runstore.Column} Column
 *
 * @typedef {object} Group  the runs that share the values of the first `level + 1` columns that make the groups
 * @property {string} key
 * @property {string} name       the value of the last of these columns
 * @property {string} label      the values of all of them
 * @property {number} level      from 0
 * @property {number} rank       of its colour
 * @property {any} value
 * @property {number[]} runs
 * @property {?Group} parent
 * @property {?Group[]} children null for the deepest
 */
runstore.Runs = (() => {
  const { Column } = runstore;
  const collator = new Intl.Collator("en", { sensitivity: "base" });
  const SEARCHED = ["group", "job_type", "tags", "state", "notes"];
  const NONE = "(none)";
  const MEASURED = ["number", "duration"];

  class Runs {
    /**
     * @param {object} payload of the project's `runs` file
     * @param {string} base the way from the page to the project's directory
     * @param {?{column: string, value: any}} scope
     * @param {?Runs} whole those that these are a part of, in place of a payload
     */
    constructor(payload, base, scope, whole = null) {
      if (whole) {
        Object.assign(this, whole, { columns: new Map(whole.columns), known: new Map(), texts: null });
        return;
      }
      this.base = base;
      this.scope = scope;
      /** Whether the site has a page for each run. */
      this.isPaged = true;
      Object.assign(this, payload.runs);
      this.project = payload.project;
      this.metrics = payload.metrics;
      this.hidden = payload.hidden ?? [];
      this.defaultGroup = payload.group ?? "";
      /** What was logged beside numbers (logged.js). @type {?Logged} */
      this.logged = payload.logged ?? null;
      /** @type {Map<string, Column>} */
      this.columns = new Map(payload.columns.map((entry) => [entry.key, new Column(entry, this.id.length)]));
      for (const [key, label] of [["name", "Name"], ["id", "ID"]]) {
        this.columns.set(key, new Column({ key, label, section: "run", type: "text", values: this[key] }, this.id.length));
      }
      /** Names of the files with columns that are not in the payload. @type {string[]} */
      this.parts = payload.parts ?? [];
      this.all = this.id.map((_, run) => run);
      if (scope) {
        const values = this.columns.get(scope.column)?.values ?? [];
        this.all = this.all.filter((run) => values[run] === scope.value);
      }
      this.texts = null;
      this.places = new Map(this.id.map((id, run) => [id, run]));
      /** What was computed of a column, once: its order, its groups, its range. @type {Map<string, any>} */
      this.known = new Map();
    }

    /**
     * The same runs as a part of a page has them: some of them, some by other names, and with columns of its own. Files
     * are loaded once for all.
     * @param {number[]} places @param {Object<string, string>} names by id @returns {Runs}
     */
    within(places, names) {
      const own = new Runs(null, this.base, null, this);
      own.all = places;
      if (!Object.keys(names).length) return own;
      own.name = this.id.map((id, run) => (Object.hasOwn(names, id) ? names[id] : this.name[run]));
      own.columns.set("name", new Column({ key: "name", label: "Name", section: "run", type: "text", values: own.name }, this.id.length));
      return own;
    }

    /** Which of some columns are known but not loaded. @param {Iterable<string>} keys @returns {string[]} */
    missing(keys) {
      return [...new Set(keys)].filter((key) => this.columns.get(key)?.isLoaded === false);
    }

    /** Loads the values of columns. @param {Iterable<string>} keys */
    async ensure(keys) {
      const parts = new Set(this.missing(keys).map((key) => this.columns.get(key).part));
      await Promise.all([...parts].map((part) => this.#load(part)));
    }

    async #load(part) {
      const { columns } = this;
      const name = this.parts[part];
      for (const packed of await runstore.load(name, `${this.base}data/${name}.js`)) columns.get(packed.key).take(packed);
    }

    /** Takes the data of a later build; who holds a column holds its newer values. @param {object} payload */
    async renew(payload) {
      const later = new Runs(payload, this.base, this.scope);
      const loaded = [...this.columns.values()].filter(({ part, isLoaded }) => part !== null && isLoaded);
      await later.ensure(loaded.map(({ key }) => key));
      for (const [key, column] of later.columns) {
        const known = this.columns.get(key);
        if (known) later.columns.set(key, Object.assign(known, column));
      }
      Object.assign(this, later);
    }

    get count() {
      return this.all.length;
    }

    /** Attributes of a link to a run's page: none where there is no such page. @returns {{href?: string}} */
    linked(run) {
      const href = this.isPaged ? runstore.onSite(this.link(run)) : null;
      return href === null ? {} : { href };
    }

    /** Goes to a run's page, where there is one. */
    visit(run) {
      const { href } = this.linked(run);
      if (href) location.href = href;
    }

    link(run) {
      return `${this.base}runs/${encodeURIComponent(this.id[run])}/index.html`;
    }

    /** The rank of a run's colour: the oldest is 0, so that new runs change no other's. */
    rank(run) {
      return this.id.length - 1 - run;
    }

    /** The run with an id. @returns {number | undefined} */
    place(id) {
      return this.places.get(id);
    }

    /**
     * Columns by their keys with commas between them (a key's own comma is written %2C), those that are not there left
     * out. A text that is a key as it stands is that one.
     * @param {string} text @returns {string[]}
     */
    keysOf(text) {
      if (this.columns.has(text)) return [text];
      return [...new Set(text.split(",").map(decoded))].filter((key) => this.columns.has(key));
    }

    /** @param {string[]} keys */
    textOf(keys) {
      return keys.length === 1 && this.keysOf(keys[0])[0] === keys[0] ? keys[0] : keys.map(encodeURIComponent).join(",");
    }

    /**
     * Runs whose name, id, group, job type, tags, state or notes match. A pattern that is no regular expression is
     * looked for as it stands, and `literal` says so.
     * @returns {{runs: number[], literal: boolean}}
     */
    search(pattern) {
      if (!pattern) return { runs: this.all, literal: false };
      this.texts ??= this.id.map((_, run) => this.#text(run));
      const { test, literal } = runstore.matcher(pattern);
      return { runs: this.all.filter((run) => test(this.texts[run])), literal };
    }

    #text(run) {
      const parts = [this.name[run], this.id[run]];
      for (const key of SEARCHED) {
        const value = this.columns.get(key)?.values[run];
        if (value !== null && value !== undefined) parts.push(Array.isArray(value) ? value.join(" ") : value);
      }
      return parts.join("\n");
    }

    /** Columns whose values can make groups: everything but what was measured or is different for each run. */
    groupable() {
      const skipped = new Set(["created", "finished", "updated", "runtime", "tracked", "rows", "last_step", "notes", "name", "id"]);
      return [...this.columns.values()].filter(({ key, section }) => section !== "summary" && !skipped.has(key));
    }

    /** The deepest groups of `runs` by columns, in order. @param {string | string[]} keys @param {number[]} runs @returns {Group[]} */
    group(keys, runs) {
      return leaves(this.tree([keys].flat(), runs));
    }

    /**
     * Groups of `runs` by columns, one level each, in the natural order of their values. Every group of the project
     * keeps its key, its rank and its order, whichever runs are looked at.
     * @param {string[]} keys @param {number[]} runs @returns {Group[]}
     */
    tree(keys, runs) {
      const levels = keys.map((key) => this.#codes(key));
      const ranks = levels.length > 1 ? this.#ranks(keys, levels) : null;
      const split = (members, level, parent) => {
        const { codes, names, labels, values, order } = levels[level];
        const found = new Map();
        for (const run of members) {
          const code = codes[run];
          const known = found.get(code);
          if (known) known.push(run);
          else found.set(code, [run]);
        }
        const sorted = [...found].sort(([a], [b]) => order[a] - order[b]);
        return sorted.map(([code, own]) => {
          const name = labels[code];
          const label = parent ? `${parent.label} · ${name}` : name;
          const group = { key: keyOf(parent, names[code], levels.length), name, label, level, value: values[code], runs: own, parent, children: null };
          group.rank = ranks ? ranks.get(combination(levels, level, own[0])) : code;
          if (level + 1 < levels.length) group.children = split(own, level + 1, group);
          return group;
        });
      };
      return levels.length ? split(runs, 0, null) : [];
    }

    /** A column's values as codes in the order they first appeared, with the place of each code in the values' order. */
    #codes(key) {
      return this.#once(`codes ${key}`, () => {
        const column = this.columns.get(key)?.values ?? [];
        const codes = new Int32Array(this.id.length);
        const [known, names, values] = [new Map(), [], []];
        for (let run = this.id.length - 1; run >= 0; run--) {
          const name = groupName(column[run]);
          let code = known.get(name);
          if (code === undefined) {
            known.set(name, (code = names.length));
            names.push(name);
            values.push(column[run] ?? null);
          }
          codes[run] = code;
        }
        return { codes, names, labels: groupLabels(values, names), values, order: placesOf(values) };
      });
    }

    /** Ranks of combinations of values, by first appearance in the project. */
    #ranks(keys, levels) {
      return this.#once(`ranks ${JSON.stringify(keys)}`, () => {
        const ranks = new Map();
        for (let level = 0; level < levels.length; level++) {
          let next = 0;
          for (let run = this.id.length - 1; run >= 0; run--) {
            const key = combination(levels, level, run);
            if (!ranks.has(key)) ranks.set(key, next++);
          }
        }
        return ranks;
      });
    }

    #once(name, make) {
      if (!this.known.has(name)) this.known.set(name, make());
      return this.known.get(name);
    }

    /** Numbers that stand in the order of a column's values; NaN for what has none, and among numbers for what is no finite number. */
    #order(column) {
      return this.#once(`order ${column.key}`, () => {
        if (column.type === "number" || column.type === "duration" || column.type === "time") return this.#floats(column);
        const [known, values] = [new Map(), []];
        const codes = column.values.map((value) => {
          if (value === null || value === undefined) return -1;
          const plain = typeof value === "number" ? value : String(value);
          if (!known.has(plain)) known.set(plain, values.push(plain) - 1);
          return known.get(plain);
        });
        const places = placesOf(values);
        return Float64Array.from(codes, (code) => (code < 0 ? NaN : places[code]));
      });
    }

    #floats(column) {
      return this.#once(`floats ${column.key}`, () => Float64Array.from(column.values, (value) => (typeof value === "number" ? value : NaN)));
    }

    /** What to sort by, most important first. @param {string} sort keys with commas between, `-` in front for descending @returns {{key: string, sign: number}[]} */
    sorts(sort) {
      const single = parseSort(sort);
      if (!sort || this.columns.has(single.key)) return sort ? [single] : [];
      return sort.split(",").map((part) => parseSort(decoded(part))).filter(({ key }) => this.columns.has(key));
    }

    /** @param {{key: string, sign: number}[]} sorts */
    sortText(sorts) {
      const texts = sorts.map(({ key, sign }) => (sign < 0 ? `-${key}` : key));
      return texts.length === 1 && !texts[0].includes(",") && !texts[0].includes("%") ? texts[0] : texts.map(encodeURIComponent).join(",");
    }

    /** What `sort` becomes by a click on a column: ascending, descending, as before. @param {boolean} more beside the others */
    nextSort(sort, key, more) {
      const sorts = this.sorts(sort);
      const known = sorts.find((each) => each.key === key);
      const next = known ? (known.sign > 0 ? [{ key, sign: -1 }] : []) : [{ key, sign: 1 }];
      return this.sortText(more ? (known ? sorts.flatMap((each) => (each === known ? next : [each])) : [...sorts, ...next]) : next);
    }

    /** `runs` in the order of columns; what has no value, or no finite number, comes last. */
    sort(runs, sort) {
      const orders = this.sorts(sort).map(({ key, sign }) => ({ values: this.#order(this.columns.get(key)), sign }));
      if (!orders.length) return runs;
      return [...runs].sort((a, b) => {
        for (const { values, sign } of orders) {
          const difference = numeric(values[a], values[b], sign);
          if (difference) return difference;
        }
        return a - b;
      });
    }

    /** Groups of a level in the order of columns: by the mean of their numbers, else by the least value. */
    sortGroups(groups, sort) {
      const sorts = this.sorts(sort);
      if (!sorts.length) return groups;
      const keyed = groups.map((group) => ({ group, values: sorts.map(({ key }) => this.#groupValue(group, key)) }));
      keyed.sort((a, b) => {
        for (let at = 0; at < sorts.length; at++) {
          const [left, right] = [a.values[at], b.values[at]];
          const difference = typeof left === "string" ? sorts[at].sign * natural(left, right) : numeric(left, right, sorts[at].sign);
          if (difference) return difference;
        }
        return 0;
      });
      return keyed.map(({ group }) => group);
    }

    /** The deepest groups of a tree in the order of columns, each level within its own. @param {Group[]} groups @param {string} sort @returns {Group[]} */
    sortLeaves(groups, sort) {
      return this.sortGroups(groups, sort).flatMap((group) => (group.children ? this.sortLeaves(group.children, sort) : [group]));
    }

    #groupValue(group, key) {
      if (key === "name") return group.name;
      const column = this.columns.get(key);
      if (MEASURED.includes(column.type)) return this.numbers(column, group.runs)?.mean ?? NaN;
      const order = this.#order(column);
      return group.runs.reduce((least, run) => (order[run] < least || least !== least ? order[run] : least), NaN);
    }

    /** Whether a column holds what can be averaged. */
    isMeasured(column) {
      return MEASURED.includes(column.type);
    }

    /** Count, mean, minimum and maximum of a column's finite numbers among `runs`; null where there is none. */
    numbers(column, runs) {
      if (!this.isMeasured(column)) return null;
      const values = this.#floats(column);
      let [n, mean, min, max] = [0, 0, Infinity, -Infinity];
      for (const run of runs) {
        const value = values[run];
        if (value !== value) continue;
        n++;
        // Two values may lie so far apart that their difference is no number.
        mean += value / n - mean / n;
        if (value < min) min = value;
        if (value > max) max = value;
      }
      return n ? { n, mean, min, max } : null;
    }

    /** The least and the greatest finite number of a column over the page's runs, or null. */
    range(column) {
      return this.#once(`range ${column.key}`, () => this.numbers(column, this.all));
    }

    /**
     * How many of `runs` lie in each of `bins` parts of the column's range over all runs, so that histograms of groups
     * can be compared; null where there is no range.
     * @param {Column} column @param {number[]} runs @returns {?Uint32Array}
     */
    histogram(column, runs, bins) {
      const range = this.range(column);
      if (!range || !(range.max > range.min)) return null;
      const values = this.#floats(column);
      const counts = new Uint32Array(bins);
      const span = range.max / 2 - range.min / 2;
      for (const run of runs) {
        const value = values[run];
        if (value === value) counts[Math.min(bins - 1, Math.floor(((value / 2 - range.min / 2) / span) * bins))]++;
      }
      return counts;
    }

    /** Whether a column's value differs between the page's runs; of one that is not loaded, between the project's. */
    isVaried(column) {
      if (column.isConstant || !column.isLoaded) return !column.isConstant;
      return this.#once(`varied ${column.key}`, () => {
        const first = JSON.stringify(column.values[this.all[0]] ?? null);
        return this.all.some((run) => JSON.stringify(column.values[run] ?? null) !== first);
      });
    }

    /**
     * Of some columns those that tell runs apart which the others do not, the fullest first: what only the runs of one
     * model have says nothing beside the model.
     * @param {Column[]} columns @returns {Column[]}
     */
    telling(columns) {
      let [parts, count] = [this.all.map(() => 0), 1];
      return [...columns].sort((a, b) => b.filled - a.filled).filter(({ key }) => {
        const { codes, names } = this.#codes(key);
        const known = new Map();
        const finer = this.all.map((run, at) => {
          const pair = parts[at] * names.length + codes[run];
          if (!known.has(pair)) known.set(pair, known.size);
          return known.get(pair);
        });
        if (known.size === count) return false;
        [parts, count] = [finer, known.size];
        return true;
      });
    }
  }

  /** The deepest groups of a tree, in order. @param {Group[]} groups @returns {Group[]} */
  function leaves(groups) {
    return groups.flatMap((group) => (group.children ? leaves(group.children) : [group]));
  }
  Runs.leaves = leaves;
  Runs.SEARCHED = SEARCHED;

  /** How a group is named in `hide` and `open`: by its value; with several levels by the values of all, escaped, with slashes between. */
  function keyOf(parent, name, levels) {
    if (levels === 1) return `g:${name}`;
    const escaped = name.replaceAll("~", "~0").replaceAll("/", "~1");
    return parent ? `${parent.key}/${escaped}` : `g:${escaped}`;
  }

  function combination(levels, level, run) {
    let text = "";
    for (let at = 0; at <= level; at++) text += `${levels[at].codes[run]},`;
    return text;
  }

  const isNone = (value) => value === null || value === undefined || (Array.isArray(value) && !value.length);

  /** How a value's group reads. */
  const plainLabel = (value) => (isNone(value) ? NONE : Array.isArray(value) ? value.join(", ") : String(value));

  /** What no other value's group is called: a text that reads like another value stands in quotes. */
  function groupName(value) {
    const plain = plainLabel(value);
    if (Array.isArray(value)) return value.length && (plain === NONE || value.some((item) => item.includes(", "))) ? JSON.stringify(value) : plain;
    return typeof value === "string" && isLikeAnother(value) ? `'${value}'` : plain;
  }

  const isLikeAnother = (text) => ["", NONE, "true", "false"].includes(text) || /^'.*'$/s.test(text) || (Number.isFinite(Number(text)) && String(Number(text)) === text);

  /** The labels of a column's groups: their names where two would read the same, or one like nothing. */
  function groupLabels(values, names) {
    const plain = values.map(plainLabel);
    const [seen, twice] = [new Set(), new Set()];
    for (const label of plain) (seen.has(label) ? twice : seen).add(label);
    return plain.map((label, at) => (!label || twice.has(label) ? names[at] : label));
  }

  function decoded(text) {
    try {
      return decodeURIComponent(text);
    } catch {
      return text;
    }
  }

  function parseSort(sort) {
    return sort.startsWith("-") ? { key: sort.slice(1), sign: -1 } : { key: sort, sign: 1 };
  }

  /** The place of each value among all in ascending order. */
  function placesOf(values) {
    const parts = values.map((value) => (typeof value === "number" || value === null ? null : split(value)));
    const order = values.map((_, at) => at).sort((a, b) => compare(values[a], values[b], parts[a], parts[b]));
    const places = new Int32Array(values.length);
    order.forEach((at, place) => (places[at] = place));
    return places;
  }

  function compare(a, b, left, right) {
    if (a === null || b === null) return (a === null) - (b === null);
    if (typeof a === "number" && typeof b === "number") return a - b;
    if (typeof a === "number" || typeof b === "number") return typeof a === "number" ? -1 : 1;
    return compareParts(left, right) || (String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0);
  }

  const split = (value) => String(value).split(/(\d+(?:\.\d+)?)/).map((part, at) => (at % 2 ? Number(part) : part));

  /** The order of texts with numbers in them: `lr0.03` before `lr0.3`, `fold 9` before `fold 10`. */
  const natural = (a, b) => compare(a, b, split(a), split(b));

  function compareParts(left, right) {
    for (let at = 0; at < Math.min(left.length, right.length); at++) {
      if (left[at] === right[at]) continue;
      // What was split at stands in the odd places.
      const difference = at % 2 ? left[at] - right[at] : collator.compare(left[at], right[at]);
      if (difference) return difference;
    }
    return left.length - right.length;
  }

  /** NaN comes last, whichever way is sorted. */
  function numeric(a, b, sign) {
    if (a !== a || b !== b) return (a !== a) - (b !== b);
    return a < b ? -sign : a > b ? sign : 0;
  }

  return Runs;
})();
