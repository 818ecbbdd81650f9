"""A store whose runs are archived reads as before: the same site, byte for byte, the same runs, rows and problems."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import runstore
from runstore.archive import pack as pack_module
from runstore.archive.replacing import pack, unpack
from runstore.cli.main import main
from runstore.errors import StoreError
from runstore.format.layout import StoreLayout
from runstore.reading.query import select
from runstore.reading.revision import store_at
from runstore.reading.store import Store, read_store
from runstore.reading.verify import verify
from tests.processes import ROOT, environment
from tests.sites import build
from tests.stores import append, curve, lines, write_run

ENDED = {"state": "finished", "exit_code": 0, "finished": "2026-10-01T10:01:30Z"}
NOW = 1_800_000_000.0
QUIET = {"silent": True, "console": "off", "disable_git": True, "disable_stats": True}


@pytest.fixture
def store(root: Path) -> Path:
    """Runs of every kind: numbers alone, several attempts and ranks, media, damage, a torn end, system metrics."""
    write_run(root, run_id="plain", history=curve(2_000), state=ENDED, config="lr: 0.1\n", meta={"name": "plain"})
    write_run(root, run_id="spaced", history=lines(curve(500)), state=ENDED)
    again = write_run(root, run_id="again", history=curve(600), state=ENDED, files={"provenance.json": {"host": "a"}})
    append(again, curve(600, start=500, key="loss"), "history.2.jsonl")
    append(again, curve(300, key="rank/loss"), "history.rank1.jsonl")
    append(
        again, [{"cpu": step / 7, "_runtime": step, "_timestamp": 1.79e9 + step} for step in range(900)], "system.jsonl"
    )
    append(again, [{"_timestamp": 1.79e9, "title": "hot", "text": "t", "level": "WARN", "_step": 1}], "alerts.jsonl")
    rows = [{**row, "image": {"_type": "image-file", "path": f"media/{row['_step']}.png"}} for row in curve(300)]
    write_run(root, run_id="media", history=rows, state=ENDED)
    wicked = b'{"loss": NaN}\n{"loss":1}{"loss":2,"_step":9}\n\0\0\nnull\n\n{"_step":"x","loss":3}\n' * 8
    write_run(root, run_id="wicked", history=lines(curve(500)) + wicked + b'{"loss": 0.', state=ENDED)
    write_run(root, run_id="open", history=lines(curve(500)) + b'{"loss": 0.5}', state=ENDED)
    nan = [{**row, "loss": float("nan") if row["_step"] % 5 else row["loss"]} for row in curve(500)]
    write_run(root, run_id="nan", history=nan, state=ENDED)
    write_run(root, run_id="small", history=curve(2), state=ENDED)
    return root


def files_below(folder: Path) -> dict[str, bytes]:
    """Every file by its path, but for what each machine keeps for itself."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".cache" not in path.parts
    }


