"""A user's mistake is one line that says what to do, with exit code 2 and no traceback, whichever command it hits."""

from pathlib import Path

import pytest

from tests.cli.terminal import Terminal, start
from tests.stores import write_file, write_store

COMMANDS = ("ls", "show", "verify", "build")


def arguments(command: str, store: Path) -> list[str | Path]:
    """How each command is told which store it is about."""
    match command:
        case "ls":
            return ["ls", "--store", store]
        case "show":
            return ["show", "some-run", "--store", store]
        case "build":
            return ["build", store, "-o", store.parent / "site"]
    return [command, store]


@pytest.mark.parametrize("command", COMMANDS)
def test_no_such_directory(terminal: Terminal, tmp_path: Path, command: str) -> None:
    line = terminal.fails(*arguments(command, tmp_path / "nowhere"))
    assert f"{tmp_path / 'nowhere'}" in line
    assert "name the store's directory" in line


@pytest.mark.parametrize("command", COMMANDS)
def test_a_directory_that_is_no_store(terminal: Terminal, tmp_path: Path, command: str) -> None:
    (tmp_path / "music").mkdir()
    assert "found no store.yaml" in terminal.fails(*arguments(command, tmp_path / "music"))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_where_a_store_should_be(terminal: Terminal, tmp_path: Path, command: str) -> None:
    path = write_file(tmp_path / "store.txt", "hello")
    assert "found a file" in terminal.fails(*arguments(command, path))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_store_of_a_newer_format(terminal: Terminal, tmp_path: Path, command: str) -> None:
    root = write_store(tmp_path / "experiments", "format: 2\n")
    line = terminal.fails(*arguments(command, root))
    assert "store.yaml, format: found 2, a newer format, expected at most 1" in line
    assert "pip install -U runstore" in line


@pytest.mark.parametrize("text", ["format: [\n", "format: soon\n", "- a\n- b\n", "format: -1\n", "\x00"])
@pytest.mark.parametrize("command", ["ls", "build"])
def test_a_broken_store_yaml(terminal: Terminal, tmp_path: Path, command: str, text: str) -> None:
    root = write_store(tmp_path / "experiments", text)
    assert "store.yaml" in terminal.fails(*arguments(command, root))


def test_a_demo_inside_of_a_store(terminal: Terminal, store: Path) -> None:
    before = sorted(store.parent.rglob("*"))
    for where in (store, store / "digits" / "runs" / "fold0"):
        assert "name another DIR for the demo" in terminal.fails("demo", where)
    assert sorted(store.parent.rglob("*")) == before


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_that_cannot_be_read(terminal: Terminal, tmp_path: Path, command: str) -> None:
    root = tmp_path / "experiments"
    (root / "p" / "runs").mkdir(parents=True)
    (root / "store.yaml").mkdir()
    assert f"{root / 'store.yaml'}" in terminal.fails(*arguments(command, root))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["frobnicate"], "frobnicate"),
        (["ls", "--frob"], "--frob"),
        (["show"], "missing argument"),
        (["ls", "a", "b"], "unexpected extra argument"),
        (["build", "--speed"], "--speed"),
    ],
)
def test_a_command_line_that_means_nothing_points_to_the_help(terminal: Terminal, given: list[str], said: str) -> None:
    line = terminal.fails(*given)
    assert said in line.lower()
    assert "--help" in line


def test_without_a_command_the_help_is_shown(terminal: Terminal) -> None:
    done = terminal()
    assert done.code == 2
    assert all(command in done.err for command in ("build", "demo", "ls", "show", "verify"))


def test_help_of_every_command_says_what_it_does(terminal: Terminal) -> None:
    for command in ("build", "demo", "ls", "show", "verify"):
        done = terminal(command, "--help")
        assert done.code == 0
        assert done.out.startswith(f"Usage: runstore {command}")


def test_the_version_is_the_distributions(terminal: Terminal) -> None:
    from importlib.metadata import version

    assert terminal("--version").out == f"runstore, version {version('runstore')}\n"


def test_a_program_of_its_own_ends_the_same_way(tmp_path: Path) -> None:
    done = start("ls", "--store", tmp_path / "nowhere")
    assert (done.code, done.out) == (2, "")
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize("variable", ["RUNSTORE_MODE", "WANDB_CONSOLE", "RUNSTORE_SILENT"])
def test_a_variable_without_meaning_is_named(tmp_path: Path, variable: str) -> None:
    done = start("ls", cwd=tmp_path, **{variable: "sideways"})
    assert done.code == 2
    assert done.err == f"runstore: error: {variable} is 'sideways', expected {done.err.split('expected ')[1]}"


def test_a_terminal_without_unicode_still_shows_every_run(store: Path) -> None:
    write_file(store / "digits" / "runs" / "byhand" / "run.yaml", "name: Größe-测试\n")
    done = start("ls", "--store", store, PYTHONUTF8="0", LC_ALL="C", PYTHONCOERCECLOCALE="0", PYTHONIOENCODING="ascii")
    assert done.code == 0
    assert "Gr\\xf6\\xdfe" in done.out
