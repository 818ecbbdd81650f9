"""A disk under a process that may be killed, or put to sleep, at any operation that changes something."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

_CHANGING = ("link", "unlink", "rename", "replace", "mkdir", "rmdir", "write", "fsync")


class Killed(BaseException):
    """The process is no more: nothing it does has an effect."""


class StoppingDisk:
    """Counts the changing operations of one process at a time, and ends or suspends it before one of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._local = threading.local()
        for name in _CHANGING:
            monkeypatch.setattr(os, name, self._guarded(getattr(os, name)))
        monkeypatch.setattr(os, "open", self._guarded(os.open, creating=True))

    def _guarded(self, real: Callable[..., Any], creating: bool = False) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            before = getattr(self._local, "before", None)
            if before is not None and (not creating or args[1] & os.O_CREAT):
                before()
            return real(*args, **kwargs)

        return call

    def killed_before(self, operation: int, act: Callable[[], Any]) -> Any:
        """What `act` returns; None where the process was killed before its `operation`-th change (from 0)."""
        left = operation

        def before() -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise Killed

        self._local.before = before
        try:
            return act()
        except Killed:
            return None
        finally:
            self._local.before = None

    @contextmanager
    def asleep_before(self, operation: int, act: Callable[[], Any]) -> Iterator[list[Any]]:
        """Runs `act` up to its `operation`-th change, then the body, then the rest of `act`. Yields a list that holds
        what `act` returned, once it did."""
        sleeping, awake, found, errors = threading.Event(), threading.Event(), [], []
        left = operation

        def before() -> None:
            nonlocal left
            left -= 1
            if left == -1:
                sleeping.set()
                awake.wait()

        def run() -> None:
            self._local.before = before
            try:
                found.append(act())
            except BaseException as error:
                errors.append(error)
            finally:
                sleeping.set()

        thread = threading.Thread(target=run)
        thread.start()
        sleeping.wait()
        try:
            yield found
        finally:
            awake.set()
            thread.join()
        if errors:
            raise errors[0]
