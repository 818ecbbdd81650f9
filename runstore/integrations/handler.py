"""What `logging` is told, in the run's log: with time, level and logger, also where nothing of it is printed.

    from runstore.integrations import handler

    handler.attach("mylibrary", level="INFO")

The console log has whatever a logger prints to the terminal already: attach where it prints nothing.
"""

import logging
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from runstore.recording import current

if TYPE_CHECKING:
    from runstore.recording.run import Run

FORMAT: Final = "%(asctime)s %(levelname)-8s %(name)s: %(message)s"
"""How a record becomes a line, unless a formatter says otherwise."""


class RunHandler(logging.Handler):
    """Writes records from `level` on to the log of a run: of the given one, else of whichever is current then.

    Without a run, or after its end, nothing is written; a run with `console="off"` has no log. Nothing is raised, and
    what is logged while a record is being written is left out. A context manager, which detaches it.
    """

    def __init__(self, level: int | str = logging.INFO, run: "Run | None" = None) -> None:
        super().__init__(level)
        self.setFormatter(logging.Formatter(FORMAT))
        self._run = run
        self._busy = threading.local()
        self._loggers: list[logging.Logger] = []

    def emit(self, record: logging.LogRecord) -> None:
        if getattr(self._busy, "writes", False):
            return
        self._busy.writes = True
        try:
            run = self._run or current.get()
            if run is not None and not run.over:
                run.write_logs(self.format(record))
        except Exception:  # A record that cannot be formatted, a run that just ended: who logs must not suffer.
            pass
        finally:
            self._busy.writes = False

    def attach(self, logger: logging.Logger | str | None = None) -> Self:
        """Listens to a logger, by itself or its name, or to all of them; to the same one once."""
        found = logger if isinstance(logger, logging.Logger) else logging.getLogger(logger)
        if self not in found.handlers:
            found.addHandler(self)
            self._loggers.append(found)
        return self

    def detach(self) -> None:
        """Listens no more."""
        while self._loggers:
            self._loggers.pop().removeHandler(self)

    def close(self) -> None:
        self.detach()
        super().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def attach(
    logger: logging.Logger | str | None = None, level: int | str = logging.INFO, run: "Run | None" = None
) -> RunHandler:
    """A handler that listens to a logger, or to all. Records below the logger's own level never come to it.

    Raises `ValueError` for a level that there is not.
    """
    return RunHandler(level, run).attach(logger)
