"""Puts imported runs into the store, in the files that a run of ours has. Nothing broken is ever to be seen.

A run that is new is written into a directory beside, `.<…>.tmp`, which is then renamed. One that has grown at its
source is written anew in the same way, and its files are then moved over the old ones, one by one, provenance.json
last: as long as that has the old digest, the next import does it all again. To write anew, and not to add a segment,
is a choice: trackers purge and correct what they said before (TensorBoard does at every restart), and an import is
faster than any proof that they did not. What a person edited here stays (see `identity`).
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import orjson

from runstore.errors import RunstoreError, StoreError, UsageError
from runstore.format import values, yaml12
from runstore.format.host import hostname, process_start
from runstore.format.layout import ProjectLayout, StoreLayout, make_below, refuse_links
from runstore.format.metrics import dump_metrics
from runstore.format.records import (
    RunMeta,
    dump_run,
    dump_state,
    load_config,
    load_run,
    read_json_object,
    write_atomically,
)
from runstore.format.run_layout import RunLayout, packed_name
from runstore.importers.identity import MARK, Mark, fields_of, id_of, iso, mark_of, merged, meta_of
from runstore.importers.keeping import keep_artifacts, keep_files
from runstore.importers.lines import HistoryWriter, write_log, write_rows
from runstore.importers.shelf import MediaShelf
from runstore.importers.sources import ImportedRun, Problems

Outcome = Literal["new", "grown", "unchanged", "refused"]
_PRETTY: Final = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


@dataclass(frozen=True, slots=True)
class Brought:
    """What became of one run. `why` says in a line why it was refused; `rows` counts those of its history."""

    outcome: Outcome
    run: str
    project: str
    name: str
    where: str
    why: str = ""
    rows: int = 0
    problems: Problems = field(default_factory=Problems)


def bring(
    run: ImportedRun,
    store: StoreLayout,
    project: str,
    *,
    dry: bool = False,
    tick: Callable[[int], None] = lambda rows: None,
) -> Brought:
    """Brings one run into a project, as far as it is not there. With `dry` says what would be done.

    `tick` is told now and then how many rows there are. Raises `OSError` and `StoreError` where our own disk or store
    is the trouble.
    """
    run_id = id_of(run)
    layout = store.project(project).run(run_id)

    def told(outcome: Outcome, why: str = "", rows: int = 0) -> Brought:
        return Brought(outcome, run_id, project, run.name or run_id, run.where, why, rows, run.problems)

    try:
        outcome = _outcome(run, layout, store.project(project), store)
    except UsageError as error:
        return told("refused", str(error))
    if dry or outcome == "unchanged":
        return told(outcome)
    rows = _write(run, layout, store, project, tick)
    return told(outcome, rows=rows)


def _outcome(run: ImportedRun, layout: RunLayout, project: ProjectLayout, store: StoreLayout) -> Outcome:
    """What there is to do. Raises `UsageError` for a run that may not be written."""
    if run.refused:
        raise UsageError(run.refused)
    if os.path.lexists(project.deleted(layout.id)):
        raise UsageError(
            f"{run.where}: the run {layout.id} was deleted from project {project.name}, and an id is never used again; "
            "import into another project (-p)"
        )
    refuse_links(store.root, layout.path)
    if not os.path.lexists(layout.path):
        return "new"
    try:
        mark = mark_of(layout)
    except StoreError as error:
        raise UsageError(str(error)) from None
    if mark is None or not mark.is_of(run):
        what = "was not imported" if mark is None else f"comes from {mark.kind} {mark.source}"
        raise UsageError(
            f"{run.where}: project {project.name} has a run {layout.id} already, which {what}; it is left as it is: "
            "import into another project (-p)"
        )
    return "unchanged" if mark.digest == run.digest else "grown"


def _write(run: ImportedRun, layout: RunLayout, store: StoreLayout, project: str, tick: Callable[[int], None]) -> int:
    make_below(store.root, layout.path.parent)
    _sweep(layout.path.parent)
    beside = RunLayout(layout.path.with_name(_temporary()))
    beside.path.mkdir()
    try:
        history = _fill(run, beside, tick)
        lineage = keep_artifacts(run, layout.id, store, project)
        if lineage:
            beside.writer().lineage.write_bytes(lineage)
        _finish(run, beside, layout, history)
        if os.path.lexists(layout.path):
            _move_over(beside, layout)
        else:
            _give_name(beside, layout)
    finally:
        shutil.rmtree(beside.path, ignore_errors=True)
    return history.rows


def _give_name(beside: RunLayout, layout: RunLayout) -> None:
    try:
        os.rename(beside.path, layout.path)
    except OSError:
        if not layout.path.is_dir():
            raise
        raise StoreError(f"{layout.path}: another process made this run meanwhile; import again") from None


def _fill(run: ImportedRun, beside: RunLayout, tick: Callable[[int], None]) -> HistoryWriter:
    """Writes all but what says what the run is."""
    shelf = MediaShelf(beside.media_dir, run.problems)
    history = HistoryWriter(beside.history(), shelf, run.problems, run.created)
    history.write(run.rows(), tick)
    write_rows(beside.system_jsonl, run.system())
    write_log(beside.writer(), run.log())
    write_rows(beside.writer().alerts, run.alerts())
    keep_files(run, run.files(), beside.files_dir)
    keep_files(run, run.media(), beside.media_dir)
    if run.requirements:
        beside.requirements_txt.write_text(run.requirements, encoding="utf-8")
    if run.patch:
        beside.changes_patch.write_bytes(run.patch)
    if run.metrics:
        beside.metrics_yaml.write_bytes(dump_metrics(run.metrics))
    return history


def _finish(run: ImportedRun, beside: RunLayout, layout: RunLayout, history: HistoryWriter) -> None:
    """Writes what the run is, with what was edited here since the last import, and last where it comes from."""
    mark = mark_of(layout) if layout.path.is_dir() else None
    there = meta_of(run, layout.id)
    meta = merged(load_run(layout.run_yaml), there, mark.fields) if mark is not None else there
    config = values.writable(values.plain(dict(run.config), finite=False, other=str))
    summary = history.latest.settle() if run.summary is None else history.plain(run.summary)
    summary = values.writable(summary)
    before = mark.files if mark is not None else {}
    files = {
        beside.config_yaml: yaml12.dump(_edited_config(layout.config_yaml, config, before) or {}).encode(),
        beside.summary_json: values.dump_line(_edited_summary(layout.summary_json, summary, before)),
    }
    for path, data in files.items():
        write_atomically(path, data)
    write_atomically(beside.run_yaml, dump_run(meta))
    write_atomically(beside.state_json, dump_state(run.state))
    source = {beside.config_yaml: yaml12.dump(config).encode(), beside.summary_json: values.dump_line(summary)}
    digests = {path.name: hashlib.sha256(data).hexdigest() for path, data in source.items()}
    _write_provenance(run, beside, Mark(run.kind, run.source, run.digest, fields_of(there), digests), meta)


def _write_provenance(run: ImportedRun, beside: RunLayout, mark: Mark, meta: RunMeta) -> None:
    facts = {**run.provenance, "started": iso(run.created) or meta.created, MARK: mark.dump()}
    data = values.writable(values.plain({key: value for key, value in facts.items() if value not in ("", None)}))
    write_atomically(beside.provenance_json, orjson.dumps(data, None, _PRETTY), sync=True)


def _edited_config(path: Path, config: dict[str, Any], before: Mapping[str, str]) -> dict[str, Any]:
    """The config from the source; of one that was edited here what stands here, with what is new at the source."""
    return {**config, **load_config(path)} if _is_edited(path, before) else config


def _edited_summary(path: Path, summary: dict[str, Any], before: Mapping[str, str]) -> dict[str, Any]:
    """The summary from the source, with the keys that only stand here where it was edited."""
    if not _is_edited(path, before):
        return summary
    return {**summary, **{key: value for key, value in read_json_object(path).items() if key not in summary}}


def _is_edited(path: Path, before: Mapping[str, str]) -> bool:
    if path.name not in before or not path.is_file() or path.is_symlink():
        return False
    return hashlib.sha256(path.read_bytes()).hexdigest() != before[path.name]


def _move_over(beside: RunLayout, layout: RunLayout) -> None:
    """Moves each file to its place in the run that is there, that which says what was imported last."""
    last = beside.provenance_json
    for folder, folders, names in os.walk(beside.path):
        folders.sort()
        for name in sorted(names):
            file = Path(folder, name)
            if file != last:
                _move(file, layout.path / file.relative_to(beside.path), layout)
    _move(last, layout.provenance_json, layout)


def _move(file: Path, target: Path, layout: RunLayout) -> None:
    make_below(layout.path, target.parent)
    os.replace(file, target)
    if (packed := packed_name(target.name)) is not None:
        target.with_name(packed).unlink(missing_ok=True)  # What `runstore archive` made of the rows before.


def _temporary() -> str:
    """The name of a directory that this process writes a run in."""
    return f".import-{hostname()}-{os.getpid()}-{os.urandom(4).hex()}.tmp"


def _sweep(folder: Path) -> None:
    """Removes what imports of this machine left behind that were killed."""
    for path in folder.glob(f".import-{hostname()}-*.tmp"):
        number = path.name.removesuffix(".tmp").rsplit("-", 2)[1]
        if path.is_dir() and not path.is_symlink() and number.isdecimal() and process_start(int(number)) is None:
            shutil.rmtree(path, ignore_errors=True)


def bring_or_refuse(
    run: ImportedRun, store: StoreLayout, project: str, *, dry: bool = False, tick: Callable[[int], None]
) -> Brought:
    """The same, of a run that trouble of its own must not let stop the others: refused, with the reason."""
    try:
        return bring(run, store, project, dry=dry, tick=tick)
    except RunstoreError as error:
        return Brought("refused", id_of(run), project, run.name, run.where, str(error), 0, run.problems)
