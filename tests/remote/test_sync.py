"""`runstore sync`: copies what is new, overwrites nobody's rows, and ends in the same tree however often it runs."""

import json
import os
import time
from pathlib import Path

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from hypothesis import given
from hypothesis import strategies as st

from runstore.archive.replacing import pack
from runstore.errors import StoreError, UsageError
from runstore.format.carried import Kind
from runstore.reading.store import read_store
from runstore.remote.syncing import sync
from tests.cli.terminal import Terminal
from tests.remote.trees import carried_contents, contents, ended, write_example
from tests.stores import append, curve, lines, write_file, write_heartbeat, write_run, write_store

URL = "memory://bucket/experiments"


def changes(source: Path | str, target: Path | str, **chosen: object) -> dict[str, str]:
    done = sync(str(source), str(target), **chosen)  # type: ignore[arg-type]
    return {step.what.path: step.change for step in done.steps}


def test_all_that_a_store_holds_is_copied_and_nothing_else(here: Path, tmp_path: Path) -> None:
    sync(str(here), str(tmp_path / "there"))
    assert contents(tmp_path / "there") == carried_contents(here)


def test_a_second_sync_copies_nothing_and_reads_no_file(here: Path, tmp_path: Path) -> None:
    sync(str(here), str(tmp_path / "there"))
    assert changes(here, tmp_path / "there") == {}


def test_a_sync_that_forgot_the_last_one_compares_and_copies_nothing(here: Path, tmp_path: Path, cache: Path) -> None:
    sync(str(here), str(tmp_path / "there"))
    for path in cache.rglob("*.json"):
        path.unlink()
    assert changes(here, tmp_path / "there") == {}


def test_a_store_goes_to_an_object_store_and_comes_back(
    here: Path, tmp_path: Path, elsewhere: MemoryFileSystem
) -> None:
    sync(str(here), URL)
    assert changes(here, URL) == {}
    sync(URL, str(tmp_path / "back"))
    assert contents(tmp_path / "back") == carried_contents(here)
    sync(URL, "memory://bucket/second")
    assert len(elsewhere.find("/bucket/second")) == len(elsewhere.find("/bucket/experiments"))


def test_rows_that_were_added_are_appended_in_place(here: Path, tmp_path: Path) -> None:
    there = tmp_path / "there"
    sync(str(here), str(there))
    copy = there / "p/runs/r1/history.jsonl"
    before = copy.stat().st_ino
    append(here / "p/runs/r1", curve(3, 20))
    assert changes(here, there) == {"p/runs/r1/history.jsonl": "grown"}
    assert copy.stat().st_ino == before
    assert copy.read_bytes() == (here / "p/runs/r1/history.jsonl").read_bytes()


def test_of_a_live_run_whole_lines_are_copied_and_the_rest_comes_later(tmp_path: Path) -> None:
    here, there = write_store(tmp_path / "here"), tmp_path / "there"
    run = write_run(here, history=lines(curve(2)) + b'{"loss": 0.', state={"state": "running"})
    write_heartbeat(run, {"pid": 1, "host": "elsewhere", "boot": "b", "start": 0.0}, time.time())
    sync(str(here), str(there))
    assert (there / "p/runs/r1/history.jsonl").read_bytes() == lines(curve(2))
    assert read_store(there).find_run("r1").state == "running"
    append(run, b'5, "_step": 2}\n')
    write_file(run / "state.json", {"state": "finished", "exit_code": 0})
    (run / "heartbeat").unlink()
    sync(str(here), str(there))
    assert (there / "p/runs/r1/history.jsonl").read_bytes() == (run / "history.jsonl").read_bytes()
    assert not (there / "p/runs/r1/heartbeat").exists()
    assert read_store(there).find_run("r1").state == "finished"


def test_the_last_line_of_a_dead_run_is_copied_without_its_end(tmp_path: Path) -> None:
    here, there = write_store(tmp_path / "here"), tmp_path / "there"
    run = write_run(here, history=lines(curve(2)) + b'{"loss": 0.5}', state={"state": "running"})
    os.utime(run / "history.jsonl", (1e9, 1e9))
    write_heartbeat(run, {"pid": 1, "host": "elsewhere", "boot": "b", "start": 0.0}, 1e9)
    sync(str(here), str(there))
    assert (there / "p/runs/r1/history.jsonl").read_bytes().endswith(b'{"loss": 0.5}')
    assert not (there / "p/runs/r1/heartbeat").exists()
    assert read_store(there).find_run("r1").state == "crashed"


def test_two_runs_of_one_id_are_a_conflict_and_stay_as_they_are(here: Path, tmp_path: Path, terminal: Terminal) -> None:
    there = write_store(tmp_path / "there")
    other = ended(there, "r1", key="accuracy")
    before = contents(other)
    done = terminal("sync", here, there)
    assert done.code == 1
    assert "p/r1" in done.err
    assert "history.jsonl" in done.err
    assert contents(other) == before
    assert (there / "p/runs/r2/history.jsonl").exists()


