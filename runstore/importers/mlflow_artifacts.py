"""The files of a run's artifacts: pictures and tables that MLflow's naming says were logged, models, and others.

Where they lie is said by an address that a stranger may have written: it is followed only to directories below those
that the user named.
"""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from runstore.artifacts.names import safe_name
from runstore.errors import UsageError
from runstore.format import lenient
from runstore.importers.mlflow_store import LoggedModel, Point, StoredRun
from runstore.importers.sources import ImportedArtifact, ImportedEntry, ImportedFile, Problems
from runstore.media.base import inside
from runstore.media.kept import Kept
from runstore.media.pixels import size_of
from runstore.media.table import Table

_MODEL: Final = "MLmodel"
_LOCAL: Final = ("", "file", "mlflow-artifacts")
_FOLDERS: Final = (".", "mlruns", "mlartifacts")
"""Where MLflow puts artifacts beside a database, unless it is told another place."""
_PICTURE: Final = re.compile(
    r"(?P<key>.+)(?P<s>[+%])step(?P=s)(?P<step>-?\d{1,18})(?P=s)timestamp(?P=s)(?P<time>\d{1,15})(?P=s)"
    r"[0-9a-f-]+(?P<small>(?P=s)compressed)?\.(?P<ending>png|webp)"
)
_MOST_TABLE: Final = 256 << 20


@dataclass(frozen=True, slots=True)
class Place:
    """The files of one run: its directory of artifacts, those of the models it logged, and what is in them.

    `folder` is None where there is none that may be read.
    """

    folder: Path | None
    models: tuple[tuple[LoggedModel, Path], ...] = ()
    tables: frozenset[str] = frozenset()


def find(roots: Sequence[Path], address: str, tail: str) -> Path | None:
    """The directory that an address on this machine leads to, below one of `roots`. `tail` is its place below the
    store: that of a store that was moved, whose addresses are old. None where there is none. Raises `UsageError`."""
    parts = urlsplit(address) if "://" in address or ":/" in address else None
    scheme = parts.scheme if parts is not None else ""
    if scheme not in _LOCAL:
        raise UsageError(f"{scheme}://")
    path = PurePosixPath(unquote(parts.path) if parts is not None else address)
    for root in roots:
        if scheme != "mlflow-artifacts" and path.is_absolute() and path.is_relative_to(root.resolve().as_posix()):
            found = _below(root.resolve(), path.relative_to(root.resolve().as_posix()).as_posix())
            if found is not None:
                return found
    places = [path.as_posix().lstrip("/") if scheme == "mlflow-artifacts" else "", tail]
    tried = (_below(root / folder, place) for root in roots for folder in _FOLDERS for place in places if place)
    return next((found for found in tried if found is not None), None)


def _below(root: Path, place: str) -> Path | None:
    try:
        found = inside(root, place)
    except UsageError:
        return None
    return found if found.is_dir() else None


def place_of(run: StoredRun, roots: Sequence[Path], problems: Problems) -> Place:
    """Where a run's files are. What lies elsewhere, or is gone, is told."""
    folder = _found(roots, run.address, f"{run.experiment}/{run.id}/artifacts", problems)
    models = []
    for model in run.models:
        path = _found(roots, model.address, f"{run.experiment}/models/{model.id}/artifacts", problems)
        if path is not None:
            models.append((model, path))
    return Place(folder, tuple(models), _tables(run))


def _found(roots: Sequence[Path], address: str, tail: str, problems: Problems) -> Path | None:
    try:
        found = find(roots, address, tail)
    except (UsageError, ValueError) as error:
        problems.leave_out(f"a directory of artifacts at {error}, which is not fetched")
        return None
    if found is None and _may_exist(address):
        problems.lose(
            f"{address}: the artifacts lie outside the store, and are not read; name a directory above with --artifacts"
        )
    return found


def _may_exist(address: str) -> bool:
    """Whether an address leads to a directory, so that something is lost. Whether it does is all that is asked."""
    path = address.removeprefix("file://")
    return "://" not in path and os.path.isabs(path) and os.path.isdir(path)


