"""`runstore ls` and `runstore show`."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.terminal import PROGRAM, Terminal, start
from tests.stores import curve, write_run


def test_ls_lists_the_runs_of_every_project_newest_first(terminal: Terminal, store: Path) -> None:
    done = terminal("ls", "--store", store)
    assert done.code == 0
    header, *rows = done.out.splitlines()
    assert header.split()[:4] == ["PROJECT", "ID", "NAME", "STATE"]
    ids = [row.split()[1] for row in rows]
    assert sorted(ids[:3]) == ["byhand", "fold0", "fold1"]
    assert ids.index("fold1") < ids.index("fold0")
    assert ids[3] == "wav"
    assert "failed" in rows[ids.index("fold1")]


def test_ls_of_one_project(terminal: Terminal, store: Path) -> None:
    done = terminal("ls", "speech", "--store", store)
    assert "whisper" in done.out
    assert "fold0" not in done.out


def test_ls_json_has_every_field(terminal: Terminal, store: Path) -> None:
    done = terminal("ls", "digits", "--json", "--store", store)
    runs = {run["id"]: run for run in json.loads(done.out)}
    assert set(runs) == {"fold0", "fold1", "byhand"}
    fold0 = runs["fold0"]
    assert fold0["name"] == "mlp fold 0"
    assert fold0["state"] == "finished"
    assert fold0["exit_code"] == 0
    assert fold0["tags"] == ["k-fold", "mlp"]
    assert fold0["created"] == "2026-10-01T10:00:00+00:00"
    assert fold0["runtime"] == 90
    assert fold0["rows"] == 10
    assert fold0["last_step"] == 9
    assert fold0["summary"]["loss"] == pytest.approx(0.1)
    assert runs["byhand"]["group"] is None


def test_ls_of_a_store_without_runs(terminal: Terminal, root: Path) -> None:
    assert terminal("ls", "--store", root).out == "no runs yet\n"
    assert json.loads(terminal("ls", "--json", "--store", root).out) == []


def test_ls_finds_the_store_of_the_working_directory_and_of_the_environment(store: Path, tmp_path: Path) -> None:
    below = store.parent / "src" / "deep"
    below.mkdir(parents=True)
    assert "fold0" in start("ls", cwd=below).out
    (tmp_path / "elsewhere").mkdir()
    for variable in ("RUNSTORE_DIR", "WANDB_DIR"):
        assert "fold0" in start("ls", cwd=tmp_path / "elsewhere", **{variable: str(store)}).out


def test_show_by_id_by_path_and_by_name(terminal: Terminal, store: Path) -> None:
    shown = {terminal("show", name, "--store", store).out for name in ("fold0", "digits/fold0", "mlp fold 0")}
    [text] = shown
    for part in ("digits/fold0", "mlp fold 0", "finished", "the first fold", "model.depth", "0.0001", "1m 30s"):
        assert part in text


def test_show_json_holds_config_and_provenance(terminal: Terminal, store: Path) -> None:
    run = json.loads(terminal("show", "fold0", "--json", "--store", store).out)
    assert run["config"] == {"lr": 1e-4, "model": {"depth": 3}}
    assert run["provenance"]["host"] == "node1"


def test_numbers_that_are_not_finite_stay_valid_json(terminal: Terminal, root: Path) -> None:
    write_run(root, "p", "r", [{"loss": float("nan"), "top": float("inf")}])
    [run] = json.loads(terminal("ls", "--json", "--store", root).out, parse_constant=pytest.fail)
    assert run["summary"] == {"loss": "NaN", "top": "Infinity"}


def test_text_from_a_store_cannot_command_the_terminal(terminal: Terminal, root: Path) -> None:
    name = "a\x1b[2Jb\u202ec [red]d[/red]\r\nrunstore: error: fake"
    write_run(root, "p", "r", curve(2), meta={"name": name, "notes": "\x1b]0;title\x07"})
    for arguments in (("ls",), ("show", "r")):
        out = terminal(*arguments, "--store", root).out
        assert not set(out) & set("\x1b\x07\r\u202e")
        assert "[red]d[/red]" in out
        assert "\nrunstore: error" not in out


def test_a_name_that_several_runs_have_is_refused_with_their_paths(terminal: Terminal, store: Path) -> None:
    write_run(store, "speech", "wav2", [{"wer": 1}], meta={"name": "whisper"})
    line = terminal.fails("show", "whisper", "--store", store)
    assert "speech/wav" in line
    assert "speech/wav2" in line


@pytest.mark.parametrize("name", ["nobody", "../digits/fold0", "", "a\nb", "x" * 10_000, "<script>"])
def test_a_run_that_is_not_there_is_one_line(terminal: Terminal, store: Path, name: str) -> None:
    assert "runstore ls" in terminal.fails("show", name, "--store", store)


@pytest.mark.parametrize("name", ["nope", "../..", "a/b", ".cache"])
def test_a_project_that_is_not_there_is_one_line_with_those_that_are(
    terminal: Terminal, store: Path, name: str
) -> None:
    line = terminal.fails("ls", name, "--store", store)
    assert repr(name) in line
    assert "digits, speech" in line


def test_long_texts_are_cut_in_a_table_and_whole_in_json(terminal: Terminal, root: Path) -> None:
    long = {"name": "n" * 500, "group": "g" * 500, "job_type": "j" * 500}
    rows = [{"m" * 500: 1, "text": "t" * 500, "_step": 0}]
    write_run(root, "p", "i" * 64, rows, config={"c" * 500: "x" * 500}, meta=long)
    header, row = terminal("ls", "--store", root).out.splitlines()
    assert max(map(len, (header + "  " + row).split())) == 64
    for letter in "ngj":
        assert letter * 39 + "… " in row
    shown = terminal("show", "i" * 64, "--store", root).out.splitlines()
    assert f"  text{' ' * 36}  {'t' * 119}…" in shown
    assert f"  {'c' * 500}  {'x' * 119}…" in shown
    [run] = json.loads(terminal("ls", "--json", "--store", root).out)
    assert {key: run[key] for key in long} == long
    assert run["summary"]["text"] == "t" * 500


@pytest.mark.parametrize(("step", "shown"), [("9", "9"), ("9.0", "9"), ("9.5", "9.5"), ("1e300", "1e+300")])
def test_the_last_step_is_a_whole_number_in_json_where_it_is_one(
    terminal: Terminal, root: Path, step: str, shown: str
) -> None:
    write_run(root, "p", "r", f'{{"a": 1, "_step": {step}}}\n'.encode())
    for command in (("show", "r"), ("ls",)):
        assert f'"last_step": {shown},' in terminal(*command, "--json", "--store", root).out


@pytest.mark.parametrize("meta", [None, "group: ''\njob_type: ''\nnotes: ''\n", "group:\njob_type: null\nnotes: ~\n"])
def test_what_a_run_does_not_say_is_null_in_json(terminal: Terminal, root: Path, meta: str | None) -> None:
    write_run(root, "p", "r", None, meta=meta)
    run = json.loads(terminal("show", "r", "--json", "--store", root).out)
    empty = ("group", "job_type", "notes", "created", "finished", "runtime", "last_step", "exit_code")
    assert [run[key] for key in empty] == [None] * 8


@pytest.mark.parametrize("command", [("ls",), ("show", "r"), ("verify",)])
def test_a_broken_run_does_not_hide_the_others(terminal: Terminal, store: Path, command: tuple[str, ...]) -> None:
    write_run(store, "digits", "r", b'{"loss": 1}\n{"loss": \n', config="lr: [1, 2\n")
    where = (store,) if command[0] == "verify" else ("--store", store)
    done = terminal(*command, *where)
    assert done.code == (1 if command[0] == "verify" else 0)
    if command[0] == "ls":
        assert "fold0" in done.out
    else:
        assert "config.yaml" in done.out
        assert "line 2" in done.out


def test_output_that_nobody_reads_ends_the_command_quietly(store: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as out:
        done = subprocess.run(
            [PROGRAM, "ls", "--json", "--store", store], stdout=out, stderr=subprocess.PIPE, timeout=60
        )
    assert done.stderr == b""
    assert done.returncode in (1, 141)  # Click's own code where a write fails, the shell's where the last flush does


def test_ls_says_that_runs_may_be_missing(terminal: Terminal, store: Path) -> None:
    (store / "digits" / "runs" / "elsewhere").symlink_to(store)
    done = terminal("ls", "--json", "--store", store)
    assert len(json.loads(done.out)) == 4
    [line] = done.err.splitlines()
    assert line.startswith("runstore: warning: digits/runs/elsewhere: found a link")


def test_a_wide_table_of_many_runs_is_aligned(root: Path) -> None:
    for number in range(300):
        write_run(root, "p", f"r{number}", curve(1), meta={"name": "測試" if number % 2 else "plain"})
    header, *rows = start("ls", "--store", root).out.splitlines()
    assert len(rows) == 300
    at = header.index("STATE")
    for row in rows:
        assert row[at - 2 * ("測試" in row) :].startswith("finished")
