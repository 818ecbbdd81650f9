"""The columns of a page's table of runs, each with a value for every run of the project."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from runstore.reading.store import Project
from sitegen.pages.project import runs_payload

_NUMERIC: Final = ("number", "duration", "time")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: how pages name it, its section (run, config or summary), the kind of its values."""

    key: str
    label: str
    section: str
    kind: str
    values: Sequence[Any]

    @property
    def is_numeric(self) -> bool:
        return self.kind in _NUMERIC

    @property
    def axis(self) -> str:
        """What stands at an axis: the label, with its unit."""
        return f"{self.label} (s)" if self.kind == "duration" else self.label

    def number(self, run: int) -> float | None:
        """A run's finite number, None for anything else."""
        value = self.values[run]
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return None
        return value

    def numbers(self, runs: Sequence[int]) -> list[float]:
        """Those of some runs that have one."""
        return [value for run in runs if (value := self.number(run)) is not None]


def page_columns(project: Project) -> Mapping[str, Column]:
    """Every column of a project's page by its key, and the names of the runs."""
    payload = runs_payload(project, ())
    names = Column("name", "Name", "run", "text", payload["runs"]["name"])
    made = (
        Column(each["key"], each["label"], each["section"], each["type"], each["values"]) for each in payload["columns"]
    )
    return {"name": names, **{column.key: column for column in made}}
