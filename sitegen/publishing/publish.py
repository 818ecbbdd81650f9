"""`runstore publish`: a public site is built in the user's cache, looked through, and only then put where it is read.

Nothing leaves the cache while anything in it looks like a secret that nobody allowed.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from runstore.errors import StoreError, UsageError
from runstore.format.locate import existing_store
from runstore.reading.store import read_store
from sitegen import urls
from sitegen.assets import cache_dir
from sitegen.build import BuildReport, Kept, build_site
from sitegen.extras import PublicSite
from sitegen.looks import Progress
from sitegen.publishing.branch import Branch, push_site
from sitegen.publishing.folder import Mirrored, mirror
from sitegen.publishing.outline import ProjectOutline, outline
from sitegen.publishing.patterns import KINDS
from sitegen.publishing.places import placed
from sitegen.publishing.secrets import Finding, scan_files
from sitegen.tree import folders

_OURS: Final = f"{urls.STATIC}/"
_NOT_OURS: Final = frozenset({urls.static_file(urls.FINDER)})


@dataclass(frozen=True, slots=True)
class Allowed:
    """A finding that a person has looked at: of this kind, in the files whose path is like this (`*` and `?`)."""

    kind: str
    file: str

    @classmethod
    def parse(cls, text: str) -> "Allowed":
        """Reads `KIND:FILE`. Raises `UsageError`."""
        kind, colon, file = text.partition(":")
        if not colon or not file or kind not in KINDS:
            raise UsageError(f"found --allow {text!r}, expected KIND:FILE with a kind out of {' '.join(KINDS)}")
        return cls(kind, file)

    def covers(self, finding: Finding) -> bool:
        return finding.kind == self.kind and fnmatchcase(finding.file, self.file)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A site that is ready to go out, but for what `blocking` names. `size` is in bytes."""

    site: Path
    store: Path
    projects: tuple[ProjectOutline, ...]
    files: int
    size: int
    findings: tuple[Finding, ...]
    allowed: tuple[Allowed, ...]
    report: BuildReport

    @property
    def public(self) -> tuple[ProjectOutline, ...]:
        return tuple(project for project in self.projects if project.public)

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """The findings that nobody allowed."""
        return tuple(each for each in self.findings if not any(allowed.covers(each) for allowed in self.allowed))

    @property
    def idle(self) -> tuple[Allowed, ...]:
        """What was allowed and is nowhere: it may be taken back."""
        return tuple(each for each in self.allowed if not any(map(each.covers, self.findings)))


@dataclass(frozen=True, slots=True)
class Target:
    """Where a site goes: into a folder or onto a branch; nowhere for a `dry_run`."""

    folder: Path | None = None
    branch: Branch | None = None
    dry_run: bool = False

    @classmethod
    def chosen(
        cls, folder: Path | None, branch: str | None, remote: str, force: bool, message: str, dry_run: bool
    ) -> "Target":
        """By what a person chose. Raises `UsageError` where that is not one of both."""
        if folder is not None and branch is not None:
            raise UsageError("found --to and --branch, expected one of them")
        if folder is None and branch is None and not dry_run:
            raise UsageError("found neither --to nor --branch, expected one of them, or --dry-run")
        onto = None if branch is None else Branch(branch, remote, message, force)
        return cls(folder, onto, dry_run)

    def __str__(self) -> str:
        return str(self.folder or self.branch or "nowhere")


@contextmanager
def prepared(
    store: Path, site: PublicSite, allowed: Sequence[Allowed] = (), progress: Progress | None = None
) -> Iterator[Prepared]:
    """Builds the public site of a store, or brings it up to date, and looks through it; nobody else does as long.

    Raises `StoreError` where there is no store, none of its projects is public, or another process publishes it.
    """
    root = existing_store(store).root
    with _own_place(root) as out:
        kept = Kept()
        report = build_site(root, out, public=site, kept=kept, progress=progress)
        whole = kept.store or read_store(root)
        projects = outline(whole)
        if not any(project.public for project in projects):
            wrong = "; ".join(project.mistake for project in projects if project.mistake)
            mend = wrong or "write visibility: public in <project>/project.yaml"
            raise StoreError(f"{root}: none of its projects is public; {mend}")
        sizes = _sizes(out)
        found = scan_files(out, [path for path in sizes if not path.startswith(_OURS) or path in _NOT_OURS])
        findings = placed(found, whole)
        yield Prepared(out, root, projects, len(sizes), sum(sizes.values()), tuple(findings), tuple(allowed), report)


def send(found: Prepared, target: Target) -> Mirrored | bool | None:
    """Puts a site that was prepared where it belongs: what changed in a folder, or whether a branch did.

    Raises `StoreError`, and `UsageError` while anything in it is `blocking`.
    """
    if found.blocking:
        raise UsageError("what is found in the site is not allowed to go out")
    if target.dry_run:
        return None
    if target.folder is not None:
        return mirror(found.site, target.folder)
    return push_site(found.site, found.store, target.branch or Branch())


def _sizes(out: Path) -> dict[str, int]:
    """The site's files with their sizes, in order."""
    found = {
        f"{folder}{entry.name}": entry.stat(follow_symlinks=False).st_size
        for folder, _, files in folders(os.fspath(out))
        for entry in files
    }
    return {path: found[path] for path in sorted(found)}


@contextmanager
def _own_place(store: Path) -> Iterator[Path]:
    """The directory of the store's public site in the user's cache, held by this process alone."""
    name = hashlib.sha256(os.fsencode(store.resolve())).hexdigest()[:16]
    folder = cache_dir() / "publish" / name
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"{folder}: cannot be made ({error.strerror}); set RUNSTORE_CACHE_DIR to another place"
        ) from None
    lock = FileLock(folder / "lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise StoreError(f"{store}: is being published by another process; wait until that is done") from None
    try:
        yield folder / "site"
    finally:
        lock.release()
