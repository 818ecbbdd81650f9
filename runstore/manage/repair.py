"""`runstore verify --repair`: cuts damage out of a store's files, and keeps every file as it was."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from runstore.errors import StoreError
from runstore.format import records
from runstore.format.layout import StoreLayout, is_history, is_temporary, written_by
from runstore.manage.aside import Aside
from runstore.manage.mending import dump_row, mend_lines, mend_object, mend_yaml
from runstore.reading.rows import decode_line
from runstore.reading.store import Problem, RunRecord, Store

_LINES = frozenset({"history", "system", "alerts", "lineage", "lines"})
_Mend = Callable[[Path], bytes | None]


def repair(store: Store, problems: Iterable[Problem]) -> Aside:
    """Mends the files that `problems` name, where there is one way to do so that loses nothing.

    What runs are still writing is left alone. Raises `StoreError` where nothing can be written.
    """
    aside = Aside(store.layout)
    runs = {run.layout.path: run for project in store.projects for run in project.runs}
    try:
        for name in sorted({problem.path for problem in problems}):
            path = store.layout.root / name
            run = runs.get(path.parent)
            if path.is_symlink() or not path.is_file() or (run is not None and run.state == "running"):
                continue
            _repair_file(aside, path, run, store.layout)
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(f"{error.filename}: cannot be repaired ({reason}); check its permissions") from None
    return aside


def _repair_file(aside: Aside, path: Path, run: RunRecord | None, store: StoreLayout) -> None:
    if is_temporary(path.name):
        if time.time() - path.stat().st_mtime > 0:
            aside.remove(path)
        return
    mend = _mender(path, run, store)
    if mend is None:
        return
    mended = mend(path)
    if mended is None:
        aside.remove(path)
    elif mended != path.read_bytes():
        aside.replace(path, mended)


def _mender(path: Path, run: RunRecord | None, store: StoreLayout) -> _Mend | None:
    """How a file is mended: to new bytes, or to None when it has to go; None for one that people have to mend."""
    if run is None:
        return _yaml if path.name.endswith(".yaml") and path != store.store_yaml and _is_broken(path) else None
    stem, _ = written_by(path.name) or ("", "")
    if stem in _LINES:
        return lambda path: mend_lines(path.read_bytes(), steps=is_history(path.name))
    if path == run.layout.state_json:
        return _state
    if stem == "summary" and _is_no_object(path):
        return lambda path: _summary(path, run)
    if stem == "provenance" and _is_no_object(path):
        return lambda path: mend_object(path.read_bytes())
    return _yaml if path.name.endswith(".yaml") and _is_broken(path) else None


def _yaml(path: Path) -> bytes | None:
    return mend_yaml(path.read_bytes())


def _is_broken(path: Path) -> bool:
    """Whether a YAML file cannot be read at all; wrong values in a sound one are for people to correct."""
    try:
        records.read_yaml(path)
    except records.FormatError:
        return True
    return False


def _is_no_object(path: Path) -> bool:
    try:
        records.read_json_object(path)
    except records.FormatError:
        return True
    return False


def _state(path: Path) -> bytes | None:
    """What a broken state.json still says, else that the run crashed: nobody knows how it ended."""
    try:
        records.load_state(path)
    except records.FormatError:
        whole = mend_object(path.read_bytes())
        if whole is not None:
            try:
                return _valid_state(path, whole)
            except StoreError:
                pass
        return records.dump_state(records.RunState("crashed"))
    return path.read_bytes()


def _valid_state(path: Path, data: bytes) -> bytes:
    values = _object(data)
    if values.get("state") not in records.STATES:
        raise StoreError(f"{path}: no state")
    return data


def _summary(path: Path, run: RunRecord) -> bytes:
    """A broken summary, made again of the last value of each key that the run's history has."""
    whole = mend_object(path.read_bytes())
    if whole is not None:
        return whole
    rows = [row for name in run.files if is_history(name) for row in _rows(run.layout.path / name)]
    rows.sort(key=lambda row: row["_step"] if isinstance(row.get("_step"), int | float) else 0)
    last: dict[str, Any] = {}
    for row in rows:
        last.update({key: value for key, value in row.items() if value is not None})
    return dump_row(last)


def _rows(path: Path) -> Iterable[dict[str, Any]]:
    for line in path.read_bytes().split(b"\n"):
        yield from decode_line(line)[0]


def _object(data: bytes) -> dict[str, Any]:
    rows, _ = decode_line(data)
    return rows[0] if rows else {}
