"use strict";
/** The code of a run: copying the commands that run it again, and folding a patch's files. */
(() => {
  for (const button of document.querySelectorAll("[data-copies]")) {
    button.addEventListener("click", async () => {
      const source = document.getElementById(button.dataset.copies);
      const before = button.textContent;
      try {
        await navigator.clipboard.writeText(source.textContent);
        button.textContent = "Copied";
      } catch {
        // Without a clipboard it stands selected, for the keyboard.
        getSelection().selectAllChildren(source);
        button.textContent = "Selected: press Ctrl+C";
      }
      setTimeout(() => (button.textContent = before), 1800);
    });
  }

  for (const button of document.querySelectorAll("[data-folds]")) {
    const parts = [...document.getElementById(button.dataset.folds).querySelectorAll(":scope > details")];
    const show = () => {
      const open = parts.some((part) => part.open);
      button.textContent = open ? "Fold all" : "Unfold all";
      button.setAttribute("aria-expanded", String(open));
    };
    button.addEventListener("click", () => {
      const open = parts.some((part) => part.open);
      for (const part of parts) part.open = !open;
    });
    for (const part of parts) part.addEventListener("toggle", show);
    show();
  }
})();
