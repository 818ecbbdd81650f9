"""What the small files of a store hold: typed records, read with checks and written atomically.

Reading is lenient where a person's hand is likely (a number for a name) and strict where meaning would be
lost; what cannot be used raises `FormatError` with file, place, what was found and how to mend it.
"""

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, cast, get_args

import orjson

from runstore.errors import FormatError, StoreError
from runstore.format import lenient, yaml12
from runstore.format.edited import Fields, choice, text
from runstore.format.edited import parse_time as parse_time
from runstore.format.layout import GITATTRIBUTES, GITIGNORE, StoreLayout

FORMAT: Final = 1
"""The version of the store's format that this release reads and writes."""

State = Literal["running", "finished", "failed", "killed", "crashed"]
STATES: Final[tuple[State, ...]] = get_args(State)
ArtifactPolicy = Literal["commit", "lfs", "ignore"]
Visibility = Literal["public", "private"]
Publishable = Literal[
    "host",
    "user",
    "email",
    "address",
    "paths",
    "remote",
    "environment",
    "logs",
    "patches",
    "files",
    "code",
]
"""What stays out of a public site unless a project lets it in by name."""
PUBLISHABLE: Final[tuple[Publishable, ...]] = get_args(Publishable)

HEARTBEAT_SECONDS: Final = 30.0
"""How often a live run touches its heartbeat."""
CRASHED_AFTER_SECONDS: Final = 300.0
"""A run whose heartbeat is older than this, with no exit recorded, has crashed."""


@dataclass(frozen=True, slots=True)
class RunMeta:
    """`run.yaml`: who a run is and how it is filed. `created` is ISO 8601 in UTC, "" when unknown."""

    id: str
    name: str = ""
    created: str = ""
    group: str = ""
    job_type: str = ""
    tags: tuple[str, ...] = ()
    notes: str = ""
    sweep: str = ""


@dataclass(frozen=True, slots=True)
class RunState:
    """`state.json`: the state a run's own process recorded; `finished` is ISO 8601 in UTC, "" while it runs.

    `preempting`: the run knew that its machine was about to be taken away.
    """

    state: State = "running"
    exit_code: int | None = None
    finished: str = ""
    preempting: bool = False


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """`heartbeat`: the process behind a live run; the file's mtime is the beat. `start` is its birth, epoch s."""

    pid: int
    host: str
    boot: str
    start: float
    interval: float = HEARTBEAT_SECONDS


@dataclass(frozen=True, slots=True)
class StopRequest:
    """`stop`: somebody asks a live run to end. `requested` is ISO 8601 in UTC, `by` says who, "" when unknown."""

    requested: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Tombstone:
    """`deleted/<run-id>.yaml`: an id that can never be used again. `deleted` is ISO 8601, `by` says who."""

    id: str
    deleted: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class StoreMeta:
    """`store.yaml`: the format's version and what holds for the whole store."""

    format: int = FORMAT
    entity: str = ""
    artifacts: ArtifactPolicy = "commit"


@dataclass(frozen=True, slots=True)
class ProjectMeta:
    """`project.yaml`: how a project presents itself."""

    title: str = ""
    description: str = ""
    visibility: Visibility = "private"
    views: tuple[Mapping[str, Any], ...] = field(default=())
    publish: tuple[Publishable, ...] = ()


def write_atomically(path: Path, data: bytes, *, sync: bool = False) -> None:
    """Replaces `path` by `data` in one step: readers see the old bytes or the new ones, never a part.

    With `sync` the bytes are on the disk before the name is. Raises `OSError` and leaves the old file alone.
    """
    beside = path.with_name(f".{path.name}.{os.urandom(4).hex()}.tmp")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
            if sync:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def create_store(layout: StoreLayout, entity: str = "") -> None:
    """Writes what a new store starts with: `store.yaml`, `.gitignore`, `.gitattributes`.

    What is there stays; the two files for git get those of our lines that they lack behind their own.
    Raises `StoreError` in one line where that is impossible, `FormatError` for a store of a newer format.
    """
    try:
        layout.root.mkdir(parents=True, exist_ok=True)
        if not layout.store_yaml.exists():
            write_atomically(layout.store_yaml, dump_store(StoreMeta(entity=entity)))
        for path, text in ((layout.gitignore, GITIGNORE), (layout.gitattributes, GITATTRIBUTES)):
            if os.path.lexists(path):
                _add_lines(path, text)
            else:
                write_atomically(path, text.encode())
    except OSError as error:
        reason = "it is a file" if isinstance(error, FileExistsError) else error.strerror or str(error)
        raise StoreError(
            f"{layout.root}: cannot create a store here ({reason}); pass dir= or set RUNSTORE_DIR"
        ) from None
    load_store(layout.store_yaml)


