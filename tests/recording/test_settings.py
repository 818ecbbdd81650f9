"""Settings: the environment, W&B's names for it, and what overrides what."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import runstore
from runstore.errors import StoreError, UsageError
from runstore.recording.run import Run
from runstore.settings import RunSettings, from_environment, override, split_tags

VALUES = {
    "PROJECT": ("project", "digits"),
    "ENTITY": ("entity", "team"),
    "RUN_ID": ("run_id", "abc"),
    "NAME": ("name", "first try"),
    "RUN_GROUP": ("run_group", "cv"),
    "JOB_TYPE": ("job_type", "train"),
    "NOTES": ("notes", "a: b"),
    "RESUME": ("resume", "never"),
    "DIR": ("dir", "/data/experiments"),
}


@pytest.mark.parametrize("prefix", ["RUNSTORE_", "WANDB_"])
@pytest.mark.parametrize("suffix", VALUES)
def test_every_variable_has_a_twin(prefix: str, suffix: str) -> None:
    name, value = VALUES[suffix]
    assert getattr(from_environment({prefix + suffix: value}), name) == value


def test_our_variable_is_stronger_and_an_empty_one_is_none() -> None:
    assert from_environment({"RUNSTORE_PROJECT": "ours", "WANDB_PROJECT": "theirs"}).project == "ours"
    assert from_environment({"RUNSTORE_PROJECT": "", "WANDB_PROJECT": "theirs"}).project == "theirs"
    assert from_environment({}) == RunSettings()


@pytest.mark.parametrize(
    ("text", "mode"),
    [("online", "online"), ("Offline", "offline"), ("dryrun", "offline"), ("run", "online"), ("disabled", "disabled")],
)
def test_modes_are_wandbs_old_and_new(text: str, mode: str) -> None:
    assert from_environment({"WANDB_MODE": text}).mode == mode


@pytest.mark.parametrize(
    ("text", "console"), [("off", "off"), ("auto", "wrap"), ("redirect", "wrap"), ("wrap", "wrap")]
)
def test_consoles_are_wandbs(text: str, console: str) -> None:
    assert from_environment({"WANDB_CONSOLE": text}).console == console


@pytest.mark.parametrize(
    ("variable", "value"), [("RUNSTORE_MODE", "of"), ("WANDB_CONSOLE", "loud"), ("RUNSTORE_SILENT", "maybe")]
)
def test_a_value_without_meaning_is_one_clear_error_that_names_the_variable(variable: str, value: str) -> None:
    with pytest.raises(UsageError, match=f"{variable} is '{value}', expected"):
        from_environment({variable: value})


def test_tags_are_split_at_commas_and_each_is_kept_once() -> None:
    assert split_tags("a, b,,a , c d") == ("a", "b", "c d")
    assert split_tags(["a", 3, "a", " "]) == ("a", "3")
    assert from_environment({"WANDB_TAGS": "a,b"}).tags == ("a", "b")


def test_what_is_given_overrides_and_unknown_names_are_returned() -> None:
    before = RunSettings(project="a", name="n")
    after, unknown = override(before, {"project": "b", "name": None, "run_tags": "x,y", "start_method": "thread"})
    assert after == RunSettings(project="b", name="n", tags=("x", "y"))
    assert unknown == ["start_method"]


def test_arguments_are_stronger_than_settings_and_those_than_the_environment(
    begin: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("NAME", "RUN_GROUP", "JOB_TYPE", "NOTES"):
        monkeypatch.setenv(f"WANDB_{variable}", "environment")
    run = begin({"run_name": "settings", "run_group": "settings"}, name="argument")
    assert (run.name, run.group, run.job_type, run.notes) == ("argument", "settings", "environment", "environment")


def test_settings_are_an_object_or_a_dict_and_wandbs_other_ones_are_warned_of(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = runstore.Settings(console="off", disable_git=True, start_method="fork", _disable_stats=True)
    run = runstore.init(dir=store, settings=settings)
    run.finish()
    said = capsys.readouterr().err
    assert said.count("\n") >= 1
    assert "init: settings start_method, settings _disable_stats have no meaning here" in said
    assert repr(settings).startswith("Settings(console='off'")


@pytest.mark.parametrize("settings", [5, "silent", ["silent"], runstore.Settings])
def test_settings_of_another_kind_are_one_clear_error(store: Path, settings: Any) -> None:
    with pytest.raises(runstore.UsageError, match=r"settings is .*, expected runstore.Settings\(...\) or a dict"):
        runstore.init(dir=store, settings=settings)


def test_an_empty_dir_counts_as_not_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNSTORE_DIR", str(tmp_path / "from environment"))
    found, _ = override(from_environment(), {"dir": ""})
    assert found.store_root() == tmp_path / "from environment"


@pytest.mark.parametrize("inner", [True, False])
def test_dir_is_the_store_or_holds_one(tmp_path: Path, inner: bool) -> None:
    store = tmp_path / "experiments"
    store.mkdir()
    (store / "store.yaml").write_text("format: 1\n")
    assert RunSettings(dir=str(tmp_path if inner else store)).store_root() == store
    assert RunSettings(dir=str(tmp_path / "new")).store_root() == tmp_path / "new"


def test_without_dir_the_store_is_the_nearest_one_above_then_the_repositorys_then_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "code" / "models"
    here.mkdir(parents=True)
    monkeypatch.chdir(here)
    assert RunSettings().store_root() == here / "experiments"
    (tmp_path / "code" / ".git").mkdir()
    assert RunSettings().store_root() == tmp_path / "code" / "experiments"
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "store.yaml").write_text("format: 1\n")
    assert RunSettings().store_root() == tmp_path / "experiments"


def test_a_working_directory_that_was_deleted_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    for settings in (RunSettings(), RunSettings(dir="here")):
        with pytest.raises(StoreError, match="the working directory was deleted"):
            settings.store_root()
    assert RunSettings(dir=str(tmp_path)).store_root() == tmp_path
