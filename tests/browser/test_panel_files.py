"""What is taken away from the panels over runs: each file that a menu offers is there, whole, and of its kind."""

import csv
import io
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import altair as alt
import pytest
import vl_convert
from playwright.sync_api import Page

from tests.browser.chromium import Open
from tests.browser.logged_store import write_logged
from tests.sites import build

PICTURES = ("bar", "scatter", "histogram", "box", "parallel", "importance", "scalar", "vega")
TABLES = ("comparer",)
VERSION = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of a project that logged media and tables."""
    folder = tmp_path_factory.mktemp("seen")
    return build(write_logged(folder / "experiments"), folder / "site")


def opened(site: Path, open_page: Open, kind: str, group: str = "", **settings: Any) -> Page:
    layout: dict[str, Any] = {"add": [{"id": "panel 1", "kind": kind, "set": {"title": "Mine", **settings}}]}
    page = open_page(
        site / ("seen" if (site / "seen").is_dir() else "lab") / "index.html",
        f"group={group}&layout={quote(json.dumps(layout))}",
    )
    drawn(page)
    page.get_by_role("button", name="Panel menu of Mine").click()
    return page


def drawn(page: Page) -> None:
    page.wait_for_function(
        """() => {
            const panel = runstore.workspace.panels.panels.find((each) => each.metric.key === "panel 1");
            return panel && !panel.stale && panel.drawing.then(() => true);
        }"""
    )


def taken(page: Page, label: str) -> bytes:
    with page.expect_download() as download:
        page.get_by_role("menuitem", name=label, exact=True).click()
    return download.value.path().read_bytes()


@pytest.mark.parametrize("kind", PICTURES)
def test_charts_are_taken_as_png_and_svg(lab: Path, open_page: Open, kind: str) -> None:
    page = opened(lab, open_page, kind)
    assert taken(page, "Download PNG").startswith(b"\x89PNG")
    page.get_by_role("button", name="Panel menu of Mine").click()
    svg = taken(page, "Download SVG").decode()
    assert svg.startswith("<svg")
    assert "NaN" not in svg


def spec_of(page: Page, label: str = "Download Vega-Lite spec") -> dict[str, Any]:
    spec: dict[str, Any] = json.loads(taken(page, label))
    return spec


def words(spec: dict[str, Any]) -> str:
    """Vega's drawing of a Vega-Lite spec that was taken away, with nothing but what is in it."""
    return str(vl_convert.vegalite_to_svg(spec, vl_version=VERSION, allowed_base_urls=[]))


@pytest.mark.parametrize("group", ["", "config.optimizer"])
@pytest.mark.parametrize("kind", PICTURES)
def test_vega_lite_spec_draws_the_panel_by_itself(lab: Path, open_page: Open, kind: str, group: str) -> None:
    spec = spec_of(opened(lab, open_page, kind, group))
    assert "vega-lite" in spec["$schema"]
    assert any(spec["datasets"].values())
    svg = words(spec)
    assert svg.count("<path") + svg.count("<text") >= 8
    assert "NaN" not in svg
    if kind != "vega":
        assert "Mine" in svg


def test_spec_of_groups_has_their_names_in_a_legend(lab: Path, open_page: Open) -> None:
    svg = words(spec_of(opened(lab, open_page, "histogram", "config.optimizer")))
    assert [name for name in ("adam", "lion", "sgd") if f">{name}<" in svg] == ["adam", "lion", "sgd"]


def test_picture_of_groups_has_title_and_legend(lab: Path, open_page: Open) -> None:
    svg = taken(opened(lab, open_page, "scatter", "config.optimizer"), "Download SVG").decode()
    for text in ("Mine", "adam", "lion", "sgd"):
        assert f">{text}<" in svg


def test_bars_have_their_numbers_at_their_ends(lab: Path, open_page: Open) -> None:

    svg = taken(opened(lab, open_page, "bar", "config.optimizer", column="config.fold"), "Download SVG").decode()
    assert svg.count(">1.5<") >= 3


def test_counts_stand_at_whole_ticks(lab: Path, open_page: Open) -> None:
    for bins in ("", "80"):
        page = opened(lab, open_page, "histogram", bins=bins)
        svg = taken(page, "Download SVG").decode()
        [upright] = re.findall(r"Y-axis.*?role-axis-title", svg)
        ticks = re.findall(r">([^<>]+)</text>", upright)
        assert len(ticks) > 1
        assert all(tick.isdigit() for tick in ticks), ticks


def test_vega_spec_holds_its_data(lab: Path, open_page: Open) -> None:
    text = {"type": "text", "from": {"data": "runs"}, "encode": {"update": {"text": {"field": "name"}}}}
    page = opened(lab, open_page, "vega", spec=json.dumps({"data": [{"name": "runs"}], "marks": [text]}))
    spec = spec_of(page, "Download Vega spec")
    assert "adam fast 0" in vl_convert.vega_to_svg(spec, allowed_base_urls=[])


@pytest.mark.parametrize("kind", ["importance", "scalar", "bar", "vega", "parallel"])
def test_panel_that_shows_nothing_offers_no_picture(lab: Path, open_page: Open, kind: str) -> None:
    page = opened(lab, open_page, kind, column="summary.gone", columns=["gone"], spec="{")
    found = page.get_by_role("menuitem").all_inner_texts()
    assert not [label for label in found if label.startswith(("Download PNG", "Download SVG", "Download Vega"))]


@pytest.mark.parametrize("kind", [*PICTURES, *TABLES, "media", "table", "markdown"])
def test_every_file_that_a_menu_offers_is_had(logged: Path, open_page: Open, kind: str) -> None:
    page = opened(logged, open_page, kind)
    offered = [label for label in page.get_by_role("menuitem").all_inner_texts() if label.startswith("Download")]
    assert bool(offered) == (kind != "markdown")
    page.keyboard.press("Escape")
    for label in offered:
        page.get_by_role("button", name="Panel menu of Mine").click()
        assert len(taken(page, label)) > 2


@pytest.mark.parametrize("kind", [*PICTURES, *TABLES])
def test_table_of_a_panel_is_its_csv(lab: Path, open_page: Open, kind: str) -> None:
    rows = list(csv.reader(io.StringIO(taken(opened(lab, open_page, kind), "Download CSV").decode("utf-8-sig"))))
    assert len(rows) > 1
    assert {len(row) for row in rows} == {len(rows[0])}
