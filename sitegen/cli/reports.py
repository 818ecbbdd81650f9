"""`runstore report new`, `check`, `freeze`, `clone` and `ls`: each parses, calls one function and prints."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runstore.cli.completing import PROJECT, REPORT
from runstore.cli.examples import examples
from runstore.cli.stores import store_option
from runstore.cli.words import counted, printable
from runstore.format.locate import existing_store
from runstore.settings import from_environment
from sitegen.cli.exports import export_report, report_table

if TYPE_CHECKING:
    from runstore.reading.problems import Problem
    from sitegen.reports.report import Report
    from sitegen.viewed import Viewed

_SIGNS = {"holds": "holds", "fails": "FAILS", "unknown": "unknown"}


@click.group(short_help="Write and check reports.")
def report() -> None:
    """Write and check reports: Markdown with live panels, in the store."""


@report.command(
    "ls",
    epilog=examples(
        "runstore report ls",
    ),
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@store_option
def list_reports(store: Path | None, as_json: bool) -> None:
    """List the reports of the store."""
    from runstore.reading.store import read_store
    from sitegen.reported import read_reports

    read = read_reports(read_store(_root(store)))
    if as_json:
        listed = [*map(_described, read.files), *map(_described_unread, read.problems)]
        click.echo(json.dumps(listed, ensure_ascii=False))
        return
    for file in read.files:
        pinned = f" at {file.front.as_of}" if file.front.as_of else ""
        click.echo(printable(f"{file.key}  {file.front.status}{pinned}  {file.front.date}  {file.title}".rstrip()))
    for problem in read.problems:
        click.echo(printable(f"{_unread_key(problem)}  unreadable  {problem}"))


def _described(file: Any) -> dict[str, Any]:
    front = file.front
    known = {"name": file.key, "title": file.title, "status": front.status, "date": front.date, "as_of": front.as_of}
    return {**known, "authors": list(front.authors), "file": file.relative, "problem": ""}


def _described_unread(problem: "Problem") -> dict[str, Any]:
    known = {"name": _unread_key(problem), "title": "", "status": "unreadable", "date": "", "as_of": ""}
    return {**known, "authors": [], "file": problem.path, "problem": str(problem)}


def _unread_key(problem: "Problem") -> str:
    from sitegen.reporting import unread_key

    return unread_key(problem)


@report.command(
    epilog=examples(
        "runstore report new first-look --project digits",
        "runstore report new first-look --from 'http://localhost:8000/digits/index.html#group=group'",
    )
)
@click.argument("name")
@click.option(
    "--project",
    metavar="PROJECT",
    type=PROJECT,
    help="Whose report it is; an empty one for several. Default: the only one.",
)
@click.option("--title", default="", metavar="TEXT", help="Its title. Default: made of NAME.")
@click.option(
    "--from", "view", default="", metavar="URL", help="What is on screen at this address of a project's page."
)
@store_option
def new(name: str, project: str | None, title: str, view: str, store: Path | None) -> None:
    """Begin the report NAME, a draft. With --from, the panels and runs of a view become its first blocks."""
    from sitegen.reporting import new_report, project_of

    layout = existing_store(_root(store))
    viewed = _viewed(view, project, layout.root) if view else None
    begun = new_report(layout, viewed.project if viewed else project_of(layout, project), name, title, viewed)
    click.echo(f"{begun.path}: {counted(begun.panels, 'panel')}" if viewed else str(begun.path))


def _viewed(view: str, project: str | None, root: Path) -> "Viewed":
    from sitegen.reporting import look_at
    from sitegen.viewed import unknown_keys

    found = look_at(root, view, project)
    for line in unknown_keys(view):
        click.echo(printable(f"runstore: {line}"), err=True)
    return found


@report.command(
    epilog=examples(
        "runstore report check",
        "runstore report check digits/first-look --json",
    )
)
@click.argument("names", nargs=-1, type=REPORT, metavar="[NAME]...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@store_option
@click.pass_context
def check(context: click.Context, names: tuple[str, ...], as_json: bool, store: Path | None) -> None:
    """Say of each claim of the reports NAME, or all, whether the store supports it. Exit with 1 where it does not, and
    for any mistake in a report."""
    from sitegen.reporting import check_reports

    unread: list[Problem] = []
    reports = list(check_reports(_root(store), names, unread))
    if as_json:
        said = [*map(_checked, reports), *map(_checked_unread, unread)]
        click.echo(json.dumps(said, ensure_ascii=False))
    else:
        for each in reports:
            _print_checked(each)
        for problem in unread:
            click.echo(printable(f"{_unread_key(problem)}: unreadable"))
            click.echo(printable(f"  {problem}"), err=True)
    context.exit(1 if unread or any(each.problems for each in reports) else 0)


def _checked(found: "Report") -> dict[str, Any]:
    claims = [
        {
            "check": claim.verdict.text,
            "claim": claim.claim,
            "line": claim.line,
            "state": claim.verdict.state,
            "found": claim.verdict.found,
            "message": claim.verdict.message,
            "runs": list(claim.verdict.runs),
        }
        for claim in found.claims
    ]
    mistakes = [{"line": line, "message": message} for line, message in found.mistakes]
    return {"name": found.file.key, "file": found.file.relative, "claims": claims, "mistakes": mistakes}


def _checked_unread(problem: "Problem") -> dict[str, Any]:
    mistakes = [{"line": problem.line, "message": problem.message}]
    return {"name": _unread_key(problem), "file": problem.path, "claims": [], "mistakes": mistakes}


def _print_checked(found: "Report") -> None:
    from sitegen.pages.report import verdict

    said = verdict([claim.verdict.state for claim in found.claims]) if found.claims else "no claims"
    click.echo(printable(f"{found.file.key}: {said}"))
    for claim in found.claims:
        said = claim.verdict.message or claim.verdict.found
        click.echo(printable(f"  {_SIGNS[claim.verdict.state]:<7}  {claim.verdict.text}  ({said})"))
    for line, message in found.mistakes:
        click.echo(printable(f"  {found.file.relative}, line {line}: {message}"), err=True)


@report.command(
    epilog=examples(
        "runstore report freeze digits/first-look --at v1.0",
    )
)
@click.argument("name", type=REPORT)
@click.option("--at", "revision", default="HEAD", show_default=True, metavar="COMMIT", help="The commit or tag.")
@store_option
def freeze(name: str, revision: str, store: Path | None) -> None:
    """Pin the report NAME to a commit, so that its figures never move, and record a digest of what is there."""
    from sitegen.reporting import find_report, freeze_report

    root = _root(store)
    file = find_report(root, name)
    click.echo(f"{file.path}: pinned to {freeze_report(file, root, revision)}")


@report.command(
    epilog=examples(
        "runstore report clone digits/first-look second-look",
    )
)
@click.argument("name", type=REPORT)
@click.argument("copy")
@store_option
def clone(name: str, copy: str, store: Path | None) -> None:
    """Copy the report NAME to COPY, beside it, as a draft."""
    from sitegen.reporting import clone_report, find_report

    root = _root(store)
    click.echo(str(clone_report(find_report(root, name), existing_store(root), copy)))


report.add_command(export_report)
report.add_command(report_table)


def _root(store: Path | None) -> Path:
    return store if store is not None else from_environment().store_root()
