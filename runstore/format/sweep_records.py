"""The records of a sweep: what each file of `sweep_layout` says, as frozen dataclasses, and as the line it is there.

A record is one JSON object on one line, its keys sorted, with `v` (the format's version), `kind`, and in front `sum`
(the CRC-32 of the line without it, in hex). What has its default value is left out. It is complete before it has its
name, and never written again. After two branches were merged a file may hold two of them, a line each: `run` tells
whose they are.
"""

import re
import zlib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, ClassVar, Final, Literal, NamedTuple, TypeVar

import orjson

RECORD_FORMAT: Final = 1

TrialState = Literal["finished", "failed", "crashed", "killed", "stopped"]
"""How a trial ended: exit 0; another exit code or an exception; its agent died; somebody stopped it; early
termination stopped it."""

ControlKind = Literal["pause", "resume", "stop", "cancel", "extend", "add", "retry", "prior"]
AgentState = Literal["starting", "waiting", "training", "bye"]


class BadRecordError(ValueError):
    """A line that is no record of the kind that was expected; its text says why."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process on some host, so that another on the same host can tell whether it still runs.

    `boot` and `start` (seconds since 1970) tell it from a later one with the same number. `slurm` holds the ids of
    the job that it belongs to (`job`, `array`, `task`, `restart`), empty outside Slurm.
    """

    host: str = ""
    pid: int = 0
    boot: str = ""
    start: float = 0.0
    slurm: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Claim:
    """One attempt at a trial: who took it, and with which parameters.

    `n` is the trial's number, from 0. `params` are nested as the run's config has them. `run` is the id of its run,
    the same for all attempts. `beat` is the number of the agent's heartbeat at the time: a later one that names
    another trial says that this attempt was given up. `position` is the place in the order of a grid. `added` is the
    number of the control that asked for this very point, 0 for a point of the search. `retry` is the number of the
    control that asked for the trial again, 0 without one: what came out before counts no more. `retries` counts the
    attempts since then that crashed (not those whose machine was taken away). `seen` and `control` say how many
    outcomes and controls the decision knew. `info` is what the engine says about its choice. `time` (ISO 8601) is
    information only.
    """

    kind: ClassVar[str] = "claim"
    n: int
    run: str
    agent: str
    params: Mapping[str, Any]
    attempt: int = 1
    beat: int = 0
    process: Process = field(default_factory=Process)
    position: int | None = None
    added: int = 0
    retry: int = 0
    retries: int = 0
    engine: str = ""
    seen: int = 0
    control: int = 0
    info: Mapping[str, Any] = field(default_factory=dict)
    time: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended.

    `value` is the metric as the sweep counts it (its best over history and summary), None where it was never logged;
    it may be NaN or infinite. `count` is how often the metric was logged, `rungs` are its values at the bands of early
    termination that the trial reached. `agent` published this; `by` names it where that was not the trial's own.
    `first` is the attempt that it counts from: 1, or the first one after somebody asked for the trial again.
    """

    kind: ClassVar[str] = "outcome"
    n: int
    run: str
    agent: str
    state: TrialState
    attempt: int = 1
    first: int = 1
    value: float | None = None
    count: int = 0
    rungs: tuple[float, ...] = ()
    exit: int | None = None
    reason: str = ""
    runtime: float = 0.0
    by: str = ""
    time: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Early termination's decision to stop a trial: at `band` (a count of logged values) its `value` was worse than
    `threshold`. `rule` is `hyperband`, `asha` or `median`."""

    kind: ClassVar[str] = "verdict"
    n: int
    run: str
    rule: str
    band: int
    value: float
    threshold: float
    attempt: int = 1
    count: int = 0
    agent: str = ""
    time: str = ""


@dataclass(frozen=True, slots=True)
class Control:
    """What a person asked of the sweep.

    `data`: for `extend` {"run_cap": 40, "ranges": {"lr": {"min": 1e-6, "max": 0.1}}}; for `add` {"params": {…}};
    for `retry` {"trials": [3, 7]}; for `prior` {"runs": [{"run", "project", "params", "value", "state"}, …]}; else {}.
    """

    kind: ClassVar[str] = "control"
    n: int
    what: ControlKind
    by: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    time: str = ""


