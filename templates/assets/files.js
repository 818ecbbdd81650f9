"use strict";
/** The files of a run as a tree, and a preview of the one that is chosen. What a stranger wrote is only ever text or a picture. */
runstore.Files = (() => {
  const { element, format, icon } = runstore;
  const MOST_ROWS = 200;
  const MOST_FOLDED = 2000;

  /** @typedef {{path: string, name: string, size: number, href: ?string, kind: ?string, place: ?[number, number]}} RunFile */

  /** Nested folders of files, by name. */
  function grown(files) {
    const root = { name: "", folders: new Map(), files: [], size: 0, count: 0 };
    for (const file of files) {
      const way = file.path.split("/");
      let folder = root;
      for (const name of way.slice(0, -1)) {
        if (!folder.folders.has(name)) folder.folders.set(name, { name, folders: new Map(), files: [], size: 0, count: 0 });
        folder = folder.folders.get(name);
        folder.size += file.size;
        folder.count += 1;
      }
      folder.files.push(file);
    }
    return root;
  }

  class Files {
    /** @param {HTMLElement} section @param {State} state whose `file` is the path of the one that is shown */
    constructor(section, state) {
      this.section = section;
      this.state = state;
      this.tree = section.querySelector("[data-file-tree]");
      this.preview = section.querySelector("[data-file-preview]");
    }

    async start() {
      this.#take(await runstore.load("files", this.section.querySelector("[data-files]").dataset.files));
      const search = this.section.querySelector("[data-files-find]");
      search.addEventListener("input", () => this.#list(search.value));
      this.#list("");
      runstore.live?.on("files", (later) => this.#renew(later, search.value));
      const first = this.files.find(({ path }) => path === this.state.view.file);
      if (first) await this.#open(first);
      else this.preview.replaceChildren(element("p", { className: "empty" }, "Choose a file to look into it."));
    }

    #take(payload) {
      this.shards = payload.shards;
      /** @type {RunFile[]} */
      this.files = payload.files.map(([path, size, href, kind, place]) => ({ path, name: path.split("/").at(-1), size, href, kind, place }));
      const total = this.files.reduce((sum, { size }) => sum + size, 0);
      this.section.querySelector("[data-files-about]").textContent = `${format.count(this.files.length, "file")}, ${format.bytes(total)}`;
    }

    /** Takes the files of a later build; the folders that are open stay so, and the file that is shown. */
    async #renew(payload, pattern) {
      const before = new Map(this.shards);
      for (const [name, url] of payload.shards) if (before.get(name) !== url) runstore.forget(name);
      const { shown } = this;
      const urlOf = (file) => JSON.stringify([file.size, file.href, file.place && this.shards[file.place[0]][1]]);
      const was = shown && urlOf(shown);
      const open = new Set([...this.tree.querySelectorAll("details[open]")].map(({ dataset }) => dataset.way));
      const top = this.tree.scrollTop;
      this.#take(payload);
      this.#list(pattern, open);
      this.tree.scrollTop = top;
      const now = shown && this.files.find(({ path }) => path === shown.path);
      if (!now || urlOf(now) === was) return;
      const { scrollTop } = this.preview;
      await this.#open(now);
      this.preview.scrollTop = scrollTop;
    }

    /** Follows the view when its address changed. @param {Set<string>} changed */
    follow(changed) {
      const file = changed.has("file") && this.files?.find(({ path }) => path === this.state.view.file);
      if (file) this.#open(file);
    }

    #list(pattern, open = new Set()) {
      const { test } = runstore.matcher(pattern);
      const found = pattern ? this.files.filter(({ path }) => test(path)) : this.files;
      this.tree.replaceChildren(this.#branch(grown(found), pattern ? () => true : (way) => open.has(way), ""));
      if (!found.length) this.tree.append(element("p", { className: "soft" }, "No file matches."));
      this.#mark();
    }

    /** @param {(way: string) => boolean} isOpen */
    #branch(folder, isOpen, way) {
      const list = element("ul", { className: "tree" });
      for (const each of folder.folders.values()) {
        const own = `${way}${each.name}/`;
        const details = element("details", { open: isOpen(own) || !way || this.state.view.file.startsWith(own), data: { way: own } });
        const about = element("span", { className: "soft tree-size" }, `${format.count(each.count, "file")}, ${format.bytes(each.size)}`);
        details.append(element("summary", {}, icon("chevron"), element("span", { className: "text" }, `${each.name}/`), about));
        const fill = () => details.open && details.children.length === 1 && details.append(this.#branch(each, isOpen, own));
        fill();
        details.addEventListener("toggle", () => {
          fill();
          this.#mark();
        });
        list.append(element("li", {}, details));
      }
      for (const file of folder.files) list.append(this.#leaf(file));
      return list;
    }

    #leaf(file) {
      const button = element("button", { type: "button", className: "quiet tree-file", data: { path: file.path } }, element("span", { className: "text" }, file.name));
      button.onclick = () => this.state.set({ file: file.path });
      return element("li", {}, button, element("span", { className: "soft tree-size" }, format.bytes(file.size)));
    }

    #mark() {
      for (const button of this.tree.querySelectorAll(".tree-file")) {
        if (button.dataset.path === this.shown?.path) button.setAttribute("aria-current", "true");
        else button.removeAttribute("aria-current");
      }
    }

    async #open(file) {
      this.shown = file;
      this.#mark();
      let body;
      try {
        body = await this.#body(file);
      } catch (error) {
        body = [element("p", { className: "plot-failed" }, error.message)];
      }
      if (this.shown !== file) return;
      this.preview.replaceChildren(this.#head(file), ...body);
      this.preview.setAttribute("aria-label", `Preview of ${file.path}`);
    }

    #head(file) {
      const parts = [element("h3", {}, file.path), element("span", { className: "soft" }, format.bytes(file.size))];
      if (file.href) parts.push(element("a", { className: "button", href: file.href, download: file.name }, "Download"));
      else if (file.whole !== undefined) parts.push(this.#saver(file));
      return element("header", { className: "preview-head" }, ...parts);
    }

    /** A download of what the preview holds, where that is the whole file. */
    #saver(file) {
      if (file.whole === null) return element("span", { className: "soft" }, "in the store only");
      const button = element("button", { type: "button" }, "Download");
      button.onclick = () => {
        const address = URL.createObjectURL(new Blob([file.whole], { type: "text/plain" }));
        element("a", { href: address, download: file.name }).click();
        setTimeout(() => URL.revokeObjectURL(address), 1000);
      };
      return button;
    }

    async #body(file) {
      if (file.kind === "image") return [element("img", { className: "preview-image", src: file.href, alt: file.path })];
      if (!file.place) {
        const why = file.href ? "No preview for this kind of file: download it to look at it." : "No preview, and too large for the site: it lies in the store only.";
        return [element("p", { className: "empty" }, why)];
      }
      const [shard, place] = file.place;
      const [name, url] = this.shards[shard];
      const preview = (await runstore.load(name, url))[place];
      if (file.kind === "table") return [table(preview.columns, preview.rows, preview.types), cut(preview)];
      if (!file.href) file.whole = preview.whole ? preview.text : null;
      return shownText(file.kind, preview);
    }
  }

  const note = (text) => element("p", { className: "soft" }, text);

  function cut({ rows, total, columns, width }) {
    const parts = [];
    if (rows.length < total) parts.push(`The first ${format.count(rows.length, "row")} of ${total.toLocaleString("en")}`);
    else parts.push(format.count(total, "row"));
    parts.push(columns.length < width ? `${columns.length} of ${width} columns` : format.count(width, "column"));
    return note(`${parts.join(", ")}.`);
  }

  function table(columns, rows, types = null) {
    const head = columns.map((name, at) => element("th", { scope: "col" }, name, types ? element("span", { className: "soft column-type" }, types[at]) : ""));
    const body = rows.map((row) => element("tr", {}, ...columns.map((_, at) => element("td", { className: typeof row[at] === "number" ? "number" : "" }, format.value(row[at], "")))));
    const made = element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...body));
    return element("div", { className: "table-scroll", tabIndex: 0, role: "region", aria: { label: "Rows of the file" } }, made);
  }

  function shownText(kind, { text, whole }) {
    const nodes = kind === "csv" || kind === "tsv" ? csv(text, kind === "tsv" ? "\t" : ",", whole) : kind === "json" && whole ? json(text) : [lines(text)];
    if (!whole) nodes.push(note("The beginning of the file; the download holds all of it."));
    return nodes;
  }

  function lines(text) {
    const rows = text.replace(/\n$/, "").split("\n").map((line, at) => element("tr", {}, element("td", { className: "line-number", data: { line: String(at + 1) } }), element("td", { className: "line" }, line)));
    return element("div", { className: "log", tabIndex: 0, role: "region", aria: { label: "Text of the file" } }, element("table", {}, element("tbody", {}, ...rows)));
  }

  function csv(text, mark, whole) {
    const rows = parsed(text, mark, MOST_ROWS + 2);
    // The last row of a file that was cut may be half a row.
    if (!whole && rows.length <= MOST_ROWS + 1) rows.pop();
    if (rows.length < 2) return [lines(text)];
    const [head, ...body] = rows;
    const shown = body.slice(0, MOST_ROWS);
    const nodes = [table(head, shown.map((row) => row.map(numeral)))];
    nodes.push(note(shown.length < body.length || !whole ? `The first ${format.count(shown.length, "row")}.` : `${format.count(shown.length, "row")}.`));
    return nodes;
  }

  const numeral = (text) => (/^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) && text.length < 16 ? Number(text) : text);

  /** The rows of CSV text, quotes and all; at most `most`. */
  function parsed(text, mark, most) {
    const rows = [];
    let row = [];
    let at = 0;
    const cell = new RegExp(`"((?:[^"]|"")*)"?|([^${mark}\\r\\n]*)`, "y");
    while (at < text.length && rows.length < most) {
      cell.lastIndex = at;
      const match = cell.exec(text);
      row.push(match[1] === undefined ? match[2] : match[1].replaceAll('""', '"'));
      at = cell.lastIndex;
      // What follows a closing quote belongs to nothing.
      while (at < text.length && text[at] !== mark && text[at] !== "\n") at += 1;
      if (at >= text.length || text[at] === "\n") {
        rows.push(row);
        row = [];
      }
      at += 1;
    }
    return rows;
  }

  /** JSON as a tree that folds, or as it was written. */
  function json(text) {
    let value;
    try {
      value = JSON.parse(text);
    } catch {
      return [lines(text)];
    }
    const pretty = lines(JSON.stringify(value, null, 2));
    if (typeof value !== "object" || value === null) return [pretty];
    const folded = element("div", { className: "log json-tree", tabIndex: 0, role: "region", aria: { label: "Values of the file" } }, node("", value, true));
    const button = element("button", { type: "button" }, "As text");
    button.onclick = () => {
      const asText = pretty.isConnected;
      (asText ? pretty : folded).replaceWith(asText ? folded : pretty);
      button.textContent = asText ? "As text" : "As tree";
    };
    return [element("p", { className: "json-tools" }, button), folded];
  }

  function node(key, value, open) {
    const label = key === "" ? null : element("span", { className: "json-key" }, `${key}: `);
    if (typeof value !== "object" || value === null) return element("div", { className: "json-leaf" }, label, element("span", { className: `json-${typeof value}` }, JSON.stringify(value)));
    const items = Object.entries(value);
    const kind = Array.isArray(value) ? `[${items.length}]` : `{${items.length}}`;
    const details = element("details", { open }, element("summary", {}, icon("chevron"), label, element("span", { className: "soft" }, kind)));
    const fill = () => {
      if (!details.open || details.children.length > 1) return;
      details.append(...items.slice(0, MOST_FOLDED).map(([name, each]) => node(name, each, false)));
      if (items.length > MOST_FOLDED) details.append(note(`${items.length - MOST_FOLDED} more, as text.`));
    };
    fill();
    details.addEventListener("toggle", fill);
    return details;
  }

  return Files;
})();
