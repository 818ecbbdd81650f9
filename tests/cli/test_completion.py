"""Completion: real shells in real terminals, with a key pressed."""

import fcntl
import os
import pty
import re
import select
import subprocess
import termios
import time
from pathlib import Path

import pytest

from tests.cli.terminal import PROGRAM, Terminal
from tests.stores import curve, write_file, write_run

_STARTS = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}
_TAUGHT = {
    "bash": 'eval "$(runstore completion bash)"',
    "zsh": 'autoload -Uz compinit; compinit -u -d "$HOME/dump"; eval "$(runstore completion zsh)"',
    "fish": "runstore completion fish | source",
}
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-B0-9]|\x1b[=>]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x0f")


class Shell:
    """A shell in a terminal of its own."""

    def __init__(self, name: str, home: Path, store: Path) -> None:
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("RUNSTORE_", "WANDB_"))},
            "PATH": f"{PROGRAM.parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": os.fspath(home),
            "XDG_DATA_HOME": os.fspath(home / "data"),
            "XDG_CONFIG_HOME": os.fspath(home / "config"),
            "RUNSTORE_DIR": os.fspath(store),
            "TERM": "xterm",
            "PS1": "ready> ",
            "COLUMNS": "200",
        }
        self._side, inner = pty.openpty()
        self._process = subprocess.Popen(
            _STARTS[name],
            stdin=inner,
            stdout=inner,
            stderr=inner,
            env=environment,
            cwd=home,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(inner)
        self._heard = ""

    def types(self, text: str) -> None:
        self._heard = ""
        os.write(self._side, text.encode())

    def shows(self, pattern: str, patience: float = 30) -> str:
        """Waits until the terminal shows what matches."""
        ends = time.monotonic() + patience
        while (found := re.search(pattern, self.text)) is None:
            assert time.monotonic() < ends, self.text
            if select.select([self._side], [], [], 0.2)[0]:
                self._heard += os.read(self._side, 65536).decode("utf-8", "replace")
        return found[0]

    @property
    def text(self) -> str:
        return _ESCAPES.sub("", self._heard)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._side)


@pytest.mark.parametrize("name", _STARTS)
def test_a_shell_completes_commands_runs_projects_and_sweeps(name: str, store: Path, tmp_path: Path) -> None:
    write_file(store / "digits" / "sweeps" / "k3v9x2ab" / "sweep.yaml", "method: random\n")
    home = tmp_path / "home"
    home.mkdir()
    shell = Shell(name, home, store)
    try:
        shell.types(f"{_TAUGHT[name]}; echo tau''ght\n")
        shell.shows("taught")
        shell.types("runstore mig\t")
        shell.shows("runstore migrate")
        shell.types("\x15runstore show byh\t")
        shell.shows("show byhand")
        shell.types("\x15runstore ls spe\t")
        shell.shows("ls speech")
        shell.types("\x15runstore sweep status k3\t")
        shell.shows("status k3v9x2ab")
        shell.types("\x15runstore show --js\t")
        shell.shows("show --json")
    finally:
        shell.close()


def completed(words: str, store: Path) -> list[str]:
    """What bash is told for the last of the words."""
    environment = {
        **os.environ,
        "_RUNSTORE_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
        "RUNSTORE_DIR": os.fspath(store),
    }
    done = subprocess.run([PROGRAM], env=environment, capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == ""
    return [line.partition(",")[2] for line in done.stdout.splitlines() if line]


def test_runs_are_offered_by_id_by_name_and_by_path(store: Path) -> None:
    write_run(store, "speech", "n1", curve(1), meta="id: n1\nname: brave-river-3\n")
    assert completed("runstore show fold", store) == ["fold0", "fold1"]
    assert completed("runstore show brave", store) == ["brave-river-3"]
    assert completed("runstore show speech/", store) == ["speech/n1", "speech/wav"]
    assert completed("runstore show mlp", store) == []  # names with spaces would become several words


def test_options_complete_projects_too_and_store_says_where(store: Path, tmp_path: Path) -> None:
    assert completed("runstore move fold0 --project sp", store) == ["speech"]
    assert completed(f"runstore show --store {store} fold", tmp_path / "none") == ["fold0", "fold1"]


def test_completing_never_fails_and_says_nothing_where_there_is_no_store(tmp_path: Path) -> None:
    assert completed("runstore show ", tmp_path / "none") == []
    write_file(tmp_path / "experiments" / "store.yaml", "format: 99\n")
    assert completed("runstore show ", tmp_path / "experiments") == []


def test_names_that_would_move_the_cursor_are_not_offered(store: Path) -> None:
    write_file(store / "speech" / "runs" / "wav" / "run.yaml", "name: evil\x1b[2Jname\n")
    assert all("\x1b" not in each for each in completed("runstore show ", store))


@pytest.mark.parametrize(
    ("shell", "file"),
    [
        ("bash", "data/bash-completion/completions/runstore"),
        ("zsh", "data/zsh/site-functions/_runstore"),
        ("fish", "config/fish/completions/runstore.fish"),
    ],
)
def test_install_writes_where_the_shell_looks(
    shell: str, file: str, terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    done = terminal("completion", shell, "--install")
    assert done.code == 0
    assert str(tmp_path / file) in done.out
    assert (tmp_path / file).read_text("utf-8").strip() == terminal("completion", shell).out.strip()


def test_a_shell_that_is_not_known_is_named(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/bin/tcsh")
    assert "found the shell 'tcsh', expected bash, zsh, fish" in terminal.fails("completion")
