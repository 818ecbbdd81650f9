"use strict";
/** Ways to search a list of names: each makes of what was typed a score for a name, 0 for no match. */
runstore.searchModes = (() => {
  const substring = (query) => {
    const wanted = query.toLowerCase();
    return (name) => (name.toLowerCase().includes(wanted) ? 1 : 0);
  };

  const regex = (query) => {
    const { test } = runstore.matcher(query);
    return (name) => (test(name) ? 1 : 0);
  };

  /** All letters in their order; the nearer together and the nearer to a word's beginning, the better. */
  const fuzzy = (query) => {
    const letters = [...query.toLowerCase().replaceAll(/\s/g, "")];
    return (name) => {
      const text = name.toLowerCase();
      let [at, score] = [-1, 1];
      for (const letter of letters) {
        const next = text.indexOf(letter, at + 1);
        if (next < 0) return 0;
        score += (next === at + 1 ? 3 : 0) + (next === 0 || /[^a-z0-9]/.test(text[next - 1]) ? 2 : 0) - (next - at - 1) / 50;
        at = next;
      }
      return Math.max(score, 0.01) + 1 / (1 + text.length);
    };
  };

  const MODES = { substring, regex, fuzzy };

  /** @param {string} mode @param {string} query @returns {(name: string) => number} */
  return (mode, query) => (query ? MODES[mode](query) : () => 1);
})();
