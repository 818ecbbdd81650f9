"""Where everything lies in a store: the one room that knows file names, and refuses names that would leave it.

experiments/store.yaml
experiments/<project>/project.yaml
experiments/<project>/runs/<run-id>/{run,config}.yaml, history.jsonl, summary.json, …
experiments/<project>/sweeps/<sweep-id>/sweep.yaml, …           see sweep_layout
experiments/<project>/artifacts/<name>/<version>/manifest.yaml
experiments/<project>/reports/<name>.md   experiments/reports/<name>.md: about several projects
experiments/<project>/deleted/<run-id>.yaml
experiments/objects/sha256/<2 hex>/<64 hex>   what artifacts hold, by content
experiments/.trash/<project>/runs/<run-id>/   deleted runs, until it is emptied; ignored by git
experiments/.cache/                      rebuilt at will, ignored by git

A run is written by one process after another (attempts), or by several at once (ranks). Each is a *writer* with
append-only files of its own: `history.jsonl` of the first, `history.2.jsonl` of the second attempt,
`history.rank1.jsonl` of the rank "rank1"; so too for the other files that grow, and for provenance.json.
`runstore archive` packs histories and system metrics of old runs: `history.2.jsonl` becomes `history.2.parquet`.
"""

import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from runstore.errors import StoreError, UsageError
from runstore.format.names import (
    MAX_RUN_ID,
    RESERVED_PROJECTS,
    check_artifact_name,
    check_name,
    check_project_name,
    check_run_id,
)
from runstore.format.run_layout import RunLayout
from runstore.format.sweep_layout import SweepLayout

