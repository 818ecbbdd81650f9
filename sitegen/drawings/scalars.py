"""One number over the runs that are shown, or one a group (`kind-scalar.js`)."""

from typing import Any, Final

from sitegen.drawings import theme
from sitegen.drawings.columns import Column
from sitegen.drawings.drawing import Chart, Drawing, Table, filled
from sitegen.drawings.groups import Entity, Scene
from sitegen.drawings.numbers import Summary, summary
from sitegen.drawings.subject import Panel, column_of, nothing
from sitegen.drawings.wording import counted, shown
from sitegen.reports.mistakes import NOTHING

_MOST: Final = 50
_PER_NUMBER: Final = 84
_OF: Final = {
    "mean": "Mean",
    "median": "Median",
    "min": "Minimum",
    "max": "Maximum",
    "std": "Std deviation",
    "n": "Number of runs",
}


def scalars(scene: Scene, panel: Panel) -> Drawing:
    column = column_of(scene, panel.set, "column")
    given = str(panel.set.get("of"))
    of = given if given in _OF else "mean"
    parts = scene.groups if scene.groups is not None else (Entity("All runs", theme.inks()["strong"], scene.charted),)
    found = [(part, numbers) for part in parts if (numbers := summary(column.numbers(part.runs))) is not None]
    if not found:
        raise nothing(column)
    rows = [
        {
            "at": at,
            "label": part.label if scene.groups else column.label,
            **_said(numbers, column, of),
            "colour": part.colour,
        }
        for at, (part, numbers) in enumerate(found[:_MOST])
    ]
    chart = Chart("scalar", {}, {"numbers": rows}, panel.width, len(rows) * _PER_NUMBER)
    heads = ("Group" if scene.groups is not None else "Runs", f"{_OF[of]} of {column.label}", "n")
    table = Table(heads, tuple((part.label, numbers.of(of), numbers.n) for part, numbers in found))
    return Drawing(panel.title, filled(chart), table)


def _said(own: Summary, column: Column, of: str) -> dict[str, Any]:
    """The number, and of what it is."""
    kind = "duration" if of == "std" and column.kind == "time" else column.kind
    value = str(own.n) if of == "n" else NOTHING if of == "std" and own.n < 2 else shown(own.of(of), kind)
    spans = own.n > 1 and of not in ("min", "max")
    reach = f" · {shown(own.min, column.kind)} to {shown(own.max, column.kind)}" if spans else ""
    return {"value": value, "detail": f"{_OF[of].lower()} of {counted(own.n, 'run')}{reach}"}
