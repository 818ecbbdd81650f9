"""`console="redirect"`: what C code and subprocesses write is kept too, and nobody who writes is ever held up."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.processes import environment, only_run, run_script, start_script, wait_until

REDIRECT = {"RUNSTORE_CONSOLE": "redirect", "RUNSTORE_SILENT": "1"}
BEGIN = "import ctypes, os, subprocess, sys, time\nimport runstore\nrun = runstore.init(project='p')\n"


def kept(folder: Path) -> str:
    return (only_run(folder) / "output.log").read_text()


def run_with(folder: Path, body: str, **options: str) -> subprocess.CompletedProcess[str]:
    done = run_script(folder, BEGIN + textwrap.dedent(body), env={**REDIRECT, **options})
    assert done.returncode == 0, done.stderr
    return done


def in_terminal(folder: Path, body: str, env: Mapping[str, str] = REDIRECT) -> bytes:
    """Runs `body` with a terminal as its streams; gives what that showed."""
    script = folder / "train.py"
    script.write_text(BEGIN + textwrap.dedent(body))
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, str(script)], cwd=folder, env=environment(folder, env), stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        shown = b""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if select.select([ours], [], [], 0.2)[0]:
                try:
                    data = os.read(ours, 65536)
                except OSError:
                    break
                shown += data
            elif process.poll() is not None:
                break
        assert process.wait(10) == 0, shown
    os.close(ours)
    return shown


def test_c_code_and_subprocesses_are_heard_and_still_shown(tmp_path: Path) -> None:
    done = run_with(
        tmp_path,
        """
        print("python", flush=True)
        ctypes.CDLL(None).puts(b"by C")
        ctypes.CDLL(None).fflush(None)
        subprocess.run(["sh", "-c", "echo child; echo wrong >&2"], check=True)
        os.write(2, b"raw\\n")
        """,
    )
    assert done.stdout == "python\nby C\nchild\n"
    assert done.stderr == "wrong\nraw\n"
    assert sorted(kept(tmp_path).split()) == sorted(["python", "by", "C", "child", "wrong", "raw"])


def test_the_index_says_when_and_by_which_stream(tmp_path: Path) -> None:
    before = time.time()
    run_with(tmp_path, "print('out', flush=True)\ntime.sleep(0.1)\nprint('err', file=sys.stderr)\ntime.sleep(0.1)\n")
    entries = [json.loads(line) for line in (only_run(tmp_path) / "lines.jsonl").read_text().splitlines()]
    assert [(entry["line"], entry["source"]) for entry in entries] == [(0, "stdout"), (1, "stderr")]
    assert all(before <= entry["_timestamp"] <= time.time() for entry in entries)


def test_streams_are_put_back_when_the_run_ends(tmp_path: Path) -> None:
    done = run_with(
        tmp_path,
        """
        inside = os.fstat(1).st_ino
        print("kept", flush=True)
        run.finish()
        assert os.fstat(1).st_ino != inside
        os.write(1, b"after\\n")
        """,
    )
    assert done.stdout == "kept\nafter\n"
    assert kept(tmp_path) == "kept\n"


def test_c_code_that_holds_the_interpreter_does_not_wait_for_it(tmp_path: Path) -> None:
    done = run_with(
        tmp_path,
        """
        libc = ctypes.PyDLL(None)  # Keeps Python's lock during the call.
        data = (b"x" * 99 + b"\\n") * 2000
        for _ in range(20):
            left = data
            while left:  # A signal may cut a write short, which C code has to expect.
                left = left[libc.write(1, left, len(left)):]
        """,
    )
    assert done.stdout == ("x" * 99 + "\n") * 40_000
    assert kept(tmp_path) == done.stdout


def test_a_terminal_stays_a_terminal_and_bars_are_folded(tmp_path: Path) -> None:
    shown = in_terminal(
        tmp_path,
        """
        assert os.isatty(1) and os.isatty(2)
        for done in range(0, 101, 10):
            sys.stderr.write(f"\\r{done}%")
            sys.stderr.flush()
        print(file=sys.stderr)
        print("\\x1b[32mgreen\\x1b[0m")
        """,
    )
    assert b"\r10%\r20%" in shown
    assert b"\x1b[32mgreen\x1b[0m\r\n" in shown
    assert kept(tmp_path) == "100%\n\x1b[32mgreen\x1b[0m\n"


def test_a_killed_script_leaves_what_it_had_written(tmp_path: Path) -> None:
    body = """
        import signal
        subprocess.run(["echo", "early"])
        while "early" not in open(os.path.dirname(run.dir) + "/output.log").read():
            time.sleep(0.01)
        os.write(1, b"last words\\nand no newline")
        os.kill(os.getpid(), signal.SIGKILL)
        """
    done = run_script(tmp_path, BEGIN + textwrap.dedent(body), env=REDIRECT)
    assert done.returncode == -signal.SIGKILL
    assert done.stdout == "early\nlast words\nand no newline"
    wait_until(lambda: "and no newline\n" in kept(tmp_path), "the relay adds the rest")
    assert kept(tmp_path) == "early\nlast words\nand no newline\n"


def test_the_traceback_of_a_crash_in_c_is_kept(tmp_path: Path) -> None:
    done = run_script(
        tmp_path, BEGIN + "import faulthandler\nfaulthandler.enable()\nctypes.string_at(0)\n", env=REDIRECT
    )
    assert done.returncode == -signal.SIGSEGV
    assert "Segmentation fault" in done.stderr
    wait_until(lambda: "Segmentation fault" in kept(tmp_path), "the relay adds the last words")


def test_when_the_relay_dies_nothing_is_lost_or_raised(tmp_path: Path) -> None:
    done = run_with(
        tmp_path,
        """
        import psutil, signal
        print("before", flush=True)
        mine = os.stat("/proc/self/fd/1").st_ino
        for process in psutil.process_iter(["cmdline"]):
            if any(part.endswith("relay.py") for part in process.info["cmdline"] or ()):
                held = {os.stat(f"/proc/{process.pid}/fd/{fd}").st_ino for fd in os.listdir(f"/proc/{process.pid}/fd")}
                if mine in held:
                    process.kill()
                    print("killed", flush=True)
        for number in range(5000):
            print("line", number, flush=True)
        """,
    )
    assert done.stdout == "before\nkilled\n" + "".join(f"line {number}\n" for number in range(5000))
    assert kept(tmp_path).startswith("before\n")


def test_a_child_that_outlives_the_run_goes_on_writing(tmp_path: Path) -> None:
    out = tmp_path / "out.txt"
    with out.open("w") as stream:
        process = start_script(
            tmp_path,
            BEGIN + "subprocess.Popen(['sh', '-c', 'sleep 0.7; echo late; echo later; touch done'])\nprint('parent')\n",
            env=REDIRECT,
            stdout=stream,
            stderr=stream,
        )
        assert process.wait(30) == 0
        process.communicate()
    wait_until((tmp_path / "done").exists, "the child was not killed by a broken pipe")
    wait_until(lambda: "later" in out.read_text(), "the relay passes on")
    assert out.read_text() == "parent\nlate\nlater\n"


def test_a_forked_child_is_heard_and_may_have_a_run_of_its_own(tmp_path: Path) -> None:
    run_with(
        tmp_path,
        """
        pid = os.fork()
        if not pid:
            os.write(1, b"by the child\\n")
            mine = runstore.init(project="p", id="child")
            print("in its own run")
            mine.finish()
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        print("by the parent")
        """,
    )
    logs = {path.parent.name: path.read_text() for path in (tmp_path / "experiments/p/runs").glob("*/output.log")}
    assert logs.pop("child") == "in its own run\n"
    [parent] = logs.values()
    assert sorted(parent.splitlines()) == ["by the child", "by the parent", "in its own run"]


def test_two_runs_at_once_both_keep_it(tmp_path: Path) -> None:
    run_with(
        tmp_path,
        """
        os.write(1, b"a\\n")
        second = runstore.init(project="p", id="second", reinit="create_new")
        os.write(1, b"b\\n")
        run.finish()
        os.write(1, b"c\\n")
        """,
    )
    runs = {path.parent.name: path.read_text() for path in (tmp_path / "experiments/p/runs").glob("*/output.log")}
    assert runs.pop("second") == "b\nc\n"
    assert list(runs.values()) == ["a\nb\n"]


def test_a_stream_that_is_no_file_is_wrapped(tmp_path: Path) -> None:
    source = """
        import io, os, sys
        sys.stdout = io.StringIO()
        import runstore
        run = runstore.init(project="p")
        print("by Python")
        os.write(1, b"not by it\\n")
        os.write(2, b"still heard\\n")
        run.finish()
    """
    done = run_script(tmp_path, source, env=REDIRECT)
    assert done.returncode == 0, done.stderr
    assert sorted(kept(tmp_path).splitlines()) == ["by Python", "still heard"]


def test_a_program_that_replaces_the_process_is_still_shown_and_kept(tmp_path: Path) -> None:
    done = run_with(
        tmp_path, "sys.stdout.flush()\nos.execvp('sh', ['sh', '-c', 'echo other; sleep 0.2; echo program'])\n"
    )
    assert done.stdout == "other\nprogram\n"
    wait_until(lambda: kept(tmp_path) == "other\nprogram\n", "the relay adds what comes")


@pytest.mark.parametrize("how", ["wrap", "redirect"])
def test_a_long_log_keeps_its_beginning_and_its_end(tmp_path: Path, how: str) -> None:
    source = """
        import runstore
        run = runstore.init(project="p", settings={"console_max_bytes": 8000})
        for number in range(4000):
            print(f"line {number:04}")
        run.finish()
    """
    assert run_script(tmp_path, source, env={**REDIRECT, "RUNSTORE_CONSOLE": how}).returncode == 0
    run = only_run(tmp_path)
    parts = sorted(run.glob("output*.log"), key=lambda path: path.stat().st_mtime_ns)
    assert sum(path.stat().st_size for path in parts) <= 8000
    assert kept(tmp_path).startswith("line 0000\nline 0001\n")
    numbers = {path.name: int(path.name.removeprefix("output-").split(".")[0]) for path in parts if "-" in path.name}
    last = max(numbers, key=lambda name: numbers[name])
    assert (run / last).read_text().endswith("line 3999\n")
    entries = [json.loads(line) for line in (run / "lines.jsonl").read_text().splitlines()]
    starts = {entry["part"]: entry["line"] for entry in entries if "part" in entry}
    assert (run / last).read_text().splitlines()[0] == f"line {starts[numbers[last]]:04}"
