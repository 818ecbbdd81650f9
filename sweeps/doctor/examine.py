"""The test as a whole: starts the workers, asks every question, and leaves the disk as it was."""

import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from runstore.errors import UsageError
from sweeps.doctor import checks
from sweeps.doctor.findings import Diagnosis, Finding
from sweeps.doctor.same_disk import check_same_disk
from sweeps.doctor.workers import Worker

PROCESSES_A_SIDE = 4


def examine(
    folder: Path,
    peer: str = "",
    *,
    found: Callable[[Finding], None] = lambda finding: None,
    told: Callable[[str], None] = lambda line: None,
    patience: float = checks.PATIENCE_SECONDS,
) -> Diagnosis:
    """Tests the disk at `folder`; `found` hears of each finding as it is made, `told` what a long wait is for.

    `peer`: a directory (another mount of the same disk: the one that shows what is in `folder`), the name of another
    host that has the disk at the same place, or "" for a second process here. `patience`: the longest wait (s) for
    something to be seen. Raises `UsageError` for a directory that is missing or not writable, `SweepError` where the
    peer cannot be reached or sees another disk.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: found no directory; name one on the disk that the store lies on")
    findings: list[Finding] = []
    with _scratch(folder.resolve()) as scratch, _workers(scratch, peer) as (here, there):
        check_same_disk(here[0], there[0], told)
        for finding in _findings(here, there, patience):
            findings.append(finding)
            found(finding)
    return Diagnosis(str(folder), tuple(findings))


def _findings(here: Sequence[Worker], there: Sequence[Worker], patience: float) -> Iterator[Finding]:
    one, other = here[0], there[0]
    linked = checks.second_name(one)
    yield linked
    created = checks.exclusive([*here, *there], "create")
    if linked.verdict == "note":  # No links: records are made with O_EXCL.
        yield replace(created, needed=True)
    else:
        yield replace(checks.exclusive([*here, *there], "link"), needed=True)
        yield created
    for kind in ("name", "listing", "bytes", "rename"):
        yield _slower(checks.seen_after(one, other, kind, patience), checks.seen_after(other, one, kind, patience))
    yield checks.renamed_folder(one, other)
    yield checks.folder_sync(one)
    yield checks.file_lock(one, other)
    yield from checks.clocks(one, other)


def _slower(one: Finding, other: Finding) -> Finding:
    """Of two directions the one that took longer."""
    return max(one, other, key=lambda finding: finding.delay or 0.0)


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """A directory of our own on the disk, removed at the end."""
    scratch = folder / f".runstore-doctor-{secrets.token_hex(6)}"
    try:
        scratch.mkdir()
    except OSError as error:
        why = (error.strerror or "cannot be written").lower()
        raise UsageError(f"{folder}: {why}; name a directory that agents can write to") from None
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def _workers(scratch: Path, peer: str) -> Iterator[tuple[list[Worker], list[Worker]]]:
    """The processes at both sides."""
    other, host = scratch, ""
    if peer and Path(peer).is_dir():
        other = Path(peer).resolve() / scratch.name
    elif peer and "/" in peer:
        raise UsageError(f"{peer}: found no directory; name another mount of the same disk, or a host")
    else:
        host = peer
    workers: list[Worker] = []
    try:
        for side, where in ((scratch, ""), (other, host)):
            workers += [Worker(side, where) for _ in range(PROCESSES_A_SIDE)]
        yield workers[:PROCESSES_A_SIDE], workers[PROCESSES_A_SIDE:]
    finally:
        for worker in workers:
            worker.close()
