"""A store elsewhere as its readers see it: a mirror in the user's cache, brought up to date before it is read.

Everything that reads a store opens files by their paths. So what an address holds is copied to
`<cache>/remote/<address>/store` first, several files at once, and from then on only what changed: of histories what was
added to them, found by size and ETag or time of change. What is gone there is gone here. The mirror is this user's
alone, and one process at a time brings it up to date.

How much is copied depends on who reads. Tables of runs need `runs`: no media, files, logs or system metrics. The site
and `Api` need `pages`: all of that, and of what artifacts hold only blobs of at most 8 MiB, as pages show no more; a
larger one is fetched when it is downloaded. Checking a store needs `all`. What a wider reader brought stays.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

from filelock import FileLock

from runstore.errors import StoreError
from runstore.format.carried import Kind, carried
from runstore.format.locate import existing_store
from runstore.format.run_layout import output_part, written_by
from runstore.remote import arriving, copying
from runstore.remote.addresses import Address
from runstore.remote.choosing import Choice
from runstore.remote.copying import Outcome, Progress
from runstore.remote.local import LocalTree
from runstore.remote.memory import Memory, remote_dir
from runstore.remote.places import to_read
from runstore.remote.trees import File, Tree

LARGEST_BLOB: Final = 8 << 20
"""Bytes of a blob that a mirror for pages holds."""
_LOGGED: Final = frozenset({"output", "lines", "system"})
Depth = Literal["runs", "pages", "all"]


class Mirror:
    """The mirror of the store at an address. Nothing is asked of anybody before `update`."""

    def __init__(self, url: str, depth: Depth = "pages") -> None:
        """Raises `UsageError` for what is no address."""
        self.address = Address.of(url)
        self._depth: Depth = depth
        self._folder = remote_dir() / self.address.slug

    @property
    def root(self) -> Path:
        """The mirror's own directory, a store."""
        return self._folder / "store"

    def update(self, progress: Progress = lambda done, total: None) -> Outcome:
        """Brings the mirror up to date. Raises `StoreError`; what was mirrored before stays then."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            os.chmod(self._folder, 0o700)
            with FileLock(self._folder / "lock"):
                return self._updated(progress)
        except OSError as error:
            reason = error.strerror or str(error)
            raise StoreError(
                f"{self._folder}: cannot be written ({reason.lower()}); set RUNSTORE_CACHE_DIR to another place"
            ) from None

    def _updated(self, progress: Progress) -> Outcome:
        choice = Choice(delete=True, mirror=True, lacks=_LACKS[self._depth])
        source, memory = to_read(self.address.url), Memory(self._folder / "memory.json")
        outcome = copying.copy(source, LocalTree(self.root), choice, memory, progress=progress)
        arriving.offer(self.root, self.address.shown, lambda path: bring(source, path, self.root))
        try:
            existing_store(self.root)
        except StoreError:
            raise StoreError(f"{self.address}: found no store; name its directory (it holds projects)") from None
        return outcome


def bring(source: Tree, path: str, root: Path) -> None:
    """Fetches one file that the mirror at `root` left where it is. Raises `StoreError`."""
    what = carried(path)
    if what is not None:
        target = LocalTree(root)
        with target.draft(what, None) as draft:
            source.fetch(source.look(what), draft)


def _unlisted(file: File) -> bool:
    """Whether a file is nothing that tables of runs are made of."""
    inside = file.path.split("/")[3:]
    stem = (written_by(file.what.name) or ("",))[0]
    return file.kind is Kind.BLOB or bool(
        file.what.run and (len(inside) > 1 or stem in _LOGGED or output_part(file.what.name))
    )


def _without_large_blobs(file: File) -> bool:
    return file.kind is Kind.BLOB and file.size > LARGEST_BLOB


_LACKS: Final[dict[Depth, Callable[[File], bool]]] = {
    "runs": _unlisted,
    "pages": _without_large_blobs,
    "all": lambda file: False,
}
"""Of each depth: whether a file is left where it is."""
