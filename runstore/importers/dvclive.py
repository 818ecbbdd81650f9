"""DVCLive's directories: metrics.json, params.yaml and plots/. One directory is one run; git's history is not read."""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from runstore.errors import UsageError
from runstore.format import yaml12
from runstore.format.records import RunState
from runstore.format.values import flatten
from runstore.format.yaml_text import YamlError
from runstore.importers.dvclive_plots import METRICS, PICTURES, points_of, revived, table_of
from runstore.importers.folders import content_of, files_below, fingerprint, json_of
from runstore.importers.identity import iso
from runstore.importers.series import Point, joined
from runstore.importers.sources import ImportedArtifact, ImportedEntry, ImportedFile, ImportedRun, Problems
from runstore.media.base import inside
from runstore.media.image import Image

KIND: Final = "dvclive"
_WRITTEN_BY: Final = 1
_METRICS_JSON: Final = "metrics.json"
_PARAMS: Final = "params.yaml"
_DVC: Final = "dvc.yaml"
_OWN: Final = frozenset({_METRICS_JSON, _PARAMS, _DVC})
_USUAL: Final = "dvclive"
_NUMBERED: Final = re.compile(r"(?P<key>.+)/(?P<step>\d{1,15})\.\w+")
"""A folder of pictures that are called by their steps is one key."""


def runs(paths: Iterable[Path]) -> Iterator[ImportedRun]:
    """The runs in these directories, or below them. Raises `UsageError` for a path that has none."""
    seen: set[Path] = set()
    for path in paths:
        found = [path] if _has(path, _METRICS_JSON, _PARAMS, "plots") else list(_below(path))
        if not found:
            raise UsageError(
                f"{path}: found no directory of DVCLive, expected one with {_METRICS_JSON}, {_PARAMS} or plots/"
            )
        for folder in found:
            if folder.resolve() not in seen:
                seen.add(folder.resolve())
                yield _Directory(folder.resolve()).imported(str(folder))


def _has(folder: Path, *names: str) -> bool:
    return any((folder / name).exists() for name in names)


def _below(path: Path) -> Iterator[Path]:
    for here, folders, _ in os.walk(path):
        folder = Path(here)
        if _has(folder, f"plots/{METRICS}") or (folder.name == _USUAL and _has(folder, _METRICS_JSON)):
            folders.clear()
            yield folder
        folders[:] = sorted(name for name in folders if not name.startswith("."))


