"""`init`: who a run is, where it lies, what it refuses, and what a second call does."""

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import runstore
from runstore.errors import ConfigError, StoreError, UsageError
from runstore.format.records import load_config, load_run, load_store
from runstore.recording import current
from runstore.recording.run import Run
from tests.processes import load, run_script
from tests.recording.conftest import QUIET, folder_of


def test_a_new_run_is_filed_as_it_was_asked_to(begin: Callable[..., Run], store: Path) -> None:
    run = begin(
        project="digits",
        name="first",
        group="cv",
        job_type="train",
        tags=["a", "b"],
        notes="**why**",
        id="run-1",
        entity="team",
        config={"lr": 1e-4},
    )
    folder = store / "digits" / "runs" / "run-1"
    meta = load_run(folder / "run.yaml")
    assert (meta.name, meta.group, meta.job_type, meta.tags, meta.notes) == (
        "first",
        "cv",
        "train",
        ("a", "b"),
        "**why**",
    )
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", meta.created)
    assert load(folder / "state.json") == {"state": "running", "exit_code": None, "finished": ""}
    assert (run.id, run.name, run.group, run.job_type, run.tags) == ("run-1", "first", "cv", "train", ("a", "b"))
    assert (run.project, run.entity, run.path, run.notes) == ("digits", "team", "team/digits/run-1", "**why**")
    assert (run.step, run.resumed, run.sweep_id, run.disabled) == (0, False, None, False)
    assert run.url == folder.as_uri()
    assert Path(run.dir) == folder / "files"
    assert Path(run.dir).is_dir()


def test_text_that_no_file_can_hold_is_kept_escaped(begin: Callable[..., Run]) -> None:
    run = begin(
        name="a\ud800", notes="b\ud800\n<b>\x00", tags=["c\ud800"], group="d\ud800", config={"e\ud800": "f\ud800"}
    )
    meta = load_run(folder_of(run) / "run.yaml")
    assert (meta.name, meta.notes, meta.tags, meta.group) == (
        "a\\ud800",
        "b\\ud800\n<b>\x00",
        ("c\\ud800",),
        "d\\ud800",
    )
    assert load_config(folder_of(run) / "config.yaml") == {"e\\ud800": "f\\ud800"}
    run.name = run.notes = "\udfff"
    assert load_run(folder_of(run) / "run.yaml").name == "\\udfff"


