"""A metric's way in the space of a word: as characters for a terminal or a table, or as a small SVG picture."""

import math
from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Final

from runstore.reading.store import Project

_BLOCKS: Final = "▁▂▃▄▅▆▇█"
_CHARACTERS: Final = 16
_PLACES: Final = 80
_WIDTH, _HEIGHT, _MARGIN = 120, 24, 2.0
# One blue that stands out from white paper and from a dark page.
_COLOUR: Final = "#4c8dd6"


def curves_of(project: Project, runs: Collection[int], key: str) -> dict[int, list[float]]:
    """What the runs of these indices logged of a metric, each in the order of its steps, without what is not finite;
    a run that never logged it is missing."""
    points: dict[int, list[tuple[float, float]]] = {}
    for frame in project.history(runs, [key]) if runs else ():
        if f"={key}" not in frame.columns:
            continue
        for run, step, value in frame.select("run", "step", f"={key}").iter_rows():
            if step is not None and value is not None and math.isfinite(step) and math.isfinite(value):
                points.setdefault(run, []).append((step, value))
    return {run: [value for _, value in sorted(own, key=lambda point: point[0])] for run, own in points.items()}


def spark_text(values: Sequence[float]) -> str:
    """A curve as at most sixteen blocks of different height, "" for fewer than two values."""
    if len(values) < 2:
        return ""
    top = len(_BLOCKS) - 1
    return "".join(_BLOCKS[round(share * top)] for share in _shares(_thinned(values, _CHARACTERS)))


def spark_svg(values: Sequence[float]) -> bytes:
    """A curve as an SVG picture that holds nothing but its line; an empty one for fewer than two values."""
    thinned = _shares(_thinned(values, _PLACES)) if len(values) > 1 else []
    step = (_WIDTH - 2 * _MARGIN) / max(1, len(thinned) - 1)
    points = " ".join(
        f"{_MARGIN + index * step:.1f},{_HEIGHT - _MARGIN - share * (_HEIGHT - 2 * _MARGIN):.1f}"
        for index, share in enumerate(thinned)
    )
    line = f'<polyline fill="none" stroke="{_COLOUR}" stroke-width="1.5" points="{points}"/>' if points else ""
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}"'
    return f'{head} viewBox="0 0 {_WIDTH} {_HEIGHT}">{line}</svg>\n'.encode()


def _thinned(values: Sequence[float], most: int) -> list[float]:
    """At most `most` values: each the mean of as many neighbours."""
    if len(values) <= most:
        return list(values)
    bounds = [round(index * len(values) / most) for index in range(most + 1)]
    parts = [values[start:end] for start, end in pairwise(bounds)]
    # Each is divided first: the sum of all may be too large.
    return [math.fsum(value / len(part) for value in part) for part in parts]


def _shares(values: Sequence[float]) -> list[float]:
    """How high each value lies between the least, 0, and the greatest, 1; in the middle where these are one."""
    low, high = min(values), max(values)
    span = high / 2 - low / 2
    return [min(1.0, max(0.0, (value / 2 - low / 2) / span)) if span > 0 else 0.5 for value in values]
