"""Charts of one's own: a table, a preset or a Vega-Lite spec, and which columns go where."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self

from runstore.errors import BadTypeError, BadValueError, UsageError
from runstore.format import values
from runstore.media.base import Media, Shelf, Stub
from runstore.media.table import Table

PRESETS: Final = {
    "wandb/line/v0": "line",
    "wandb/scatter/v0": "scatter",
    "wandb/bar/v0": "bar",
    "wandb/histogram/v0": "histogram",
    "wandb/lineseries/v0": "line_series",
    "wandb/confusion_matrix/v1": "confusion_matrix",
    "wandb/area-under-curve/v0": "roc_curve",
}
"""The names that W&B has for the charts that are drawn here."""

_PLACE = re.compile(r"\$\{(field|string):([^}]+)\}")


class CustomChart(Media):
    """A chart of a table's rows, made by the functions of `runstore.plot`."""

    kind = "plot"

    def __init__(
        self,
        table: Table,
        preset: str | None,
        spec: Mapping[str, Any] | None,
        fields: Mapping[str, Any],
        strings: Mapping[str, Any],
        split_table: bool = False,
    ) -> None:
        self.table = table
        self.preset = preset
        self.spec = spec
        for what, given in (("fields", fields), ("string_fields", strings)):
            if not isinstance(given, Mapping):
                raise BadTypeError(f"a chart's {what} are a mapping, found {given!r}; pass a dict")
        self.fields = {str(key): str(name) for key, name in fields.items() if name is not None}
        self.strings = {str(key): str(text) for key, text in strings.items() if text is not None}
        self.split_table = split_table
        missing = [name for name in self.fields.values() if name not in map(str, table.columns)]
        if missing:
            raise BadValueError(
                f"the chart asks for the columns {missing}, the table has {table.columns}; name columns it has"
            )

    def to_data(self, shelf: Shelf) -> Stub:
        if self.preset is None and self.spec is None:
            shelf.warn(
                "unknown preset",
                "a chart names a preset that W&B's server keeps: its table is kept, and shown; pass the Vega-Lite spec "
                "itself, as a dict, to draw it",
            )
        stub: Stub = {"_type": self.kind, "preset": self.preset}
        if self.spec is not None:
            stub["spec"] = values.plain(self._filled(dict(self.spec)), finite=False)
        split = {"split_table": True} if self.split_table else {}
        title = self.strings.get("title", "")
        table = self.table.to_data(shelf)
        return {**stub, "title": title, "fields": self.fields, "strings": self.strings, **split, "table": table}

    def _filled(self, part: Any) -> Any:
        """A part of the spec with the names of columns and the texts that stand for `${field:…}`, `${string:…}`."""
        if isinstance(part, str):
            known = {"field": self.fields, "string": self.strings}
            return _PLACE.sub(lambda place: known[place[1]].get(place[2], ""), part)
        if isinstance(part, Mapping):
            return {str(key): self._filled(inner) for key, inner in part.items()}
        return [self._filled(inner) for inner in part] if isinstance(part, list | tuple) else part

    @classmethod
    def from_stub(cls, folder: Path, stub: Mapping[str, Any]) -> Self:
        try:
            table = Table.from_stub(folder, stub["table"])
            fields, strings = dict(stub.get("fields") or {}), dict(stub.get("strings") or {})
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UsageError(
                f"found a plot without a table and fields ({error}); restore its row from a copy"
            ) from None
        split = bool(stub.get("split_table"))
        return cls(table, stub.get("preset"), stub.get("spec"), fields, strings, split)


