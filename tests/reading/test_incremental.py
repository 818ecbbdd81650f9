"""Reading again: only what is new, and the same in the end as one cold read."""

import os
import shutil
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstore.reading import index
from runstore.reading.store import Store, read_store
from tests.reading.views import column, everything, logged, only_run
from tests.stores import append, curve, lines, write_file, write_run, write_store

ROWS = st.lists(
    st.fixed_dictionaries({}, optional={"a": st.integers(0, 9), "b": st.floats(), "_step": st.integers(0, 99)})
    | st.fixed_dictionaries({"a": st.sampled_from(["text", "NaN", None, True, {"x": 1}]), "_step": st.integers(0, 9)}),
    max_size=8,
)
JUNK = st.sampled_from([b"", b"\n", b"\r\n", b"\0\0", b'{"a": 1', b'{"a": 1}', b"[1]\n", b'{"a": NaN}\n', b"  ", b"\r"])
PIECES = st.lists(st.builds(lambda rows, junk: lines(rows) + junk, ROWS, JUNK), max_size=4)


def _read(root: Path) -> tuple[Store, int]:
    """The store, and how many bytes of histories were read for it."""
    store = read_store(root, now=2e9)
    return store, sum(project.catalog.bytes_read for project in store.projects)


@given(PIECES, st.data())
def test_any_number_of_appends_reads_as_one_cold_read(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes], data: st.DataObject
) -> None:
    root = write_store(tmp_path_factory.mktemp("store"))
    whole = b"".join(pieces)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=4), label="cuts"))
    folder = write_run(root, history=b"")
    for start, stop in zip([0, *cuts], [*cuts, len(whole)], strict=True):
        append(folder, whole[start:stop])
        warm = _read(root)[0]
    shutil.rmtree(root / ".cache")
    assert everything(warm) == everything(_read(root)[0])


def test_what_is_glued_to_a_last_line_without_newline_is_the_same_line(root: Path) -> None:
    folder = write_run(root, history=b'{"a": 1}')
    assert column(read_store(root).projects[0], "a") == [(0, 1.0)]
    append(folder, b'{"a": 2}\n{"a": 3}\n')
    (project,) = read_store(root).projects
    assert column(project, "a") == [(0, 1.0), (0, 2.0), (1, 3.0)]
    assert [problem.line for problem in project.runs[0].problems] == [1]


def test_a_rebuild_reads_only_new_bytes(root: Path) -> None:
    folders = [write_run(root, run_id=f"r{at}", history=curve(100)) for at in range(5)]
    size = sum((folder / "history.jsonl").stat().st_size for folder in folders)
    assert _read(root)[1] == size
    assert _read(root)[1] == 0
    new = lines(curve(3, start=100))
    append(folders[2], new)
    store, size = _read(root)
    assert size == len(new)
    assert len(column(store.projects[0], "loss", "r2")) == 103
    assert _read(root)[1] == 0


def test_many_small_appends_are_kept_together(root: Path) -> None:
    folder = write_run(root, history=curve(1))
    for step in range(1, 60):
        append(folder, curve(1, start=step))
        read_store(root)
    assert len(list((root / ".cache/p").glob("*.parquet"))) <= 25
    assert [step for step, _ in column(read_store(root).projects[0], "loss")] == list(range(60))


def test_a_new_attempt_or_rank_is_read_beside_the_old(root: Path) -> None:
    folder = write_run(root, history=curve(2))
    read_store(root)
    append(folder, curve(2, start=2), "history.2.jsonl")
    append(folder, curve(1, start=9), "history.rank1.jsonl")
    store, size = _read(root)
    assert size == (folder / "history.2.jsonl").stat().st_size + (folder / "history.rank1.jsonl").stat().st_size
    assert [step for step, _ in column(store.projects[0], "loss")] == [0, 1, 2, 3, 9]


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_bytes(lines(curve(2, key="other"))),
        lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
        lambda path: path.write_bytes(lines(curve(500, start=7))),
        lambda path: path.write_bytes(b"#" + path.read_bytes()),
        lambda path: os.replace(write_file(path.with_name("new"), lines(curve(300))), path),
        lambda path: path.write_bytes(b""),
        lambda path: path.unlink(),
    ],
    ids=["other rows", "truncated", "longer", "shifted", "replaced", "emptied", "removed"],
)
def test_a_history_that_was_rewritten_is_read_anew(root: Path, change: Any) -> None:
    folder = write_run(root, history=curve(100))
    read_store(root)
    change(folder / "history.jsonl")
    warm = everything(_read(root)[0])
    again = everything(_read(root)[0])
    shutil.rmtree(root / ".cache")
    assert warm == again == everything(_read(root)[0])


