"""Deleting runs: tombstones, the trash, restoring, and ids that are refused for ever."""

import time
from pathlib import Path

import pytest

from runstore.errors import StoreError, UsageError
from runstore.format.layout import StoreLayout
from runstore.manage import trash
from runstore.reading.store import read_store
from tests.processes import run_script
from tests.stores import curve, write_heartbeat, write_run


@pytest.fixture
def store(root: Path) -> StoreLayout:
    for name in ("a", "b"):
        write_run(root, "p", name, curve(3), meta={"name": f"run {name}"}, state={"state": "finished"})
    return StoreLayout(root)


def _run(store: StoreLayout, name: str):  # type: ignore[no-untyped-def]
    return read_store(store.root).find_run(name)


def test_a_deleted_run_comes_back_as_it_was(store: StoreLayout) -> None:
    before = {path.name: path.read_bytes() for path in (store.root / "p/runs/a").iterdir()}
    trash.delete(store, _run(store, "a"))
    assert [run.id for run in read_store(store.root).projects[0].runs] == ["b"]
    [deleted] = trash.contents(store)
    assert (deleted.project, deleted.id, deleted.name) == ("p", "a", "run a")
    assert deleted.deleted is not None
    assert abs(deleted.deleted - time.time()) < 60
    trash.restore(store, "p", "a")
    assert {path.name: path.read_bytes() for path in (store.root / "p/runs/a").iterdir()} == before
    assert not store.project("p").deleted("a").exists()
    assert list(trash.contents(store)) == []


def test_a_deleted_id_is_refused_by_init_until_it_is_restored(store: StoreLayout) -> None:
    script = "import runstore\nrunstore.init(project='p', id='a').finish()\n"
    folder = store.root.parent
    trash.delete(store, _run(store, "a"))
    refused = run_script(folder, script)
    assert refused.returncode != 0
    assert "deleted" in refused.stderr
    trash.empty(trash.contents(store))
    assert run_script(folder, script).returncode != 0
    assert store.project("p").deleted("a").exists()


def test_a_live_run_is_not_deleted_without_force(store: StoreLayout) -> None:
    folder = write_run(store.root, "p", "live", curve(1), state={"state": "running"})
    write_heartbeat(folder, {"pid": 1, "host": "elsewhere", "start": 0, "boot": ""}, at=time.time())
    with pytest.raises(UsageError, match="runstore stop"):
        trash.delete(store, _run(store, "live"))
    assert folder.exists()
    trash.delete(store, _run(store, "live"), force=True)
    assert not folder.exists()


def test_what_is_not_in_the_trash_is_one_line(store: StoreLayout) -> None:
    with pytest.raises(UsageError, match="no such run in the trash"):
        trash.restore(store, "p", "a")
    with pytest.raises(UsageError):
        trash.restore(store, "p", "../../x")
    with pytest.raises(StoreError, match="runstore trash"):
        trash.find(store, "nope")
    trash.delete(store, _run(store, "a"))
    write_run(store.root, "p", "a", curve(1))
    with pytest.raises(UsageError, match="is there"):
        trash.restore(store, "p", "a")
    with pytest.raises(UsageError, match="empty the trash first"):
        trash.delete(store, _run(store, "a"))


def test_a_link_in_the_trash_is_not_followed(store: StoreLayout, tmp_path: Path) -> None:
    outside = tmp_path / "outside" / "runs" / "x"
    outside.mkdir(parents=True)
    store.trash_dir.mkdir()
    (store.trash_dir / "q").symlink_to(tmp_path / "outside")
    assert list(trash.contents(store)) == []
    trash.empty(trash.contents(store))
    assert outside.exists()


def test_a_run_that_cannot_be_moved_leaves_no_tombstone(store: StoreLayout) -> None:
    store.trash_dir.write_text("no directory")
    with pytest.raises(StoreError):
        trash.delete(store, _run(store, "a"))
    assert not store.project("p").deleted("a").exists()
    assert _run(store, "a").id == "a"
