"""The laws that values are drawn from, as quantile functions and their inverses, in the terms of W&B's sweeps.

A law maps the unit interval onto values: `ppf(u)` is the u-th quantile, `cdf(x)` the probability of at most x.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Protocol

_STANDARD = NormalDist()
# Below and above, a normal value would be infinite.
_LOWEST, _HIGHEST = 2.0**-60, 1 - 2.0**-53


class Law(Protocol):
    """A continuous law; both functions are scalar and monotone."""

    def ppf(self, u: float) -> float:
        """The quantile at `u` in [0, 1]; finite."""

    def cdf(self, x: float) -> float:
        """The probability of a value of at most `x`."""

    @property
    def support(self) -> tuple[float, float] | None:
        """The least and the greatest value; None where there is none."""


@dataclass(frozen=True, slots=True)
class Uniform:
    """Between `low` and `high`."""

    low: float
    high: float

    def ppf(self, u: float) -> float:
        return min(max(self.low + u * (self.high - self.low), self.low), self.high)

    def cdf(self, x: float) -> float:
        return _clip((x - self.low) / (self.high - self.low))

    @property
    def support(self) -> tuple[float, float] | None:
        return self.low, self.high


@dataclass(frozen=True, slots=True)
class LogUniform:
    """The logarithm is uniform; `low` and `high` are logarithms to base e."""

    low: float
    high: float

    def ppf(self, u: float) -> float:
        return math.exp(self.low + u * (self.high - self.low))

    def cdf(self, x: float) -> float:
        return _clip((math.log(x) - self.low) / (self.high - self.low)) if x > 0 else 0.0

    @property
    def support(self) -> tuple[float, float] | None:
        return math.exp(self.low), math.exp(self.high)


@dataclass(frozen=True, slots=True)
class LogUniformValues:
    """As `LogUniform`, with `low` and `high` as values, which are met exactly."""

    low: float
    high: float

    def ppf(self, u: float) -> float:
        low, high = math.log(self.low), math.log(self.high)
        return min(max(math.exp(low + u * (high - low)), self.low), self.high)

    def cdf(self, x: float) -> float:
        return LogUniform(math.log(self.low), math.log(self.high)).cdf(x)

    @property
    def support(self) -> tuple[float, float] | None:
        return self.low, self.high


@dataclass(frozen=True, slots=True)
class Normal:
    """With the mean `mu` and the standard deviation `sigma`; one value where that is 0."""

    mu: float
    sigma: float

    def ppf(self, u: float) -> float:
        return self.mu + self.sigma * _STANDARD.inv_cdf(min(max(u, _LOWEST), _HIGHEST))

    def cdf(self, x: float) -> float:
        if self.sigma == 0:
            return float(x >= self.mu)
        return 0.5 * math.erfc((self.mu - x) / (self.sigma * math.sqrt(2)))

    @property
    def support(self) -> tuple[float, float] | None:
        return None if self.sigma else (self.mu, self.mu)


@dataclass(frozen=True, slots=True)
class LogNormal:
    """The logarithm is normal, with the mean `mu` and the standard deviation `sigma`."""

    mu: float
    sigma: float

    def ppf(self, u: float) -> float:
        # The largest exponent that a float has.
        return math.exp(min(Normal(self.mu, self.sigma).ppf(u), 709.0))

    def cdf(self, x: float) -> float:
        return Normal(self.mu, self.sigma).cdf(math.log(x)) if x > 0 else 0.0

    @property
    def support(self) -> tuple[float, float] | None:
        return None if self.sigma else (math.exp(self.mu), math.exp(self.mu))


@dataclass(frozen=True, slots=True)
class Beta:
    """On [0, 1], with the shapes `a` and `b`."""

    a: float
    b: float

    def ppf(self, u: float) -> float:
        from scipy.special import betaincinv

        # Below that SciPy now and then gives no number. One draw in 10^18 is moved.
        return float(betaincinv(self.a, self.b, max(u, _LOWEST))) if u else 0.0

    def cdf(self, x: float) -> float:
        from scipy.special import betainc

        return float(betainc(self.a, self.b, _clip(x)))

    @property
    def support(self) -> tuple[float, float] | None:
        return 0.0, 1.0


def _clip(u: float) -> float:
    return min(max(u, 0.0), 1.0)
