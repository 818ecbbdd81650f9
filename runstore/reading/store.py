"""A store as its readers see it: projects, their runs with state and summary, and what could not be read."""

import gc
import hashlib
import math
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import polars as pl

from runstore.errors import FormatError, StoreError, UsageError
from runstore.format import yaml12
from runstore.format.layout import ProjectLayout, StoreLayout
from runstore.format.locate import existing_store
from runstore.format.metrics import Metric
from runstore.format.names import check_project_name, check_run_id
from runstore.format.records import (
    ProjectMeta,
    RunMeta,
    RunState,
    State,
    StoreMeta,
    load_project,
    load_store,
    parse_time,
    unreadable,
)
from runstore.format.run_layout import RunLayout, is_attempt, linked, unpacked_name
from runstore.reading.attempts import (
    Attempt,
    attempts,
    merged_config,
    merged_summary,
    recorded_state,
    state_and_sign,
    tracked_seconds,
    writer_of,
)
from runstore.reading.catalog import ProjectCatalog
from runstore.reading.disclosure import WHOLE, Disclosure
from runstore.reading.entries import Entry, Facts, located, without_path
from runstore.reading.overlaps import without_hidden, without_repeated
from runstore.reading.problems import Problem
from runstore.reading.stitching import ceilings

# Whole numbers up to here are exact in a Float64.
_LARGEST_STEP = 2.0**53

UNSETTLED: Final = ("running", "crashed")
"""States that pass while no file of the run changes: its heartbeat stops, or is heard again."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run. Times are epoch s, durations s; None when the run does not say.

    `config` is nested as written, `summary` flat with dotted keys, NaN and ±inf as floats. `runtime` is the time from
    start to end by the clock, `tracked` the time its processes ran. `provenance` is where it comes from, `provenances`
    what each of its writers said of that, `attempts` what there is to know of these; `repeated` counts the steps that
    several attempts logged. `preempted`: it crashed when its machine was taken away. `metrics` are those that were
    defined. `files` holds the size in bytes of each file in its directory, of an archived one that of its lines,
    `kinds` the types of the typed values that were logged. `digest` changes with the run's files and state.
    `disclosure` says what of its files may be told.
    """

    layout: RunLayout
    project: str
    meta: RunMeta
    state: State
    exit_code: int | None
    created: float | None
    finished: float | None
    runtime: float | None
    tracked: float | None
    rows: int
    last_step: float | None
    config: Mapping[str, Any]
    summary: Mapping[str, Any]
    provenance: Mapping[str, Any]
    provenances: Mapping[str, Mapping[str, Any]]
    attempts: tuple[Attempt, ...]
    repeated: int
    preempted: bool
    metrics: tuple[Metric, ...]
    files: Mapping[str, int]
    kinds: frozenset[str]
    problems: tuple[Problem, ...]
    digest: str
    disclosure: Disclosure = WHOLE

    @property
    def id(self) -> str:
        return self.meta.id

    @property
    def name(self) -> str:
        return self.meta.name or self.meta.id

    @property
    def last_sign(self) -> float | None:
        """When it was last known to live: its end, else its start plus what it tracked, else its start."""
        if self.finished is not None:
            return self.finished
        return None if self.created is None else self.created + (self.tracked or 0.0)


