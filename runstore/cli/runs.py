"""`runstore ls` and `runstore show`: what runs there are, and what one of them is."""

import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from runstore.api.files import list_files
from runstore.artifacts import lineage
from runstore.cli.choosing import filter_option, in_project, joined
from runstore.cli.completing import PROJECT, RUN
from runstore.cli.examples import examples
from runstore.cli.stores import Place, open_store, readable_store_option
from runstore.cli.terminal import CELL, clip, console, print_table, show_duration, show_state, show_time, show_value
from runstore.cli.words import counted, printable
from runstore.errors import UsageError
from runstore.format.values import plain
from runstore.manage.export import runs_table, save, write_table
from runstore.reading.beside import writer_rows
from runstore.reading.query import select
from runstore.reading.rows import flatten
from runstore.reading.store import RunRecord

_METRICS_SHOWN = 3
_LONGEST_VALUE = 120
# Above this not every whole float is the number that was logged.
_LARGEST_WHOLE = 2.0**53


@click.command(
    short_help="List runs, newest first.",
    epilog=examples(
        "runstore ls",
        "runstore ls digits --sort -summary.accuracy --limit 5  # the best five",
        "runstore ls --filter \"state = 'failed' AND config.lr > 0.1\" --json",
    ),
)
@click.argument("project", required=False, type=PROJECT)
@filter_option
@click.option("--sort", "order", metavar="COLUMN", help="Order by a column, as in -summary.loss; - turns it around.")
@click.option("--columns", multiple=True, metavar="NAMES", help="Show these columns, joined by commas.")
@click.option("--limit", type=click.IntRange(min=0), metavar="N", help="Show the first N.")
@readable_store_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array, one object a run.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, with all columns of config and summary.")
@click.option("--parquet", type=click.Path(path_type=Path), metavar="FILE", help="Write a Parquet file of the same.")
def ls(
    project: str | None,
    where: str | None,
    order: str | None,
    columns: tuple[str, ...],
    limit: int | None,
    store: Place | None,
    as_json: bool,
    as_csv: bool,
    parquet: Path | None,
) -> None:
    """List the runs of PROJECT, or of every project, newest first."""
    if as_json + as_csv + (parquet is not None) > 1:
        raise UsageError("found several of --json, --csv and --parquet; choose one")
    found = open_store(store, "runs")
    runs = select(in_project(found, project), where, order)[:limit]
    for problem in [*found.problems, *(each for part in found.projects for each in part.problems)][:1]:
        hint = "`runstore verify` lists all problems"
        click.echo(f"runstore: warning: {printable(str(problem))}; {hint}", err=True)
    names = joined(columns) or None
    if parquet is not None:
        written = runs_table(runs, names)
        save(parquet, write_table(written, "parquet"))
        click.echo(f"{parquet}: {counted(written.height, 'row')}, {counted(written.width, 'column')}")
    elif as_csv:
        sys.stdout.write(write_table(runs_table(runs, names), "csv").decode())
    elif as_json:
        click.echo(_dumps([describe(run) for run in runs] if names is None else list(runs_table(runs, names).dicts())))
    elif not runs:
        click.echo("no runs match" if where is not None or limit == 0 else "no runs yet")
    elif names is not None:
        _print_columns(runs, names)
    else:
        _print_runs(runs)


@click.command(
    short_help="Show one run.",
    epilog=examples(
        "runstore show a1b2c3d4",
        "runstore show digits/a1b2c3d4 --json",
    ),
)
@click.argument("run", type=RUN)
@readable_store_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(run: str, store: Place | None, as_json: bool) -> None:
    """Show one RUN, given by its id, PROJECT/ID or its name."""
    found = open_store(store).find_run(run)
    if as_json:
        click.echo(_dumps(describe(found) | {"config": found.config, "provenance": found.provenance} | _beside(found)))
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


