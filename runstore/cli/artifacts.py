"""`runstore artifact`: what artifacts a store has, and taking them out, putting them in, checking and tidying them."""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.text import Text

from runstore.artifacts import checks, gc, names, policy, publishing
from runstore.artifacts.artifact import Artifact
from runstore.artifacts.collection import Collection, Version, find_version, read_collection, read_collections
from runstore.artifacts.names import Spec
from runstore.cli.completing import ARTIFACT, PROJECT
from runstore.cli.examples import examples
from runstore.cli.stores import store_option
from runstore.cli.terminal import clip, print_table, show_size
from runstore.cli.words import counted, printable
from runstore.errors import StoreError, UsageError
from runstore.format.layout import DEFAULT_PROJECT, StoreLayout
from runstore.format.locate import existing_store
from runstore.format.records import create_store, load_store
from runstore.settings import from_environment

_F = TypeVar("_F", bound=Callable[..., Any])

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
project_option = click.option(
    "--project",
    metavar="NAME",
    type=PROJECT,
    help="The project. Default: the one named, else the only one that has the artifact.",
)


def _common(command: _F) -> _F:
    return store_option(project_option(json_option(command)))


@click.group(short_help="List, fetch, add, check and tidy artifacts.")
def artifact() -> None:
    """List, fetch, add, check and tidy artifacts: named, versioned files that go into runs and come out of them."""


@artifact.command(
    "ls",
    epilog=examples(
        "runstore artifact ls",
        "runstore artifact ls digits-model  # its versions",
        "runstore artifact ls --type model --json",
    ),
)
@click.argument("name", required=False, type=ARTIFACT)
@_common
@click.option("--type", "kind", metavar="TYPE", help="Only artifacts of this type.")
def list_artifacts(name: str | None, store: Path | None, project: str | None, as_json: bool, kind: str | None) -> None:
    """List the artifacts there are, or the versions of NAME."""
    layout = _open(store)
    if name is not None:
        _list_versions(_collection(layout, name, project), as_json=as_json)
        return
    found = [each for each in read_collections(layout, project) if each.versions and kind in (None, each.type)]
    if as_json:
        _print_json([each.versions[-1].describe() | {"versions": len(each.versions)} for each in found])
    elif found:
        _print_collections(found)
    else:
        click.echo("no artifacts yet")
    _warn([problem for each in found for problem in each.problems])


def _list_versions(collection: Collection, *, as_json: bool) -> None:
    if as_json:
        _print_json([version.describe() for version in collection.versions])
        return
    columns = ["VERSION", "ALIASES", "TYPE", "FILES", "SIZE", "CREATED", "RUN"]
    rows: list[list[str | Text]] = [
        [
            version.version,
            clip(", ".join(version.aliases)),
            clip(version.type),
            str(version.file_count),
            show_size(version.size),
            version.head.created[:16].replace("T", " "),
            version.run,
        ]
        for version in reversed(collection.versions)
    ]
    print_table(columns, rows, right=("FILES", "SIZE"))
    _warn(collection.problems)


def _print_collections(found: Sequence[Collection]) -> None:
    columns = ["PROJECT", "NAME", "TYPE", "VERSIONS", "LATEST", "ALIASES", "SIZE", "CREATED"]
    rows: list[list[str | Text]] = [
        [
            each.project,
            clip(each.name),
            clip(each.type),
            str(len(each.versions)),
            each.versions[-1].version,
            clip(", ".join(alias for alias in sorted(each.aliases) if alias != names.LATEST)),
            show_size(each.versions[-1].size),
            each.versions[-1].head.created[:16].replace("T", " "),
        ]
        for each in found
    ]
    print_table(columns, rows, right=("VERSIONS", "SIZE"))


@artifact.command(
    "get",
    epilog=examples(
        "runstore artifact get digits-model:best",
        "runstore artifact get digits/digits-model:v3 -o model",
    ),
)
@click.argument("name", type=ARTIFACT)
@_common
@click.option(
    "-o", "--output", metavar="DIR", type=click.Path(path_type=Path), help="Where to. Default: ./artifacts/NAME:vN."
)
@click.option("--prefix", metavar="TEXT", help="Only files whose path starts so.")
@click.option("--allow-missing-references", is_flag=True, help="Leave out references that cannot be fetched.")
def get_artifact(
    name: str,
    store: Path | None,
    project: str | None,
    as_json: bool,
    output: Path | None,
    prefix: str | None,
    allow_missing_references: bool,
) -> None:
    """Bring the files of NAME (name, name:alias, project/name:v3) to a directory, and print its path."""
    found = Artifact.of(_version(_open(store), name, project))
    place = found.download(output, allow_missing_references, path_prefix=prefix)
    if as_json:
        _print_json({"name": found.name, "path": place, "files": len(found.manifest.entries)})
    else:
        click.echo(place)


