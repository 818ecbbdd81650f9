"""The run that drafts belong to, and the store that is meant where none is named. The room of runs, which is above
this one, says which run is current."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runstore.format.layout import StoreLayout
from runstore.settings import in_force


@dataclass(frozen=True, slots=True)
class Host:
    """A live run that drafts belong to: its store and project, and how it logs an artifact.

    `on_disk` is False for a run that leaves nothing behind.
    """

    store: StoreLayout
    project: str
    log: Callable[[Any], Any]
    on_disk: bool = True


_chosen: ContextVar[Host | None] = ContextVar("host", default=None)
_ask: Callable[[], Host | None] | None = None
_named_root: Path | None = None


def ask(current: Callable[[], Host | None]) -> None:
    """Sets who knows the run that is current."""
    global _ask
    _ask = current


def host() -> Host | None:
    """The run that files are for, None when there is none: see `using`, else the current one."""
    return _chosen.get() or (_ask() if _ask is not None else None)


def began(root: Path | None) -> None:
    """Notes which store the last run of this process was begun in, None when its script did not say: then the working
    directory does, which may be another by now."""
    global _named_root
    _named_root = root


def default_root() -> Path:
    """The store that is meant where none is named: the current run's, else the last run's of this process where its
    script named one, else the one that a run started here would have. It need not exist. Raises `RunstoreError`."""
    if (current := host()) is not None and current.on_disk:
        return current.store.root
    return _named_root or in_force().store_root()


@contextmanager
def using(chosen: Host) -> Iterator[None]:
    """Inside the block files are for this run, whichever is current."""
    token = _chosen.set(chosen)
    try:
        yield
    finally:
        _chosen.reset(token)
