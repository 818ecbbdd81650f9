"""Settings: the environment, W&B's names for it, and what overrides what."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import runstore
from runstore.errors import StoreError, UsageError
from runstore.recording.run import Run
from runstore.settings import (
    SETTINGS,
    SYNONYMS,
    RunSettings,
    Spec,
    from_environment,
    gather,
    override,
    show,
    split_tags,
)
from runstore.settings.foreign import EXPECTED, HARMLESS, remark
from tests.processes import ROOT
from tests.stores import write_store
from tests.wandb_names import SETTINGS as WANDBS_SETTINGS

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
    ("text", "console"),
    [("off", "off"), ("auto", "wrap"), ("redirect", "redirect"), ("wrap", "wrap"), ("wrap_emu", "wrap")],
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


def test_what_is_given_overrides_and_unknown_names_are_told() -> None:
    before = RunSettings(project="a", name="n")
    after, remarks = override(before, {"project": "b", "name": None, "run_tags": "x,y", "projct": "thread"})
    assert after == RunSettings(project="b", name="n", tags=("x", "y"))
    assert remarks == ["settings projct is unknown; did you mean project?"]


def test_arguments_are_stronger_than_settings_and_those_than_the_environment(
    begin: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("NAME", "RUN_GROUP", "JOB_TYPE", "NOTES"):
        monkeypatch.setenv(f"WANDB_{variable}", "environment")
    run = begin({"run_name": "settings", "run_group": "settings"}, name="argument")
    assert (run.name, run.group, run.job_type, run.notes) == ("argument", "settings", "environment", "environment")


def test_settings_are_an_object_or_a_dict_and_only_those_that_are_missed_are_told_of(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = runstore.Settings(
        console="off", disable_git=True, start_method="fork", _disable_stats=True, git_root="/", consol="off"
    )
    runstore.init(dir=store, settings=settings).finish()
    warnings = [line for line in capsys.readouterr().err.splitlines() if "warning" in line]
    assert warnings == [
        "runstore: warning: init: settings git_root has no effect here: the repository is the one that the script "
        "lies in; set git_commit and git_remote_url instead",
        "runstore: warning: init: settings consol is unknown; did you mean console?",
    ]
    assert repr(settings).startswith("Settings(console='off'")
    assert settings.x_disable_stats is settings.disable_stats is True


def test_strict_makes_an_error_of_what_is_else_told(store: Path) -> None:
    with pytest.raises(UsageError, match=r"settings projet is unknown; did you mean project\?"):
        runstore.init(dir=store, settings={"strict": True, "projet": "x"})
    assert not store.exists()


def test_every_name_of_wandbs_settings_is_known() -> None:
    ours = {*SETTINGS, *SYNONYMS}
    assert not ours & (HARMLESS | set(EXPECTED))
    assert not WANDBS_SETTINGS - ours - HARMLESS - set(EXPECTED)
    assert remark("api_key", "secret", []) == remark("_service_wait", 3, []) == remark("launch", False, []) == ""


def test_a_settings_object_checks_its_values_and_has_a_default_for_each() -> None:
    settings = runstore.Settings(run_name="a")
    assert (settings.name, settings.run_name, settings["run_name"], settings.mode) == ("a", "a", "a", "online")
    assert dict(settings) == {"name": "a"}
    other = settings.copy()
    other.run_name = "b"
    assert (settings.name, other.name) == ("a", "b")
    assert settings == runstore.Settings(name="a") != other
    with pytest.raises(AttributeError, match="no 'colour'"):
        _ = settings.colour
    assert not hasattr(settings, "__fspath__")
    with pytest.raises(UsageError, match="settings mode is 'offlin', expected online, offline, shared or disabled"):
        runstore.Settings(mode="offlin")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("stats_interval", "fast", "seconds from 0.1 to 86400"),
        ("heartbeat_seconds", 0, "seconds from 1 to 120"),
        ("console_max_bytes", 3.5, "a whole number from 1000"),
        ("stop_fn", "exit", "a function"),
        ("resume", "maybe", "allow, must, never, auto, true or false"),
        ("project", {"a": 1}, "text"),
        ("config_paths", 5, "paths, with commas between them"),
    ],
)
def test_each_kind_of_value_says_what_it_expects(name: str, value: Any, expected: str) -> None:
    with pytest.raises(UsageError, match=re.escape(f"{name} is {value!r}, expected {expected}; correct it")):
        gather({name: value}, environ={})


def test_the_stores_own_file_is_weaker_than_the_environment_and_each_value_knows_its_origin(tmp_path: Path) -> None:
    store = write_store(
        tmp_path / "experiments",
        "format: 1\nsettings:\n  project: stores\n  entity: stores\n  silent: true\n  x_stats_sampling_interval: 3\n",
    )
    found, remarks = gather(
        {"dir": store, "run_group": "arguments"},
        {"job_type": "settings"},
        environ={"WANDB_ENTITY": "team", "RUNSTORE_JOB_TYPE": "environment"},
    )
    assert remarks == []
    assert (found.project, found.entity, found.silent, found.stats_interval) == ("stores", "team", True, 3.0)
    origins = {
        name: found.origin(name) for name in ("project", "entity", "job_type", "run_group", "stats_interval", "mode")
    }
    assert origins == {
        "project": "store.yaml",
        "entity": "WANDB_ENTITY",
        "job_type": "settings=",
        "run_group": "argument",
        "stats_interval": "store.yaml",
        "mode": "default",
    }


def test_a_store_cannot_set_what_belongs_to_one_run_or_machine(tmp_path: Path) -> None:
    given = "{run_id: x, artifact_dir: /etc, webhook: 'https://elsewhere', projct: a, console: 'off'}"
    store = write_store(tmp_path, f"format: 1\nsettings: {given}\n")
    found, remarks = gather({"dir": store}, environ={})
    assert (found.run_id, found.artifact_dir, found.webhook, found.console) == (None, None, None, "off")
    assert [line.removeprefix(f"{store}/store.yaml") for line in remarks] == [
        ", settings.run_id cannot be set for a whole store; set it in the environment or in init",
        ", settings.artifact_dir cannot be set for a whole store; set it in the environment or in init",
        ", settings.webhook cannot be set for a whole store; set it in the environment or in init",
        ": settings projct is unknown; did you mean project?",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("settings: 5\n", "settings: found 5, expected a mapping"),
        ("settings: {mode: x}\n", "settings.mode is 'x', expected"),
    ],
)
def test_wrong_settings_of_a_store_are_one_clear_error_with_the_file(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=f"store.yaml, {message}"):
        gather({"dir": write_store(tmp_path, text)}, environ={})


def test_settings_of_a_run_cannot_be_changed() -> None:
    with pytest.raises(AttributeError, match=r"pass settings=Settings\(mode=...\) to init"):
        RunSettings().mode = "offline"
    with pytest.raises(TypeError, match="there is no setting colour"):
        RunSettings(colour="red")


def test_the_documentation_has_each_setting_as_the_code_has_it() -> None:
    text = (ROOT / "site" / "docs" / "settings.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith(("| `RUNSTORE_", "| — |"))]
    expected = [row(spec) for spec in SETTINGS.values()]
    # What commands read is no setting of a run.
    commands = ("| `RUNSTORE_AS_WANDB` |", "| `RUNSTORE_BROWSER` |", "| `RUNSTORE_CACHE_DIR` |")
    assert [line for line in rows if not line.startswith(commands)] == expected


def row(spec: Spec) -> str:
    """A setting's line in the documentation's table."""
    variable = f"`{spec.variables[0]}`" if spec.variables else "—"
    twins = [f"`{name}`" for name in spec.variables[1:]]
    default = (
        ""
        if spec.default in (None, ())
        else f"`{show(spec.default)}`".replace("True", "true").replace("False", "false")
    )
    argument = f"`{spec.argument}`" if spec.argument else ""
    cells = (variable, ", ".join(twins), f"`{spec.name}`", argument, "yes" if spec.in_store else "", default)
    return f"| {' | '.join(cells)} | {spec.meaning} |"


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


@pytest.mark.parametrize(
    ("settings", "history", "summary", "last"),
    [
        ({}, True, True, True),
        ({"quiet": True}, False, False, False),
        ({"show_info": False}, False, False, False),
        ({"max_end_of_run_history_metrics": 0}, False, True, True),
        ({"max_end_of_run_summary_metrics": 0}, True, False, True),
    ],
)
def test_what_is_said_at_the_end_can_be_chosen(
    store: Path, capsys: pytest.CaptureFixture[str], settings: Any, history: bool, summary: bool, last: bool
) -> None:
    with runstore.init(dir=store, settings={"console": "off", "disable_git": True, **settings}) as run:
        run.log({"loss": 1})
        run.log({"loss": 2})
        capsys.readouterr()
    said = capsys.readouterr().err
    assert ("Run history" in said, "Run summary" in said, "finished after" in said) == (history, summary, last)


def test_warnings_alone_can_be_left_out(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runstore.init(dir=store, settings={"show_warnings": False, "projct": "a", "console": "off"}).finish()
    said = capsys.readouterr().err
    assert "warning:" not in said
    assert "finished after" in said


def test_setup_gives_settings_to_every_run_of_the_process(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        assert runstore.setup(runstore.Settings(project="of setup", silent=True)).settings.project == "of setup"
        with runstore.init(dir=store, settings={"console": "off"}) as run:
            assert (run.project, run.settings.origin("project")) == ("of setup", "setup")
        with runstore.init(dir=store, project="argument", settings={"console": "off"}) as run:
            assert run.project == "argument"
        runstore.termlog("nothing is shown")
        assert capsys.readouterr().err == ""
    finally:
        runstore.teardown()
    assert gather()[0].project is None
    runstore.termlog("a line")
    runstore.termwarn("once", repeat=False)
    runstore.termwarn("once", repeat=False)
    runstore.termerror("an error", newline=False)
    assert capsys.readouterr().err == "runstore: a line\nrunstore: warning: once\nrunstore: error: an error"


def test_artifacts_are_downloaded_where_the_current_run_says(store: Path, tmp_path: Path) -> None:
    settings = {"silent": True, "console": "off", "disable_git": True, "artifact_dir": str(tmp_path / "downloads")}
    with runstore.init(dir=store, settings=settings) as run:
        artifact = runstore.Artifact("data", "dataset")
        with artifact.new_file("x.txt") as file:
            file.write("x")
        run.log_artifact(artifact)
        assert artifact.download() == str(tmp_path / "downloads" / "data:v0")
    assert (tmp_path / "downloads" / "data:v0" / "x.txt").read_text() == "x"


def test_attach_gives_the_current_run_and_no_other(run: Run) -> None:
    from runstore.recording import current

    current.put(run)
    assert runstore.attach(run.id) is runstore.attach(run=run) is run
    with pytest.raises(UsageError, match=r"this process has no run 'other'; .* mode='shared'"):
        runstore.attach("other")


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_is_read_by_somebody(name: str) -> None:
    """No setting is taken and ignored."""
    sources = [path for path in (ROOT / "runstore").rglob("*.py") if path.name != "fields.py"]
    sources.append(ROOT / "runstore" / "settings" / "fields.py")
    use = re.compile(rf"\b(?:settings|wish|_wish|self|found|in_force\(\))\.{name}\b|\"{name}\"")
    assert any(use.search(path.read_text(encoding="utf-8")) for path in sources)
