"""`runstore sweep launch`: agents on a cluster, or in the background here."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from runstore.cli.completing import PROJECT, SWEEP
from runstore.cli.examples import examples
from runstore.cli.stores import store_option
from runstore.cli.words import counted, printable
from sweeps.agent.places import find_sweep
from sweeps.cli.naming import Command
from sweeps.controller import Controller
from sweeps.launch.ledger import Launch, launch
from sweeps.launch.registry import make_engine


@click.command(
    "launch",
    cls=Command,
    epilog=examples(
        "runstore sweep launch k3v9x2ab --engine slurm --agents 64 --time 4:00:00 --gpus-per-task 1",
        "runstore sweep launch k3v9x2ab --engine local --agents 4",
    ),
)
@click.argument("sweep", type=SWEEP)
@store_option
@click.option("--project", default="", type=PROJECT, help="The sweep's project, where the id alone does not say it.")
@click.option("--engine", required=True, help="Where: local (here, in the background), slurm, or dask.")
@click.option("--agents", type=click.IntRange(1), default=1, show_default=True, help="So many agents.")
@click.option("--count", type=click.IntRange(1), help="Each agent ends after so many trials.")
@click.option("--processes", type=click.IntRange(1), help="Each agent runs so many trials side by side.")
@click.option("--partition", help="Slurm: the partition.")
@click.option("--time", help="Slurm: the time limit of a job, as sbatch takes it: 4:00:00, 90, 2-12.")
@click.option("--gpus-per-task", type=click.IntRange(0), help="Slurm: GPUs of an agent.")
@click.option("--cpus-per-task", type=click.IntRange(1), help="Slurm: processors of an agent.")
@click.option("--mem", help="Slurm: memory of a job, such as 16G.")
@click.option("--array-parallelism", type=click.IntRange(1), help="Slurm: no more agents at once than this.")
@click.option("--warning", type=click.IntRange(10, 65535), help="Slurm: seconds before the limit to save and requeue.")
@click.option("--sbatch", multiple=True, metavar="KEY=VALUE", help="Slurm: any other option of sbatch; repeatable.")
@click.option("--scheduler", help="Dask: the scheduler's address.")
@click.option("--json", "json_", is_flag=True, help="Print one JSON object.")
def launch_command(
    sweep: str,
    store: Path | None,
    project: str,
    engine: str,
    agents: int,
    count: int | None,
    processes: int | None,
    json_: bool,
    **options: Any,
) -> None:
    """Start agents of SWEEP elsewhere. They take trials as `runstore agent` does; `sweep status` shows their jobs."""
    place = find_sweep(sweep, store, project)
    given = {name: value for name, value in options.items() if value not in (None, ())}
    make_engine(engine, given)
    Controller.open(place.sweep)  # A sweep that no agent could open is told here, not in a job's log.
    arguments = [os.fspath(place.sweep.path.resolve())]
    for name, value in (("--count", count), ("--processes", processes)):
        if value is not None:
            arguments += [name, str(value)]
    done = launch(place.sweep, engine, agents, arguments, options=given)
    if json_:
        values = {**asdict(done), "sweep": place.name, "logs": str(place.sweep.launch_logs(done.name))}
        click.echo(json.dumps(values, indent=2, ensure_ascii=False))
        return
    click.echo(printable(f"{counted(agents, 'agent')} of {place.name} on {_where(done)}"))
    click.echo(printable(f"their output: {place.sweep.launch_logs(done.name)}"))
    click.echo(f"follow them: runstore sweep status {place.name} --watch")


def _where(done: Launch) -> str:
    ids = done.ids
    if done.engine == "slurm":
        return f"Slurm, job {ids['job']}"
    if done.engine == "dask":
        return f"Dask, scheduler {ids['scheduler']}"
    if done.engine == "local":
        return f"this machine, processes {', '.join(str(each['pid']) for each in ids['processes'])}"
    return done.engine
