"""What repeated runs say of one number: mean and spread, and whether two such samples differ by more than noise.

Tests are two-sided. Welch, B. L. 1947, Biometrika 34; Mann, H. B. and Whitney, D. R. 1947, Ann. Math. Stat. 18;
Holm, S. 1979, Scand. J. Stat. 6.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal, get_args

Test = Literal["welch", "mann-whitney", "permutation"]
TESTS: Final[tuple[Test, ...]] = get_args(Test)

_RESAMPLES: Final = 9_999
_ROUNDING: Final = 1e-12
_FEWEST_FREEDOM: Final = 2


@dataclass(frozen=True)
class Sample:
    """The finite values of some runs, at least one."""

    values: tuple[float, ...]

    @property
    def count(self) -> int:
        return len(self.values)

    @cached_property
    def mean(self) -> float:
        try:
            return math.fsum(self.values) / self.count
        except OverflowError:
            return math.fsum(value / self.count for value in self.values)

    @cached_property
    def std(self) -> float | None:
        """The standard deviation with n-1; None for one value. 0 where the values differ by rounding alone."""
        if self.count < 2:
            return None
        largest = max(map(abs, self.values))
        if max(self.values) / 2 - min(self.values) / 2 <= _ROUNDING * largest:
            return 0.0
        shares = [(value / largest - self.mean / largest) ** 2 for value in self.values]
        return largest * math.sqrt(math.fsum(shares) / (self.count - 1))

    def __str__(self) -> str:
        return f"{mean_and_std(self.mean, self.std)} (n={self.count})"


@dataclass(frozen=True, slots=True)
class Noise:
    """A standard deviation that several samples share, and from how many degrees of freedom it is known."""

    std: float
    freedom: int


@dataclass(frozen=True, slots=True)
class Tested:
    """How likely a difference as large as that of two samples is by chance, and the interval (of level 1 - alpha) that
    holds the difference of their means; None where the test gives none."""

    p: float
    low: float | None = None
    high: float | None = None


def mean_and_std(mean: float, std: float | None) -> str:
    """A mean with as many digits as its standard deviation bears: `0.9532 ± 0.0041`."""
    if std is None or not std or not math.isfinite(std):
        return f"{mean:.5g}"
    digits = 1 - math.floor(math.log10(std))
    if not 0 <= digits <= 6 or abs(mean) >= 1e6:
        return f"{mean:.5g} ± {std:.2g}"
    return f"{mean:.{digits}f} ± {std:.{digits}f}"


def pooled(samples: Iterable[Sample]) -> Noise | None:
    """The noise that samples have in common, each around a mean of its own; None where none has two values."""
    known = [(sample.std, sample.count - 1) for sample in samples if sample.std is not None]
    freedom = sum(weight for _, weight in known)
    if not freedom:
        return None
    largest = max(std for std, _ in known) or 1.0
    total = math.fsum((std / largest) ** 2 * weight for std, weight in known)
    return Noise(largest * math.sqrt(total / freedom), freedom)


def compare(before: Sample, after: Sample, test: Test, alpha: float) -> Tested | None:
    """Tests two samples; None where one of them has a single value, or numbers are too large to tell."""
    if before.std is None or after.std is None:
        return None
    if test == "welch" or not (before.std or after.std):
        return _welch(before, after, alpha)
    import numpy as np
    from scipy import stats

    if test == "mann-whitney":
        return _usable(float(stats.mannwhitneyu(before.values, after.values, alternative="two-sided").pvalue))
    found = stats.permutation_test(
        (np.array(before.values), np.array(after.values)),
        lambda one, other, axis: np.mean(one, axis=axis) - np.mean(other, axis=axis),
        n_resamples=_RESAMPLES,
        vectorized=True,
        rng=np.random.default_rng(0),
    )
    return _usable(float(found.pvalue))


def compare_with(noise: Noise, before: Sample, after: Sample, alpha: float) -> Tested | None:
    """Tests two samples, of one value too, against a noise known from elsewhere (Student's t)."""
    error = noise.std * math.sqrt(1 / before.count + 1 / after.count)
    return _student(before, after, error, noise.freedom, alpha)


def own_noise(before: Sample, after: Sample) -> Noise | None:
    """What two samples, one of them of a single value, say themselves of their noise; None where that is too little."""
    found = pooled((before, after))
    return found if found is not None and found.freedom >= _FEWEST_FREEDOM else None


def least_p(test: Test, before: int, after: int) -> float:
    """The smallest p-value that samples of these sizes can have."""
    if test == "welch" or min(before, after) < 2:
        return 0.0
    return 2 / math.comb(before + after, before)


def holm(values: Sequence[float]) -> list[float]:
    """p-values of several tests, raised so that the chance of any false alarm among all stays below alpha."""
    adjusted = [0.0] * len(values)
    highest = 0.0
    for place, index in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        highest = max(highest, min(1.0, values[index] * (len(values) - place)))
        adjusted[index] = highest
    return adjusted


def _welch(before: Sample, after: Sample, alpha: float) -> Tested | None:
    parts = [(sample.std or 0.0) / math.sqrt(sample.count) for sample in (before, after)]
    error = math.hypot(*parts)
    if not error:
        return _student(before, after, 0.0, 1, alpha)
    weights = [(part / error) ** 4 / (sample.count - 1) for part, sample in zip(parts, (before, after), strict=True)]
    return _student(before, after, error, 1 / math.fsum(weights), alpha)


def _student(before: Sample, after: Sample, error: float, freedom: float, alpha: float) -> Tested | None:
    """The t-test of a difference that has this standard error. Without noise every difference is one."""
    difference = after.mean - before.mean
    if not math.isfinite(difference) or not math.isfinite(error):
        return None
    if not error:
        same = abs(difference) <= _ROUNDING * max(abs(before.mean), abs(after.mean))
        return Tested(1.0 if same else 0.0, difference, difference)
    from scipy import stats

    p = 2 * float(stats.t.sf(abs(difference) / error, freedom))
    reach = float(stats.t.isf(alpha / 2, freedom)) * error
    return Tested(p, difference - reach, difference + reach)


def _usable(p: float) -> Tested | None:
    return None if math.isnan(p) else Tested(min(p, 1.0))
