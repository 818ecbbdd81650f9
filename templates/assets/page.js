"use strict";
/** What every page does: sharing its address, links within it, and places for popovers beside their buttons. */
(() => {
  document.addEventListener("click", async (event) => {
    const button = event.target instanceof Element && event.target.closest("[data-share]");
    if (!button) return;
    const before = button.textContent;
    try {
      await navigator.clipboard.writeText(location.href);
      button.textContent = "Link copied";
    } catch {
      button.textContent = "Copy it from the address bar";
    }
    setTimeout(() => (button.textContent = before), 1800);
  });

  // A place in the page is gone to without giving up the view that the address holds.
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element && event.target.closest('a[href^="#"]');
    const place = link && document.getElementById(link.getAttribute("href").slice(1));
    if (!place) return;
    event.preventDefault();
    const folded = place.querySelector(":scope > details");
    if (folded) folded.open = true;
    place.scrollIntoView();
    if (place.tabIndex < 0) place.tabIndex = -1;
    place.focus({ preventScroll: true });
  });

  for (const popover of document.querySelectorAll("[popover][id]")) {
    popover.addEventListener("toggle", (event) => {
      const button = document.querySelector(`[popovertarget="${popover.id}"]`);
      if (event.newState !== "open" || !button) return;
      const box = button.getBoundingClientRect();
      popover.style.top = `${Math.min(box.bottom + 6, innerHeight - popover.offsetHeight - 8)}px`;
      popover.style.left = `${Math.max(8, Math.min(box.left, innerWidth - popover.offsetWidth - 8))}px`;
    });
  }
})();
