"""One parameter of a search: the values it can have, and how they are drawn."""

import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import accumulate
from typing import Any, Final, Literal

from sweeps.errors import SweepError
from sweeps.space.distributions import Beta, Law, LogNormal, LogUniform, LogUniformValues, Normal, Uniform
from sweeps.space.values import canonical

Kind = Literal[
    "constant",
    "categorical",
    "categorical_w_probabilities",
    "int_uniform",
    "uniform",
    "q_uniform",
    "log_uniform",
    "log_uniform_values",
    "q_log_uniform",
    "q_log_uniform_values",
    "inv_log_uniform",
    "inv_log_uniform_values",
    "normal",
    "q_normal",
    "log_normal",
    "q_log_normal",
    "beta",
    "q_beta",
]
"""W&B's names of the distributions."""

_RECORDED: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
"""How records write numbers that JSON has not."""

_GREATEST: Final = sys.float_info.max

MOST_CHOICES: Final = 100_000
"""Parameters with more values than this count as continuous."""


@dataclass(frozen=True)
class Condition:
    """When a parameter is there: each named parameter has one of the values beside it."""

    tests: tuple[tuple[str, tuple[Any, ...]], ...]

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.tests)

    @cached_property
    def _allowed(self) -> tuple[tuple[str, frozenset[str]], ...]:
        return tuple((name, frozenset(map(canonical, values))) for name, values in self.tests)

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Whether it holds among `values`, by name; a missing one fits nothing."""
        return all(name in values and canonical(values[name]) in allowed for name, allowed in self._allowed)


@dataclass(frozen=True)
class Parameter:
    """A parameter. `path` is its place in the run's config.

    `low` and `high` are as they were given: exponents of e for `log_uniform`, `q_log_uniform` and `inv_log_uniform`,
    values else. `q` is the step of the kinds that round; a whole number makes whole values. `when` says where the
    parameter is there at all, None: everywhere.
    """

    path: tuple[str, ...]
    kind: Kind
    values: tuple[Any, ...] = ()
    probabilities: tuple[float, ...] = ()
    low: float | int | None = None
    high: float | int | None = None
    q: float | int | None = None
    mu: float = 0.0
    sigma: float = 1.0
    a: float = 1.0
    b: float = 1.0
    value: Any = None
    when: Condition | None = None

    @cached_property
    def name(self) -> str:
        """The path with dots: the parameter's key in flat `Params`."""
        return ".".join(self.path)

    @property
    def is_constant(self) -> bool:
        return self.kind == "constant"

    @property
    def is_categorical(self) -> bool:
        return self.kind in ("categorical", "categorical_w_probabilities")

    @property
    def is_log(self) -> bool:
        """Whether the logarithm is what is spread evenly, or normally."""
        return "log_" in self.kind

    @property
    def is_integer(self) -> bool:
        """Whether all values are whole numbers of type `int`."""
        return self.kind == "int_uniform" or (self.kind.startswith("q_") and isinstance(self.q, int))

    @cached_property
    def law(self) -> Law:
        """The continuous law behind a numeric parameter, before rounding. Raises `SweepError` for others."""
        low, high = self.low or 0, self.high or 0
        match self.kind.removeprefix("q_"):
            case "int_uniform" | "uniform":
                return Uniform(low, high)
            case "log_uniform":
                return LogUniform(low, high)
            case "inv_log_uniform":
                return LogUniform(-high, -low)
            case "log_uniform_values" | "inv_log_uniform_values":
                return LogUniformValues(low, high)
            case "normal":
                return Normal(self.mu, self.sigma)
            case "log_normal":
                return LogNormal(self.mu, self.sigma)
            case "beta":
                return Beta(self.a, self.b)
        raise SweepError(f"{self.name}: a {self.kind} parameter has no law of numbers; ask for its choices")

    @cached_property
    def bounds(self) -> tuple[float, float] | None:
        """The least and the greatest value before rounding (no exponents); None for no numbers or no bounds."""
        return None if self.is_constant or self.is_categorical else self.law.support

    @cached_property
    def choices(self) -> Sequence[Any] | None:
        """All values that are drawn, each once; None where there are infinitely many, or more than `MOST_CHOICES`."""
        if self.is_constant:
            return (self.value,)
        if self.is_categorical:
            weights = self.probabilities or (1.0,) * len(self.values)
            return distinct(value for value, weight in zip(self.values, weights, strict=True) if weight > 0)
        steps = self._steps
        if steps is None or len(steps) > MOST_CHOICES:
            return None
        return steps if self.kind == "int_uniform" else tuple(map(self._step, steps))

    @cached_property
    def grid(self) -> Sequence[Any] | None:
        """The values in a grid, each once, in W&B's order: of `q_uniform` the maximum is left out. None: no grid."""
        if self.kind == "q_uniform":
            low, high, step = (Decimal(repr(each)) for each in (self.low, self.high, self.q))
            count = math.ceil((high - low) / step)
            whole = all(isinstance(each, int) for each in (self.low, self.high, self.q))
            kind = int if whole else float
            return tuple(kind(low + step * k) for k in range(count)) if count <= MOST_CHOICES else None
        return self.choices if self.kind in ("constant", "categorical", "int_uniform") else None

    @cached_property
    def _steps(self) -> range | None:
        """The multiples of the step that are drawn, as integers; None for a kind without step or bounds."""
        if self.kind == "int_uniform":
            return range(int(self.low or 0), int(self.high or 0) + 1)
        if not self.kind.startswith("q_") or self.bounds is None:
            return None
        low, high = (round(each / self._q) for each in self.bounds)
        return range(low, high + 1)

    @property
    def _q(self) -> float | int:
        return 1.0 if self.q is None else self.q

    def _step(self, k: int) -> float | int:
        # In decimals: three steps of 0.1 are 0.3, where floats say 0.30000000000000004.
        return k * self._q if isinstance(self._q, int) else float(Decimal(repr(self._q)) * k)

    def ppf(self, u: float) -> Any:
        """The value at the quantile `u` in [0, 1]. Raises `SweepError` outside."""
        if not 0 <= u <= 1:
            raise SweepError(f"{self.name}: found the quantile {u}, expected one between 0 and 1")
        if self.is_constant:
            return self.value
        if self.is_categorical:
            return self.values[self._index(u)]
        if self.kind == "int_uniform":
            low = int(self.low or 0)
            return low + _even_index(u, int(self.high or 0) - low + 1)
        value = float(self.law.ppf(float(u)))
        return self._step(round(value / self._q)) if self.kind.startswith("q_") else value

    def _index(self, u: float) -> int:
        if not self.probabilities:
            return _even_index(u, len(self.values))
        first = next(index for index, weight in enumerate(self.probabilities) if weight > 0)
        reached = (index for index, share in enumerate(self._shares) if share >= u)
        return max(first, next(reached, len(self.values) - 1))

    @cached_property
    def _shares(self) -> tuple[float, ...]:
        """Cumulated probabilities, the last exactly 1."""
        total = math.fsum(self.probabilities)
        last = max(index for index, weight in enumerate(self.probabilities) if weight > 0)
        sums = accumulate(self.probabilities)
        return tuple(1.0 if index >= last else min(share / total, 1.0) for index, share in enumerate(sums))

    def cdf(self, value: Any) -> float:
        """The quantile of `value`; `ppf` leads back to it. Of numbers that are rounded, that of the law before it.

        Raises `SweepError` for a value that the parameter cannot have; numbers out of bounds are at 0 or 1.
        """
        if self.is_constant:
            return 0.0
        if self.is_categorical:
            index = self._place(value)
            return self._shares[index] if self.probabilities else (index + 1) / len(self.values)
        number = self.accept(value)
        if self.kind == "int_uniform":
            low, high = int(self.low or 0), int(self.high or 0)
            share: float = min(max((number - low + 1) / (high - low + 1), 0.0), 1.0)
            return share
        return self.law.cdf(float(number))

    def _place(self, value: Any) -> int:
        known = [canonical(each) for each in self.values]
        for each in (value, self._recorded(value)):
            if (wanted := canonical(each)) in known:
                return known.index(wanted)
        raise SweepError(
            f"{self.name}: found {value!r}, expected one of {', '.join(map(repr, self.values))}; "
            "give it a value of the search"
        )

    def _recorded(self, value: Any) -> Any:
        """What a value was before it was recorded: numbers that JSON has not are names there, and a script may add
        keys to a mapping in its config."""
        if isinstance(value, Mapping):
            known = {key for each in self.values if isinstance(each, Mapping) for key in each}
            return {key: inner for key, inner in value.items() if key in known}
        return _RECORDED.get(value, value) if isinstance(value, str) else value

    def accept(self, value: Any) -> Any:
        """`value` as the parameter has it: an equal choice, or a number of its type, in bounds or not.

        Raises `SweepError` for another choice, and for what is no finite number where one is expected.
        """
        if self.is_constant:
            return self.value
        if self.is_categorical:
            return self.values[self._place(value)]
        is_number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _GREATEST
        if not is_number or (self.is_integer and value != int(value)):
            expected = "a whole number" if self.is_integer else "a number"
            raise SweepError(f"{self.name}: found {value!r}, expected {expected}; write one")
        return int(value) if self.is_integer else float(value)

    def contains(self, value: Any) -> bool:
        """Whether a search could draw `value`."""
        try:
            accepted = self.accept(value)
        except SweepError:
            return False
        if self.is_constant or self.is_categorical:
            return not self.is_constant or canonical(value) == canonical(self.value)
        if self._steps is not None:
            step = round(accepted / self._q) if self.kind != "int_uniform" else accepted
            return step in self._steps and (self.kind == "int_uniform" or self._step(step) == accepted)
        return self.bounds is None or self.bounds[0] <= accepted <= self.bounds[1]


def distinct(values: Iterable[Any]) -> tuple[Any, ...]:
    """The values without repetitions, the first of each kept, as `canonical` compares."""
    found: dict[str, Any] = {}
    for value in values:
        found.setdefault(canonical(value), value)
    return tuple(found.values())


def _even_index(u: float, count: int) -> int:
    """The least index of `count` equally likely ones that has at least the share `u` up to it."""
    index = min(max(math.ceil(u * count) - 1, 0), count - 1)
    return index - 1 if index > 0 and index / count >= u else index
