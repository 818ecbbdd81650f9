"""Whether the media that a run names are there, word for word: read in full, so only when somebody asks."""

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from runstore.archive.opening import open_lines
from runstore.errors import UsageError
from runstore.format.run_layout import RunLayout, is_history, linked
from runstore.media import stored
from runstore.reading.problems import Problem
from runstore.reading.rows import decode_line, flatten
from runstore.reading.store import RunRecord, Store


@dataclass(frozen=True, slots=True)
class _Claim:
    """What a row or a summary says of a media file; None where it does not say it."""

    path: str
    size: int | None
    sha256: str | None
    is_table: bool


def verify_store(store: Store) -> Iterator[Problem]:
    """Every problem of a store, those of media included: files that are missing, or not as they were logged."""
    yield from store.problems
    for project in store.projects:
        yield from project.problems
        for run in project.runs:
            yield from run.problems
            yield from verify_media(run, store)


def verify_media(run: RunRecord, store: Store) -> Iterator[Problem]:
    """What is wrong with the media of one run."""
    for path, line, message in _media_problems(run):
        yield Problem(store.relative(path), line, message)


def _media_problems(run: RunRecord) -> Iterator[tuple[Path, int, str]]:
    """Each media file that is wrong, at the first place that names it."""
    known: set[_Claim] = set()
    for path, line, key, claim in _claims(run):
        shown = key if len(key) <= 40 else key[:39] + "…"
        waiting = [claim]
        while waiting:
            claim = waiting.pop()
            if claim in known:
                continue
            known.add(claim)
            if wrong := _check(run.layout, claim):
                yield path, line, f"{shown!r} names {claim.path!r}: {wrong}"
            elif claim.is_table:
                try:
                    waiting += _claims_of_table(run.layout, claim)
                except UsageError as error:
                    yield path, line, f"{shown!r} names a table: {error}"


def _claims_of_table(run: RunLayout, claim: _Claim) -> list[_Claim]:
    """What the head of a table names: its Parquet file, the increment before it, the media in its cells."""
    return [found for part in stored.named_in(run.path, {"path": claim.path}) for found in _within(part)]


def _claims(run: RunRecord) -> Iterator[tuple[Path, int, str, _Claim]]:
    """What the rows of a run's histories claim, with file and line, then its summary."""
    for path in (run.layout.path / name for name in run.files if is_history(name)):
        for line, row in _rows_with_media(path):
            for key, claim in _claimed(row):
                yield path, line, key, claim
    for key, claim in _claimed(run.summary):
        yield run.layout.summary_json, 0, key, claim


def _rows_with_media(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The rows that may name a file. A history that cannot be read is known for it already."""
    try:
        found = open_lines(path)
    except OSError:
        return
    with found as file:
        for number, line in enumerate(file, 1):
            if b'"path"' in line:
                for row in decode_line(line.rstrip(b"\r\n"))[0]:
                    yield number, row


def _claimed(values: Mapping[str, Any]) -> Iterator[tuple[str, _Claim]]:
    for key, value in flatten(values):
        if isinstance(value, list) or (isinstance(value, dict) and "_type" in value):
            for claim in _within(value):
                yield key, claim


def _within(value: Any) -> Iterator[_Claim]:
    """Every file that a stub names: its own, and those of the stubs inside, as in a gallery or a plot."""
    waiting = [(value, False)]
    while waiting:
        part, typed = waiting.pop()
        if isinstance(part, dict):
            typed = typed or "_type" in part
            if typed and isinstance(part.get("path"), str) and part.keys() & {"size", "sha256"}:
                yield _claim(part)
            waiting += [(inner, typed) for key, inner in part.items() if key != "spec" and type(inner) in (dict, list)]
        elif isinstance(part, list):
            waiting += [(inner, typed) for inner in reversed(part) if type(inner) in (dict, list)]


def _claim(stub: Mapping[str, Any]) -> _Claim:
    size, digest = stub.get("size"), stub.get("sha256")
    return _Claim(
        path=stub["path"],
        size=size if type(size) is int else None,
        sha256=digest.lower() if isinstance(digest, str) else None,
        is_table=stub.get("_type") == stored.KIND,
    )


def _check(run: RunLayout, claim: _Claim) -> str:
    """What is wrong with a media file, "" when it is as it was logged."""
    parts = PurePosixPath(claim.path).parts
    if not parts or claim.path.startswith("/") or ".." in parts or "\0" in claim.path:
        return "found a path that leads out of the run's directory, expected one below it; correct the path"
    wanted = "a file" if claim.size is None else f"a file of {claim.size} bytes"
    path = run.path
    try:
        for part in parts:
            path = path / part
            if path.is_symlink():
                return linked("directory" if part is not parts[-1] else "file")
        return _check_file(path, claim, wanted)
    except (FileNotFoundError, NotADirectoryError):
        return f"found no such file, expected {wanted}; restore it from a copy of the store"
    except (OSError, ValueError) as error:
        return f"cannot be read ({getattr(error, 'strerror', None) or error}); check its permissions"


def _check_file(path: Path, claim: _Claim, wanted: str) -> str:
    """The same of a file that no link leads to. Raises `OSError`."""
    with open(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            return f"found no plain file, expected {wanted}; restore it from a copy of the store"
        if claim.size is not None and found.st_size != claim.size:
            return f"found {found.st_size} bytes, expected {claim.size}; restore it from a copy of the store"
        if claim.sha256 is None or (digest := hashlib.file_digest(file, "sha256").hexdigest()) == claim.sha256:
            return ""
    return (
        f"found other bytes (sha256 {digest[:12]}…), expected those logged ({claim.sha256[:12]}…); "
        "restore it from a copy of the store"
    )
