"""How values look in a terminal."""

import math
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from runstore.cli.words import printable

_COLOURS = {"running": "blue", "finished": "green", "failed": "red", "killed": "yellow", "crashed": "magenta"}
_WIDE = 10_000

CELL: Final = 40
"""As many characters of a text fit a table's cell."""


def console() -> Console:
    """Standard output; where that is no terminal, lines are not cut to a width."""
    out = Console(highlight=False, soft_wrap=True)
    return out if out.is_terminal else Console(highlight=False, soft_wrap=True, width=_WIDE)


def clip(text: str, longest: int = CELL) -> str:
    """`text`, its end cut off and marked by an ellipsis where it is longer than `longest` characters."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def show_state(state: str) -> Text:
    """A state in its colour."""
    return Text(state, style=_COLOURS.get(state, ""))


def show_value(value: Any) -> str:
    """A value in a few characters: floats with five digits."""
    if isinstance(value, float):
        return f"{value:.5g}" if math.isfinite(value) else str(value)
    if isinstance(value, dict) and "_type" in value:
        return f"({value['_type']})"
    return "" if value is None else printable(str(value))


def show_duration(seconds: float | None) -> str:
    """Seconds as `4.2s`, `3m 07s`, `2h 05m` or `3d 04h`; "" when unknown."""
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days}d {hours:02}h"
    return f"{hours}h {minutes:02}m" if hours else f"{minutes}m {rest:02}s"


def show_size(size: int) -> str:
    """Bytes as `640 B`, `12.3 kB`, `1.05 GB`: three digits, thousands of thousands."""
    number, unit = float(size), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if number < 999.5 or unit == "TB":
            break
        number /= 1000
    return f"{size} B" if unit == "B" else f"{number:.3g} {unit}"


def show_time(moment: float | None) -> str:
    """A time (epoch s) in this machine's zone, to the minute; "" when unknown."""
    return "" if moment is None else datetime.fromtimestamp(moment).astimezone().strftime("%Y-%m-%d %H:%M")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str | Text]], *, right: Iterable[str] = ()) -> None:
    """Prints a plain table, one line a row; the columns named in `right` are set flush right."""
    out = console()
    if out.is_terminal:
        out.print(_fitted(columns, rows, frozenset(right)))
    else:
        wide = frozenset(right)
        sys.stdout.writelines(f"{line}\n" for line in _lines([columns, *rows], [name in wide for name in columns]))


def _fitted(columns: Sequence[str], rows: Iterable[Sequence[str | Text]], right: frozenset[str]) -> Table:
    """A table that is cut to a terminal's width."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(Text(printable(column)), no_wrap=True, justify="right" if column in right else "left")
    for row in rows:
        made.add_row(*(cell if isinstance(cell, Text) else Text(printable(cell)) for cell in row))
    return made


def _lines(rows: Iterable[Sequence[str | Text]], right: Sequence[bool]) -> list[str]:
    """The lines of a table of any width: for thousands of rows Rich takes longer than reading the store does."""
    texts = [[printable(str(cell)) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*texts, strict=True)]
    lines = []
    for row in texts:
        cells = zip(row, widths, right, strict=True)
        padded = [
            " " * (width - cell_len(text)) + text if flush else text + " " * (width - cell_len(text))
            for text, width, flush in cells
        ]
        lines.append("  ".join(padded).rstrip())
    return lines
