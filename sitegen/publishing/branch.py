"""Publishing onto a branch, as GitHub Pages and others serve it: one commit with the site and nothing else.

The commit follows the last one of the remote's branch, so nothing has to be forced; pages that are gone from the site
are gone from it.
"""

import os
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from runstore.errors import StoreError
from sitegen import urls

MESSAGE: Final = "Publish the experiments"
_NO_SUCH_BRANCH: Final = 2


@dataclass(frozen=True, slots=True)
class Branch:
    """Where to: the branch of a remote. `force` overwrites it where others pushed onto it."""

    name: str = "gh-pages"
    remote: str = "origin"
    message: str = MESSAGE
    force: bool = False

    def __str__(self) -> str:
        return f"{self.remote}/{self.name}"


def push_site(site: Path, repository: Path, branch: Branch) -> bool:
    """Commits the site onto the branch and pushes it; False where that has this very site already.

    `repository` is a directory in a working tree. Raises `StoreError` in one line where it is in none, the branch is
    the one that is checked out or holds something else than a site of ours, and for whatever git or the remote refuse.
    """
    import ghp_import

    git = _Git(ghp_import.Git())
    with chdir(repository), _identity(git):
        git.must("rev-parse", "--show-toplevel", mend="publish with --to FOLDER, or put the store into a repository")
        git.must("check-ref-format", "--branch", branch.name, mend="choose another --branch")
        if git.says("symbolic-ref", "--short", "HEAD") == branch.name:
            raise StoreError(f"{branch.name}: is the branch that is checked out here; choose another --branch")
        if _fetched(git, branch) and not branch.force:
            held = git.read("show", f"refs/remotes/{branch}:{urls.MANIFEST}")
            if held is None:
                raise StoreError(
                    f"{branch}: holds files that are not a site of runstore, and publishing would remove them; "
                    "choose another --branch, or pass --force"
                )
            if held == (site / urls.MANIFEST).read_bytes():
                return False
        try:
            ghp_import.ghp_import(str(site), remote=branch.remote, branch=branch.name, mesg=branch.message)
        except (ghp_import.GhpError, OSError, TypeError) as error:
            # What it says of a failed import it cannot print.
            raise StoreError(f"{branch}: git could not take the site ({_reason(error)})") from None
        force = ("--force",) if branch.force else ()
        mend = "somebody may have pushed meanwhile: do it again, or pass --force"
        git.must("push", *force, branch.remote, f"refs/heads/{branch.name}:refs/heads/{branch.name}", mend=mend)
    return True


def _fetched(git: "_Git", branch: Branch) -> bool:
    """Whether the remote has the branch; then its last commit is known here."""
    code = git.call("ls-remote", "--exit-code", "--heads", branch.remote, f"refs/heads/{branch.name}")
    if code == _NO_SUCH_BRANCH:
        return False
    mend = f"check `git remote get-url {branch.remote}`, or name another --remote"
    if code:
        raise StoreError(f"{branch.remote}: git cannot reach it ({git.reason}); {mend}")
    git.must("fetch", "--quiet", branch.remote, f"+refs/heads/{branch.name}:refs/remotes/{branch}", mend=mend)
    return True


@contextmanager
def _identity(git: "_Git") -> Iterator[None]:
    """A name for the commit where git has none, as on a machine that builds for others."""
    wanted = {
        "GIT_COMMITTER_NAME": ("user.name", "Runstore"),
        "GIT_COMMITTER_EMAIL": ("user.email", "runstore@localhost"),
    }
    missing = {
        name: own for name, (key, own) in wanted.items() if not os.environ.get(name) and not git.says("config", key)
    }
    os.environ.update(missing)
    try:
        yield
    finally:
        for name in missing:
            os.environ.pop(name, None)


def _reason(error: Exception) -> str:
    return " ".join(str(getattr(error, "message", None) or error).split()) or type(error).__name__


class _Git:
    """Git in the working directory, as ghp-import calls it."""

    def __init__(self, git: Any) -> None:
        self._git = git

    @property
    def reason(self) -> str:
        """The last line that the last call complained with."""
        lines = self._git.stderr.decode("utf-8", "replace").strip().splitlines() or ["no reason given"]
        told = [line for line in lines if line.startswith(("fatal:", "error:", " !"))] or lines
        return " ".join(told[-1].removeprefix("fatal: ").removeprefix("error: ").split())

    def call(self, *arguments: str) -> int:
        return int(self._git.call(*arguments))

    def read(self, *arguments: str) -> bytes | None:
        return None if self.call(*arguments) else bytes(self._git.stdout)

    def says(self, *arguments: str) -> str:
        """What it prints, "" where it fails."""
        return (self.read(*arguments) or b"").decode("utf-8", "replace").strip()

    def must(self, *arguments: str, mend: str) -> None:
        if self.call(*arguments):
            raise StoreError(f"git {arguments[0]}: {self.reason}; {mend}")
