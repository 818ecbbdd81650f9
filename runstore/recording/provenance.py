"""Where a run comes from: host, Python, command line, code. Enough to know it again, and to run it again.

What costs next to nothing is written before `init` returns; a thread beside the run adds the rest (the git
repository and its uncommitted changes, hardware, installed packages), the most telling first.
"""

import os
import re
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from runstore.format import values
from runstore.format.host import hostname
from runstore.format.layout import RunLayout, StoreLayout, WriterLayout
from runstore.recording.hardware import describe_hardware
from runstore.recording.saver import Saver

if TYPE_CHECKING:
    import git

MOST_PATCH_BYTES: Final = 10 << 20
"""Uncommitted changes that are larger are not kept: they are data rather than code."""
_PATIENCE_SECONDS = 30
_CREDENTIALS = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*://)[^/@]*@")


class Provenance:
    """Writes `provenance.json`, `changes.patch` and `requirements.txt` of one run."""

    def __init__(
        self,
        layout: RunLayout,
        store: StoreLayout,
        saver: Saver,
        *,
        started: str,
        use_git: bool,
        writer: WriterLayout | None = None,
        facts: Mapping[str, Any] | None = None,
        primary: bool = True,
    ) -> None:
        """`started` is this writer's start as run.yaml spells it; `facts` say more of it. A rank that is not the
        `primary` one leaves the files of the whole run to that."""
        self._layout = layout
        self._writer = layout.writer() if writer is None else writer
        self._primary = primary
        self._store = store
        self._saver = saver
        self._use_git = use_git
        self._facts = {**_describe_process(), "started": started, **(facts or {})}
        self._thread = threading.Thread(target=self._gather, name="runstore-provenance", daemon=True)

    def start(self) -> None:
        """Writes what is known at once, and gathers the rest in its thread."""
        self._save()
        self._thread.start()

    def wait(self, seconds: float) -> None:
        """Waits until all is gathered, at most `seconds`."""
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(seconds)

    def save_again(self) -> None:
        """Writes what is known so far once more, should its file be gone."""
        self._save()

    def add(self, **facts: Any) -> None:
        """Notes more facts."""
        self._facts.update(facts)
        self._save()

    def _gather(self) -> None:
        steps = (self._add_system, self._add_packages, self._add_git, self._add_hardware)
        for step in steps:
            try:
                step()
            except Exception as error:  # Facts beside the run: whatever a foreign machine does here, it goes on.
                reason = " ".join(str(error).split()) or type(error).__name__
                self._facts.setdefault("missing", {})[step.__name__.removeprefix("_add_")] = reason[:200]
            self._save()

    def _save(self) -> None:
        # Paths and arguments may hold bytes that are no text.
        facts = values.writable(values.plain(dict(self._facts)))
        data = orjson.dumps(facts, None, orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        self._saver.save(self._writer.provenance, data)

    def _add_git(self) -> None:
        if self._use_git and (found := describe_git(Path(self._facts["cwd"]), without=self._store.root)):
            self._facts["git"], patch = found
            if patch and self._primary:
                self._saver.save(self._layout.changes_patch, patch)

    def _add_hardware(self) -> None:
        self._facts.update(describe_hardware())

    def _add_system(self) -> None:
        self._facts.update(_describe_system())

    def _add_packages(self) -> None:
        packages = installed_packages()
        lines = sorted((f"{name}=={version}\n" for name, version in packages.items()), key=str.lower)
        if self._primary:
            self._saver.save(self._layout.requirements_txt, "".join(lines).encode())
        if version := packages.get("runstore"):
            self._facts["runstore"] = version


def _describe_process() -> dict[str, Any]:
    try:
        cwd = os.getcwd()
    except OSError:
        cwd = ""
    return {
        "host": hostname(),
        "python": ".".join(map(str, sys.version_info[:3])),
        "executable": sys.executable or "",
        "command": list(sys.orig_argv),
        "program": _program(),
        "cwd": cwd,
    }


def _describe_system() -> dict[str, Any]:
    import getpass
    import platform

    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # A container's user without a name.
        user = str(os.getuid())
    return {"user": user, "os": platform.platform(), "python": platform.python_version()}


def _program() -> str:
    """The script's path, or `-m package.module`; "" where there is none, as in a notebook."""
    main = sys.modules.get("__main__")
    spec = getattr(main, "__spec__", None)
    if spec is not None and spec.name != "__main__":
        return f"-m {spec.name.removesuffix('.__main__')}"
    path = getattr(main, "__file__", None)
    return os.path.abspath(path) if path else ""


def describe_git(folder: Path, *, without: Path) -> tuple[dict[str, Any], bytes] | None:
    """The repository that `folder` belongs to, and its uncommitted changes as a patch; None when there is none.

    Keys: `commit`, `branch` ("" when detached), `remote` (without credentials), `root`, `dirty` where that is known.
    Changes below `without`, the store, do not count, nor do files that git does not track.
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
            "commit": repo.head.commit.hexsha if repo.head.is_valid() else "",
            "branch": "" if repo.head.is_detached else repo.head.reference.name,
            "remote": _remote(repo),
            "root": str(root),
        }
        if repo.bare or not facts["commit"]:
            return facts, b""
        try:
            patch = _changes(repo, root, without)
        except git.GitError as error:
            facts["patch_left_out"] = " ".join(str(error).split())[:200]
            return facts, b""
    facts["dirty"] = bool(patch)
    if len(patch) > MOST_PATCH_BYTES:
        facts["patch_left_out"] = f"{len(patch)} bytes, at most {MOST_PATCH_BYTES} are kept"
        patch = b""
    return facts, patch


def _remote(repo: "git.Repo") -> str:
    """The address of `origin`, or of the first remote there is. A password in it stays out of the store."""
    remotes = {remote.name: remote for remote in repo.remotes}
    remote = remotes.get("origin") or next(iter(remotes.values()), None)
    return _CREDENTIALS.sub(r"\1", next(remote.urls, "")) if remote is not None else ""


def _changes(repo: "git.Repo", root: Path, without: Path) -> bytes:
    paths = ["."]
    try:
        inside = without.resolve().relative_to(root.resolve())
        paths.append(f":(exclude,literal){inside.as_posix()}")
    except ValueError:
        pass  # The store lies elsewhere.
    patch: bytes = repo.git.diff(
        "HEAD",
        "--no-color",
        "--no-ext-diff",
        "--binary",
        "--",
        *paths,
        stdout_as_string=False,
        strip_newline_in_stdout=False,
        kill_after_timeout=_PATIENCE_SECONDS,
    )
    return patch


def installed_packages() -> dict[str, str]:
    """The version of each distribution that Python can import from, by the names of their metadata folders.

    Reading the metadata itself takes fifty times as long.
    """
    found: dict[str, tuple[str, str]] = {}
    for folder in dict.fromkeys(sys.path):
        try:
            names = os.listdir(folder or ".")
        except OSError:
            continue
        for match in filter(None, map(_METADATA.match, names)):
            # The first on the path is the one that is imported.
            found.setdefault(match["name"].lower().replace("_", "-"), (match["name"], match["version"]))
    return dict(found.values())


_METADATA = re.compile(
    r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._]*)-(?P<version>[0-9][^-]*?)(?:\.dist-info|(?:-py[0-9.]+)?\.egg-info)$"
)
