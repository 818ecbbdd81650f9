"""`Api`: reading, comparing and changing what is in a store, with the calls of W&B's public Api."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from runstore.api import artifacts, drawn, projects
from runstore.api.artifacts import ArtifactCollection, ArtifactType
from runstore.api.errors import NotFoundError
from runstore.api.pages import Pages
from runstore.api.projects import Project, Report
from runstore.api.runs import Run, Runs
from runstore.api.source import Source, split_path
from runstore.api.sweeps import Sweep
from runstore.api.views import User
from runstore.artifacts.artifact import Artifact
from runstore.errors import BadTypeError, UnsupportedError
from runstore.format.layout import make_below
from runstore.manage.edit import author, unwritable
from runstore.reading.query import Filter
from runstore.remote.arriving import refuse_change
from runstore.settings import from_environment

_RIGHTS: Final = "a store has no accounts: who may read it, the file system and git say"
_WATCH: Final = "run a job of your forge when the store changes; run.alert() posts to a webhook"
_QUEUE: Final = "start agents where you compute: runstore agent SWEEP"
_REGISTRY: Final = "link versions into a project of their own: artifact.link('registry/model')"
_UNSUPPORTED: Final[dict[str, str]] = {
    **dict.fromkeys(("team", "user", "users", "create_team", "create_user", "organization", "api_key"), _RIGHTS),
    **dict.fromkeys(
        (
            *("automation", "automations", "create_automation", "update_automation", "delete_automation"),
            *("integrations", "slack_integrations", "webhook_integrations"),
        ),
        _WATCH,
    ),
    **dict.fromkeys(("run_queue", "create_run_queue", "upsert_run_queue", "queued_run", "job", "list_jobs"), _QUEUE),
    **dict.fromkeys(("registry", "registries", "create_registry"), _REGISTRY),
    "create_run": "runstore.init(project=…, id=…) creates runs",
    "create_custom_chart": "pass a Vega-Lite spec to runstore.plot_table()",
    "sync_tensorboard": "runstore.init(sync_tensorboard=True), or `runstore import tensorboard`",
}


class Api:
    """A store's runs, artifacts, sweeps and reports.

        api = runstore.Api()
        for run in api.runs("digits", filters="state = 'finished' AND config.lr < 0.01"):
            print(run.name, run.summary["loss"])

    `store` is the store's directory, or an address such as `s3://bucket/experiments`, which is mirrored into the user's
    cache and read there; it is asked again by each new Api, and after `flush`. By default it is the directory of the
    current run, else of the last one that was begun with `dir`, else the one that `init` would log to from here.
    `overrides` may name a default project. `timeout` and `api_key` are W&B's, and mean nothing. Each call sees the
    directory as it is then.
    """

    def __init__(
        self,
        store: str | os.PathLike[str] | Mapping[str, Any] | None = None,
        overrides: Any = None,
        timeout: int | None = None,
        api_key: str | None = None,
    ) -> None:
        if isinstance(store, Mapping):  # As W&B has it: Api({"project": "digits"}).
            store, overrides = None, store
        if overrides is not None and not isinstance(overrides, Mapping):
            raise BadTypeError(f"overrides is a {type(overrides).__name__}, expected a dict such as {{'project': 'p'}}")
        self.settings: dict[str, Any] = dict(overrides or {})
        place = None if store is None or isinstance(store, Mapping) else os.fsdecode(store)
        self._source = Source(place, Run, Sweep)

    @property
    def store(self) -> Path:
        """The store's directory."""
        return self._source.root

    @property
    def default_entity(self) -> str:
        """The store's entity."""
        return self._source.entity

    @property
    def viewer(self) -> User:
        """Who asks."""
        return User(author(), self.default_entity)

    @property
    def user_agent(self) -> str:
        return "Runstore"

    def flush(self) -> None:
        """Forgets what was read, so that the next call starts anew. Each call sees changes without it, too."""
        self._source.forget()

    def _project(self, name: str | None) -> str:
        """The project meant: `name`, the one that overrides or settings name, or the store's only one, else ""."""
        wanted = name or self.settings.get("project") or from_environment().project
        if wanted:
            return str(wanted)
        names = [project.name for project in self._source.look().projects]
        return names[0] if len(names) == 1 else ""

    def _needed(self, name: str | None) -> str:
        project = self._project(name)
        if not project:
            raise NotFoundError(f"{self.store}: has several projects; name one, as in 'digits'")
        return project

    def runs(
        self,
        path: str | None = None,
        filters: Filter = None,
        order: str = "+created_at",
        per_page: int = 50,
        include_sweeps: bool = False,
        lazy: bool = True,
    ) -> Runs:
        """The runs of a project (`path`: `project` or `entity/project`) for which the filter holds, in order.

        Without a path the default project's, or those of every project. `filters` is a dict as W&B takes it or SQL;
        `order` a column, `-` before it turns it around. `include_sweeps` and `lazy` change nothing. Raises
        `ValueError` for a project that there is not, `UsageError` for a filter or order that cannot be read.
        """
        [project] = split_path(path, self.settings, parts=1)
        return Runs(self._source, self._project(project), filters, order, per_page)

    def run(self, path: str = "") -> Run:
        """The run at `id`, `project/id` or `entity/project/id`; a name will do where only one run has it.

        Raises `ValueError` when there is none.
        """
        project, run_id = split_path(path, self.settings, parts=2)
        if not run_id:
            run_id = from_environment().run_id or ""
        return Run(self._source, self._source.run(project, run_id))

    def projects(self, entity: str | None = None, per_page: int = 200) -> Pages[Project]:
        """The store's projects by name. The entity means nothing."""
        found = self._source.look().projects
        return Pages(lambda: found, lambda each: Project(self._source, each), per_page)

    def project(self, name: str, entity: str | None = None) -> Project:
        """One project. Raises `ValueError` when there is none."""
        return Project(self._source, self._source.project(name.rstrip("/").split("/")[-1]))

    def create_project(self, name: str, entity: str = "") -> None:
        """Makes a project without runs; one that is there stays as it is."""
        layout = self._source.look().layout
        refuse_change(layout.root)
        try:
            make_below(layout.root, layout.project(name).runs_dir)
        except OSError as error:
            raise unwritable(layout.root, error) from None

    def sweep(self, path: str = "") -> Sweep:
        """The sweep at `id`, `project/id` or `entity/project/id`. Raises `ValueError` when there is none."""
        project, sweep_id = split_path(path, self.settings, parts=2)
        return Sweep(self._source, self._needed(project), sweep_id)

    def sweeps(self, path: str = "", per_page: int = 50) -> Pages[Sweep]:
        """The sweeps of a project."""
        [project] = split_path(path, self.settings, parts=1)
        return projects.sweeps(self._source, self._needed(project), per_page)

    def reports(self, path: str = "", name: str | None = None, per_page: int = 50) -> Pages[Report]:
        """The reports of a project; the one of this name or title."""
        [project] = split_path(path, self.settings, parts=1)
        return projects.reports(self._source, self._needed(project), name, per_page)

    def from_path(self, path: str) -> Any:
        """What a path names: a project (`digits`), a run (`digits/runs/id`), a sweep (`digits/sweeps/id`), a report.

        Raises `ValueError`.
        """
        parts = [part for part in path.split("/") if part]
        kinds = {"sweeps": self.sweep, "runs": self.run, "run": self.run}
        if len(parts) >= 3 and parts[-2] in kinds:
            return kinds[parts[-2]](f"{parts[-3]}/{parts[-1]}")
        if len(parts) >= 3 and parts[-2] == "reports":
            return next(iter(self.reports(parts[-3], parts[-1])))
        names = [project.name for project in self._source.look().projects]
        if parts and parts[-1] in names and len(parts) <= 2:
            return self.project(parts[-1])
        return self.run(path)

    def artifact(self, name: str, type: str | None = None) -> Artifact:  # noqa: A002 - W&B's name
        """The artifact that `name:alias`, `project/name:v3` or `entity/project/name` means.

        Raises `ValueError` when there is none, or it is of another type.
        """
        project, text = _named(name)
        return artifacts.one(self._source, self._artifact_project(project), text, type)

    def _artifact_project(self, name: str) -> str:
        self._source.look()
        return self._needed(name)

    def artifacts(
        self,
        type_name: str,
        name: str,
        order: str | None = None,
        per_page: int = 50,
        tags: list[str] | str | None = None,
        start: str | None = None,
    ) -> Pages[Artifact]:
        """The versions of an artifact, newest first; those that have all `tags`. Raises `ValueError`."""
        project, text = _named(name)
        found = artifacts.collection(self._source, self._artifact_project(project), type_name, text.split(":")[0])
        wanted = [tags] if isinstance(tags, str) else tags or []
        return artifacts.versions_of(self._source, found._versions, per_page, wanted, order)

    def artifact_versions(self, type_name: str, name: str, per_page: int = 50) -> Pages[Artifact]:
        """W&B's older name for `artifacts`."""
        return self.artifacts(type_name, name, per_page=per_page)

    def artifact_exists(self, name: str, type: str | None = None) -> bool:  # noqa: A002 - W&B's name
        """Whether there is such a version."""
        try:
            return bool(self.artifact(name, type).version)
        except ValueError:
            return False

    def artifact_collection(self, type_name: str, name: str) -> ArtifactCollection:
        """An artifact with all its versions. Raises `ValueError` when there is none of this type."""
        project, text = _named(name)
        return artifacts.collection(self._source, self._artifact_project(project), type_name, text.split(":")[0])

    def artifact_collection_exists(self, name: str, type: str) -> bool:  # noqa: A002 - W&B's name
        """Whether there is an artifact of this name and type."""
        try:
            return bool(self.artifact_collection(type, name).name)
        except ValueError:
            return False

    def artifact_collections(
        self,
        project_name: str,
        type_name: str,
        order: str | None = None,
        per_page: int = 50,
        start: str | None = None,
    ) -> Pages[ArtifactCollection]:
        """The artifacts of a type in a project, by name."""
        [project] = split_path(project_name, self.settings, parts=1)
        return artifacts.collections(self._source, self._artifact_project(project), type_name, per_page)

    def artifact_type(self, type_name: str, project: str | None = None) -> ArtifactType:
        """One type of artifacts. Raises `ValueError` when no artifact has it."""
        found = {each.name: each for each in self.artifact_types(project)}
        if type_name not in found:
            raise NotFoundError(f"{self.store}: no artifact is of type {type_name!r}; there is {', '.join(found)}")
        return found[type_name]

    def artifact_types(self, project: str | None = None, start: str | None = None) -> Pages[ArtifactType]:
        """The types of a project's artifacts."""
        [name] = split_path(project, self.settings, parts=1)
        return artifacts.types(self._source, self._artifact_project(name))

    def __getattr__(self, name: str) -> Any:
        if name in _UNSUPPORTED:
            raise UnsupportedError(f"Api.{name} needs W&B's server; {_UNSUPPORTED[name]}")
        raise AttributeError(f"Api has no attribute {name!r}", name=name, obj=self)

    def _repr_html_(self) -> str:
        return drawn.store_html(self.store, self._source.look().projects)

    def __repr__(self) -> str:
        return f"<Api {self.store}>"


def _named(name: str) -> tuple[str, str]:
    """The project, "" where it is left out, and the rest of `entity/project/name:alias`. Raises `UsageError`."""
    if not isinstance(name, str) or not name.strip("/"):
        raise NotFoundError(f"an artifact's name is {name!r}, expected text such as 'project/name:alias'")
    parts = [part for part in name.split("/") if part]
    return (parts[-2] if len(parts) > 1 else ""), (parts[-1] if parts else name)
