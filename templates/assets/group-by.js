"use strict";
/** The columns that make the groups, one after the other: a choice for each level, and one for the next. */
runstore.GroupBy = (() => {
  const { element } = runstore;
  const SECTIONS = { run: "Run", config: "Config" };
  // What repeats a run without changing what it is a run of.
  const REPEATS = /(^|[._/-])(seed|random_state|fold|rep|repeat|trial)s?$/i;
  const MOST_CHOICES = 500;
  const MOST_LEVELS = 6;

  class GroupBy {
    /**
     * @param {HTMLSelectElement} first  for the first level
     * @param {HTMLElement} more  where the other levels' stand
     * @param {runstore.Runs} runs
     * @param {(group: string) => void} choose
     */
    constructor(first, more, runs, choose) {
      Object.assign(this, { first, more, runs, choose });
      const shortcut = this.#allButRepeats();
      if (shortcut) first.append(element("option", { value: shortcut.value }, shortcut.label));
      first.append(...this.#choices([], Infinity));
      more.addEventListener("change", ({ target }) => this.#change(Number(target.dataset.level), target.value));
    }

    /** "Group by all but the seed": the configuration that differs between runs, without what only repeats them. */
    #allButRepeats() {
      const varied = this.runs.groupable().filter((column) => column.section === "config" && this.runs.isVaried(column));
      const repeats = varied.filter(({ label }) => REPEATS.test(label));
      const keys = varied.filter((column) => !repeats.includes(column)).map(({ key }) => key);
      if (!repeats.length || !keys.length || keys.length > MOST_LEVELS) return null;
      return { value: this.runs.textOf(keys), label: `All config but ${repeats.map(({ label }) => label).join(", ")}` };
    }

    #choices(without, most) {
      const made = [];
      for (const [section, label] of Object.entries(SECTIONS)) {
        const columns = this.runs.groupable().filter((column) => column.section === section && !without.includes(column.key)).slice(0, most);
        if (columns.length) made.push(element("optgroup", { label }, ...columns.map(({ key, label: name }) => element("option", { value: key }, name))));
      }
      return made;
    }

    /** What `group` becomes when the first choice is `value`. */
    chosen(value, before) {
      if (!value || this.runs.keysOf(value).length > 1) return value;
      const rest = this.runs.keysOf(before).slice(1).filter((key) => key !== value);
      return this.runs.textOf([value, ...rest]);
    }

    #change(level, value) {
      const keys = this.runs.keysOf(this.shownGroup);
      keys.splice(level, 1, ...(value ? [value] : []));
      this.choose(this.runs.textOf(keys));
    }

    show(group) {
      const keys = this.runs.keysOf(group);
      if (this.first.value !== group) this.first.value = keys[0] ?? "";
      if (this.shownGroup === group) return;
      this.shownGroup = group;
      const focused = this.more.contains(document.activeElement) ? document.activeElement.dataset.level : null;
      const levels = keys.length && keys.length < MOST_LEVELS ? [...keys.slice(1), ""] : keys.slice(1);
      this.more.hidden = !levels.length;
      this.more.replaceChildren(...levels.map((key, at) => this.#level(key, at + 1, keys)));
      if (focused) this.more.querySelector(`[data-level="${focused}"]`)?.focus();
    }

    #level(key, level, keys) {
      const select = element("select", { data: { level }, aria: { label: `Group by, level ${level + 1}` } }, element("option", { value: "" }, key ? "Nothing" : "then by…"), ...this.#choices(keys.filter((other) => other !== key), MOST_CHOICES));
      select.value = key;
      select.classList.toggle("unset", !key);
      return select;
    }
  }

  return GroupBy;
})();
