"""W&B's own directories: `offline-run-…` and `run-…`, each with the file `run-<id>.wandb` and a folder `files`.

Several directories of one id are one run that was resumed; those beside the one that is named belong to it.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, Final

from runstore.errors import FormatError, UsageError
from runstore.format import lenient
from runstore.format.records import RunState
from runstore.importers import wandb_records as records
from runstore.importers.identity import iso
from runstore.importers.sources import ImportedArtifact, ImportedRun, LogLine, Problems, Row
from runstore.importers.terminal_text import lines_of
from runstore.importers.wandb_files import contents_of, logged_file, media_files, other_files, text_file
from runstore.importers.wandb_log import Log
from runstore.importers.wandb_media import Media
from runstore.importers.wandb_records import Told
from runstore.recording.redaction import without_login

KIND: Final = "wandb"
_WRITTEN_BY: Final = 1
"""Changes when this importer writes other things of the same files: an import then goes over them again."""
_ENDING: Final = ".wandb"


@dataclass(frozen=True, slots=True)
class Directory:
    """One directory of a run."""

    log: Path

    @property
    def files(self) -> Path:
        return self.log.parent / "files"


def runs(paths: Iterable[Path]) -> Iterator[ImportedRun]:
    """The runs at or below these paths, by directory. Raises `UsageError` for a path that has none."""
    seen: set[tuple[Path, str]] = set()
    for path in paths:
        logs = list(_logs(path))
        if not logs:
            raise UsageError(
                f"{path}: found no run of W&B, expected a file run-….wandb, or a directory with some; pass wandb/"
            )
        for log in logs:
            key = (log.parent.parent.resolve(), log.name)
            if key not in seen:
                seen.add(key)
                yield _run([Directory(each) for each in _siblings(log)])


def _logs(path: Path) -> Iterator[Path]:
    """The logs at or below a path, by name. Links below it are not followed."""
    if path.is_file():
        if path.suffix == _ENDING:
            yield path
        return
    for folder, folders, names in os.walk(path):
        folders.sort()
        logs = [Path(folder, name) for name in sorted(names) if name.startswith("run-") and name.endswith(_ENDING)]
        yield from (log for log in logs if not log.is_symlink())


def _siblings(log: Path) -> list[Path]:
    """The logs of the same run in the directories beside, oldest first: their names begin with the time."""
    run_id = log.name.removeprefix("run-").removesuffix(_ENDING)
    if not run_id or not log.parent.name.endswith(f"-{run_id}"):
        return [log]
    beside = [path / log.name for path in log.parent.parent.iterdir() if path.name.endswith(f"-{run_id}")]
    found = [each for each in beside if each.is_file() and not each.is_symlink() and not each.parent.is_symlink()]
    return sorted(found, key=lambda each: each.parent.name.removeprefix("offline-")) or [log]


def _run(directories: list[Directory]) -> ImportedRun:
    problems, told = Problems(), Told()
    where = str(directories[0].log.parent)
    digest = hashlib.sha256()
    for directory in directories:
        told.finished = False
        digest.update(_survey(directory.log, told, problems).encode())
        digest.update(contents_of(directory.files).encode())
    if not told.finished:
        problems.lose(f"{where}: found no record of the run's end: it is imported as crashed")
    for name in told.uncarried:
        problems.leave_out(name)
    name = directories[0].log.name.removeprefix("run-").removesuffix(_ENDING)
    run_id = told.id or name
    files = [directory.files for directory in directories]
    media = Media(files, told.tables, problems)
    return ImportedRun(
        kind=KIND,
        source=_identity(told, run_id),
        digest=f"{_WRITTEN_BY}:{digest.hexdigest()}",
        where=where,
        id=run_id,
        project=told.project,
        name=told.name or run_id,
        created=told.started,
        group=told.group,
        job_type=told.job_type,
        tags=told.tags,
        notes=told.notes,
        sweep=told.sweep,
        config=told.config,
        summary={key: media.of(value) for key, value in told.summary.items()},
        metrics=tuple(told.metrics.values()),
        state=_state(told),
        provenance=_provenance(told, files),
        requirements=text_file(files, "requirements.txt").decode("utf-8", "replace"),
        patch=text_file(files, "diff.patch"),
        rows=lambda: _rows(directories, media, problems),
        system=lambda: _samples(directories, told.started),
        log=lambda: _log(directories, told),
        alerts=lambda: ({"_timestamp": told.started, **alert} for alert in told.alerts),
        files=lambda: other_files(files, problems),
        media=lambda: chain(media_files(files), media.files()),
        artifacts=lambda: _artifacts(told, problems),
        problems=problems,
    )


def _identity(told: Told, run_id: str) -> str:
    """What tells a run from all others. With the moment at which it was begun: the directories of one that was resumed
    on another machine lack its beginning, and must not take the place of what is here."""
    path = "/".join(part for part in (told.entity, told.project, run_id) if part)
    return f"{path}@{iso(told.started)}" if told.started is not None else path


def _survey(path: Path, told: Told, problems: Problems) -> str:
    """Reads what a log says of the run as a whole; the digest of its records. Raises `UsageError`."""
    content = hashlib.sha256()
    log = Log(path, content.update)
    try:
        for record in log.read():
            try:
                told.take(record)
            except ValueError as error:
                problems.lose(f"{path}: before byte {log.end:,} a record cannot be read: {error}")
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror or error}); check its permissions") from None
    except FormatError as error:
        raise UsageError(str(error)) from None
    for each in log.damage:
        problems.lose(f"{path}: at byte {each.offset:,} {each.lost:,} bytes are lost: {each.why}")
    return content.hexdigest()


def _records(directories: list[Directory], kind: int) -> Iterator[bytes]:
    """The messages of one kind, in their order."""
    for directory in directories:
        for record in Log(directory.log).read():
            try:
                found = records.inner(record, kind)
            except ValueError:
                continue  # It was told when the log was surveyed.
            if found is not None:
                yield found


def _rows(directories: list[Directory], media: Media, problems: Problems) -> Iterator[Row]:
    for data in _records(directories, records.HISTORY):
        try:
            row = records.row_of(data)
        except ValueError:
            continue
        yield {key: media.of(value) if type(value) is dict else value for key, value in row.items()}


def _samples(directories: list[Directory], started: float | None) -> Iterator[Row]:
    for data in _records(directories, records.STATS):
        try:
            yield records.sample_of(data, started)
        except ValueError:
            continue


def _log(directories: list[Directory], told: Told) -> Iterator[LogLine]:
    if not told.has_output:
        text = text_file([directory.files for directory in directories], "output.log").decode("utf-8", "replace")
        yield from (LogLine(line) for line in text.splitlines())
        return
    for directory in directories:
        texts = (_text(data) for data in _records([directory], records.OUTPUT_RAW))
        yield from lines_of(each for each in texts if each is not None)


def _text(data: bytes) -> LogLine | None:
    try:
        return records.text_of(data)
    except ValueError:
        return None


def _state(told: Told) -> RunState:
    ended = told.last
    if told.started is not None and told.finished:
        ended = max(told.last or 0.0, told.started + told.runtime)
    if not told.finished:
        return RunState("crashed", None, iso(ended), told.preempting)
    failed = told.exit_code != 0
    return RunState("failed" if failed else "finished", told.exit_code, iso(ended), told.preempting and failed)


def _provenance(told: Told, files: list[Path]) -> dict[str, Any]:
    facts = {**_metadata(files), **told.environment}
    arguments = facts.pop("arguments", None)
    program = facts.get("program")
    if "python" in facts:
        facts["python"] = str(facts["python"]).removeprefix("CPython ")
    git = {**(facts.pop("git", None) or {}), **told.git}
    if "remote" in git:
        git["remote"] = without_login(str(git["remote"]))
    command = [str(program), *map(str, arguments or ())] if program else None
    return {**facts, "host": told.host or facts.get("host"), "command": command, **({"git": git} if git else {})}


def _metadata(files: list[Path]) -> dict[str, Any]:
    """What `wandb-metadata.json` says, which older versions write."""
    try:
        found = lenient.loads(text_file(files, "wandb-metadata.json") or b"{}")
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    same = ("host", "os", "python", "program", "executable", "email")
    names = {**dict(zip(same, same, strict=True)), "username": "user"}
    facts = {ours: found[theirs] for theirs, ours in names.items() if found.get(theirs)}
    git = found.get("git")
    if isinstance(git, dict):
        facts["git"] = {"remote": str(git.get("remote") or ""), "commit": str(git.get("commit") or "")}
    if isinstance(found.get("args"), list):
        facts["arguments"] = found["args"]
    return facts


def _artifacts(told: Told, problems: Problems) -> Iterator[ImportedArtifact]:
    for artifact, entries in told.artifacts:
        kept = []
        for entry, local in entries:
            if entry.ref:
                kept.append(replace(entry, etag="" if entry.etag == entry.ref else entry.etag))
                continue
            try:
                kept.append(replace(entry, file=logged_file(local, entry.etag), etag=""))
            except OSError as error:
                reason = f"{local} cannot be read ({error.strerror})" if error.strerror else error
                problems.lose(f"{artifact.name} lacks its file {entry.path}: {reason}")
        if kept or not entries:
            yield replace(artifact, entries=tuple(kept), time=told.started)
