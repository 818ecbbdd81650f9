"""The records of a sweep as JSON Schema (draft 2020-12), each by its kind: what `runstore schema sweep-claim` prints.

A record has `sum`, `v` and `kind` before all; what has its default value may be missing.
"""

from collections.abc import Mapping
from typing import Any, Final, get_args

from runstore.format.sweep_records import RECORD_FORMAT, AgentState, ControlKind, TrialState

Schema = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_FROM_ONE: Schema = {"type": "integer", "minimum": 1}
_MAPPING: Schema = {"type": "object"}
_SECONDS: Schema = {"type": "number"}
_NUMBER: Schema = {
    "anyOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}],
    "description": "A number; one that is not finite by its name.",
}
_VALUE: Schema = {**_NUMBER, "anyOf": [*_NUMBER["anyOf"], {"type": "null"}]}
_NUMBERS: Schema = {"type": "array", "items": _NUMBER}
_RECORDS: Schema = {"type": "array", "items": _MAPPING}
_STATE: Schema = {"enum": list(get_args(TrialState))}
_PROCESS: Schema = {
    "type": "object",
    "properties": {"host": _TEXT, "pid": _COUNT, "boot": _TEXT, "start": _SECONDS, "slurm": _MAPPING},
}


def _record(kind: str, meaning: str, required: tuple[str, ...], properties: Mapping[str, Schema]) -> Schema:
    head = {
        "sum": {"type": "string", "pattern": "^[0-9a-f]{8}$", "description": "CRC-32 of the rest, in hex."},
        "v": {"const": RECORD_FORMAT},
        "kind": {"const": kind},
    }
    return {
        "$schema": DIALECT,
        "$id": f"runstore:sweep:{RECORD_FORMAT}:{kind}",
        "title": f"sweep-{kind}",
        "description": meaning,
        "type": "object",
        "properties": {**head, **properties},
        "required": ["sum", "v", "kind", *required],
    }


SWEEP_SCHEMAS: Final[dict[str, Schema]] = {
    "sweep-claim": _record(
        "claim",
        "claims/000/000042[.<attempt>]: who took a trial, and with which parameters.",
        ("n", "run", "agent", "params"),
        {
            "n": _COUNT,
            "run": _TEXT,
            "agent": _TEXT,
            "params": _MAPPING,
            "attempt": _FROM_ONE,
            "beat": _COUNT,
            "process": _PROCESS,
            "position": {"type": ["integer", "null"], "minimum": 0},
            "added": _COUNT,
            "retry": _COUNT,
            "retries": _COUNT,
            "engine": _TEXT,
            "seen": _COUNT,
            "control": _COUNT,
            "info": _MAPPING,
            "time": _TEXT,
        },
    ),
    "sweep-outcome": _record(
        "outcome",
        "done/000/000042[.<attempt>]: how a trial ended.",
        ("n", "run", "agent", "state"),
        {
            "n": _COUNT,
            "run": _TEXT,
            "agent": _TEXT,
            "state": _STATE,
            "attempt": _FROM_ONE,
            "first": _FROM_ONE,
            "value": _VALUE,
            "count": _COUNT,
            "rungs": _NUMBERS,
            "exit": {"type": ["integer", "null"]},
            "reason": _TEXT,
            "runtime": _SECONDS,
            "by": _TEXT,
            "time": _TEXT,
        },
    ),
    "sweep-verdict": _record(
        "verdict",
        "stop/000042[.<attempt>]: why a trial was stopped early.",
        ("n", "run", "rule", "band", "value", "threshold"),
        {
            "n": _COUNT,
            "run": _TEXT,
            "rule": _TEXT,
            "band": _COUNT,
            "value": _NUMBER,
            "threshold": _NUMBER,
            "attempt": _FROM_ONE,
            "count": _COUNT,
            "agent": _TEXT,
            "time": _TEXT,
        },
    ),
    "sweep-control": _record(
        "control",
        "control/000001: what a person asked for.",
        ("n", "what"),
        {"n": _FROM_ONE, "what": {"enum": list(get_args(ControlKind))}, "by": _TEXT, "data": _MAPPING, "time": _TEXT},
    ),
    "sweep-trial": _record(
        "trial",
        "sealed/000.jsonl, each line: a trial that is over, with all its records.",
        ("n", "run", "state", "params", "claims"),
        {
            "n": _COUNT,
            "run": _TEXT,
            "state": _STATE,
            "value": _VALUE,
            "added": _COUNT,
            "params": _MAPPING,
            "claims": _RECORDS,
            "outcomes": _RECORDS,
            "late": _RECORDS,
            "verdicts": _RECORDS,
        },
    ),
    "sweep-beat": _record(
        "beat",
        "agents/<agent>: a heartbeat.",
        ("agent", "beat", "state"),
        {
            "agent": _TEXT,
            "beat": _COUNT,
            "state": {"enum": list(get_args(AgentState))},
            "process": _PROCESS,
            "trial": {"type": ["integer", "null"], "minimum": 0},
            "attempt": _COUNT,
            "run": _TEXT,
            "count": _COUNT,
            "best": _VALUE,
            "rungs": _NUMBERS,
            "done": _COUNT,
            "failed": _COUNT,
            "every": _SECONDS,
            "began": _TEXT,
            "time": _TEXT,
        },
    ),
}
"""The schemas by the names that `runstore schema` takes."""
