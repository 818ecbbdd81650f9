"""Histories, and summaries, as `Api` gives them."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from runstore.api import Api
from tests.stores import START, write_file, write_run


def test_histories_as_frames_and_rows(api: Api, store: Path) -> None:
    write_run(
        store,
        "digits",
        "h",
        [
            {"a": 1, "b": float("nan"), "_step": 0},
            {"a": 2, "_step": 1},
            {"a": 3, "b": 4, "text": "x", "pic": {"_type": "image-file", "path": "media/x.png"}, "_step": 2},
        ],
    )
    run = api.run("digits/h")
    assert [row.get("a") for row in run.scan_history()] == [1, 2, 3]
    [first, last] = run.scan_history(keys=["a", "b"])
    assert first["b"] != first["b"]
    assert last == {"a": 3, "b": 4}
    assert [row["a"] for row in run.scan_history(min_step=1, max_step=2)] == [2]
    assert list(run.scan_history())[2]["pic"]["_type"] == "image-file"
    assert run.history(pandas=False)[1] == {"a": 2, "_step": 1}
    frame = run.history(format="polars")
    assert isinstance(frame, pl.DataFrame)
    assert frame["a"].to_list() == [1, 2, 3]
    assert run.history(keys=["b"], format="polars").columns == ["b", "_step"]
    pandas = pytest.importorskip("pandas")
    assert isinstance(run.history(), pandas.DataFrame)
    assert list(run.history()["a"]) == [1, 2, 3]
    with pytest.raises(ValueError):
        run.history(stream="nope")


def test_attempts_are_one_history(api: Api, store: Path) -> None:
    folder = write_run(store, "digits", "s", [{"a": step, "b": 0, "_step": step} for step in range(5)])
    write_file(folder / "history.2.jsonl", [{"a": 30, "_step": 3}, {"a": 40, "_step": 4}])
    write_file(folder / "provenance.2.json", {"started": "2026-10-01T00:00:00Z", "rewound_to": 2})
    run = api.run("digits/s")
    assert [row["a"] for row in run.scan_history()] == [0, 1, 2, 30, 40]
    write_file(folder / "history.3.jsonl", [{"a": 41, "_step": 4}])
    assert list(api.run("digits/s").scan_history())[-1] == {"a": 41, "_step": 4}


def test_sampling_keeps_extremes_and_is_the_same_each_time(api: Api, store: Path) -> None:
    rows: list[dict[str, Any]] = [{"loss": 1 / (step + 1), "_step": step} for step in range(5000)]
    rows[3333]["loss"], rows[4444]["loss"] = 1e6, -1e6
    run_folder = write_run(store, "digits", "long", rows)
    run = api.run("digits/long")
    sampled = run.history(samples=100, pandas=False)
    assert len(sampled) == 100
    assert [row["_step"] for row in sampled] == sorted(row["_step"] for row in sampled)
    assert {3333, 4444, 0, 4999} <= {row["_step"] for row in sampled}
    assert sampled == Api(store).run("digits/long").history(samples=100, pandas=False)
    assert run_folder.exists()


def test_the_histories_of_several_runs(api: Api) -> None:
    runs = api.runs("digits", {"config.lr": {"$gte": 0.05}})
    frame = runs.histories(samples=3, format="polars")
    assert frame.height == 6
    assert set(frame["run_id"]) == {"r00", "r01"}
    assert len(runs.histories(samples=3)) == 6
    with pytest.raises(ValueError, match="Invalid format"):
        runs.histories(format="csv")  # type: ignore[arg-type]
    assert runs.frame(["id", "config.lr"]).to_dicts() == [
        {"id": "r00", "config.lr": 1.0},
        {"id": "r01", "config.lr": 0.1},
    ]


def test_the_summary_has_aggregates_nested_and_its_axes_as_they_were_written(root: Path) -> None:
    stub = {"_type": "image-file", "path": "media/a.png", "sha256": "0" * 64, "size": 1, "format": "png"}
    written = {"val/acc": {"min": 0.1, "max": 0.9}, "a": {"b": {"mean": 2}}, "img": stub}
    write_run(
        root,
        "p",
        "x",
        [{"val/acc": 0.9, "a.b": 2, "img": stub, "_step": 7, "_runtime": 3.25, "_timestamp": START}],
        state={"state": "finished", "finished": "2026-10-01T01:00:00Z"},
        files={
            "metrics.yaml": "- {name: val/acc, summary: [min, max]}\n- {name: a.b, summary: [mean]}\n",
            "summary.json": {**written, "_step": 7, "_runtime": 3.25, "_timestamp": START + 0.5},
        },
    )
    run = Api(root).run("p/x")
    axes = {"_step": 7, "_runtime": 3.25, "_timestamp": START + 0.5}
    assert dict(run.summary) == run.summary._json_dict == {**written, **axes}
    assert run.summary["val/acc"]["min"] == run.summary["val/acc.min"] == 0.1
    run.summary["best"] = 1
    run.update()
    kept = json.loads((root / "p/runs/x/summary.json").read_text())
    assert kept == {**written, **axes, "best": 1}
