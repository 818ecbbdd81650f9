"""Sealing: the records of a thousand trials that are over become one file.

Their directories are moved aside first, so that nobody can add to them; then they are read, the sealed file gets its
name, and what it holds is deleted. Whoever comes upon a shard half way goes on with it, and two may: each step can be
done twice.

On a shared file system another machine may know the directories by their old names for a moment, and add to them: they
are read when that moment is over, and what comes even later stays beside the sealed file, where readers see it.
"""

import errno
import os
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from runstore.format.sweep_layout import SHARD, SweepLayout, parse_late, parse_record, record_names
from runstore.format.sweep_records import BadRecordError, Claim, Outcome, Verdict, load_values, made
from runstore.reading.sweeps.files import read_bytes
from runstore.reading.sweeps.reader import read_sealed
from runstore.reading.sweeps.state import SweepState
from runstore.reading.sweeps.trials import Trial
from sweeps.records import Primitive, publish

_Kind = type[Claim] | type[Outcome] | type[Verdict]

_OLD_NAME_SECONDS: Final = 3.0
"""How long another machine may go by a directory's old name: FUSE file systems keep names for a second."""
_OF_ONE_MACHINE: Final = ("apfs", "bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "overlay", "tmpfs", "xfs", "zfs")


def seal(
    layout: SweepLayout,
    shard: int,
    known: Iterable[Trial],
    primitive: Primitive = "link",
    is_over: Callable[[], bool] = lambda: True,
) -> bool:
    """Seals a shard; whether it is sealed then. `known` are the trials that have to be among its records; `is_over`
    says, once nobody can add to them, whether nobody wants to.

    A shard that is not over after all (somebody wanted a trial again just now, or this machine does not see the last
    records yet) is opened again. Raises `OSError` for trouble with the disk.
    """
    if not os.path.lexists(layout.sealed(shard)):
        for folder, path in _folders(layout, shard):
            _move_aside(path, layout.sealing(folder, shard))
        if is_shared(layout.path):
            time.sleep(_OLD_NAME_SECONDS)
        gathered = _Gathered(layout, shard)
        if os.path.lexists(layout.sealed(shard)):
            return clear_sealed(layout, shard)
        if not gathered.is_whole(known) or not is_over():
            _open_again(layout, shard)
            return False
        lines = b"".join(trial.sealed_line() for trial in gathered.state.trials)
        layout.sealed_dir.mkdir(exist_ok=True)
        publish(layout, layout.sealed(shard), lines, primitive)
    return clear_sealed(layout, shard)


def _move_aside(path: Path, aside: Path) -> None:
    """Moves a shard's directory, unless somebody did. One that stands there all the same was made anew by an agent that
    slept: it takes back what it put there; if it was killed, that stays beside the sealed file."""
    try:
        os.rename(path, aside)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST):
            raise


def clear_sealed(layout: SweepLayout, shard: int) -> bool:
    """Deletes the records that a sealed shard holds; one that it does not hold stays. False without that file."""
    try:
        data = read_bytes(layout.sealed(shard))
    except BadRecordError:
        return False
    if data is None:
        return False
    sealed = {trial.run: trial for trial in read_sealed(data)[0]}
    if not sealed:
        return False
    for folder in (layout.done_dir, layout.claims_dir):
        path = layout.sealing(folder, shard)
        kind = Claim if folder == layout.claims_dir else Outcome
        for name in record_names(path):
            _delete_if_held(path / name, kind, sealed)
        with suppress(OSError):
            os.rmdir(path)
    for trial in sealed.values():
        for verdict in trial.verdicts:
            _delete_if_held(layout.stop(trial.number, verdict.attempt), Verdict, sealed)
    return True


def is_shared(path: Path) -> bool:
    """Whether a directory may be seen by other machines; True where nobody can tell."""
    import psutil

    try:
        place = path.resolve()
        mounts = [part for part in psutil.disk_partitions(all=True) if place.is_relative_to(part.mountpoint)]
        return max(mounts, key=lambda part: len(part.mountpoint)).fstype.lower() not in _OF_ONE_MACHINE
    except (OSError, ValueError, psutil.Error):
        return True


