"""The next point of a sweep: what the engine says, asked by one agent at a time where asking is expensive.

Nothing here has to be right for the sweep to be right: a claim's number is the version that it was decided from, and
whoever decided from an older one loses the link.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, overload

import orjson

from runstore.format.records import write_atomically
from runstore.format.sweep_layout import SweepLayout
from runstore.format.sweep_records import BadRecordError, number_of
from runstore.reading.sweeps.files import read_bytes
from runstore.reading.sweeps.reader import SweepReader
from runstore.reading.sweeps.state import SweepState
from runstore.reading.sweeps.trials import Trial
from sweeps.config.sweep import SweepConfig
from sweeps.errors import SweepError
from sweeps.search.registry import make_engine
from sweeps.search.view import PRIOR, Engine, Known, Suggestion, Told
from sweeps.space.space import Space

if TYPE_CHECKING:
    from filelock import FileLock

_CHEAP: Final = ("grid", "random")
_TURN_SECONDS: Final = 30.0
_POLL_SECONDS: Final = 0.03
_MOST_AT_ONCE: Final = 32


class Decider:
    """Decides what is tried next, from what the records say."""

    def __init__(self, reader: SweepReader, config: SweepConfig) -> None:
        self._reader = reader
        self._state = reader.state
        self._layout: SweepLayout = reader.layout
        self._config = config
        self._space = config.space
        self._ranges: dict[str, dict[str, float]] = {}
        self._engine: Engine | None = None
        self._tried = Tried(self._state, config)
        self._no_turns_until = 0.0

    @property
    def space(self) -> Space:
        """The space as it was extended. Raises `SweepError` for a range that cannot be."""
        ranges = self._state.ranges
        if ranges != self._ranges:
            space = self._config.space
            for name, ends in ranges.items():
                space = space.widened(name, ends.get("min"), ends.get("max"))
            self._space, self._ranges, self._engine = space, ranges, None
            self._tried = Tried(self._state, self._config, space)
        return self._space

    @property
    def is_cheap(self) -> bool:
        """Whether asking costs less than waiting for a turn."""
        return self._config.method in _CHEAP

    @property
    def is_blind(self) -> bool:
        """Whether what others try, and what comes of it, changes nothing."""
        return self._config.method == "random" and self.space.lattice is None

    def next(self, idle: int, room: int | None) -> Suggestion | None:
        """The next point; None when no other is left. `idle` agents wait; `room` trials may begin (None: any)."""
        if self.is_cheap:
            found = self._ask(1)
            return found[0] if found else None
        if (proposed := self._proposed()) is not None:
            return proposed
        waiting = max(idle, 1 + sum(beat.state == "waiting" for beat in self._reader.heartbeats()))
        count = min(waiting, _MOST_AT_ONCE, room if room is not None else _MOST_AT_ONCE)
        found = self._ask(max(1, count))
        if len(found) > 1:
            self._propose(found)
        return found[0] if found else None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Waits until no other agent decides, for half a minute at most, or until another's proposal is there."""
        lock = None if self.is_cheap or time.monotonic() < self._no_turns_until else self._acquire()
        try:
            yield
        finally:
            if lock is not None:
                lock.release()

    def _acquire(self) -> "FileLock | None":
        from filelock import FileLock, Timeout  # Where asking is cheap nobody needs it.

        deadline = time.monotonic() + _TURN_SECONDS
        try:
            self._layout.locks_dir.mkdir(exist_ok=True)
            lock = FileLock(self._layout.lock("search"))
            while True:
                with suppress(Timeout):
                    lock.acquire(timeout=0)
                    self._reader.look(attempts=False)
                    return lock
                if time.monotonic() > deadline:
                    break
                time.sleep(_POLL_SECONDS)
                self._reader.look(attempts=False)
                if self._proposed() is not None:
                    return None
        except (OSError, NotImplementedError):
            pass  # A file system without locks: each agent decides for itself.
        self._no_turns_until = time.monotonic() + _TURN_SECONDS
        return None

    def _ask(self, count: int) -> list[Suggestion]:
        space = self.space
        if self._engine is None:
            self._engine = make_engine(self._config, space)
        if not self.is_cheap:
            self._tried.interim = self._interim()
        return self._engine.suggest(Known(self._state.next_number, self._tried), count)

    def _interim(self) -> dict[str, float]:
        """The metric of running trials so far, as their agents say, where the configuration asks for it."""
        metric = self._config.metric
        if metric is None or metric.impute_while_running is None:
            return {}
        return {beat.run: beat.best for beat in self._reader.heartbeats() if beat.run and beat.best is not None}

    # Proposals: points for the agents that wait, decided together

    def _propose(self, found: Sequence[Suggestion]) -> None:
        first, folder = self._state.next_number, self._layout.tmp_dir / "proposals"
        before: list[dict[str, Any]] = []
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for old in folder.iterdir():
                if old.name.isdigit() and int(old.name) <= first:
                    old.unlink(missing_ok=True)
            for number, each in enumerate(found, first):
                if number > first:
                    values = {"params": each.params, "position": each.position, "info": dict(each.info)}
                    known = {"first": first, "before": before, "seen": self._state.seen, "ranges": self._ranges}
                    write_atomically(folder / str(number), orjson.dumps({**values, **known}))
                before.append(each.params)
        except (OSError, TypeError):
            return  # Each agent asks the engine itself.

    def _proposed(self) -> Suggestion | None:
        """Another's proposal for the next number; None where there is none, or it assumed what did not happen."""
        number = self._state.next_number
        try:
            values = orjson.loads(read_bytes(self._layout.tmp_dir / "proposals" / str(number)) or b"null")
            if not isinstance(values, dict) or values["ranges"] != self._state.ranges:
                return None
            first, before = int(values["first"]), values["before"]
            if first + len(before) != number or self._state.seen - int(values["seen"]) > _MOST_AT_ONCE:
                return None
            for place, params in enumerate(before, first):
                trials = self._state.at(place)
                if len(trials) != 1 or self._space.nest(params) != trials[0].params:
                    return None
            return Suggestion(values["params"], values["position"], values["info"])
        except (BadRecordError, KeyError, TypeError, ValueError, AttributeError, SweepError):
            return None


