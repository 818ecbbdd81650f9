"""What a script says of its metrics with `define_metric`, and what that means for the rows that it logs."""

import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

from runstore.errors import UsageError
from runstore.format.metrics import GOALS, WORDS, Goal, Metric, dump_metrics

__all__ = ["Definitions", "Duty", "Metric"]

_ESCAPED_DOT: Final = re.compile(r"\\\.")


@dataclass(frozen=True, slots=True)
class Duty:
    """What rows of one set of keys ask for beside being written.

    `insert` are step metrics whose latest value joins the row, `track` those whose value the row brings, `count` the
    keys that the summary aggregates.
    """

    insert: tuple[str, ...]
    track: tuple[str, ...]
    count: tuple[str, ...]


class Definitions:
    """A run's definitions of metrics, saved with each change. Safe for threads.

    A key that was logged under a name with `*` keeps what that name said then, as with W&B, until the key is defined
    itself: that adds to it.
    """

    def __init__(self, save: Callable[[bytes], None]) -> None:
        """`save` is given the bytes of metrics.yaml."""
        self._save = save
        self._changed: Callable[[], None] = lambda: None
        self._lock = threading.RLock()
        self._exact: dict[str, Metric] = {}
        self._globs: dict[str, Metric] = {}
        # What a name with `*` said of keys that were logged.
        self._matched: dict[str, Metric] = {}
        self._axes: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self._exact or self._globs)

    def attach(self, changed: Callable[[], None]) -> None:
        """Names the function that is told of each change, without a lock held."""
        self._changed = changed

    def define(
        self,
        name: str,
        step_metric: "str | Metric | None" = None,
        step_sync: bool | None = None,
        hidden: bool | None = None,
        summary: str | None = None,
        goal: str | None = None,
        overwrite: bool | None = None,
    ) -> Metric:
        """Says how the metric `name`, or every one that a `*` at its end stands for, is drawn and summarised.

        `step_metric` is the metric on its charts' x axis; unless `step_sync` is False its latest value (0 before there
        is one) joins each row that lacks it. A `hidden` metric gets no chart by itself. `summary` names what the
        summary keeps, with commas between: min, max, mean, best (the least; with `goal="maximize"` the greatest),
        last, first; `copy` is the plain last value, `none` no entry. With `overwrite` an earlier definition counts for
        nothing, else it holds for what is not given now. Gives what was said in this call.

        Raises `UsageError` for a name, a word or a type that has no meaning.
        """
        if isinstance(step_metric, Metric):
            step_metric = step_metric.name
        _check_types(name, step_metric, step_sync, hidden, summary, goal, overwrite)
        metric = Metric(
            name=_checked_name(name),
            step_metric=_ESCAPED_DOT.sub(".", step_metric) if step_metric else None,
            step_sync=bool(step_metric) if step_sync is None else step_sync,
            summary=_words(summary) if summary else None,
            hidden=hidden,
            goal=_goal(goal) if goal else None,
        )
        said = metric if step_sync is not None or step_metric else replace(metric, step_sync=None)
        self._add(said, merge=not overwrite)
        self._changed()
        return metric

    def restore(self, metrics: Iterable[Metric]) -> None:
        """Takes up the definitions of an earlier attempt, as metrics.yaml gives them."""
        with self._lock:
            for metric in metrics:
                (self._globs if metric.is_glob else self._exact)[metric.name] = metric
            self._note_axes()
        self._changed()

    def of(self, key: str) -> Metric | None:
        """What holds for a key that is logged."""
        found = self._exact.get(key) or self._matched.get(key)
        if found is None and self._globs and key not in self._axes:
            with self._lock:
                found = next((glob for glob in self._globs.values() if glob.matches(key)), None)
                if found is not None:
                    self._matched[key] = found
        return found

    def duty(self, keys: Iterable[str]) -> Duty | None:
        """What rows with these keys ask for; None when nothing was defined for them."""
        if not self:
            return None
        present = dict.fromkeys(keys)
        duty = Duty(
            insert=tuple(self._missing_axes(present)),
            track=tuple(key for key in present if key in self._axes),
            count=tuple(key for key in present if (metric := self.of(key)) is not None and metric.aggregates),
        )
        return duty if duty.insert or duty.track or duty.count else None

    def dump(self) -> bytes:
        """The bytes of metrics.yaml as things are now."""
        with self._lock:
            return dump_metrics([*self._exact.values(), *self._globs.values()])

    def after_fork(self) -> None:
        """Makes the lock usable in a forked child."""
        self._lock = threading.RLock()

    def _missing_axes(self, present: dict[str, None]) -> dict[str, None]:
        """The step metrics that rows with these keys lack, and the step metrics of those in turn."""
        missing: dict[str, None] = {}
        waiting = list(present)
        while waiting:
            metric = self.of(waiting.pop())
            axis = metric.step_metric if metric is not None and metric.step_sync else None
            if axis is not None and axis not in present and axis not in missing:
                missing[axis] = None
                waiting.append(axis)
        return missing

    def _add(self, said: Metric, *, merge: bool) -> None:
        with self._lock:
            if said.is_glob:
                old = self._globs.get(said.name)
                self._globs[said.name] = _merged(old, said) if merge and old else said
                # metrics.yaml says the same of what was logged before only when it names it.
                for key, metric in self._matched.items():
                    if metric != next((glob for glob in self._globs.values() if glob.matches(key)), None):
                        self._exact[key] = replace(metric, name=key)
            else:
                old = self._exact.get(said.name) or self._matched.get(said.name)
                self._exact[said.name] = _merged(old, said) if merge and old else said
            self._note_axes()
            self._save(self.dump())

    def _note_axes(self) -> None:
        known = (*self._exact.values(), *self._globs.values())
        self._axes = frozenset(metric.step_metric for metric in known if metric.step_metric)


