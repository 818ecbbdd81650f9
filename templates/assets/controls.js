"use strict";
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
      else if (control.dataset.view === "x") runstore.axes.show(control, value);
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
