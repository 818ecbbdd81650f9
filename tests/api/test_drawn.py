"""Runs of the Api in a notebook: charts by Altair, tables by Polars, and nothing that a run's content could do."""

import math
from pathlib import Path

import altair
import pytest

import runstore
from runstore import inline
from runstore.errors import BadValueError

QUIET = {"silent": True, "console": "off", "disable_git": True, "disable_stats": True}
EVIL = "<script>alert(1)</script>\"'&"


@pytest.fixture
def api(tmp_path: Path) -> runstore.Api:
    for name in ("first", "second", "second"):
        with runstore.init(project="p", name=name, dir=tmp_path, config={"lr": 0.1}, settings=QUIET) as run:
            for step in range(5):
                run.log({"loss": 1 / (step + 1), "text": "x"})
            run.log({"once": 3})
    return runstore.Api(tmp_path)


def test_a_run_shows_its_charts_summary_and_config(api: runstore.Api) -> None:
    shown = api.runs("p")[0]._repr_html_()
    assert shown.count("<svg") == 2
    assert "<figcaption>loss: 0.2</figcaption>" in shown
    for text in ("first", "finished", "Summary", "Config", "lr"):
        assert text in shown
    assert "http" not in shown.replace("http://www.w3.org", "")
    assert "<details>" in api.runs("p")[0].to_html(height=99, hidden=True)
    assert "max-height:99px" in api.runs("p")[0].to_html(height=99)


def test_runs_show_a_line_each_and_a_frame_of_polars(api: runstore.Api) -> None:
    runs = api.runs("p", {"config.lr": 0.1})
    shown = runs._repr_html_()
    assert "<b>p</b>: 3 runs" in shown
    assert shown.count("<svg") == 2
    for run in runs:
        assert (f"{run.name} ({run.id})" if run.name == "second" else "first") in shown
    assert runs.frame()._repr_html_() in shown
    assert "0 runs" in api.runs("p", {"config.lr": 7})._repr_html_()


def test_charts_are_altairs_own(api: runstore.Api) -> None:
    chart = api.runs("p").chart("loss", "once")
    assert isinstance(chart, altair.VConcatChart)
    spec = chart.to_dict()
    assert spec["vconcat"][0]["title"] == "loss"
    rows = spec["datasets"][spec["vconcat"][0]["data"]["name"]]
    assert len(rows) == 15
    assert len({row["run"] for row in rows}) == 3
    assert [row["y"] for row in rows if row["run"] == "first"] == [1 / (step + 1) for step in range(5)]
    [lower] = api.run("p/" + api.runs("p")[0].id).chart("once").to_dict()["vconcat"]
    assert lower["mark"]["type"] == "point"


def test_a_key_that_cannot_be_drawn_is_said(api: runstore.Api) -> None:
    for keys, said in (((), "name at least one key"), (("text",), "'text' has no numbers"), (("no",), "'no' has no")):
        with pytest.raises(BadValueError, match=said):
            api.runs("p").chart(*keys)


def test_projects_sweeps_and_stores_show_what_is_in_them(api: runstore.Api) -> None:
    shown = api._repr_html_()
    assert "3" in shown
    assert "&quot;p&quot;" in shown
    shown = api.project("p")._repr_html_()
    assert "<b>p</b>: 3 runs" in shown
    assert shown.count("<svg") == 2
    assert "running" in runstore.Api(api.store)._repr_html_()


def test_a_sweep_shows_its_runs(tmp_path: Path) -> None:
    with runstore.init(project="p", dir=tmp_path, settings={**QUIET, "sweep_id": "s"}) as run:
        run.log({"loss": 1})
    shown = runstore.Api(tmp_path).sweep("p/s")._repr_html_()
    assert "1 run<" in shown
    assert "<svg" in shown


def test_an_empty_store_is_shown_too(root: Path) -> None:
    assert str(root) in runstore.Api(root)._repr_html_()


def test_what_was_logged_cannot_become_markup(tmp_path: Path) -> None:
    for _ in range(2):  # With two of a name there is a legend.
        with runstore.init(project="p", name=EVIL, dir=tmp_path, config={EVIL: EVIL}, settings=QUIET) as run:
            run.log({EVIL: 1})
            run.log({EVIL: 2})
    api = runstore.Api(tmp_path)
    for shown in (api.runs("p")[0].to_html(), api.runs("p").to_html()):
        assert "<script" not in shown
        assert "&lt;script&gt;" in shown


def test_the_lowest_and_highest_of_many_points_are_drawn() -> None:
    points = [(float(at), math.sin(at)) for at in range(10_000)]
    points[1234], points[8765] = (1234.0, 50.0), (8765.0, -50.0)
    kept = inline.thinned(points)
    assert len(kept) <= 300
    assert {(1234.0, 50.0), (8765.0, -50.0)} <= set(kept)
    assert kept == sorted(kept)
