"""Imported runs in the store: once, whole, kept up to date, and never over what somebody else made or edited."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runstore.api import Api
from runstore.format.layout import StoreLayout
from runstore.format.records import RunState, create_store
from runstore.importers.sources import (
    ImportedArtifact,
    ImportedEntry,
    ImportedFile,
    ImportedRun,
    LogLine,
    Problems,
    Row,
)
from runstore.importers.writing import bring
from runstore.media.histogram import Histogram
from runstore.media.kept import Kept
from tests.processes import ROOT, environment, load

MOMENT = 1_700_000_000.0


@pytest.fixture
def store(tmp_path: Path) -> StoreLayout:
    made = StoreLayout(tmp_path / "experiments")
    create_store(made)
    return made


def rows(count: int = 3) -> Iterator[Row]:
    for step in range(count):
        yield {"loss": 1 / (step + 1), "_step": step, "_timestamp": MOMENT + step}


def run(digest: str = "1", **more: Any) -> ImportedRun:
    return ImportedRun(
        **{
            "kind": "tool",
            "source": "team/r1",
            "digest": digest,
            "id": "r1",
            "name": "first",
            "created": MOMENT,
            "tags": ("a",),
            "config": {"lr": 0.1},
            "rows": rows,
            "problems": Problems(),
            **more,
        }
    )


def history(store: StoreLayout, run_id: str = "r1") -> list[dict[str, Any]]:
    return [json.loads(line) for line in store.project("p").run(run_id).history().read_bytes().splitlines()]


def test_a_run_is_written_as_ours_are(store: StoreLayout) -> None:
    brought = bring(run(state=RunState("failed", 3, "2023-11-14T22:14:20Z"), group="g", notes="n"), store, "p")
    assert (brought.outcome, brought.run, brought.rows) == ("new", "r1", 3)
    found = Api(store.root).run("p/r1")
    assert (found.name, found.group, found.notes, found.tags, found.state) == ("first", "g", "n", ["a"], "failed")
    assert found.config == {"lr": 0.1}
    assert found.created_at.startswith("2023-11-14T22:13:20")
    assert history(store)[2] == {"loss": 1 / 3, "_step": 2, "_runtime": 2.0, "_timestamp": MOMENT + 2}
    assert load(store.project("p").run("r1").summary_json) == history(store)[2]


def test_a_second_import_changes_nothing(store: StoreLayout) -> None:
    bring(run(), store, "p")
    before = {path: path.stat().st_mtime_ns for path in store.root.rglob("*") if path.is_file()}
    assert bring(run(), store, "p").outcome == "unchanged"
    assert {path: path.stat().st_mtime_ns for path in store.root.rglob("*") if path.is_file()} == before


def test_a_run_that_grew_is_brought_up_to_date(store: StoreLayout) -> None:
    bring(run(), store, "p")
    assert bring(run("2", rows=lambda: rows(5), name="renamed"), store, "p").outcome == "grown"
    assert [row["_step"] for row in history(store)] == [0, 1, 2, 3, 4]
    assert Api(store.root).run("p/r1").name == "renamed"


def test_what_was_edited_here_stays_when_the_run_grows(store: StoreLayout) -> None:
    bring(run(), store, "p")
    found = Api(store.root).run("p/r1")
    found.tags = ["mine"]
    found.notes = "my notes"
    found.config["lr"] = 0.2
    found.config["new"] = 1
    found.summary["mine"] = 5
    found.update()
    bring(run("2", tags=("b",), notes="theirs", name="theirs", config={"lr": 0.3, "more": 2}), store, "p")
    found = Api(store.root).run("p/r1")
    assert (found.tags, found.notes, found.name) == (["mine"], "my notes", "theirs")
    assert found.config == {"lr": 0.2, "more": 2, "new": 1}
    assert found.summary["mine"] == 5
    bring(run("3", config={"lr": 0.4}), store, "p")
    assert Api(store.root).run("p/r1").config["lr"] == 0.2


def test_a_run_of_another_source_is_not_touched(store: StoreLayout) -> None:
    bring(run(), store, "p")
    brought = bring(run(source="other/r1"), store, "p")
    assert brought.outcome == "refused"
    assert "comes from tool team/r1; it is left as it is" in brought.why
    bring(replace(run(), source="x", id="mine"), store, "p")
    layout = store.project("p").run("mine")
    facts = load(layout.provenance_json)
    del facts["imported"]
    layout.provenance_json.write_text(json.dumps(facts))
    assert "which was not imported" in bring(replace(run(), source="x", id="mine"), store, "p").why


def test_a_run_that_was_deleted_here_is_refused(store: StoreLayout) -> None:
    bring(run(), store, "p")
    Api(store.root).run("p/r1").delete()
    assert "was deleted from project p" in bring(run(), store, "p").why


def test_an_id_that_names_no_directory_is_derived_and_the_same_each_time(store: StoreLayout) -> None:
    odd = replace(run(), id="../../etc")
    first = bring(odd, store, "p")
    assert first.outcome == "new"
    assert len(first.run) == 10
    assert bring(odd, store, "p").outcome == "unchanged"


def test_a_dry_run_writes_nothing(store: StoreLayout) -> None:
    assert bring(run(), store, "p", dry=True).outcome == "new"
    assert not store.project("p").path.exists()


def test_values_of_every_kind_survive(store: StoreLayout) -> None:
    png = b"\x89PNG not really"
    row: Row = {
        "nan": float("nan"),
        "inf": float("-inf"),
        "big": 2**80,
        "text": "null and ü",
        "list": [1, float("nan")],
        "image": Kept("image-file", "images", png, "png", {"width": 2, "height": 3}),
        "hist": Histogram(np_histogram=([1, 2], [0.0, 0.5, 1.0])),
        "odd": object(),
        "_step": 7.0,
    }
    given = run(rows=lambda: [row, {"late": 1}])
    bring(given, store, "p")
    first, second = history(store)
    assert (first["nan"], first["inf"], first["big"], first["list"]) == ("NaN", "-Infinity", 2**80, [1, "NaN"])
    assert (first["text"], first["_step"], second["_step"]) == ("null and ü", 7, 8)
    assert (store.project("p").run("r1").path / first["image"]["path"]).read_bytes() == png
    assert first["hist"] == {"_type": "histogram", "values": [1, 2], "bins": [0.0, 0.5, 1.0]}
    assert "odd" not in first
    assert any("odd" in line for line in given.problems.lines)


def test_files_go_below_files_and_nowhere_else(store: StoreLayout, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    bad = ["../../out", "/abs", "a/../../b", ""]
    files = [ImportedFile("sub/good.txt", b"good"), *(ImportedFile(place, b"bad") for place in bad)]
    given = run(files=lambda: [*files, ImportedFile("gone", tmp_path / "gone")])
    bring(given, store, "p")
    inside = store.project("p").run("r1").files_dir
    assert [path.relative_to(inside).as_posix() for path in inside.rglob("*") if path.is_file()] == ["sub/good.txt"]
    assert len(given.problems.lines) == len(bad) + 1
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.read_bytes() == b"bad"]


def test_an_artifact_is_made_once_however_often_the_run_grows(store: StoreLayout, tmp_path: Path) -> None:
    weights = tmp_path / "weights"
    weights.write_bytes(b"weights")
    entries = (ImportedEntry("w.bin", weights), ImportedEntry("there", ref="https://example.org/x"))
    made = [
        ImportedArtifact("model", "model", entries, aliases=("best", "v3"), time=MOMENT),
        ImportedArtifact("model", "model", (ImportedEntry("other", weights),), time=MOMENT + 1),
    ]
    for digest in "123":
        bring(run(digest, artifacts=lambda: made), store, "p")
    [one, two] = sorted(Api(store.root).run("p/r1").logged_artifacts(), key=lambda each: each.version)
    assert (one.version, two.version) == ("v0", "v1")
    assert one.aliases == ["best"]
    assert one.file_count == 2
    assert Path(one.get_entry("w.bin").download(root=str(tmp_path / "out"))).read_bytes() == b"weights"


def test_a_log_has_its_times(store: StoreLayout) -> None:
    lines = [LogLine("one", MOMENT), LogLine("two", MOMENT + 0.1), LogLine("oh", MOMENT + 0.2, "stderr")]
    bring(run(log=lambda: lines), store, "p")
    layout = store.project("p").run("r1")
    assert layout.output_log.read_text() == "one\ntwo\noh\n"
    assert [json.loads(line) for line in layout.writer().lines.read_bytes().splitlines()] == [
        {"line": 0, "_timestamp": MOMENT, "source": "stdout"},
        {"line": 2, "_timestamp": MOMENT + 0.2, "source": "stderr"},
    ]


def test_the_pack_of_an_archived_history_gives_way_when_the_run_grows(store: StoreLayout) -> None:
    from runstore.archive import replacing

    bring(run(rows=lambda: rows(3000)), store, "p")
    replacing.pack(store.project("p").run("r1").history())
    assert not store.project("p").run("r1").history().exists()
    bring(run("2", rows=lambda: rows(3005)), store, "p")
    assert len(list(Api(store.root).run("p/r1").scan_history())) == 3005
    assert not list(store.project("p").run("r1").path.glob("*.parquet"))


SLOW = """
    import sys, time
    from pathlib import Path
    from runstore.format.layout import StoreLayout
    from runstore.importers.sources import ImportedRun
    from runstore.importers.writing import bring

    def rows():
        for step in range(int(sys.argv[3])):
            yield {"loss": 1.0, "_step": step, "_timestamp": 1.7e9 + step}
            if step == 2:
                Path(sys.argv[2]).touch()
                time.sleep(float(sys.argv[4]))

    run = ImportedRun("tool", "team/r1", sys.argv[5], id="r1", created=1.7e9, rows=rows)
    print(bring(run, StoreLayout(Path(sys.argv[1])), "p").outcome)
