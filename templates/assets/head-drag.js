"use strict";
/** Columns put elsewhere by dragging their headers. */
runstore.headDrag = (() => {
  // A click that slips a little is a click.
  const SLIP = 6;

  /**
   * @param {HTMLElement} host of a grid
   * @param {(key: string) => boolean} movable
   * @param {(key: string, before: string, after: boolean) => void} drop
   */
  return (host, movable, drop) => {
    const headOf = (node) => node?.closest("[role=columnheader]") ?? null;

    /** The header below the pointer, and whether the pointer is in its right half. */
    function under(event, key) {
      const head = headOf(document.elementFromPoint(event.clientX, event.clientY));
      if (!head || !host.contains(head) || head.dataset.column === key || !movable(head.dataset.column)) return null;
      const box = head.getBoundingClientRect();
      return { head, after: event.clientX > box.left + box.width / 2 };
    }

    host.addEventListener("pointerdown", (event) => {
      const head = headOf(event.target);
      const key = head?.dataset.column;
      if (event.button !== 0 || event.pointerType === "touch" || !event.target.closest(".sort") || !movable(key)) return;
      let target = null;
      let dragging = false;
      const mark = (next) => {
        target?.head.classList.remove("drop-before", "drop-after");
        target = next;
        target?.head.classList.add(target.after ? "drop-after" : "drop-before");
      };
      const move = (moved) => {
        dragging ||= Math.abs(moved.clientX - event.clientX) > SLIP;
        if (dragging) mark(under(moved, key));
      };
      runstore.dragged(move, () => {
        const found = target;
        mark(null);
        if (!dragging) return;
        // The click that ends a drag sorts nothing.
        const swallow = (click) => click.stopPropagation();
        addEventListener("click", swallow, { capture: true, once: true });
        setTimeout(() => removeEventListener("click", swallow, { capture: true }));
        if (found) drop(key, found.head.dataset.column, found.after);
      });
    });
  };
})();
