"""Runs out of tables: a file a run, or the rows of each run told apart by a column; and the tables that W&B exports."""

import ast
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import orjson

from runstore.errors import UsageError
from runstore.format import lenient, values
from runstore.format.records import STATES, RunState, parse_time
from runstore.importers import mapping
from runstore.importers.identity import iso
from runstore.importers.mapping import Plan, Role
from runstore.importers.sources import ImportedRun, Problems, Row
from runstore.importers.tables import Format, Table, read

_WRITTEN_BY: Final = 1
_GENERIC: Final = frozenset({"metrics", "history", "log", "logs", "progress", "results", "data", "train", "monitor"})
"""Names of files that say nothing of their run: the directory does."""
_CHART: Final = re.compile(r"^(?P<run>.+) - (?P<key>.+?)(?P<bound>__MIN|__MAX)?$", re.DOTALL)
_HEAD: Final = frozenset({"Name", "State", "Created"})
"""Columns of every table of runs that W&B's page exports."""
_PEOPLE: Final = frozenset({"User", "Agent"})
"""Who ran them is no part of the config."""
_LONGEST_LITERAL: Final = 1_000_000
_MILLISECONDS: Final = 1e11
"""A time above this is no count of seconds since 1970."""


def runs(path: Path, form: Format, asked: Sequence[tuple[str, str]] = ()) -> Iterator[ImportedRun]:
    """The runs in one file. Raises `UsageError` for one that cannot be read."""
    yield from _runs(_prepared(read(path, form)), form, asked)


def plan_of(path: Path, form: Format, asked: Sequence[tuple[str, str]] = ()) -> Plan:
    """What is made of a file's columns. Raises `UsageError`."""
    table = _prepared(read(path, form))
    return mapping.plan(table.columns, table.values, asked)


def _runs(table: Table, form: Format, asked: Sequence[tuple[str, str]]) -> Iterator[ImportedRun]:
    plan = mapping.plan(table.columns, table.values, asked)
    problems = table.problems
    if not table.height:
        raise UsageError(f"{table.path}: found no row, expected a row a step or a run; check the file")
    column = plan.roles.get("run")
    if column is None:
        yield _run(table, plan, form, range(table.height), None, problems)
        return
    places: dict[Any, list[int]] = {}
    for at, key in enumerate(table.values[column]):
        if key is None:
            problems.lose(f"{table.path}, row {at + 1}: found no run in column {column}; the row is left out")
        else:
            places.setdefault(key, []).append(at)
    for key, rows in places.items():
        yield _run(table, plan, form, rows, str(key), problems)
        problems = Problems()  # What is wrong with the file is told once.


def _run(
    table: Table, plan: Plan, form: Format, places: Sequence[int], key: str | None, problems: Problems
) -> ImportedRun:
    def said(role: Role) -> Any:
        column = plan.roles.get(role)
        found = (table.values[column][at] for at in places) if column else ()
        return next((value for value in found if value is not None), None)

    times = [moment for at in places if (moment := _moment(table, plan, at)) is not None]
    name = str(said("name") or key or _name_of(table.path))
    created = _time(said("created"))
    started = created if created is not None else min(times, default=None)
    metrics = plan.of_kind("metric")
    return ImportedRun(
        kind=form,
        source=_identity(table, key),
        digest=f"{_WRITTEN_BY}:{_digest(table, plan, places)}",
        where=f"{table.path}{f', run {key}' if key is not None else ''}",
        id=key if key is not None and plan.roles.get("run") != plan.roles.get("name") else "",
        name=name,
        created=started,
        group=_text(said("group")),
        job_type=_text(said("job_type")),
        tags=tuple(_tags(said("tags"))),
        notes=_text(said("notes")),
        sweep=_text(said("sweep")),
        config=_tree(table, plan.of_kind("config"), places),
        summary=None if metrics else _tree(table, plan.of_kind("summary"), places),
        state=_state(said("state"), max(times, default=started)),
        rows=lambda: _rows(table, plan, metrics, places, started) if metrics else (),
        problems=problems,
    )


def _rows(
    table: Table, plan: Plan, metrics: dict[str, str], places: Iterable[int], started: float | None
) -> Iterator[Row]:
    step, runtime = plan.roles.get("step"), plan.roles.get("runtime")
    for at in places:
        row = {key: table.values[column][at] for column, key in metrics.items()}
        row = {key: value for key, value in row.items() if value is not None}
        if step is not None and table.values[step][at] is not None:
            row["_step"] = table.values[step][at]
            if step not in ("_step", "step", "global_step"):
                row.setdefault(step, row["_step"])
        if (moment := _moment(table, plan, at)) is not None:
            row["_timestamp"] = moment
        if runtime is not None and isinstance(table.values[runtime][at], int | float):
            row["_runtime"] = table.values[runtime][at]
        yield row


def _moment(table: Table, plan: Plan, at: int) -> float | None:
    column = plan.roles.get("time")
    return None if column is None else _time(table.values[column][at])


