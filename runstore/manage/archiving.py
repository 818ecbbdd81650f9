"""`runstore archive`: histories of runs that nobody writes any more, packed into Parquet in their place; and back."""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from runstore.archive.replacing import Replaced, pack, unpack
from runstore.errors import RunstoreError
from runstore.format.run_layout import is_packed, packed_name
from runstore.reading.store import RunRecord

SILENT_FOR: Final = 86_400.0
"""Seconds after which a run that crashed counts as one that nobody writes any more."""
_WORTH_PROCESSES: Final = 64_000_000
_PROCESSES: Final = 2


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file: what replaced it, or the error that left it as it was."""

    run: RunRecord
    path: Path
    replaced: Replaced | None
    error: str = ""


def why_not(run: RunRecord, now: float) -> str:
    """Why a run cannot be archived yet, "" where it can."""
    if run.state == "running":
        return "is running; archive it when it has ended"
    if run.state == "crashed" and run.last_sign is not None and now - run.last_sign < SILENT_FOR:
        return "gave a sign of life in the last day and has recorded no end; archive it later, or end it"
    return ""


def is_older(run: RunRecord, seconds: float, now: float) -> bool:
    """Whether a run was last heard of longer ago than that."""
    return run.last_sign is not None and now - run.last_sign > seconds


def lines_in(run: RunRecord) -> list[Path]:
    """The files of a run that can be packed, and whose lines are there."""
    paths = (run.layout.path / name for name in run.files if packed_name(name) is not None)
    return [path for path in paths if path.is_file() and not path.is_symlink()]


def packs_in(run: RunRecord) -> list[Path]:
    """The packs of a run, those too that a kill has left beside their lines."""
    with os.scandir(run.layout.path) as entries:
        found = [each.name for each in entries if is_packed(each.name) and each.is_file(follow_symlinks=False)]
    return [run.layout.path / name for name in sorted(found)]


def pack_runs(runs: Sequence[RunRecord], told: Callable[[], None]) -> Iterator[Outcome]:
    """Packs the files of these runs, on two processes where that pays; `told` is called after each file.

    A file that cannot be packed stays as it is, and stops no other.
    """
    files = [(run, path) for run in runs for path in lines_in(run)]
    yield from _each(files, pack, told)


def unpack_runs(runs: Sequence[RunRecord], told: Callable[[], None]) -> Iterator[Outcome]:
    """Gives these runs back the very lines that they had. A pack that cannot be undone stays as it is."""
    yield from _each([(run, path) for run in runs for path in packs_in(run)], unpack, told)


def _each(
    files: Sequence[tuple[RunRecord, Path]], act: Callable[[Path], Replaced], told: Callable[[], None]
) -> Iterator[Outcome]:
    size = sum(path.stat().st_size for _, path in files if path.is_file())
    if len(files) < _PROCESSES or size < _WORTH_PROCESSES:
        for run, path in files:
            yield _outcome(run, path, partial(act, path))
            told()
        return
    # A forked process would wait for ever for the locks of Polars' threads.
    with ProcessPoolExecutor(_PROCESSES, multiprocessing.get_context("spawn")) as pool:
        waiting = {pool.submit(act, path): (run, path) for run, path in files}
        for done in as_completed(waiting):
            yield _outcome(*waiting[done], done.result)
            told()


def _outcome(run: RunRecord, path: Path, result: Callable[[], Replaced]) -> Outcome:
    try:
        return Outcome(run, path, result())
    except RunstoreError as error:
        return Outcome(run, path, None, str(error))
