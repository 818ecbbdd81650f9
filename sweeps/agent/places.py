"""Where a sweep lies, found by what people call it: its id, `project/id`, `entity/project/id`, or a path."""

import difflib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from runstore.errors import BadTypeError, UsageError
from runstore.format.layout import ProjectLayout, StoreLayout, link_among
from runstore.format.sweep_layout import SWEEP_FILE, SweepLayout
from runstore.settings import gather
from sweeps.errors import SweepError

_SWEEPS: Final = "sweeps"
_MOST_SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class Place:
    """A sweep's files: its store's, its project's, its own."""

    store: StoreLayout
    project: ProjectLayout
    sweep: SweepLayout

    @property
    def name(self) -> str:
        """`project/id`, by which commands know it."""
        return f"{self.project.name}/{self.sweep.id}"


def the_store(given: Path | None = None) -> StoreLayout:
    """The store that was named, else the one that a script started here would log to."""
    settings = gather({"dir": None if given is None else os.fspath(given)})[0]
    return StoreLayout(settings.store_root())


def find_sweep(name: str, store: Path | None = None, project: str = "") -> Place:
    """The sweep that `name` means. Raises `SweepError` where there is none, or several, `UsageError` for a name that
    could be none."""
    if not isinstance(name, str):
        raise BadTypeError(f"found the sweep {name!r}, expected its id as text, as runstore.sweep returns it")
    if (path := _as_path(name)) is not None:
        return _at(path)
    *above, sweep_id = [part for part in name.split("/") if part] or [""]
    if len(above) > 2:
        raise UsageError(f"found {name!r}, expected a sweep as ID, PROJECT/ID, ENTITY/PROJECT/ID, or its directory")
    layout = the_store(store)
    wanted = above[-1] if above else project
    if wanted:
        found = [place(layout, wanted, sweep_id)]
    else:
        found = [place(layout, each, sweep_id) for each in _projects(layout)]
    there = [each for each in found if each.sweep.path.is_dir() and not each.sweep.path.is_symlink()]
    if len(there) > 1:
        raise SweepError(f"{sweep_id!r} is a sweep of several projects; name one: {', '.join(p.name for p in there)}")
    if not there:
        raise SweepError(_unknown(layout, wanted, sweep_id))
    return _safe(there[0])


def place(layout: StoreLayout, project: str, sweep_id: str) -> Place:
    """Where a sweep lies, there or not. Raises `UsageError` for names that could leave the store."""
    within = layout.project(project)
    return Place(layout, within, within.sweep(sweep_id))


def _as_path(name: str) -> Path | None:
    """The directory that `name` leads to, where it is one of a sweep, or the sweep.yaml in it."""
    path = Path(name).expanduser()
    if path.name == SWEEP_FILE and path.is_file():
        path = path.parent
    path = path.absolute() if path.name not in ("", ".", "..") else path.resolve()
    return path if path.parent.name == _SWEEPS and path.is_dir() else None


def _at(path: Path) -> Place:
    return _safe(place(StoreLayout(path.parents[2]), path.parents[1].name, path.name))


def _safe(found: Place) -> Place:
    if (link := link_among(found.store.root, found.sweep.path)) is not None:
        raise SweepError(f"{link}: found a link, which is not followed; name the sweep where it really lies")
    return found


def _projects(layout: StoreLayout) -> list[str]:
    """The directories of the store that hold sweeps."""
    try:
        names = sorted(entry.name for entry in os.scandir(layout.root) if entry.is_dir(follow_symlinks=False))
    except OSError:
        return []
    return [name for name in names if not name.startswith(".") and (layout.root / name / _SWEEPS).is_dir()]


def _unknown(layout: StoreLayout, project: str, sweep_id: str) -> str:
    known = [
        f"{name}/{found}" for name in ([project] if project else _projects(layout)) for found in _ids(layout, name)
    ]
    where = f"{layout.root}: found no sweep {sweep_id!r}{f' in project {project!r}' if project else ''}"
    others = [f"{name}/{sweep_id}" for name in _projects(layout) if project and sweep_id in _ids(layout, name)]
    if others:
        return f"{where}; did you mean {' or '.join(others)}?"
    if not layout.root.is_dir():
        return (
            f"{layout.root}: found no store there, so no sweep {sweep_id!r}; name the store's directory with --store "
            "DIR (RUNSTORE_DIR in a script), or start in the directory that it belongs to"
        )
    if not known:
        return f"{where}; create one with `runstore sweep create sweep.yaml`, or name another store with --store DIR"
    close = difflib.get_close_matches(sweep_id, [each.rpartition("/")[2] for each in known], 1)
    hint = f"did you mean {close[0]}? " if close else ""
    shown = ", ".join(known[:_MOST_SHOWN]) + (", …" if len(known) > _MOST_SHOWN else "")
    return f"{where}; {hint}there is {shown}"


def _ids(layout: StoreLayout, project: str) -> list[str]:
    try:
        return layout.project(project).sweep_ids()
    except (OSError, UsageError):
        return []
