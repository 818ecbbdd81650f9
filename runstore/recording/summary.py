"""A run's summary: the last value of each key, or the aggregates that were defined for it, and what the script sets
itself. Of a logged and a set value the later one holds.
"""

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from operator import gt
from typing import Any, Final

from runstore.errors import BadTypeError
from runstore.format import values
from runstore.format.aggregates import Aggregate
from runstore.format.metrics import Metric
from runstore.recording.history import Nested, StoreMedia
from runstore.recording.metrics import Definitions
from runstore.recording.nested import Live, Path, Section, live

_BATCH: Final = 1000
_NUMBERS: Final = frozenset({float, int})

Rows = Iterable[bytes | dict[str, Any]]
"""Rows, or the lines that they were written as."""


class Summary(Live):
    """`run.summary`: read and assigned by item or attribute, nested too; each assignment is saved at once.

    Logged values arrive here only when somebody looks, or it is saved. A value that has no plain form is kept as its
    text, as in the config. A key that the script sets has no aggregates from then on.
    """

    def __init__(self, save: Callable[[bytes], None], store_media: StoreMedia, metrics: Definitions) -> None:
        """`save` is given the bytes of summary.json whenever the script assigns something."""
        super().__init__(
            _data={},
            _save=save,
            _store_media=store_media,
            _metrics=metrics,
            _refresh=lambda: None,
            _steps={},  # The highest step at which each key was logged.
            _aggregates={},
            _dirty={},  # The paths of those whose results are not in the tree yet.
            _kinds={},  # How the keys with definitions are kept: a metric's aggregates and goal.
            _assigned=set(),
            _paths={},
            _earlier=tuple,
        )

    def attach(self, refresh: Callable[[], None]) -> None:
        """Names the function that makes the history hand over (`fold`) the rows since the last time."""
        self.__dict__["_refresh"] = refresh

    def restore(
        self,
        data: Mapping[str, Any],
        rows: Iterable[bytes] = (),
        earlier: Callable[[], Iterable[bytes]] = tuple,
        nested: Nested | None = None,
    ) -> None:
        """Takes up what an earlier writer left: a summary.json, and lines of the history that are newer than it.

        `earlier` gives every line of the history so far; it is asked where aggregates are to go on. `nested` gives the
        path of keys that were joined by dots.
        """
        self.__dict__["_earlier"] = earlier
        self._paths.update(nested or {})
        with self._lock:
            for key, value in data.items():
                self._put((str(key),), values.revive(value))
            paths = [path[:size] for path, _ in values.flatten(data) for size in range(1, len(path) + 1)]
            self._paths.update({".".join(path): path for path in paths})
            if isinstance(step := data.get("_step"), int):
                self._steps.update({".".join(path): step for path in paths})
            outdated = self._outdated({".".join(path) for path in paths})
            # What is no mapping, though aggregates were asked for, the script has set.
            assigned = {key for key in outdated if self._was_assigned(key)}
            self._assigned.update(assigned)
        self.fold(list(rows), {})
        with self._lock:  # What those rows were the first to log is not aggregated yet either.
            outdated |= self._outdated({*self._paths, *self._steps})
        if outdated - assigned:
            self.recount((), outdated - assigned, {})

    def _was_assigned(self, key: str) -> bool:
        metric = self._metrics.of(key)
        found = self._find(self._paths[key])
        return metric is not None and bool(metric.aggregates) and not isinstance(found, dict)

    def fold(self, rows: list[bytes], nested: Nested) -> None:
        """Takes rows as they were written, in any order; `nested` gives the path of keys that were joined by dots."""
        parsed = sorted((values.parse_line(row) for row in rows), key=lambda row: row["_step"])
        latest: dict[str, Any] = {}
        steps: dict[str, int] = {}
        for row in parsed:
            found = {key: value for key, value in row.items() if value is not None}
            latest.update(found)
            steps.update(dict.fromkeys(found, row["_step"]))
        with self._lock:
            known = self._steps
            for key, value in latest.items():
                if key not in known or known[key] <= steps[key]:
                    known[key] = steps[key]
                    metric = self._metric(key)
                    if metric is None or not (metric.aggregates or metric.unsummarised):
                        self._put(self._path(key, nested), values.revive(value))

    def count(self, rows: Rows, keys: Iterable[str], nested: Nested) -> None:
        """Takes the values of aggregated keys, from rows or the lines that they were written as, in any order."""
        parsed = [row if type(row) is dict else values.parse_line(row) for row in rows]  # type: ignore[arg-type]
        steps = [row["_step"] for row in parsed]
        if any(map(gt, steps, islice(steps, 1, None))):
            parsed.sort(key=lambda row: row["_step"])
            steps.sort()
        with self._lock:
            for key in keys:
                metric = self._metric(key)
                if metric is not None and metric.aggregates and self._add(key, parsed, steps):
                    self._kinds[key] = _kind(metric)
                    self._dirty[key] = self._path(key, nested)

    def _add(self, key: str, rows: list[dict[str, Any]], steps: list[int]) -> bool:
        """Adds what the rows hold under `key` to its aggregate; whether they hold anything."""
        try:
            found = [row[key] for row in rows]
        except KeyError:
            found = [row.get(key) for row in rows]
        if not _NUMBERS.issuperset(map(type, found)):
            steps = [step for value, step in zip(found, steps, strict=True) if value is not None]
            found = [values.revive(values.plain(value)) for value in found if value is not None]
        self._aggregates.setdefault(key, Aggregate()).add(found, steps)
        return bool(found)

    def _settle(self) -> None:
        """Puts the results of what was counted into the tree. Under the lock."""
        while self._dirty:
            key, path = self._dirty.popitem()
            metric, aggregate = self._metric(key), self._aggregates.get(key)
            if metric is not None and aggregate is not None:
                for word, value in aggregate.results(metric).items():
                    self._put((*path, word), value)

    def outdated(self) -> set[str]:
        """The keys for which something else was defined than before; their entries are begun anew."""
        with self._lock:
            self._settle()
            found = self._outdated(self._steps)
            self._assigned.difference_update(found)
            for key in found:
                self._drop(self._path(key, {}))
                self._steps.pop(key, None)
                self._aggregates.pop(key, None)
            return found

    def _outdated(self, keys: Iterable[str]) -> set[str]:
        before = self._kinds
        now = {key: _kind(metric) for key in keys if (metric := self._metrics.of(key)) is not None}
        self.__dict__["_kinds"] = {key: kind for key, kind in now.items() if kind}
        return {key for key in (*now, *before) if now.get(key, ()) != before.get(key, ())}

    def recount(self, lines: Iterable[bytes], keys: set[str], nested: Nested) -> None:
        """Makes the entries of these keys from every line of this attempt, and from those of earlier ones."""
        for source in (self._earlier(), lines):
            reading = iter(source)
            while batch := list(islice(reading, _BATCH)):
                found = [row for line in batch if (row := _parse(line)) is not None]
                rows = [{key: row[key] for key in (*keys, "_step") if key in row} for row in found]
                self.count(rows, keys, nested)
                self.fold([values.dump_line(row) for row in rows], nested)

    def number(self, key: str) -> Any:
        """The last value of a key where it is a number, else 0."""
        with self._lock:
            self._settle()
            found = self._find(self._path(key, {}))
        if isinstance(found, dict):
            found = found.get("last")
        return found if type(found) in (int, float) else 0

    def dump(self) -> bytes:
        """The bytes of summary.json as things are now."""
        self._refresh()
        with self._lock:
            self._settle()
            return values.dump_line(values.plain(self._data))

    def update(self, data: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        """Sets several keys; nested mappings are merged into what is there."""
        if data is not None and not hasattr(data, "keys"):
            raise BadTypeError(f"the summary's update takes a dictionary, found {data!r}; or assign summary[name]")
        self._refresh()
        # Media are written here, without the lock.
        found = [(path, self._plain(path, value)) for path, value in values.flatten({**(data or {}), **more})]
        with self._lock:
            for path, value in found:
                self._assign(path)
                self._put(path, value)
        self._save(self.dump())

    def as_dict(self) -> dict[str, Any]:
        """A copy as plain, nested dicts."""
        copied: dict[str, Any] = values.plain(self._shown(), finite=False)
        return copied

    def __getitem__(self, key: str) -> Any:
        return self._shown()[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._refresh()
        if value is not self._data.get(key):  # As it is after `summary[key] += …`.
            plain = self._plain((key,), value)  # Media are written here, without the lock.
            with self._lock:
                self._assign((key,))
                self._put((key,), plain)
        self._save(self.dump())

    def __delitem__(self, key: str) -> None:
        self._refresh()
        with self._lock:
            self._settle()
            del self._data[key]
            self._assign((key,))
        self._save(self.dump())

    def _shown(self) -> dict[str, Any]:
        self._refresh()
        with self._lock:
            self._settle()
            return dict(self._data)

    def _plain(self, path: Path, value: Any) -> Any:
        stub = None if type(value) in values.SIMPLE else self._store_media(".".join(path), 0, value)
        return values.plain(value, finite=False, other=str) if stub is None else stub

    def _prepare(self) -> None:
        self._refresh()

    def _saved(self, path: Path) -> None:
        with self._lock:
            self._assign(path)
        self._save(self.dump())

    def _metric(self, key: str) -> Metric | None:
        """What was defined for a key that the script has not set."""
        return None if key in self._assigned or not self._metrics else self._metrics.of(key)

    def _assign(self, path: Path) -> None:
        """Notes that the script set what is at `path`: aggregates there, above and below, are at an end."""
        self._settle()
        for key in list(self._aggregates):
            own = self._path(key, {})
            if own[: len(path)] == path or path[: len(own)] == own:
                del self._aggregates[key]
                self._assigned.add(key)

    def _path(self, key: str, nested: Nested) -> Path:
        path = nested.get(key)
        if path is not None:
            self._paths[key] = path
            return path
        found: Path = self._paths.get(key, (key,))
        return found

    def _find(self, path: Path) -> Any:
        found: Any = self._data
        for key in path:
            found = found.get(key) if isinstance(found, dict) else None
        return found

    def _drop(self, path: Path) -> None:
        inner = self._find(path[:-1])
        if isinstance(inner, dict):
            dict.pop(inner, path[-1], None)

    def _put(self, path: Path, value: Any) -> None:
        """Sets a plain value in the tree without saving it."""
        tree: dict[str, Any] = self._data
        for at, key in enumerate(path[:-1]):
            inner = tree.get(key)
            if not isinstance(inner, dict):
                inner = Section(self, path[: at + 1], {})
                dict.__setitem__(tree, key, inner)
            tree = inner
        dict.__setitem__(tree, path[-1], live(self, path, value))


def _parse(line: bytes) -> dict[str, Any] | None:
    """The row in a line that was read back; None for one that was damaged."""
    try:
        row = values.parse_line(line)
    except ValueError:
        return None
    return row if "_step" in row else None


def _kind(metric: Metric) -> tuple[Any, ...]:
    """How the summary keeps a metric; empty for its plain last value."""
    if metric.unsummarised:
        return ("none",)
    return (*metric.aggregates, metric.goal) if metric.aggregates else ()
