"use strict";
/** The figures of the page that is shown now. What a reader chooses in them lasts as long as the page does. */
runstore.pages = (() => {
  const { element, grids: { Grids } } = runstore;
  /** @type {?Grids} */
  let shown = null;

  /** Addresses hold from now on, wherever a theme leads the address of the page. */
  function fixed(address) {
    return new URL(address, document.baseURI).href;
  }

  /** @param {GridsData} told @param {HTMLElement} home */
  function placed(told, home) {
    const projects = told.projects.map((each) => ({ ...each, base: fixed(each.base), runs: fixed(each.runs) }));
    return { ...told, isPaged: !("pageless" in home.dataset), projects, sweeps: told.sweeps.map((each) => ({ ...each, data: fixed(each.data) })) };
  }

  /** The view of a page whose address is not ours. */
  const view = () => ({ view: { grids: {} }, onchange() {}, set(part) { this.view = { ...this.view, ...part }; } });

  async function draw(home) {
    for (const name of ["viewersStyle", "vegaLite"]) home.dataset[name] = fixed(home.dataset[name]);
    home.dataset.viewers = home.dataset.viewers.split(" ").map(fixed).join(" ");
    const roots = [...document.querySelectorAll("[data-grid]")];
    if (!roots.length) return;
    const grids = (shown = new Grids(roots, view()));
    runstore.forget("report");
    try {
      await grids.draw(placed(await runstore.load("report", fixed(home.dataset.home)), home));
    } catch (error) {
      roots.forEach((root) => root.replaceChildren(element("p", { className: "plot-empty" }, error.message)));
    }
  }

  /** Draws the page's figures; those of the page before are gone. */
  function start() {
    const home = document.querySelector("[data-home]");
    if (!home || home.dataset.started) return;
    home.dataset.started = "true";
    delete document.documentElement.dataset.ready;
    shown?.end();
    shown = null;
    draw(home).finally(runstore.ready);
  }

  runstore.printing.add(() => shown?.drawAll());
  runstore.report = { grids: () => [...(shown?.made.values() ?? [])].map(({ grid }) => grid) };
  return { start };
})();

runstore.pages.start();
