"""What the small files of one run say, each read again only when it changed."""

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from runstore.errors import FormatError, StoreError
from runstore.format.metrics import Metric, load_metrics
from runstore.format.records import RunMeta, RunState, load_config, load_run, load_state, read_json_object
from runstore.format.run_layout import RunLayout, is_attempt, writer_order, written_by
from runstore.reading.sources import Source


@dataclass(slots=True)
class Entry:
    """One run as the catalogue knows it: its small files, and how far its histories (in merging order) are read.

    `provenances` are by writer; `configs` and `summaries` are those of ranks, by rank. `repeated` counts the steps that
    several attempts logged, as of `repeated_of`; `aggregated` are the summary's entries that were made of the rows, by
    rank ("" for the attempts), as of `aggregated_of`. `stats` holds size, mtime (ns) and inode of every file in the
    run's directory, `packed` how many bytes the lines of archived ones have; `problems` all that was wrong with a
    file, by name, each as (line or 0, message), and `odd` what stands where a file belongs. `unread` names files that
    the system did not let us read: they are tried again at every look, because permissions change without a trace in
    `stats`.
    """

    meta: RunMeta
    recorded: RunState | None = None
    config: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    metrics: tuple[Metric, ...] = ()
    provenances: dict[str, dict[str, Any]] = field(default_factory=dict)
    configs: dict[str, dict[str, Any]] = field(default_factory=dict)
    summaries: dict[str, dict[str, Any]] = field(default_factory=dict)
    repeated: int = 0
    repeated_of: list[Any] = field(default_factory=list)
    aggregated: dict[str, dict[str, Any]] = field(default_factory=dict)
    aggregated_of: list[Any] = field(default_factory=list)
    stats: dict[str, list[int]] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    packed: dict[str, int] = field(default_factory=dict)
    problems: dict[str, list[list[Any]]] = field(default_factory=dict)
    odd: dict[str, str] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)

    @property
    def provenance(self) -> dict[str, Any]:
        """Where the run comes from: as its first writer says, and where that says nothing as the next one does."""
        found = dict(self.provenances.get("", {}))
        for writer in sorted(self.provenances.keys() - {""}, key=writer_order):
            if is_attempt(writer):
                own = {**self.provenances[writer], **found}
                found |= {key: fact for key, fact in own.items() if key not in OF_ATTEMPTS}
        return found

    def note_unread(self, name: str, problem: list[Any], *, again: bool) -> None:
        """Notes why a file could not be used, and whether the next look tries it again."""
        self.problems[name] = [problem]
        if again:
            self.unread.add(name)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Entry":
        meta, recorded = values["meta"], values["recorded"]
        return cls(
            **{
                **values,
                "meta": RunMeta(**{**meta, "tags": tuple(meta["tags"])}),
                "recorded": None if recorded is None else RunState(**recorded),
                "metrics": tuple(map(_metric, values["metrics"])),
                "sources": {name: Source(**source) for name, source in values["sources"].items()},
                "unread": set(values["unread"]),
            }
        )


@dataclass(slots=True)
class Facts:
    """What one history says as a whole: times in epoch s, `runtime` in s, None when never logged.

    `latest` holds the last value of each key (a typed one with its `_step`), `kinds` every type of typed values that
    was logged, `disordered` tells of steps that came late, `exact` holds what `stitching.scan` found where that
    matters, `bad` the lines that broke the format as (line, what was found).
    """

    rows: int = 0
    first_step: float | None = None
    last_step: float | None = None
    first_time: float | None = None
    last_time: float | None = None
    runtime: float | None = None
    latest: dict[str, Any] = field(default_factory=dict)
    kinds: list[str] = field(default_factory=list)
    bad: list[Any] = field(default_factory=list)
    disordered: bool = False
    exact: dict[str, Any] = field(default_factory=dict)

    def seen(self) -> "Facts":
        """The same of the rows that count, where these are not simply all, in the order they were written."""
        if not self.exact:
            return self
        return replace(self, **{key: value for key, value in self.exact.items() if key not in ("of", "hidden")})


def refresh(entry: Entry, layout: RunLayout, stats: Mapping[str, os.stat_result]) -> bool:
    """Reads again which of a run's small files changed; says whether any file in its directory did.

    What cannot be read leaves its default and a problem.
    """
    seen = {name: [stat.st_size, stat.st_mtime_ns, stat.st_ino] for name, stat in stats.items()}
    if seen == entry.stats and not entry.unread:
        return False
    stale = {name for name in seen.keys() | entry.stats.keys() if seen.get(name) != entry.stats.get(name)}
    stale |= entry.unread
    entry.problems = {name: problem for name, problem in entry.problems.items() if name in seen}
    entry.unread &= seen.keys()
    for name, small in _small_files(stale):
        _read_small(entry, small, layout.path / name, present=name in seen)
    entry.stats = seen
    return True


