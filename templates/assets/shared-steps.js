"use strict";
/**
 * One step for many panels with a slider: moving one moves the others, each to the nearest step at which it has something.
 *
 * @typedef {object} SharedSteps  what a panel may do about it
 * @property {?{at: ?number}} shared   the step of all, null: the last; null: the panel has its own
 * @property {() => HTMLElement[]} peers  where the others are drawn that are in sight
 * @property {(at: number) => void} keep
 * @property {MenuItem[]} items
 */
runstore.sharedSteps = (() => {
  // The kinds of panels with a slider.
  const KINDS = new Set(["media", "table"]);

  /** @param {Panels} panels @param {Panel} panel @returns {SharedSteps} */
  function of(panels, panel) {
    const { layout } = panels;
    const section = panels.homeOf.get(panel.metric.key);
    const scope = layout.stepScope(section);
    const isPeer = (other) => other !== panel && KINDS.has(other.kind) && other.visible && layout.stepScope(panels.homeOf.get(other.metric.key)) === scope;
    return {
      shared: scope && { at: scope.at },
      peers: () => panels.panels.filter(isPeer).map(({ host }) => host),
      keep: (at) => layout.setStep(section, at),
      items: [ofSection(panels, section, "One step for its whole section"), ofPage(panels)],
    };
  }

  function ofSection({ layout }, section, label) {
    const isOn = layout.sharesStep(section);
    return { label, checked: isOn, action: () => layout.shareStep(section, !isOn) };
  }

  function ofPage({ layout }) {
    const isOn = layout.sharesStep(null);
    return { label: "One step for all media and tables", checked: isOn, action: () => layout.shareStep(null, !isOn) };
  }

  const hasSlider = ({ own, kind }) => KINDS.has(kind ?? own?.kind);

  /** What the menu of a section offers. @param {Panels} panels @param {Section} section @returns {MenuItem[]} */
  const sectionItems = (panels, section) => (section.metrics.some(hasSlider) ? [{ ...ofSection(panels, section.name, "One step for all its panels"), apart: true }] : []);

  /** What the menu of the page's arrangement offers. @param {Panels} panels @returns {MenuItem[]} */
  const pageItems = (panels) => (panels.sections.some(({ metrics }) => metrics.some(hasSlider)) ? [{ ...ofPage(panels), apart: true }] : []);

  /** The step that lies nearest to another, the earlier of two; null for the last. @param {number[]} steps in order @param {?number} at */
  function nearest(steps, at) {
    if (at === null || !steps.length) return null;
    return steps.reduce((best, step) => (Math.abs(step - at) < Math.abs(best - at) ? step : best));
  }

  /** The step that a panel shows, of those at which it has something: the one it shares, else its own. @param {?number} own @param {{steps?: SharedSteps}} context @param {number[]} all */
  function shown(own, { steps }, all) {
    if (steps?.shared) return nearest(all, steps.shared.at);
    return Number.isFinite(own) ? own : null;
  }

  /** What stands below a panel whose slider moves others. @param {{steps?: SharedSteps}} context */
  const note = ({ steps }) => (steps?.shared ? "Its slider moves the others too." : "");

  return { of, shown, note, sectionItems, pageItems, nearest, hasSlider };
})();
