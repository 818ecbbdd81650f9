"""Where everything lies in a store: the one room that knows file names, and refuses names that would leave it.

experiments/store.yaml
experiments/<project>/project.yaml
experiments/<project>/runs/<run-id>/{run,config}.yaml, history.jsonl, summary.json, …
experiments/<project>/artifacts/<name>/<version>/manifest.yaml
experiments/<project>/deleted/<run-id>.yaml
experiments/objects/sha256/<2 hex>/<64 hex>   what artifacts hold, by content
experiments/.trash/<project>/runs/<run-id>/   deleted runs, until it is emptied; ignored by git
experiments/.cache/                      rebuilt at will, ignored by git

A run is written by one process after another (attempts), or by several at once (ranks). Each is a *writer* with
append-only files of its own: `history.jsonl` of the first, `history.2.jsonl` of the second attempt,
`history.rank1.jsonl` of the rank "rank1"; so too for the other files that grow, and for provenance.json.
"""

import os
import re
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from runstore.errors import UsageError

STORE_DIR = "experiments"
STORE_FILE = "store.yaml"
DEFAULT_PROJECT = "uncategorized"
MAX_RUN_ID = 64
MAX_PROJECT_NAME = 128
MAX_ARTIFACT_NAME = 128

# The store's own directories, beside those of the projects.
_RESERVED_PROJECTS = frozenset({"objects", "reports"})
_FORBIDDEN = re.compile(r"[/\\#?%:\x00-\x1f\x7f]")
# Device names on Windows, where a colleague may clone the store.
_DEVICES = re.compile(r"^(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?$", re.IGNORECASE)
_WRITTEN = re.compile(
    r"^(?P<stem>history|system|output|lines|alerts|lineage|provenance|config|summary|changes|requirements)"
    r"(?:\.(?P<writer>[^.]+))?\.(?P<ending>jsonl|json|log|yaml|patch|txt)$"
)
_PART = re.compile(r"^output-(?P<number>[1-9][0-9]{0,8})(?:\.(?P<writer>[^.]+))?\.log$")
MANIFEST = "manifest.yaml"
_VERSION = re.compile(r"^v(0|[1-9][0-9]{0,8})$")
_TEMPORARY = re.compile(r"^\..+\.[0-9a-f]{8}\.tmp$")
_SHA256 = re.compile(r"^[0-9a-f]{64}$")
_ENDINGS = {
    "history": "jsonl",
    "system": "jsonl",
    "output": "log",
    "lines": "jsonl",
    "alerts": "jsonl",
    "lineage": "jsonl",
    "provenance": "json",
    "config": "yaml",
    "summary": "json",
    "changes": "patch",
    "requirements": "txt",
}
# What a run says stands in these: one that is no file, or is a link, is missing from what its readers see.
_RUN_FILES = frozenset(
    {
        *("run.yaml", "state.json", "metrics.yaml", "changes.patch", "requirements.txt"),
    }
)
_RUN_DIRS = frozenset({"media", "files", "code"})

GITATTRIBUTES = """\
*.jsonl -diff merge=union
*.log -diff
media/** -diff
manifest.yaml merge=union
**/deleted/*.yaml merge=union
objects/** -diff -text
"""
GITIGNORE = """\
.cache/
.trash/
.repair/
heartbeat
heartbeat.*
stop
*.lock
*.tmp
.parts/
"""


def _check_name(kind: str, name: str, longest: int) -> str:
    """`name`, when it can be a directory's name anywhere; raises `UsageError` in one line when it can't."""
    if not isinstance(name, str):
        raise UsageError(f"{kind} must be text, found {type(name).__name__} {name!r}; pass a str")
    shown = repr(name if len(name) <= 80 else name[:77] + "...")
    if not name or name != name.strip():
        raise UsageError(f"{kind} {shown} is empty or starts or ends with a space; leave the spaces out")
    if bad := _FORBIDDEN.search(name):
        raise UsageError(
            f"{kind} {shown} holds {bad.group()!r}, one of / \\ # ? % : or a control character; leave it out"
        )
    if name.startswith(".") or name.endswith(".") or _DEVICES.match(name):
        raise UsageError(f"{kind} {shown} starts or ends with a dot, or is a device's name; choose another")
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        raise UsageError(f"{kind} {shown} is not valid Unicode; choose another") from None
    if size > longest:
        raise UsageError(f"{kind} {shown} is {size} bytes long, at most {longest} are allowed; shorten it")
    return name