@pytest.mark.parametrize(
    "wrong", [{"tags": 5}, {"dir": 5}, {"mode": "of"}, {"reinit": "no"}, {"settings": {"console": 5}}]
)
def test_arguments_of_a_wrong_kind_are_one_clear_error(begin: Callable[..., Run], wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as caught:
        begin(**wrong)
    assert "\n" not in str(caught.value)
    assert "expected" in str(caught.value)


def test_a_new_store_is_complete_and_names_its_entity(begin: Callable[..., Run], store: Path) -> None:
    begin(entity="team")
    assert load_store(store / "store.yaml").entity == "team"
    assert "heartbeat" in (store / ".gitignore").read_text().split()
    assert (store / ".gitattributes").is_file()


def test_what_is_not_given_is_generated(begin: Callable[..., Run], store: Path) -> None:
    first = begin(project=None)
    second = begin(project="", id="", name="", reinit=True)
    assert re.fullmatch("[0-9a-z]{8}", first.id)
    assert re.fullmatch("[a-z]+-[a-z]+-1", first.name)
    assert re.fullmatch("[a-z]+-[a-z]+-2", second.name)
    assert first.id != second.id
    assert first.path == f"uncategorized/{first.id}"
    assert (first.group, first.job_type, first.tags, first.notes, first.entity) == ("", "", (), "", "")


def test_name_notes_and_tags_can_be_changed_and_a_persons_edits_stay(begin: Callable[..., Run]) -> None:
    run = begin(name="old", group="cv")
    path = folder_of(run) / "run.yaml"
    run.name = "new"
    path.write_text(path.read_text().replace("group: cv", "group: mended"))
    run.notes = "why"
    run.tags += ("b", "a", "b")
    meta = load_run(path)
    assert (meta.name, meta.group, meta.notes, meta.tags) == ("new", "mended", "why", ("b", "a"))
    assert (run.name, run.group) == ("new", "mended")
    path.write_text("tags: {broken\n")
    run.name = "newer"
    assert load_run(path).name == "newer"


def test_an_id_that_exists_is_refused_and_the_run_there_stays_as_it_is(begin: Callable[..., Run]) -> None:
    run = begin(id="taken")
    run.log({"a": 1})
    run.finish()
    before = {path: path.read_bytes() for path in folder_of(run).iterdir() if path.is_file()}
    with pytest.raises(
        UsageError, match=r"the run id 'taken' exists.*pass resume='allow' to go on with it, or choose another id"
    ):
        begin(id="taken", config={"lr": 2})
    assert {path: path.read_bytes() for path in before} == before
    assert begin(id="taken", project="another").id == "taken"


def test_a_deleted_id_is_never_used_again(begin: Callable[..., Run], store: Path) -> None:
    (store / "p" / "deleted").mkdir(parents=True)
    (store / "p" / "deleted" / "gone.yaml").write_text("")
    with pytest.raises(UsageError, match="'gone' was deleted from project 'p' and can never be used again"):
        begin(id="gone")


@pytest.mark.parametrize(
    "wrong", [" a", "a/b", "../a", "a\\b", "a:b", "a#b", "a?b", "a%b", ".", "..", "a\n", "x" * 65, "con"]
)
def test_ids_and_projects_that_are_no_directory_names_are_refused_before_anything_is_written(
    begin: Callable[..., Run], store: Path, wrong: str
) -> None:
    with pytest.raises(UsageError) as caught:
        begin(id=wrong)
    assert "\n" not in str(caught.value)
    with pytest.raises(UsageError):
        begin(project=wrong * 2 if len(wrong) > 60 else wrong)
    assert not store.exists()


def test_a_config_that_cannot_be_used_leaves_no_run_behind(begin: Callable[..., Run], store: Path) -> None:
    with pytest.raises(ConfigError):
        begin(config=3)
    with pytest.raises(TypeError):
        begin(config={"t": runstore.Table()})
    assert not store.exists()
    assert runstore.run is None


def test_a_store_of_a_newer_format_is_refused(begin: Callable[..., Run], store: Path) -> None:
    store.mkdir()
    (store / "store.yaml").write_text("format: 99\n")
    with pytest.raises(StoreError, match="99, a newer format"):
        begin()


def test_arguments_of_wandb_without_effect_here_are_warned_of_with_what_there_is_instead(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {**QUIET, "silent": False}
    run = runstore.init(
        dir=store, settings=settings, anonymous="allow", monitor_gym=True, force=True, magic=True, tensorboard=False
    )
    run.finish()
    warnings = [line for line in capsys.readouterr().err.splitlines() if "warning" in line]
    assert warnings == [
        "runstore: warning: init: monitor_gym= has no effect here: recordings are not looked for; "
        "log them as runstore.Video",
        "runstore: warning: init: magic= has no effect here: nothing is logged by itself; call run.log",
    ]


def test_unknown_arguments_are_refused_with_a_hint(begin: Callable[..., Run]) -> None:
    with pytest.raises(UsageError, match="init knows no argument 'projct'; did you mean project"):
        begin(projct="digits")


def test_a_disabled_run_takes_every_call_and_leaves_nothing(begin: Callable[..., Run], store: Path) -> None:
    run = begin(mode="disabled", config={"lr": 0.1}, name="n", id="x")
    assert run.disabled
    run.log({"a": 1}, step=3)
    run.log({"bad": object()})
    runstore.log({"a": 1})
    run.summary["best"] = 1
    run.config.epochs = 3
    run.tags = ["a"]
    assert (run.config.lr, run.summary["best"], run.name, run.tags) == (0.1, 1, "n", ("a",))
    assert Path(run.dir).is_dir()
    assert (run.url, run.project_url, run.sweep_url, run.sync_dir) == (None, None, None, "")
    with run:
        pass
    run.finish()
    assert not store.exists()
    assert runstore.run is None


def test_a_disabled_run_counts_steps_and_keeps_the_summary_as_a_real_one(begin: Callable[..., Run]) -> None:
    for run in (begin(), begin(mode="disabled", reinit="create_new")):
        run.log({"a": 1, "val": {"loss": 0.5}})
        run.log({"a": math.nan, "table": runstore.Table(["x"], [[1]])}, commit=False)
        run.log({"b": object()})
        run.log({"b": 2}, step=7)
        assert (run.step, run.summary["a"] != run.summary["a"], run.summary["val"]["loss"]) == (7, True, 0.5)
        assert run.summary["table"]["nrows"] == 1
        assert "b" not in run.summary


@pytest.mark.parametrize(
    ("data", "step", "error"), [([1], None, TypeError), ({1: 2}, None, TypeError), ({"a": 1}, 1.5, TypeError)]
)
def test_a_disabled_run_checks_what_it_is_given(
    begin: Callable[..., Run], data: Any, step: Any, error: type[Exception]
) -> None:
    run = begin(mode="disabled", config={"lr": 0.1})
    with pytest.raises(error):
        run.log(data, step)
    with pytest.raises(runstore.Error, match="would become"):
        run.config.lr = 0.2
    run.finish()
    with pytest.raises(UsageError, match="has ended; log before finish"):
        run.log({"a": 1})


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("alert", ("title",)),
        ("define_metric", ("loss",)),
        ("log_code", ()),
        ("mark_preempting", ()),
        ("pin_config_keys", (["lr"],)),
        ("save", ("train.py",)),
        ("watch", (None,)),
        ("write_logs", ("line",)),
    ],
)
def test_after_the_end_a_run_takes_no_calls_and_stays_as_it_ended(run: Run, call: str, arguments: Any) -> None:
    run.finish()
    ended = sorted((path, path.read_bytes()) for path in folder_of(run).rglob("*") if path.is_file())
    with pytest.raises(UsageError, match=rf"has ended; call {call} before finish\(\)"):
        getattr(run, call)(*arguments)
    assert sorted((path, path.read_bytes()) for path in folder_of(run).rglob("*") if path.is_file()) == ended


