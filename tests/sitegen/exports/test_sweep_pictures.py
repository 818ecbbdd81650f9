"""The panels of a sweep as pictures: their numbers are those of its records, and reports that are papers have them."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstore.format.sweep_layout import SweepLayout
from runstore.format.sweep_records import Outcome
from sitegen.drawings.drawing import Drawing, UndrawableError
from sitegen.drawings.panels import drawings, file_of
from sitegen.drawings.parameters import parameter_axis
from sitegen.exports.opening import opened
from sitegen.exports.saving import export_report
from tests.stores import write_file, write_store
from tests.sweep_stores import EPOCHS, SWEEP_YAML, Point, write_record, write_sweep

ID = "k3v9x2ab"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Point]]:
    root = write_store(tmp_path_factory.mktemp("swept") / "experiments")
    return root, write_sweep(root)


@pytest.fixture
def store(made: tuple[Path, list[Point]]) -> Path:
    return made[0]


@pytest.fixture
def points(made: tuple[Path, list[Point]]) -> list[Point]:
    return made[1]


def drawn(store: Path, *panels: Mapping[str, Any], **block: Any) -> list[Drawing | UndrawableError]:
    told = {"sweep": ID, "panels": panels, **block}
    write_file(store / "tune" / "reports" / "one.md", f"---\ntitle: One\n---\n\n```panels\n{json.dumps(told)}\n```\n")
    with opened(store, "tune/one") as found:
        assert not found.report.report.problems
        return drawings(found.report.report.grids[0], found.report.subjects["tune"])


def one(store: Path, panel: Mapping[str, Any], **block: Any) -> Drawing:
    [found] = drawn(store, panel, **block)
    assert isinstance(found, Drawing), found
    return found


def rows(found: Drawing, name: str) -> list[dict[str, Any]]:
    own: list[dict[str, Any]] = found.spec["datasets"][name]
    return own


def columns(found: Drawing) -> dict[str, list[Any]]:
    table = found.table
    return {name: [row[at] for row in table.rows] for at, name in enumerate(table.columns)}


def value(point: Point) -> float | None:
    return None if point.state == "failed" else min(point.losses)


def is_comparable(point: Point) -> bool:
    return point.state in ("finished", "stopped")


# Progress


def test_progress_has_each_trials_value_and_the_best_so_far(store: Path, points: list[Point]) -> None:
    found = one(store, {"type": "progress"})
    best, expected = math.inf, []
    for point in points:
        if is_comparable(point):
            best = min(best, min(point.losses))
        expected.append(best)
    told = columns(found)
    assert told["Trial"] == [point.number for point in points]
    assert told["val/loss"] == [value(point) for point in points]
    assert told["Best so far"] == expected
    there = {row["at"]: row["y"] for row in rows(found, "points")}
    assert there == {point.number: value(point) for point in points if value(point) is not None}
    assert [row["at"] for row in rows(found, "lost")] == [point.number for point in points if value(point) is None]
    assert [row["y"] for row in rows(found, "best")][-1] == min(expected)
    assert rows(found, "best")[-1]["x"] == points[-1].number


def test_a_trial_that_is_under_way_is_no_best(store: Path, points: list[Point]) -> None:
    open_ = {row["at"] for row in rows(one(store, {"type": "progress"}), "points") if row["fill"] == "transparent"}
    assert open_ == {point.number for point in points if not is_comparable(point) and value(point) is not None}


def test_progress_by_time_stands_at_the_moments_at_which_trials_began(store: Path, points: list[Point]) -> None:
    found = one(store, {"type": "progress", "x": "time"})
    xs = sorted(row["x"] for row in rows(found, "points"))
    # Attempts of a trial begin a second after each other.
    begun = sorted(60.0 * point.number + point.attempts - 1 for point in points if value(point) is not None)
    assert [x - xs[0] for x in xs] == [1000 * (each - begun[0]) for each in begun]


@pytest.mark.parametrize("is_log", [True, False])
def test_the_axis_of_values_is_as_the_panel_says(store: Path, is_log: bool) -> None:
    found = one(store, {"type": "progress", "ylog": is_log})
    scales = [layer["encoding"].get("y", {}).get("scale", {}).get("type") for layer in found.spec["layer"]]
    assert {scale for scale in scales if scale} == {"log" if is_log else "linear"}


def test_groups_colour_the_trials_of_the_runs_that_are_shown(store: Path, points: list[Point]) -> None:
    runs = {"filter": "config.layers > 3", "group": "config.optimizer"}
    found = one(store, {"type": "progress"}, runs=runs)
    shown = [point for point in points if point.params["layers"] > 3]
    assert columns(found)["Trial"] == [point.number for point in shown]
    colours: dict[str, set[str]] = {}
    for row in rows(found, "points"):
        colours.setdefault(points[row["at"]].params["optimizer"], set()).add(row["colour"])
    assert all(len(own) == 1 for own in colours.values())
    assert len(set.union(*colours.values())) == len(colours) == 3


def test_a_target_is_a_line(tmp_path: Path) -> None:
    root = write_store(tmp_path / "experiments")
    write_sweep(root, count=5, text=SWEEP_YAML.replace("goal: minimize", "goal: minimize\n  target: 0.05"))
    assert rows(one(root, {"type": "progress"}), "target") == [{"y": 0.05}]


# Timeline


def test_a_timeline_has_a_bar_for_each_trial_as_long_as_it_logged(store: Path, points: list[Point]) -> None:
    found = one(store, {"type": "timeline"})
    bars = {row["at"]: (row["from"], row["to"]) for row in rows(found, "bars")}
    assert bars == {point.number: (0, len(point.losses)) for point in points}
    assert [row["x"] for row in rows(found, "bands")] == [3, 9, EPOCHS]
    stopped = {point.number: len(point.losses) for point in points if point.verdict}
    assert {row["at"]: row["x"] for row in rows(found, "stops")} == stopped
    told = columns(found)
    assert told["State"][5] == "failed"
    assert told["Threshold"] == [point.verdict[2] if point.verdict else None for point in points]


def test_a_timeline_by_the_clock_has_a_bar_for_each_attempt(store: Path, points: list[Point]) -> None:
    found = one(store, {"type": "timeline", "x": "time"})
    counted: dict[int, int] = {}
    for row in rows(found, "bars"):
        assert row["from"] <= row["to"]
        counted[row["at"]] = counted.get(row["at"], 0) + 1
    assert counted == {point.number: point.attempts for point in points}
    finished = next(row for row in rows(found, "bars") if row["at"] == 0)
    assert finished["to"] - finished["from"] == 1000 * 10 * len(points[0].losses)


def test_states_have_their_colours_and_a_key(store: Path) -> None:
    found = one(store, {"type": "timeline"})
    [key] = [layer for layer in found.spec["layer"] if layer["mark"].get("opacity") == 0]
    scale = key["encoding"]["fill"]["scale"]
    colours = dict(zip(scale["domain"], scale["range"], strict=True))
    assert set(colours) >= {"finished", "stopped", "failed", "crashed", "verdict"}
    assert {row["colour"] for row in rows(found, "bars")} <= set(colours.values())


# Two parameters


def test_a_contour_has_the_surrogates_mean_in_every_cell_and_the_trials_on_it(store: Path, points: list[Point]) -> None:
    found = one(store, {"type": "contour", "x": "lr", "y": "dropout"})
    cells = rows(found, "cells")
    assert len(cells) == 64 * 64
    values = [min(point.losses) for point in points if is_comparable(point)]
    # Where trials were good the mean is lower than where they were not.
    low, high = min(cells, key=lambda cell: cell["value"]), max(cells, key=lambda cell: cell["value"])
    assert min(values) * 0.5 < low["value"] < high["value"] < max(values) * 2
    best = min((point for point in points if is_comparable(point)), key=lambda point: min(point.losses))
    last = rows(found, "points")[-1]
    assert last["at"] == best.number
    assert last["x"] == pytest.approx((math.log10(best.params["lr"]) + 5) / 4)
    assert last["y"] == pytest.approx(best.params["dropout"] / 0.5)
    assert len(rows(found, "points")) == len(points)
    assert columns(found)["dropout"] == [point.params["dropout"] for point in points]
    assert rows(found, "lines")


def test_choices_and_whole_numbers_have_a_cell_each(store: Path) -> None:
    found = one(store, {"type": "contour", "x": "layers", "y": "optimizer"})
    assert len(rows(found, "cells")) == 8 * 3
    signals = {each["name"]: each.get("value") for each in found.spec["params"]}
    assert signals["ylabels"] == ["adam", "sgd", "lion"]
    assert not rows(found, "lines")


def test_the_other_parameters_are_those_of_the_best_trial_or_averaged(store: Path) -> None:
    best, mean = drawn(
        store, *({"type": "contour", "x": "lr", "y": "dropout", "others": own} for own in ("best", "mean"))
    )
    assert isinstance(best, Drawing)
    assert isinstance(mean, Drawing)
    values = [min(cell["value"] for cell in rows(each, "cells")) for each in (best, mean)]
    assert values[0] < values[1]


def test_a_contour_that_names_no_parameters_shows_those_that_matter_most(store: Path) -> None:
    signals = {each["name"]: each.get("value") for each in one(store, {"type": "contour"}).spec["params"]}
    assert {signals["xtitle"], signals["ytitle"]} == {"lr", "optimizer"}


@pytest.mark.parametrize("count", [1, 3])
def test_too_few_trials_for_a_surrogate_stand_alone(tmp_path: Path, count: int) -> None:
    root = write_store(tmp_path / "experiments")
    write_sweep(root, count=count)
    found = one(root, {"type": "contour"})
    assert not rows(found, "cells")
    assert len(rows(found, "points")) == count


# What has no picture


def test_a_sweep_without_a_value_or_a_second_parameter_has_no_picture_and_a_line_says_why(tmp_path: Path) -> None:
    root = write_store(tmp_path / "experiments")
    text = "method: random\nmetric: {name: val/loss}\nparameters: {lr: {min: 0.0, max: 1.0}}\n"
    [point] = write_sweep(root, count=1, text=text)
    SweepLayout(root / "tune" / "sweeps" / ID).done(point.number).unlink()
    progress, contour = drawn(root, {"type": "progress"}, {"type": "contour"})
    assert str(progress) == "none of the trials that are shown has a value for val/loss"
    assert str(contour) == "needs a sweep with at least two parameters that vary"


@pytest.mark.parametrize(
    ("panel", "said"),
    [
        ({"type": "progress", "x": "epoch"}, "x: found 'epoch', expected one of number, time"),
        ({"type": "timeline", "x": "steps"}, "x: found 'steps', expected one of count, time"),
        ({"type": "contour", "others": "worst"}, "others: found 'worst', expected one of best, mean"),
        ({"type": "contour", "x": "momentum"}, "x: found no parameter 'momentum'; there are: "),
        ({"type": "progress", "ylog": "loud"}, "ylog: found 'loud', expected true or false"),
    ],
)
def test_bad_settings_are_one_line(store: Path, panel: Mapping[str, Any], said: str) -> None:
    text = f"---\ntitle: Bad\n---\n\n```panels\n{json.dumps({'sweep': ID, 'panels': [panel]})}\n```\n"
    write_file(store / "tune" / "reports" / "one.md", text)
    with opened(store, "tune/one") as found:
        [problem] = map(str, found.report.report.problems)
    assert said in problem
    assert "\n" not in problem


# Files


@pytest.mark.parametrize(("ending", "kind"), [("tex", "pdf"), ("md", "svg")])
def test_a_report_with_panels_of_a_sweep_has_their_files(store: Path, tmp_path: Path, ending: str, kind: str) -> None:
    panels = [{"type": name} for name in ("progress", "timeline", "contour")]
    told = {"sweep": ID, "columns": 2, "id": "fig-search", "caption": "The search", "panels": panels}
    write_file(store / "tune" / "reports" / "one.md", f"---\ntitle: One\n---\n\n```panels\n{json.dumps(told)}\n```\n")
    saved = export_report(store, "tune/one", tmp_path / f"paper.{ending}")
    assert not saved.problems
    names = sorted(path.name for path in saved.paths[1:])
    assert names == [f"fig-search-{at}.{kind}" for at in (1, 2, 3)]
    for name in names:
        assert name in (tmp_path / f"paper.{ending}").read_text()


def test_pictures_are_the_same_bytes_each_time(store: Path) -> None:
    panels = [{"type": name} for name in ("progress", "timeline", "contour")]
    files = [[file_of(each, "svg") for each in drawn(store, *panels) if isinstance(each, Drawing)] for _ in range(2)]
    assert files[0] == files[1]
    assert len(files[0]) == 3


# Numbers at the edges


@given(
    low=st.floats(allow_nan=False, allow_infinity=False),
    high=st.floats(allow_nan=False, allow_infinity=False),
    scale=st.sampled_from(["linear", "log"]),
    is_whole=st.booleans(),
)
def test_any_range_of_a_parameter_is_an_axis(low: float, high: float, scale: str, is_whole: bool) -> None:
    low, high = sorted((low, high))
    told = {"name": "p", "column": "config.p", "low": low, "high": high, "integer": is_whole, "choices": []}
    axis = parameter_axis({**told, "scale": scale if low > 0 else "linear"})
    assert len(axis.ticks) <= 8
    assert all(label for _, label in axis.ticks)
    assert axis.share("text") is axis.share(None) is axis.share(math.nan) is None
    assert all(0 <= cell.start < cell.end <= 1 + 1e-9 for cell in axis.cells)


@given(st.lists(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5), max_size=30))
def test_any_choices_of_a_parameter_are_an_axis(choices: list[Any]) -> None:
    axis = parameter_axis({"name": "p", "column": "config.p", "scale": "choice", "choices": choices})
    assert len(axis.cells) == len(choices)
    places = axis.places([*choices, "another one", None])
    assert places.size == len(choices) + 2
    for value in choices:
        share = axis.share(value)
        assert share is not None
        assert 0 < share < 1


@pytest.mark.parametrize("values", [(1e308, -1e308), (1e308, 1e-308), (5e-324, 1.0), (0.0, 0.0)])
def test_values_at_the_ends_of_numbers_are_drawn_or_refused_in_a_line(
    tmp_path: Path, values: tuple[float, float]
) -> None:
    root = write_store(tmp_path / "experiments")
    layout = SweepLayout(root / "tune" / "sweeps" / ID)
    for point in write_sweep(root, count=10):
        layout.done(point.number).unlink()
        value = values[point.number % 2]
        write_record(layout.done(point.number), Outcome(point.number, point.run, "", "finished", value=value, count=9))
    panels: list[dict[str, Any]] = [{"type": "progress", "ylog": is_log} for is_log in (True, False)]
    for each in drawn(root, *panels, {"type": "contour"}, {"type": "timeline"}):
        if isinstance(each, Drawing):
            assert file_of(each, "svg").startswith(b"<svg")
        else:
            assert "\n" not in str(each)
