"""A pack: one file of JSON lines as Parquet, in blocks that are read one at a time and checked by their checksum.

Beside its columns (see `shapes`) the Parquet file has one entry of metadata, `runstore`: a JSON object with what the
columns cannot say. Whoever reads Parquet reads the values; only Runstore needs the rest.
"""

import gc
import hashlib
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson
import polars as pl

from runstore.archive.plain import read_plain
from runstore.archive.shapes import Shapes, framed, lines_of
from runstore.archive.spelling import SPELLINGS, Spelling, guess
from runstore.errors import FormatError

BLOCK_BYTES: Final = 4 << 20
"""A block is what a reader of lines takes at once, so that both see the same ones."""
MOST_BLOCK: Final = 64 << 20
"""A file with a line that makes a longer block is not packed."""
_VERSION: Final = 1
_KEY: Final = "runstore"
_LEVEL: Final = 3
_ROW_GROUP: Final = 1 << 16
_DAMAGE: Final = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError)
_MALFORMED: Final = (*_DAMAGE, KeyError, TypeError, IndexError, AttributeError)


class LongLineError(Exception):
    """A file whose lines are too long to be packed."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A block of whole lines: how many there are, their bytes, and these bytes' CRC-32."""

    lines: int
    size: int
    crc: int


@dataclass(frozen=True, slots=True)
class Head:
    """What a pack says of the file that it was made of: its bytes and their SHA-256, how its rows were spelled, the
    blocks it was cut into, and the `tail` behind the last newline."""

    size: int
    sha256: str
    spelling: str
    chunks: tuple[Chunk, ...]
    tail: bytes = b""

    @property
    def lines(self) -> int:
        """How many whole lines there are."""
        return sum(chunk.lines for chunk in self.chunks)


def blocks(file: BinaryIO) -> Iterator[bytes]:
    """A file as blocks of whole lines, and last what stands behind the last newline, b"" where nothing does."""
    carry = b""
    while piece := file.read(BLOCK_BYTES):
        data = carry + piece
        cut = data.rfind(b"\n") + 1
        carry = data[cut:]
        if cut:
            yield data[:cut]
    yield carry


def write_pack(source: BinaryIO, target: Path) -> Head:
    """Packs a file of lines that nobody writes any more into a new file.

    Raises `OSError`, and `LongLineError` for lines past all measure.
    """
    making = _Making()
    with _uncollected():
        before: bytes | None = None
        for block in blocks(source):
            if before is not None:
                making.add(before)
            before = block
    head = making.head(before or b"")
    frames = making.frames or [framed([], making.shapes, making.spelling)]
    metadata = {_KEY: _dump(head, making.shapes)}
    whole = pl.concat([frame.lazy() for frame in frames], how="diagonal") if len(frames) > 1 else frames[0].lazy()
    whole.sink_parquet(
        target,
        compression="zstd",
        compression_level=_LEVEL,
        statistics=False,
        row_group_size=_ROW_GROUP,
        metadata=metadata,
    )
    return head


@dataclass(slots=True)
class _Making:
    """A pack that grows by blocks."""

    shapes: Shapes = field(default_factory=Shapes)
    spelling: Spelling = SPELLINGS["compact"]
    frames: list[pl.DataFrame] = field(default_factory=list)
    chunks: list[Chunk] = field(default_factory=list)
    size: int = 0
    digest: Any = field(default_factory=hashlib.sha256)

    def add(self, block: bytes) -> None:
        if len(block) > MOST_BLOCK:
            raise LongLineError
        lines = block.split(b"\n")
        lines.pop()
        if not self.frames:
            self.spelling = guess(lines)
        self.frames.append(framed(lines, self.shapes, self.spelling))
        self.chunks.append(Chunk(len(lines), len(block), zlib.crc32(block)))
        self._count(block)

    def head(self, tail: bytes) -> Head:
        if len(tail) > MOST_BLOCK:
            raise LongLineError
        self._count(tail)
        return Head(self.size, self.digest.hexdigest(), self.spelling.name, tuple(self.chunks), tail)

    def _count(self, data: bytes) -> None:
        self.size += len(data)
        self.digest.update(data)


