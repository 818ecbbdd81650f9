"""Editing runs: only what was asked for changes, by hand and by the run's own process at once."""

import os
from pathlib import Path
from typing import Any

import pytest

from runstore.errors import StoreError, UsageError
from runstore.format.layout import StoreLayout
from runstore.manage import edit, trash
from runstore.manage.diff import compare
from runstore.manage.edit import Change, move_to_project
from runstore.manage.export import archive, histories_table, kind_of, runs_table, write_table
from runstore.reading.store import RunRecord, read_store
from tests.processes import only_run, start_script, wait_until
from tests.stores import curve, write_run


def _run(root: Path, name: str) -> RunRecord:
    return read_store(root).find_run(name)


def test_only_the_fields_named_change(root: Path) -> None:
    folder = write_run(root, "p", "r", curve(1), meta="name: old\nmood: good\ntags: [a, b]\n")
    assert edit.edit(_run(root, "r"), Change(name="new", add_tags=("c", "a"), remove_tags=("b",))) == {
        "name": "new",
        "tags": ["a", "c"],
    }
    text = (folder / "run.yaml").read_text()
    assert "mood: good" in text
    run = _run(root, "r")
    assert (run.name, run.meta.tags) == ("new", ("a", "c"))
    stamp = (folder / "run.yaml").stat().st_mtime_ns
    assert edit.edit(run, Change(name="new", add_tags=("a",))) == {}
    assert (folder / "run.yaml").stat().st_mtime_ns == stamp
    edit.edit(_run(root, "r"), Change(tags=(), group="", notes="\ud800"))
    assert _run(root, "r").meta.tags == ()
    with pytest.raises(UsageError, match="tag"):
        Change(add_tags=("x" * 65,))


def test_a_run_without_a_run_yaml_gets_one(root: Path) -> None:
    write_run(root, "p", "r", curve(1))
    edit.edit(_run(root, "r"), Change(group="g"))
    assert _run(root, "r").meta.group == "g"


def test_edits_of_a_live_run_and_its_own_live_side_by_side(tmp_path: Path) -> None:
    script = """
        import runstore, sys
        run = runstore.init(project="p", name="first")
        run.log({"a": 1})
        print("ready", flush=True)
        sys.stdin.readline()
        run.notes = "its own"
        run.finish()
    """
    with start_script(tmp_path, script) as process:
        assert process.stdout is not None
        wait_until(lambda: "ready" in str(process.stdout and process.stdout.readline()), "the script to log")
        root = tmp_path / "experiments"
        run = read_store(root).projects[0].runs[0]
        assert run.state == "running"
        edit.edit(run, Change(name="ours", add_tags=("seen",)))
        process.communicate("\n", timeout=60)
    assert process.returncode == 0
    run = read_store(tmp_path / "experiments").find_run(only_run(tmp_path).name)
    assert (run.name, run.meta.tags, run.meta.notes) == ("ours", ("seen",), "its own")


def test_moving_to_another_project(root: Path) -> None:
    write_run(root, "p", "r", curve(2))
    write_run(root, "q", "taken", curve(1))
    write_run(root, "p", "taken", curve(1))
    store = StoreLayout(root)
    edit.move_to_project(_run(root, "p/r"), store, "q")
    assert _run(root, "r").project == "q"
    edit.move_to_project(_run(root, "q/r"), store, "brand-new")
    assert _run(root, "r").project == "brand-new"
    with pytest.raises(UsageError, match="has, or had"):
        edit.move_to_project(_run(root, "p/taken"), store, "q")
    with pytest.raises(UsageError):
        edit.move_to_project(_run(root, "p/taken"), store, "../out")


def test_a_comparison_names_what_differs(root: Path) -> None:
    for name, lr, torch, patch in (("a", 1, "2.0", "+x\n"), ("b", 2, "2.1", "+y\n"), ("c", 1, "2.0", "+x\n")):
        write_run(
            root,
            "p",
            name,
            [{"loss": float("nan"), "same": 1}],
            config={"lr": lr, "seed": 0},
            meta={"name": "run"},
            files={"requirements.txt": f"torch=={torch}\nnumpy==1.0\n", "changes.patch": patch},
        )
    found = compare([_run(root, "a"), _run(root, "b")]).as_dict()
    assert found["differences"] == {"config": {"lr": [1, 2]}, "requirements": {"torch": ["2.0", "2.1"]}}
    assert "-+x" in found["patch"]
    assert "++y" in found["patch"]
    same = compare([_run(root, "a"), _run(root, "c")])
    assert (same.differences, same.patch) == ((), "")
    assert same.same["summary"] == 2


