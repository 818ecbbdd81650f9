"use strict";
/** The x axes of line charts that a person may choose: the step, times, what was defined for each metric, or any metric. */
runstore.axes = (() => {
  const { element } = runstore;
  const FIXED = [{ value: "_step", label: "Step" }, { value: "_runtime", label: "Relative time" }, { value: "_timestamp", label: "Wall time" }];
  const DEFINED = { value: "defined", label: "As defined" };
  const MOST_CHOICES = 150;
  const inOrder = new Intl.Collator("en", { numeric: true });
  // The choice that asks for a metric by search, where there are more than a menu can show.
  const FIND = ":find";
  /** @type {WeakMap<HTMLSelectElement, string>} the metrics that each control offers */
  const filled = new WeakMap();
  /** @type {WeakMap<HTMLSelectElement, string>} the axis that each control shows */
  const chosen = new WeakMap();

  /** @param {{defined: boolean, keys: string[]}} there whether an axis was defined for a metric, and the keys of all metrics */
  function choicesOf({ defined, keys }) {
    const fixed = [...(defined ? [DEFINED] : []), ...FIXED];
    const taken = new Set([DEFINED.value, FIND, ...FIXED.map(({ value }) => value)]);
    const own = keys.filter((key) => key && !taken.has(key)).sort(inOrder.compare);
    return { fixed, keys: own, isMany: own.length > MOST_CHOICES };
  }

  /**
   * Fills the controls of the x axis on a page.
   * @param {ParentNode} root @param {boolean} defined whether an axis was defined for a metric @param {() => string[]} keysOf the metrics there are now
   * @returns {string} the axis to begin with
   */
  function offer(root, defined, keysOf) {
    for (const select of root.querySelectorAll("[data-view=x]")) {
      if (defined) select.prepend(element("option", { value: DEFINED.value }, DEFINED.label));
      fill(select, keysOf());
      select.addEventListener("focus", () => fill(select, keysOf()));
      // Before the page takes the choice as an axis.
      select.addEventListener("change", (event) => {
        if (select.value !== FIND) return;
        event.stopImmediatePropagation();
        show(select, chosen.get(select) ?? select.options[0].value);
        find(select, keysOf());
      });
    }
    return defined ? DEFINED.value : "_step";
  }

  /** The metrics below the other axes, as far as they fit; the one that is chosen stays. */
  function fill(select, all) {
    const { keys, isMany } = choicesOf({ defined: true, keys: all });
    const [text, value] = [keys.join("\n"), select.value];
    if (filled.get(select) === text) return;
    filled.set(select, text);
    select.querySelector("optgroup")?.remove();
    for (const option of select.querySelectorAll("option")) if (keys.includes(option.value)) option.remove();
    const options = isMany ? [element("option", { value: FIND }, `Find one of ${keys.length} metrics…`)] : keys.map((key) => element("option", { value: key }, key));
    if (options.length) select.append(element("optgroup", { label: "Logged" }, ...options));
    show(select, value);
  }

  /** Shows a choice, which is one of the options from now on. */
  function show(select, value) {
    chosen.set(select, value);
    select.value = value;
    if (select.selectedIndex >= 0) return;
    select.append(element("option", { value }, value));
    select.value = value;
  }

  async function find(select, all) {
    const { keys } = choicesOf({ defined: true, keys: all });
    const field = { name: "key", label: "Metric", type: "key", options: keys, required: true };
    const given = await runstore.form.ask({ title: "X axis", about: "The metric over which the charts are drawn.", fields: [field], values: {}, done: "Choose" });
    select.focus();
    if (!given) return;
    show(select, given.key);
    select.dispatchEvent(new Event("change", { bubbles: true }));
  }

  return { choicesOf, offer, show };
})();
