"""How the end of the process reaches its runs: an exception, `sys.exit`, SIGTERM, a normal end, and a fork.

The process's hooks (`sys.excepthook`, `sys.exit`, the handler of SIGTERM) are replaced while a run is live, always
call what was there before, and are put back when the last run has ended. Ctrl-C arrives as the exception
KeyboardInterrupt. Nothing here is heard when the process is killed outright: readers see that the heartbeat stopped.

One way to leave is not heard either: `raise SystemExit(n)` outside a run's `with` block, and the same by an `exit` that
was imported from sys before `init`. Python tells nobody of it; such a run counts as finished.
"""

import atexit
import builtins
import logging  # noqa: F401 - has a hook for forks too, which must be there before ours: ours may wait for imports
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType, TracebackType
from typing import Any, Final, NoReturn, Protocol

from runstore.recording.state import Ending, ending_of, ending_of_exception, exit_code_of

SIGINT_EXIT_CODE: Final = 128 + signal.SIGINT
SIGTERM_EXIT_CODE: Final = 128 + signal.SIGTERM


class Ends(Protocol):
    """A run, as far as the process's end is concerned. Both methods must not raise."""

    def end(self, ending: Ending) -> None:
        """Ends the run; nothing when it has ended already."""

    def before_fork(self) -> None:
        """Brings to rest what a fork must not cut in two."""

    def detach(self) -> None:
        """Makes this copy of the run, in a forked child, harmless."""


def live() -> list[Any]:
    """The runs that this process records."""
    return list(_live)


def watch(run: Ends) -> None:
    """Ends `run` with the process, should nobody do it earlier."""
    with _lock:
        if not _live:
            _hooks.install()
        _live.append(run)


def forget(run: Ends) -> None:
    """Undoes `watch`: the run has ended."""
    with _lock:
        if run in _live:
            _live.remove(run)
            if not _live:
                _hooks.remove()


def of_exception(kind: type[BaseException], value: BaseException | None) -> Ending:
    """The ending of a run whose `with` block an exception leaves; one that follows a SIGTERM is a kill."""
    return _hooks.after_signal(ending_of_exception(kind, value))


def interrupt() -> bool:
    """Interrupts the main thread as Ctrl-C does, also where the shell made the process deaf to that.

    False where there is nothing to interrupt: the main thread has ended.
    """
    main = threading.main_thread()
    if main.ident is None or not main.is_alive():
        return False
    if _hooks.busy:  # It ends a run already.
        return True
    if callable(signal.getsignal(signal.SIGINT)):
        # A signal wakes a thread that sleeps or waits for the disk; a mere flag would be seen only then.
        signal.pthread_kill(main.ident, signal.SIGINT)
    elif _hooks.hears_sigterm():
        _hooks.interrupting = True
        signal.pthread_kill(main.ident, signal.SIGTERM)
    else:
        interrupt_thread(main.ident)
    return True


def interrupt_thread(ident: int) -> None:
    """Raises KeyboardInterrupt in a thread, as soon as that runs Python code."""
    import ctypes

    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(ident), ctypes.py_object(KeyboardInterrupt))


def interactive() -> bool:
    """Whether this is a prompt or a notebook, where an exception ends nothing."""
    return _interactive()


