"""What reports cost over a project of 1,000 runs: `python -m tests.bench.bench_report [--json PATH]`.

The report has 20 panels of all kinds over grouped and filtered runs. Its build is the difference of two builds of the
same store, with and without it, both from what an earlier build has read; its page is opened from disk in Chromium, and
everything that it loads until it is ready and scrolled to its end counts as a host would send it, without Vega.
"""

import gzip
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, Page, sync_playwright

from sitegen.build import build_site
from tests.bench import report
from tests.bench.opening import loaded, ready
from tests.bench.report import Measure
from tests.bench.sizes import large_store
from tests.browser.pages import CHROMIUM, FLAGS

TURNS = 5
METRICS = ("train/loss", "train/accuracy", "val/loss", "val/accuracy", "lr")
GROUPS = ("config.optimizer", "config.lr")
_SCROLL = """async () => {
    for (const figure of document.querySelectorAll("[data-grid]")) {
        figure.scrollIntoView();
        await new Promise((done) => setTimeout(done, 250));
    }
}"""
REPORTS = 200


def main() -> None:
    report.run("What a report costs", measure)


def text(metrics: Sequence[str]) -> str:
    """A report with twenty panels."""
    lines = [
        f"```panel\ntype: line\nmetrics: [{metric}]\nruns: {{group: {group}}}\ncaption: {metric} by {group}\n```\n"
        for group in GROUPS
        for metric in metrics
    ]
    lines += [f"```panel\ntype: line\nmetrics: [{metric}]\ncaption: {metric}, run by run\n```\n" for metric in metrics]
    lines += [
        f"```panel\ntype: {kind}\ncolumn: val/loss\nruns: {{group: config.optimizer}}\ncaption: A {kind}\n```\n"
        for kind in ("bar", "box", "histogram", "importance")
    ]
    lines.append("```panel\ntype: parallel\ncolumns: [config.lr, config.optimizer, val/loss]\ncaption: All runs\n```\n")
    value = "{{ runs.mean_std('val/loss') }}"
    return "---\ntitle: Twenty panels\nstatus: published\n---\n\nThe loss is " + value + ".\n\n" + "\n".join(lines)


def measure() -> list[Measure]:
    with sync_playwright() as playwright, large_store(1000, 1000, 5) as store:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        found = [*_measure(browser, store), *_many(store)]
        browser.close()
    return found


def _measure(browser: Browser, store: Path) -> list[Measure]:
    out = store.parent / "site"
    build_site(store, out)
    path = store / "bench" / "reports" / "twenty.md"
    path.parent.mkdir()
    builds = []
    for turn in range(TURNS):
        path.unlink(missing_ok=True)
        (store / "bench" / "project.yaml").write_text(f"title: turn {turn}\n")
        without = _timed(store, out)
        path.write_text(text(METRICS))
        (store / "bench" / "project.yaml").write_text(f"title: turn {turn} with a report\n")
        builds.append(_timed(store, out) - without)
    page = out / "bench" / "reports" / "twenty" / "index.html"
    seconds = median(ready(browser, page) for _ in range(TURNS))
    first, whole = _without_vega(loaded(browser, page)), _without_vega(loaded(browser, page, _scroll))
    return [
        Measure("20 panels × 1,000 runs: build beyond the project's", median(builds), "s", 1.5),
        Measure("report ready", seconds, "s", 1.5),
        Measure("loaded until ready, compressed", _size(first), "MB", 1.0, f"{len(first)} files"),
        Measure("loaded until its end, compressed", _size(whole), "MB", 1.0, _largest(whole)),
    ]


def _many(store: Path) -> list[Measure]:
    """Of 200 reports, one changed."""
    out = store.parent / "site"
    folder = store / "bench" / "reports"
    for number in range(REPORTS):
        (folder / f"report-{number}.md").write_text(text(METRICS[:1]))
    whole = _timed(store, out)
    changes = []
    for turn in range(TURNS):
        (folder / "report-7.md").write_text(text(METRICS[:1]) + f"\nTurn {turn}.\n")
        changes.append(_timed(store, out))
    return [
        Measure(f"{REPORTS} reports: the first build", whole, "s"),
        Measure(
            "one of them changed / all of them made", median(changes) / whole, "×", 0.5, f"{median(changes):.2f} s"
        ),
    ]


def _timed(store: Path, out: Path) -> float:
    begun = time.perf_counter()
    build_site(store, out)
    return time.perf_counter() - begun


def _scroll(page: Page) -> None:
    page.evaluate(_SCROLL)


def _without_vega(files: Sequence[Path]) -> list[Path]:
    return [path for path in files if not path.name.startswith("vega")]


def _size(files: Sequence[Path]) -> float:
    """MB as a host sends them."""
    return sum(map(_compressed, files)) / 1e6


def _compressed(path: Path) -> int:
    return len(gzip.compress(path.read_bytes(), 6))


def _largest(files: Sequence[Path]) -> str:
    largest = sorted(files, key=_compressed, reverse=True)[:4]
    return f"{len(files)} files; " + ", ".join(f"{path.name} {_compressed(path) / 1000:.0f} kB" for path in largest)


if __name__ == "__main__":
    main()