def _add_lines(path: Path, text: str) -> None:
    """Adds those lines of `text` that the file lacks. One that cannot be read or written stays as it is."""
    try:
        held = _read(path)
        known = {line.strip() for line in held.splitlines()}
        missing = [line for line in text.encode().splitlines() if line not in known]
        if missing:
            gap = b"" if not held or held.endswith(b"\n") else b"\n"
            write_atomically(path, held + gap + b"\n".join(missing) + b"\n")
    except (StoreError, OSError):
        # A store that others share may not be ours to change; what git keeps is no reason to lose a run.
        return


def dump_store(meta: StoreMeta) -> bytes:
    return yaml12.dump({"format": meta.format, "entity": meta.entity, "artifacts": meta.artifacts}).encode()


def load_store(path: Path) -> StoreMeta:
    """Reads `store.yaml`; one that is missing stands for the defaults. A newer format raises `FormatError`."""
    values = _read_mapping(path)
    version = _version(path, values)
    if version < FORMAT:
        raise FormatError(path, "format", f"{version}, an older format", str(FORMAT), "run `runstore migrate`")
    return StoreMeta(
        format=version,
        entity=text(path, values, "entity"),
        artifacts=cast(ArtifactPolicy, choice(path, values, "artifacts", get_args(ArtifactPolicy), "commit")),
    )


def store_version(path: Path) -> int:
    """The version of the format that a store says it has, of this release or an older one; this one's where it says
    nothing. Raises `FormatError` for a newer one."""
    return _version(path, _read_mapping(path))


def _version(path: Path, values: Mapping[str, Any]) -> int:
    version = values.get("format", FORMAT)
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise FormatError(
            path, "format", repr(version), f"a whole number from 1 to {FORMAT}", f"write format: {FORMAT}"
        )
    if version > FORMAT:
        raise FormatError(
            path, "format", f"{version}, a newer format", f"at most {FORMAT}", "update with pip install -U runstore"
        )
    return version


def dump_project(meta: ProjectMeta) -> bytes:
    values: dict[str, Any] = {"title": meta.title, "description": meta.description, "visibility": meta.visibility}
    if meta.publish:
        values["publish"] = list(meta.publish)
    if meta.views:
        values["views"] = [dict(view) for view in meta.views]
    return yaml12.dump(values).encode()


def load_project(path: Path, mistakes: list[FormatError] | None = None) -> ProjectMeta:
    """Reads `project.yaml`; one that is missing stands for the defaults.

    A field that cannot be used keeps its default, and is noted in `mistakes`.
    """
    fields = Fields(path, _read_mapping(path), [] if mistakes is None else mistakes)
    return ProjectMeta(
        title=fields.text("title"),
        description=fields.text("description"),
        visibility=cast(Visibility, fields.choice("visibility", get_args(Visibility), "private")),
        views=tuple(fields.views()),
        publish=cast(tuple[Publishable, ...], tuple(fields.words("publish", PUBLISHABLE, "logs, host"))),
    )


def dump_run(meta: RunMeta) -> bytes:
    values = {
        "id": meta.id,
        "name": meta.name,
        "created": meta.created,
        "group": meta.group,
        "job_type": meta.job_type,
        "tags": list(meta.tags),
        "notes": meta.notes,
        "sweep": meta.sweep,
    }
    return yaml12.dump(values).encode()


def load_run(path: Path, mistakes: list[FormatError] | None = None) -> RunMeta:
    """Reads `run.yaml` of the run whose directory holds it. The directory's name is the id, whatever the file says.

    A field that cannot be used keeps its default, and is noted in `mistakes`; so is a `created` that is no time,
    whose text stays.
    """
    fields = Fields(path, _read_mapping(path), [] if mistakes is None else mistakes)
    return RunMeta(
        id=path.parent.name,
        name=fields.text("name"),
        created=fields.time("created"),
        group=fields.text("group"),
        job_type=fields.text("job_type"),
        tags=tuple(fields.tags()),
        notes=fields.text("notes"),
        sweep=fields.text("sweep"),
    )


def dump_state(state: RunState) -> bytes:
    values: dict[str, Any] = {"state": state.state, "exit_code": state.exit_code, "finished": state.finished}
    if state.preempting:
        values["preempting"] = True
    return orjson.dumps(values)


def load_state(path: Path) -> RunState | None:
    """Reads `state.json`; None when there is none, as in a store written by hand."""
    values = read_json_object(path)
    if not values:
        return None
    state = values.get("state")
    if state not in STATES:
        raise FormatError(path, "state", repr(state), "one of " + " ".join(STATES), "write the state that holds")
    code = values.get("exit_code")
    return RunState(
        state=cast(State, state),
        exit_code=code if isinstance(code, int) and not isinstance(code, bool) else None,
        finished=str(values.get("finished") or ""),
        preempting=values.get("preempting") is True,
    )


