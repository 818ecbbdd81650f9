"use strict";
/**
 * What a person chose on a page, kept in the URL's fragment and nowhere else, so that a link shares the view.
 *
 * @typedef {object} View
 * @property {string} group   key of the column whose values make the groups, "" for none
 * @property {string} agg     mean | min | max: the line of a group
 * @property {string} shade   none | minmax | std | stderr: its band
 * @property {number} smooth  0 to 0.999
 * @property {string} x       _step | _runtime | _timestamp | defined: what `define_metric` gave each metric, else the step
 * @property {boolean} ylog
 * @property {string} filter  regular expression over the runs
 * @property {string[]} hide  ids of runs, and groups' keys after "g:"
 * @property {string} sort    key of a column, after "-" for descending; "" for newest first
 * @property {?string[]} cols keys of the table's columns, null for the usual ones
 * @property {string} panels  regular expression over the charts
 */
runstore.State = (() => {
  const CHOICES = {
    agg: ["mean", "min", "max"],
    shade: ["std", "minmax", "stderr", "none"],
    x: ["_step", "_runtime", "_timestamp", "defined"],
  };

  const text = { read: (value) => value, write: (value) => value };
  const list = {
    read: (value) => (value ? value.split(",").map(decodeURIComponent) : []),
    write: (value) => value.map(encodeURIComponent).join(","),
  };
  const KINDS = {
    group: text,
    filter: text,
    sort: text,
    panels: text,
    hide: list,
    cols: {
      read: (value) => (value === "-" ? [] : value ? list.read(value) : null),
      write: (value) => (value === null ? "" : list.write(value) || "-"),
    },
    smooth: { read: (value) => Math.min(0.999, Math.max(0, Number(value) || 0)), write: String },
    ylog: { read: (value) => value === "1", write: (value) => (value ? "1" : "0") },
  };
  for (const [key, values] of Object.entries(CHOICES)) KINDS[key] = { read: (value) => (values.includes(value) ? value : values[0]), write: text.write };

  const DEFAULTS = { group: "", agg: "mean", shade: "std", smooth: 0, x: "_step", ylog: false, filter: "", hide: [], sort: "", cols: null, panels: "" };

  class State {
    /** @param {Partial<View>} defaults what holds while the fragment says nothing */
    constructor(defaults) {
      this.defaults = { ...DEFAULTS, ...defaults };
      this.view = this.#read();
      this.onchange = () => {};
      addEventListener("hashchange", () => {
        // The address of a place in the page is no view.
        if (location.hash.length > 1 && !location.hash.includes("=")) return;
        const before = this.view;
        this.view = this.#read();
        this.onchange(changes(before, this.view));
      });
    }

    /** Changes some of the view, its address, and tells `onchange` which keys changed. @param {Partial<View>} part */
    set(part) {
      const before = this.view;
      this.view = { ...before, ...part };
      this.onchange(changes(before, this.view));
      this.#write();
    }

    /** Browsers refuse an address that changes too often: while a slider is dragged, it waits. */
    #write() {
      clearTimeout(this.writing);
      try {
        const fragment = this.fragment();
        history.replaceState(null, "", fragment ? `#${fragment}` : location.pathname + location.search);
      } catch {
        this.writing = setTimeout(() => this.#write(), 500);
      }
    }

    /** Everything that differs from the defaults, as a fragment. */
    fragment() {
      const parts = [];
      for (const [key, kind] of Object.entries(KINDS)) {
        const written = kind.write(this.view[key]);
        if (written !== kind.write(this.defaults[key])) parts.push(`${key}=${encodeURIComponent(written)}`);
      }
      return parts.join("&");
    }

    #read() {
      const given = new URLSearchParams(location.hash.slice(1));
      const view = { ...this.defaults };
      for (const [key, kind] of Object.entries(KINDS)) {
        if (!given.has(key)) continue;
        try {
          view[key] = kind.read(given.get(key));
        } catch {
          // A broken escape in a list: the default holds.
        }
      }
      return view;
    }
  }

  function changes(before, after) {
    return new Set(Object.keys(after).filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key])));
  }

  return State;
})();
