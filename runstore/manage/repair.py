"""`runstore verify --repair`: cuts damage out of a store's files, and keeps every file as it was."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from runstore.archive.opening import open_lines
from runstore.errors import FormatError, StoreError
from runstore.format import records
from runstore.format.layout import StoreLayout
from runstore.format.run_layout import is_history, is_temporary, written_by
from runstore.manage.aside import Aside
from runstore.manage.mending import dump_row, mend_lines, mend_object, mend_yaml
from runstore.reading.problems import Problem
from runstore.reading.rows import decode_line
from runstore.reading.store import RunRecord, Store

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
    except FormatError:
        return True
    return False


def _is_no_object(path: Path) -> bool:
    try:
        records.read_json_object(path)
    except FormatError:
        return True
    return False


def _state(path: Path) -> bytes:
    """What a broken state.json still says, else that the run crashed: nobody knows how it ended."""
    data = path.read_bytes()
    try:
        records.load_state(path)
        return data
    except FormatError:
        whole = mend_object(data)
        if whole is not None and _rows_of(whole)[0].get("state") in records.STATES:
            return whole
        return records.dump_state(records.RunState("crashed"))


def _summary(path: Path, run: RunRecord) -> bytes:
    """A broken summary, made again of the last value of each key that the run's history has."""
    whole = mend_object(path.read_bytes())
    if whole is not None:
        return whole
    rows = [row for name in run.files if is_history(name) for row in _rows_of(_text_of(run.layout.path / name))]
    rows.sort(key=lambda row: row["_step"] if isinstance(row.get("_step"), int | float) else 0)
    last: dict[str, Any] = {}
    for row in rows:
        last.update({key: value for key, value in row.items() if value is not None})
    return dump_row(last)


def _text_of(path: Path) -> bytes:
    with open_lines(path) as file:
        return file.read()


def _rows_of(data: bytes) -> list[dict[str, Any]]:
    return [row for line in data.split(b"\n") for row in decode_line(line)[0]]
