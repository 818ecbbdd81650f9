"""The runs frame: one row a run, one column for each thing a run says, each of the type that its values have.

Columns are made when they are asked for, so that a filter over thousands of runs touches what it names and no more.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any, Final, Literal

import polars as pl

from runstore.errors import UsageError
from runstore.format.values import dump_line, plain
from runstore.reading.rows import flatten
from runstore.reading.store import RunRecord

Kind = Literal["number", "text", "bool", "time", "list", "mixed", "empty"]

_TIME: Final = pl.Datetime("us", "UTC")
_LARGEST: Final = 2**63


def _moment(seconds: float | None) -> datetime | None:
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None


FIELDS: Final[dict[str, Callable[[RunRecord], Any]]] = {
    "project": lambda run: run.project,
    "id": lambda run: run.id,
    "name": lambda run: run.name,
    "path": lambda run: f"{run.project}/{run.id}",
    "state": lambda run: run.state,
    "exit_code": lambda run: run.exit_code,
    "group": lambda run: run.meta.group or None,
    "job_type": lambda run: run.meta.job_type or None,
    "tags": lambda run: list(run.meta.tags),
    "notes": lambda run: run.meta.notes or None,
    "sweep": lambda run: run.meta.sweep or None,
    "created": lambda run: _moment(run.created),
    "finished": lambda run: _moment(run.finished),
    "updated": lambda run: _moment(run.last_sign),
    "runtime": lambda run: run.runtime,
    "tracked": lambda run: run.tracked,
    "rows": lambda run: run.rows,
    "last_step": lambda run: run.last_step,
    "user": lambda run: _text(run.provenance.get("user")),
    "host": lambda run: _text(run.provenance.get("host")),
    "commit": lambda run: _commit(run.provenance.get("git")),
}
"""What every run has a value or null for: times are UTC, durations seconds."""

_AXES: Final[dict[str, Callable[[RunRecord], Any]]] = {
    "_step": lambda run: run.last_step,
    "_runtime": lambda run: run.tracked,
    "_timestamp": lambda run: run.last_sign,
}
"""What W&B's summaries hold beside what was logged."""

ALIASES: Final[dict[str, str]] = {
    "display_name": "name",
    "displayName": "name",
    "jobType": "job_type",
    "created_at": "created",
    "createdAt": "created",
    "finished_at": "finished",
    "updated_at": "updated",
    "updatedAt": "updated",
    "heartbeat_at": "updated",
    "heartbeatAt": "updated",
    "username": "user",
    "author": "user",
    "sweep_name": "sweep",
    "duration": "runtime",
    "run_id": "id",
}
"""Other names of the same columns, W&B's among them."""

_KINDS: Final[dict[str, Kind]] = {
    **dict.fromkeys(("exit_code", "runtime", "tracked", "rows", "last_step"), "number"),
    **dict.fromkeys(("created", "finished", "updated"), "time"),
    "tags": "list",
}
_SECTIONS: Final = {"config.": "config.", "summary.": "summary.", "summary_metrics.": "summary."}


def canonical(name: str) -> str:
    """A column's own name for any of its names."""
    for section, own in _SECTIONS.items():
        if name.startswith(section):
            return own + name[len(section) :]
    return ALIASES.get(name, name)


def unwrapped(name: str) -> str:
    """A config column's name without the `value` that W&B's filters have in it: `config.lr.value`, or for a nested key
    `config.model.value.depth`."""
    section, *parts = name.split(".")
    if section == "config" and len(parts) > 1 and "value" in (parts[1], parts[-1]):
        del parts[1 if parts[1] == "value" else -1]
    return ".".join([section, *parts])


def is_free(name: str) -> bool:
    """Whether a column's name belongs to what the runs' owners named: `config.*` or `summary.*`."""
    return name.startswith(("config.", "summary."))


