"""A Vega-Lite or Vega specification of the report's own over the runs that are shown (`kind-vega.js`)."""

import json
from collections.abc import Mapping
from typing import Any, Final

from sitegen.charts import fetched
from sitegen.drawings import theme
from sitegen.drawings.drawing import Drawing, Spec, Table, UndrawableError
from sitegen.drawings.groups import Scene
from sitegen.drawings.subject import Panel

_NAMES: Final = ("runs", "wandb", "table")
_MOST_ROWS: Final = 50_000
_PARTS: Final = ("mark", "layer", "encoding", "facet", "hconcat", "vconcat", "concat", "repeat")


def custom(scene: Scene, panel: Panel) -> Drawing:
    """The panel. Raises `UndrawableError` for a specification that draws nothing, or would fetch something."""
    spec = json.loads(str(panel.set.get("spec") or "{}"))
    if not isinstance(spec, dict):
        raise UndrawableError("its specification is no JSON object")
    if wrong := fetched(spec):
        raise UndrawableError(f"its specification has {wrong}, and a chart fetches nothing; give it data named runs")
    if _has_images(spec):
        raise UndrawableError("its specification shows images, which may lie anywhere; leave them out")
    if not isinstance(spec.get("marks"), list) and not any(part in spec for part in _PARTS):
        raise UndrawableError("its specification draws nothing: it has neither mark, layer nor marks")
    rows = _rows(scene)
    table = Table(tuple(rows[0]) if rows else (), tuple(tuple(row.values()) for row in rows))
    return Drawing(panel.title, _with_runs(spec, rows, panel), table, is_foreign=True)


def _has_images(value: Any) -> bool:
    """Whether anything in a specification is a mark that would load a file."""
    if isinstance(value, list):
        return any(map(_has_images, value))
    if not isinstance(value, dict):
        return False
    if value.get("mark") == "image" or value.get("type") == "image" or "url" in value:
        return True
    return any(map(_has_images, value.values()))


def is_vega(spec: Spec) -> bool:
    """Whether a specification is Vega's, not Vega-Lite's."""
    return isinstance(spec.get("marks"), list) and "vega-lite" not in str(spec.get("$schema"))


def _rows(scene: Scene) -> list[dict[str, Any]]:
    """A row a run: every column under its key; `_colour` and `_group` as the page has them."""
    groups = {run: each.label for each in scene.groups or () for run in each.runs}
    colours = scene.run_colours
    return [
        {
            **{column.key: _value(column.values[run], column.kind) for column in scene.columns.values()},
            "id": scene.project.runs[run].id,
            "_colour": colours[run],
            "_group": groups.get(run),
        }
        for run in scene.charted[:_MOST_ROWS]
    ]


def _value(value: Any, kind: str) -> Any:
    is_moment = kind == "time" and isinstance(value, int | float)
    return value * 1000 if is_moment else value


def _with_runs(spec: Spec, rows: list[dict[str, Any]], panel: Panel) -> Spec:
    if is_vega(spec):
        data = [{**each, "values": rows} if _is_empty(each) else each for each in spec.get("data", [])]
        return {"width": panel.width, "height": panel.height, **spec, "data": data}
    whole = spec if "data" in spec else {"data": {"name": "runs"}, **spec}
    sized = {"width": panel.width - 70, "height": panel.height - 40} if _is_single(whole) else {}
    return {
        **sized,
        "background": theme.inks()["paper"],
        **whole,
        "datasets": {**dict.fromkeys(_NAMES, rows), **whole.get("datasets", {})},
    }


def _is_single(spec: Spec) -> bool:
    encoding = spec.get("encoding")
    facets = ("row", "column", "facet")
    return ("mark" in spec or "layer" in spec) and not any(
        key in (encoding if isinstance(encoding, Mapping) else {}) for key in facets
    )


def _is_empty(data: Any) -> bool:
    return isinstance(data, Mapping) and data.get("name") in _NAMES and not data.get("values") and "source" not in data
