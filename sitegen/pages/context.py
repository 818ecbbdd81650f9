"""What every page carries, and the small pieces that pages share."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from runstore.reading.problems import Problem

Crumb = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class PageContext:
    """Title, way to the site's root and breadcrumbs (label, link or None for the page itself).

    `path` is the page's own below that root, "" for one that may stand anywhere.
    """

    title: str
    root: str
    crumbs: tuple[Crumb, ...]
    path: str = field(default="", kw_only=True)


@dataclass(frozen=True, slots=True)
class Link:
    """A name and where it leads."""

    name: str
    href: str


@dataclass(frozen=True, slots=True)
class GroupLink:
    """A group with its page and how many runs it has."""

    name: str
    href: str
    count: int


@dataclass(frozen=True, slots=True)
class ReportLink:
    """A report with its page, and its date, or that it is a draft."""

    title: str
    href: str
    brief: str


@dataclass(frozen=True, slots=True)
class ProblemRow:
    """A problem as a page lists it."""

    where: str
    message: str


def problem_rows(problems: Iterable[Problem]) -> tuple[ProblemRow, ...]:
    return tuple(
        ProblemRow(f"{problem.path}, line {problem.line}" if problem.line else problem.path, problem.message)
        for problem in problems
    )


def iso(moment: float | None) -> str | None:
    """An instant (epoch s) as ISO 8601 in UTC, to the second."""
    if moment is None:
        return None
    try:
        return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return None
