"use strict";
/** Logged tables: their data files, and the table that shows them. */
runstore.loggedTable = (() => {
  const { element, format, tableRows, plotFiles } = runstore;
  const { renderers } = runstore.steps;
  // So many rows are loaded unasked.
  const MOST_UNASKED = 50_000;
  const FIRST = 10_000;

  /** The rows of a table, from the files that hold them. @param {Item} item of the kind "table" */
  class TableParts {
    constructor(item) {
      this.parts = item.parts;
      this.total = item.parts.reduce((sum, part) => sum + part.rows, 0);
      this.lacking = item.parts.reduce((sum, part) => sum + (part.lacking ?? 0), 0);
      this.rows = [];
      this.columns = [];
      this.next = 0;
    }

    /** Loads at least so many rows. @param {number} wanted @param {(loaded: number) => void} [tell] */
    load(wanted, tell = () => {}) {
      this.loading = (this.loading ?? Promise.resolve()).then(() => this.#load(wanted, tell));
      return this.loading;
    }

    async #load(wanted, tell) {
      while (this.next < this.parts.length && (this.next === 0 || this.rows.length < wanted)) {
        const { name, url } = this.parts[this.next];
        const { columns, rows } = await runstore.load(name, url);
        this.next++;
        if (!this.columns.length) this.columns = columns;
        for (const row of rows) this.rows.push(row);
        tell(this.rows.length);
      }
    }
  }

  /** What stands for a cell of media: a picture, a sound or a film once it is in sight, a link to anything else. */
  function thumbnail(cell, panel) {
    if (["image", "audio", "video", "gallery"].includes(cell.kind)) {
      const place = element("div", { className: "thumbnail" });
      const observer = new IntersectionObserver(async ([{ isIntersecting }]) => {
        if (!isIntersecting) return;
        observer.disconnect();
        place.replaceChildren(await runstore.steps.render(cell, { ...panel, head: panel.head, items: panel.items, at: panel.at, body: panel.body, state: {}, show: () => {} }));
      });
      observer.observe(place);
      return place;
    }
    if (cell.href) return element("a", { href: cell.href, download: cell.file }, cell.caption ?? cell.file);
    if (cell.file) return element("span", {}, `${cell.caption ?? cell.file} (${format.bytes(cell.size)})`);
    return element("span", { className: "soft" }, cell.kind === "missing" ? `(${cell.what}, missing)` : `(${cell.caption ?? cell.kind})`);
  }

  const save = (name, lines) => plotFiles.save(`${name}.csv`, "text/csv", plotFiles.csv(lines.map((line) => line.map(tableRows.textOf))));

  function lost(count) {
    return count ? element("p", { className: "plot-failed" }, `${format.count(count, "more row")} cannot be shown: the Parquet file that holds them is missing, damaged or too large for a page.`) : null;
  }

  renderers.table = async (item, panel) => {
    const parts = new TableParts(item);
    const { key } = panel.head;
    const show = () => view.show(parts.columns.map((name) => ({ name })), parts.rows, panel.state.table ?? {}, parts.total);
    const whole = async () => {
      await parts.load(Infinity, (loaded) => view.say(`Loading ${format.whole(loaded)} of ${format.count(parts.total, "row")} …`));
      rest.hidden = true;
      show();
    };
    const view = new runstore.TableView({
      label: key,
      change: (part) => (panel.state.table = { ...panel.state.table, ...part }),
      media: (cell) => thumbnail(cell, panel),
      save: (rows) => save(`${key}-${item.step}`, [parts.columns, ...rows]),
      whole: () => (parts.rows.length < parts.total ? whole() : Promise.resolve()),
    });
    await parts.load(parts.total <= MOST_UNASKED ? Infinity : FIRST);
    const button = element("button", { type: "button" }, `Load all ${format.count(parts.total, "row")}`);
    button.onclick = whole;
    const rest = element("p", { className: "table-rest", hidden: parts.rows.length >= parts.total }, `The first ${format.whole(parts.rows.length)} rows are here. `, button);
    const note = item.note ? element("p", { className: "plot-failed" }, item.note) : null;
    const root = element("div", { className: "logged-table" }, note, lost(parts.lacking), view.root, rest);
    view.root.style.height = `${heightFor(parts)}px`;
    show();
    if (view.state.filter || view.state.group || view.state.sort.length) await view.choose({});
    return root;
  };

  /** A short table is no higher than its rows. */
  function heightFor({ rows, columns }) {
    const media = columns.some((_, at) => tableRows.kindOf(rows, at) === "media");
    return Math.min(560, 150 + rows.length * (media ? 96 : 32));
  }

  return { TableParts, thumbnail, lost };
})();