def check_run_id(run_id: str) -> str:
    """`run_id` itself when it may name a run (W&B's rule: none of `/ \\ # ? % :`, at most 64 bytes)."""
    return _check_name("the run id", run_id, MAX_RUN_ID)


def check_project_name(name: str) -> str:
    """`name` itself when it may name a project (none of `/ \\ # ? % :`, at most 128 bytes, not the store's own)."""
    if _check_name("the project name", name, MAX_PROJECT_NAME).lower() in _RESERVED_PROJECTS:
        raise UsageError(f"the project name {name!r} is kept for the store's own files; choose another")
    return name


def check_artifact_name(name: str) -> str:
    """`name` itself when it may name an artifact (none of `/ \\ # ? % :`, at most 128 bytes)."""
    return _check_name("the artifact name", name, MAX_ARTIFACT_NAME)


@dataclass(frozen=True, slots=True)
class RunLayout:
    """The files of one run."""

    path: Path

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def run_yaml(self) -> Path:
        return self.path / "run.yaml"

    @property
    def config_yaml(self) -> Path:
        return self.path / "config.yaml"

    @property
    def summary_json(self) -> Path:
        return self.path / "summary.json"

    @property
    def system_jsonl(self) -> Path:
        return self.path / "system.jsonl"

    @property
    def output_log(self) -> Path:
        return self.path / "output.log"

    @property
    def provenance_json(self) -> Path:
        return self.path / "provenance.json"

    @property
    def changes_patch(self) -> Path:
        return self.path / "changes.patch"

    @property
    def requirements_txt(self) -> Path:
        return self.path / "requirements.txt"

    @property
    def state_json(self) -> Path:
        return self.path / "state.json"

    @property
    def heartbeat(self) -> Path:
        return self.path / "heartbeat"

    @property
    def metrics_yaml(self) -> Path:
        """What `define_metric` said of the run's metrics."""
        return self.path / "metrics.yaml"

    @property
    def stop_request(self) -> Path:
        """Somebody asks the run to stop: there from then until it did."""
        return self.path / "stop"

    @property
    def code_dir(self) -> Path:
        """The main script or notebook as it was run."""
        return self.path / "code"

    @property
    def media_dir(self) -> Path:
        return self.path / "media"

    @property
    def files_dir(self) -> Path:
        return self.path / "files"

    def writer(self, name: str | None = None) -> "WriterLayout":
        """The files of one writer: None for the first attempt, "2", "3", … for later ones, or a rank's name."""
        if name is None:
            return WriterLayout(self.path, "")
        return WriterLayout(self.path, _check_name("the writer", name, MAX_RUN_ID).replace(".", "-"))

    def history(self, writer: str | None = None) -> Path:
        """The history file of one writer; see `writer`."""
        return self.writer(writer).history

    def histories(self) -> list[Path]:
        """The history files there are: the first attempt's, later attempts' by number, then others by name."""
        return [path for path, _ in scan_run(self.path).files if is_history(path.name)]


