"""A store elsewhere is read like one here: what changed is fetched, what is hostile is left out, what went is gone."""

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem

import runstore
from runstore.errors import StoreError, UsageError
from runstore.remote.mirror import LARGEST_BLOB, Mirror
from tests.cli.terminal import Terminal
from tests.remote.trees import DIGEST, carried_contents, contents
from tests.stores import append, curve, lines, write_file

URL = "memory://bucket/experiments"
ROOT = "/bucket/experiments"


@pytest.fixture
def given(here: Path, elsewhere: MemoryFileSystem) -> MemoryFileSystem:
    """The example, in an object store."""
    put(here, elsewhere)
    return elsewhere


def put(root: Path, elsewhere: MemoryFileSystem) -> None:
    for name, data in contents(root).items():
        elsewhere.pipe_file(f"{ROOT}/{name}", data)


def fetched(mirror: Mirror) -> dict[str, str]:
    return {step.what.path: step.change for step in mirror.update().steps}


def test_a_mirror_holds_what_the_store_holds(given: MemoryFileSystem, here: Path) -> None:
    mirror = Mirror(URL)
    mirror.update()
    assert contents(mirror.root) == carried_contents(here)


def test_only_what_changed_is_fetched_and_of_histories_what_was_added(
    given: MemoryFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror = Mirror(URL)
    mirror.update()
    assert fetched(mirror) == {}
    path = f"{ROOT}/p/runs/r1/history.jsonl"
    given.pipe_file(path, given.cat_file(path) + lines(curve(5, 20)))
    given.pipe_file(f"{ROOT}/p/runs/r1/summary.json", b'{"loss": 2}')
    whole: list[str] = []
    original = MemoryFileSystem.get_file

    def counted(self: MemoryFileSystem, rpath: str, lpath: str, **more: Any) -> None:
        whole.append(rpath)
        original(self, rpath, lpath, **more)

    monkeypatch.setattr(MemoryFileSystem, "get_file", counted)
    assert fetched(mirror) == {"p/runs/r1/history.jsonl": "grown", "p/runs/r1/summary.json": "changed"}
    assert whole == [f"{ROOT}/p/runs/r1/summary.json"]
    assert (mirror.root / "p/runs/r1/history.jsonl").read_bytes() == given.cat_file(path)


def test_a_history_that_was_rewritten_is_fetched_anew(given: MemoryFileSystem) -> None:
    mirror = Mirror(URL)
    mirror.update()
    given.pipe_file(f"{ROOT}/p/runs/r1/history.jsonl", lines(curve(40, key="other")))
    assert fetched(mirror) == {"p/runs/r1/history.jsonl": "changed"}
    assert (mirror.root / "p/runs/r1/history.jsonl").read_bytes() == lines(curve(40, key="other"))


def test_what_is_deleted_there_vanishes_here(given: MemoryFileSystem) -> None:
    mirror = Mirror(URL)
    mirror.update()
    given.rm(f"{ROOT}/p/runs/r1", recursive=True)
    assert set(fetched(mirror).values()) == {"deleted"}
    assert not (mirror.root / "p/runs/r1").exists()


def test_tables_of_runs_fetch_no_media_and_keep_those_that_pages_fetched(given: MemoryFileSystem) -> None:
    Mirror(URL, "runs").update()
    root = Mirror(URL).root
    assert not list(root.rglob("*.png"))
    assert not list(root.rglob("output.log"))
    Mirror(URL).update()
    Mirror(URL, "runs").update()
    assert list(root.rglob("*.png"))


def test_a_large_blob_comes_when_it_is_downloaded(given: MemoryFileSystem, tmp_path: Path, here: Path) -> None:
    with runstore.init(project="p", dir=here) as run:
        artifact = runstore.Artifact("model", "model")
        write_file(tmp_path / "weights.bin", b"w" * (LARGEST_BLOB + 1))
        artifact.add_file(str(tmp_path / "weights.bin"))
        run.log_artifact(artifact)
    put(here, given)
    api = runstore.Api(URL)
    found = api.artifact("p/model:latest")
    assert max(path.stat().st_size for path in (api.store / "objects").rglob("*") if path.is_file()) < LARGEST_BLOB
    folder = Path(found.download(root=str(tmp_path / "got")))
    assert (folder / "weights.bin").stat().st_size == LARGEST_BLOB + 1


def test_the_api_reads_and_changes_nothing(given: MemoryFileSystem) -> None:
    api = runstore.Api(URL)
    assert {run.id for run in api.runs("p")} == {"r1", "r2"}
    run = api.run("p/r1")
    assert len(run.history(pandas=False)) == 20
    run.name = "other"
    for change in (run.update, run.delete, lambda: api.create_project("new")):
        with pytest.raises(UsageError, match="runstore sync"):
            change()
    given.pipe_file(f"{ROOT}/p/runs/r1/history.jsonl", lines(curve(30)))
    api.flush()
    assert len(api.run("p/r1").history(pandas=False)) == 30


HOSTILE = ["../../outside", "p/runs/r1/../../../x", "p/runs/r1/files//etc/x", "p\\x", "p/runs/r1/files/a\x1b[2Jb", "/x"]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_left_out_and_reported(
    name: str, given: MemoryFileSystem, tmp_path: Path, cache: Path, terminal: Terminal
) -> None:
    given.store[f"{ROOT}/{name}"] = given.store[f"{ROOT}/store.yaml"]
    before = {path for path in tmp_path.rglob("*") if cache not in path.parents}
    done = terminal("ls", "--store", URL)
    assert done.code == 0
    assert "\x1b" not in done.out + done.err
    assert {path for path in tmp_path.rglob("*") if cache not in path.parents and path != cache} == before
    assert all(path.resolve().is_relative_to(cache) for path in cache.rglob("*"))


def test_a_file_where_a_directory_has_to_be_is_left_out(given: MemoryFileSystem) -> None:
    given.store[f"{ROOT}/p/runs/r1/media/images"] = given.store[f"{ROOT}/store.yaml"]
    done = Mirror(URL).update()
    assert (Mirror(URL).root / "p/runs/r1/history.jsonl").exists()
    assert not any(step.what.path.endswith("media/images") for step in done.steps)


@pytest.mark.parametrize("method", ["ls", "cat_file", "get_file"])
@pytest.mark.parametrize("after", [0, 3])
def test_a_remote_that_vanishes_in_the_middle_is_one_line_and_harms_nothing(
    method: str, after: int, given: MemoryFileSystem, monkeypatch: pytest.MonkeyPatch, terminal: Terminal
) -> None:
    Mirror(URL).update()
    before = contents(Mirror(URL).root)
    for run in ("r1", "r2"):
        for name in ("state.json", "summary.json", "config.yaml", "run.yaml"):
            given.pipe_file(f"{ROOT}/p/runs/{run}/{name}", b'{"state": "failed"}')
    original: Callable[..., Any] = getattr(MemoryFileSystem, method)
    calls = 0

    def vanishing(self: MemoryFileSystem, *arguments: Any, **more: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > after:
            raise ConnectionResetError("the network is gone")
        return original(self, *arguments, **more)

    monkeypatch.setattr(MemoryFileSystem, method, vanishing)
    if method == "cat_file" and after:
        return  # Two states are all that it reads.
    assert "ConnectionResetError" in terminal.fails("ls", "--store", URL)
    assert contents(Mirror(URL).root).keys() == before.keys()
    monkeypatch.undo()


def test_a_bucket_that_is_gone_empties_no_mirror(given: MemoryFileSystem) -> None:
    mirror = Mirror(URL)
    mirror.update()
    given.store.clear()
    with pytest.raises(StoreError, match="found no store"):
        mirror.update()
    assert (mirror.root / "p/runs/r1/history.jsonl").exists()


def test_reading_commands_take_an_address(given: MemoryFileSystem, terminal: Terminal, tmp_path: Path) -> None:
    assert {run["id"] for run in json.loads(terminal("ls", "--store", URL, "--json").out)} == {"r1", "r2", "other"}
    assert json.loads(terminal("show", "p/r1", "--store", URL, "--json").out)["rows"] == 20
    assert terminal("diff", "p/r1", "p/r2", "--store", URL).code in (0, 1)
    assert terminal("export", "-o", tmp_path / "runs.csv", "--store", URL).code == 0
    assert terminal("verify", URL, "--json").out.startswith("[")
    assert terminal("build", URL, "-o", tmp_path / "site").code == 0
    assert (tmp_path / "site/p/runs/r1/index.html").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("rename", "r1", "x", "--store", URL),
        ("delete", "r1", "--store", URL),
        ("verify", URL, "--repair"),
        ("gc", "--store", URL),
        ("migrate", URL),
        ("publish", URL, "--to", "x"),
        ("archive", "--store", URL),
    ],
)
def test_changing_commands_refuse_an_address_and_say_what_to_do(
    arguments: tuple[str, ...], given: MemoryFileSystem, terminal: Terminal
) -> None:
    assert f"runstore sync {URL} DIR" in terminal.fails(*arguments)


