"""Markdown that a forge shows as a comment: the words of strangers stand in it as code, where nothing is markup."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

LONGEST: Final = 65_000
"""As many characters as a comment may have; GitHub takes 65,536."""
_WIDEST: Final = 120
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_NOTE: Final = "\n_Cut here: {} more lines. Run the command without `--markdown` for all of it._\n"


def code(text: str, longest: int = _WIDEST) -> str:
    """A stranger's text as a span of code that shows it and nothing else: no link, no mention, no HTML, no new cell.

    Control characters become spaces and a pipe, which no escape keeps inside a cell everywhere, a broken bar.
    """
    shown = _CONTROL.sub(" ", text).replace("|", "¦").strip()
    if not shown:
        return "—"
    if len(shown) > longest:
        shown = shown[: longest - 1] + "…"
    fence = "`" * (max((len(run) for run in re.findall("`+", shown)), default=0) + 1)
    gap = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{gap}{shown}{gap}{fence}"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: Iterable[str] = ()) -> Iterator[str]:
    """The lines of a table. Cells are Markdown already; the columns named in `right` are set flush right."""
    flush = frozenset(right)
    yield f"| {' | '.join(columns)} |"
    yield f"|{'|'.join('---:' if column in flush else '---' for column in columns)}|"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def cut(lines: Sequence[str], longest: int = LONGEST) -> str:
    """The lines as one text of at most `longest` characters; where some are left out, its end says how many."""
    whole = "\n".join(lines) + "\n"
    if len(whole) <= longest:
        return whole
    room = longest - len(_NOTE.format(len(lines)))
    kept, size = 0, 0
    while kept < len(lines) and size + len(lines[kept]) + 1 <= room:
        size += len(lines[kept]) + 1
        kept += 1
    return "\n".join(lines[:kept]) + "\n" + _NOTE.format(len(lines) - kept)
