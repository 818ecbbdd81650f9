"""What a run does beside its rows: each such thing is a part, made when it is first asked for."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from runstore.format.layout import ProjectLayout, StoreLayout
from runstore.format.run_layout import RunLayout, WriterLayout
from runstore.recording.linefile import LineFile, Lines, NoLines
from runstore.recording.saver import Saver
from runstore.recording.trouble import Trouble
from runstore.settings import RunSettings


@dataclass(frozen=True, slots=True)
class Desk:
    """What the parts of one run share.

    `writer` names the files that are this attempt's or rank's alone. `say` prints lines to the terminal unless the
    run is silent; `warn` does so for warnings; `log` is the run's own. `on_disk` is False for a disabled run, whose
    parts touch no file. `step` gives the number of the row that gathers values, else of the last one; `runtime`
    the seconds that the run has taken, with those of earlier attempts.
    """

    store: StoreLayout
    project: ProjectLayout
    run: RunLayout
    writer: WriterLayout
    settings: RunSettings
    saver: Saver
    trouble: Trouble
    say: Callable[..., None]
    warn: Callable[[str], None]
    log: Callable[..., None]
    step: Callable[[], int]
    store_media: Callable[[str, int, Any], dict[str, Any] | None]
    on_disk: bool = True
    runtime: Callable[[], float] = time.monotonic

    def open_lines(self, path: Path) -> Lines:
        """An append-only file of this writer's; one that cannot be opened is said and done without. Not safe for
        threads."""
        if not self.on_disk:
            return NoLines()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)  # Somebody may have deleted the run meanwhile.
            return LineFile(path, self.trouble)
        except OSError as error:
            self.trouble.failed(path, error)
            return NoLines()


class Part:
    """One thing that a run does. No method raises for trouble with the disk; all but the first are optional."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def beat(self) -> None:
        """What is due every half minute, from the run's own thread."""

    def end(self) -> None:
        """What is due when the run ends, before its history is closed."""

    def detach(self) -> None:
        """Makes this copy, in a forked child, harmless: nothing is written, no lock is held."""


P = TypeVar("P", bound=Part)


class Parts:
    """The parts of one run that somebody asked for. What goes wrong in one is said and reaches nobody else."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lock = threading.RLock()
        self._made: dict[type[Part], Part] = {}
        self._detached = False

    def get(self, kind: type[P]) -> P:
        """The part of this kind, made when it is first asked for."""
        with self._lock:
            if kind not in self._made:
                self._made[kind] = kind(self._desk)
                if self._detached:  # A part that nobody asked for before the fork is harmless there too.
                    self._made[kind].detach()
            return cast(P, self._made[kind])

    def beat(self) -> None:
        for part in self._all():
            self._carry_out(part, part.beat)

    def end(self) -> None:
        for part in self._all():
            self._carry_out(part, part.end)

    def detach(self) -> None:
        self._lock = threading.RLock()
        self._detached = True
        for part in self._all():
            part.detach()

    def _all(self) -> list[Part]:
        with self._lock:
            return list(self._made.values())

    def _carry_out(self, part: Part, duty: Callable[[], None]) -> None:
        try:
            duty()
        except Exception as error:  # Whatever a part does, the run goes on and ends as it should.
            name = type(part).__name__
            self._desk.trouble.warn_once(f"part {name}", f"{name}.{duty.__name__}: {type(error).__name__}: {error}")
