"""Sweeps for tests: made in a moment, with agents that are objects in this process."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from runstore.format import sweep_layout
from runstore.format.layout import StoreLayout
from runstore.format.sweep_layout import SweepLayout
from runstore.format.sweep_records import Beat, Claim, Outcome, Process
from runstore.reading.sweeps import reader, state
from runstore.reading.sweeps.trials import Trial
from sweeps import controller, records, sealing, shards
from sweeps.config.sweep import parse_sweep
from sweeps.controller import Controller, Over, Wait

RANDOM: dict[str, Any] = {
    "method": "random",
    "metric": {"name": "loss"},
    "seed": 7,
    "parameters": {"lr": {"min": 0.0, "max": 1.0}, "net": {"parameters": {"depth": {"values": [1, 2, 3]}}}},
}

SHARDED = (sweep_layout, reader, state, controller, records, sealing, shards)
"""The modules whose `SHARD` says how many trials are sealed together."""


@contextmanager
def small_shards(size: int) -> Iterator[None]:
    """A shard of a thousand is sealed as one of `size` is."""
    with pytest.MonkeyPatch.context() as patch:
        for module in SHARDED:
            patch.setattr(module, "SHARD", size)
        yield


def layout(folder: Path, sweep: str = "s1") -> SweepLayout:
    return StoreLayout(folder / "experiments").project("p").sweep(sweep)


def create(folder: Path, *, sweep: str = "s1", **more: Any) -> Controller:
    """A new sweep below `folder`, with keys of its configuration."""
    config: Mapping[str, Any] = {**RANDOM, **more}
    return Controller.create(layout(folder, sweep), parse_sweep(config), "method: random\n")


class OnlyToldDead:
    """Agents live until somebody says that they are dead."""

    def __init__(self) -> None:
        self.dead: set[str] = set()

    def judge(self, claim: Claim) -> str:
        return "dead" if claim.agent in self.dead else "alive"

    def is_there(self, beat: Beat) -> bool:
        return beat.agent not in self.dead

    def forget(self, claim: Claim) -> None:
        pass


class Agent:
    """An agent: a controller of its own, and what it was told."""

    def __init__(self, where: SweepLayout, name: str, liveness: OnlyToldDead | None = None) -> None:
        self.name = name
        self.controller = Controller.open(where)
        if liveness is not None:
            self.controller.liveness = liveness  # type: ignore[assignment]
        self.claim: Claim | None = None
        self.claims: list[Claim] = []
        self.counted: list[Outcome] = []

    def take(self) -> Claim | Wait | Over:
        self.claim = None
        found = self.controller.next(self.name, 1, Process())
        if isinstance(found, Claim):
            self.claim = found
            self.claims.append(found)
        return found

    def finish(self, state: Any = "finished", value: float | None = None) -> bool:
        assert self.claim is not None
        claim, self.claim = self.claim, None
        outcome = Outcome(
            claim.n, claim.run, self.name, state, claim.attempt, value=claim.n if value is None else value
        )
        counts = self.controller.finish(outcome)
        if counts:
            self.counted.append(outcome)
        return counts


def work(agent: Agent, most: int = 10_000) -> Wait | Over | None:
    """Runs trials until there are no more, or `most` were run; why it ended."""
    for _ in range(most):
        found = agent.take()
        if not isinstance(found, Claim):
            return found
        agent.finish()
    return None


def told(trials: list[Trial]) -> list[tuple[Any, ...]]:
    """All that is known of trials, to compare with."""
    return [(each.number, each.run, each.claims, each.outcome, each.earlier, each.verdict) for each in trials]
