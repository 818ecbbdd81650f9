"use strict";
/**
 * What runs logged beside numbers, for a project's page: which keys there are, and what each run logged at its steps.
 * Nothing of it is loaded before somebody looks at it, not even the scripts that show it.
 *
 * @typedef {{name: string, shard: string, keys: LoggedKey[]}} Logged  in the table of runs
 * @typedef {{key: string, place: "media" | "tables", kind: string, runs: number, groups: ?string[]}} LoggedKey  `runs`: how many have it; `groups`: of which groups they are, null: of too many
 * @typedef {{items: Item[], heat?: object}} RunPanel  what a run logged under a key, with addresses that hold on this page
 */
runstore.logged = (() => {
  const { element } = runstore;
  const SECTIONS = { media: "Media", tables: "Tables" };
  const KINDS = { media: "media", tables: "table" };
  /** How many columns and px a panel has. @param {LoggedKey} key */
  const sizeOf = ({ place, runs }) => (place === "tables" ? [3, 380] : [runs < 3 ? 1 : runs < 7 ? 2 : 3, 340]);

  /** @param {Runs} runs @param {"media" | "tables"} place @returns {LoggedKey[]} */
  const keys = (runs, place) => (runs.logged?.keys ?? []).filter((each) => each.place === place);

  /** @returns {LoggedKey | undefined} */
  const find = (runs, place, key) => keys(runs, place).find((each) => each.key === key);

  /** The panels that a page has by itself, one a key. @param {Runs} runs @param {Set<string>} taken keys of other panels */
  function panels(runs, taken) {
    const isHere = ({ groups }) => runs.scope?.column !== "group" || !groups || groups.includes(runs.scope.value);
    return ["media", "tables"].flatMap((place) => keys(runs, place).filter(isHere).map((entry) => {
      const { key } = entry;
      let id = `${place}: ${key}`;
      while (taken.has(id)) id += "′";
      return { key: id, title: key, section: SECTIONS[place], own: { kind: KINDS[place], set: { key }, size: sizeOf(entry) } };
    }));
  }

  let viewing = null;

  /** Loads the scripts and the style that show media, once. @returns {Promise<void>} */
  function viewers() {
    viewing ??= loadViewers();
    viewing.catch(() => (viewing = null));
    return viewing;
  }

  /** Until a page is read that carries all that it shows: they stand at its end. @returns {Promise<void>} */
  const whole = () => new Promise((resolve) => (document.readyState === "loading" ? addEventListener("DOMContentLoaded", () => resolve(), { once: true }) : resolve()));

  async function loadViewers() {
    const { viewers: scripts, viewersStyle: style } = document.querySelector("[data-viewers]").dataset;
    if (!style) return whole();
    document.head.append(element("link", { rel: "stylesheet", href: style }));
    // One after the other: the later ones use what the earlier ones define.
    for (const address of scripts.split(" ")) {
      await new Promise((resolve, reject) => {
        const script = element("script", { src: address, onload: resolve, onerror: () => reject(new Error(`${address} cannot be loaded: was the site copied whole?`)) });
        document.head.append(script);
      });
    }
  }

  /** Which runs have which key, and the like. */
  async function catalogue(runs) {
    const { name, shard } = runs.logged;
    const found = await runstore.load(name, runs.base + shard);
    const host = document.querySelector("[data-viewers]");
    if (found.frame) host.dataset.frame = runs.base + found.frame;
    if (found.plotly) host.dataset.plotly = runs.base + found.plotly;
    return found;
  }

  /** The stamps of the lists that were loaded. @type {Map<number, string>} */
  const stamps = new Map();

  const folder = (runs, run) => runs.link(run).replace(/index\.html$/, "");

  async function heads(runs, run, stamp) {
    const name = `panels/${runs.id[run]}`;
    if (stamps.has(name) && stamps.get(name) !== stamp) runstore.forget(name);
    stamps.set(name, stamp);
    return runstore.load(name, `${folder(runs, run)}panels.js?v=${stamp}`);
  }

  /** @type {Map<string, Promise<?RunPanel>>} */
  const known = new Map();

  async function panelOf(runs, run, { key, place }, stamp) {
    const head = (await heads(runs, run, stamp)).find((each) => each.key === key && each.place === place);
    if (!head) return null;
    if (!known.has(head.name)) {
      const loading = runstore.load(head.name, folder(runs, run) + head.url).then(({ items, ...more }) => ({ ...more, items: items.map((item) => placed(item, folder(runs, run))) }));
      known.set(head.name, loading);
      loading.catch(() => known.delete(head.name));
    }
    return known.get(head.name);
  }

  /** An item whose addresses, which are relative to its run's page, hold here. */
  function placed(item, where) {
    const made = { ...item };
    for (const name of ["src", "url"]) if (typeof made[name] === "string") made[name] = where + made[name];
    if (typeof made.href === "string") made.href = runstore.onSite(where + made.href);
    if (made.bytes) made.bytes = placed(made.bytes, where);
    for (const name of ["items", "masks", "parts"]) if (Array.isArray(made[name])) made[name] = made[name].map((each) => placed(each, where));
    return made;
  }

  /**
   * What the first of some runs logged under a key.
   * @param {Runs} runs @param {LoggedKey} entry @param {number[]} wanted in order @param {number} most
   * @returns {Promise<{found: Map<number, RunPanel>, having: number, failed: number}>} `having`: how many of the wanted runs have it
   */
  async function load(runs, entry, wanted, most) {
    const told = await catalogue(runs);
    const at = runs.logged.keys.indexOf(entry);
    const there = new Set(told.runs[at]);
    const having = wanted.filter((run) => there.has(run));
    let failed = 0;
    const loaded = await Promise.all(having.slice(0, most).map(async (run) => {
      try {
        return [run, await panelOf(runs, run, entry, told.stamps[run])];
      } catch {
        failed++;
        return [run, null];
      }
    }));
    return { found: new Map(loaded.filter(([, panel]) => panel?.items.length)), having: having.length, failed };
  }

  /** The place of the last item at or before a step, −1 where there is none; null: the last of all. @param {Item[]} items @param {?number} step */
  const placeAt = (items, step) => (step === null ? items.length - 1 : items.findLastIndex((item) => item.step <= step));

  /** Every step at which something was logged, in order. @param {Iterable<RunPanel>} all @returns {number[]} */
  const stepsOf = (all) => [...new Set([...all].flatMap(({ items }) => items.map(({ step }) => step)))].sort((a, b) => a - b);

  return { keys, find, panels, viewers, load, placeAt, stepsOf, placed, folder };
})();
