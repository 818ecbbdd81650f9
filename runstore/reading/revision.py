"""The past of a store: what it was at a commit, which commit it is at now, and which ones changed it."""

import hashlib
import os
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from runstore.errors import StoreError
from runstore.format.layout import STORE_DIR, StoreLayout
from runstore.format.locate import existing_store
from runstore.format.portions import Portion
from runstore.reading.copies import copied
from runstore.reading.problems import Problem
from runstore.reading.repository import Repository
from runstore.reading.store import Store, read_store
from runstore.reading.tree import Listing, copy_blobs, listed

_SHORT: Final = 10
_DIGEST: Final = 32
_SEPARATOR: Final = "\x1f"
_FORMAT: Final = "--format=%H%x1f%ct%x1f%an%x1f%s"
_ADDRESS: Final = re.compile(
    r"(?:(?:https?|ssh|git)://(?:[^/@]*@)?|(?:[^/@:]+@))(?P<host>[A-Za-z0-9][A-Za-z0-9.-]*)(?::\d+)?[/:]"
    r"(?P<path>[A-Za-z0-9_.~/-]+)"
)
_COMMIT_PAGES: Final = {"github": "commit", "gitlab": "-/commit", "bitbucket": "commits", "codeberg": "commit"}
"""How a forge that has this word in its host's name calls the page of a commit."""


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit of the repository that holds a store. `when` is epoch s, `subject` the first line of its message."""

    sha: str
    short: str
    when: float
    author: str
    subject: str


@dataclass(frozen=True, slots=True)
class HeadState:
    """What a store's working tree is made from.

    `commit` is None outside of git, and before the first commit. `changed` are files of the store that differ from
    it, or are not in it, by their paths in the repository. `web` is the page of the repository on its forge, None
    where the remote is no forge that is known.
    """

    commit: Commit | None
    changed: tuple[str, ...] = ()
    web: str | None = None

    @property
    def dirty(self) -> bool:
        """Whether files of the store differ from the commit."""
        return bool(self.changed)

    @property
    def commit_url(self) -> str | None:
        """The commit's page on its forge."""
        return None if self.commit is None or self.web is None else commit_page(self.web, self.commit.sha)


@dataclass(frozen=True, slots=True)
class StoreAt:
    """A store as it was at a commit. `left_out` is what its tree held that is no file to copy, a link for one; the
    store's problems hold it too."""

    store: Store
    commit: Commit
    left_out: tuple[Problem, ...]


@contextmanager
def store_at(
    path: Path,
    revision: str,
    *,
    projects: Collection[str] | None = None,
    numbers_only: bool = False,
    or_none: bool = False,
    kept: Path | None = None,
) -> Iterator[StoreAt]:
    """The store at `path` as it was at a commit, tag or branch, read from a copy that is gone behind the block.

    Of `projects` alone where they are given; with `numbers_only` without media, logs, files and what artifacts hold.
    Nothing is checked out, no hook and no filter of the repository runs. Silent runs are as they were at the commit's
    time. Where the commit has no store yet it is an empty one with `or_none`. With `kept`, a directory that is ours,
    the copy stays there for the next reading, which then costs no more than that of an unchanged store and gives the
    runs the same digests; that directory is safe to delete.

    Raises `StoreError`: the store is not in git, the revision is gone, or names several, or the clone lacks files.
    """
    portion = Portion.of(projects, numbers_only=numbers_only)
    with Repository(path) as repository:
        commit = _commit(repository, repository.sha(revision))

        def fill(folder: Path) -> list[Problem]:
            found = _listing(repository, path, commit, portion)
            if found is None and not or_none:
                raise StoreError(f"{path}: there is no store in commit {commit.short}; name a later one")
            listing = found or Listing((), ())
            return [*listing.problems, *copy_blobs(repository, listing.blobs, folder, commit.when)]

        with copied(fill, kept, f"{commit.sha}-{portion.name}") as (root, left_out):
            store = _read(root, path, commit)
            yield StoreAt(replace(store, problems=(*left_out, *store.problems)), commit, tuple(left_out))


def _listing(repository: Repository, path: Path, commit: Commit, portion: Portion) -> Listing | None:
    """What the commit holds of the store; None where it has none."""
    for place in _places(repository, path):
        found = listed(repository, f"{commit.sha}:{place}", portion.lacks)
        if found is not None and (found.blobs or found.problems):
            return found
    return None


def _places(repository: Repository, path: Path) -> list[str]:
    """Where in the repository the store may lie: where it is now, else the two places that `path` can mean."""
    try:
        now = existing_store(path).root
    except StoreError:
        return [repository.prefix, "/".join(part for part in (repository.prefix, STORE_DIR) if part)]
    inside = os.path.relpath(now.resolve(), path.resolve()).replace(os.sep, "/")
    return ["/".join(part for part in (repository.prefix, inside) if part not in ("", "."))]


def _read(root: Path, path: Path, commit: Commit) -> Store:
    """Reads the copy. Errors name the store and the commit, and not where the copy lies."""
    layout = StoreLayout(root)
    if not any(root.iterdir()):
        layout.store_yaml.touch()
    try:
        return read_store(root, now=commit.when)
    except StoreError as error:
        raise StoreError(str(error).replace(str(root), f"{path} at {commit.short}")) from None


