"""`runstore sweep trials`: the trials of a sweep, a line each."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click
from rich.table import Table
from rich.text import Text

from runstore.cli.terminal import clip, console, show_value
from runstore.cli.words import counted, printable
from runstore.reading.sweeps import Trial, open_sweep
from sweeps.agent.loop import shown
from sweeps.cli.naming import Command, found, sweep_options
from sweeps.cli.overview import Overview, overview, trial_json
from sweeps.cli.status import COLOURS
from sweeps.errors import SweepError

_STATES: Final = tuple(COLOURS)


@click.command(cls=Command)
@sweep_options
@click.option("--best", "by_value", is_flag=True, help="The best first; those without a value come last.")
@click.option("-n", "most", type=click.IntRange(min=1), metavar="N", help="So many at most.")
@click.option("--state", "states", type=click.Choice(_STATES), multiple=True, help="Only these; several times.")
@click.option("--json", "json_", is_flag=True, help="Print a JSON array.")
def trials(
    sweep: str,
    store: Path | None,
    project: str,
    entity: str,
    by_value: bool,
    most: int | None,
    states: tuple[str, ...],
    json_: bool,
) -> None:
    """List the trials of SWEEP: state, metric, run, agent and parameters."""
    place = found(sweep, store, project)
    seen = overview(place, open_sweep(place.sweep))
    if by_value and not seen.metric:
        raise SweepError(f"{place.name}: the sweep has no metric to order its trials by; leave --best out")
    chosen = [each for each in seen.reader.state.trials if not states or _state(seen, each) in states]
    if by_value:
        chosen.sort(key=lambda each: _rank(seen, each))
    listed = chosen[:most]
    if json_:
        click.echo(json.dumps([_json(seen, each) for each in listed], indent=2))
        return
    if not chosen:
        which = f" that are {' or '.join(states)}" if states else " yet"
        click.echo(f"sweep {printable(place.name)}: no trials{which}")
        return
    console().print(_table(seen, listed))
    if len(listed) < len(chosen):
        click.echo(f"… of {counted(len(chosen), 'trial')}")


def _state(seen: Overview, trial: Trial) -> str:
    return seen.standing.get(trial.run, trial.state)


def _json(seen: Overview, trial: Trial) -> dict[str, Any]:
    return {**trial_json(trial, seen.metric), "state": _state(seen, trial), "agent": trial.claim.agent}


def _rank(seen: Overview, trial: Trial) -> tuple[bool, float]:
    value, sign = trial.comparable, 1.0 if seen.config is None else seen.config.sign
    return (value is None, 0.0 if value is None else sign * value)


def _table(seen: Overview, listed: Sequence[Trial]) -> Table:
    made = Table(box=None, pad_edge=False, header_style="bold")
    made.add_column("TRIAL", justify="right", no_wrap=True)
    made.add_column("STATE", no_wrap=True)
    made.add_column(Text(printable(clip(seen.metric)).upper() or "VALUE"), justify="right", no_wrap=True)
    made.add_column("RUN", no_wrap=True)
    made.add_column("TRY", justify="right", no_wrap=True)
    made.add_column("AGENT", no_wrap=True)
    made.add_column("PARAMETERS", overflow="ellipsis", no_wrap=True)
    for trial in listed:
        state = _state(seen, trial)
        params = trial.params if seen.config is None else seen.config.space.flatten(trial.params)
        made.add_row(
            str(trial.number),
            Text(state, style=COLOURS.get(state, "")),
            "" if trial.value is None else show_value(trial.value),
            Text(printable(clip(trial.run))),
            str(trial.attempt),
            Text(printable(clip(trial.claim.agent))),
            Text(printable(shown(params))),
        )
    return made
