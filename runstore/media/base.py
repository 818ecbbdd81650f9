"""What all media have in common: they turn into an object of plain values, their *stub*, and back.

A stub stands for the media in a row, a table's cell or an artifact. It says what it is (`_type`), and where its file
lies, relative to the directory of the run or artifact, with digest and size.
"""

import io
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar, Final, Protocol, Self

from runstore.errors import BadTypeError, BadValueError, NoFileError, UsageError
from runstore.format.copying import open_plain

Stub = dict[str, Any]

_HOMES: Final = {
    "image-file": ("image", "Image"),
    "audio-file": ("audio", "Audio"),
    "video-file": ("video", "Video"),
    "html-file": ("html", "Html"),
    "markdown-file": ("markdown", "Markdown"),
    "object3D-file": ("object3d", "Object3D"),
    "molecule-file": ("molecule", "Molecule"),
    "plotly-file": ("figures", "Plotly"),
    "table-file": ("table", "Table"),
    "joined-table": ("joined", "JoinedTable"),
    "partitioned-table": ("joined", "PartitionedTable"),
    "histogram": ("histogram", "Histogram"),
    "classes": ("overlays", "Classes"),
    "plot": ("charts", "CustomChart"),
    "gallery": ("gallery", "Gallery"),
}
KINDS: Final = tuple(_HOMES)
"""What stubs may say under `_type`."""


class Shelf(Protocol):
    """Where media are kept: the media folder of a run, for one key and step, or an artifact."""

    @property
    def owner(self) -> object:
        """The run or artifact: what is stored once for it need not be stored again."""

    def keep(self, folder: str, ending: str, content: bytes | Path) -> Stub:
        """Keeps the content of a file, given as bytes or as the path of one, once; its `path`, `sha256`, `size`."""

    def store(self, value: Any) -> Stub | None:
        """The stub of media inside others, as in a table's cell; None for a value that is no media."""

    def warn(self, kind: str, message: str) -> None:
        """Says `message`, the first of its kind."""

    def previous(self, kind: str) -> Stub | None:
        """The stub of this kind that an earlier process of the same run left under the same key."""


class Media(ABC):
    """A value that is more than a number."""

    kind: ClassVar[str]
    """What its stubs say under `_type`."""

    @abstractmethod
    def to_data(self, shelf: Shelf) -> Stub:
        """The stub that stands for this value, whose files are kept on `shelf`. Raises `UsageError`."""

    @classmethod
    @abstractmethod
    def from_stub(cls, folder: Path, stub: Mapping[str, Any]) -> Self:
        """The value that a stub stands for, whose files lie below `folder`. Raises `UsageError`."""


class FileMedia(Media):
    """Media of one file: the bytes of it, or the path of a file that is kept byte for byte when it is logged."""

    folder: ClassVar[str]
    """Its folder below `media/`."""

    def __init__(self, content: bytes | Path, format: str, caption: str | None = None) -> None:  # noqa: A002 - W&B's
        self._content = content
        self.format = format
        self._caption = None if caption is None else str(caption)

    @property
    def caption(self) -> str | None:
        return self._caption

    def read(self) -> bytes:
        """The bytes of the file. Raises `UsageError` for a file that is gone."""
        if isinstance(self._content, bytes):
            return self._content
        try:
            with open(open_plain(self._content), "rb") as file:
                return file.read()
        except OSError as error:
            raise unreadable(self._content, error) from None

    def facts(self, shelf: Shelf) -> Stub:
        """What the stub says beside path, digest and size; parts that are files of their own are kept on `shelf`."""
        return {"format": self.format}

    def to_data(self, shelf: Shelf) -> Stub:
        kept = shelf.keep(self.folder, self.format, self._content)
        caption = {} if self._caption is None else {"caption": self._caption}
        return {"_type": self.kind, **kept, **self.facts(shelf), **caption}

    @classmethod
    def from_stub(cls, folder: Path, stub: Mapping[str, Any]) -> Self:
        path = inside(folder, stub.get("path"))
        caption = stub.get("caption")
        made = cls.__new__(cls)
        FileMedia.__init__(made, path, str(stub.get("format") or path.name.partition(".")[2]), caption)
        made._restore(folder, stub)
        return made

    def _restore(self, folder: Path, stub: Mapping[str, Any]) -> None:
        """Takes from a stub what is not common to all media."""
        return


