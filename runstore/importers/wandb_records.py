"""The records in the file of a W&B run, as far as they are carried (wandb/proto/wandb_internal.proto, by number)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from runstore.events import wire
from runstore.format import lenient
from runstore.format.metrics import AGGREGATES, Goal, Metric
from runstore.importers.sources import ImportedArtifact, ImportedEntry, LogLine, Row

HISTORY, SUMMARY, OUTPUT, CONFIG, FILES, STATS = 2, 3, 4, 5, 6, 7
ARTIFACT, TENSORBOARD, ALERT, METRIC, OUTPUT_RAW, RUN, EXIT = 8, 9, 10, 12, 13, 17, 18
PREEMPTING, LINK, USE_ARTIFACT, ENVIRONMENT = 23, 24, 25, 26
_UNCARRIED: Final = {
    TENSORBOARD: "TensorBoard files that W&B mirrored (`runstore import tensorboard` reads them)",
    LINK: "the link of an artifact into a collection",
    USE_ARTIFACT: "the use of an artifact that is on W&B's server",
}
_WORDS: Final = {1: "min", 2: "max", 3: "mean", 4: "best", 5: "last", 6: "none", 7: "copy", 8: "first"}
_GOALS: Final[dict[int, Goal]] = {1: "minimize", 2: "maximize"}
_OWN: Final = "_wandb"
_AUTOMATIC: Final = frozenset({"run_table", "wandb-history", "job"})
"""Types of artifacts that W&B makes by itself, of what is imported anyway."""


@dataclass(slots=True)
class Told:
    """What the records of a run say of it as a whole. Times are epoch s. `finished` is whether an exit was recorded.

    `artifacts` are those that the script logged, `tables` those that W&B made of its tables, by the id that rows name.
    Each has its entries with the path of the file on the machine that logged it.
    """

    id: str = ""
    entity: str = ""
    project: str = ""
    name: str = ""
    group: str = ""
    job_type: str = ""
    notes: str = ""
    tags: tuple[str, ...] = ()
    sweep: str = ""
    host: str = ""
    started: float | None = None
    last: float | None = None
    config: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Metric] = field(default_factory=dict)
    environment: dict[str, Any] = field(default_factory=dict)
    git: dict[str, str] = field(default_factory=dict)
    artifacts: list[tuple[ImportedArtifact, list[tuple[ImportedEntry, str]]]] = field(default_factory=list)
    tables: dict[str, list[tuple[ImportedEntry, str]]] = field(default_factory=dict)
    alerts: list[Row] = field(default_factory=list)
    uncarried: list[str] = field(default_factory=list)
    finished: bool = False
    exit_code: int = 0
    runtime: int = 0
    preempting: bool = False
    has_output: bool = False

    def take(self, record: bytes) -> None:
        """Reads one record. Raises `wire.WireError`."""
        for number, _, value in wire.fields(record):
            if number in _READERS:
                _READERS[number](self, wire.body(value))
            elif number in _UNCARRIED:
                self.uncarried.append(_UNCARRIED[number])

    def note_time(self, moment: float | None) -> None:
        if moment is not None and (self.last is None or moment > self.last):
            self.last = moment


def inner(record: bytes, wanted: int) -> bytes | None:
    """The message of this kind that a record holds, None where it is of another kind."""
    for number, _, value in wire.fields(record):
        if number == wanted:
            return wire.body(value)
    return None


def _run(told: Told, data: bytes) -> None:
    tags = []
    for number, _, value in wire.fields(data):
        match number:
            case 1 | 2 | 3 | 6 | 7 | 8 | 9 | 12 | 13:
                setattr(told, _RUN_FIELDS[number], wire.text(value))
            case 4:
                _config(told, wire.body(value))
            case 5:
                _summary(told, wire.body(value))
            case 10:
                tags.append(wire.text(value))
            case 17:
                told.started = timestamp(value) if told.started is None else told.started
            case 21:
                told.git.update(_git(wire.body(value)))
    told.tags = tuple(tags) or told.tags


_RUN_FIELDS: Final = {
    1: "id",
    2: "entity",
    3: "project",
    6: "group",
    7: "job_type",
    8: "name",
    9: "notes",
    12: "sweep",
    13: "host",
}


def _git(data: bytes) -> dict[str, str]:
    names = {1: "remote", 2: "commit"}
    return {names[number]: wire.text(value) for number, _, value in wire.fields(data) if number in names}


def timestamp(value: Any) -> float:
    """The time (epoch s) that a google.protobuf.Timestamp stands for."""
    parts = {number: wire.signed(wire.whole(each)) for number, _, each in wire.fields(wire.body(value))}
    return parts.get(1, 0) + parts.get(2, 0) / 1e9


def _items(data: bytes, wanted: int) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The paths and values of what a ConfigRecord or a SummaryRecord sets (1) or removes (2)."""
    for number, _, item in wire.fields(data):
        if number == wanted:
            yield _item(wire.body(item))


