"""`pytest --runstore` in processes of its own: what a session of tests leaves as a run."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import runstore
from tests.processes import environment

SUITE = """
import time
import pytest

def test_fine(): time.sleep(0.05)
def test_wrong(): assert {"a": 1} == {"a": 2}
@pytest.mark.skip(reason="not now")
def test_later(): pass
@pytest.mark.xfail
def test_known(): assert 0
@pytest.fixture
def broken(): raise OSError("no disk")
def test_with_it(broken): pass
@pytest.mark.parametrize("n", [1, 2])
def test_each(n): pass
"""


def run_pytest(folder: Path, *arguments: str, suite: str = SUITE) -> subprocess.CompletedProcess[str]:
    (folder / "test_suite.py").write_text(suite)
    (folder / "pytest.ini").write_text("[pytest]\n")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
    )


def only_run(folder: Path, project: str = "tests") -> Any:
    [found] = runstore.Api(folder / "experiments").runs(project)
    return found


def table(run: Any, key: str) -> list[list[Any]]:
    from runstore.media.table import Table

    return Table.from_stub(Path(run.dir), run.summary[key]).data


def test_a_session_is_a_run_with_a_row_a_test(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, "test_suite.py", "--runstore")
    assert done.returncode == 1
    run = only_run(tmp_path)
    assert f"runstore: run {run.name} (tests/{run.id})" in done.stdout
    assert (run.state, run.exit_code, run.job_type) == ("failed", 1, "pytest")
    counts = {key: run.summary[key] for key in ("tests", "passed", "failed", "skipped", "error", "xfailed")}
    assert counts == {"tests": 7, "passed": 3, "failed": 1, "skipped": 1, "error": 1, "xfailed": 1}
    found = run.history(keys=["test", "outcome", "duration"], pandas=False)
    assert sorted((row["test"].split("::")[1], row["outcome"]) for row in found) == [
        *(("test_each[1]", "passed"), ("test_each[2]", "passed"), ("test_fine", "passed"), ("test_known", "xfailed")),
        *(("test_later", "skipped"), ("test_with_it", "error"), ("test_wrong", "failed")),
    ]
    assert run.config["pytest"] == pytest.__version__
    assert run.config["args"][-1] == "--runstore"
    failures = {row[0].split("::")[1]: row for row in table(run, "failures")}
    assert failures["test_wrong"][1:3] == ["call", "failed"]
    assert "assert {'a': 1} == {'a': 2}" in failures["test_wrong"][3]
    assert failures["test_with_it"][1:3] == ["setup", "error"]
    assert "OSError: no disk" in failures["test_with_it"][3]
    slowest = table(run, "slowest")
    assert slowest[0][0] == "test_suite.py::test_fine"
    assert slowest[0][2] >= 0.05


def test_workers_of_xdist_are_one_session(tmp_path: Path) -> None:
    run_pytest(tmp_path, "-n", "2", "--runstore=unit")
    run = only_run(tmp_path, "unit")
    assert (run.summary["tests"], run.summary["passed"], run.config["workers"]) == (7, 3, 2)
    assert len(run.history(keys=["test"], pandas=False)) == 7


def test_a_worker_that_dies_fails_its_test(tmp_path: Path) -> None:
    run_pytest(
        tmp_path, "-n", "1", "--runstore", suite="import os\ndef test_dies(): os._exit(3)\ndef test_ok(): pass\n"
    )
    run = only_run(tmp_path)
    assert (run.summary["failed"], run.summary["passed"]) == (1, 1)
    assert "crashed" in table(run, "failures")[0][3]


def test_a_file_that_cannot_be_imported_is_a_failure(tmp_path: Path) -> None:
    run_pytest(tmp_path, "--runstore", suite="import no_such_module\n")
    run = only_run(tmp_path)
    assert (run.state, run.summary["error"], run.summary["tests"]) == ("failed", 1, 0)
    assert "no_such_module" in table(run, "failures")[0][3]


def test_tests_that_record_runs_themselves_are_not_disturbed(tmp_path: Path) -> None:
    suite = (
        "import runstore\n"
        "def test_records():\n"
        "    assert runstore.run is None\n"
        "    with runstore.init(project='own') as run:\n"
        "        assert runstore.run is run\n"
        "        run.log({'a': 1})\n"
        "    print('not in the log')\n"
    )
    assert run_pytest(tmp_path, "--runstore", suite=suite).returncode == 0
    assert only_run(tmp_path).state == "finished"
    assert only_run(tmp_path, "own").summary["a"] == 1


def test_without_the_option_nothing_is_recorded_or_imported(tmp_path: Path) -> None:
    suite = (
        "import sys\n"
        "def test_imports():\n"
        "    ours = {name for name in sys.modules if name.startswith(('runstore.', 'polars', 'numpy'))}\n"
        "    assert ours == {'runstore.integrations', 'runstore.integrations.pytest_plugin'}\n"
    )
    done = run_pytest(tmp_path, suite=suite)
    assert done.returncode == 0, done.stdout
    assert "runstore" not in done.stdout
    assert not (tmp_path / "experiments").exists()


def test_collecting_alone_is_no_session(tmp_path: Path) -> None:
    run_pytest(tmp_path, "--runstore", "--collect-only")
    assert not (tmp_path / "experiments").exists()


def test_tests_are_not_taken_for_a_projects_name(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, "--runstore", "test_suite.py")
    assert done.returncode == 4
    assert "'test_suite.py' names tests, not a project; write --runstore=PROJECT" in done.stderr


def test_a_project_that_cannot_be_is_refused_in_a_line(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, "--runstore=..")
    assert done.returncode == 4
    assert "Traceback" not in done.stdout + done.stderr
