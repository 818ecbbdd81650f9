"""`runstore sweep status`: a sweep at a glance, once or as it goes on."""

import json
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import click
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from runstore.cli.examples import examples
from runstore.cli.terminal import clip, console, show_duration, show_time, show_value
from runstore.cli.words import printable
from runstore.reading.sweeps import SweepReader, open_sweep
from sweeps.agent.loop import shown
from sweeps.agent.places import Place
from sweeps.cli.launches import Launches, lines
from sweeps.cli.launches import as_json as launches_json
from sweeps.cli.naming import Command, found, sweep_options
from sweeps.cli.overview import IDLE, QUEUED, RUNNING, UNCOUNTED, AgentSeen, Overview, as_json, overview
from sweeps.progress import is_full

COLOURS: Final = {
    RUNNING: "blue",
    QUEUED: "blue",
    UNCOUNTED: "cyan",
    "finished": "green",
    "failed": "red",
    "crashed": "magenta",
    "killed": "yellow",
    "stopped": "cyan",
}
_WAITING: Final = {
    QUEUED: "the agent is gone, and another one tries again",
    UNCOUNTED: "over, and counted once another agent comes",
}
_MOST_AGENTS: Final = 20


@click.command(
    cls=Command,
    epilog=examples(
        "runstore sweep status k3v9x2ab",
        "runstore sweep status k3v9x2ab --watch",
        "runstore sweep status k3v9x2ab --json",
    ),
)
@sweep_options
@click.option("--watch", "-w", is_flag=True, help="Go on showing it, until the sweep is over or Ctrl-C.")
@click.option("--interval", type=click.FloatRange(min=0.2), default=2.0, help="Seconds between looks. Default: 2.")
@click.option("--json", "json_", is_flag=True, help="Print one JSON object.")
def status(
    sweep: str, store: Path | None, project: str, entity: str, watch: bool, interval: float, json_: bool
) -> None:
    """Show SWEEP: its trials by state, the best one, its agents, its pace and expected end."""
    place = found(sweep, store, project)
    reader = open_sweep(place.sweep)
    if json_:
        values = {**as_json(overview(place, reader)), "launches": launches_json(Launches(place.sweep).look())}
        click.echo(json.dumps(values, indent=2))
    elif watch:
        with suppress(KeyboardInterrupt):
            _watch(place, reader, interval)
    else:
        console().print(page(overview(place, reader), lines(Launches(place.sweep).look())))


def _watch(place: Place, reader: SweepReader, interval: float) -> None:
    out = Console()
    launches = Launches(place.sweep)
    before = page(overview(place, reader), lines(launches.look()))
    with Live(before, console=out, auto_refresh=False, screen=False) as live:
        while True:
            reader.look()
            seen = overview(place, reader)
            live.update(page(seen, lines(launches.look())), refresh=True)
            if seen.is_over and not any(each.alive for each in seen.agents):
                return
            if not place.sweep.path.is_dir():
                return
            time.sleep(interval)


def page(seen: Overview, launches: Sequence[str] = ()) -> Group:
    """All there is to show; `launches` are lines about agents that were started elsewhere."""
    parts: list[Text | Table] = [_head(seen), _counts(seen)]
    parts += map(Text, _best(seen))
    if seen.why:
        parts.append(Text(f"no best  {printable(seen.why)}", style="yellow"))
    if seen.pace is not None:
        end = f", expected end {show_time(seen.end)}" if seen.end is not None else ""
        worked = "" if any(each.alive for each in seen.agents) else " while agents worked"
        pace = f"{seen.pace:,.0f}" if seen.pace >= 100 else f"{seen.pace:.3g}"
        parts.append(Text(f"pace     {pace} trials an hour{worked}{end}"))
    if seen.state == IDLE and seen.config is not None:
        parts.append(Text(f"agents   {printable(_without_agents(seen))}", style="yellow"))
    queued, again = len(seen.reader.state.queued), len(seen.reader.state.retries)
    told = []
    if queued:
        room = f"; run_cap leaves no room: `runstore sweep extend {seen.place.name} --run-cap N`"
        told.append(f"{queued} added by hand{room if is_full(seen.reader.state) else ''}")
    if again:
        told.insert(0, f"{again} to be run again")
    if told:
        parts.append(Text(printable(f"queued   {', '.join(told)}")))
    if seen.agents:
        parts += [Text(""), _agents(seen)]
    parts += [Text(f"launched {each}") for each in launches]
    parts += [Text(f"problem: {printable(each)}", style="red") for each in seen.problems]
    return Group(*parts)


