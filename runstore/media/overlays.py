"""What lies over an image: named boxes, and masks that give each pixel a class."""

import numbers
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from runstore.errors import BadTypeError, BadValueError
from runstore.format import values
from runstore.media.base import FileMedia, Media, Shelf, Stub, ending_of, inside, source_file
from runstore.media.pixels import as_array, png

_CORNERS = ("minX", "maxX", "minY", "maxY")
_MASK_FILES = ("png", "jpg", "jpeg", "bmp", "gif", "webp")


class Classes(Media):
    """Names of classes by number: `Classes([{"id": 0, "name": "cat"}, …])`."""

    kind = "classes"

    def __init__(self, class_set: Sequence[Mapping[str, Any]]) -> None:
        try:
            self._class_set = [{**item, "id": int(item["id"]), "name": str(item["name"])} for item in class_set]
        except (KeyError, TypeError, ValueError):
            raise BadTypeError(f'classes are a list like [{{"id": 0, "name": "cat"}}], found {class_set!r}') from None

    @property
    def labels(self) -> dict[str, str]:
        """The names by number, as text."""
        return {str(item["id"]): item["name"] for item in self._class_set}

    def __eq__(self, other: object) -> bool:
        return self._class_set == other._class_set if isinstance(other, Classes) else NotImplemented

    __hash__ = Media.__hash__

    def to_data(self, shelf: Shelf) -> Stub:
        return {"_type": self.kind, "class_set": values.plain(self._class_set)}

    @classmethod
    def from_stub(cls, folder: Path, stub: Mapping[str, Any]) -> Self:
        return cls(stub.get("class_set", ()))


class BoundingBoxes2D:
    """The boxes of one name over an image.

    `val` holds `box_data`, a list of boxes, and if need be `class_labels`, names by number. A box holds a `position`
    (`minX`, `maxX`, `minY`, `maxY`, or `middle`, `width`, `height`; fractions of the image, or pixels with
    `domain="pixel"`), and if need be `class_id`, `scores`, `box_caption`. Raises `TypeError` (a `UsageError`).
    """

    def __init__(self, val: Mapping[str, Any], key: str) -> None:
        if not isinstance(val, Mapping) or "box_data" not in val:
            raise BadTypeError(f"boxes {key!r} hold {val!r}; expected a mapping with box_data, a list of boxes")
        if not isinstance(val["box_data"], list | tuple):
            raise BadTypeError(f"Boxes must be a list, found a {type(val['box_data']).__name__} in boxes {key!r}")
        self._key = key
        self._val = [_check_box(box) for box in val["box_data"]]
        self._class_labels = labels_of(val["class_labels"]) if "class_labels" in val else None

    def to_data(self, labels: Mapping[str, str] | None) -> Stub:
        """What an image's stub says of these boxes; `labels` are the image's own."""
        ids = sorted({box["class_id"] for box in self._val if "class_id" in box})
        names = self._class_labels or labels or {str(number): f"class_{number}" for number in ids}
        return {"box_data": self._val, **({"class_labels": dict(names)} if names else {})}


def labels_of(labels: Any) -> dict[str, str]:
    """Class names by number as text. Raises `TypeError`."""
    if not isinstance(labels, Mapping) or not all(
        (isinstance(number, numbers.Number) or (isinstance(number, str) and number.lstrip("-").isdecimal()))
        and isinstance(name, str)
        for number, name in labels.items()
    ):
        raise BadTypeError(f"Class labels must be a dictionary of numbers to strings, found {labels!r}")
    return {str(values.plain(number)): name for number, name in labels.items()}


