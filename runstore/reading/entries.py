"""What the small files of one run say, each read again only when it changed."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runstore.errors import FormatError, StoreError
from runstore.format.layout import RunLayout
from runstore.format.records import RunMeta, RunState, load_config, load_run, load_state, read_json_object
from runstore.reading.sources import Source


@dataclass(slots=True)
class Entry:
    """One run as the catalogue knows it: its small files, and how far its histories (in merging order) are read.

    `stats` holds size, mtime (ns) and inode of every file in the run's directory; `problems` what was wrong with a
    small file, by name, as (line or 0, message).
    """

    meta: RunMeta
    recorded: RunState | None = None
    config: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)
    stats: dict[str, list[int]] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    problems: dict[str, list[Any]] = field(default_factory=dict)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Entry":
        meta, recorded = values["meta"], values["recorded"]
        return cls(
            **{
                **values,
                "meta": RunMeta(**{**meta, "tags": tuple(meta["tags"])}),
                "recorded": None if recorded is None else RunState(**recorded),
                "sources": {name: Source(**source) for name, source in values["sources"].items()},
            }
        )


def refresh(entry: Entry, layout: RunLayout, stats: Mapping[str, os.stat_result]) -> bool:
    """Reads again which of a run's small files changed; says whether any file in its directory did.

    What cannot be read leaves its default and a problem.
    """
    seen = {name: [stat.st_size, stat.st_mtime_ns, stat.st_ino] for name, stat in stats.items()}
    if seen == entry.stats:
        return False
    for path, attribute, load, default in _small_files(layout):
        if seen.get(path.name) != entry.stats.get(path.name):
            entry.problems.pop(path.name, None)
            try:
                value = load(path)
            except StoreError as error:
                value = default
                entry.problems[path.name] = _problem(path, error)
            setattr(entry, attribute, value)
    entry.stats = seen
    return True


def _small_files(layout: RunLayout) -> tuple[tuple[Path, str, Callable[[Path], Any], Any], ...]:
    return (
        (layout.run_yaml, "meta", load_run, RunMeta(id=layout.id)),
        (layout.config_yaml, "config", load_config, {}),
        (layout.summary_json, "summary", read_json_object, {}),
        # Whatever it said, no exit can be read from it: the heartbeat decides.
        (layout.state_json, "recorded", load_state, RunState("running")),
        (layout.provenance_json, "provenance", read_json_object, {}),
    )


def _problem(path: Path, error: StoreError) -> list[Any]:
    """The line (0 when the whole file is meant) and the message without the path, which is this machine's."""
    line = int(error.place[5:]) if isinstance(error, FormatError) and error.place.startswith("line ") else 0
    return [line, str(error).removeprefix(str(path)).lstrip(",: ").removeprefix(f"line {line}: ")]
