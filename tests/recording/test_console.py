"""Console output: kept in output.log, line by line, while it is still shown."""

from pathlib import Path

from tests.processes import only_run, run_script


def kept(folder: Path) -> str:
    return (only_run(folder) / "output.log").read_text()


def run_with(folder: Path, body: str, **options: str) -> str:
    """Runs `body` within a run; gives what was shown on standard output."""
    source = "import logging, os, sys\nimport runstore\nrun = runstore.init(project='p')\n" + body
    done = run_script(folder, source, env=options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_both_streams_are_kept_in_order_and_still_shown(tmp_path: Path) -> None:
    shown = run_with(
        tmp_path, "print('one')\nprint('two', file=sys.stderr)\nsys.stdout.write('thr')\nsys.stdout.write('ee\\n')\n"
    )
    assert shown == "one\nthree\n"
    assert kept(tmp_path) == "one\ntwo\nthree\n"


def test_lines_are_in_the_file_when_they_are_finished(tmp_path: Path) -> None:
    shown = run_with(
        tmp_path,
        "log = os.path.dirname(run.dir) + '/output.log'\nprint('one\\ntwo')\nsys.stderr.write(open(log).read() + '|')\n"
        "assert open(log).read() == 'one\\ntwo\\none\\ntwo\\n', open(log).read()\n",
    )
    assert shown == "one\ntwo\n"


def test_a_progress_bar_leaves_its_last_state(tmp_path: Path) -> None:
    run_with(
        tmp_path,
        "for done in range(101):\n    sys.stderr.write(f'\\r{done}%')\nsys.stderr.write('\\n')\nprint('end')\n",
    )
    assert kept(tmp_path) == "100%\nend\n"


def test_output_without_a_newline_at_the_end_is_kept(tmp_path: Path) -> None:
    run_with(tmp_path, "sys.stdout.write('no newline')\n")
    assert kept(tmp_path) == "no newline\n"


def test_whoever_held_the_stream_before_is_heard(tmp_path: Path) -> None:
    source = """
        import logging, sys
        held = sys.stdout
        handler = logging.StreamHandler()
        import runstore
        runstore.init(project="p")
        held.write("held\\n")
        logging.getLogger().addHandler(handler)
        logging.warning("by a logger")
    """
    run_script(tmp_path, source)
    assert kept(tmp_path) == "held\nby a logger\n"


def test_what_the_terminal_cannot_show_is_kept_all_the_same(tmp_path: Path) -> None:
    run_with(tmp_path, "print('é 日本 \\udcff')\n", PYTHONIOENCODING="utf-8:surrogateescape")
    assert kept(tmp_path) == "é 日本 \\udcff\n"


def test_runstores_own_lines_are_not_the_scripts_output(tmp_path: Path) -> None:
    run_with(tmp_path, "run.log({'a': 1})\nprint('mine')\n")
    assert kept(tmp_path) == "mine\n"


def test_warnings_during_the_run_are_kept(tmp_path: Path) -> None:
    run_with(tmp_path, "run.log({'a': object()})\n")
    assert "a at step 0 is left out of its row" in kept(tmp_path)


def test_a_silent_run_keeps_its_warnings_in_the_log_and_shows_none(tmp_path: Path) -> None:
    source = "import runstore\nrun = runstore.init(project='p')\nrun.log({'a': object()})\n"
    done = run_script(tmp_path, source, env={"RUNSTORE_SILENT": "true"})
    assert (done.stdout, done.stderr) == ("", "")
    assert "a at step 0 is left out of its row" in kept(tmp_path)


def test_console_off_leaves_streams_and_store_alone(tmp_path: Path) -> None:
    shown = run_with(tmp_path, "assert 'write' not in vars(sys.stdout)\nprint('shown')\n", RUNSTORE_CONSOLE="off")
    assert shown == "shown\n"
    assert not (only_run(tmp_path) / "output.log").exists()


def test_two_runs_at_once_both_keep_the_output(tmp_path: Path) -> None:
    source = """
        import runstore
        first = runstore.init(project="p", id="first")
        print("a")
        second = runstore.init(project="p", id="second", reinit="create_new")
        print("b")
        first.finish(quiet=True)
        print("c")
    """
    done = run_script(tmp_path, source, env={"RUNSTORE_SILENT": "1"})
    assert done.stdout == "a\nb\nc\n"
    runs = tmp_path / "experiments" / "p" / "runs"
    assert (runs / "first" / "output.log").read_text() == "a\nb\n"
    assert (runs / "second" / "output.log").read_text() == "b\nc\n"


def test_a_stream_replaced_during_the_run_stays_replaced(tmp_path: Path) -> None:
    shown = run_with(
        tmp_path,
        "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()) as caught:\n    print('caught')\n"
        "print('out', caught.getvalue())\nrun.finish()\nprint('after')\n",
    )
    assert shown == "out caught\n\nafter\n"
    assert kept(tmp_path) == "out caught\n\n"


def test_lines_can_be_added_that_nobody_printed(tmp_path: Path) -> None:
    shown = run_with(tmp_path, "print('one')\nrun.write_logs('two\\nthree')\nprint('four')\n")
    assert shown == "one\nfour\n"
    assert kept(tmp_path) == "one\ntwo\nthree\nfour\n"


def test_bars_one_above_the_other_leave_their_last_state(tmp_path: Path) -> None:
    body = """
for step in range(20):
    sys.stderr.write(f"\\router {step}\\n\\rinner {step}\\x1b[A")
sys.stderr.write("\\n\\n")
print("end")
"""
    run_with(tmp_path, body)
    assert kept(tmp_path).splitlines()[-3:] == ["outer 19", "inner 19", "end"]
    assert len(kept(tmp_path).splitlines()) <= 4
