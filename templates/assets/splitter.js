"use strict";
/** The edge between table and charts: dragged, or moved by the arrow keys; where it stands is kept for the next page. */
runstore.splitter = (() => {
  const SAVED = "runs-width";
  const LEAST = 240;
  const STEP = 24;

  /** @param {HTMLElement} root whose first column is as wide as `--runs-width` @param {HTMLElement} handle */
  return (root, handle) => {
    const most = () => Math.max(LEAST, root.clientWidth - 320);

    function set(width) {
      const wanted = Math.round(Math.min(most(), Math.max(LEAST, width)));
      root.style.setProperty("--runs-width", `${wanted}px`);
      handle.setAttribute("aria-valuenow", String(wanted));
      handle.setAttribute("aria-valuemax", String(most()));
      return wanted;
    }

    const keep = (width) => runstore.taste.set(SAVED, set(width));
    const saved = runstore.taste.get(SAVED, null);
    handle.setAttribute("aria-valuemin", String(LEAST));
    if (saved) set(saved);
    const width = () => root.querySelector(".runs-pane").offsetWidth;
    handle.setAttribute("aria-valuemax", String(most()));
    handle.setAttribute("aria-valuenow", String(width()));
    handle.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      handle.setPointerCapture(event.pointerId);
      const offset = width() - event.clientX;
      runstore.dragged(({ clientX }) => set(clientX + offset), () => keep(width()));
    });
    handle.addEventListener("keydown", (event) => {
      const to = { ArrowLeft: width() - STEP, ArrowRight: width() + STEP, Home: LEAST, End: most() }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      keep(to);
    });
  };
})();
