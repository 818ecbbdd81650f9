"""What a run does beside its rows: each such thing is a part, made when it is first asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runstore.format.layout import ProjectLayout, RunLayout, StoreLayout, WriterLayout
from runstore.recording.linefile import LineFile, Lines, NoLines
from runstore.recording.saver import Saver
from runstore.recording.trouble import Trouble
from runstore.settings import RunSettings


@dataclass(frozen=True, slots=True)
class Desk:
    """What the parts of one run share.

    `writer` names the files that are this attempt's or rank's alone. `say` prints lines to the terminal unless the
    run is silent; `warn` does so for warnings; `log` is the run's own. `on_disk` is False for a disabled run, whose
    parts touch no file.
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

    def open_lines(self, path: Path) -> Lines:
        """An append-only file of this writer's; one that cannot be opened is said and done without. Not safe for
        threads."""
        if not self.on_disk:
            return NoLines()
        try:
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
