"""Sacred's directories, as its FileStorageObserver leaves them: a folder a run, with run.json; sources beside."""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final

from runstore.errors import UsageError
from runstore.format.names import check_project_name
from runstore.format.records import RunState, State
from runstore.format.values import flatten
from runstore.importers.folders import content_of, files_below, fingerprint, json_of
from runstore.importers.identity import iso
from runstore.importers.jsonpickled import as_data
from runstore.importers.series import Point, joined, moment, whole
from runstore.importers.sources import ImportedFile, ImportedRun, LogLine, Problems
from runstore.importers.terminal_text import lines_of
from runstore.media.base import inside
from runstore.recording.redaction import without_login

KIND: Final = "sacred"
_WRITTEN_BY: Final = 1
_RUN: Final = "run.json"
_CONFIG: Final = "config.json"
_METRICS: Final = "metrics.json"
_INFO: Final = "info.json"
_OUTPUT: Final = "cout.txt"
_OWN: Final = frozenset({_RUN, _CONFIG, _METRICS, _INFO, _OUTPUT})
_STATES: Final[Mapping[str, State]] = {
    "COMPLETED": "finished",
    "FAILED": "failed",
    "TIMEOUT": "failed",
    "INTERRUPTED": "killed",
}
_UNFIT: Final = re.compile(r"[^\w.-]+")


def runs(paths: Iterable[Path]) -> Iterator[ImportedRun]:
    """The runs in these directories, or below them. Raises `UsageError` for a path that has none."""
    seen: set[Path] = set()
    for path in paths:
        found = list(_folders(path))
        if not found:
            raise UsageError(f"{path}: found no run of Sacred, expected a directory with {_RUN}, or one of such")
        for folder in found:
            if folder.resolve() not in seen:
                seen.add(folder.resolve())
                yield _Folder(folder.resolve()).imported(str(folder))


def _folders(path: Path) -> Iterator[Path]:
    """The runs at or below a path, those with numbers in their order. No link is followed."""
    for here, folders, names in os.walk(path):
        if _RUN in names or {_CONFIG, _OUTPUT} <= set(names):
            folders.clear()
            yield Path(here)
        folders[:] = sorted(
            (name for name in folders if not name.startswith(("_", "."))),
            key=lambda name: (int(name) if name.isdecimal() and len(name) < 20 else 0, name),
        )