@dataclass(frozen=True, slots=True)
class Beat:
    """An agent's heartbeat: the one record that is written again and again, by its agent alone.

    `beat` counts them; an agent is alive while the bytes change. `trial` (with `attempt`, `run`) is what it works at,
    None between trials; `count`, `best` and `rungs` are what the trial logged so far. `done` and `failed` count its
    trials. `began` and `time` are information only.
    """

    kind: ClassVar[str] = "beat"
    agent: str
    beat: int
    state: AgentState
    process: Process = field(default_factory=Process)
    trial: int | None = None
    attempt: int = 0
    run: str = ""
    count: int = 0
    best: float | None = None
    rungs: tuple[float, ...] = ()
    done: int = 0
    failed: int = 0
    every: float = 30.0
    began: str = ""
    time: str = ""


Record = Claim | Outcome | Verdict | Control | Beat
R = TypeVar("R", Claim, Outcome, Verdict, Control, Beat)
Values = dict[str, Any]
"""A record as the JSON object that its line holds."""

_NAMED: Final = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}
_PLAIN: Final = frozenset({str, int, bool, type(None)})
_HEAD: Final = b'{"sum":"'
_REQUIRED: Final[Mapping[str, tuple[tuple[str, type | tuple[type, ...]], ...]]] = {
    "claim": (("n", int), ("run", str), ("agent", str), ("params", dict)),
    "outcome": (("n", int), ("run", str), ("agent", str), ("state", str)),
    "verdict": (("n", int), ("run", str), ("rule", str), ("band", int)),
    "control": (("n", int), ("what", str)),
    "beat": (("agent", str), ("beat", int), ("state", str)),
    "trial": (("n", int), ("run", str), ("state", str), ("params", dict), ("claims", list)),
}
"""What no record of a kind can do without."""


def _defaults(kind: type) -> tuple[tuple[str, Any], ...]:
    """The fields of a record with their defaults; `MISSING` where one has none."""
    return tuple(
        (each.name, each.default if each.default_factory is MISSING else each.default_factory())
        for each in fields(kind)
    )


_FIELDS: Final = {kind: _defaults(kind) for kind in (Process, Claim, Outcome, Verdict, Control, Beat)}


def dump(record: Record) -> bytes:
    """The record as its line, with the newline. What has its default value is left out."""
    return dump_values({"kind": record.kind, **values_of(record)})


def values_of(record: Record | Process) -> Values:
    """A record as plain values, without those that are as they are by default."""
    found = {}
    for name, default in _FIELDS[type(record)]:
        value = getattr(record, name)
        if value != default:
            found[name] = values_of(value) if isinstance(value, Process) else _plain(value)
    return found


def dump_values(values: Values) -> bytes:
    """The line of plain values, signed."""
    body = orjson.dumps({"v": RECORD_FORMAT, **values}, option=orjson.OPT_SORT_KEYS)
    return b'{"sum":"%08x",' % zlib.crc32(body) + body[1:] + b"\n"


def load(line: bytes, expected: type[R]) -> R:
    """The record in a line. Raises `BadRecordError` for a broken one, another kind, or a newer format."""
    return made(load_values(line, expected.kind), expected)


def load_values(line: bytes, kind: str) -> Values:
    """The JSON object in a line of a record of `kind`. Raises `BadRecordError` as `load` does."""
    values = checked(line)
    if values.get("v") != RECORD_FORMAT:
        raise BadRecordError(f"a record of format {values.get('v')!r}, this release reads {RECORD_FORMAT}")
    if values.get("kind") != kind:
        raise BadRecordError(f"a record of the kind {values.get('kind')!r}, expected {kind!r}")
    for name, expected in _REQUIRED[kind]:
        if not isinstance(values.get(name), expected):
            raise BadRecordError(f"a {kind} without its {name!r}")
    if kind == "trial":
        _check_trial(values)
    return values


def _check_trial(values: Values) -> None:
    """Raises `BadRecordError` for a sealed trial whose parts are not what they should be."""
    parts = [values["claims"], *(values[name] for name in ("outcomes", "late", "verdicts") if name in values)]
    if not values["claims"] or not all(isinstance(p, list) and all(isinstance(e, dict) for e in p) for p in parts):
        raise BadRecordError("a trial without a claim, or with an outcome that is none")


