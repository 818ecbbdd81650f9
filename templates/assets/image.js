"use strict";
/** Images with their captions, boxes and masks, and a closer look at each. */
(() => {
  const { element, palette } = runstore;
  const { renderers, render } = runstore.steps;
  const SVG = "http://www.w3.org/2000/svg";

  /** The bytes that a data file carries. @param {{name: string, url: string}} source @returns {Promise<Uint8Array>} */
  async function bytesOf(source) {
    const text = await runstore.load(source.name, source.url);
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  }
  runstore.bytesOf = bytesOf;

  /** Of items whose bytes are in a data file. @type {WeakMap<Item, Promise<string>>} */
  const addresses = new WeakMap();

  /** Where the browser finds an image, a sound or a film; null for one that is too large to be carried. @returns {Promise<?string>} */
  async function addressOf(item) {
    if (item.src) return item.src;
    if (!item.bytes) return null;
    if (!addresses.has(item)) {
      // An SVG in an `img` runs no script and loads nothing.
      const making = bytesOf(item.bytes).then((bytes) => URL.createObjectURL(new Blob([bytes], { type: item.mime })));
      addresses.set(item, making);
      making.catch(() => addresses.delete(item));
    }
    return addresses.get(item);
  }
  runstore.addressOf = addressOf;

  /** The colour of a class: by its label, so that it is the same through the steps, and in boxes and masks. */
  function colourOf(state, layer, id) {
    state.classes ??= new Map();
    const label = labelOf(layer, id);
    if (!state.classes.has(label)) state.classes.set(label, state.classes.size);
    return palette.colour(state.classes.get(label));
  }

  const isHidden = (state, key) => state.hidden?.has(key) ?? false;

  function labelOf(layer, id) {
    return layer.labels.find(([known]) => known === id)?.[1] ?? `class ${id}`;
  }

  /** @returns {Promise<{ids: Uint8Array, width: number, height: number}>} the class of each pixel of a mask */
  async function classesOf(mask) {
    if (!mask.decoded) {
      const bitmap = await createImageBitmap(new Blob([await bytesOf(mask.bytes)]), { colorSpaceConversion: "none", premultiplyAlpha: "none" });
      const canvas = Object.assign(document.createElement("canvas"), { width: bitmap.width, height: bitmap.height });
      const context = canvas.getContext("2d", { willReadFrequently: true });
      context.drawImage(bitmap, 0, 0);
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      const ids = new Uint8Array(data.length / 4);
      for (let at = 0; at < ids.length; at++) ids[at] = data[4 * at];
      mask.decoded = { ids, width: canvas.width, height: canvas.height, present: [...new Set(ids)].sort((a, b) => a - b) };
    }
    return mask.decoded;
  }

  function rgb(colour) {
    const value = Number.parseInt(colour.slice(1), 16);
    return [value >> 16, (value >> 8) & 255, value & 255];
  }

  async function maskCanvas(mask, state) {
    const { ids, width, height } = await classesOf(mask);
    const canvas = element("canvas", { className: "mask", width, height });
    const context = canvas.getContext("2d");
    const image = context.createImageData(width, height);
    const table = new Uint8Array(256 * 4);
    for (let id = 0; id < 256; id++) {
      if (!maskShown(mask, state, String(id))) continue;
      table.set([...rgb(colourOf(state, mask, String(id))), 255], 4 * id);
    }
    for (let at = 0; at < ids.length; at++) image.data.set(table.subarray(4 * ids[at], 4 * ids[at] + 4), 4 * at);
    context.putImageData(image, 0, 0);
    canvas.style.opacity = String(state.opacity ?? 0.55);
    return canvas;
  }

  /** Class 0 is the background for most: it starts hidden where others are there. */
  function maskShown(mask, state, id) {
    const key = `m ${mask.name} ${id}`;
    if (state.shown?.has(key)) return true;
    if (isHidden(state, key)) return false;
    return id !== "0" || mask.decoded.present.length === 1;
  }

  function boxShown(layer, state, box) {
    if (isHidden(state, `b ${layer.name} ${box.id}`)) return false;
    const best = Math.max(...box.scores.map(([, score]) => score ?? -Infinity));
    return !(state.least !== undefined && best < state.least && box.scores.length);
  }

  function boxesOver(item, state) {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("class", "boxes");
    svg.setAttribute("viewBox", "0 0 1 1");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("aria-hidden", "true");
    const labels = element("div", { className: "box-labels" });
    for (const [number, layer] of (item.boxes ?? []).entries()) {
      for (const box of layer.boxes) {
        if (!boxShown(layer, state, box)) continue;
        const [x0, y0, x1, y1] = box.at;
        const rect = document.createElementNS(SVG, "rect");
        const places = { x: Math.min(x0, x1), y: Math.min(y0, y1), width: Math.abs(x1 - x0), height: Math.abs(y1 - y0) };
        for (const [name, value] of Object.entries(places)) rect.setAttribute(name, value);
        rect.style.stroke = colourOf(state, layer, box.id);
        svg.append(rect);
        const score = box.scores.length ? ` ${box.scores.map(([, value]) => (value === null ? "" : runstore.format.number(value, 3))).join(" ")}` : "";
        const label = element("span", { className: "box-label" }, `${box.caption ?? labelOf(layer, box.id)}${box.caption ? "" : score}`);
        label.style.left = `${Math.max(0, Math.min(1, places.x)) * 100}%`;
        // Two layers often have the same boxes: the labels of one stand at their top, those of the next at their foot.
        const foot = number % 2 === 1;
        label.classList.toggle("at-foot", foot);
        label.style.top = `${Math.max(0, Math.min(1, places.y + (foot ? places.height : 0))) * 100}%`;
        label.style.borderColor = rect.style.stroke;
        labels.append(label);
      }
    }
    return [svg, labels];
  }

  /** The picture with all that lies over it. */
  /** What an image is of; one in a cell of a table of runs has no step of its own. */
  function titleOf(item, panel) {
    const step = item.step ?? panel.items[panel.at]?.step;
    return step === undefined ? panel.head.key : `${panel.head.key}, step ${runstore.format.number(step, 9)}`;
  }

  async function pictureOf(item, panel) {
    const address = await addressOf(item);
    if (address === null) return element("span", { className: "image-frame unreadable" }, "This image is too large to be shown here.");
    const image = element("img", { alt: item.caption ?? titleOf(item, panel), decoding: "async" });
    if (item.w && item.h) [image.width, image.height] = [item.w, item.h];
    image.src = address;
    try {
      await image.decode();
    } catch {
      return element("span", { className: "image-frame unreadable" }, "This image cannot be read: its file is damaged, or of a kind that this browser does not know.");
    }
    const frame = element("span", { className: "image-frame" }, image);
    // Small pictures are shown larger, pixel by pixel.
    if (image.naturalWidth && image.naturalWidth < 120) frame.classList.add("tiny");
    for (const mask of item.masks ?? []) {
      try {
        await classesOf(mask);
        frame.append(await maskCanvas(mask, panel.state));
      } catch {
        frame.append(element("span", { className: "box-label" }, `The mask ${mask.name} cannot be read.`));
      }
    }
    if (item.boxes) frame.append(...boxesOver(item, panel.state));
    return frame;
  }

  async function figureOf(item, panel) {
    const button = element("button", { type: "button", className: "zoom-button", aria: { label: `Enlarge ${item.caption ?? panel.head.key}` } }, await pictureOf(item, panel));
    button.onclick = () => enlarge(item, panel);
    return element("figure", { className: "media-image" }, button, item.caption ? element("figcaption", {}, item.caption) : null);
  }

  let dialog = null;

  async function enlarge(item, panel) {
    if (!dialog) {
      dialog = element("dialog", { className: "zoom", aria: { label: "Enlarged image" } });
      dialog.onclick = (event) => event.target === dialog && dialog.close();
      runstore.home().append(dialog);
    }
    const close = element("button", { type: "button", aria: { label: "Close" } }, "Close");
    close.onclick = () => dialog.close();
    const walk = panel.items.length > 1 && panel.items.includes(item);
    const title = element("p", { className: "zoom-title" }, titleOf(item, panel));
    const caption = item.caption ? element("p", { className: "zoom-caption" }, item.caption) : null;
    dialog.replaceChildren(element("div", { className: "zoom-head" }, title, close), await pictureOf(item, panel), ...(caption ? [caption] : []));
    dialog.onkeydown = async (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!walk || !by) return;
      event.preventDefault();
      await panel.show(panel.at + by);
      const next = panel.items[panel.at];
      if (next?.kind === "image") enlarge(next, panel);
    };
    if (!dialog.open) dialog.showModal();
  }

  /** Switches for what lies over the images of a panel. */
  function controlsOf(items, panel) {
    const { state } = panel;
    const seen = new Map();
    let scored = false;
    for (const item of items) {
      for (const layer of item.boxes ?? []) {
        for (const box of layer.boxes) {
          scored ||= box.scores.length > 0;
          seen.set(`b ${layer.name} ${box.id}`, { of: "boxes", layer, id: box.id, label: labelOf(layer, box.id), on: !isHidden(state, `b ${layer.name} ${box.id}`) });
        }
      }
      for (const mask of item.masks ?? []) {
        for (const id of mask.decoded?.present ?? []) seen.set(`m ${mask.name} ${id}`, { of: "mask", layer: mask, id: String(id), label: labelOf(mask, String(id)), on: maskShown(mask, state, String(id)) });
      }
    }
    if (!seen.size) return null;
    const layers = new Map();
    for (const [key, { of, layer, id, label, on }] of seen) {
      const name = `${layer.name} (${of})`;
      if (!layers.has(name)) layers.set(name, [element("span", { className: "layer-name" }, name)]);
      layers.get(name).push(chip(panel, key, colourOf(state, layer, id), label, layer.name, on));
    }
    const chips = [...layers].map(([name, shown]) => element("div", { className: "classes", role: "group", aria: { label: `Classes of ${name} that are shown` } }, ...shown));
    const sliders = [];
    if (items.some(({ masks }) => masks?.length)) sliders.push(slider("Mask opacity", state.opacity ?? 0.55, 0, 1, (value) => (state.opacity = value), panel));
    if (scored) sliders.push(slider("Least score", state.least ?? 0, 0, 1, (value) => (state.least = value), panel));
    return element("div", { className: "overlay-controls", data: { keys: "" } }, ...chips, ...sliders);
  }

  function chip(panel, key, colour, label, layer, on) {
    const swatch = element("span", { className: on ? "swatch" : "swatch off" });
    swatch.style.backgroundColor = colour;
    const button = element("button", { type: "button", className: "class-chip", title: layer, data: { layer: key }, aria: { pressed: on } }, swatch, element("span", { className: "text" }, label));
    button.onclick = async () => {
      panel.state.hidden ??= new Set();
      panel.state.shown ??= new Set();
      const [add, drop] = on ? [panel.state.hidden, panel.state.shown] : [panel.state.shown, panel.state.hidden];
      add.add(key);
      drop.delete(key);
      await panel.show(panel.at);
      [...panel.body.querySelectorAll(".class-chip")].find(({ dataset }) => dataset.layer === key)?.focus();
    };
    return button;
  }

  function slider(label, value, min, max, set, panel) {
    const range = element("input", { type: "range", min, max, step: 0.05, aria: { label: `${label}: ${panel.head.key}` } });
    range.value = value;
    range.onchange = async () => {
      set(Number(range.value));
      await panel.show(panel.at);
      panel.body.querySelector(`[aria-label="${CSS.escape(`${label}: ${panel.head.key}`)}"]`)?.focus();
    };
    return element("label", { className: "control" }, label, range);
  }

  runstore.overlayControls = controlsOf;

  // Where many cells share their controls, these stand above them.
  const ownControls = (items, panel) => (panel.bare ? null : controlsOf(items, panel));

  renderers.image = async (item, panel) => {
    const figure = await figureOf(item, panel);
    return element("div", {}, figure, ownControls([item], panel));
  };

  async function pictured(item, panel) {
    const figure = await figureOf(item, panel);
    if (item.damaged) figure.append(runstore.steps.damage());
    return figure;
  }

  renderers.gallery = async (item, panel) => {
    const shown = await Promise.all(item.items.map((each) => (each.kind === "image" ? pictured(each, panel) : render(each, panel))));
    const grid = element("div", { className: "gallery" }, ...shown);
    const more = item.count - item.items.length;
    return element("div", {}, grid, more > 0 ? element("p", { className: "soft" }, `and ${more} more in the store`) : null, ownControls(item.items, panel));
  };
})();
