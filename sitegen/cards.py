"""The picture that stands for a report where its link is shared: its title, and the first figure that can be drawn."""

import re
import textwrap
from collections.abc import Mapping
from html import escape
from typing import Final

from sitegen.drawings.drawing import Drawing
from sitegen.drawings.panels import drawings, file_of
from sitegen.reports.figures.known import Subject
from sitegen.reports.report import Report

WIDTH: Final = 1200
HEIGHT: Final = 630
"""Pixels, as sites that show such pictures want them."""

_MARGIN: Final = 60
_LETTERS: Final = 38
_MOST_LINES: Final = 2
_INK: Final = "#171a21"
_SOFT: Final = "#586072"
_FONT: Final = "system-ui, 'DejaVu Sans', sans-serif"
_HEAD: Final = re.compile(r"<svg\b[^>]*?>", re.DOTALL)
_SIZE: Final = re.compile(r'\b(width|height)="([\d.]+)"')


def card(report: Report, subjects: Mapping[str, Subject]) -> bytes | None:
    """The picture as PNG; None for a report without a figure that can be drawn."""
    found = _figure(report, subjects)
    if found is None:
        return None
    import vl_convert  # Not at the top: it is large, and few builds make a card.

    return bytes(vl_convert.svg_to_png(_composed(report, file_of(found, "svg").decode()), scale=1))


def _figure(report: Report, subjects: Mapping[str, Subject]) -> Drawing | None:
    for drawn in report.grids:
        for each in drawings(drawn, subjects[drawn.grid.sets[0].project.name]):
            if isinstance(each, Drawing) and not each.is_foreign:
                return each
    return None


def _composed(report: Report, figure: str) -> str:
    title = textwrap.wrap(report.file.title, _LETTERS, max_lines=_MOST_LINES, placeholder=" …")
    by = ", ".join([*report.file.front.authors, *([report.file.front.date] if report.file.front.date else [])])
    below = _MARGIN + 56 * len(title) + 8
    lines = "".join(
        f'<text x="{_MARGIN}" y="{_MARGIN + 44 + 56 * at}" font-size="46" font-weight="700" fill="{_INK}">'
        f"{escape(text)}</text>"
        for at, text in enumerate(title)
    )
    top = below + (44 if by else 8)
    named = f'<text x="{_MARGIN}" y="{below + 24}" font-size="24" fill="{_SOFT}">{escape(by[:90])}</text>' if by else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="{WIDTH}" '
        f'height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="{_FONT}">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>{lines}{named}'
        f"{_placed(figure, _MARGIN, top, WIDTH - 2 * _MARGIN, HEIGHT - top - 30)}</svg>"
    )


def _placed(figure: str, x: int, y: int, width: int, height: int) -> str:
    """A drawing as a part of another, as large as there is room for."""
    head = _HEAD.search(figure)
    sizes = dict(_SIZE.findall(head[0])) if head else {}
    if head is None or not {"width", "height"} <= sizes.keys():
        return ""
    box = f"0 0 {sizes['width']} {sizes['height']}"
    place = f'x="{x}" y="{y}" width="{width}" height="{height}" preserveAspectRatio="xMidYMin meet"'
    return f'<svg {place} viewBox="{box}">{figure[head.end() :]}'
