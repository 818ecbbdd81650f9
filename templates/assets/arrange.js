"use strict";
/** Moving and resizing panels, by pointer and by keyboard. */
runstore.Arrange = (() => {
  const STEP = 40;
  const SMALLEST = 310;
  const GAP = 12;

  /** How many columns a grid has now. */
  const columnsOf = (grid) => Math.max(1, Math.floor((grid.clientWidth + GAP) / (SMALLEST + GAP)));

  class Arrange {
    /** @param {Layout} layout @param {(panel: Panel) => {name: string, usual: string[], shown: string[]}} sectionOf the section of a panel with its panels' ids */
    constructor(layout, sectionOf) {
      this.layout = layout;
      this.sectionOf = sectionOf;
    }

    /** Gives a panel the size that the layout says, as far as there is room. */
    fit({ metric, root, body }) {
      const [columns, height] = this.layout.size(metric.key) ?? [1, null];
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
        { label: "Wider", action: () => this.grow(panel, 1, 0) },
        { label: "Narrower", action: () => this.grow(panel, -1, 0) },
        { label: "Taller", action: () => this.grow(panel, 0, STEP) },
        { label: "Shorter", action: () => this.grow(panel, 0, -STEP) },
        ...(sized ? [{ label: "Usual size", action: () => this.layout.unsize(panel.metric.key) }] : []),
      ];
    }

    move(panel, by) {
      const { shown } = this.sectionOf(panel);
      const at = shown.indexOf(panel.metric.key) + by;
      if (at >= 0 && at < shown.length) this.#place(panel, shown[at], by > 0);
    }

    /** Puts a panel before or after another of its section. */
    #place(panel, other, after) {
      const { name, usual, all } = this.sectionOf(panel);
      const wanted = all.filter((id) => id !== panel.metric.key);
      wanted.splice(wanted.indexOf(other) + (after ? 1 : 0), 0, panel.metric.key);
      const focused = document.activeElement;
      this.layout.reorder(name, usual, wanted);
      if (panel.root.contains(focused)) focused.focus();
    }

    grow(panel, columns, height) {
      const [now, tall] = this.layout.size(panel.metric.key) ?? [1, panel.body.clientHeight];
      this.layout.resize(panel.metric.key, Math.min(now + columns, columnsOf(panel.root.parentElement)), tall + height);
    }

    key(panel, event) {
      const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (!by || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      if (event.shiftKey) this.grow(panel, by[0], by[1] * STEP);
      else this.move(panel, by[0] + by[1]);
    }

    /** Drags a panel by its grip to a place beside another of its section. */
    drag(panel, event) {
      if (event.button !== 0) return;
      event.preventDefault();
      panel.grip.focus();
      let target = null;
      const mark = (name) => target?.root.classList.toggle(name, true);
      const unmark = () => target?.root.classList.remove("drop-before", "drop-after");
      const move = ({ clientX, clientY }) => {
        unmark();
        target = this.#under(panel, clientX, clientY);
        mark(target?.after ? "drop-after" : "drop-before");
      };
      panel.root.classList.add("dragged");
      track(panel.grip, event, move, (dropped) => {
        panel.root.classList.remove("dragged");
        unmark();
        if (dropped && target) this.#place(panel, target.root.panel.metric.key, target.after);
      });
    }

    #under(panel, x, y) {
      const root = document.elementFromPoint(x, y)?.closest(".panel");
      if (!root || root === panel.root || root.parentElement !== panel.root.parentElement) return null;
      const { left, width } = root.getBoundingClientRect();
      return { root, after: x > left + width / 2 };
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

  /** Follows a pointer that is down until it is up, or Escape is pressed. */
  function track(target, event, move, end) {
    let last = null;
    const moved = (now) => move((last = now));
    const stop = (dropped) => {
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
  }

  return Arrange;
})();