@dataclass(slots=True)
class _Directory:
    """One directory, by its whole path, and what is found in it."""

    folder: Path
    files: list[tuple[Path, str]] = field(default_factory=list)
    problems: Problems = field(default_factory=Problems)
    series: dict[str, list[Point]] = field(default_factory=dict)
    carried: set[str] = field(default_factory=set)

    def imported(self, where: str) -> ImportedRun:
        self.files = list(files_below(self.folder, self.problems))
        metrics = json_of(self.folder / _METRICS_JSON, self.problems)
        params = self._yaml(self.folder / _PARAMS)
        self._take_metrics()
        times = [each.time for points in self.series.values() for each in points if each.time is not None]
        identity = self._identity(params)
        self._take_plots(self._last(metrics))
        artifacts = list(self._artifacts())
        return ImportedRun(
            kind=KIND,
            source=identity,
            digest=f"{_WRITTEN_BY}:{_digest(self.folder, artifacts)}",
            where=where,
            name=self._name(),
            created=min(times, default=None),
            config=params,
            summary=self._summary(metrics),
            state=RunState("finished", None, iso(max(times, default=None))),
            rows=lambda: joined(self.series),
            files=self._files,
            artifacts=lambda: artifacts,
            problems=self.problems,
        )

    def _name(self) -> str:
        """The directory's name; that above it where it has the name that DVCLive gives all."""
        return self.folder.parent.name if self.folder.name == _USUAL else self.folder.name

    def _identity(self, params: Mapping[str, Any]) -> str:
        """What tells a run from all others: the names of its directories and the first value that it logged. DVCLive
        keeps no id, and a training that is begun anew empties the directory."""
        first = min(((points[0].step, key, points[0]) for key, points in self.series.items() if points), default=None)
        said = repr(params if first is None else first).encode("utf-8", "backslashreplace")
        return f"{self.folder.parent.name}/{self.folder.name}#{hashlib.sha256(said).hexdigest()[:12]}"

    def _take_metrics(self) -> None:
        for path, place in self._plots():
            if place.startswith(f"{METRICS}/") and path.suffix in (".tsv", ".csv"):
                key = place.removeprefix(f"{METRICS}/").removesuffix(path.suffix)
                self.series.setdefault(key, []).extend(points_of(path, self.problems))
                self.carried.add(f"plots/{place}")

    def _plots(self) -> Iterator[tuple[Path, str]]:
        yield from ((path, place.removeprefix("plots/")) for path, place in self.files if place.startswith("plots/"))

    def _last(self, metrics: Mapping[str, Any]) -> int:
        said = metrics.get("step")
        steps = [points[-1].step for points in self.series.values() if points]
        return max([*steps, said if type(said) is int else 0])

    def _take_plots(self, last: int) -> None:
        """Pictures and tables, at the last step: DVCLive keeps only the newest of each name."""
        for path, place in self._plots():
            if place.startswith(f"{METRICS}/"):
                continue
            if path.suffix.lower() in PICTURES:
                numbered = _NUMBERED.fullmatch(place)
                key, step = (
                    (numbered["key"], int(numbered["step"])) if numbered else (str(Path(place).with_suffix("")), last)
                )
                self._take(key, step, place, lambda path=path: Image(path))
            elif path.suffix == ".json":
                self._take(place.removesuffix(".json"), last, place, lambda path=path: table_of(path, self.problems))
        for points in self.series.values():
            points.sort(key=lambda point: point.step)

    def _take(self, key: str, step: int, place: str, make: Any) -> None:
        try:
            made = make()
        except UsageError as error:
            self.problems.lose(f"{self.folder / 'plots' / place}: {error}; it is kept as a file")
            return
        if made is not None:
            self.series.setdefault(key, []).append(Point(step, made))
            self.carried.add(f"plots/{place}")

    def _summary(self, metrics: Mapping[str, Any]) -> dict[str, Any] | None:
        """The last values, and what only metrics.json says."""
        if not metrics:
            return None
        last = {key: points[-1].value for key, points in self.series.items() if points}
        said = {"/".join(path): revived(value) for path, value in flatten(metrics) if path != ("step",)}
        return {**last, **said}

    def _files(self) -> Iterator[ImportedFile]:
        for path, place in self.files:
            known = (
                place in _OWN or place in self.carried or place.startswith(("report.", ".")) or path.suffix == ".dvc"
            )
            if not known:
                yield ImportedFile(place, path)

    def _artifacts(self) -> Iterator[ImportedArtifact]:
        """What dvc.yaml, in the directory or in that above it, calls an artifact."""
        for base in (self.folder, self.folder.parent):
            said = self._yaml(base / _DVC) if (base / _DVC).is_file() else {}
            if base != self.folder and not _names(said, f"{self.folder.name}/"):
                continue
            found = said.get("artifacts")
            for name, facts in found.items() if isinstance(found, dict) else ():
                if isinstance(facts, dict):
                    yield self._artifact(base, str(name), facts)

    def _artifact(self, base: Path, name: str, facts: Mapping[str, Any]) -> ImportedArtifact:
        labels, metadata = facts.get("labels"), facts.get("meta")
        return ImportedArtifact(
            name=name,
            type=str(facts.get("type") or "unspecified"),
            entries=tuple(self._entries(base, name, facts.get("path"))),
            description=str(facts.get("desc") or ""),
            metadata=metadata if isinstance(metadata, dict) else {},
            tags=tuple(map(str, labels)) if isinstance(labels, list) else (),
        )

    def _entries(self, base: Path, name: str, path: Any) -> Iterator[ImportedEntry]:
        try:
            place = inside(base, path)
        except UsageError as error:
            self.problems.lose(f"{base / _DVC}: the artifact {name} is left out: {error}")
            return
        if place.is_dir():
            found = [(file, f"{place.name}/{below}") for file, below in files_below(place, self.problems)]
        else:
            found = [(place, place.name)]
        for file, entry in found:
            if file.is_relative_to(self.folder):
                self.carried.add(file.relative_to(self.folder).as_posix())
            yield ImportedEntry(entry, file=file)

    def _yaml(self, path: Path) -> dict[str, Any]:
        data = content_of(path, self.problems)
        try:
            found = yaml12.load(data) if data is not None else {}
        except YamlError as error:
            self.problems.lose(f"{path}: found broken YAML ({error}); what it held is lost")
            return {}
        return found if isinstance(found, dict) else {}


def _digest(folder: Path, artifacts: Iterable[ImportedArtifact]) -> str:
    """Changes when a file of the run does, or of an artifact, which may lie elsewhere."""
    found = hashlib.sha256(fingerprint(folder).encode())
    for artifact in artifacts:
        stats = [entry.file.stat() for entry in artifact.entries if entry.file is not None and entry.file.is_file()]
        said = (replace(artifact, entries=()), [(each.st_size, each.st_mtime_ns) for each in stats])
        found.update(repr(said).encode("utf-8", "backslashreplace"))
    return found.hexdigest()


def _names(said: Mapping[str, Any], prefix: str) -> bool:
    """Whether a dvc.yaml speaks of files in a directory."""
    parts = [said.get(part) for part in ("params", "metrics", "plots")]
    entries = [entry for part in parts if isinstance(part, list) for entry in part]
    names = [name for entry in entries for name in (entry if isinstance(entry, dict) else [entry])]
    return any(str(name).startswith(prefix) for name in names)
