"""Which runs an artifact came out of and went into: read from the lines that runs leave, both ways."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import orjson

from runstore.artifacts import manifest
from runstore.artifacts.collection import Version
from runstore.artifacts.manifest import Source
from runstore.errors import FormatError, StoreError
from runstore.format import lenient
from runstore.format.layout import StoreLayout
from runstore.format.run_layout import RunLayout, written_by

Direction = Literal["input", "output"]
INPUT: Final[Direction] = "input"
OUTPUT: Final[Direction] = "output"


@dataclass(frozen=True, slots=True)
class Use:
    """One line: a run logged or used a version. `id` says which for good; name and number are as they were then.

    `run_project` and `run` say whose line it is, `project` where the artifact lies. `moment` is epoch s.
    """

    run_project: str
    run: str
    direction: Direction
    project: str
    name: str
    version: str
    id: str
    type: str = ""
    use_as: str = ""
    moment: float | None = None
    path: Path | None = None
    line: int = 0


def dump_line(direction: Direction, version: Version, run_project: str, moment: float, use_as: str = "") -> bytes:
    """The line that a run leaves. A linked version counts as the one that it stands for."""
    source = version.source or Source(version.project, version.collection, version.version, version.id)
    values: dict[str, Any] = {
        "_timestamp": moment,
        "direction": direction,
        "artifact": source.name,
        "version": source.version,
        "id": source.id,
        "type": version.type,
    }
    if source.project != run_project:
        values["project"] = source.project
    if use_as:
        values["use_as"] = use_as
    return orjson.dumps(values) + b"\n"


def uses_of(run: RunLayout, project: str, mistakes: list[StoreError] | None = None) -> list[Use]:
    """What a run of `project` says of its artifacts, in the order that it did, each once a direction.

    What cannot be read is noted in `mistakes`.
    """
    found: dict[tuple[str, str], Use] = {}
    for use in _read(run, project, [] if mistakes is None else mistakes):
        found.setdefault((use.direction, use.id), use)
    return list(found.values())


def inputs_of(run: RunLayout, project: str, mistakes: list[StoreError] | None = None) -> list[Use]:
    """The versions that a run used."""
    return [use for use in uses_of(run, project, mistakes) if use.direction == INPUT]


def outputs_of(run: RunLayout, project: str, mistakes: list[StoreError] | None = None) -> list[Use]:
    """The versions that a run logged."""
    return [use for use in uses_of(run, project, mistakes) if use.direction == OUTPUT]


def all_uses(store: StoreLayout, mistakes: list[StoreError] | None = None, *, naming: str = "") -> Iterator[Use]:
    """The uses of all runs of a store; of those that name the version with the id `naming`, when it is given."""
    noted: list[StoreError] = [] if mistakes is None else mistakes
    try:
        for project in store.projects():
            for run in project.runs():
                for use in _read(run, project.name, noted, naming.encode()):
                    if not naming or use.id == naming:
                        yield use
    except OSError as error:
        noted.append(manifest.problem_of(store.root, error))


def used_by(version: Version) -> list[Use]:
    """Who used a version, or a link to it: one use a run, the earliest first."""
    return _by_run(version, INPUT)


def logged_by(version: Version) -> Use | None:
    """Who logged a version first; None when no run did."""
    found = _by_run(version, OUTPUT)
    by_head = [use for use in found if use.run == version.run]
    return next(iter(by_head or found), None)


def _by_run(version: Version, direction: Direction) -> list[Use]:
    wanted = version.source.id if version.source is not None else version.id
    found: dict[tuple[str, str], Use] = {}
    uses = [use for use in all_uses(version.store, naming=wanted) if use.direction == direction]
    for use in sorted(uses, key=lambda use: use.moment if use.moment is not None else 0.0):
        found.setdefault((use.run_project, use.run), use)
    return list(found.values())


def by_version(uses: Iterable[Use]) -> dict[str, list[Use]]:
    """Uses by the id of the version: for whoever looks at many."""
    found: dict[str, list[Use]] = {}
    for use in uses:
        found.setdefault(use.id, []).append(use)
    return found


def _read(run: RunLayout, project: str, mistakes: list[StoreError], naming: bytes = b"") -> Iterator[Use]:
    for path in _files(run, mistakes):
        try:
            data = manifest.read(path)
        except StoreError as error:
            mistakes.append(error)
            continue
        if naming in data:
            yield from _parse(path, data, run.id, project, mistakes)


def _files(run: RunLayout, mistakes: list[StoreError]) -> list[Path]:
    try:
        names = [name for name in os.listdir(run.path) if name.startswith("lineage")]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        mistakes.append(manifest.problem_of(run.path, error))
        return []
    return [run.path / name for name in sorted(names) if (written_by(name) or ("",))[0] == "lineage"]


def _parse(path: Path, data: bytes, run: str, project: str, mistakes: list[StoreError]) -> Iterator[Use]:
    lines = data.split(b"\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            values = lenient.loads(line)
        except ValueError:
            if number < len(lines):  # The last line may be cut short by the end of its process.
                mistakes.append(_mistake(path, number, "broken JSON"))
            continue
        use = _use(values, path, number, run, project)
        if use is None:
            mistakes.append(_mistake(path, number, "no use of an artifact"))
        else:
            yield use


def _use(values: Any, path: Path, line: int, run: str, project: str) -> Use | None:
    if not isinstance(values, Mapping) or values.get("direction") not in (INPUT, OUTPUT) or not values.get("id"):
        return None
    moment = values.get("_timestamp")
    return Use(
        run_project=project,
        run=run,
        direction=values["direction"],
        project=str(values.get("project") or project),
        name=str(values.get("artifact") or ""),
        version=str(values.get("version") or ""),
        id=str(values["id"]),
        type=str(values.get("type") or ""),
        use_as=str(values.get("use_as") or ""),
        moment=float(moment) if isinstance(moment, int | float) else None,
        path=path,
        line=line,
    )


def _mistake(path: Path, line: int, found: str) -> FormatError:
    expected = 'an object with "direction" (input or output) and "id"'
    return FormatError(path, f"line {line}", found, expected, "mend or delete the line")