class Tried(Sequence[Told]):
    """All trials as engines know them, runs from before the sweep first. Made when asked for; ended ones are kept."""

    def __init__(self, state: SweepState, config: SweepConfig, space: Space | None = None) -> None:
        self._state = state
        self._sign = config.sign
        self._space = config.space if space is None else space
        self._kept: dict[str, tuple[int, Told]] = {}
        self._priors: tuple[int, list[Told]] = (0, [])
        self.interim: Mapping[str, float] = {}

    def __len__(self) -> int:
        return len(self._prior()) + len(self._state.trials)

    @overload
    def __getitem__(self, index: int) -> Told: ...
    @overload
    def __getitem__(self, index: slice) -> list[Told]: ...
    def __getitem__(self, index: int | slice) -> Told | list[Told]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        prior = self._prior()
        place = index if index >= 0 else len(self) + index
        if not 0 <= place < len(self):
            raise IndexError(index)
        return prior[place] if place < len(prior) else self._told(self._state.trials[place - len(prior)])

    def __iter__(self) -> Iterator[Told]:
        yield from self._prior()
        yield from map(self._told, self._state.trials)

    def _told(self, trial: Trial) -> Told:
        kept = self._kept.get(trial.run)
        if kept is not None and kept[0] == trial.version:
            return kept[1]
        params = kept[1].params if kept is not None else self._space.flatten(trial.params)
        if not trial.is_over:
            interim = self.interim.get(trial.run)
            value = None if interim is None else self._sign * interim
            return Told(trial.number, params, "pending", value, trial.position)
        value = None if trial.value is None else self._sign * trial.value
        done = trial.state in ("finished", "stopped") and value is not None
        told = Told(trial.number, params, "done" if done else "failed", value, trial.position)
        self._kept[trial.run] = (trial.version, told)
        return told

    def _prior(self) -> list[Told]:
        controls = len(self._state.controls)
        if self._priors[0] != controls:
            self._priors = (controls, [self._before(run) for run in self._state.prior])
        return self._priors[1]

    def _before(self, run: Mapping[str, Any]) -> Told:
        params, value = run.get("params"), run.get("value")
        flat = self._space.flatten(params) if isinstance(params, Mapping) else {}
        try:
            return Told(PRIOR, flat, "done", self._sign * number_of(value))
        except (TypeError, ValueError):
            return Told(PRIOR, flat, "failed")
