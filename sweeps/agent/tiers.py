"""Signals to an agent: Ctrl-C in three tiers, and those that say that its machine or its session goes away."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any, Final, Literal

FINISH, STOP, KILL = 1, 2, 3
_LEAVE: Final = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name))
_PASSED_ON: Final = tuple(getattr(signal, name) for name in ("SIGUSR1", "SIGUSR2") if hasattr(signal, name))


@dataclass(frozen=True, slots=True)
class Halt:
    """A trial is to end now. `stopped`: early termination; `killed`: somebody wants it; `returned`: its agent goes, and
    it is for others to take; `superseded`: others took it already."""

    kind: Literal["stopped", "killed", "returned", "superseded"]
    reason: str


class Tiers:
    """What an agent was told by signals. The first Ctrl-C lets the trial finish, the second stops it, the third kills
    it; SIGTERM, SIGHUP and SIGQUIT stop it at once and give it back to the others."""

    def __init__(self, say: Callable[[str], None], *, forward: bool = False) -> None:
        """With `forward` the child gets every signal as soon as the agent does, Ctrl-C too."""
        self.level = 0
        self.leaving = 0
        self._say = say
        self._forward = forward
        self._send: Callable[[int], None] | None = None
        self._interrupt: Callable[[Halt | None], bool] | None = None
        self._before: dict[int, Any] = {}

    @property
    def over(self) -> bool:
        """Whether no other trial is to be taken."""
        return bool(self.level or self.leaving)

    def halt(self) -> Halt | None:
        """Why the trial is to end, None while it may go on."""
        if self.leaving:
            return Halt("returned", f"the agent got {signal.Signals(self.leaving).name}")
        return Halt("killed", "Ctrl-C") if self.level >= STOP else None

    @contextmanager
    def to_child(self, send: Callable[[int], None]) -> Iterator[None]:
        """While this lasts, `send` gets the signals that are for the trial's process."""
        self._send = send
        try:
            yield
        finally:
            self._send = None

    @contextmanager
    def to_function(self, interrupt: Callable[[Halt | None], bool]) -> Iterator[None]:
        """While this lasts, `interrupt` is called, from the signal's handler, when the trial in this very thread is to
        end; first with None, to learn whether an interrupt is no person's Ctrl-C, but the agent's or the run's own."""
        self._interrupt = interrupt
        try:
            yield
        finally:
            self._interrupt = None

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Hears signals while this lasts, where this is the main thread. Those that are ignored stay so."""
        if threading.current_thread() is threading.main_thread():
            for number, handler in self._handlers().items():
                before = signal.getsignal(number)
                if before is not signal.SIG_IGN:
                    self._before[number] = before
                    signal.signal(number, handler)
        try:
            yield
        finally:
            for number, before in self._before.items():
                signal.signal(number, before if before is not None else signal.SIG_DFL)
            self._before.clear()

    def _handlers(self) -> dict[int, Callable[[int, FrameType | None], None]]:
        handlers: dict[int, Callable[[int, FrameType | None], None]] = {signal.SIGINT: self._on_interrupt}
        return {**handlers, **dict.fromkeys(_LEAVE, self._on_leave), **dict.fromkeys(_PASSED_ON, self._on_other)}

    def _on_other(self, number: int, frame: FrameType | None) -> None:
        if self._send is not None:
            self._send(number)
        elif callable(before := self._before.get(number)):
            before(number, frame)

    def _on_leave(self, number: int, frame: FrameType | None) -> None:
        self.leaving = number
        busy = self._send is not None or self._interrupt is not None
        more = "the trial is ended and given back, then the agent ends" if busy else "the agent ends"
        self._say(f"{signal.Signals(number).name}: {more}")
        if self._send is not None:
            self._send(number)
        if self._interrupt is not None and (halt := self.halt()) is not None:
            self._interrupt(halt)

    def _on_interrupt(self, number: int, frame: FrameType | None) -> None:
        if self._interrupt is not None and self._interrupt(None):
            return
        self.level += 1
        busy = self._send is not None or self._interrupt is not None
        if self.level == FINISH:
            more = (
                "the trial may finish, then the agent ends; Ctrl-C again stops the trial" if busy else "the agent ends"
            )
            self._say(f"Ctrl-C: {more}")
        elif busy:
            self._say("Ctrl-C: stopping the trial; once more kills it" if self.level == STOP else "Ctrl-C: killed")
        if self._send is not None and (self._forward or self.level >= STOP):
            self._send(
                signal.SIGINT if self.level == FINISH else signal.SIGTERM if self.level == STOP else signal.SIGKILL
            )
        if self._interrupt is not None and (halt := self.halt()) is not None:
            self._interrupt(halt)
        if not busy and self.level >= STOP:
            raise KeyboardInterrupt