def resolve(path: Path, revision: str) -> Commit:
    """The commit that a revision names in the repository that holds the store. Raises `StoreError`."""
    with Repository(path) as repository:
        return _commit(repository, repository.sha(revision))


def merge_base(path: Path, one: str, other: str) -> Commit:
    """The commit that two branches have both grown from, their best common ancestor. Raises `StoreError`."""
    with Repository(path) as repository:
        answer = repository.try_to("merge-base", repository.sha(one), repository.sha(other))
        if answer.code:
            mend = "fetch more with `git fetch --unshallow`" if repository.is_shallow() else f"write {one}..{other}"
            raise StoreError(f"{path}: {one!r} and {other!r} have no commit in common; {mend}")
        return _commit(repository, answer.out.decode().strip())


def head(path: Path) -> HeadState:
    """What the store at `path` is made from. A store outside of git, or of one that does not open, has no commit."""
    try:
        with Repository(_root(path)) as repository:
            return _head(repository)
    except StoreError:
        return HeadState(None)


def _head(repository: Repository) -> HeadState:
    answer = repository.try_to("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    commit = None if answer.code else _commit(repository, answer.out.decode().strip())
    options = ("--porcelain", "-z", "--untracked-files=normal", "--ignore-submodules=dirty", "--no-renames")
    changes = repository.ask("status", *options, "--", str(repository.path.resolve())).split(b"\0")
    paths = (os.fsdecode(change[3:]) for change in changes if change)
    changed = tuple(path for path in paths if not _passes(repository, path))
    return HeadState(commit, changed, web_address(repository.remote()))


def _passes(repository: Repository, path: str) -> bool:
    """Whether a file of the working tree is a cache of the store, or a sign of a moment, as heartbeats are."""
    return Portion().lacks(path.removeprefix(f"{repository.prefix}/").split("/"))


def _root(path: Path) -> Path:
    """The store at `path`, or `path` itself where its working tree has none."""
    try:
        return existing_store(path).root
    except StoreError:
        return path


def tree_digest(path: Path, revision: str, projects: Collection[str]) -> str:
    """A digest of what a commit holds of some projects, the same wherever the same files are committed.

    Raises `StoreError`.
    """
    state = hashlib.sha256()
    with Repository(path) as repository:
        sha = repository.sha(revision)
        for project in sorted(projects):
            for place in _places(repository, path):
                answer = repository.try_to(
                    "rev-parse", "--verify", "--quiet", f"{sha}:{place}/{project}".replace(":/", ":")
                )
                if not answer.code:
                    state.update(f"{project}\0".encode() + answer.out.strip() + b"\0")
                    break
    return state.hexdigest()[:_DIGEST]


def commits(path: Path, since: str | None = None, until: str = "HEAD") -> list[Commit]:
    """The commits that changed the store, oldest first: those of `until` that `since` has not. Raises `StoreError`."""
    with Repository(_root(path)) as repository:
        end = repository.sha(until)
        taken = end if since is None else f"{repository.sha(since)}..{end}"
        return _log(repository, "--reverse", "--topo-order", taken, "--", str(repository.path.resolve()))


def ordered(path: Path, shas: Collection[str], until: str = "HEAD") -> dict[str, int]:
    """The places of these commits in the history of `until`, older ones first; without those that it has not.

    Raises `StoreError`.
    """
    with Repository(path) as repository:
        history = repository.ask("rev-list", "--topo-order", "--reverse", repository.sha(until)).decode().split()
    return {sha: place for place, sha in enumerate(history) if sha in shas}


def _commit(repository: Repository, sha: str) -> Commit:
    return _log(repository, "-n1", sha, "--")[0]


def _log(repository: Repository, *arguments: str) -> list[Commit]:
    options = ("-z", "--no-show-signature", "--no-color", "--no-notes", "--encoding=UTF-8", _FORMAT)
    out = repository.ask("log", *options, *arguments).decode(errors="replace")
    return [_parsed(entry.split(_SEPARATOR, 3)) for entry in out.split("\0") if entry]


def _parsed(fields: Sequence[str]) -> Commit:
    sha, when, author, subject = fields
    return Commit(sha, sha[:_SHORT], float(when), author, subject.strip())


def web_address(remote: str) -> str | None:
    """A repository's page for the address of a remote, without what logs in there; None where no known forge has it."""
    match = _ADDRESS.fullmatch(remote.strip())
    if match is None or _pages_of(match["host"]) is None:
        return None
    parts = match["path"].removesuffix("/").removesuffix(".git").split("/")
    return None if {"", ".", ".."} & set(parts) else f"https://{match['host'].lower()}/{'/'.join(parts)}"


def commit_page(web: str, sha: str) -> str | None:
    """The page of a commit, for the page of a repository."""
    pages = _pages_of(web.removeprefix("https://").partition("/")[0])
    return None if pages is None else f"{web}/{pages}/{sha}"


def _pages_of(host: str) -> str | None:
    words = re.split(r"[.-]", host.lower())
    return next((pages for forge, pages in _COMMIT_PAGES.items() if forge in words), None)
