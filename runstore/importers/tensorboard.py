"""TensorBoard's event files: each directory that has some is a run, named by its path below the log directory."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Literal

from runstore.errors import UsageError
from runstore.events import logdir
from runstore.events.logdir import Survey
from runstore.events.logged import Plugins
from runstore.format.records import RunState, State
from runstore.importers.identity import iso
from runstore.importers.sources import ImportedFile, ImportedRun, Problems, Row

KIND: Final = "tensorboard"
Grouping = Literal["none", "parent", "top"]
_WRITTEN_BY: Final = 1
"""Changes when this importer writes other things of the same files: an import then goes over them again."""
_STATES: Final[dict[str, State]] = {"finished": "finished", "failed": "failed", "running": "crashed"}


def runs(root: Path, group_by: Grouping = "none") -> Iterator[ImportedRun]:
    """The runs below a log directory, by path. Raises `UsageError` where there is none.

    `group_by` says what a run's group is: the directory above its own ("parent"), or the first one below `root`
    ("top").
    """
    if not root.is_dir():
        raise UsageError(f"{root}: found no such directory, expected one with TensorBoard's event files (*tfevents*)")
    seen: set[str] = set()
    for folder, files in _directories(root):
        run = _run(root, folder, files, group_by)
        if run is None:
            continue
        if run.source in seen:  # A copy, which may have been gone on with: both are kept.
            run = replace(run, source=f"{run.source}/{run.name}")
        seen.add(run.source)
        yield run
    if not seen:
        raise UsageError(f"{root}: found no event file, expected names with {logdir.NAME} in them; check the path")


def _directories(root: Path) -> Iterator[tuple[Path, list[Path]]]:
    """Each directory that has event files, with them by name. No link is followed."""
    for folder, folders, names in os.walk(root):
        folders.sort()
        files = [path for path in (Path(folder, name) for name in sorted(names)) if logdir.is_event_file(path)]
        if files:
            yield Path(folder), files


def _run(root: Path, folder: Path, files: list[Path], group_by: Grouping) -> ImportedRun | None:
    problems = Problems()
    plugins = Plugins(lambda name: None)
    try:
        found = logdir.survey(files, problems.lose, plugins)
    except OSError as error:
        raise UsageError(f"{error.filename or folder}: cannot be read ({error.strerror or error})") from None
    if not found.events:
        return None
    name = folder.relative_to(root).as_posix()
    session = plugins.session
    if (folder / "projector_config.pbtxt").exists():
        problems.leave_out("an embedding of TensorBoard's plugin projector")
    ended = session.ended or found.ended
    return ImportedRun(
        kind=KIND,
        source=_identity(folder.resolve().name, files[0], found),
        digest=f"{_WRITTEN_BY}:{found.digest}",
        where=str(folder),
        name=root.resolve().name if name == "." else name,
        created=found.started,
        group=_group(name, group_by) or session.group,
        config=session.config,
        state=RunState(_STATES.get(session.state, "finished"), None, iso(ended)),
        rows=lambda: _rows(found, problems),
        files=lambda: _files(found),
        problems=problems,
    )


def _identity(folder: str, first: Path, found: Survey) -> str:
    """What tells a run from all others, wherever its directory lies: a digest of the directory's name, of its first
    file's, which says when and on which host by which process it was made, and of that file's first record."""
    names = f"{folder}\0{first.name}\0".encode("utf-8", "backslashreplace")
    return hashlib.sha256(names + found.first_record).hexdigest()[:20]


def _group(name: str, group_by: Grouping) -> str:
    parts = name.split("/")[:-1]
    if group_by == "none" or not parts:
        return ""
    return parts[0] if group_by == "top" else "/".join(parts)


def _rows(found: Survey, problems: Problems) -> Iterable[Row]:
    left_out: Callable[[str], Any] = problems.leave_out
    return logdir.rows(found, Plugins(left_out), left_out)


def _files(found: Survey) -> Iterator[ImportedFile]:
    if found.graph:
        yield ImportedFile("graph.pb", found.graph)
