"use strict";
/** Values as people read them. */
runstore.format = (() => {
  const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
  const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  const UNITS = [["year", 31557600], ["month", 2629800], ["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60]];

  /** A number with at most `digits` significant digits. @param {number} value */
  function number(value, digits = 5) {
    if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "−∞";
    if (Number.isInteger(value) && Math.abs(value) < 1e9) return Math.abs(value) < 1e4 ? String(value) : whole.format(value);
    const size = Math.abs(value);
    if (size < 1e-4 || size >= 1e9) return value.toExponential(digits - 2).replace(/\.?0+e/, "e").replace("e+", "e");
    if (size >= 1e5) return whole.format(value);
    const text = value.toPrecision(digits);
    return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  }

  /** A time span. @param {number} seconds */
  function duration(seconds) {
    if (!Number.isFinite(seconds)) return "";
    if (seconds < 0) return `−${duration(-seconds)}`;
    if (seconds < 60) return `${number(seconds, seconds < 10 ? 2 : 3)}s`;
    const minutes = Math.floor(seconds / 60);
    const hours = Math.floor(minutes / 60);
    if (minutes < 60) return `${minutes}m ${Math.floor(seconds % 60)}s`;
    if (hours < 24) return `${hours}h ${String(minutes % 60).padStart(2, "0")}m`;
    return `${Math.floor(hours / 24)}d ${hours % 24}h`;
  }

  const SIZES = ["bytes", "kB", "MB", "GB", "TB", "PB"];

  /** A number of bytes, in thousands. @param {number} size */
  function bytes(size) {
    if (!(size >= 1000)) return `${size} bytes`;
    const power = Math.min(SIZES.length - 1, Math.floor(Math.log10(size) / 3));
    return `${number(size / 1000 ** power, 3)} ${SIZES[power]}`;
  }

  const pad = (value) => String(value).padStart(2, "0");

  /** An instant (epoch s) in the reader's time zone, to the minute. @param {number} seconds */
  function time(seconds) {
    const at = new Date(seconds * 1000);
    if (Number.isNaN(at.getTime())) return "";
    return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())} ${pad(at.getHours())}:${pad(at.getMinutes())}`;
  }

  /** How long ago an instant (epoch s) was. @param {number} seconds */
  function ago(seconds) {
    const past = Date.now() / 1000 - seconds;
    for (const [unit, size] of UNITS) if (Math.abs(past) >= size) return relative.format(-Math.round(past / size), unit);
    return "just now";
  }

  /** Any value of a table's cell, by the type of its column. */
  function value(item, type) {
    if (item === null || item === undefined) return "";
    if (Array.isArray(item)) return item.join(", ");
    if (typeof item === "number") {
      if (type === "time") return time(item);
      return type === "duration" ? duration(item) : number(item);
    }
    return String(item);
  }

  /** "1 run", "2 runs". */
  const count = (amount, noun) => `${whole.format(amount)} ${noun}${amount === 1 ? "" : "s"}`;

  /** Writes every time and duration of the page, which stand in it as ISO 8601 and seconds, as a person reads them. */
  function humanise(root = document) {
    for (const node of root.querySelectorAll("time[datetime]")) {
      const at = Date.parse(node.dateTime) / 1000;
      if (!Number.isFinite(at)) continue;
      node.title = node.dateTime;
      if (node.dataset.show !== "day") node.textContent = node.dataset.show === "ago" ? ago(at) : `${time(at)} (${ago(at)})`;
    }
    for (const node of root.querySelectorAll("data[data-duration]")) node.textContent = duration(Number(node.value));
    for (const node of root.querySelectorAll("data[data-bytes]")) node.textContent = bytes(Number(node.value));
  }

  return { whole: (amount) => whole.format(amount), number, bytes, duration, time, ago, value, count, humanise };
})();
