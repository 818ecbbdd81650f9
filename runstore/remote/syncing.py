"""`runstore sync`: one store brought to another place, once, as often as somebody likes, or every few seconds.

Only what is new is copied, safe beside runs that log meanwhile: histories and logs up to their last whole line, files
that are rewritten in one step, and how a run ended last of all. Heartbeats go along while they beat, so that a run that
lives reads as running at the other place too, for five minutes after the last sync; caches, the trash, locks, temporary
files and requests to stop never do. A run of which both sides have rows that the other lacks is a conflict: it is named
and left as it is. What people edit (names, tags, notes, reports, projects) is not overwritten where it was changed at
the target since, and a run that was deleted there does not come back.

Two syncs to one place wait for one another on this machine. On two machines they may meet: each step writes the same
bytes to the same place, so that the one who comes last leaves a whole store.
"""

import hashlib
from collections.abc import Sequence

from filelock import FileLock

from runstore.errors import StoreError
from runstore.remote import copying
from runstore.remote.choosing import Choice
from runstore.remote.copying import Outcome, Progress
from runstore.remote.memory import Memory, remote_dir
from runstore.remote.places import refuse_overlap, to_read, to_write


def sync(
    source: str,
    target: str,
    *,
    projects: Sequence[str] = (),
    runs: Sequence[str] = (),
    delete: bool = False,
    dry_run: bool = False,
    progress: Progress = lambda done, total: None,
) -> Outcome:
    """Copies what is new in the store at `source` to `target`; each is a directory or an address.

    Of `projects` and `runs` (ids, or `project/id`) alone where they are given. With `delete` what the source has not
    goes from the target. Raises `StoreError` when either cannot be reached, and `UsageError` for what is no address;
    what was copied by then stays, and the next sync goes on from there.
    """
    one, other = to_read(source), to_write(target)
    refuse_overlap(one, other)
    choice = Choice(frozenset(projects), frozenset(runs), delete)
    names = [
        hashlib.sha256(each.encode("utf-8", "surrogateescape")).hexdigest()[:16]
        for each in (one.identity, other.identity)
    ]
    folder = remote_dir() / "syncs"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / f"{names[1]}.lock"):
            memory = Memory(folder / f"{'-'.join(names)}.json")
            return copying.copy(one, other, choice, memory, dry_run=dry_run, progress=progress)
    except OSError as error:
        raise StoreError(
            f"{error.filename or folder}: {(error.strerror or str(error)).lower()}; check its permissions, or set "
            "RUNSTORE_CACHE_DIR to another place"
        ) from None