@contextmanager
def undisturbed() -> Iterator[None]:
    """While this lasts in the main thread SIGTERM waits: an end that is under way is not cut short."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _hooks.busy += 1
    try:
        yield
    finally:
        _hooks.busy -= 1
        if _hooks.deferred and not _hooks.busy:
            _hooks.deferred = False
            os.kill(os.getpid(), signal.SIGTERM)


class _Leaving(SystemExit):
    """What `sys.exit` raises. When somebody catches it, the process goes on after all."""

    def __del__(self) -> None:
        # Freed under a Python frame: it was caught there. When it ends the process no frame is left.
        if sys is not None and sys._getframe().f_back is not None:
            _hooks.stay(self)


class _Hooks:
    """The process's hooks, and what they learned about its end."""

    def __init__(self) -> None:
        self.busy = 0
        self.deferred = False
        self.interrupting = False
        self._learned: Ending | None = None
        # Which exit it was learned from: its id, as to hold the exception would keep it from ever being freed.
        self._leaving = 0
        self._terminated = False
        self._replaced: list[tuple[Any, str, Any, Any]] = []
        self._sigterm: tuple[Any, Any] | None = None

    def install(self) -> None:
        self._learned = None
        self._terminated = False
        # What calls what was there is made anew each time: whoever wrapped an earlier one may call it from there.
        self._replace(sys, "excepthook", partial(self.on_exception, sys.excepthook))
        self._replace(sys, "exit", self.on_exit)
        if not _interactive():
            self._replace(builtins, "exit", self.on_exit)
            self._replace(builtins, "quit", self.on_exit)
        before = signal.getsignal(signal.SIGTERM)
        handler = partial(self.on_sigterm, before)
        # None: a handler that Python did not set, and could not put back.
        if before not in (None, signal.SIG_IGN) and _handle(signal.SIGTERM, handler):
            self._sigterm = before, handler

    def remove(self) -> None:
        """Puts back what was there, where nobody has put something else on top since."""
        while self._replaced:
            place, name, before, ours = self._replaced.pop()
            if getattr(place, name, None) is ours:
                setattr(place, name, before)
        if self._sigterm is not None:
            before, handler = self._sigterm
            if signal.getsignal(signal.SIGTERM) is handler:
                _handle(signal.SIGTERM, before)
            self._sigterm = None

    def _replace(self, place: Any, name: str, ours: Any) -> None:
        if hasattr(place, name):
            self._replaced.append((place, name, getattr(place, name), ours))
            setattr(place, name, ours)

    def hears_sigterm(self) -> bool:
        """Whether a SIGTERM would come here."""
        return self._sigterm is not None and signal.getsignal(signal.SIGTERM) is self._sigterm[1]

    def ending(self) -> Ending:
        """How the process ends, as far as is known."""
        return ending_of(0) if self._learned is None else self.after_signal(self._learned)

    def after_signal(self, found: Ending) -> Ending:
        """`found`, or a kill where the script's own handler of SIGTERM made it leave."""
        return Ending("killed", found.exit_code or SIGTERM_EXIT_CODE, "SIGTERM") if self._terminated else found

    def stay(self, caught: SystemExit) -> None:
        """The process goes on: the exit was caught."""
        if self._leaving == id(caught):
            self._learned = None

    def on_exception(
        self, before: Any, kind: type[BaseException], value: BaseException, traceback: TracebackType | None
    ) -> None:
        if not _interactive():
            self._learned = ending_of_exception(kind, value)
        before(kind, value, traceback)

    def on_exit(self, status: Any = None, /) -> NoReturn:
        if threading.current_thread() is not threading.main_thread():
            raise SystemExit(status)
        left = _Leaving(status)
        self._leaving = id(left)
        self._learned = ending_of(exit_code_of(status))
        try:
            raise left
        finally:
            del left  # This frame is in its traceback: the two would hold each other.

    def on_sigterm(self, before: Any, number: int, frame: FrameType | None) -> None:
        if self.interrupting:
            self.interrupting = False
            if not self.busy:
                raise KeyboardInterrupt
            return
        if self.busy:
            self.deferred = True
            return
        if callable(before):
            self._terminated = True
            before(number, frame)
            return
        # A second SIGTERM must not cut this short.
        _handle(signal.SIGTERM, signal.SIG_IGN)
        end_all(Ending("killed", SIGTERM_EXIT_CODE, "SIGTERM"))
        _handle(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)


def _interactive() -> bool:
    """Whether this is a prompt, where an exception ends nothing."""
    return hasattr(sys, "ps1")


def _handle(number: signal.Signals, handler: Any) -> bool:
    try:
        signal.signal(number, handler)
    except ValueError:  # Only the main thread may set handlers.
        return False
    return True


def end_all(ending: Ending) -> None:
    """Ends every live run."""
    for run in list(_live):
        run.end(ending)


def _at_exit() -> None:
    ending = _hooks.ending()
    end_all(ending)
    if ending.exit_code == SIGINT_EXIT_CODE:
        # Python forgets that Ctrl-C ended the script as soon as anything, an import's dataclass, calls exec or eval,
        # and would exit with 1: a shell's loop would not see that it was interrupted.
        try:
            exec("raise KeyboardInterrupt")  # noqa: S102
        except KeyboardInterrupt:
            pass


def _before_fork() -> None:
    for run in list(_live):
        run.before_fork()


def _after_fork_in_child() -> None:
    global _lock
    _lock = threading.RLock()
    left, _live[:] = list(_live), []
    for run in left:
        run.detach()
    if left:
        _hooks.remove()


_lock = threading.RLock()
_live: list[Ends] = []
_hooks = _Hooks()
atexit.register(_at_exit)
os.register_at_fork(before=_before_fork, after_in_child=_after_fork_in_child)
