"""The fenced blocks of a report that are no text: panels, tables of groups or runs, the lineage of artifacts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from runstore.format import yaml12
from runstore.format.sections import Section
from runstore.format.yaml_text import YamlError
from sitegen.data.sweeps import Sweep
from sitegen.reports.figures.known import RunSets
from sitegen.reports.figures.panels import MOST_COLUMNS, PanelSpec, kind_of, panel_of_mistake, read_panel
from sitegen.reports.figures.settings import Known
from sitegen.reports.mistakes import Mistake, Mistakes, ReportError, ReportSource
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
    """Panels over the runs of one or several sets of a project, or over a sweep's, in so many columns. `mistakes` are
    those of panels that cannot be drawn, which show theirs."""

    head: Head
    sets: tuple[RunSet, ...]
    panels: tuple[PanelSpec, ...]
    columns: int
    sweep: Sweep | None
    source: str
    mistakes: tuple[Mistake, ...] = ()

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
    """A block of one panel, or of several in a grid. Raises `ReportError` for the first mistake of the block itself, or
    of the only panel; one of a grid that is wrong leaves its neighbours."""
    section = section_of(text, line)
    head = head_of(section, line)
    if word == "panels":
        section.only(("id", "caption", "runs", "sweep", "columns", "panels"))
        columns = section.integer("columns", 2, least=1, most=MOST_COLUMNS)
        items = _items(section)
    sweep = sets.sweep(section) if "sweep" in section else None
    found = sets.over(section, sweep)
    known = sets.subject(found[0]).known(sweep)
    if word == "panel":
        return PanelGrid(head, found, (_panel(section, section, sweep, known),), 1, sweep, text)
    panels, mistakes = [], Mistakes()
    for at, item in enumerate(items):
        try:
            panels.append(_panel(_inner(section, at, item), section, sweep, known))
        except ReportError as error:
            mistakes.add(error.line, str(error))
            panels.append(panel_of_mistake(error, item.get("width") if isinstance(item, Mapping) else None))
    return PanelGrid(head, found, tuple(panels), columns, sweep, text, tuple(mistakes.found))


def _panel(each: Section, block: Section, sweep: Sweep | None, known: Known) -> PanelSpec:
    """A panel of a block, which may be the block itself. Raises `ReportError`."""
    _check_place(each, block)
    kind = kind_of(each)
    if kind.of_sweep and sweep is None:
        block.fail(None, "no sweep", f"sweep: the id of one, for a panel of the kind {kind.name}", "add sweep:")
    return read_panel(each, known, kind, ("id", "caption") if each is block else ())


def _items(section: Section) -> list[Any]:
    items = section.items("panels", "write a list, each with its type:")
    if len(items) > _MOST_PANELS:
        section.fail("panels", f"{len(items)} panels", f"at most {_MOST_PANELS}", "make several blocks")
    return items


def _inner(section: Section, at: int, item: Any) -> Section:
    return Section(item, section.source, (*section.path, "panels", at), "write type: and what it shows")


def _check_place(each: Section, block: Section) -> None:
    """Panels of a grid share their runs: those of one panel belong to the block."""
    if each is block:
        return
    for key in ("runs", "sweep"):
        if key in each:
            each.fail(
                key, f"{key}: in a panel of a grid", f"{key}: of the block", "move it up, or make it a panel block"
            )
