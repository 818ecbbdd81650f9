"use strict";
/**
 * The keys of a page: those that act wherever one is, and a sheet (`?`) that lists them beside those of its parts.
 *
 * @typedef {{keys: string, part: string, about: string, act: ?(() => void), selector: string}} Shortcut
 *   `keys` as one reads them, such as "Shift+Enter"; `selector`: of what must be on the page
 */
runstore.shortcuts = (() => {
  const { element } = runstore;
  /** @type {Shortcut[]} */
  const all = [];

  /** @param {string} keys @param {string} part of the page @param {string} about @param {?(() => void)} act null where the part itself listens @param {string} selector of what it acts on */
  function add(keys, part, about, act, selector = "body") {
    all.push({ keys, part, about, act, selector });
  }

  /** Presses, or goes to, what can be used of what a selector names. */
  function use(selector) {
    const found = usable(selector);
    if (found?.matches("input, select, textarea")) {
      found.focus();
      found.select?.();
    } else found?.click();
  }

  const usable = (selector) => [...document.querySelectorAll(selector)].find((node) => node.checkVisibility() && !node.disabled);
  /** What a closed popover hid keeps the focus until the next frame, and is not written to. */
  const isWriting = (node) => node instanceof Element && node.checkVisibility() && (node.matches("input, select, textarea") || node.isContentEditable);
  const isOpen = () => document.querySelector("dialog[open], [popover]:popover-open") !== null;

  function press(event) {
    const command = event.ctrlKey || event.metaKey;
    if (event.altKey || event.defaultPrevented || isWriting(event.target) || isOpen()) return;
    const name = `${command ? "Ctrl+" : ""}${event.key.length === 1 && command ? event.key.toUpperCase() : event.key}`;
    const found = all.find(({ keys, act, selector }) => act && keys === name && usable(selector));
    if (!found) return;
    event.preventDefault();
    found.act();
  }

  function sheet() {
    const there = all.filter(({ selector }) => usable(selector));
    const parts = [...new Set(there.map(({ part }) => part))].map((part) => {
      const rows = there.filter((each) => each.part === part).map(({ keys, about }) => element("div", {}, element("dt", {}, ...caps(keys)), element("dd", {}, about)));
      return element("section", {}, element("h3", {}, part), element("dl", {}, ...rows));
    });
    const close = element("button", { type: "submit" }, "Close");
    const head = element("div", { className: "keys-head" }, element("h2", { id: "keys-title" }, "Keyboard shortcuts"), close);
    const dialog = element("dialog", { className: "form-dialog keys-sheet" }, element("form", { method: "dialog" }, head, element("div", { className: "keys-parts" }, ...parts)));
    dialog.setAttribute("aria-labelledby", "keys-title");
    const before = document.activeElement;
    dialog.onclose = () => {
      dialog.remove();
      before?.focus();
    };
    document.body.append(dialog);
    dialog.showModal();
  }

  /** "Shift+Enter / F3" as keys that look like keys. */
  function caps(keys) {
    return keys.split(" ").flatMap((chord) => (chord === "/" && keys !== "/" ? [" or "] : chord.split(/(?<=.)\+/).flatMap((key, at) => (at ? ["+", element("kbd", {}, key)] : [element("kbd", {}, key)]))));
  }

  const SEARCHES = "[data-view=search], [data-search], [data-view=panels]";
  const LISTS = [
    ["?", "Page", "Show these shortcuts", sheet, "body"],
    ["t", "Page", "Light or dark", () => use("[data-theme-switch]"), "[data-theme-switch]"],
    ["/", "Page", "Search", () => use(SEARCHES), SEARCHES],
    ["Escape", "Page", "Close what is open, and go back to where you were", null, "body"],
    ["[", "Page", "The newer run", () => use("a[rel=prev]"), "a[rel=prev]"],
    ["]", "Page", "The older run", () => use("a[rel=next]"), "a[rel=next]"],
    ["f", "Runs", "Filter", () => use("[data-filter-open]"), "[data-filter-open]"],
    ["c", "Runs", "Columns", () => use("[popovertarget=columns]"), "[popovertarget=columns]"],
    ["w", "Runs", "Wide table, or charts beside it", () => use("[data-widen]"), "[data-widen]"],
    ["g", "Runs", "Group, or ungroup", () => use("[data-ungroup]"), "[data-ungroup]"],
    ["Space", "Runs", "In the table: select the run of the row", null, ".runs-host .grid"],
    ["Shift+Enter", "Runs", "On a column's title: sort by it after the others", null, ".runs-host .grid"],
    ["Shift+← / Shift+→", "Runs", "On a column's title: narrower, wider", null, ".runs-host .grid"],
    ["↑ ↓ ← →", "Tables", "Walk through the cells", null, ".grid"],
    ["Home / End", "Tables", "First, last column; with Ctrl the first, last row", null, ".grid"],
    ["p", "Charts", "Search charts", () => use("[data-view=panels]"), "[data-view=panels]"],
    ["a", "Charts", "Add a panel", () => use("[data-add-panel]"), "[data-add-panel]"],
    ["l", "Charts", "Menu of the layout", () => use("[data-layout-menu]"), "[data-layout-menu]"],
    ["← / →", "Charts", "In a chart: read its values one after the other, with Shift in larger steps", null, ".plot"],
    ["+ / -", "Charts", "In a chart: zoom in, zoom out; 0 or Escape shows everything again", null, ".plot"],
    ["Page\u00a0Up / Page\u00a0Down", "Charts", "In a zoomed chart: the part before, after", null, ".plot"],
    ["Arrows", "Charts", "On the grip of a panel or a section: move it", null, ".grip"],
    ["Shift+Arrows", "Charts", "On the grip of a panel: resize it", null, ".panel .grip"],
    ["Alt+↑ / Alt+↓", "Charts", "On the grip of a panel: move it to the section before, after", null, ".panel .grip"],
    ["← / →", "Media", "In a panel: the step before, after", null, ".media-panel"],
    ["Enter / Shift+Enter", "Log", "In the search: next, previous match", null, "[data-log-find]"],
  ];
  for (const each of LISTS) add(...each);
  document.addEventListener("keydown", press);
  document.querySelector("[data-shortcuts]")?.addEventListener("click", sheet);

  return { add };
})();
