"use strict";
/** The runs around a run: of its group, of its sweep, before and after it. Loaded when somebody comes near. */
(() => {
  const { element, format } = runstore;
  const MOST = 50;
  const AROUND = 4;
  const page = document.querySelector("[data-page=run]");
  const section = document.getElementById("related");
  const { run, group, sweep } = page.dataset;
  const base = page.dataset.project.replace(/index\.html$/, "");
  const names = () => runstore.load("names", `${base}data/names.js`);
  const compare = (ids) => `${base}compare/index.html#${runstore.compared(ids)}`;

  function list(title, places, all, comparable = true) {
    const ids = [run, ...places.map((at) => all.id[at]).filter((id) => id !== run)].slice(0, MOST);
    const items = places.slice(0, MOST).map((at) => {
      const state = element("span", { className: `state state-${all.state[at]}` }, all.state[at]);
      const name = all.id[at] === run ? element("strong", { className: "text" }, `${all.name[at]} (this run)`) : element("a", { href: `${base}runs/${encodeURIComponent(all.id[at])}/index.html` }, all.name[at]);
      return element("li", {}, name, state);
    });
    if (places.length > MOST) items.push(element("li", { className: "soft" }, `and ${places.length - MOST} more`));
    const link = comparable && ids.length > 1 ? element("a", { href: compare(ids) }, ids.length < places.length ? `Compare ${ids.length} of them` : "Compare them") : null;
    return element("div", {}, element("h3", {}, title), element("ul", { tabIndex: 0, aria: { label: title } }, ...items), element("p", {}, link ?? ""));
  }

  async function show() {
    const all = await names();
    const places = all.id.map((_, at) => at);
    const here = all.id.indexOf(run);
    const parts = [];
    const grouped = group ? places.filter((at) => all.group[at] === group) : [];
    const swept = sweep ? places.filter((at) => all.sweep[at] === sweep) : [];
    if (grouped.length > 1) parts.push(list(`Same group: ${group} (${format.count(grouped.length, "run")})`, grouped, all));
    if (swept.length > 1) parts.push(list(`Same sweep: ${sweep} (${format.count(swept.length, "run")})`, swept, all));
    const around = places.slice(Math.max(0, here - AROUND), here + AROUND + 1);
    if (around.length > 1) parts.push(list("Before and after, newest first", around, all));
    section.querySelector("[data-related]").replaceChildren(...(parts.length ? parts : [element("p", { className: "soft" }, "This is the only run of its project.")]));
  }

  const observer = new IntersectionObserver((entries) => {
    if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
    observer.disconnect();
    runstore.live?.on("names", show);
    show().catch((error) => section.append(element("p", { className: "plot-failed" }, error.message)));
  }, { rootMargin: "300px 0px" });
  observer.observe(section);

  document.querySelector("[data-compare-with]").addEventListener("click", async () => {
    try {
      const others = await runstore.pickRuns(await names(), { title: "Compare this run with", action: "Compare", without: new Set([run]), group: group || null, most: MOST - 1 });
      if (others) location.href = compare([run, ...others]);
    } catch (error) {
      runstore.fail(error);
    }
  });
})();
