"""What lies in a run's `files/` and `code/`: listed, and copied into the site where it is not too large."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from runstore.reading.store import RunRecord
from sitegen import urls

MAX_COPIED: Final = 20_000_000
"""A larger file (bytes) is named, with its size, and stays in the store."""
MAX_LISTED: Final = 5_000
MAX_SCRIPT_LINES: Final = 3_000
_MAX_SCRIPT: Final = 1 << 20
# What a browser would run, or show as a page in the site's own name.
_ACTIVE: Final = frozenset(
    ("htm", "html", "xhtml", "xht", "shtml", "svg", "svgz", "xml", "xsl", "xslt", "mht", "mhtml", "js", "mjs", "swf")
)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file of a run: where it lies in the run's directory (with `/`), its size in bytes and its mtime (ns)."""

    path: str
    size: int
    changed: int

    @property
    def target(self) -> str | None:
        """Where its copy lies in the run's folder of the site; None for one that is not copied."""
        if self.size > MAX_COPIED or not self.path.isprintable():
            return None
        active = PurePosixPath(self.path).suffix[1:].lower() in _ACTIVE
        return f"stored/{self.path}.txt" if active else f"stored/{self.path}"


@dataclass(frozen=True, slots=True)
class Script:
    """The main script, line by line; `hidden` lines follow."""

    name: str
    lines: tuple[str, ...]
    hidden: int
    href: str | None


def stored_files(run: RunRecord) -> list[StoredFile]:
    """The plain files below a run's `files/` and `code/`, by path, as far as they may be told of. Links are
    not followed."""
    found: list[StoredFile] = []
    if run.disclosure.allows("files"):
        found += _walk(os.fspath(run.layout.files_dir), run.layout.files_dir.name)
    if run.disclosure.allows("code"):
        found += _walk(os.fspath(run.layout.code_dir), run.layout.code_dir.name)
    return sorted(found[:MAX_LISTED], key=lambda file: file.path)


def _walk(folder: str, prefix: str, depth: int = 0) -> Iterator[StoredFile]:
    try:
        with os.scandir(folder) as entries:
            if depth > 30 or os.path.islink(folder):
                return
            for entry in entries:
                path = f"{prefix}/{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    yield from _walk(entry.path, path, depth + 1)
                elif entry.is_file(follow_symlinks=False):
                    stat = entry.stat(follow_symlinks=False)
                    yield StoredFile(path, stat.st_size, stat.st_mtime_ns)
    except OSError:
        return  # What cannot be listed is not shown.


def media_files(run: RunRecord) -> list[StoredFile]:
    """The plain files below the `media/` of a run that logged more than numbers, by path."""
    if not run.kinds:
        return []
    media = _walk(os.fspath(run.layout.media_dir), run.layout.media_dir.name)
    return sorted(media, key=lambda file: file.path)


def shown_name(name: str) -> str:
    """A file's name as text, whatever its bytes."""
    return name.encode("utf-8", "backslashreplace").decode()


def main_script(run: RunRecord, files: list[StoredFile]) -> Script | None:
    """The script that was run, as it was then: the one that the command names, or the only one there is."""
    code = [file for file in files if file.path.startswith(f"{run.layout.code_dir.name}/")]
    names = {PurePosixPath(word).name for word in _words(run.provenance) if isinstance(word, str)}
    found = [file for file in code if PurePosixPath(file.path).name in names] or (code if len(code) == 1 else [])
    if not found:
        return None
    file = min(found, key=lambda each: (each.path.count("/"), each.path))
    if file.size > _MAX_SCRIPT or file.path.endswith(".ipynb"):
        return None
    try:
        text = (run.layout.path / Path(file.path)).read_bytes().decode("utf-8", "replace")
    except OSError:
        return None
    lines = text.splitlines()
    name = shown_name(file.path.partition("/")[2])
    target = file.target
    shown = tuple(lines[:MAX_SCRIPT_LINES])
    return Script(name, shown, len(lines) - len(shown), urls.href(target) if target else None)


def _words(facts: Any) -> list[Any]:
    command = facts.get("command")
    return [facts.get("program"), facts.get("code"), *(command[:3] if isinstance(command, list) else [])]
