"""Taking runs elsewhere: what they say as one table, their histories as one, or their directories as an archive."""

import csv
import io
import json
import os
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import polars as pl

from runstore.errors import UsageError
from runstore.format.records import write_atomically
from runstore.format.values import plain
from runstore.manage.edit import unwritable
from runstore.reading.columns import frame_of_rows, runs_frame
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


def runs_table(runs: Sequence[RunRecord], columns: Iterable[str] | None = None) -> pl.DataFrame:
    """One row a run, with these columns of the runs frame, or all. Raises `UsageError` for one that there is not."""
    return runs_frame(runs, columns)


def histories_table(
    runs: Iterable[RunRecord], keys: Sequence[str] | None = None, told: Callable[[], None] = lambda: None
) -> pl.DataFrame:
    """One row a row of history: `project`, `run` (id), `name`, then what was logged; of `keys` where they are given.

    `told` is called after each run.
    """
    rows: list[dict[str, Any]] = []
    for run in runs:
        own = {"project": run.project, "run": run.id, "name": run.name}
        for row in run_rows(run):
            if keys is not None:
                if not any(key in row for key in keys):
                    continue
                row = {"_step": row.get("_step"), **{key: row.get(key) for key in keys}}
            rows.append(own | row)
        told()
    return frame_of_rows(rows)


def write_table(frame: pl.DataFrame, kind: str) -> bytes:
    """A frame as the bytes of a file of this kind; lists and non-finite numbers stand as in the store."""
    if kind == "parquet":
        buffer = io.BytesIO()
        frame.write_parquet(buffer)
        return buffer.getvalue()
    if kind == "csv":
        return _csv(frame)
    rows = [_json_row(row) for row in frame.iter_rows(named=True)]
    if kind == "json":
        return (json.dumps(rows, indent=2, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode("utf-8", "backslashreplace")


def _json_row(row: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = plain(row)
    return found


def _csv(frame: pl.DataFrame) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(frame.columns)
    for row in frame.iter_rows():
        writer.writerow([_cell(value) for value in row])
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


def _files(run: RunRecord) -> Iterator[tuple[str, str]]:
    """The plain files of a run with their names in an archive, in order."""
    root = os.fspath(run.layout.path)
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            file = os.path.join(folder, name)
            if stat.S_ISREG(os.lstat(file).st_mode) and not name.endswith(".tmp"):
                inner = os.path.relpath(file, root).replace(os.sep, "/")
                yield file, f"{run.project}/runs/{run.id}/{inner}"
