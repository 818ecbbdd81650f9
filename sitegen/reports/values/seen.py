"""What expressions and checks see of a run: who it is, its config and its summary, and nothing else of it.

An expression stands in a report that anyone may have sent. Whatever it reaches is an object of this module, which says
itself what may be asked of it, or plain data; no attribute of a Python object is ever looked up by a name it gives.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final

from runstore.format.sections import meant
from runstore.reading.columns import dig
from runstore.reading.store import RunRecord
from sitegen.pages.context import iso
from sitegen.reports.mistakes import ReportError
from sitegen.reports.values import statistics
from sitegen.reports.values.budget import Budget

_MOST_ITEMS: Final = 10_000
_MOST_TEXT: Final = 100_000
_MOST_DIGITS: Final = 30
LONGEST_NAME: Final = 200


class NotThereError(ReportError):
    """What was asked for is not there: the filter `default` puts something else in its place."""


class Seen(ABC):
    """Something an expression can ask. `members` are the names that it answers to, as attributes of its own; `numbers`
    says how to write the numbers that it has."""

    members: ClassVar[tuple[str, ...]] = ()
    numbers: ClassVar[tuple[str, ...]] = ()

    @property
    @abstractmethod
    def what(self) -> str:
        """What it is, for messages."""

    def member(self, name: str) -> object:
        """What stands behind a point. Raises `NotThereError`."""
        if name in self.members:
            return getattr(self, name)
        raise NotThereError(f"{self.what} has no {name[:LONGEST_NAME]!r}; {hint(name, self.members)}")

    def item(self, key: object) -> object:
        """What stands behind square brackets. Raises `NotThereError`."""
        return self.member(text_of(key, "a name"))

    def text(self) -> str:
        """How it reads on a page. Raises `ReportError` where it does not."""
        raise ReportError(f"{self.what} is no value; ask it for one: {', '.join(self.members)}")

    def __str__(self) -> str:
        return self.text()


class SeenRun(Seen):
    """One run: who it is, and what it was given and came to."""

    numbers = (".summary.…", ".config.…", ".runtime")
    members = ("id", "name", "state", "group", "job_type", "tags", "notes", "created", "runtime", "summary", "config")

    def __init__(self, run: RunRecord, budget: Budget) -> None:
        self._run = run
        self._budget = budget

    @property
    def what(self) -> str:
        return f"the run {self._run.name[:LONGEST_NAME]!r}"

    def text(self) -> str:
        return self._run.name

    @property
    def id(self) -> str:
        return self._run.id

    @property
    def name(self) -> str:
        return self._run.name

    @property
    def state(self) -> str:
        return self._run.state

    @property
    def group(self) -> str | None:
        return self._run.meta.group or None

    @property
    def job_type(self) -> str | None:
        return self._run.meta.job_type or None

    @property
    def tags(self) -> tuple[str, ...]:
        return self._run.meta.tags

    @property
    def notes(self) -> object:
        return plain(self._run.meta.notes or None, self._budget, "notes")

    @property
    def created(self) -> str | None:
        """ISO 8601, UTC."""
        return iso(self._run.created)

    @property
    def runtime(self) -> float | None:
        """From its start to its end, in seconds."""
        return self._run.runtime

    @property
    def summary(self) -> "SeenSection":
        return SeenSection(self._run.summary, self._budget, f"summary of {self.what}")

    @property
    def config(self) -> "SeenSection":
        return SeenSection(self._run.config, self._budget, f"config of {self.what}")


class SeenSection(Seen):
    """Values by key: a run's config or summary, or a part of these. Keys may hold points, and nest."""

    def __init__(self, values: Mapping[str, Any], budget: Budget, name: str) -> None:
        self._values = values
        self._budget = budget
        self._name = name

    @property
    def what(self) -> str:
        return f"the {self._name}"

    def text(self) -> str:
        raise ReportError(f"{self.what} holds several values; name one: {hint('', self._values)}")

    def member(self, name: str) -> object:
        self._budget.spend(1 + len(self._values))
        if name in self._values or dig(self._values, name) is not None:
            found = self._values[name] if name in self._values else dig(self._values, name)
            return plain(found, self._budget, f"{name} in the {self._name}")
        inner = {key[len(name) + 1 :]: value for key, value in self._values.items() if key.startswith(f"{name}.")}
        if inner:
            return SeenSection(inner, self._budget, f"{name[:LONGEST_NAME]} in the {self._name}")
        raise NotThereError(f"{self.what} has no {name[:LONGEST_NAME]!r}; {hint(name, self._values)}")