def _tables(run: StoredRun) -> frozenset[str]:
    """The places of the tables that a run logged, of which it keeps a list in a tag."""
    try:
        found = lenient.loads(run.tags.get("mlflow.loggedArtifacts", "[]").encode("utf-8", "replace"))
    except ValueError:
        return frozenset()
    listed = found if isinstance(found, list) else []
    return frozenset(
        str(each.get("path"))
        for each in listed
        if isinstance(each, dict) and each.get("type") == "table" and str(each.get("path")).endswith(".json")
    )


def pictures(place: Place, problems: Problems) -> list[Point]:
    """The pictures that were logged at a step, by step and time. Their small copies are left out."""
    found = []
    for path, name in _files(place, problems):
        match = _picture(name)
        if match is None or match["small"]:
            continue
        try:
            measures = size_of(path)
        except OSError as error:
            problems.lose(f"{path}: cannot be read ({error.strerror or error}); the picture is lost")
            continue
        facts = {} if measures is None else {"width": measures[1], "height": measures[2]}
        key = match["key"].replace("~", "/").replace("#", "/")
        value = Kept("image-file", "images", path, match["ending"], facts)
        found.append(Point(key, value, int(match["time"]) / 1000, int(match["step"])))
    return sorted(found, key=lambda point: (point.step, point.time))


def tables(place: Place, problems: Problems) -> dict[str, Table]:
    """The tables that were logged, by their places without ending."""
    found = {}
    for path, name in _files(place, Problems()):
        if name in place.tables:
            try:
                found[name.removesuffix(".json")] = _table(path)
            except (OSError, ValueError, TypeError, KeyError) as error:
                problems.lose(f"{path}: cannot be read as a table ({error}); it is kept among the files alone")
    return found


def _table(path: Path) -> Table:
    if path.stat().st_size > _MOST_TABLE:
        raise ValueError(f"more than {_MOST_TABLE:,} bytes")
    found: Any = lenient.loads(path.read_bytes())
    if not isinstance(found, dict) or not isinstance(found.get("columns"), list) or not isinstance(found["data"], list):
        raise ValueError("found no columns and data")
    return Table(columns=[str(each) for each in found["columns"]], data=found["data"], allow_mixed_types=True)


def files(place: Place, problems: Problems) -> Iterator[ImportedFile]:
    """All files that are neither pictures with a step nor parts of a model."""
    models = [f"{folder}/" if folder != "." else "" for folder in _model_folders(place)]
    for path, name in _files(place, Problems()):
        match = _picture(name)
        if match is not None:
            problems.leave_out("a small copy of a picture", int(bool(match["small"])))
        elif not name.startswith(tuple(models)):
            yield ImportedFile(name, path)


def models(run: StoredRun, place: Place) -> Iterator[ImportedArtifact]:
    """Directories with a model among the run's files, then the models that MLflow 3 keeps beside."""
    for folder in _model_folders(place):
        assert place.folder is not None
        name = safe_name(folder) if folder != "." else "model"
        yield ImportedArtifact(
            name, "model", _entries(place.folder / folder), metadata={"path": folder}, time=run.ended
        )
    for model, path in place.models:
        facts = {"model_id": model.id, **({"model_type": model.type} if model.type else {})}
        yield ImportedArtifact(safe_name(model.name), "model", _entries(path), metadata=facts, time=model.created)


def _entries(folder: Path) -> tuple[ImportedEntry, ...]:
    return tuple(ImportedEntry(name, path) for path, name in _files(Place(folder), Problems()))


def _model_folders(place: Place) -> list[str]:
    """The outermost directories that hold a model."""
    found = sorted(
        PurePosixPath(name).parent.as_posix() for path, name in _files(place, Problems()) if path.name == _MODEL
    )
    outer: list[str] = []
    for folder in found:
        if not any(PurePosixPath(folder).is_relative_to(each) for each in outer):
            outer.append(folder)
    return outer


def _picture(name: str) -> re.Match[str] | None:
    folder, _, file = name.rpartition("/")
    return _PICTURE.fullmatch(file) if folder == "images" else None


def _files(place: Place, problems: Problems) -> Iterator[tuple[Path, str]]:
    """Every file, by name, with its place. Links are told and left out."""
    if place.folder is None:
        return
    for here, folders, names in os.walk(place.folder):
        folders.sort()
        for path in (Path(here, name) for name in sorted(names)):
            if path.is_symlink():
                problems.lose(f"{path}: is a link, which is not followed")
            else:
                yield path, path.relative_to(place.folder).as_posix()
