"""Where a run comes from: host, Python, command line, code. Enough to know it again, and to run it again.

What costs next to nothing is written before `init` returns; a thread beside the run adds the rest (the git
repository and its uncommitted changes, hardware, installed packages), the most telling first. Passwords are left out.
"""

import os
import sys
import threading
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson

from runstore.format import values
from runstore.format.host import hostname
from runstore.format.layout import StoreLayout
from runstore.format.run_layout import RunLayout, WriterLayout
from runstore.recording import redaction
from runstore.recording.hardware import describe_hardware
from runstore.recording.repository import describe_git
from runstore.recording.saver import Saver
from runstore.settings import RunSettings

_PAUSE_SECONDS: Final = 0.05
"""What is gathered is not in a hurry: the script's own first steps come before."""


class Provenance:
    """Writes `provenance.json`, `changes.patch` and `requirements.txt` of one run."""

    def __init__(
        self,
        layout: RunLayout,
        store: StoreLayout,
        saver: Saver,
        *,
        started: str,
        wish: RunSettings,
        writer: WriterLayout | None = None,
        facts: Mapping[str, Any] | None = None,
        primary: bool = True,
    ) -> None:
        """`started` is this writer's start as run.yaml spells it; `facts` say more of it. A rank that is not the
        `primary` one leaves the files of the whole run to that."""
        self._layout = layout
        self._writer = layout.writer() if writer is None else writer
        self._primary = primary
        self._store = store
        self._saver = saver
        self._wish = wish
        self._facts = {**_describe_process(wish), "started": started, **(facts or {})}
        self._hurry = threading.Event()
        self._thread = threading.Thread(target=self._gather, name="runstore-provenance", daemon=True)

    def start(self) -> None:
        """Writes what is known at once, and gathers the rest in its thread."""
        self._save()
        self._thread.start()

    def wait(self, seconds: float) -> None:
        """Waits until all is gathered, at most `seconds`."""
        self._hurry.set()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(seconds)

    def save_again(self) -> None:
        """Writes what is known so far once more, should its file be gone."""
        self._save()

    def add(self, **facts: Any) -> None:
        """Notes more facts."""
        self._facts.update(facts)
        self._save()

    def _gather(self) -> None:
        self._hurry.wait(_PAUSE_SECONDS)
        steps = (self._add_system, self._add_packages, self._add_git, self._add_hardware, self._add_environment)
        for step in steps:
            began = time.monotonic()
            try:
                step()
            except Exception as error:  # Facts beside the run: whatever a foreign machine does here, it goes on.
                reason = " ".join(str(error).split()) or type(error).__name__
                self._facts.setdefault("missing", {})[step.__name__.removeprefix("_add_")] = reason[:200]
            # What comes next may take long: git, or the tools that know GPUs.
            slow = time.monotonic() - began > _PAUSE_SECONDS
            if slow or (step == self._add_packages and not self._hurry.is_set()):
                self._save()
        self._save()

    def _save(self) -> None:
        # Paths and arguments may hold bytes that are no text.
        facts = values.writable(values.plain(dict(self._facts)))
        data = orjson.dumps(facts, None, orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        self._saver.save(self._writer.provenance, data)

    def _add_git(self) -> None:
        wish = self._wish
        if wish.disable_git:
            return
        said = {"commit": wish.git_commit, "remote": redaction.without_login(wish.git_remote_url or "")}
        said = {name: value for name, value in said.items() if value}
        found = describe_git(
            Path(self._facts["cwd"]), without=self._store.root, remote=wish.git_remote, code=not wish.disable_code
        )
        if found is None:
            self._facts.update({"git": said} if said else {})
            return
        facts, patch = found
        self._facts["git"] = {**facts, **said}
        if patch:
            self._save_beside(self._layout.changes_patch, self._writer.changes, patch)

    def _save_beside(self, first: Path, own: Path, data: bytes) -> None:
        """Writes a file of the first attempt; a later one's beside it where that differs. Ranks leave it to the
        primary one."""
        if not self._primary:
            return
        try:
            if own != first and (not first.exists() or first.read_bytes() == data):
                own = first
        except OSError:
            pass  # Our own then.
        self._saver.save(own, data)

    def _add_environment(self) -> None:
        from runstore.recording.environment import describe_environment

        self._facts.update(describe_environment(Path(self._facts["cwd"])))

    def _add_hardware(self) -> None:
        self._facts.update(_hardware())

    def _add_system(self) -> None:
        self._facts.update(_describe_system(self._wish))

    def _add_packages(self) -> None:
        from runstore.recording.environment import requirements, version_of

        lines = "".join(f"{line}\n" for line in requirements())
        self._save_beside(self._layout.requirements_txt, self._writer.requirements, lines.encode())
        if version := version_of("runstore"):
            self._facts["runstore"] = version


@cache  # A process may record thousands of runs.
def _hardware() -> dict[str, Any]:
    return describe_hardware()


def _describe_process(wish: RunSettings) -> dict[str, Any]:
    try:
        cwd = os.getcwd()
    except OSError:
        cwd = ""
    return {
        "host": wish.host or hostname(),
        "python": ".".join(map(str, sys.version_info[:3])),
        "executable": sys.executable or "",
        "command": redaction.in_command(sys.orig_argv),
        "program": wish.program or main_program(),
        "cwd": cwd,
    }


def _describe_system(wish: RunSettings) -> dict[str, Any]:
    import getpass
    import platform

    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # A container's user without a name.
        user = str(os.getuid())
    email = {"email": wish.email} if wish.email else {}
    return {"user": wish.username or user, **email, "os": platform.platform(), "python": platform.python_version()}


def main_program() -> str:
    """The script's path, or `-m package.module`; "" where there is none, as in a notebook."""
    main = sys.modules.get("__main__")
    spec = getattr(main, "__spec__", None)
    if spec is not None and spec.name != "__main__":
        return f"-m {spec.name.removesuffix('.__main__')}"
    path = getattr(main, "__file__", None)
    return os.path.abspath(path) if path else ""
