"""MLflow's runs: of a file store, of an SQLite database, or of a directory that has either."""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from runstore.errors import UsageError
from runstore.format.names import check_project_name
from runstore.format.records import RunState, State
from runstore.importers import mlflow_artifacts as artifacts
from runstore.importers import mlflow_database as database
from runstore.importers import mlflow_files as files
from runstore.importers.identity import iso
from runstore.importers.mlflow_artifacts import Place
from runstore.importers.mlflow_store import SYSTEM, Point, StoredRun, rows_of, samples_of, typed
from runstore.importers.sources import ImportedRun, Problems, Row
from runstore.importers.wandb_files import contents_of
from runstore.recording.redaction import without_login

KIND: Final = "mlflow"
_WRITTEN_BY: Final = 1
"""Changes when this importer writes other things of the same files: an import then goes over them again."""
_STATES: Final[dict[str, State]] = {"FINISHED": "finished", "FAILED": "failed", "KILLED": "killed"}
_PARENT: Final = "mlflow.parentRunId"
_NOTE: Final = "mlflow.note.content"
_OWN: Final = "mlflow."
_LONGEST_TAG: Final = 64
_DATASETS: Final = "datasets"


@dataclass(frozen=True, slots=True)
class _Source:
    """One store: a database, or the root of a file store of which some experiments may be asked for."""

    path: Path
    experiments: tuple[str, ...] = ()

    def runs(self, problems: Problems) -> Iterator[StoredRun]:
        if self.path.is_file():
            return database.runs(self.path, problems)
        return files.runs(self.path, self.experiments, problems)

    @property
    def root(self) -> Path:
        return self.path.parent if self.path.is_file() else self.path


def runs(stores: Iterable[str], beside: Sequence[Path] = ()) -> Iterator[ImportedRun]:
    """The runs in stores, each named by a path or by a URI of MLflow's (`sqlite:///…`, `file:…`).

    Artifacts are read below a store's own directory and below those in `beside`. Raises `UsageError`.
    """
    for folder in beside:
        if not folder.is_dir():
            raise UsageError(f"{folder}: found no such directory, expected one with artifacts of MLflow")
    for name in stores:
        for source in _sources(name):
            yield from _runs(source, (source.root, *beside))


def _sources(name: str) -> list[_Source]:
    path = _path(name)
    if path.is_file():
        return [_Source(path)]
    if (path / files.META).is_file() and path.parent.is_dir():
        return [_Source(path.parent, (path.name,))]
    folders = [each for each in (path, path / "mlruns") if files.is_file_store(each)]
    databases = [each for each in (path / "mlflow.db", path / "mlruns.db") if each.is_file()]
    found = [_Source(each) for each in (*folders[:1], *databases)]
    if not found:
        raise UsageError(
            f"{path}: found no store of MLflow, expected mlruns/ with experiments, or mlflow.db; check the path"
        )
    return found


def _path(name: str) -> Path:
    """The path that a store's name means. Raises `UsageError` for one that is not on this machine."""
    if name.startswith("sqlite:"):
        return Path(unquote(name.removeprefix("sqlite:").removeprefix("///")))
    if name.startswith("file:"):
        return Path(unquote(urlsplit(name).path))
    if "://" in name:
        raise UsageError(
            f"{without_login(name)}: is no store on this machine, expected a path, file:… or sqlite:///…; "
            "copy what a server keeps here first"
        )
    return Path(name)


def _runs(source: _Source, roots: Sequence[Path]) -> Iterator[ImportedRun]:
    told = Problems()
    found: dict[str, StoredRun] = {}
    for run in source.runs(told):
        if run.id in found:
            told.lose(f"{run.where}: a run of this id was met before, at {found[run.id].where}; this one is left out")
        else:
            found[run.id] = run
    if not found:
        why = "".join(f"; {line}" for line in told.lines[:1])
        raise UsageError(f"{source.path}: found no run, expected at least one that is not deleted{why}")
    groups = _groups(found)
    for run in found.values():
        yield _run(run, roots, groups.get(run.id, ""), told)
        told = Problems()  # What is wrong with the store is told once.


def _groups(found: dict[str, StoredRun]) -> dict[str, str]:
    """The group of each run that is nested or has nested ones: the id of the outermost."""
    groups: dict[str, str] = {}
    for run in found.values():
        top, seen = run.id, {run.id}
        while (above := found[top].tags.get(_PARENT, "") if top in found else "") and above not in seen:
            top = above
            seen.add(above)
        if top != run.id:
            groups |= {run.id: top, top: top}
    return groups


