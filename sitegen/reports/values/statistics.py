"""What samples of numbers say: means with what they are uncertain by, tests of differences, and how to write them down.

A sample is a sequence of finite numbers, one for each run. Every function raises `ReportError` where it is too small.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from sitegen.reports.mistakes import ReportError

Test = Literal["welch", "mannwhitney", "paired"]
TESTS: Final[tuple[Test, ...]] = get_args(Test)
LEVEL: Final = 0.95
_PLAIN: Final = (-5, 7)
"""Numbers with exponents from the first to below the second are written without a power of ten."""
_MOST_DECIMALS: Final = 30


@dataclass(frozen=True, slots=True)
class Interval:
    """From `low` to `high`; `level` is the confidence that it holds what was estimated."""

    low: float
    high: float
    level: float = LEVEL


@dataclass(frozen=True, slots=True)
class Gap:
    """By how much the mean of one sample is above another's, with its interval and the p-value of there being none.

    `p` is NaN where no value of either sample differs from its mean: then the test says nothing.
    """

    mean: float
    interval: Interval
    p: float


@dataclass(frozen=True, slots=True)
class Spread:
    """A mean and a standard deviation as texts, rounded alike; both are to be multiplied by ten to the `exponent`.

    `std` is "" where there is none.
    """

    mean: str
    std: str
    exponent: int = 0

    def __str__(self) -> str:
        """`0.953 ± 0.004`, which does for Markdown too."""
        both = f"{self.mean} ± {self.std}" if self.std else self.mean
        if not self.exponent:
            return both
        return f"({both})e{self.exponent}" if self.std else f"{both}e{self.exponent}"

    @property
    def latex(self) -> str:
        r"""`$0.953 \pm 0.004$`."""
        both = rf"{_in_latex(self.mean)} \pm {_in_latex(self.std)}" if self.std else _in_latex(self.mean)
        if not self.exponent:
            return f"${both}$"
        return rf"$({both}) \times 10^{{{self.exponent}}}$" if self.std else rf"${both} \times 10^{{{self.exponent}}}$"


def _in_latex(number: str) -> str:
    digits, _, exponent = number.partition("e")
    return rf"{digits} \times 10^{{{int(exponent)}}}" if exponent else digits


def mean(values: Sequence[float]) -> float:
    """The arithmetic mean; huge numbers are no trouble."""
    least, largest = _extremes(values)
    if least == largest:
        return least
    size = max(abs(least), abs(largest))
    found = math.fsum(value / size for value in values) / len(values) * size
    return min(max(found, least), largest)


def std(values: Sequence[float]) -> float:
    """The sample standard deviation, which divides by n - 1."""
    _at_least(values, 2, "a standard deviation")
    least, largest = _extremes(values)
    if least == largest:
        return 0.0
    size = max(abs(least), abs(largest))
    middle = mean([value / size for value in values])
    squares = math.fsum((value / size - middle) ** 2 for value in values)
    return math.sqrt(squares / (len(values) - 1)) * size


def sem(values: Sequence[float]) -> float:
    """The standard error of the mean."""
    _at_least(values, 2, "a standard error")
    return std(values) / math.sqrt(len(values))


def median(values: Sequence[float]) -> float:
    """The middle value, or the mean of the two in the middle."""
    _extremes(values)
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else ordered[half - 1] / 2 + ordered[half] / 2


def total(values: Sequence[float]) -> float:
    """The sum. Raises `ReportError` where it is too large for a number."""
    _extremes(values)
    try:
        return math.fsum(values)
    except OverflowError:
        raise ReportError("the sum is too large for a number") from None


def interval(values: Sequence[float], level: float = LEVEL) -> Interval:
    """Student's interval of the mean."""
    _at_least(values, 2, "an interval")
    return _around(mean(values), sem(values), len(values) - 1, level)


def difference(one: Sequence[float], other: Sequence[float], level: float = LEVEL) -> Gap:
    """The mean of `one` minus that of `other`, with Welch's interval and test: the two may spread differently."""
    for values in (one, other):
        _at_least(values, 2, "a difference with its interval")
    errors = (sem(one), sem(other))
    gap, error = mean(one) - mean(other), math.hypot(*errors)
    freedom = _freedom(errors, error, (len(one) - 1, len(other) - 1))
    return Gap(gap, _around(gap, error, freedom, level), _student(gap, error, freedom))


def _freedom(errors: tuple[float, float], error: float, each: tuple[int, int]) -> float:
    """Degrees of freedom of Welch and Satterthwaite; by shares, since squares of tiny errors would vanish."""
    if error == 0.0:
        return float(sum(each))
    shares = [(own / error) ** 2 for own in errors]
    return 1 / (shares[0] ** 2 / each[0] + shares[1] ** 2 / each[1])


