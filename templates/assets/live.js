"use strict";
/**
 * Keeps an open page up to date while `runstore serve` serves it: it asks every second which of the page's files are
 * new, loads these, and gives them to whoever shows them. The server alone calls `start`, so that a page from disk or
 * from a static host asks for nothing.
 *
 * @typedef {{version: string, release: string, trouble: ?string, files: Object<string, ?string>}} Told
 *   `files`: a digest by path, null for a file that is gone; none of them when the page is up to date
 */
runstore.live = (() => {
  const EVERY_MS = 1000;
  const LOST_MS = 3000;
  const KEPT = "runstore-scrolled";
  const root = new URL("../", document.currentScript.src || location.href);
  /** @type {Map<string, (payload: any) => any>} */
  const handlers = new Map();
  /** @type {Map<string, string>} */
  const digests = new Map();
  /** @type {Map<string, Element>} the regions of the newest page that was heard of */
  const regions = new Map();
  /** @type {Set<string>} those of them that are not shown yet */
  const waiting = new Set();
  /** @type {?string} */
  let version = null;
  /** @type {?string} */
  let release = null;
  /** Whether the store no longer has what the page shows. */
  let gone = false;
  let badge = null;
  let answer = null;
  let wake = () => {};

  /**
   * Calls `take` with each later payload called `name`.
   * @param {string} name @param {(payload: any) => any} take what is shown of it is up to date once it settles
   */
  function on(name, take) {
    handlers.set(name, take);
  }

  /** The path of an address of this site from the site's root. @param {string | URL} address */
  function pathOf(address) {
    const path = decodeURIComponent(new URL(address).pathname.slice(root.pathname.length));
    return path === "" || path.endsWith("/") ? `${path}index.html` : path;
  }

  /** The names that somebody waits for, with the path of the file that each came from. @returns {[string, string][]} */
  function sources() {
    const known = [...handlers.keys()].map((name) => [name, runstore.source(name)]);
    return known.filter(([, address]) => address).map(([name, address]) => [name, pathOf(address)]);
  }

  /** Asks the server, by a script: the page's policy allows nothing else. @param {string} name @param {[string, string][]} query @returns {Promise<any>} */
  function ask(name, query) {
    return new Promise((resolve, reject) => {
      answer = resolve;
      const script = document.createElement("script");
      script.src = new URL(`_static/${name}?${new URLSearchParams([...query, ["n", String(Date.now())]])}`, root).href;
      script.onload = () => script.remove();
      script.onerror = () => {
        script.remove();
        reject(new Error("The server does not answer"));
      };
      document.head.append(script);
    });
  }

  /** Called by the server's answers. */
  const hear = (/** @type {Told} */ told) => answer(told);
  const turn = (/** @type {string} */ _path, /** @type {?string} */ text) => answer(text);

  async function look() {
    if (document.hidden) return EVERY_MS;
    const page = pathOf(location.href);
    const wanted = [page, ...sources().map(([, path]) => path)];
    let told;
    try {
      told = await ask("_live.js", [["at", version ?? ""], ...wanted.map((path) => ["of", path])]);
    } catch {
      show("lost", "Not live", "The server does not answer: what you see is as it was");
      return LOST_MS;
    }
    release ??= told.release;
    // Other scripts may want other data; the address keeps the view.
    if (release !== told.release) return reload();
    if (told.version !== version) {
      await refresh(told.files, page);
      version = told.version;
    }
    if (told.trouble) show("stale", "Not up to date", told.trouble);
    else if (gone) show("gone", "Gone", "The store has this page no more: what you see is as it was");
    else show("live", "Live", "New data appear as they are logged");
    return EVERY_MS;
  }

  async function refresh(files, page) {
    if (page in files) gone = files[page] === null;
    for (const [name, path] of sources()) {
      const digest = files[path];
      if (!digest || isLoaded(name, path, digest)) continue;
      const address = new URL(path.split("/").map(encodeURIComponent).join("/"), root);
      digests.set(path, digest);
      await handlers.get(name)(await runstore.reload(name, `${address}?v=${digest.slice(0, 8)}`));
    }
    if (files[page] && files[page] !== digests.get(page)) {
      const text = await ask("_page.js", [["of", page]]);
      if (text !== null) swap(new DOMParser().parseFromString(text, "text/html"));
      digests.set(page, files[page]);
    }
  }

  /** Links to data carry the beginning of their digest. */
  function isLoaded(name, path, digest) {
    if (digests.has(path)) return digests.get(path) === digest;
    const short = new URL(runstore.source(name)).searchParams.get("v");
    return short !== null && digest.startsWith(short);
  }

  /** What a page has that its scripts fill: their places are made with it. @param {Document} page */
  const shape = (page) => [...page.querySelectorAll("[data-shape]")].map((part) => part.dataset.shape).join();

  const scrolled = () => [document.scrollingElement, ...document.querySelectorAll(".charts-pane")];

  /** Loads the page anew and comes back to where the reader was. */
  function reload() {
    sessionStorage.setItem(KEPT, JSON.stringify([location.pathname, scrolled().map(({ scrollTop }) => scrollTop)]));
    location.reload();
  }

  function comeBack() {
    const [path, tops] = JSON.parse(sessionStorage.getItem(KEPT) ?? "[]");
    sessionStorage.removeItem(KEPT);
    if (path !== location.pathname) return;
    runstore.whenReady(() => scrolled().forEach((part, at) => (part.scrollTop = tops[at])));
  }

  /** Takes the regions of a newer page, `data-live`, that read otherwise than before. @param {Document} newer */
  function swap(newer) {
    if (shape(newer) !== shape(document)) return reload();
    document.title = newer.title;
    for (const region of newer.querySelectorAll("[data-live]")) {
      const key = region.dataset.live;
      if (regions.get(key)?.isEqualNode(region)) continue;
      regions.set(key, region);
      waiting.add(key);
    }
    place();
  }

  /** Puts newer regions in their places. One that somebody is in stays as it is until they leave it. */
  function place() {
    for (const key of waiting) {
      const shown = document.querySelector(`[data-live="${CSS.escape(key)}"]`);
      if (shown && isInUse(shown)) continue;
      waiting.delete(key);
      if (!shown) continue;
      const folds = () => [...shown.querySelectorAll("details")];
      const open = folds().map((fold) => fold.open);
      shown.replaceChildren(...document.importNode(regions.get(key), true).childNodes);
      runstore.format.humanise(shown);
      folds().forEach((fold, at) => (fold.open = open[at] ?? fold.open));
      shown.dispatchEvent(new CustomEvent("runstore:live", { bubbles: true }));
    }
  }

  function isInUse(region) {
    const selection = getSelection();
    const marked = selection !== null && !selection.isCollapsed && selection.containsNode(region, true);
    return marked || (region.contains(document.activeElement) && document.activeElement !== document.body);
  }

  /** Says in the head of the page whether it is up to date. @param {"live" | "stale" | "gone" | "lost"} state */
  function show(state, label, title) {
    if (!badge) {
      badge = runstore.element("span", { className: "live", role: "status" });
      document.querySelector(".head-tools").prepend(badge);
    }
    badge.dataset.state = state;
    badge.title = title;
    if (badge.textContent !== label) badge.textContent = label;
  }

  /** Called by the server. @param {string} known the version of the site that the page was loaded from */
  async function start(known) {
    version = known;
    comeBack();
    for (;;) {
      let pause = EVERY_MS;
      try {
        pause = await look();
        place();
      } catch (error) {
        show("stale", "Not up to date", error.message);
      }
      await new Promise((resolve) => {
        wake = resolve;
        setTimeout(resolve, pause);
      });
    }
  }

  document.addEventListener("visibilitychange", () => wake());

  return { on, start, hear, turn };
})();
