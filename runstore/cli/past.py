"""Reading a store as it was, and saying what of it was left out."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console

from runstore.cli.words import counted, printable
from runstore.reading.revision import StoreAt, store_at


@contextmanager
def past_store(root: Path, revision: str, *, or_none: bool = False) -> Iterator[StoreAt]:
    """The numbers of the store at a revision, as `store_at` gives them. Raises `StoreError`."""
    waiting = Console(stderr=True).status(f"Reading {printable(revision)}")
    with waiting, store_at(root, revision, numbers_only=True, or_none=or_none) as found:
        waiting.stop()
        _warn(found)
        yield found


def _warn(found: StoreAt) -> None:
    if found.left_out:
        what = counted(len(found.left_out), "file")
        first = printable(str(found.left_out[0]))
        click.echo(f"runstore: warning: {what} of commit {found.commit.short} left out; the first: {first}", err=True)
