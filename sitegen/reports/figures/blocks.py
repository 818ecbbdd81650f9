"""The fenced blocks of a report that are no text: panels, tables of groups or runs, the lineage of artifacts."""

import re
from dataclasses import dataclass
from typing import Final

from runstore.format import yaml12
from runstore.format.sections import Section
from runstore.format.yaml_text import YamlError
from sitegen.data.sweeps import Sweep
from sitegen.reports.figures.known import RunSets
from sitegen.reports.figures.panels import MOST_COLUMNS, PanelSpec, kind_of, read_panel
from sitegen.reports.mistakes import ReportError, ReportSource
from sitegen.reports.runsets import RunSet

WORDS: Final = frozenset({"panel", "panels", "table", "runs", "lineage"})
"""The first words of the fences that are blocks."""
LARGEST: Final = 200_000
"""Characters that one block may have."""
MOST: Final = 300
"""Blocks that one report may have."""

_ID: Final = re.compile(r"(?:fig|tab|tbl)-[A-Za-z0-9_-]{1,60}")
_MOST_PANELS: Final = 60


@dataclass(frozen=True, slots=True)
class Head:
    """What every block has: its place in the file, what it is cited by, and its caption with its own line."""

    line: int
    id: str = ""
    caption: str = ""
    caption_line: int = 0

    @property
    def is_numbered(self) -> bool:
        """Whether it is a figure or a table with a number: one that nobody can cite needs none."""
        return bool(self.id or self.caption)


@dataclass(frozen=True, slots=True)
class PanelGrid:
    """Panels over the runs of one or several sets of a project, or over a sweep's, in so many columns."""

    head: Head
    sets: tuple[RunSet, ...]
    panels: tuple[PanelSpec, ...]
    columns: int
    sweep: Sweep | None
    source: str

    @property
    def projects(self) -> set[str]:
        """The projects that it shows something of."""
        return {each.project.name for each in self.sets}


def section_of(text: str, line: int) -> Section:
    """The YAML of a block whose first line is the file's `line`. Raises `ReportError`."""
    if len(text) > LARGEST:
        raise ReportError(f"found a block of {len(text)} characters, expected at most {LARGEST}; split it", line)
    try:
        values = yaml12.load(text)
        lines = yaml12.lines(text)
    except YamlError as error:
        where = line + max(error.line - 1, 0)
        raise ReportError(f"found broken YAML: {error}; expected key: value", where) from None
    return Section({} if values is None else values, ReportSource("", lines, ReportError, line))


def head_of(section: Section, line: int) -> Head:
    """What a block says of itself. Raises `ReportError`."""
    name = section.text("id")
    if name and not _ID.fullmatch(name):
        section.fail("id", repr(name), "fig- or tab- and letters, digits, - and _", "name it as in fig-accuracy")
    at = section.source.line((*section.path, "caption"))
    first = getattr(section.source, "first", 1)
    return Head(line, name, section.text("caption"), first + at - 1 if at else line)


def read_panels(word: str, text: str, line: int, sets: RunSets) -> PanelGrid:
    """A block of one panel, or of several in a grid. Raises `ReportError` for the first mistake."""
    section = section_of(text, line)
    head = head_of(section, line)
    if word == "panel":
        inner, columns = [section], 1
    else:
        section.only(("id", "caption", "runs", "sweep", "columns", "panels"))
        columns = section.integer("columns", 2, least=1, most=MOST_COLUMNS)
        inner = _inner(section)
    sweep = sets.sweep(section) if "sweep" in section else None
    found = sets.over(section, sweep)
    subject = sets.subject(found[0])
    panels = []
    for each in inner:
        _check_place(each, section, sweep)
        kind = kind_of(each)
        if kind.of_sweep and sweep is None:
            section.fail(None, "no sweep", f"sweep: the id of one, for a panel of the kind {kind.name}", "add sweep:")
        own = ("id", "caption") if word == "panel" else ()
        panels.append(read_panel(each, subject.known(sweep), kind, own))
    return PanelGrid(head, found, tuple(panels), columns, sweep, text)


def _inner(section: Section) -> list[Section]:
    items = section.items("panels", "write a list, each with its type:")
    if len(items) > _MOST_PANELS:
        section.fail("panels", f"{len(items)} panels", f"at most {_MOST_PANELS}", "make several blocks")
    return [
        Section(item, section.source, (*section.path, "panels", at), "write type: and what it shows")
        for at, item in enumerate(items)
    ]


def _check_place(each: Section, block: Section, sweep: Sweep | None) -> None:
    """Panels of a grid share their runs: those of one panel belong to the block."""
    if each is block:
        return
    for key in ("runs", "sweep"):
        if key in each:
            each.fail(
                key, f"{key}: in a panel of a grid", f"{key}: of the block", "move it up, or make it a panel block"
            )
