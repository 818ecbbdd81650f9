"use strict";
/**
 * Objects in space from the files that hold them: point clouds (`pts.json`) and meshes (`obj`, `stl`).
 *
 * @typedef {object} Solid
 * @property {Float32Array} places    x, y, z of each point
 * @property {?Uint8Array} colours    r, g, b of each point
 * @property {?Uint32Array} triangles three points each
 * @property {{corners: number[][], colour: string, label: string}[]} boxes
 * @property {{start: number[], end: number[]}[]} arrows
 */
runstore.shapes3d = (() => {
  const MOST_POINTS = 300000;
  const MOST_TRIANGLES = 200000;
  // W&B's colours of point categories 1 to 14.
  const CATEGORIES = ["#3b6fe0", "#e0701a", "#169c74", "#c23bb0", "#b38a00", "#d43a4b", "#0f93b8", "#7d51d9", "#5d8f1c", "#a8603a", "#e0559a", "#4f6580", "#00897b", "#9a4fd0"];

  const hex = (text) => [1, 3, 5].map((at) => Number.parseInt(text.slice(at, at + 2), 16));

  /** @returns {Solid} */
  function points(text) {
    const read = JSON.parse(text.replace(/\bNaN\b|-?\bInfinity\b/g, "null"));
    const rows = (Array.isArray(read) ? read : read.points ?? []).filter((row) => Array.isArray(row) && row.length >= 3 && row.slice(0, 3).every(Number.isFinite)).slice(0, MOST_POINTS);
    const places = new Float32Array(rows.length * 3);
    const coloured = rows.some((row) => row.length > 3);
    const colours = coloured ? new Uint8Array(rows.length * 3) : null;
    rows.forEach((row, at) => {
      places.set(row.slice(0, 3), 3 * at);
      if (!coloured) return;
      if (row.length >= 6) colours.set(row.slice(3, 6), 3 * at);
      else colours.set(hex(CATEGORIES[(Math.max(1, Math.round(row[3] ?? 1)) - 1) % CATEGORIES.length]), 3 * at);
    });
    return { places, colours, triangles: null, boxes: (read.boxes ?? []).filter(isBox).slice(0, 2000).map(boxOf), arrows: (read.vectors ?? []).filter(isArrow).slice(0, 5000) };
  }

  const isPlace = (place) => Array.isArray(place) && place.length >= 3 && place.slice(0, 3).every(Number.isFinite);
  const isBox = (box) => Array.isArray(box?.corners) && box.corners.length === 8 && box.corners.every(isPlace);
  const isArrow = (arrow) => isPlace(arrow?.start) && isPlace(arrow?.end);

  function boxOf({ corners, color, label, score }) {
    const numbers = Array.isArray(color) ? color.slice(0, 3).map((value) => Math.max(0, Math.min(255, Number(value) || 0))) : [59, 111, 224];
    return { corners, colour: `rgb(${numbers.join(" ")})`, label: `${label ?? ""}${Number.isFinite(score) ? ` ${runstore.format.number(score, 3)}` : ""}` };
  }

  /** @returns {Solid} of a Wavefront file: its vertices and faces, nothing of what it refers to */
  function obj(text) {
    const places = [];
    const triangles = [];
    for (const line of text.split("\n")) {
      const [kind, ...words] = line.trim().split(/\s+/);
      if (kind === "v") places.push(...words.slice(0, 3).map((word) => Number(word) || 0));
      else if (kind === "f" && triangles.length < 3 * MOST_TRIANGLES) {
        const count = places.length / 3;
        const found = words.map((word) => Number.parseInt(word, 10)).map((at) => (at < 0 ? count + at : at - 1)).filter((at) => at >= 0 && at < count);
        for (let at = 1; at + 1 < found.length; at++) triangles.push(found[0], found[at], found[at + 1]);
      }
    }
    return { places: Float32Array.from(places), colours: null, triangles: Uint32Array.from(triangles), boxes: [], arrows: [] };
  }

  /** @returns {Solid} of a stereolithography file, binary or text @param {Uint8Array} bytes */
  function stl(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const count = bytes.length >= 84 ? view.getUint32(80, true) : -1;
    const places = [];
    if (count >= 0 && bytes.length === 84 + 50 * count) {
      for (let at = 0; at < Math.min(count, MOST_TRIANGLES); at++) for (let place = 0; place < 9; place++) places.push(view.getFloat32(96 + 50 * at + 4 * place, true));
    } else {
      const number = "([-+.\\deE]+)";
      const vertices = new TextDecoder().decode(bytes).matchAll(new RegExp(`vertex\\s+${number}\\s+${number}\\s+${number}`, "g"));
      for (const match of vertices) if (places.length < 9 * MOST_TRIANGLES) places.push(...match.slice(1).map((word) => Number(word) || 0));
    }
    const triangles = Uint32Array.from({ length: Math.floor(places.length / 9) * 3 }, (_, at) => at);
    return { places: Float32Array.from(places), colours: null, triangles, boxes: [], arrows: [] };
  }

  /** @param {string} shape @param {Uint8Array} bytes @returns {Solid} */
  function read(shape, bytes) {
    if (shape === "stl") return stl(bytes);
    const text = new TextDecoder().decode(bytes);
    return shape === "obj" ? obj(text) : points(text);
  }

  return { read };
})();
