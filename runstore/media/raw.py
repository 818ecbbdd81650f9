"""What a script logs as it is and means as media: frames, pictures, figures, and lists of media."""

from typing import Any, Final

from runstore.errors import BadTypeError
from runstore.media.base import Media
from runstore.media.cells import is_frame
from runstore.media.figures import Plotly, is_plotly
from runstore.media.gallery import Gallery
from runstore.media.image import Image
from runstore.media.pixels import is_matplotlib, is_pillow
from runstore.media.table import Table

_PLAIN: Final = frozenset({int, float, str, bool, bytes, type(None)})


def as_media(value: Any) -> Media | None:
    """The media in a value: itself, a frame's Table, a picture's or matplotlib's Image, a Plotly figure, a list's
    Gallery. None for a value that is none. Raises `UsageError` for one that is broken."""
    if isinstance(value, Media):
        return value
    if type(value) in _PLAIN:
        return None
    if isinstance(value, list | tuple):
        return _gallery(value)
    if is_frame(value):
        try:
            return Table(dataframe=value)
        except TypeError:
            return Table(dataframe=value, allow_mixed_types=True)
    if is_matplotlib(value) or is_pillow(value):
        return Image(value)
    return Plotly(value) if is_plotly(value) else None


def _gallery(values: list[Any] | tuple[Any, ...]) -> Media | None:
    if not values or type(values[0]) in _PLAIN:
        return None
    items: list[Media] = []
    for value in values:
        item = None if isinstance(value, list | tuple) else as_media(value)
        if item is None and not items:
            return None
        if item is None:
            raise BadTypeError(
                f"a list holds a {type(value).__name__} beside a {type(items[0]).__name__}; "
                "log the media as a list of their own, or all of it as a Table"
            )
        items.append(item)
    return Gallery(items)


def entry_ending(media: Media) -> str:
    """What W&B puts behind the name of media that are added to an artifact: `table.json`, `image-file.json`, …"""
    return f"{'table' if isinstance(media, Table) else media.kind}.json"
