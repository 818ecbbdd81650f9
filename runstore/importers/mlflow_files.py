"""MLflow's file store: `mlruns/<experiment>/<run>/` with `meta.yaml` and a file a metric, parameter and tag."""

import heapq
import os
from collections.abc import Iterable, Iterator
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

from runstore.format import yaml12
from runstore.format.copying import open_plain
from runstore.importers.mlflow_store import LoggedModel, Point, StoredRun, moment_of, number_of
from runstore.importers.sources import Problems
from runstore.importers.wandb_files import contents_of

META: Final = "meta.yaml"
_STATUSES: Final = {1: "RUNNING", 2: "SCHEDULED", 3: "FINISHED", 4: "FAILED", 5: "KILLED"}
_MOST_BYTES: Final = 16 << 20
"""More than any file of one parameter, tag or description has."""
_BESIDE_RUNS: Final = frozenset({"datasets", "models", "traces", "tags", "assessments"})
"""What lies in an experiment's directory beside its runs."""
_REGISTRY: Final = "models"


def is_file_store(folder: Path) -> bool:
    """Whether a directory has experiments."""
    return any((each / META).is_file() for each in _folders(folder))


def runs(root: Path, experiments: Iterable[str], problems: Problems) -> Iterator[StoredRun]:
    """The runs of a store, or of some of its experiments, by directory. What is wrong is told to `problems`."""
    asked = frozenset(experiments)
    for experiment in _folders(root):
        if experiment.name in (_REGISTRY, ".trash") or (asked and experiment.name not in asked):
            continue
        meta = _meta(experiment, problems)
        if meta is None:
            continue
        if meta.get("lifecycle_stage") == "deleted":
            problems.leave_out("an experiment that was deleted in MLflow")
            continue
        problems.leave_out("a trace of MLflow", len(_folders(experiment / "traces")))
        models = list(_models(experiment / "models", problems))
        for folder in _folders(experiment):
            if folder.name not in _BESIDE_RUNS:
                yield from _run(folder, str(meta.get("name") or experiment.name), models, problems)
    problems.leave_out("a registered model of MLflow", len(_folders(root / _REGISTRY)))


def _run(folder: Path, experiment: str, models: list[tuple[str, LoggedModel]], told: Problems) -> Iterator[StoredRun]:
    meta = _meta(folder, told)
    if meta is None:
        return
    if meta.get("lifecycle_stage") == "deleted":
        told.leave_out("a run that was deleted in MLflow")
        return
    status = meta.get("status")
    yield StoredRun(
        id=folder.name,
        where=str(folder),
        experiment=folder.parent.name,
        experiment_name=experiment,
        name=_word(meta.get("run_name") or meta.get("name")),
        status=_STATUSES.get(status, "") if isinstance(status, int) else _word(status),
        started=moment_of(meta.get("start_time")),
        ended=moment_of(meta.get("end_time")),
        user=_word(meta.get("user_id")),
        program=_word(meta.get("source_name")),
        commit=_word(meta.get("source_version")),
        address=_word(meta.get("artifact_uri")),
        params=_texts(folder / "params", told),
        tags=_texts(folder / "tags", told),
        datasets=tuple(_datasets(folder, told)),
        models=tuple(model for run, model in models if run == folder.name),
        digest=f"{experiment}\0{contents_of(folder)}",
        points=lambda problems: _points(folder / "metrics", problems),
    )


def _points(folder: Path, problems: Problems) -> Iterator[Point]:
    """All values, by step and then by time."""
    order = attrgetter("step", "time")
    files = [sorted(_values(path, key, problems), key=order) for path, key in _files(folder)]
    return heapq.merge(*files, key=order)


