"""Guides as they are followed: their files are written and their commands run, in order, in one directory."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
DOCS: Final = ROOT / "site" / "docs"
PATIENCE_SECONDS: Final = 300

_FENCE: Final = re.compile(r"^(`{3,})(\w+)(?: title=\"([^\"]+)\")?\n(.*?)^\1$\n?", re.MULTILINE | re.DOTALL)
_NOTE: Final = re.compile(r"<!-- (first|not run): ((?:(?!-->).)*) -->\n*\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Step:
    """A block of a guide. `title` is the file that it is, "" for one that is run; `first` a command that the reader has
    no need of; `skipped` why it cannot be followed here."""

    line: int
    language: str
    title: str
    code: str
    first: str = ""
    skipped: str = ""

    @property
    def commands(self) -> list[str]:
        """What is typed at the prompts, with the lines that go on."""
        return [each.removeprefix("$ ") for each in re.findall(r"^\$ .*(?:\n> .*)*", self.code, re.MULTILINE)]


def steps(page: Path) -> Iterator[Step]:
    """The blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        note = _NOTE.search(text[: found.start()])
        said = {"first": "", "not run": ""} | ({note[1]: note[2].strip()} if note else {})
        line = text.count("\n", 0, found.start()) + 1
        yield Step(line, found[2], found[3] or "", found[4], said["first"], said["not run"])


def follow(page: Path, folder: Path, more: Mapping[str, str] | None = None) -> list[str]:
    """Does what a page says, in `folder`; returns what the commands printed. Fails with the line of what went wrong."""
    printed = []
    for step in steps(page):
        place = f"{page.relative_to(ROOT)}:{step.line}"
        if step.first:
            run(step.first, folder, place, more)
        if step.skipped:
            continue
        if step.title:
            target = folder / step.title
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(step.code, encoding="utf-8")
        elif step.language == "console":
            printed.append(run("\n".join(step.commands).replace("\n> ", "\n"), folder, place, more))
    return printed


def run(commands: str, folder: Path, place: str, more: Mapping[str, str] | None = None) -> str:
    """Runs the commands of a block in a shell, as a reader would."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("RUNSTORE_", "WANDB_"))}
    environment = {
        **inherited,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PYTHONUTF8": "1",
        "GIT_AUTHOR_NAME": "Reader",
        "GIT_AUTHOR_EMAIL": "reader@example.org",
        "GIT_COMMITTER_NAME": "Reader",
        "GIT_COMMITTER_EMAIL": "reader@example.org",
        **(more or {}),
    }
    shell = shutil.which("bash")
    assert shell is not None
    done = subprocess.run(
        [shell, "-e", "-c", commands],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, f"{place}: `{commands}` ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr, f"{place}: `{commands}`\n{done.stderr}"
    return done.stdout