@dataclass(frozen=True, slots=True)
class WriterLayout:
    """The files of a run that one of its writers, and nobody else, writes. `name` is "" for the first attempt."""

    path: Path
    name: str

    def _file(self, stem: str) -> Path:
        return self.path / ".".join(part for part in (stem, self.name, _ENDINGS[stem]) if part)

    @property
    def history(self) -> Path:
        return self._file("history")

    @property
    def system(self) -> Path:
        return self._file("system")

    @property
    def output(self) -> Path:
        return self._file("output")

    def output_part(self, number: int) -> Path:
        """Where a long console log goes on: part 1 is `output` itself."""
        if number == 1:
            return self.output
        return self.output.with_name(self.output.name.replace("output", f"output-{number}", 1))

    @property
    def lines(self) -> Path:
        """When the lines of the console log were written, and by which stream."""
        return self._file("lines")

    @property
    def alerts(self) -> Path:
        return self._file("alerts")

    @property
    def lineage(self) -> Path:
        """The artifacts that went in and out, one line a use."""
        return self._file("lineage")

    @property
    def provenance(self) -> Path:
        return self._file("provenance")

    @property
    def changes(self) -> Path:
        """The uncommitted changes of the first attempt; a later one's where they were others."""
        return self._file("changes")

    @property
    def requirements(self) -> Path:
        """The packages of the first attempt; a later one's where they were others."""
        return self._file("requirements")

    @property
    def config(self) -> Path:
        """The run's own for attempts; a rank's is merged into it by readers."""
        return RunLayout(self.path).config_yaml if is_attempt(self.name) else self._file("config")

    @property
    def summary(self) -> Path:
        """The run's own for attempts; a rank's is merged into it by readers."""
        return RunLayout(self.path).summary_json if is_attempt(self.name) else self._file("summary")

    @property
    def heartbeat(self) -> Path:
        return self.path / ".".join(part for part in ("heartbeat", self.name) if part)


def written_by(name: str) -> tuple[str, str] | None:
    """What a file in a run's directory holds ("history", "system", …) and its writer's name, "" for the first
    attempt; None for a file that is no writer's own."""
    match = _WRITTEN.match(name)
    if match is None or _ENDINGS[match.group("stem")] != match.group("ending"):
        return None
    return match.group("stem"), match.group("writer") or ""


def output_part(name: str) -> tuple[str, int] | None:
    """The writer and the number (from 2 on) of a file that a long console log goes on in; None for any other file."""
    match = _PART.match(name)
    return (match.group("writer") or "", int(match.group("number"))) if match else None


def is_temporary(name: str) -> bool:
    """Whether a file of this name is what `records.write_atomically` writes before it renames it."""
    return _TEMPORARY.match(name) is not None


def belongs_to_run(name: str, *, directory: bool) -> bool:
    """Whether something of this name, directly in a run's directory, is a file or directory of the run."""
    if directory:
        return name in _RUN_DIRS
    return name in _RUN_FILES or written_by(name) is not None or output_part(name) is not None or is_fleeting(name)


def is_fleeting(name: str) -> bool:
    """Whether a file of this name in a run's directory is a sign of the moment (a heartbeat, a request) or hidden."""
    return name.startswith((".", "heartbeat.")) or name in ("heartbeat", "stop")


def is_heartbeat(name: str) -> bool:
    """Whether a file of this name in a run's directory is the heartbeat of one of its writers."""
    return name == "heartbeat" or name.startswith("heartbeat.")


def is_history(name: str) -> bool:
    """Whether a file of this name in a run's directory holds rows of its history."""
    return (written_by(name) or ("",))[0] == "history"


def is_attempt(writer: str) -> bool:
    """Whether a writer is an attempt (the first, "2", "3", …), one after another, and no rank beside others."""
    return not writer or writer.isdecimal()


def writer_order(writer: str) -> tuple[int, int, str]:
    """Sorts writers as their files are merged: first attempt, attempts by number, ranks by name."""
    if not writer:
        return (0, 0, writer)
    return (1, int(writer), writer) if writer.isdecimal() else (2, 0, writer)


def history_order(name: str) -> tuple[int, int, str]:
    """Sorts history files as their rows are merged."""
    return writer_order((written_by(name) or ("", ""))[1])