def _values(path: Path, key: str, problems: Problems) -> Iterator[Point]:
    """The values in a metric's file: a line each, of time, value and, but in the oldest stores, step.

    MLflow writes some again when a model is logged; in its database each stands once, and so it does here.
    """
    seen: set[tuple[str, ...]] = set()
    try:
        with open(open_plain(path), encoding="utf-8", errors="replace") as file:
            for number, line in enumerate(file, 1):
                words = line.split()
                if (head := tuple(words[:3])) in seen:
                    continue
                seen.add(head)
                value, moment = number_of(words[1] if len(words) > 1 else None), number_of(words[0] if words else None)
                step = number_of(words[2]) if len(words) > 2 else 0.0
                if value is None or moment is None or step is None or not step.is_integer() or not line.endswith("\n"):
                    problems.lose(
                        f"{path}, line {number}: found {line[:40]!r}, expected time, value and step; it is lost"
                    )
                else:
                    yield Point(key, value, moment / 1000, int(step))
    except OSError as error:
        problems.lose(f"{path}: cannot be read ({error.strerror or error}); the metric {key} is lost")


def _datasets(folder: Path, problems: Problems) -> Iterator[dict[str, str]]:
    for each in _folders(folder / "inputs"):
        given = _meta(each, problems) or {}
        name = _word(given.get("source_id"))
        if given.get("source_type") != "DATASET" or not name.isalnum():
            problems.leave_out("an input of MLflow that is no dataset")
            continue
        found = _meta(folder.parent / "datasets" / name, problems) or {}
        tags = given.get("tags")
        context = tags.get("mlflow.data.context") if isinstance(tags, dict) else ""
        facts = {key: _word(found.get(key)) for key in ("name", "digest", "source_type", "source")}
        yield {
            **{key: value for key, value in facts.items() if value},
            **({"context": _word(context)} if context else {}),
        }


def _models(folder: Path, problems: Problems) -> Iterator[tuple[str, LoggedModel]]:
    """The models of an experiment, each with the id of the run that logged it."""
    for each in _folders(folder):
        meta = _meta(each, problems)
        if meta is not None:
            made = moment_of(meta.get("creation_timestamp"))
            model = LoggedModel(
                id=each.name,
                name=_word(meta.get("name")) or each.name,
                address=_word(meta.get("artifact_location")),
                created=made,
                type=_word(meta.get("model_type")),
            )
            yield _word(meta.get("source_run_id")), model


def _meta(folder: Path, problems: Problems) -> dict[str, Any] | None:
    """What a directory's meta.yaml says; None, and told, where it cannot be read. A directory without one is none."""
    path = folder / META
    if not path.exists():
        return None
    try:
        found = yaml12.load(_bytes(path))
    except (OSError, yaml12.YamlError) as error:
        reason = (error.strerror or error) if isinstance(error, OSError) else error
        problems.lose(f"{path}: {reason}; what lies in this directory is left out")
        return None
    if isinstance(found, dict):
        return found
    problems.lose(f"{path}: found no mapping, expected what MLflow writes; what lies in this directory is left out")
    return None


def _texts(folder: Path, problems: Problems) -> dict[str, str]:
    """The text of each file below, by its place."""
    found = {}
    for path, key in _files(folder):
        try:
            found[key] = _bytes(path).decode("utf-8", "replace")
        except OSError as error:
            problems.lose(f"{path}: cannot be read ({error.strerror or error}); it is left out")
    return found


def _bytes(path: Path) -> bytes:
    if path.is_symlink():
        raise OSError(f"{path}: is a link, which is not followed")
    with open(open_plain(path), "rb") as file:
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise OSError(f"{path}: more than {_MOST_BYTES:,} bytes")
    return data


def _files(folder: Path) -> Iterator[tuple[Path, str]]:
    """Each file below, with its place; links are left out."""
    if folder.is_symlink():
        return
    for here, folders, names in os.walk(folder):
        folders.sort()
        for path in (Path(here, name) for name in sorted(names)):
            if not path.is_symlink():
                yield path, path.relative_to(folder).as_posix()


def _folders(folder: Path) -> list[Path]:
    """The directories in one, by name; links are left out."""
    if folder.is_symlink() or not folder.is_dir():
        return []
    return sorted(each for each in folder.iterdir() if each.is_dir() and not each.is_symlink())


def _word(value: Any) -> str:
    return "" if value is None else str(value)
