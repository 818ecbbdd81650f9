"""Whether a build has anything to do: what the last one saw, against what the system says of the files now.

A build that left nothing open remembers the state of all that it looked at: the store's files by size, times and
inode, the names of the site's files, the installed packages by their files. Where all of that is as it was, the site
is up to date, and that is known before a library is loaded.
"""

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from runstore.format.host import boot_id, hostname
from runstore.format.locate import existing_store
from runstore.reading.problems import Problem
from sitegen import urls
from sitegen.tree import folders

if TYPE_CHECKING:
    from sitegen.extras import PublicSite

SETTLED_NS: Final = 2_000_000_000
"""A file that changed later than so long before a look may change once more without a trace: file systems keep times
no finer than that."""
_NOT_LOOKED_AT: Final = frozenset({".cache", ".git", ".repair", ".trash", "objects"})
_OF_COMMIT: Final = ("HEAD", "index", "packed-refs", "logs/HEAD")
_HERE: Final = Path(__file__).resolve().parent


Progress = Callable[[str, int, int], None]
"""Called with what is being made, and how much of it is done, of how much."""


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did. `written` and `removed` are paths relative to the site `out`; `bytes_read` is of histories,
    `remarks` are lines about its workers."""

    out: Path
    runs: int
    projects: int
    bytes_read: int
    written: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: int
    problems: tuple[Problem, ...]
    remarks: tuple[str, ...] = ()

    @property
    def index(self) -> Path:
        return self.out / urls.index_page()


class Look:
    """One look at a store, from before it is read, for a site at `out`.

    `public` says that the site is one for the world. Raises `StoreError` when there is no store.
    """

    def __init__(self, store_root: Path, out: Path, public: "PublicSite | None" = None) -> None:
        self._how = repr(public)
        self.layout = existing_store(store_root)
        self._out = out
        self._memory = self.layout.site_look(urls.place_digest(out))
        self._began = time.time()

    @cached_property
    def _release(self) -> str:
        return _release()

    @cached_property
    def _seen(self) -> tuple[str, int] | None:
        """The state of the store's files, and the last time (ns) that one of them changed."""
        return _state(self.layout.root, _NOT_LOOKED_AT.__contains__)

    def begin(self) -> None:
        """Looks, if that was not done yet: what changes from now on is for the next build to see."""
        _ = self._release, self._seen, self._commit

    def unchanged(self) -> BuildReport | None:
        """What a build would say that has nothing to do; None when it may have something."""
        try:
            known = json.loads(self._memory.read_bytes())
            # With a clock that went back, a run that was silent for too long lives again.
            if known["began"] > self._began or known["release"] != self._release or known["site"] != _site(self._out):
                return None
            if self._seen is None or known["store"] != self._seen[0] or known["how"] != self._how:
                return None
            if known["commit"] is not None and known["commit"] != self._commit:
                return None
            problems = tuple(Problem(str(path), int(line), str(text)) for path, line, text in known["problems"])
            counts = int(known["runs"]), int(known["projects"])
            return BuildReport(self._out, *counts, 0, (), (), int(known["files"]), problems)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None

    @cached_property
    def _commit(self) -> str:
        """The state of the repository that the store lies in: changes with its commit, and with what is to be in the
        next one."""
        root = self.layout.root.absolute()
        place = next((each / ".git" for each in (root, *root.parents) if os.path.lexists(each / ".git")), root)
        return repr([_when(place / name) for name in _OF_COMMIT])

    def note(self, report: BuildReport, *, lasting: bool, says_commit: bool = False) -> None:
        """Notes what the build made of what was seen, where that holds as long as no file changes: no run lives whose
        process may end (`lasting`), and none changed so late that it may have changed once more since. `says_commit`:
        whether the site says which commit it was made from."""
        site = _site(self._out) if lasting else None
        if site is None or self._seen is None or self._seen[1] > self._began * 1e9 - SETTLED_NS:
            with suppress(OSError):
                self._memory.unlink(missing_ok=True)
            return
        known = {
            "began": self._began,
            "release": self._release,
            "how": self._how,
            "site": site,
            "store": self._seen[0],
            "commit": self._commit if says_commit else None,
            "runs": report.runs,
            "projects": report.projects,
            "files": report.unchanged + len(report.written),
            "problems": [(problem.path, problem.line, problem.message) for problem in report.problems],
        }
        if self._memory.parent.parent.is_symlink() or self._memory.parent.is_symlink():
            return  # A store may come from strangers: this would be written wherever the link leads.
        from runstore.format.records import write_atomically  # Not at the top: it is loaded by then.

        with suppress(OSError):  # On a disk that cannot be written the next build looks at everything again.
            self._memory.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self._memory, json.dumps(known).encode())


def _when(path: Path) -> tuple[int, int] | None:
    """Size and time of a file; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def _site(out: Path) -> str | None:
    """The state of a site: which files there are, and its manifest; None where there is no site."""
    try:
        manifest = (out / urls.MANIFEST).lstat()
        names = hashlib.blake2b(digest_size=16)
        for folder, inner, files in folders(os.fspath(out)):
            names.update(repr((folder, sorted(inner), sorted(entry.name for entry in files))).encode())
    except OSError:
        return None
    return f"{names.hexdigest()} {manifest.st_size} {manifest.st_mtime_ns} {manifest.st_ino}"


def _state(root: Path, skip: Callable[[str], bool]) -> tuple[str, int] | None:
    """A digest of all files below `root`, but for folders of which `skip` says so (by their path from there), and the
    last time (ns) that one of them changed; None where the system does not show us all."""
    state, last = hashlib.blake2b(digest_size=16), 0
    try:
        for folder, inner, files in folders(os.fspath(root), skip):
            known = []
            for entry in files:
                found = entry.stat(follow_symlinks=False)
                changed = found.st_ctime_ns
                if changed > last:
                    last = changed
                known.append((entry.name, found.st_size, found.st_mtime_ns, changed, found.st_ino, found.st_mode))
            known.sort()
            state.update(repr((folder, sorted(inner), known)).encode())
    except OSError:
        return None
    return state.hexdigest(), last


def _release() -> str:
    """What makes sites here: our own files, the interpreter and the libraries beside it, this boot of this host."""
    # In a checkout the templates lie beside the package, else inside it.
    own = (_HERE, _HERE.parent / "runstore", _HERE.parent / "templates")
    states = [_state(folder, lambda path: path.endswith("__pycache__")) for folder in own]
    libraries = [
        (path, os.stat(path).st_mtime_ns) for path in sys.path if path.endswith("-packages") and os.path.isdir(path)
    ]
    who = os.geteuid() if hasattr(os, "geteuid") else 0
    known = (sys.version, libraries, states, hostname(), boot_id(), who)
    return hashlib.blake2b(repr(known).encode(), digest_size=16).hexdigest()