def _check_box(given: Any) -> dict[str, Any]:
    """A box as plain values. Raises `TypeError`."""
    box = values.plain(given) if isinstance(given, Mapping) else {}
    position = box.get("position")
    if not isinstance(position, dict) or not (_is_middle(position) or all(_is_number(position, k) for k in _CORNERS)):
        raise BadTypeError(
            "Each box must contain a position with: middle, width, and height or minX, maxX, minY, maxY; "
            f"found {given!r}"
        )
    scores = box.get("scores", {})
    if not isinstance(scores, dict):
        raise BadTypeError(f"Box scores must be a dictionary, found {scores!r}")
    for name, score in scores.items():
        if isinstance(score, bool) or not (isinstance(score, int | float) or score in values.NOT_FINITE):
            raise BadTypeError(f"A score value must be a number, found {score!r} under {name!r}")
    if "class_id" in box and type(box["class_id"]) is not int:
        raise BadTypeError(f"A box's class_id must be an integer, found {box['class_id']!r}")
    if not isinstance(box.get("box_caption", ""), str):
        raise BadTypeError(f"A box's caption must be a string, found {box['box_caption']!r}")
    if box.get("domain") not in (None, "pixel"):
        raise BadTypeError(f"A box's domain is 'pixel' or left out, found {box['domain']!r}")
    return {key: value for key, value in box.items() if value is not None}


def _is_middle(position: Mapping[str, Any]) -> bool:
    middle = position.get("middle")
    sized = _is_number(position, "width") and _is_number(position, "height")
    return sized and isinstance(middle, list) and len(middle) == 2


def _is_number(position: Mapping[str, Any], key: str) -> bool:
    return isinstance(position.get(key), int | float) and not isinstance(position[key], bool)


class ImageMask(FileMedia):
    """A mask of one name over an image: `mask_data`, an array of class numbers from 0 to 255 (or `path`, a picture of
    them), and if need be `class_labels`, names by number. Raises `TypeError` or `ValueError` (`UsageError`s)."""

    kind = "mask"
    folder = "images/mask"

    def __init__(self, val: Mapping[str, Any], key: str) -> None:
        if not isinstance(val, Mapping) or not ("path" in val or "mask_data" in val):
            raise BadTypeError(
                f'mask {key!r}: Missing key "mask_data": An image mask requires mask data: a 2D array representing '
                "the predictions, or the path of a picture of it"
            )
        self._key = key
        self._class_labels = labels_of(val["class_labels"]) if "class_labels" in val else None
        self._ids: list[int] = []
        if "path" in val:
            path = source_file(val["path"], f"mask {key!r}")
            super().__init__(path, ending_of(path.name, _MASK_FILES, f"mask {key!r}"))
        else:
            super().__init__(self._encode(val["mask_data"]), "mask.png")

    def _encode(self, data: Any) -> bytes:
        import numpy

        array = as_array(data, f"mask {self._key!r}")
        if array.ndim != 2 or not array.size:
            raise BadTypeError(f"mask_data must be a 2D array, found the shape {list(array.shape)} in {self._key!r}")
        if not bool(((array >= 0) & (array <= 255)).all()):
            raise BadTypeError(f"Mask data must be integers between 0 and 255, found others in {self._key!r}")
        pixels = array.astype(numpy.uint8)
        self._ids = numpy.unique(pixels).tolist()
        return png(pixels)

    def stub(self, shelf: Shelf, labels: Mapping[str, str] | None) -> Stub:
        """What an image's stub says of this mask; `labels` are the image's own."""
        names = self._class_labels or labels or {str(number): f"class_{number}" for number in self._ids}
        kept = shelf.keep(self.folder, self.format, self._content)
        return {**kept, **({"class_labels": dict(names)} if names else {})}

    @classmethod
    def revive(cls, folder: Path, stub: Mapping[str, Any], key: str) -> Self:
        """The mask that a part of an image's stub stands for."""
        path = inside(folder, stub.get("path"))
        labels = stub.get("class_labels")
        return cls({"path": path, **({"class_labels": labels} if labels else {})}, key)


def named(given: Any, kind: type[Any], what: str) -> dict[str, Any]:
    """The boxes or masks of an image by name. Raises `ValueError`."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise BadValueError(f'Images "{what}" argument must be a dictionary, found a {type(given).__name__}')
    return {str(key): item if isinstance(item, kind) else kind(item, str(key)) for key, item in given.items()}
