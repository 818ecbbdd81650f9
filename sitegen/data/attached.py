"""What a run logged beside numbers, as its page shows it: a panel for each key, and the files and data behind it."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal

import orjson

from runstore.reading.store import RunRecord
from runstore.reading.typed import TypedValue, typed_values
from sitegen.data.histograms import heat_map, histogram_item
from sitegen.data.plots import plot_item
from sitegen.data.shards import shard
from sitegen.data.stubs import Files, Item, Make, item, text
from sitegen.data.tables import Part, table_item

Place = Literal["media", "tables"]
_PLACES: Final[tuple[Place, ...]] = ("tables", "media")

TABLE: Final = "table-file"
PLOTLY: Final = "plotly-file"
FRAMED: Final = frozenset({PLOTLY, "html-file"})
"""What is shown in a frame without rights, and nowhere else."""
SYNTHETIC: Final = frozenset({"histogram", "plot"})
"""Typed values that are no files of their own."""


@dataclass(frozen=True, slots=True)
class PanelHead:
    """One panel as the page lists it: its key, where it stands, how many steps it has and the data file it loads."""

    key: str
    place: Place
    kind: str
    steps: int
    name: str


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """One file of the run's folder on the site: its path there, a digest of what it is made of, and how it is made."""

    path: str
    digest: str
    make: Make


def panel_heads(run: RunRecord) -> list[PanelHead]:
    """The panels of a run, by key: known without opening a media file."""
    return [head for head, _ in _panels(run)]


def _panels(run: RunRecord) -> Iterator[tuple[PanelHead, list[TypedValue]]]:
    by_key: dict[str, list[TypedValue]] = {}
    for value in typed_values(run):
        by_key.setdefault(value.key, []).append(value)
    for key in sorted(by_key):
        values = by_key[key]
        for place in _PLACES:
            own = [value for value in values if (value.stub["_type"] == TABLE) == (place == "tables")]
            if own:
                kind = str(own[-1].stub["_type"]).removesuffix("-file")
                yield PanelHead(key, place, kind, len(own), _name(run.id, place, own)), own


def _name(run: str, place: str, values: Sequence[TypedValue]) -> str:
    """No two runs have the same: what is left of a file may differ between them, and a project's page loads both."""
    state = hashlib.sha256(f"{run}\0{place}".encode())
    for value in values:
        state.update(orjson.dumps([value.key, value.step, value.stub], default=str))
    return "p" + state.hexdigest()[:16]


def attached_files(run: RunRecord, problems: list[str]) -> Iterator[AttachedFile]:
    """Every file behind a run's panels. What cannot be drawn is noted in `problems`, one line each."""
    files = Files(run)
    for head, values in _panels(run):
        payload: dict[str, Any] = {"items": []}
        files.lost = files.damaged = files.rows = 0
        known: dict[str, list[Part]] = {}
        for value in values:
            payload["items"].append(_item(value, files, known, problems))
            # Handed on one by one, so that one table at a time is in memory.
            yield from _taken(files)
        problems.extend(_losses(head, files))
        if head.kind == "histogram" and (heat := heat_map(payload["items"])):
            payload["heat"] = heat
        content = shard(head.name, payload)
        files.put(f"media/{head.name}.js", hashlib.sha256(content).hexdigest()[:16], partial(bytes, content))
        yield from _taken(files)


def _losses(head: PanelHead, files: Files) -> Iterator[str]:
    """What of a panel is no longer in the store, in lines."""
    key = text(head.key, 100)
    if files.lost:
        yield f"{key!r}: files that cannot be read: {files.lost}; restore them from a copy of the store"
    if files.damaged:
        yield f"{key!r}: files of another size than was logged: {files.damaged}; restore them from a copy of the store"
    if files.rows:
        yield f"{key!r}: rows of tables that cannot be read: {files.rows}; restore the Parquet files beside them"


def _taken(files: Files) -> Iterator[AttachedFile]:
    for path, (digest, make) in files.take():
        yield AttachedFile(path, digest, make)


def _item(value: TypedValue, files: Files, known: dict[str, list[Part]], problems: list[str]) -> Item:
    kind = value.stub["_type"]
    if kind == TABLE:
        made = table_item(value, files, known)
    elif kind == "histogram":
        made = histogram_item(value)
    elif kind == "plot":
        made = plot_item(value, files, problems)
    else:
        made = {**item(value.stub, files), "step": value.step}
    return {**made, "writer": value.writer}
