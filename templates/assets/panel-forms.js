"use strict";
/** The forms in which a person sets a panel, adds one, or sets all charts of a section. */
runstore.panelForms = (() => {
  const { form } = runstore;
  // Columns and px of a panel that needs room.
  const WIDE = [2, 320];

  /** What a form may look at; null on a page where nothing is set. @param {Panels} panels */
  function contextOf({ layout, context, lean, metrics }) {
    if (!layout.changeable) return null;
    if (context) return context();
    return lean ? { metrics: metrics.map(({ key, axis_name: axis }) => ({ key, axis })) } : null;
  }

  /** Whether a panel's settings can be changed on its page. @param {Panels} panels @param {Panel} panel */
  const canEdit = (panels, { kind }) => panels.arranger !== null && Boolean(runstore.kinds[kind]) && Boolean(panels.context || (panels.lean && kind === "line"));

  /** Asks which kind of panel to add, and with which settings. @param {Panels} panels @param {HTMLElement} button that opened it @param {?Section} section where to, null: where it belongs */
  function offer(panels, button, section) {
    const kinds = Object.values(runstore.kinds);
    runstore.menu.open(button, "Add panel", kinds.map((kind) => ({ label: kind.title, action: () => add(panels, kind, section) })));
  }

  async function add(panels, kind, section) {
    const context = contextOf(panels);
    const settings = await ask(kind, { title: `Add: ${kind.title}`, fields: kind.fields(context, null), values: kind.defaults(context), done: "Add" }, context);
    if (!settings) return;
    const id = panels.layout.add(kind.name, settings, { size: kind.wide ? WIDE : null, section: section?.name });
    const panel = panels.made.get(id);
    panel?.root.scrollIntoView({ block: "nearest" });
    panel?.menuButton.focus();
  }

  /** @param {Panels} panels @param {Panel} panel */
  async function edit(panels, panel) {
    const kind = runstore.kinds[panel.kind];
    const context = { ...contextOf(panels), inherited: panels.inherited(panel) };
    const values = { ...kind.defaults(context), ...panel.metric.own?.set, ...panel.settings };
    const own = panel.added ? {} : { usual: panel.metric.title, ...(panel.kind === "line" ? { about: "" } : {}) };
    const settings = await ask(kind, { title: `Edit: ${panel.title}`, fields: kind.fields(context, panel.added ? null : panel.metric), values, done: "Apply", ...own }, context);
    if (settings) panels.layout.set(panel.metric.key, settings);
    panel.menuButton.focus();
  }

  /** @param {Kind} kind @param {{title: string, fields: Field[], values: object, done: string, usual?: string, about?: string}} what `usual`: the panel's title by itself */
  async function ask(kind, { fields, values, usual, ...rest }, context) {
    const named = { name: "title", label: "Title", type: "text", placeholder: usual ?? kind.named?.(values, context) ?? kind.title };
    const given = await form.ask({ about: kind.about, fields: [named, ...fields], values, ...rest });
    return given && trimmed(given, kind.defaults(context));
  }

  /** Asks for what all line charts of a section have, unless a panel has its own. @param {Panels} panels @param {Section} section */
  async function editSection(panels, section) {
    const { line } = runstore.kinds;
    const context = contextOf(panels);
    const given = await form.ask({
      title: `Charts of ${section.title}`,
      about: "For every line chart of this section. What a panel has of its own stays.",
      fields: line.sectionFields(context),
      values: panels.layout.charts(section.name),
      done: "Apply",
    });
    if (given) panels.layout.setCharts(section.name, trimmed(given, {}));
    section.menuButton.focus();
  }

  /** What a section says of its charts, in a line; "" for nothing. @param {Panels} panels @param {string} name of the section */
  function told(panels, name) {
    const settings = panels.layout.charts(name);
    const context = Object.keys(settings).length ? contextOf(panels) : null;
    return context ? runstore.kinds.line.told(settings, runstore.kinds.line.sectionFields(context)) : "";
  }

  /** Settings without the empty ones that are so from the beginning. */
  function trimmed(settings, defaults) {
    const isEmpty = (value) => value === null || value === "" || value === false || (Array.isArray(value) && !value.length);
    const isUsual = (key, value) => isEmpty(value) && isEmpty(defaults[key] ?? null);
    return Object.fromEntries(Object.entries(settings).filter(([key, value]) => !isUsual(key, value)));
  }

  return { contextOf, canEdit, offer, edit, editSection, told };
})();
