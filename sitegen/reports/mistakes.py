"""Mistakes in a report: each has the line of the report's file on which it stands."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from runstore.errors import RunstoreError, UsageError
from runstore.format.sections import Path, Source

NOTHING: Final = "\N{EN DASH}"
"""In place of a value that is not there."""


class Mistake(NamedTuple):
    """What is wrong on a line of the report's file (from 1; 0 where the whole report is meant), and how to mend it."""

    line: int
    message: str


class ReportError(RunstoreError):
    """A mistake in a report, in one line. `line` is that of the report's file, 0 where who raises it does not know."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


class FollowsError(ReportError):
    """What cannot be done because of a mistake elsewhere, which is told there: it is said in its place on the page, and
    is none of the report's mistakes."""


@dataclass(frozen=True)
class ReportSource(Source):
    """YAML inside a report, whose first line is the file's `first`: its mistakes know their lines."""

    first: int = 1

    def error(self, path: Path, text: str) -> ReportError:
        line = self.line(path)
        name = super().error(path, text)
        message = str(name).removeprefix(f"line {line}: ") if line else str(name)
        return ReportError(message, self.first + (line or 1) - 1)


@dataclass
class Mistakes:
    """Those that were met so far. What is wrong in one place is no reason to leave the rest undone."""

    found: list[Mistake] = field(default_factory=list)

    def add(self, line: int, message: str) -> None:
        self.found.append(Mistake(line, message))

    @contextmanager
    def caught(self, line: int = 0) -> Iterator[None]:
        """Inside the block a mistake is noted, and the block left. `line` is where it stands if it does not say."""
        try:
            yield
        except ReportError as error:
            self.add(error.line or line, str(error))
        except UsageError as error:
            self.add(line, str(error))