"""


def start(store: StoreLayout, sign: Path, count: int, seconds: float, digest: str) -> subprocess.Popen[str]:
    arguments = [str(store.root), str(sign), str(count), str(seconds), digest]
    command = [sys.executable, "-c", textwrap.dedent(SLOW), *arguments]
    env = environment(store.root.parent)
    return subprocess.Popen(command, cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE)


def kill_in_the_middle(store: StoreLayout, sign: Path, digest: str) -> None:
    process = start(store, sign, 10, 600, digest)
    while not sign.exists():
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    sign.unlink()


def test_an_import_killed_half_way_leaves_nothing_and_is_done_by_the_next(store: StoreLayout, tmp_path: Path) -> None:
    sign = tmp_path / "sign"
    kill_in_the_middle(store, sign, "1")
    assert list(Api(store.root).runs("p")) == []
    assert list(store.project("p").runs_dir.glob(".import-*.tmp"))
    out, _ = start(store, sign, 10, 0, "1").communicate()
    assert out == "new\n"
    assert [row["_step"] for row in history(store)] == list(range(10))
    assert not list(store.project("p").runs_dir.glob(".*"))


def test_a_run_that_grows_stays_as_it_was_when_its_import_is_killed(store: StoreLayout, tmp_path: Path) -> None:
    sign = tmp_path / "sign"
    bring(run(rows=lambda: rows(4)), store, "p")
    kill_in_the_middle(store, sign, "2")
    assert len(history(store)) == 4
    out, _ = start(store, sign, 10, 0, "2").communicate()
    assert out == "grown\n"
    assert len(history(store)) == 10


def test_an_import_that_stops_between_two_files_is_done_again(
    store: StoreLayout, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(run(), store, "p")
    replaced = os.replace
    moved: list[Any] = []

    def failing(source: Any, target: Any) -> None:
        if Path(target).parent.name == "r1":
            if moved:
                raise KeyboardInterrupt
            moved.append(target)
        replaced(source, target)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(os, "replace", failing)
        bring(run("2", rows=lambda: rows(5), config={"lr": 0.5}), store, "p")
    assert bring(run("2", rows=lambda: rows(5), config={"lr": 0.5}), store, "p").outcome == "grown"
    assert len(history(store)) == 5
    assert Api(store.root).run("p/r1").config == {"lr": 0.5}


def test_a_link_in_the_place_of_a_run_is_not_followed(store: StoreLayout, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    store.project("p").runs_dir.mkdir(parents=True)
    (store.project("p").runs_dir / "r1").symlink_to(outside)
    with pytest.raises(Exception, match="found a link, which is not followed"):
        bring(run(), store, "p")
    assert not list(outside.iterdir())
