"""One logged value as its panel shows it: from the stub in a row to what the page's scripts read.

A stub comes from a store that anybody may have written. What it says is checked piece by piece, and a file that it
names counts only as a plain file in the run's own media.
"""

import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final

from runstore.reading.rows import number
from runstore.reading.store import RunRecord
from sitegen.data.markup import markdown_nodes
from sitegen.data.shards import bytes_shard
from sitegen.media_types import FILMS, IMAGES, SOUNDS

Item = dict[str, Any]
Make = Callable[[], bytes | Path]
_Found = tuple[Path, os.stat_result]

MAX_BYTES: Final = 64 << 20
"""A larger file is not carried inside a data file; it is offered as a download."""
MAX_TEXT: Final = 200_000
MAX_BOXES: Final = 2_000
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(slots=True)
class Files:
    """The files that panels of one run show, by their path in the run's folder of the site, each with a digest of what
    it is made of. `lost` counts those that stubs name and nobody has, `damaged` those of another size than their stub
    says, `rows` the rows of tables that lay in such files."""

    run: RunRecord
    made: dict[str, tuple[str, Make]] = field(default_factory=dict)
    lost: int = 0
    damaged: int = 0
    rows: int = 0
    _taken: set[str] = field(default_factory=set)
    _homes: dict[str, bool] = field(default_factory=dict)

    def find(self, path: Any) -> "_Found | None":
        """The file that a stub names with its stat; None unless it is a plain file in the run's media."""
        parts = PurePosixPath(path).parts if isinstance(path, str) and "\0" not in path else ()
        if len(parts) < 2 or parts[0] != self.run.layout.media_dir.name or ".." in parts:
            return None
        found = self.run.layout.path.joinpath(*parts)
        try:
            if not self._is_home(found.parent):
                return None
            info = found.lstat()
        except (OSError, ValueError):
            return None
        return (found, info) if stat.S_ISREG(info.st_mode) else None

    def _is_home(self, folder: Path) -> bool:
        """Whether no link leads into the folder."""
        known = os.fspath(folder)
        if known not in self._homes:
            home = self.run.layout.path.resolve()
            self._homes[known] = folder.resolve() == home / folder.relative_to(self.run.layout.path)
        return self._homes[known]

    def name(self, found: "_Found", stub: Mapping[str, Any]) -> str:
        """A file's name on the site: by its digest, or by its path where the stub has none."""
        path, info = found
        digest = stub.get("sha256")
        if isinstance(digest, str) and _SHA256.fullmatch(digest):
            return digest[:20]
        seed = f"{self.run.id}\0{path.relative_to(self.run.layout.path).as_posix()}\0{info.st_size}"
        return hashlib.sha256(seed.encode("utf-8", "surrogatepass")).hexdigest()[:20]

    def copy(self, found: "_Found", stub: Mapping[str, Any], ending: str) -> str:
        """Plans a copy of a media file, once for each content; returns where the page finds it."""
        path, info = found
        target = f"media/{self.name(found, stub)}.{ending}"
        self.put(target, _stamp(info), lambda: path)
        return target

    def carry(self, found: "_Found", stub: Mapping[str, Any]) -> dict[str, str] | None:
        """Plans a data file with the bytes of a media file, for scripts that need them; None for one too large."""
        path, info = found
        if info.st_size > MAX_BYTES:
            return None
        name = f"b{self.name(found, stub)}"
        self.put(f"media/{name}.js", _stamp(info), lambda: bytes_shard(name, path.read_bytes()))
        return {"name": name, "url": f"media/{name}.js"}

    def put(self, target: str, digest: str, make: Make) -> None:
        if target not in self._taken:
            self.made.setdefault(target, (digest, make))

    def take(self) -> Iterator[tuple[str, tuple[str, Make]]]:
        """The files that were planned since the last call, each path once in all."""
        taken, self.made = self.made, {}
        self._taken.update(taken)
        yield from taken.items()