@dataclass(frozen=True, slots=True)
class RunScan:
    """What lies directly in a run's directory.

    `files` are the plain files with their stat, histories first and in merging order. `odd` says by name what stands
    in the place of a file or directory of the run: a link, which could lead anywhere and is not followed, a pipe, …
    """

    files: list[tuple[Path, os.stat_result]]
    odd: dict[str, str]


def scan_run(path: Path) -> RunScan:
    """Looks into a run's directory, without opening anything. Raises `OSError`."""
    found, odd = [], {}
    with os.scandir(path) as entries:
        for entry in entries:
            if entry.is_file(follow_symlinks=False):
                found.append((path / entry.name, entry.stat(follow_symlinks=False)))
            elif wrong := _wrong_kind(entry):
                odd[entry.name] = wrong
    found.sort(key=lambda item: (not is_history(item[0].name), history_order(item[0].name)))
    return RunScan(found, dict(sorted(odd.items())))


def is_as_stamped(path: Path, stamps: Mapping[str, Sequence[int]]) -> bool:
    """Whether the plain files directly in a run's directory, but for fleeting ones, are those of `stamps`.

    These have size, mtime (ns) and inode by name. False where anything stands that `scan_run` has to tell of. Raises
    `OSError`.

    Thousands of runs are asked at every look: nothing is made of what the system says, only compared.
    """
    seen = 0
    with os.scandir(os.fspath(path)) as entries:
        for entry in entries:
            if entry.is_file(follow_symlinks=False):
                known = stamps.get(entry.name)
                if known is None:
                    if is_fleeting(entry.name):
                        continue
                    return False
                found = entry.stat(follow_symlinks=False)
                if found.st_mtime_ns != known[1] or found.st_size != known[0] or found.st_ino != known[2]:
                    return False
                seen += 1
            elif _wrong_kind(entry):
                return False
    return seen == len(stamps)


def _wrong_kind(entry: os.DirEntry[str]) -> str:
    """What stands where a file or a directory of a run belongs, "" when nothing of the run does."""
    if entry.name in _RUN_DIRS:
        return linked("directory") if entry.is_symlink() else ""
    if entry.name not in _RUN_FILES and written_by(entry.name) is None:
        return ""
    if entry.is_symlink():
        return linked("file")
    found = "a directory" if entry.is_dir(follow_symlinks=False) else "a pipe, socket or device"
    return f"found {found}, expected a file; move it elsewhere"


def linked(expected: str) -> str:
    """What is wrong with a link in a store. Where it leads is left out: that may be nobody else's business."""
    return f"found a link, which is not followed, expected a {expected}; copy the {expected} itself here"


