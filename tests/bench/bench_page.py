"""How fast a large project's page is in Chromium: `python -m tests.bench.bench_page [--json PATH]`.

The page of 1,000 runs of 1,000 steps and five metrics, opened from disk at 1440 × 900, each time in a new context.
Ready is `data-ready`: the table and every chart in sight painted. A change is timed from the call that a control makes
until the frame after all charts in sight are painted.
"""

from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, Page, sync_playwright

from sitegen.build import build_site
from tests.bench import report
from tests.bench.bench_build import large_store
from tests.bench.report import Measure
from tests.browser.pages import CHROMIUM, FLAGS, READY

TURNS = 5
_CHANGE = """async part => {
    const begun = performance.now();
    runstore.workspace.state.set(part);
    await runstore.workspace.drawn;
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    return performance.now() - begun;
}"""
GROUPS = ("config.optimizer", "config.model.depth", "config.lr", "config.batch_size")
CHANGES = {
    "ungroup: 1,000 lines a chart": {"group": ""},
    "filter to a tenth": {"filter": "5$"},
    "smooth": {"smooth": 0.8},
    "hide a run": {"hide": ["run00500"]},
    "sort the table": {"sort": "summary.val/loss"},
}


def main() -> None:
    report.run("How fast a page is", measure)


def measure() -> list[Measure]:
    with large_store() as store, sync_playwright() as playwright:
        page = build_site(store, store.parent / "site").out / "bench" / "index.html"
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        ready = median(_ready(browser, page) for _ in range(TURNS))
        regroups, others = _changes(browser, page)
        browser.close()
    return [
        Measure("page ready", ready, "s", 2.0, "1,000 runs × 1,000 steps × 5 metrics, a line a run"),
        Measure("regroup", median(regroups), "ms", 200, f"slowest {max(regroups):.0f} ms"),
        *(Measure(name, milliseconds, "ms") for name, milliseconds in others.items()),
    ]


def _open(browser: Browser, target: Path) -> Page:
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.goto(target.as_uri())
    page.wait_for_selector(READY)
    return page


def _ready(browser: Browser, target: Path) -> float:
    page = _open(browser, target)
    milliseconds = page.evaluate("performance.now()")
    page.context.close()
    return float(milliseconds) / 1000


def _changes(browser: Browser, target: Path) -> tuple[list[float], dict[str, float]]:
    page = _open(browser, target)
    regroups = [page.evaluate(_CHANGE, {"group": column}) for _ in range(TURNS) for column in GROUPS]
    others: dict[str, list[float]] = {name: [] for name in CHANGES}
    for _ in range(TURNS):
        for name, part in CHANGES.items():
            page.evaluate(_CHANGE, {"group": "", "filter": "", "smooth": 0, "hide": [], "sort": ""})
            if "group" in part:
                page.evaluate(_CHANGE, {"group": GROUPS[0]})
            others[name].append(page.evaluate(_CHANGE, part))
    page.context.close()
    return regroups, {name: median(times) for name, times in others.items()}


if __name__ == "__main__":
    main()
