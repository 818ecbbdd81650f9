"""Values that are more than numbers: each is stored once, by its content, in a file that the history names."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from runstore.errors import UsageError
from runstore.format import values
from runstore.format.copying import Fingerprint, open_plain
from runstore.format.run_layout import RunLayout
from runstore.media.base import Stub, unreadable
from runstore.recording.arrays import histogram
from runstore.recording.saver import Saver
from runstore.recording.trouble import Trouble

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
_LONGEST_NAME = 60
_MOST_TRIES = 5


class MediaFiles:
    """Keeps a run's media under its `media/` folder. Safe for threads; trouble with the disk is not raised."""

    def __init__(self, folder: Path, saver: Saver, trouble: Trouble) -> None:
        self._folder = folder
        self._saver = saver
        self._trouble = trouble
        self._names: dict[tuple[str, bytes], str] = {}
        self._continued: set[str] = set()

    def store(self, key: str, step: int, value: Any) -> Stub | None:
        """Keeps `value` if it is media, a frame, a figure, a picture, or a list of such; gives the object that stands
        for it in the row, else None. Raises `UsageError` for media that are broken.

        Of an array, or a list, of more than 1,000 numbers only the object is kept: its histogram.
        """
        if (stub := histogram(value)) is not None:
            self._trouble.warn_once(
                f"large {key}",
                f"{key} has {values.size(value):,} values: only their histogram is kept; "
                "for all of them log a Table, or save a file in run.dir",
            )
            return stub
        return None if _is_plain(value) else KeyShelf(self, key, step).store(value)

    def keep(self, key: str, step: int, folder: str, ending: str, content: bytes | Path) -> Stub:
        """Keeps a file's content; its path in the run's directory, digest and size. Raises `UsageError` for a path
        whose file cannot be read."""
        import hashlib  # Not at the top: it links OpenSSL, which most runs never need.

        if isinstance(content, bytes):
            digest, known = hashlib.sha256(content), None
            size = len(content)
        else:
            digest, known = _digest(content)
            size = known.size
        sha256 = digest.hexdigest()
        shown = _UNSAFE.sub("_", key)[:_LONGEST_NAME]
        new = f"{folder}/{shown}_{step}_{sha256[:20]}.{ending}"
        name = self._names.setdefault((folder, digest.digest()), new)
        if name is new:
            path = self._folder / name
            if isinstance(content, bytes):
                self._saver.save(path, content)
            elif known is not None:
                self._saver.save_file(path, content, known)
        return {"path": f"{self._folder.name}/{name}", "sha256": sha256, "size": size}

    def warn(self, kind: str, message: str) -> None:
        self._trouble.warn_once(kind, message)

    def previous(self, key: str, kind: str) -> Stub | None:
        """What an earlier process of this run left under `key`, as the summary has it, when somebody first asks."""
        if self._saver.off or key in self._continued:
            return None
        self._continued.add(key)
        try:
            found = orjson.loads(RunLayout(self._folder.parent).summary_json.read_bytes())
        except (OSError, ValueError):
            return None
        for part in (key,) if isinstance(found, Mapping) and key in found else key.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        return dict(found) if isinstance(found, Mapping) and found.get("_type") == kind else None


class KeyShelf:
    """Where the media of one value are kept."""

    def __init__(self, files: MediaFiles, key: str, step: int) -> None:
        self._files = files
        self._key = key
        self._step = step

    @property
    def owner(self) -> object:
        return self._files

    def keep(self, folder: str, ending: str, content: bytes | Path) -> Stub:
        return self._files.keep(self._key, self._step, folder, ending, content)

    def store(self, value: Any) -> Stub | None:
        # Not at the top: what only logs numbers never needs any kind of media.
        from runstore.media.raw import as_media

        media = as_media(value)
        return None if media is None else media.to_data(self)

    def warn(self, kind: str, message: str) -> None:
        self._files.warn(f"{kind} {self._key}", f"{self._key}: {message}")

    def previous(self, kind: str) -> Stub | None:
        return self._files.previous(self._key, kind)


def _is_plain(value: Any) -> bool:
    """Whether `value` is surely no media: nothing need be imported to know it."""
    if isinstance(value, list | tuple):
        return not value or type(value[0]) in values.SIMPLE
    return type(value) in values.SIMPLE or type(value).__module__ == "numpy"


def _digest(path: Path) -> tuple[Any, Fingerprint]:
    """The SHA-256 of a file that nobody changed meanwhile, and what tells that apart. Raises `UsageError`."""
    import hashlib

    try:
        for _ in range(_MOST_TRIES):
            before = Fingerprint.of(path)
            with open(open_plain(path), "rb") as file:
                digest = hashlib.file_digest(file, "sha256")
            if Fingerprint.of(path) == before:
                return digest, before
    except OSError as error:
        raise unreadable(path, error) from None
    raise UsageError(f"{path}: changes while it is read; log it once it is written")
