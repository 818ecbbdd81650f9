"""Several media logged as one value."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

from runstore.errors import UsageError
from runstore.media.base import Media, Shelf, Stub, load


class Gallery(Media):
    """A list of media, shown side by side; of images only the first `Image.MAX_ITEMS` are kept."""

    kind = "gallery"

    def __init__(self, items: Iterable[Media]) -> None:
        self.items = list(items)

    def to_data(self, shelf: Shelf) -> Stub:
        items = self.items
        most = getattr(type(items[0]), "MAX_ITEMS", None) if items else None
        if most is not None and len(items) > most:
            kind = type(items[0]).__name__
            shelf.warn(
                f"gallery of {kind}",
                f"Only {most} of {len(items)} {kind}s of one list are kept; set {kind}.MAX_ITEMS, or log a Table",
            )
            items = items[:most]
        return {"_type": self.kind, "count": len(items), "items": [item.to_data(shelf) for item in items]}

    @classmethod
    def from_stub(cls, folder: Path, stub: Mapping[str, Any]) -> Self:
        items = stub.get("items")
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise UsageError(f"found a gallery with the items {items!r}, expected a list of stubs")
        return cls(load(folder, item) for item in items)
