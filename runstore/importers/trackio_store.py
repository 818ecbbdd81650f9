"""One of trackio's databases: `<project>.db`, with the tables of its runs. Older ones know a run by its name alone."""

import hashlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from runstore.format import lenient
from runstore.importers.snapshot import columns
from runstore.importers.sources import Problems

_TABLES: Final = ("configs", "metrics", "system_metrics", "alerts", "traces")
_TOLD: Final = ("id", "timestamp", "run_name", "step", "metrics", "config", "title", "text", "level", "created_at")
"""Columns that an import reads: others are trackio's own business."""


@dataclass(frozen=True, slots=True)
class TrackedVersion:
    """A version of an artifact that a run logged or used."""

    name: str
    type: str
    description: str
    manifest: Any
    metadata: Any
    aliases: tuple[str, ...]
    created: str
    is_output: bool


class Database:
    """What a database holds of its runs. All methods raise `sqlite3.Error` where it is torn."""

    def __init__(self, path: Path, connection: sqlite3.Connection, problems: Problems) -> None:
        self.path = path
        self._connection = connection
        self._problems = problems
        self._columns = {table: columns(connection, table) for table in (*_TABLES, "run_artifact_links")}

    def runs(self) -> dict[str, str]:
        """The name of each run by its id, in the order of their first rows."""
        found: dict[str, str] = {}
        for table in _TABLES:
            if {"run_name", self._key(table)} <= self._columns[table]:
                query = f"SELECT {self._key(table)}, run_name FROM {table} GROUP BY 1 ORDER BY MIN(rowid)"  # noqa: S608
                for run, name in self._connection.execute(query):
                    found.setdefault(str(run), str(name or run))
        return found

    def rows(self, table: str, run: str, problems: Problems) -> Iterator[dict[str, Any]]:
        """The rows of a run in one table, in the order they were logged; what is torn ends them, and is told."""
        if self._key(table) not in self._columns[table]:
            return
        chosen = [column for column in _TOLD if column in self._columns[table]]
        query = f"SELECT {', '.join(chosen)} FROM {table} WHERE {self._key(table)} = ? ORDER BY rowid"  # noqa: S608
        try:
            for row in self._connection.execute(query, (run,)):
                yield dict(zip(chosen, row, strict=True))
        except sqlite3.Error as error:
            problems.lose(f"{self.path}: table {table}: {error}; the rows from there on are lost")

    def digest(self, run: str) -> str:
        """Changes when anything of the run does."""
        found = hashlib.sha256()
        for table in _TABLES:
            for row in self.rows(table, run, Problems()):
                found.update(repr((table, tuple(row.values()))).encode("utf-8", "backslashreplace"))
        for version in self.versions(run, Problems()):
            found.update(repr(version).encode("utf-8", "backslashreplace"))
        return found.hexdigest()

    def versions(self, run: str, problems: Problems) -> Iterator[TrackedVersion]:
        """The versions of artifacts that the run logged or used."""
        if "run_id" not in self._columns["run_artifact_links"]:
            return
        query = (
            "SELECT a.name, a.type, a.description, v.manifest, v.metadata, v.created_at, l.direction, v.id "
            "FROM run_artifact_links l JOIN artifact_versions v ON v.id = l.artifact_version_id "
            "JOIN artifacts a ON a.id = v.artifact_id WHERE l.run_id = ? ORDER BY v.id, l.id"
        )
        try:
            for name, kind, text, manifest, metadata, created, direction, number in self._connection.execute(
                query, (run,)
            ):
                parts = (plain(manifest), plain(metadata), self._aliases(number))
                yield TrackedVersion(
                    str(name), str(kind), str(text or ""), *parts, str(created or ""), direction == "output"
                )
        except sqlite3.Error as error:
            problems.lose(f"{self.path}: the artifacts of a run: {error}; they are lost from there on")

    def _aliases(self, version: int) -> tuple[str, ...]:
        query = "SELECT alias FROM artifact_aliases WHERE artifact_version_id = ? ORDER BY alias"
        return tuple(str(alias) for (alias,) in self._connection.execute(query, (version,)))

    def _key(self, table: str) -> str:
        return "run_id" if "run_id" in self._columns[table] else "run_name"


def plain(content: Any) -> Any:
    """The value in a cell of JSON; None where it is torn."""
    try:
        return lenient.loads(content.encode() if isinstance(content, str) else bytes(content or b"null"))
    except (TypeError, ValueError):
        return None
