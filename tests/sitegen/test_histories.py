"""The data files of a project's charts: in chunks of runs, each made of its own runs alone, and what is shown first."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from runstore.reading.store import read_store
from sitegen.build import BuildReport, build_site
from sitegen.data.series import metric_rows
from sitegen.histories import CHUNK, Head, Histories, ranges
from tests.stores import append, curve, write_run

EXTRA = 3


def _created(number: int) -> str:
    return f"2026-01-{1 + number // 1440:02}T{number // 60 % 24:02}:{number % 60:02}:00Z"


def _add(root: Path, number: int, steps: int = 4, group: str = "") -> None:
    rows = [{**row, "acc": number + step / 7} for step, row in enumerate(curve(steps))]
    write_run(root, "p", f"r{number:04}", rows, meta={"created": _created(number), "group": group})


def _payload(site: Path, name: str) -> Any:
    content = re.fullmatch(r'runstore\.put\("[^"]+",(.*)\);\n', (site / f"p/data/{name}.js").read_text(), re.DOTALL)
    assert content
    return json.loads(content[1])


def _metric(site: Path, key: str = "acc") -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in _payload(site, "runs")["metrics"] if each["key"] == key)
    return found


def _data(report: BuildReport) -> set[str]:
    """The files of points, times and first looks that a build wrote."""
    return {Path(path).stem for path in report.written if re.search(r"/data/[mto][0-9a-f]{16}\.js$", path)}


def _assert_like_new(root: Path, site: Path, fresh: Path) -> None:
    shutil.rmtree(root / ".cache")
    build_site(root, fresh)
    assert _files(site) == _files(fresh)


def _files(site: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (site / "p/data").iterdir()}


@pytest.fixture
def many(root: Path) -> Path:
    for number in range(CHUNK + EXTRA):
        _add(root, number, 1)
    return root


def test_a_new_run_and_a_changed_one_make_their_own_chunks_anew_and_no_other(many: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    build_site(many, site)
    newer, older = _metric(site)["parts"]
    assert [(each["from"], each["to"]) for each in (newer, older)] == [(CHUNK, CHUNK + EXTRA - 1), (0, CHUNK - 1)]
    assert _payload(site, newer["name"])["runs"] == [CHUNK + 2, CHUNK + 1, CHUNK]
    _add(many, CHUNK + EXTRA, 2)
    report = build_site(many, site)
    grown, kept = _metric(site)["parts"]
    assert (kept["name"], kept["times"]) == (older["name"], older["times"])
    assert grown["name"] in _data(report)
    assert older["name"] not in _data(report)
    append(many / "p/runs/r0007", [{"acc": 1.5, "_step": 9}])
    report = build_site(many, site)
    newest, changed = _metric(site)["parts"]
    assert newest["name"] == grown["name"]
    assert changed["name"] != older["name"]
    assert changed["name"] in _data(report)
    assert newest["name"] not in _data(report)
    _assert_like_new(many, site, tmp_path / "fresh")


def test_an_older_run_that_comes_later_moves_those_after_it(many: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    build_site(many, site)
    write_run(many, "p", "first", [{"acc": 1, "_step": 0}], meta={"created": "2025-01-01T00:00:00Z"})
    build_site(many, site)
    _assert_like_new(many, site, tmp_path / "fresh")


def test_histories_of_some_runs_and_some_keys_are_read_alone(root: Path) -> None:
    for number in range(4):
        _add(root, number)
    [project] = read_store(root).projects
    frames = project.history([1, 3], ["acc"])
    assert {run for frame in frames for run in frame["run"].to_list()} == {1, 3}
    assert [key for key, _ in metric_rows(frames)] == ["acc"]
    whole = dict(metric_rows(project.history()))["acc"]
    [(_, rows)] = metric_rows(frames)
    assert rows.value.tolist() == [value for run, value in zip(whole.run, whole.value, strict=True) if run in (1, 3)]


def test_small_metrics_have_no_overview_and_large_ones_that_of_their_newest_runs(root: Path, tmp_path: Path) -> None:
    for number in range(120):
        _add(root, number, 80)
        if number < 10:
            append(root / f"p/runs/r{number:04}", [{"seldom": 1, "_step": 90}])
    site = tmp_path / "site"
    build_site(root, site)
    assert _metric(site, "seldom")["overview"] is None
    first = _payload(site, _metric(site)["overview"])
    assert first["runs"] == list(range(119, 19, -1))
    assert (first["logged"], first["thinned"]) == ([[0, 119]], False)


def test_the_lines_of_groups_that_did_not_change_are_taken_over(root: Path, tmp_path: Path) -> None:
    for number in range(60):
        _add(root, number, 210, ["a", "b", ""][number % 3])
    site = tmp_path / "site"
    build_site(root, site)
    before = _payload(site, _metric(site)["overview"])
    assert [(group["value"], group["runs"]) for group in before["groups"]] == [("a", 20), ("b", 20), (None, 20)]
    append(root / "p/runs/r0004", [{"acc": -9, "_step": 400}])
    build_site(root, site)
    after = _payload(site, _metric(site)["overview"])
    assert [one == other for one, other in zip(before["groups"], after["groups"], strict=True)] == [True, False, True]
    _assert_like_new(root, site, tmp_path / "fresh")


@pytest.mark.parametrize("told", ["", "{}", '{"key": "acc"}', json.dumps(["acc"])])
def test_what_a_cache_says_of_a_chunk_counts_only_when_it_is_whole(root: Path, told: str) -> None:
    _add(root, 0)
    [project] = read_store(root).projects
    histories = Histories(project, "1")
    [chunk] = histories.chunks
    histories.recall(chunk, [told])
    assert sorted(metric.key for metric in histories.metrics()) == ["acc", "loss"]


def test_a_cache_names_no_file_outside_the_data_directory() -> None:
    head = {"key": "a", "name": "../../x", "times": None, "fine": None, "size": 1, "ranks": [[0, 0]]}
    text = json.dumps(head | {"has_runtime": False, "has_wall": False, "axis": None})
    with pytest.raises(ValueError, match="x"):
        Head.from_json(text)


def test_numbers_as_ranges() -> None:
    assert ranges([5, 1, 2, 3, 9]) == [[1, 3], [5, 5], [9, 9]]
    assert ranges([]) == []
