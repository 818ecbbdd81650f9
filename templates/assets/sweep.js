"use strict";
/** The page of a sweep: what it has beside a workspace. Loaded by the workspace before it begins, which waits for `more`. */
(async () => {
  document.addEventListener("click", async ({ target }) => {
    const button = target.closest("[data-copies-command]");
    if (!button) return;
    const source = button.parentElement.querySelector("[data-command]");
    try {
      await navigator.clipboard.writeText(source.textContent);
      button.textContent = "Copied";
    } catch {
      // Without a clipboard it stands selected, for the keyboard.
      getSelection().selectAllChildren(source);
      button.textContent = "Selected: press Ctrl+C";
    }
    setTimeout(() => (button.textContent = "Copy"), 1800);
  });

  runstore.sweep = new runstore.Sweep(await runstore.loaded("sweep"));
  runstore.live?.on("sweep", async (later) => {
    runstore.sweep.renew(later);
    const { workspace } = runstore;
    // Before the workspace is there it will begin with them.
    if (!workspace) return;
    runstore.sweep.extend(workspace.runs);
    await workspace.refresh();
  });
  runstore.put("more", true);
})().catch((error) => {
  runstore.fail(error);
  runstore.put("more", false);
});
