"""Runs of the Api as notebooks show them: charts of their histories, and tables."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from runstore import inline
from runstore.api import history
from runstore.api.views import nest
from runstore.errors import BadValueError
from runstore.reading.columns import frame_of_rows, runs_frame
from runstore.reading.store import Project, RunRecord

if TYPE_CHECKING:
    import altair as alt

_ROWS: Final = 300
_MOST_RUNS: Final = 20
_MOST_KEYS: Final = 6


def charts(runs: Sequence[RunRecord], keys: Sequence[str], samples: int) -> "alt.VConcatChart":
    """A chart for each key, one below the other, with a line for each run.

    Raises `ValueError` for a key that has no numbers, or for no keys.
    """
    import altair as alt

    if not keys:
        raise BadValueError("chart: name at least one key, as in chart('loss')")
    lines = _lines(runs, keys, samples)
    for key in keys:
        if not any(lines[key].values()):
            raise BadValueError(f"chart: {key!r} has no numbers; history_keys says which keys there are")
    found: alt.VConcatChart = alt.vconcat(*(inline.chart(lines[key], key) for key in keys), config=inline.CONFIG)
    return found


def run_html(run: RunRecord, height: int, hidden: bool) -> str:
    """One run: name, state, a chart for each number, its summary and config."""
    title = f"<b>{inline.escaped(run.name)}</b> ({inline.escaped(f'{run.project}/{run.id}')}) {run.state}"
    found = {key: {run.name: points} for key, points in _points(run, None, _ROWS).items()}
    return inline.document(title, found, {"Summary": nest(run.summary), "Config": run.config}, height, hidden)


def runs_html(title: str, runs: Sequence[RunRecord], height: int, hidden: bool) -> str:
    """Several runs: charts of the numbers that most of the first ones have, and the table of all."""
    shown = runs[:_MOST_RUNS]
    numbers = Counter(key for run in shown for key, value in run.summary.items() if isinstance(value, int | float))
    keys = [key for key, _ in numbers.most_common() if not key.startswith("_")][:_MOST_KEYS]
    figures = "".join(inline.figure(key, lines) for key, lines in _lines(shown, keys, _ROWS).items())
    heading = f"<b>{inline.escaped(title)}</b>: {len(runs)} run{'s' * (len(runs) != 1)}"
    body = f'<div style="display:flex;flex-wrap:wrap;gap:12px">{figures}</div>{runs_frame(runs)._repr_html_()}'
    return inline.folded(heading, body, height, hidden)


def store_html(root: Path, projects: Sequence[Project]) -> str:
    """A store: its projects as a table, with their runs and when the last one began."""
    rows = [
        {
            "project": project.name,
            "runs": len(project.runs),
            "running": sum(run.state == "running" for run in project.runs),
            "last run": _last(project),
        }
        for project in projects
    ]
    return inline.folded(f"<b>{inline.escaped(root)}</b>", frame_of_rows(rows)._repr_html_(), 420, hidden=False)


def _last(project: Project) -> str | None:
    moments = [run.created for run in project.runs if run.created is not None]
    return datetime.fromtimestamp(max(moments), UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if moments else None


def _lines(runs: Sequence[RunRecord], keys: Sequence[str], samples: int) -> dict[str, dict[str, inline.Points]]:
    found: dict[str, dict[str, inline.Points]] = {key: {} for key in keys}
    names = Counter(run.name for run in runs)
    for run in runs:
        label = run.name if names[run.name] == 1 else f"{run.name} ({run.id})"
        for key, points in _points(run, keys, samples).items():
            found[key][label] = points
    return found


def _points(run: RunRecord, keys: Sequence[str] | None, samples: int) -> dict[str, inline.Points]:
    rows = history.sampled(run, samples, None, "_step", "default")
    return inline.series(((float(row.get("_step", at)), row) for at, row in enumerate(rows)), keys)
