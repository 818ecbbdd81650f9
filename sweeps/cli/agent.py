"""`runstore agent`: runs trials of a sweep on this machine."""

import os
from pathlib import Path

import click

from runstore.cli.examples import examples
from runstore.recording import terminal
from sweeps.agent.processes import run_processes
from sweeps.agent.starting import Terms, run_agent
from sweeps.cli.naming import Command, found, sweep_options

EXIT_GAVE_UP = 1


@click.command(
    short_help="Run trials of a sweep here until there are none left.",
    cls=Command,
    epilog=examples(
        "runstore agent k3v9x2ab",
        "runstore agent k3v9x2ab --count 10 --processes 4",
    ),
)
@sweep_options
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="Run N trials to their end, and no more.")
@click.option(
    "--processes",
    type=click.IntRange(min=1),
    metavar="N",
    help="Start N agents here; they share the GPUs, and the trials of --count, among them.",
)
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help="The directory that the program runs in. Default: this one.",
)
@click.option("--forward-signals", "-f", is_flag=True, help="Pass every signal on to the program at once, Ctrl-C too.")
@click.option(
    "--term-timeout", type=click.FloatRange(min=0), metavar="SECONDS", help="From SIGTERM to SIGKILL. Default: 30."
)
@click.option(
    "--max-consecutive-failed-runs", type=click.IntRange(min=1), metavar="N", help="End after N failures in a row."
)
@click.option("--number", type=int, hidden=True, help="Which of the agents of --processes this is.")
def agent(
    sweep: str,
    store: Path | None,
    project: str,
    entity: str,
    count: int | None,
    processes: int | None,
    folder: Path | None,
    forward_signals: bool,
    term_timeout: float | None,
    max_consecutive_failed_runs: int | None,
    number: int | None,
) -> int:
    """Run trials of SWEEP here until there are none left.

    Any number of agents, on any machines that see the store, work at one sweep. Ctrl-C lets the trial finish, a second
    one stops it, a third one kills it. The exit code is 1 where the agent gave up because too many trials failed.
    """
    place = found(sweep, store, project)
    if folder is not None:
        os.chdir(folder)
    if processes is not None and processes > 1:
        arguments = [os.fspath(place.sweep.path)]
        arguments += ["--forward-signals"] if forward_signals else []
        arguments += [] if term_timeout is None else ["--term-timeout", str(term_timeout)]
        most = max_consecutive_failed_runs
        arguments += [] if most is None else ["--max-consecutive-failed-runs", str(most)]
        return run_processes(arguments, processes, count, terminal.say)
    tally = run_agent(place, Terms(count, forward_signals, term_timeout, max_consecutive_failed_runs, number))
    return EXIT_GAVE_UP if tally.gave_up else 0