@dataclass(frozen=True, slots=True)
class Project:
    """One project: its runs, newest first, and its histories on demand."""

    layout: ProjectLayout
    meta: ProjectMeta
    runs: tuple[RunRecord, ...]
    problems: tuple[Problem, ...]
    catalog: ProjectCatalog = field(repr=False)
    disclosure: Disclosure = WHOLE

    @property
    def name(self) -> str:
        return self.layout.name

    def history(self, runs: Collection[int] | None = None, keys: Collection[str] | None = None) -> list[pl.DataFrame]:
        """The numbers of every run's history, or of some runs' and of some keys, a frame for each set of keys.

        Columns: `run` (index into `runs`), `place` (which of the run's histories), `line`, `step` (the line's
        number where the row has none that counts), `runtime`, `timestamp` and `=<key>` for each metric; all of Float64
        but the first three. null: not logged in this row; NaN, ±inf: logged so.
        """
        index = {run.id: number for number, run in enumerate(self.runs)}
        # First: a cache that turns out to be damaged is made again, under new numbers.
        wanted = None if runs is None else {self.runs[run].id for run in runs}
        frames = self.catalog.frames(wanted, keys)
        live = {number: owner for number, owner in self.catalog.live().items() if owner[0] in index}
        owners = pl.DataFrame(
            {
                "source": list(live),
                "run": [index[run_id] for run_id, _ in live.values()],
                "place": [place for _, place in live.values()],
            },
            schema={"source": pl.UInt32, "run": pl.UInt32, "place": pl.UInt32},
        )
        numbered = [
            frame.join(owners, on="source", how="inner", maintain_order="left").select(
                pl.col("run", "place", "line"),
                pl.when(pl.col("step").abs() <= _LARGEST_STEP).then("step").otherwise("line").alias("step"),
                pl.exclude("source", "run", "place", "line", "step"),
            )
            for frame in frames
        ]
        return self._stitched(numbered, index)

    def _stitched(self, frames: list[pl.DataFrame], index: Mapping[str, int]) -> list[pl.DataFrame]:
        """The frames with the rows and values that count."""
        hidden: dict[tuple[int, int], float] = {}
        overlapping: dict[int, list[int]] = {}
        for run_id, entry in self.catalog.entries.items():
            if len(entry.sources) < 2 or run_id not in index:
                continue
            writers = [writer_of(name) for name in entry.sources]
            for writer, ceiling in ceilings(entry.provenances, writers).items():
                if ceiling < math.inf:
                    hidden[index[run_id], writers.index(writer)] = ceiling
            if entry.repeated:
                overlapping[index[run_id]] = [place for place, writer in enumerate(writers) if is_attempt(writer)]
        return without_repeated(without_hidden(frames, hidden), overlapping)


@dataclass(frozen=True, slots=True)
class Store:
    """A store that was read: `projects` by name, and the problems that belong to no project."""

    layout: StoreLayout
    meta: StoreMeta
    projects: tuple[Project, ...]
    problems: tuple[Problem, ...]
    disclosure: Disclosure = WHOLE

    def relative(self, path: Path) -> str:
        """How a problem names a path of this store."""
        return _relative(path, self.layout)

    def all_problems(self) -> Iterator[Problem]:
        """Every problem that reading the store, its projects and their runs brought up."""
        yield from self.problems
        for project in self.projects:
            yield from project.problems
            for run in project.runs:
                yield from run.problems

    def find_run(self, name: str) -> RunRecord:
        """The run with the id, `project/id` or name `name`. Raises `StoreError` when there is none or several."""
        runs = [run for project in self.projects for run in project.runs]
        for match in (
            [run for run in runs if name in (run.id, f"{run.project}/{run.id}")],
            [run for run in runs if run.name == name],
        ):
            if len(match) == 1:
                return match[0]
            if match:
                paths = ", ".join(f"{run.project}/{run.id}" for run in match[:5])
                raise StoreError(
                    f"{self.layout.root}: {len(match)} runs are called {name!r} ({paths}); name one of these"
                )
        raise StoreError(f"{self.layout.root}: found no run {name!r}; `runstore ls` lists the runs there are")


def read_store(
    path: Path,
    *,
    now: float | None = None,
    known: Store | None = None,
    only: Mapping[str, Collection[str]] | None = None,
) -> Store:
    """Reads the store at `path` (its directory, or the one that holds `experiments/`).

    Raises `StoreError` when there is no store or it has a newer format; whatever is wrong below that becomes a
    problem. `now` (epoch s) decides which silent runs have crashed. With `known`, an earlier reading of the same
    store, runs that did not change since are taken from there; nothing else may be done with it afterwards. With `only`
    there are no other projects, and no other runs in them, than these.
    """
    layout = existing_store(path)
    meta = load_store(layout.store_yaml)
    with _uncollected():
        return _read(layout, meta, time.time() if now is None else now, known, only)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Inside the block Python looks for no garbage: among the many records of a large store it finds none, and looking
    takes a quarter of the time."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