def archive(*arguments: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main(["archive", *map(str, arguments), "--yes"])
    return int(stop.value.code or 0)


def read(root: Path) -> Store:
    return read_store(root, now=NOW)


def packs(root: Path) -> list[str]:
    return sorted(path.name for path in root.rglob("runs/*/*.parquet"))


def test_the_site_is_the_same_byte_for_byte(store: Path, tmp_path: Path) -> None:
    before = files_below(build(store, tmp_path / "before"))
    assert archive("--all", "--store", store) == 0
    assert len(packs(store)) == 10
    again = files_below(build(store, tmp_path / "again"))
    (store / ".cache").rename(tmp_path / "cache")
    after = files_below(build(store, tmp_path / "after"))
    assert [name for name in before.keys() | after.keys() if before.get(name) != after.get(name)] == []
    assert again == after


def test_runs_rows_and_problems_are_the_same(store: Path) -> None:
    def seen() -> tuple[Any, ...]:
        found = read(store)
        runs = [
            replace(run, digest="", files=dict(sorted(run.files.items())))
            for project in found.projects
            for run in project.runs
        ]
        rows = [list(runstore.Api(store).run(f"p/{run.id}").scan_history()) for run in runs]
        told = [re.sub(r" object at 0x\w+", "", repr(run)) for run in runs]
        return (*told, repr(rows), *map(str, verify(found)))

    before = seen()
    archive("--all", "--store", store)
    assert seen() == before


def test_undo_gives_every_file_back(store: Path) -> None:
    before = files_below(store)
    assert archive("--all", "--store", store) == 0
    assert sum(map(len, files_below(store).values())) < sum(map(len, before.values())) / 2
    assert archive("--all", "--undo", "--store", store) == 0
    assert files_below(store) == before


def test_a_second_time_nothing_is_left_to_do(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive("--all", "--store", store)
    before = files_below(store)
    archive("--all", "--store", store)
    assert files_below(store) == before


def test_runs_are_chosen_by_project_filter_age_and_name(store: Path) -> None:
    write_run(store, "other", "o", curve(500), state={**ENDED, "finished": "2020-01-01T00:00:00Z"})
    assert archive("--project", "nowhere", "--store", store) == 2
    assert archive("--older-than", "1000w", "--store", store) == 1
    assert archive("--project", "other", "--store", store) == 0
    assert packs(store) == ["history.parquet"]
    assert archive("--all", "--filter", "config.lr = 0.1", "--store", store) == 0
    assert (store / "p/runs/plain/history.parquet").is_file()
    assert archive("spaced", "--store", store) == 0
    assert (store / "p/runs/spaced/history.parquet").is_file()
    assert len(packs(store)) == 3


def test_nothing_is_chosen_unasked(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert archive("--store", store) == 2
    assert "name runs" in capsys.readouterr().err
    assert archive("plain", "--all", "--store", store) == 2


def test_a_dry_run_changes_nothing(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = files_below(store)
    assert archive("--all", "--dry-run", "--store", store) == 0
    assert files_below(store) == before
    assert "would pack" in capsys.readouterr().out


def test_json_tells_of_each_file(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive("plain", "small", "--json", "--store", store)
    found = {each["run"]: each for each in json.loads(capsys.readouterr().out)}
    assert found["plain"]["replaced_by"] == "history.parquet"
    assert found["plain"]["before"] > 2 * found["plain"]["after"]
    assert found["small"]["replaced_by"] is None
    assert "smaller" in found["small"]["why_not"]


def test_a_running_run_is_never_archived(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with runstore.init(project="p", id="live", dir=str(tmp_path), settings=QUIET) as run:
        for step in range(1_000):
            run.log({"loss": 1 / (step + 1)})
        root = Path(run.dir).parents[3]
        assert archive("--all", "--store", root) == 1
        assert archive("live", "--store", root) == 1
        assert "is running" in capsys.readouterr().err
        assert packs(root) == []
    assert archive("live", "--store", root) == 0
    assert packs(root) == ["history.parquet"]


def test_an_archived_run_goes_on_in_a_file_of_its_own(tmp_path: Path) -> None:
    def log(start: int, **arguments: Any) -> Path:
        with runstore.init(project="p", id="r", dir=str(tmp_path), settings=QUIET, **arguments) as run:
            for step in range(start, start + 800):
                run.log({"loss": 1 / (step + 1)})
            assert run.resumed == bool(start)
            return Path(run.dir).parents[3]

    root = log(0)
    assert archive("r", "--store", root) == 0
    log(800, resume="must")
    folder = root / "p/runs/r"
    assert {path.name for path in folder.glob("history*")} == {"history.parquet", "history.2.jsonl"}
    (run,) = read(root).projects[0].runs
    assert (run.rows, run.last_step, run.repeated) == (1600, 1599, 0)
    assert archive("r", "--store", root) == 0
    assert {path.name for path in folder.glob("history*")} == {"history.parquet", "history.2.parquet"}
    with runstore.init(project="p", fork_from="r?_step=900", dir=str(tmp_path), settings=QUIET) as fork:
        fork.log({"loss": 0.0})
    assert {run.rows for run in read(root).projects[0].runs} == {1600, 902}
    with runstore.init(project="p", resume_from="r?_step=100", dir=str(tmp_path), settings=QUIET) as back:
        back.log({"loss": 0.0})
    assert read(root).find_run("r").rows == 102


def test_a_rank_that_comes_back_hides_no_archived_rows(tmp_path: Path) -> None:
    def log(label: str, primary: bool) -> Path:
        shared = {**QUIET, "mode": "shared", "x_label": label, "x_primary": primary}
        with runstore.init(project="p", id="r", dir=str(tmp_path), settings=shared) as run:
            for step in range(800):
                run.log({f"{label}/loss": 1 / (step + 1)})
            return Path(run.dir).parents[3]

    for label, primary in (("lead", True), ("other", False)):
        root = log(label, primary)
    assert archive("r", "--store", root) == 0
    assert len(packs(root)) == 2
    for label, primary in (("lead", True), ("other", False)):
        log(label, primary)
    assert len(packs(root)) == 2
    found = read(root)
    assert found.find_run("r").rows == 3_200
    assert list(verify(found)) == []


def test_a_branch_that_archives_changes_no_run(store: Path) -> None:
    for words in (["init", "-q"], ["add", "-A"], ["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "x"]):
        subprocess.run(["git", *words], cwd=store.parent, check=True, capture_output=True)
    archive("--all", "--store", store)
    with store_at(store, "HEAD") as then:
        lines, now = then.store.projects[0].runs, read(store).projects[0].runs
        assert {run.id: (run.rows, run.files, run.summary) for run in lines} == {
            run.id: (run.rows, run.files, run.summary) for run in now
        }


def test_a_file_that_grows_meanwhile_stays(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = store / "p/runs/plain/history.jsonl"
    sound = pack_module.Pack.is_sound

    def and_grow(made: pack_module.Pack) -> bool:
        append(path.parent, curve(1))
        return sound(made)

    monkeypatch.setattr(pack_module.Pack, "is_sound", and_grow)
    with pytest.raises(StoreError, match="was written to"):
        pack(path)
    assert path.read_bytes().count(b"\n") == 2_001


def test_lines_beside_a_pack_count_and_are_told_of(store: Path) -> None:
    path = store / "p/runs/plain/history.jsonl"
    data = path.read_bytes()
    packed = pack(path).path
    path.write_bytes(data + b'{"loss":1}\n')
    found = read(store)
    assert found.find_run("plain").rows == 2_001
    assert any("history.parquet" in str(problem) and "beside" in str(problem) for problem in verify(found))
    for act in (lambda: pack(path), lambda: unpack(packed)):
        with pytest.raises(StoreError, match="keep one of the two"):
            act()
    path.write_bytes(data)
    assert not pack(path).path.with_name("history.jsonl").exists()
    assert unpack(packed).path.read_bytes() == data


def test_a_damaged_pack_costs_its_own_run_alone(store: Path) -> None:
    archive("--all", "--store", store)
    path = store / "p/runs/plain/history.parquet"
    path.write_bytes(path.read_bytes()[:-10])
    found = read(store)
    assert found.find_run("plain").rows == 0
    assert found.find_run("spaced").rows == 500
    told = next(str(problem) for problem in found.all_problems() if "plain" in str(problem))
    assert told.startswith("p/runs/plain/history.parquet")
    list(verify(found))


def test_a_link_in_place_of_a_pack_is_not_followed(store: Path, tmp_path: Path) -> None:
    packed = pack(store / "p/runs/plain/history.jsonl").path
    elsewhere = packed.rename(tmp_path / "elsewhere.parquet")
    packed.symlink_to(elsewhere)
    found = read(store)
    assert found.find_run("plain").rows == 0
    assert any("link" in str(problem) for problem in found.all_problems())


@pytest.mark.parametrize("undo", [False, True])
def test_killed_at_any_moment_it_goes_on(store: Path, undo: bool, tmp_path: Path) -> None:
    write_run(store, run_id="long", history=curve(60_000), state=ENDED)
    whole = files_below(store)
    if undo:
        archive("--all", "--store", store)
    command = [sys.executable, "-m", "runstore", "archive", "--all", "--yes", "--store", str(store)]
    command += ["--undo"] if undo else []
    for attempt in range(12):
        process = subprocess.Popen(command, env=environment(tmp_path), cwd=ROOT, stdout=subprocess.DEVNULL)
        moved = _wait_for(lambda process=process: any(store.rglob(".history*.tmp")) or process.poll() is not None)
        time.sleep(0.004 * attempt)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert moved
        for run in read(store).projects[0].runs:
            for path in run.layout.histories():
                assert not path.name.startswith(".")
        assert read(store).find_run("long").rows == 60_000
    subprocess.run(command, env=environment(tmp_path), cwd=ROOT, check=True, capture_output=True)
    for left in store.rglob("*.tmp"):
        left.unlink()
    if not undo:
        assert (store / "p/runs/long/history.parquet").is_file()
        archive("--all", "--undo", "--store", store)
    assert files_below(store) == whole


def _wait_for(done: Callable[[], bool], seconds: float = 60.0) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if done():
            return True
        time.sleep(0.001)
    return False


def test_a_layout_knows_an_archived_run(store: Path) -> None:
    archive("--all", "--store", store)
    layout = StoreLayout(store).project("p").run("again")
    assert [path.name for path in layout.histories()] == [
        "history.parquet",
        "history.2.parquet",
        "history.rank1.parquet",
    ]
    assert layout.has_history()
    assert len(select(list(read(store).projects[0].runs), "rows > 0")) == 8
    assert os.path.isfile(layout.path / "system.parquet")
