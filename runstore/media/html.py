"""Pages of HTML."""

import os
from pathlib import Path
from typing import Any, Final

from runstore.errors import BadValueError
from runstore.media.base import FileMedia, read_stream

_HEAD: Final = (
    '<base target="_blank"><style>html{line-height:1.15;-webkit-text-size-adjust:100%}body{margin:0}'
    "h1{font-size:2em;margin:.67em 0}pre,code,kbd,samp{font-family:monospace,monospace;font-size:1em}"
    "img{border-style:none;max-width:100%}table{border-collapse:collapse}</style>"
)


class Html(FileMedia):
    """A page of HTML, shown in a frame of its own.

    `data` is the path of a file that ends in `.html`, the text itself, or an open file. With `inject` a small style
    sheet is put into its head, and links open in a new tab; without, a file is kept byte for byte. With
    `data_is_not_path` a text is never taken for a path. Raises `ValueError` (a `UsageError`).
    """

    kind = "html-file"
    folder = "html"

    def __init__(self, data: Any, inject: bool = True, data_is_not_path: bool = False) -> None:
        path = None if data_is_not_path else _page(data)
        if path is not None:
            text = path.read_text(encoding="utf-8", errors="replace") if inject else ""
        elif isinstance(data, str):
            text = data
        elif hasattr(data, "read"):
            text = read_stream(data, "a page").decode("utf-8", "replace")
        else:
            raise BadValueError(
                f"data must be a string, the path of a file that ends in .html, or an io object, found {data!r}"
            )
        if path is not None and not inject:
            super().__init__(path.absolute(), "html")
        else:
            shown = _with_head(text) if inject else text
            super().__init__(shown.encode("utf-8", "backslashreplace"), "html")

    @property
    def html(self) -> str:
        """The text of the page."""
        return self.read().decode("utf-8", "replace")


def _page(data: Any) -> Path | None:
    """The file of HTML that `data` is the path of."""
    try:
        if isinstance(data, str | os.PathLike) and os.fspath(data).endswith(".html") and os.path.isfile(data):
            return Path(data)
    except ValueError:  # A text that can be no path.
        pass
    return None


def _with_head(text: str) -> str:
    for tag, (before, after) in {"<head>": ("<head>", ""), "<html>": ("<html><head>", "</head>")}.items():
        if tag in text:
            first, rest = text.split(tag, 1)
            return f"{first}{before}{_HEAD}{after}{rest}".strip()
    return f"{_HEAD}{text}".strip()
