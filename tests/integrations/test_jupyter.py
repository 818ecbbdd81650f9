"""The magics in a real kernel, and the parameters of papermill."""

from pathlib import Path
from typing import Any

import pytest

import runstore
from runstore.recording.papermill import _assigned
from tests.processes import environment

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
LOAD = "%load_ext runstore"


@pytest.fixture
def execute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs cells in a kernel; the outputs of each, as text."""
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")

    def run(*cells: str, fails: bool = False) -> list[str]:
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        client = nbclient.NotebookClient(
            notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
        )
        if fails:
            with pytest.raises(nbclient.exceptions.CellExecutionError):
                client.execute()
        else:
            client.execute()
        return [
            "".join(str(out.get("text") or out.get("data") or out.get("evalue")) for out in cell.outputs)
            for cell in notebook.cells
        ]

    return run


def runs(folder: Path, project: str = "p") -> list[Any]:
    return list(runstore.Api(folder / "experiments").runs(project))


def test_a_cell_is_a_run(execute: Any, tmp_path: Path) -> None:
    shown = execute(
        LOAD,
        "import runstore\nvalue = 1",
        "%%runstore --project p --name first --tags a,b -c lr=1e-3 -c 'text=two words'\n"
        "for step in range(3):\n    runstore.log({'loss': 1 / (step + value)})\n'shown'",
        "runstore.run is None",
    )
    [run] = runs(tmp_path)
    assert (run.name, run.state, run.tags, run.config) == (
        "first", "finished", ["a", "b"], {"lr": 1e-3, "text": "two words"},
    )  # fmt: skip
    assert run.lastHistoryStep == 2
    assert "'shown'" in shown[2]
    assert "text/html" in shown[2]
    assert "True" in shown[3]


def test_a_cell_that_fails_is_a_run_that_failed_and_the_notebook_stops(execute: Any, tmp_path: Path) -> None:
    shown = execute(LOAD, "%%runstore --project p\n1 / 0", "print('never')", fails=True)
    [run] = runs(tmp_path)
    assert run.state == "failed"
    assert "division by zero" in shown[1]
    assert f"run {run.name} ended with the cell's ZeroDivisionError" in shown[1]
    assert shown[2] == ""


def test_a_cell_that_ends_its_run_or_begins_another_is_left_alone(execute: Any, tmp_path: Path) -> None:
    execute(LOAD, "import runstore", "%%runstore --project p\nrunstore.finish(exit_code=3)")
    execute(LOAD, "import runstore", "%%runstore --project q\nrun = runstore.init(project='q')", "run.finish()")
    assert [run.exit_code for run in runs(tmp_path)] == [3]
    assert [run.state for run in runs(tmp_path, "q")] == ["finished", "finished"]


def test_options_that_cannot_be_are_a_line(execute: Any, tmp_path: Path) -> None:
    assert "expected KEY=VALUE" in execute(LOAD, "%%runstore --project p -c lr\npass", fails=True)[1]
    assert "No closing quotation" in execute(LOAD, "%%runstore --project 'p\npass", fails=True)[1]
    assert "unrecognized arguments: --nothing" in execute(LOAD, "%%runstore --nothing\npass", fails=True)[1]
    assert not (tmp_path / "experiments").exists()


def test_the_page_of_the_run_is_shown_or_how_it_is_made(execute: Any, tmp_path: Path) -> None:
    shown = execute(
        LOAD,
        "import runstore\nrun = runstore.init(project='p', id='one')\nrun.log({'a': 1})",
        "%runstore",
        "import sys\nrun.finish()\n!{sys.executable} -m runstore build experiments -o _site",
        "%runstore p/one --height 300",
        "%runstore p",
        "%runstore",
        "%runstore p --site elsewhere",
    )
    assert "there is no _site/p/runs/one/index.html; make it with !runstore build experiments -o _site" in shown[2]
    assert 'src="_site/p/runs/one/index.html"' in shown[4]
    assert 'height="300"' in shown[4]
    assert 'src="_site/p/index.html"' in shown[5]
    assert 'src="_site/index.html"' in shown[6]
    assert "there is no elsewhere/p/index.html" in shown[7]


def test_the_extension_can_be_unloaded(execute: Any) -> None:
    shown = execute(LOAD, "%unload_ext runstore", "%runstore", fails=True)
    assert "not found" in shown[2]


def test_parameters_of_papermill_are_in_the_config_under_what_the_script_says(execute: Any, tmp_path: Path) -> None:
    execute(
        "# tagged: parameters\nlr = 0.1\nlayers = [8, 8]\nname = 'a'",
        "# Parameters\nlr = 0.5\nn: int = 3\n",
        "import runstore\nrunstore.init(project='p', config={'n': 4})\nrunstore.finish()",
    )
    assert runs(tmp_path)[0].config == {"lr": 0.5, "layers": [8, 8], "name": "a", "n": 4}


def test_a_notebook_without_parameters_has_none(execute: Any, tmp_path: Path) -> None:
    execute("lr = 0.1", "import runstore\nrunstore.init(project='p')\nrunstore.finish()")
    assert runs(tmp_path)[0].config == {}


def test_only_plain_assignments_count_as_parameters() -> None:
    assert _assigned("a = 1\nb: str = 'x'\nc = None\nd = {'e': [1.5]}\n'said'") == {
        "a": 1, "b": "x", "c": None, "d": {"e": [1.5]},
    }  # fmt: skip
    for cell in ("a = 1\nimport os", "a, b = 1, 2", "%magic", "a.b = 1", "a += 1", "open('x')", "\0", "(" * 9000):
        assert _assigned(cell) == {}
    assert _assigned("a = open('x')\nb = 2\nc = {[]: 1}\nd = f'{b}'") == {"b": 2}
