"""`metrics.yaml`: what a script said of its metrics, one mapping each, and which of them holds for a key.

A name that ends in `*` stands for every key that starts so, but for keys that start with an underscore. A name of its
own comes before these, and of these the one that was defined first.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, cast, get_args

from runstore.errors import FormatError
from runstore.format import yaml12
from runstore.format.records import read_yaml

Goal = Literal["minimize", "maximize"]
GOALS: Final[tuple[Goal, ...]] = get_args(Goal)
AGGREGATES: Final = ("min", "max", "mean", "best", "last", "first")
"""Words of a metric's `summary` that make its entry in the summary a mapping of these."""
WORDS: Final = (*AGGREGATES, "copy", "none")
"""Every word; `copy` asks for the plain last value, `none` for no entry at all."""

_FIELDS: Final = ("step_metric", "step_sync", "summary", "goal", "hidden")


@dataclass(frozen=True, slots=True)
class Metric:
    """What was said of one metric, or with a `*` at its name's end of many. None: nothing was said.

    `step_metric` is the metric on its charts' x axis; with `step_sync` its latest value joins each row that lacks it.
    `summary` holds words of `WORDS`, `goal` is "minimize" or "maximize", a `hidden` metric gets no chart by itself.
    """

    name: str
    step_metric: str | None = None
    step_sync: bool | None = None
    summary: tuple[str, ...] | None = None
    hidden: bool | None = None
    goal: Goal | None = None

    @property
    def is_glob(self) -> bool:
        return self.name.endswith("*")

    @property
    def aggregates(self) -> tuple[str, ...]:
        """What its entry in the summary consists of; empty when that is a plain value, or nothing."""
        words = self.summary or ()
        return () if "none" in words else tuple(word for word in AGGREGATES if word in words)

    @property
    def unsummarised(self) -> bool:
        return "none" in (self.summary or ())

    def matches(self, key: str) -> bool:
        """Whether a name with a `*` stands for `key`."""
        return not key.startswith("_") and key.startswith(self.name[:-1])


def find(metrics: Iterable[Metric], key: str) -> Metric | None:
    """The definition that holds for a key of the history."""
    globbed = None
    for metric in metrics:
        if metric.name == key and not metric.is_glob:
            return metric
        if globbed is None and metric.is_glob and metric.matches(key):
            globbed = metric
    return globbed


def dump_metrics(metrics: Iterable[Metric]) -> bytes:
    return yaml12.dump([dict(_said(metric)) for metric in metrics]).encode()


def _said(metric: Metric) -> Iterator[tuple[str, Any]]:
    yield "name", metric.name
    for field in _FIELDS:
        value = getattr(metric, field)
        if value is not None:
            yield field, list(value) if field == "summary" else value


def load_metrics(path: Path, mistakes: list[FormatError] | None = None) -> tuple[Metric, ...]:
    """Reads `metrics.yaml`; one that is missing says nothing.

    An entry, or a field of one, that cannot be used is left out and noted in `mistakes`. Raises `StoreError` for a
    file that cannot be read or is no list.
    """
    found = read_yaml(path)
    if found is None:
        return ()
    if not isinstance(found, list):
        raise FormatError(path, "line 1", f"a {type(found).__name__}", "a list of metrics", "write each as - name: …")
    noted: list[FormatError] = [] if mistakes is None else mistakes
    metrics = []
    for number, entry in enumerate(found, 1):
        if isinstance(entry, Mapping) and isinstance(entry.get("name"), str | int | float) and str(entry["name"]):
            metrics.append(_metric(path, entry, noted))
        else:
            what = f"item {number} without a name" if isinstance(entry, Mapping) else f"{entry!r:.40} as item {number}"
            noted.append(FormatError(path, "", what, "a metric with its name", "write - name: …"))
    return tuple(metrics)


def _metric(path: Path, entry: Mapping[str, Any], noted: list[FormatError]) -> Metric:
    name = str(entry["name"])

    def take(field: str, good: bool, expected: str, mend: str) -> Any:
        value = entry.get(field)
        if value is None or good:
            return value
        found = repr(value)
        noted.append(FormatError(path, f"{name}, {field}", found[:60], expected, f"write {field}: {mend}"))
        return None

    step, words, goal = entry.get("step_metric"), entry.get("summary"), entry.get("goal")
    if isinstance(words, str):
        words = [word.strip() for word in words.split(",")]
    known = isinstance(words, list) and all(word in WORDS for word in words)
    kept_words = words if take("summary", known, f"words of {', '.join(WORDS)}", "[min, max]") is not None else None
    return Metric(
        name=name,
        step_metric=take("step_metric", isinstance(step, str) and step != "", "the name of a metric", "epoch"),
        step_sync=take("step_sync", isinstance(entry.get("step_sync"), bool), "true or false", "true"),
        summary=None if kept_words is None else tuple(kept_words),
        hidden=take("hidden", isinstance(entry.get("hidden"), bool), "true or false", "true"),
        goal=cast(Goal | None, take("goal", goal in GOALS, " or ".join(GOALS), GOALS[0])),
    )