def test_a_directory_by_its_address_is_read_like_any_other(here: Path, terminal: Terminal) -> None:
    assert len(json.loads(terminal("ls", "--store", here.as_uri(), "--json").out)) == 3


def test_a_run_lives_in_the_mirror_as_long_as_its_heart_beats(given: MemoryFileSystem) -> None:
    beat = json.dumps({"pid": 1, "host": "elsewhere", "boot": "b", "start": 0.0}).encode()
    given.pipe_file(f"{ROOT}/p/runs/r1/state.json", b'{"state": "running"}')
    given.pipe_file(f"{ROOT}/p/runs/r1/heartbeat", beat)
    api = runstore.Api(URL)
    assert api.run("p/r1").state == "running"
    assert time.time() - (api.store / "p/runs/r1/heartbeat").stat().st_mtime < 60
    given.rm_file(f"{ROOT}/p/runs/r1/heartbeat")
    api.flush()
    assert api.run("p/r1").state == "crashed"


def test_a_mirror_that_somebody_deleted_is_made_again(given: MemoryFileSystem, cache: Path) -> None:
    Mirror(URL).update()
    shutil.rmtree(Mirror(URL).root / "p")
    Mirror(URL).update()
    assert (Mirror(URL).root / "p/runs/r1/history.jsonl").exists()
    append(Mirror(URL).root / "p/runs/r1", b"garbage")
    Mirror(URL).update()
    assert b"garbage" not in (Mirror(URL).root / "p/runs/r1/history.jsonl").read_bytes()


def test_the_blob_of_the_example_is_mirrored(given: MemoryFileSystem) -> None:
    Mirror(URL).update()
    assert (Mirror(URL).root / f"objects/sha256/ab/{DIGEST}").read_bytes() == b"content"
