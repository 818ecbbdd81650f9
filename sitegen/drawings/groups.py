"""Which runs a figure shows, in which order and colours, and their groups: as `runs.js` and `shown.js` have it.

A run's rank is its place among all of the project, the oldest first; a group's that of its value's first appearance.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final
from urllib.parse import unquote

from runstore.reading.store import Project
from sitegen.data.sweeps import Sweep
from sitegen.drawings import theme
from sitegen.drawings.columns import Column, page_columns
from sitegen.drawings.drawing import UndrawableError
from sitegen.drawings.numbers import summary
from sitegen.drawings.trials import Trials, trials_of
from sitegen.drawings.wording import plain
from sitegen.reports.figures.drawn import Drawn, payload

SET: Final = "runset"
"""The column that says of which of a figure's run sets a run is."""
NONE: Final = "(none)"
RUN_BY_RUN: Final = "-"
"""What a panel says that has no groups, whatever its figure has."""


@dataclass(frozen=True, slots=True)
class Entity:
    """What a panel has one mark for: a run, or a group with those of its runs that are shown, by their places."""

    label: str
    colour: str
    runs: tuple[int, ...]


@dataclass(frozen=True)
class Scene:
    """A figure's runs by their places in the project. `charted` are those that are shown, in the figure's order;
    `names` what every run of the project is called here; `group` the keys of the columns that group them; `sweep` is
    that of its block."""

    project: Project
    columns: Mapping[str, Column] = field(repr=False)
    charted: tuple[int, ...]
    names: Sequence[str] = field(repr=False)
    group: tuple[str, ...]
    sort: tuple[tuple[str, int], ...] = ()
    sweep: Sweep | None = field(default=None, repr=False)

    @cached_property
    def trials(self) -> Trials:
        """The trials of the figure's sweep. Raises `UndrawableError` for a figure of none."""
        if self.sweep is None:
            raise UndrawableError("its block names no sweep: add sweep:")
        return trials_of(self.sweep, self.project.runs, self.charted)

    @cached_property
    def groups(self) -> tuple[Entity, ...] | None:
        """The groups in the order of their values, None where each run stands for itself."""
        return tuple(_groups(self)) if self.group else None

    @property
    def entities(self) -> tuple[Entity, ...]:
        """The groups, or else the runs in their order."""
        return self.runs if self.groups is None else self.groups

    @property
    def runs(self) -> tuple[Entity, ...]:
        return tuple(Entity(self.names[run], self.colour(run), (run,)) for run in self.charted)

    @cached_property
    def ordered(self) -> tuple[Entity, ...]:
        """The same in the order of the figure's table: groups by the means of what it is sorted by."""
        found = list(self.entities)
        for key, sign in reversed(self.sort if self.groups is not None else ()):
            found.sort(key=_group_order(self.columns[key], sign))
        return tuple(found)

    def colour(self, run: int) -> str:
        """A run's own colour."""
        return theme.colour(len(self.project.runs) - 1 - run)

    @cached_property
    def run_colours(self) -> Mapping[int, str]:
        """The colour of each run that is shown: its group's where there are groups."""
        return {run: each.colour for each in self.entities for run in each.runs}

    def grouped(self, choice: object) -> "Scene":
        """The figure with the groups of a panel's own, if it has some."""
        if not choice:
            return self
        keys = () if choice == RUN_BY_RUN else tuple(_keys(str(choice), self.columns))
        return replace(self, group=keys)


def scene_of(drawn: Drawn) -> Scene:
    """A figure of a report as its page shows it first."""
    told = payload(drawn)
    project = drawn.grid.sets[0].project
    columns = dict(page_columns(project))
    places = [[at for first, last in each["runs"] for at in range(first, last + 1)] for each in told["sets"]]
    names = [told["names"].get(run.id, run.name) for run in project.runs]
    if len(places) > 1:
        columns[SET] = _sets_column([each["name"] for each in told["sets"]], places, len(names))
    columns["name"] = replace(columns["name"], values=names)
    sort = tuple(_sorts(told["sort"], columns))
    group = (SET,) if len(places) > 1 else tuple(_keys(told["group"], columns))
    charted = _sorted(sorted({run for own in places for run in own}), sort, columns)
    return Scene(project, columns, tuple(charted), names, group, sort, drawn.grid.sweep)


def _sets_column(names: Sequence[str], places: Sequence[Sequence[int]], runs: int) -> Column:
    """Of which set each run is: of the first that has it."""
    values: list[str | None] = [None] * runs
    for name, own in reversed(list(zip(names, places, strict=True))):
        for run in own:
            values[run] = name
    return Column(SET, "Run set", "run", "text", values)


def _keys(text: str, columns: Mapping[str, Column]) -> list[str]:
    """The columns that a view names, those that are there."""
    if text in columns:
        return [text]
    return [key for part in text.split(",") if (key := unquote(part)) in columns]


