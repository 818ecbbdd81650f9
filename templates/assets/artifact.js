"use strict";
/** The page of an artifact: times and sizes as people read them, and what differs between two of its versions. */
(() => {
  const { element, format } = runstore;
  const MOST = 1000;

  /** Files and metadata that were added, removed or changed, by key. @returns {{what: string, kind: string, key: string, before: string, after: string}[]} */
  function differences(from, to) {
    const size = (file) => (file[1] === null ? "" : format.bytes(file[1]));
    const short = (file) => `${size(file)} ${(file[2] ?? "").slice(0, 12)}`.trim();
    return [
      ...changes("file", from.files, to.files, (a, b) => a[2] === b[2] && a[1] === b[1], short),
      ...changes("metadata", from.metadata, to.metadata, (a, b) => a[1] === b[1], (item) => item[1]),
    ];
  }

  function changes(what, before, after, equal, show) {
    const old = new Map(before.map((item) => [item[0], item]));
    const rows = [];
    for (const item of after) {
      const was = old.get(item[0]);
      old.delete(item[0]);
      if (!was) rows.push({ what, kind: "added", key: item[0], before: "", after: show(item) });
      else if (!equal(was, item)) rows.push({ what, kind: "changed", key: item[0], before: show(was), after: show(item) });
    }
    for (const [key, was] of old) rows.push({ what, kind: "removed", key, before: show(was), after: "" });
    return rows;
  }

  function table(rows) {
    const names = ["What", "Change", "Path or key", "Before", "After"];
    const head = element("tr", {}, ...names.map((name) => element("th", { scope: "col" }, name)));
    const body = rows.slice(0, MOST).map(({ what, kind, key, before, after }) =>
      element("tr", {}, element("td", {}, what), element("td", { className: kind }, kind), element("td", {}, key), element("td", {}, before), element("td", {}, after)));
    return element("div", { className: "table-scroll", tabIndex: 0, role: "region", aria: { label: "What differs" } }, element("table", {}, element("thead", {}, head), element("tbody", {}, ...body)));
  }

  function count(rows, kind) {
    const amount = rows.filter((row) => row.kind === kind && row.what === "file").length;
    return amount ? `${format.count(amount, "file")} ${kind}` : null;
  }

  async function compare(section) {
    const versions = await runstore.load("versions", section.dataset.versions);
    const [from, to] = [section.querySelector("[data-from]"), section.querySelector("[data-to]")];
    const named = (name) => versions.find(({ version }) => version === name);

    function show() {
      const pair = [named(from.value), named(to.value)];
      const rows = differences(...pair);
      const told = ["added", "removed", "changed"].map((kind) => count(rows, kind)).filter(Boolean);
      const metadata = rows.filter(({ what }) => what === "metadata").length;
      if (metadata) told.push(`${format.count(metadata, "metadata key")} changed`);
      const hidden = Math.max(...pair.map((version) => version.hidden));
      const notes = [rows.length > MOST ? `The first ${MOST} differences are shown.` : "", hidden ? `${hidden} files past the first of a version are not compared.` : ""].filter(Boolean);
      section.querySelector("[data-difference]").textContent = told.join(", ") || "No difference";
      section.querySelector("[data-differences]").replaceChildren(...(rows.length ? [table(rows)] : []), ...notes.map((note) => element("p", { className: "soft" }, note)));
    }

    function choose() {
      show();
      history.replaceState(null, "", `#from=${encodeURIComponent(from.value)}&to=${encodeURIComponent(to.value)}`);
    }

    function follow() {
      const given = new URLSearchParams(location.hash.slice(1));
      for (const [select, key] of [[from, "from"], [to, "to"]]) if (named(given.get(key))) select.value = given.get(key);
      show();
    }

    from.addEventListener("change", choose);
    to.addEventListener("change", choose);
    addEventListener("hashchange", follow);
    follow();
  }

  format.humanise();
  const section = document.querySelector("[data-versions]");
  (section ? compare(section) : Promise.resolve()).catch(runstore.fail).then(runstore.ready);
})();