def _head(seen: Overview) -> Text:
    config = seen.reader.config
    name = f" ({printable(clip(str(config['name'])))})" if config.get("name") else ""
    state = f"{IDLE}: no agent" if seen.state == IDLE else seen.state
    return Text.assemble(
        "sweep    ", (printable(seen.place.name) + name, "bold"), f", {config.get('method', '?')}, {state}"
    )


def _counts(seen: Overview) -> Text:
    parts: list[str | tuple[str, str]] = ["trials   "]
    total = sum(seen.counts.values())
    parts.append(f"{total}{f' of {seen.most}' if seen.most is not None else ''}")
    for state, colour in COLOURS.items():
        if count := seen.counts.get(state):
            parts += [", ", (f"{count} {state}", colour)]
    for state, said in _WAITING.items():
        if count := seen.counts.get(state):
            parts.append(f"\n         {count} {state}: {said}")
    return Text.assemble(*parts)


def _best(seen: Overview) -> list[str]:
    """The best of the ended trials, and a better one that still runs."""
    metric, best, leader = printable(seen.metric), seen.best, seen.leader
    lines = []
    if best is not None:
        ended = ", of those that ended" if leader is not None else ""
        lines = [
            f"best     {metric} {show_value(best.value)} in trial {best.number} (run {printable(best.run)}){ended}",
            f"         {printable(shown(seen.best_params))}",
        ]
    if leader is not None:
        run = printable(leader.run)
        lines.append(
            f"at best  {metric} {show_value(leader.best)} in trial {leader.trial} (run {run}), which still runs"
        )
    return lines


def _without_agents(seen: Overview) -> str:
    """What to do about a sweep that is not over and has nobody who works at it."""
    start = f"start one with `runstore agent {seen.place.name}`"
    done, failed = (sum(each.beat.done for each in seen.agents), sum(each.beat.failed for each in seen.agents))
    if failed and failed == done:
        which = "the only trial" if done == 1 else f"all {done} trials"
        return f"none any more, as {which} failed; mend the program, then {start}"
    return f"none{' any more' if seen.agents else ' yet'}; {start}"


def _agents(seen: Overview) -> Table:
    made = Table(box=None, pad_edge=False, header_style="bold")
    # The names give way where the terminal is narrow.
    made.add_column("AGENT")
    made.add_column("HOST")
    made.add_column("PID", justify="right", no_wrap=True)
    made.add_column("STATE", no_wrap=True)
    for column in ("BEAT", "TRIAL", "STEPS", "BEST", "ENDED", "FAILED"):
        made.add_column(column, justify="right", no_wrap=True)
    order = sorted(seen.agents, key=lambda each: (not each.alive, each.beat.agent))
    for each in order[:_MOST_AGENTS]:
        made.add_row(*_row(each))
    if len(order) > _MOST_AGENTS:
        made.add_row(f"… and {len(order) - _MOST_AGENTS} more")
    return made


def _row(seen: AgentSeen) -> list[Text]:
    beat = seen.beat
    state = beat.state if seen.alive or beat.state == "bye" else "gone"
    style = "" if seen.alive else "dim" if state == "bye" else "red"
    cells = [
        printable(clip(beat.agent)),
        printable(clip(beat.process.host)),
        str(beat.process.pid),
        state,
        f"{show_duration(seen.silent)} ago" if seen.silent is not None else "",
        "" if beat.trial is None or not seen.alive else str(beat.trial),
        str(beat.count or ""),
        show_value(beat.best),
        str(beat.done),
        str(beat.failed),
    ]
    return [Text(cell, style=style, no_wrap=True, overflow="ellipsis") for cell in cells]