def plot_table(
    vega_spec_name: str | Mapping[str, Any],
    data_table: Table,
    fields: Mapping[str, Any],
    string_fields: Mapping[str, Any] | None = None,
    split_table: bool = False,
) -> CustomChart:
    """A chart of a table by one of W&B's names (`wandb/line/v0`, …), or a Vega-Lite spec given as a mapping.

    In a spec `${field:x}` stands for the column that `fields` gives for `x`, `${string:title}` for the text that
    `string_fields` does. Its data are the table's rows. Raises `ValueError` or `TypeError`, both `UsageError`s too.
    """
    if not isinstance(data_table, Table):
        raise BadTypeError(
            f"Expected `data_table` to be `Table` type, instead got {type(data_table).__name__}; pass a Table"
        )
    spec = vega_spec_name if isinstance(vega_spec_name, Mapping) else None
    if spec is None and not isinstance(vega_spec_name, str):
        raise BadTypeError(f"vega_spec_name is a name or a mapping, found a {type(vega_spec_name).__name__}")
    preset = None if spec is not None else PRESETS.get(str(vega_spec_name))
    if preset == "roc_curve" and (string_fields or {}).get("x-axis-title") == "Recall":
        preset = "pr_curve"
    return CustomChart(data_table, preset, spec, fields, string_fields or {}, split_table)


def line(
    table: Table, x: str, y: str, stroke: str | None = None, title: str = "", split_table: bool = False
) -> CustomChart:
    """Lines of column `y` over column `x`, one for each value of column `stroke`."""
    return _chart("line", table, {"x": x, "y": y, "stroke": stroke}, {"title": title}, split_table)


def scatter(table: Table, x: str, y: str, title: str = "", split_table: bool = False) -> CustomChart:
    """A point a row, by columns `x` and `y`."""
    return _chart("scatter", table, {"x": x, "y": y}, {"title": title}, split_table)


def bar(table: Table, label: str, value: str, title: str = "", split_table: bool = False) -> CustomChart:
    """A bar a row, named by column `label`, as long as column `value` says."""
    return _chart("bar", table, {"label": label, "value": value}, {"title": title}, split_table)


def histogram(table: Table, value: str, title: str = "", split_table: bool = False) -> CustomChart:
    """How often the values of a column fall into each of some ranges."""
    return _chart("histogram", table, {"value": value}, {"title": title}, split_table)


def line_series(
    xs: Any,
    ys: Any,
    keys: Sequence[str] | None = None,
    title: str = "",
    xname: str = "x",
    split_table: bool = False,
) -> CustomChart:
    """A line for each of `ys`, over the one `xs` of all or the one each; `keys` names them. Raises `ValueError`."""
    across, up = _series(xs, "xs"), _series(ys, "ys")
    if not across:
        raise BadValueError("xs is empty; give the positions of the points")
    if not _is_series(across[0]):
        across = [across] * len(up)
    if len(across) != len(up):
        raise BadValueError(f"Number of x-series ({len(across)}) must match y-series ({len(up)}).")
    names = [f"line_{at}" for at in range(len(up))] if keys is None else list(keys)
    if len(names) != len(up):
        raise BadValueError(f"Number of keys ({len(names)}) must match y-series ({len(up)}).")
    rows = [
        [x, str(name), y]
        for name, xx, yy in zip(names, across, up, strict=True)
        for x, y in zip(_series(xx, "xs"), _series(yy, "ys"), strict=False)
    ]
    table = Table(["step", "lineKey", "lineVal"], rows)
    fields = {name: name for name in table.columns}
    return _chart("line_series", table, fields, {"title": title, "xname": xname}, split_table)


def _series(given: Any, what: str) -> list[Any]:
    found = given.tolist() if hasattr(given, "tolist") else given
    try:
        return list(found)
    except TypeError:
        raise BadTypeError(f"{what} are given as a {type(given).__name__}, expected lists of numbers") from None


def _is_series(value: Any) -> bool:
    return hasattr(value, "__iter__") and not isinstance(value, str | bytes) and getattr(value, "ndim", 1) != 0


def _chart(
    preset: str, table: Table, fields: Mapping[str, Any], strings: Mapping[str, Any], split_table: bool
) -> CustomChart:
    if not isinstance(table, Table):
        raise BadTypeError(f"plot.{preset} takes a Table, found a {type(table).__name__}; pass a Table")
    return CustomChart(table, preset, None, fields, strings, split_table)
