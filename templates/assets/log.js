"use strict";
/**
 * The console logs of a run: every line, though only those in sight are in the page and only their data are loaded.
 *
 * @typedef {{name: string, url: string, first: number, row: number, count: number, lines: ?(string | string[])[], marks: [number, ?number, number][], loading: ?Promise<void>}} Shard
 * `first` is the number of its first line (from 1), `row` the place of that among all lines that there are.
 */
runstore.Log = (() => {
  const { element, format, taste } = runstore;
  const LINE = 20;
  const MARGIN = 12;
  const MOST_MARKED = 200;
  const STDERR = 2;

  /** The heights of many rows, nearly all of them known only by a guess: sums and places in O(log n). */
  class Heights {
    constructor(count, height) {
      this.values = new Float64Array(count).fill(height);
      this.sums = new Float64Array(count + 1);
      for (let at = 1; at <= count; at++) {
        this.sums[at] += height;
        const above = at + (at & -at);
        if (above <= count) this.sums[above] += this.sums[at];
      }
    }

    set(row, height) {
      const change = height - this.values[row];
      if (!change) return;
      this.values[row] = height;
      for (let at = row + 1; at < this.sums.length; at += at & -at) this.sums[at] += change;
    }

    /** The height of all rows before `row`. */
    before(row) {
      let sum = 0;
      for (let at = row; at > 0; at -= at & -at) sum += this.sums[at];
      return sum;
    }

    /** The row that stands at `y`. */
    at(y) {
      let row = 0;
      for (let step = 1 << Math.floor(Math.log2(this.sums.length)); step; step >>= 1) {
        if (row + step < this.sums.length && this.sums[row + step] <= y) y -= this.sums[(row += step)];
      }
      return Math.min(row, this.values.length - 1);
    }
  }

  const plain = (line) => (typeof line === "string" ? line : line.filter((_, at) => at % 2 === 0).join(""));

  /** One writer's lines. */
  class Lines {
    constructor({ title, hidden, timed, shards }) {
      Object.assign(this, { title, hidden, timed });
      this.count = 0;
      /** @type {Shard[]} */
      this.shards = shards.map(([name, url, first, count]) => {
        const row = this.count;
        this.count += count;
        return { name, url, first, row, count, lines: null, marks: [], loading: null };
      });
    }

    /** @returns {Shard} that holds a row */
    shardOf(row) {
      let [low, high] = [0, this.shards.length - 1];
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (this.shards[middle].row <= row) low = middle;
        else high = middle - 1;
      }
      return this.shards[low];
    }

    number(row) {
      const shard = this.shardOf(row);
      return shard.first + row - shard.row;
    }

    /** The row of a line's number, or of the nearest line that is here. */
    row(number) {
      const shard = this.shards.findLast(({ first }) => first <= number) ?? this.shards[0];
      return Math.min(this.count - 1, shard.row + Math.max(0, Math.min(number - shard.first, shard.count - 1)));
    }

    load(shard) {
      shard.loading ??= runstore.load(shard.name, shard.url).then((payload) => {
        shard.lines = payload.lines;
        shard.marks = payload.marks;
      });
      shard.loading.catch(() => (shard.loading = null));
      return shard.loading;
    }

    /** When a line came (epoch s or null), and the place of its stream. */
    mark(shard, at) {
      const found = shard.marks.findLast(([from]) => from <= at);
      return found ? { time: found[1], source: found[2] } : { time: null, source: 0 };
    }
  }

  class Log {
    /**
     * @param {HTMLElement} section
     * @param {State} state whose `find`, `line` and `writer` say what is looked for
     */
    constructor(section, state) {
      this.section = section;
      this.state = state;
      this.find = (name) => section.querySelector(`[data-log-${name}]`);
      this.view = section.querySelector("[data-log]");
      this.spacer = element("div", { className: "log-spacer" });
      this.window = element("div", { className: "log-window" });
      this.spacer.append(this.window);
      this.view.append(this.spacer);
      this.wrap = taste.get("log-wrap", true);
      this.times = taste.get("log-times", false);
      this.matches = [];
      this.current = -1;
      this.marked = null;
      this.later = null;
    }

    async start() {
      const logs = await runstore.load("log", this.view.dataset.log);
      this.logs = logs.map((log) => new Lines(log));
      runstore.live?.on("log", (later) => this.#renew(later));
      this.#bind();
      this.#choose(this.state.view.writer);
      if (this.state.view.line) await this.#goTo(this.lines.row(this.state.view.line), true);
      else await this.#end();
      if (this.state.view.find) this.#search(this.state.view.find);
    }

    /** Follows the view when its address changed. @param {Set<string>} changed */
    follow(changed) {
      if (!this.lines) return;
      if (changed.has("writer")) this.#choose(this.state.view.writer);
      if (changed.has("find") || changed.has("writer")) {
        this.find("find").value = this.state.view.find;
        this.#search(this.state.view.find);
      }
      if (changed.has("line") && this.state.view.line) this.#goTo(this.lines.row(this.state.view.line), true);
    }

    /** Takes the list of a later build, once nobody marks lines: what grew is read again. */
    #renew(later) {
      this.later = later;
      return this.#isMarked() ? Promise.resolve() : this.#takeLater();
    }

    #isMarked() {
      const marked = getSelection();
      return !marked.isCollapsed && this.view.contains(marked.anchorNode);
    }

    /** Who stands at the end stays there; so does what was found. */
    async #takeLater() {
      const { later } = this;
      this.later = null;
      const known = new Map(this.logs.flatMap(({ shards }) => shards).map((shard) => [shard.url, shard]));
      const { title } = this.lines;
      const atEnd = this.view.scrollTop + this.view.clientHeight >= this.spacer.offsetHeight - LINE;
      const top = this.lines.number(this.#top());
      const offset = this.view.scrollTop - this.#before(this.#top());
      const found = this.matches[this.current] === undefined ? null : this.lines.number(this.matches[this.current]);
      this.logs = later.map((log) => new Lines(log));
      for (const shard of this.logs.flatMap(({ shards }) => shards)) {
        const same = known.get(shard.url);
        if (same) Object.assign(shard, { lines: same.lines, marks: same.marks, loading: same.loading });
        else runstore.forget(shard.name);
      }
      this.#writers();
      this.#choose(title);
      if (atEnd) await this.#end();
      else this.#scrollTo(this.lines.row(top), offset);
      if (this.state.view.find) await this.#search(this.state.view.find, found);
    }

    #writers() {
      const writer = this.find("writer");
      writer.replaceChildren(...this.logs.map(({ title }) => element("option", { value: title }, title)));
      this.find("writers").hidden = this.logs.length < 2;
    }

    #bind() {
      const { view } = this;
      view.addEventListener("scroll", () => this.#show(), { passive: true });
      new ResizeObserver(() => this.#resize()).observe(view);
      document.addEventListener("selectionchange", () => this.later && !this.#isMarked() && this.#takeLater());
      const find = this.find("find");
      // Somebody may have written there while the log was loaded.
      if (find.value) this.state.set({ find: find.value });
      else find.value = this.state.view.find;
      find.addEventListener("input", () => {
        clearTimeout(this.typing);
        this.typing = setTimeout(() => this.state.set({ find: find.value }), 150);
      });
      find.addEventListener("keydown", (event) => {
        if (event.key !== "Enter") return;
        event.preventDefault();
        this.#step(event.shiftKey ? -1 : 1);
      });
      this.find("next").onclick = () => this.#step(1);
      this.find("previous").onclick = () => this.#step(-1);
      this.find("end").onclick = () => this.#end();
      const line = this.find("line");
      line.addEventListener("change", () => line.value && this.state.set({ line: Number(line.value) }));
      this.#bindTaste("wrap");
      this.#bindTaste("times");
      this.window.addEventListener("click", (event) => {
        const number = event.target.closest(".line-number");
        if (number) this.state.set({ line: Number(number.dataset.line) });
      });
      const writer = this.find("writer");
      writer.addEventListener("change", () => this.state.set({ writer: writer.value, line: 0 }));
      this.#writers();
    }

    #bindTaste(name) {
      const box = this.find(name);
      box.checked = this[name];
      box.addEventListener("change", () => {
        const row = this.#top();
        this[name] = box.checked;
        taste.set(`log-${name}`, box.checked);
        this.#measure();
        this.#scrollTo(row);
      });
    }

    #choose(title) {
      this.lines = this.logs.find((log) => log.title === title) ?? this.logs.at(-1);
      this.find("writer").value = this.lines.title;
      this.find("timed").hidden = !this.lines.timed;
      this.find("line").max = String(this.lines.number(this.lines.count - 1));
      const { count, hidden } = this.lines;
      this.find("about").textContent = format.count(count, "line") + (hidden ? `; the first ${format.count(hidden, "line")} are in the download` : "");
      this.marked = null;
      this.#measure();
      this.view.scrollTop = this.spacer.offsetHeight;
    }

    /** The heights of all lines from what is known of them. */
    #measure() {
      this.view.classList.toggle("wrapped", this.wrap);
      this.view.classList.toggle("timed", this.times && this.lines.timed);
      this.view.style.setProperty("--digits", String(String(this.lines.number(this.lines.count - 1)).length));
      this.heights = this.wrap ? new Heights(this.lines.count, LINE) : null;
      this.#total();
      this.#show();
    }

    #resize() {
      if (!this.lines || this.width === this.view.clientWidth) return;
      const row = this.#top();
      this.width = this.view.clientWidth;
      this.#measure();
      this.#scrollTo(row);
    }

    #before(row) {
      return this.heights ? this.heights.before(row) : row * LINE;
    }

    #at(y) {
      const row = this.heights ? this.heights.at(Math.max(0, y)) : Math.floor(y / LINE);
      return Math.max(0, Math.min(this.lines.count - 1, row));
    }

    #top() {
      return this.#at(this.view.scrollTop);
    }

    #total() {
      this.spacer.style.height = `${this.#before(this.lines.count)}px`;
    }

    #scrollTo(row, offset = 0) {
      this.view.scrollTop = this.#before(row) + offset;
      this.#show();
    }

    /** Puts the lines in sight into the page; loads those that are not here yet, and then shows them. */
    #show() {
      const first = Math.max(0, this.#top() - MARGIN);
      const last = Math.min(this.lines.count, this.#at(this.view.scrollTop + this.view.clientHeight) + MARGIN + 1);
      const rows = [];
      const missing = new Set();
      for (let row = first; row < last; row++) {
        const shard = this.lines.shardOf(row);
        if (!shard.lines) missing.add(shard);
        rows.push(this.#row(row, shard));
      }
      this.window.style.transform = `translateY(${this.#before(first)}px)`;
      this.window.replaceChildren(...rows);
      this.shown = { first, last };
      if (this.heights) this.#settle(first, rows);
      return missing.size ? Promise.all([...missing].map((shard) => this.#await(shard))) : Promise.resolve();
    }

    async #await(shard) {
      const { lines } = this;
      try {
        await lines.load(shard);
      } catch (error) {
        this.find("found").textContent = error.message;
        return;
      }
      if (lines === this.lines) this.#show();
    }

    /** Learns the real heights of what is shown; what stands on the screen stays where it is. */
    #settle(first, rows) {
      const top = this.#top();
      const offset = this.view.scrollTop - this.#before(top);
      let changed = false;
      rows.forEach((row, at) => {
        const height = row.offsetHeight;
        if (!height || height === this.heights.values[first + at]) return;
        this.heights.set(first + at, height);
        changed = true;
      });
      if (!changed) return;
      this.#total();
      this.window.style.transform = `translateY(${this.#before(first)}px)`;
      const wanted = this.#before(top) + offset;
      if (Math.abs(this.view.scrollTop - wanted) >= 1) this.view.scrollTop = wanted;
    }

    #row(row, shard) {
      const at = row - shard.row;
      const number = shard.first + at;
      const { time, source } = this.lines.mark(shard, at);
      const stamp = time === null ? "" : clock(time);
      const parts = [element("span", { className: "line-number", title: "Link to this line", data: { line: String(number) } })];
      if (this.times && this.lines.timed) parts.push(element("span", { className: "line-time", data: { time: stamp } }));
      const text = element("span", { className: "line" });
      if (shard.lines) text.append(...this.#spans(shard.lines[at]));
      else text.textContent = " ";
      const made = element("div", { className: "log-line", title: stamp && !this.times ? stamp : "" }, ...parts, text);
      if (source === STDERR) made.classList.add("stderr");
      if (row === this.marked) made.classList.add("marked");
      return made;
    }

    #spans(line) {
      const pieces = typeof line === "string" ? [[line, ""]] : Array.from({ length: line.length / 2 }, (_, at) => [line[2 * at], line[2 * at + 1]]);
      const found = this.pattern ? ranges(plain(line), this.pattern) : [];
      let from = 0;
      return pieces.map(([text, style]) => {
        const nodes = marked(text, from, found);
        from += text.length;
        return style ? element("span", { className: style }, ...nodes) : element("span", {}, ...nodes);
      });
    }

    async #end() {
      this.#scrollTo(this.lines.count - 1);
      // Lines that were guessed at turn out higher.
      for (let turn = 0; turn < 3; turn++) {
        await this.#show();
        this.view.scrollTop = this.spacer.offsetHeight;
      }
      this.#show();
    }

    async #goTo(row, linked = false) {
      this.marked = row;
      if (linked) this.find("line").value = String(this.lines.number(row));
      for (let turn = 0; turn < 2; turn++) {
        this.view.scrollTop = this.#before(row) - this.view.clientHeight / 3;
        await this.#show();
      }
    }

    /** Looks through all lines, shard by shard, and tells on the way what it found. @param {string} pattern @param {?number} found the number of the line that was found before, which stays so */
    async #search(pattern, found = null) {
      const turn = (this.searching = {});
      const { lines } = this;
      this.matches = [];
      this.current = -1;
      this.pattern = pattern ? expression(pattern) : null;
      this.marked = this.state.view.line ? lines.row(this.state.view.line) : null;
      this.#show();
      if (!pattern) return this.#told("");
      const { test } = runstore.matcher(pattern);
      for (const shard of lines.shards) {
        try {
          await lines.load(shard);
        } catch (error) {
          return this.#told(error.message);
        }
        if (turn !== this.searching) return undefined;
        shard.lines.forEach((line, at) => test(plain(line)) && this.matches.push(shard.row + at));
        this.#told(`Searching… ${format.count(this.matches.length, "line")}`);
      }
      this.#told(this.matches.length ? format.count(this.matches.length, "matching line") : "No line matches");
      const before = found === null ? -1 : this.matches.indexOf(lines.row(found));
      if (before >= 0) return this.#mark(before);
      // The nearest to the end of what is on the screen: a log is read from its end.
      const near = this.matches.findLastIndex((row) => row < this.#at(this.view.scrollTop + this.view.clientHeight) + 1);
      if (this.matches.length) this.#select(Math.max(0, near));
      return undefined;
    }

    #told(text) {
      this.find("found").textContent = text;
      for (const name of ["next", "previous"]) this.find(name).disabled = !this.matches.length;
    }

    #step(way) {
      const { length } = this.matches;
      if (length) this.#select((this.current + way + length) % length);
    }

    /** Marks what was found, where one looks already. */
    #mark(at) {
      this.current = at;
      this.find("found").textContent = `${(at + 1).toLocaleString("en")} of ${format.count(this.matches.length, "matching line")}`;
      this.marked = this.matches[at];
      return this.#show();
    }

    #select(at) {
      this.#mark(at);
      const row = this.matches[at];
      const inside = this.#before(row) >= this.view.scrollTop && this.#before(row + 1) <= this.view.scrollTop + this.view.clientHeight;
      return inside ? Promise.resolve() : this.#goTo(row);
    }
  }

  const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

  /** A search's pattern that finds each place in a line. */
  function expression(pattern) {
    try {
      return new RegExp(pattern, "gim");
    } catch {
      return new RegExp(escaped(pattern), "gi");
    }
  }

  function ranges(text, pattern) {
    const found = [];
    for (const match of text.matchAll(pattern)) {
      if (match[0]) found.push([match.index, match.index + match[0].length]);
      if (found.length >= MOST_MARKED) break;
    }
    return found;
  }

  /** The text of a span that begins at `from` in its line, with marks where `found` says. */
  function marked(text, from, found) {
    const nodes = [];
    let at = 0;
    for (const [start, stop] of found) {
      const [low, high] = [Math.max(at, start - from), Math.min(text.length, stop - from)];
      if (high <= low) continue;
      if (low > at) nodes.push(document.createTextNode(text.slice(at, low)));
      nodes.push(element("mark", {}, text.slice(low, high)));
      at = high;
    }
    if (at < text.length) nodes.push(document.createTextNode(text.slice(at)));
    return nodes;
  }

  /** An instant to the second, in the reader's time zone. */
  function clock(time) {
    const at = new Date(time * 1000);
    return Number.isNaN(at.getTime()) ? "" : `${format.time(time)}:${String(at.getSeconds()).padStart(2, "0")}`;
  }

  return Log;
})();
