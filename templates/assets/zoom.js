"use strict";
/** Which part of their x axis charts show: the arithmetic of ranges, and where the view keeps them. */
runstore.zoom = (() => {
  // Ends of a range are kept to this share of its width.
  const DIGITS = 5;

  /** The way to where a range is even, and back. */
  const waysOf = (log) => (log ? [Math.log, Math.exp] : [(x) => x, (x) => x]);

  /** A range `factor` times as wide, in which `x` stays where it is. @param {[number, number]} range */
  function scaled([x0, x1], x, factor, log = false) {
    const [to, back] = waysOf(log);
    const at = to(x);
    return [back(at + (to(x0) - at) * factor), back(at + (to(x1) - at) * factor)];
  }

  /** A range moved by a share of its width, no further than to the end of the whole. */
  function moved([x0, x1], share, whole, log = false) {
    const [to, back] = waysOf(log);
    const [low, high, first, last] = [to(x0), to(x1), to(whole[0]), to(whole[1])];
    const wanted = (high - low) * share;
    const by = wanted < 0 ? Math.min(0, Math.max(wanted, first - low)) : Math.max(0, Math.min(wanted, last - high));
    return [back(low + by), back(high + by)];
  }

  /** The part of a range that lies in the whole; null where that is the whole, or nothing. @returns {?[number, number]} */
  function within([x0, x1], whole) {
    const [low, high] = [Math.max(x0, whole[0]), Math.min(x1, whole[1])];
    return low < high && (low > whole[0] || high < whole[1]) ? [low, high] : null;
  }

  /** Its ends without digits that no screen shows: they stand in the address. */
  function tidy([x0, x1]) {
    const places = DIGITS - Math.floor(Math.log10(x1 - x0));
    if (!(places >= 0 && places <= 100)) return [x0, x1];
    const [low, high] = [x0, x1].map((x) => Number(x.toFixed(places)));
    return low < high ? [low, high] : [x0, x1];
  }

  /** The ranges of a page's charts, as the view has them: one for all charts over an axis, or each chart's own. */
  class Zooms {
    /** @param {?State} state  null: they are kept here */
    constructor(state) {
      this.state = state ?? { view: { sync: false, zoom: null, zooms: [] }, set(part) { Object.assign(this.view, part); } };
    }

    /** @param {string} panel @param {string} axis @returns {?[number, number]} null for all of it */
    of(panel, axis) {
      const { sync, zoom, zooms } = this.state.view;
      if (sync) return zoom && zoom[0] === axis ? zoom.slice(1) : null;
      return zooms.find(([key, over]) => key === panel && over === axis)?.slice(2) ?? null;
    }

    /** @param {?[number, number]} range null: all of it */
    set(panel, axis, range) {
      const found = range && tidy(range);
      if (this.state.view.sync) return this.state.set({ zoom: found && [axis, ...found] });
      const others = this.state.view.zooms.filter(([key, over]) => key !== panel || over !== axis);
      this.state.set({ zooms: found ? [...others, [panel, axis, ...found]] : others });
    }
  }

  const isTime = ({ axis }) => axis === "_timestamp";

  /** Asks for a range of a chart's x axis. @param {Chart} chart @returns {Promise<?[number, number]>} */
  async function ask(chart) {
    const [x0, x1] = tidy(chart.frame.x);
    const write = (x) => (isTime(chart) ? new Date(x).toISOString() : String(x));
    const read = (text) => (isTime(chart) ? Date.parse(text) : text.trim() === "" ? NaN : Number(text));
    const about = isTime(chart) ? "Two moments, such as 2026-11-21T18:30:00Z." : `Two numbers on the axis “${chart.what.axisLabel}”${chart.axis === "_runtime" ? ", in seconds" : ""}.`;
    const fields = [{ name: "from", label: "From", type: "text", required: true }, { name: "to", label: "To", type: "text", required: true }];
    const given = await runstore.form.ask({ title: `Zoom: ${chart.label}`, about, fields, values: { from: write(x0), to: write(x1) }, done: "Zoom" });
    if (!given) return null;
    const [low, high] = [read(given.from), read(given.to)];
    return low < high ? [low, high] : high < low ? [high, low] : null;
  }

  return { scaled, moved, within, ask, Zooms };
})();
