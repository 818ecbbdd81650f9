"use strict";
/** Moving and resizing panels, and moving sections, by pointer and by keyboard. */
runstore.Arrange = (() => {
  const STEP = 40;
  const SMALLEST = 310;
  // Where no section has more than two panels, they share the width up to this.
  const LARGEST = 640;
  // Of a panel whose section was given a number of columns, as charts.css has it.
  const NARROWEST = 160;
  const GAP = 12;
  const SLIP = 4;
  // So near to the edge, px, a part of the page scrolls, at most so many px a frame.
  const EDGE = 40;
  const DRIFT = 16;

  /** How many columns a grid has now. */
  function columnsOf(grid) {
    const wanted = Number(grid.style.getPropertyValue("--columns"));
    const share = (count) => (grid.clientWidth - (count - 1) * GAP) / count - 0.5;
    const usual = grid.closest(".few-panels") ? Math.max(SMALLEST, Math.min(LARGEST, share(2))) : SMALLEST;
    const least = wanted ? Math.max(NARROWEST, share(wanted)) : usual;
    return Math.max(1, Math.floor((grid.clientWidth + GAP) / (least + GAP)));
  }

  class Arrange {
    /** @param {Layout} layout @param {Panels} desk whose panels and sections these are */
    constructor(layout, desk) {
      this.layout = layout;
      this.desk = desk;
    }

    /** Gives a panel the size that the layout says, as far as there is room. */
    fit({ metric, root, body }) {
      const [columns, height] = this.layout.size(metric.key) ?? metric.own?.size ?? [1, null];
      // Asking for the room makes the browser lay out.
      const room = columns > 1 && root.parentElement ? columnsOf(root.parentElement) : 1;
      root.style.gridColumn = room > 1 ? `span ${Math.min(columns, room)}` : "";
      body.style.height = height === null ? "" : `${height}px`;
    }

    /** @returns {MenuItem[]} */
    items(panel) {
      const sized = this.layout.size(panel.metric.key) !== null;
      return [
        { label: "Move earlier", action: () => this.move(panel, -1), apart: true },
        { label: "Move later", action: () => this.move(panel, 1) },
        { label: "Move to section…", action: () => runstore.sectionMenu.offerSections(this.desk, panel) },
        { label: "Wider", action: () => this.grow(panel, 1, 0), apart: true },
        { label: "Narrower", action: () => this.grow(panel, -1, 0) },
        { label: "Taller", action: () => this.grow(panel, 0, STEP) },
        { label: "Shorter", action: () => this.grow(panel, 0, -STEP) },
        ...(sized ? [{ label: "Usual size", action: () => this.layout.unsize(panel.metric.key) }] : []),
      ];
    }

    move(panel, by) {
      const section = this.desk.sectionOf(panel);
      const shown = section.matching.map(({ key }) => key);
      const at = shown.indexOf(panel.metric.key) + by;
      if (at >= 0 && at < shown.length) this.#place(panel, section, shown[at], by > 0);
    }

    /** Puts a panel at the end of another section. @param {Section} section */
    moveTo(panel, section) {
      this.#place(panel, section, null, true);
      panel.root.scrollIntoView({ block: "nearest" });
      panel.menuButton.focus();
    }

    /** Puts a panel into the section before or after its own. */
    #step(panel, by) {
      const shown = this.desk.sections.filter((section) => section.shown);
      const section = shown[shown.indexOf(this.desk.sectionOf(panel)) + by];
      if (!section) return;
      const keys = section.matching.map(({ key }) => key);
      this.#place(panel, section, (by < 0 ? keys.at(-1) : keys[0]) ?? null, by < 0);
      panel.root.scrollIntoView({ block: "nearest" });
    }

    /** Puts a panel before or after another of a section, null: at its end. */
    #place(panel, section, other, after) {
      const id = panel.metric.key;
      const usual = this.desk.usualIn(section.name, id);
      const wanted = this.layout.order(section.name, usual).filter((each) => each !== id);
      wanted.splice(other === null ? wanted.length : wanted.indexOf(other) + (after ? 1 : 0), 0, id);
      const focused = document.activeElement;
      if (this.desk.sectionOf(panel) === section) this.layout.reorder(section.name, usual, wanted);
      else this.layout.move(id, section.name === panel.metric.section ? null : section.name, section.name, usual, wanted);
      if (panel.root.contains(focused)) focused.focus();
      this.desk.say(`${panel.title}: place ${wanted.indexOf(id) + 1} of ${wanted.length} in ${section.title}`);
    }

    grow(panel, columns, height) {
      const [now, tall] = this.layout.size(panel.metric.key) ?? panel.metric.own?.size ?? [1, panel.body.clientHeight];
      this.layout.resize(panel.metric.key, Math.min(now + columns, columnsOf(panel.root.parentElement)), tall + height);
    }

    key(panel, event) {
      const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (!by || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      if (event.altKey) this.#step(panel, by[0] + by[1]);
      else if (event.shiftKey) this.grow(panel, by[0], by[1] * STEP);
      else this.move(panel, by[0] + by[1]);
    }

    /** Drags a panel by its grip to a place beside another, of its section or of another one. */
    drag(panel, event) {
      if (event.button !== 0) return;
      event.preventDefault();
      panel.grip.focus();
      let target = null;
      const move = ({ clientX, clientY }) => {
        unmark(target);
        target = this.#under(panel, clientX, clientY);
        mark(target);
      };
      panel.root.classList.add("dragged");
      track(panel.grip, event, move, (dropped) => {
        panel.root.classList.remove("dragged");
        unmark(target);
        if (dropped && target) this.#place(panel, target.section, target.other, target.after);
      }, scrollerOf(this.desk.host));
    }

    /** What a panel would be dropped on: another panel, or what is left of a section. */
    #under(panel, x, y) {
      const found = document.elementFromPoint(x, y);
      const frame = found?.closest(".section-frame");
      if (!frame || !this.desk.host.contains(frame)) return null;
      const { section } = frame;
      const root = found.closest(".panel");
      if (root === panel.root) return null;
      if (!root) return { root: frame, section, other: null, after: true };
      const { left, width } = root.getBoundingClientRect();
      return { root, section, other: root.panel.metric.key, after: x > left + width / 2 };
    }

    /** Moves a section before or after the next one that is shown. */
    stepSection(section, by) {
      const shown = this.desk.sections.filter((each) => each.shown);
      const other = shown[shown.indexOf(section) + by];
      if (other) this.#placeSection(section, other, by > 0);
    }

    #placeSection(section, other, after) {
      const { usual } = this.desk;
      const wanted = this.layout.sections(usual).filter((name) => name !== section.name);
      wanted.splice(wanted.indexOf(other.name) + (after ? 1 : 0), 0, section.name);
      const focused = document.activeElement;
      this.layout.reorderSections(usual, wanted);
      if (section.root.contains(focused)) focused.focus();
      const shown = this.desk.sections.filter((each) => each.shown);
      this.desk.say(`${section.title}: section ${shown.indexOf(section) + 1} of ${shown.length}`);
    }

    keySection(section, event) {
      const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (!by || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      this.stepSection(section, by);
    }

    /** Drags a section by its grip. Meanwhile all sections are folded, so that one sees them. */
    dragSection(section, event) {
      if (event.button !== 0) return;
      event.preventDefault();
      section.grip.focus();
      const { host } = this.desk;
      const scroller = scrollerOf(host);
      let target = null;
      let begun = false;
      const begin = () => {
        begun = true;
        const { top } = section.root.getBoundingClientRect();
        host.classList.add("ordering");
        section.root.classList.add("dragged");
        scroller.scrollTop += section.root.getBoundingClientRect().top - top;
      };
      const move = ({ clientY }) => {
        if (!begun && Math.abs(clientY - event.clientY) < SLIP) return;
        if (!begun) begin();
        unmark(target);
        target = this.#sectionAt(section, clientY);
        mark(target);
      };
      track(section.grip, event, move, (dropped) => {
        unmark(target);
        host.classList.remove("ordering");
        section.root.classList.remove("dragged");
        if (dropped && target) this.#placeSection(section, target.root.section, target.after);
        if (begun) section.root.scrollIntoView({ block: "nearest" });
      }, scroller);
    }

    /** The section beside which another would be dropped at a height. */
    #sectionAt(section, y) {
      const others = this.desk.sections.filter((each) => each.shown && each !== section).map(({ root }) => root);
      const below = others.find((root) => {
        const { top, bottom } = root.getBoundingClientRect();
        return y < (top + bottom) / 2;
      });
      if (below) return { root: below, after: false };
      return others.length ? { root: others.at(-1), after: true } : null;
    }

    /** Drags a panel's corner. */
    stretch(panel, event) {
      if (event.button !== 0) return;
      event.preventDefault();
      const grid = panel.root.parentElement;
      const room = columnsOf(grid);
      const column = (grid.clientWidth + GAP) / room;
      const { left } = panel.root.getBoundingClientRect();
      const before = panel.body.clientHeight;
      const size = ({ clientX, clientY }) => [Math.min(room, Math.max(1, Math.round((clientX - left) / column))), Math.max(120, before + clientY - event.clientY)];
      const move = (now) => {
        const [columns, height] = size(now);
        panel.root.style.gridColumn = `span ${columns}`;
        panel.body.style.height = `${height}px`;
      };
      track(event.currentTarget, event, move, (dropped, last) => {
        if (dropped && last) this.layout.resize(panel.metric.key, ...size(last));
        else this.fit(panel);
      });
    }
  }

  const mark = (target) => target?.root.classList.add(target.after ? "drop-after" : "drop-before");
  const unmark = (target) => target?.root.classList.remove("drop-before", "drop-after");

  /** The part of the page that an element scrolls in. */
  function scrollerOf(node) {
    for (let each = node.parentElement; each; each = each.parentElement) {
      if (/auto|scroll/.test(getComputedStyle(each).overflowY) && each.scrollHeight > each.clientHeight) return each;
    }
    return document.scrollingElement;
  }

  /** Follows a pointer that is down until it is up, or Escape is pressed. Near the edge of `scroller` that scrolls. */
  function track(target, event, move, end, scroller = null) {
    let last = null;
    let going = 0;
    const moved = (now) => move((last = now));
    const drift = () => {
      const by = last && scroller ? speed(scroller, last.clientY) : 0;
      if (by) {
        scroller.scrollTop += by;
        move(last);
      }
      going = requestAnimationFrame(drift);
    };
    const stop = (dropped) => {
      cancelAnimationFrame(going);
      for (const [name, listener] of listeners) target.removeEventListener(name, listener);
      removeEventListener("keydown", escape, true);
      end(dropped, last);
    };
    const escape = (now) => {
      if (now.key !== "Escape") return;
      now.stopPropagation();
      stop(false);
    };
    const listeners = [["pointermove", moved], ["pointerup", () => stop(true)], ["pointercancel", () => stop(false)]];
    target.setPointerCapture(event.pointerId);
    for (const [name, listener] of listeners) target.addEventListener(name, listener);
    addEventListener("keydown", escape, true);
    if (scroller) going = requestAnimationFrame(drift);
  }

  /** How far a part of the page scrolls in a frame while something is dragged at a height. */
  function speed(scroller, y) {
    const isPage = scroller === document.scrollingElement;
    const { top: edge, bottom } = isPage ? { top: 0, bottom: innerHeight } : scroller.getBoundingClientRect();
    // What sticks to the top covers what lies there.
    const covers = document.querySelector(".chart-tools");
    const top = covers && getComputedStyle(covers).position === "sticky" ? Math.max(edge, covers.getBoundingClientRect().bottom) : edge;
    if (y < top + EDGE) return -Math.min(DRIFT, (top + EDGE - y) / 2);
    return y > bottom - EDGE ? Math.min(DRIFT, (y - bottom + EDGE) / 2) : 0;
  }

  return Arrange;
})();
