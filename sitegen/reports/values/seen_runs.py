"""What expressions and checks see of run sets: their statistics, their best runs, their parts."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from runstore.errors import UsageError
from runstore.reading import sql
from runstore.reading.columns import Columns, spelled
from runstore.reading.goals import guessed_goal
from runstore.reading.store import RunRecord
from sitegen.data.defined import Definitions
from sitegen.pages.values import told_apart
from sitegen.reports.mistakes import ReportError
from sitegen.reports.runsets import column
from sitegen.reports.values import statistics
from sitegen.reports.values.budget import START, Budget
from sitegen.reports.values.samples import Sample, metric_of, sample
from sitegen.reports.values.seen import (
    LONGEST_NAME,
    NotThereError,
    Seen,
    SeenInterval,
    SeenRun,
    described,
    digits_of,
    hint,
    plain,
    real,
    text_of,
)

_HIDDEN: Final = frozenset({"user", "host", "commit", "path"})
"""Columns about where a run was made, which no report shows."""
_KEY: Final = re.compile(r"(?:config|summary|summary_metrics)\.[^\s'\"`(),=<>!~*+%]+")
_SIGNS_OF_COMPARISON: Final = 8
_SIGNS_OF_KEY: Final = 4
_GOALS: Final = {
    **dict.fromkeys(("min", "lowest", "minimize"), False),
    **dict.fromkeys(("max", "highest", "maximize"), True),
}


class SeenRuns(Seen):
    """A run set. Statistics leave out runs that have no finite number under the key."""

    members = (
        *("best", "worst", "first", "last", "where", "group", "values", "mean", "std", "sem", "median", "min", "max"),
        *("sum", "count", "ci", "mean_std"),
    )
    numbers = (".mean('…')", ".max('…')", ".count()")

    def __init__(self, runs: Sequence[RunRecord], budget: Budget, name: str) -> None:
        self.runs = tuple(runs)
        self.budget = budget
        self._name = name
        self.columns = Columns(self.runs)
        self._own_names: dict[str, str] = {}
        self._samples: dict[str, Sample] = {}
        self._filtered: dict[str, SeenRuns] = {}
        self._grouped: dict[str, SeenGroups] = {}

    @property
    def what(self) -> str:
        return f"the run set {self._name!r}"

    def __len__(self) -> int:
        return len(self.runs)

    def item(self, key: object) -> object:
        if isinstance(key, int) and not isinstance(key, bool):
            return self._run(key)
        return super().item(key)

    def _run(self, place: int) -> "SeenRun":
        if not -len(self.runs) <= place < len(self.runs):
            raise NotThereError(f"{self.what} has no run [{place}]: it holds {len(self.runs)} runs, counted from 0")
        return SeenRun(self.runs[place], self.budget)

    def sample(self, key: object) -> Sample:
        """The finite numbers under a key. Raises `ReportError` where there are none."""
        name = self.column(key)
        self.budget.spend(len(self.runs))
        if name not in self._samples:
            self._samples[name] = sample(self.runs, self.columns.values(name), name, self.what)
        return self._samples[name]

    def column(self, key: object) -> str:
        """A column's own name; a key without section is one of the summary. Raises `ReportError`."""
        text = text_of(key, "the name of a column, such as 'val_acc' or 'config.lr'")
        if text not in self._own_names:
            self._own_names[text] = self._own_name(text)
        return self._own_names[text]

    def _own_name(self, text: str) -> str:
        if len(text) > LONGEST_NAME:
            raise ReportError(f"found a column's name of {len(text)} characters, at most {LONGEST_NAME} are allowed")
        if not self.runs:
            raise ReportError(f"{self.what} holds no runs")
        self.budget.spend(START + 2 * len(self.runs))
        try:
            name = column(text, self.columns)
        except UsageError as error:
            raise ReportError(f"{self.what}: {error}") from None
        if name in _HIDDEN:
            raise ReportError(f"{self.what}: {name!r} says where a run was made, which reports do not show")
        return name

    @property
    def first(self) -> "SeenRun":
        return self._run(0)

    @property
    def last(self) -> "SeenRun":
        return self._run(-1)

    def best(self, metric: object, goal: object = None) -> "SeenRun":
        """The run with the best value: by `goal` ("min" or "max"), else by the goal that was defined for the metric,
        else by what its name says."""
        return SeenRun(self._extreme(metric, self._highest(metric, goal)), self.budget)

    def worst(self, metric: object, goal: object = None) -> "SeenRun":
        """The run with the worst value; `goal` is what is best."""
        return SeenRun(self._extreme(metric, not self._highest(metric, goal)), self.budget)

    def best_value(self, metric: object, *, worst: bool = False) -> float:
        """The value of the best run, or the worst one's."""
        numbers = self.sample(metric).numbers
        return max(numbers) if self._highest(metric, None) != worst else min(numbers)

    def _extreme(self, metric: object, highest: bool) -> RunRecord:
        found = self.sample(metric)
        places = range(len(found.numbers))
        return found.runs[(max if highest else min)(places, key=found.numbers.__getitem__)]

    def _highest(self, metric: object, goal: object) -> bool:
        """Whether the highest value of a metric is its best."""
        if goal is not None:
            if not isinstance(goal, str) or goal not in _GOALS:
                raise ReportError(f"found {described(goal)} as the goal, expected one of {', '.join(_GOALS)}")
            return _GOALS[goal]
        name = self.column(metric)
        key = metric_of(self.runs, name)
        found = (Definitions(self.runs).of(key).goal if key else None) or guessed_goal(key)
        if found is None:
            raise ReportError(
                f"nothing says whether high or low values of {name} are best; write best('{name}', 'min') or "
                f"'max', or give the metric a goal: define_metric('{key or name}', goal='minimize')"
            )
        return found == "maximize"

    def where(self, condition: object) -> "SeenRuns":
        """The runs for which a filter holds, in the language of `runstore ls --filter`."""
        text = text_of(condition, "a filter, such as \"state = 'finished'\"")
        if text not in self._filtered:
            self._filtered[text] = self._where(text)
        return self._filtered[text]

    def _where(self, text: str) -> "SeenRuns":
        self.pay_filter(text)
        try:
            holds = self.columns.evaluate(sql.condition(text, self.columns))
        except UsageError as error:
            raise ReportError(str(error)) from None
        runs = [run for run, chosen in zip(self.runs, holds, strict=True) if chosen]
        return SeenRuns(runs, self.budget, f"{self._name} where {text[:60]}")

    def pay_filter(self, text: str) -> None:
        """What a filter costs: the runs for each few signs, since these tell comparisons apart, and again for each sign
        of a key that holds many: it may end at any of them."""
        signs = _signs(text) // _SIGNS_OF_COMPARISON
        inside = sum(max(_signs(key) - _SIGNS_OF_KEY, 0) for key in _KEY.findall(text))
        self.budget.spend(START + (1 + signs + inside) * len(self.runs))

    def group(self, key: object) -> "SeenGroups":
        """The runs by their value of a column."""
        name = self.column(key)
        if name not in self._grouped:
            self._grouped[name] = self._groups_of(name)
        return self._grouped[name]

    def _groups_of(self, name: str) -> "SeenGroups":
        self.budget.spend(2 * len(self.runs))
        groups: dict[str, list[RunRecord]] = {}
        labels = told_apart(self.columns.values(name), spelled)
        for run, label in zip(self.runs, labels, strict=True):
            groups.setdefault(label, []).append(run)
        return SeenGroups({label: self._part(runs, name, label) for label, runs in groups.items()}, name)

    def _part(self, runs: Sequence[RunRecord], name: str, label: str) -> "SeenRuns":
        return SeenRuns(runs, self.budget, f"{self._name} with {name} = {label[:60]}")

    def values(self, key: object) -> tuple[object, ...]:
        """The values that there are, in the order of the runs."""
        name = self.column(key)
        self.budget.spend(len(self.runs))
        return tuple(plain(value, self.budget, name) for value in self.columns.values(name) if value is not None)

    def mean(self, key: object) -> float:
        return statistics.mean(self.sample(key).numbers)

    def std(self, key: object) -> float:
        return statistics.std(self.sample(key).numbers)

    def sem(self, key: object) -> float:
        return statistics.sem(self.sample(key).numbers)

    def median(self, key: object) -> float:
        return statistics.median(self.sample(key).numbers)

    def min(self, key: object) -> float:
        return min(self.sample(key).numbers)

    def max(self, key: object) -> float:
        return max(self.sample(key).numbers)

    def sum(self, key: object) -> float:
        return statistics.total(self.sample(key).numbers)

    def count(self, key: object = None) -> int:
        """How many runs there are, or how many have a value under a key."""
        return len(self.runs) if key is None else len(self.having(key))

    def having(self, key: object) -> tuple[RunRecord, ...]:
        """The runs that have a value under a key other than NaN."""
        if not self.runs:
            return ()
        values = self.columns.values(self.column(key))
        self.budget.spend(len(self.runs))
        # NaN is the one value that is not itself.
        return tuple(run for run, value in zip(self.runs, values, strict=True) if value is not None and value == value)

    def ci(self, key: object, level: object = statistics.LEVEL) -> "SeenInterval":
        """Student's interval of the mean."""
        return SeenInterval(statistics.interval(self.sample(key).numbers, real(level, "a level, such as 0.95")))

    def mean_std(self, key: object, digits: object = None) -> str:
        """`0.953 ± 0.004`; `digits` behind the point, else as many as the deviation warrants."""
        return statistics.mean_std(self.sample(key).numbers, None if digits is None else digits_of(digits))


class SeenGroups(Seen):
    """Run sets by a column's value, in the order in which these appear; `names` are the values as texts."""

    members = ("names",)

    def __init__(self, groups: Mapping[str, SeenRuns], column: str) -> None:
        self._groups = groups
        self._column = column

    @property
    def what(self) -> str:
        return f"the groups of {self._column}"

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._groups)

    def __len__(self) -> int:
        return len(self._groups)

    def member(self, name: str) -> object:
        return super().member(name) if name in self.members else self.item(name)

    def item(self, key: object) -> object:
        name = spelled(key) if isinstance(key, str | int | float) else None
        if name is None or name not in self._groups:
            wanted = described(key) if name is None else repr(name[:60])
            raise NotThereError(f"{self.what} have no {wanted}; {hint(name or '', self._groups)}")
        return self._groups[name]


def _signs(text: str) -> int:
    return sum(not letter.isalnum() for letter in text)
