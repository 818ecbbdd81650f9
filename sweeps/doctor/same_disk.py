"""Whether the other side is a mount of the same disk: what is written here has to be seen there."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from sweeps.doctor import checks
from sweeps.doctor.workers import RefusedError, Worker
from sweeps.errors import SweepError

_MOUNTS: Final = Path("/proc/self/mountinfo")
_FIRST_SECONDS: Final = 1.0
_EVERY_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 0.5


def check_same_disk(here: Worker, there: Worker, told: Callable[[str], None]) -> None:
    """Raises `SweepError` where the peer does not see what was written here; `told` hears what is waited for."""
    own, other = here.folder.parent, there.folder.parent
    where = f"{there.host}:{other}" if there.host else str(other)
    here.ask("write", name="token", text=here.folder.name)
    if there.host or not _are_two_folders(own, other):
        there.ask("hello")
        if _is_seen(there, f"{where} to show what was written to {own}", told):
            return
    cause = _cause_afar(own, there.host) if there.host else _cause_here(own, other)
    raise SweepError(f"{where}: does not show what was written to {own}; name a mount of the same disk: {cause}")


def _is_seen(there: Worker, what: str, told: Callable[[str], None]) -> bool:
    there.send("watch", kind="name", name="token", patience=checks.PATIENCE_SECONDS)
    begun = time.monotonic()
    next_line = _FIRST_SECONDS

    def waits() -> None:
        nonlocal next_line
        waited = time.monotonic() - begun
        if waited >= next_line:
            most = f"{checks.PATIENCE_SECONDS:.0f} s at most"
            told(f"waiting for {what}, {most}" if next_line == _FIRST_SECONDS else f"… {waited:.0f} s of {most}")
            next_line = waited + _EVERY_SECONDS

    try:
        there.receive()
        there.send("there")
        return there.receive(waits, _LOOK_SECONDS) is not None
    except RefusedError:
        return False


def _are_two_folders(own: Path, other: Path) -> bool:
    """Whether both lie on one and the same mount and are not the same directory: nothing is to be waited for."""
    try:
        one, two = os.stat(own), os.stat(other)
    except OSError:
        return False
    return one.st_dev == two.st_dev and one.st_ino != two.st_ino


def _cause_here(own: Path, other: Path) -> str:
    mounts = _mount(own), _mount(other)
    if None in mounts:
        return "as it seems the two are different disks; compare what `df` says of both"
    if mounts[0] == mounts[1]:
        return f"the two are different directories on {mounts[0]}"
    return f"{own} is on {mounts[0]}, {other} on {mounts[1]}"


def _cause_afar(own: Path, host: str) -> str:
    mount = _mount(own)
    on = f" on {mount}" if mount else ""
    return f"here it is{on}; see what `ssh {host} df {own}` says"


def _mount(path: Path) -> str | None:
    """The disk that a path is on: `server:/export (nfs4)`; None where the system does not tell."""
    found, longest = None, -1
    try:
        lines = _MOUNTS.read_text(errors="replace").splitlines()
    except OSError:
        return None
    for line in lines:
        place, dash, disk = line.partition(" - ")
        fields, kind = place.split(), disk.split()
        if not dash or len(fields) < 5 or len(kind) < 2:
            continue
        point = fields[4].encode().decode("unicode_escape", errors="replace")
        if path.is_relative_to(point) and len(point) >= longest:
            found, longest = f"{kind[1]} ({kind[0]})", len(point)
    return found