def load(folder: Path, stub: Mapping[str, Any]) -> Media:
    """The value that a stub stands for: an `Image`, a `Table`, … Raises `UsageError`."""
    home = _HOMES.get(str(stub.get("_type")))
    if home is None:
        raise UsageError(f"found _type {stub.get('_type')!r}, expected one of {', '.join(KINDS)}")
    kind = getattr(import_module(f"runstore.media.{home[0]}"), home[1])
    found: Media = kind.from_stub(folder, stub)
    return found


def is_stub(value: Any) -> bool:
    """Whether a plain value stands for media."""
    return isinstance(value, dict) and value.get("_type") in _HOMES


def inside(folder: Path, path: Any) -> Path:
    """The file at `path` below `folder`, where no link leads to. Raises `UsageError`."""
    parts = PurePosixPath(path).parts if isinstance(path, str) else ()
    if not parts or parts[0] == "/" or ".." in parts or set("\0\\") & set(str(path)):
        raise UsageError(f"found the path {path!r}, expected one of a file below {folder}; correct it")
    found = folder
    for part in parts:
        found = found / part
        if found.is_symlink():
            raise UsageError(f"{found}: is a link, which is not followed; copy what it leads to there")
    return found


def source_file(path: str | os.PathLike[str], what: str) -> Path:
    """The file that a script names, by its whole path. Raises `UsageError` for one that is not there, or no file."""
    text = os.fspath(path)
    if "://" in text:
        raise BadValueError(f"{what} from {text!r}: media are kept as files; download it and pass the path")
    found = Path(text).absolute()
    if not found.exists():
        raise NoFileError(f"{what} from {text!r}: there is no such file; pass the path of one")
    if not found.is_file():
        raise BadValueError(f"{what} from {text!r}: that is no file; pass the path of one")
    return found


def unreadable(path: Path, error: OSError) -> UsageError:
    """The error for a file that was there when the value was made and cannot be read now."""
    reason = error.strerror or str(error)
    return UsageError(f"{path}: cannot be read ({reason}); log a file before it is moved or deleted")


def ending_of(name: str, known: Iterable[str], what: str) -> str:
    """Which of the known endings a file's name has, in lower case. Raises `ValueError` (a `UsageError`)."""
    known = sorted(known, key=len, reverse=True)
    lower = name.lower()
    for ending in known:
        if lower.endswith(f".{ending}"):
            return ending
    raise BadValueError(f"{what} from {name!r}: expected a name that ends in one of {', '.join(sorted(known))}")


def read_stream(stream: Any, what: str) -> bytes:
    """Everything in an open file, or something like one, from its beginning; text as UTF-8."""
    try:
        if hasattr(stream, "seek"):
            stream.seek(0)
        found = stream.read()
    except (OSError, ValueError) as error:
        raise BadValueError(f"{what}: the file given cannot be read ({error}); pass an open one, or its path") from None
    if isinstance(found, str):
        return found.encode("utf-8", "backslashreplace")
    if not isinstance(found, bytes | bytearray):
        raise BadTypeError(f"{what}: read() gave a {type(found).__name__}, expected text or bytes")
    return bytes(found)


def stream_path(value: Any) -> Any:
    """The path of an open file, as W&B takes it; anything else as it is."""
    name = getattr(value, "name", None)
    if isinstance(value, io.IOBase) and isinstance(name, str) and os.path.isfile(name):
        if getattr(value, "writable", lambda: False)():
            value.flush()
        return name
    return value


def need(library: str, what: str, extra: str) -> Any:
    """The library that `what` needs. Raises `UsageError` that names what to install."""
    try:
        return import_module(library)
    except ImportError:
        raise UsageError(f"{what} needs {library.partition('.')[0]}, which is not installed; {extra}") from None


MEDIA_EXTRA: Final = "pip install 'runstore[media]'"
