"""Texts in Markdown."""

import os
from typing import Any

from runstore.errors import BadTypeError
from runstore.media.base import FileMedia, read_stream, source_file


class Markdown(FileMedia):
    """A text in Markdown: the text itself, the path of a file that ends in `.md` (as a `Path`, or as text of one line
    where there is such a file), or an open file. Raises `TypeError` or `ValueError`, both `UsageError`s too."""

    kind = "markdown-file"
    folder = "markdown"

    def __init__(self, data: Any, caption: str | None = None) -> None:
        if isinstance(data, os.PathLike) or (isinstance(data, str) and _is_file(data)):
            super().__init__(source_file(data, "a text"), "md", caption)
        elif isinstance(data, str):
            super().__init__(data.encode("utf-8", "backslashreplace"), "md", caption)
        elif hasattr(data, "read"):
            super().__init__(read_stream(data, "a text"), "md", caption)
        else:
            raise BadTypeError(f"Markdown takes a text, a path or an open file, found a {type(data).__name__}")

    @property
    def text(self) -> str:
        return self.read().decode("utf-8", "replace")


def _is_file(text: str) -> bool:
    if not text.endswith(".md") or "\n" in text or "\0" in text or len(text) > 4096:
        return False
    return os.path.isfile(text)
