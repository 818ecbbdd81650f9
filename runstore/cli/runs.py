"""`runstore ls` and `runstore show`: what runs there are, and what one of them is."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from runstore.cli.stores import open_store, store_option
from runstore.cli.terminal import CELL, clip, console, printable, show_duration, show_state, show_value, table
from runstore.errors import StoreError
from runstore.format.values import plain
from runstore.reading.rows import flatten
from runstore.reading.store import RunRecord, Store

_METRICS_SHOWN = 3
_LONGEST_VALUE = 120
# Above this not every whole float is the number that was logged.
_LARGEST_WHOLE = 2.0**53


@click.command()
@click.argument("project", required=False)
@store_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array, one object a run.")
def ls(project: str | None, store: Path | None, as_json: bool) -> None:
    """List the runs of PROJECT, or of every project, newest first."""
    runs = _runs(open_store(store), project)
    if as_json:
        click.echo(_dumps([describe(run) for run in runs]))
    elif runs:
        _print_runs(runs)
    else:
        click.echo("no runs yet")


@click.command()
@click.argument("run")
@store_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(run: str, store: Path | None, as_json: bool) -> None:
    """Show one RUN, given by its id, PROJECT/ID or its name."""
    found = open_store(store).find_run(run)
    if as_json:
        click.echo(_dumps(describe(found) | {"config": found.config, "provenance": found.provenance}))
    else:
        _print_run(found)


def describe(run: RunRecord) -> dict[str, Any]:
    """A run as `--json` prints it: times as ISO 8601 in UTC, durations in seconds, null for what it does not say."""
    return {
        "project": run.project,
        "id": run.id,
        "name": run.name,
        "state": run.state,
        "exit_code": run.exit_code,
        "group": run.meta.group or None,
        "job_type": run.meta.job_type or None,
        "tags": list(run.meta.tags),
        "notes": run.meta.notes or None,
        "created": _iso(run.created),
        "finished": _iso(run.finished),
        "runtime": run.runtime,
        "rows": run.rows,
        "last_step": _whole(run.last_step),
        "summary": run.summary,
        "path": str(run.layout.path),
        "problems": [str(problem) for problem in run.problems],
    }


def _runs(store: Store, project: str | None) -> list[RunRecord]:
    names = [found.name for found in store.projects]
    if project is not None and project not in names:
        known = ", ".join(names[:10]) or "no project yet"
        raise StoreError(f"{store.layout.root}: found no project {project!r}; there is {known}")
    return [run for found in store.projects if project in (None, found.name) for run in found.runs]


def _print_runs(runs: Sequence[RunRecord]) -> None:
    metrics = _main_metrics(runs)
    columns = ["PROJECT", "ID", "NAME", "STATE", "GROUP", "JOB TYPE", "CREATED", "RUNTIME", *map(clip, metrics)]
    rows: list[list[str | Text]] = [
        [
            run.project,
            run.id,
            clip(run.name),
            show_state(run.state),
            clip(run.meta.group),
            clip(run.meta.job_type),
            _minute(run.created),
            show_duration(run.runtime),
            *(clip(show_value(run.summary.get(metric))) for metric in metrics),
        ]
        for run in runs
    ]
    console().print(table(columns, rows, right=columns[7:]))


def _main_metrics(runs: Sequence[RunRecord]) -> list[str]:
    """The numbers most of these runs have in their summary, in the order they were first logged."""
    counts = Counter(
        key for run in runs for key, value in run.summary.items() if isinstance(value, int | float) and key[0:1] != "_"
    )
    best = [key for key, _ in counts.most_common(_METRICS_SHOWN)]
    return [key for key in counts if key in best]


def _print_run(run: RunRecord) -> None:
    out = console()
    out.print(
        Text(run.project + "/" + run.id),
        Text(printable(clip(run.name, _LONGEST_VALUE)), style="bold"),
        show_state(run.state),
    )
    facts = {
        "exit code": run.exit_code,
        "group": run.meta.group,
        "job type": run.meta.job_type,
        "tags": ", ".join(run.meta.tags),
        "notes": run.meta.notes,
        "created": _minute(run.created),
        "runtime": show_duration(run.runtime),
        "rows": run.rows,
        "path": str(run.layout.path),
    }
    _print_pairs({key: value for key, value in facts.items() if value not in ("", None)})
    for title, values in (("Config", dict(flatten(run.config))), ("Summary", run.summary)):
        if values:
            out.print(Text(f"\n{title}", style="bold"))
            _print_pairs({key: clip(show_value(value), _LONGEST_VALUE) for key, value in values.items()})
    for problem in run.problems:
        click.echo(f"problem: {printable(str(problem))}")


def _print_pairs(values: Mapping[str, Any]) -> None:
    width = min(CELL, max(map(len, values)))
    for key, value in values.items():
        console().print(Text(f"  {printable(key):<{width}}  {show_value(value)}"))


def _whole(number: float | None) -> float | None:
    """A whole number as an integer, which is how it was logged."""
    return int(number) if number is not None and number.is_integer() and abs(number) <= _LARGEST_WHOLE else number


def _iso(moment: float | None) -> str | None:
    return None if moment is None else datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")


def _minute(moment: float | None) -> str:
    """A time in this machine's zone, to the minute."""
    return "" if moment is None else datetime.fromtimestamp(moment).astimezone().strftime("%Y-%m-%d %H:%M")


def _dumps(value: Any) -> str:
    return json.dumps(plain(value), indent=2, ensure_ascii=False)