@artifact.command(
    "put",
    epilog=examples(
        "runstore artifact put digits-data data/ --type dataset",
        "runstore artifact put digits-data data/train.csv --alias fixed",
    ),
)
@click.argument("name", type=ARTIFACT)
@click.argument("path", nargs=-1, required=True)
@_common
@click.option("--type", "kind", default="unspecified", metavar="TYPE", help="Its type, such as dataset or model.")
@click.option("--alias", "aliases", multiple=True, metavar="ALIAS", help="A name for this version; may be repeated.")
@click.option("--description", metavar="TEXT", help="What it is.")
def put_artifact(
    name: str,
    path: tuple[str, ...],
    store: Path | None,
    project: str | None,
    as_json: bool,
    kind: str,
    aliases: tuple[str, ...],
    description: str | None,
) -> None:
    """Make a version of NAME (or project/name) that holds each PATH: files, directories, addresses."""
    layout = StoreLayout(store if store is not None else from_environment().store_root())
    create_store(layout)
    place, own_name = names.parse_target(name)
    draft = Artifact(own_name, kind, description)
    for each in path:
        _add(draft, each)
    policy.apply(layout)
    target = names.check_project(place or project or from_environment().project or DEFAULT_PROJECT)
    version = publishing.publish(layout, target, draft.release(aliases, ()))
    if as_json:
        _print_json(version.describe())
    else:
        click.echo(version.qualified_name)


def _add(draft: Artifact, path: str) -> None:
    if "://" in path:
        draft.add_reference(path)
    elif os.path.isdir(path):
        draft.add_dir(path)
    else:
        draft.add_file(path)


@artifact.command(
    "verify",
    epilog=examples(
        "runstore artifact verify",
        "runstore artifact verify digits-model:v3",
    ),
)
@click.argument("name", required=False, type=ARTIFACT)
@_common
@click.pass_context
def verify_artifacts(
    context: click.Context, name: str | None, store: Path | None, project: str | None, as_json: bool
) -> None:
    """Read everything that the artifacts of the store hold, or NAME; exit with 1 if anything is missing or damaged."""
    layout = _open(store)
    source = checks.problems(layout) if name is None else checks.version_problems(_version(layout, name, project))
    found = list(source)
    if as_json:
        _print_json([asdict(problem) for problem in found])
    else:
        for problem in found:
            click.echo(printable(str(problem)))
        click.echo(f"{counted(len(found), 'problem')} in the artifacts of {printable(str(layout.root))}", err=True)
    context.exit(1 if found else 0)


@artifact.command(
    "gc",
    epilog=examples(
        "runstore artifact gc",
    ),
)
@store_option
@json_option
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@click.option("--expired", is_flag=True, help="First move versions past their lifetime (ttl) to the trash.")
@click.option("--empty-trash", is_flag=True, help="First forget the deleted versions for good.")
@click.option(
    "--older-than",
    type=click.FloatRange(0),
    default=gc.YOUNG_SECONDS / 3600,
    show_default=True,
    metavar="HOURS",
    help="Leave content alone that was stored later: a run may be about to name it.",
)
def collect_garbage(
    store: Path | None, as_json: bool, dry_run: bool, expired: bool, empty_trash: bool, older_than: float
) -> None:
    """Remove content that no version needs."""
    layout = _open(store)
    if empty_trash and not dry_run:
        gc.empty_trash(layout)
    done = gc.collect(layout, dry_run=dry_run, expired=expired, young=older_than * 3600)
    if as_json:
        _print_json(asdict(done))
        return
    would = "would remove" if dry_run else "removed"
    for version in done.expired:
        click.echo(f"{would} {printable(version)}: its lifetime is over")
    click.echo(f"{would} {counted(done.blobs, 'blob')}, {show_size(done.size)}; {done.kept} are needed")
    if done.young:
        click.echo(f"{counted(done.young, 'blob')} that nothing needs yet: too young to tell")