@pytest.mark.parametrize("code", ["a", 1.5, [0]])
def test_an_exit_code_that_is_no_number_is_refused_and_the_run_goes_on(run: Run, code: Any) -> None:
    with pytest.raises(TypeError, match=r"exit_code is .*, expected a whole number"):
        run.finish(code)
    run.log({"a": 1})
    run.finish(True)
    assert load(folder_of(run) / "state.json")["exit_code"] == 1


def test_a_file_in_the_stores_place_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(StoreError, match=r"cannot create a store here \(it is a file\)"):
        runstore.init(dir=tmp_path / "taken", settings=QUIET)


@pytest.mark.parametrize("at", ["p", "p/runs"])
@pytest.mark.parametrize("arguments", [{}, {"id": "r", "mode": "shared"}, {"id": "r", "resume": "allow"}])
def test_a_project_that_is_a_link_is_refused_and_nothing_is_written(
    begin: Callable[..., Run], store: Path, tmp_path: Path, at: str, arguments: dict[str, Any]
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (store / at).parent.mkdir(parents=True)
    (store / at).symlink_to(elsewhere)
    with pytest.raises(StoreError, match=rf"{at}: found a link, which is not followed, expected a directory; put"):
        begin(**arguments)
    assert list(elsewhere.iterdir()) == []
    assert not (store / "store.yaml").exists()


@pytest.mark.parametrize("at", ["", "media", "files", "code"])
def test_a_run_that_is_a_link_or_holds_one_is_not_gone_on_with(
    begin: Callable[..., Run], store: Path, tmp_path: Path, at: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    link = store / "p" / "runs" / "r" / at
    link.parent.mkdir(parents=True)
    link.symlink_to(elsewhere)
    for arguments in ({"id": "r", "resume": "allow"}, {"id": "r", "mode": "shared"}, {"fork_from": "r?_step=1"}):
        with pytest.raises(StoreError, match="found a link, which is not followed"):
            begin(**arguments)
    assert list(elsewhere.iterdir()) == []


def test_a_store_that_is_itself_a_link_is_its_owners_choice(
    begin: Callable[..., Run], store: Path, tmp_path: Path
) -> None:
    (tmp_path / "large").mkdir()
    store.symlink_to(tmp_path / "large")
    run = begin()
    assert (tmp_path / "large" / "p" / "runs" / run.id / "history.jsonl").exists()


def test_a_home_that_nobody_has_is_one_clear_error() -> None:
    with pytest.raises(StoreError, match="~nobody-at-all/x: there is no such user"):
        runstore.init(dir="~nobody-at-all/x", settings=QUIET)


@pytest.mark.parametrize("old", [False, True])
def test_an_init_that_is_interrupted_leaves_no_run_and_no_attempt(
    begin: Callable[..., Run], store: Path, old: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(id="a" if old else "other").finish()
    before = sorted(store.rglob("*"))

    def interrupt(*arguments: Any, **named: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("runstore.recording.start.Run", interrupt)
    with pytest.raises(KeyboardInterrupt):
        begin(id="a", resume="allow")
    assert sorted(store.rglob("*")) == before


def test_a_finaliser_that_asks_for_the_run_while_python_ends_gets_none(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        """
        import runstore

        class Last:
            def __del__(self, ask=runstore.__getattr__):
                print(ask("run"))

        runstore.init(project="p")
        assert runstore.run is not None
        last = Last()
        last.itself = last
        """,
        env={"RUNSTORE_SILENT": "true"},
    )
    assert (done.stdout, done.stderr) == ("None\n", "")


def test_that_a_second_init_counts_for_nothing_is_said_once(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        """
        import runstore
        first = runstore.init(project="p", name="first")
        assert runstore.init(name="second", reinit=False) is runstore.init(reinit="return_previous") is first
        first.finish(quiet=True)
        first = runstore.init(project="p", name="third")
        assert runstore.init(name="fourth") is runstore.init() is first
        """,
    )
    assert "run first is still" not in done.stderr
    assert (
        done.stderr.count(
            "init: run third is still running and is returned; the arguments given now are ignored; "
            "call finish() first, or pass reinit='finish_previous'"
        )
        == done.stderr.count("still running")
        == 1
    )


@pytest.mark.parametrize("mode", ["online", "offline", "dryrun"])
def test_every_other_mode_records(begin: Callable[..., Run], mode: str) -> None:
    assert (folder_of(begin(mode=mode)) / "run.yaml").is_file()


def test_a_notebook_finishes_the_previous_run_and_lets_config_change(
    begin: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Notebook:
        @staticmethod
        def get_ipython() -> object:
            return object()

    monkeypatch.setitem(__import__("sys").modules, "IPython", Notebook())
    first = begin(config={"lr": 1})
    first.config.lr = 2
    assert begin() is not first
    assert load(folder_of(first) / "state.json")["state"] == "finished"


def test_the_current_run_is_seen_from_every_thread(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        """
        import threading, runstore
        run = runstore.init(project="p")
        seen = []
        thread = threading.Thread(target=lambda: seen.append(runstore.run))
        thread.start()
        thread.join()
        assert seen == [run]
        """,
    )
    assert done.returncode == 0, done.stderr


def test_an_existing_script_runs_with_only_its_import_changed(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        """
        import argparse
        import runstore as wandb

        args = argparse.Namespace(lr=0.1, epochs=3)
        settings = wandb.Settings(start_method="thread")
        wandb.init(project="p", entity="me", config=args, save_code=True, settings=settings)
        wandb.config.update({"seed": 1})
        wandb.run.name = f"run-{wandb.util.generate_id()}"
        for epoch in range(wandb.config.epochs):
            wandb.log({"epoch": epoch, "loss": 1 / (epoch + 1)}, step=epoch)
        wandb.log({"table": wandb.Table(columns=["a"], data=[[1]])})
        wandb.summary["best"] = wandb.run.summary["loss"]
        wandb.finish()
        """,
    )
    assert done.returncode == 0, done.stderr


def test_no_test_leaves_a_current_run_behind() -> None:
    assert current.get() is None
