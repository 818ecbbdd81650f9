"""Where the media of an imported run are kept: in its `media/` folder, each content once, as our runs keep theirs."""

import hashlib
import re
from pathlib import Path
from typing import Any, Final

from runstore.format.copying import copy_file, open_plain
from runstore.format.records import write_atomically
from runstore.importers.sources import Problems
from runstore.media.base import Stub, unreadable
from runstore.media.raw import as_media

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_-]+")
_LONGEST_NAME: Final = 60
_MOST_KNOWN: Final = 100_000


class MediaShelf:
    """Keeps the media of one value after the other; `key` and `step` say whose."""

    def __init__(self, folder: Path, problems: Problems) -> None:
        """`folder` is the run's `media/`."""
        self.key = ""
        self.step = 0
        self._folder = folder
        self._problems = problems
        self._names: dict[tuple[str, str], str] = {}

    @property
    def owner(self) -> object:
        return self

    def keep(self, folder: str, ending: str, content: bytes | Path) -> Stub:
        """Keeps a file's content. Raises `UsageError` for a path that cannot be read, `OSError` for our own disk."""
        sha256, size = _digest(content)
        name = self._names.get((folder, sha256))
        if name is None:
            shown = _UNSAFE.sub("_", self.key)[:_LONGEST_NAME]
            name = f"{folder}/{shown}_{self.step}_{sha256[:20]}.{ending}"
            path = self._folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                write_atomically(path, content)
            else:
                copy_file(content, path)
            if len(self._names) < _MOST_KNOWN:
                self._names[(folder, sha256)] = name
        return {"path": f"{self._folder.name}/{name}", "sha256": sha256, "size": size}

    def store(self, value: Any) -> Stub | None:
        media = as_media(value)
        return None if media is None else media.to_data(self)

    def warn(self, kind: str, message: str) -> None:
        self._problems.lose(f"{self.key}: {message}")

    def previous(self, kind: str) -> Stub | None:
        return None


def _digest(content: bytes | Path) -> tuple[str, int]:
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest(), len(content)
    try:
        with open(open_plain(content), "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest(), file.tell()
    except OSError as error:
        raise unreadable(content, error) from None
