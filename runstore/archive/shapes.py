"""Lines of JSON as columns, and back: a row's *shape* is its keys in their order, each with the kind of its value.

A frame has a row a line, in their order: `#shape` is the number of the row's shape, null for a line that no shape
gives back byte for byte; that one stands as it is in `#line`. The other columns hold the values of one key and kind.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import orjson
import polars as pl

from runstore.archive.spelling import Spelling, is_named
from runstore.format.values import NOT_FINITE

Kind = Literal["float", "whole", "json"]
Column = tuple[str, Kind]
Shape = tuple[Column, ...]

SHAPE: Final = "#shape"
LINE: Final = "#line"
MOST_SHAPES: Final = 256
MOST_COLUMNS: Final = 1_000
_AT: Final = "#at"
_MOST_CELLS: Final = 16_000_000
_INT64: Final = 2**63
_NUMBERS: Final = frozenset({float, int})
_SAMPLE: Final = 20
_FINGERPRINT: Final = 60
"""Of so many columns a row's own ones fit the bits of a whole number."""
_TYPES: Final[dict[Kind, pl.DataType]] = {"float": pl.Float64(), "whole": pl.Int64(), "json": pl.String()}


@dataclass(slots=True)
class Shapes:
    """The shapes of a file by number, and the columns of their values by name."""

    shapes: list[Shape] = field(default_factory=list)
    columns: dict[Column, str] = field(default_factory=dict)
    _numbers: dict[Shape, int] = field(default_factory=dict)

    def number(self, shape: Shape) -> int | None:
        """The number of a shape; None for a new one where there are too many to keep."""
        if shape in self._numbers:
            return self._numbers[shape]
        fresh = [column for column in shape if column not in self.columns]
        if len(self.shapes) == MOST_SHAPES or len(self.columns) + len(fresh) > MOST_COLUMNS:
            return None
        for column in fresh:
            self.columns[column] = self._name(column)
        self._numbers[shape] = len(self.shapes)
        self.shapes.append(shape)
        return self._numbers[shape]

    def _name(self, column: Column) -> str:
        """A free name for a column, the key itself where it can be."""
        key, kind = column
        taken = set(self.columns.values())
        plain = key if key.isprintable() and key and not key.startswith("#") else f"#key{len(taken)}"
        names = itertools.chain((plain, f"{plain} ({kind})"), (f"{plain} ({kind} {n})" for n in itertools.count(2)))
        return next(name for name in names if name not in taken)

    def as_json(self) -> dict[str, Any]:
        order = {column: place for place, column in enumerate(self.columns)}
        return {
            "columns": [[name, key, kind] for (key, kind), name in self.columns.items()],
            "shapes": [[order[column] for column in shape] for shape in self.shapes],
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Shapes":
        """Raises `ValueError`, `KeyError`, `TypeError` or `IndexError` for what `as_json` has not made."""
        columns: dict[Column, str] = {}
        for name, key, kind in values["columns"]:
            if kind not in _TYPES or not isinstance(key, str) or not isinstance(name, str) or (key, kind) in columns:
                raise ValueError(name)
            columns[key, kind] = name
        order = list(columns)
        return cls([tuple(order[place] for place in shape) for shape in values["shapes"]], columns)


def framed(lines: Sequence[bytes], shapes: Shapes, spelling: Spelling) -> pl.DataFrame:
    """Lines (without their newlines) as a frame that `lines_of` gives the very same bytes of."""
    parts = quick_parts(lines, shapes, spelling)
    left = _missing(parts, len(lines))
    rows = dict(zip(left, _parsed([lines[at] for at in left]), strict=True))
    while True:
        slow = _slow_parts(lines, rows, shapes, spelling)
        frame = pl.concat([*parts, *slow], how="diagonal").sort(_AT).drop(_AT)
        wrong = _wrong(lines, rows, slow, shapes, spelling)
        if not wrong:
            return frame
        rows.update(dict.fromkeys(wrong))


def _missing(parts: Sequence[pl.DataFrame], count: int) -> list[int]:
    """The places up to `count` that no part has."""
    if sum(part.height for part in parts) == count:
        return []
    places = pl.int_range(count, dtype=pl.UInt32, eager=True)
    known = pl.concat([part[_AT] for part in parts]) if parts else places.clear()
    return places.filter(~places.is_in(known.implode())).to_list()


def _wrong(
    lines: Sequence[bytes],
    rows: Mapping[int, dict[str, Any] | None],
    parts: Sequence[pl.DataFrame],
    shapes: Shapes,
    spelling: Spelling,
) -> list[int]:
    """The places of the rows that would not come back as they were."""
    if not rows:
        return []
    frame = pl.concat(parts, how="diagonal").sort(_AT)
    again = lines_of(frame.drop(_AT), shapes, spelling)
    return [at for at, new in zip(frame[_AT], again, strict=True) if lines[at] != new]


def quick_parts(lines: Sequence[bytes], shapes: Shapes, spelling: Spelling) -> list[pl.DataFrame]:
    """Those lines that hold nothing but numbers, as far as Polars reads them and they come back as they were.

    Which keys a row has is seen from its nulls, and their order from the first row with the same ones: rows that have
    another order, or whole numbers among floats, do not come back, and are left for a closer look.
    """
    schema = _guess_schema(lines)
    if schema is None:
        return []
    try:
        frame = pl.read_ndjson(b"\n".join(lines), schema=schema)
    except pl.exceptions.PolarsError:
        return []
    if frame.height != len(lines):
        return []
    parts = []
    texts = pl.Series(lines, dtype=pl.Binary)
    for places in _alike(frame):
        shape = _shape_of(_loaded(lines[places[0]]), schema)
        number = None if shape is None else shapes.number(shape)
        if shape is None or number is None:
            continue
        every = places.len() == frame.height
        own = frame if every else frame[places]
        part = _placed(number, places, [own[key].alias(shapes.columns[key, kind]) for key, kind in shape])
        again = _written(part, shape, shapes, spelling, slowly=False)
        same = again == (texts if every else texts[places])
        parts.append(part if same.all() else part.filter(same))
    return parts


def _guess_schema(lines: Sequence[bytes]) -> dict[str, pl.DataType] | None:
    """The numbers that the first and the last rows hold; None where they hold more than numbers."""
    schema: dict[str, pl.DataType] = {}
    for line in [*lines[:_SAMPLE], *lines[-_SAMPLE:]]:
        row = _loaded(line)
        if type(row) is not dict or not row or not _NUMBERS.issuperset(map(type, row.values())):
            return None
        for key, value in row.items():
            if type(value) is float or key not in schema:
                schema[key] = _TYPES[_kind(value)]
    return schema if 0 < len(schema) <= _FINGERPRINT else None


def _alike(frame: pl.DataFrame) -> list[pl.Series]:
    """The places of the rows that have the same columns, for each set of columns."""
    bits = [pl.col(name).is_not_null().cast(pl.UInt64) * (1 << place) for place, name in enumerate(frame.columns)]
    marked = frame.select(pl.sum_horizontal(bits).alias(SHAPE), pl.int_range(pl.len(), dtype=pl.UInt32).alias(_AT))
    return [part[_AT] for part in marked.partition_by(SHAPE, maintain_order=True)]


def _shape_of(row: Any, schema: Mapping[str, pl.DataType]) -> Shape | None:
    """The shape that a row of nothing but numbers has under a schema; None for any other row."""
    if type(row) is not dict or not row or not schema.keys() >= row.keys() or None in row.values():
        return None
    return tuple((key, "float" if schema[key] == pl.Float64 else "whole") for key in row)


def _parsed(lines: Sequence[bytes]) -> list[dict[str, Any] | None]:
    """The row of each line; None for one that is none."""
    try:
        rows = orjson.loads(b"[" + b",".join(lines) + b"]")
    except orjson.JSONDecodeError:
        rows = []
    if len(rows) != len(lines):
        rows = [_loaded(line) for line in lines]
    return [row if type(row) is dict and row else None for row in rows]


def _loaded(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return None


def _slow_parts(
    lines: Sequence[bytes], rows: Mapping[int, dict[str, Any] | None], shapes: Shapes, spelling: Spelling
) -> list[pl.DataFrame]:
    """Rows by shape, each value of whatever kind; last the lines that are kept as they are."""
    groups, kept = _grouped(rows)
    parts: list[pl.DataFrame] = []
    width: set[Column] = set()
    for shape, places in groups.items():
        wider = width.union(shape)
        found = [list(row.values()) for at in places if (row := rows[at]) is not None]
        number = shapes.number(shape) if len(lines) * len(wider) <= _MOST_CELLS and _fits(shape, found) else None
        if number is None:
            kept += places
        else:
            width = wider
            parts.append(_part(number, shape, places, found, shapes, spelling))
    return [*parts, _kept(sorted(kept), lines)]


def _grouped(rows: Mapping[int, dict[str, Any] | None]) -> tuple[dict[Shape, list[int]], list[int]]:
    """The places of the rows of each shape, and those where there is no row."""
    alike: dict[Any, list[int]] = {}
    groups: dict[Shape, list[int]] = {}
    none: list[int] = []
    for at, row in rows.items():
        if row is None:
            none.append(at)
            continue
        types = tuple(map(type, row.values()))
        known = (tuple(row), types)
        if (places := alike.get(known)) is None:
            places = groups.setdefault(tuple((key, _kind(value)) for key, value in row.items()), [])
            if str not in types:  # Of texts some are words for floats: these rows are asked one by one.
                alike[known] = places
        places.append(at)
    return groups, none


def _fits(shape: Shape, rows: Sequence[Sequence[Any]]) -> bool:
    """Whether every whole number has 64 bits."""
    return all(
        min(row[place] for row in rows) >= -_INT64 and max(row[place] for row in rows) < _INT64
        for place, (_, kind) in enumerate(shape)
        if kind == "whole"
    )


def _kind(value: Any) -> Kind:
    if type(value) is float or is_named(value):
        return "float"
    return "whole" if type(value) is int else "json"


def _part(
    number: int, shape: Shape, places: list[int], rows: Sequence[list[Any]], shapes: Shapes, spelling: Spelling
) -> pl.DataFrame:
    """The rows of one shape, each as the list of its values."""
    columns = [
        pl.Series(shapes.columns[column], _cells(column[1], values, spelling), dtype=_TYPES[column[1]])
        for column, values in zip(shape, zip(*rows, strict=True), strict=True)
    ]
    return _placed(number, pl.Series(places, dtype=pl.UInt32), columns)


def _placed(number: int, places: pl.Series, columns: Sequence[pl.Series]) -> pl.DataFrame:
    """The columns of rows of one shape, with these rows' places."""
    same = pl.Series(SHAPE, [number], dtype=pl.UInt16).new_from_index(0, len(places))
    return pl.DataFrame([places.alias(_AT), same, *columns])


def _cells(kind: Kind, values: Sequence[Any], spelling: Spelling) -> Sequence[Any]:
    if kind == "json":
        return [_text(value, spelling) for value in values]
    if kind == "float" and str in set(map(type, values)):
        return [NOT_FINITE[value] if type(value) is str else value for value in values]
    return values


def _text(value: Any, spelling: Spelling) -> str:
    """A value's text; "" where this spelling has none, which is no value's, so that its line is kept as it is."""
    try:
        return spelling.text(value)
    except (ValueError, TypeError, RecursionError):
        return ""


def _kept(places: list[int], lines: Sequence[bytes]) -> pl.DataFrame:
    """The lines that are kept as they are."""
    return pl.DataFrame(
        {_AT: places, SHAPE: [None] * len(places), LINE: [lines[at] for at in places]},
        schema={_AT: pl.UInt32, SHAPE: pl.UInt16, LINE: pl.Binary},
    )


def lines_of(frame: pl.DataFrame, shapes: Shapes, spelling: Spelling, *, slowly: bool = False) -> list[bytes]:
    """The lines of a frame; with `slowly` no digit is left to Polars. Raises `IndexError` for a shape it has not."""
    at = pl.int_range(frame.height, dtype=pl.UInt32, eager=True).alias(_AT)
    numbered = frame.with_columns(at)
    parts = [numbered.filter(pl.col(SHAPE).is_null()).select(_AT, LINE)]
    for number in frame[SHAPE].drop_nulls().unique():
        own = numbered.filter(pl.col(SHAPE) == number)
        parts.append(pl.DataFrame([own[_AT], _written(own, shapes.shapes[number], shapes, spelling, slowly=slowly)]))
    return pl.concat(parts).sort(_AT)[LINE].to_list()


def _written(frame: pl.DataFrame, shape: Shape, shapes: Shapes, spelling: Spelling, *, slowly: bool) -> pl.Series:
    """The lines of rows that have one shape."""
    texts: list[pl.Expr] = []
    made: list[pl.Series] = []
    for place, column in enumerate(shape):
        before = "{" if not place else spelling.comma
        texts.append(pl.lit(f"{before}{spelling.text(column[0])}{spelling.colon}"))
        series = frame[shapes.columns[column]]
        cells = spelling.floats(series, slowly=slowly) if column[1] == "float" else series.cast(pl.String)
        made.append(cells.alias(str(place)))
        texts.append(pl.col(str(place)))
    line = pl.concat_str([*texts, pl.lit("}")]).cast(pl.Binary).alias(LINE)
    return pl.DataFrame(made).select(line)[LINE]
