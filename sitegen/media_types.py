"""The types of media files that pages show as they are, by the ending of a file's name.

None of them is active: a page of HTML or an SVG could run scripts in the name of whoever hands it out.
"""

from collections.abc import Mapping
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Final

IMAGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "png": "image/png",
        "jpg": "image/jpeg",
        "jpeg": "image/jpeg",
        "gif": "image/gif",
        "webp": "image/webp",
        "bmp": "image/bmp",
        "avif": "image/avif",
        "ico": "image/x-icon",
    }
)
SOUNDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "wav": "audio/wav",
        "mp3": "audio/mpeg",
        "ogg": "audio/ogg",
        "oga": "audio/ogg",
        "opus": "audio/ogg",
        "flac": "audio/flac",
        "m4a": "audio/mp4",
        "aac": "audio/aac",
        "weba": "audio/webm",
    }
)
FILMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "mp4": "video/mp4",
        "webm": "video/webm",
        "ogv": "video/ogg",
        "m4v": "video/mp4",
        "mov": "video/quicktime",
        "gif": "image/gif",
    }
)
TYPES: Final[Mapping[str, str]] = MappingProxyType({**IMAGES, **SOUNDS, **FILMS})


def type_of(path: str) -> str | None:
    """The MIME type of the file at a path; None for one that no page shows as it is."""
    return TYPES.get(PurePosixPath(path).suffix[1:].lower())