@artifact.command(
    "alias",
    epilog=examples(
        "runstore artifact alias digits-model:v3 production",
        "runstore artifact alias digits-model:v3 production --remove",
    ),
)
@click.argument("name", type=ARTIFACT)
@click.argument("alias", nargs=-1, required=True)
@_common
@click.option("--remove", is_flag=True, help="Take them away instead.")
def set_alias(
    name: str, alias: tuple[str, ...], store: Path | None, project: str | None, as_json: bool, remove: bool
) -> None:
    """Give the version NAME each ALIAS, which other versions then lose."""
    version = _version(_open(store), name, project)
    wanted = names.check_aliases(alias)
    version = publishing.unlabel(version, wanted) if remove else publishing.label(version, wanted)
    if as_json:
        _print_json(version.describe())
    else:
        click.echo(f"{version.qualified_name} is {printable(', '.join(version.aliases)) or 'called nothing else'}")


@artifact.command(
    "rm",
    epilog=examples(
        "runstore artifact rm digits-model:v3",
    ),
)
@click.argument("name", type=ARTIFACT)
@_common
@click.option("--force", is_flag=True, help="Even if it has aliases of its own.")
def remove_version(name: str, store: Path | None, project: str | None, as_json: bool, force: bool) -> None:
    """Move the version NAME (name:v3) to the trash; `runstore artifact restore` brings it back."""
    version = _version(_open(store), _with_version(name), project)
    own = [alias for alias in version.aliases if alias != names.LATEST]
    if own and not force:
        raise UsageError(f"{version.qualified_name} is called {', '.join(own)}; pass --force to delete it all the same")
    publishing.delete(version)
    if as_json:
        _print_json(version.describe())
    else:
        click.echo(f"{version.qualified_name} is in the trash")


@artifact.command(
    "restore",
    epilog=examples(
        "runstore artifact restore digits-model:v3",
    ),
)
@click.argument("name", type=ARTIFACT)
@_common
def restore_version(name: str, store: Path | None, project: str | None, as_json: bool) -> None:
    """Bring the version NAME (name:v3) back from the trash."""
    layout, spec = _open(store), names.parse_spec(_with_version(name))
    place = _project_of(layout, spec, project)
    number = names.version_number(spec.alias)
    if number is None:
        raise UsageError(f"{name!r} names no version; write name:v3")
    version = publishing.restore(layout, place, spec.name, number)
    if as_json:
        _print_json(version.describe())
    else:
        click.echo(f"{version.qualified_name} is back")


def _with_version(name: str) -> str:
    if ":" not in name:
        raise UsageError(f"{name!r} names no version; write name:v3 or name:alias")
    return name


def _open(path: Path | None) -> StoreLayout:
    layout = existing_store(path if path is not None else from_environment().store_root())
    load_store(layout.store_yaml)
    return layout


def _project_of(layout: StoreLayout, spec: Spec, project: str | None) -> str:
    """The project that is meant: named, set, or the only one that has such an artifact. Raises `StoreError`."""
    if place := spec.project or project:
        return names.check_project(place)
    having = [each.name for each in layout.projects() if each.artifact(spec.name).path.is_dir()]
    wished = from_environment().project
    if not having and len(known := [each.name for each in layout.projects()]) > 1:
        raise StoreError(f"{layout.root}: no project has an artifact {spec.name!r}; there are {', '.join(known[:10])}")
    if not having and not wished and known:
        return known[0]
    if wished in having or not having:
        return names.check_project(wished or DEFAULT_PROJECT)
    if len(having) == 1:
        return having[0]
    shown = ", ".join(f"{each}/{spec.name}" for each in having[:5])
    raise StoreError(
        f"{layout.root}: {len(having)} projects have an artifact {spec.name!r} ({shown}); name one of these"
    )


def _version(layout: StoreLayout, name: str, project: str | None) -> Version:
    spec = names.parse_spec(name)
    return find_version(layout, spec, _project_of(layout, spec, project))


def _collection(layout: StoreLayout, name: str, project: str | None) -> Collection:
    spec = names.parse_spec(name)
    place = _project_of(layout, spec, project)
    found = read_collection(layout, layout.project(place), spec.name)
    if not found.versions:
        find_version(layout, spec, place)
    return found


def _warn(problems: Sequence[StoreError]) -> None:
    if problems:
        hint = "`runstore artifact verify` lists all"
        click.echo(f"runstore: warning: {printable(clip(str(problems[0]), 300))}; {hint}", err=True)


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))
