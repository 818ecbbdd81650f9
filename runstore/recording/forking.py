"""A run that begins as a copy of another one: the parent's rows up to a step, and the media that these name."""

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from runstore.format import records, values
from runstore.format.run_layout import RunLayout, is_attempt, scan_run, written_by
from runstore.reading.rows import decode_line
from runstore.reading.stitching import ceilings, step_of, whole_lines
from runstore.recording.resuming import read_provenances

_BATCH = 1 << 20


def copy_rows(parent: RunLayout, child: RunLayout, upto: int) -> int:
    """Writes the parent's rows up to the step `upto` as the child's first history, and brings their media along.

    A row is copied byte for byte, but where several attempts logged the same step: these become one row, in which the
    later attempt's values count. Gives the number of rows. Raises `OSError`.
    """
    rows = 0
    with child.history().open("xb") as out:
        batch: list[bytes] = []
        for line, row in _rows(parent, upto):
            for path in media_paths(row):
                _bring(parent.path / path, child.path / path)
            batch.append(line + b"\n")
            rows += 1
            if len(batch) >= 10_000:
                out.write(b"".join(batch))
                batch.clear()
        out.write(b"".join(batch))
        out.flush()
        os.fsync(out.fileno())
    if os.path.isfile(parent.metrics_yaml) and not parent.metrics_yaml.is_symlink():
        shutil.copyfile(parent.metrics_yaml, child.metrics_yaml, follow_symlinks=False)
    return rows


def note_origin(child: RunLayout, parent: str, step: int) -> None:
    """Writes where the child's first rows come from. Raises `OSError`."""
    origin = {"forked_from": {"run": parent, "step": step}}
    records.write_atomically(child.writer().provenance, values.dump_line(origin))


def _rows(parent: RunLayout, upto: int) -> Iterator[tuple[bytes, dict[str, Any]]]:
    scanned = scan_run(parent.path)
    histories = parent.histories()
    ceiling = ceilings(read_provenances(scanned.files), (_writer(path) for path in histories))
    attempts = [path for path in histories if is_attempt(_writer(path))]
    again = _logged_again(attempts, ceiling, upto) if len(attempts) > 1 else {}
    for path in histories:
        merged = again if path in attempts else {}
        for line, row, step in _lines(path, min(ceiling[_writer(path)], upto)):
            if step not in merged:
                yield line, row
            elif row_of_all := merged[step]:
                yield values.dump_line(row_of_all)[:-1], row_of_all
                merged[step] = {}


def _logged_again(attempts: list[Path], ceiling: Mapping[str, float], upto: int) -> dict[float, dict[str, Any]]:
    """The steps that several attempts logged, each with its rows as one."""
    seen: set[float] = set()
    twice: set[float] = set()
    for path in attempts:
        own = {step for _, _, step in _lines(path, min(ceiling[_writer(path)], upto))}
        twice |= seen & own
        seen |= own
    merged: dict[float, dict[str, Any]] = {}
    for path in attempts if twice else ():
        for _, row, step in _lines(path, min(ceiling[_writer(path)], upto)):
            if step in twice:
                merged.setdefault(step, {}).update({key: value for key, value in row.items() if value is not None})
    return merged


def _lines(path: Path, ceiling: float) -> Iterator[tuple[bytes, dict[str, Any], float]]:
    for at, line in enumerate(whole_lines(path)):
        rows, _ = decode_line(line)
        for row in rows:
            if (step := step_of(row, at)) <= ceiling:
                whole = len(rows) == 1 and line.startswith(b"{") and line.rstrip(b"\r ").endswith(b"}")
                yield (line if whole else values.dump_line(row)[:-1]), row, step


def _writer(path: Path) -> str:
    return (written_by(path.name) or ("", ""))[1]


def media_paths(value: Any) -> Iterator[str]:
    """The files that a row's values name, by their paths in the run's directory."""
    if isinstance(value, list):
        for inner in value:
            yield from media_paths(inner)
    elif isinstance(value, dict):
        path = value.get("path")
        if isinstance(path, str) and is_media(path):
            yield path
        for inner in value.values():
            if isinstance(inner, list | dict):
                yield from media_paths(inner)


def is_media(path: str) -> bool:
    """Whether a path that a row names lies below the run's media and nowhere else."""
    parts = path.split("/")
    return parts[0] == "media" and len(parts) > 1 and not {"", ".", ".."} & set(parts) and "\0" not in path


def _bring(source: Path, target: Path) -> None:
    """Links a file, or copies it where that is refused. One that is not there, or is no plain file, is left out."""
    if target.exists() or source.is_symlink() or not source.is_file():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copyfile(source, target, follow_symlinks=False)
    for name in _inner_files(source):
        _bring(source.parent.parent.parent / name, target.parent.parent.parent / name)


def _inner_files(path: Path) -> list[str]:
    """The files that a table's head names."""
    if not path.name.endswith(".json") or path.stat().st_size > 64 * _BATCH:
        return []
    from runstore.format import lenient

    try:
        return list(media_paths(lenient.loads(path.read_bytes())))
    except (OSError, ValueError):
        return []
