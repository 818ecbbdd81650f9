"""A chart of a person's own, in Vega-Lite or Vega: as typed into the form, compiled in the page, without `eval`."""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.chromium import Open
from tests.browser.pages import settle, violations

LOSS = "summary\\.train/loss"
POINTS = {"mark": "point", "encoding": {"x": {"field": "config\\.lr"}, "y": {"field": LOSS}}}


def quantities(spec: dict[str, Any]) -> dict[str, Any]:
    axes = {key: {**each, "type": "quantitative"} for key, each in spec["encoding"].items()}
    return {**spec, "encoding": axes}


def added(page: Page, spec: Any) -> Any:
    """Adds the chart by the form, and waits until it is drawn."""
    page.get_by_role("button", name="Add panel").click()
    page.get_by_role("menuitem", name="Custom chart").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Title").fill("Mine")
    if spec is not None:
        dialog.get_by_label("Specification").fill(spec if isinstance(spec, str) else json.dumps(spec))
    dialog.get_by_role("button", name="Add").click()
    settle(page)
    panel = page.locator(".panel", has=page.get_by_role("heading", name="Mine", exact=True))
    panel.locator(".kind-chart canvas, .kind-empty").first.wait_for()
    return panel


def loaded(page: Page) -> bool:
    found: bool = page.evaluate("[...document.scripts].some(({ src }) => src.includes('vega-lite.js'))")
    return found


def test_form_begins_with_a_chart_of_the_runs(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=")
    assert not loaded(page)
    panel = added(page, None)
    assert loaded(page)
    assert panel.locator(".kind-chart canvas").count() == 1
    assert panel.locator(".panel-about").inner_text() == "25 runs"
    assert violations(page, ("minor", "moderate", "serious", "critical")) == []


def test_page_loads_no_compiler_for_vega(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=")
    mark = {"type": "text", "from": {"data": "runs"}, "encode": {"update": {"text": {"field": "name"}}}}
    panel = added(page, {"data": [{"name": "runs"}], "marks": [mark]})
    assert panel.locator(".kind-chart canvas").count() == 1
    assert not loaded(page)


@pytest.mark.parametrize(
    "spec",
    [
        quantities(POINTS),
        {**quantities(POINTS), "data": {"name": "wandb"}},
        {"layer": [quantities(POINTS), {**quantities(POINTS), "mark": "line"}]},
        {"hconcat": [quantities(POINTS), {"mark": "bar", "encoding": {"x": {"aggregate": "count"}}}]},
        {"facet": {"column": {"field": "config\\.optimizer"}}, "spec": quantities(POINTS)},
        {"repeat": ["runtime", LOSS], "spec": {"mark": "bar", "encoding": {"x": {"field": {"repeat": "repeat"}}}}},
        {
            **quantities(POINTS),
            "transform": [{"calculate": "log(datum.runtime) + 1", "as": "k"}, {"filter": "datum.k > 0"}],
        },
        {**quantities(POINTS), "params": [{"name": "near", "select": "interval"}]},
        {"data": {"values": [{"a": 1}, {"a": 2}]}, "mark": "bar", "encoding": {"x": {"field": "a", "bin": True}}},
        {"mark": "tick", "encoding": {"x": {"field": "created", "type": "temporal", "timeUnit": "yearmonthdate"}}},
    ],
)
def test_vega_lite_is_drawn_in_the_page(lab: Path, open_page: Open, spec: dict[str, Any]) -> None:
    panel = added(open_page(lab / "lab" / "index.html", "group="), spec)
    assert panel.locator(".kind-chart canvas").count() == 1, panel.inner_text()


def test_chart_is_as_wide_as_its_panel_and_dark_on_a_dark_page(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=", dark=True)
    panel = added(page, quantities(POINTS))
    host = panel.locator(".panel-host")
    assert host.evaluate("host => host.scrollWidth <= host.clientWidth")
    seen = panel.locator("canvas").evaluate(
        """canvas => {
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            let [clear, black] = [0, 0];
            for (let at = 0; at < data.length; at += 4) {
                clear += data[at + 3] === 0;
                black += data[at + 3] > 200 && data[at] + data[at + 1] + data[at + 2] < 60;
            }
            return [clear / (data.length / 4), black];
        }"""
    )
    assert seen[0] > 0.5
    assert seen[1] == 0


def test_chart_follows_the_runs_that_are_shown(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=")
    panel = added(page, quantities(POINTS))
    page.get_by_label("Search runs by regular expression").fill("adam")
    page.wait_for_function("() => document.querySelector('[data-status]').textContent.includes(' of ')")
    settle(page)
    about = panel.locator(".panel-about").inner_text()
    assert about != "25 runs"
    assert about.endswith(" runs")


def test_titles_are_the_names_of_the_fields(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=")
    added(page, quantities(POINTS)).get_by_role("button", name="Panel menu").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Download SVG").click()
    svg = download.value.path().read_text()
    assert ">config.lr<" in svg
    assert ">summary.train/loss<" in svg


def test_what_vega_lite_warns_of_stands_below_the_chart(lab: Path, open_page: Open) -> None:
    spec = {
        "mark": "bar",
        "encoding": {"x": {"field": "runtime", "type": "quantitative"}, "nothing": {"field": "name"}},
    }
    panel = added(open_page(lab / "lab" / "index.html", "group="), spec)
    assert "Vega-Lite says" in panel.locator(".panel-note").inner_text()


def test_image_of_another_host_is_not_fetched(lab: Path, open_page: Open) -> None:
    where = [{"at": 1, "from": "https://example.org/a.png"}]
    encoding = {"x": {"field": "at", "type": "quantitative"}, "url": {"field": "from"}}
    # Whatever leaves the page's origin fails the test.
    panel = added(
        open_page(lab / "lab" / "index.html"), {"data": {"values": where}, "mark": "image", "encoding": encoding}
    )
    assert panel.locator(".kind-chart canvas, .kind-empty").count() == 1


@pytest.mark.parametrize(
    "spec", ['{"mark": "bar", "data": {"url": "d.csv"}}', '{"mark": "nothing"}', "{", '{"mark": {"type": 3}}']
)
def test_spec_that_cannot_be_drawn_says_so_in_one_line(lab: Path, open_page: Open, spec: str) -> None:
    panel = added(open_page(lab / "lab" / "index.html"), spec)
    said = panel.locator(".kind-empty").inner_text()
    assert 15 < len(said) < 350
    assert "\n" not in said
