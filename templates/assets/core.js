"use strict";
/**
 * The namespace of the site's scripts, and how data reach a page: a data file is a script that calls
 * `runstore.put(name, payload)`, because a browser fetches nothing from `file://`.
 */
window.runstore = (() => {
  /** @type {Map<string, {promise: Promise<any>, put?: boolean, source?: string, resolve: (payload: any) => void, reject: (error: Error) => void}>} */
  const expected = new Map();

  /** @param {string} name */
  function expect(name) {
    let entry = expected.get(name);
    if (!entry) {
      entry = {};
      entry.promise = new Promise((resolve, reject) => Object.assign(entry, { resolve, reject }));
      entry.promise.catch(() => {}); // Whoever asked is told; nobody else has to be.
      expected.set(name, entry);
    }
    return entry;
  }

  /**
   * Called by data files.
   * @param {string} name
   * @param {any} payload
   */
  function put(name, payload) {
    const entry = expect(name);
    entry.put = true;
    entry.source = document.currentScript?.src;
    entry.resolve(payload);
  }

  /** Whether this page is one file without the site around it, as a report is that was exported. */
  const isAlone = () => document.documentElement.dataset.carries !== undefined;

  /**
   * Where a link to a file of the site leads: from a page that is alone to the site that it was made for, where it knows that.
   * @param {string} url relative to the page @returns {?string} null: nowhere
   */
  function onSite(url) {
    const { carries, site } = document.documentElement.dataset;
    if (!isAlone()) return url;
    return site ? new URL(url, site + carries).href : null;
  }

  /**
   * What the file at `url` holds, where this page carries it within itself, as a report does that was exported.
   * @param {string} url relative to the page @returns {?string} JSON
   */
  function carried(url) {
    if (!isAlone()) return null;
    const page = document.documentElement.dataset.carries;
    const path = decodeURIComponent(new URL(url, `https://carried.invalid/${page}`).pathname.slice(1));
    return document.querySelector(`script[data-path="${CSS.escape(path)}"]`)?.textContent ?? null;
  }

  /**
   * The payload called `name`, whose file is loaded the first time. A file that cannot be had now may be had later.
   * @param {string} name
   * @param {string} url relative to the page
   * @returns {Promise<any>}
   */
  function load(name, url) {
    if (expected.has(name)) return expected.get(name).promise;
    const entry = expect(name);
    entry.promise.catch(() => expected.delete(name));
    const own = carried(url);
    if (own !== null) {
      put(name, JSON.parse(own));
      return entry.promise;
    }
    const script = document.createElement("script");
    script.src = url;
    script.onload = () => entry.reject(new Error(`${url} holds no data called ${name}`));
    script.onerror = () => entry.reject(new Error(`${url} cannot be loaded: reload the page if the site was built anew, or copy the site whole`));
    document.head.append(script);
    return entry.promise;
  }

  /** Gives up a payload: nobody shows it any more. @param {string} name */
  function forget(name) {
    expected.delete(name);
  }

  /** The payload called `name` from a newer file. One that cannot be had leaves the old one. @param {string} name @param {string} url @returns {Promise<any>} */
  function reload(name, url) {
    const before = expected.get(name);
    expected.delete(name);
    const loading = load(name, url);
    loading.catch(() => before && expected.set(name, before));
    return loading;
  }

  /** The address of the file that a payload came from. @param {string} name @returns {string | undefined} */
  function source(name) {
    return expected.get(name)?.source;
  }

  /** The payload of a script that stands in the page before this one. @param {string} name @returns {Promise<any>} */
  function loaded(name) {
    const entry = expect(name);
    if (!entry.put) entry.reject(new Error(`The data of this page (${name}) cannot be loaded; was the site copied whole?`));
    return entry.promise;
  }

  /**
   * Makes an element. Text is always text: nothing here reads HTML.
   * @param {string} tag
   * @param {Object<string, any>} [properties] properties of the element; `data` and `aria` are mappings
   * @param {...(Node | string | null)} children
   */
  function element(tag, properties = {}, ...children) {
    const made = document.createElement(tag);
    for (const [key, value] of Object.entries(properties)) {
      if (key === "data") Object.assign(made.dataset, value);
      else if (key === "aria") for (const name in value) made.setAttribute(`aria-${name}`, value[name]);
      else if (key === "role") made.setAttribute("role", value);
      else made[key] = value;
    }
    made.append(...children.filter((child) => child !== null));
    return made;
  }

  /** An icon from the page's sprite. @param {string} name */
  function icon(name) {
    const space = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg");
    svg.setAttribute("class", "icon");
    svg.setAttribute("aria-hidden", "true");
    const use = document.createElementNS(space, "use");
    use.setAttribute("href", `#icon-${name}`);
    svg.append(use);
    return svg;
  }

  /**
   * The element that dialogs and the like are put into, and whose variables are the colours: the body, or the place that a page
   * of somebody else's has for us.
   */
  const home = () => document.querySelector("[data-home]") ?? document.body;

  /** Says on the page that something went wrong. @param {Error} error */
  function fail(error) {
    const place = document.querySelector("[data-failure]");
    if (place) {
      place.textContent = error.message;
      place.hidden = false;
    }
  }

  /** Marks the page as ready for a person, once what was drawn is painted. */
  function ready() {
    requestAnimationFrame(() =>
      setTimeout(() => {
        document.documentElement.dataset.ready = "true";
        document.dispatchEvent(new Event("runstore:ready"));
      }),
    );
  }

  /** Does something once the page is ready. @param {() => void} action */
  function whenReady(action) {
    if (document.documentElement.dataset.ready) action();
    else document.addEventListener("runstore:ready", action, { once: true });
  }

  /**
   * A search: a regular expression without regard to case, `^` and `$` at every line. What is none is looked for as it stands, and `literal`
   * says so.
   * @param {string} pattern @returns {{test: (text: string) => boolean, literal: boolean}}
   */
  function matcher(pattern) {
    try {
      const expression = new RegExp(pattern, "im");
      return { test: (text) => expression.test(text), literal: false };
    } catch {
      const plain = pattern.toLowerCase();
      return { test: (text) => text.toLowerCase().includes(plain), literal: true };
    }
  }

  /** Follows the pointer until it is let go. @param {(event: PointerEvent) => void} move @param {() => void} [stop] */
  function dragged(move, stop = () => {}) {
    const end = () => {
      removeEventListener("pointermove", move);
      for (const name of ["pointerup", "pointercancel"]) removeEventListener(name, end);
      stop();
    };
    addEventListener("pointermove", move);
    for (const name of ["pointerup", "pointercancel"]) addEventListener(name, end);
  }

  /** The fragment of the compare page for some runs. @param {string[]} ids */
  const compared = (ids) => `runs=${encodeURIComponent(ids.map(encodeURIComponent).join(","))}`;

  /** Somebody's text below a title of the third level: no heading says that it is more than a level below the one before. */
  function headed(text) {
    let last = 3;
    for (const heading of text.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
      const own = Number(heading.tagName[1]);
      last = Math.min(own, last + 1);
      if (last !== own) heading.setAttribute("aria-level", String(last));
    }
    return text;
  }

  return { put, load, loaded, reload, forget, source, isAlone, onSite, element, icon, home, fail, ready, whenReady, matcher, dragged, compared, headed };
})();
