"""Media that another tool encoded already: kept byte for byte, under what that tool says of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from runstore.media.base import FileMedia, Shelf, Stub


class Kept(FileMedia):
    """The file of one of our kinds of media, given as its bytes or its path, with the facts that its stub is to say."""

    def __init__(
        self,
        kind: str,
        folder: str,
        content: bytes | Path,
        format: str,  # noqa: A002 - as all media of one file
        facts: Mapping[str, Any] | None = None,
        caption: str | None = None,
    ) -> None:
        """`kind` is what the stub says under `_type`, `folder` where the file goes below `media/`."""
        super().__init__(content, format, caption)
        self._kind = kind
        self._folder = folder
        self._facts = {key: value for key, value in (facts or {}).items() if value is not None}

    def to_data(self, shelf: Shelf) -> Stub:
        kept = shelf.keep(self._folder, self.format, self._content)
        caption = {} if self._caption is None else {"caption": self._caption}
        return {"_type": self._kind, **kept, "format": self.format, **self._facts, **caption}

    @classmethod
    def from_stub(cls, folder: Path, stub: Mapping[str, Any]) -> Self:
        made = super().from_stub(folder, stub)
        made._kind = str(stub.get("_type"))
        made._folder = made._content.parent.name if isinstance(made._content, Path) else ""
        known = {"_type", "path", "sha256", "size", "format", "caption"}
        made._facts = {key: value for key, value in stub.items() if key not in known}
        return made
