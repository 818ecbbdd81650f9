"""A run's attempts and ranks, its alerts, and its console logs: what each of its writers left."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from runstore.format.run_layout import is_attempt, output_part, writer_order
from runstore.reading.attempts import Attempt
from runstore.reading.beside import rows_of, writer_files, writer_rows
from runstore.reading.rows import number
from runstore.reading.store import RunRecord
from sitegen.pages.context import Link, iso
from sitegen.pages.texts import LogView, log_view

MAX_ALERTS = 500


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One writer of a run: its name for a reader, when and where it began, and marks in words."""

    name: str
    started: str | None
    host: str
    marks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AlertView:
    """One alert; `level` is info, warn or error, `time` ISO 8601."""

    level: str
    title: str
    text: str
    time: str | None
    step: str


def writer_name(writer: str) -> str:
    if not is_attempt(writer):
        return writer
    return f"Attempt {writer or 1}"


def attempt_views(run: RunRecord) -> tuple[AttemptView, ...]:
    """The writers of a run in their order; none where there was only one that has nothing to say."""
    views = [
        AttemptView(writer_name(each.writer), iso(each.started), each.host, tuple(_marks(each)))
        for each in run.attempts
    ]
    if run.repeated and views:
        count = (
            f"{run.repeated} {'step was' if run.repeated == 1 else 'steps were'} logged twice: the later values count"
        )
        views[-1] = replace(views[-1], marks=(*views[-1].marks, count))
    return tuple(views) if len(views) > 1 or any(view.marks for view in views) else ()


def attempt_starts(run: RunRecord) -> tuple[float, ...]:
    """The steps at which later attempts began."""
    starts = {each.starting_step for each in run.attempts if each.writer and not each.is_rank}
    return tuple(sorted(step for step in starts if step is not None and math.isfinite(step)))


def _marks(attempt: Attempt) -> Iterator[str]:
    if attempt.starting_step is not None and attempt.writer:
        yield f"from step {attempt.starting_step:.15g}"
    if attempt.rewound_to is not None:
        yield f"rewound to step {attempt.rewound_to:.15g}"
    if attempt.forked_from is not None:
        run, step = attempt.forked_from
        yield f"forked from {run[:100]} at step {step:.15g}"
    if attempt.hidden:
        yield f"{attempt.hidden} {'row was' if attempt.hidden == 1 else 'rows were'} taken back later"


def alerts(run: RunRecord) -> tuple[AlertView, ...]:
    """A run's alerts, the newest first."""
    found = []
    for _, row in writer_rows(run, "alerts"):
        level, step = str(row.get("level", "")).lower(), number(row.get("_step"))
        at = number(row.get("_timestamp"))
        view = AlertView(
            level if level in ("info", "warn", "error") else "info",
            str(row.get("title") or "")[:500],
            str(row.get("text") or "")[:5000],
            iso(at),
            "" if step is None else f"{step:.15g}",
        )
        found.append((at or 0.0, view))
    found.sort(key=lambda item: item[0], reverse=True)
    return tuple(view for _, view in found[:MAX_ALERTS])


@dataclass(frozen=True, slots=True)
class LogFile:
    """One file of a console log: its writer, which part of that writer's log it is (from 1), where it is copied to."""

    writer: str
    part: int
    path: Path

    @property
    def target(self) -> str:
        return f"{self.path.name}.txt"


def log_files(run: RunRecord) -> list[LogFile]:
    """The files of a run's console logs that hold anything, writer by writer (`files` knows no links)."""
    names = (name for name in run.files if name.startswith("output"))
    found = [LogFile(writer, 1, path) for writer, path in writer_files(run, "output")]
    found += [LogFile(*place, run.layout.path / name) for name in names if (place := output_part(name))]
    found = [file for file in found if run.files[file.path.name]]
    return sorted(found, key=lambda file: (writer_order(file.writer), file.part))


def log_views(run: RunRecord) -> tuple[LogView, ...]:
    """Each writer's console log: its end, with what came from where and when."""
    by_writer: dict[str, list[LogFile]] = {}
    for file in log_files(run):
        by_writer.setdefault(file.writer, []).append(file)
    views = []
    for writer, files in by_writer.items():
        times, starts = _line_times(run, writer)
        last = files[-1]
        view = log_view(
            last.path,
            last.target,
            title=writer_name(writer) if len(by_writer) > 1 else "",
            earlier=tuple(Link(file.path.name, file.target) for file in files[:-1]),
            start=starts.get(last.part, 0),
            times=times,
        )
        if view is not None:
            views.append(view)
    return tuple(views)


def _line_times(run: RunRecord, writer: str) -> tuple[list[tuple[int, float | None, str]], dict[int, int]]:
    """When the lines of a writer's log came, and the first line of each of its parts."""
    path = next((path for name, path in writer_files(run, "lines") if name == writer), None)
    times: list[tuple[int, float | None, str]] = []
    starts = {1: 0}
    for _, row in rows_of(path) if path else ():
        line, part = row.get("line"), row.get("part")
        if type(line) is not int or line < 0:
            continue
        if type(part) is int:
            starts[part] = line
        elif not times or line >= times[-1][0]:
            source = row.get("source")
            times.append((line, number(row.get("_timestamp")), source if source in ("stdout", "stderr") else ""))
    return times, starts
