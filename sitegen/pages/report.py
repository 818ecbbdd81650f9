"""The page of a report."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from markupsafe import Markup

from sitegen.pages.context import PageContext


@dataclass(frozen=True, slots=True)
class ReportHeading:
    """An entry of the contents."""

    level: int
    text: str
    id: str


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """A claim of the front matter: what is checked, in the report's words if it has some, and what was found.

    `state` is holds, fails or unknown, `word` the same for people.
    """

    claim: str
    text: str
    state: str
    word: str
    said: str


@dataclass(frozen=True, slots=True)
class MistakeRow:
    """A mistake in the report's file; `line` is 0 where the whole of it is meant."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Origin:
    """What the page was made from: a sentence, the commit with its address, and what else there is to say of it."""

    text: str
    commit: str = ""
    href: str = ""
    more: str = ""


class Picture(Protocol):
    """An image of the page, and its size in pixels."""

    @property
    def src(self) -> str: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...


@dataclass(frozen=True, slots=True)
class ReportPage(PageContext):
    """Context of `report.html`. `data` leads to what its panels draw, None without panels; `shape` changes with them.

    `file` is the report's below the store, `minutes` how long it takes to read, `card` the picture that stands for it
    where its link is shared, "" without one.
    """

    status: str
    authors: tuple[str, ...]
    date: str
    description: str
    minutes: int
    file: str
    cover: Picture | None
    card: str
    toc: tuple[ReportHeading, ...]
    html: Markup
    claims: tuple[ClaimRow, ...]
    mistakes: tuple[MistakeRow, ...]
    data: str | None
    shape: str
    origin: Origin

    @property
    def card_file(self) -> str:
        """The file below the site's root of the picture that stands for the report elsewhere; "" without one."""
        return f"{self.path.rpartition('/')[0]}/{self.card}" if self.card else ""

    @property
    def verdict(self) -> str:
        """How many of the claims hold."""
        return verdict([claim.state for claim in self.claims])

    @property
    def failing(self) -> bool:
        return any(claim.state != "holds" for claim in self.claims)


def verdict(states: Sequence[str]) -> str:
    """How many claims of these states hold, in words: those of the front matter and those of the text alike."""
    holding = sum(state == "holds" for state in states)
    if len(states) == 1:
        return "The claim holds" if holding else "The claim is not supported"
    return f"{holding} of {len(states)} claims hold"
