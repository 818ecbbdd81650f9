"""Which files of a store are taken along when it is copied elsewhere, and in which order: the rules of `runstore sync`.

Caches, the trash, locks, temporary files and requests to stop are not; nor is anything that no store has, so that a
directory which holds more than a store gives the store alone. Heartbeats are taken while they beat.

The order is one in which every moment of the copy is a store that says nothing wrong: what artifacts hold comes before
their manifests, what rows refer to before the rows, and how a run ended comes last.
"""

import re
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Final

from runstore.errors import UsageError
from runstore.format.layout import STORE_FILE, ProjectLayout
from runstore.format.names import RESERVED_PROJECTS, check_project_name, check_run_id
from runstore.format.run_layout import RunLayout, is_heartbeat, is_packed, is_temporary, output_part, written_by

_LONGEST_PART: Final = 255
_LONGEST_PATH: Final = 1024
_FORBIDDEN: Final = re.compile(r"[\\\x00-\x1f\x7f]")
_BLOB: Final = re.compile(r"^objects/sha256/([0-9a-f]{2})/(\1[0-9a-f]{62})$")
_ATTACHED: Final = frozenset({"media", "files", "code"})
_GROWING: Final = frozenset({"history", "system", "output", "lines", "alerts", "lineage"})
_ROOT_FILES: Final = frozenset({STORE_FILE, ".gitignore", ".gitattributes"})
_OF_PROJECTS: Final = frozenset({"artifacts", "deleted", "reports", "runs", "sweeps"})
_RUN: Final = RunLayout(Path("run"))
_PROJECT_YAML: Final = ProjectLayout(_RUN.path).project_yaml.name
_OF_A_SWEEPS_MOMENT: Final = frozenset({"agents", "locks", "tmp"})


class Kind(IntEnum):
    """What a file is to who copies it, in the order in which files are copied."""

    ROOT = 0
    """The store's own; one that is there already stays."""
    BLOB = 1
    """What artifacts hold, named after its content."""
    PLAIN = 2
    EDITED = 3
    """What people change by hand, at either end."""
    PACK = 4
    """An archived history: takes the place of its lines."""
    GROWING = 5
    """Lines, with one writer, which only come to be more."""
    SUMMARY = 6
    STATE = 7
    BEAT = 8
    """Says that a run lives: gone as soon as it does not."""


@dataclass(frozen=True, slots=True)
class Carried:
    """A file that is taken along. `project` and `run` are "" for one that belongs to none."""

    path: str
    kind: Kind
    project: str = ""
    run: str = ""

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


def refusal(path: str) -> str:
    """Why no file may have this path in a store, its parts joined by `/`; "" for one that may.

    A listing comes from strangers: nothing in it leads out of the directory that it is copied to.
    """
    if not path or len(path) > _LONGEST_PATH:
        return "is empty" if not path else f"is longer than {_LONGEST_PATH} characters"
    if _FORBIDDEN.search(path):
        return "holds a backslash or a control character"
    try:
        parts = path.encode().split(b"/")
    except UnicodeEncodeError:
        return "is not valid Unicode"
    if any(part in (b"", b".", b"..") for part in parts):
        return "has an empty part, . or .."
    return f"has a part of more than {_LONGEST_PART} bytes" if max(map(len, parts)) > _LONGEST_PART else ""


def carried(path: str) -> Carried | None:
    """What the file at a path that `refusal` lets pass is; None for one that stays behind."""
    parts = path.split("/")
    if len(parts) == 1:
        return Carried(path, Kind.ROOT) if path in _ROOT_FILES else None
    if _BLOB.match(path):
        return Carried(path, Kind.BLOB)
    inner = parts[:4] if _attached(parts) else parts
    if any(map(_passes, inner)) or is_temporary(parts[-1]):
        return None
    if parts[0].lower() in RESERVED_PROJECTS:
        return Carried(path, Kind.EDITED) if parts[0] == "reports" else None
    return _of_project(path, parts)


def _passes(name: str) -> bool:
    """Whether a file or directory of this name is hidden, a lock or a temporary file."""
    return name.startswith(".") or name.endswith((".lock", ".tmp"))


def _attached(parts: list[str]) -> bool:
    """Whether a path lies among what a run was given to keep, which may have any name."""
    return len(parts) > 4 and parts[1] == "runs" and parts[3] in _ATTACHED


def _of_project(path: str, parts: list[str]) -> Carried | None:
    project, folder = parts[0], parts[1]
    try:
        check_project_name(project)
    except UsageError:
        return None
    if len(parts) == 2:
        return Carried(path, Kind.EDITED, project) if folder == _PROJECT_YAML else None
    if folder not in _OF_PROJECTS:
        return None
    if folder == "runs":
        return _of_run(path, project, parts[2], parts[3:])
    if folder == "sweeps" and _of_a_sweeps_moment(parts[3:]):
        return None
    return Carried(path, Kind.EDITED if folder == "reports" else Kind.PLAIN, project)


def _of_a_sweeps_moment(inside: list[str]) -> bool:
    """Whether a file of a sweep is a sign of a moment: agents' heartbeats, locks, what schedulers write."""
    return bool(inside) and (inside[0] in _OF_A_SWEEPS_MOMENT or (inside[0] == "launches" and len(inside) > 2))


def _of_run(path: str, project: str, run: str, inside: list[str]) -> Carried | None:
    try:
        check_run_id(run)
    except UsageError:
        return None
    if not inside:
        return None
    if len(inside) > 1:
        return Carried(path, Kind.PLAIN, project, run) if inside[0] in _ATTACHED else None
    kind = _kind_in_run(inside[0])
    return None if kind is None else Carried(path, kind, project, run)


def _kind_in_run(name: str) -> Kind | None:
    if name == _RUN.stop_request.name:
        return None
    if is_heartbeat(name):
        return Kind.BEAT
    if name in (_RUN.state_json.name, _RUN.run_yaml.name):
        return Kind.STATE if name == _RUN.state_json.name else Kind.EDITED
    if is_packed(name):
        return Kind.PACK
    stem = (written_by(name) or ("",))[0]
    if stem in _GROWING or output_part(name) is not None:
        return Kind.GROWING
    return Kind.SUMMARY if stem == "summary" else Kind.PLAIN
