"""Media in an artifact: a table is `name.table.json` there, a picture `name.image-file.json` beside its file."""

import os
from pathlib import Path
from typing import Any, Final

import orjson

from runstore.artifacts import staging
from runstore.artifacts.draft import DraftFiles
from runstore.artifacts.manifest import FileEntry
from runstore.errors import BadTypeError, UsageError
from runstore.media import base
from runstore.media.base import Media, Stub
from runstore.media.raw import as_media

_TABLE: Final = "table-file"
_ENDINGS: Final = {
    **{kind: f"{kind}.json" for kind in base.KINDS},
    _TABLE: "table.json",
}


class DraftShelf:
    """Where media inside an artifact keep their files."""

    def __init__(self, files: DraftFiles) -> None:
        self._files = files

    @property
    def owner(self) -> object:
        return self._files

    def keep(self, folder: str, ending: str, content: bytes | Path) -> Stub:
        """Adds a file under a name made of its content."""
        waiting = staging.new_path(f"x.{ending}")
        if isinstance(content, bytes):
            with open(waiting, "xb") as file:
                file.write(content)
            entry = self._files.adopt(waiting, f"media/{folder}/{os.path.basename(waiting)}", overwrite=True)
        else:
            entry = self._files.add_file(
                os.fspath(content), f"media/{folder}/{os.path.basename(waiting)}", policy="mutable", overwrite=True
            )
        named = FileEntry(f"media/{folder}/{entry.sha256[:20]}.{ending}", entry.sha256, entry.size)
        del self._files.entries[entry.path]
        self._files.add_known(named, None)
        return {"path": named.path, "sha256": named.sha256, "size": named.size}

    def store(self, value: Any) -> Stub | None:
        media = as_media(value)
        return None if media is None else media.to_data(self)

    def warn(self, kind: str, message: str) -> None:
        """What is said of media in a run does not hold here: an artifact keeps them whole."""

    def previous(self, kind: str) -> Stub | None:
        return None


def add(files: DraftFiles, value: Any, name: str, *, overwrite: bool) -> FileEntry:
    """Adds media as `name`. Raises `TypeError` for what is none."""
    if not isinstance(value, Media):
        raise BadTypeError(
            f"Artifact.add takes media such as runstore.Table or runstore.Image, found a {type(value).__name__}; "
            "add_file() takes files"
        )
    place = name_for(value.kind, name)
    if not overwrite and place in files.entries:
        return files.entries[place]
    stub = value.to_data(DraftShelf(files))
    if value.kind == _TABLE:
        head = files.entries[str(stub["path"])]
        return files.add_known(FileEntry(place, head.sha256, head.size), None)
    waiting = staging.new_path("stub.json")
    with open(waiting, "xb") as file:
        file.write(orjson.dumps(stub))
    return files.adopt(waiting, place, overwrite=True)


def name_for(kind: str, name: str) -> str:
    """The path of media of a kind that was added as `name`."""
    ending = _ENDINGS.get(kind, f"{kind}.json")
    return name if name.endswith(f".{ending}") else f"{name}.{ending}"


def find(entries: Any, name: str) -> tuple[str, FileEntry] | None:
    """The kind and entry of the media that were added as `name`; None when there are none."""
    for kind in _ENDINGS:
        entry = entries.get(name_for(kind, name))
        if entry is not None:
            return kind, entry
    return None


def load(folder: Path, kind: str, entry: FileEntry) -> Media:
    """The media whose entry, with all files it needs, lies below `folder`. Raises `UsageError`."""
    if kind == _TABLE:
        return base.load(folder, {"_type": _TABLE, "path": entry.path, "sha256": entry.sha256, "size": entry.size})
    path = folder / entry.path
    try:
        stub = orjson.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: cannot be read as media ({error}); download the artifact again") from None
    if not isinstance(stub, dict):
        raise UsageError(f"{path}: found a {type(stub).__name__}, expected an object; download the artifact again")
    return base.load(folder, stub)
