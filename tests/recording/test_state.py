"""How a run ends, for every way its process can end. Real processes; the states are those a reader sees."""

import signal
import subprocess
from pathlib import Path

import pytest

from runstore.reading.store import read_store
from tests.processes import load, only_run, rows, run_script, start_script

BEGIN = """
    import os, signal, sys, threading, time
    import runstore
    run = runstore.init(project="p", name="test")
    runstore.log({"loss": 1.0})
"""


def state_of(folder: Path) -> tuple[str, int | None]:
    [project] = read_store(folder / "experiments").projects
    [run] = project.runs
    return run.state, run.exit_code


def run_after_begin(folder: Path, rest: str) -> subprocess.CompletedProcess[str]:
    return run_script(folder, _joined(rest))


def _joined(rest: str) -> str:
    return "\n".join(line.removeprefix("    ") for line in (BEGIN + rest).splitlines())


@pytest.mark.parametrize(
    ("rest", "state", "exit_code", "returned"),
    [
        pytest.param("", "finished", 0, 0, id="the script's end"),
        pytest.param("run.finish()", "finished", 0, 0, id="finish"),
        pytest.param("run.finish(exit_code=0)", "finished", 0, 0, id="finish with 0"),
        pytest.param("run.finish(exit_code=7)", "failed", 7, 0, id="finish with another code"),
        pytest.param("runstore.finish(2)", "failed", 2, 0, id="the module's finish"),
        pytest.param("sys.exit()", "finished", 0, 0, id="exit without a code"),
        pytest.param("sys.exit(0)", "finished", 0, 0, id="exit with 0"),
        pytest.param("sys.exit(3)", "failed", 3, 3, id="exit with 3"),
        pytest.param("sys.exit('no data')", "failed", 1, 1, id="exit with a text"),
        pytest.param("exit(3)", "failed", 3, 3, id="the builtin exit"),
        pytest.param("quit()", "finished", 0, 0, id="the builtin quit"),
        pytest.param("with run: raise SystemExit(4)", "failed", 4, 4, id="exit from the block"),
        pytest.param("1 / 0", "failed", 1, 1, id="an exception"),
        pytest.param("with run: 1 / 0", "failed", 1, 1, id="an exception from the block"),
        pytest.param("with run: pass", "finished", 0, 0, id="the block's end"),
        pytest.param("with run: raise KeyboardInterrupt", "killed", 130, -signal.SIGINT, id="Ctrl-C in the block"),
        pytest.param("os.kill(os.getpid(), signal.SIGINT); time.sleep(9)", "killed", 130, -2, id="SIGINT"),
        pytest.param(
            "os.kill(os.getpid(), signal.SIGTERM); time.sleep(9)", "killed", 143, -signal.SIGTERM, id="SIGTERM"
        ),
        pytest.param("os._exit(0)", "crashed", None, 0, id="_exit"),
        pytest.param("os.kill(os.getpid(), signal.SIGKILL)", "crashed", None, -signal.SIGKILL, id="kill -9"),
        pytest.param("os.abort()", "crashed", None, -signal.SIGABRT, id="abort"),
    ],
)
def test_state_says_how_the_process_ended(
    tmp_path: Path, rest: str, state: str, exit_code: int | None, returned: int
) -> None:
    done = run_after_begin(tmp_path, rest)
    assert done.returncode == returned, done.stderr
    assert state_of(tmp_path) == (state, exit_code)
    assert [row["loss"] for row in rows(only_run(tmp_path))] == [1.0]


def test_a_run_that_ended_has_no_heartbeat_and_says_when_it_ended(tmp_path: Path) -> None:
    run_after_begin(tmp_path, "")
    run = only_run(tmp_path)
    assert not (run / "heartbeat").exists()
    assert load(run / "state.json")["finished"].endswith("Z")


def test_an_exception_still_prints_its_traceback_which_the_console_log_keeps(tmp_path: Path) -> None:
    done = run_after_begin(tmp_path, "raise ValueError('bad batch')")
    assert "ValueError: bad batch" in done.stderr
    assert "ValueError: bad batch" in (only_run(tmp_path) / "output.log").read_text()


