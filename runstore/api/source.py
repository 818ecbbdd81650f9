"""The store behind an Api: read when it is first asked for, and looked at again at each call."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runstore.api.errors import NotFoundError
from runstore.artifacts.host import default_root, host
from runstore.errors import UsageError
from runstore.format.layout import StoreLayout
from runstore.format.locate import is_url
from runstore.format.run_layout import is_as_stamped
from runstore.reading.store import UNSETTLED, Project, RunRecord, Store, read_store
from runstore.remote.addresses import Address

if TYPE_CHECKING:
    from runstore.remote.mirror import Mirror


class Source:
    """One store. `look()` sees what changed since; only that is read. One at an address is asked at the first look.

    `show_run` and `show_sweep` make what users see of a record, or of a project and a sweep's id.
    """

    def __init__(
        self,
        place: str | None,
        show_run: Callable[["Source", RunRecord], Any],
        show_sweep: Callable[["Source", str, str], Any],
    ) -> None:
        self._mirror: Mirror | None = None
        self._path: Path | None = None
        address = Address.of(place) if place is not None and is_url(place) else None
        if address is not None and address.protocol != "file":
            self._mirror = _mirror(address.url)
            self._path = self._mirror.root
        elif place is not None:
            self._path = Path(place if address is None else address.path).expanduser()
        elif host() is not None:
            self._path = default_root()
        self._show_run = show_run
        self._show_sweep = show_sweep
        self._store: Store | None = None
        self._runs: dict[tuple[str, str], RunRecord] | None = None

    @property
    def root(self) -> Path:
        if self._path is None:
            self._path = default_root()
        return self._path

    def look(self) -> Store:
        """The store as it is now. Raises `StoreError` when there is none."""
        if self._mirror is not None and self._store is None:
            self._mirror.update()
        self._store = read_store(self.root, known=self._store)
        self._runs = None
        return self._store

    def known(self) -> Store:
        """The store as it was at the last look."""
        return self._store or self.look()

    def forget(self) -> None:
        """Has the next look start from the store's files and cache, and ask a store elsewhere again."""
        self._store = self._runs = None

    @property
    def layout(self) -> StoreLayout:
        return self.known().layout

    @property
    def entity(self) -> str:
        return self.known().meta.entity

    def project(self, name: str) -> Project:
        """A project as it is now. Raises `NotFoundError`, which says what there is."""
        found = _named(self.look().projects, name)
        if found is None:
            known = ", ".join(project.name for project in self.known().projects[:10]) or "no project yet"
            raise NotFoundError(f"{self.root}: found no project {name!r}; there is {known}")
        return found

    def open_run(self, project: str, run_id: str) -> Any:
        """A run as users see it. Raises `NotFoundError`."""
        return self._show_run(self, self.run(project, run_id))

    def open_sweep(self, project: str, sweep_id: str) -> Any:
        """A sweep as users see it. Raises `NotFoundError`."""
        return self._show_sweep(self, project, sweep_id)

    def run(self, project: str, run_id: str) -> RunRecord:
        """A run as it is now; without `project` the one with this id or name. Raises `NotFoundError`."""
        if (same := self._unchanged(project, run_id)) is not None:
            return same
        runs = [run for each in self.look().projects if project in ("", each.name) for run in each.runs]
        found = [run for run in runs if run.id == run_id] or [run for run in runs if run.name == run_id]
        if len(found) == 1:
            return found[0]
        shown = f"{project}/{run_id}" if project else run_id
        if found:
            paths = ", ".join(f"{run.project}/{run.id}" for run in found[:5])
            raise NotFoundError(f"{self.root}: {len(found)} runs are called {shown!r} ({paths}); name one of these")
        raise NotFoundError(f"{self.root}: found no run {shown!r}; `runstore ls` lists the runs there are")

    def written_summary(self, run: RunRecord) -> Mapping[str, Any]:
        """A run's own summary.json as it stands there, what readers leave out of it too."""
        project = _named(self.known().projects, run.project)
        entry = project.catalog.entries.get(run.id) if project is not None else None
        return entry.summary if entry is not None else {}

    def _unchanged(self, project: str, run_id: str) -> RunRecord | None:
        """A run that is as it was at the last look, by one look at its own directory: scripts ask for many runs."""
        known = _named(self._store.projects, project) if self._store is not None else None
        entry = known.catalog.entries.get(run_id) if known is not None else None
        if known is None or entry is None or entry.unread or entry.odd:
            return None
        if self._runs is None:
            self._runs = {(run.project, run.id): run for each in self.known().projects for run in each.runs}
        run = self._runs.get((project, run_id))
        try:
            same = run is not None and run.state not in UNSETTLED and is_as_stamped(run.layout.path, entry.stats)
        except OSError:
            return None
        return run if same else None


def _mirror(url: str) -> "Mirror":
    from runstore.remote.mirror import Mirror  # Not at the top: stores are mostly here.

    return Mirror(url)


def _named(projects: Sequence[Project], name: str) -> Project | None:
    return next((project for project in projects if project.name == name), None)


def split_path(path: Any, overrides: Mapping[str, Any], *, parts: int) -> list[str]:
    """The last `parts` parts of `entity/project/id`, "" for those that the path leaves out. The entity means nothing.

    Raises `UsageError`.
    """
    if path is not None and not isinstance(path, str):
        if not isinstance(path, Sequence):
            raise UsageError(f"a path is {path!r}, expected text such as 'project/id'")
        path = "/".join(map(str, path))
    found = [part for part in (path or "").replace(":", "/").split("/") if part]
    if parts == 2 and len(found) >= 3 and found[-2] in ("runs", "sweeps", "artifacts"):
        del found[-2]
    if len(found) > parts + 1:
        raise UsageError(f"found the path {path!r}, expected {'project/id' if parts == 2 else 'entity/project'}")
    found = found[-parts:]
    if len(found) < parts and parts == 2:
        found = [str(overrides.get("project") or ""), *found]
    return ["" for _ in range(parts - len(found))] + found
