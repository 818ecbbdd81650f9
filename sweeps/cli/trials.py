"""`runstore sweep trials`: the trials of a sweep, a line each."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import click
from rich.table import Table
from rich.text import Text

from runstore.cli.examples import examples
from runstore.cli.terminal import clip, console, show_value
from runstore.cli.words import counted, printable
from runstore.format.sweep_records import Control
from runstore.reading.sweeps import Trial, open_sweep
from sweeps.agent.loop import shown
from sweeps.cli.naming import Command, found, sweep_options
from sweeps.cli.overview import QUEUED, Overview, overview, trial_json
from sweeps.cli.status import COLOURS
from sweeps.errors import SweepError

_STATES: Final = tuple(COLOURS)


@click.command(
    cls=Command,
    epilog=examples(
        "runstore sweep trials k3v9x2ab --best -n 5",
        "runstore sweep trials k3v9x2ab --state failed --json",
    ),
)
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
    """List the trials of SWEEP: state, metric, run, agent and parameters; last the points that wait."""
    place = found(sweep, store, project)
    seen = overview(place, open_sweep(place.sweep))
    if by_value and not seen.metric:
        raise SweepError(f"{place.name}: the sweep has no metric to order its trials by; leave --best out")
    listed = [each for each in rows(seen) if not states or each.state in states]
    if by_value:
        listed.sort(key=lambda each: _rank(seen, each))
    if json_:
        click.echo(json.dumps([_json(seen, each) for each in listed[:most]], indent=2))
        return
    if not listed:
        which = f" that are {' or '.join(states)}" if states else " yet"
        click.echo(f"sweep {printable(place.name)}: no trials{which}")
        return
    console().print(table(seen, listed[:most]))
    if most is not None and most < len(listed):
        click.echo(f"… of {counted(len(listed), 'trial')}")


class Row(NamedTuple):
    """A trial, or a point that was added by hand and that nobody took yet."""

    of: Trial | Control
    state: str

    @property
    def trial(self) -> Trial | None:
        return self.of if isinstance(self.of, Trial) else None

    @property
    def params(self) -> Mapping[str, Any]:
        """The parameters, nested. Of a sealed trial they are parsed here."""
        found: Mapping[str, Any] = self.of.params if isinstance(self.of, Trial) else self.of.data["params"]
        return found


def rows(seen: Overview) -> list[Row]:
    """The trials in the order they began, then the points that wait."""
    state = seen.reader.state
    again = {each.trial.run for each in state.wanted}
    begun = [
        Row(trial, QUEUED if trial.run in again else seen.standing.get(trial.run, trial.state))
        for trial in state.trials
    ]
    return [*begun, *(Row(control, QUEUED) for control in state.queued)]


def _json(seen: Overview, row: Row) -> dict[str, Any]:
    if row.trial is not None:
        return {**trial_json(row.trial, seen.metric), "state": row.state, "agent": row.trial.claim.agent}
    nobody = {"trial": None, "run": None, "state": row.state, "attempt": 0, "metric": seen.metric or None}
    return {**nobody, "value": None, "params": dict(row.params), "agent": None}


def _rank(seen: Overview, row: Row) -> tuple[bool, float]:
    value = None if row.trial is None else row.trial.comparable
    sign = 1.0 if seen.config is None else seen.config.sign
    return (value is None, 0.0 if value is None else sign * value)


def table(seen: Overview, listed: Sequence[Row]) -> Table:
    """Trials as a table for a terminal."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    made.add_column("TRIAL", justify="right", no_wrap=True)
    made.add_column("STATE", no_wrap=True)
    made.add_column(Text(printable(clip(seen.metric)).upper() or "VALUE"), justify="right", no_wrap=True)
    made.add_column("RUN", no_wrap=True)
    made.add_column("TRY", justify="right", no_wrap=True)
    # These give way where the terminal is narrow.
    made.add_column("AGENT")
    made.add_column("PARAMETERS")
    for row in listed:
        params = row.params if seen.config is None else seen.config.space.flatten(row.params)
        number, value, run, attempt, agent = ("", None, "", "", "")
        if (trial := row.trial) is not None:
            number, value, run = str(trial.number), trial.value, trial.run
            attempt, agent = str(trial.attempt), trial.claim.agent
        made.add_row(
            number,
            Text(row.state, style=COLOURS.get(row.state, "")),
            "" if value is None else show_value(value),
            Text(printable(clip(run))),
            attempt,
            Text(printable(clip(agent)), no_wrap=True, overflow="ellipsis"),
            Text(printable(shown(params)), no_wrap=True, overflow="ellipsis"),
        )
    return made
