"""`wandb` as Runstore in one process: its modules, its version, and what it has not."""

import importlib
import importlib.metadata
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import runstore
from runstore.errors import UsageError
from runstore.shim import alias
from runstore.shim.names import VERSION
from runstore.shim.run import environment


@pytest.fixture
def wandb() -> Iterator[object]:
    alias.install()
    yield importlib.import_module("wandb")
    alias.uninstall()
    assert "wandb" not in sys.modules
    assert importlib.util.find_spec("wandb") is None


def test_names_and_modules_are_runstores_own(wandb: object) -> None:
    assert wandb.Table is runstore.Table  # type: ignore[attr-defined]
    for name in ("sdk.wandb_run", "util", "errors", "apis.public", "env", "plot", "sdk.data_types.image"):
        assert importlib.import_module(f"wandb.{name}") is importlib.import_module(f"runstore.{name}")
    from wandb.sdk.wandb_run import Run  # type: ignore[import-not-found]

    assert Run is runstore.Run
    assert runstore.sdk.__spec__ is not None
    assert runstore.sdk.__spec__.name == "runstore.sdk"


def test_libraries_find_a_version_that_they_take(wandb: object) -> None:
    assert importlib.metadata.version("wandb") == wandb.__version__ == VERSION  # type: ignore[attr-defined]
    assert importlib.util.find_spec("wandb") is not None
    assert "wandb" in {each.metadata["Name"] for each in importlib.metadata.distributions()}
    assert importlib.metadata.version("polars")


def test_the_current_run_is_asked_for_each_time(wandb: object, tmp_path: Path) -> None:
    assert wandb.run is None  # type: ignore[attr-defined]
    with runstore.init(project="p", dir=tmp_path) as run:
        assert wandb.run is run  # type: ignore[attr-defined]
    assert wandb.run is None  # type: ignore[attr-defined]


def test_names_that_integrations_of_libraries_import_are_there(wandb: object, tmp_path: Path) -> None:
    """Of transformers, Lightning and accelerate."""
    from wandb.sdk.lib import RunDisabled  # type: ignore[import-not-found]
    from wandb.sdk.lib.config_util import ConfigError  # type: ignore[import-not-found]
    from wandb.wandb_run import Run  # type: ignore[import-not-found]

    with runstore.init(project="p", dir=tmp_path, config={"a": 1}) as run:
        assert isinstance(run, (Run, RunDisabled))
        run._label(code="transformers_trainer")
        with pytest.raises(ConfigError):
            run.config["a"] = 2


def test_the_project_of_the_environment_is_set_for_both(wandb: object, monkeypatch: pytest.MonkeyPatch) -> None:
    env = importlib.import_module("wandb.env")
    for name in ("RUNSTORE_PROJECT", "WANDB_PROJECT", "RUNSTORE_ENTITY", "WANDB_ENTITY"):
        monkeypatch.setenv(name, "")
    assert env.get_project("none") == "none"
    env.set_project("digits")
    env.set_entity("lab")
    assert os.environ["WANDB_PROJECT"] == os.environ["RUNSTORE_PROJECT"] == env.get_project() == "digits"
    given: dict[str, str] = {}
    env.set_entity("us", given)
    assert env.get_entity(env=given) == "us"
    assert env.get_entity() == "lab"


def test_a_directory_for_the_files_of_wandb_is_no_store(wandb: object, root: Path, tmp_path: Path) -> None:
    """Lightning's logger gives ".", Ultralytics its own folder."""
    for given in (str(tmp_path), tmp_path / "runs" / "train", None):
        with wandb.init(project="p", dir=given, settings={"root_dir": str(root)}) as run:  # type: ignore[attr-defined]
            assert Path(run.dir).is_relative_to(root)
    assert not (tmp_path / "p").exists()


def test_a_directory_that_is_a_store_is_the_store(wandb: object, root: Path) -> None:
    for init in (wandb.init, runstore.init):  # type: ignore[attr-defined]
        with init("us", "p", root) as run:
            assert Path(run.dir).is_relative_to(root)
            assert (run.entity, run.project) == ("us", "p")
    assert wandb.init.__doc__ == runstore.init.__doc__  # type: ignore[attr-defined]


def test_another_process_goes_on_with_a_run_by_what_lightning_hands_it(wandb: object, root: Path) -> None:
    with runstore.init(project="p", dir=root) as run:
        code = f"import wandb; wandb._attach({run._attach_id!r}).log({{'x': 1}})"
        added = environment({}, {"dir": str(root)})
        subprocess.run([sys.executable, "-c", code], env={**os.environ, **added}, check=True, timeout=60)
    [found] = runstore.Api(root).runs("p")
    assert (found.id, found.state, found.summary["x"]) == (run.id, "finished", 1)


def test_what_is_set_on_it_is_set_on_runstore(wandb: object) -> None:
    wandb.login = len  # type: ignore[attr-defined]
    assert vars(runstore)["login"] is len
    del wandb.login  # type: ignore[attr-defined]
    assert wandb.login is runstore.login is not len  # type: ignore[attr-defined, comparison-overlap]


def test_what_is_not_there_is_told_once_by_its_name(wandb: object, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        assert not hasattr(wandb, "no_such_name")
        with pytest.raises(ModuleNotFoundError) as error:
            importlib.import_module("wandb.sdk.lib.no_such_module")
        assert error.value.name == "wandb.sdk.lib.no_such_module"
        with pytest.raises(ImportError):
            importlib.import_module("wandb.util.no_such_module")
    said = capsys.readouterr().err
    for name in ("wandb.no_such_name", "wandb.sdk.lib.no_such_module", "wandb.util.no_such_module"):
        assert said.count(f"asked for {name},") == 1


def test_the_real_one_that_is_imported_already_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", type(sys)("wandb"))
    with pytest.raises(UsageError, match="imported already"):
        alias.install()
    assert not any(type(each).__module__ == alias.__name__ for each in sys.meta_path)
