"use strict";
/** A view of an object in space: turned by dragging or with the arrow keys, nearer and farther with the wheel or + and -. */
(() => {
  const { element } = runstore;
  const { renderers } = runstore.steps;
  const HEIGHT = 320;
  // The edges of a box whose corners come as W&B has them: every two that differ in one axis.
  const EDGES = Array.from({ length: 8 }, (_, a) => [1, 2, 4].map((bit) => [a, a ^ bit]).filter(([from, to]) => from < to)).flat();

  renderers.object3D = async (item, panel) => {
    const solid = runstore.shapes3d.read(item.shape, await runstore.bytesOf(item.bytes));
    const canvas = element("canvas", { className: "solid", tabIndex: 0, role: "img", data: { keys: "" }, aria: { label: `${panel.head.key}: ${describe(solid)}; arrow keys turn it` } });
    const viewer = new Viewer(canvas, solid, (panel.state.camera ??= { turn: 0.7, tilt: 0.5, zoom: 1 }));
    viewer.listen();
    const hint = element("p", { className: "panel-note" }, `${describe(solid)}. Drag or use the arrow keys to turn, + and − to zoom.`);
    const link = item.href ? element("a", { className: "button", href: item.href, download: item.file }, "Download") : null;
    return element("figure", { className: "media-plain" }, canvas, item.caption ? element("figcaption", {}, item.caption) : null, element("div", { className: "solid-foot" }, hint, link));
  };

  function describe({ places, triangles, boxes }) {
    const what = triangles ? runstore.format.count(triangles.length / 3, "triangle") : runstore.format.count(places.length / 3, "point");
    return boxes.length ? `${what}, ${boxes.length} ${boxes.length === 1 ? "box" : "boxes"}` : what;
  }

  class Viewer {
    constructor(canvas, solid, camera) {
      Object.assign(this, { canvas, solid, camera });
      this.#measure();
      new ResizeObserver(() => this.draw()).observe(canvas);
    }

    /** The middle and the size of the object. */
    #measure() {
      const low = [Infinity, Infinity, Infinity];
      const high = [-Infinity, -Infinity, -Infinity];
      const see = (place) => place.slice(0, 3).forEach((value, axis) => {
        low[axis] = Math.min(low[axis], value);
        high[axis] = Math.max(high[axis], value);
      });
      const { places, boxes, arrows } = this.solid;
      for (let at = 0; at < places.length; at += 3) see([places[at], places[at + 1], places[at + 2]]);
      for (const { corners } of boxes) corners.forEach(see);
      for (const { start, end } of arrows) [start, end].forEach(see);
      this.middle = low.map((value, axis) => (low[0] > high[0] ? 0 : (value + high[axis]) / 2));
      const whole = low[0] > high[0] ? 1 : Math.hypot(...high.map((value, axis) => value - low[axis])) || 1;
      this.size = this.solid.triangles || boxes.length || arrows.length ? whole : Math.min(whole, this.#bulk() || whole);
    }

    /** How wide a cloud is without the one point in a hundred that lies farthest out. */
    #bulk() {
      const { places } = this.solid;
      const far = Float64Array.from({ length: places.length / 3 }, (_, at) => Math.hypot(...this.middle.map((value, axis) => places[3 * at + axis] - value))).sort();
      return 2.2 * far[Math.floor(0.99 * (far.length - 1))];
    }

    listen() {
      const { canvas, camera } = this;
      const move = (turn, tilt, zoom = 1) => {
        camera.turn += turn;
        camera.tilt = Math.max(-1.55, Math.min(1.55, camera.tilt + tilt));
        camera.zoom = Math.max(0.2, Math.min(20, camera.zoom * zoom));
        this.draw();
      };
      canvas.addEventListener("pointerdown", (event) => canvas.setPointerCapture(event.pointerId));
      canvas.addEventListener("pointermove", (event) => event.buttons & 1 && move(event.movementX * 0.01, event.movementY * 0.01));
      canvas.addEventListener("wheel", (event) => {
        // Scrolling the page stays scrolling the page, until somebody has put their finger on the object.
        if (document.activeElement !== canvas) return;
        event.preventDefault();
        move(0, 0, event.deltaY < 0 ? 1.1 : 1 / 1.1);
      }, { passive: false });
      canvas.addEventListener("keydown", (event) => {
        const by = { ArrowLeft: [-0.12, 0], ArrowRight: [0.12, 0], ArrowUp: [0, -0.12], ArrowDown: [0, 0.12], "+": [0, 0, 1.2], "=": [0, 0, 1.2], "-": [0, 0, 1 / 1.2] }[event.key];
        if (!by || event.ctrlKey || event.metaKey) return;
        event.preventDefault();
        move(...by);
      });
    }

    draw() {
      cancelAnimationFrame(this.waiting);
      this.waiting = requestAnimationFrame(() => this.#paint());
    }

    #paint() {
      const { canvas } = this;
      const ratio = devicePixelRatio || 1;
      const width = canvas.clientWidth;
      if (width < 20) return;
      canvas.width = width * ratio;
      canvas.height = HEIGHT * ratio;
      const context = canvas.getContext("2d");
      context.scale(ratio, ratio);
      const style = getComputedStyle(canvas);
      this.ink = style.color;
      const places = this.#projected(this.solid.places, width);
      if (this.solid.triangles) this.#paintFaces(context, places);
      else this.#paintPoints(context, places, ratio);
      this.#paintLines(context, width);
    }

    /** Turned, seen from a distance, in pixels: x, y and depth of each point. */
    #projected(places, width) {
      const { turn, tilt, zoom } = this.camera;
      const [cosTurn, sinTurn, cosTilt, sinTilt] = [Math.cos(turn), Math.sin(turn), Math.cos(tilt), Math.sin(tilt)];
      const scale = (Math.min(width, HEIGHT) * 0.95 * zoom) / this.size;
      const out = new Float32Array(places.length);
      for (let at = 0; at < places.length; at += 3) {
        const [x, y, z] = [places[at] - this.middle[0], places[at + 1] - this.middle[1], places[at + 2] - this.middle[2]];
        const across = x * cosTurn - y * sinTurn;
        const away = x * sinTurn + y * cosTurn;
        const depth = away * cosTilt - z * sinTilt;
        const near = 1 / (1 + (0.35 * depth) / this.size);
        out[at] = width / 2 + across * scale * near;
        out[at + 1] = HEIGHT / 2 - (away * sinTilt + z * cosTilt) * scale * near;
        out[at + 2] = depth;
      }
      return out;
    }

    #paintPoints(context, places, ratio) {
      const { colours } = this.solid;
      const [width, height] = [context.canvas.width, context.canvas.height];
      const image = context.createImageData(width, height);
      const pixels = new Uint32Array(image.data.buffer);
      const nearest = new Float32Array(pixels.length).fill(Infinity);
      const [r, g, b] = (this.ink.match(/\d+/g) ?? [80, 80, 80]).map(Number);
      const size = Math.max(1, Math.round(ratio * (places.length > 90000 ? 1 : places.length > 9000 ? 1.6 : 3)));
      for (let at = 0; at < places.length; at += 3) {
        const [x, y] = [Math.round(places[at] * ratio), Math.round(places[at + 1] * ratio)];
        const colour = colours ? (255 << 24) | (colours[at + 2] << 16) | (colours[at + 1] << 8) | colours[at] : (255 << 24) | (b << 16) | (g << 8) | r;
        for (let dy = 0; dy < size; dy++) for (let dx = 0; dx < size; dx++) {
          const [px, py] = [x + dx, y + dy];
          if (px < 0 || py < 0 || px >= width || py >= height) continue;
          const place = py * width + px;
          if (places[at + 2] >= nearest[place]) continue;
          nearest[place] = places[at + 2];
          pixels[place] = colour;
        }
      }
      context.putImageData(image, 0, 0);
    }

    /** Faces from the farthest to the nearest, lighter where they face the light. */
    #paintFaces(context, places) {
      const { triangles } = this.solid;
      const count = triangles.length / 3;
      const depth = Float32Array.from({ length: count }, (_, at) => places[3 * triangles[3 * at] + 2] + places[3 * triangles[3 * at + 1] + 2] + places[3 * triangles[3 * at + 2] + 2]);
      const order = Uint32Array.from({ length: count }, (_, at) => at).sort((a, b) => depth[b] - depth[a]);
      for (const at of order) {
        const [a, b, c] = [0, 1, 2].map((corner) => 3 * triangles[3 * at + corner]);
        const light = 34 + 40 * Math.abs(this.#slope(places, a, b, c));
        context.fillStyle = context.strokeStyle = `hsl(220 45% ${light}%)`;
        context.beginPath();
        context.moveTo(places[a], places[a + 1]);
        context.lineTo(places[b], places[b + 1]);
        context.lineTo(places[c], places[c + 1]);
        context.closePath();
        context.fill();
        context.stroke();
      }
    }

    /** How far a face is turned towards the viewer, from -1 to 1. */
    #slope(places, a, b, c) {
      const scale = this.size / Math.min(this.canvas.clientWidth, HEIGHT);
      const [ux, uy, uz] = [places[b] - places[a], places[b + 1] - places[a + 1], (places[b + 2] - places[a + 2]) / scale];
      const [vx, vy, vz] = [places[c] - places[a], places[c + 1] - places[a + 1], (places[c + 2] - places[a + 2]) / scale];
      const [nx, ny, nz] = [uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx];
      return (0.35 * nx + 0.5 * ny + 0.8 * nz) / (Math.hypot(nx, ny, nz) || 1);
    }

    #paintLines(context, width) {
      const { boxes, arrows } = this.solid;
      context.lineWidth = 1.5;
      context.font = "11px system-ui, sans-serif";
      for (const { corners, colour, label } of boxes) {
        const places = this.#projected(Float32Array.from(corners.flatMap((corner) => corner.slice(0, 3))), width);
        context.strokeStyle = context.fillStyle = colour;
        context.beginPath();
        for (const [from, to] of edges(corners)) {
          context.moveTo(places[3 * from], places[3 * from + 1]);
          context.lineTo(places[3 * to], places[3 * to + 1]);
        }
        context.stroke();
        if (label) context.fillText(label, places[0] + 3, places[1] - 3);
      }
      context.strokeStyle = this.ink;
      for (const { start, end } of arrows) {
        const places = this.#projected(Float32Array.from([...start.slice(0, 3), ...end.slice(0, 3)]), width);
        context.beginPath();
        context.moveTo(places[0], places[1]);
        context.lineTo(places[3], places[4]);
        context.stroke();
      }
    }
  }

  /** The twelve edges of a box: of each corner the three nearest others, where the corners come in no order we know. */
  function edges(corners) {
    const along = (a, b) => corners[a].slice(0, 3).filter((value, axis) => Math.abs(value - corners[b][axis]) > 1e-9).length;
    if (EDGES.every(([a, b]) => along(a, b) === 1)) return EDGES;
    const found = new Map();
    corners.forEach((corner, a) => {
      const others = corners.map((_, b) => b).filter((b) => b !== a);
      others.sort((p, q) => Math.hypot(...corner.slice(0, 3).map((v, i) => v - corners[p][i])) - Math.hypot(...corner.slice(0, 3).map((v, i) => v - corners[q][i])));
      for (const b of others.slice(0, 3)) found.set(`${Math.min(a, b)} ${Math.max(a, b)}`, [a, b]);
    });
    return [...found.values()];
  }
})();
