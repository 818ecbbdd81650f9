"""The git repository that a script runs in: its commit, and what differs from it, as a patch that `git apply` takes."""

import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from runstore.recording import redaction

if TYPE_CHECKING:
    import git

MOST_PATCH_BYTES: Final = 10 << 20
"""Uncommitted changes that are larger are not kept: they are data rather than code."""
MOST_UNTRACKED_BYTES: Final = 100_000
"""A file that git does not track is kept when it is text and not larger."""
MOST_UNTRACKED_FILES: Final = 200
_MOST_UNTRACKED_TOTAL: Final = 2 << 20
_PATIENCE_SECONDS: Final = 30
_JUST_NOW_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class _Latest:
    """What was found for this process's run before, and the worktree's state (None: it cannot be told) then."""

    state: tuple[Any, ...] | None
    facts: dict[str, Any]
    patch: bytes


_latest: _Latest | None = None


def describe_git(
    folder: Path, *, without: Path, remote: str = "origin", code: bool = True
) -> tuple[dict[str, Any], bytes] | None:
    """The repository that `folder` belongs to, and its uncommitted changes as a patch; None when there is none.

    Keys: `commit`, `branch` ("" when detached), `remote` (without credentials), `root`; `dirty` (whether tracked files
    differ, staged or not), `untracked` (how many files git does not track) and `submodules` (their commits by path)
    where those are known. The patch holds untracked files too, if they are small, text, and not named like secrets;
    changes below `without`, the store, do not count. Without `code` there is no patch.
    """
    above = (folder, *folder.parents)
    if "GIT_DIR" not in os.environ and not any(os.path.exists(parent / ".git") for parent in above):
        return None
    import git

    try:
        repo = git.Repo(folder, search_parent_directories=True)
    except (git.InvalidGitRepositoryError, git.NoSuchPathError):
        return None
    with repo:
        root = Path(repo.working_dir)
        facts: dict[str, Any] = {
            "commit": _commit(repo),
            "branch": "" if repo.head.is_detached else repo.head.reference.name,
            "remote": _address(repo, remote),
            "root": str(root),
        }
        if repo.bare or not facts["commit"]:
            return facts, b""
        try:
            patch = _described(repo, root, _paths(root, without), facts)
        except git.GitError as error:
            facts["patch_left_out"] = " ".join(str(error).split())[:200]
            return facts, b""
    if not code:
        return facts, b""
    if len(patch) > MOST_PATCH_BYTES:
        facts["patch_left_out"] = f"{len(patch)} bytes, at most {MOST_PATCH_BYTES} are kept"
        patch = b""
    return facts, redaction.in_patch(patch)


def _commit(repo: "git.Repo") -> str:
    """The commit that is checked out, "" before the first one."""
    import git

    try:
        # `repo.head.commit` would start a process to read the commit as well.
        return str(git.SymbolicReference.dereference_recursive(repo, "HEAD") or "")
    except ValueError:
        return ""


def _address(repo: "git.Repo", name: str) -> str:
    """The address of the remote `name`, or of the first there is. A password in it stays out of the store."""
    remotes = {remote.name: remote for remote in repo.remotes}
    remote = remotes.get(name) or next(iter(remotes.values()), None)
    return redaction.without_login(next(remote.urls, "")) if remote is not None else ""


def _paths(root: Path, without: Path) -> list[str]:
    """All of the worktree but the store, for git's command line."""
    try:
        inside = without.resolve().relative_to(root.resolve())
    except ValueError:  # The store lies elsewhere.
        return ["."]
    return [".", f":(exclude,literal){inside.as_posix()}"]


def _described(repo: "git.Repo", root: Path, paths: list[str], facts: dict[str, Any]) -> bytes:
    """The patch; what else there is to say of the changes is added to `facts`.

    Of many runs in one process, as a sweep's trials are, those after the first ask only whether anything changed.
    """
    global _latest
    again = _latest is not None and not (root / ".gitmodules").exists()
    state = _state(repo, root, paths) if again else None
    if state is not None and _latest is not None and _latest.state == state:
        facts.update(_latest.facts)
        return _latest.patch
    found: dict[str, Any] = {}
    patch = _describe_changes(repo, root, paths, found)
    facts.update(found)
    if state is not None and (len(patch) > MOST_PATCH_BYTES or state != _state(repo, root, paths)):
        state = None  # Not to be kept, or changed meanwhile.
    _latest = _Latest(state, found, patch if state is not None else b"")
    return patch


