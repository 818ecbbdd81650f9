"use strict";
/** Asks which runs of a project are meant: a dialog with a search. */
runstore.pickRuns = (() => {
  const { element, format } = runstore;
  const MOST_LISTED = 200;

  /**
   * @param {{id: string[], name: string[], state: string[], group: ?string[], job_type: ?string[]}} names of the project's runs
   * @param {{title: string, action: string, without: Set<string>, group?: ?string, most: number}} how runs `without` are not offered, those of a `group` first
   * @returns {Promise<?string[]>} their ids, null when nobody was chosen
   */
  function pickRuns(names, { title, action, without, group = null, most }) {
    const places = names.id.map((_, at) => at).filter((at) => !without.has(names.id[at]));
    if (group) places.sort((a, b) => (names.group[b] === group) - (names.group[a] === group) || a - b);
    const chosen = new Set();
    const list = element("ul", { className: "picker-list" });
    const about = element("p", { className: "soft", role: "status" });
    const search = element("input", { type: "search", placeholder: "Search runs (regex)", aria: { label: "Search runs by regular expression" } });
    const accept = element("button", { type: "submit", disabled: true }, action);
    const cancel = element("button", { type: "button" }, "Cancel");
    const form = element("form", { method: "dialog" }, element("h2", { id: "picker-title" }, title), search, list, about, element("p", { className: "picker-actions" }, cancel, accept));
    const dialog = element("dialog", { className: "picker", aria: { labelledby: "picker-title" } }, form);

    function row(at) {
      const box = element("input", { type: "checkbox", checked: chosen.has(at), disabled: !chosen.has(at) && chosen.size >= most });
      box.addEventListener("change", () => {
        if (box.checked) chosen.add(at);
        else chosen.delete(at);
        show();
        list.querySelectorAll("input")[shown.indexOf(at)]?.focus();
      });
      const kind = [names.group[at], names.job_type[at]].filter(Boolean).join(" · ");
      return element("li", {}, element("label", {}, box, element("span", { className: "text" }, names.name[at]), kind ? element("span", { className: "soft text" }, kind) : null, element("span", { className: `state state-${names.state[at]}` }, names.state[at])));
    }

    let shown = [];
    function show() {
      const { test } = runstore.matcher(search.value);
      const found = search.value ? places.filter((at) => test(`${names.name[at]}\n${names.id[at]}\n${names.group[at] ?? ""}\n${names.job_type[at] ?? ""}`)) : places;
      shown = found.slice(0, MOST_LISTED);
      list.replaceChildren(...shown.map(row));
      const more = found.length - shown.length;
      const left = more > 0 ? `; ${more} more match, search for them` : "";
      about.textContent = `${chosen.size} of ${format.count(places.length, "run")} chosen${chosen.size >= most ? " (no more fit)" : ""}${left}`;
      accept.disabled = !chosen.size;
    }

    search.addEventListener("input", show);
    cancel.onclick = () => dialog.close();
    show();
    document.body.append(dialog);
    dialog.showModal();
    search.focus();
    return new Promise((resolve) => {
      let accepted = false;
      form.addEventListener("submit", () => (accepted = true));
      dialog.addEventListener("close", () => {
        dialog.remove();
        resolve(accepted && chosen.size ? [...chosen].map((at) => names.id[at]) : null);
      });
    });
  }

  return pickRuns;
})();