def _sorts(text: str, columns: Mapping[str, Column]) -> list[tuple[str, int]]:
    """What to sort by, most important first, each with 1 for ascending and -1 for descending."""
    parts = [text] if text.removeprefix("-") in columns else [unquote(part) for part in text.split(",")]
    found = [(part.removeprefix("-"), -1 if part.startswith("-") else 1) for part in parts if part]
    return [(key, sign) for key, sign in found if key in columns]


def _sorted(runs: Iterable[int], sort: Sequence[tuple[str, int]], columns: Mapping[str, Column]) -> list[int]:
    """Runs in the order of columns; what has no value, or no finite number, comes last."""
    found = list(runs)
    for key, sign in reversed(sort):
        order = _order(columns[key])
        found.sort(key=lambda run: _last_if_missing(order[run], sign))
    return found


def _last_if_missing(value: float, sign: int) -> tuple[bool, float]:
    return (True, 0.0) if math.isnan(value) else (False, sign * value)


def _order(column: Column) -> list[float]:
    """Numbers that stand in the order of a column's values; NaN for what has none."""
    if column.is_numeric:
        return [math.nan if (value := column.number(run)) is None else value for run in range(len(column.values))]
    texts = [value if _is_number(value) or value is None else plain(_listed(value)) for value in column.values]
    places = {value: at for at, value in enumerate(sorted({each for each in texts if each is not None}, key=natural))}
    return [math.nan if each is None else float(places[each]) for each in texts]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _listed(value: Any) -> Any:
    return ",".join(map(plain, value)) if isinstance(value, list) else value


def _group_order(column: Column, sign: int) -> Callable[[Entity], tuple[bool, float]]:
    order = None if column.kind in ("number", "duration") else _order(column)

    def place(each: Entity) -> tuple[bool, float]:
        if order is None:
            found = summary(column.numbers(each.runs))
            return _last_if_missing(math.nan if found is None else found.mean, sign)
        known = [order[run] for run in each.runs if not math.isnan(order[run])]
        return _last_if_missing(min(known, default=math.nan), sign)

    return place


def _groups(scene: Scene) -> Iterable[Entity]:
    """The groups that have a run that is shown; their ranks are those of all runs of the project."""
    levels = [_Level(scene.columns[key]) for key in scene.group]
    count = len(scene.project.runs)
    ranks: dict[tuple[int, ...], int] = {}
    for run in reversed(range(count)):
        ranks.setdefault(tuple(level.codes[run] for level in levels), len(ranks))
    found: dict[tuple[int, ...], list[int]] = {}
    for run in sorted(scene.charted):
        found.setdefault(tuple(level.codes[run] for level in levels), []).append(run)
    for codes in sorted(
        found, key=lambda codes: [level.order[code] for level, code in zip(levels, codes, strict=True)]
    ):
        label = " · ".join(level.labels[code] for level, code in zip(levels, codes, strict=True))
        yield Entity(label, theme.colour(ranks[codes]), tuple(found[codes]))


class _Level:
    """One column's values as codes in the order in which they first appeared, with their labels and their order."""

    def __init__(self, column: Column) -> None:
        known: dict[str, int] = {}
        values: list[Any] = []
        self.codes = [0] * len(column.values)
        for run in reversed(range(len(column.values))):
            name = _name(column.values[run])
            if name not in known:
                known[name] = len(values)
                values.append(column.values[run])
            self.codes[run] = known[name]
        self.labels = _labels(values, list(known))
        ordered = sorted(range(len(values)), key=lambda code: natural(_listed(values[code])))
        self.order = {code: place for place, code in enumerate(ordered)}


def _label(value: Any) -> str:
    if value is None or value == []:
        return NONE
    return ", ".join(map(plain, value)) if isinstance(value, list) else plain(value)


def _name(value: Any) -> str:
    """What no other value's group is called: a text that reads like another value stands in quotes."""
    label = _label(value)
    return f"'{label}'" if isinstance(value, str) and _is_like_another(value) else label


def _is_like_another(text: str) -> bool:
    if text in ("", NONE, "true", "false") or re.fullmatch(r"'.*'", text, re.DOTALL):
        return True
    try:
        return plain(float(text)) == text
    except ValueError:
        return False


def _labels(values: Sequence[Any], names: Sequence[str]) -> list[str]:
    """The labels of groups: their names where two would read the same, or one like nothing."""
    labels = [_label(value) for value in values]
    return [name if not label or labels.count(label) > 1 else label for label, name in zip(labels, names, strict=True)]


def natural(value: Any) -> tuple[int, float, list[Any], str]:
    """The order of values: numbers, then texts with the numbers in them by size, then nothing."""
    if value is None:
        return (2, 0.0, [], "")
    if _is_number(value):
        return (0, value if math.isfinite(value) else 0.0, [], "")
    text = plain(value)
    parts = re.split(r"(\d+(?:\.\d+)?)", text)
    return (1, 0.0, [float(part) if at % 2 else part.casefold() for at, part in enumerate(parts)], text)
