"""What MLflow keeps of a run, whichever of its stores that was read from; and MLflow's own ways to write values."""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

from runstore.importers.sources import Problems, Row

SYSTEM: Final = "system/"
"""How the names of the machine's metrics begin."""
_MOST_DIGITS: Final = 40
_WHOLE: Final = re.compile(r"-?\d+")
_LARGEST: Final = 1.7976931348623157e308


@dataclass(frozen=True, slots=True)
class Point:
    """One value of one key. `time` is epoch s."""

    key: str
    value: Any
    time: float
    step: int


@dataclass(frozen=True, slots=True)
class LoggedModel:
    """A model that a run logged, as MLflow 3 keeps it: beside the runs. `address` says where its files lie."""

    id: str
    name: str
    address: str
    created: float | None = None
    type: str = ""


def _none(problems: Problems) -> Iterable[Point]:
    return ()


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run. Times are epoch s, `status` is MLflow's word, `points` come by step and then by time, and tell
    what of them is lost.

    `digest` changes with anything but the files of its artifacts; `address` says where those lie, `places` where they
    lie below the store's directory if it was moved as a whole.
    """

    id: str
    where: str
    experiment: str
    experiment_name: str
    name: str = ""
    status: str = ""
    started: float | None = None
    ended: float | None = None
    user: str = ""
    program: str = ""
    commit: str = ""
    address: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    datasets: tuple[Mapping[str, str], ...] = ()
    models: tuple[LoggedModel, ...] = ()
    digest: str = ""
    points: Callable[[Problems], Iterable[Point]] = _none


def typed(text: str) -> Any:
    """The number, or True or False, that Python writes as exactly this text; else the text itself.

    MLflow keeps every parameter as `str` made it.
    """
    if text in ("True", "False"):
        return text == "True"
    if _WHOLE.fullmatch(text) and len(text) <= _MOST_DIGITS and str(int(text)) == text:
        return int(text)
    number = number_of(text) if len(text) <= _MOST_DIGITS else None
    return number if number is not None and math.isfinite(number) and repr(number) == text else text


def number_of(value: Any) -> float | None:
    """A float; None for what is none."""
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def unclamped(value: float) -> float:
    """A database's value as it was logged: MLflow writes the largest floats there are for the infinities."""
    return math.copysign(math.inf, value) if abs(value) >= _LARGEST else value


def moment_of(milliseconds: Any) -> float | None:
    """Epoch s of a time in MLflow's milliseconds; None where there is none."""
    found = number_of(milliseconds)
    return found / 1000 if found is not None and math.isfinite(found) and found > 0 else None


def rows_of(points: Iterable[Point]) -> Iterator[Row]:
    """A row a step, at the time of its last value. Of several values that a key has at one step each gets a row."""
    for step, group in groupby(points, key=attrgetter("step")):
        rows: list[Row] = []
        counts: dict[str, int] = {}
        for point in group:
            at = counts[point.key] = counts.get(point.key, -1) + 1
            if at == len(rows):
                rows.append({"_step": step})
            rows[at][point.key] = point.value
            rows[at]["_timestamp"] = max(point.time, rows[at].get("_timestamp", point.time))
        yield from rows


_SAME: Final = {"cpu_utilization_percentage": "cpu", "system_memory_usage_percentage": "memory_percent"}
_CARD: Final = re.compile(r"gpu_(\d+)_(utilization_percentage|memory_usage_percentage|power_usage_watts)")
_OF_CARD: Final = {
    "utilization_percentage": "gpu",
    "memory_usage_percentage": "memoryAllocated",
    "power_usage_watts": "powerWatts",
}


def system_key(key: str) -> str:
    """What we call one of the machine's metrics; MLflow's own word where we measure no such thing."""
    word = key.removeprefix(SYSTEM)
    card = _CARD.fullmatch(word)
    return f"gpu.{int(card[1])}.{_OF_CARD[card[2]]}" if card else _SAME.get(word, word.replace("/", "."))


def samples_of(points: Iterable[Point], started: float | None) -> Iterator[Row]:
    """The rows of system metrics."""
    named = (Point(system_key(point.key), point.value, point.time, point.step) for point in points)
    for row in rows_of(named):
        moment = row.pop("_timestamp")
        del row["_step"]
        yield {"_timestamp": moment, "_runtime": max(moment - (moment if started is None else started), 0.0), **row}
