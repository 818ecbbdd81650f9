"use strict";
/** Which configuration matters: importance in a random forest, and correlation, with a number of the summary. */
(() => {
  const { element, format, panelKinds } = runstore;
  const MOST = 60;
  const PER_ROW = 28;

  /** @type {WeakMap<any[], {of: string, found: object}>} the last answer for a column's values: another grouping asks the same again */
  const answers = new WeakMap();

  function rank(settings, context) {
    const target = context.runs.columns.get(settings.column);
    if (!target) return null;
    const of = `${Boolean(settings.run)} ${[...context.charted].sort((a, b) => a - b).join()}`;
    const last = answers.get(target.values);
    if (last?.of === of) return last.found;
    const found = computed(target, settings, context);
    answers.set(target.values, { of, found });
    return found;
  }

  /** The columns that may matter. */
  function inputsOf(settings, context) {
    return [...context.runs.columns.values()].filter(({ key, section }) => section === "config" || (settings.run && section === "run" && !["name", "notes", "created"].includes(key)));
  }

  function computed(target, settings, context) {
    const inputs = inputsOf(settings, context);
    return { target, ...runstore.importance.rank(inputs, target.values, context.charted) };
  }

  function ordered(found, settings) {
    const strength = ({ correlation }) => Math.abs(correlation ?? 0);
    return settings.order === "correlation" ? [...found].sort((a, b) => strength(b) - strength(a)) : found;
  }

  const strip = (className, share, title) => {
    const bar = element("span", { className, title });
    bar.style.width = `${(100 * share).toFixed(1)}%`;
    return bar;
  };

  function row({ label, importance, correlation, value }) {
    const sign = correlation === null ? "" : correlation < 0 ? "negative" : "positive";
    const mark = element("span", { className: "importance-track" }, strip("importance-bar", importance, ""));
    const signed = element("span", { className: "importance-track signed" }, strip(`importance-bar ${sign}`, Math.abs(correlation ?? 0) / 2, ""));
    return element(
      "tr",
      {},
      element("th", { scope: "row", title: label }, element("span", { className: "text" }, label, value === null ? "" : element("span", { className: "soft", title: `The correlation is that of ${label} being ${value}` }, ` · ${value}`))),
      element("td", {}, mark, element("span", { className: "importance-value" }, format.number(importance, 3))),
      element("td", {}, signed, element("span", { className: "importance-value" }, correlation === null ? "–" : format.number(correlation, 3).replace("-", "−"))),
    );
  }

  function heads(settings, context) {
    const head = (key, label, title) => {
      const isOrder = (settings.order === "correlation") === (key === "correlation");
      const button = element("button", { type: "button", className: "quiet", title }, `${label}${isOrder ? " ↓" : ""}`);
      button.onclick = () => context.change({ order: key });
      const cell = element("th", { scope: "col" }, button);
      if (isOrder) cell.setAttribute("aria-sort", "descending");
      return cell;
    };
    return element("tr", {}, element("th", { scope: "col" }, "Parameter"), head("importance", "Importance", "Share of what a random forest explains by it"), head("correlation", "Correlation", "Linear (Pearson): −1 to 1"));
  }

  async function draw(host, settings, context) {
    const found = rank(settings, context);
    if (!found) return panelKinds.empty(host, "Choose a number of the summary in this panel's settings.");
    const { target, runs, left } = found;
    const { LEAST } = runstore.importance;
    if (runs < LEAST) return panelKinds.empty(host, `Importance needs at least ${LEAST} runs with a number for ${target.label}; ${runs} of those that are shown ${runs === 1 ? "has" : "have"} one.`);
    if (!found.found.length) return panelKinds.empty(host, "The configuration of these runs does not vary: nothing in it can matter.");
    const rows = ordered(found.found, settings).slice(0, MOST);
    const had = host.contains(document.activeElement) ? document.activeElement.textContent.replace(" ↓", "") : null;
    const table = element("table", { className: "importance" }, element("caption", { className: "aside" }, `Importance of parameters for ${target.label}`), element("thead", {}, heads(settings, context)), element("tbody", {}, ...rows.map(row)));
    host.replaceChildren(element("div", { className: "kind-scroll", tabIndex: 0, role: "region", aria: { label: `Importance for ${target.label}` } }, table));
    if (had) [...host.querySelectorAll("thead button")].find(({ textContent }) => textContent.startsWith(had))?.focus();
    const notes = [found.found.length > rows.length ? `The first ${rows.length} of ${found.found.length} parameters.` : "", left ? `${format.count(left, "value")} that correlate least are left out.` : ""];
    return { about: format.count(runs, "run"), note: notes.filter(Boolean).join(" ") };
  }

  async function table(settings, context) {
    const found = rank(settings, context);
    if (!found?.found.length) return null;
    return { columns: ["Parameter", "Importance", "Correlation", "of its value"], rows: ordered(found.found, settings).map(({ label, importance, correlation, value }) => [label, importance, correlation, value]) };
  }

  /** Bars of what the table says. @returns {?Figure} */
  function figure(host, settings, context) {
    const found = rank(settings, context);
    if (!found?.found.length || found.runs < runstore.importance.LEAST) return null;
    const rows = ordered(found.found, settings).slice(0, MOST);
    const named = rows.map(({ label, value }) => (value === null ? label : `${label} · ${value}`));
    const bars = rows.flatMap(({ importance, correlation }, at) => [
      { at, part: 0, kind: "Importance", value: importance },
      ...(correlation === null ? [] : [{ at, part: 1, kind: correlation < 0 ? "Negative correlation" : "Positive correlation", value: correlation }]),
    ]);
    const style = getComputedStyle(host);
    const colours = ["--accent", "--good", "--bad"].map((name) => style.getPropertyValue(name).trim());
    const tip = ({ at, kind, value }) => [[named[at], ""], [kind, format.number(value, 3)]];
    const signals = { labels: named, colours, xtitle: `Importance and correlation with ${found.target.label}` };
    return { name: "importance", signals, data: { bars }, tip, width: Math.max(480, host.clientWidth), height: 90 + rows.length * PER_ROW };
  }

  panelKinds.register({
    name: "importance",
    title: "Parameter importance",
    about: "Which configuration matters for a number: importance in a random forest, and linear correlation.",
    isTable: true,
    needs: (settings, context) => [settings.column, ...inputsOf(settings, context).map(({ key }) => key)],
    defaults: (context) => ({ column: panelKinds.firstMetric(context), run: false, order: "importance" }),
    fields: (context) => [
      { name: "column", label: "For", type: "key", options: panelKinds.options(context, (column) => panelKinds.isNumeric(column) && column.section === "summary") },
      { name: "run", label: "Consider group, tags, host, … too", type: "checkbox" },
      { name: "order", label: "Order", type: "select", options: [{ value: "importance", label: "Most important first" }, { value: "correlation", label: "Strongest correlation first" }] },
    ],
    named: ({ column }) => (column ? `Importance for ${panelKinds.columnName(column)}` : "Parameter importance"),
    draw,
    table,
    figure,
  });
})();
