"""What `define_metric` said, on the pages: each chart's own x axis, hidden metrics, and goals in the table."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.chromium import Open
from tests.browser.pages import curves, set_view
from tests.sites import build
from tests.stores import START, write_file, write_run, write_store

DEFINED = [
    {"name": "epoch", "hidden": True},
    {"name": "val/*", "step_metric": "epoch", "step_sync": False, "goal": "maximize"},
    {"name": "loss", "goal": "minimize", "summary": ["min"]},
]

PANEL = "```panel\ntype: line\nmetrics: {}\nx: epoch\n```\n"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs: four rows of `loss` an epoch, the epoch in a row of its own, then a row of `val/acc`."""
    folder = tmp_path_factory.mktemp("defined")
    store = write_store(folder / "experiments")
    for number in (1, 2):
        write_run(
            store,
            "p",
            f"r{number}",
            history=_rows(number),
            meta={"name": f"r{number}"},
            files={"metrics.yaml": DEFINED, "summary.json": {"loss": {"min": number}, "val/acc": 1, "epoch": 2}},
        )
    write_file(store / "p/reports/a.md", f"---\ntitle: A\n---\n{PANEL.format('loss')}\n{PANEL.format('epoch')}")
    return build(store, folder / "site")


def _rows(number: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for epoch in range(3):
        found += [{"loss": number / (len(found) + 1)} for _ in range(4)]
        found += [{"epoch": epoch * 10}, {"val/acc": epoch / 10}]
    return [{**row, "_step": step, "_runtime": step / 2, "_timestamp": START + step} for step, row in enumerate(found)]


def axis_title(page: Page, metric: str, pages: str) -> str:
    find = f"runstore.{pages}.panels.find((each) => each.metric.key === key)"
    return str(page.evaluate(f"key => {find}.chart.axisTitle.textContent", metric))


def test_a_chart_begins_with_the_axis_that_was_defined_and_a_person_may_choose_another(
    site: Path, open_page: Open
) -> None:
    page = open_page(site / "p" / "index.html", "group=")
    assert curves(page, "val/acc")["r1"].xs.tolist() == [0, 10, 20]
    assert axis_title(page, "val/acc", "workspace.panels") == "epoch"
    assert curves(page, "loss")["r1"].xs.tolist() == [0, 1, 2, 3, 6, 7, 8, 9, 12, 13, 14, 15]
    assert axis_title(page, "loss", "workspace.panels") == "Step"
    assert page.get_by_label("X axis").input_value() == "defined"
    set_view(page, x="_step")
    assert curves(page, "val/acc")["r1"].xs.tolist() == [5, 11, 17]
    assert "x=_step" in page.url
    chosen = open_page(site / "p" / "index.html", "group=&x=_runtime")
    assert curves(chosen, "val/acc")["r1"].xs.tolist() == [2.5, 5.5, 8.5]


def test_the_page_of_a_run_has_the_same_axes(site: Path, open_page: Open) -> None:
    page = open_page(site / "p" / "runs" / "r1" / "index.html")
    found = page.evaluate(
        "() => runstore.panels.panels.map(({ metric, chart }) => [metric.key, chart && chart.axisTitle.textContent])"
    )
    assert sorted(found) == [["loss", "Step"], ["val/acc", "epoch"]]


def test_a_hidden_metric_is_an_axis_in_reports_and_drawn_where_it_is_named(site: Path, open_page: Open) -> None:
    page = open_page(site / "p" / "reports" / "a" / "index.html")
    titles = "() => runstore.report.grids().map(({ panels }) => panels.panels[0].chart?.axisTitle.textContent)"
    page.wait_for_function(f"({titles})().every(Boolean)")
    assert page.evaluate(titles) == ["epoch", "epoch"]
    assert "was logged here" not in page.locator("main").inner_text()


def test_a_hidden_metric_has_no_chart_and_goals_stand_in_the_table(site: Path, open_page: Open) -> None:
    page = open_page(site / "p" / "index.html", "group=")
    keys = page.evaluate("() => runstore.workspace.panels.panels.map(({ metric }) => metric.key)")
    assert sorted(keys) == ["loss", "val/acc"]
    headers = page.locator("button.sort").all_text_contents()
    assert "loss.min ↓" in headers
    assert "val/acc ↑" in headers
    assert page.locator("button.sort", has_text="val/acc").first.get_attribute("title") == (
        "Sort by val/acc: higher is better. With Shift: also by it"
    )


def test_without_definitions_nothing_is_offered(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html")
    axes = page.locator("[data-view=x] > option").all_text_contents()
    assert axes == ["Step", "Relative time", "Wall time"]