def _read(
    layout: StoreLayout,
    meta: StoreMeta,
    moment: float,
    known: Store | None,
    only: Mapping[str, Collection[str]] | None,
) -> Store:
    projects, problems = [], _linked(layout.links(), layout)
    for project in layout.projects():
        if only is not None and project.name not in only:
            continue
        try:
            check_project_name(project.name)
        except UsageError as error:
            problems.append(Problem(_relative(project.path, layout), 0, f"{error}; rename the directory"))
            continue
        earlier = next((each for each in known.projects if each.layout == project), None) if known else None
        chosen = None if only is None else only[project.name]
        projects.append(_read_project(project, layout, moment, earlier, chosen))
    problems += _clashing((project.layout.path for project in projects), layout)
    return Store(layout, meta, tuple(projects), tuple(problems))


def _read_project(
    project: ProjectLayout, store: StoreLayout, now: float, known: Project | None, only: Collection[str] | None
) -> Project:
    meta, problems = _project_meta(project, store)
    problems += _linked(project.links(), store)
    catalog = ProjectCatalog(project, store, only) if known is None else known.catalog
    try:
        catalog.update()
    except OSError as error:
        catalog.entries.clear()
        message = without_path(unreadable(project.runs_dir, error), project.runs_dir)
        problems.append(Problem(_relative(project.runs_dir, store), 0, message))
    runs = []
    same = _unchanged(known, catalog.take_changed())
    for run_id, entry in catalog.entries.items():
        if run_id in same:
            runs.append(same[run_id])
            continue
        run = RunLayout(project.runs_dir / run_id)
        try:
            check_run_id(run_id)
        except UsageError as error:
            problems.append(Problem(_relative(run.path, store), 0, f"{error}; rename the directory"))
            continue
        runs.append(_record(run, entry, catalog, store, now))
    catalog.save_aggregates()
    runs.sort(key=lambda run: (-(run.created or 0.0), run.id))
    problems += _clashing((run.layout.path for run in runs), store)
    return Project(project, meta, tuple(runs), tuple(problems), catalog)


def _unchanged(known: Project | None, changed: set[str]) -> dict[str, RunRecord]:
    """The runs that are as they were. Whether one that recorded no end lives is asked anew."""
    if known is None:
        return {}
    return {run.id: run for run in known.runs if run.id not in changed and run.state not in UNSETTLED}


def _project_meta(project: ProjectLayout, store: StoreLayout) -> tuple[ProjectMeta, list[Problem]]:
    """What a project says of itself, and what is wrong with that."""
    path = project.project_yaml
    meta = ProjectMeta()
    mistakes: list[FormatError] = []
    wrong: Sequence[StoreError] = mistakes
    try:
        meta = load_project(path, mistakes)
    except StoreError as error:
        wrong = [error]
    return meta, [Problem(_relative(path, store), *_on_its_line(path, error)) for error in wrong]


def _on_its_line(path: Path, error: StoreError) -> tuple[int, str]:
    """The line of an error, that of its key where it names one, and its message."""
    line, message = located(path, error)
    if line or not isinstance(error, FormatError) or not error.place:
        return line, message
    try:
        return yaml12.lines(path.read_bytes()).get((error.place,), 0), message
    except OSError:
        return 0, message


def _linked(links: Sequence[Path], store: StoreLayout) -> list[Problem]:
    return [Problem(_relative(link, store), 0, linked("directory")) for link in links]


def _clashing(paths: Iterable[Path], store: StoreLayout) -> list[Problem]:
    """Directories whose names differ by case alone."""
    by_name: dict[str, list[Path]] = {}
    for path in paths:
        by_name.setdefault(path.name.casefold(), []).append(path)
    found = []
    for same in by_name.values():
        if len(same) > 1:
            first, *others = sorted(same)
            names = " and ".join(path.name for path in others)
            message = f"differs from {names} by case alone, and where case does not count they share a page; rename one"
            found.append(Problem(_relative(first, store), 0, message))
    return found


