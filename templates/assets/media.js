"use strict";
/** What was logged as sound, film, page, text or figure. */
(() => {
  const { element, format } = runstore;
  const { renderers } = runstore.steps;
  const TAGS = new Set("p br hr em strong del s code pre blockquote ul ol li a h1 h2 h3 h4 h5 h6 table thead tbody tr th td sup sub".split(" "));

  const captioned = (item, ...nodes) => element("figure", { className: "media-plain" }, ...nodes, item.caption ? element("figcaption", {}, item.caption) : null);

  /** The file with its size; a link to it where there is a way. */
  function download(item, label = item.file) {
    const file = item.href ? element("a", { className: "button", href: item.href, download: item.file }, label) : element("span", {}, item.file);
    return element("p", { className: "download" }, file, element("span", { className: "soft" }, format.bytes(item.size)));
  }

  /** In place of what this page does not carry: why, and where else to look. */
  function elsewhere(item, panel, why) {
    const link = panel.page ? element("a", { className: "button", href: panel.page }, "On the run's page") : null;
    return captioned(item, element("p", { className: "download" }, element("span", { className: "soft" }, why), link));
  }

  renderers.unknown = (item) => element("p", { className: "soft" }, `A value of the type ${item.what ?? item.kind}, which this page does not draw.`);
  renderers.missing = (item) => element("p", { className: "soft" }, `This ${item.what} is not in the store, or cannot be read.`);
  renderers.note = (item) => element("p", { className: "plot-failed" }, item.note);
  renderers.file = (item) => captioned(item, element("p", { className: "soft" }, `${item.what}: no viewer here${item.href ? ", but the file is" : ""}.`), download(item));

  renderers.audio = async (item, panel) => {
    const src = await runstore.addressOf(item);
    if (src === null) return elsewhere(item, panel, "This sound is too large for a report in one file.");
    return captioned(item, element("audio", { controls: true, preload: "metadata", src, aria: { label: item.caption ?? panel.head.key } }));
  };

  renderers.video = async (item, panel) => {
    const src = await runstore.addressOf(item);
    if (src === null) return elsewhere(item, panel, "This film is too large for a report in one file.");
    const video = element("video", { controls: true, preload: "metadata", muted: true, loop: true, playsInline: true, src, aria: { label: item.caption ?? panel.head.key } });
    if (item.w && item.h) [video.width, video.height] = [item.w, item.h];
    return captioned(item, video);
  };

  renderers.text = (item) => captioned(item, element("pre", { className: "rendered-text", tabIndex: 0 }, item.text));
  renderers.molecule = (item) => captioned(item, element("pre", { className: "rendered-text", tabIndex: 0 }, item.text), download(item));

  /** Nodes that the build has sanitised: `[tag, link or null, children]`, or text. */
  function built(node) {
    if (typeof node === "string") return document.createTextNode(node);
    const [tag, href, children] = node;
    // The headings of a text stand below those of the page.
    const made = element(!TAGS.has(tag) ? "span" : /^h[1-6]$/.test(tag) ? `h${Math.min(6, Number(tag[1]) + 3)}` : tag);
    if (tag === "a" && /^(https?:|mailto:)/i.test(href ?? "")) Object.assign(made, { href, rel: "noopener noreferrer", target: "_blank" });
    made.append(...children.map(built));
    return made;
  }

  renderers.markdown = (item) => captioned(item, runstore.headed(element("div", { className: "rendered" }, ...item.nodes.map(built))));

  /** A frame without rights that is sent what it shows. */
  function framed(label, address, message) {
    const frame = document.createElement("iframe");
    frame.className = "logged-frame";
    frame.title = label;
    frame.setAttribute("sandbox", "allow-scripts");
    let stood = false;
    const hear = (event) => {
      if (stood && !frame.isConnected) removeEventListener("message", hear);
      stood ||= frame.isConnected;
      if (!frame.contentWindow || event.source !== frame.contentWindow) return;
      if (event.data === "ready") frame.contentWindow.postMessage(message(), "*");
      if (event.data === "drawn") frame.dataset.drawn = "true";
    };
    addEventListener("message", hear);
    frame.src = address;
    return frame;
  }

  const frameAddress = () => document.querySelector("[data-frame]")?.dataset.frame;

  async function textOf(source) {
    return new TextDecoder().decode(await runstore.bytesOf(source));
  }

  renderers.html = async (item, panel) => {
    if (runstore.isAlone()) return elsewhere(item, panel, "A logged page may run scripts of its own, which a report in one file does not carry.");
    if (!item.bytes) return renderers.missing({ what: "page" });
    const html = await textOf(item.bytes);
    const run = panel.state.run ?? false;
    const frame = framed(panel.head.key, frameAddress(), () => ({ kind: "html", html, run }));
    const active = /<script|\son\w+\s*=|javascript:/i.test(html);
    const button = element("button", { type: "button" }, run ? "Stop its scripts" : "Run its scripts");
    button.onclick = () => {
      panel.state.run = !run;
      panel.show(panel.at);
    };
    return captioned(item, frame, active ? element("p", { className: "download" }, button, element("span", { className: "soft" }, "They run without an origin and without a network.")) : null);
  };

  renderers.plotly = async (item, panel) => {
    if (runstore.isAlone()) return elsewhere(item, panel, "A figure of Plotly's runs scripts of its own, which a report in one file does not carry.");
    const able = document.querySelector("[data-plotly]");
    if (!able || !item.bytes) {
      const why = item.bytes ? "Plotly was not installed when this site was built, so the figure is not drawn." : "The figure is too large to be drawn here.";
      return captioned(item, element("p", { className: "soft" }, why), download(item, "Download the figure (JSON)"));
    }
    const [figure, plotly] = await Promise.all([textOf(item.bytes), runstore.load("plotly", able.dataset.plotly)]);
    const dark = document.documentElement.dataset.theme === "dark";
    return captioned(item, framed(panel.head.key, frameAddress(), () => ({ kind: "plotly", figure, plotly, dark })));
  };
})();
