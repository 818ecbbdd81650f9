"""What a page hands to its text: the values, claims, links, figures and sources that the text speaks of."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from markupsafe import Markup

from sitegen.reports.mistakes import ReportError
from sitegen.reports.text.citations import Bibliography


@dataclass(frozen=True, slots=True)
class Label:
    """What a reference to a figure, a table or an equation reads, "Figure 3", and where it leads, "#fig-accuracy"."""

    text: str
    href: str


@dataclass(frozen=True, slots=True)
class Link:
    """A link to a page of the site."""

    text: str
    href: str


@dataclass(frozen=True, slots=True)
class ClaimShown:
    """Whether a claim holds, and what was found: "0.9431 from 5 runs"."""

    state: Literal["holds", "fails", "unknown"]
    said: str


@dataclass(frozen=True, slots=True)
class ImageShown:
    """Where a page finds an image, and its size in pixels."""

    src: str
    width: int
    height: int


def _no_value(expression: str, line: int) -> str:
    raise ReportError(f"found {{{{ {expression} }}}} where no values are known; write the number", line)


def _no_claim(check: str, line: int) -> ClaimShown:
    return ClaimShown("unknown", "claims are not checked here")


def _nothing(name: str, line: int) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Scope:
    """What one page's text may use. Every function is given the line of the report's file, and may raise `ReportError`:
    the text then shows the mistake in its place.

    `blocks` has, for each fence of `Markdown.fences`, the HTML in its place; items are taken in the text's order, each
    when it is reached. `cited` are the keys that were cited so far, by number: captions and text of a page share them.
    """

    blocks: Sequence[Markup] = ()
    labels: Mapping[str, Label] = field(default_factory=dict)
    value: Callable[[str, int], str] = _no_value
    claim: Callable[[str, int], ClaimShown] = _no_claim
    link: Callable[[str, int], Link | None] = _nothing
    image: Callable[[str, int], ImageShown | None] = _nothing
    bibliography: Bibliography | None = None
    cited: dict[str, int] = field(default_factory=dict)
