"""`runstore diff BASE..HEAD`: what a branch does to a store."""

import json
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import click

from runstore.cli.past import past_store
from runstore.cli.terminal import clip, console, print_table
from runstore.cli.words import printable
from runstore.errors import StoreError, UsageError
from runstore.manage.branch import BranchDiff, Changes, branch_diff
from runstore.manage.branch_comment import comment, draw, headline
from runstore.manage.gate_table import COLUMNS, comparison_row, ranked
from runstore.manage.terms import Terms
from runstore.reading.revision import merge_base
from runstore.reading.store import Store

_RUN_COLUMNS = ("PROJECT", "RUN", "NAME", "CHANGE", "STATE", "METRIC")


@dataclass(frozen=True, slots=True)
class Shown:
    """How differences are shown: as Markdown or JSON, with curves as files in `pictures`, found below `address`."""

    as_json: bool
    as_markdown: bool
    pictures: Path | None
    address: str | None


def diff_revisions(now: Store, asked: str, shown: Shown) -> None:
    """Compares the store at two revisions and prints what differs. `asked` is `BASE..HEAD`, `BASE..` for the working
    tree, or with three dots to compare with what both have grown from, as git does. Raises `StoreError`."""
    if shown.pictures is not None and not shown.as_markdown:
        raise UsageError("--pictures goes with --markdown, which refers to them; pass both")
    if shown.address is not None and shown.pictures is None:
        raise UsageError("--pictures-url says where --pictures will lie; pass both")
    found = _compared(now, asked)
    if shown.as_json:
        click.echo(json.dumps(found.as_dict(), indent=2, ensure_ascii=False))
    elif shown.as_markdown:
        folder = shown.pictures
        pictures = {} if folder is None else draw(found, folder, shown.address or _reference(folder))
        click.echo(comment(found, pictures), nl=False)
    else:
        _print(found)


def _reference(folder: Path) -> str:
    """How Markdown refers to a directory: not by where it lies on this machine."""
    return folder.name if folder.is_absolute() else folder.as_posix()


def _compared(now: Store, asked: str) -> BranchDiff:
    root = now.layout.root
    base, dots, head = asked.partition("..." if "..." in asked else "..")
    if not base:
        raise UsageError(f"found {asked!r:.80}, expected a base to compare with; write BASE..HEAD")
    if dots == "...":
        base = merge_base(root, base, head or "HEAD").sha
    with ExitStack() as stack:
        then = stack.enter_context(past_store(root, base, or_none=True))
        later = stack.enter_context(past_store(root, head, or_none=True)) if head else None
        commits = (then.commit, later.commit if later else None)
        try:
            return branch_diff(then.store, later.store if later else now, commits, Terms())
        except OSError as error:
            raise StoreError(f"{root}: cannot be read ({error.strerror or error}); check its permissions") from None


def _print(found: BranchDiff) -> None:
    rows = [
        [
            each.run.project,
            each.run.id,
            clip(each.run.name),
            each.what + (f": {', '.join(each.facts)}" if each.facts else ""),
            each.run.state,
            "-" if each.value is None else f"{each.value:.5g}",
        ]
        for change in found.projects
        for each in change.runs
    ]
    if rows:
        print_table(_RUN_COLUMNS, rows, right=("METRIC",))
    if found.gate.comparisons:
        console().print()
        print_table(COLUMNS, [comparison_row(each, clip) for each in ranked(found.gate.comparisons)])
    for change in found.projects:
        for kind, names in (("group", change.groups), ("sweep", change.sweeps), ("report", change.reports)):
            _print_changes(f"{kind} {change.name}/", names)
    _print_changes("report ", found.reports)
    click.echo(headline(found))


def _print_changes(prefix: str, changes: Changes) -> None:
    for what, names in (("added", changes.added), ("changed", changes.changed), ("removed", changes.removed)):
        for name in names:
            click.echo(printable(f"{what}: {prefix}{name}"))
