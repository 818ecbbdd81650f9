"""Git repositories made for tests with git itself, wicked ones too."""

import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

PLAIN = "100644"
LINK = "120000"
FOLDER = "40000"
SUBMODULE = "160000"

_ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
}


@dataclass(frozen=True)
class Repo:
    """A repository with its working tree at `top`."""

    top: Path

    @classmethod
    def init(cls, top: Path) -> "Repo":
        top.mkdir(parents=True, exist_ok=True)
        repo = cls(top)
        repo.git("init", "-q", "-b", "main")
        return repo

    def git(self, *arguments: str | Path, stdin: bytes = b"", when: int | None = None) -> str:
        """Runs git here; what it prints, without the last newline."""
        times = {} if when is None else {"GIT_AUTHOR_DATE": f"{when} +0000", "GIT_COMMITTER_DATE": f"{when} +0000"}
        done = subprocess.run(
            ["git", *map(str, arguments)],
            cwd=self.top,
            env={**os.environ, **_ENVIRONMENT, **times},
            input=stdin,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, (arguments, done.stderr.decode())
        return done.stdout.decode(errors="surrogateescape").removesuffix("\n")

    def commit(self, message: str = "more", when: int | None = None, tag: str | None = None) -> str:
        """Commits all there is; the commit."""
        self.git("add", "--all")
        self.git("commit", "-q", "--allow-empty", "-m", message, when=when)
        if tag is not None:
            self.git("tag", tag)
        return self.git("rev-parse", "HEAD")

    def blob(self, content: bytes) -> str:
        return self.git("hash-object", "-w", "--stdin", stdin=content)

    def tree(self, entries: Iterable[tuple[str, bytes, str]]) -> str:
        """Writes a tree of (mode, name, digest), whatever these are: git itself would refuse some."""
        raw = b"".join(f"{mode} ".encode() + name + b"\0" + bytes.fromhex(digest) for mode, name, digest in entries)
        return self.git("hash-object", "-t", "tree", "-w", "--stdin", "--literally", stdin=raw)

    def commit_tree(self, tree: str, tag: str) -> str:
        commit = self.git("commit-tree", tree, "-m", "by hand")
        self.git("tag", tag, commit)
        return commit
