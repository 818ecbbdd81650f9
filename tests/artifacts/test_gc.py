"""Cleaning up: what no version needs goes, what one needs stays, whoever logs meanwhile."""

import contextlib
import os
import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest

from runstore.artifacts import checks, gc, publishing
from runstore.artifacts.artifact import Artifact
from runstore.errors import StoreError
from runstore.format.layout import StoreLayout
from runstore.recording.run import Run
from tests.artifacts.filled import blobs, collection, filled


def age(store: StoreLayout, seconds: float = 10_000) -> None:
    """Makes every blob old."""
    then = time.time() - seconds
    for blob in blobs(store):
        os.utime(blob, (then, then))


def test_content_that_no_version_needs_is_removed(run: Run, store: StoreLayout) -> None:
    run.log_artifact(filled(x="shared", y="first only"))
    run.log_artifact(filled(x="shared", z="second"))
    publishing.delete(collection(store).versions[0])
    age(store)
    kept = gc.collect(store)
    assert (kept.blobs, kept.kept) == (0, 3), "the trash can be restored from"
    assert gc.empty_trash(store) == 1
    planned = gc.collect(store, dry_run=True)
    assert (planned.blobs, planned.size, len(blobs(store))) == (1, len("first only"), 3)
    done = gc.collect(store)
    assert (done.blobs, done.size, done.kept) == (1, len("first only"), 2)
    assert list(checks.problems(store)) == []
    assert collection(store).next_number == 2


def test_young_content_stays(run: Run, store: StoreLayout) -> None:
    run.log_artifact(filled())
    publishing.delete(collection(store).versions[0])
    gc.empty_trash(store)
    done = gc.collect(store)
    assert (done.blobs, done.young, len(blobs(store))) == (0, 1, 1)


def test_a_version_in_the_trash_can_be_restored_after_a_clean_up(run: Run, store: StoreLayout) -> None:
    run.log_artifact(filled(), aliases=["best"])
    publishing.delete(collection(store).versions[0])
    age(store)
    gc.collect(store)
    version = publishing.restore(store, "p", "model", 0)
    assert version.aliases == ("latest", "best")
    assert list(checks.problems(store)) == []
    assert store.trashed_versions() == []


def test_a_clean_up_beside_a_logger_takes_nothing_that_it_logs(begin: Callable[..., Run], store: StoreLayout) -> None:
    run, over = begin(), threading.Event()

    def clean() -> None:
        while not over.is_set():
            # A clock that runs fast: what nobody touched for half a second is old.
            for blob in blobs(store):
                with contextlib.suppress(FileNotFoundError):
                    if time.time() - blob.stat().st_mtime > 0.5:
                        os.utime(blob, (1, 1))
            gc.collect(store, young=5000)

    cleaner = threading.Thread(target=clean)
    cleaner.start()
    try:
        # Each text is logged, deleted and logged again when its blob is just about to go.
        for number in range(60):
            version = run.log_artifact(filled(x=f"text {number % 15}", y=str(number))).stored_version
            assert version is not None
            if number % 2:
                publishing.delete(version)
                gc.empty_trash(store)
            time.sleep(0.03)
    finally:
        over.set()
        cleaner.join()
    assert list(checks.problems(store)) == []
    assert len(collection(store).versions) == 30
    assert len(blobs(store)) < 60 + 15


def test_a_manifest_that_cannot_be_read_stops_the_clean_up(run: Run, store: StoreLayout) -> None:
    run.log_artifact(filled())
    age(store)
    path = store.project("p").artifact("model").manifest(0)
    path.write_bytes(b"<<<<<<< broken\n" + path.read_bytes().replace(b'"path"', b"'path"))
    assert gc.collect(store).blobs == 0, "a broken manifest still needs what it names"
    path.unlink()
    path.mkdir()
    (path.parent / "deeper.yaml").symlink_to("nowhere")
    with pytest.raises(StoreError, match="a link"):
        gc.collect(store)
    assert len(blobs(store)) == 1


def test_versions_past_their_lifetime_go_when_asked(run: Run, store: StoreLayout) -> None:
    brief, lasting = filled(x="1"), filled("other", x="2")
    brief.ttl, lasting.ttl = timedelta(microseconds=1), timedelta(days=1)
    run.log_artifact(brief)
    run.log_artifact(lasting)
    assert gc.collect(store).expired == ()
    assert gc.collect(store, expired=True, dry_run=True).expired == ("p/model:v0",)
    assert len(collection(store).versions) == 1
    assert gc.collect(store, expired=True).expired == ("p/model:v0",)
    assert collection(store).versions == ()
    assert len(collection(store, "other").versions) == 1


def test_parts_that_runs_are_gathering_are_needed(begin: Callable[..., Run], store: StoreLayout) -> None:
    artifact: Artifact = filled()
    begin(group="g").upsert_artifact(artifact)
    age(store)
    assert gc.collect(store).kept == 1


def test_what_killed_processes_left_goes_after_a_day(run: Run, store: StoreLayout) -> None:
    run.log_artifact(filled())
    [blob] = blobs(store)
    left = [blob.with_name(".0123.abcd.tmp"), store.staging_dir / "99999999-dead", store.staging_dir / "x"]
    live = store.staging_dir / f"{os.getpid()}-live"
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("left") if path.suffix else path.mkdir()
    live.mkdir()
    gc.collect(store)
    assert all(path.exists() for path in left)
    for path in (*left, live):
        os.utime(path, (1, 1))
    gc.collect(store)
    assert not any(path.exists() for path in left)
    assert live.exists()