def dump_stop_request(request: StopRequest) -> bytes:
    return orjson.dumps(request)


def load_stop_request(path: Path) -> StopRequest:
    """Reads a request to stop. It counts by being there: what cannot be read of it stays empty."""
    try:
        values = read_json_object(path)
    except StoreError:
        return StopRequest()
    return StopRequest(requested=str(values.get("requested") or ""), by=str(values.get("by") or ""))


def dump_tombstone(tombstone: Tombstone) -> bytes:
    """One line that is whole in itself: of two branches that deleted the same run, `merge=union` keeps both."""
    return b"- " + orjson.dumps(tombstone) + b"\n"


def load_tombstone(path: Path) -> Tombstone:
    """Reads a tombstone, the first of several. It counts by being there: what cannot be read stays empty.

    Raises `StoreError` for a file that cannot be read at all.
    """
    value = read_yaml(path, "a list of deletions")
    entries = [entry for entry in (value if isinstance(value, list) else [value]) if isinstance(entry, dict)]
    found = [(str(entry.get("deleted") or ""), str(entry.get("by") or "")) for entry in entries]
    deleted, by = min(found, default=("", ""))
    return Tombstone(path.stem, deleted, by)


def dump_heartbeat(beat: Heartbeat) -> bytes:
    return orjson.dumps(beat)


def load_heartbeat(path: Path) -> Heartbeat | None:
    """Reads a heartbeat; None when there is none or it is not one (it is advice, never worth an error)."""
    try:
        values = read_json_object(path)
        return Heartbeat(
            pid=int(values["pid"]),
            host=str(values["host"]),
            boot=str(values.get("boot", "")),
            start=float(values.get("start", 0.0)),
            interval=float(values.get("interval", HEARTBEAT_SECONDS)),
        )
    except (StoreError, KeyError, TypeError, ValueError, OverflowError):
        return None


def load_config(path: Path) -> dict[str, Any]:
    """Reads `config.yaml`: a plain mapping. One that is missing is an empty configuration."""
    return _read_mapping(path)


def read_json_object(path: Path) -> dict[str, Any]:
    """The JSON object in `path`, {} when there is no such file or it is empty. Bare NaN and Infinity are understood."""
    data = _read(path)
    if not data.strip():
        return {}
    try:
        value = lenient.loads(data)
    except ValueError as error:
        line = getattr(error, "lineno", 0)
        found = str(error) if isinstance(error, lenient.TooDeepError) else "broken JSON"
        raise FormatError(
            path, f"line {line}" if line else "", found, "a JSON object", "mend it or delete the file"
        ) from None
    if not isinstance(value, dict):
        raise FormatError(path, "", f"a JSON {type(value).__name__}", "an object", "mend it or delete the file")
    return value


def _read(path: Path) -> bytes:
    """The bytes of a plain file, b"" when there is none. A store may come from strangers: no link is followed."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return b""
    except OSError as error:
        if os.path.islink(path):
            raise FormatError(path, "", "a link", "a plain file", "put the file itself there") from None
        raise unreadable(path, error) from None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise FormatError(path, "", "no plain file", "a plain file", "remove what is there")
        return _read_bytes(descriptor, found.st_size)
    except OSError as error:
        raise unreadable(path, error) from None
    finally:
        with suppress(OSError):  # Of a file that was replaced meanwhile some network file systems tell only here.
            os.close(descriptor)


def _read_bytes(descriptor: int, size: int) -> bytes:
    """The first `size` bytes. A file object would ask the system twice as often, for each of thousands of files."""
    data = os.read(descriptor, size)
    while len(data) < size and (more := os.read(descriptor, size - len(data))):
        data += more
    return data


def unreadable(path: Path, error: OSError) -> StoreError:
    """The error for a file or directory that the system does not let us read."""
    return StoreError(f"{path}: cannot be read ({error.strerror or error}); check its permissions")


def read_yaml(path: Path, expected: str = "a list") -> Any:
    """The value in a YAML file, None when there is no such file or it is empty. Raises `StoreError`."""
    try:
        return yaml12.load(_read(path))
    except yaml12.YamlError as error:
        place = f"line {error.line}" if error.line else ""
        raise FormatError(path, place, f"broken YAML ({error})", expected, "mend the line") from None


def _read_mapping(path: Path) -> dict[str, Any]:
    values = read_yaml(path, "a mapping of key: value")
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise FormatError(
            path, "line 1", f"a {type(values).__name__}", "a mapping of key: value", "write key: value lines"
        )
    return values
