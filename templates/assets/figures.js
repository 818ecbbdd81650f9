"use strict";
/**
 * Charts of `panel_charts` as they are taken away: pictures, and a Vega-Lite specification that holds its data.
 *
 * @typedef {object} Figure
 * @property {string} name  of the chart in `panel_charts`
 * @property {object} signals
 * @property {Object<string, object[]>} data
 * @property {number} width
 * @property {number} height
 * @property {(datum: object) => [string, string][]} [tip]
 * @property {{items: {label: string, colour: string}[], title: string}} [items]  its legend
 */
runstore.figures = (() => {
  const { palette, vegaView, plotFiles } = runstore;
  const HEAD = 26;
  const ROW = 22;
  const MOST_IN_LEGEND = 30;

  let loading = null;
  /** @returns {Promise<Object<string, {vega: object, lite: object}>>} */
  const specs = () => (loading ??= runstore.loaded("panel_charts"));

  /** The page's colours as charts take them. */
  function theme() {
    const style = getComputedStyle(runstore.home());
    const [strong, paper] = ["--ink", "--surface"].map((name) => style.getPropertyValue(name).trim());
    return { ...palette.axes(), strong, paper };
  }

  const head = (title) => ({ text: title, anchor: "start", frame: "bounds", color: theme().strong, font: theme().font, fontSize: 14, offset: 8 });

  /** How a legend looks, in Vega and in Vega-Lite. */
  function keys({ title }) {
    const { ink, font, strong } = theme();
    return { title: title || null, orient: "bottom", direction: "horizontal", columns: 4, symbolType: "square", symbolStrokeWidth: 0, symbolLimit: MOST_IN_LEGEND, labelColor: ink, labelFont: font, titleColor: strong, titleFont: font };
  }

  /** What a figure takes beside its plot. */
  const heightOf = ({ height, items }) => height + HEAD + (items ? ROW * Math.ceil(Math.min(items.items.length, MOST_IN_LEGEND) / 4) + (items.title ? ROW : 0) : 0);

  /** @param {string} title @param {Figure} figure @returns {Promise<object>} a view of Vega's */
  async function viewOf(title, figure) {
    const { [figure.name]: { vega: drawn } } = await specs();
    const spec = { ...drawn, title: head(title) };
    if (figure.items) {
      const { items } = figure.items;
      const scale = { name: "keys", type: "ordinal", domain: items.map(({ label }) => label), range: items.map(({ colour }) => colour) };
      Object.assign(spec, { scales: [...(drawn.scales ?? []), scale], legends: [...(drawn.legends ?? []), { ...keys(figure.items), fill: "keys" }] });
    }
    const view = vegaView.headless(vega.parse(spec, null, { ast: true }));
    vegaView.set(view, { ...theme(), ...figure.signals });
    for (const [name, rows] of Object.entries(figure.data)) view.data(name, rows);
    return onPaper(view.width(figure.width).height(heightOf(figure)));
  }

  /** A view in front of the page's colour, unless it has a colour of its own. */
  const onPaper = (view) => (["", "transparent", undefined, null].includes(view.background()) ? view.background(theme().paper) : view).runAsync();

  /** The pictures of a view. @param {string} title @param {() => Promise<object>} make a view of Vega's @returns {MenuItem[]} */
  function pictures(title, make) {
    const png = async () => {
      const canvas = await (await make()).toCanvas(2);
      return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
    };
    return [
      { label: "Download PNG", action: async () => plotFiles.save(`${title}.png`, "image/png", await png()), apart: true },
      { label: "Download SVG", action: async () => plotFiles.save(`${title}.svg`, "image/svg+xml", await (await make()).toSVG()) },
    ];
  }

  const told = (rows) => rows.map(([name, value]) => (name && value ? `${name}: ${value}` : name || value)).join(" · ");

  /** A row with what is said of it; what is no value of its own is left out. */
  function plain(row, tip) {
    const own = Object.entries(row).filter(([, value]) => value === null || typeof value !== "object");
    return { ...Object.fromEntries(own), ...(tip ? { about: told(tip(row)) } : {}) };
  }

  /** A template of a specification with its titles and tooltips. */
  function filled(node, signals, tip) {
    if (Array.isArray(node)) return node.map((each) => filled(each, signals, tip));
    if (node === null || typeof node !== "object") return node;
    const made = {};
    for (const [key, value] of Object.entries(node)) {
      if (key === "title" && (value === "xtitle" || value === "ytitle")) made[key] = signals[value] || null;
      else if (key !== "tooltip") made[key] = filled(value, signals, tip);
      else if (tip) made[key] = { field: "about", type: "nominal" };
    }
    return made;
  }

  /** @param {string} title @param {Figure} figure @returns {Promise<object>} a Vega-Lite specification that holds its data and its colours */
  async function lite(title, figure) {
    const { [figure.name]: { lite: template } } = await specs();
    const { tip, items } = figure;
    const signals = { ...theme(), ...figure.signals };
    const spec = filled(template, signals, tip);
    spec.params = spec.params.map((param) => (param.name in signals ? { ...param, value: signals[param.name] } : param));
    spec.datasets = Object.fromEntries(Object.entries(figure.data).map(([name, rows]) => [name, rows.map((row) => plain(row, tip))]));
    if (items) {
      const scale = { domain: items.items.map(({ label }) => label), range: items.items.map(({ colour }) => colour) };
      spec.layer = [...spec.layer, { data: { values: items.items }, mark: { type: "point", opacity: 0 }, encoding: { fill: { field: "label", type: "nominal", sort: null, scale, legend: { ...keys(items), symbolOpacity: 1 } } } }];
    }
    return { ...spec, title: head(title), background: signals.paper, width: figure.width, height: heightOf(figure) };
  }

  /** @param {string} title @param {() => object | Promise<object>} make @param {boolean} [isLite] @returns {MenuItem} */
  const specItem = (title, make, isLite = true) => ({
    label: `Download ${isLite ? "Vega-Lite" : "Vega"} spec`,
    action: async () => plotFiles.save(`${title}.${isLite ? "vl" : "vg"}.json`, "application/json", JSON.stringify(await make())),
  });

  /** What the menu of a panel offers. @param {string} title @param {?Figure} figure null: nothing is drawn @returns {MenuItem[]} */
  const items = (title, figure) => (figure ? [...pictures(title, () => viewOf(title, figure)), specItem(title, () => lite(title, figure))] : []);

  return { specs, theme, onPaper, pictures, items, lite, specItem };
})();
