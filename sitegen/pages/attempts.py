"""A run's attempts and ranks, and its alerts: what each of its writers left."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from runstore.reading.attempts import Attempt
from runstore.reading.beside import writer_rows
from runstore.reading.rows import number
from runstore.reading.store import RunRecord
from sitegen.pages.context import iso
from sitegen.pages.logs import writer_name

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
            run.disclosure.text(str(row.get("title") or ""))[:500],
            run.disclosure.text(str(row.get("text") or ""))[:5000],
            iso(at),
            "" if step is None else f"{step:.15g}",
        )
        found.append((at or 0.0, view))
    found.sort(key=lambda item: item[0], reverse=True)
    return tuple(view for _, view in found[:MAX_ALERTS])
