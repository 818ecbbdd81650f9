"""`save` and `restore`: files kept with a run, and brought back."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import runstore
from runstore.recording.run import Run
from runstore.recording.saved import SavedFiles
from tests.processes import only_run, run_script
from tests.recording.conftest import folder_of

Begin = Callable[..., Run]


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with files in it."""
    folder = tmp_path / "work"
    for name in ("these/are/myfiles/a.txt", "these/are/myfiles/b.txt", "model.pt", "data[1].csv", "x/saveme.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    monkeypatch.chdir(folder)
    return folder


def kept(run: Run) -> list[str]:
    files = folder_of(run) / "files"
    return sorted(path.relative_to(files).as_posix() for path in files.rglob("*") if path.is_file())


def beat(run: Run) -> None:
    run._recorder.part(SavedFiles).beat()


@pytest.mark.parametrize(
    ("pattern", "base", "expected"),
    [
        ("these/are/myfiles/*", None, ["these/are/myfiles/a.txt", "these/are/myfiles/b.txt"]),
        ("these/are/myfiles/*", "these", ["are/myfiles/a.txt", "are/myfiles/b.txt"]),
        ("{work}/these/are/myfiles/*.txt", None, ["myfiles/a.txt", "myfiles/b.txt"]),
        ("{work}/these/are/myfiles/a.txt", "{work}", ["these/are/myfiles/a.txt"]),
        ("*/saveme.txt", None, ["x/saveme.txt"]),
        ("model.pt", None, ["model.pt"]),
        ("these", None, ["these/are/myfiles/a.txt", "these/are/myfiles/b.txt"]),
    ],
)
def test_places_below_the_base_are_kept(
    run: Run, work: Path, pattern: str, base: str | None, expected: list[str]
) -> None:
    given = run.save(pattern.format(work=work), base_path=base.format(work=work) if base else None, policy="now")
    assert given == [str(Path(run.dir) / name) for name in expected]
    assert kept(run) == expected


def test_a_name_with_brackets_is_a_pattern_unless_told_otherwise(run: Run) -> None:
    assert run.save("data[1].csv") == []
    assert [Path(path).name for path in run.save("data[1].csv", glob=False)] == ["data[1].csv"]


def test_paths_and_bytes_are_taken_and_no_argument_too(run: Run) -> None:
    assert len(run.save(Path("model.pt"))) == 1
    assert len(run.save(b"model.pt")) == 1  # type: ignore[arg-type]
    assert run.save() == []
    assert run.save("s3://bucket/file") == []


def test_mistakes_are_told(run: Run, work: Path) -> None:
    with pytest.raises(ValueError, match="policy is 'later', expected live, now or end"):
        run.save("model.pt", policy="later")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="lies outside"):
        run.save("../elsewhere.txt")
    with pytest.raises(ValueError, match="lies outside"):
        run.save("model.pt", base_path="these")
    with pytest.raises(ValueError, match="wildcards"):
        run.save(f"{work}/*/myfiles/a.txt")
    with pytest.raises(TypeError, match="expected a path"):
        run.save(5)  # type: ignore[arg-type]


def test_live_files_follow_their_source_and_now_files_do_not(begin: Begin, work: Path) -> None:
    run = begin()
    run.save("model.pt")
    run.save("these/are/myfiles/a.txt", policy="now")
    run.save("x/saveme.txt", policy="end")
    assert kept(run) == ["model.pt", "these/are/myfiles/a.txt"]
    for name in ("model.pt", "these/are/myfiles/a.txt", "x/saveme.txt"):
        (work / name).write_text("changed")
    beat(run)
    files = Path(run.dir)
    assert (files / "model.pt").read_text() == "changed"
    assert (files / "these/are/myfiles/a.txt").read_text() == "these/are/myfiles/a.txt"
    (work / "model.pt").write_text("changed again")
    run.finish()
    assert (files / "model.pt").read_text() == "changed again"
    assert (files / "x/saveme.txt").read_text() == "changed"


def test_a_source_that_goes_away_leaves_its_copy(begin: Begin, work: Path) -> None:
    run = begin()
    run.save("model.pt")
    (work / "model.pt").unlink()
    run.finish()
    assert (folder_of(run) / "files" / "model.pt").read_text() == "model.pt"


def test_a_copy_is_not_the_file_itself(run: Run, work: Path) -> None:
    [copy] = run.save("model.pt", policy="now")
    with (work / "model.pt").open("a") as stream:
        stream.write(" more")
    assert Path(copy).read_text() == "model.pt"


