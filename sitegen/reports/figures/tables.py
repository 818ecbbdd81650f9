"""Tables of a report: a row a group with mean ± standard deviation, or a row a run; the best of a column stands out."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from runstore.errors import UsageError
from runstore.format.sections import Section, shown
from runstore.reading.columns import Columns, spelled
from runstore.reading.store import RunRecord
from sitegen.data.defined import Definitions
from sitegen.reports.figures.blocks import Head
from sitegen.reports.figures.known import RunSets
from sitegen.reports.mistakes import NOTHING, ReportError
from sitegen.reports.runsets import RunSet, column
from sitegen.reports.values import statistics
from sitegen.reports.values.statistics import Spread

SHOWS: Final[Mapping[str, Callable[[Sequence[float]], float]]] = {
    "mean": statistics.mean,
    "median": statistics.median,
    "min": min,
    "max": max,
    "std": statistics.std,
    "sem": statistics.sem,
    "sum": statistics.total,
    "count": lambda values: float(len(values)),
}
"""What a column may show of a group beside mean ± standard deviation."""
MEAN_STD: Final = "mean ± std"
_LIKE_VALUES: Final = frozenset({MEAN_STD, "mean", "median", "min", "max"})
"""What is better where the values are."""
MOST_ROWS: Final = 500
MOST_RUNS: Final = 50
"""Rows of a table of runs that does not say how many."""
MOST_USUAL: Final = 4

_BEST: Final = ("highest", "lowest", "none")
_ALIKE: Final = {"mean_std": MEAN_STD, "mean±std": MEAN_STD, "mean +- std": MEAN_STD, "n": "count"}
_NONE: Final = "(none)"


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: its text, the number that it is compared by, whether it is the best of its column, where it leads."""

    text: str
    value: float | None = None
    spread: Spread | None = None
    is_best: bool = False
    run: RunRecord | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A column as it is written: of what, under which label, and what it shows of several runs."""

    key: str
    label: str
    show: str
    digits: int | None
    best: str


@dataclass(frozen=True, slots=True)
class TableBlock:
    """A table: its heads, of which the first `names` are no numbers, and its rows."""

    head: Head
    heads: tuple[str, ...]
    names: int
    rows: tuple[tuple[Cell, ...], ...]
    hidden: int
    sets: tuple[RunSet, ...]
    source: str

    @property
    def projects(self) -> set[str]:
        """The projects that it shows something of."""
        return {each.project.name for each in self.sets}


def read_table(section: Section, head: Head, sets: RunSets, source: str, *, by_run: bool = False) -> TableBlock:
    """A table from the YAML of its block; `by_run`: of runs, whatever groups these. Raises `ReportError`."""
    section.only(("id", "caption", "runs", *(() if by_run else ("rows",)), "columns", "most"))
    found = sets.of(section)
    known = sets.subject(found[0]).columns
    given = _usual(found[0]) if by_run and "columns" not in section else _given(section)
    columns = [_column(section, at, item, found[0]) for at, item in enumerate(given)]
    most = section.integer("most", MOST_RUNS if by_run else MOST_ROWS, least=1, most=MOST_ROWS)
    names, rows = _by_run(found) if by_run else _rows(section, found, known)
    made = [[*cells, *(_cell(each, runs, known) for each in columns)] for cells, runs in rows[:most]]
    goals = ["none"] * len(names) + [each.best for each in columns]
    marked = tuple(_marked(made, goals))
    heads = (*names, *(each.label for each in columns))
    return TableBlock(head, heads, len(names), marked, max(0, len(rows) - most), found, source)


def _usual(found: RunSet) -> list[Any]:
    """What a table of runs shows by itself: how each ended, and what differs between them."""
    columns = Columns(found.runs)
    differing = [name for name in columns.names() if name.startswith("config.") and _differs(columns, name)]
    measured = [name for name in columns.names() if name.startswith("summary.") and columns.kind(name) == "number"]
    own = [name for name in measured if not name.startswith("summary._")]
    return ["state", *differing[:MOST_USUAL], *own[:MOST_USUAL]]


def _differs(columns: Columns, name: str) -> bool:
    return len({spelled(value) for value in columns.values(name)}) > 1


def _given(section: Section) -> list[Any]:
    return section.items("columns", "write [val_acc, {key: val_loss, digits: 3}]")


def _column(section: Section, at: int, item: Any, found: RunSet) -> Column:
    path = (*section.path, "columns", at)
    inner = Section({"key": item} if isinstance(item, str) else item, section.source, path, "write a key, or {key: …}")
    inner.only(("key", "label", "show", "digits", "best"))
    inner.required("key", "a column, such as val_acc")
    try:
        key = column(inner.text("key"), Columns(found.project.runs))
    except UsageError as error:
        raise section.source.error(path, str(error)) from None
    show = _ALIKE.get(str(inner.get("show")), inner.get("show", MEAN_STD))
    if show not in (MEAN_STD, *SHOWS):
        inner.fail("show", shown(show), f"one of {MEAN_STD}, {', '.join(SHOWS)}", "choose one of them")
    best = inner.choice("best", _BEST, _goal(key, found) if show in _LIKE_VALUES else "none")
    return Column(key, inner.text("label") or _label(key), show, inner.integer("digits", least=0, most=12), best)


def _label(key: str) -> str:
    section, _, rest = key.partition(".")
    return rest if section in ("summary", "config") and rest else key


def _goal(key: str, found: RunSet) -> str:
    """Which value of a column is best, where its metric was defined with a goal."""
    if not key.startswith("summary."):
        return "none"
    definitions = Definitions(found.project.runs)
    label = key.removeprefix("summary.")
    goal = definitions.of(label).goal or definitions.of(label.rpartition(".")[0]).goal
    return {"maximize": "highest", "minimize": "lowest"}.get(goal or "", "none")


Row = tuple[list[Cell], Sequence[RunRecord]]


def _rows(section: Section, found: Sequence[RunSet], known: Columns) -> tuple[list[str], list[Row]]:
    """The names of the first columns, and for each row its first cells and its runs."""
    given = section.get("rows")
    names = [given] if isinstance(given, str) else list(section.texts("rows", "write [config.model]") if given else ())
    if names == ["runs"] or (not names and not found[0].group and len(found) == 1):
        return _by_run(found)
    if not names and len(found) > 1:
        return ["Runs"], [([Cell(each.name)], each.runs) for each in found]
    keys = _keys(section, names, known) if names else list(found[0].group)
    return [_label(key) for key in keys], _groups(keys, [run for each in found for run in each.runs])


def _by_run(found: Sequence[RunSet]) -> tuple[list[str], list[Row]]:
    return ["Run"], [([Cell(each.name_of(run), run=run)], [run]) for each in found for run in each.runs]


def _keys(section: Section, names: Sequence[str], known: Columns) -> list[str]:
    try:
        return [column(name, known) for name in names]
    except UsageError as error:
        raise section.source.error((*section.path, "rows"), str(error)) from None


def _groups(keys: Sequence[str], runs: Sequence[RunRecord]) -> list[Row]:
    """The runs by their values in some columns, in the order of these values."""
    own = Columns(runs)
    values = [own.values(key) for key in keys]
    found: dict[tuple[str, ...], list[RunRecord]] = {}
    sample: dict[tuple[str, ...], tuple[Any, ...]] = {}
    for at, run in enumerate(runs):
        place = tuple(spelled(each[at]) or _NONE for each in values)
        found.setdefault(place, []).append(run)
        sample.setdefault(place, tuple(each[at] for each in values))
    ordered = sorted(found, key=lambda place: tuple(map(_rank, sample[place])))
    return [([Cell(text) for text in place], found[place]) for place in ordered]


def _rank(value: Any) -> tuple[int, float, str]:
    """Numbers before text before nothing."""
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return 0, float(value), ""
    return (1, 0.0, str(value)) if value is not None else (2, 0.0, "")


def _cell(each: Column, runs: Sequence[RunRecord], known: Columns) -> Cell:
    values = Columns(runs).values(each.key)
    numbers = [float(value) for value in values if _is_number(value)]
    if each.show == "count":
        return Cell(str(len(numbers)), float(len(numbers)))
    if not numbers or len(numbers) < sum(value is not None for value in values):
        texts = sorted({spelled(value) or "" for value in values if value is not None})
        return Cell(texts[0] if len(texts) == 1 else NOTHING if not texts else f"{len(texts)} values")
    if len(runs) == 1 and each.show not in ("std", "sem"):
        return Cell(statistics.format_number(numbers[0], each.digits), numbers[0])
    try:
        return _of_several(each, numbers)
    except ReportError:
        return Cell(NOTHING)


def _of_several(each: Column, numbers: Sequence[float]) -> Cell:
    if each.show != MEAN_STD:
        value = SHOWS[each.show](numbers)
        return Cell(statistics.format_number(value, each.digits), value)
    middle = statistics.mean(numbers)
    if len(numbers) == 1:
        return Cell(statistics.mean_std(numbers, each.digits), middle)
    spread = statistics.rounded(middle, statistics.std(numbers), each.digits)
    return Cell(str(spread), middle, spread)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _marked(rows: Sequence[Sequence[Cell]], goals: Sequence[str]) -> Iterator[tuple[Cell, ...]]:
    """The rows with the best value of each column marked, where the column says which is best and several have one."""
    best: dict[int, float] = {}
    for at, goal in enumerate(goals):
        values = [value for row in rows if (value := row[at].value) is not None]
        if goal != "none" and len(values) > 1:
            best[at] = max(values) if goal == "highest" else min(values)
    for row in rows:
        yield tuple(
            Cell(cell.text, cell.value, cell.spread, at in best and cell.value == best[at], cell.run)
            for at, cell in enumerate(row)
        )
