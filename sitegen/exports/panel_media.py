"""The pictures that a panel of media shows first, as files of a paper."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from runstore.media.pixels import size_of
from runstore.reading.rows import flatten
from runstore.reading.store import RunRecord
from sitegen.data.stubs import Files
from sitegen.reports.figures.blocks import PanelGrid
from sitegen.reports.figures.panels import PanelSpec

MOST: Final = 8
"""Runs of which a paper has pictures."""
_LARGEST: Final = 5_000_000
_KINDS: Final = ("png", "jpg")


class Picture(NamedTuple):
    """A picture that a run logged last, png or jpg by its bytes."""

    run: str
    kind: str
    content: bytes


def panel_pictures(panel: PanelSpec, grid: PanelGrid) -> tuple[list[Picture], int]:
    """The pictures of the first runs of a panel and how many runs logged some; none for another kind of panel, for
    one of a step that it names, and where what was logged is no picture that papers show."""
    if panel.kind != "media" or "step" in panel.set:
        return [], 0
    runs = {run.id: (each.name_of(run), run) for each in grid.sets for run in each.runs}
    logged = [(name, run, stub) for name, run in runs.values() if (stub := _stub(run, str(panel.set["key"])))]
    return list(_pictures(logged[:MOST])), len(logged)


def _stub(run: RunRecord, key: str) -> dict[str, Any] | None:
    found = dict(flatten(run.summary)).get(key) if run.kinds else None
    return found if isinstance(found, dict) and "_type" in found else None


def _pictures(logged: Sequence[tuple[str, RunRecord, dict[str, Any]]]) -> Iterator[Picture]:
    for name, run, stub in logged:
        content = _content(run, stub)
        size = size_of(content)
        if size and size[0] in _KINDS:
            yield Picture(name, size[0], content)


def _content(run: RunRecord, stub: dict[str, Any]) -> bytes:
    """The file behind a stub, nothing where it is not there, or too large for a paper."""
    found = Files(run).find(stub.get("path"))
    try:
        return found[0].read_bytes() if found and found[1].st_size <= _LARGEST else b""
    except OSError:
        return b""
