"""Runs the command line: in this process for speed, or as a program of its own where that is the point."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from runstore.cli.main import main

PROGRAM = Path(sys.executable).with_name("runstore")


@dataclass(frozen=True)
class Done:
    """What a command printed, and the exit code that it ended with."""

    code: int
    out: str
    err: str


class Terminal:
    """A terminal without colours: call it with a command's arguments."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture

    def __call__(self, *arguments: str | Path) -> Done:
        self._capture.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        out, err = self._capture.readouterr()
        code = ended.value.code
        assert isinstance(code, int)
        return Done(code, out, err)

    def fails(self, *arguments: str | Path) -> str:
        """The one line of an error of the user's: exit code 2, nothing on stdout, no traceback."""
        done = self(*arguments)
        assert (done.code, done.out) == (2, ""), done
        assert "Traceback" not in done.err
        [line] = done.err.splitlines()
        assert line.startswith("runstore: error: ")
        return line.removeprefix("runstore: error: ")


def start(*arguments: str | Path, cwd: Path | None = None, **variables: str) -> Done:
    """Runs `runstore` as a program, with `variables` in its environment."""
    done = subprocess.run(
        [PROGRAM, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **variables},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    return Done(done.returncode, done.stdout, done.stderr)