def test_a_run_that_was_deleted_is_gone_and_one_that_came_is_there(root: Path) -> None:
    write_run(root, run_id="old", history=curve(3))
    read_store(root)
    shutil.rmtree(root / "p/runs/old")
    write_run(root, run_id="new", history=curve(2))
    (project,) = read_store(root).projects
    assert [run.id for run in project.runs] == ["new"]
    assert len(logged(project)) == 2


def test_a_run_that_was_deleted_and_written_again_is_not_mixed_with_itself(root: Path) -> None:
    write_run(root, history=curve(5))
    read_store(root)
    shutil.rmtree(root / "p/runs/r1")
    write_run(root, history=curve(7, key="other"))
    (project,) = read_store(root).projects
    assert column(project, "loss") == []
    assert len(column(project, "other")) == 7


def test_a_small_file_that_changed_is_read_again(root: Path) -> None:
    folder = write_run(root, config="lr: 1\n", meta="name: a\n", state={"state": "failed", "exit_code": 1})
    assert only_run(root).config == {"lr": 1}
    write_file(folder / "config.yaml", "lr: 1e-4\n")
    (folder / "run.yaml").unlink()
    write_file(folder / "state.json", {"state": "finished", "exit_code": 0})
    run = only_run(root)
    assert (run.config, run.name, run.state, run.exit_code) == ({"lr": 1e-4}, "r1", "finished", 0)
    (folder / "state.json").unlink()
    assert only_run(root).exit_code is None


def test_a_problem_that_was_mended_is_gone(root: Path) -> None:
    folder = write_run(root, history=b"broken\n", config="a: [")
    assert len(only_run(root).problems) == 2
    write_file(folder / "config.yaml", "a: []\n")
    write_file(folder / "history.jsonl", curve(1))
    assert only_run(root).problems == ()


def test_a_small_file_replaced_by_a_link_is_not_followed(root: Path, tmp_path: Path) -> None:
    folder = write_run(root, config="lr: 1\n")
    read_store(root)
    (folder / "config.yaml").unlink()
    (folder / "config.yaml").symlink_to(write_file(tmp_path / "secret.yaml", "password: x\n"))
    assert only_run(root).config == {}


def test_a_deleted_cache_is_made_again(root: Path) -> None:
    write_run(root, history=curve(10), config="lr: 1\n")
    before = everything(_read(root)[0])
    shutil.rmtree(root / ".cache")
    store, size = _read(root)
    assert everything(store) == before
    assert size == (root / "p/runs/r1/history.jsonl").stat().st_size
    assert (root / ".cache/p/catalog.jsonl").is_file()


def test_the_index_writes_anew_only_the_lines_of_runs_that_changed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_run(root, run_id="r1", history=curve(10))
    for run_id in ("r2", "r3"):
        write_run(root, run_id=run_id, history=curve(10))
    read_store(root)
    encoded: list[str] = []
    encode = index._line
    monkeypatch.setattr(index, "_line", lambda run_id, *rest: encoded.append(run_id) or encode(run_id, *rest))
    append(folder, curve(1, start=10))
    write_run(root, run_id="r4", history=curve(10))
    shutil.rmtree(root / "p/runs/r3")
    warm = everything(read_store(root))
    assert sorted(encoded) == ["r1", "r4"]
    assert everything(read_store(root)) == warm
    shutil.rmtree(root / ".cache")
    assert everything(read_store(root)) == warm


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"\0" * path.stat().st_size),
        lambda path: path.write_bytes(path.read_bytes()[:-20]),
        lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
        lambda path: path.write_bytes(b"[]"),
        lambda path: path.write_bytes(b'{"version": 2}'),
        lambda path: path.write_bytes(b'{"version": 2, "runs": {}, "facts": [], "segments": 3, "next_source": null}'),
        lambda path: path.write_bytes(path.read_bytes().replace(b'"version": 2', b'"version": 1')),
        lambda path: path.write_bytes(path.read_bytes().replace(b'"facts": {"0"', b'"facts": {"7"')),
        lambda path: path.unlink(),
    ],
)
@pytest.mark.parametrize("pattern", ["catalog.jsonl", "*.parquet"])
def test_a_corrupted_cache_is_made_again(root: Path, damage: Any, pattern: str) -> None:
    write_run(root, history=curve(10), config="lr: 1\n")
    append(write_run(root, run_id="r2", history=curve(3)), [{"loss": math_text} for math_text in ("NaN", "text")])
    before = everything(_read(root)[0])
    for path in list((root / ".cache/p").glob(pattern)):
        damage(path)
    assert everything(_read(root)[0]) == before
    assert everything(_read(root)[0]) == before