def _state(repo: "git.Repo", root: Path, paths: list[str]) -> tuple[Any, ...] | None:
    """What is another as soon as the patch would be: the commit, what differs from it, and when those files changed.
    None where one of them changed just now, so that its time could hide another change."""
    options = ("--porcelain=v2", "--branch", "-z", "--untracked-files=all", "--ignore-submodules=dirty", "--no-renames")
    said = _git(repo, "status", *options, "--", *paths)
    times: list[tuple[int, ...]] = []
    untracked = 0
    for line in said.split(b"\0"):
        untracked += line[:1] == b"?"
        if line[:1] not in (b"1", b"u", b"?") or (line[:1] == b"?" and untracked > MOST_UNTRACKED_FILES):
            continue
        name = line[2:] if line[:1] == b"?" else line.split(b" ", 8 if line[:1] == b"1" else 10)[-1]
        try:
            found = (root / os.fsdecode(name)).lstat()
        except OSError:
            times.append(())
            continue
        if abs(time.time() - max(found.st_mtime, found.st_ctime)) < _JUST_NOW_SECONDS:
            return None
        times.append((found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_mode, found.st_ino))
    return str(root), tuple(paths), said, tuple(times)


def _describe_changes(repo: "git.Repo", root: Path, paths: list[str], facts: dict[str, Any]) -> bytes:
    patch = _git(
        repo,
        "diff",
        "HEAD",
        # Whatever the user's own settings of git say, the patch is to apply.
        *("--no-color", "--no-ext-diff", "--no-textconv", "--binary", "--full-index", "--ignore-submodules=dirty"),
        *("--src-prefix=a/", "--dst-prefix=b/", "--", *paths),
    )
    listed = _git(repo, "ls-files", "--others", "--exclude-standard", "-z", "--", *paths)
    untracked = [os.fsdecode(name) for name in listed.split(b"\0") if name]
    facts["dirty"] = bool(patch)
    if untracked:
        facts["untracked"] = len(untracked)
    if (root / ".gitmodules").exists():
        facts["submodules"] = _submodules(repo)
    return patch + b"".join(_additions(root, untracked))


def _git(repo: "git.Repo", command: str, *arguments: str) -> bytes:
    found: bytes = getattr(repo.git, command.replace("-", "_"))(
        *arguments,
        stdout_as_string=False,
        strip_newline_in_stdout=False,
        kill_after_timeout=_PATIENCE_SECONDS,
        env={"GIT_OPTIONAL_LOCKS": "0"},
    )
    return found


def _submodules(repo: "git.Repo") -> dict[str, str]:
    """The commit that each submodule is at, with a `+` where that is another than the repository says, a `-` where it
    was never fetched."""
    found = {}
    for line in _git(repo, "submodule", "status").decode(errors="replace").splitlines():
        commit, _, path = line[1:].partition(" ")
        found[path.rpartition(" (")[0] or path] = line[0].strip() + commit
    return found


def _additions(root: Path, names: list[str]) -> Iterator[bytes]:
    """Patches that add these files, as far as they are code rather than data."""
    total = 0
    for name in sorted(names)[:MOST_UNTRACKED_FILES]:
        data = _text_of(root / name) if not redaction.is_secret_file(name) else None
        if data is None or total + len(data) > _MOST_UNTRACKED_TOTAL:
            continue
        total += len(data)
        mode = "100755" if os.access(root / name, os.X_OK) else "100644"
        yield _addition(os.fsencode(name), mode, data)


def _text_of(path: Path) -> bytes | None:
    """What is in a small text file, None of any other."""
    try:
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > MOST_UNTRACKED_BYTES:
            return None
        data = path.read_bytes()
    except OSError:
        return None
    return None if b"\0" in data else data


def _addition(name: bytes, mode: str, data: bytes) -> bytes:
    old, new = _quoted(b"a/" + name), _quoted(b"b/" + name)
    head = b"diff --git %s %s\nnew file mode %s\n" % (old, new, mode.encode())
    if not data:
        return head + b"index 0000000..e69de29\n"
    lines = data.split(b"\n")
    whole = lines.pop() == b""
    if not whole:
        lines = data.split(b"\n")
    body = b"".join(b"+%s\n" % line for line in lines) + (b"" if whole else b"\\ No newline at end of file\n")
    return head + b"--- /dev/null\n+++ %s\n@@ -0,0 +1,%d @@\n%s" % (new, len(lines), body)


def _quoted(path: bytes) -> bytes:
    """A path as git writes it in a patch: between quotes, with escapes, where it holds more than plain characters."""
    if all(0x20 <= byte < 0x7F and byte not in b'"\\' for byte in path):
        return path
    named = {0x22: b'\\"', 0x5C: b"\\\\", 0x0A: b"\\n", 0x09: b"\\t", 0x0D: b"\\r"}
    parts = (named.get(byte, b"%c" % byte if 0x20 <= byte < 0x7F else b"\\%03o" % byte) for byte in path)
    return b'"' + b"".join(parts) + b'"'