def paired_difference(pairs: Sequence[tuple[float, float]], level: float = LEVEL) -> Gap:
    """The mean of the first minus that of the second of each pair, with Student's interval and paired test."""
    _at_least(pairs, 2, "a paired test", "pairs")
    gaps = [one - other for one, other in pairs]
    freedom = len(gaps) - 1
    gap, error = mean(gaps), sem(gaps)
    return Gap(gap, _around(gap, error, freedom, level), _student(gap, error, freedom))


def rank_test(one: Sequence[float], other: Sequence[float]) -> float:
    """The two-sided p-value of Mann and Whitney's test: exact for small samples without ties."""
    for values in (one, other):
        _at_least(values, 1, "a test")
    from scipy.stats import mannwhitneyu  # Not at the top: it takes longer to load than a report to read.

    return float(mannwhitneyu(one, other, alternative="two-sided").pvalue)


def _around(middle: float, error: float, freedom: float, level: float) -> Interval:
    if not 0 < level < 1:
        raise ReportError(f"found the level {level:g} of an interval, expected one between 0 and 1, such as 0.95")
    from scipy.special import stdtrit

    half = float(stdtrit(freedom, (1 + level) / 2)) * error
    return Interval(middle - half, middle + half, level)


def _student(gap: float, error: float, freedom: float) -> float:
    """The two-sided p-value of Student's t, NaN without an error."""
    if error == 0.0:
        return math.nan
    from scipy.special import stdtr

    return 2 * float(stdtr(freedom, -abs(gap / error)))


def _extremes(values: Sequence[float]) -> tuple[float, float]:
    _at_least(values, 1, "that")
    return min(values), max(values)


def _at_least(values: Sequence[object], size: int, what: str, unit: str = "numbers") -> None:
    if len(values) < size:
        raise ReportError(f"found {len(values)} of the {size} {unit} that {what} needs at least")


def mean_std(values: Sequence[float], digits: int | None = None) -> str:
    """`0.953 ± 0.004`: the mean and the standard deviation. One number alone is written as `0.953 (n = 1)`."""
    if len(values) == 1:
        return f"{format_number(values[0], digits)} (n = 1)"
    return format_mean_std(mean(values), std(values), digits)


def format_mean_std(middle: float, spread: float, digits: int | None = None) -> str:
    """A mean and its standard deviation with so many digits behind the point, or as many as the deviation warrants."""
    return str(rounded(middle, spread, digits))


def format_number(value: float, digits: int | None = None) -> str:
    """A number alone: with so many digits behind the point, or four that count."""
    return f"{value:.{digits}f}" if digits is not None else f"{value:.4g}"


def format_p(p: float) -> str:
    """A p-value: `0.034`, `0.0021`, and `< 0.001` for what is less."""
    return "< 0.001" if p < 0.001 else f"{p:.2g}"


def rounded(middle: float, spread: float, digits: int | None = None) -> Spread:
    """A mean and its standard deviation, rounded alike.

    Without `digits` the deviation keeps one digit that counts, two where the first is a 1; where it is nothing, the
    mean keeps four. Numbers far from 1 get a power of ten.
    """
    if digits is not None:
        return Spread(f"{middle:.{digits}f}", f"{spread:.{digits}f}")
    if not (spread > 0 and math.isfinite(spread) and math.isfinite(middle)):
        return Spread(format_number(middle), format_number(spread))
    size = _exponent(max(abs(middle), spread))
    scale = 0 if _PLAIN[0] <= size < _PLAIN[1] else size
    decimals = decimals_of(spread)
    if decimals + scale > _MOST_DECIMALS:
        return Spread(format_number(middle), f"{spread:.1g}")
    return Spread(_scaled(middle, decimals, scale), _scaled(spread, decimals, scale), scale)


def decimals_of(spread: float) -> int:
    """How many digits behind the point a positive standard deviation warrants; negative for tens, hundreds, …"""
    digits, _, exponent = f"{spread:.1e}".partition("e")
    return (1 if digits.startswith("1") else 0) - int(exponent)


def _exponent(value: float) -> int:
    return int(f"{value:.1e}".partition("e")[2])


def _scaled(value: float, decimals: int, exponent: int) -> str:
    """A number rounded to `decimals`, in units of ten to the `exponent`."""
    shown = _shifted(round(value, decimals), exponent) if exponent else round(value, decimals)
    text = f"{shown:.{max(decimals + exponent, 0)}f}"
    return text if float(text) else text.lstrip("-")


def _shifted(value: float, exponent: int) -> float:
    """The number divided by ten to the `exponent`, by its digits: the power itself may be too large."""
    digits, _, own = f"{value:.17e}".partition("e")
    return float(f"{digits}e{int(own) - exponent}")
