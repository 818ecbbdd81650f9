// A page's panel kinds in hosts of the tests' own, over what the page shows.
window.kindHarness = (() => {
  const { workspace } = runstore;
  const hosts = new Map();
  const selections = [];
  const settings = {};

  const context = (name) => ({
    ...workspace.lines.context(),
    select: (runs) => {
      selections.push(runs);
      workspace.lines.context().select(runs);
    },
    change: (part) => (settings[name] = { ...settings[name], ...part }),
  });

  function gallery() {
    document.querySelector("[data-panels]").classList.add("panel-grid");
    document.querySelector("[data-panels]").replaceChildren();
  }

  function hostOf(name) {
    if (!hosts.has(name)) {
      const panel = document.createElement("article");
      panel.className = "panel";
      const host = document.createElement("div");
      const body = document.createElement("div");
      body.className = "panel-body";
      host.className = "panel-host";
      host.classList.toggle("scrolls", Boolean(runstore.kinds[name].scrolls));
      host.dataset.kind = name;
      body.append(host);
      const heading = document.createElement("h3");
      heading.textContent = runstore.kinds[name].title;
      panel.append(heading, body);
      document.querySelector("[data-panels]").prepend(panel);
      panel.scrollIntoView();
      hosts.set(name, host);
    }
    return hosts.get(name);
  }

  async function draw(name, part = {}) {
    const kind = runstore.kinds[name];
    const own = context(name);
    settings[name] = { ...kind.defaults(own), ...settings[name], ...part };
    await kind.draw(hostOf(name), settings[name], own);
    return hostOf(name).innerText;
  }

  const table = (name, part = {}) => runstore.kinds[name].table({ ...runstore.kinds[name].defaults(context(name)), ...part }, context(name));
  const csv = (name, part = {}) => runstore.kinds[name].csv({ ...runstore.kinds[name].defaults(context(name)), ...part }, context(name));
  const fields = (name) => runstore.kinds[name].fields(context(name));

  return { gallery, draw, table, csv, fields, selections, settingsOf: (name) => settings[name], hostOf };
})();
