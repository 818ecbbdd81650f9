"use strict";
/** A report: the figures in its text. What a reader chooses in them is in the address, as on other pages. */
(() => {
  const { State, grids: { Grids } } = runstore;

  /** Waits for the pictures, those out of sight too. */
  const pictures = () => Promise.all([...document.images].map((image) => Object.assign(image, { loading: "eager", decoding: "sync" }).decode().catch(() => {})));

  async function draw(roots) {
    const grids = new Grids(roots, new State({}));
    runstore.report = { grids: () => [...grids.made.values()].map(({ grid }) => grid) };
    runstore.live?.on("report", (later) => grids.renew(later));
    runstore.printing.add(() => grids.drawAll().then(pictures));
    await grids.draw(await runstore.loaded("report"));
  }

  async function main() {
    runstore.format.humanise();
    const roots = [...document.querySelectorAll("[data-grid]")];
    if (roots.length) await draw(roots);
    runstore.ready();
  }

  main().catch((error) => {
    runstore.fail(error);
    runstore.ready();
  });
})();
