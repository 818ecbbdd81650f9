"""Tables of a report as its page has them, and as papers want them: LaTeX with booktabs, or Markdown."""

from collections.abc import Iterator, Sequence
from typing import Final

from markupsafe import Markup, escape

from sitegen import urls
from sitegen.reports.figures.drawn import id_of, numbered
from sitegen.reports.figures.tables import Cell, TableBlock

_LATEX: Final = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\{",
        "}": r"\}",
        "$": r"\$",
        "&": r"\&",
        "#": r"\#",
        "^": r"\textasciicircum{}",
        "_": r"\_",
        "~": r"\textasciitilde{}",
        "%": r"\%",
        # After the end of a row they would begin an option.
        "[": "{[}",
        "]": "{]}",
        "*": "{*}",
        "±": r"$\pm$",
    }
)
_MARKDOWN: Final = str.maketrans({letter: f"\\{letter}" for letter in "\\`*_{}[]<>|#&~$"})


def table_html(table: TableBlock, number: int | None, caption: Markup, page: str, base: str = "") -> Markup:
    """A table with its caption above, as papers have it. `page` is the report's; its project lies below `base`."""
    head = Markup("").join(
        Markup('<th scope="col"{}>{}</th>').format(_class(at >= table.names), text)
        for at, text in enumerate(table.heads)
    )
    rows = Markup("\n").join(_row(cells, table, page, base) for cells in table.rows)
    more = f"and {table.hidden} more row{'s' * (table.hidden != 1)}"
    hidden = Markup('<p class="report-table-more soft">{}</p>').format(more) if table.hidden else ""
    return Markup(
        '<figure class="report-figure report-table-figure"{id}>\n<figcaption>{number}{caption}</figcaption>\n'
        '<div class="report-table" tabindex="0" role="region" aria-label="{label}"><table>\n'
        "<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table></div>\n{hidden}</figure>\n"
    ).format(
        id=id_of(table.head),
        number=numbered("Table", number),
        caption=caption,
        label=f"Table {number}" if number else "Table",
        head=head,
        rows=rows,
        hidden=hidden,
    )


def _row(cells: Sequence[Cell], table: TableBlock, page: str, base: str) -> Markup:
    return Markup("<tr>{}</tr>").format(
        Markup("").join(
            Markup('<th scope="row">{}</th>').format(_linked(cell, page, base))
            if at < table.names
            else Markup("<td{}>{}</td>").format(_class(True, cell.is_best), cell.text)
            for at, cell in enumerate(cells)
        )
    )


def _linked(cell: Cell, page: str, base: str) -> Markup:
    if cell.run is None:
        return escape(cell.text)
    href = urls.href(base + urls.run_page(cell.run.project, cell.run.id), urls.up(page))
    return Markup('<a href="{}">{}</a>').format(href, cell.text)


def _class(is_number: bool, is_best: bool = False) -> Markup:
    names = [*(["number"] if is_number else []), *(["best"] if is_best else [])]
    return Markup(' class="{}"').format(" ".join(names)) if names else Markup("")


def table_latex(table: TableBlock, caption: str = "", label: str = "", *, is_written: bool = False) -> str:
    """The table in LaTeX, for the packages booktabs and amsmath. `is_written`: the caption is LaTeX already."""
    shown = caption if is_written else latex_text(caption)
    columns = "l" * table.names + "r" * (len(table.heads) - table.names)
    lines = [
        r"\begin{table}[t]",
        r"\centering",
        *([rf"\caption{{{shown}}}"] if caption else []),
        *([rf"\label{{{label}}}"] if label else []),
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        " & ".join(map(latex_text, table.heads)) + r" \\",
        r"\midrule",
        *(" & ".join(map(_latex_cell, row)) + r" \\" for row in table.rows),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def latex_text(text: str) -> str:
    """A text of anybody's on one line of LaTeX, in which nothing is a command."""
    return " ".join(text.split()).translate(_LATEX)


def _latex_cell(cell: Cell) -> str:
    text = cell.spread.latex if cell.spread else latex_text(cell.text)
    if not cell.is_best:
        return text
    return rf"$\boldsymbol{{{text[1:-1]}}}$" if cell.spread else rf"\textbf{{{text}}}"


def table_markdown(table: TableBlock) -> str:
    """The table in Markdown."""
    return "\n".join(_markdown(table)) + "\n"


def _markdown(table: TableBlock) -> Iterator[str]:
    yield "| " + " | ".join(map(markdown_text, table.heads)) + " |"
    yield "|" + "|".join(" :-- " if at < table.names else " --: " for at in range(len(table.heads))) + "|"
    for row in table.rows:
        cells = (f"**{markdown_text(cell.text)}**" if cell.is_best else markdown_text(cell.text) for cell in row)
        yield "| " + " | ".join(cells) + " |"


def markdown_text(text: str) -> str:
    """A text of anybody's on one line of Markdown, in which nothing is markup."""
    return " ".join(text.split()).translate(_MARKDOWN)
