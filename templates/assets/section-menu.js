"use strict";
/** What the menus of a page's sections offer, and the menu of the whole arrangement. */
runstore.sectionMenu = (() => {
  const { menu, form, format, panelForms } = runstore;
  const MOST_COLUMNS = 6;

  /** Asks for the name of a section. @returns {Promise<string>} "" where the person went back or gave none */
  async function askName(title, value, done) {
    const given = await form.ask({ title, fields: [{ name: "title", label: "Name", type: "text", required: true }], values: { title: value }, done });
    return given ? given.title.trim() : "";
  }

  /** @param {Panels} panels @param {Section} section */
  async function rename({ layout }, section) {
    const title = await askName("Rename section", section.title, "Rename");
    if (title) layout.rename(section.name, title);
    section.menuButton.focus();
  }

  function chooseColumns({ layout }, section) {
    const now = layout.columns(section.name);
    const choices = [null, ...Array.from({ length: MOST_COLUMNS }, (_, at) => at + 1)];
    const label = (count) => (count === null ? "As many as there is room for" : format.count(count, "column"));
    const items = choices.map((count) => ({ label: label(count), checked: count === now, action: () => layout.setColumns(section.name, count) }));
    menu.open(section.menuButton, `Columns of ${section.title}`, items);
  }

  /** @param {Panels} panels @param {Section} section */
  function open(panels, section) {
    const { layout, arranger } = panels;
    const { name } = section;
    const keys = panels.usualIn(name);
    const shown = panels.sections.filter((each) => each.shown);
    const isSorted = layout.order(name, keys).some((key, at) => key !== keys[at]);
    const items = [
      ...(panels.context ? [{ label: "Add panel here…", action: () => panels.offer(section.menuButton, section) }] : []),
      { label: "Rename…", action: () => rename(panels, section) },
      { label: "Columns…", action: () => chooseColumns(panels, section) },
      ...ofCharts(panels, section),
      ...(runstore.sharedSteps?.sectionItems(panels, section) ?? []),
      { label: "Sort panels A–Z", action: () => layout.reorder(name, keys, panels.byTitle(keys)), apart: true },
      ...(isSorted ? [{ label: "Usual order of panels", action: () => layout.reorder(name, keys, keys) }] : []),
      ...(section === shown[0] ? [] : [{ label: "Move up", action: () => arranger.stepSection(section, -1), apart: true }]),
      ...(section === shown.at(-1) ? [] : [{ label: "Move down", action: () => arranger.stepSection(section, 1) }]),
      { label: "Fold all others", action: () => layout.foldAll(panels.usual.filter((each) => each !== name), true), apart: true },
      { label: "Remove section", action: () => remove(panels, section), apart: true },
    ];
    menu.open(section.menuButton, `Menu of section ${section.title}`, items);
  }

  /** What its charts have of a section. */
  function ofCharts(panels, section) {
    const { layout } = panels;
    const isSet = Object.keys(layout.charts(section.name)).length > 0;
    const hasAny = section.metrics.some(({ kind, own }) => (kind ?? own?.kind ?? "line") === "line");
    if (!(hasAny || isSet) || !panelForms.contextOf(panels)) return [];
    const reset = () => {
      layout.setCharts(section.name, {});
      panels.say(`The charts of ${section.title} are as those of the page.`);
    };
    return [{ label: "Settings of its charts…", action: () => panelForms.editSection(panels, section), apart: true }, ...(isSet ? [{ label: "Reset settings of its charts", action: reset }] : [])];
  }

  function remove(panels, section) {
    panels.layout.removeSection(section.name);
    panels.say(`${section.title} was removed: “Layout” brings it back.`);
  }

  /** The menu of the page's whole arrangement. @param {Panels} panels @param {HTMLElement} button */
  function openAll(panels, button) {
    const { layout, usual } = panels;
    const { sections, panels: hidden } = layout.removed;
    const removed = [sections.length && format.count(sections.length, "section"), hidden.length && format.count(hidden.length, "panel")].filter(Boolean);
    menu.open(button, "Layout", [
      { label: "New section…", action: () => newSection(panels) },
      { label: "Fold all sections", action: () => layout.foldAll(usual, true), apart: true },
      { label: "Unfold all sections", action: () => layout.foldAll(usual, false) },
      ...(runstore.sharedSteps?.pageItems(panels) ?? []),
      ...(removed.length ? [{ label: `Bring back what was removed (${removed.join(", ")})`, action: () => layout.restore(), apart: true }] : []),
      ...(layout.past.length ? [{ label: "Undo last change (Ctrl+Z)", action: () => layout.undo(), apart: true }] : []),
      ...(layout.isUsual ? [] : [{ label: "Reset layout", action: () => layout.reset(), apart: !layout.past.length }]),
    ]);
  }

  /** Makes a section. @param {Panels} panels @returns {Promise<?string>} its name */
  async function newSection(panels) {
    const title = await askName("New section", "", "Make");
    if (!title) return null;
    const name = panels.layout.makeSection(title, panels.usual);
    panels.sections.find((section) => section.name === name)?.menuButton.focus();
    return name;
  }

  /** Asks which section a panel moves to. @param {Panels} panels @param {Panel} panel */
  function offerSections(panels, panel) {
    const { arranger } = panels;
    const own = panels.sectionOf(panel);
    const others = panels.sections.filter((section) => section !== own && section.shown);
    const items = others.map((section) => ({ label: section.title, action: () => arranger.moveTo(panel, section) }));
    const fresh = async () => {
      const name = await newSection(panels);
      const section = panels.sections.find((each) => each.name === name);
      if (section) arranger.moveTo(panel, section);
    };
    menu.open(panel.menuButton, "Move to section", [...items, { label: "New section…", action: fresh, apart: items.length > 0 }]);
  }

  /** The buttons of a page for its arrangement: its menu, and what undoes it all, there while something is changed. @param {Panels} panels @param {HTMLElement} root of the page */
  function bind(panels, root) {
    const { layout } = panels;
    const all = root.querySelector("[data-layout-menu]");
    const reset = root.querySelector("[data-layout-reset]");
    all.addEventListener("click", () => openAll(panels, all));
    reset.addEventListener("click", () => {
      layout.reset();
      all.focus();
      panels.say("The layout is as it comes.");
    });
    panels.onarrange = () => (reset.hidden = layout.isUsual);
    panels.onarrange();
    runstore.shortcuts.add("Ctrl+Z", "Charts", "Undo the last change of the layout", () => layout.undo());
  }

  return { open, offerSections, bind };
})();