def test_a_run_with_more_rows_there_is_left(here: Path, tmp_path: Path) -> None:
    there = tmp_path / "there"
    sync(str(here), str(there))
    append(there / "p/runs/r1", curve(3, 20))
    write_file(here / "p/runs/r1/summary.json", {"loss": 1.5})
    done = sync(str(here), str(there))
    assert list(done.left) == ["p/r1"]
    assert not done.steps
    assert changes(there, here) == {"p/runs/r1/history.jsonl": "grown", "p/runs/r1/summary.json": "changed"}


def test_what_somebody_edited_there_is_kept(here: Path, tmp_path: Path) -> None:
    there = tmp_path / "there"
    sync(str(here), str(there))
    write_file(there / "p/runs/r1/run.yaml", {"id": "r1", "name": "better"})
    assert changes(here, there) == {"p/runs/r1/run.yaml": "kept"}
    assert read_store(there).find_run("r1").name == "better"


def test_the_other_stores_own_file_is_never_overwritten(here: Path, tmp_path: Path) -> None:
    there = write_store(tmp_path / "there", "format: 1\nentity: lab\n")
    sync(str(here), str(there), delete=True)
    assert "entity: lab" in (there / "store.yaml").read_text()


def test_a_run_that_was_deleted_there_does_not_come_back(here: Path, tmp_path: Path) -> None:
    there = write_store(tmp_path / "there")
    write_file(there / "p/deleted/r1.yaml", "id: r1\n")
    done = sync(str(here), str(there))
    assert list(done.left) == ["p/r1"]
    assert not (there / "p/runs/r1").exists()


def test_deletions_are_mirrored_on_demand_alone_and_leave_no_empty_run(here: Path, tmp_path: Path) -> None:
    there = tmp_path / "there"
    sync(str(here), str(there))
    ended(there, "extra")
    write_file(there / ".cache/p/x", b"")
    assert changes(here, there) == {}
    assert set(changes(here, there, delete=True, dry_run=True).values()) == {"deleted"}
    assert (there / "p/runs/extra").exists()
    sync(str(here), str(there), delete=True)
    assert not (there / "p/runs/extra").exists()
    assert (there / ".cache/p/x").exists()
    assert contents(there) == carried_contents(here)


def test_projects_and_runs_are_chosen(here: Path, tmp_path: Path) -> None:
    sync(str(here), str(tmp_path / "one"), projects=["q"])
    assert {name.split("/")[0] for name in contents(tmp_path / "one")} == {"store.yaml", "q"}
    sync(str(here), str(tmp_path / "blobs"), projects=["p"])
    assert any(name.startswith("objects/") for name in contents(tmp_path / "blobs"))
    sync(str(here), str(tmp_path / "two"), runs=["p/r2"])
    assert {name.split("/")[2] for name in contents(tmp_path / "two") if "/" in name} == {"r2"}
    with pytest.raises(StoreError, match="no run 'r9'"):
        sync(str(here), str(tmp_path / "three"), runs=["r9"])


def test_an_archived_history_takes_the_place_of_its_lines(here: Path, tmp_path: Path) -> None:
    there = tmp_path / "there"
    ended(here, "r1", steps=2000)
    sync(str(here), str(there))
    pack(here / "p/runs/r1/history.jsonl")
    assert changes(here, there) == {"p/runs/r1/history.parquet": "new", "p/runs/r1/history.jsonl": "deleted"}
    assert changes(here, there) == {}
    assert read_store(there).find_run("r1").rows == 2000


def test_an_archived_history_of_another_run_is_a_conflict(here: Path, tmp_path: Path) -> None:
    there = write_store(tmp_path / "there")
    ended(here, "r1", steps=2000)
    ended(there, "r1", key="accuracy")
    pack(here / "p/runs/r1/history.jsonl")
    assert list(sync(str(here), str(there)).conflicts) == ["p/r1"]


def test_what_was_archived_there_stays_archived(here: Path, tmp_path: Path) -> None:
    there = tmp_path / "there"
    ended(here, "r1", steps=2000)
    sync(str(here), str(there))
    pack(there / "p/runs/r1/history.jsonl")
    assert changes(here, there) == {}


