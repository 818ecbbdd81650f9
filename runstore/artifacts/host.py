"""The run that drafts belong to. The room of runs, which is above this one, says which is current."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from runstore.format.layout import StoreLayout


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


def ask(current: Callable[[], Host | None]) -> None:
    """Sets who knows the run that is current."""
    global _ask
    _ask = current


def host() -> Host | None:
    """The run that files are for, None when there is none: see `using`, else the current one."""
    return _chosen.get() or (_ask() if _ask is not None else None)


@contextmanager
def using(chosen: Host) -> Iterator[None]:
    """Inside the block files are for this run, whichever is current."""
    token = _chosen.set(chosen)
    try:
        yield
    finally:
        _chosen.reset(token)
