"use strict";
/** Offers the x axis that was defined for each metric, where one was; the axis to begin with. */
runstore.offerAxes = (root, defined) => {
  if (!defined) return "_step";
  for (const select of root.querySelectorAll("[data-view=x]")) select.prepend(runstore.element("option", { value: "defined" }, "As defined"));
  return "defined";
};
/** The controls of charts: each shows a part of the view and changes it, through `choose`. */
runstore.bindControls = (root, state, choose = (part) => state.set(part)) => {
  const all = [...root.querySelectorAll("[data-view]")];

  function read(control) {
    if (control.type === "checkbox") return control.checked;
    return control.type === "range" ? Number(control.value) : control.value;
  }

  function show() {
    for (const control of all) {
      const value = state.view[control.dataset.view];
      if (control.type === "checkbox") control.checked = value;
      else if (document.activeElement !== control || control.tagName === "SELECT") control.value = value;
    }
    for (const output of root.querySelectorAll("output[data-of]")) output.textContent = String(state.view[output.dataset.of]);
  }

  for (const control of all) {
    const event = control.tagName === "SELECT" || control.type === "checkbox" ? "change" : "input";
    control.addEventListener(event, () => choose({ [control.dataset.view]: read(control) }));
  }
  show();
  return show;
};
