"""Values as the pages' scripts write them (`format.js`): numbers with five digits, spans of time, moments in UTC."""

import math
from datetime import UTC, datetime
from typing import Any, Final

_EXACT: Final = 1e9
_PLAIN: Final = 1e5


def number(value: float, digits: int = 5) -> str:
    """A number with at most so many significant digits."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "∞" if value > 0 else "\N{MINUS SIGN}∞"
    size = abs(value)
    if float(value).is_integer() and size < _EXACT:
        return str(int(value)) if size < 1e4 else f"{int(value):,}"
    if size < 1e-4 or size >= _EXACT:
        return _scientific(value, digits - 2)
    if size >= _PLAIN:
        return f"{math.floor(size + 0.5) * (1 if value > 0 else -1):,}"
    text = _precise(value, digits)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _scientific(value: float, digits: int) -> str:
    mantissa, _, exponent = f"{value:.{digits}e}".partition("e")
    short = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{short}e{int(exponent)}"


def _precise(value: float, digits: int) -> str:
    """So many significant digits, without an exponent for what is above 0.0001."""
    exponent = int(f"{value:.{digits - 1}e}".partition("e")[2])
    if exponent >= digits:
        return _scientific(value, digits - 1)
    return f"{value:.{max(0, digits - 1 - exponent)}f}"


def duration(seconds: float) -> str:
    if not math.isfinite(seconds):
        return ""
    if seconds < 0:
        return f"\N{MINUS SIGN}{duration(-seconds)}"
    if seconds < 60:
        return f"{number(seconds, 2 if seconds < 10 else 3)}s"
    minutes, hours = int(seconds // 60), int(seconds // 3600)
    if minutes < 60:
        return f"{minutes}m {int(seconds % 60)}s"
    return f"{hours}h {minutes % 60:02}m" if hours < 24 else f"{hours // 24}d {hours % 24}h"


def moment(seconds: float) -> str:
    """An instant (epoch s) in UTC, to the minute."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")
    except (OverflowError, ValueError, OSError):
        return ""


def shown(value: Any, kind: str = "") -> str:
    """Any value of a column of this kind; "" for none."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(map(plain, value))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return moment(value) if kind == "time" else duration(value) if kind == "duration" else number(value)
    return plain(value)


def plain(value: Any) -> str:
    """A value as a script's `String` has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _as_script(value)
    return "" if value is None else str(value)


def _as_script(value: float) -> str:
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    text = repr(value)
    if "e" not in text:
        return text
    mantissa, _, exponent = text.partition("e")
    if -7 < int(exponent) < 0:
        return f"{value:.{len(mantissa.replace('.', '').lstrip('-')) - 1 - int(exponent)}f}"
    return f"{mantissa}e{int(exponent):+d}"


def counted(amount: int, noun: str) -> str:
    return f"{amount:,} {noun}{'' if amount == 1 else 's'}"


def clipped(text: str, room: float) -> str:
    """A label that fits so many pixels, at about six for a letter."""
    letters = max(3, int(room / 6))
    return text if len(text) <= letters else f"{text[: letters - 1]}…"
