"""`runstore verify`: what in a store cannot be read or is not as it was logged, with file and line; and mending it."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click

from runstore.artifacts.checks import problem as as_problem
from runstore.artifacts.checks import problems as artifact_problems
from runstore.artifacts.checks import version_problems
from runstore.artifacts.collection import find_version
from runstore.cli.examples import examples
from runstore.cli.stores import STORE_OR_URL, Place, open_store, to_change
from runstore.cli.words import counted, printable
from runstore.errors import StoreError, UsageError
from runstore.format.layout import StoreLayout
from runstore.format.locate import existing_store
from runstore.manage.aside import Aside, undo
from runstore.manage.repair import repair
from runstore.manage.staged import Staged, staged
from runstore.reading.problems import Problem
from runstore.reading.store import Store, read_store
from runstore.reading.verify import verify as verify_store
from runstore.reading.verify import verify_runs
from runstore.settings import from_environment


@click.command(
    short_help="Check every file of the store, and repair it.",
    epilog=examples(
        "runstore verify",
        "runstore verify experiments --repair",
        "runstore verify --undo",
        "runstore verify --staged  # what the next commit changes, as a hook does",
    ),
)
@click.argument("store", required=False, type=STORE_OR_URL)
@click.option("--repair", "mend", is_flag=True, help="Cut damage out of files; each is kept as it was in .repair/.")
@click.option("--undo", "take_back", is_flag=True, help="Take the last repair back, byte for byte.")
@click.option("--strict", is_flag=True, help="Name files too that the format does not know.")
@click.option(
    "--staged", "only_staged", is_flag=True, help="Check but the runs and artifacts that git's index changes."
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array, one object a problem.")
@click.pass_context
def verify(
    context: click.Context,
    store: Place | None,
    mend: bool,
    take_back: bool,
    strict: bool,
    only_staged: bool,
    as_json: bool,
) -> None:
    """Check every file of STORE; list what is broken, and exit with 1 if anything is."""
    if take_back:
        if mend or strict or only_staged or as_json:
            raise click.UsageError("--undo stands alone; leave the other options out")
        context.exit(_undo(to_change(store)))
    if only_staged:
        if mend or strict:
            raise click.UsageError("--staged checks, and goes with --json alone; leave the other options out")
        context.exit(_check_staged(to_change(store), as_json=as_json))
    found = open_store(to_change(store) if mend else store, "all")
    problems = _problems(found, strict=strict)
    aside = repair(found, problems) if mend and problems else None
    if aside is not None and aside.changes:
        found = read_store(found.layout.root)
        problems = _problems(found, strict=strict)
    _show(found, problems, aside, as_json=as_json)
    context.exit(1 if problems else 0)


def _show(store: Store, problems: list[Problem], aside: Aside | None = None, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([asdict(problem) for problem in problems], indent=2, ensure_ascii=False))
    else:
        _tell(store, problems, aside)


def _check_staged(path: Path | None, *, as_json: bool) -> int:
    """Checks what the next commit changes of the store; the exit code."""
    layout = existing_store(path if path is not None else from_environment().store_root())
    changed = staged(layout)
    found = read_store(layout.root, only=changed.runs)
    problems = [*verify_runs(found), *_problems_of_versions(layout, changed)]
    _show(found, problems, as_json=as_json)
    return 1 if problems else 0


def _problems_of_versions(layout: StoreLayout, changed: Staged) -> Iterator[Problem]:
    for project, name, number in sorted(changed.versions):
        try:
            yield from version_problems(find_version(layout, f"{name}:{number}", project))
        except (StoreError, UsageError) as error:
            yield as_problem(layout, layout.project(project).artifacts_dir, StoreError(str(error)))


def _problems(store: Store, *, strict: bool) -> list[Problem]:
    return [*verify_store(store, strict=strict), *artifact_problems(store.layout)]


def _tell(store: Store, problems: list[Problem], aside: Aside | None) -> None:
    for problem in problems:
        click.echo(printable(str(problem)))
    if aside is not None:
        for change in aside.changes:
            click.echo(printable(f"repaired: {change.path}"))
        if aside.changes:
            kept = aside.folder.relative_to(store.layout.root.parent)
            click.echo(printable(f"as they were: {kept}; `runstore verify --undo` puts them back"))
    runs = sum(len(project.runs) for project in store.projects)
    counts = (counted(runs, "run"), counted(len(store.projects), "project"), counted(len(problems), "problem"))
    click.echo(", ".join(counts) + (" left" if aside is not None and problems else ""))


def _undo(path: Path | None) -> int:
    """Takes the last repair back; the exit code."""
    layout = existing_store(path if path is not None else from_environment().store_root())
    left = 0
    for name, trouble in undo(layout):
        click.echo(printable(f"{name}: {trouble}" if trouble else f"put back: {name}"))
        left += bool(trouble)
    return 1 if left else 0
