"use strict";
/** Views of Vega's as this site runs them: expressions interpreted, nothing fetched, tooltips of our own. */
runstore.vegaView = (() => {
  const { element } = runstore;
  let tip = null;

  /** @param {[string, string][]} rows names and values; none hides it */
  function point(event, rows) {
    if (!tip?.isConnected) runstore.home().append((tip = element("div", { className: "tooltip", hidden: true })));
    tip.hidden = !rows.length;
    if (tip.hidden) return;
    tip.replaceChildren(...rows.map(([name, value]) => element("div", { className: "tooltip-row" }, element("span", { className: "tooltip-name" }, name), element("span", { className: "tooltip-value" }, value))));
    tip.style.left = `${Math.max(8, Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8))}px`;
    tip.style.top = `${Math.min(event.clientY + 14, innerHeight - tip.offsetHeight - 8)}px`;
  }
  addEventListener("scroll", () => tip && (tip.hidden = true), { passive: true, capture: true });

  /** The fields of a mark's own tooltip. */
  function fields(value) {
    if (value === null || value === undefined || value === "") return [];
    if (typeof value !== "object") return [["", String(value)]];
    return Object.entries(value).filter(([, each]) => each !== "undefined" && each !== "null").map(([name, each]) => [name, String(each)]);
  }

  /** A chart has its data; it fetches nothing. */
  function loader() {
    const refuse = () => Promise.reject(new Error("A chart on this site fetches nothing."));
    return { load: refuse, sanitize: refuse, http: refuse, file: refuse };
  }

  /**
   * @param {HTMLElement} place @param {object} runtime a spec as `vega.parse` made it with `ast`
   * @param {(datum: object) => [string, string][]} [rowsOf] what to say of a mark, instead of its own tooltip
   */
  function open(place, runtime, rowsOf) {
    const view = new vega.View(runtime, { renderer: "canvas", container: place, hover: true, expr: vegaInterpreter, logLevel: vega.Error, loader: loader() });
    view.tooltip((_handler, event, item, value) => {
      const said = fields(value);
      point(event, said.length && rowsOf ? rowsOf(item.datum.datum ?? item.datum) : said);
    });
    return view;
  }

  /** A view that no page shows, to make pictures with. @param {object} runtime */
  const headless = (runtime) => new vega.View(runtime, { renderer: "none", expr: vegaInterpreter, logLevel: vega.Error, loader: loader() });

  /** Sets those signals that the view has. @param {Object<string, any>} values */
  function set(view, values) {
    const known = new Set(Object.keys(view.getState({ signals: () => true, data: () => false }).signals));
    for (const [name, value] of Object.entries(values)) if (known.has(name)) view.signal(name, value);
  }

  return { open, headless, set, point };
})();