def _dump(head: Head, shapes: Shapes) -> str:
    return orjson.dumps(
        {
            "version": _VERSION,
            "size": head.size,
            "sha256": head.sha256,
            "spelling": head.spelling,
            "chunks": [[chunk.lines, chunk.size, chunk.crc] for chunk in head.chunks],
            "tail": head.tail.hex(),
            **shapes.as_json(),
        }
    ).decode()


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack that was opened: its compressed bytes, its head, the shapes of its rows."""

    path: Path
    head: Head
    shapes: Shapes
    data: bytes = field(repr=False)

    @classmethod
    def open(cls, path: Path) -> "Pack":
        """Raises `OSError` for what cannot be read or is no plain file, `FormatError` for what is no pack of ours."""
        data = read_plain(path)
        try:
            said = orjson.loads(pl.read_parquet_metadata(io.BytesIO(data))[_KEY])
            if said["version"] != _VERSION or said["spelling"] not in SPELLINGS:
                raise ValueError(said["version"])
            return cls(path, _head(said), Shapes.from_json(said), data)
        except _MALFORMED as error:
            raise FormatError(
                path,
                "",
                "no pack of this version of Runstore",
                "a Parquet file that `runstore archive` wrote",
                "take it from a backup or from git, or update Runstore",
            ) from error

    @property
    def spelling(self) -> Spelling:
        return SPELLINGS[self.head.spelling]

    def frames(self) -> Iterator[pl.DataFrame]:
        """The rows of each block as columns. Raises `FormatError` for damage."""
        scan = pl.scan_parquet(io.BytesIO(self.data))
        window, first = pl.DataFrame(), 0
        for chunk in self.head.chunks:
            try:
                while window.height < chunk.lines:
                    more = scan.slice(first, _ROW_GROUP).collect()
                    if more.is_empty():
                        raise self._damaged()
                    first += more.height
                    window = pl.concat([window, more]) if window.height else more
            except _DAMAGE as error:
                raise self._damaged() from error
            yield window[: chunk.lines]
            window = window[chunk.lines :]

    def text(self, frame: pl.DataFrame, chunk: Chunk) -> bytes:
        """The bytes of a block, word for word. Raises `FormatError` where its checksum says they are not."""
        for slowly in (False, True):
            try:
                lines = lines_of(frame, self.shapes, self.spelling, slowly=slowly)
            except _MALFORMED as error:
                raise self._damaged() from error
            data = b"\n".join(lines) + b"\n"
            if len(data) == chunk.size and zlib.crc32(data) == chunk.crc:
                return data
        raise self._damaged()

    def blocks(self) -> Iterator[bytes]:
        """The bytes of the file that was packed, block by block. Raises `FormatError` for damage."""
        for frame, chunk in zip(self.frames(), self.head.chunks, strict=True):
            yield self.text(frame, chunk)
        if self.head.tail:
            yield self.head.tail

    def is_of(self, data: Iterator[bytes]) -> bool:
        """Whether these are the bytes that were packed."""
        digest = hashlib.sha256()
        for piece in data:
            digest.update(piece)
        return digest.hexdigest() == self.head.sha256

    def is_sound(self) -> bool:
        """Whether it gives back every byte that was packed."""
        try:
            return self.is_of(self.blocks())
        except FormatError:
            return False

    def _damaged(self) -> FormatError:
        return FormatError(
            self.path, "", "damage", "the rows that were packed", "take it from a backup, or from git with git checkout"
        )


def _head(said: dict[str, Any]) -> Head:
    """Raises what `Pack.open` catches for anything odd."""
    chunks = tuple(Chunk(*map(int, chunk)) for chunk in said["chunks"])
    tail = bytes.fromhex(said["tail"])
    # A line has its newline: no pack can claim more rows than its text has room for.
    if any(not 0 < chunk.lines <= chunk.size <= MOST_BLOCK for chunk in chunks):
        raise ValueError("chunks")
    if sum(chunk.size for chunk in chunks) + len(tail) != int(said["size"]):
        raise ValueError("size")
    return Head(int(said["size"]), str(said["sha256"]), said["spelling"], chunks, tail)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Inside the block Python looks for no garbage: among millions of values that live for a moment it finds none."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()
