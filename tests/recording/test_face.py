"""The public face: the names there are, and that importing it costs next to nothing."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import runstore
from runstore.recording.missing import OF_MODULE
from runstore.recording.run import Run
from tests.processes import ROOT, environment

NAMES = sorted(runstore.__all__)
MODULES = {"api", "apis", "data_types", "env", "errors", "plot", "sdk", "util"}
MODULES |= {"catboost", "integration", "keras", "lightgbm", "sklearn", "tensorboard", "wandb_torch", "xgboost"}


def python(code: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment(folder), capture_output=True, text=True, check=True
    )
    return done.stdout


def test_the_public_names_stand_in_order_and_are_listed() -> None:
    assert runstore.__all__ == NAMES
    assert len(set(NAMES)) == len(NAMES)
    assert set(NAMES) | {"__version__", "agent", "controller", "sweep"} == set(dir(runstore))
    assert set(NAMES) > MODULES


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_is_there_and_belongs_to_runstore(name: str) -> None:
    found = getattr(runstore, name)
    assert name == "run" or (getattr(found, "__module__", None) or found.__name__).startswith("runstore.")


def test_a_star_import_gives_the_public_names(tmp_path: Path) -> None:
    assert python(
        "from runstore import *; print(sorted(set(dir()) & set(__import__('runstore').__all__)))", tmp_path
    ) == (f"{sorted(NAMES)}\n")


def test_what_the_type_checker_sees_is_what_there_is() -> None:
    tree = ast.parse((ROOT / "runstore" / "__init__.py").read_text())
    [block] = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {
        alias.asname or alias.name for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    seen |= {
        node.target.id for node in block.body if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
    assert seen == {*NAMES, "__version__"}


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'runstore' has no attribute 'nothing'"):
        _ = runstore.nothing


@pytest.mark.parametrize("name", sorted(OF_MODULE))
def test_a_name_of_wandbs_that_is_not_there_says_what_is(name: str) -> None:
    with pytest.raises(AttributeError, match=f"module 'runstore' has no '{name}': ."):
        getattr(runstore, name)
    assert not hasattr(runstore, name)


def test_a_run_says_that_it_has_no_such_attribute(run: Run) -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = run.nothing
    assert not hasattr(run, "nothing")


def test_names_that_are_there_are_not_called_missing() -> None:
    assert set(OF_MODULE).isdisjoint(dir(runstore))


def test_there_is_nothing_to_log_in_to() -> None:
    assert runstore.login() is True
    assert runstore.login("key", relogin=True, host="https://example.org") is True


def test_errors_can_be_caught_by_name(run: Run) -> None:
    run.finish()
    with pytest.raises(runstore.UsageError):
        run.log({"a": 1})
    assert issubclass(runstore.UsageError, runstore.Error)


def test_importing_runstore_loads_no_library_and_no_room(tmp_path: Path) -> None:
    loaded = python("import sys, runstore; print(*sys.modules)", tmp_path).split()
    assert [name for name in loaded if name.startswith("runstore.")] == []
    heavy = {"altair", "click", "git", "jinja2", "numpy", "orjson", "pandas", "polars", "psutil", "rich", "yaml"}
    assert heavy.isdisjoint(loaded)


def test_a_whole_run_loads_no_library_for_reading_or_charts(tmp_path: Path) -> None:
    code = (
        "import sys, runstore\n"
        "with runstore.init(project='p', config={'lr': 1}) as run: run.log({'a': 1.5})\n"
        "print(*sys.modules)\n"
    )
    loaded = set(python(code, tmp_path).split())
    assert loaded.isdisjoint({"altair", "click", "jinja2", "numpy", "pandas", "polars", "rich", "vl_convert"})


def test_python_m_runstore_is_the_command_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "runstore", "--help"],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("Usage: runstore")


def test_generate_id_is_eight_small_letters_and_digits() -> None:
    found = {runstore.util.generate_id() for _ in range(100)}
    assert len(found) == 100
    assert all(len(name) == 8 and name.isalnum() and name == name.lower() for name in found)
    assert len(runstore.util.generate_id(12)) == 12
