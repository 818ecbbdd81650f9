"""A stranger's SQLite database at one moment, read from a copy: nothing beside it is made, locked or changed."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from runstore.format.copying import Fingerprint, copy_file

_TRIES: Final = 5
_LONGEST_VALUE: Final = 256 << 20


@contextmanager
def snapshot(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to a copy of the database, with what its log (`-wal`) holds. Raises `OSError`, `sqlite3.Error`.

    A rollback journal is not copied: it names a file that SQLite would then delete.
    """
    with TemporaryDirectory(prefix="runstore-import-") as folder:
        copy = Path(folder, "copy.db")
        _copy(path, copy)
        connection = sqlite3.connect(copy)
        try:
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
            connection.text_factory = _text
            yield connection
        finally:
            connection.close()


def _copy(path: Path, copy: Path) -> None:
    """Copies database and log so that they belong together: again, when one was written to meanwhile."""
    parts = {path: copy, path.with_name(f"{path.name}-wal"): copy.with_name(f"{copy.name}-wal")}
    for _ in range(_TRIES):
        before = [_mark(part) for part in parts]
        for source, target in parts.items():
            target.unlink(missing_ok=True)
            if source == path or (source.exists() and not source.is_symlink()):
                copy_file(source, target)
        if [_mark(part) for part in parts] == before:
            return


def _mark(path: Path) -> Fingerprint | None:
    return Fingerprint.of(path) if path.exists() else None


def columns(connection: sqlite3.Connection, table: str) -> frozenset[str]:
    """The columns of a table; none where there is no such table, or where it is a view. Raises `sqlite3.Error`."""
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)).fetchone()
    if found is None:
        return frozenset()
    return frozenset(name for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", (table,)))


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")
