"""trackio's directory: a SQLite database for each project, media and artifacts beside. Parquet twins are not read."""

import os
import re
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from runstore.errors import UsageError
from runstore.format.names import check_project_name
from runstore.format.records import RunState
from runstore.importers.folders import files_below
from runstore.importers.identity import iso
from runstore.importers.series import moment, whole
from runstore.importers.snapshot import snapshot
from runstore.importers.sources import ImportedArtifact, ImportedEntry, ImportedRun, Problems, Row
from runstore.importers.trackio_store import Database, TrackedVersion, plain
from runstore.importers.trackio_values import Values
from runstore.media.base import inside

KIND: Final = "trackio"
_WRITTEN_BY: Final = 1
_ENDING: Final = ".db"
_REGISTRY: Final = "registry-"
_LEVELS: Final = frozenset({"INFO", "WARN", "ERROR"})
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_UNFIT: Final = re.compile(r"[^\w.-]+")


def default_directory() -> Path:
    """Where trackio of this user keeps its databases: TRACKIO_DIR, else its place in the cache of Hugging Face."""
    if named := os.environ.get("TRACKIO_DIR"):
        return Path(named)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("HF_HOME") or cache / "huggingface") / "trackio"


def runs(path: Path) -> Iterator[ImportedRun]:
    """The runs in a database, or in those of a directory, by project. Raises `UsageError` where there is none.

    Each is to be used before the next is asked for.
    """
    databases = list(_databases(path))
    if not databases:
        raise UsageError(f"{path}: found no database of trackio, expected a directory with *.db, or one of these files")
    for database in databases:
        try:
            yield from _runs(database)
        except (sqlite3.Error, OSError) as error:
            yield _refused(database, error)


