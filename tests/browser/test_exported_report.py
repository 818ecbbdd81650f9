"""A report as one HTML file: live from disk, without the site, and printed."""

import json
import shutil
from pathlib import Path

import pytest

from sitegen.exports.pdf import find_browser, printed
from sitegen.exports.saving import export_report
from tests.browser.chromium import Open
from tests.sitegen.reports.compiling import write_store_of_reports
from tests.stores import write_file

PANELS = [
    {"type": "line", "metrics": ["acc"]},
    {"type": "bar", "column": "acc"},
    {"type": "media", "key": "samples"},
    {"type": "table", "key": "predictions"},
    {"type": "vega", "spec": {"mark": "bar", "encoding": {"x": {"field": "name"}, "y": {"field": "summary\\.acc"}}}},
    {"type": "parallel", "columns": ["config.optimizer", "acc"]},
]
OTHER = {"panels": [{"type": "scalar", "column": "acc"}], "runs": {"project": "q"}}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    store = write_store_of_reports(folder / "experiments")
    text = f"---\ntitle: All\n---\n\n```panels\n{json.dumps({'panels': PANELS})}\n```\n"
    write_file(store / "p" / "reports" / "all.md", f"{text}\n```panels\n{json.dumps(OTHER)}\n```\n")
    target = folder / "elsewhere" / "a report.html"
    export_report(store, "all", target)
    shutil.rmtree(store)
    return target


def test_its_panels_are_live_and_it_asks_for_nothing(exported: Path, open_page: Open) -> None:
    asked: list[str] = []
    page = open_page(exported)
    page.on("request", lambda request: asked.append(request.url))
    shown = page.evaluate(
        """async () => {
          for (const root of document.querySelectorAll("[data-grid]")) root.scrollIntoView();
          while (runstore.report.grids().length < 2 || !runstore.report.grids().every(({ panels }) => panels)) {
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
          for (const { panels } of runstore.report.grids()) await panels.drawAll();
          return [...document.querySelectorAll(".kind-empty, .plot-empty, [data-failure]")]
            .filter((each) => !each.hidden && each.offsetHeight).map(({ textContent }) => textContent);
        }"""
    )
    assert shown == []
    assert page.locator("[data-grid='0'] canvas, [data-grid='0'] svg").count() >= 3
    assert (
        page.locator("[data-grid='0'] img").first.evaluate("(image) => image.decode().then(() => image.naturalWidth)")
        == 4
    )
    assert page.get_by_text("cat").count() > 0
    assert [url for url in asked if not url.startswith(("blob:", "data:"))] == []


def test_it_prints_as_pdf(exported: Path) -> None:
    content = printed(exported.read_bytes(), find_browser())
    assert content.startswith(b"%PDF")
    assert len(content) > 10_000