def test_a_corrupted_segment_is_made_again_when_segments_are_merged(root: Path) -> None:
    folder = write_run(root, history=curve(1))
    read_store(root)
    for path in (root / ".cache/p").glob("*.parquet"):
        path.write_bytes(b"PAR1")
    sizes = []
    for step in range(1, 30):
        append(folder, curve(1, start=step))
        sizes.append(_read(root)[1])
    assert sum(size > 200 for size in sizes) == 1
    assert len(column(read_store(root).projects[0], "loss")) == 30


@given(st.sampled_from(["catalog.jsonl", "*.parquet"]), st.integers(0, 2**32))
def test_no_damage_to_the_cache_changes_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, pattern: str, seed: int
) -> None:
    root = write_store(tmp_path_factory.mktemp("store"))
    write_run(root, history=curve(50), config="lr: 1\n")
    before = everything(_read(root)[0])
    (path,) = (root / ".cache/p").glob(pattern)
    random, data = Random(seed), bytearray(path.read_bytes())
    for _ in range(random.randrange(1, 4)):
        data[random.randrange(len(data))] ^= random.randrange(1, 256)
    path.write_bytes(data[: random.randrange(len(data) // 2, len(data) + 1)])
    assert everything(_read(root)[0]) == before


def test_a_cache_that_cannot_be_written_is_done_without(root: Path) -> None:
    write_run(root, history=curve(4))
    write_file(root / ".cache", "in the way")
    for _ in range(2):
        assert len(column(read_store(root).projects[0], "loss")) == 4


def test_a_cache_that_is_a_link_is_neither_read_nor_written(root: Path, tmp_path: Path) -> None:
    write_run(root, history=curve(4))
    precious = write_file(tmp_path / "elsewhere/p/mine.parquet", "precious")
    (root / ".cache").symlink_to(tmp_path / "elsewhere")
    assert len(column(read_store(root).projects[0], "loss")) == 4
    assert sorted(path.name for path in precious.parent.iterdir()) == ["mine.parquet"]


def test_a_reader_whose_segments_another_one_swept_reads_them_anew(root: Path) -> None:
    folder = write_run(root, history=curve(1))
    read_store(root)
    first = read_store(root)
    for step in range(1, 40):
        append(folder, curve(1, start=step))
        read_store(root)
    assert len(column(first.projects[0], "loss")) >= 1
    assert len(column(read_store(root).projects[0], "loss")) == 40


def test_two_readers_at_once_do_not_disturb_each_other(root: Path) -> None:
    folders = [write_run(root, run_id=f"r{at}", history=curve(50)) for at in range(4)]
    context = get_context("spawn")
    with context.Pool(2) as pool:
        jobs = [pool.apply_async(_read_while_it_grows, (root,)) for _ in range(2)]
        for step in range(50, 90):
            for folder in folders:
                append(folder, curve(1, start=step))
        for job in jobs:
            assert job.get(60) == []
    (project,) = read_store(root).projects
    assert all(len(column(project, "loss", folder.name)) == 90 for folder in folders)


def _read_while_it_grows(root: Path) -> list[str]:
    """Reads until all is there; returns what was wrong on the way: rows lost, doubled or out of order."""
    wrong = []
    for _ in range(200):
        (project,) = read_store(root).projects
        counts = []
        for run in project.runs:
            steps = [step for step, _ in column(project, "loss", run.id)]
            counts.append(len(steps))
            if steps != list(range(len(steps))) or len(steps) < 50:
                wrong.append(f"{run.id}: {steps}")
        if min(counts) == 90:
            break
    return wrong


def test_an_earlier_store_keeps_its_runs_when_the_files_grow(root: Path) -> None:
    folder = write_run(root, history=curve(5))
    early = read_store(root)
    append(folder, curve(5, start=5))
    read_store(root)
    assert early.projects[0].runs[0].rows == 5
    assert len(column(early.projects[0], "loss")) == 5


def test_a_digest_stays_while_nothing_changes_and_changes_with_any_file(root: Path) -> None:
    folder = write_run(root, history=curve(1))
    digests = [only_run(root).digest, only_run(root).digest]
    append(folder, curve(1, start=1))
    digests.append(only_run(root).digest)
    write_file(folder / "output.log", "hello\n")
    digests.append(only_run(root).digest)
    write_file(folder / "state.json", {"state": "failed"})
    digests.append(only_run(root).digest)
    assert digests[0] == digests[1]
    assert len(set(digests)) == 4
