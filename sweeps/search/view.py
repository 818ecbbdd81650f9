"""What an engine sees and says: trials as they were told, suggestions, and the interface that every engine has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from sweeps.config.sweep import SweepConfig
from sweeps.space.space import Params, Space

ToldState = Literal["pending", "done", "failed"]
PRIOR = -1
"""The number of a run that was there before the sweep."""


@dataclass(frozen=True, slots=True)
class Told:
    """A trial as an engine knows it.

    `number` is `PRIOR` for a run from before the sweep. `params` are flat. `value` is the metric with its sign turned
    where the goal is to maximize, so that lower is better; it may be NaN or infinite, and a pending trial may carry
    an interim one. `position` is the trial's place in the order of a grid, None outside it.
    """

    number: int
    params: Params
    state: ToldState
    value: float | None = None
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A point to try. `info` holds what the engine says about its choice, as JSON."""

    params: Params
    position: int | None = None
    info: Mapping[str, Any] = field(default_factory=dict)


class View(Protocol):
    """What is known when a decision is taken."""

    @property
    def number(self) -> int:
        """The number of the first trial to be decided."""

    @property
    def trials(self) -> Sequence[Told]:
        """All that was tried or is being tried, by number; runs from before the sweep come first."""


@dataclass(frozen=True, slots=True)
class Known:
    """A view as plain values."""

    number: int
    trials: Sequence[Told]


class Engine(Protocol):
    """A way to search.

    An engine is a pure function of `config.seed` and the view: each random draw for the i-th suggestion comes from
    `np.random.SeedSequence([config.seed, view.number + i])`. It may keep caches that do not change its answers.
    """

    def __init__(self, config: SweepConfig, space: Space) -> None:
        """`space` is the configuration's, with what was extended since."""

    def suggest(self, view: View, count: int) -> list[Suggestion]:
        """The next `count` points. Fewer: no other point is left."""
