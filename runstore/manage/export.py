"""Taking runs elsewhere: what they say as one table, their histories as one, or their directories as an archive."""

import csv
import io
import json
import os
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from runstore.errors import UsageError
from runstore.format.records import unreadable, write_atomically
from runstore.format.values import plain
from runstore.manage.edit import unwritable
from runstore.reading.columns import Columns, frame_of_rows, runs_frame
from runstore.reading.stitched import run_rows
from runstore.reading.store import RunRecord

TABLES: Final = ("csv", "json", "jsonl", "parquet")
ARCHIVES: Final = ("tar.gz", "tgz", "zip")


def kind_of(path: Path) -> str:
    """The kind of file that a path's ending asks for. Raises `UsageError` for one that is not known."""
    name = path.name.lower()
    for kind in (*TABLES, *ARCHIVES):
        if name.endswith(f".{kind}"):
            return kind
    raise UsageError(
        f"{path}: found no known ending, expected .csv, .json, .jsonl, .parquet, .tar.gz or .zip; rename it"
    )


@dataclass(frozen=True, slots=True)
class Table:
    """Values as they were logged, under the names of `columns`; a row need not have each. `frame()` has a type for each
    column, into which some values only fit roughly: mixed ones as text, whole numbers past 64 bits as floats."""

    columns: Sequence[str]
    rows: Sequence[Mapping[str, Any]]
    frame: Callable[[], pl.DataFrame]

    @property
    def height(self) -> int:
        return len(self.rows)

    @property
    def width(self) -> int:
        return len(self.columns)

    def dicts(self) -> Iterator[dict[str, Any]]:
        """The rows, each with every column, None where it has no value."""
        return ({column: row.get(column) for column in self.columns} for row in self.rows)


def runs_table(runs: Sequence[RunRecord], names: Iterable[str] | None = None) -> Table:
    """One row a run, with these columns of the runs frame, or all. Raises `UsageError` for one that there is not."""
    columns = Columns(runs)
    chosen = columns.names() if names is None else list(dict.fromkeys(map(columns.check, names)))
    rows = zip(*map(columns.values, chosen), strict=True)
    return Table(
        chosen, [dict(zip(chosen, row, strict=True)) for row in rows], lambda: runs_frame(runs, chosen or None)
    )


def histories_table(
    runs: Iterable[RunRecord], keys: Sequence[str] | None = None, told: Callable[[], None] = lambda: None
) -> Table:
    """One row a row of history: `project`, `run` (id), `name`, then what was logged; of `keys` where they are given.

    `told` is called after each run. Raises `UsageError` for a key that no row has.
    """
    rows: list[dict[str, Any]] = []
    for run in runs:
        own = {"project": run.project, "run": run.id, "name": run.name}
        for row in run_rows(run):
            if keys is None:
                rows.append(own | row)
            elif any(key in row for key in keys):
                rows.append(own | {key: row[key] for key in ("_step", *keys) if key in row})
        told()
    found = dict.fromkeys(key for row in rows for key in row)
    if missing := [key for key in keys or () if key not in found]:
        raise UsageError(f"found no row that has {missing[0]!r}; `runstore show` lists what a run logged")
    columns = list(found) if keys is None else list(dict.fromkeys(("project", "run", "name", "_step", *keys)))
    return Table(columns, rows, lambda: frame_of_rows(rows))


def write_table(table: Table, kind: str) -> bytes:
    """A table as the bytes of a file of this kind; but for Parquet every value is as it was logged, lists and
    non-finite numbers stand as in the store."""
    if kind == "parquet":
        buffer = io.BytesIO()
        table.frame().write_parquet(buffer)
        return buffer.getvalue()
    if kind == "csv":
        return _csv(table)
    rows = list(map(plain, table.dicts()))
    if kind == "json":
        return (json.dumps(rows, indent=2, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode("utf-8", "backslashreplace")


def _csv(table: Table) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(table.columns)
    for row in table.rows:
        writer.writerow([_cell(row.get(column)) for column in table.columns])
    return out.getvalue().encode("utf-8", "backslashreplace")


def _cell(value: Any) -> Any:
    value = plain(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else value


def save(path: Path, data: bytes) -> None:
    """Writes an exported file in one step. Raises `StoreError`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, data)
    except OSError as error:
        raise unwritable(path, error) from None


def archive(runs: Sequence[RunRecord], path: Path, told: Callable[[], None] = lambda: None) -> int:
    """Packs the runs' whole directories, as `<project>/runs/<id>/…`; how many files there are. Links are left out.

    Raises `StoreError`; then there is no such file. `told` is called after each run.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write = _write_zip if kind_of(path) == "zip" else _write_tar
        count = write(beside, runs, told)
        os.replace(beside, path)
    except OSError as error:
        source = os.fspath(error.filename or "")
        if any(source.startswith(os.fspath(run.layout.path)) for run in runs):
            raise unreadable(Path(source), error) from None
        raise unwritable(path, error) from None
    finally:
        beside.unlink(missing_ok=True)
    return count


def _write_tar(path: Path, runs: Sequence[RunRecord], told: Callable[[], None]) -> int:
    count = 0
    with tarfile.open(path, "w:gz", compresslevel=6) as packed:
        for run in runs:
            for file, name in _files(run):
                packed.add(file, name, recursive=False)
                count += 1
            told()
    return count


def _write_zip(path: Path, runs: Sequence[RunRecord], told: Callable[[], None]) -> int:
    count = 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as packed:
        for run in runs:
            for file, name in _files(run):
                packed.write(file, name)
                count += 1
            told()
    return count


def _refuse(error: OSError) -> None:
    """A directory that cannot be listed must not be missing from an archive unsaid."""
    raise error


def _files(run: RunRecord) -> Iterator[tuple[str, str]]:
    """The plain files of a run with their names in an archive, in order."""
    root = os.fspath(run.layout.path)
    for folder, folders, names in os.walk(root, onerror=_refuse):
        folders.sort()
        for name in sorted(names):
            file = os.path.join(folder, name)
            if stat.S_ISREG(os.lstat(file).st_mode) and not name.endswith(".tmp"):
                inner = os.path.relpath(file, root).replace(os.sep, "/")
                yield file, f"{run.project}/runs/{run.id}/{inner}"
