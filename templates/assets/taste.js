"use strict";
/** What a reader likes, whatever is looked at: kept in the browser where it keeps anything for this page. */
runstore.taste = (() => {
  const name = (key) => `runstore-${key}`;
  return {
    /** @template T @param {string} key @param {T} usual @returns {T} */
    get(key, usual) {
      try {
        const kept = localStorage.getItem(name(key));
        return kept === null ? usual : JSON.parse(kept);
      } catch {
        return usual; // Some browsers keep no storage for pages from disk.
      }
    },
    set(key, value) {
      try {
        localStorage.setItem(name(key), JSON.stringify(value));
      } catch {
        // Without storage it lasts for this page.
      }
    },
  };
})();