def test_tables_and_archives(root: Path, tmp_path: Path) -> None:
    import io
    import json
    import tarfile
    import zipfile

    import polars as pl

    write_run(root, "p", "a", curve(2), config={"lr": 1, "on": True}, meta={"tags": ["x", "y"]})
    write_run(root, "p", "b", [{"loss": float("inf"), "note": "a,\nb"}], config={"lr": "auto"})
    (root / "p/runs/a/link").symlink_to("/etc/passwd")
    runs = [_run(root, "a"), _run(root, "b")]
    frame = runs_table(runs, ["id", "config.lr", "config.on", "tags", "summary.loss", "summary.note"])
    assert write_table(frame, "csv").decode().splitlines()[1] == 'a,1,true,"[""x"", ""y""]",0.5,'
    rows = json.loads(write_table(frame, "json"))
    assert rows[1]["summary.loss"] == "Infinity"
    assert len(write_table(frame, "jsonl").splitlines()) == 2
    assert pl.read_parquet(io.BytesIO(write_table(frame, "parquet"))).equals(frame.frame())
    histories = histories_table(runs)
    assert histories.frame()["run"].to_list() == ["a", "a", "b"]
    assert histories_table(runs, ["note"]).height == 1
    for name in ("x.tar.gz", "x.zip"):
        archive(runs, tmp_path / name)
    with tarfile.open(tmp_path / "x.tar.gz") as packed:
        names = packed.getnames()
    assert "p/runs/a/history.jsonl" in names
    assert "p/runs/a/link" not in names
    with zipfile.ZipFile(tmp_path / "x.zip") as zipped:
        assert sorted(zipped.namelist()) == sorted(names)
    with pytest.raises(UsageError, match="ending"):
        kind_of(tmp_path / "x.docx")


def test_an_exported_value_is_the_one_that_was_logged(root: Path) -> None:
    import json

    values = {"big": 2**70, "list": [1, 2.5, None, "x"], "whole": 1, "nested": {"a": None}, "text": "1"}
    write_run(root, "p", "a", [{**values, "_step": 0}, {"whole": 0.5, "_step": 1}], config=values)
    runs = [_run(root, "a")]
    [row] = json.loads(write_table(runs_table(runs, [f"config.{key}" for key in values]), "json"))
    assert row == {f"config.{key}": value for key, value in values.items()}
    first, second = map(json.loads, write_table(histories_table(runs), "jsonl").splitlines())
    assert {key: first[key] for key in values} == values
    assert (second["whole"], second["big"]) == (0.5, None)
    assert str(2**70) in write_table(histories_table(runs), "csv").decode()
    with pytest.raises(UsageError, match="no row that has 'nope'"):
        histories_table(runs, ["whole", "nope"])


def test_no_run_is_moved_or_deleted_through_a_link(root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    write_run(root, "p", "a", curve(2))
    store = StoreLayout(root)
    (root / "q").symlink_to(outside)
    with pytest.raises(StoreError, match="found a link"):
        move_to_project(_run(root, "a"), store, "q")
    for place in (root / ".trash", root / "p" / "deleted"):
        place.symlink_to(outside)
        with pytest.raises(StoreError, match="found a link"):
            trash.delete(store, _run(root, "a"))
        place.unlink()
    assert (root / "p/runs/a/history.jsonl").is_file()
    assert not any(outside.iterdir())


def test_an_archive_that_would_lack_a_file_is_not_made(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(root, "p", "a", curve(2), files={"media/x.txt": "x"})
    run = _run(root, "a")
    walk = os.walk

    def unlisted(top: str, **options: Any) -> Any:
        options["onerror"](PermissionError(13, "Permission denied", f"{top}/media"))
        return walk(top)

    monkeypatch.setattr("os.walk", unlisted)
    with pytest.raises(StoreError, match="runs/a/media: cannot be read"):
        archive([run], tmp_path / "x.zip")
    assert [path.name for path in tmp_path.iterdir()] == ["experiments"]
