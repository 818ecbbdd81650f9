"""The objects that stand for media in the rows of W&B, as ours: most are the same, and their files stay where they are
below `media/`."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from runstore.artifacts.blobs import hash_file
from runstore.errors import UsageError
from runstore.importers.sources import ImportedEntry, ImportedFile, Problems
from runstore.importers.wandb_files import logged_file
from runstore.media.base import KINDS, inside
from runstore.media.pixels import size_of

# Lists of media: what each item is, and where it stands.
_FILENAMES: Final = {
    "images/separated": "image-file",
    "molecule": "molecule-file",
    "object3D": "object3D-file",
}
_ITEMS: Final = {"videos": "videos", "audio": "audio", "html": "html"}
_MEDIA: Final = "media/"
_ADDRESS: Final = re.compile(r"^wandb-client-artifact://(?P<id>\w+)(:\w+)?/(?P<path>.+)$")
_DROPPED: Final = frozenset({"artifact_path", "_latest_artifact_path", "_entry_log_mode", "log_mode"})


class Media:
    """Turns W&B's objects into ours. A file that is missing is told once."""

    def __init__(
        self, folders: list[Path], tables: Mapping[str, list[tuple[ImportedEntry, str]]], problems: Problems
    ) -> None:
        """`folders` are the `files` of the run's directories, `tables` the artifacts that W&B made of tables."""
        self._folders = folders
        self._tables = tables
        self._more: dict[str, bytes | Path] = {}
        self._problems = problems
        self._known: dict[str, dict[str, Any]] = {}

    def of(self, value: Any) -> Any:
        """The value, or what stands here for the media that it stands for; nested ones too."""
        if type(value) is not dict:
            return value
        kind = value.get("_type")
        if kind == "histogram":
            return _histogram(value)
        if kind in _FILENAMES or kind in _ITEMS:
            items = list(self._gallery(value, str(kind)))
            return {"_type": "gallery", "count": len(items), "items": items}
        if kind in KINDS:
            said = {key: each for key, each in value.items() if key not in _DROPPED}
            return {**self._facts(value.get("path")), **said, **self._table(value)}
        return {key: self.of(each) for key, each in value.items()}

    def files(self) -> Iterator[ImportedFile]:
        """Media that lie in artifacts, and tables that name them; complete once all rows were read."""
        for path, content in self._more.items():
            yield ImportedFile(path.removeprefix(_MEDIA), content)

    def _table(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """What changes of a table that holds media: in W&B's file of it these are mere words, and the artifact that it
        made of the table has them. Nothing for any other value."""
        address, path = value.get("artifact_path"), value.get("path")
        found = _ADDRESS.match(address) if isinstance(address, str) else None
        if found is None or not isinstance(path, str) or found["id"] not in self._tables:
            return {}
        entries = {entry.path: (entry, local) for entry, local in self._tables[found["id"]]}
        if len(entries) < 2 or found["path"] not in entries:
            return {}
        try:
            files = {name: logged_file(local, entry.etag) for name, (entry, local) in entries.items() if not entry.ref}
            head = files.pop(found["path"]).read_bytes()
        except OSError as error:
            self._problems.lose(f"{path}: the media in this table are lost: {error.strerror or error}")
            return {}
        self._more[path] = head
        self._more.update({name: file for name, file in files.items() if name.startswith(_MEDIA)})
        return {"sha256": hashlib.sha256(head).hexdigest(), "size": len(head)}

    def _gallery(self, value: Mapping[str, Any], kind: str) -> Iterator[dict[str, Any]]:
        if kind in _ITEMS:
            items = value.get(_ITEMS[kind])
            found = [dict(item) for item in items if isinstance(item, dict)] if isinstance(items, list) else []
            yield from (self.of(item) for item in found)
            return
        names, captions = value.get("filenames"), value.get("captions")
        for at, name in enumerate(names if isinstance(names, list) else ()):
            item = {"_type": _FILENAMES[kind], "path": name, **self._facts(name)}
            if isinstance(captions, list) and at < len(captions) and captions[at]:
                item["caption"] = str(captions[at])
            if kind == "images/separated":
                item |= {
                    part: each[at]
                    for part, each in (("boxes", value.get("all_boxes")), ("masks", value.get("all_masks")))
                    if isinstance(each, list) and at < len(each) and each[at]
                }
            yield item

    def _facts(self, path: Any) -> dict[str, Any]:
        """Digest, size, format and measures of a file; nothing where it is not there, which is told."""
        if not isinstance(path, str):
            return {}
        if path not in self._known:
            self._known[path] = self._look(path)
        return self._known[path]

    def _look(self, path: str) -> dict[str, Any]:
        for folder in self._folders:
            try:
                file = inside(folder, path)
                if not file.is_file():
                    continue
                sha256, size = hash_file(str(file))
                found: dict[str, Any] = {"sha256": sha256, "size": size, "format": file.name.partition(".")[2]}
                if (measures := size_of(file)) is not None:
                    found |= {"width": measures[1], "height": measures[2]}
                return found
            except (UsageError, OSError) as error:
                self._problems.lose(f"{path}: {error}")
                return {}
        self._problems.lose(f"{self._folders[0]}: found no file {path}, which a row names")
        return {}


def _histogram(value: Mapping[str, Any]) -> dict[str, Any]:
    """A histogram, whose bins may be packed into their least edge, their width and their number."""
    packed = value.get("packedBins")
    if not isinstance(packed, dict):
        return dict(value)
    low, width, count = (packed.get(part) for part in ("min", "size", "count"))
    if not isinstance(low, int | float) or not isinstance(width, int | float) or not isinstance(count, int):
        return dict(value)
    bins = [low + width * at for at in range(min(count, 512) + 1)]
    return {"_type": "histogram", "values": value.get("values"), "bins": bins}