def _run(run: StoredRun, roots: Sequence[Path], group: str, told: Problems) -> ImportedRun:
    # The store's problems grow while a run is read: each run tells those of its own.
    problems = Problems(told.left_out.copy(), list(told.lines))
    place = artifacts.place_of(run, roots, problems)
    if run.status not in _STATES:
        problems.lose(f"{run.where}: its status is {run.status or 'not known'}, not an end: it is imported as crashed")
    return ImportedRun(
        kind=KIND,
        source=run.id,
        digest=f"{_WRITTEN_BY}:{run.digest}:{group}:{_contents(place)}",
        where=run.where,
        id=run.id,
        project=_project(run.experiment_name, problems),
        name=run.name or run.tags.get("mlflow.runName", ""),
        created=run.started,
        group=group,
        tags=_tags(run),
        notes=run.tags.get(_NOTE, ""),
        config=_config(run, problems),
        state=RunState(_STATES.get(run.status, "crashed"), None, iso(run.ended)),
        provenance=_provenance(run),
        rows=partial(_rows, run, place, problems),
        system=lambda: samples_of((point for point in run.points(Problems()) if _is_system(point)), run.started),
        files=partial(artifacts.files, place, problems),
        artifacts=partial(artifacts.models, run, place),
        problems=problems,
    )


def _contents(place: Place) -> str:
    folders = [*([place.folder] if place.folder else []), *(path for _, path in place.models)]
    return ",".join(contents_of(folder) for folder in folders)


def _project(experiment: str, problems: Problems) -> str:
    """The experiment's name as far as a project may have it."""
    try:
        return check_project_name(experiment)
    except UsageError:
        name = "".join(each if each.isascii() and (each.isalnum() or each in "-_.") else "-" for each in experiment)
    try:
        name = check_project_name(name.strip("-.")[:_LONGEST_TAG])
    except UsageError:
        return ""
    problems.lose(f"the experiment {experiment!r} becomes the project {name}: its own name may not name a directory")
    return name


def _tags(run: StoredRun) -> tuple[str, ...]:
    """The user's tags that are short enough to be ones here; provenance.json has all."""
    own = {key: value for key, value in run.tags.items() if not key.startswith(_OWN)}
    said = (f"{key}={value}" if value else key for key, value in sorted(own.items()))
    return tuple(tag for tag in said if len(tag) <= _LONGEST_TAG)


def _config(run: StoredRun, problems: Problems) -> dict[str, Any]:
    config = {key: typed(value) for key, value in sorted(run.params.items())}
    if run.datasets and _DATASETS in config:
        problems.leave_out("a dataset, since a parameter has the name datasets", len(run.datasets))
    elif run.datasets:
        config[_DATASETS] = [dict(each) for each in run.datasets]
    return config


def _provenance(run: StoredRun) -> dict[str, Any]:
    git = {
        "commit": run.tags.get("mlflow.source.git.commit") or run.commit,
        "branch": run.tags.get("mlflow.source.git.branch", ""),
        "remote": without_login(run.tags.get("mlflow.source.git.repoURL", "")),
    }
    git = {key: value for key, value in git.items() if value}
    return {
        "user": run.tags.get("mlflow.user") or run.user,
        "program": run.tags.get("mlflow.source.name") or run.program,
        **({"git": git} if git else {}),
        KIND: {
            "experiment": run.experiment_name,
            "artifacts": without_login(run.address),
            "tags": {key: value for key, value in sorted(run.tags.items()) if key != _NOTE},
        },
    }


def _is_system(point: Point) -> bool:
    return point.key.startswith(SYSTEM)


def _rows(run: StoredRun, place: Place, problems: Problems) -> Iterator[Row]:
    """Metrics and pictures by step; tables, which have no step, in a row at the last one."""
    metrics = (point for point in run.points(problems) if not _is_system(point))
    pictures = artifacts.pictures(place, problems)
    last = 0
    for row in rows_of(heapq.merge(metrics, pictures, key=attrgetter("step", "time"))):
        last = row["_step"]
        yield row
    if logged := artifacts.tables(place, problems):
        yield {"_step": last, **({"_timestamp": run.ended} if run.ended else {}), **logged}
