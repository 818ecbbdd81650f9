"""One pair of hands on the disk under test: a process that does what it is told, a line of JSON each way.

    python -m sweeps.doctor.peer DIRECTORY

Started on this machine or, through ssh, on another; it needs the standard library alone. Names are those of files in
DIRECTORY and are never paths. An answer is {"value": …} or {"error": "ENOENT", "text": …}.
"""

import errno
import fcntl
import json
import os
import select
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

POLL_SECONDS: Final = 0.002
_TRIES: Final = 500


class Hands:
    """What can be asked for: every public method, its arguments by name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._locks: dict[str, int] = {}

    def hello(self) -> dict[str, Any]:
        """Who this is."""
        return {"host": os.uname().nodename, "pid": os.getpid()}

    def clock(self) -> float:
        """Seconds since 1970 on this machine's clock."""
        return time.time()

    def write(self, name: str, text: str) -> None:
        """Writes a file in place, as a heartbeat is written; its bytes are on the disk when this returns."""
        handle = os.open(self._at(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        try:
            os.write(handle, text.encode())
            os.fsync(handle)
        finally:
            os.close(handle)

    def read(self, name: str) -> str:
        for left in reversed(range(_TRIES)):
            try:
                return Path(self._at(name)).read_bytes().decode()
            except OSError as error:
                if error.errno != errno.ESTALE or not left:
                    raise
                time.sleep(POLL_SECONDS)  # It was replaced in that very moment: by its name the new one is found.
        raise AssertionError

    def rename(self, source: str, target: str) -> None:
        os.rename(self._at(source), self._at(target))

    def link(self, source: str, target: str) -> bool:
        """Gives a file a second name; whether the name now means that file, whatever the call returned."""
        try:
            os.link(self._at(source), self._at(target))
        except FileExistsError:
            pass
        return self._is_mine(source, target)

    def make_folder(self, name: str) -> None:
        os.mkdir(self._at(name))

    def link_into(self, source: str, folder: str, name: str) -> None:
        os.link(self._at(source), os.path.join(self._at(folder), _plain(name)))

    def list_folder(self, name: str) -> list[str]:
        return sorted(os.listdir(self._at(name) if name else self._folder))

    def modified(self, name: str) -> float:
        """When a file was changed, by the clock of whoever keeps it."""
        return os.stat(self._at(name)).st_mtime

    def sync_folder(self) -> None:
        handle = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def lock(self, name: str) -> bool:
        """Takes an exclusive flock(2) and keeps it; False when another holds it."""
        handle = os.open(self._at(name), os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(handle)
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                return False
            raise
        self._locks[name] = handle
        return True

    def unlock(self, name: str) -> None:
        os.close(self._locks.pop(name))

    def prepare(self, how: str, token: str, names: list[str]) -> None:
        """Makes what `race` needs: a private file for every name, where names are given by links."""
        if how == "link":
            for name in names:
                self.write(f"{token}-{name}", token)

    def race(self, how: str, token: str, names: list[str]) -> list[tuple[bool, bool]]:
        """Tries to be the one who makes each name; for each: whether the call said so, and whether it is so."""
        return [self._link(token, name) if how == "link" else self._create(token, name) for name in names]

    def _link(self, token: str, name: str) -> tuple[bool, bool]:
        said = True
        try:
            os.link(self._at(f"{token}-{name}"), self._at(name))
        except FileExistsError:
            said = False
        return said, self._is_mine(f"{token}-{name}", name)

    def _create(self, token: str, name: str) -> tuple[bool, bool]:
        try:
            handle = os.open(self._at(name), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        except FileExistsError:
            return False, False
        try:
            os.write(handle, token.encode())
            os.fsync(handle)
        finally:
            os.close(handle)
        return True, self.read(name) == token

    def look(self, kind: str, name: str, text: str = "") -> bool:
        """Whether it can be seen: `name` by its name, a `listing` with the name, or a file with the `bytes` `text`."""
        if kind == "listing":
            return name in os.listdir(self._folder)
        try:
            with open(self._at(name), "rb", buffering=0) as file:
                return kind == "name" or file.read(1 << 16) == text.encode()
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ESTALE):  # Stale: it was replaced in that very moment.
                return False
            raise

    def _at(self, name: str) -> str:
        return os.path.join(self._folder, _plain(name))

    def _is_mine(self, source: str, target: str) -> bool:
        return os.stat(self._at(source)).st_ino == os.stat(self._at(target)).st_ino


class Lines:
    """Standard input as lines, with a way to look for one without waiting."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._buffer = b""

    def next(self, patience: float | None = None) -> bytes | None:
        """The next line; None at the end of the input, or where none came within `patience` seconds."""
        while b"\n" not in self._buffer:
            if patience is not None and not select.select([self._handle], [], [], patience)[0]:
                return None
            more = os.read(self._handle, 1 << 16)
            if not more:
                return None
            self._buffer += more
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line


def serve(folder: Path, lines: Lines, answer: Callable[[dict[str, Any]], None]) -> None:
    """Carries out one line after the other until there are no more."""
    hands = Hands(folder)
    while (line := lines.next()) is not None:
        request = json.loads(line)
        what = str(request.pop("do"))
        try:
            if what == "watch":
                answer({"value": "ready"})
                answer({"value": _watch(hands, lines, **request)})
            else:
                answer({"value": getattr(hands, _public(what))(**request)})
        except OSError as error:
            answer({"error": errno.errorcode.get(error.errno or 0, "EIO"), "text": str(error)})


def _watch(hands: Hands, lines: Lines, kind: str, name: str, patience: float, text: str = "") -> float | None:
    """Looks again and again; seconds from the line that says that it is there until it is seen, None: never.

    The looks before that line fill the caches with what is about to be old, as those of a waiting agent do.
    """
    seen = told = None
    while seen is None or told is None:
        if seen is None and hands.look(kind, name, text):
            seen = time.monotonic()
        if told is None and lines.next(POLL_SECONDS) is not None:
            told = time.monotonic()
        elif told is not None and seen is None:
            if time.monotonic() - told > patience:
                return None
            time.sleep(POLL_SECONDS)
    return max(0.0, seen - told)


def _public(name: str) -> str:
    if name.startswith("_") or name not in vars(Hands):
        raise SystemExit(f"asked for {name!r}, which there is not")
    return name


def _plain(name: str) -> str:
    if "/" in name or name in ("", ".", ".."):
        raise SystemExit(f"asked for the file {name!r}, which is no plain name")
    return name


def _answer(value: dict[str, Any]) -> None:
    os.write(1, json.dumps(value).encode() + b"\n")


if __name__ == "__main__":
    serve(Path(sys.argv[1]), Lines(0), _answer)
