"""The code of a run: the main script kept, and source files as an artifact."""

from collections.abc import Callable
from pathlib import Path

import pytest

from runstore.recording.code import Code
from runstore.recording.run import Run
from tests.processes import environment, only_run, run_script

Begin = Callable[..., Run]
SCRIPT = "import runstore\nrun = runstore.init(project='p'{more})\nrun.finish()\n"
FILES = (
    *("train.py", "package/model.py", "requirements.txt", "requirements-dev.txt", "Dockerfile", "notes.md"),
    *("wandb/run/code.py", "venv/pyvenv.cfg", "venv/lib/module.py", "__pycache__/x.py", ".git/hooks/hook.py"),
)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A directory with code and other things."""
    for name in FILES:
        path = tmp_path / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {name}\n")
    return tmp_path / "source"


def names(run: Run, *arguments: object, **named: object) -> list[str]:
    artifact = run._recorder.part(Code).collect(*arguments, **named)  # type: ignore[arg-type]
    assert artifact is None or artifact.type == "code"
    return [] if artifact is None else sorted(artifact.manifest.entries)


@pytest.mark.parametrize("how", ["argument", "RUNSTORE_SAVE_CODE", "WANDB_SAVE_CODE"])
def test_the_main_script_is_kept_where_that_is_asked_for(tmp_path: Path, how: str) -> None:
    script = SCRIPT.format(more=", save_code=True" if how == "argument" else "")
    done = run_script(tmp_path, script, env={} if how == "argument" else {how: "true"})
    assert done.returncode == 0, done.stderr
    assert (only_run(tmp_path) / "code" / "train.py").read_text() == script


def test_it_is_not_kept_by_default_nor_where_code_is_private(tmp_path: Path) -> None:
    for folder, more in ((tmp_path / "a", ""), (tmp_path / "b", ", save_code=True")):
        folder.mkdir()
        done = run_script(folder, SCRIPT.format(more=more), env={"WANDB_DISABLE_CODE": "true"} if more else {})
        assert done.returncode == 0, done.stderr
        assert not (only_run(folder) / "code").exists()


def test_source_files_are_found_and_others_are_not(run: Run, source: Path) -> None:
    expected = ["Dockerfile", "package/model.py", "requirements-dev.txt", "requirements.txt", "train.py"]
    assert names(run, source) == expected


def test_functions_of_one_or_two_arguments_choose(run: Run, source: Path) -> None:
    assert names(run, str(source), include_fn=lambda path: path.endswith(".md")) == ["notes.md"]
    chosen = names(
        run,
        source,
        include_fn=lambda path, root: path.startswith(root) and path.endswith(".py"),
        exclude_fn=lambda path: "package" in path,
    )
    assert chosen == ["train.py", "wandb/run/code.py"]
    assert names(run, source, include_fn=lambda path: False) == []
    with pytest.raises(TypeError, match=r"include_fn is '\*.py', expected a function"):
        names(run, source, include_fn="*.py")


def test_the_store_itself_is_never_code(begin: Begin, source: Path) -> None:
    run = begin(dir=source / "experiments")
    (Path(run.dir) / "inside.py").write_text("")
    assert not [name for name in names(run, source) if "inside" in name]


def test_the_artifact_is_named_after_project_and_script(begin: Begin, source: Path) -> None:
    run = begin(settings={"program": "scripts/train.py"})
    artifact = run._recorder.part(Code).collect(source, include_fn=lambda path: path.endswith("train.py"))
    assert artifact is not None
    assert artifact.name == "source-p-scripts_train.py"
    named = run._recorder.part(Code).collect(source, name="my code")
    assert named is not None
    assert named.name == "my_code"


def test_code_that_is_private_is_not_collected(begin: Begin, source: Path) -> None:
    assert names(begin(settings={"disable_code": True}), source) == []


def test_log_code_stores_a_version(run: Run, source: Path) -> None:
    artifact = run.log_code(source)
    assert artifact is not None
    assert artifact.type == "code"
    assert artifact.version == "v0"
    assert run.log_code(source, include_fn=lambda path: False) is None


@pytest.mark.slow
def test_of_a_notebook_its_file_and_the_cells_as_they_ran_are_kept(tmp_path: Path) -> None:
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    cells = [
        "import runstore\nrun = runstore.init(project='p', save_code=True, settings={'console': 'redirect'})",
        "x = 1\nprint('in a cell')",
        "run.finish()",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbformat.write(notebook, tmp_path / "study.ipynb")
    client = nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3")
    client.execute(cwd=str(tmp_path), env=environment(tmp_path, {"WANDB_NOTEBOOK_NAME": "study.ipynb"}))
    code = only_run(tmp_path) / "code"
    assert (code / "study.ipynb").read_bytes() == (tmp_path / "study.ipynb").read_bytes()
    assert "# %% [2]\nx = 1\nprint('in a cell')\n" in (code / "session.py").read_text()
    assert (only_run(tmp_path) / "output.log").read_text() == "in a cell\n"
