"""`runstore sweep doctor`: whether agents on several machines can share a disk, tried on that disk."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from runstore.cli.examples import examples
from runstore.cli.words import printable
from sweeps.cli.naming import Command
from sweeps.doctor.examine import examine
from sweeps.doctor.findings import Diagnosis, Finding


@click.command(
    cls=Command,
    epilog=examples(
        "runstore sweep doctor /shared/experiments",
        "runstore sweep doctor /shared/experiments --peer node2",
    ),
)
@click.argument("directory", type=click.Path(path_type=Path))
@click.option(
    "--peer",
    default="",
    metavar="HOST-OR-DIR",
    help="The other side: a host that has the directory too (by ssh), or another mount. Default: a second process.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead of lines.")
@click.pass_context
def doctor(context: click.Context, directory: Path, peer: str, as_json: bool) -> None:
    """Try on DIRECTORY's disk what sweeps rely on: who wins a race for a name, and how soon others see it.

    Exits with 1 where sweeps cannot work. Network disks differ with their mount options: try each from two machines.
    """
    diagnosis = examine(directory, peer, found=_skip if as_json else _tell, told=_say)
    if as_json:
        click.echo(json.dumps(_as_json(diagnosis), indent=2, ensure_ascii=False))
    else:
        for line in diagnosis.advice():
            click.echo(printable(line))
    context.exit(0 if diagnosis.works else 1)


def _tell(finding: Finding) -> None:
    click.echo(printable(f"{finding.verdict:<4}  {finding.text}"))


def _say(line: str) -> None:
    click.echo(printable(f"runstore: {line}"), err=True)


def _skip(finding: Finding) -> None:
    """Everything is printed at the end."""


def _as_json(diagnosis: Diagnosis) -> dict[str, object]:
    return {
        "place": diagnosis.place,
        "works": diagnosis.works,
        "smallest_heartbeat": diagnosis.smallest_heartbeat,
        "advice": diagnosis.advice(),
        "findings": [asdict(finding) for finding in diagnosis.findings],
    }
