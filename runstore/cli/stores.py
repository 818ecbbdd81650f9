"""Which store a command means, and reading it."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from runstore.cli.words import counted, printable
from runstore.errors import StoreError, UsageError
from runstore.format.locate import is_url
from runstore.remote.addresses import Address
from runstore.settings import from_environment

if TYPE_CHECKING:
    from runstore.reading.store import Project, Store
    from runstore.remote.mirror import Depth

Place = Path | Address
"""Where a store is: a directory, or an address such as `s3://bucket/experiments`."""


class _StoreType(click.Path):
    """A store's directory; with `addresses` also a URL that it is read from."""

    def __init__(self, *, addresses: bool) -> None:
        super().__init__(path_type=Path)
        self._addresses = addresses

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str) or not is_url(value):
            return super().convert(value, param, ctx)
        if ctx is not None and ctx.resilient_parsing:
            return None  # A key was pressed: nobody waits for a network.
        address = Address.of(value)
        if address.protocol == "file":
            return Path(address.path)
        return address if self._addresses else to_change(address)


STORE: Final = _StoreType(addresses=False)
STORE_OR_URL: Final = _StoreType(addresses=True)
_DEFAULT: Final = "Default: RUNSTORE_DIR, else the experiments/ that belongs to the working directory."

store_option = click.option("--store", type=STORE, metavar="DIR", help=f"The store's directory. {_DEFAULT}")
readable_store_option = click.option(
    "--store", type=STORE_OR_URL, metavar="DIR", help=f"The store's directory, or its URL. {_DEFAULT}"
)


def to_change(place: Place | None) -> Path | None:
    """The directory of a store that a command changes. Raises `UsageError` for one at an address."""
    if isinstance(place, Address):
        raise UsageError(
            f"{place}: a store at an address is read here, and not changed; copy it with "
            f"`runstore sync {place} DIR`, change DIR, and sync it back"
        )
    return place


def directory_of(place: Place | None, depth: "Depth" = "pages") -> Path:
    """The directory that a store is read from: of one at an address the mirror, which is brought up to date first.

    Without a place the store that a script started here would log to. Raises `StoreError`.
    """
    if place is None:
        return from_environment().store_root()
    if isinstance(place, Path):
        return place
    # Not at the top: stores are mostly here.
    from rich.console import Console

    from runstore.remote.mirror import Mirror

    mirror = Mirror(place.url, depth)
    with Console(stderr=True).status(f"Fetching {place}") as status:
        told = mirror.update(lambda done, total: status.update(f"Fetching {place}: {done} of {total} files"))
    warn_of(told.left_out, str(place))
    return mirror.root


def refresher(address: Address) -> Callable[[], None]:
    """What brings the mirror of an address up to date once more, and shows nothing."""
    from runstore.remote.mirror import Mirror

    mirror = Mirror(address.url)

    def refresh() -> None:
        mirror.update()

    return refresh


def warn_of(left_out: list[str], where: str) -> None:
    """Says that files of a place were left out, with the first of them."""
    if left_out:
        text = f"{where}: {counted(len(left_out), 'file')} left out; the first: {left_out[0]}"
        click.echo(f"runstore: warning: {printable(text)}", err=True)


def open_store(place: Place | None, depth: "Depth" = "pages") -> "Store":
    """Reads the store at `place`, or the one a script started here would log to. Raises `StoreError`."""
    # Not at the top: a command that has nothing to do need not wait for them.
    from rich.console import Console

    from runstore.reading.store import read_store

    root = directory_of(place, depth)
    with Console(stderr=True).status(f"Reading {root}"):
        return read_store(root)


def find_project(store: "Store", name: str) -> "Project":
    """Raises `StoreError` for a project that there is not."""
    for project in store.projects:
        if project.name == name:
            return project
    known = ", ".join(project.name for project in store.projects[:10]) or "no project yet"
    raise StoreError(f"{store.layout.root}: found no project {name!r}; there is {known}")
