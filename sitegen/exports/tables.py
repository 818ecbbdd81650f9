"""One table of a report by itself: as LaTeX, Markdown or CSV."""

import csv
import io
from typing import Final, Literal

from runstore.errors import UsageError
from runstore.format.sections import meant
from sitegen.reports.figures.table_html import table_latex, table_markdown
from sitegen.reports.figures.tables import TableBlock
from sitegen.reports.report import Report

Format = Literal["latex", "markdown", "csv"]
_FORMULAS: Final = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
"""What spreadsheets begin a formula with, in full width too."""


def table_of(report: Report, name: str, form: Format) -> str:
    """The table with this id or number. Raises `UsageError` where there is none."""
    table = _found(report, name)
    if form == "csv":
        return _csv(table)
    return table_latex(table, table.head.caption, table.head.id) if form == "latex" else table_markdown(table)


def _found(report: Report, name: str) -> TableBlock:
    known = {each.head.id or str(number or at): each for at, (each, number) in enumerate(report.tables, 1)}
    by_number = {str(number): each for each, number in report.tables if number}
    if found := known.get(name) or by_number.get(name):
        return found
    mend = meant(name, known) or (f"there are: {', '.join(known)}" if known else "it has none")
    raise UsageError(f"{report.file.relative}: found no table {name!r}; {mend}")


def _csv(table: TableBlock) -> str:
    """Numbers with all of their digits; what a spreadsheet would take for a formula is text there, too."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(map(_safe, table.heads))
    for row in table.rows:
        writer.writerow([_safe(cell.text) if cell.value is None else repr(cell.value) for cell in row])
    return target.getvalue()


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULAS) and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