@dataclass(frozen=True, slots=True)
class ArtifactLayout:
    """The files of one artifact: a directory a version, and what several runs are gathering for the next."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    def version(self, number: int) -> Path:
        """The directory of the version `v<number>`."""
        return self.path / f"v{number}"

    def manifest(self, number: int) -> Path:
        return self.version(number) / MANIFEST

    def numbers(self) -> list[int]:
        """The numbers that directories have, in order. Links are not followed. Raises `OSError`."""
        if self.path.is_symlink():
            return []
        matches = (_VERSION.match(path.name) for path in _directories(self.path))
        return sorted(int(match[1]) for match in matches if match)

    @property
    def parts_dir(self) -> Path:
        """What runs have added to versions that are not finished, in a directory a version."""
        return self.path / ".parts"


@dataclass(frozen=True, slots=True)
class ProjectLayout:
    """The files of one project."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def project_yaml(self) -> Path:
        return self.path / "project.yaml"

    @property
    def runs_dir(self) -> Path:
        return self.path / "runs"

    def run(self, run_id: str) -> RunLayout:
        """The layout of the run `run_id`, there or not; raises `UsageError` for a name that could leave the project."""
        return RunLayout(self.runs_dir / check_run_id(run_id))

    def runs_paths(self) -> list[Path]:
        """The directories that runs are in, by name; none behind a link. Raises `OSError`."""
        return [] if self.runs_dir.is_symlink() else _directories(self.runs_dir)

    @property
    def sweeps_dir(self) -> Path:
        return self.path / "sweeps"

    def sweep_ids(self) -> list[str]:
        """The sweeps that have a directory, by name. Raises `OSError` when they cannot be listed."""
        return [] if self.sweeps_dir.is_symlink() else [path.name for path in _directories(self.sweeps_dir)]

    def sweep_yaml(self, sweep_id: str) -> Path:
        """A sweep's configuration as it was given, there or not."""
        return self.sweeps_dir / _check_name("the sweep id", sweep_id, MAX_RUN_ID) / "sweep.yaml"

    @property
    def reports_dir(self) -> Path:
        return self.path / "reports"

    def reports(self) -> list[Path]:
        """The reports there are, plain Markdown files by name. Raises `OSError` when they cannot be listed."""
        if self.reports_dir.is_symlink() or not self.reports_dir.is_dir():
            return []
        return sorted(path for path in self.reports_dir.glob("*.md") if path.is_file() and not path.is_symlink())

    def runs(self) -> list[RunLayout]:
        """The runs there are, by id. Raises `OSError` when they cannot be listed."""
        if self.runs_dir.is_symlink():
            return []
        return [RunLayout(path) for path in _directories(self.runs_dir)]

    def holds_a_history(self) -> bool:
        """Whether a run that can be listed has a history."""
        try:
            return any(os.path.isfile(run.history()) for run in self.runs())
        except OSError:
            return False

    def links(self) -> list[Path]:
        """The links where runs belong: nobody follows them, so what they lead to is missing."""
        return [self.runs_dir] if os.path.islink(self.runs_dir) else _links(self.runs_dir)

    @property
    def artifacts_dir(self) -> Path:
        return self.path / "artifacts"

    def artifact(self, name: str) -> "ArtifactLayout":
        """The layout of an artifact, there or not; raises `UsageError` for a name that could leave the project."""
        return ArtifactLayout(self.artifacts_dir / check_artifact_name(name))

    def artifacts(self) -> list["ArtifactLayout"]:
        """The artifacts there are, by name. Links are not followed. Raises `OSError` when they cannot be listed."""
        if self.artifacts_dir.is_symlink():
            return []
        return [ArtifactLayout(path) for path in _directories(self.artifacts_dir)]

    @property
    def deleted_dir(self) -> Path:
        """The tombstones."""
        return self.path / "deleted"

    def deleted(self, run_id: str) -> Path:
        """The tombstone that says that `run_id` was deleted and can never be used again."""
        return self.deleted_dir / f"{check_run_id(run_id)}.yaml"


