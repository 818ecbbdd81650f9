"use strict";
/**
 * The front page: times as people read them, and a search through projects, runs, groups and tags. What is searched
 * for and the order of the cards stand in the fragment.
 *
 * @typedef {{label: string, href: string, about: string, state: ?string, text: string}} Item
 */
(() => {
  const { element, format } = runstore;
  const MOST = 30;
  const ORDERS = {
    activity: (a, b) => moment(b) - moment(a),
    name: (a, b) => a.dataset.name.localeCompare(b.dataset.name, "en", { numeric: true }),
    runs: (a, b) => Number(b.dataset.runs) - Number(a.dataset.runs),
  };
  const moment = (card) => Date.parse(card.querySelector("time")?.dateTime ?? "") || 0;

  const main = document.querySelector("main");
  const search = document.querySelector("[data-search]");
  const order = document.querySelector("[data-sort]");
  const found = document.querySelector("[data-found]");
  const none = document.querySelector("[data-no-match]");
  const status = document.querySelector("[data-status]");
  let address = main.dataset.finder;

  /** The items of the whole store by kind, loaded when they are first searched. @returns {Promise<Map<string, Item[]>>} */
  let items = null;
  function load() {
    items ??= runstore.load("finder", address).then(itemsOf);
    items.catch(() => (items = null));
    return items;
  }

  function itemsOf({ projects }) {
    const kinds = new Map([["Runs", []], ["Groups", []], ["Tags", []]]);
    for (const { name, title, base, groups, runs } of projects) {
      const project = title || name;
      const tags = new Map();
      for (const [id, label, state, group, job, own] of runs) {
        const about = [project, group, job, own.join(", ")].filter(Boolean).join(" · ");
        kinds.get("Runs").push({ label, href: `${base}runs/${encodeURIComponent(id)}/index.html`, about, state, text: [label, id, group, job, ...own].join("\n") });
        for (const tag of own) tags.set(tag, (tags.get(tag) ?? 0) + 1);
      }
      for (const [label, path, count] of groups) kinds.get("Groups").push({ label, href: base + path, about: `${project} · ${format.count(count, "run")}`, state: null, text: label });
      for (const [label, count] of tags) kinds.get("Tags").push({ label, href: `${base}index.html#filter=${encodeURIComponent(label)}`, about: `${project} · ${format.count(count, "run")}`, state: null, text: label });
    }
    return kinds;
  }

  const cards = () => [...document.querySelectorAll("[data-card]")];

  async function show() {
    const pattern = search.value.trim();
    const { test, literal } = runstore.matcher(pattern);
    const shown = cards().filter((card) => (card.hidden = !test(card.dataset.card)) === false);
    if (!pattern) {
      found.hidden = none.hidden = true;
      status.textContent = "";
      found.replaceChildren();
      return;
    }
    const kinds = await load();
    if (search.value.trim() !== pattern) return;
    const lists = [...kinds].map(([kind, all]) => [kind, all.filter(({ text }) => test(text))]).filter(([, some]) => some.length);
    found.replaceChildren(...lists.map(([kind, some]) => list(kind, some)));
    found.hidden = !lists.length;
    none.hidden = lists.length + shown.length > 0;
    const counts = [["projects", shown.length], ...lists.map(([kind, some]) => [kind.toLowerCase(), some.length])].filter(([, count]) => count);
    status.textContent = [...counts.map(([kind, count]) => format.count(count, kind.slice(0, -1))), ...(literal ? ["not a regular expression: searched as text"] : [])].join(" · ");
  }

  function list(kind, some) {
    const rows = some.slice(0, MOST).map(({ label, href, about, state }) =>
      element("li", {}, element("a", { href }, label), state ? element("span", { className: `state state-${state}` }, state) : null, element("span", { className: "soft" }, about)),
    );
    const more = some.length > MOST ? element("p", { className: "soft" }, `and ${format.number(some.length - MOST)} more: search for more of the name`) : null;
    return element("section", { className: "block", aria: { label: kind } }, element("h2", {}, kind, element("span", { className: "count" }, String(some.length))), element("ul", {}, ...rows), more);
  }

  function sort() {
    const all = cards();
    all[0].parentElement.append(...all.sort(ORDERS[order.value]));
  }

  function write() {
    const view = new URLSearchParams(location.hash.slice(1));
    for (const [key, value] of [["search", search.value], ["sort", order.value === "activity" ? "" : order.value]]) value ? view.set(key, value) : view.delete(key);
    const fragment = String(view);
    history.replaceState(null, "", fragment ? `#${fragment}` : location.pathname + location.search);
  }

  function read() {
    const view = new URLSearchParams(location.hash.slice(1));
    search.value = view.get("search") ?? "";
    order.value = Object.hasOwn(ORDERS, view.get("sort")) ? view.get("sort") : "activity";
    sort();
    return show();
  }

  /** The arrows lead from the search through what it found, Escape back. */
  function keys(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && (event.target === search || found.contains(event.target))) {
      event.preventDefault();
      if (event.target === search) search.value = "";
      search.focus();
      write();
      show();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") move(event);
  }

  function move(event) {
    const links = [...document.querySelectorAll(".found a, .card:not([hidden]) h2 a")];
    const stops = [search, ...links];
    const at = stops.indexOf(document.activeElement);
    const next = stops[at + (event.key === "ArrowDown" ? 1 : -1)];
    if (at < 0 || !next) return;
    event.preventDefault();
    next.focus();
  }

  function start() {
    search.addEventListener("input", () => {
      write();
      show().catch(runstore.fail);
    });
    order.addEventListener("change", () => {
      write();
      sort();
    });
    document.addEventListener("keydown", keys);
    addEventListener("hashchange", read);
    document.addEventListener("runstore:live", refresh);
    return read();
  }

  /** Cards of a newer page are as it wrote them. */
  function refresh() {
    runstore.forget("finder");
    items = null;
    sort();
    show().catch(runstore.fail);
  }

  format.humanise();
  (search ? start() : Promise.resolve()).catch(runstore.fail).finally(runstore.ready);
})();