STORE_DIR = "experiments"
STORE_FILE = "store.yaml"
DEFAULT_PROJECT = "uncategorized"
MAX_REPORT = 100
MANIFEST = "manifest.yaml"
NO_LINKS = (
    "found a link, which is not followed, expected a directory; put the directory itself there, or the whole store "
    "where you want it (dir= or RUNSTORE_DIR)"
)
_VERSION = re.compile(r"^v(0|[1-9][0-9]{0,8})$")
_SHA256 = re.compile(r"^[0-9a-f]{64}$")
GITATTRIBUTES = """\
*.jsonl -diff merge=union
*.log -diff
*.parquet -diff -text
media/** -diff
manifest.yaml merge=union
**/deleted/*.yaml merge=union
**/sweeps/*/claims/** merge=union
**/sweeps/*/done/** merge=union
**/sweeps/*/stop/* merge=union
**/sweeps/*/control/* merge=union
objects/** -diff -text
"""
MERGE_ATTRIBUTES = """\
run.yaml merge=runstore
project.yaml merge=runstore
state.json merge=runstore
summary.json merge=runstore
summary.*.json merge=runstore
**/runs/** linguist-generated
objects/** linguist-generated
"""
"""What `runstore init` adds: a clone without the driver merges these by lines, as git does by itself."""
LFS_ATTRIBUTES = """\
**/runs/*/media/** filter=lfs diff=lfs merge=lfs -text
**/runs/*/files/** filter=lfs diff=lfs merge=lfs -text
**/runs/*/*.parquet filter=lfs diff=lfs merge=lfs -text
objects/sha256/** filter=lfs diff=lfs merge=lfs -text
"""
GITIGNORE = """\
.cache/
.trash/
.repair/
heartbeat
heartbeat.*
**/runs/*/stop
**/sweeps/*/agents/
**/sweeps/*/launches/*/
**/sweeps/*/locks/
**/sweeps/*/tmp/
*.lock
*.tmp
.parts/
"""


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

    def sweep(self, sweep_id: str) -> SweepLayout:
        """The layout of a sweep, there or not; raises `UsageError` for a name that could leave the project."""
        return SweepLayout(self.sweeps_dir / check_name("the sweep id", sweep_id, MAX_RUN_ID))

    @property
    def reports_dir(self) -> Path:
        return self.path / "reports"

    def reports(self) -> list[Path]:
        """The reports there are, plain Markdown files by name. Raises `OSError` when they cannot be listed."""
        return _reports(self.reports_dir)

    def report(self, slug: str) -> Path:
        """The file of a report, there or not; raises `UsageError` for a name that could leave the project."""
        return self.reports_dir / f"{check_name('the name of the report', slug, MAX_REPORT)}.md"

    def runs(self) -> list[RunLayout]:
        """The runs there are, by id. Raises `OSError` when they cannot be listed."""
        if self.runs_dir.is_symlink():
            return []
        return [RunLayout(path) for path in _directories(self.runs_dir)]

    def holds_a_history(self) -> bool:
        """Whether a run that can be listed has a history."""
        try:
            return any(run.has_history() for run in self.runs())
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

    def site_look(self, target: str) -> Path:
        """Where a build remembers what it saw, when it made the site at `target` of that."""
        return self.cache_dir / ".sites" / f"{target}.look.json"

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

    @property
    def reports_dir(self) -> Path:
        """Reports about several projects."""
        return self.root / "reports"

    def reports(self) -> list[Path]:
        """The reports of no one project. Raises `OSError` when they cannot be listed."""
        return _reports(self.reports_dir)

    def report(self, slug: str) -> Path:
        """The file of such a report, there or not; raises `UsageError` for a name that could leave the store."""
        return self.reports_dir / f"{check_name('the name of the report', slug, MAX_REPORT)}.md"

    def project(self, name: str) -> ProjectLayout:
        """The layout of the project `name`, there or not; raises `UsageError` for a name that could leave the store."""
        return ProjectLayout(self.root / check_project_name(name))

    def projects(self) -> list[ProjectLayout]:
        """The projects there are, by name: directories that hold `runs/`, `artifacts/`, `sweeps/`, `reports/` or a
        `project.yaml`.

        One that cannot be looked into may be a project too. Raises `OSError` when the store itself is such.
        """
        layouts = [ProjectLayout(path) for path in _directories(self.root)]
        return [
            layout
            for layout in layouts
            if layout.name.lower() not in RESERVED_PROJECTS
            and (
                _is(stat.S_ISDIR, layout.runs_dir)
                or _is(stat.S_ISDIR, layout.artifacts_dir)
                or _is(stat.S_ISDIR, layout.sweeps_dir)
                or _is(stat.S_ISDIR, layout.reports_dir)
                or _is(stat.S_ISREG, layout.project_yaml)
            )
        ]

    def links(self) -> list[Path]:
        """The links where projects belong, or the runs of a directory that would be one: nobody follows them."""
        projects = [
            path
            for path in map(ProjectLayout, _links(self.root))
            if path.name.lower() not in RESERVED_PROJECTS
            and (os.path.isdir(path.runs_dir) or os.path.isfile(path.project_yaml))
        ]
        known = {project.path for project in self.projects()}
        others = [ProjectLayout(path) for path in _directories(self.root) if path not in known]
        return [project.path for project in projects] + [
            other.runs_dir for other in others if os.path.islink(other.runs_dir)
        ]


def link_among(root: Path, folder: Path) -> Path | None:
    """The link among a directory below `root` and those above it, None when there is none. `root` itself may be one."""
    place = os.fspath(root)
    for name in folder.relative_to(root).parts:
        place = os.path.join(place, name)
        try:
            mode = os.lstat(place).st_mode
        except OSError:
            return None  # What is not there has nothing below it.
        if stat.S_ISLNK(mode):
            return Path(place)
    return None


def refuse_links(root: Path, folder: Path) -> None:
    """Raises `StoreError` where a directory below `root`, or one above it, is a link: it could lead anywhere, and what
    was put there no reader would see."""
    if (found := link_among(root, folder)) is not None:
        raise StoreError(f"{found}: {NO_LINKS}")


def make_below(root: Path, folder: Path) -> None:
    """Makes a directory below `root`, those above it too.

    Raises `StoreError` where one of them is a link, `OSError` for trouble with the disk.
    """
    refuse_links(root, folder)
    folder.mkdir(parents=True, exist_ok=True)


def _reports(folder: Path) -> list[Path]:
    """The plain Markdown files in a folder that is no link, by name."""
    if folder.is_symlink() or not folder.is_dir():
        return []
    return sorted(path for path in folder.glob("*.md") if path.is_file() and not path.is_symlink())


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
