"""The catalogue's Parquet segments: numbers of histories, written once, merged when they become many.

Polars reads a damaged file without a word, or panics: a segment counts only with the checksum it was written with.
"""

import io
import secrets
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import polars as pl

_MAX_SEGMENTS: Final = 24


class DamagedSegmentError(Exception):
    """A segment that is gone, or not as it was written: the cache has to be made again."""


@dataclass(slots=True)
class Segments:
    """The frames of one project: those in files (name: checksum), read when asked for, and those just parsed.

    `sound` names the files whose checksum was right once: these are asked again for what is wanted of them alone.
    """

    folder: Path
    files: dict[str, int] = field(default_factory=dict)
    fresh: list[pl.DataFrame] = field(default_factory=list)
    written: dict[str, pl.DataFrame] = field(default_factory=dict)
    sound: set[str] = field(default_factory=set)

    def frames(self, live: Iterable[int], columns: Sequence[str] | None = None) -> list[pl.DataFrame]:
        """Every row of the sources `live`, a frame for each set of columns. Raises `DamagedSegmentError`.

        With `columns`, a frame has no others.
        """
        stored = [self.written[name] if name in self.written else self._read(name, columns) for name in self.files]
        numbers = pl.Series("source", sorted(live), dtype=pl.UInt32)
        chosen = (frame.select(_among(frame.columns, columns)) for frame in [*stored, *self.fresh])
        alive = (frame.filter(pl.col("source").is_in(numbers.implode())) for frame in chosen)
        return merge_families([frame for frame in alive if frame.height])

    def add(self, frames: Sequence[pl.DataFrame]) -> None:
        self.fresh += merge_families(frames)

    def save(self, live: Iterable[int]) -> None:
        """Writes what is not in a file yet. Raises `OSError`, and `DamagedSegmentError` when it is time to merge."""
        if len(self.files) + len(self.fresh) > _MAX_SEGMENTS:
            self.fresh, self.files = self.frames(live), {}
        self.folder.mkdir(parents=True, exist_ok=True)
        for frame in self.fresh:
            name = f"{secrets.token_hex(8)}.parquet"
            self.files[name] = self._write(name, frame)
            self.written[name] = frame
        self.fresh = []

    def _read(self, name: str, columns: Sequence[str] | None) -> pl.DataFrame:
        path = self.folder / name
        try:
            source = path if name in self.sound else io.BytesIO(self._checked(name))
            return pl.read_parquet(source, columns=_among(pl.read_parquet_schema(source), columns))
        except (OSError, pl.exceptions.PolarsError) as error:
            raise DamagedSegmentError(name) from error

    def _checked(self, name: str) -> bytes:
        data = (self.folder / name).read_bytes()
        if zlib.crc32(data) != self.files[name]:
            raise DamagedSegmentError(name)
        self.sound.add(name)
        return data

    def _write(self, name: str, frame: pl.DataFrame) -> int:
        buffer = io.BytesIO()
        frame.write_parquet(buffer, compression="lz4", statistics=False)
        (self.folder / name).write_bytes(buffer.getbuffer())
        return zlib.crc32(buffer.getbuffer())

    def sweep(self) -> None:
        """Removes segment files that no index names any more. Raises `OSError`."""
        for path in self.folder.glob("*.parquet"):
            if path.name not in self.files:
                path.unlink(missing_ok=True)


def _among(known: Iterable[str], wanted: Sequence[str] | None) -> list[str]:
    known = list(known)
    return known if wanted is None else [name for name in wanted if name in known]


def merge_families(frames: Sequence[pl.DataFrame]) -> list[pl.DataFrame]:
    """Frames with the same columns become one; the order of their rows stays."""
    families: dict[tuple[str, ...], list[pl.DataFrame]] = {}
    for frame in frames:
        families.setdefault(tuple(frame.columns), []).append(frame)
    return [pl.concat(family) if len(family) > 1 else family[0] for family in families.values()]
