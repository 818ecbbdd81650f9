"""Projects and reports as W&B's Api shows them: read from the files they are."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from runstore.api import artifacts, drawn
from runstore.api.errors import Unsupported
from runstore.api.pages import Pages
from runstore.api.runs import Runs
from runstore.api.source import Source
from runstore.api.sweeps import Sweep
from runstore.api.views import Shown
from runstore.errors import UsageError
from runstore.reading.store import Project as ProjectRecord


class Project(Shown):
    """One project of the store."""

    def __init__(self, source: Source, record: ProjectRecord) -> None:
        self._source = source
        self._record = record

    @property
    def name(self) -> str:
        return self._record.name

    @property
    def id(self) -> str:
        return self.name

    @property
    def entity(self) -> str:
        return self._source.entity

    @property
    def path(self) -> list[str]:
        return [self.entity, self.name]

    @property
    def url(self) -> str:
        return self._record.layout.path.absolute().as_uri()

    @property
    def description(self) -> str:
        return self._record.meta.description

    @property
    def created_at(self) -> str | None:
        """When its first run was, ISO 8601 in UTC."""
        moments = [run.created for run in self._record.runs if run.created is not None]
        return datetime.fromtimestamp(min(moments), UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moments else None

    def runs(self, filters: Any = None, order: str = "+created_at", per_page: int = 50) -> Runs:
        """Its runs; see `Api.runs`."""
        return Runs(self._source, self.name, filters, order, per_page)

    def artifacts_types(self, per_page: int = 50) -> Pages[artifacts.ArtifactType]:
        """The types of its artifacts."""
        return artifacts.types(self._source, self.name)

    def collections(self, filters: Any = None, order: str | None = None, per_page: int = 50) -> Pages[Any]:
        """Its artifacts. `filters` and `order` are W&B's server's, and not understood here."""
        if filters or order:
            raise UsageError("collections() takes neither filters nor order here; filter the list that it returns")
        return artifacts.collections(self._source, self.name, None, per_page)

    def sweeps(self, per_page: int = 50, filters: Any = None, order: str | None = None) -> Pages[Sweep]:
        """Its sweeps. `filters` and `order` are W&B's server's, and not understood here."""
        if filters or order:
            raise UsageError("sweeps() takes neither filters nor order here; filter the list that it returns")
        return sweeps(self._source, self.name, per_page)

    def to_html(self, height: int = 420, hidden: bool = False) -> str:
        """Charts and a table of its runs as a piece of HTML; see `Runs.to_html`."""
        return drawn.runs_html(self.name, self._record.runs, height, hidden)

    owner = Unsupported("a store has no accounts; run.user says who started a run")

    def __repr__(self) -> str:
        return f"<Project {self.name}>"


def sweeps(source: Source, project: str, per_page: int = 50) -> Pages[Sweep]:
    """The sweeps of a project: those that have a directory, and those that only runs speak of."""
    record = source.project(project)
    names = dict.fromkeys([*record.layout.sweep_ids(), *sorted({run.meta.sweep for run in record.runs} - {""})])
    return Pages(lambda: list(names), lambda name: Sweep(source, project, name), per_page)


class Report:
    """A report: a page of Markdown in the store."""

    def __init__(self, source: Source, project: str, path: Path) -> None:
        self._source = source
        self.project = project
        self._path = path

    @property
    def name(self) -> str:
        return self._path.stem

    id = name

    @property
    def text(self) -> str:
        """Its Markdown."""
        return self._path.read_text(encoding="utf-8", errors="replace")

    @property
    def title(self) -> str:
        """Its first heading, else its name."""
        return next((line[2:].strip() for line in self.text.splitlines() if line.startswith("# ")), self.name)

    display_name = title

    @property
    def url(self) -> str:
        return self._path.absolute().as_uri()

    def __repr__(self) -> str:
        return f"<Report {self.project}/{self.name}>"


def reports(source: Source, project: str, name: str | None, per_page: int) -> Pages[Report]:
    """The reports of a project; the one of this name or title."""
    found = [Report(source, project, path) for path in source.project(project).layout.reports()]
    chosen = [each for each in found if name is None or name in (each.name, each.title)]
    return Pages(lambda: chosen, lambda each: each, per_page)
