"use strict";
/**
 * Runs on each page of somebody else's that shows something of ours: once, and again where a theme swaps its pages without
 * loading them. Follows whether the page is light or dark, and loads the scripts that draw figures with the first figure.
 */
(() => {
  const here = document.currentScript;
  const root = document.documentElement;
  const home = () => document.querySelector("[data-home]");

  /** Whether what is behind our figures is dark, whatever theme made it so. */
  function isDark() {
    for (let each = home(); each; each = each.parentElement) {
      const [red, green, blue, opacity = 1] = (getComputedStyle(each).backgroundColor.match(/[\d.]+/g) ?? []).map(Number);
      if (opacity > 0.5) return 0.299 * red + 0.587 * green + 0.114 * blue < 128;
    }
    return false;
  }

  function follow() {
    if (!home() || root.classList.contains("printing")) return;
    const theme = isDark() ? "dark" : "light";
    if (root.dataset.theme === theme) return;
    root.dataset.theme = theme;
    document.dispatchEvent(new Event("runstore:theme"));
  }

  function watch() {
    root.dataset.runstore = "follows";
    const seen = new MutationObserver(follow);
    for (const each of [root, document.body]) seen.observe(each, { attributes: true });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => requestAnimationFrame(follow));
  }

  /** @param {string} name of a file beside this one */
  function load(name) {
    const script = document.createElement("script");
    Object.assign(script, { src: new URL(name, here.src).href, async: false });
    document.head.append(script);
  }

  follow();
  if (!root.dataset.runstore) watch();
  if (window.runstore?.pages) window.runstore.pages.start();
  else if (here.dataset.scripts && root.dataset.runstore !== "draws") {
    root.dataset.runstore = "draws";
    here.dataset.scripts.split(" ").forEach(load);
  }
})();
