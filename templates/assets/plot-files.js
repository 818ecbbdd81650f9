"use strict";
/** What is taken away from a chart: pictures, numbers, a specification; and its table. */
runstore.plotFiles = (() => {
  const { element, painter, format } = runstore;
  const HEAD = 30;
  const ROW = 18;
  const SCALE = 2;
  const MOST_ROWS = 1000;
  const MOST_IN_LEGEND = 30;
  const SVG = "http://www.w3.org/2000/svg";

  /** Hands a file to the person. @param {string} name @param {string} type @param {string | Blob} content */
  function save(name, type, content) {
    const url = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
    element("a", { href: url, download: name.replace(/[^\p{L}\p{N}.()-]+/gu, "_").slice(-120) }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  }

  /** A cell of a CSV file. What a spreadsheet would take for a formula is text there too. */
  function quoted(cell) {
    const text = cell === null || cell === undefined ? "" : Array.isArray(cell) ? cell.join(", ") : String(cell);
    const safe = typeof cell !== "number" && /^[=+@\t\r\n＝＋＠－-]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  }

  /** @param {any[][]} rows the first has the columns' names @returns {string} a CSV file (RFC 4180) */
  const csv = (rows) => `\ufeff${rows.map((row) => row.map(quoted).join(",")).join("\r\n")}\r\n`;

  /** Every point that a chart shows: its line, x, value, and of a band or a group low, high and the number of runs. */
  function* points(chart) {
    const [low, high] = chart.frame.x;
    for (const { curve } of chart.drawn) {
      const { xs, ys, lo, hi, n } = curve;
      for (let p = 0; p < xs.length; p++) {
        if (xs[p] < low || xs[p] > high || xs[p] !== xs[p] || ys[p] !== ys[p]) continue;
        yield [curve.label, xs[p], ys[p], lo ? lo[p] : null, hi ? hi[p] : null, n ? n[p] : null];
      }
    }
  }

  const xText = (chart, x) => (chart.axis === "_timestamp" ? new Date(x).toISOString() : x);

  /** What a chart shows as a table. @returns {Table} */
  function rows(chart) {
    const all = [...points(chart)].map(([label, x, ...values]) => [label, xText(chart, x), ...values]);
    const columns = ["Line", chart.what.axisLabel, chart.label, "Low", "High", "Runs"];
    // Columns in which nothing stands are left out.
    const used = columns.map((_, at) => at < 3 || all.some((row) => row[at] !== null));
    const pick = (row) => row.filter((_, at) => used[at]);
    return { columns: pick(columns), rows: all.map(pick) };
  }

  /** A table of which the first rows stand in the page. @param {string} name @param {Table} table */
  function tableOf(name, { columns, rows: all }) {
    const shown = all.slice(0, MOST_ROWS);
    const cell = (value) => element("td", { className: typeof value === "number" ? "number" : "" }, typeof value === "number" ? format.number(value, 7) : String(value ?? ""));
    const caption = all.length > shown.length ? `The first ${format.count(MOST_ROWS, "row")} of ${format.count(all.length, "row")}: the CSV has them all` : format.count(all.length, "row");
    const made = element(
      "table",
      { className: "plot-table" },
      element("caption", {}, caption),
      element("thead", {}, element("tr", {}, ...columns.map((column) => element("th", { scope: "col" }, column)))),
      element("tbody", {}, ...shown.map((row) => element("tr", {}, ...row.map(cell)))),
    );
    return element("div", { className: "plot-table-host", tabIndex: 0, role: "region", aria: { label: `Table of ${name}` } }, made);
  }

  /** @param {Table} table */
  const tabbed = ({ columns, rows: all }) => [columns, ...all].map((row) => row.map((cell) => String(cell ?? "").replace(/[\t\r\n]+/g, " ")).join("\t")).join("\n");

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Pages from a plain host may not use the clipboard's own interface.
      const area = element("textarea", { value: text, className: "aside" });
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  }

  /** A self-contained Vega-Lite specification of the points as they are drawn. */
  function spec(chart) {
    const { what, frame } = chart;
    const values = chart.drawn.flatMap(({ curve, part }) => partRows(curve, part, frame.x));
    const lines = chart.drawn.map(({ curve }) => curve);
    const x = { field: "x", type: chart.axis === "_timestamp" ? "temporal" : "quantitative", title: what.axisLabel, scale: { domain: frame.x, nice: false, ...(frame.xlog ? { type: "log" } : {}) } };
    const y = { field: "y", type: "quantitative", title: chart.label, scale: { domain: frame.y, nice: false, zero: false, ...(frame.log ? { type: "log" } : {}) } };
    const color = { field: "line", type: "nominal", title: null, sort: null, scale: { domain: lines.map(({ label }) => label), range: lines.map(({ colour }) => colour) } };
    const band = { mark: { type: "area", opacity: 0.18, clip: true }, encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" }, color } };
    const line = { mark: { type: "line", clip: true, invalid: "break-paths-show-path-domains" }, encoding: { x, y, color, detail: { field: "key" } } };
    const hasBand = chart.drawn.some(({ part }) => part.banded);
    return { $schema: "https://vega.github.io/schema/vega-lite/v6.json", title: chart.label, width: frame.width, height: frame.height, data: { values }, layer: hasBand ? [band, line] : [line] };
  }

  function partRows(curve, { xs, ys, lo, hi, banded }, [low, high]) {
    const finite = (value) => (Number.isFinite(value) ? value : null);
    const made = [];
    for (let p = 0; p < xs.length; p++) {
      const isNear = xs[p] >= low && xs[p] <= high;
      if (!isNear && !(xs[p + 1] >= low && xs[p] < low) && !(xs[p - 1] <= high && xs[p] > high)) continue;
      made.push({ line: curve.label, key: curve.key, x: xs[p], y: finite(ys[p]), ...(banded ? { low: finite(lo[p]), high: finite(hi[p]) } : {}) });
    }
    return made;
  }

  const colours = () => {
    const style = getComputedStyle(runstore.home());
    return { page: style.getPropertyValue("--surface").trim(), ink: style.getPropertyValue("--ink").trim() };
  };

  /** Where each line's name stands below a picture. */
  function legend(chart, width) {
    const context = element("canvas").getContext("2d");
    context.font = "12px sans-serif";
    const key = chart.what?.key ?? null;
    const means = (key?.items ?? []).slice(0, MOST_IN_LEGEND).map(({ label, colour }) => ({ label: `${key.title}: ${label}`, colour }));
    const items = means.length ? means : chart.drawn.length > 1 ? chart.drawn.slice(0, MOST_IN_LEGEND).map(({ curve }) => ({ label: curve.label, colour: curve.colour })) : [];
    const more = (means.length ? key.items : chart.drawn).length - items.length;
    if (items.length && more > 0) items.push({ label: `and ${more} more`, colour: "none" });
    let [x, y] = [12, 0];
    for (const item of items) {
      const size = context.measureText(item.label).width + 30;
      if (x > 12 && x + size > width) [x, y] = [12, y + ROW];
      Object.assign(item, { x, y });
      x += size;
    }
    return { items, height: items.length ? y + ROW + 8 : 0 };
  }

  const frameSize = ({ frame }, padding) => [frame.width + padding.left + padding.right, frame.height + padding.top + padding.bottom];

  async function png(chart) {
    const padding = chart.padding;
    const [width, height] = frameSize(chart, padding);
    const below = legend(chart, width);
    const { page, ink } = colours();
    const canvas = element("canvas", { width: Math.round(width * SCALE), height: Math.round((HEAD + height + below.height) * SCALE) });
    const context = canvas.getContext("2d");
    context.scale(SCALE, SCALE);
    context.fillStyle = page;
    context.fillRect(0, 0, width, HEAD + height + below.height);
    const curves = element("canvas");
    painter.paint(curves, padding, chart.painted, SCALE);
    context.drawImage(await chart.view.toCanvas(SCALE), 0, HEAD, width, height);
    context.drawImage(curves, 0, HEAD, width, height);
    context.fillStyle = ink;
    context.font = "600 14px sans-serif";
    context.fillText(chart.label, 12, 20, width - 24);
    context.font = "12px sans-serif";
    context.textAlign = "right";
    context.fillText(chart.axisTitle.textContent, width - padding.right, HEAD + height - 2);
    context.textAlign = "left";
    for (const { label, colour, x, y } of below.items) {
      const top = HEAD + height + 14 + y;
      context.fillStyle = colour === "none" ? page : colour;
      context.fillRect(x, top - 8, 10, 8);
      context.fillStyle = ink;
      context.fillText(label, x + 16, top);
    }
    return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  }

  /** A picture in pixels of one in lines. @param {string} text SVG @returns {Promise<Blob>} PNG */
  async function raster(text, width, height) {
    const url = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
    try {
      const image = element("img", { src: url });
      await image.decode();
      const canvas = element("canvas", { width: Math.round(width * SCALE), height: Math.round(height * SCALE) });
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      return await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
    } finally {
      URL.revokeObjectURL(url);
    }
  }

  function node(tag, properties, ...children) {
    const made = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(properties)) made.setAttribute(name, String(value));
    made.append(...children);
    return made;
  }

  async function svg(chart) {
    const padding = chart.padding;
    const [width, height] = frameSize(chart, padding);
    const below = legend(chart, width);
    const { page, ink } = colours();
    const axes = new DOMParser().parseFromString(await chart.view.toSVG(), "image/svg+xml").documentElement;
    axes.setAttribute("y", String(HEAD));
    const clip = node("clipPath", { id: "plot" }, node("rect", { width: chart.frame.width, height: chart.frame.height }));
    const lines = node("g", { transform: `translate(${padding.left},${HEAD + padding.top})`, "clip-path": "url(#plot)" }, ...painter.nodes(chart.painted, node));
    const text = (x, y, words, more = {}) => node("text", { x, y, fill: ink, "font-family": "sans-serif", "font-size": 12, ...more }, words);
    const names = below.items.flatMap(({ label, colour, x, y }) => {
      const top = HEAD + height + 14 + y;
      return [node("rect", { x, y: top - 8, width: 10, height: 8, fill: colour }), text(x + 16, top, label)];
    });
    const full = HEAD + height + below.height;
    const root = node(
      "svg",
      { width, height: full, viewBox: `0 0 ${width} ${full}` },
      node("defs", {}, clip),
      node("rect", { width, height: full, fill: page }),
      text(12, 20, chart.label, { "font-size": 14, "font-weight": 600 }),
      axes,
      lines,
      text(width - padding.right, HEAD + height - 2, chart.axisTitle.textContent, { "text-anchor": "end" }),
      ...names,
    );
    return new XMLSerializer().serializeToString(root);
  }

  const saveCsv = (title, { columns, rows: all }) => save(`${title}.csv`, "text/csv", csv([columns, ...all]));

  /** The menu of a chart. @param {Panel} panel @returns {MenuItem[]} */
  function items(panel) {
    const { chart, title } = panel;
    const made = [{ label: panel.tabled ? "Show as chart" : "Show as table", action: () => panel.showTable(panel.tabled ? null : rows(chart)) }];
    if (!chart.drawn.length) return made;
    return [
      ...made,
      { label: "Copy table", action: () => copy(tabbed(rows(chart))) },
      { label: "Download PNG", action: async () => save(`${title}.png`, "image/png", await png(chart)), apart: true },
      { label: "Download SVG", action: async () => save(`${title}.svg`, "image/svg+xml", await svg(chart)) },
      { label: "Download CSV", action: () => saveCsv(title, rows(chart)) },
      { label: "Download Vega-Lite spec", action: () => save(`${title}.vl.json`, "application/json", JSON.stringify(spec(chart))) },
    ];
  }

  return { save, copy, csv, raster, tabbed, items, rows, tableOf };
})();
