"""The files below DVCLive's plots/: a table a metric, and tables of points for curves of its own."""

import csv
import io
import re
from pathlib import Path
from typing import Any, Final

from runstore.format import lenient
from runstore.importers.folders import content_of
from runstore.importers.series import Point, whole
from runstore.importers.sources import Problems
from runstore.media.table import Table

METRICS: Final = "metrics"
PICTURES: Final = frozenset({".jpg", ".jpeg", ".gif", ".png"})
_WHOLE: Final = re.compile(r"[+-]?\d{1,4000}")
_WORDS: Final = {"True": True, "False": False, "": None}


def points_of(path: Path, problems: Problems) -> list[Point]:
    """The values of one metric. A line that is torn or broken is told and left out."""
    text = (content_of(path, problems) or b"").decode("utf-8", "replace")
    if text and not text.endswith(("\n", "\r")):
        text, _, torn = text.rpartition("\n")
        problems.lose(f"{path}: the last line, {torn[:60]!r}, is not whole; it is left out")
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter="\t" if path.suffix == ".tsv" else ",")
    found = []
    try:
        for row in reader:
            if (point := _point(row)) is not None:
                found.append(point)
            else:
                problems.lose(f"{path}, line {reader.line_num}: expected a whole step and a value; it is left out")
    except csv.Error as error:
        problems.lose(f"{path}, line {reader.line_num}: {error}; what follows is left out")
    return found


def _point(row: dict[str, Any]) -> Point | None:
    step, moment = whole(parsed(row.pop("step", None))), parsed(row.pop("timestamp", None))
    values = list(row.values())
    if step is None or len(values) != 1 or not isinstance(values[0], str):
        return None
    return Point(step, parsed(values[0]), moment / 1000 if type(moment) in (int, float) else None)


def parsed(text: str | None) -> Any:
    """What a cell stands for: a number, a truth value, nothing, or its text."""
    if text is None or text in _WORDS:
        return _WORDS.get(text or "")
    if _WHOLE.fullmatch(text):
        return int(text)
    try:
        return float(text) if "_" not in text else text
    except ValueError:
        return text


def revived(value: Any) -> Any:
    """A value of metrics.json, where floats that are not finite are words."""
    return float(value) if isinstance(value, str) and value.lower() in ("nan", "inf", "-inf") else value


def table_of(path: Path, problems: Problems) -> Table | None:
    """The points of a curve; None for a file that holds none, which is told. Raises `UsageError`."""
    try:
        found = lenient.loads(content_of(path, problems) or b"null")
    except ValueError as error:
        problems.lose(f"{path}: found broken JSON ({error}), expected a list of points; it is kept as a file")
        return None
    if isinstance(found, dict) and len(found) == 1:
        [found] = found.values()
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        problems.lose(f"{path}: found no list of points; it is kept as a file")
        return None
    columns = list(dict.fromkeys(key for row in found for key in row))
    return Table(columns=columns, data=[[row.get(key) for key in columns] for row in found], allow_mixed_types=True)
