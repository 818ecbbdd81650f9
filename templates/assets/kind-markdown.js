"use strict";
/** A text of the reader's own, in Markdown. */
(() => {
  const { element, headed, markdown, panelKinds } = runstore;
  const MOST = 100_000;

  async function draw(host, settings) {
    const text = String(settings.text ?? "").slice(0, MOST);
    if (!text.trim()) return panelKinds.empty(host, "Write a text in this panel's settings: # heading, **bold**, `code`, - list, [link](https://…).");
    host.replaceChildren(headed(element("div", { className: "kind-text" }, ...markdown.parse(text).map(markdown.draw))));
    return null;
  }

  panelKinds.register({
    name: "markdown",
    title: "Markdown",
    about: "A text: headings, lists, tables, code, links.",
    scrolls: true,
    isTable: true,
    defaults: () => ({ text: "" }),
    fields: () => [{ name: "text", label: "Text", type: "lines", about: "Markdown: # heading, **bold**, *italic*, `code`, - list, > quote, [link](https://…), tables." }],
    named: ({ text }) => /^\s*#+ +(.+)$/m.exec(text ?? "")?.[1] ?? "Markdown",
    draw,
    csv: undefined,
  });
})();