def _merged(old: Metric, new: Metric) -> Metric:
    """What both say; where they differ the new one holds, and of what is summarised both."""
    words = old.summary
    if new.summary is not None:
        kept = tuple(word for word in old.summary or () if word != "none")
        words = tuple(dict.fromkeys((*kept, *new.summary)))
    return Metric(
        name=new.name,
        step_metric=old.step_metric if new.step_metric is None else new.step_metric,
        step_sync=old.step_sync if new.step_sync is None else new.step_sync,
        summary=words,
        hidden=old.hidden if new.hidden is None else new.hidden,
        goal=old.goal if new.goal is None else new.goal,
    )


def _check_types(name: Any, step_metric: Any, step_sync: Any, hidden: Any, summary: Any, goal: Any, over: Any) -> None:
    texts = {"name": name, "step_metric": step_metric, "summary": summary, "goal": goal}
    switches = {"step_sync": step_sync, "hidden": hidden, "overwrite": over}
    for kind, given in ((str, texts), (bool, switches)):
        for argument, value in given.items():
            if value is not None and not isinstance(value, kind):
                expected = "text" if kind is str else "True or False"
                raise UsageError(f"define_metric: {argument} is a {type(value).__name__}, expected {expected}")


def _checked_name(name: str) -> str:
    if not name:
        raise UsageError("define_metric: the name is empty; give a metric's name, or the start of many and a *")
    if "*" in name[:-1]:
        raise UsageError(f"define_metric: the name is {name!r}, expected a * at its end only, as in 'val/*'")
    return _ESCAPED_DOT.sub(".", name)


def _words(summary: str) -> tuple[str, ...]:
    words = tuple(dict.fromkeys(word.strip().lower() for word in summary.split(",")))
    for word in words:
        if word not in WORDS:
            raise UsageError(f"define_metric: summary has {word!r}, expected words of {', '.join(WORDS)}")
    return words


def _goal(goal: str) -> Goal:
    short = {"min": "minimize", "max": "maximize"}
    found = short.get(goal.lower(), goal.lower())
    if found not in GOALS:
        raise UsageError(f"define_metric: goal is {goal!r}, expected {' or '.join(GOALS)}")
    return found
