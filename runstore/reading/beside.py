"""What a run's writers left beside their histories, a file a writer, read when somebody wants it."""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from runstore.archive.opening import open_lines
from runstore.format.run_layout import writer_order, written_by
from runstore.reading.rows import decode_line
from runstore.reading.store import RunRecord


def writer_files(run: RunRecord, stem: str) -> list[tuple[str, Path]]:
    """The files of a run that hold `stem` ("alerts", "output", …) with their writers' names, in the writers' order."""
    return [(writer, run.layout.path / name) for writer, name in _writers(tuple(run.files), stem)]


# Thousands of runs have files of the same names.
@lru_cache(1024)
def _writers(names: tuple[str, ...], stem: str) -> list[tuple[str, str]]:
    """The writers that have a file of this kind among `names`, in their order, each with the file's name."""
    found = [(place[1], name) for name in names if (place := written_by(name)) and place[0] == stem]
    return sorted(found, key=lambda item: writer_order(item[0]))


def writer_rows(run: RunRecord, stem: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of the writers' files of one kind, each with its writer. Broken lines are left out."""
    for writer, path in writer_files(run, stem):
        for _, row in rows_of(path):
            yield writer, row


def rows_of(path: Path, needed: bytes = b"") -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows of a file of lines, with the lines' numbers from 0: those whose line holds `needed`.

    A link is not followed; a file that cannot be read has none.
    """
    try:
        found = open_lines(path)
    except OSError:
        return
    with found as file:
        for at, line in enumerate(file):
            if needed in line:
                for row in decode_line(line.rstrip(b"\r\n"))[0]:
                    yield at, row
