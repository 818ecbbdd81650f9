"""Whether every file of a store is as the format says, read in full: so only when somebody asks.

Reading a store finds what cannot be read; this finds the rest too: rows and records with wrong types, files beside the
history, media that are gone, temporary files, deleted runs that are there again.
"""

import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from runstore.archive.opening import open_lines
from runstore.errors import StoreError
from runstore.format import records
from runstore.format.checking import Mistake, mistakes
from runstore.format.layout import ProjectLayout, StoreLayout
from runstore.format.metrics import load_metrics
from runstore.format.run_layout import belongs_to_run, is_history, is_temporary, packed_name, written_by
from runstore.format.schema import schema
from runstore.reading.entries import located
from runstore.reading.media import verify_media
from runstore.reading.problems import Problem
from runstore.reading.rows import decode_line
from runstore.reading.store import Project, RunRecord, Store
from runstore.reading.sweeps.checks import check_sweep
from runstore.settings import mistakes_in_store

TEMPORARY_FOR: Final = 300.0
"""Seconds after which nobody still writes to a temporary file."""

_LINES: Final = frozenset({"system", "alerts", "lineage", "lines"})
_OBJECTS: Final = frozenset({"provenance", "summary"})
_MOST = 20


def verify(store: Store, *, strict: bool = False, now: float | None = None) -> Iterator[Problem]:
    """Every problem of a store but those of its artifacts. With `strict` also files that the format does not know."""
    yield from store.all_problems()
    for mistake in mistakes_in_store(store.layout.root):
        yield Problem(store.relative(store.layout.store_yaml), 0, mistake)
    for project in store.projects:
        for run in project.runs:
            yield from _in_run(run, store)
            yield from verify_media(run, store)
        yield from _tombstones(project, store)
        yield from _sweeps(project, store)
    yield from _strays(store.layout, strict=strict, now=time.time() if now is None else now)


def verify_runs(store: Store) -> Iterator[Problem]:
    """Every problem of the runs of a store that was read in part."""
    yield from store.all_problems()
    for project in store.projects:
        for run in project.runs:
            yield from _in_run(run, store)
            yield from verify_media(run, store)
        yield from _tombstones(project, store)


def _in_run(run: RunRecord, store: Store) -> Iterator[Problem]:
    """What is wrong with the files of one run that reading it has not told of."""
    told = {problem.path for problem in run.problems}
    yield from _doubled(run, store)
    for name in run.files:
        path = run.layout.path / name
        stem, writer = written_by(name) or (name, "")
        try:
            if is_history(name):
                yield from _histories_rows(path, store)
            elif stem in _LINES:
                yield from _lines(path, stem, store, live=run.state == "running")
            elif stem in _OBJECTS and store.relative(path) not in told:
                values = records.read_json_object(path)
                yield from _record(path, values, stem, store)
            elif stem == "config" and writer:
                records.load_config(path)
            elif path == run.layout.metrics_yaml and store.relative(path) not in told:
                yield from _metrics(path, store)
        except StoreError as error:
            line, message = located(path, error)
            yield Problem(store.relative(path), line, message)
        except OSError as error:
            yield Problem(store.relative(path), 0, f"cannot be read ({error.strerror or error}); check its permissions")


def _doubled(run: RunRecord, store: Store) -> Iterator[Problem]:
    """Packs that stand beside their lines: a kill leaves them, or a merge of two branches."""
    for name in run.files:
        packed = packed_name(name)
        if packed is not None and os.path.lexists(run.layout.path / name) and (run.layout.path / packed).is_file():
            message = (
                "found the pack of a file beside that file, expected one of the two; "
                f"run `runstore archive {run.project}/{run.id}`, or with --undo"
            )
            yield Problem(store.relative(run.layout.path / packed), 0, message)


def _metrics(path: Path, store: Store) -> Iterator[Problem]:
    wrong: list[Any] = []
    load_metrics(path, wrong)
    for error in wrong:
        line, message = located(path, error)
        yield Problem(store.relative(path), line, message)


def _histories_rows(path: Path, store: Store) -> Iterator[Problem]:
    """Rows whose axes or typed values are not what they should be. Lines that cannot be read are known already."""
    rules, told = schema("history"), 0
    for number, line in _numbered(path):
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if not isinstance(row, dict) or (b'"_type"' not in line and _axes_are_numbers(row)):
            continue
        for mistake in mistakes(row, rules):
            if mistake.place != "_step" and told < _MOST:  # A step that is no number was told of by the reader.
                told += 1
                yield Problem(store.relative(path), number, _sentence(mistake))


def _axes_are_numbers(row: Mapping[str, Any]) -> bool:
    return all(type(row.get(axis, 0)) in (int, float) for axis in ("_runtime", "_timestamp"))


