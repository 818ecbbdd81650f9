"use strict";
/** The columns that make the groups, one after the other: a choice for each level, and one for the next. */
runstore.GroupBy = (() => {
  const { element } = runstore;
  const SECTIONS = { run: "Run", config: "Config" };
  // What repeats a run without changing what it is a run of.
  const REPEATS = /(^|[._/-])(seed|random_state|fold|rep|repeat|trial)s?$/i;
  const MOST_CHOICES = 150;
  const MOST_LEVELS = 6;
  // The choice that asks for a column by search, where there are more than a menu can show.
  const FIND = ":find";

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
      this.fixed = first.options.length;
      more.addEventListener("change", ({ target }) => this.#change(Number(target.dataset.level), target.value));
    }

    /** "Group by all but the seed": the configuration that differs between runs, without what only repeats them. */
    #allButRepeats() {
      const varied = this.runs.groupable().filter((column) => column.section === "config" && this.runs.isVaried(column));
      const repeats = varied.filter(({ label }) => REPEATS.test(label));
      if (!repeats.length) return null;
      const others = varied.filter((column) => !repeats.includes(column));
      if (!others.every(({ isLoaded }) => isLoaded)) return null;
      const keys = this.runs.telling(others).map(({ key }) => key);
      if (!keys.length || keys.length > MOST_LEVELS) return null;
      return { value: this.runs.textOf(keys), label: `All config but ${repeats.map(({ label }) => label).join(", ")}` };
    }

    /** The columns to choose from, `chosen` among them: of very many those that differ between runs. */
    #choices(without, chosen) {
      const all = this.runs.groupable().filter(({ key }) => !without.includes(key));
      const few = all.length <= MOST_CHOICES ? all : all.filter((column) => this.runs.isVaried(column)).slice(0, MOST_CHOICES);
      const shown = new Set([...few, ...all.filter(({ key }) => key === chosen)]);
      const made = [];
      for (const [section, label] of Object.entries(SECTIONS)) {
        const columns = [...shown].filter((column) => column.section === section);
        if (columns.length) made.push(element("optgroup", { label }, ...columns.map(({ key, label: name }) => element("option", { value: key }, name))));
      }
      if (shown.size < all.length) made.push(element("option", { value: FIND }, `Find one of ${all.length} columns…`));
      return made;
    }

    /** Asks for the columns by search. */
    async find() {
      const [keys, shown] = [this.runs.keysOf(this.shownGroup), this.shownGroup];
      // Until something is chosen the menus say what holds.
      this.shownGroup = null;
      this.show(shown);
      const options = this.runs.groupable().map(({ key, label, section }) => ({ value: key, label: section === "run" ? label : `${label} (${section})` }));
      const field = { name: "keys", label: "Columns, the outermost first", type: "keys", options };
      const given = await runstore.form.ask({ title: "Group by", fields: [field], values: { keys }, done: "Group" });
      if (given) this.choose(this.runs.textOf(given.keys.slice(0, MOST_LEVELS)));
    }

    /** The first choice is now `value`. */
    pick(value) {
      if (value === FIND) return this.find();
      if (!value || this.runs.keysOf(value).length > 1) return this.choose(value);
      const rest = this.runs.keysOf(this.shownGroup).slice(1).filter((key) => key !== value);
      return this.choose(this.runs.textOf([value, ...rest]));
    }

    #change(level, value) {
      if (value === FIND) return this.find();
      const keys = this.runs.keysOf(this.shownGroup);
      keys.splice(level, 1, ...(value ? [value] : []));
      this.choose(this.runs.textOf(keys));
    }

    show(group) {
      const keys = this.runs.keysOf(group);
      this.#showFirst(group, keys);
      if (this.shownGroup === group) return;
      this.shownGroup = group;
      const focused = this.more.contains(document.activeElement) ? document.activeElement.dataset.level : null;
      const levels = keys.length && keys.length < MOST_LEVELS ? [...keys.slice(1), ""] : keys.slice(1);
      this.more.hidden = !levels.length;
      this.more.replaceChildren(...levels.map((key, at) => this.#level(key, at + 1, keys)));
      if (focused) this.more.querySelector(`[data-level="${focused}"]`)?.focus();
    }

    #showFirst(group, keys) {
      const known = [...this.first.options].some(({ value }) => value === keys[0]);
      if (this.first.options.length === this.fixed || (keys.length && !known)) {
        while (this.first.children.length > this.fixed) this.first.lastChild.remove();
        this.first.append(...this.#choices([], keys[0]));
      }
      this.first.value = group;
      if (this.first.selectedIndex < 0) this.first.value = keys[0] ?? "";
    }

    #level(key, level, keys) {
      const select = element("select", { data: { level }, aria: { label: `Group by, level ${level + 1}` } }, element("option", { value: "" }, key ? "Nothing" : "then by…"), ...this.#choices(keys.filter((other) => other !== key), key));
      select.value = key;
      select.classList.toggle("unset", !key);
      return select;
    }
  }

  return GroupBy;
})();