def _read_small(entry: Entry, small: "_SmallFile", path: Path, *, present: bool) -> None:
    name = path.name
    entry.problems.pop(name, None)
    entry.unread.discard(name)
    value = small.absent(path)
    mistakes: list[FormatError] = []
    if present:
        try:
            value = small.load(path, mistakes)
        except StoreError as error:
            value = small.broken(path)
            entry.note_unread(name, list(located(path, error)), again=not isinstance(error, FormatError))
    if mistakes:
        entry.problems[name] = [list(located(path, mistake)) for mistake in mistakes]
    if small.writer is None:
        setattr(entry, small.attribute, value)
    elif present:
        getattr(entry, small.attribute)[small.writer] = value
    else:
        getattr(entry, small.attribute).pop(small.writer, None)


_Load = Callable[[Path, list[FormatError]], Any]


@dataclass(frozen=True, slots=True)
class _SmallFile:
    """A kind of small file: the attribute it fills, and what stands there without it, or when it is broken.

    `writer` is who wrote it, where the attribute is by writer. `load` notes mistakes that leave the rest of the file
    good, and raises `StoreError` for others.
    """

    attribute: str
    load: _Load
    absent: Callable[[Path], Any]
    broken: Callable[[Path], Any]
    writer: str | None = None


OF_ATTEMPTS: Final = frozenset({"starting_step", "starting_runtime", "tracked", "rewound_to", "forked_from", "label"})
"""What a provenance says of one attempt, and not of where the whole run comes from."""


def _whole(load: Callable[[Path], Any]) -> _Load:
    """A reader of a file that is good or bad as a whole."""
    return lambda path, _mistakes: load(path)


def _unnamed(path: Path) -> RunMeta:
    return RunMeta(id=path.parent.name)


def _nothing(_path: Path) -> dict[str, Any]:
    return {}


_BY_WRITER: Final[dict[str, tuple[str, _Load]]] = {
    "provenance": ("provenances", _whole(read_json_object)),
    "config": ("configs", _whole(load_config)),
    "summary": ("summaries", _whole(read_json_object)),
}
"""Of each file that a writer may have of its own: the attribute it fills, and what reads it."""
_ANY: Final = RunLayout(Path("run"))
_OWN: Final = {
    _ANY.run_yaml.name: _SmallFile("meta", load_run, _unnamed, _unnamed),
    _ANY.config_yaml.name: _SmallFile("config", _whole(load_config), _nothing, _nothing),
    _ANY.summary_json.name: _SmallFile("summary", _whole(read_json_object), _nothing, _nothing),
    # Whatever a broken one said, no exit can be read from it: the heartbeat decides.
    _ANY.state_json.name: _SmallFile("recorded", _whole(load_state), lambda _: None, lambda _: RunState("running")),
    _ANY.metrics_yaml.name: _SmallFile("metrics", load_metrics, lambda _: (), lambda _: ()),
}
"""The small files that every run may have."""


def _small_files(stale: Collection[str]) -> Iterator[tuple[str, _SmallFile]]:
    """The small files among the `stale` ones, by name: the run's own, then those of single writers."""
    yield from ((name, small) for name, small in _OWN.items() if name in stale)
    for name in sorted(stale):
        stem, writer = written_by(name) or ("", "")
        if stem in _BY_WRITER and name not in _OWN:
            attribute, load = _BY_WRITER[stem]
            yield name, _SmallFile(attribute, load, _nothing, _nothing, writer)


def _metric(values: Mapping[str, Any]) -> Metric:
    summary = values["summary"]
    return Metric(**{**values, "summary": None if summary is None else tuple(summary)})


def located(path: Path, error: StoreError) -> tuple[int, str]:
    """The line an error names (0 when the whole file is meant), and its message without either."""
    line = int(error.place[5:]) if isinstance(error, FormatError) and error.place.startswith("line ") else 0
    return line, without_path(error, path).removeprefix(f"line {line}: ")


def without_path(error: StoreError, path: Path) -> str:
    """The error's text without the path it starts with, which is this machine's."""
    return str(error).removeprefix(" ".join(str(path).split())).lstrip(",: ")
