"use strict";
/** Runs side by side: configuration and summary, a column a run. */
(() => {
  const { element, format, panelKinds } = runstore;
  const MOST_RUNS = 20;
  const MOST_ROWS = 400;
  const TITLES = { run: "Run", config: "Config", summary: "Summary" };

  /** The rows of the runs that are shown first: those that differ, where so asked, and that match the search. */
  function compared(settings, context) {
    const runs = context.charted.slice(0, MOST_RUNS);
    const { test } = runstore.matcher(settings.search ?? "");
    const order = ["run", "config", "summary"];
    const columns = [...context.runs.columns.values()].filter(({ key }) => key !== "name");
    const rows = columns.map((column) => ({ column, values: runs.map((run) => column.values[run] ?? null) })).filter(({ values }) => values.some((value) => value !== null));
    for (const row of rows) row.differs = new Set(row.values.map((value) => JSON.stringify(value))).size > 1;
    // One run differs from none: all of it is shown.
    const isAll = !settings.changed || runs.length < 2;
    const found = rows.filter(({ column, differs }) => (differs || isAll) && test(`${column.section}.${column.label}`));
    return { runs, rows: found.sort((a, b) => order.indexOf(a.column.section) - order.indexOf(b.column.section)), all: rows.length };
  }

  const typeOf = (value) => (typeof value === "number" ? "number" : "");

  function runHead(run, context) {
    const swatch = element("span", { className: "swatch" });
    const group = context.groups?.find((each) => each.runs.includes(run));
    swatch.style.backgroundColor = context.colourOf(context.byColumn ? run : group ?? run);
    return element("th", { scope: "col" }, element("a", { ...context.runs.linked(run), title: context.runs.name[run] }, swatch, element("span", { className: "text" }, context.runs.name[run])));
  }

  function body({ runs, rows }, context) {
    const made = [];
    let section = null;
    for (const { column, values, differs } of rows.slice(0, MOST_ROWS)) {
      if (column.section !== section) made.push(element("tr", { className: "comparer-section" }, element("th", { scope: "colgroup", colSpan: runs.length + 1 }, element("span", {}, TITLES[(section = column.section)] ?? section))));
      const cells = values.map((value) => element("td", { className: typeOf(value), title: value === null ? "" : String(value) }, format.value(value, column.type)));
      made.push(element("tr", { className: differs ? "differs" : "" }, element("th", { scope: "row", title: column.label }, element("span", { className: "text" }, column.label)), ...cells));
    }
    const head = element("tr", {}, element("th", { scope: "col" }, "Key"), ...runs.map((run) => runHead(run, context)));
    return element("table", { className: "comparer" }, element("thead", {}, head), element("tbody", {}, ...made));
  }

  /** The search and the switch stay while a person types; only the table is new. */
  function tools(host) {
    if (host.comparer) return host.comparer;
    const search = element("input", { type: "search", placeholder: "Search keys (regex)", aria: { label: "Search keys by regular expression" } });
    const changed = element("input", { type: "checkbox" });
    const status = element("span", { className: "soft", role: "status" });
    const place = element("div", { className: "kind-scroll", tabIndex: 0, role: "region", aria: { label: "Runs side by side" } });
    const root = element("div", { className: "comparer-panel" }, element("div", { className: "comparer-tools" }, search, element("label", { className: "control" }, changed, "Only what differs"), status), place);
    return (host.comparer = { root, search, changed, status, place });
  }

  async function draw(host, settings, context) {
    if (!context.charted.length) {
      host.comparer = null;
      return panelKinds.empty(host, "No run is shown: show some in the table to compare them.");
    }
    const made = tools(host);
    if (made.root.parentElement !== host) host.replaceChildren(made.root);
    const { search, changed, status, place } = made;
    if (document.activeElement !== search) search.value = settings.search ?? "";
    changed.checked = Boolean(settings.changed);
    search.oninput = () => {
      clearTimeout(made.typing);
      made.typing = setTimeout(() => context.change({ search: search.value }), 200);
    };
    changed.onchange = () => context.change({ changed: changed.checked });
    const found = compared(settings, context);
    const at = [place.scrollLeft, place.scrollTop];
    place.replaceChildren(found.rows.length ? body(found, context) : element("p", { className: "kind-empty" }, settings.changed && !settings.search ? "These runs do not differ in any key." : "No key matches."));
    [place.scrollLeft, place.scrollTop] = at;
    status.textContent = `${found.rows.length} of ${format.count(found.all, "key")}`;
    const notes = [context.charted.length > found.runs.length ? `The first ${found.runs.length} of ${format.count(context.charted.length, "run")} that are shown.` : "", found.rows.length > MOST_ROWS ? `The first ${MOST_ROWS} keys: search for others.` : ""];
    return { about: format.count(found.runs.length, "run"), note: notes.filter(Boolean).join(" ") };
  }

  async function table(settings, context) {
    const { runs, rows } = compared(settings, context);
    return { columns: ["Section", "Key", ...runs.map((run) => context.runs.name[run])], rows: rows.map(({ column, values }) => [column.section, column.label, ...values]) };
  }

  panelKinds.register({
    name: "comparer",
    title: "Run comparer",
    about: "Configuration and summary of the runs that are shown, side by side.",
    isTable: true,
    wide: true,
    needs: (_settings, context) => context.runs.columns.keys(),
    defaults: () => ({ changed: true, search: "" }),
    fields: () => [
      { name: "changed", label: "Only what differs", type: "checkbox" },
      { name: "search", label: "Keys that match", type: "text", placeholder: "regular expression" },
    ],
    draw,
    table,
  });
})();
