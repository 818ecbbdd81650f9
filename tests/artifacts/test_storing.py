"""Storing under blows: processes killed in the middle, several at once, damaged blobs, other file systems."""

import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import runstore
from runstore.artifacts import blobs as storing
from runstore.artifacts import checks, gc
from runstore.artifacts.blobs import UNSHARED, Blobs, Content
from runstore.errors import StoreError
from runstore.format.layout import NO_LINKS, StoreLayout
from runstore.recording.run import Run
from tests.artifacts.filled import blobs, collection, filled
from tests.processes import start_script

_LOG_FOR_EVER = """
    import os, sys
    import runstore

    run = runstore.init(project="p")
    while True:
        artifact = runstore.Artifact("model", "model")
        for number in range(20):
            with artifact.new_file(f"{number}.bin", mode="wb") as file:
                file.write(os.urandom(50_000))
        run.log_artifact(artifact, aliases=["best"])
        print(artifact.version, flush=True)
"""


def test_a_process_killed_in_the_middle_leaves_whole_versions_only(tmp_path: Path, store: StoreLayout) -> None:
    chance, told = random.Random(0), 0
    for _ in range(8):
        with start_script(tmp_path, _LOG_FOR_EVER) as process:
            assert process.stdout is not None
            process.stdout.readline()
            told += 1
            time.sleep(chance.random() * 0.05)
            process.kill()
            told += len(process.stdout.read().split())
    found = collection(store)
    assert len(found.versions) >= told
    assert [version.number for version in found.versions] == list(range(len(found.versions)))
    assert list(checks.problems(store)) == []
    assert found.aliases["best"] == found.latest


def test_two_processes_that_log_one_name_get_two_numbers_each_time(tmp_path: Path, store: StoreLayout) -> None:
    source = """
        import sys, time
        import runstore

        run = runstore.init(project="p")
        print("ready", flush=True)
        sys.stdin.readline()
        for number in range(30):
            artifact = runstore.Artifact("model", "model")
            with artifact.new_file("x.txt") as file:
                file.write(f"{sys.argv[1]} {number}")
            run.log_artifact(artifact, aliases=[f"{sys.argv[1]}-{number}"])
        run.finish()
    """
    processes = [start_script(tmp_path, source, name, stderr=None) for name in ("one", "two", "three")]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.communicate("go\n", timeout=60)
        assert process.returncode == 0
    found = collection(store)
    assert [version.number for version in found.versions] == list(range(90))
    assert len(found.aliases) == 91
    held = {store.blob(version.entries()["x.txt"].sha256).read_text() for version in found.versions}
    assert held == {f"{name} {number}" for name in ("one", "two", "three") for number in range(30)}
    assert list(checks.problems(store)) == []


def test_changes_made_at_once_to_one_version_all_hold(tmp_path: Path, run: Run, store: StoreLayout) -> None:
    run.log_artifact(filled())
    source = """
        import sys
        import runstore
        from runstore.artifacts.artifact import find
        from runstore.format.layout import StoreLayout
        from pathlib import Path

        print("ready", flush=True)
        sys.stdin.readline()
        for number in range(20):
            artifact = find(StoreLayout(Path("experiments")), "model:v0", "p")
            artifact.aliases.append(f"{sys.argv[1]}-{number}")
            artifact.save()
    """
    processes = [start_script(tmp_path, source, name, stderr=None) for name in ("one", "two")]
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()
    for process in processes:
        process.communicate("go\n", timeout=60)
        assert process.returncode == 0
    [version] = collection(store).versions
    assert len(version.head.aliases) == 40


def test_a_blob_that_was_damaged_is_mended_by_the_next_who_stores_it(run: Run, store: StoreLayout) -> None:
    run.log_artifact(filled())
    [blob] = blobs(store)
    blob.chmod(0o644)
    blob.write_text("short")
    run.log_artifact(filled("again", x="some text"))
    assert blob.read_text() == "some text"
    assert list(checks.problems(store)) == []


def test_a_link_in_the_place_of_a_blob_is_not_followed(run: Run, store: StoreLayout, folder: Path) -> None:
    run.log_artifact(filled())
    [blob] = blobs(store)
    (folder / "elsewhere").write_text("some text")
    blob.unlink()
    blob.symlink_to(folder / "elsewhere")
    assert "a link, which is not followed" in str(next(checks.problems(store)))
    with pytest.raises(runstore.Error, match="a link"):
        run.use_artifact("model:v0").download()


@pytest.mark.parametrize("at", ["objects", "objects/sha256"])
def test_a_link_in_the_place_of_all_content_is_not_followed(
    begin: Callable[..., Run], store: StoreLayout, folder: Path, capfd: pytest.CaptureFixture[str], at: str
) -> None:
    begin().log_artifact(filled())
    (store.root / at).rename(folder / "elsewhere")
    (store.root / at).symlink_to(folder / "elsewhere")
    there = sorted((folder / "elsewhere").rglob("*"))
    run = begin({"silent": False})
    run.log_artifact(filled("another", x="other text"))
    with pytest.raises(runstore.Error, match=rf"behind {at}: found a link, which is not followed"):
        run.use_artifact("model:v0").download()
    with pytest.raises(StoreError, match=rf"{at}: found a link, which is not followed"):
        gc.collect(store)
    assert [str(problem) for problem in checks.problems(store)] == [f"{at}: {NO_LINKS}"]
    run.finish()
    assert f"{at}: {NO_LINKS}" in " ".join(capfd.readouterr().err.split())
    assert sorted((folder / "elsewhere").rglob("*")) == there


@pytest.mark.parametrize("size", [0, 1, 70_000, storing._LARGE - 1, storing._LARGE, storing._LARGE + 12_345])
def test_copying_hashes_what_it_copies(size: int, folder: Path) -> None:
    import hashlib

    content = random.Random(size).randbytes(size)
    (folder / "source").write_bytes(content)
    digest, found = storing.copy_hashing(str(folder / "source"), str(folder / "copy"))
    assert (digest, found) == (hashlib.sha256(content).hexdigest(), size)
    assert (folder / "copy").read_bytes() == content


def test_content_from_another_file_system_is_copied(store: StoreLayout, tmp_path: Path) -> None:
    other = Path("/dev/shm") if Path("/dev/shm").is_dir() else tmp_path
    source = other / f"runstore-test-{os.getpid()}"
    source.write_text("content")
    try:
        digest, size = storing.hash_file(str(source))
        Blobs(store).keep(Content(digest, size, str(source), True, str(source), UNSHARED))
    finally:
        source.unlink(missing_ok=True)
    assert store.blob(digest).read_text() == "content"


def test_nothing_waits_in_the_store_when_the_process_has_ended(tmp_path: Path, store: StoreLayout) -> None:
    process = start_script(
        tmp_path,
        """
        import runstore

        runstore.init(project="p")
        artifact = runstore.Artifact("model", "model")
        with artifact.new_file("never-logged") as file:
            file.write("secret")
        """,
    )
    process.communicate(timeout=60)
    assert list(store.staging_dir.iterdir()) == []
    assert not store.objects_dir.exists()


def test_files_wait_in_the_store_of_the_run(begin: Callable[..., Run], folder: Path) -> None:
    begin(dir=folder / "far" / "store")
    artifact = filled()
    assert (
        StoreLayout(folder / "far" / "store").staging_dir in Path(artifact.get_entry("x.txt").local_path or "").parents
    )
