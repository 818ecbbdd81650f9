"""What is on screen at an address becomes a report that compiles without a mistake, whatever the address holds."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstore.errors import UsageError
from runstore.format import yaml12
from sitegen.assets import templates_dir
from sitegen.demo_views import VIEWS
from sitegen.viewed import KEYS, SHOWN, Viewed, project_in, read_view, unknown_keys
from tests.sitegen.reports.compiling import Desk, write_store_of_reports

METRICS = ("acc", "loss", "other")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk.at(write_store_of_reports(tmp_path_factory.mktemp("viewed") / "experiments"))


def viewed(**view: Any) -> Viewed:
    layout = {"layout": json.dumps(view.pop("layout"))} if "layout" in view else {}
    fragment = "&".join(f"{key}={quote(str(value), safe='')}" for key, value in {**view, **layout}.items())
    return read_view(f"https://example.org/site/p/index.html#{fragment}", "p", METRICS)


def text_of(view: Viewed) -> str:
    runs = {"runs": {SHOWN: dict(view.runs)}} if view.runs else {}
    return f"---\n{yaml12.dump({'title': 'T', **runs})}---\n\n{view.blocks}"


def compiled(desk: Desk, view: Viewed) -> list[dict[str, Any]]:
    """The panels of the report that a view becomes, which has no mistakes."""
    report = desk.report(text_of(view))
    assert [str(problem) for problem in report.problems] == []
    return [{"kind": panel.kind, **panel.set} for drawn in report.grids for panel in drawn.grid.panels]


def test_a_plain_page_becomes_its_charts(desk: Desk) -> None:
    assert compiled(desk, viewed()) == [{"kind": "line", "metrics": [key]} for key in METRICS]


def test_what_is_chosen_for_all_charts_is_said_of_each(desk: Desk) -> None:
    view = viewed(agg="median", shade="minmax", smooth="0.6", smoother="ema", ylog="1", outliers="0", x="_runtime")
    chosen = {"agg": "median", "shade": "minmax", "smoother": "ema", "ylog": "yes", "smooth": 0.6, "x": "_runtime"}
    assert compiled(desk, view) == [{"kind": "line", "metrics": [key], **chosen} for key in METRICS]


def test_runs_that_are_shown_are_the_run_set(desk: Desk) -> None:
    view = viewed(
        filter="group = 'sgd'", group="config.optimizer,group", hide="sgd-1,g%3Aadam", sort="-summary.acc", only="1",
        select="sgd-0,sgd-1,it's",
    )  # fmt: skip
    assert dict(view.runs) == {
        "filter": "(group = 'sgd') AND (id NOT IN ('sgd-1')) AND (id IN ('sgd-0', 'sgd-1', 'it''s'))",
        "group": ["config.optimizer", "group"],
        "order": "-summary.acc",
    }
    report = desk.report(text_of(view))
    assert report.problems == []
    assert [run.id for run in report.grids[0].grid.sets[0].runs] == ["sgd-0"]


def test_panels_that_were_added_come_first_each_under_its_section(desk: Desk) -> None:
    layout = {
        "add": [
            {"id": "panel 1", "kind": "bar", "set": {"column": "summary.acc", "group": "config.lr,group", "title": ""}},
            {
                "id": "panel 2",
                "kind": "line",
                "set": {"metrics": ["acc"], "xlog": "yes", "x0": 1, "x1": None, "group": "-"},
            },
            {"id": "panel 3", "kind": "vega", "set": {"spec": '{"mark": "point"}'}},
            {"id": "panel 4", "kind": "nothing", "set": {}},
            {"id": "panel 5", "kind": "bar", "set": 3},
            "panel 6",
        ],
        "in": {"panel 2": "Mine"},
        "fold": ["Charts"],
        "hidden": ["loss"],
        "set": {"acc": {"ylog": "no", "y0": 0.5, "y1": 1}},
    }
    view = viewed(layout=layout)
    assert "## Added panels" in view.blocks
    assert "## Mine" in view.blocks
    found = compiled(desk, view)
    assert found[0] == {"kind": "bar", "column": "summary.acc", "group": "config.lr,group"}
    assert {"kind": "vega", "spec": '{"mark": "point"}'} in found
    assert {"kind": "line", "metrics": ["acc"], "xlog": "yes", "x0": 1, "x1": None, "group": "-"} in found
    assert ["loss"] not in [panel.get("metrics") for panel in found]


@pytest.mark.parametrize("name", [view.name for views in VIEWS.values() for view in views])
def test_the_views_of_the_demo_become_reports_that_parse(desk: Desk, name: str) -> None:
    (view,) = [each for views in VIEWS.values() for each in views if each.name == name]
    found = read_view(f"http://localhost/p/#{view.fragment}", "p", METRICS)
    # The store of this test has other columns than the demo; all else holds.
    for problem in desk.report(text_of(found)).problems:
        assert any(word in problem.message for word in ("found no column", "found no key of", "is empty"))


@pytest.mark.parametrize("address", ["http://[", "", "#a=b", "http://example.org", "https://"])
def test_an_address_without_a_project_is_one_mistake(address: str) -> None:
    with pytest.raises(UsageError) as caught:
        project_in(address)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "section",
    ["```", "a\n\n```panel\ntype: x\n```", "{{ 1/0 }}", "<script>", "# x {#fig-a}", "[[x]]", " ", "[^1]", "$x"],
)
def test_the_name_of_a_section_is_text(desk: Desk, section: str) -> None:
    layout = {"add": [{"id": "a", "kind": "bar", "set": {"column": "summary.acc"}}], "in": {"a": section}}
    report = desk.report(text_of(viewed(layout=layout)))
    assert report.problems == []
    assert len(report.grids) == 2
    assert "<script" not in report.html


@pytest.mark.parametrize("text", ["a\n```\nb", "```", "\n````\n~~~\n", "`", "\ud800", "---\n", "a: b\n\n\n- c"])
def test_the_text_of_a_panel_stays_in_its_block(desk: Desk, text: str) -> None:
    layout = {"add": [{"id": "a", "kind": "markdown", "set": {"text": text}}], "hidden": list(METRICS)}
    (panel,) = compiled(desk, viewed(layout=layout))
    assert panel["text"] == text.encode("utf-8", "replace").decode()


_ANY: Any = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=6) | st.sampled_from(["bar", "line", "acc", "yes"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
_PANEL = st.fixed_dictionaries(
    {"id": st.text(max_size=3), "kind": st.sampled_from(["bar", "line", "vega", "markdown", "x"]) | _ANY, "set": _ANY}
)
_LAYOUT = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("in", "fold", "without", "hidden", "set"), _ANY)
    | {"add": st.lists(_PANEL | _ANY, max_size=3)},
)


_CHOICES = ("filter", "group", "hide", "sort", "only", "select", "smooth", "agg", "x")


@given(st.dictionaries(st.sampled_from(_CHOICES), st.text(max_size=9)), _LAYOUT)
def test_any_address_becomes_a_file_that_reads(desk: Desk, view: dict[str, str], layout: Any) -> None:
    text = text_of(viewed(layout=layout, **view))
    report = desk.report(text)
    assert all("\n" not in problem.message for problem in report.problems)
    text.encode()


@pytest.mark.parametrize("layout", ["[" * 100_000, "{", "1", '"x"', "9" * 5000, "\x00", "nan"])
def test_a_layout_that_is_none_says_nothing(layout: str) -> None:
    assert viewed(agg="mean").panels == read_view(f"/p/#agg=mean&layout={quote(layout)}", "p", METRICS).panels


def test_this_store_is_not_written_to(desk: Desk) -> None:
    assert not list(Path(desk.root).rglob("*.md"))


def test_what_an_address_says_and_no_view_does_is_told() -> None:
    site = "file:///a/p/index.html"
    assert list(unknown_keys(f"{site}#group=config.lr&zzz=1&agg=")) == [
        "found 'zzz' in the address, which is nothing that a view says; copy the address from the page"
    ]
    (told,) = unknown_keys(f"{site}#smoth=0.5")
    assert told.endswith("did you mean 'smooth'?")
    for fragment in ("", "#", "#section-loss", "#filter=a%20%3D%201&layout=%7B%7D"):
        assert list(unknown_keys(site + fragment)) == []


def test_the_keys_of_an_address_are_those_that_pages_read() -> None:
    script = (templates_dir() / "assets" / "state.js").read_text(encoding="utf-8")
    defaults = re.search(r"const DEFAULTS = \{(.*?)\};", script)
    assert defaults is not None
    assert set(re.findall(r"(?:^|, ) ?(\w+):", defaults[1])) == set(KEYS)