def _stamp(info: os.stat_result) -> str:
    return f"{info.st_size} {info.st_mtime_ns}"


def item(stub: Mapping[str, Any], files: Files) -> Item:
    """What the page shows for one stub: `kind` says how, the other keys with what."""
    kind = str(stub.get("_type")).removesuffix("-file")
    if kind == "gallery":
        items = stub.get("items")
        inner = [each for each in items if isinstance(each, dict)] if isinstance(items, list) else []
        return {"kind": "gallery", "items": [item(each, files) for each in inner[:1000]], "count": len(inner)}
    if kind == "file":
        kind = str(stub.get("kind", "file"))
    found = files.find(stub.get("path"))
    if found is None:
        files.lost += 1
        return {"kind": "missing", "what": kind}
    made = _MAKERS.get(kind, _download)(stub, found, files)
    if type(stub.get("size")) is int and stub["size"] != found[1].st_size:
        files.damaged += 1
        made["damaged"] = True
    caption = stub.get("caption")
    return {"caption": text(caption) if caption not in (None, "") else None, **made}


def text(value: Any, longest: int = 2000) -> str:
    shown = value if isinstance(value, str) else str(value)
    return shown if len(shown) <= longest else f"{shown[:longest]}…"


def ending_of(found: _Found) -> str:
    return found[0].suffix[1:].lower()


def _image(stub: Mapping[str, Any], found: _Found, files: Files) -> Item:
    ending = ending_of(found)
    made: Item = {"kind": "image", "w": _whole(stub.get("width")), "h": _whole(stub.get("height"))}
    if ending == "svg":
        # As a file of its own it could run scripts in the site's name; as an image's bytes it cannot.
        made |= {"bytes": files.carry(found, stub), "mime": "image/svg+xml"}
    elif ending in IMAGES:
        made |= {"src": files.copy(found, stub, ending)}
    else:
        return _download(stub, found, files)
    boxes, masks = _boxes(stub, made), _masks(stub, files)
    return made | ({"boxes": boxes} if boxes else {}) | ({"masks": masks} if masks else {})


def _whole(value: Any) -> int | None:
    return value if type(value) is int and 0 < value < 1 << 24 else None


def _layers(stub: Mapping[str, Any], key: str) -> list[tuple[str, Mapping[str, Any], list[tuple[str, str]]]]:
    """The named layers of an image with their class labels."""
    layers = stub.get(key)
    found: list[tuple[str, Mapping[str, Any], list[tuple[str, str]]]] = []
    for name, layer in layers.items() if isinstance(layers, dict) else ():
        if isinstance(layer, dict):
            labels = layer.get("class_labels")
            pairs = [(str(id_), text(label, 200)) for id_, label in labels.items()] if isinstance(labels, dict) else []
            found.append((str(name), layer, pairs))
    return found


def _boxes(stub: Mapping[str, Any], image: Item) -> list[Item]:
    layers = []
    for name, layer, labels in _layers(stub, "boxes"):
        data = layer.get("box_data")
        shown = [made for box in (data if isinstance(data, list) else [])[:MAX_BOXES] if (made := _box(box, image))]
        layers.append({"name": text(name, 200), "labels": labels, "boxes": shown})
    return layers


def _box(box: Any, image: Item) -> Item | None:
    """A box with its corners as shares of the image; None for one that says no place."""
    position = box.get("position") if isinstance(box, dict) else None
    if not isinstance(position, dict):
        return None
    middle = position.get("middle")
    if isinstance(middle, list) and len(middle) == 2:
        x, y, width, height = (number(each) for each in (*middle, position.get("width"), position.get("height")))
        if x is None or y is None or width is None or height is None:
            return None
        corners = [x - width / 2, y - height / 2, x + width / 2, y + height / 2]
    else:
        places = [number(position.get(key)) for key in ("minX", "minY", "maxX", "maxY")]
        corners = [each for each in places if each is not None]
    if len(corners) != 4 or not all(abs(each) < 1e9 for each in corners):
        return None
    if box.get("domain") == "pixel":
        if not image["w"] or not image["h"]:
            return None
        corners = [each / size for each, size in zip(corners, (image["w"], image["h"]) * 2, strict=True)]
    scores = box.get("scores")
    pairs = [(text(name, 100), number(score)) for name, score in scores.items()] if isinstance(scores, dict) else []
    return {
        "at": corners,
        "id": str(box.get("class_id", "")),
        "scores": pairs,
        "caption": text(box["box_caption"], 300) if box.get("box_caption") else None,
    }