def test_the_traceback_that_leaves_a_with_block_is_in_the_console_log_and_shown_once(tmp_path: Path) -> None:
    body = "with runstore.init(project='p') as run:\n    run.log({'n': 1})\n    raise ValueError('wrong shape')\n"
    done = run_script(tmp_path, f"import runstore\n{body}")
    kept = (only_run(tmp_path) / "output.log").read_text()
    assert kept.startswith("Traceback (most recent call last):")
    assert kept.endswith("ValueError: wrong shape\n")
    assert done.stderr.count("Traceback") == 1


@pytest.mark.parametrize("leave", ["sys.exit(3)", "raise KeyboardInterrupt"])
def test_leaving_a_with_block_on_purpose_keeps_no_traceback(tmp_path: Path, leave: str) -> None:
    run_script(tmp_path, f"import sys\nimport runstore\nwith runstore.init(project='p'):\n    {leave}\n")
    assert "Traceback" not in (only_run(tmp_path) / "output.log").read_text()


def test_an_exception_reaches_the_hook_that_was_there_before(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        """
        import sys, runstore
        sys.excepthook = lambda kind, value, traceback: print("their hook:", value)
        runstore.init(project="p")
        raise ValueError("bad batch")
        """,
    )
    assert "their hook: bad batch" in done.stdout
    assert state_of(tmp_path) == ("failed", 1)


def test_a_caught_exit_is_none(tmp_path: Path) -> None:
    done = run_after_begin(
        tmp_path,
        """
    try:
        sys.exit(5)
    except SystemExit as left:
        assert left.code == 5
    runstore.log({"loss": 0.5})
    """,
    )
    assert done.returncode == 0, done.stderr
    assert state_of(tmp_path) == ("finished", 0)


def test_an_exit_after_a_caught_one_counts(tmp_path: Path) -> None:
    done = run_after_begin(
        tmp_path,
        """
    def main():
        try:
            sys.exit(5)
        except SystemExit as left:
            kept = left
        sys.exit(6)
    main()
    """,
    )
    assert done.returncode == 6, done.stderr
    assert state_of(tmp_path) == ("failed", 6)


def test_an_exit_or_exception_in_a_thread_ends_no_run(tmp_path: Path) -> None:
    done = run_after_begin(
        tmp_path,
        """
    for work in (lambda: sys.exit(5), lambda: 1 / 0):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    runstore.log({"loss": 0.5})
    """,
    )
    assert done.returncode == 0, done.stderr
    assert state_of(tmp_path) == ("finished", 0)


def test_threads_that_outlive_the_script_still_log(tmp_path: Path) -> None:
    run_after_begin(
        tmp_path,
        """
    def work():
        time.sleep(0.3)
        runstore.log({"loss": 0.25})
    threading.Thread(target=work).start()
    """,
    )
    assert [row["loss"] for row in rows(only_run(tmp_path))] == [1.0, 0.25]
    assert state_of(tmp_path) == ("finished", 0)


def test_the_scripts_own_handler_of_sigterm_still_runs_and_its_exit_is_a_kill(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        """
        import os, signal, sys, time, runstore
        def leave(number, frame):
            runstore.log({"saved": 1})
            sys.exit(0)
        signal.signal(signal.SIGTERM, leave)
        runstore.init(project="p")
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(9)
        """,
    )
    assert done.returncode == 0, done.stderr
    assert state_of(tmp_path) == ("killed", 143)
    assert rows(only_run(tmp_path))[0]["saved"] == 1


def test_a_run_whose_script_shrugs_off_sigterm_finishes(tmp_path: Path) -> None:
    run_script(
        tmp_path,
        """
        import os, signal, runstore
        signal.signal(signal.SIGTERM, lambda number, frame: None)
        runstore.init(project="p")
        os.kill(os.getpid(), signal.SIGTERM)
        runstore.log({"loss": 1})
        """,
    )
    assert state_of(tmp_path) == ("finished", 0)


