"""What a store says, as plain values that tests compare."""

import json
from pathlib import Path
from typing import Any

from runstore.reading.ndjson import PREFIX
from runstore.reading.store import Project, RunRecord, Store, read_store


def only_run(root: Path, **options: Any) -> RunRecord:
    """The one run of the one project of a store."""
    (project,) = read_store(root, **options).projects
    (run,) = project.runs
    return run


def column(project: Project, key: str, run_id: str = "r1") -> list[tuple[float, float]]:
    """(step, value) of a metric of one run, in the order of steps."""
    points = []
    for frame in project.history():
        if PREFIX + key in frame.columns:
            for run, step, value in frame.select("run", "step", PREFIX + key).iter_rows():
                if value is not None and project.runs[run].id == run_id:
                    points.append((step, value))
    return sorted(points)


def record_of(store: Path, run_id: str = "a") -> RunRecord:
    """One run of a store."""
    return read_store(store).find_run(run_id)


def curve_of(store: Path, key: str, run_id: str = "a") -> list[tuple[float, float]]:
    """The numbers of one key of a run of a store's only project, by step."""
    (project,) = read_store(store).projects
    return column(project, key, run_id)


def logged(project: Project) -> list[str]:
    """Every row of every history, as sorted text: NaN equals nothing."""
    rows = []
    for frame in project.history():
        for row in frame.iter_rows(named=True):
            run = project.runs[row.pop("run")].id
            held = {key: value for key, value in row.items() if value is not None}
            rows.append(f"{run} {sorted(held.items())!r}")
    return sorted(rows)


def everything(store: Store) -> str:
    """All that a store says, as text: equal for equal stores."""
    said = []
    for project in store.projects:
        said.append([project.name, repr(project.meta), logged(project)])
        for run in project.runs:
            facts = [run.id, repr(run.meta), run.state, run.exit_code, run.created, run.finished, run.runtime]
            facts += [run.tracked, run.rows, run.last_step, dict(run.config), _numbers(dict(run.summary))]
            facts += [dict(run.provenance), dict(run.files), run.digest]
            said.append(facts)
    said.append(sorted(str(problem) for problem in store.all_problems()))
    return json.dumps(said, default=str, indent=1)


def _numbers(value: Any) -> Any:
    """Numbers as floats: what was a whole number in a frame need not know it."""
    if isinstance(value, dict):
        return {key: _numbers(value[key]) for key in sorted(value)}
    return float(value) if isinstance(value, int) else value