@dataclass(slots=True)
class _Folder:
    """The folder of one run, by its whole path."""

    folder: Path
    problems: Problems = field(default_factory=Problems)

    def imported(self, where: str) -> ImportedRun:
        said = self._object(_RUN)
        experiment, meta, host = (_object(said.get(part)) for part in ("experiment", "meta", "host"))
        name, number = str(experiment.get("name") or ""), self.folder.name
        created = moment(said.get("start_time"))
        info = self._object(_INFO)
        return ImportedRun(
            kind=KIND,
            source=f"{name or self.folder.parent.name}/{number}@{said.get('start_time') or ''}",
            digest=f"{_WRITTEN_BY}:{fingerprint(self.folder)}",
            where=where,
            id="" if number.isdecimal() else number,  # Sacred counts from 1 in every directory.
            project=_project(name),
            name=f"{name} {number}".strip(),
            created=created,
            job_type=str(said.get("command") or ""),
            tags=_texts(meta.get("named_configs")),
            notes=str(meta.get("comment") or ""),
            config=self._object(_CONFIG),
            summary=self._summary(said, info),
            state=self._state(said),
            provenance=_provenance(number, experiment, host),
            requirements="".join(f"{line}\n" for line in _texts(experiment.get("dependencies"))),
            rows=lambda: joined(self._series()),
            log=self._log,
            files=lambda: self._files(said, experiment),
            problems=self.problems,
        )

    def _object(self, name: str) -> dict[str, Any]:
        return _object(as_data(json_of(self.folder / name, self.problems), self.problems))

    def _state(self, said: Mapping[str, Any]) -> RunState:
        status = str(said.get("status") or "")
        ended = moment(said.get("stop_time"))
        if status in _STATES:
            return RunState(_STATES[status], None, iso(ended))
        self.problems.lose(f"{self.folder}: found no record of the run's end: it is imported as crashed")
        return RunState("crashed", None, iso(ended or moment(said.get("heartbeat"))))

    def _series(self) -> dict[str, list[Point]]:
        """The values of each metric."""
        found: dict[str, list[Point]] = {}
        for name, said in self._object(_METRICS).items():
            parts = [_object(said).get(part) for part in ("steps", "values", "timestamps")]
            steps, values, times = (part if isinstance(part, list) else [] for part in parts)
            if not len(steps) == len(values) == len(times):
                counted = f"{len(steps)} steps, {len(values)} values and {len(times)} times"
                self.problems.lose(f"{self.folder / _METRICS}: {name}: found {counted}, expected as many of each")
            for at, (step, value, time) in enumerate(zip(steps, values, times, strict=False)):
                for key, part in _parts(name, value):
                    found.setdefault(key, []).append(Point(self._step(step, at), part, moment(time)))
        return found

    def _step(self, step: Any, at: int) -> int:
        if (found := whole(step)) is not None:
            return found
        self.problems.leave_out("a step that is no whole number")
        return at

    def _summary(self, said: Mapping[str, Any], info: Mapping[str, Any]) -> dict[str, Any] | None:
        """The last values, what the run returned, and its info; None where there are only metrics."""
        result = said.get("result")
        if result is None and not info:
            return None
        last: dict[str, Any] = {}
        for row in joined(_Folder(self.folder)._series()):
            last.update(row)
        return {**last, **({} if result is None else {"result": result}), **({"info": dict(info)} if info else {})}

    def _log(self) -> Iterator[LogLine]:
        data = content_of(self.folder / _OUTPUT, self.problems)
        if data is not None:
            yield from lines_of([LogLine(data.decode("utf-8", "replace"))])

    def _files(self, said: Mapping[str, Any], experiment: Mapping[str, Any]) -> Iterator[ImportedFile]:
        for path, place in files_below(self.folder, self.problems):
            if place not in _OWN:
                yield ImportedFile(place, path)
        if isinstance(trace := said.get("fail_trace"), list):
            yield ImportedFile("fail_trace.txt", "".join(map(str, trace)).encode("utf-8", "backslashreplace"))
        beside = self.folder.parent
        yield from self._stored("sources", experiment.get("sources"), lambda stored: inside(beside, stored))
        # Resources are named from where the program ran: only the file's name says where it is.
        resources = beside / "_resources"
        yield from self._stored(
            "resources", said.get("resources"), lambda stored: inside(resources, PurePosixPath(stored).name)
        )

    def _stored(self, folder: str, pairs: Any, place: Callable[[str], Path]) -> Iterator[ImportedFile]:
        """The files that are kept once for all runs, under the names that they had."""
        for pair in pairs if isinstance(pairs, list) else ():
            if not isinstance(pair, list) or len(pair) != 2:
                continue
            name, stored = map(str, pair)
            shown = PurePosixPath(name).name if name.startswith("/") else name
            try:
                yield ImportedFile(f"{folder}/{shown}", place(stored))
            except UsageError as error:
                self.problems.lose(f"{self.folder}: the file {name} is left out: {error}")


def _provenance(number: str, experiment: Mapping[str, Any], host: Mapping[str, Any]) -> dict[str, Any]:
    facts = {
        "host": host.get("hostname"),
        "os": " ".join(_texts(host.get("os"))[1:]) or None,
        "python": host.get("python_version"),
        "cpu": host.get("cpu"),
        "program": experiment.get("mainfile"),
        "directory": experiment.get("base_dir"),
        "sacred_id": number,
    }
    found = {key: str(value) for key, value in facts.items() if value}
    repositories = experiment.get("repositories")
    first = _object(repositories[0]) if isinstance(repositories, list) and repositories else {}
    if not first:
        return found
    git = {"remote": without_login(str(first.get("url") or "")), "commit": str(first.get("commit") or "")}
    return {**found, "git": {**git, "dirty": first.get("dirty") is True}}


def _parts(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """A value; of a nested one its parts, under keys that are joined by dots."""
    if isinstance(value, dict) and value:
        yield from ((".".join((name, *path)), part) for path, part in flatten(value))
    else:
        yield name, value


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _project(name: str) -> str:
    """The project here: an experiment may have a name that no project can."""
    try:
        return check_project_name(name) if name else ""
    except UsageError:
        return _UNFIT.sub("-", name).strip(".-")[:64]
