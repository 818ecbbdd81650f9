"use strict";
/** Colours of runs and groups: by rank, so that they stay when others are hidden, and the same on every page. */
runstore.palette = (() => {
  // Neighbours differ in hue and in lightness; each stands out from a white and from a dark page.
  const LIGHT = [
    "#3b6fe0", "#e0701a", "#169c74", "#c23bb0", "#b38a00", "#d43a4b", "#0f93b8", "#7d51d9", "#5d8f1c", "#a8603a",
    "#e0559a", "#4f6580", "#00897b", "#9a4fd0", "#c77700", "#2e8b3d", "#b02a5b", "#5a7bd0", "#8a6d1f", "#d2604f",
    "#3a9bd9", "#7a7f00", "#a3479f", "#6b5b95",
  ];
  const DARK = [
    "#6d9bff", "#ff9a4d", "#3fcf9f", "#f07be0", "#e3bf3f", "#ff7a85", "#4cc9ee", "#b08cff", "#a5d65c", "#dc9a72",
    "#ff8fc4", "#9fb6d3", "#46d3c1", "#cf94ff", "#f5b041", "#6cd07c", "#f2729f", "#9db6ff", "#cdb25e", "#ff9b8a",
    "#80c8ff", "#c6cc3f", "#e08fdc", "#a99bdc",
  ];

  const dark = () => document.documentElement.dataset.theme === "dark";

  /** @param {number} rank from 0 */
  const colour = (rank) => (dark() ? DARK : LIGHT)[rank % LIGHT.length];

  let themed = null;
  document.addEventListener("runstore:theme", () => (themed = null));

  /** The colours of axes, taken from the page's own; asked for once a theme, because asking makes the browser lay out. */
  function axes() {
    if (!themed) {
      const style = getComputedStyle(document.documentElement);
      const value = (name) => style.getPropertyValue(name).trim();
      themed = { ink: value("--ink-soft"), rule: value("--rule"), font: "system-ui, sans-serif" };
    }
    return themed;
  }

  return { colour, axes };
})();