def _item(data: bytes) -> tuple[tuple[str, ...], Any]:
    path: list[str] = []
    found: Any = None
    for number, _, value in wire.fields(data):
        match number:
            case 1:
                path = [wire.text(value)]
            case 2:
                path.append(wire.text(value))
            case 4:
                found = bool(wire.whole(value))
            case 5:
                found = (wire.whole(value) >> 1) ^ -(wire.whole(value) & 1)
            case 6:
                found = wire.double(value)
            case 7:
                found = wire.text(value)
            case 8 | 16:
                found = lenient.loads(wire.body(value))
    return tuple(path), found


def _apply(tree: dict[str, Any], data: bytes) -> None:
    for path, value in _items(data, 1):
        _put(tree, path, value)
    for path, _ in _items(data, 2):
        _remove(tree, path)


def _put(tree: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for part in path[:-1]:
        below = tree.get(part)
        if not isinstance(below, dict):
            below = tree[part] = {}
        tree = below
    if path:
        tree[path[-1]] = value


def _remove(tree: Any, path: tuple[str, ...]) -> None:
    for part in path[:-1]:
        tree = tree.get(part) if isinstance(tree, dict) else None
    if isinstance(tree, dict) and path:
        tree.pop(path[-1], None)


def _config(told: Told, data: bytes) -> None:
    _apply(told.config, data)
    if charts := (told.config.pop(_OWN, None) or {}).get("visualize"):
        told.uncarried += ["the specification of a custom chart (its table is carried)"] * len(charts)


def _summary(told: Told, data: bytes) -> None:
    _apply(told.summary, data)
    told.summary.pop(_OWN, None)


def _history(told: Told, data: bytes) -> None:
    for number, _, item in wire.fields(data):
        if number == 1 and b"_timestamp" in item:  # The others are read when the rows are.
            path, moment = _item(wire.body(item))
            told.note_time(float(moment) if path == ("_timestamp",) and type(moment) in (int, float) else None)


def _output(told: Told, data: bytes) -> None:
    told.has_output = True
    told.note_time(next((timestamp(value) for number, _, value in wire.fields(data) if number == 2), None))


def _stats(told: Told, data: bytes) -> None:
    told.note_time(next((timestamp(value) for number, _, value in wire.fields(data) if number == 2), None))


def _metric(told: Told, data: bytes) -> None:
    name, step, sync, hidden, words, goal, expanded = "", "", None, None, list[str](), 0, False
    for number, _, value in wire.fields(data):
        match number:
            case 1 | 2:
                name = wire.text(value)
            case 4:
                step = wire.text(value)
            case 6:
                options = {at: bool(each) for at, _, each in wire.fields(wire.body(value))}
                sync, hidden = options.get(1), options.get(2)
            case 7:
                words = [_WORDS[at] for at, _, each in wire.fields(wire.body(value)) if each and at in _WORDS]
            case 8:
                goal = wire.whole(value)
            case 10:
                expanded = bool(value)
    if name and not expanded:
        summary = tuple(word for word in (*AGGREGATES, "copy", "none") if word in words) or None
        told.metrics[name] = Metric(name, step or None, sync, summary, hidden, _GOALS.get(goal))


def _exit(told: Told, data: bytes) -> None:
    told.finished = True
    for number, _, value in wire.fields(data):
        if number == 1:
            told.exit_code = wire.signed(wire.whole(value))
        elif number == 2:
            told.runtime = wire.whole(value)


def _preempting(told: Told, data: bytes) -> None:
    told.preempting = True


def _alert(told: Told, data: bytes) -> None:
    said = {number: wire.text(value) for number, _, value in wire.fields(data) if number in (1, 2, 3)}
    told.alerts.append({"title": said.get(1, ""), "text": said.get(2, ""), "level": said.get(3) or "INFO"})


def _environment(told: Told, data: bytes) -> None:
    names = {1: "os", 2: "python", 6: "program", 10: "email", 12: "host", 13: "user", 14: "executable"}
    arguments = []
    for number, _, value in wire.fields(data):
        if number in names:
            told.environment[names[number]] = wire.text(value)
        elif number == 5:
            arguments.append(wire.text(value))
        elif number == 9:
            told.git.update(_git(wire.body(value)))
        elif number in (16, 17):
            told.environment["cpu_count"] = wire.whole(value)
        elif number == 18:
            told.environment["gpu"] = wire.text(value)
        elif number == 19:
            told.environment["gpu_count"] = wire.whole(value)
        elif number == 25:
            told.environment["cuda"] = wire.text(value)
    if arguments:
        told.environment["arguments"] = arguments


def _artifact(told: Told, data: bytes) -> None:
    texts = {4: "", 5: "", 7: "", 8: "", 15: ""}
    aliases, tags, entries = [], [], list[tuple[ImportedEntry, str]]()
    for number, _, value in wire.fields(data):
        if number in texts:
            texts[number] = wire.text(value)
        elif number == 11:
            aliases.append(wire.text(value))
        elif number == 19:
            tags.append(wire.text(value))
        elif number == 12:
            entries += [_entry(wire.body(each)) for at, _, each in wire.fields(wire.body(value)) if at == 4]
    if texts[4] in _AUTOMATIC:
        told.tables[texts[15]] = entries
        return
    metadata = lenient.loads(texts[8].encode()) if texts[8] else {}
    made = ImportedArtifact(
        name=texts[5],
        type=texts[4],
        description=texts[7],
        metadata=metadata if isinstance(metadata, dict) else {},
        aliases=tuple(aliases),
        tags=tuple(tags),
    )
    told.artifacts.append((made, entries))


def _entry(data: bytes) -> tuple[ImportedEntry, str]:
    """An entry, with the path of the file on the machine that logged it: `etag` holds its MD5, in base64."""
    path, digest, ref, size, local = "", "", "", None, ""
    for number, _, value in wire.fields(data):
        match number:
            case 1:
                path = wire.text(value)
            case 2:
                digest = wire.text(value)
            case 3:
                ref = wire.text(value)
            case 4:
                size = wire.whole(value)
            case 6:
                local = wire.text(value)
    return ImportedEntry(path, None, ref, size, digest), local


_READERS: Final = {
    HISTORY: _history,
    SUMMARY: _summary,
    OUTPUT: _output,
    CONFIG: _config,
    STATS: _stats,
    ARTIFACT: _artifact,
    ALERT: _alert,
    METRIC: _metric,
    OUTPUT_RAW: _output,
    RUN: _run,
    EXIT: _exit,
    PREEMPTING: _preempting,
    ENVIRONMENT: _environment,
}


def row_of(data: bytes) -> Row:
    """The row in a HistoryRecord: nested keys joined by dots, objects that stand for media whole."""
    row: Row = {}
    tree: dict[str, Any] = {}
    for number, _, value in wire.fields(data):
        if number == 1:
            path, found = _item(wire.body(value))
            if len(path) > 1:
                _put(tree, path, found)
            elif path:
                row[path[0]] = found
        elif number == 2:
            row.setdefault("_step", next((wire.signed(each) for at, _, each in wire.fields(value) if at == 1), 0))
    _join(row, tree, "")
    row.pop(_OWN, None)
    return row


def _join(row: Row, tree: dict[str, Any], prefix: str) -> None:
    for key, value in tree.items():
        if isinstance(value, dict) and value and "_type" not in value:
            _join(row, value, f"{prefix}{key}.")
        else:
            row[prefix + key] = value


def sample_of(data: bytes, started: float | None) -> Row:
    """The row of system metrics in a StatsRecord."""
    row: Row = {}
    for number, _, value in wire.fields(data):
        if number == 2:
            moment = timestamp(value)
            row = {"_timestamp": round(moment, 3), "_runtime": round(max(moment - (started or moment), 0.0), 3), **row}
        elif number == 3:
            path, found = _item(wire.body(value))
            row[".".join(path)] = found
    return row


def text_of(data: bytes) -> LogLine:
    """What was written in one go: no whole line yet."""
    source, moment, text = "stderr", None, ""
    for number, _, value in wire.fields(data):
        if number == 1 and value == 1:
            source = "stdout"
        elif number == 2:
            moment = timestamp(value)
        elif number == 3:
            text = wire.text(value)
    return LogLine(text, moment, source)
