"""How fast a large project's page is in Chromium: `python -m tests.bench.bench_page [--json PATH]`.

The page is opened from disk at 1440 × 900, each time in a new context. Ready is `data-ready`: the table and every chart
in sight painted; panels further down may come later. What it loads until then is counted as a host would send it,
compressed by gzip. A change is timed from the call that a control makes until the frame after all charts in sight are
painted; the first one has to load every point from disk. A project of 500 metrics has to be ready as soon as one of
five.
"""

import gzip
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, sync_playwright

from sitegen.build import build_site
from tests.bench import report
from tests.bench.opening import loaded, opened, ready
from tests.bench.report import Measure
from tests.bench.sizes import SIZES, Size, large_store
from tests.browser.pages import CHROMIUM, FLAGS

TURNS = 5
_CHANGE = """async part => {
    const begun = performance.now();
    runstore.workspace.state.set(part);
    await runstore.workspace.drawn;
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    return performance.now() - begun;
}"""
_PLAIN = {"group": "", "filter": "", "smooth": 0, "hide": [], "sort": ""}
CHANGES = {
    "regroup": [{"group": key} for key in ("config.optimizer", "config.model.depth", "config.lr", "config.batch_size")],
    "filter": [{"filter": "5$"}, {"filter": "bench-1"}],
    "toggle": [{"hide": ["run00500"]}, {"hide": ["run00500", "run00007"]}],
    "smooth": [{"smooth": 0.5}, {"smooth": 0.9}],
    "ungroup": [{"group": ""}],
    "sort the table": [{"sort": "summary.val/loss"}, {"sort": "-summary.val/loss"}],
}
_BARRED = {"regroup", "filter", "toggle", "smooth"}


def main() -> None:
    report.run("How fast a page is", measure)


def measure() -> list[Measure]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        found = [each for size in SIZES for each in _measure(browser, size)]
        found.append(_lazy(browser))
        browser.close()
    return found


def _measure(browser: Browser, size: Size) -> list[Measure]:
    with large_store(size.runs, size.steps, size.metrics) as store:
        page = build_site(store, store.parent / "site").out / "bench" / "index.html"
        seconds = median(ready(browser, page) for _ in range(TURNS))
        files = loaded(browser, page)
        sizes = {path.name: len(gzip.compress(path.read_bytes(), 6)) / 1000 for path in files}
        cold = [_first_change(browser, page) for _ in range(TURNS)]
        changes = _changes(browser, page)
    largest = ", ".join(f"{name} {sizes[name]:.0f}" for name in sorted(sizes, key=lambda name: -sizes[name])[:3])
    return [
        Measure(f"{size}: page ready", seconds, "s", size.ready),
        Measure("first load, compressed", sum(sizes.values()), "kB", size.load, f"{len(files)} files; {largest}"),
        Measure("first regroup, data from disk", median(cold), "ms", None, f"slowest {max(cold):.0f} ms"),
        *(
            Measure(name, median(times), "ms", size.change if name in _BARRED else None, f"slowest {max(times):.0f} ms")
            for name, times in changes.items()
        ),
    ]


def _first_change(browser: Browser, target: Path) -> float:
    page = opened(browser, target)
    milliseconds = page.evaluate(_CHANGE, CHANGES["regroup"][0])
    page.context.close()
    return float(milliseconds)


def _changes(browser: Browser, target: Path) -> dict[str, list[float]]:
    page = opened(browser, target)
    times: dict[str, list[float]] = {name: [] for name in CHANGES}
    for _ in range(TURNS):
        for name, parts in CHANGES.items():
            for part in parts:
                start = _PLAIN | ({"group": "config.optimizer"} if name == "ungroup" else {})
                page.evaluate(_CHANGE, start)
                times[name].append(page.evaluate(_CHANGE, part))
    page.context.close()
    return times


def _lazy(browser: Browser) -> Measure:
    with large_store(100, 100, 5) as small, large_store(100, 100, 500) as large:
        pages = [build_site(store, store.parent / "site").out / "bench" / "index.html" for store in (small, large)]
        # In turns, so that both are slowed by what else the machine does; the first of each warms up.
        turns = [[ready(browser, page) for page in pages] for _ in range(2 * TURNS + 1)][1:]
    few, many = (median(times) for times in zip(*turns, strict=True))
    return Measure("ready with 500 metrics / with 5", many / few, "×", 1.25, f"{many:.2f} s, 100 runs × 100 steps")


if __name__ == "__main__":
    main()
