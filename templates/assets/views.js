"use strict";
/**
 * Named views of a project: tabs, the one that the page opens with, and what to write to save another.
 *
 * @typedef {{name: string, fragment: string, default?: boolean}} SavedView
 */
runstore.Views = (() => {
  const { element } = runstore;
  const PLAIN = "-";

  class Views {
    /** @param {SavedView[]} views @param {string} project */
    constructor(views, project) {
      this.project = project;
      /** The page's, once it is there: the default view makes it. @type {?runstore.State} */
      this.state = null;
      this.tabs = document.querySelector("[data-views]");
      const first = views.find((view) => view.default);
      if (first && location.hash.length < 2) history.replaceState(null, "", this.#link(first));
      this.renew(views);
      document.querySelector("[data-save-view]").addEventListener("click", () => this.#offer());
    }

    /** Takes the views of a later build. @param {SavedView[]} views */
    renew(views) {
      if (JSON.stringify(views) === JSON.stringify(this.views)) return;
      this.views = views;
      const names = [{ name: PLAIN, label: "Workspace" }, ...views.map((view) => ({ ...view, label: view.name }))];
      this.links = names.map((view) => element("a", { href: this.#link(view), data: { view: view.name } }, view.label));
      this.tabs.replaceChildren(...this.links.map((link) => element("li", {}, link)));
      this.tabs.closest("nav").hidden = !views.length;
      if (this.chosen) this.show(this.chosen);
    }

    #link({ name, fragment }) {
      return `#${fragment ? `${fragment}&` : ""}view=${encodeURIComponent(name)}`;
    }

    /** Marks the tab of the view that was chosen. @param {string} name */
    show(name) {
      const chosen = this.views.some((view) => view.name === name) ? name : PLAIN;
      this.chosen = chosen;
      for (const link of this.links) {
        if (link.dataset.view === chosen) link.setAttribute("aria-current", "page");
        else link.removeAttribute("aria-current");
      }
    }

    /** What is on view, without a view's name. @param {string[]} [always] parts that are said even where they are as by default */
    #fragment(always) {
      return this.state.fragment(always).split("&").filter((part) => part && !part.startsWith("view=")).join("&");
    }

    #offer() {
      const isPlain = !this.#fragment();
      // With another build these may begin otherwise: a view holds what it was saved with.
      const fragment = this.#fragment(["group", "x"]);
      const now = this.views.find((view) => view.name === this.chosen);
      const name = element("input", { type: "text", id: "view-name", value: now?.name ?? "", autocomplete: "off", maxLength: 100 });
      const start = element("input", { type: "checkbox", id: "view-default", checked: Boolean(now?.default) });
      const yaml = element("textarea", { id: "view-yaml", rows: 4, readOnly: true, spellcheck: false });
      const command = element("textarea", { id: "view-command", rows: 3, readOnly: true, spellcheck: false });
      const fill = () => {
        const called = name.value.trim() || "My view";
        yaml.value = `views:\n  - name: ${JSON.stringify(called)}\n    fragment: ${JSON.stringify(fragment)}${start.checked ? "\n    default: true" : ""}\n`;
        command.value = `runstore view save ${quoted(called)} ${quoted(`#${fragment}`)} --project ${quoted(this.project)}${start.checked ? " --default" : ""}`;
      };
      name.oninput = start.onchange = fill;
      fill();
      const close = element("button", { type: "submit" }, "Close");
      const saved = element("div", { className: "fields" },
        field("Name", name), field("Open the page with it", start), field("Run this where the store is", command, copier(command)),
        field("or add this to project.yaml", yaml, copier(yaml)));
      const none = element("p", {}, "This is the plain workspace. Choose a filter, a group or columns first; then the view can be saved.");
      const dialog = element("dialog", { className: "form-dialog", aria: { labelledby: "view-title" } },
        element("form", { method: "dialog" }, element("h2", { id: "view-title" }, "Save this view"), isPlain ? none : saved, element("div", { className: "form-buttons" }, close)));
      document.body.append(dialog);
      dialog.onclose = () => dialog.remove();
      dialog.showModal();
    }
  }

  const quoted = (text) => `'${text.replaceAll("'", String.raw`'\''`)}'`;
  const field = (label, input, ...more) => element("div", { className: `field field-${input.type}` }, element("label", { htmlFor: input.id }, label), input, ...more);

  /** A button that copies what stands in a box. */
  function copier(box) {
    const button = element("button", { type: "button", className: "quiet", aria: { label: `Copy: ${box.id === "view-yaml" ? "YAML" : "command"}` } }, "Copy");
    button.onclick = async () => {
      try {
        await navigator.clipboard.writeText(box.value);
        button.textContent = "Copied";
      } catch {
        box.select();
        button.textContent = "Selected: copy it by keyboard";
      }
    };
    return button;
  }

  return Views;
})();