class Columns:
    """The columns of some runs. A column has a kind, and views that expressions over `frame()` can use."""

    def __init__(self, runs: Sequence[RunRecord]) -> None:
        self.runs = runs
        self._values: dict[str, list[Any]] = {}
        self._kinds: dict[str, Kind] = {}
        self._series: dict[str, pl.Series] = {}
        self._names: list[str] | None = None

    def names(self) -> list[str]:
        """Every column there is: a run's own fields, then config and summary in the order they first appear."""
        if self._names is None:
            config = dict.fromkeys(key for run in self.runs for key, _ in flatten(run.config))
            summary = dict.fromkeys(key for run in self.runs for key in run.summary)
            self._names = [*FIELDS, *(f"config.{key}" for key in config), *(f"summary.{key}" for key in summary)]
        return self._names

    def has(self, name: str) -> bool:
        """Whether any run says something under this name."""
        return name in FIELDS or (is_free(name) and self.kind(name) != "empty")

    def check(self, name: str) -> str:
        """The column's own name. Raises `UsageError` with the nearest names where there is no such column."""
        own = canonical(name)
        if self.has(own) or (is_free(own) and not self.runs):
            return own
        raise UsageError(f"found no column {name!r}{self._hint(own)}")

    def _hint(self, name: str) -> str:
        known = self.names()
        inner = [each for each in known if each.split(".", 1)[-1] == name]
        near = inner or [each for each in known if name and each.startswith(f"{name}.")][:3]
        near = near or get_close_matches(name, known, n=3, cutoff=0.5)
        if near:
            return f"; did you mean {' or '.join(near[:3])}? A text stands in quotes, '…'"
        return f"; there are {', '.join(FIELDS)}, config.* and summary.*"

    def values(self, name: str) -> list[Any]:
        """The column's values as Python has them, None where a run has none."""
        if name not in self._values:
            self._values[name] = list(_read(self.runs, name))
        return self._values[name]

    def kind(self, name: str) -> Kind:
        """What the column's values are: `mixed` where numbers and text meet, `empty` where there are none."""
        if name not in self._kinds:
            self._kinds[name] = _KINDS.get(name) or _kind(self.values(name))
        return self._kinds[name]

    def number(self, name: str) -> pl.Expr:
        """The values that are numbers (True is 1), null for others."""
        return self._view(name, "number", lambda values: _numbers(values))

    def text(self, name: str) -> pl.Expr:
        """The values as text, null where there is none."""
        return self._view(name, "text", lambda values: pl.Series(list(map(spelled, values)), dtype=pl.String))

    def time(self, name: str) -> pl.Expr:
        return self._view(name, "time", lambda values: pl.Series(values, dtype=_TIME))

    def items(self, name: str) -> pl.Expr:
        """The values that are lists, their items as text."""
        return self._view(name, "list", lambda values: _lists(values, spelled))

    def natural(self, name: str) -> pl.Expr:
        """The column as it stands in the runs frame: mixed values as text."""
        kind = self.kind(name)
        self._series[name] = _series(self.values(name), kind)
        return pl.col(name)

    def _view(self, name: str, view: str, make: Callable[[list[Any]], pl.Series]) -> pl.Expr:
        alias = f"{name}\0{view}"
        if alias not in self._series:
            self._series[alias] = make(self.values(name))
        return pl.col(alias)

    def evaluate(self, condition: pl.Expr) -> list[bool]:
        """For each run whether the condition, which is over `frame()`, holds; null is no.

        Raises `UsageError` where its types do not go together.
        """
        frame = self.frame()
        try:
            # A condition over no column has one value for all rows.
            held = frame.with_columns(pl.when(condition).then(True).otherwise(False).alias("\0holds"))
            return held["\0holds"].to_list()
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            reason = str(error).strip().splitlines()[0]
            raise UsageError(f"the filter cannot be carried out ({reason}); compare values of one type") from None

    def frame(self) -> pl.DataFrame:
        """The columns and views that were asked for, one row a run; at least the column `id`."""
        self.natural("id")
        return pl.DataFrame([series.alias(name) for name, series in self._series.items()])


def runs_frame(runs: Sequence[RunRecord], names: Iterable[str] | None = None) -> pl.DataFrame:
    """The runs frame with the columns `names`, or all. Raises `UsageError` for one that there is not."""
    columns = Columns(runs)
    chosen = columns.names() if names is None else list(dict.fromkeys(map(columns.check, names)))
    for name in chosen:
        columns.natural(name)
    return columns.frame().select(chosen)


def frame_of_rows(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Rows of any plain values as a frame, a column a key in order of first appearance; mixed values become text."""
    keys = dict.fromkeys(key for row in rows for key in row)
    columns = []
    for key in keys:
        values = [row.get(key) for row in rows]
        columns.append(_series(values, _kind(values)).alias(key))
    return pl.DataFrame(columns)


def _series(values: list[Any], kind: Kind) -> pl.Series:
    match kind:
        case "number":
            return _numbers(values)
        case "bool":
            return pl.Series(values, dtype=pl.Boolean)
        case "time":
            return pl.Series(values, dtype=_TIME)
        case "list":
            return _lists(values, _text)
    return pl.Series(list(map(_text, values)), dtype=pl.String)


def _read(runs: Iterable[RunRecord], name: str) -> Iterator[Any]:
    section, _, key = name.partition(".")
    if name in FIELDS:
        take = FIELDS[name]
        return (take(run) for run in runs)
    if section == "config":
        return (dig(run.config, key) for run in runs)
    take = _AXES.get(key, lambda run: None)
    return (run.summary[key] if key in run.summary else take(run) for run in runs)


def dig(values: Mapping[str, Any], key: str) -> Any:
    """The value under a dotted key of a nested mapping; a key may itself hold dots. None when there is none."""
    if key in values:
        return values[key]
    at = key.find(".")
    while at >= 0:
        inner = values.get(key[:at])
        if isinstance(inner, dict) and (found := dig(inner, key[at + 1 :])) is not None:
            return found
        at = key.find(".", at + 1)
    return None


def _kind(values: Iterable[Any]) -> Kind:
    kinds = {type(value) for value in values} - {type(None)}
    if not kinds:
        return "empty"
    if kinds == {bool}:
        return "bool"
    if kinds <= {int, float, bool}:
        return "number"
    if kinds <= {str, dict}:
        return "text"
    return "list" if kinds == {list} else "mixed"


def _numbers(values: Sequence[Any]) -> pl.Series:
    found = [value if isinstance(value, int | float) else None for value in values]
    if any(isinstance(value, float) or (value is not None and abs(value) >= _LARGEST) for value in found):
        return pl.Series([None if value is None else _float(value) for value in found], dtype=pl.Float64)
    return pl.Series([None if value is None else int(value) for value in found], dtype=pl.Int64)


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _lists(values: Sequence[Any], text: Callable[[Any], str | None]) -> pl.Series:
    lists = [list(map(text, value)) if isinstance(value, list) else None for value in values]
    return pl.Series(lists, dtype=pl.List(pl.String))


def _commit(git: Any) -> str | None:
    return _text(git.get("commit")) if isinstance(git, dict) else None


def spelled(value: Any) -> str | None:
    """A value as a filter compares it with text: whole numbers without a point, NaN and infinities as in a store."""
    if isinstance(value, float):
        if not math.isfinite(value):
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        if value.is_integer() and abs(value) < 1e16:
            return str(int(value))
    return _text(value)


def _text(value: Any) -> str | None:
    """A value as text: true and false for booleans, JSON for lists and sections."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return dump_line({"": plain(value)})[4:-2].decode()
    return str(value)
