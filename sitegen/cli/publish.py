"""`runstore publish`: parses, calls one function and prints."""

import json
from pathlib import Path
from typing import Any

import click

from runstore.cli.examples import examples
from runstore.cli.stores import STORE
from runstore.cli.words import printable
from runstore.settings import from_environment
from sitegen.cli.told import progress
from sitegen.publishing.branch import MESSAGE


@click.command(
    short_help="Build the public site, and put it where people see it.",
    epilog=examples(
        "runstore publish --to public",
        "runstore publish --branch gh-pages --dry-run",
        "runstore publish --branch gh-pages --cname runs.example.org",
    ),
)
@click.argument("store", required=False, type=STORE)
@click.option("--to", "folder", type=click.Path(path_type=Path), metavar="FOLDER", help="Into this folder.")
@click.option("--branch", metavar="NAME", help="Onto this branch of --remote, as one commit: gh-pages, say.")
@click.option("--remote", default="origin", show_default=True, help="The remote whose branch it is.")
@click.option("--force", is_flag=True, help="Overwrite the branch, whatever it holds and whoever pushed onto it.")
@click.option("--message", default=MESSAGE, show_default=True, help="Of the commit.")
@click.option("--url", default="", metavar="URL", help="Where the site will stand: for its sitemap and links to it.")
@click.option("--cname", default="", metavar="DOMAIN", help="The domain that GitHub Pages is to serve it at.")
@click.option("--robots", type=click.Choice(["allow", "deny"]), help="What search engines are told. Default: nothing.")
@click.option("--allow", multiple=True, metavar="KIND:FILE", help="A finding that is no secret. FILE may hold * and ?.")
@click.option("--dry-run", is_flag=True, help="Only say what would go out, and what stays in.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def publish(
    context: click.Context, /, store: Path | None, allow: tuple[str, ...], as_json: bool, **chosen: Any
) -> None:
    """Build the public site of STORE, look through it for secrets, and put it into a folder or onto a branch.

    Only projects with visibility: public go out, without what names people, machines and places. Exit code 1: what
    looks like a secret was found, and nothing was published.
    """
    from sitegen.extras import public_site
    from sitegen.publishing.publish import Allowed, Target, prepared, send
    from sitegen.publishing.summary import as_lines, as_values

    target = Target.chosen(
        **{name: chosen[name] for name in ("folder", "branch", "remote", "force", "message", "dry_run")}
    )
    site = public_site(chosen["url"], chosen["cname"], chosen["robots"])
    root = store if store is not None else from_environment().store_root()
    with progress() as report, prepared(root, site, [Allowed.parse(text) for text in allow], report) as found:
        sent = None if found.blocking else send(found, target)
    if as_json:
        click.echo(json.dumps(as_values(found, target, sent), indent=2, ensure_ascii=False))
    for line in () if as_json else as_lines(found, target, sent):
        click.echo(printable(line))
    context.exit(1 if found.blocking else 0)
