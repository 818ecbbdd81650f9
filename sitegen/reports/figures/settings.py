"""The settings of panels as a report writes them, each read from YAML into what the panel's script takes."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from runstore.errors import UsageError
from runstore.format.sections import Path, Section, meant, shown
from runstore.reading.columns import Columns
from sitegen.reports.runsets import column

_AXES: Final = ("_step", "_runtime", "_timestamp", "defined")
LARGEST_SPEC: Final = 200_000
"""Characters that the specification of a chart may have as JSON."""
MOST_SMOOTHING: Final = 0.999
_ON_PAGES: Final = {"user": "author"}
"""Columns that have another name in a page's table of runs."""


@dataclass(frozen=True)
class Known:
    """What a panel's settings may name: the columns of its runs, the metrics and what else was logged, and of a
    sweep's panels the parameters of that sweep."""

    columns: Columns
    metrics: Sequence[str]
    logged: Mapping[str, Sequence[str]]
    parameters: Sequence[str] = ()


Read = Callable[[Section, str, Known], Any]
"""Reads the value of a key that is there. Raises `ReportError`."""


def text(section: Section, key: str, known: Known) -> str:
    return section.text(key)


def flag(section: Section, key: str, known: Known) -> bool:
    return section.flag(key, default=False)


def yes_no(section: Section, key: str, known: Known) -> str:
    """True or false where the page may say either."""
    return "yes" if section.flag(key, default=False) else "no"


def number(section: Section, key: str, known: Known) -> float | int | None:
    return section.number(key)


def smoothing(section: Section, key: str, known: Known) -> float | int:
    value = section.number(key, 0)
    if not 0 <= value <= MOST_SMOOTHING:
        section.fail(key, shown(value), f"a number from 0 to {MOST_SMOOTHING}", "0.6 smooths much, 0.9 more")
    return value


def choice(*words: str) -> Read:
    """One of some words; a number stands for the word that it reads as."""

    def read(section: Section, key: str, known: Known) -> str:
        value = section.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and str(value) in words:
            return str(value)
        return section.choice(key, words)

    return read


def choice_of(words: Mapping[str, str]) -> Read:
    """One of some words, as the panel's script calls it."""
    pick = choice(*words)
    return lambda section, key, known: words[pick(section, key, known)]


def a_column(section: Section, key: str, known: Known) -> str:
    return _column(section.text(key), section, (*section.path, key), known)


def some_columns(section: Section, key: str, known: Known) -> list[str]:
    return [_column(name, section, path, known) for path, name in _names(section, key)]


def grouping(section: Section, key: str, known: Known) -> str:
    """Columns as the page writes them that groups by them; "none" for no groups."""
    names = _names(section, key)
    if [name for _, name in names] == ["none"]:
        return "-"
    return as_grouping([_column(name, section, path, known) for path, name in names])


def as_grouping(columns: Sequence[str]) -> str:
    """Columns as the view of a page names those that it groups by."""
    return columns[0] if len(columns) == 1 else ",".join(quote(name, safe="!~*'()") for name in columns)


def on_pages(name: str) -> str:
    """What a column is called in a page's table of runs."""
    return _ON_PAGES.get(name, name)


def _column(name: str, section: Section, path: Path, known: Known) -> str:
    try:
        return on_pages(column(name, known.columns))
    except UsageError as error:
        raise section.source.error(path, str(error)) from None


def _names(section: Section, key: str) -> list[tuple[Path, str]]:
    """A list of texts, or one text alone, each with its place."""
    value, path = section.get(key), (*section.path, key)
    if isinstance(value, str):
        return [(path, value)]
    return [((*path, at), name) for at, name in enumerate(section.texts(key, "write [a, b]"))]


def metrics(section: Section, key: str, known: Known) -> list[str]:
    """Keys of metrics, each of which a run logged."""
    names = _names(section, key)
    for path, name in names:
        _there(name, known.metrics, "metric", section, path)
    return [name for _, name in names]


def axis(section: Section, key: str, known: Known) -> str:
    name = section.text(key)
    if name not in _AXES:
        _there(name, [*_AXES, *known.metrics], "axis", section, (*section.path, key))
    return name


def logged(place: str) -> Read:
    """The key under which runs logged media, or tables."""

    def read(section: Section, key: str, known: Known) -> str:
        name = section.text(key)
        _there(name, known.logged.get(place, ()), f"key of {place}", section, (*section.path, key))
        return name

    return read


def parameter(section: Section, key: str, known: Known) -> str:
    """A parameter of the sweep, as the column that holds it."""
    name = section.text(key)
    _there(name.removeprefix("config."), known.parameters, "parameter", section, (*section.path, key))
    return f"config.{name.removeprefix('config.')}"


def _there(name: str, names: Sequence[str], what: str, section: Section, path: Path) -> None:
    if name in names:
        return
    mend = meant(name, names) or (f"there are: {', '.join(names[:8])}" if names else "none was logged")
    raise section.source.error(path, f"found no {what} {name!r}; {mend}")


def ends(section: Section, key: str, known: Known) -> tuple[Any, Any]:
    """The two ends of a range; null leaves one open."""
    value = section.get(key)
    if not isinstance(value, list | tuple) or len(value) != 2 or not all(map(_is_end, value)):
        section.fail(key, shown(value), "two numbers", "write [0, 100], or null for an end that is open")
    return value[0], value[1]


def _is_end(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value))


def specification(section: Section, key: str, known: Known) -> str:
    """A Vega-Lite or Vega specification, as JSON."""
    values = section.section(key, "write the specification as YAML or JSON").values
    try:
        found = json.dumps(dict(values), allow_nan=False)
    except ValueError:
        section.fail(key, "a number that is not finite", "what JSON can hold", "write null in its place")
    if len(found) > LARGEST_SPEC:  # A few lines of aliases unfold to as much as anybody likes.
        section.fail(key, f"{len(found):,} characters as JSON", f"at most {LARGEST_SPEC:,}", "take data from the runs")
    return found
