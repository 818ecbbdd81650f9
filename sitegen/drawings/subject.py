"""What every kind of panel is handed: its settings, its size, and the numbers of the project's histories."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sitegen.data.series import Series
from sitegen.drawings.columns import Column
from sitegen.drawings.drawing import Legend, UndrawableError
from sitegen.drawings.groups import Scene


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel of a report: its settings as its page's script takes them, its size in pixels, and `series`, which gives
    the points of a metric over all runs of the project, None where nobody logged it. `metrics` are the keys there are.
    """

    kind: str
    title: str
    set: Mapping[str, Any]
    width: int
    height: int
    metrics: tuple[str, ...] = ()
    series: Callable[[str], Series | None] = field(default=lambda key: None, repr=False)


def column_of(scene: Scene, settings: Mapping[str, Any], name: str) -> Column:
    """The column that a setting names. Raises `UndrawableError` for one that is not there."""
    key = str(settings.get(name, ""))
    if key not in scene.columns:
        raise UndrawableError(f"found no column {key!r} for {name}; the report's page says which there are")
    return scene.columns[key]


def meaning(scene: Scene) -> Legend | None:
    """What the colours of groups mean, where there are several."""
    if scene.groups is None or len(scene.groups) < 2:
        return None
    return Legend(tuple((each.label, each.colour) for each in scene.groups))


def nothing(*columns: Column) -> UndrawableError:
    """For a panel none of whose runs has a number to draw."""
    names = " and ".join(column.label for column in columns)
    return UndrawableError(f"none of its runs has a number for {names}")