@dataclass(frozen=True, slots=True)
class StoreLayout:
    """The files of one store."""

    root: Path

    @property
    def store_yaml(self) -> Path:
        return self.root / STORE_FILE

    @property
    def gitignore(self) -> Path:
        return self.root / ".gitignore"

    @property
    def gitattributes(self) -> Path:
        return self.root / ".gitattributes"

    @property
    def cache_dir(self) -> Path:
        return self.root / ".cache"

    def site_memory(self, target: str) -> Path:
        """Where a build remembers what it made the site at `target` from (a digest that names its directory).

        Its folder has a dot in front, which no project's name has.
        """
        return self.cache_dir / ".sites" / f"{target}.json"

    def unfinished(self, key: str) -> Path:
        """Where the last unfinished run of one script on one machine (a digest names both) is remembered."""
        return self.cache_dir / ".unfinished" / f"{key}.json"

    @property
    def repair_dir(self) -> Path:
        """What `runstore verify --repair` set aside, a directory a repair; ignored by git."""
        return self.root / ".repair"

    @property
    def trash_dir(self) -> Path:
        """Deleted runs, as `<project>/<run-id>/`, until somebody empties it."""
        return self.root / ".trash"

    def trashed_run(self, project: str, run_id: str) -> Path:
        """Where a deleted run lies until the trash is emptied."""
        return self.trash_dir / check_project_name(project) / "runs" / check_run_id(run_id)

    def trashed_runs(self) -> list[Path]:
        """The deleted runs that lie in the trash, by project and id; links are not followed."""
        projects = [] if os.path.islink(self.trash_dir) else _directories(self.trash_dir)
        return [path for project in projects for path in ProjectLayout(project).runs_paths()]

    def trashed_version(self, project: str, name: str, number: int) -> Path:
        """Where the manifest of a deleted version lies until the trash is emptied."""
        folder = self.trash_dir / check_project_name(project) / "artifacts" / check_artifact_name(name)
        return folder / f"v{number}" / MANIFEST

    def trashed_versions(self) -> list[Path]:
        """The manifests of the deleted versions that can be restored."""
        return sorted(path for path in self.trash_dir.glob(f"*/artifacts/*/v*/{MANIFEST}") if path.is_file())

    @property
    def staging_dir(self) -> Path:
        """Files on their way into the store, a directory a process."""
        return self.cache_dir / "staging"

    @property
    def objects_dir(self) -> Path:
        return self.root / "objects" / "sha256"

    def blob(self, sha256: str) -> Path:
        """Where the content with this digest (64 hex digits, or `UsageError`) lies, there or not."""
        if not _SHA256.match(sha256):
            raise UsageError(f"{sha256!r} is no SHA-256 digest; expected 64 lower-case hex digits")
        return self.objects_dir / sha256[:2] / sha256

    def project(self, name: str) -> ProjectLayout:
        """The layout of the project `name`, there or not; raises `UsageError` for a name that could leave the store."""
        return ProjectLayout(self.root / check_project_name(name))

    def projects(self) -> list[ProjectLayout]:
        """The projects there are, by name: directories that hold `runs/`, `artifacts/` or a `project.yaml`.

        One that cannot be looked into may be a project too. Raises `OSError` when the store itself is such.
        """
        layouts = [ProjectLayout(path) for path in _directories(self.root)]
        return [
            layout
            for layout in layouts
            if layout.name.lower() not in _RESERVED_PROJECTS
            and (
                _is(stat.S_ISDIR, layout.runs_dir)
                or _is(stat.S_ISDIR, layout.artifacts_dir)
                or _is(stat.S_ISREG, layout.project_yaml)
            )
        ]

    def links(self) -> list[Path]:
        """The links where projects belong, or the runs of a directory that would be one: nobody follows them."""
        projects = [
            path
            for path in map(ProjectLayout, _links(self.root))
            if path.name.lower() not in _RESERVED_PROJECTS
            and (os.path.isdir(path.runs_dir) or os.path.isfile(path.project_yaml))
        ]
        known = {project.path for project in self.projects()}
        others = [ProjectLayout(path) for path in _directories(self.root) if path not in known]
        return [project.path for project in projects] + [
            other.runs_dir for other in others if os.path.islink(other.runs_dir)
        ]


def _directories(path: Path) -> list[Path]:
    """The visible directories in `path` by name; none when there is no such directory. Links are not followed."""
    try:
        with os.scandir(path) as entries:
            names = [e.name for e in entries if e.is_dir(follow_symlinks=False) and not e.name.startswith(".")]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [path / name for name in sorted(names)]


def _links(path: Path) -> list[Path]:
    """The visible links in `path` by name; none when it cannot be listed."""
    try:
        with os.scandir(path) as entries:
            names = [entry.name for entry in entries if entry.is_symlink() and not entry.name.startswith(".")]
    except OSError:
        return []
    return [path / name for name in sorted(names)]


def _is(kind: Callable[[int], bool], path: Path) -> bool:
    """Whether there is something of this kind at `path`, no link, or something that the system hides from us."""
    try:
        return kind(path.lstat().st_mode)
    except PermissionError:
        return True
    except OSError:
        return False