def test_an_ignored_sigterm_stays_ignored(tmp_path: Path) -> None:
    run_script(
        tmp_path,
        """
        import os, signal, runstore
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        runstore.init(project="p")
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
        os.kill(os.getpid(), signal.SIGTERM)
        """,
    )
    assert state_of(tmp_path) == ("finished", 0)


def test_sigterm_in_the_middle_of_printing_and_logging_still_ends_the_run(tmp_path: Path) -> None:
    process = start_script(
        tmp_path,
        """
        import runstore
        run = runstore.init(project="p")
        print("ready", flush=True)
        while True:
            runstore.log({"loss": 1.0})
            print("x" * 500, flush=True)
        """,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        for _ in range(50):
            process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        process.communicate()
    assert process.returncode == -signal.SIGTERM
    assert state_of(tmp_path) == ("killed", 143)
    numbers = [row["_step"] for row in rows(only_run(tmp_path))]
    assert numbers == list(range(len(numbers)))


def test_the_hooks_of_the_process_are_put_back_when_the_run_ends(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        """
        import builtins, signal, sys, runstore

        def hooks():
            exits = sys.exit, builtins.exit, builtins.quit
            return sys.excepthook, *exits, signal.getsignal(signal.SIGTERM), sys.stdout.write, sys.stderr.write

        before = hooks()
        run = runstore.init(project="p")
        assert not set(before) & set(hooks())
        run.finish()
        assert before == hooks()
        """,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("how", "said", "state"), [("fail", "seen\n", "failed"), ("stop", "terminated\n", "killed")])
def test_hooks_that_others_put_on_top_and_chain_to_ours_call_each_other_once(
    tmp_path: Path, how: str, said: str, state: str
) -> None:
    done = run_script(
        tmp_path,
        """
        import os, signal, sys, time, runstore

        def wrap_hooks():
            excepthook, sigterm = sys.excepthook, signal.getsignal(signal.SIGTERM)

            def on_exception(*what):
                print("seen", flush=True)
                excepthook(*what)

            def on_sigterm(*what):
                print("terminated", flush=True)
                sigterm(*what)

            sys.excepthook = on_exception
            signal.signal(signal.SIGTERM, on_sigterm)

        for number in range(3):
            run = runstore.init(project="p", id=f"r{number}")
            wrap_hooks()
            if number < 2:
                run.finish()
        if sys.argv[1] == "fail":
            raise ValueError("bad batch")
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(9)
        """,
        how,
    )
    assert done.stdout == said * 3
    assert done.stderr.count("ValueError: bad batch") == (how == "fail")
    assert load(tmp_path / "experiments/p/runs/r2/state.json")["state"] == state


def test_a_live_run_is_running_and_its_files_are_all_there(tmp_path: Path) -> None:
    process = start_script(tmp_path, _joined("print('ready', flush=True); sys.stdin.readline()"))
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        assert state_of(tmp_path) == ("running", None)
        beat = load(only_run(tmp_path) / "heartbeat")
        assert beat["pid"] == process.pid
        process.communicate("\n")
    assert state_of(tmp_path) == ("finished", 0)


def test_runs_in_other_threads_than_the_main_one_end_with_the_process(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        """
        import threading, runstore
        thread = threading.Thread(target=lambda: runstore.init(project="p"))
        thread.start()
        thread.join()
        runstore.log({"loss": 1})
        """,
    )
    assert done.returncode == 0, done.stderr
    assert state_of(tmp_path) == ("finished", 0)


def test_several_runs_of_one_process_each_end_in_their_own_way(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        """
        import runstore
        first = runstore.init(project="p", id="first")
        second = runstore.init(project="p", id="second", reinit="create_new")
        assert runstore.run is first
        second.log({"b": 1})
        first.finish(exit_code=2)
        raise ValueError
        """,
    )
    assert done.returncode == 1, done.stderr
    [project] = read_store(tmp_path / "experiments").projects
    states = {run.id: run.state for run in project.runs}
    assert states == {"first": "failed", "second": "failed"}
    assert load(tmp_path / "experiments/p/runs/first/state.json")["exit_code"] == 2
