"use strict";
/** Colours of runs and groups: by rank, so that they stay when others are hidden, and the same on every page. */
runstore.palette = (() => {
  // Neighbours differ for every kind of colour vision; each stands out from a white and from a dark page (tests/sitegen/test_palette.py).
  const LIGHT = [
    "#3b6fe0", "#e0701a", "#169c74", "#c23bb0", "#a50928", "#4709a5", "#66a509", "#2b8271", "#0d96f2", "#823d2b",
    "#4040bf", "#a58609", "#09a5a5", "#bf4073", "#a50909", "#960df2", "#cb7e0b", "#368ba1", "#822b4e", "#824e2b",
    "#3b0df2", "#09a547", "#2b7182", "#36a18b", "#822b2b", "#4e2b82", "#82822b", "#c40df2", "#a13660", "#a13636",
    "#0928a5", "#f23b0d", "#0b7ecb", "#2b8282", "#cb0b58", "#2b3d82",
  ];
  const DARK = [
    "#6d9bff", "#ff9a4d", "#3fcf9f", "#f07be0", "#f53d62", "#873df5", "#abf53d", "#b3e6db", "#6ec0f7", "#cc7a66",
    "#6666cc", "#f5d03d", "#9efafa", "#d98cab", "#f53d3d", "#c06ef7", "#fad59e", "#b3dbe6", "#cc668f", "#cc8f66",
    "#896ef7", "#9efac3", "#66b8cc", "#66ccb8", "#cc6666", "#8f66cc", "#cccc66", "#e89efa", "#e6b3c7", "#d98c8c",
    "#3d62f5", "#f5623d", "#3dabf5", "#66cccc", "#f53d87", "#667acc",
  ];

  const dark = () => document.documentElement.dataset.theme === "dark";

  /** @param {number} rank from 0 */
  const colour = (rank) => (dark() ? DARK : LIGHT)[rank % LIGHT.length];

  /** How often the colours were used up before a rank: its line is dashed then. */
  const turn = (rank) => Math.floor(rank / LIGHT.length);

  // Ever lighter, and told apart by any colour vision; each is seen on its page (tests/sitegen/test_palette.py).
  const RAMPS = {
    light: [[48, 18, 120], [30, 85, 180], [50, 120, 150], [140, 132, 80], [214, 140, 0]],
    dark: [[92, 92, 245], [64, 165, 245], [120, 205, 190], [255, 232, 110]],
  };

  /** A colour on the page's ramp. @param {number} share 0 to 1 */
  function ramp(share) {
    const stops = dark() ? RAMPS.dark : RAMPS.light;
    const at = Math.max(0, Math.min(1, share)) * (stops.length - 1);
    const low = Math.min(stops.length - 2, Math.floor(at));
    return `rgb(${stops[low].map((part, k) => Math.round(part + (stops[low + 1][k] - part) * (at - low))).join(",")})`;
  }

  /** The whole ramp, from left to right, as a background. */
  const gradient = () => `linear-gradient(90deg, ${[0, 0.25, 0.5, 0.75, 1].map(ramp).join(", ")})`;

  /** The colour of what has no value. */
  const none = () => (dark() ? "#8b93a1" : "#7d8594");

  let themed = null;
  document.addEventListener("runstore:theme", () => (themed = null));

  /** The colours of axes, taken from the page's own; asked for once a theme, because asking makes the browser lay out. */
  function axes() {
    if (!themed) {
      const style = getComputedStyle(runstore.home());
      const value = (name) => style.getPropertyValue(name).trim();
      themed = { ink: value("--ink-soft"), rule: value("--rule"), font: "system-ui, sans-serif" };
    }
    return themed;
  }

  return { colour, turn, ramp, gradient, none, axes };
})();