class SealedHead(NamedTuple):
    """What a sealed shard's line says of its trial in front; the rest is read when somebody asks for it."""

    n: int
    run: str
    state: TrialState
    value: float | None
    added: int


def dump_sealed(head: SealedHead, rest: Values) -> bytes:
    """The line of a sealed trial: its number, run, state, value (and `added`) stand first, the rest sorted."""
    front: Values = {"n": head.n, "run": head.run, "state": head.state, "value": _plain(head.value)}
    if head.added:
        front["added"] = head.added
    rest = {"v": RECORD_FORMAT, "kind": "trial", **rest}
    body = orjson.dumps(front)[:-1] + b"," + orjson.dumps(rest, option=orjson.OPT_SORT_KEYS)[1:]
    return b'{"sum":"%08x",' % zlib.crc32(body) + body[1:] + b"\n"


def load_sealed_head(line: bytes) -> SealedHead:
    """What stands in front of a sealed trial's line, whose checksum holds. Raises `BadRecordError`."""
    if (found := _SEALED_HEAD.match(line)) is None:
        checked(line)
        raise BadRecordError("a record that is no sealed trial")
    if found[1] != b"%08x" % zlib.crc32(line[18:], _OPENED):
        raise BadRecordError(_WRONG_SUM)
    _, number, run, state, value, added = found.groups()
    if value == b"null":
        return SealedHead(int(number), run.decode(), state.decode(), None, int(added or 0))  # type: ignore[arg-type]
    return SealedHead(int(number), run.decode(), state.decode(), float(value.strip(b'"')), int(added or 0))  # type: ignore[arg-type]


def load_sealed(line: bytes) -> Values:
    """A whole sealed trial. Raises `BadRecordError`."""
    return load_values(line, "trial")


def checked(line: bytes) -> Values:
    """The JSON object of a line whose checksum holds. Raises `BadRecordError`."""
    body = line.rstrip(b"\n")
    if not body.startswith(_HEAD) or body[16:18] != b'",':
        raise BadRecordError("a line without a checksum in front" if body.strip() else "an empty record")
    if body[8:16] != b"%08x" % zlib.crc32(body[18:], _OPENED):
        raise BadRecordError(_WRONG_SUM)
    try:
        values = orjson.loads(body)
    except ValueError as error:
        raise BadRecordError(f"broken JSON ({error})") from None
    if not isinstance(values, dict):
        raise BadRecordError("no JSON object")
    return values


_OPENED: Final = zlib.crc32(b"{")
_WRONG_SUM: Final = "a record whose checksum does not fit: it was cut off or changed by hand"
_SEALED_HEAD: Final = re.compile(
    rb'\{"sum":"([0-9a-f]{8})","n":([0-9]{1,9}),"run":"([^"\\]{1,64})",'
    rb'"state":"(finished|failed|crashed|killed|stopped)",'
    rb'"value":(null|-?[0-9.]+(?:[eE][-+]?[0-9]+)?|"(?:NaN|-?Infinity)"),(?:"added":([0-9]{1,9}),)?'
)


def made(values: Mapping[str, Any], expected: type[R]) -> R:
    """The record that plain values stand for. Raises `BadRecordError` where they are none."""
    given = {name: values[name] for name, _ in _FIELDS[expected] if name in values}
    try:
        if "process" in given:
            process = given["process"]
            given["process"] = Process(**{name: process[name] for name, _ in _FIELDS[Process] if name in process})
        if "rungs" in given:
            given["rungs"] = tuple(map(number_of, given["rungs"]))
        for name in ("value", "best", "threshold"):
            if given.get(name) is not None:
                given[name] = number_of(given[name])
        return expected(**given)
    except (TypeError, ValueError) as error:
        raise BadRecordError(f"a value of a wrong type ({error})") from None


def _plain(value: Any) -> Any:
    """Numbers that JSON has not, by their names."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, float):
        return value if value - value == 0.0 else "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value


def number_of(value: Any) -> float:
    """The number that a plain value stands for; a number that is not finite stands there by its name."""
    return _NAMED[value] if isinstance(value, str) and value in _NAMED else float(value)
