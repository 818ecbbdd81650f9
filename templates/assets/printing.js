"use strict";
/**
 * Printing: while a page is printed, the root has the class `printing`, which makes it as wide as a sheet, light and
 * without controls; what is drawn by scripts is drawn again for that. The browser's own key and a page's button wait
 * until it is; the browser's menu cannot wait.
 */
runstore.printing = (() => {
  const root = document.documentElement;
  /** @type {(() => any)[]} */
  const tasks = [];
  let theme = null;
  /** @type {?Promise<any>} */
  let prepared = null;

  /** @param {() => any} task what a page does before it is printed, kept once it is done */
  function add(task) {
    tasks.push(task);
  }

  function show(name) {
    root.dataset.theme = name;
    root.classList.toggle("dark", name === "dark");
    document.dispatchEvent(new Event("runstore:theme"));
  }

  /** Makes the page ready for paper. */
  function prepare() {
    if (prepared) return prepared;
    theme = root.dataset.theme;
    root.classList.add("printing");
    show("light");
    prepared = Promise.all(tasks.map((task) => task()));
    return prepared;
  }

  function restore() {
    if (!prepared) return;
    prepared = null;
    root.classList.remove("printing");
    show(theme);
  }

  async function printPage() {
    await prepare();
    window.print();
  }

  addEventListener("beforeprint", prepare);
  addEventListener("afterprint", restore);
  matchMedia("print").addEventListener("change", ({ matches }) => (matches ? prepare() : restore()));
  runstore.shortcuts.add("Ctrl+P", "Page", "Print", printPage);
  document.querySelector("[data-print]")?.addEventListener("click", printPage);

  return { add, prepare };
})();
