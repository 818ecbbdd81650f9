"""The front matter of a report: YAML between two lines of three dashes, at the top of the file."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from runstore.format import yaml12
from runstore.format.sections import Section, shown
from runstore.format.yaml_text import YamlError
from sitegen.reports.mistakes import Mistakes, ReportError, ReportSource
from sitegen.reports.runsets import RunSetSpec, read_sets

LARGEST: Final = 2_000_000
"""Bytes that a report may have."""
STATUSES: Final = ("draft", "published")

_OPEN: Final = re.compile(r"---[ \t]*(?:\r?\n|$)")
_CLOSE: Final = re.compile(r"^(?:---|\.\.\.)[ \t]*\r?$", re.MULTILINE)
KEYS: Final = (
    "title",
    "authors",
    "date",
    "status",
    "description",
    "cover",
    "project",
    "runs",
    "checks",
    "bibliography",
    "as_of",
    "digest",
    "toc",
)
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Check:
    """A claim of the report as it is checked, in the words of the report if it has some."""

    text: str
    claim: str
    line: int


@dataclass(frozen=True, slots=True)
class Front:
    """What a report says of itself. `runs` are its run sets by name; `as_of` is the commit or tag that it is pinned to,
    `digest` what was recorded of the store there; `lines` are those of the keys."""

    title: str = ""
    authors: tuple[str, ...] = ()
    date: str = ""
    status: str = "draft"
    description: str = ""
    cover: str = ""
    project: str = ""
    runs: Mapping[str, RunSetSpec] = field(default_factory=dict)
    checks: tuple[Check, ...] = ()
    bibliography: tuple[str, ...] = ()
    as_of: str = ""
    digest: str = ""
    toc: bool = True
    lines: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Parted:
    """A report's file: its front matter as text and its body, with the line on which each begins."""

    front: str
    front_line: int
    body: str
    body_line: int


def parted(text: str, mistakes: Mistakes) -> Parted:
    """The two parts of a report; a front matter that does not end is taken for text."""
    text = text.removeprefix("\ufeff")
    begins = _OPEN.match(text)
    if begins is None:
        return Parted("", 1, text, 1)
    ends = _CLOSE.search(text, begins.end())
    if ends is None:
        mistakes.add(1, "found a front matter that does not end; close it with a line of three dashes")
        return Parted("", 1, text, 1)
    front = text[begins.end() : ends.start()]
    after = min(ends.end() + 1, len(text))
    return Parted(front, 2, text[after:], text.count("\n", 0, after) + 1)


def read_front(parts: Parted, mistakes: Mistakes) -> Front:
    """What the front matter says. A key that is wrong counts as missing, and is among the `mistakes`."""
    try:
        values = yaml12.load(parts.front)
        lines = yaml12.lines(parts.front)
    except YamlError as error:
        mistakes.add(parts.front_line + max(error.line - 1, 0), f"found broken YAML: {error}; expected key: value")
        return Front()
    if values is None:
        return Front()
    source = ReportSource("", lines, ReportError, parts.front_line)
    found: dict[str, Any] = {}
    with mistakes.caught(parts.front_line):
        section = Section(values, source, mend="write title: …")
        found = read_keys(section, KEYS, mistakes, parts.front_line)
    known = {key: parts.front_line + line - 1 for (key, *rest), line in lines.items() if not rest}
    return Front(**found, lines={str(key): line for key, line in known.items()})


def read_keys(section: Section, known: Sequence[str], mistakes: Mistakes, line: int) -> dict[str, Any]:
    """The values of those keys that are as they should be, of the `known` ones; `line` is where the first stands."""
    found: dict[str, Any] = {}
    for key in section.values:
        with mistakes.caught(line):
            Section({key: 0}, section.source, section.path).only(known)
            found[key] = _SEVERAL[key](section, mistakes) if key in _SEVERAL else _READ[key](section)
    return found


def _text(key: str) -> Any:
    return lambda section: section.text(key).strip()


def _texts(key: str) -> Any:
    return lambda section: (
        (section.text(key),) if isinstance(section.get(key), str) else section.texts(key, "write [a, b]")
    )


def _status(section: Section) -> str:
    return section.choice("status", STATUSES)


def _date(section: Section) -> str:
    text = section.text("date")
    try:
        if not _DATE.fullmatch(text):
            raise ValueError
        date.fromisoformat(text)
    except ValueError:
        section.fail("date", shown(text), "a day", "write it as 2026-11-30")
    return text


def _as_of(section: Section) -> str:
    """A commit may be all digits: YAML takes it for a number then, and its zeros would be lost."""
    value = section.get("as_of")
    if isinstance(value, str) and value.strip():
        return value.strip()
    return section.fail("as_of", shown(value), "a commit or a tag", "put it in quotes")


def _checks(section: Section, mistakes: Mistakes) -> tuple[Check, ...]:
    found = []
    for at, item in enumerate(section.items("checks", "write - mean(…) > 0.9")):
        with mistakes.caught():
            found.append(_check(section, at, item))
    return tuple(found)


def _check(section: Section, at: int, item: Any) -> Check:
    path = (*section.path, "checks", at)
    source = section.source
    line = getattr(source, "first", 1) + (source.line(path) or 1) - 1
    if isinstance(item, str):
        return Check(item, "", line)
    inner = Section(item, source, path, "write a check as text, or {check: …, claim: …}")
    inner.only(("check", "claim"))
    inner.required("check", "what holds")
    return Check(inner.text("check"), inner.text("claim"), line)


_READ: Final[Mapping[str, Any]] = {
    **{key: _text(key) for key in ("title", "description", "cover", "project", "digest")},
    **{key: _texts(key) for key in ("authors", "bibliography")},
    "status": _status,
    "date": _date,
    "as_of": _as_of,
    "toc": lambda section: section.flag("toc", default=True),
}
_SEVERAL: Final[Mapping[str, Callable[[Section, Mistakes], Any]]] = {"runs": read_sets, "checks": _checks}
"""Keys of several things, of which one that is wrong leaves the others."""
