"""Panels that are tables already, as tables of a paper where they are small."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from runstore.reading.columns import Columns, spelled
from runstore.reading.rows import flatten
from runstore.reading.store import RunRecord
from sitegen.data.attached import TABLE
from sitegen.data.stubs import Files
from sitegen.data.tables import TableRows, read_table
from sitegen.reports.figures.blocks import PanelGrid
from sitegen.reports.figures.panels import PanelSpec
from sitegen.reports.figures.tables import Cell, TableBlock
from sitegen.reports.mistakes import NOTHING
from sitegen.reports.values.statistics import format_number

MOST_ROWS: Final = 30
MOST_COLUMNS: Final = 8
"""What a table of a paper may have; what is larger is left to the page."""
_LONGEST: Final = 80
_LARGEST: Final = 200_000
"""Bytes of a file that may hold a small table."""
_WORDS: Final = re.compile(r"[\w /-]*")
"""A search that is no expression: one of anybody's may take hours."""


def panel_table(panel: PanelSpec, grid: PanelGrid) -> TableBlock | None:
    """The table of a panel, None for one that is none, or too large to print."""
    if panel.kind not in ("comparer", "table"):
        return None
    names = {run.id: each.name_of(run) for each in grid.sets for run in each.runs}
    runs = list({run.id: run for each in grid.sets for run in each.runs}.values())
    if panel.kind == "comparer":
        heads, rows = ["Key", *(names[run.id] for run in runs)], list(_compared(panel, runs))
    else:
        heads, rows = _logged(panel, runs, names)
    if not rows or len(heads) > MOST_COLUMNS or len(rows) > MOST_ROWS:
        return None
    return TableBlock(grid.head, tuple(heads), 1, tuple(rows), 0, grid.sets, grid.source)


def _logged(
    panel: PanelSpec, runs: Sequence[RunRecord], names: Mapping[str, str]
) -> tuple[list[str], list[tuple[Cell, ...]]]:
    """The tables that runs logged last, below each other; nothing where that is not all of what their panel shows."""
    heads: list[str] = []
    rows: list[tuple[Cell, ...]] = []
    for run in runs if panel.set.get("mode") != "join" and "step" not in panel.set else ():
        stub = dict(flatten(run.summary)).get(str(panel.set["key"]))
        if not isinstance(stub, dict):
            continue
        table = _read(run, stub)
        own = ["Run", *table.columns] if table else []
        if table is None or (heads and own != heads) or len(rows) + len(table.rows) > MOST_ROWS:
            return [], []
        heads = own
        rows += [_row(names[run.id], row, len(own)) for row in table.rows]
    return heads, rows


def _read(run: RunRecord, stub: Mapping[str, Any]) -> TableRows | None:
    """A table that is whole in its file, and has nothing but words and numbers."""
    files = Files(run)
    found = files.find(stub.get("path")) if stub.get("_type") == TABLE else None
    table = read_table(found[0], stub, files) if found and found[1].st_size <= _LARGEST else None
    if table is None or table.previous or stub.get("previous") or table.lacking:
        return None
    return None if any(isinstance(cell, dict | list) for row in table.rows for cell in row) else table


def _row(name: str, row: Sequence[Any], width: int) -> tuple[Cell, ...]:
    cells = [Cell(name), *(Cell(_said(value)) for value in row)][:width]
    return (*cells, *(Cell(NOTHING) for _ in range(width - len(cells))))


def _compared(panel: PanelSpec, runs: Sequence[RunRecord]) -> Iterator[tuple[Cell, ...]]:
    """What the runs say, a row a key: of all, or of those in which they differ."""
    wanted, columns = str(panel.set.get("search") or ""), Columns(runs)
    for name in columns.names() if _WORDS.fullmatch(wanted) and len(runs) < MOST_COLUMNS else ():
        section, _, label = name.partition(".")
        values = columns.values(name)
        if section not in ("config", "summary") or label.startswith("_") or wanted.lower() not in name.lower():
            continue
        is_same = len({spelled(value) for value in values}) < 2
        is_plain = not any(isinstance(value, dict | list) for value in values)
        if is_plain and not (is_same and panel.set.get("changed") and len(values) > 1):
            yield (Cell(name), *(Cell(_said(value)) for value in values))


def _said(value: object) -> str:
    if value is None:
        return NOTHING
    if isinstance(value, float):
        return format_number(value, None)
    text = spelled(value) or NOTHING
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