def test_a_state_is_written_last_and_a_new_run_begins_as_running(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from runstore.remote import copying

    seen: list[str] = []
    original = copying._Copy._carry_out

    def watched(self: copying._Copy, step: copying.Step) -> str:
        if step.what.run == "r1":
            state = tmp_path / "there/p/runs/r1/state.json"
            seen.append(f"{step.what.kind.name} {json.loads(state.read_bytes())['state']}")
        return original(self, step)

    monkeypatch.setattr(copying._Copy, "_carry_out", watched)
    sync(str(here), str(tmp_path / "there"))
    assert seen[-1] == f"{Kind.STATE.name} running"
    assert all(each.endswith(" running") for each in seen)


def test_a_run_that_ends_while_it_is_copied_is_copied_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is copied of a state was read before the histories were listed."""
    from runstore.remote import copying

    here, there = write_store(tmp_path / "here"), tmp_path / "there"
    run = write_run(here, history=curve(2), state={"state": "running"})
    original = copying._Copy._recorded

    def then_ends(self: copying._Copy, file: copying.File) -> bytes | None:
        data = original(self, file)
        append(run, curve(2, 2))
        write_file(run / "state.json", {"state": "finished", "exit_code": 0})
        return data

    monkeypatch.setattr(copying._Copy, "_recorded", then_ends)
    sync(str(here), str(there))
    assert json.loads((there / "p/runs/r1/state.json").read_bytes())["state"] == "running"
    assert (there / "p/runs/r1/history.jsonl").read_bytes() == lines(curve(4))
    monkeypatch.undo()
    sync(str(here), str(there))
    assert read_store(there).find_run("r1").state == "finished"


def test_links_are_followed_neither_to_read_nor_to_write(here: Path, tmp_path: Path) -> None:
    secret = write_file(tmp_path / "outside/secret.txt", "secret")
    (here / "p/runs/r1/media/images/link.png").symlink_to(secret)
    (here / "p/runs/linked").symlink_to(secret.parent, target_is_directory=True)
    there = write_store(tmp_path / "there")
    done = sync(str(here), str(there))
    assert any("link.png" in each for each in done.left_out)
    assert not list(there.rglob("link*"))
    (there / "q").rename(there / "moved")
    (there / "q").symlink_to(secret.parent, target_is_directory=True)
    with pytest.raises(StoreError, match="link"):
        sync(str(here), str(there))
    assert [path.name for path in secret.parent.iterdir()] == ["secret.txt"]


@pytest.mark.parametrize("target", ["{here}", "{here}/p", "{parent}", "{parent}/busy"])
def test_a_place_that_is_none_for_a_store_is_refused(here: Path, target: str, terminal: Terminal) -> None:
    write_file(here.parent / "busy/thesis.txt", "mine")
    before = contents(here.parent)
    terminal.fails("sync", here, target.format(here=here, parent=here.parent))
    assert {name: data for name, data in contents(here.parent).items() if not name.startswith("cache/")} == before


def test_where_nothing_can_be_written_or_read_one_line_says_so(here: Path, terminal: Terminal) -> None:
    assert "holds no store" in terminal.fails("sync", "memory://nothing/here", here).replace("found no", "holds no")
    assert "runstore[s3]" in terminal.fails("sync", here, "s3://bucket/x")
    assert "runstore[gcs]" in terminal.fails("sync", here, "gs://bucket/x")
    assert "sftp" in terminal.fails("sync", here, "nothing://x")
    assert "pw" not in terminal.fails("sync", "sftp://me:pw@host/x", here).replace("package", "")


def test_json_says_what_was_done(here: Path, tmp_path: Path, terminal: Terminal) -> None:
    done = terminal("sync", here, tmp_path / "there", "--json", "--dry-run")
    found = json.loads(done.out)
    assert found["dry_run"]
    assert {each["change"] for each in found["files"]} == {"new"}
    assert not (tmp_path / "there").exists()
    assert json.loads(terminal("sync", here, tmp_path / "there", "--json").out)["bytes"] == found["bytes"]


@given(data=st.data())
def test_whatever_is_logged_between_syncs_both_sides_end_alike(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("walk")
    here = write_example(folder / "here")
    for step in range(data.draw(st.integers(1, 4))):
        run = here / "p/runs" / data.draw(st.sampled_from(["r1", "r2", "new"]))
        run.mkdir(exist_ok=True)
        torn = data.draw(st.binary(max_size=20)).replace(b"\n", b"")
        if data.draw(st.booleans()):
            append(run, lines(curve(data.draw(st.integers(0, 3)), step)) + b"\n" + torn)
        if data.draw(st.booleans()):
            write_file(run / "summary.json", {"loss": step})
        if data.draw(st.booleans()):
            write_file(run / "state.json", {"state": data.draw(st.sampled_from(["running", "finished"]))})
        done = sync(str(here), str(folder / "there"))
        assert not done.conflicts
    for run in (here / "p/runs").iterdir():
        write_file(run / "state.json", {"state": "finished"})
    sync(str(here), str(folder / "there"))
    assert contents(folder / "there") == carried_contents(here)


def test_an_address_behind_another_is_refused() -> None:
    with pytest.raises(UsageError, match="expected one such as"):
        sync("simplecache::s3://x", "y")
