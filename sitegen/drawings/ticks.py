"""Where the pages' axes have labels: round numbers between two ends, as d3 has them."""

import math
from collections.abc import Iterator
from typing import Final

_SMALLEST: Final = 1e-300


def rounds(low: float, high: float, count: int = 4) -> Iterator[float]:
    """Multiples of 1, 2 or 5 times a power of ten, about so many; `high` lies above `low`. Of ends that are too far
    from each other or too near for such numbers, these alone."""
    raw = (high - low) / count
    if not _SMALLEST < raw < math.inf:
        yield from (low, high)
        return
    power = math.floor(math.log10(raw))
    error = raw / 10.0**power
    factor = 10 if error >= math.sqrt(50) else 5 if error >= math.sqrt(10) else 2 if error >= math.sqrt(2) else 1
    if power < 0:
        # A division gives 0.3 where a product gives 0.30000000000000004.
        inverse = 10.0**-power / factor
        yield from (at / inverse for at in range(math.ceil(low * inverse), math.floor(high * inverse) + 1))
        return
    step = 10.0**power * factor
    yield from (at * step for at in range(math.ceil(low / step), math.floor(high / step) + 1))


def powers(low: float, high: float, count: int = 6) -> list[float]:
    """The same for a log axis between positive ends: powers of ten and their multiples, of many the powers alone."""
    first, last = math.log10(low), math.log10(high)
    if last - first >= count:
        return [10.0**each for each in rounds(first, last, count)]
    decades = range(math.floor(first), math.ceil(last) + 1)
    found = [each for power in decades for part in range(1, 10) if low <= (each := _times(part, power)) <= high]
    return found if 2 * len(found) >= count else list(rounds(low, high, count))


def _times(part: int, power: int) -> float:
    """Exact, and infinite or zero beyond what a number holds."""
    return float(f"{part}e{power}")