def _databases(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for each in sorted(path.glob(f"*{_ENDING}")):
        if each.is_file() and not each.is_symlink() and not each.name.startswith(_REGISTRY):
            yield each


def _refused(path: Path, error: Exception) -> ImportedRun:
    why = f"{path}: is no database of trackio that can be read ({error}); restore it from a copy"
    return ImportedRun(KIND, path.stem, "", where=str(path), name=path.stem, refused=why)


def _runs(path: Path) -> Iterator[ImportedRun]:
    problems = Problems()
    _tell_unread(path, problems)
    with snapshot(path) as connection:
        database = Database(path, connection, problems)
        for run, name in database.runs().items():
            yield _Run(database, run, name, problems).imported()
            problems = Problems()  # What is wrong with the database is told once.


def _tell_unread(path: Path, problems: Problems) -> None:
    """Tells of what lies beside a database and belongs to no run, or is not in it yet."""
    if path.with_name(f"{path.name}-journal").exists():
        problems.lose(f"{path}: its last write was not ended; open the project with trackio once, and import again")
    for _ in files_below(path.parent / "media" / path.stem / "files"):
        problems.leave_out("a file of a project of trackio")
    waiting = sum(1 for _, place in files_below(path.parent / "inbox") if place.endswith(".jsonl"))
    if waiting:
        problems.lose(f"{path.parent / 'inbox'}: {waiting} files wait for trackio to take them into its databases")


@dataclass(frozen=True, slots=True)
class _Run:
    """One run in a database."""

    database: Database
    id: str
    name: str
    problems: Problems

    def imported(self) -> ImportedRun:
        config = self._config()
        times = [found for found in map(_time, self._rows("metrics")) if found is not None]
        created = moment(config.pop("_Created", None)) or self._configured() or min(times, default=None)
        group, user = config.pop("_Group", None), config.pop("_Username", None)
        return ImportedRun(
            kind=KIND,
            source=f"{self.database.path.stem}/{self.id}",
            digest=f"{_WRITTEN_BY}:{self.database.digest(self.id)}",
            where=f"{self.database.path}, run {self.name}",
            id=self.id,
            project=_project(self.database.path.stem),
            name=self.name,
            created=created,
            group=str(group or ""),
            config=config,
            state=RunState("finished", None, iso(max(times, default=None))),
            provenance={"user": str(user)} if user else {},
            rows=self.history,
            system=self.system,
            alerts=self.alerts,
            artifacts=self.artifacts,
            problems=self.problems,
        )

    def history(self) -> Iterator[Row]:
        values = Values(self.database.path.parent / "media", self.problems)
        for row in self._rows("metrics"):
            said = self._object(row, "metrics")
            if found := values.row(said):
                yield {**found, **_place(row)}
        for _ in self._rows("traces"):
            self.problems.leave_out("a trace")

    def system(self) -> Iterator[Row]:
        values = Values(self.database.path.parent / "media", self.problems)
        for row in self._rows("system_metrics"):
            yield {**_place(row), **values.row(self._object(row, "metrics"))}

    def alerts(self) -> Iterator[Row]:
        for row in self._rows("alerts"):
            level = str(row.get("level") or "").upper()
            said = {"title": str(row.get("title") or ""), "text": str(row.get("text") or "")}
            yield {**_place(row), **said, "level": level if level in _LEVELS else "WARN"}

    def artifacts(self) -> Iterator[ImportedArtifact]:
        for version in self.database.versions(self.id, self.problems):
            if version.is_output:
                yield self._artifact(version)
            else:
                self.problems.leave_out("a use of an artifact")

    def _artifact(self, version: TrackedVersion) -> ImportedArtifact:
        manifest = version.manifest if isinstance(version.manifest, list) else []
        found = [self._entry(entry) for entry in manifest if isinstance(entry, dict)]
        return ImportedArtifact(
            name=version.name,
            type=version.type,
            entries=tuple(entry for entry in found if entry is not None),
            description=version.description,
            metadata=version.metadata if isinstance(version.metadata, dict) else {},
            aliases=version.aliases,
            time=moment(version.created),
        )

    def _entry(self, said: Mapping[str, Any]) -> ImportedEntry | None:
        path, digest, size = str(said.get("path")), str(said.get("digest")), said.get("size")
        if ref := said.get("ref"):
            etag = "" if digest == ref else digest
            return ImportedEntry(path, ref=str(ref), size=size if type(size) is int else None, etag=etag)
        blobs = self.database.path.parent / "artifacts"
        try:
            if _SHA256.fullmatch(digest) is None:
                raise UsageError(f"found the digest {digest!r}, expected 64 hexadecimal digits")
            file = inside(blobs, f"{self.database.path.stem}/blobs/sha256/{digest[:2]}/{digest}")
        except UsageError as error:
            self.problems.lose(f"{self.database.path}: an artifact lacks its file {path}: {error}")
            return None
        return ImportedEntry(path, file=file)

    def _rows(self, table: str) -> Iterator[dict[str, Any]]:
        return self.database.rows(table, self.id, self.problems)

    def _object(self, row: Mapping[str, Any], column: str) -> dict[str, Any]:
        found = plain(row.get(column))
        if isinstance(found, dict):
            return found
        self.problems.lose(f"{self.database.path}: {column} {row.get('id')}: found no object of JSON; it is left out")
        return {}

    def _config(self) -> dict[str, Any]:
        row = next(self._rows("configs"), None)
        return self._object(row, "config") if row is not None else {}

    def _configured(self) -> float | None:
        row = next(self._rows("configs"), None)
        return moment(row.get("created_at")) if row is not None else None


def _time(row: Mapping[str, Any]) -> float | None:
    return moment(row.get("timestamp"))


def _place(row: Mapping[str, Any]) -> Row:
    """When a row was logged, and at which step."""
    step, time = whole(row.get("step")), _time(row)
    return {**({} if step is None else {"_step": step}), **({} if time is None else {"_timestamp": time})}


def _project(name: str) -> str:
    """The project here: a file may have a name that no project can."""
    try:
        return check_project_name(name)
    except UsageError:
        return _UNFIT.sub("-", name).strip(".-")[:64] or KIND
