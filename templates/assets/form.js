"use strict";
/**
 * A form in a dialog, made from a list of fields.
 *
 * @typedef {object} Field
 * @property {string} name   of the setting
 * @property {string} label
 * @property {"text" | "lines" | "number" | "checkbox" | "select" | "key" | "keys" | "columns"} type
 *   `text` one line, `lines` several; `number` (null where empty); `select` one of few options, `key` one of many, found by
 *   typing; `keys` any number of many, found by search: a list of texts in the order they were chosen; `columns` one of
 *   the `fixed`, or such a list, as one text, which 'write' makes and 'read' takes apart
 * @property {(string | {value: string, label: string})[]} [options]  for `select`, `key` and `keys`; of a `select` also groups: `{label, options}`
 * @property {string} [about]  a line below the field
 * @property {string} [placeholder]
 * @property {boolean} [required]
 */
runstore.form = (() => {
  const { element } = runstore;
  const MOST_SHOWN = 200;
  // The choice of a field of `columns` that lists them.
  const COLUMNS = ":columns";
  let ids = 0;

  const option = (each) => (typeof each === "string" ? { value: each, label: each } : each);

  const listed = (each) => (each.options ? element("optgroup", { label: each.label }, ...each.options.map(listed)) : element("option", option(each), option(each).label));

  /** A control with the value it has now. @returns {{root: HTMLElement, input: HTMLElement, read: () => any}} */
  const CONTROLS = {
    text: (field, value) => simple(element("input", { type: "text", value: value ?? "" })),
    lines: (field, value) => simple(element("textarea", { rows: 8, value: value ?? "" })),
    number(field, value) {
      const input = element("input", { type: "number", step: "any", value: Number.isFinite(value) ? String(value) : "" });
      return { root: input, input, read: () => (input.value === "" ? null : input.valueAsNumber) };
    },
    checkbox(field, value) {
      const input = element("input", { type: "checkbox", checked: Boolean(value) });
      return { root: input, input, read: () => input.checked };
    },
    select(field, value) {
      const input = element("select", {}, ...(field.options ?? []).map(listed));
      input.value = value ?? option((field.options ?? [""])[0]).value;
      return simple(input);
    },
    key(field, value) {
      const list = element("datalist", { id: `options-${++ids}` }, ...(field.options ?? []).map((each) => element("option", option(each), option(each).label)));
      const input = element("input", { type: "text", value: value ?? "", autocomplete: "off" });
      input.setAttribute("list", list.id);
      return { root: element("span", { className: "key-field" }, input, list), input, read: () => input.value };
    },
    keys: (field, value) => chosenKeys(field, value),
    columns: (field, value) => chosenColumns(field, value),
  };

  const simple = (input) => ({ root: input, input, read: () => input.value });

  /** Many keys of many: a search, a list with boxes, the chosen ones first. */
  function chosenKeys({ label, options = [] }, value) {
    const all = options.map(option);
    const known = new Set(all.map((each) => each.value));
    const chosen = new Set((Array.isArray(value) ? value : []).filter((key) => known.has(key)));
    const input = element("input", { type: "search", placeholder: "Search (regex)", aria: { label: `Search: ${label}` } });
    const list = element("div", { className: "key-list", role: "group", aria: { label } });
    const count = element("p", { className: "soft", role: "status" });
    const say = () => (count.textContent = `${chosen.size} chosen of ${all.length}`);
    const box = ({ value: key, label: text }) => {
      const check = element("input", { type: "checkbox", checked: chosen.has(key), value: key });
      check.onchange = () => {
        if (check.checked) chosen.add(key);
        else chosen.delete(key);
        say();
      };
      return element("label", {}, check, element("span", { className: "text" }, text));
    };
    const fill = () => {
      const { test } = runstore.matcher(input.value);
      const found = all.filter((each) => test(each.label));
      const first = found.filter((each) => chosen.has(each.value));
      const rows = [...first, ...found.filter((each) => !chosen.has(each.value))].slice(0, MOST_SHOWN);
      const more = found.length - rows.length;
      list.replaceChildren(...rows.map(box), ...(more > 0 ? [element("p", { className: "soft" }, `and ${more} more: search for them`)] : []));
    };
    input.oninput = fill;
    fill();
    say();
    return { root: element("div", { className: "keys-field" }, input, list, count), input, read: () => [...chosen] };
  }

  /** One of few choices, or any of many keys, which are listed once that is chosen. */
  function chosenColumns({ label, fixed, options, read, write }, value) {
    const isFixed = fixed.some((each) => each.value === (value ?? ""));
    const input = element("select", {}, ...fixed.map(listed), element("option", { value: COLUMNS }, "Columns…"));
    input.value = isFixed ? value ?? "" : COLUMNS;
    const keys = chosenKeys({ label: `${label}: columns`, options }, isFixed ? [] : read(String(value)));
    const show = () => (keys.root.hidden = input.value !== COLUMNS);
    input.onchange = show;
    show();
    const chosen = () => (keys.read().length ? write(keys.read()) : fixed[0].value);
    return { root: element("div", { className: "columns-field" }, input, keys.root), input, read: () => (input.value === COLUMNS ? chosen() : input.value) };
  }

  function row(field, value) {
    const control = CONTROLS[field.type](field, value);
    const { input } = control;
    input.id = `field-${++ids}`;
    input.name = field.name;
    if (field.placeholder) input.placeholder = field.placeholder;
    if (field.required) input.required = true;
    const label = element("label", { htmlFor: input.id }, field.label);
    const about = field.about ? element("p", { className: "soft", id: `${input.id}-about` }, field.about) : null;
    if (about) input.setAttribute("aria-describedby", about.id);
    const root = element("div", { className: `field field-${field.type}` }, label, control.root, about);
    return { name: field.name, root, read: control.read };
  }

  /**
   * Asks for settings.
   * @param {{title: string, about?: string, fields: Field[], values: object, done: string}} what `done` is the button's label
   * @returns {Promise<?object>} the settings, null where the person went back
   */
  function ask({ title, about = "", fields, values, done }) {
    const rows = fields.map((field) => row(field, values[field.name]));
    const heading = element("h2", { id: `field-${++ids}` }, title);
    const cancel = element("button", { type: "button" }, "Cancel");
    const buttons = element("div", { className: "form-buttons" }, cancel, element("button", { type: "submit", className: "primary" }, done));
    const form = element("form", { method: "dialog" }, heading, about ? element("p", { className: "soft" }, about) : null, element("div", { className: "fields" }, ...rows.map(({ root }) => root)), buttons);
    const dialog = element("dialog", { className: "form-dialog" }, form);
    dialog.setAttribute("aria-labelledby", heading.id);
    runstore.home().append(dialog);
    return new Promise((resolve) => {
      cancel.onclick = () => dialog.close();
      form.onsubmit = () => (dialog.returnValue = "done");
      dialog.onclose = () => {
        dialog.remove();
        resolve(dialog.returnValue === "done" ? Object.fromEntries(rows.map(({ name, read }) => [name, read()])) : null);
      };
      dialog.showModal();
    });
  }

  return { ask };
})();
