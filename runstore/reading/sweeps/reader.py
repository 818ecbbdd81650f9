"""Reads the records of a sweep, and from then on what is new: found by name, as a listing may be old."""

import gc
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from runstore.errors import FormatError, StoreError
from runstore.format import records
from runstore.format.sweep_layout import (
    SHARD,
    SweepLayout,
    agent_names,
    parse_late,
    parse_record,
    record_name,
    record_names,
    sealed_shards,
    shard_name,
    shards,
)
from runstore.format.sweep_records import (
    BadRecordError,
    Beat,
    Claim,
    Control,
    Outcome,
    Verdict,
    load,
    load_sealed_head,
)
from runstore.reading.sweeps.files import read_bytes
from runstore.reading.sweeps.state import SweepState
from runstore.reading.sweeps.trials import Trial, unknown_outcome

_HEARTBEAT_SECONDS: Final = 30.0
_LEASE_BEATS: Final = 10
_MENDS: Final = {
    "claim": "restore the file from git, or leave it as it is: without it its number could be claimed again",
    "outcome": "restore the file from git; the trial counts as crashed, and `runstore sweep retry` runs it again",
    "control": "restore the file from git, or ask for the same again",
    "verdict": "restore the file from git; it only says why a trial was stopped",
    "trial": "restore the file from git",
}
R = TypeVar("R", Claim, Outcome, Verdict, Control)