def _beside(run: RunRecord) -> dict[str, Any]:
    """What a run has beside its own facts: its writers, its artifacts, its alerts, its files with their bytes."""
    uses = lineage.uses_of(run.layout, run.project)
    return {
        "attempts": [
            {
                "writer": each.writer or "1",
                "rank": each.is_rank,
                "started": _iso(each.started),
                "host": each.host or None,
                "starting_step": _whole(each.starting_step),
                "rewound_to": _whole(each.rewound_to),
                "forked_from": each.forked_from,
                "rows": each.rows,
                "hidden": each.hidden,
            }
            for each in run.attempts
        ],
        "artifacts": [
            {"direction": use.direction, "artifact": f"{use.project}/{use.name}:{use.version}", "type": use.type}
            for use in uses
        ],
        "alerts": [row for _, row in writer_rows(run, "alerts")],
        "files": _sizes(run),
    }


def _sizes(run: RunRecord) -> dict[str, int]:
    found = {}
    for file in list_files(run):
        with suppress(FileNotFoundError):  # A live run may have put another one in its place.
            found[file.name] = file.size
    return found


def _print_columns(runs: Sequence[RunRecord], names: Sequence[str]) -> None:
    found = runs_table(runs, names)
    numbers = [name for name, dtype in found.frame().schema.items() if dtype.is_numeric()]
    rows = [[_cell(row[name]) for name in found.columns] for row in found.rows]
    print_table(found.columns, rows, right=numbers)


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return show_time(value.timestamp())
    return clip(show_value(", ".join(map(str, value)) if isinstance(value, list) else value))


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
            show_time(run.created),
            show_duration(run.runtime),
            *(clip(show_value(run.summary.get(metric))) for metric in metrics),
        ]
        for run in runs
    ]
    print_table(columns, rows, right=columns[7:])


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
        "created": show_time(run.created),
        "runtime": show_duration(run.runtime),
        "rows": run.rows,
        "path": str(run.layout.path),
    }
    _print_pairs({key: value for key, value in facts.items() if value not in ("", None)})
    for title, values in (("Config", dict(flatten(run.config))), ("Summary", run.summary)):
        if values:
            out.print(Text(f"\n{title}", style="bold"))
            _print_pairs({key: clip(show_value(value), _LONGEST_VALUE) for key, value in values.items()})
    _print_beside(run)
    for problem in run.problems:
        click.echo(f"problem: {printable(str(problem))}")


def _print_beside(run: RunRecord) -> None:
    beside = _beside(run)
    if len(beside["attempts"]) > 1:
        console().print(Text("\nWriters", style="bold"))
        pairs = {each["writer"]: f"{each['started'] or ''}  {each['host'] or ''}" for each in beside["attempts"]}
        _print_pairs(pairs)
    if beside["artifacts"]:
        console().print(Text("\nArtifacts", style="bold"))
        for use in beside["artifacts"]:
            console().print(Text(f"  {use['direction']:<6}  {printable(use['artifact'])}  {printable(use['type'])}"))
    if beside["alerts"]:
        console().print(Text("\nAlerts", style="bold"))
        for row in beside["alerts"]:
            said = f"{row.get('level', 'INFO')}: {row.get('title', '')} {row.get('text', '')}"
            console().print(Text(f"  {printable(clip(said, _LONGEST_VALUE))}"))
    console().print(Text("\nFiles", style="bold"))
    sizes = dict(beside["files"])
    media = [sizes.pop(name) for name in list(sizes) if name.startswith("media/")]
    more = {"media/": f"{counted(len(media), 'file')}, {sum(media)} bytes"} if media else {}
    _print_pairs({**{name: f"{size} bytes" for name, size in sizes.items()}, **more})


def _print_pairs(values: Mapping[str, Any]) -> None:
    width = min(CELL, max(map(len, values), default=0))
    for key, value in values.items():
        console().print(Text(f"  {printable(key):<{width}}  {show_value(value)}"))


def _whole(number: float | None) -> float | None:
    """A whole number as an integer, which is how it was logged."""
    return int(number) if number is not None and number.is_integer() and abs(number) <= _LARGEST_WHOLE else number


def _iso(moment: float | None) -> str | None:
    return None if moment is None else datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")


def _dumps(value: Any) -> str:
    return json.dumps(plain(value), indent=2, ensure_ascii=False)
