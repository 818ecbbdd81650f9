"""The records of a sweep: what each file of `sweep_layout` says, as frozen dataclasses, and as the line it is there.

A record is one JSON object on one line, its keys sorted, with `v` (the format's version) and `sum` (the CRC-32 of the
line without it, in hex). It is complete before it has its name, and never written again. After two branches were
merged a file may hold two of them, a line each: `run` tells whose they are.
"""

import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, ClassVar, Final, Literal, TypeVar

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
    number of the control that asked for this very point, 0 for a point of the search. `retries` counts the attempts
    before it that crashed (not those whose machine was taken away). `seen` and `control` say how many outcomes and
    controls the decision knew. `info` is what the engine says about its choice. `time` (ISO 8601) is information only.
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
    """

    kind: ClassVar[str] = "outcome"
    n: int
    run: str
    agent: str
    state: TrialState
    attempt: int = 1
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
_NAMED: Final = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


def dump(record: Record) -> bytes:
    """The record as its line, with the newline."""
    values = {name: _plain(value) for name, value in asdict(record).items()}
    return _signed({"v": RECORD_FORMAT, "kind": record.kind, **values})


def _signed(values: dict[str, Any]) -> bytes:
    body = orjson.dumps(values, option=orjson.OPT_SORT_KEYS)
    return b'{"sum":"%08x",' % zlib.crc32(body) + body[1:] + b"\n"


def load(line: bytes, expected: type[R]) -> R:
    """The record in a line. Raises `BadRecordError` for a broken one, another kind, or a newer format."""
    values = checked(line)
    if values.get("v") != RECORD_FORMAT:
        raise BadRecordError(f"a record of format {values.get('v')!r}, this release reads {RECORD_FORMAT}")
    if values.get("kind") != expected.kind:
        raise BadRecordError(f"a record of the kind {values.get('kind')!r}, expected {expected.kind!r}")
    return _made(values, expected)


def checked(line: bytes) -> dict[str, Any]:
    """The JSON object of a line whose checksum holds. Raises `BadRecordError`."""
    body = line.rstrip(b"\n")
    if not body.startswith(b'{"sum":"') or body[16:18] != b'",':
        raise BadRecordError("a line without a checksum in front" if body else "an empty record")
    if body[8:16] != b"%08x" % zlib.crc32(b"{" + body[18:]):
        raise BadRecordError("a record whose checksum does not fit: it was cut off or changed by hand")
    values = orjson.loads(body)
    if not isinstance(values, dict):
        raise BadRecordError("no JSON object")
    return values


def _made(values: Mapping[str, Any], expected: type[R]) -> R:
    given = {each.name: values[each.name] for each in fields(expected) if each.name in values}
    if "process" in given:
        given["process"] = Process(
            **{key: given["process"][key] for key in Process.__slots__ if key in given["process"]}
        )
    if "rungs" in given:
        given["rungs"] = tuple(map(_number, given["rungs"]))
    for name in ("value", "best", "threshold"):
        if name in given and given[name] is not None:
            given[name] = _number(given[name])
    try:
        return expected(**given)
    except TypeError as error:
        raise BadRecordError(str(error)) from None


def _plain(value: Any) -> Any:
    """Numbers that JSON has not, by their names."""
    if isinstance(value, float) and (value != value or value in (_NAMED["Infinity"], _NAMED["-Infinity"])):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value


def _number(value: Any) -> float:
    return _NAMED[value] if isinstance(value, str) and value in _NAMED else float(value)
