"""The catalogue's Parquet segments: numbers of histories, written once, merged when they become many."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import polars as pl

_MAX_SEGMENTS: Final = 24


@dataclass(slots=True)
class Segments:
    """The frames of one project: those in files, read when first asked for, and those just parsed."""

    folder: Path
    files: list[str] = field(default_factory=list)
    fresh: list[pl.DataFrame] = field(default_factory=list)
    written: dict[str, pl.DataFrame] = field(default_factory=dict)

    def frames(self, live: Iterable[int]) -> list[pl.DataFrame]:
        """Every row of the sources `live`, a frame for each set of columns. Raises `OSError`, `PolarsError`."""
        stored = [
            self.written[file] if file in self.written else pl.read_parquet(self.folder / file) for file in self.files
        ]
        numbers = pl.Series("source", sorted(live), dtype=pl.UInt32)
        alive = (frame.filter(pl.col("source").is_in(numbers.implode())) for frame in [*stored, *self.fresh])
        return merge_families([frame for frame in alive if frame.height])

    def add(self, frames: Sequence[pl.DataFrame]) -> None:
        self.fresh += merge_families(frames)

    def save(self, live: Iterable[int]) -> None:
        """Writes what is not in a file yet. Raises `OSError`."""
        if len(self.files) + len(self.fresh) > _MAX_SEGMENTS:
            self.fresh, self.files = self.frames(live), []
        self.folder.mkdir(parents=True, exist_ok=True)
        for frame in self.fresh:
            name = f"{secrets.token_hex(8)}.parquet"
            frame.write_parquet(self.folder / name, compression="lz4", statistics=False)
            self.files.append(name)
            self.written[name] = frame
        self.fresh = []

    def sweep(self) -> None:
        """Removes segment files that no index names any more. Raises `OSError`."""
        for path in self.folder.glob("*.parquet"):
            if path.name not in self.files:
                path.unlink(missing_ok=True)


def merge_families(frames: Sequence[pl.DataFrame]) -> list[pl.DataFrame]:
    """Frames with the same columns become one; the order of their rows stays."""
    families: dict[tuple[str, ...], list[pl.DataFrame]] = {}
    for frame in frames:
        families.setdefault(tuple(frame.columns), []).append(frame)
    return [pl.concat(family) if len(family) > 1 else family[0] for family in families.values()]
