"""Forked children: they never touch their parent's run, whatever they do, and may have runs of their own."""

from pathlib import Path

import pytest

from runstore.reading.store import read_store
from tests.processes import load, only_run, rows, run_folders, run_script

FORKED = """
    import multiprocessing, os, signal, sys, threading, time
    import runstore
    run = runstore.init(project="p", id="parent", config={{"lr": 0.1}})
    run.log({{"n": 0}})
    run.log({{"drafted": 1}}, step=1)
    child = os.fork()
    if child == 0:
        {child}
        os._exit(0)
    os.waitpid(child, 0)
    run.log({{"n": 1}}, step=1)
    run.log({{"n": 2}}, step=2)
    print("the end")
"""


@pytest.mark.parametrize(
    "child",
    [
        pytest.param("run.log({'n': 99}); run.log({'n': 99}, step=1)", id="logs"),
        pytest.param("runstore.log({'n': 99})", id="logs to the current run"),
        pytest.param("run.summary['n'] = 99; run.config.update({'lr': 9}, allow_val_change=True)", id="assigns"),
        pytest.param("run.name = run.notes = 'child'; run.tags = ['child']", id="renames"),
        pytest.param("print('from the child')", id="prints"),
        pytest.param("run.finish()", id="finishes"),
        pytest.param("runstore.finish(3)", id="finishes the current run"),
        pytest.param("sys.exit(3)", id="exits"),
        pytest.param("raise ValueError('child')", id="fails"),
        pytest.param("os.kill(os.getpid(), signal.SIGTERM); time.sleep(9)", id="is terminated"),
        pytest.param("os.kill(os.getpid(), signal.SIGKILL)", id="is killed"),
        pytest.param("grandchild = os.fork(); runstore.log({'n': 99}); grandchild and os.wait()", id="forks"),
    ],
)
def test_whatever_a_forked_child_does_its_parents_run_is_as_if_it_were_not(tmp_path: Path, child: str) -> None:
    done = run_script(tmp_path, FORKED.format(child=child))
    assert done.returncode == 0, done.stderr
    run = only_run(tmp_path)
    found = [(row["_step"], row.get("n"), row.get("drafted")) for row in rows(run)]
    assert found == [(0, 0, None), (1, 1, 1), (2, 2, None)]
    assert load(run / "state.json")["state"] == "finished"
    assert load(run / "summary.json")["n"] == 2
    assert (run / "config.yaml").read_text() == "lr: 0.1\n"
    assert "child" not in (run / "run.yaml").read_text()
    assert (run / "output.log").read_text() == "the end\n"


def test_a_childs_log_is_warned_of_once(tmp_path: Path) -> None:
    done = run_script(tmp_path, FORKED.format(child="[runstore.log({'n': 99}) for _ in range(9)]"))
    assert done.stderr.count("belongs to the parent process") == 1


def test_a_forked_child_may_have_a_run_of_its_own(tmp_path: Path) -> None:
    child = "with runstore.init(project='p', id='child') as own: runstore.log({'n': 7}); print('child speaks')"
    done = run_script(tmp_path, FORKED.format(child=child))
    assert done.returncode == 0, done.stderr
    own, parent = run_folders(tmp_path)
    assert (own.name, parent.name) == ("child", "parent")
    assert [row["n"] for row in rows(own)] == [7]
    assert [row.get("n") for row in rows(parent)] == [0, 1, 2]
    assert "child speaks\n" in (own / "output.log").read_text()
    assert "child speaks" not in (parent / "output.log").read_text()
    [project] = read_store(tmp_path / "experiments").projects
    assert {run.id: run.state for run in project.runs} == {"child": "finished", "parent": "finished"}


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_pool_of_processes_leaves_the_run_alone_and_its_end_ends_nothing(tmp_path: Path, method: str) -> None:
    done = run_script(
        tmp_path,
        """
        import multiprocessing, sys
        import runstore

        def work(number):
            try:
                runstore.log({"n": 99})
            except runstore.Error:
                pass
            return number + 1

        if __name__ == "__main__":
            runstore.init(project="p")
            with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
                for found in pool.map(work, range(5)):
                    runstore.log({"n": found})
        """,
        method,
    )
    assert done.returncode == 0, done.stderr
    assert [row["n"] for row in rows(only_run(tmp_path))] == [1, 2, 3, 4, 5]
    assert load(only_run(tmp_path) / "state.json")["state"] == "finished"


def test_forks_while_threads_log_hang_nobody(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        """
        import os, threading
        import runstore
        run = runstore.init(project="p")
        stop = threading.Event()

        def work():
            while not stop.is_set():
                run.log({"n": 1.0})
                run.summary["a"] = 1
                print("x")

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for _ in range(30):
            child = os.fork()
            if child == 0:
                run.log({"n": 99})
                run.summary["a"] = 99
                run.config.x = 1
                run.finish()
                os._exit(0)
            os.waitpid(child, 0)
        stop.set()
        for thread in threads:
            thread.join()
        """,
        env={"RUNSTORE_SILENT": "1"},
    )
    assert done.returncode == 0, done.stderr
    found = rows(only_run(tmp_path))
    assert {row["n"] for row in found} == {1.0}
    assert [row["_step"] for row in found] == list(range(len(found)))