def _record(layout: RunLayout, entry: Entry, catalog: ProjectCatalog, store: StoreLayout, now: float) -> RunRecord:
    facts = [catalog.facts[source.number] for source in entry.sources.values()]
    histories = dict(zip(entry.sources, facts, strict=True))
    first = _extreme(min, (each.first_time for each in facts))
    last = _extreme(max, (each.last_time for each in facts))
    writers = attempts(entry, histories)
    created = parse_time(entry.meta.created) or parse_time(str(entry.provenance.get("started", ""))) or first
    state, last_sign = state_and_sign(layout, entry, now)
    # While a rank's heart beats, or it left its heartbeat, the ends of others are not the run's.
    recorded = recorded_state(entry) if entry.recorded or state not in UNSETTLED else RunState(state)
    finished = parse_time(recorded.finished) if recorded else last
    logged = _extreme(max, (each.seen().runtime for each in facts))
    tracked = tracked_seconds(writers, _latest(finished, last_sign, last), logged)
    end = finished if finished is not None else last
    runtime = end - created if created is not None and end is not None and end >= created else tracked
    return RunRecord(
        layout=layout,
        project=layout.path.parent.parent.name,
        meta=entry.meta,
        state=state,
        exit_code=recorded.exit_code if recorded else None,
        created=created,
        finished=finished,
        runtime=runtime,
        tracked=tracked if tracked is not None else runtime,
        rows=sum(each.seen().rows for each in facts),
        last_step=_extreme(max, (each.seen().last_step for each in facts)),
        config=merged_config(entry),
        summary=merged_summary(entry, histories, catalog, state),
        provenance=entry.provenance,
        provenances=entry.provenances,
        attempts=writers,
        repeated=entry.repeated,
        preempted=state == "crashed" and entry.recorded is not None and entry.recorded.preempting,
        metrics=entry.metrics,
        files=_files(entry),
        kinds=frozenset(kind for each in facts for kind in each.kinds),
        problems=tuple(_problems(layout, entry, facts, store, state)),
        digest=_digest(state, entry),
    )


def _files(entry: Entry) -> dict[str, int]:
    """The files of a run with their sizes; an archived one as the lines that it was made of."""
    return {unpacked_name(name) or name: entry.packed.get(name, stat[0]) for name, stat in entry.stats.items()}


def _latest(finished: float | None, last_sign: float | None, last_row: float | None) -> float | None:
    """When a run ended, or was last heard of."""
    if finished is not None:
        return finished
    return _extreme(max, iter((last_sign, last_row)))


def _digest(state: State, entry: Entry) -> str:
    known = (state, sorted(entry.stats.items()), sorted(entry.odd.items()))
    return hashlib.blake2b(repr(known).encode(), digest_size=12).hexdigest()


def _problems(
    layout: RunLayout, entry: Entry, facts: Sequence[Facts], store: StoreLayout, state: State
) -> Iterator[Problem]:
    for name, message in entry.odd.items():
        yield Problem(_relative(layout.path / name, store), 0, message)
    for name, problems in entry.problems.items():
        for line, message in problems:
            yield Problem(_relative(layout.path / name, store), line, message)
    for (name, source), each in zip(entry.sources.items(), facts, strict=True):
        if not each.bad and not source.torn:
            continue
        where = _relative(layout.path / (unpacked_name(name) or name), store)
        for line, found in each.bad:
            yield Problem(where, line, f"found {found}, expected one JSON object a line; the other lines were read")
        if source.torn and state != "running":
            found = f"a torn last line of {source.torn} bytes"
            yield Problem(where, source.lines + 1, f"found {found}, expected a whole row; it was left out")


def _relative(path: Path, store: StoreLayout) -> str:
    """The path below the store as text that can be written: a name need not be valid Unicode."""
    return path.relative_to(store.root).as_posix().encode("utf-8", "backslashreplace").decode()


def _extreme(choose: Any, values: Iterator[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return choose(known) if known else None
