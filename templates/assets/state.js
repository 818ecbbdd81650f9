"use strict";
/**
 * What a person chose on a page, kept in the URL's fragment and nowhere else, so that a link shares the view.
 *
 * @typedef {object} View
 * @property {string} group   keys of the columns whose values make the groups, "" for none
 * @property {string} agg     mean | median | min | max: the line of a group
 * @property {string} shade   none | minmax | std | stderr | ci: its band
 * @property {number} smooth  0 to 0.999
 * @property {string} smoother  ema | twema | average | gauss
 * @property {string} x       _step | _runtime | _timestamp | defined: what `define_metric` gave each metric, else the step; or a metric's key
 * @property {boolean} ylog
 * @property {boolean} xlog
 * @property {boolean} outliers  whether the y axis goes by 90 % of the values
 * @property {boolean} raw      whether the original stands faintly behind a smoothed line
 * @property {boolean} members  whether its runs stand faintly behind a group's line
 * @property {string} most    lines a chart has at most, "all" for no such limit
 * @property {Arrangement} layout  of the panels
 * @property {string} filter  expression over the runs; what is none is a search
 * @property {string} view    name of the saved view that was chosen, "-" for none
 * @property {string} search  the same, as it stands in the search box
 * @property {string[]} hide  ids of runs, and groups' keys after "g:"
 * @property {string} sort    keys of columns, each after "-" for descending; "" for newest first
 * @property {?string[]} cols keys of the table's columns in their order, null for the usual ones
 * @property {string[]} pin   those of them that stay in place on the left
 * @property {string} crop    end | middle | start: what is left out of long names
 * @property {boolean} heat   whether numbers are shaded by their value
 * @property {boolean} foot   whether minimum, mean and maximum stand below
 * @property {string[]} open  groups that are not folded or unfolded as they are by themselves
 * @property {string[]} select ids of the runs that are selected
 * @property {boolean} only   whether only these are shown
 * @property {string} colour  key of the column whose values are the colours, "" for each run or group its own
 * @property {boolean} sync   whether a zoom in one chart is one in all over the same x axis
 * @property {?[string, number, number]} zoom  that axis, and what is shown of it
 * @property {[string, string, number, number][]} zooms  else of each panel that is zoomed its key, axis and range
 * @property {string} panels  regular expression over the charts
 * @property {string} find    regular expression over the lines of a run's log
 * @property {number} line    number of a line of that log, 0 for none
 * @property {string} writer  whose log it is
 * @property {string} file    path of the file that is shown
 * @property {string[]} runs  ids of the runs that are compared
 * @property {boolean} diff   whether only what differs between them is listed
 * @property {string} keys    regular expression over what is listed of them
 * @property {Object<string, Partial<View>>} grids  of a report's grids, by their places, what was chosen in each
 */
runstore.State = (() => {
  const CHOICES = {
    agg: ["mean", "median", "min", "max"],
    shade: ["std", "minmax", "stderr", "ci", "none"],
    smoother: ["ema", "twema", "average", "gauss"],
    crop: ["end", "middle", "start"],
    most: ["100", "10", "50", "500", "all"],
  };

  const text = { read: (value) => value, write: (value) => value };
  const list = {
    read: (value) => (value ? value.split(",").map(decodeURIComponent) : []),
    write: (value) => value.map(encodeURIComponent).join(","),
  };
  const flag = { read: (value) => value === "1", write: (value) => (value ? "1" : "0") };
  /** Those of a list that are panels with an axis and a range of it. */
  function zoomed(all) {
    const texts = ([panel, axis]) => typeof panel === "string" && typeof axis === "string";
    return Array.isArray(all) ? all.filter((each) => Array.isArray(each) && each.length === 4 && texts(each) && ranged(each.slice(1)) !== null) : [];
  }

  /** An axis and a range of it; null where it is none. */
  function ranged([axis, ...ends]) {
    const [low, high] = ends.map(Number);
    return axis && low < high && Number.isFinite(high - low) ? [axis, low, high] : null;
  }

  const KINDS = {
    group: text,
    filter: text,
    search: text,
    view: text,
    sort: text,
    panels: text,
    find: text,
    writer: text,
    file: text,
    keys: text,
    colour: text,
    runs: list,
    diff: flag,
    grids: { read: (value) => JSON.parse(value), write: (value) => (Object.keys(value ?? {}).length ? JSON.stringify(value) : "") },
    line: { read: (value) => Math.max(0, Math.floor(Number(value)) || 0), write: String },
    layout: { read: (value) => JSON.parse(value), write: (value) => (Object.keys(value ?? {}).length ? JSON.stringify(value) : "") },
    x: { read: (value) => value || "_step", write: text.write },
    hide: list,
    pin: list,
    open: list,
    select: list,
    only: flag,
    heat: flag,
    foot: flag,
    cols: {
      read: (value) => (value === "-" ? [] : value ? list.read(value) : null),
      write: (value) => (value === null ? "" : list.write(value) || "-"),
    },
    smooth: { read: (value) => Math.min(0.999, Math.max(0, Number(value) || 0)), write: String },
    sync: flag,
    zoom: { read: (value) => ranged(list.read(value)), write: (value) => (value ? list.write(value) : "") },
    zooms: { read: (value) => zoomed(JSON.parse(value)), write: (value) => (value.length ? JSON.stringify(value) : "") },
    ylog: flag,
    xlog: flag,
    outliers: flag,
    raw: flag,
    members: flag,
  };
  for (const [key, values] of Object.entries(CHOICES)) KINDS[key] = { read: (value) => (values.includes(value) ? value : values[0]), write: text.write };

  const DEFAULTS = { group: "", colour: "", agg: "mean", shade: "std", smooth: 0, smoother: "ema", x: "_step", sync: false, zoom: null, zooms: [], ylog: false, xlog: false, outliers: false, raw: false, members: false, most: "100", filter: "", search: "", view: "", hide: [], sort: "", cols: null, pin: [], open: [], select: [], only: false, heat: false, foot: false, crop: "end", panels: "", find: "", writer: "", file: "", line: 0, runs: [], keys: "", diff: true, layout: {}, grids: {} };

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

    /** Everything that differs from the defaults, as a fragment, and the parts `always`. @param {string[]} [always] */
    fragment(always = []) {
      const parts = [];
      for (const [key, kind] of Object.entries(KINDS)) {
        const written = kind.write(this.view[key]);
        if (always.includes(key) || written !== kind.write(this.defaults[key])) parts.push(`${key}=${encodeURIComponent(written)}`);
      }
      for (const [key, value] of this.unknown) parts.push(`${encodeURIComponent(key)}=${encodeURIComponent(value)}`);
      return parts.join("&");
    }

    #read() {
      const given = new URLSearchParams(location.hash.slice(1));
      const view = { ...this.defaults };
      // Another version of the page, or another page, may know what they mean.
      this.unknown = [...given].filter(([key]) => key && !Object.hasOwn(KINDS, key));
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

  State.CHOICES = CHOICES;
  State.DEFAULTS = DEFAULTS;
  State.zoomed = zoomed;
  State.ranged = ranged;
  State.changes = changes;

  return State;
})();
