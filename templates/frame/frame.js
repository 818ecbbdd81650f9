"use strict";
/**
 * Shows what was logged as HTML, or as a Plotly figure, inside a frame that may do nothing else: no origin of its own, no
 * network. The page around it sends one message: `{kind: "html", html, run}`, or `{kind: "plotly",
 * figure, plotly, dark}` with Plotly's own source: this frame can load nothing.
 */
(() => {
  // Anybody may put this page into a frame; only in one without an origin does it show anything.
  if (self.origin !== "null" || self === top) return;

  function say(text) {
    const line = document.createElement("p");
    line.textContent = text;
    document.body.replaceChildren(line);
  }

  /** A page without what would run or load anything: the browser would refuse it, and say so in the console each time. */
  function still(html) {
    const parsed = new DOMParser().parseFromString(html, "text/html");
    for (const node of parsed.querySelectorAll("script, base, link, meta[http-equiv], object, embed, frame")) node.remove();
    for (const node of parsed.querySelectorAll("*")) {
      for (const { name, value } of [...node.attributes]) {
        const loads = /^(src|srcset|srcdoc|poster|background|data)$/.test(name) && !/^\s*(data|blob):/i.test(value);
        if (name.startsWith("on") || loads || /^\s*javascript:/i.test(value)) node.removeAttribute(name);
      }
    }
    const root = parsed.documentElement;
    const attributes = [...root.attributes].map(({ name, value }) => ` ${name}="${value.replaceAll("&", "&amp;").replaceAll('"', "&quot;")}"`);
    return `${parsed.compatMode === "CSS1Compat" ? "<!doctype html>" : ""}<html${attributes.join("")}>${root.getHTML()}</html>`;
  }

  function showHtml({ html, run }) {
    const inner = document.createElement("iframe");
    inner.setAttribute("sandbox", run ? "allow-scripts" : "");
    inner.title = "What was logged";
    inner.srcdoc = run ? html : still(html);
    document.body.replaceChildren(inner);
  }

  async function showPlotly({ figure, plotly, dark }) {
    const script = document.createElement("script");
    script.textContent = plotly;
    document.head.append(script);
    const { data, layout = {}, frames, config = {} } = JSON.parse(figure);
    const place = document.createElement("div");
    place.id = "figure";
    document.body.replaceChildren(place);
    const ink = dark ? "#e8ebf1" : "#171a21";
    const template = layout.template ?? {};
    const shown = { paper_bgcolor: dark ? "#181c24" : "#fff", plot_bgcolor: dark ? "#181c24" : undefined, ...layout, autosize: true, template };
    if (dark) shown.font = { color: ink, ...layout.font };
    delete shown.width;
    delete shown.height;
    await Plotly.newPlot(place, { data: Array.isArray(data) ? data : [], layout: shown, frames, config: { ...config, responsive: true, displaylogo: false, plotlyServerURL: "", showLink: false } });
    parent.postMessage("drawn", "*");
  }

  addEventListener("message", (event) => {
    if (event.source !== parent || typeof event.data !== "object") return;
    if (event.data.kind === "html") showHtml(event.data);
    else if (event.data.kind === "plotly") showPlotly(event.data).catch((error) => say(`This figure cannot be drawn: ${error.message}`));
  });
  parent.postMessage("ready", "*");
})();