def _folders(layout: SweepLayout, shard: int) -> list[tuple[Path, Path]]:
    return [
        (layout.claims_dir, layout.claim(shard * SHARD).parent),
        (layout.done_dir, layout.done(shard * SHARD).parent),
    ]


def _open_again(layout: SweepLayout, shard: int) -> None:
    """Moves the directories back, unless the shard was sealed meanwhile. One that somebody made anew is in the way
    only while it holds something."""
    for folder, path in reversed(_folders(layout, shard)):
        if not os.path.lexists(layout.sealed(shard)):
            with suppress(OSError):
                os.rename(layout.sealing(folder, shard), path)


def _delete_if_held(path: Path, kind: _Kind, sealed: dict[str, Trial]) -> None:
    try:
        held = all(_is_held(record, sealed) for record in _read(path, kind))
    except (BadRecordError, FileNotFoundError):
        return
    if held:
        with suppress(FileNotFoundError):
            os.unlink(path)


def _is_held(record: Claim | Outcome | Verdict, sealed: dict[str, Trial]) -> bool:
    trial = sealed.get(record.run)
    if trial is None:
        return False
    if isinstance(record, Claim):
        return record in trial.claims
    return record == trial.outcome or record in trial.earlier or record in trial.verdicts


def _read(path: Path, kind: _Kind) -> list[Claim | Outcome | Verdict]:
    """The records in a file. Raises `BadRecordError` for a bad line, `FileNotFoundError` where there is no file."""
    data = read_bytes(path)
    if data is None:
        raise FileNotFoundError(path)
    lines = data.splitlines() or [b""]
    return [made(load_values(line, kind.kind), kind) for line in lines]  # type: ignore[type-var]


class _Gathered:
    """The records of a shard that was moved aside, read by name: a listing of another machine may be old."""

    def __init__(self, layout: SweepLayout, shard: int) -> None:
        self.state = SweepState()
        self._layout = layout
        self._claims = layout.sealing(layout.claims_dir, shard)
        self._done = layout.sealing(layout.done_dir, shard)
        self._broken: set[int] = set()
        self._names: set[Path] = set()
        for number in range(shard * SHARD, (shard + 1) * SHARD):
            self._take_number(number)
        for name in record_names(self._claims):
            self._take(self._claims / name, (parse_record(name) or (0, 0))[0], Claim)
        for name in record_names(self._done):
            late = parse_late(name)
            self._take(self._done / name, (late or parse_record(name) or (0, 0))[0], Outcome, late=late is not None)
        for trial in self.state.trials:
            self._take(layout.stop(trial.number, trial.attempt), trial.number, Verdict)
        self._first, self._last = shard * SHARD, (shard + 1) * SHARD

    def is_whole(self, known: Iterable[Trial]) -> bool:
        """Whether all numbers are there, all trials over, and all that is known of them is there."""
        numbers = {trial.number for trial in self.state.trials} | self._broken
        if numbers != set(range(self._first, self._last)) or self.state.pending.keys() - self._unread():
            return False
        for trial in known:
            here = self.state.of(trial.run)
            if here is None or here.attempt < trial.attempt:
                return False
        return True

    def _unread(self) -> set[str]:
        """Trials that are over although their outcome cannot be read."""
        return {run for run, trial in self.state.pending.items() if trial.number in self._broken}

    def _take_number(self, number: int) -> None:
        attempt = 1
        while self._take(self._claims / self._layout.claim(number, attempt).name, number, Claim):
            attempt += 1
        self._take(self._done / self._layout.done(number).name, number, Outcome)
        for trial in self.state.at(number):
            if not trial.is_over and trial.first > 1:
                self._take(self._done / self._layout.done(number, trial.first).name, number, Outcome)

    def _take(self, path: Path, number: int, kind: _Kind, *, late: bool = False) -> bool:
        """Reads a record, once; whether its name is taken."""
        if path in self._names:
            return True
        try:
            for record in _read(path, kind):
                known = self.state.of(record.run)
                self.state.apply(record, late=late and known is not None and known.is_over)
        except FileNotFoundError:
            return False
        except BadRecordError:
            self._broken.add(number)
        self._names.add(path)
        return True