class SeenInterval(Seen):
    """An interval of confidence."""

    members = ("low", "high", "level")
    numbers = (".low", ".high")

    def __init__(self, interval: statistics.Interval) -> None:
        self.low, self.high, self.level = interval.low, interval.high, interval.level

    @property
    def what(self) -> str:
        return "the interval"

    def text(self) -> str:
        return f"[{statistics.format_number(self.low)}, {statistics.format_number(self.high)}]"


class SeenGap(Seen):
    """By how much the mean of one run set is above another's."""

    members = ("mean", "ci", "low", "high")
    numbers = (".mean", ".low", ".high")

    def __init__(self, gap: statistics.Gap) -> None:
        self.mean, self.low, self.high = gap.mean, gap.interval.low, gap.interval.high
        self.ci = SeenInterval(gap.interval)

    @property
    def what(self) -> str:
        return "the difference"

    def text(self) -> str:
        return f"{statistics.format_number(self.mean)} {self.ci.text()}"


def plain(value: object, budget: Budget, name: str) -> object:
    """A value of a run as an expression sees it. Raises `ReportError` for media and for what is too much."""
    if isinstance(value, dict):
        if "_type" in value:
            kind = str(value["_type"])[:40]
            raise ReportError(f"{name} is of the type {kind!r}, no text or number; show it in a panel")
        return SeenSection(value, budget, name)
    if isinstance(value, list | tuple):
        budget.spend(len(value))
        if len(value) > _MOST_ITEMS:
            raise ReportError(f"{name} is a list of {len(value):,} values, at most {_MOST_ITEMS:,} are allowed")
        return tuple(plain(each, budget, name) for each in value)
    if isinstance(value, str) and len(value) > _MOST_TEXT:
        raise ReportError(f"{name} is a text of {len(value):,} characters, at most {_MOST_TEXT:,} are allowed")
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def digits_of(value: object) -> int:
    """Digits behind the point. Raises `ReportError` where it is no such number."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MOST_DIGITS:
        raise ReportError(f"found {described(value)}, expected a whole number of digits from 0 to {_MOST_DIGITS}")
    return value


def real(value: object, what: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ReportError(f"found {described(value)}, expected {what}")
    return float(value)


def text_of(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise ReportError(f"found {described(value)}, expected {what}; write it in quotes")
    return value


def described(value: object) -> str:
    """A value in a few words, for messages."""
    if isinstance(value, Seen):
        return value.what
    if isinstance(value, str):
        return f"the text {value[:40]!r}"
    if isinstance(value, int | float):
        return f"the number {value:.6g}" if abs(value) < 1e300 else "a huge number"
    return "a list" if isinstance(value, tuple) else "a function" if callable(value) else "nothing"


def numbers_of(value: object) -> str:
    """What to write behind a value in place of which a number is expected; "" where it has none."""
    known = value.numbers if isinstance(value, Seen) else ()
    return f"; write behind it which: {' or '.join(known)}" if known else ""


def hint(name: str, known: Mapping[str, object] | Sequence[str]) -> str:
    """What could have been meant instead of a name."""
    names = [each for each in known if isinstance(each, str)]
    shown = list(_shortened(names))
    return meant(name[:LONGEST_NAME], names[:1000]) or (f"there are {', '.join(shown)}" if shown else "it is empty")


def _shortened(names: Sequence[str]) -> Iterator[str]:
    yield from (name[:60] for name in names[:12])
    if len(names) > 12:
        yield f"{len(names) - 12} more"
