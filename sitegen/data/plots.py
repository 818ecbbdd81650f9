"""Charts of `plot.*`: the rows of the table behind one under the names that its preset uses, or the user's own spec."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from runstore.reading.typed import TypedValue
from sitegen.data.stubs import Files, Item, text
from sitegen.data.tables import read_table, table_item

MAX_ROWS: Final = 20_000

# The names that a preset's columns have on a page, each with the names of W&B's fields for it.
_ROLES: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "line": {"x": ("x",), "y": ("y",), "series": ("stroke", "class", "color")},
    "scatter": {"x": ("x",), "y": ("y",), "series": ("stroke", "class", "color")},
    "bar": {"label": ("label", "x"), "value": ("value", "y")},
    "histogram": {"value": ("value",)},
    "line_series": {"x": ("step", "x"), "y": ("lineVal", "y"), "series": ("lineKey", "stroke", "class")},
    "confusion_matrix": {
        "actual": ("Actual", "actual"),
        "predicted": ("Predicted", "predicted"),
        "value": ("nPredictions", "count", "value"),
    },
    "roc_curve": {"x": ("x", "fpr"), "y": ("y", "tpr"), "series": ("class",)},
    "pr_curve": {"x": ("x", "recall"), "y": ("y", "precision"), "series": ("class",)},
}


def plot_item(value: TypedValue, files: Files, problems: list[str]) -> Item:
    """A chart and its rows; one that cannot be drawn says why above its table, and so does `problems`."""
    return {"step": value.step, **_item(value, files, problems)}


def _item(value: TypedValue, files: Files, problems: list[str]) -> Item:
    try:
        return _chart(value.stub, files)
    except ValueError as error:
        problems.append(f"the chart {text(value.key, 100)!r}: {error}")
        source, lost = value.stub.get("table"), files.lost
        rows = table_item(replace(value, stub=source), files, {}) if isinstance(source, dict) else {"kind": "missing"}
        files.lost = lost  # One line for one trouble: a table that is gone is what the chart said.
        return {**(rows if rows["kind"] == "table" else {"kind": "note"}), "note": str(error)}


def _chart(stub: Mapping[str, Any], files: Files) -> Item:
    """A chart's data. Raises `ValueError` with what is wrong in one line."""
    source = stub.get("table")
    found = files.find(source.get("path")) if isinstance(source, dict) else None
    table = read_table(found[0], source, files) if found and isinstance(source, dict) else None
    if table is None:
        raise ValueError("found no table beside the chart, expected the one it was logged with")
    strings, fields = (_texts(stub.get(key)) for key in ("strings", "fields"))
    title = text(stub.get("title") or strings.get("title") or "", 300)
    rows = table.rows[:MAX_ROWS]
    hidden = len(table.rows) - len(rows) + table.lacking
    preset = stub.get("preset")
    if preset in _ROLES:
        columns = _preset_columns(preset, fields, table.columns)
        axes = _axes(preset, columns, strings)
        names, places = list(columns), [table.columns.index(column) for column in columns.values()]
        data = [[_plain(row[at]) if at < len(row) else None for at in places] for row in rows]
        return {
            "kind": "plot",
            "preset": preset,
            "title": title,
            "columns": names,
            "rows": data,
            **axes,
            "hidden": hidden,
        }
    spec = stub.get("spec")
    if not isinstance(spec, dict):
        given = f"the preset {text(preset, 100)!r}" if preset else "neither a preset nor a spec"
        raise ValueError(f"found {given}, expected one of {', '.join(_ROLES)}, or a Vega-Lite spec")
    # Altair takes a fifth of a second to import: a build without such a chart does without.
    from sitegen.charts import compiled_custom

    data = [[_plain(cell) for cell in row[: len(table.columns)]] for row in rows]
    made = compiled_custom(spec, fields, strings)
    return {"kind": "plot", "spec": made, "title": title, "columns": table.columns, "rows": data, "hidden": hidden}


def _texts(values: Any) -> dict[str, str]:
    return {str(key): str(value) for key, value in values.items()} if isinstance(values, dict) else {}


def _preset_columns(preset: str, fields: Mapping[str, str], columns: Sequence[str]) -> dict[str, str]:
    """The table's column for each name that the preset uses."""
    found: dict[str, str] = {}
    for role, names in _ROLES[preset].items():
        named = next((fields[name] for name in names if name in fields), None)
        column = named if named in columns else next((name for name in names if name in columns), None)
        if column is not None:
            found[role] = column
        elif role != "series":
            raise ValueError(
                f"found the columns {', '.join(columns)[:200]}, expected one for {role!r}; name it in fields"
            )
    return found


def _axes(preset: str, columns: Mapping[str, str], strings: Mapping[str, str]) -> dict[str, str]:
    defaults = {
        "roc_curve": ("False positive rate", "True positive rate"),
        "pr_curve": ("Recall", "Precision"),
        "confusion_matrix": ("Predicted", "Actual"),
        "bar": (columns.get("value", ""), columns.get("label", "")),
        "histogram": (columns.get("value", ""), "Count"),
        "line_series": (strings.get("xname", "x"), "y"),
    }
    x, y = defaults.get(preset, (columns.get("x", ""), columns.get("y", "")))
    return {"xtitle": text(strings.get("x-axis-title", x), 200), "ytitle": text(strings.get("y-axis-title", y), 200)}


def _plain(value: Any) -> Any:
    if isinstance(value, int) and abs(value) >= 2**53:
        return float(value) if abs(value) < 2**1000 else None
    if value is None or isinstance(value, bool | int | float):
        return value
    return text(value, 300)
