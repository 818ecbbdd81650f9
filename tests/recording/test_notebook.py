"""Runs in notebooks: a real kernel executes the cells; and the HTML that a run shows itself as."""

import html.parser
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runstore.recording.run import Run
from tests.processes import environment, load, run_folders, wait_until


class Structure(html.parser.HTMLParser):
    """The tags of a piece of HTML, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        if not (self.get_starttag_text() or "").endswith("/>"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_run_shows_a_chart_for_each_number_and_its_config_and_summary(begin: Callable[..., Run]) -> None:
    run = begin(name="first", config={"lr": 0.25, "model": {"depth": 3}})
    for step in range(1000):
        run.log({"loss": 1 / (step + 1), "acc": step, "text": "x"})
    run.summary["best"] = 7
    shown = run._repr_html_()
    found = Structure(shown)
    assert found.open == []
    assert found.tags.count("svg") == 2
    assert shown.count('aria-roledescription="line mark"') == 2
    for text in ("loss: 0.001", "acc: 999", "best", "model.depth", "0.25", "first"):
        assert text in found.text
    assert "http" not in shown.replace("http://www.w3.org", "")
    assert "script" not in found.tags
    assert len(shown) < 40_000


def test_what_was_logged_cannot_become_markup(begin: Callable[..., Run]) -> None:
    evil = "<script>alert(1)</script>\"'&"
    run = begin(name=evil, config={evil: evil}, notes=evil)
    run.log({evil: 1, "text": evil})
    run.summary[f"x{evil}"] = evil
    found = Structure(run.to_html())
    assert "script" not in found.tags
    assert found.open == []
    assert found.text.count(evil) >= 4


def test_odd_numbers_are_drawn_or_left_out(begin: Callable[..., Run]) -> None:
    run = begin()
    for value in (math.nan, math.inf, 1e308, -1e308, 5e-324, True):
        run.log({"odd": value})
    run.log({"one": 3})
    shown = run.to_html()
    assert Structure(shown).tags.count("svg") == 2
    assert "nan" not in shown.lower().replace("nan</td>", "")


def test_height_and_hiding_are_as_asked(begin: Callable[..., Run]) -> None:
    run = begin()
    assert "max-height:123px" in run.to_html(height=123)
    assert "<details open>" in run.to_html()
    assert "<details>" in run.to_html(hidden=True)
    assert run.display() is False


def test_a_disabled_run_shows_its_summary(begin: Callable[..., Run]) -> None:
    run = begin(mode="disabled", config={"lr": 1})
    run.log({"loss": 2})
    found = Structure(run._repr_html_())
    assert "loss" in found.text


def execute(folder: Path, cells: list[str]) -> list[Any]:
    """Runs cells in a kernel of their own, and gives each one's outputs; an error in a cell is one of these."""
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client = nbclient.NotebookClient(notebook, timeout=60, allow_errors=True, kernel_name="python3")
    client.execute(cwd=str(folder), env=environment(folder))
    return [cell.outputs for cell in notebook.cells]


def texts(outputs: Any) -> str:
    return "".join(output.get("text", "") for output in outputs)


@pytest.mark.slow
def test_a_real_kernel_runs_cells_again_shows_the_run_and_ends_it(tmp_path: Path) -> None:
    begin = (
        "import runstore\nrun = runstore.init(project='p', name='{}')\nrun.log({{'loss': 1}})\nrun.log({{'loss': 2}})"
    )
    outputs = execute(
        tmp_path,
        [
            begin.format("first"),
            begin.format("second"),
            "run",
            "print(run.display(height=200))",
            "1 / 0",
            "run.log({'loss': 3})\nprint(run.name, runstore.run is run)",
        ],
    )
    shown = [output for output in outputs[2] if output["output_type"] == "execute_result"]
    assert "<svg" in shown[0]["data"]["text/html"]
    assert "True" in texts(outputs[3])
    assert [output for output in outputs[3] if "text/html" in output.get("data", {})]
    assert outputs[4][0]["ename"] == "ZeroDivisionError"
    assert texts(outputs[5]).splitlines()[-1] == "second True"
    runs = {
        (folder / "run.yaml").read_text().split("name: ")[1].split("\n")[0]: folder for folder in run_folders(tmp_path)
    }
    assert load(runs["first"] / "state.json")["state"] == "finished"
    wait_until(lambda: load(runs["second"] / "state.json")["state"] == "finished", "the kernel's end ends the run")
    assert (runs["second"] / "history.jsonl").read_bytes().count(b"\n") == 3


@pytest.mark.slow
def test_a_run_in_a_kernel_can_be_stopped_while_a_cell_runs_and_while_none_does(tmp_path: Path) -> None:
    ask = (
        "from pathlib import Path\n"
        "from runstore.format.layout import RunLayout\n"
        "from runstore.manage.stopping import request_stop\n"
        "request_stop(RunLayout(Path(run.dir).parent), 'ada')\n"
    )
    begin = "import runstore, time\nrun = runstore.init(project='p', id='{}')\n"
    outputs = execute(
        tmp_path,
        [
            begin.format("busy") + ask + "time.sleep(30)",
            "print('alive', run.over)",
            begin.format("idle") + ask,
            "import time\ntime.sleep(0)",
            "deadline = time.monotonic() + 20\nwhile not run.over and time.monotonic() < deadline: pass",
            "print(run.over)",
        ],
    )
    assert outputs[0][-1]["ename"] == "KeyboardInterrupt"
    for name in ("busy", "idle"):
        state = load(tmp_path / "experiments" / "p" / "runs" / name / "state.json")
        assert (state["state"], state["exit_code"]) == ("killed", 130)
    assert "True" in texts(outputs[5])
