"""`runstore rename`, `tag`, `note`, `move` and `stop`: changing runs, one or many."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from runstore.cli.choosing import EXIT_NOTHING, agreed, apply, changing_options, chosen, joined
from runstore.cli.completing import PROJECT, RUN
from runstore.cli.examples import examples
from runstore.cli.stores import open_store, store_option
from runstore.cli.terminal import show_value
from runstore.errors import UsageError
from runstore.manage import edit
from runstore.manage.edit import Change
from runstore.manage.stopping import request_stop
from runstore.reading.store import RunRecord
from runstore.recording.naming import generate_name


@click.command(
    short_help="Give runs another name.",
    epilog=examples(
        "runstore rename a1b2c3d4 'wide net'",
        "runstore rename --filter \"\\\"group\\\" = 'mlp'\" 'mlp {number}'",
    ),
)
@click.argument("runs", nargs=-1, type=RUN)
@click.argument("name")
@changing_options
@store_option
@click.pass_context
def rename(
    context: click.Context,
    runs: tuple[str, ...],
    name: str,
    where: str | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    store: Path,
) -> None:
    """Give RUNS the NAME; for several it may hold {name}, {id}, {group}, {job_type}, {project} or {number}.

    An empty NAME gives each a new one of two random words, as `init` does.
    """
    _check_named(runs, where, name, "a name, as in `runstore rename RUN NAME`")
    found = chosen(open_store(store), runs, where)
    changes = {
        (run.project, run.id): Change(name=_filled(name, run, number) if name.strip() else generate_name(number))
        for number, run in enumerate(found, start=1)
    }
    _change(
        context, found, "rename", lambda run: changes[run.project, run.id], dry_run=dry_run, yes=yes, as_json=as_json
    )


@click.command(
    epilog=examples(
        "runstore tag a1b2c3d4 --add baseline",
        "runstore tag --filter 'summary.loss < 0.1' --add good --yes",
    )
)
@click.argument("runs", nargs=-1, type=RUN)
@click.option("--add", multiple=True, metavar="TAG", help="Add this tag. Repeat it, or join tags by commas.")
@click.option("--remove", multiple=True, metavar="TAG", help="Take this tag away.")
@click.option("--set", "replace", multiple=True, metavar="TAG", help="Have these tags and no others.")
@changing_options
@store_option
@click.pass_context
def tag(
    context: click.Context,
    runs: tuple[str, ...],
    add: tuple[str, ...],
    remove: tuple[str, ...],
    replace: tuple[str, ...],
    where: str | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    store: Path | None,
) -> None:
    """Add tags to RUNS, take tags away, or set them."""
    if not (add or remove or replace):
        raise UsageError("found no tag to change; pass --add, --remove or --set")
    change = Change(
        tags=tuple(joined(replace)) if replace else None,
        add_tags=tuple(joined(add)),
        remove_tags=tuple(joined(remove)),
    )
    found = chosen(open_store(store), runs, where)
    _change(context, found, "tag", lambda run: change, dry_run=dry_run, yes=yes, as_json=as_json)


@click.command(
    epilog=examples(
        "runstore note a1b2c3d4 'the first with dropout'",
        "runstore note a1b2c3d4 --append 'and the best'",
    )
)
@click.argument("runs", nargs=-1, type=RUN)
@click.argument("text")
@click.option("--append", is_flag=True, help="Add a line to the notes that are there.")
@changing_options
@store_option
@click.pass_context
def note(
    context: click.Context,
    runs: tuple[str, ...],
    text: str,
    append: bool,
    where: str | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    store: Path | None,
) -> None:
    """Write TEXT as the notes of RUNS."""

    _check_named(runs, where, text, "a text, as in `runstore note RUN TEXT`")

    def change(run: RunRecord) -> Change:
        return Change(notes=f"{run.meta.notes.rstrip()}\n{text}" if append and run.meta.notes else text)

    _change(
        context,
        chosen(open_store(store), runs, where),
        "write the notes of",
        change,
        dry_run=dry_run,
        yes=yes,
        as_json=as_json,
    )


@click.command(
    epilog=examples(
        "runstore move a1b2c3d4 --group mlp",
        "runstore move --filter \"job_type = 'debug'\" --project scratch --yes",
    )
)
@click.argument("runs", nargs=-1, type=RUN)
@click.option("--group", metavar="NAME", help="Move them to this group; '' takes them out of theirs.")
@click.option("--job-type", metavar="NAME", help="Give them this job type.")
@click.option(
    "--project", metavar="NAME", type=PROJECT, help="Move them to this project. A live run stays where it is."
)
@changing_options
@store_option
@click.pass_context
def move(
    context: click.Context,
    runs: tuple[str, ...],
    group: str | None,
    job_type: str | None,
    project: str | None,
    where: str | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    store: Path | None,
) -> None:
    """Move RUNS to another group, job type or project."""
    if group is None and job_type is None and project is None:
        raise UsageError("found nowhere to move to; pass --group, --job-type or --project")
    opened = open_store(store)
    found = chosen(opened, runs, where)
    change = Change(group=group, job_type=job_type)

    def act(run: RunRecord) -> str:
        changed = edit.edit(run, change)
        if project is not None and project != run.project:
            edit.move_to_project(run, opened.layout, project)
            changed["project"] = project
        return _said(changed)

    _act(context, found, "move", act, dry_run=dry_run, yes=yes, as_json=as_json)


@click.command(
    short_help="Ask live runs to end, wherever they run.",
    epilog=examples(
        "runstore stop a1b2c3d4",
        'runstore stop --filter "\\"group\\" = \'mlp\'" --yes',
    ),
)
@click.argument("runs", nargs=-1, type=RUN)
@changing_options
@store_option
@click.pass_context
def stop(
    context: click.Context,
    runs: tuple[str, ...],
    where: str | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    store: Path | None,
) -> None:
    """Ask live RUNS to end, wherever they run; they end as killed within seconds."""
    found = chosen(open_store(store), runs, where)
    if where is not None:
        found = [run for run in found if run.state == "running"]

    def act(run: RunRecord) -> str:
        if run.state != "running":
            raise UsageError(f"{run.project}/{run.id} has ended ({run.state}); there is nothing to stop")
        request_stop(run.layout, edit.author())
        return "asked to stop"

    _act(context, found, "stop", act, dry_run=dry_run, yes=yes, as_json=as_json)


def _check_named(runs: tuple[str, ...], where: str | None, last: str, wanted: str) -> None:
    if not runs and where is None:
        raise UsageError(f"found {last!r} alone, expected runs, or --filter, and {wanted}")


def _filled(template: str, run: RunRecord, number: int) -> str:
    values = {
        "name": run.name,
        "id": run.id,
        "group": run.meta.group,
        "job_type": run.meta.job_type,
        "project": run.project,
        "number": str(number),
    }
    for key, value in values.items():
        if template == f"{{{key}}}":
            return value
    parts = template
    for key in values:
        parts = parts.replace(f"{{{key}}}", f"\0{key}\0")
    # Names are put in once: one that looks like a place for another stays as it is.
    return "".join(values.get(part, part) if at % 2 else part for at, part in enumerate(parts.split("\0")))


def _change(
    context: click.Context,
    runs: list[RunRecord],
    what: str,
    change: Callable[[RunRecord], Change],
    *,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    _act(context, runs, what, lambda run: _said(edit.edit(run, change(run))), dry_run=dry_run, yes=yes, as_json=as_json)


def _act(
    context: click.Context,
    runs: list[RunRecord],
    what: str,
    act: Callable[[RunRecord], str],
    *,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    if agreed(runs, what, yes=yes, dry_run=dry_run):
        context.exit(apply(runs, act, as_json=as_json))
    if not dry_run:
        context.exit(EXIT_NOTHING)


def _said(changed: dict[str, Any]) -> str:
    shown = {name: ", ".join(value) if isinstance(value, list) else value for name, value in changed.items()}
    return "; ".join(f"{name} = {show_value(value)}" for name, value in shown.items()) or "is so already"
