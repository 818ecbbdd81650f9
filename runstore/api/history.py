"""Histories as W&B's Api gives them: sampled as frames, or row by row."""

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal

from runstore.api.sampling import sample
from runstore.errors import BadTypeError, BadValueError
from runstore.reading.beside import writer_rows
from runstore.reading.columns import frame_of_rows
from runstore.reading.rows import number
from runstore.reading.stitched import run_rows
from runstore.reading.store import RunRecord

Format = Literal["default", "pandas", "polars"]
_FORMATS: Final = ("default", "pandas", "polars")
_STREAMS: Final = {"default": "default", "history": "default", "system": "system", "systemMetrics": "system"}

_said: set[str] = set()


def scan(run: RunRecord, keys: Sequence[str] | None, low: float | None, high: float | None) -> Iterator[dict[str, Any]]:
    """Every row of a run as it was logged; with `keys` those that have them all, and nothing else of them.

    Raises `ValueError` for keys that are no list.
    """
    _check_keys(keys)
    for name, step in (("min_step", low), ("max_step", high)):
        if step is not None and not hasattr(step, "__float__"):
            raise BadTypeError(f"{name} is {step!r}, expected a step's number")
    rows = run_rows(run, low, high)
    if keys is None:
        return rows
    return ({key: row[key] for key in keys} for row in rows if all(row.get(key) is not None for key in keys))


def _check_keys(keys: Any) -> None:
    if isinstance(keys, str):
        raise BadValueError(f"keys is {keys!r}, expected a list of them: keys=[{keys!r}]")
    if keys is not None and not isinstance(keys, Iterable):
        raise BadTypeError(f"keys is {keys!r}, expected a list of names")


def sampled(run: RunRecord, samples: int, keys: Sequence[str] | None, x_axis: str, stream: str) -> list[dict[str, Any]]:
    """At most `samples` rows, ordered by `x_axis`; with `keys` those rows that have them all.

    Raises `ValueError` for a stream that there is not, keys that are no list, fewer than no samples.
    """
    if stream not in _STREAMS:
        raise BadValueError(f"stream is {stream!r}, expected 'default' or 'system'")
    _check_keys(keys)
    if not hasattr(samples, "__index__") or samples < 0:
        raise BadValueError(f"samples is {samples!r}, expected how many rows to return at most")
    rows = system_rows(run) if _STREAMS[stream] == "system" else run_rows(run)
    wanted = None if keys is None else list(dict.fromkeys([*keys, x_axis]))
    axis = "_timestamp" if _STREAMS[stream] == "system" and x_axis == "_step" else x_axis
    found = [row for row in rows if keys is None or all(row.get(key) is not None for key in keys)]
    if axis != "_step":
        found.sort(key=lambda row: _place(row.get(axis)))
    chosen = sample(found, samples)
    return [dict(row) if wanted is None else {key: row.get(key) for key in wanted if key in row} for row in chosen]


def system_rows(run: RunRecord) -> Iterator[dict[str, Any]]:
    """The samples of the machine, keys with `system.` before them as in W&B."""
    for _, row in writer_rows(run, "system"):
        yield {key if key.startswith("_") else f"system.{key}": value for key, value in row.items()}


def shaped(rows: Sequence[Mapping[str, Any]], form: str) -> Any:
    """Rows as a list of dicts, a frame of pandas or one of Polars. Raises `ValueError` for another form."""
    if form not in _FORMATS:
        raise BadValueError(f"Invalid format: {form}. Must be one of 'default', 'pandas', 'polars'")
    if form == "default":
        return list(rows)
    if form == "polars":
        return frame_of_rows(rows)
    try:
        import pandas
    except ImportError:
        if "pandas" not in _said:
            _said.add("pandas")
            warnings.warn(
                "pandas is not installed: histories come as Polars frames; pip install pandas, or pass format='polars'",
                stacklevel=4,
            )
        return frame_of_rows(rows)
    return pandas.DataFrame.from_records(rows, columns=_columns(rows))


def _columns(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(key for row in rows for key in row))


def _place(value: Any) -> tuple[bool, float]:
    found = number(value)
    return (found is None or found != found, 0.0 if found is None or found != found else found)