def _masks(stub: Mapping[str, Any], files: Files) -> list[Item]:
    layers = []
    for name, layer, labels in _layers(stub, "masks"):
        found = files.find(layer.get("path"))
        carried = files.carry(found, layer) if found else None
        if carried:
            layers.append({"name": text(name, 200), "labels": labels, "bytes": carried})
    return layers


def _sound(stub: Mapping[str, Any], found: _Found, files: Files) -> Item:
    ending = ending_of(found)
    if ending not in SOUNDS:
        return _download(stub, found, files)
    return {"kind": "audio", "src": files.copy(found, stub, ending), "duration": number(stub.get("duration"))}


def _video(stub: Mapping[str, Any], found: _Found, files: Files) -> Item:
    ending = ending_of(found)
    if ending not in FILMS:
        return _download(stub, found, files)
    sizes = {"w": _whole(stub.get("width")), "h": _whole(stub.get("height"))}
    return {"kind": "image" if ending == "gif" else "video", "src": files.copy(found, stub, ending), **sizes}


def _html(stub: Mapping[str, Any], found: _Found, files: Files) -> Item:
    # Never a page of its own, which would run its scripts in the site's name: a frame without rights is sent the bytes.
    return {"kind": "html", "bytes": files.carry(found, stub)}


def _markdown(_stub: Mapping[str, Any], found: _Found, _files: Files) -> Item:
    return {"kind": "markdown", "nodes": markdown_nodes(_read_text(found[0]))}


def _plain(_stub: Mapping[str, Any], found: _Found, _files: Files) -> Item:
    return {"kind": "text", "text": _read_text(found[0])}


def _read_text(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(MAX_TEXT + 1)
    shown = data[:MAX_TEXT].decode("utf-8", "replace")
    return shown if len(data) <= MAX_TEXT else f"{shown}\n…"


def _object(stub: Mapping[str, Any], found: _Found, files: Files) -> Item:
    name = found[0].name.lower()
    shape = next((each for each in ("pts.json", "obj", "stl") if name.endswith(f".{each}")), None)
    carried = files.carry(found, stub) if shape else None
    download = _download(stub, found, files)
    return {**download, "kind": "object3D", "shape": shape, "bytes": carried} if carried else download


def _molecule(stub: Mapping[str, Any], found: _Found, files: Files) -> Item:
    head = "\n".join(_read_text(found[0])[:4000].splitlines()[:12])
    return {**_download(stub, found, files), "kind": "molecule", "text": head}


def _plotly(stub: Mapping[str, Any], found: _Found, files: Files) -> Item:
    return {**_download(stub, found, files), "kind": "plotly", "bytes": files.carry(found, stub)}


def _download(stub: Mapping[str, Any], found: _Found, files: Files) -> Item:
    """A link to the bytes, under an ending that no browser takes for a page."""
    return {
        "kind": "file",
        "what": str(stub.get("_type")).removesuffix("-file"),
        "href": files.copy(found, stub, "bin"),
        "file": found[0].name,
        "size": found[1].st_size,
    }


_MAKERS: Final[dict[str, Callable[[Mapping[str, Any], _Found, Files], Item]]] = {
    "image": _image,
    "audio": _sound,
    "video": _video,
    "html": _html,
    "markdown": _markdown,
    "text": _plain,
    "object3D": _object,
    "molecule": _molecule,
    "plotly": _plotly,
}
