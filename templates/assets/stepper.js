"use strict";
/** A slider through the steps at which something was logged, with buttons to step and to play. */
runstore.Stepper = (() => {
  const { element } = runstore;
  const FRAME_MS = 600;

  class Stepper {
    /**
     * @param {string} label what the steps are of
     * @param {(step: ?number) => any} show  for every step on the way; null: the last
     * @param {(step: ?number) => void} keep  for the step that is stayed at
     */
    constructor(label, show, keep) {
      Object.assign(this, { show, keep, steps: [], at: -1 });
      const button = (name, text, act) => Object.assign(element("button", { type: "button", className: "quiet step-button", title: name, aria: { label: `${name}: ${label}` } }, text), { onclick: act });
      this.label = label;
      this.range = element("input", { type: "range", min: 0, max: 0, step: 1, aria: { label: `Step of ${label}` } });
      this.range.oninput = () => this.#go(Number(this.range.value), false);
      this.range.onchange = () => this.#keep();
      this.number = element("input", { type: "number", step: "any", aria: { label: `Step number of ${label}` } });
      this.number.onchange = () => this.#go(Math.max(0, this.steps.findLastIndex((step) => step <= Number(this.number.value))));
      this.play = button("Play", "▶", () => this.#toggle());
      this.root = element("div", { className: "stepper", role: "group", hidden: true, aria: { label: `Steps of ${label}` } }, button("Previous step", "‹", () => this.#go(this.at - 1)), this.play, button("Next step", "›", () => this.#go(this.at + 1)), this.range, this.number);
    }

    /** @param {number[]} steps in order @param {?number} step null: the last */
    set(steps, step) {
      this.steps = steps;
      this.root.hidden = steps.length < 2;
      this.range.max = String(Math.max(0, steps.length - 1));
      this.at = step === null ? steps.length - 1 : Math.max(0, steps.findLastIndex((each) => each <= step));
      this.#say();
    }

    get step() {
      return this.at >= this.steps.length - 1 ? null : this.steps[this.at];
    }

    #say() {
      const step = this.steps[this.at];
      this.range.value = String(this.at);
      this.range.setAttribute("aria-valuetext", `step ${step}`);
      if (document.activeElement !== this.number) this.number.value = step ?? "";
    }

    #go(at, stays = true) {
      this.at = Math.min(this.steps.length - 1, Math.max(0, at));
      this.#say();
      if (stays) this.#keep();
      return this.show(this.step);
    }

    #keep() {
      this.keep(this.step);
    }

    #toggle() {
      const playing = this.timer !== undefined;
      clearTimeout(this.timer);
      this.timer = undefined;
      if (playing) this.#keep();
      else this.#next(this.at === this.steps.length - 1 ? 0 : this.at + 1);
      this.play.textContent = playing ? "▶" : "❚❚";
      this.play.setAttribute("aria-label", `${playing ? "Play" : "Pause"}: ${this.label}`);
    }

    async #next(at) {
      const running = (this.timer = setTimeout(() => {}, 0));
      await this.#go(at, false);
      if (this.timer !== running) return;
      if (at >= this.steps.length - 1 || !this.root.isConnected) this.#toggle();
      else this.timer = setTimeout(() => this.#next(at + 1), FRAME_MS);
    }
  }

  return Stepper;
})();
