"use strict";
// Runs before the first paint, so that no page flashes in the other theme.
(() => {
  const KEY = "runstore-theme";
  const root = document.documentElement;

  const system = matchMedia("(prefers-color-scheme: dark)");

  /** @returns {?string} what the reader chose before; null follows the system */
  function remembered() {
    try {
      const theme = localStorage.getItem(KEY);
      return theme === "light" || theme === "dark" ? theme : null;
    } catch {
      return null; // Some browsers keep no storage for pages from disk.
    }
  }

  let choice = remembered();

  const systems = () => (system.matches ? "dark" : "light");

  function apply() {
    root.dataset.theme = choice ?? systems();
    root.classList.toggle("dark", root.dataset.theme === "dark");
    document.dispatchEvent(new Event("runstore:theme"));
  }

  function toggle() {
    const next = root.dataset.theme === "dark" ? "light" : "dark";
    choice = next === systems() ? null : next;
    apply();
    try {
      if (choice === null) localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, choice);
    } catch {
      // Without storage the choice lasts for this page.
    }
  }

  apply();
  system.addEventListener("change", apply);
  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-theme-switch]")) toggle();
  });
})();
