"""`runstore import`: a group of the commands that importers offer, and what is common to them: where runs go, what is
told while they come, and what is said at the end."""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from runstore.cli.words import counted, printable
from runstore.format.layout import DEFAULT_PROJECT, StoreLayout
from runstore.settings import from_environment

IMPORTERS: Final = "runstore.importers"
"""Entry points of the commands below `runstore import`."""
EXIT_REFUSED: Final = 1
_OUTCOMES: Final = ("new", "grown", "unchanged", "refused")
_MOST_LINES: Final = 20
_COMMAND = TypeVar("_COMMAND", bound=Callable[..., Any])


class _Importers(click.Group):
    """A group whose commands come from entry points."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({point.name for point in entry_points(group=IMPORTERS)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for point in entry_points(group=IMPORTERS, name=cmd_name):
            found = point.load()
            return found if isinstance(found, click.Command) else None
        return None


@click.command(name="import", cls=_Importers)
def import_runs() -> None:
    """Bring runs of other trackers into the store. A second import adds only what is new.

    Ids, names, times, groups, tags, configs, media and artifacts are kept, and what is edited here later stays. Exit
    code 1: a run was refused.
    """


@dataclass(frozen=True, slots=True)
class Wish:
    """Where runs go, and what is printed. `project` is "" where the source may say it, or the settings."""

    store: StoreLayout
    project: str
    dry: bool
    as_json: bool

    def project_of(self, said: str) -> str:
        """The project of a run whose source says `said`."""
        return self.project or said or from_environment().project or DEFAULT_PROJECT


def importing(command: _COMMAND) -> _COMMAND:
    """The options of every importer; the command gets them as `project`, `store`, `dry_run` and `as_json`."""
    for option in reversed(
        (
            click.option("-p", "--project", metavar="NAME", help="The project to import into."),
            click.option(
                "--dir",
                "--store",
                "store",
                type=click.Path(path_type=Path),
                metavar="STORE",
                help="The store's directory; made where there is none. Default: as for `runstore.init`.",
            ),
            click.option("--dry-run", is_flag=True, help="Say what would be imported, and write nothing."),
            click.option("--json", "as_json", is_flag=True, help="Print what became of each run as JSON."),
        )
    ):
        command = option(command)
    return command


def wish_of(project: str | None, store: Path | None, dry_run: bool, as_json: bool) -> Wish:
    """What the common options ask for. Raises `UsageError` for a project that cannot be one."""
    from runstore.format.names import check_project_name

    root = store if store is not None else from_environment().store_root()
    return Wish(StoreLayout(root), check_project_name(project) if project else "", dry_run, as_json)


def bring_all(context: click.Context, wish: Wish, runs: Iterable[Any]) -> None:
    """Brings runs (`ImportedRun`s) into the store one after the other, says what became of them, and sets the exit
    code. One that is refused stops no other. Raises `RunstoreError`, `OSError`."""
    from rich.console import Console

    from runstore.format.records import create_store
    from runstore.importers.writing import Brought, bring_or_refuse

    if not wish.dry:
        create_store(wish.store)
    results: list[Brought] = []
    with Console(stderr=True).status("Reading") as status:
        for run in runs:
            shown = printable(run.where or run.name)

            def tick(rows: int, shown: str = shown) -> None:
                status.update(f"{shown}: {rows:,} rows")

            status.update(shown)
            results.append(bring_or_refuse(run, wish.store, wish.project_of(run.project), dry=wish.dry, tick=tick))
    if wish.as_json:
        click.echo(json.dumps(_as_json(results, wish.dry), indent=2))
    else:
        _tell(results, wish.dry)
    context.exit(EXIT_REFUSED if any(each.outcome == "refused" for each in results) else 0)


def _as_json(results: list[Any], dry: bool) -> dict[str, Any]:
    counts = Counter(each.outcome for each in results)
    return {
        "dry_run": dry,
        **{outcome: counts[outcome] for outcome in _OUTCOMES},
        "runs": [
            {
                "outcome": each.outcome,
                "project": each.project,
                "run": each.run,
                "name": each.name,
                "from": each.where,
                "rows": each.rows,
                "why": each.why,
                "left_out": dict(each.problems.left_out),
                "lost": each.problems.lines,
            }
            for each in results
        ],
    }


def _tell(results: list[Any], dry: bool) -> None:
    for each in results:
        if each.outcome == "refused":
            click.echo(printable(f"runstore: refused: {each.why}"), err=True)
        elif each.outcome != "unchanged":
            verb = f"would be {each.outcome}" if dry else f"{each.outcome}, {counted(each.rows, 'row')}"
            click.echo(printable(f"{each.project}/{each.run}: {each.name}: {verb}"))
    _tell_lost([line for each in results for line in each.problems.lines])
    left_out = sum((each.problems.left_out for each in results), Counter[str]())
    for name, count in left_out.most_common():
        click.echo(printable(f"not carried: {name} ({count:,})"), err=True)
    counts = Counter(each.outcome for each in results)
    said = ", ".join(f"{counts[outcome]} {outcome}" for outcome in _OUTCOMES if counts[outcome])
    click.echo(f"{counted(len(results), 'run')}{': ' if said else ''}{said}{'; nothing was written' if dry else ''}")


def _tell_lost(lines: list[str]) -> None:
    for line in lines[:_MOST_LINES]:
        click.echo(printable(f"runstore: warning: {line}"), err=True)
    if len(lines) > _MOST_LINES:
        click.echo(f"runstore: warning: {len(lines) - _MOST_LINES} more such lines; --json has them", err=True)