def _time(value: Any) -> float | None:
    """Epoch s of a number (seconds, or milliseconds), or of a text in ISO 8601; None for what is no time."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) / 1000 if value > _MILLISECONDS else float(value)
    if isinstance(value, str):
        return parse_time(value)
    return None


def _tree(table: Table, columns: dict[str, str], places: Sequence[int]) -> dict[str, Any]:
    """The last value of each column that has one."""
    found = {}
    for column, key in columns.items():
        known = [value for at in places if (value := table.values[column][at]) is not None]
        if known:
            found[key] = known[-1]
    return found


def _state(value: Any, ended: float | None) -> RunState:
    word = str(value or "finished").strip().lower()
    word = {"success": "finished", "completed": "finished", "failure": "failed"}.get(word, word)
    word = "crashed" if word == "running" else word  # Nothing more comes of it.
    return RunState(word if word in STATES else "finished", None, iso(ended))


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _tags(value: Any) -> list[str]:
    if isinstance(value, list):
        return [str(tag) for tag in value]
    return [tag.strip() for tag in str(value or "").split(",") if tag.strip()]


def _name_of(path: Path) -> str:
    above = path.resolve().parent.name
    return above if path.stem.lower() in _GENERIC and above else path.stem


def _identity(table: Table, key: str | None) -> str:
    """What tells a run from those of other files: the file's name and directory, and the run's key in it; of a file
    that is one run its first row, which stays the same while the file grows."""
    place = table.path.resolve()
    if key is not None:
        return f"{place.parent.name}/{place.name}:{key}"
    first = hashlib.sha256(repr(list(table.row(0).items())).encode("utf-8", "backslashreplace")).hexdigest()[:12]
    return f"{place.parent.name}/{place.name}#{first}"


def _digest(table: Table, plan: Plan, places: Sequence[int]) -> str:
    found = hashlib.sha256(repr((plan.roles, plan.kinds)).encode("utf-8", "backslashreplace"))
    for at in places:
        found.update(orjson.dumps(values.writable(values.plain(table.row(at)))))
    return found.hexdigest()


def _prepared(table: Table) -> Table:
    """A table that W&B exports, in the shape of others."""
    if _is_chart(table):
        return _unpivoted(table)
    if {"config", "summary"} <= set(table.columns):
        return _unfolded(table)
    if set(table.columns) >= _HEAD:
        return replace(table, columns=[column for column in table.columns if column not in _PEOPLE])
    return table


def _is_chart(table: Table) -> bool:
    """Whether each column but the first is a run's metric, as the charts of W&B export them."""
    first, *others = table.columns or ("",)
    return bool(others) and first in ("Step", "Relative Time (Process)", "Wall Time") and all(map(_CHART.match, others))


def _unpivoted(table: Table) -> Table:
    """A row a run and step. The bounds of what W&B sampled are left out."""
    axis = table.columns[0]
    rows: list[dict[str, Any]] = []
    names = [match for column in table.columns[1:] if (match := _CHART.match(column)) is not None]
    table.problems.leave_out("the least and greatest value between two points", sum(bool(m["bound"]) for m in names))
    for run in dict.fromkeys(match["run"] for match in names):
        columns = {m["key"]: m.string for m in names if m["run"] == run and not m["bound"]}
        for at in range(table.height):
            found = {key: table.values[column][at] for key, column in columns.items()}
            if any(value is not None for value in found.values()):
                rows.append({"run_name": run, {"Step": "step"}.get(axis, "_runtime"): table.values[axis][at], **found})
    columns_ = list(dict.fromkeys(key for row in rows for key in row))
    return Table(table.path, columns_, {key: [row.get(key) for row in rows] for key in columns_}, table.problems)


def _unfolded(table: Table) -> Table:
    """The columns `config` and `summary`, which hold a mapping a run, as a column a key."""
    rows = []
    for at in range(table.height):
        row = table.row(at)
        for part in ("config", "summary"):
            found = _mapping(row.pop(part), f"{table.path}, row {at + 1}", table.problems)
            row |= {f"{part}.{key}": value for key, value in found.items() if not key.startswith("_wandb")}
        row.pop("", None)
        rows.append(row)
    columns = list(dict.fromkeys(key for row in rows for key in row))
    return Table(table.path, columns, {key: [row.get(key) for row in rows] for key in columns}, table.problems)


def _mapping(cell: Any, where: str, problems: Problems) -> dict[str, Any]:
    """The mapping in a cell: JSON, or as Python writes one."""
    if isinstance(cell, dict):
        return cell
    text = str(cell or "{}")
    try:
        found = lenient.loads(text.encode())
    except ValueError:
        found = _literal(text)
    if isinstance(found, dict):
        return {str(key): value for key, value in found.items()}
    problems.lose(f"{where}: found {text[:40]!r}, expected a mapping; it is left out")
    return {}


def _literal(text: str) -> Any:
    """What a literal of Python's stands for; nothing in it is carried out."""
    if len(text) > _LONGEST_LITERAL:
        return None
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
