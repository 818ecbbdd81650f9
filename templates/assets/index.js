"use strict";
/** The front page: times as people read them, and a search over the projects. */
(() => {
  const search = document.querySelector("[data-search]");
  const cards = [...document.querySelectorAll("[data-card]")];
  const none = document.querySelector("[data-no-match]");

  function filter() {
    const { test } = runstore.matcher(search.value);
    for (const card of cards) card.hidden = !test(card.dataset.card);
    none.hidden = cards.some((card) => !card.hidden);
  }

  runstore.format.humanise();
  search?.addEventListener("input", filter);
  runstore.ready();
})();
