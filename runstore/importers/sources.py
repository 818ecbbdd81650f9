"""What an importer gives: runs of another tracker, in this house's words.

An importer is a function that yields `ImportedRun`s. It says what there is and opens what is large only when it is
asked: `rows`, `system`, `log`, `files`, … are called once, and only for a run that is written. It changes
nothing at its source, follows no link out of it, and takes no path from there unchecked.

To add one: write such a function in a module of this room, and a Click command in `runstore.cli` that passes what it
yields to `runstore.cli.importing.bring_all`; an entry point of the group `runstore.importers` names that command.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from runstore.format.metrics import Metric
from runstore.format.records import RunState

Row = dict[str, Any]
"""One row: `_step` (a whole number), `_timestamp` (epoch s) and `_runtime` (s) as far as they are known, then what was
logged: plain values, non-finite floats too, and `Media`. Keys of nested values are joined by dots."""

LARGEST_STEP: Final = 2**63 - 2
"""What `_step` may be at most, either way: one row more can follow it."""
_MOST_LINES: Final = 1000
FINISHED: Final = RunState("finished")


@dataclass(slots=True)
class Problems:
    """What of one run could not be carried: counted by name, and what was damaged or lost in a line each."""

    left_out: Counter[str] = field(default_factory=Counter)
    lines: list[str] = field(default_factory=list)

    def leave_out(self, name: str, count: int = 1) -> None:
        """Counts something that has no counterpart here, by what it is: "a mesh", "a meta graph"."""
        self.left_out[name] += count

    def lose(self, line: str) -> None:
        """Says in one line what is damaged or gone: the file, the place, and what is lost."""
        if len(self.lines) < _MOST_LINES:
            self.lines.append(" ".join(line.split()))


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a console log, without its end. `time` is epoch s, `source` "stdout" or "stderr"."""

    text: str
    time: float | None = None
    source: str = "stdout"


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """A file of a run: `place` is where it goes below `files/` or `media/`, `content` its bytes or its path."""

    place: str
    content: bytes | Path


@dataclass(frozen=True, slots=True)
class ImportedEntry:
    """One file of an artifact: `path` inside it, and the file that holds it, or the address of what lies elsewhere."""

    path: str
    file: Path | None = None
    ref: str = ""
    size: int | None = None
    etag: str = ""


@dataclass(frozen=True, slots=True)
class ImportedArtifact:
    """A version of an artifact that the run logged. `time` is epoch s."""

    name: str
    type: str
    entries: tuple[ImportedEntry, ...] = ()
    description: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    time: float | None = None


def _nothing() -> Iterable[Any]:
    return ()


@dataclass(frozen=True, slots=True)
class ImportedRun:
    """One run of another tracker.

    `kind` names the tracker ("tensorboard"). `source` tells the run from all others of it and stays the same from one
    import to the next, wherever the files lie. `digest` changes when anything does that would be written. `id` is the
    run's own id there, kept where it may name a run here; "" where the tracker has none. `where` says to a person which
    run is meant: a path as it was given.

    `created` is epoch s. `summary` None means: the last value of each key. `provenance` holds what provenance.json is
    to say (host, program, git, …). Media stand in rows as values, or, where the tracker keeps them as we do, as stubs
    whose files `media` gives. `alerts` are rows with `_timestamp`, `title`, `text` and `level`. What is not carried is
    told to `problems`, which also grows while rows are read. `refused` says why nothing can be read where a run should
    be; then nothing is written.
    """

    kind: str
    source: str
    digest: str
    where: str = ""
    id: str = ""
    project: str = ""
    name: str = ""
    created: float | None = None
    group: str = ""
    job_type: str = ""
    tags: tuple[str, ...] = ()
    notes: str = ""
    sweep: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)
    summary: Mapping[str, Any] | None = None
    metrics: tuple[Metric, ...] = ()
    state: RunState = FINISHED
    provenance: Mapping[str, Any] = field(default_factory=dict)
    requirements: str = ""
    patch: bytes = b""
    rows: Callable[[], Iterable[Row]] = _nothing
    system: Callable[[], Iterable[Row]] = _nothing
    log: Callable[[], Iterable[LogLine]] = _nothing
    alerts: Callable[[], Iterable[Row]] = _nothing
    files: Callable[[], Iterable[ImportedFile]] = _nothing
    media: Callable[[], Iterable[ImportedFile]] = _nothing
    artifacts: Callable[[], Iterable[ImportedArtifact]] = _nothing
    problems: Problems = field(default_factory=Problems)
    refused: str = ""
