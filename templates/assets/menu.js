"use strict";
/**
 * One menu for all buttons of a page that open one: arrows walk through it, Escape closes it, and the focus goes back.
 *
 * @typedef {{label: string, action: () => void, checked?: boolean, apart?: boolean}} MenuItem  `apart`: a rule stands before it
 */
runstore.menu = (() => {
  const { element } = runstore;
  const MARGIN = 8;
  let menu = null;
  let opener = null;

  function make() {
    menu = element("div", { className: "menu", popover: "auto", role: "menu" });
    menu.addEventListener("keydown", walk);
    menu.addEventListener("toggle", (event) => {
      opener?.setAttribute("aria-expanded", String(event.newState === "open"));
    });
  }

  /** Opens the menu of a button below it, or closes it. @param {HTMLElement} button @param {string} label @param {MenuItem[]} items */
  function open(button, label, items) {
    if (!menu) make();
    if (menu.matches(":popover-open") && opener === button) return close();
    opener = button;
    // In a dialog that is open nothing outside of it can be used.
    (button.closest("dialog") ?? document.querySelector("[data-home]") ?? button.closest("main") ?? document.body).append(menu);
    menu.setAttribute("aria-label", label);
    menu.replaceChildren(...items.map(row));
    menu.showPopover();
    place(button.getBoundingClientRect());
    menu.querySelector("button").focus();
  }

  function row({ label, action, checked, apart }) {
    const known = checked === undefined ? { role: "menuitem" } : { role: "menuitemcheckbox", aria: { checked: String(checked) } };
    const made = element("button", { type: "button", tabIndex: -1, className: apart ? "apart" : "", ...known }, label);
    made.onclick = () => {
      close();
      action();
    };
    return made;
  }

  function close() {
    menu.hidePopover();
    opener?.focus();
  }

  function place(box) {
    const { offsetWidth: width, offsetHeight: height } = menu;
    const left = Math.min(box.right - width, innerWidth - width - MARGIN);
    const below = box.bottom + 2;
    const top = below + height + MARGIN > innerHeight ? Math.max(MARGIN, Math.min(box.top - height - 2, innerHeight - height - MARGIN)) : below;
    Object.assign(menu.style, { left: `${Math.max(MARGIN, left)}px`, top: `${Math.max(MARGIN, top)}px` });
  }

  function walk(event) {
    const all = [...menu.querySelectorAll("button")];
    const at = all.indexOf(document.activeElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (event.key === "Tab") close();
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      close();
    }
    if (next === undefined) return;
    event.preventDefault();
    all[(next + all.length) % all.length].focus();
  }

  return { open };
})();