class SweepReader:
    """A sweep as its records tell it.

    `state` is what they add up to, `config` the resolved configuration ({} where it cannot be read), `resolved` the
    whole of that file. `problems` are what cannot be read, by path, each a line without the path.
    """

    def __init__(self, layout: SweepLayout) -> None:
        self.layout = layout
        self.problems: dict[Path, str] = {}
        self._claims_folder, self._done_folder = str(layout.claims_dir), str(layout.done_dir)
        self._sealed_folder, self._control_folder = str(layout.sealed_dir), str(layout.control_dir)
        self.resolved = self._read_resolved()
        config = self.resolved.get("config")
        self.config: Mapping[str, Any] = config if isinstance(config, dict) else {}
        metric = self.config.get("metric")
        goal = metric.get("goal") if isinstance(metric, dict) else None
        cap = self.config.get("run_cap")
        self.state = SweepState(str(goal), cap if isinstance(cap, int) and not isinstance(cap, bool) else None)
        self.unreadable: dict[int, Path] = {}
        self.unread: list[int] = []
        self._next_control = 1
        self._first_seen: dict[Path, float] = {}
        self._open()

    # What is there

    def look(self, *, attempts: bool = True, outcomes: bool = True) -> bool:
        """Reads what is new; whether there was anything. Without `attempts` a new attempt at a known trial is left
        out: who asks about one uses `look_at`. Without `outcomes` only new trials and controls are read."""
        before = (len(self.state.trials), self.state.seen, len(self.state.controls), self.state.next_number)
        self._read_unread(lambda number: True)
        if outcomes:
            self._look_for_sealed()
        while self._take_claims(self.state.next_number):
            pass
        if self.state.next_number // SHARD not in self.state.sealed and self._look_for_sealed(self.state.next_number):
            return self.look(attempts=attempts, outcomes=outcomes) or True
        for number in list(self.unreadable):
            self._take_claims(number)
        for trial in list(self.state.pending.values()) if outcomes else ():
            self._take_outcome(trial)
        found = attempts and sum(map(self.look_at, list(self.state.pending.values()))) > 0
        while self._take_control():
            pass
        after = (len(self.state.trials), self.state.seen, len(self.state.controls), self.state.next_number)
        return found or after != before

    def glance(self) -> None:
        """Notes new trials by their names alone, in `unread`, and reads controls: for one to whom it only matters
        which numbers are taken."""
        number = self.state.next_number
        while os.path.lexists(_place(self._claims_folder, number)):
            self.unread.append(number)
            number += 1
        if number > self.state.next_number:
            self.state.skip(number - 1)
        if number // SHARD not in self.state.sealed and self._look_for_sealed(number):
            self.look(attempts=False)
        while self._take_control():
            pass

    def look_at_running(self) -> None:
        """Of the trials that were noted by name reads those without an outcome; and the outcomes of others that run."""
        self._read_unread(lambda number: not os.path.lexists(_place(self._done_folder, number)))
        for trial in list(self.state.pending.values()):
            self._take_outcome(trial)

    def _read_unread(self, wanted: Callable[[int], bool]) -> None:
        unread, self.unread = self.unread, []
        for number in unread:
            if not wanted(number):
                self.unread.append(number)
            elif not self._take_claims(number):
                self._look_for_sealed(number)

    def look_at(self, trial: Trial) -> bool:
        """Reads what is new about one trial; whether there was anything."""
        attempt, over, found = trial.attempt, trial.is_over, False
        twins = self.state.at(trial.number)
        number = max(twin.attempt for twin in twins)
        while self._take(self.layout.claim(trial.number, number + 1), Claim):
            number, found = number + 1, True
        if not trial.is_over:
            self._take_outcome(trial)
        return found or (trial.attempt, trial.is_over) != (attempt, over)

    def look_at_shard(self, number: int) -> bool:
        """Reads the shard of a number where it was sealed meanwhile; whether it is sealed."""
        return number // SHARD in self.state.sealed or self._look_for_sealed(number)

    def heartbeats(self) -> Iterator[Beat]:
        """The agents' last heartbeats, by name; one that cannot be read is left out."""
        for name in agent_names(self.layout.agents_dir):
            try:
                data = read_bytes(self.layout.agents_dir / name)
                if data:
                    yield load(data, Beat)
            except BadRecordError:
                continue

    def described(self) -> list[str]:
        """What cannot be read, a line each, by path from the sweep's directory."""
        return [f"{path.relative_to(self.layout.path)}: {problem}" for path, problem in sorted(self.problems.items())]

    # Opening

    def _open(self) -> None:
        layout, state = self.layout, self.state
        for shard in sealed_shards(layout.sealed_dir):
            self._take_sealed(shard)
        for shard in shards(layout.claims_dir):
            self._take_folder(layout.claims_dir, shard, Claim)
        for shard in shards(layout.done_dir):
            self._take_folder(layout.done_dir, shard, Outcome)
        for name in record_names(layout.stop_dir):
            self._take(layout.stop_dir / name, Verdict)
        for name in record_names(layout.control_dir):
            self._take(layout.control_dir / name, Control)
            self._next_control = max(self._next_control, (parse_record(name) or (0, 0))[0] + 1)
        for trial in [each for each in state.pending.values() if each.number // SHARD in state.sealed]:
            state.apply(unknown_outcome(trial, "its shard was sealed on another branch"))
        self.look(attempts=False)

    def _take_folder(self, folder: Path, shard: int, kind: type[Claim] | type[Outcome]) -> None:
        """A listing may lack what is new (it is found by name then) and hold what is gone."""
        first = self.layout.claim(shard * SHARD) if kind is Claim else self.layout.done(shard * SHARD)
        for path in (first.parent, self.layout.sealing(folder, shard)):
            for name in record_names(path):
                number = (parse_record(name) or parse_late(name) or (0,))[0]
                if number // SHARD != shard:
                    self._note(path / name, "a record in the wrong directory", "trial")
                elif kind is Claim:
                    self._take_claim_file(f"{path}/{name}", number)
                else:
                    self._take_outcome_file(f"{path}/{name}", number, late=parse_late(name) is not None)

    def _read_resolved(self) -> dict[str, Any]:
        path = self.layout.resolved_json
        try:
            values = records.read_json_object(path)
        except FormatError as error:  # Its own advice is to delete the file: without this one nobody goes on.
            place = f"{error.place}: " if error.place else ""
            found = f"{place}found {error.found}, expected {error.expected}"
            self.problems[path] = f"{found}; restore the file from git, or create the sweep anew"
            return {}
        except StoreError as error:
            self.problems[path] = str(error).removeprefix(f"{path}, ").removeprefix(f"{path}: ")
            return {}
        except OSError as error:
            self.problems[path] = f"cannot be read ({error.strerror or error}); check its permissions"
            return {}
        if not values:
            self.problems[path] = (
                "found nothing, expected the sweep's configuration; restore it, or create the sweep anew"
            )
        return values

    # Records by name

    def _take_claims(self, number: int) -> bool:
        """Reads the first claim of a number; whether its name is taken."""
        return self._take_claim_file(_place(self._claims_folder, number), number)

    def _take_claim_file(self, place: str, number: int) -> bool:
        """Reads a claim; whether its name is taken. One that cannot be read keeps its number; it is read again."""
        try:
            found = self._records(place, Claim)
        except BadRecordError as error:
            path = Path(place)
            self._note(path, f"found {error}, expected a claim", "claim")
            self.unreadable[number] = path
            self.state.skip(number)
            return True
        if found is None:
            self.unreadable.pop(number, None)
            return False
        if self.unreadable and self.unreadable.get(number) == Path(place):
            self.problems.pop(self.unreadable.pop(number), None)
        for claim in found:
            if claim.n == number:
                self.state.apply(claim)
            else:
                self._note(Path(place), f"found the claim of trial {claim.n}, expected one of {number}", "claim")
        self.state.skip(number)
        return True

    def _take_outcome(self, trial: Trial) -> None:
        """Looks for the outcome of a trial that has none."""
        place = _place(self._done_folder, trial.number, trial.first)
        if not self._take_outcome_file(place, trial.number):
            return
        if not trial.is_over:
            # Another trial of this number, of another branch, has the name: what became of this one stands beside it.
            for claim in trial.claims:
                late = self.layout.late(trial.number, claim.attempt, trial.run)
                self._take_outcome_file(str(late), trial.number, late=False)
        if trial.is_over and trial.state == "stopped":
            self._take(self.layout.stop(trial.number, trial.attempt), Verdict)

    def _take_outcome_file(self, place: str, number: int, *, late: bool = False) -> bool:
        """Reads an outcome; whether its name is taken. One that cannot be read ends its trial all the same."""
        try:
            found = self._records(place, Outcome)
        except BadRecordError as error:
            path = Path(place)
            if path not in self.problems:
                self._note(path, f"found {error}, expected an outcome", "outcome")
            for trial in self.state.at(number):
                if not trial.is_over and _is_of(trial, path.name) and not self.is_young(path):
                    self.state.apply(unknown_outcome(trial, f"its outcome cannot be read: {error}"))
            return True
        if found is None:
            return False
        for outcome in found:
            known = self.state.of(outcome.run)
            self.state.apply(outcome, late=late and known is not None and known.is_over)
        return True

    def is_young(self, path: Path) -> bool:
        """Whether somebody may still be writing a file that cannot be read: for a lease, counted from when we saw it
        like that; never where a record is whole before it has its name."""
        if self.resolved.get("publish") != "exclusive":
            return False
        heartbeat = self.config.get("heartbeat")
        lease = _LEASE_BEATS * (heartbeat if isinstance(heartbeat, int | float) else _HEARTBEAT_SECONDS)
        return time.monotonic() - self._first_seen.setdefault(path, time.monotonic()) < lease

    def _take_control(self) -> bool:
        place = f"{self._control_folder}/{record_name(self._next_control)}"
        if not self._take(place, Control):
            return False
        self._next_control += 1
        return True

    def _take(self, path: Path | str, kind: type[R]) -> bool:
        """Reads a record; whether its name is taken."""
        try:
            found = self._records(str(path), kind)
        except BadRecordError as error:
            self._note(Path(path), f"found {error}, expected a {kind.kind}", kind.kind)
            return True
        for record in found or ():
            self.state.apply(record)
        return found is not None

    def _records(self, place: str, kind: type[R]) -> list[R] | None:
        """The records in a file, a line each; None when it is missing.

        Raises `BadRecordError` when none can be read; a bad line beside a good one is noted. `place` is a text, as
        making a `Path` takes longer than asking for a file that is not there.
        """
        data = read_bytes(place)
        if data is None:
            return None
        found, wrong = [], []
        for line in data.splitlines() or [b""]:
            try:
                found.append(load(line, kind))
            except BadRecordError as error:
                wrong.append(error)
        if wrong and not found:
            raise wrong[0]
        if wrong:
            self._note(Path(place), f"found {wrong[0]}, expected a {kind.kind} on each line", "trial")
        return found

    # Sealed shards

    def _look_for_sealed(self, number: int | None = None) -> bool:
        """Reads the shards that were sealed meanwhile, of those that trials are pending in, or of a number."""
        if number is None:
            wanted = {trial.number // SHARD for trial in self.state.pending.values()} - self.state.sealed
        else:
            wanted = {number // SHARD}
        return sum(map(self._take_sealed, sorted(wanted))) > 0

    def _take_sealed(self, shard: int) -> bool:
        place = f"{self._sealed_folder}/{shard_name(shard)}.jsonl"
        try:
            data = read_bytes(place)
        except BadRecordError as error:
            path = Path(place)
            self._note(path, f"found {error}, expected a sealed shard", "trial")
            return False
        if data is None:
            return False
        trials, wrong = read_sealed(data)
        if wrong:
            path = Path(place)
            lines = f"{len(wrong)} such {'line' if len(wrong) == 1 else 'lines'}"
            self._note(path, f"line {wrong[0][0]}: found {wrong[0][1]}, expected a trial ({lines})", "trial")
        self.state.add_sealed(shard, trials)
        for number in [each for each in self.unreadable if each // SHARD == shard]:
            del self.unreadable[number]
        return True

    def _note(self, path: Path, problem: str, kind: str) -> None:
        self.problems[path] = f"{problem}; the rest is read; {mend(kind)}"


def mend(kind: str) -> str:
    """What to do about a record that cannot be read: nothing is mended by deleting it."""
    return _MENDS[kind]


def open_sweep(layout: SweepLayout) -> SweepReader:
    """Reads a sweep. What cannot be read is among the reader's `problems`; nothing is raised for it."""
    return SweepReader(layout)


def read_sealed(data: bytes) -> tuple[list[Trial], list[tuple[int, BadRecordError]]]:
    """The trials of a sealed shard, and the lines that are none, with their numbers from 1. Equal lines are one."""
    trials: dict[str, Trial] = {}
    wrong: list[tuple[int, BadRecordError]] = []
    collecting = gc.isenabled()
    gc.disable()  # Ten thousand new objects, and not one of them to collect: looking takes as long as reading.
    try:
        _read_lines(data, trials, wrong)
    finally:
        if collecting:
            gc.enable()
    return list(trials.values()), wrong


def _read_lines(data: bytes, trials: dict[str, Trial], wrong: list[tuple[int, BadRecordError]]) -> None:
    for number, line in enumerate(data.splitlines(), 1):
        try:
            head = load_sealed_head(line)
            known = trials.get(head.run)
            trial = Trial.sealed(line, head)
            if known is None or _says_more(trial, known):
                trials[head.run] = trial
        except BadRecordError as error:
            wrong.append((number, error))


def _says_more(trial: Trial, known: Trial) -> bool:
    """Of two lines about one trial, each from another branch, the one with more attempts counts."""
    return len(trial.claims) > len(known.claims)


def _is_of(trial: Trial, name: str) -> bool:
    """Whether an outcome of this name would be the one that a trial waits for: one from before a retry is not."""
    if (late := parse_late(name)) is not None:
        return late[2] == trial.run and late[1] >= trial.first
    return (parse_record(name) or (0, 0))[1] == trial.first


def _place(folder: str, number: int, attempt: int = 1) -> str:
    """The file of a claim or an outcome."""
    return f"{folder}/{shard_name(number // SHARD)}/{record_name(number, attempt)}"
