"""The code of a run: where it lies, what it needs, and the commands that run it again."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import quote, urlsplit, urlunsplit

from runstore.reading.store import RunRecord
from sitegen import urls

MAX_REQUIREMENTS: Final = 5000
_MAX_TEXT: Final = 1 << 20
_SHELL = re.compile(r"[0-9a-fA-F]{7,64}")
# Where a commit's page lies below a repository's, by words in the name of the host.
_HOSTS: Final = (("gitlab", "/-/commit/"), ("bitbucket", "/commits/"))
_KNOWN: Final = frozenset(("github.com", "gitlab.com", "bitbucket.org", "codeberg.org", "gitea.com"))
_KNOWN_PREFIXES: Final = ("github.", "gitlab.", "bitbucket.", "gitea.", "forgejo.")


@dataclass(frozen=True, slots=True)
class Commit:
    """The commit that was checked out; `href` leads to its page where the remote's host is known to have one."""

    sha: str
    branch: str
    dirty: bool
    href: str | None


@dataclass(frozen=True, slots=True)
class CodeView:
    """What the page says of a run's code. `command` are the lines of a shell that run it again."""

    commit: Commit | None
    command: tuple[str, ...]
    requirements: tuple[str, ...]


def code_view(run: RunRecord, *, patched: bool) -> CodeView | None:
    """The code of a run, None when nothing is known of it. `patched`: there is a patch to apply."""
    git = run.provenance.get("git")
    facts = git if isinstance(git, dict) else {}
    needed = _requirements(run)
    commit = _commit(facts)
    command = tuple(_reproduce(run, facts, commit, patched=patched, needed=bool(needed)))
    return CodeView(commit, command, needed) if commit or command or needed else None


def _requirements(run: RunRecord) -> tuple[str, ...]:
    path = run.layout.requirements_txt
    if not run.files.get(path.name):
        return ()
    try:
        with path.open("rb") as file:
            lines = file.read(_MAX_TEXT).decode("utf-8", "replace").splitlines()
    except OSError:
        return ()
    return tuple(run.disclosure.text(line)[:500] for line in lines if line.strip())[:MAX_REQUIREMENTS]


def _commit(git: Mapping[str, Any]) -> Commit | None:
    sha = git.get("commit")
    if not isinstance(sha, str) or not sha:
        return None
    branch = git.get("branch")
    return Commit(
        sha[:100], branch[:200] if isinstance(branch, str) else "", bool(git.get("dirty")), _commit_href(git, sha)
    )


def _commit_href(git: Mapping[str, Any], sha: str) -> str | None:
    _, page = repository(git.get("remote"))
    if page is None or not _SHELL.fullmatch(sha):
        return None
    host = urlsplit(page).hostname or ""
    if host not in _KNOWN and not host.startswith(_KNOWN_PREFIXES):
        return None
    way = next((way for word, way in _HOSTS if word in host), "/commit/")
    return f"{page.rstrip('/')}{way}{sha}"


def repository(remote: Any) -> tuple[str | None, str | None]:
    """A remote without what may be a password, and its page where a browser can follow it."""
    if not isinstance(remote, str) or not remote:
        return None, None
    try:
        parts = urlsplit(remote)
    except ValueError:
        return remote, None
    user, at, host = parts.netloc.rpartition("@")
    if parts.scheme in ("http", "https") and host:
        bare = urlunsplit((parts.scheme, host, parts.path, "", ""))
        return bare, bare.removesuffix(".git")
    if at:
        return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}@{host}")), None
    ssh = re.fullmatch(r"git@([A-Za-z0-9.-]+):([A-Za-z0-9._/~-]+?)(?:\.git)?", remote)
    return remote, f"https://{ssh[1]}/{quote(ssh[2], safe='/~')}" if ssh else None


def command_line(facts: Mapping[str, Any]) -> str | None:
    """The command of a run as a shell reads it."""
    command = facts.get("command")
    if isinstance(command, list):
        return shlex.join(str(word) for word in command)
    return str(command) if command else None


def _reproduce(
    run: RunRecord, git: Mapping[str, Any], commit: Commit | None, *, patched: bool, needed: bool
) -> list[str]:
    command = _command(run)
    if not command:
        return []
    lines, above = [], ""
    remote, _ = repository(git.get("remote"))
    if remote and commit:
        folder = PurePosixPath(remote.rstrip("/").replace(":", "/")).name.removesuffix(".git") or "code"
        lines.append(f"git clone {shlex.quote(remote)} {shlex.quote(folder)} && cd {shlex.quote(folder)}")
        above = "../"
    if commit:
        lines.append(f"git checkout {shlex.quote(commit.sha)}")
        if patched:
            lines.append(f"git apply {above}{urls.PATCH}")
    if needed:
        lines.append(f"pip install -r {above}requirements.txt")
    return [*lines, command]


def _command(run: RunRecord) -> str | None:
    """The command; a script that is named without its interpreter gets one, and Python's own path becomes `python`."""
    words = run.provenance.get("command")
    if not isinstance(words, list) or not words:
        return command_line(run.provenance)
    command = [str(word) for word in words]
    if command[0].endswith((".py", ".pyw")):
        command.insert(0, "python")
    elif re.fullmatch(r"python[0-9.]*", PurePosixPath(command[0]).name):
        command[0] = "python"
    return shlex.join(command)
