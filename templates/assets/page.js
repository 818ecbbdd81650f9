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
    open(place);
    mark(link);
    place.scrollIntoView();
    if (place.tabIndex < 0) place.tabIndex = -1;
    place.focus({ preventScroll: true });
  });

  function open(place) {
    const folded = place.querySelector(":scope > details:first-child");
    if (folded) folded.open = true;
  }

  // A place that the address names is opened, and is where it was once what stands above it has grown.
  const named = /^#[\w-]+$/.test(location.hash) ? document.getElementById(location.hash.slice(1)) : null;
  if (named) {
    open(named);
    const moved = new AbortController();
    for (const kind of ["wheel", "touchstart", "pointerdown", "keydown"]) addEventListener(kind, () => moved.abort(), { signal: moved.signal, passive: true });
    runstore.whenReady(() => {
      if (!moved.signal.aborted) named.scrollIntoView();
      moved.abort();
    });
  }

  /** The link to the part of the page that is being read, among the links to all of them. */
  const links = () => [...document.querySelectorAll(".sections a")];
  function mark(link) {
    const list = link.closest(".sections ul");
    if (!list || link.ariaCurrent) return;
    for (const other of links()) other.ariaCurrent = other === link ? "true" : null;
    if (list.scrollWidth > list.clientWidth) list.scrollLeft = link.offsetLeft - list.clientWidth / 3;
  }

  function followReading() {
    const placeOf = (link) => document.getElementById(link.getAttribute("href").slice(1));
    const read = new Set();
    const boxOf = (link) => placeOf(link)?.getBoundingClientRect();
    const isSeen = (link) => boxOf(link)?.bottom > 0 && boxOf(link).top < innerHeight;
    const isText = links().some((link) => placeOf(link)?.matches("h2, h3, h4"));
    // Between two headings of a text the one above is read, above the first that one.
    const begun = () => !isText ? [] : [links().filter((link) => boxOf(link)?.top < innerHeight * 0.3).at(-1) ?? links()[0]];
    const show = () => {
      const inBand = links().filter((link) => read.has(placeOf(link)));
      const now = inBand.length ? inBand : begun();
      const marked = links().find((link) => link.ariaCurrent);
      if (!now[0] || now.includes(marked)) return;
      const atEnd = innerHeight + scrollY >= document.documentElement.scrollHeight - 2;
      if (!atEnd || !marked) mark(now[0]);
      else if (isText && !isSeen(marked)) mark(links().filter(isSeen).at(-1) ?? now[0]);
    };
    const observer = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) isIntersecting ? read.add(target) : read.delete(target);
      show();
    }, { rootMargin: "-110px 0px -70% 0px" });
    for (const link of links()) if (placeOf(link)) observer.observe(placeOf(link));
    document.addEventListener("runstore:live", show);
    if (isText) document.addEventListener("scrollend", show);
  }
  if (links().length) followReading();

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
