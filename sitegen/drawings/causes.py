"""Which configuration matters: importance in a random forest, and correlation, with a number of the summary
(`kind-importance.js`)."""

from typing import Final

from sitegen.drawings import theme
from sitegen.drawings.drawing import Chart, Drawing, Table, UndrawableError, filled
from sitegen.drawings.forest import LEAST, Found, ranked
from sitegen.drawings.groups import Scene
from sitegen.drawings.subject import Panel, column_of

_MOST: Final = 60
_PER_ROW: Final = 28
_ROOM: Final = 90
_LEAST_WIDTH: Final = 480
_NOT_CAUSES: Final = ("name", "notes", "created")


def causes(scene: Scene, panel: Panel) -> Drawing:
    """The panel. Raises `UndrawableError` where too few runs have the number, or their configuration does not vary."""
    target = column_of(scene, panel.set, "column")
    inputs = [
        column
        for column in scene.columns.values()
        if column.section == "config"
        or (panel.set.get("run") and column.section == "run" and column.key not in _NOT_CAUSES)
    ]
    runs = target.numbers(scene.charted)
    if len(runs) < LEAST:
        raise UndrawableError(f"importance needs at least {LEAST} runs with a number for {target.label}")
    found = ranked(inputs, target, scene.charted)
    if not found:
        raise UndrawableError("the configuration of its runs does not vary: nothing in it can matter")
    if panel.set.get("order") == "correlation":
        found.sort(key=lambda each: -each.strength)
    few = found[:_MOST]
    signals = {
        "labels": [each.label if each.value is None else f"{each.label} · {each.value}" for each in few],
        "colours": list(theme.meanings()),
        "xtitle": f"Importance and correlation with {target.label}",
    }
    bars = [bar for at, each in enumerate(few) for bar in _bars(at, each)]
    chart = Chart(
        "importance",
        signals,
        {"bars": bars},
        max(_LEAST_WIDTH, panel.width),
        max(panel.height, _ROOM + len(few) * _PER_ROW),
    )
    rows = tuple((each.label, each.importance, each.correlation, each.value) for each in found)
    return Drawing(panel.title, filled(chart), Table(("Parameter", "Importance", "Correlation", "of its value"), rows))


def _bars(at: int, each: Found) -> list[dict[str, object]]:
    bars: list[dict[str, object]] = [{"at": at, "part": 0, "kind": "Importance", "value": each.importance}]
    if each.correlation is not None:
        sign = "Negative" if each.correlation < 0 else "Positive"
        bars.append({"at": at, "part": 1, "kind": f"{sign} correlation", "value": each.correlation})
    return bars
