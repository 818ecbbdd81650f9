"""A caller's mistake is one clear line at the call, of a type that W&B's users catch; nothing is lost in silence."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest

import runstore
from runstore.errors import RunstoreError, UsageError
from runstore.recording.run import Run
from tests.processes import only_run, rows, run_script
from tests.recording.conftest import folder_of


def _one_column() -> runstore.Table:
    return runstore.Table(columns=["a"], data=[[1]])


@pytest.mark.parametrize(
    ("call", "found"),
    [
        (lambda run: run.restore(5), "5"),
        (lambda run: run.restore(""), "''"),
        (lambda run: run.save(""), "empty"),
        (lambda run: run.log_code(5), "5"),
        (lambda run: run.pin_config_keys(5), "5"),
        (lambda run: run.write_logs(5), "5"),
        (lambda run: run.summary.update(5), "5"),
        (lambda run: run.log_artifact(runstore.Artifact("a", "t"), aliases=5), "5"),
        (lambda run: run.log_artifact(runstore.Artifact("a", "t"), tags=5), "5"),
        (lambda run: runstore.Video(numpy.zeros((2, 3, 8, 8)), fps="fast", format="gif"), "'fast'"),
        (lambda run: runstore.Histogram([1, 2], num_bins="auto"), "'auto'"),
        (lambda run: runstore.Histogram([1e308, -1e308]), "from -1e+308 to 1e+308"),
        (lambda run: runstore.Audio(numpy.zeros(3), sample_rate=10**10), "below 2**31"),
        (lambda run: runstore.plot.confusion_matrix(probs=[0.5, 0.5], y_true=[0, 1]), "shape [2]"),
        (lambda run: runstore.plot.confusion_matrix(preds=["a", "b"], y_true=[0, 1]), "several types"),
        (lambda run: runstore.plot.pr_curve([0, 1], [[numpy.nan, 0.9], [0.2, 0.8]]), "NaN or infinity"),
        (lambda run: _one_column().add_computed_columns(5), "5"),
        (lambda run: runstore.plot_table("wandb/line/v0", _one_column(), 5), "5"),
        (lambda run: runstore.plot_table("wandb/line/v0", _one_column(), {"x": "a"}, 5), "5"),
    ],
)
def test_a_value_of_the_wrong_type_is_named_in_one_line(run: Run, call: Callable[[Run], Any], found: str) -> None:
    with pytest.raises(UsageError) as caught:
        call(run)
    assert found in str(caught.value)


@pytest.mark.parametrize(
    ("name", "instead"),
    [("grup", "run.config['grup']"), ("group", "pass group= to"), ("id", "pass id= to"), ("step", "read only")],
)
def test_an_attribute_that_no_run_has_is_not_set_in_silence(run: Run, name: str, instead: str) -> None:
    with pytest.raises(AttributeError, match=f"run.{name} cannot be set") as caught:
        setattr(run, name, "x")
    assert instead in str(caught.value)
    run.name, run.notes, run.tags = "n", "o", ["t"]
    assert (run.name, run.notes, run.tags) == ("n", "o", ("t",))


def test_a_mapping_that_holds_itself_costs_its_own_key_alone(
    begin: Callable[..., Run], capsys: pytest.CaptureFixture[str]
) -> None:
    run = begin({"silent": False})
    endless: dict[str, Any] = {}
    endless["again"] = endless
    run.log({"loss": 1, "endless": endless, "deep": {"fine": 2}})
    assert [(row["loss"], row["deep.fine"], len(row)) for row in rows(folder_of(run))] == [(1, 2, 5)]
    assert "endless at step 0 is left out of its row: nested deeper than 100 levels" in capsys.readouterr().err


def test_a_list_of_media_and_other_things_is_told_of_by_what_it_holds(
    begin: Callable[..., Run], capsys: pytest.CaptureFixture[str]
) -> None:
    begin({"silent": False}).log({"mixed": [runstore.Histogram([1, 2]), 5], "loss": 1})
    assert "a list holds a int beside a Histogram; log the media as a list of their own" in capsys.readouterr().err


def test_a_model_of_a_disabled_run_is_an_empty_folder(
    begin: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert os.listdir(begin(mode="disabled").use_model("net:best")) == []


def test_what_a_forked_child_asks_of_its_parents_run_for_the_first_time_leaves_nothing(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        """
        import os, pathlib
        import runstore
        pathlib.Path("a.txt").write_text("a")
        run = runstore.init(project="p")
        if os.fork() == 0:
            run.save("a.txt")
            run.alert("child")
            run.log_artifact(runstore.Artifact("a", "t"))
            os._exit(0)
        os.wait()
        """,
    )
    folder = only_run(tmp_path)
    assert not {"alerts.jsonl", "lineage.jsonl"} & set(os.listdir(folder))
    assert not (folder / "files" / "a.txt").exists()
    assert not (folder.parent.parent / "artifacts").exists()
    assert done.stderr.count("belongs to the parent process") == 1


@pytest.mark.parametrize("module", ["sacred", "integration.openai", "fastai"])
def test_importing_a_module_that_only_wandb_has_says_what_there_is_instead(module: str) -> None:
    with pytest.raises(ImportError, match=rf"there is no runstore\.{module.partition('.')[0]}.*: \w.+"):
        __import__(f"runstore.{module}")
    with pytest.raises(ImportError, match=r"start agents with runstore\.agent"):
        exec("from runstore import agents")
    with pytest.raises(ImportError, match=r"No module named 'runstore\.nothing'"):
        __import__("runstore.nothing")


@pytest.mark.parametrize("name", ["Error", "CommError", "AuthenticationError", "UsageError", "UnsupportedError"])
def test_an_error_class_of_wandb_may_stand_behind_except(name: str) -> None:
    assert issubclass(getattr(runstore.errors, name), RunstoreError)


def test_a_config_put_in_the_modules_place_is_told_of_and_lasts_no_longer_than_the_run(
    begin: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(runstore, "config", {"lr": 0.1}, raising=False)
    run = begin({"silent": False}, config=runstore.config)
    assert (runstore.config.lr, dict(run.config)) == (0.1, {"lr": 0.1})
    assert "not recorded" not in capsys.readouterr().err
    runstore.config = {"epochs": 3}
    run.finish()
    assert "runstore.config = … is not recorded" in capsys.readouterr().err
    begin()
    runstore.config.update({"lr": 0.2})
    assert dict(runstore.run.config) == {"lr": 0.2}
    runstore.run = None
    assert begin(reinit="finish_previous") is runstore.run
