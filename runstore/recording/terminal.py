"""What a run says on the terminal: where it lies at the start, a sparkline and the last value a metric at the end."""

import math
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runstore.format.values import parse_line

_BARS = "▁▂▃▄▅▆▇█"
_MOST_METRICS = 10
_MOST_POINTS = 40
_WHOLE_BYTES = 1 << 20
_PIECES = 64


def say(line: str) -> None:
    """Prints one line of Runstore's own, to stderr. Never raises: the stream may be gone at exit."""
    try:
        if sys.stderr is not None:
            text = f"runstore: {' '.join(line.split(chr(10)))}".rstrip()
            sys.stderr.write(f"{text}\n")  # Whole: other threads print too.
            sys.stderr.flush()
    except (OSError, ValueError, RuntimeError):
        pass  # RuntimeError: a signal came in the middle of another print.


def warn(line: str) -> None:
    say(f"warning: {line}")


def end_lines(
    history: Path, summary: Mapping[str, Any], *, curves: int = _MOST_METRICS, values: int = _MOST_METRICS
) -> list[str]:
    """What is printed at the end: "Run history" with at most `curves` sparklines, "Run summary" with last values."""
    series = sample(history) if curves else {}
    metrics = [key for key in series if len(series[key]) > 1][:curves]
    shown = [key for key in summary if not key.startswith("_") and _brief(summary[key])][:values]
    width = min(40, max((len(key) for key in (*metrics, *shown)), default=0))
    lines = []
    if metrics:
        lines += ["", "Run history:", *(f"  {key:>{width}} {sparkline(series[key])}" for key in metrics)]
    if shown:
        lines += ["", "Run summary:", *(f"  {key:>{width}} {_brief(summary[key])}" for key in shown)]
    more = len([key for key in series if len(series[key]) > 1]) - len(metrics)
    if more > 0:
        lines.append(f"  … and {more} more")
    return [*lines, ""] if lines else []


def duration(seconds: float) -> str:
    """A length of time in at most two units, as in "1 h 20 min" or "3.2 s"."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def sparkline(points: list[float], width: int = _MOST_POINTS) -> str:
    """`points` as bars of eight heights; of more than `width` points evenly spaced ones, the last included."""
    if len(points) > width:
        points = [points[round(at * (len(points) - 1) / (width - 1))] for at in range(width)]
    finite = [point for point in points if math.isfinite(point)]
    if not finite:
        return " " * len(points)
    low, high = min(finite), max(finite)
    # Halves: the difference of two large floats may be infinite.
    extent = high / 2 - low / 2
    scale = (len(_BARS) - 1) / extent if extent > 0 else 0.0
    return "".join(_BARS[round((point / 2 - low / 2) * scale)] if math.isfinite(point) else " " for point in points)


def sample(history: Path) -> dict[str, list[float]]:
    """Numbers of each metric in a history file, in order: all of them, or of a long file those in 64 pieces of it."""
    found: dict[str, list[float]] = {}
    try:
        data = _read_pieces(history)
    except OSError:
        return found
    for line in data:
        try:
            row = parse_line(line)
        except (ValueError, TypeError, AttributeError):  # Torn, or no row.
            continue
        for key, value in row.items():
            if not key.startswith("_") and type(value) in (int, float):
                found.setdefault(key, []).append(_as_float(value))
    return found


def _read_pieces(path: Path) -> list[bytes]:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = os.fstat(descriptor).st_size
        if size <= _WHOLE_BYTES // 4:
            return os.pread(descriptor, size, 0).splitlines()
        piece = _WHOLE_BYTES // 4 // _PIECES
        found = os.pread(descriptor, piece, 0).split(b"\n")[:-1]
        for number in range(1, _PIECES + 1):
            start = (size - piece) * number // _PIECES
            # The first and last line of a piece may be cut.
            found += os.pread(descriptor, piece, start).split(b"\n")[1:-1]
        return found
    finally:
        os.close(descriptor)


def _as_float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:  # A whole number of more than 308 digits.
        return math.inf if number > 0 else -math.inf


def _brief_whole(number: int) -> str:
    """A whole number of any length, also one that is no float and that Python refuses to write, as in "1e+400"."""
    try:
        return f"{number:.5g}"
    except OverflowError:
        exponent, fraction = divmod(math.log10(abs(number)), 1)
        digits = f"{10**fraction:.5g}"
        shown = f"{digits}e+{exponent:.0f}" if digits != "10" else f"1e+{exponent + 1:.0f}"
        return shown if number > 0 else f"-{shown}"


def _brief(value: Any) -> str:
    """A last value in at most 60 characters, "" for what is more than a number or a text."""
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, float):
        return f"{value:.5g}"
    if isinstance(value, int):
        return str(value) if abs(value) < 10**15 else _brief_whole(value)
    if isinstance(value, str):
        text = " ".join(value.split())
        return text if len(text) <= 60 else text[:59] + "…"
    return ""
