"""The git repository that a store lies in, asked questions: nothing is changed, fetched or checked out, and none of
its hooks and filters runs."""

import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from runstore.errors import StoreError

if TYPE_CHECKING:
    import git

_ENVIRONMENT: Final = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",  # An object is what its digest says.
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",  # Before git 2.44 this alone keeps it from fetching what a partial clone lacks.
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
_REVISION: Final = re.compile(r"(?!-)(?!.*\.\.)(?!.*\{/)[^\s\x00-\x20\x7f:?*\[\\]{1,200}")
_FETCH_ALL: Final = "fetch all of it with `git fetch --unshallow --tags` (in GitHub Actions: fetch-depth: 0)"


@dataclass(frozen=True, slots=True)
class Answer:
    """What git printed, and the exit code that it ended with."""

    code: int
    out: bytes
    said: str


class Repository:
    """The repository whose working tree `path` lies in; `prefix` is where in it, with `/`, "" for its top."""

    def __init__(self, path: Path) -> None:
        """Raises `StoreError` where there is no git, no repository, or one that git does not open for this user."""
        self.path = path
        place = path.resolve()
        self._repo = _opened(path, place)
        top = Path(self._repo.working_tree_dir or self._repo.git_dir).resolve()
        if not place.is_relative_to(top) or self._repo.bare:
            raise _outside(path)
        inside = place.relative_to(top).as_posix()
        self.prefix = "" if inside == "." else inside
        self._repo.git.update_environment(**_ENVIRONMENT)

    def __enter__(self) -> "Repository":
        return self

    def __exit__(self, *_: object) -> None:
        self._repo.close()

    def try_to(self, *arguments: str) -> Answer:
        """Asks git, and leaves it to the caller what its exit code means. Raises `StoreError` where git refuses the
        repository as a whole."""
        code, out, said = self._repo.git.execute(
            ["git", "-c", "core.fsmonitor=false", *arguments],
            with_extended_output=True,
            with_exceptions=False,
            stdout_as_string=False,
            strip_newline_in_stdout=False,
        )
        assert isinstance(out, bytes)
        if "dubious ownership" in said:
            mend = "say that you trust it with `git config --global --add safe.directory` and its path"
            raise StoreError(f"{self.path}: git does not open a repository that is another user's; {mend}")
        if "promisor" in said or "lazy fetching disabled" in said:
            raise self.incomplete()
        return Answer(code, out, said)

    def ask(self, *arguments: str) -> bytes:
        """What git prints. Raises `StoreError` where it fails."""
        answer = self.try_to(*arguments)
        if answer.code:
            raise StoreError(f"{self.path}: git {arguments[0]} failed ({_first_line(answer.said)}); try `git fsck`")
        return answer.out

    @contextmanager
    def contents(self, digests: Iterable[str]) -> Iterator[BinaryIO]:
        """The objects with these digests, one after another, as `git cat-file --batch` prints them."""
        with tempfile.TemporaryFile() as asked:
            asked.writelines(f"{digest}\n".encode() for digest in digests)
            asked.seek(0)
            process = self._repo.git.execute(["git", "cat-file", "--batch", "--buffer"], istream=asked, as_process=True)
            try:
                yield process.stdout
            finally:
                del process  # Ends it, where not everything was taken.

    def sha(self, revision: str) -> str:
        """The digest of the commit that a revision names. Raises `StoreError` where it names none, or several."""
        if not _REVISION.fullmatch(revision):
            raise StoreError(
                f"{self.path}: found {revision!r:.80} as a revision, expected a tag, branch or commit; name one"
            )
        answer = self.try_to("rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
        if "ambiguous" in answer.said:
            raise self._ambiguous(revision)
        if answer.code:
            raise self._gone(revision)
        return answer.out.decode().split()[-1]

    def _ambiguous(self, revision: str) -> StoreError:
        listed = self.try_to("for-each-ref", "--format=%(refname)", f"refs/tags/{revision}", f"refs/heads/{revision}")
        names = listed.out.decode(errors="replace").split()
        mend = f"write {' or '.join(names)}" if names else "write more of its digits"
        return StoreError(f"{self.path}: found several things called {revision!r} in its git repository; {mend}")

    def _gone(self, revision: str) -> StoreError:
        remote = self.try_to("rev-parse", "--verify", "--quiet", "--end-of-options", f"origin/{revision}^{{commit}}")
        if not remote.code:
            mend = f"did you mean 'origin/{revision}'?"
        elif self.is_shallow():
            mend = f"the clone is shallow: {_FETCH_ALL}"
        else:
            mend = "`git tag` and `git log` list those there are, `git fetch --tags` brings those of the remote"
        return StoreError(f"{self.path}: found no commit {revision!r} in its git repository; {mend}")

    def is_shallow(self) -> bool:
        """Whether the clone lacks old commits."""
        return self.try_to("rev-parse", "--is-shallow-repository").out.strip() == b"true"

    def is_partial(self) -> bool:
        """Whether the clone fetches files when they are asked for."""
        return bool(self.try_to("config", "--get-regexp", r"^remote\..*\.promisor$").out)

    def incomplete(self) -> StoreError:
        """The error for objects that are not there: a partial clone never fetched them, or they are lost."""
        if self.is_partial():
            mend = "fetch all of them with `git fetch --refetch --no-filter`"
            return StoreError(f"{self.path}: the clone is partial, and files of this commit were never fetched; {mend}")
        return StoreError(f"{self.path}: files of this commit are missing from its git repository; try `git fsck`")

    def remote(self) -> str:
        """The address of the remote `origin`, or of the first there is; "" where there is none."""
        listed = self.try_to("config", "-z", "--get-regexp", r"^remote\..*\.url$").out
        entries = [entry.partition("\n") for entry in os.fsdecode(listed).split("\0") if entry]
        addresses = {name: address for name, _, address in reversed(entries)}
        first = entries[0][2] if entries else ""
        return addresses.get("remote.origin.url", first)


def _opened(path: Path, place: Path) -> "git.Repo":
    try:
        import git
    except ImportError:
        raise StoreError(f"{path}: git is not installed, expected it for the past of a store; install it") from None
    start = next(folder for folder in (place, *place.parents) if folder.is_dir())
    try:
        return git.Repo(start, search_parent_directories=True)
    except (git.InvalidGitRepositoryError, git.NoSuchPathError):
        raise _outside(path) from None


def _outside(path: Path) -> StoreError:
    return StoreError(
        f"{path}: lies in no working tree of git, expected one for the past of a store; commit the store to git first"
    )


def _first_line(said: str) -> str:
    return next((line.strip() for line in said.splitlines() if line.strip()), "it says nothing")
