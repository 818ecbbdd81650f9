"use strict";
// Runs before the first paint, so that no page flashes in the other theme.
(() => {
  const KEY = "runstore-theme";
  const root = document.documentElement;

  /** @returns {"light" | "dark" | null} What the reader chose; null follows the system. */
  function chosen() {
    try {
      const theme = localStorage.getItem(KEY);
      return theme === "light" || theme === "dark" ? theme : null;
    } catch {
      return null; // Some browsers keep no storage for pages from disk.
    }
  }

  const system = matchMedia("(prefers-color-scheme: dark)");

  function apply() {
    root.dataset.theme = chosen() ?? (system.matches ? "dark" : "light");
    root.classList.toggle("dark", root.dataset.theme === "dark");
    document.dispatchEvent(new Event("runstore:theme"));
  }

  function toggle() {
    const next = root.dataset.theme === "dark" ? "light" : "dark";
    try {
      if (next === (system.matches ? "dark" : "light")) localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, next);
    } catch {
      // Without storage the choice lasts for this page.
    }
    apply();
    if (root.dataset.theme !== next) {
      root.dataset.theme = next;
      root.classList.toggle("dark", next === "dark");
      document.dispatchEvent(new Event("runstore:theme"));
    }
  }

  apply();
  system.addEventListener("change", apply);
  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-theme-switch]")) toggle();
  });
})();
