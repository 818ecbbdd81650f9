"""Every row of long runs in pieces: all of them, in files that stay as they are while the run grows."""

import base64
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from sitegen.build import build_site
from sitegen.data import fine
from sitegen.data.fine import FineRun, fine_runs
from sitegen.data.series import Rows
from tests.sitegen.plans import plan
from tests.stores import append, write_run, write_store

DTYPES = {"f4": "<f4", "f8": "<f8", "u4": "<u4", "u1": "u1"}


def rows(*runs: npt.NDArray[np.float64], times: bool = False) -> Rows:
    """Rows whose steps and values are those of each run's two lines."""
    run = np.concatenate([np.full(each.shape[1], at) for at, each in enumerate(runs)]).astype(np.uint32)
    step, value = np.concatenate(runs, axis=1)
    moments = step / 2 if times else np.full(step.size, math.nan)
    return Rows(run, step, value, moments, moments + 1e9)


def payloads(found: FineRun) -> dict[str, Any]:
    """What the files carry, by name."""
    made = {}
    for file in found.files:
        name, payload = json.loads(
            f"[{file.make().decode().removeprefix('runstore.put(').removesuffix(');' + chr(10))}]"
        )
        assert name == file.name
        made[name] = payload
    return made


def numbers(text: str, dtype: str) -> list[float]:
    found: list[float] = np.frombuffer(base64.b64decode(text), DTYPES[dtype]).tolist()
    return found


def values(found: FineRun) -> list[float]:
    made = payloads(found)
    return [y for name in found.index["pieces"] for y in numbers(made[name]["y"], made[name]["dtype"])]


def steps(start: int, end: int) -> npt.NDArray[np.float64]:
    at = np.arange(start, end, dtype=np.float64)
    return np.stack([at, np.sin(at)])


def test_a_long_run_has_all_of_its_rows_in_pieces_and_a_short_one_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fine, "PIECE", 1000)
    (found,) = fine_runs(rows(steps(0, 1500), steps(5, 2506), steps(0, 3)))
    assert found.run == 1
    assert found.index["counts"] == [1000, 1000, 501]
    assert found.index["step"] == [[5, 1004, 1000], [1005, 2004, 1000], [2005, 2505, 501]]
    assert found.index["times"] == [None] * 3
    assert values(found) == np.sin(np.arange(5.0, 2506.0)).tolist()


def test_while_a_run_grows_all_pieces_but_the_last_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fine, "PIECE", 1000)
    before, after = (
        {file.name: file.make() for file in next(fine_runs(rows(steps(0, n), times=True))).files} for n in (2500, 2600)
    )
    assert len(before) == len(after) == 6
    kept = before.keys() & after.keys()
    assert len(kept) == 4
    assert all(before[name] == after[name] for name in kept)


def test_rows_of_one_step_are_a_point_with_their_extremes() -> None:
    twice = np.stack([np.repeat(np.arange(1000.0), 2), np.tile([1.0, 4.0], 1000)])
    (found,) = fine_runs(rows(twice))
    (payload,) = payloads(found).values()
    assert found.index["counts"] == [1000]
    assert [numbers(payload[name], payload["dtype"])[7] for name in ("y", "lo", "hi")] == [2.5, 1.0, 4.0]


def test_what_is_not_finite_keeps_its_place_in_its_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fine, "PIECE", 1000)
    run = steps(0, 2000)
    run[1, [3, 1500]] = math.nan, -math.inf
    (found,) = fine_runs(rows(run))
    first, second = payloads(found).values()
    assert [numbers(first["broken"][name], dtype) for name, dtype in (("points", "u4"), ("kinds", "u1"))] == [[3], [0]]
    assert [numbers(second["broken"][name], dtype) for name, dtype in (("points", "u4"), ("kinds", "u1"))] == [
        [500],
        [2],
    ]


def test_pieces_say_which_x_they_hold_on_every_axis() -> None:
    made = rows(steps(0, 1600), times=True)
    made.runtime[3] = math.inf
    (found,) = fine_runs(made, np.arange(1600.0) % 7)
    assert found.index["runtime"] == [[0, 799.5, 1599]]
    assert found.index["wall"] == [[1e12, 1e12 + 799500, 1600]]
    assert found.index["defined"] == [[0, 6, 1600]]


def _long(count: int, start: int = 0) -> list[dict[str, Any]]:
    return [{"a": step * 0.1, "b": step % 5, "_step": step, "_runtime": step / 2} for step in range(start, count)]


def test_a_site_has_the_pieces_beside_the_page_of_their_run(tmp_path: Path) -> None:
    root = write_store(tmp_path / "experiments")
    write_run(root, "p", "long", _long(2000))
    write_run(root, "p", "short", _long(100))
    pieces = [path for path in plan(root).files if "/fine/" in path]
    # Two metrics, and the times that they share.
    assert len(pieces) == 3
    assert all(path.startswith("p/runs/long/fine/z") for path in pieces)


def test_a_build_of_a_grown_run_writes_its_last_pieces_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fine, "PIECE", 500)
    root = write_store(tmp_path / "experiments")
    folder = write_run(root, "p", "long", _long(2200))
    build_site(root, tmp_path / "site")
    append(folder, _long(2300, 2200))
    report = build_site(root, tmp_path / "site")
    assert sum("/fine/" in path for path in report.written) == 3
    assert sum("/fine/" in path for path in report.removed) == 3
    assert len(list((tmp_path / "site/p/runs/long/fine").iterdir())) == 15


def test_a_run_without_change_makes_no_piece_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write_store(tmp_path / "experiments")
    write_run(root, "p", "long", _long(2000))
    build_site(root, tmp_path / "site")
    write_run(root, "p", "new", _long(3))
    monkeypatch.setattr(fine, "_values_file", lambda *_: pytest.fail("made again"))
    build_site(root, tmp_path / "site")