def _lines(path: Path, name: str, store: Store, *, live: bool) -> Iterator[Problem]:
    """What is wrong with a file of one JSON object a line that is no history."""
    rules, told = schema(name), 0
    where = store.relative(path)
    for number, line in _numbered(path, torn=True):
        if told >= _MOST:
            return
        if not line.endswith(b"\n"):
            if not live:
                yield Problem(where, number, f"found a torn last line of {len(line)} bytes, expected a whole one")
            return
        rows, found = decode_line(line.rstrip(b"\r\n"))
        if found is not None:
            told += 1
            yield Problem(where, number, f"found {found}, expected one JSON object a line; the other lines were read")
        for row in rows:
            for mistake in mistakes(row, rules):
                told += 1
                yield Problem(where, number, _sentence(mistake))


def _record(path: Path, values: Mapping[str, Any], name: str, store: Store) -> Iterator[Problem]:
    for mistake in mistakes(values, schema(name)):
        yield Problem(store.relative(path), 0, _sentence(mistake))


def _sentence(mistake: Mistake) -> str:
    place = f"{mistake.place}: " if mistake.place else ""
    return f"{place}found {mistake.found}, expected {mistake.expected}; correct it or leave it out"


def _numbered(path: Path, *, torn: bool = False) -> Iterator[tuple[int, bytes]]:
    """The lines of a file, packed or not, with their numbers, from 1; one without its newline only with `torn`."""
    with open_lines(path) as file:
        for number, line in enumerate(file, 1):
            if torn or line.endswith(b"\n"):
                yield number, line


def _tombstones(project: Project, store: Store) -> Iterator[Problem]:
    """Tombstones that cannot be read, and runs that are there although they were deleted."""
    runs = {run.id: run for run in project.runs}
    folder = project.layout.deleted_dir
    for path in sorted(folder.glob("*.yaml")) if folder.is_dir() and not folder.is_symlink() else ():
        try:
            records.load_tombstone(path)
        except StoreError as error:
            line, message = located(path, error)
            yield Problem(store.relative(path), line, message)
        if run := runs.get(path.stem):
            message = (
                f"found a run that was deleted ({store.relative(path)} says so), expected none; "
                f"delete it again, or delete its tombstone to keep the run"
            )
            yield Problem(store.relative(run.layout.path), 0, message)


def _sweeps(project: Project, store: Store) -> Iterator[Problem]:
    """What is wrong with the records of a project's sweeps. One that only has a sweep.yaml, as of W&B's, has none."""
    try:
        layouts = [project.layout.sweep(sweep) for sweep in project.layout.sweep_ids()]
    except (OSError, StoreError):
        return
    for layout in layouts:
        if layout.claims_dir.is_dir() or layout.resolved_json.exists():
            for path, line, message in check_sweep(layout):
                yield Problem(store.relative(path), line, message)


def _strays(layout: StoreLayout, *, strict: bool, now: float) -> Iterator[Problem]:
    """Temporary files that nobody writes any more; with `strict` whatever else the format does not know."""
    for path, problem in stray_files(layout, now=now):
        yield Problem(str(path.relative_to(layout.root)), 0, problem)
    if strict:
        for path in sorted(_unknown(layout)):
            message = "found something that the format does not know, expected none; move it elsewhere"
            yield Problem(str(path.relative_to(layout.root)), 0, message)


def stray_files(layout: StoreLayout, *, now: float) -> Iterator[tuple[Path, str]]:
    """The temporary files of writers that were cut short, and what to say of each."""
    hidden = {layout.cache_dir, layout.trash_dir, layout.repair_dir}
    for folder, inner, names in os.walk(layout.root):
        here = Path(folder)
        inner[:] = sorted(name for name in inner if here / name not in hidden)
        for name in sorted(filter(is_temporary, names)):
            try:
                age = now - (here / name).lstat().st_mtime
            except OSError:
                continue
            if age > TEMPORARY_FOR:
                yield (
                    here / name,
                    "found a temporary file of a write that was cut short, expected none; "
                    "delete it, or run `runstore verify --repair`",
                )


def _unknown(layout: StoreLayout) -> Iterator[Path]:
    projects = {project.path: project for project in layout.projects()}
    own = {layout.store_yaml, layout.gitignore, layout.gitattributes, layout.objects_dir.parent}
    for path in _inside(layout.root):
        if path not in own and path not in projects:
            yield path
    for project in projects.values():
        yield from _unknown_in_project(project)


def _unknown_in_project(project: ProjectLayout) -> Iterator[Path]:
    own = {project.project_yaml, project.runs_dir, project.artifacts_dir, project.deleted_dir}
    own |= {project.path / name for name in ("reports", "sweeps")}
    yield from (path for path in _inside(project.path) if path not in own)
    for run in project.runs():
        for path in _inside(run.path):
            if not belongs_to_run(path.name, directory=path.is_dir() and not path.is_symlink()):
                yield path


def _inside(folder: Path) -> list[Path]:
    """What is in a directory, but for hidden things, which are others' (an editor's, a file system's)."""
    try:
        return [path for path in folder.iterdir() if not path.name.startswith(".")]
    except OSError:
        return []
