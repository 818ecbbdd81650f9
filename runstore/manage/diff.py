"""In what runs differ: how they are filed, config, summary, environment, requirements, and the code they ran."""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from runstore.format.values import plain
from runstore.reading.rows import flatten
from runstore.reading.store import RunRecord

_FILED: Final = ("name", "state", "exit_code", "group", "job_type", "tags", "notes", "sweep", "rows", "last_step")
_REQUIREMENT = re.compile(r"^\s*([A-Za-z0-9][\w.-]*)\s*(?:===?\s*|@\s*)(\S.*?)\s*$")
_MOST_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that the runs say differently: a value for each run, in their order, None where one says nothing."""

    section: str
    key: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Where runs differ. `same` counts by section what all say alike; `patch` is a unified diff of the first two runs'
    code patches, "" where they are the same."""

    runs: tuple[RunRecord, ...]
    differences: tuple[Difference, ...]
    same: Mapping[str, int]
    patch: str

    def as_dict(self) -> dict[str, Any]:
        """The comparison as plain values: `{section: {key: [value of each run]}}`."""
        sections: dict[str, dict[str, Any]] = {}
        for each in self.differences:
            sections.setdefault(each.section, {})[each.key] = list(each.values)
        found: dict[str, Any] = plain(
            {
                "runs": [f"{run.project}/{run.id}" for run in self.runs],
                "differences": sections,
                "same": dict(self.same),
                "patch": self.patch,
            },
            other=str,
        )
        return found


def compare(runs: Sequence[RunRecord]) -> Comparison:
    """Compares two or more runs."""
    sections = {
        "run": [_filed(run) for run in runs],
        "config": [dict(flatten(run.config)) for run in runs],
        "summary": [dict(run.summary) for run in runs],
        "provenance": [dict(flatten(run.provenance)) for run in runs],
        "requirements": [_requirements(run.layout.requirements_txt) for run in runs],
    }
    differences: list[Difference] = []
    same: dict[str, int] = {}
    for section, sides in sections.items():
        keys = list(dict.fromkeys(key for side in sides for key in side))
        for key in keys:
            values = tuple(side.get(key) for side in sides)
            if all(_alike(values[0], value) for value in values[1:]):
                same[section] = same.get(section, 0) + 1
            else:
                differences.append(Difference(section, key, values))
    return Comparison(tuple(runs), tuple(differences), same, _patch(runs))


def _filed(run: RunRecord) -> dict[str, Any]:
    values = {name: getattr(run, name, None) for name in ("name", "state", "exit_code", "rows", "last_step")}
    values |= {name: getattr(run.meta, name) for name in ("group", "job_type", "notes", "sweep")}
    values["tags"] = list(run.meta.tags)
    return {"project": run.project, **{name: values[name] if values[name] != "" else None for name in _FILED}}


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float) and one != one and other != other:
        return True
    return type(one) in (bool, type(other)) and bool(one == other) if isinstance(one, bool) else bool(one == other)


def _requirements(path: Path) -> dict[str, str]:
    """The packages of a requirements.txt with their versions."""
    found = {}
    for line in _text(path).splitlines():
        if match := _REQUIREMENT.match(line):
            found[match[1].lower().replace("_", "-")] = match[2]
    return found


def _patch(runs: Sequence[RunRecord]) -> str:
    one, other = (_text(run.layout.changes_patch) for run in runs[:2])
    if one == other:
        return ""
    lines = difflib.unified_diff(
        one.splitlines(),
        other.splitlines(),
        fromfile=f"{runs[0].project}/{runs[0].id}",
        tofile=f"{runs[1].project}/{runs[1].id}",
        lineterm="",
    )
    return "\n".join(lines) + "\n"


def _text(path: Path) -> str:
    """The text of a plain file of at most 4 MB, "" for any other."""
    if path.is_symlink() or not path.is_file():
        return ""
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