def test_a_link_in_the_run_leads_nowhere_else(run: Run, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (Path(run.dir) / "x").symlink_to(outside)
    assert run.save("x/saveme.txt") == []
    assert list(outside.iterdir()) == []


def test_what_is_in_the_runs_directory_already_stays_there(run: Run) -> None:
    path = Path(run.dir) / "own.txt"
    path.write_text("mine")
    assert run.save(str(path), base_path=run.dir) == [str(path)]
    assert path.read_text() == "mine"


def test_a_file_is_brought_back(run: Run, work: Path) -> None:
    run.save("model.pt")
    with run.restore("model.pt") as stream:  # type: ignore[union-attr]
        assert stream.read() == "model.pt"
    with runstore.restore("model.pt", root=str(work / "back")) as stream:
        assert (stream.name, stream.read()) == (str(work / "back" / "model.pt"), "model.pt")


@pytest.mark.parametrize("path", ["first", "p/first", "somebody/p/first", "somebody/p/runs/first", "/p/first/"])
def test_files_of_another_run_are_found_by_its_path(begin: Begin, path: str) -> None:
    first = begin(id="first", config={"lr": 0.1})
    first.save("model.pt")
    first.finish()
    run = begin(id="second")
    stream = run.restore("model.pt", run_path=path)
    assert stream is not None
    with stream:
        assert stream.read() == "model.pt"
    assert kept(run) == ["model.pt"]


def test_the_runs_own_files_have_wandbs_names_too(begin: Begin) -> None:
    first = begin(id="first", config={"lr": 0.25})
    first.log({"loss": 0.5})
    first.finish()
    run = begin()
    for name, part in (("config.yaml", "lr: 0.25"), ("wandb-summary.json", '"loss"'), ("wandb-metadata.json", "host")):
        stream = run.restore(name, run_path="p/first")
        assert stream is not None
        with stream:
            assert part in stream.read()


def test_one_that_is_there_is_left_unless_it_is_to_be_replaced(begin: Begin) -> None:
    first = begin(id="first")
    first.save("model.pt")
    first.finish()
    run = begin()
    (Path(run.dir) / "model.pt").write_text("mine")
    for replace, text in ((False, "mine"), (True, "model.pt")):
        stream = run.restore("model.pt", run_path="first", replace=replace)
        assert stream is not None
        with stream:
            assert stream.read() == text


def test_what_is_not_there_is_an_error(run: Run) -> None:
    with pytest.raises(ValueError, match=r"File none\.txt not found"):
        run.restore("none.txt")
    with pytest.raises(ValueError, match="there is no run 'p/nobody'"):
        run.restore("model.pt", run_path="p/nobody")
    with pytest.raises(ValueError, match="expected id, project/id"):
        run.restore("model.pt", run_path="a/b/c/d")


@pytest.mark.parametrize("name", ["../../../secret", "/etc/passwd", "link"])
def test_nothing_outside_the_run_is_read_or_written(run: Run, tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_text("secret")
    (folder_of(run) / "link").symlink_to(tmp_path / "secret")
    with pytest.raises((ValueError, runstore.Error)):
        run.restore(name, root=str(tmp_path / "back"))


def test_a_disabled_run_keeps_nothing(tmp_path: Path) -> None:
    run = runstore.init(mode="disabled", dir=tmp_path / "store", settings={"silent": True})
    assert run.save("model.pt") == []
    assert run.restore("model.pt") is None
    run.finish()
    assert not (tmp_path / "store").exists()


def test_a_killed_script_has_its_live_files(tmp_path: Path) -> None:
    source = """
        import os, signal, runstore
        run = runstore.init(project="p")
        open("weights.bin", "wb").write(os.urandom(1 << 20))
        run.save("weights.bin")
        os.kill(os.getpid(), signal.SIGKILL)
    """
    assert run_script(tmp_path, source).returncode == -signal.SIGKILL
    assert (only_run(tmp_path) / "files/weights.bin").read_bytes() == (tmp_path / "weights.bin").read_bytes()


def test_a_disk_that_takes_nothing_raises_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("runstore.recording.saved.copy_file", full)
    assert len(run.save("model.pt")) == 1
    assert kept(run) == []
    monkeypatch.undo()
    beat(run)


@pytest.mark.parametrize("pattern", ["*", ".", "experiments*"])
def test_the_store_is_no_part_of_what_lies_around_it(begin: Callable[..., Run], work: Path, pattern: str) -> None:
    begin(dir=work / "experiments", id="other").finish()
    run = begin(dir=work / "experiments", id="own")
    Path(run.dir, "own.txt").write_text("own")
    run.save(pattern, policy="now")
    assert not [name for name in kept(run) if name.startswith("experiments")]
    assert ("model.pt" in kept(run)) == (pattern != "experiments*")


def test_a_file_of_the_store_that_is_named_is_kept(begin: Callable[..., Run], work: Path) -> None:
    other = begin(dir=work / "experiments", id="other")
    Path(other.dir, "model.pt").write_text("weights")
    other.finish()
    run = begin(dir=work / "experiments", id="own")
    run.save("experiments/p/runs/other/files/*.pt", policy="now")
    assert kept(run) == ["experiments/p/runs/other/files/model.pt"]


def test_a_file_comes_back_before_any_run_has_begun(
    begin: Callable[..., Run], store: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begin(id="a")
    run.save("model.pt")
    run.finish()
    monkeypatch.setenv("RUNSTORE_DIR", str(store))
    with runstore.restore("model.pt", run_path="p/a", root="back") as file:
        assert file.read() == "model.pt"
    assert (work / "back" / "model.pt").exists()
    with runstore.restore("model.pt", "p/a") as file:
        assert Path(file.name) == Path("model.pt")
    for call in (
        lambda: runstore.restore("model.pt"),
        lambda: runstore.restore("other.pt", "p/a"),
        lambda: runstore.restore("../run.yaml", "p/a"),
        lambda: runstore.restore("model.pt", "p/nobody"),
    ):
        with pytest.raises(ValueError):
            call()
