"""The format of every file of a store as JSON Schema (draft 2020-12): what `runstore schema` prints and verify checks.

YAML files are meant by the value they hold, `.jsonl` files by each of their lines. Readers take more than this
describes (a number for a name, bare NaN), writers write no more than this. Properties that are not named here are
allowed: a newer release may add some.
"""

from collections.abc import Mapping
from typing import Any, Final

from runstore.format.names import MAX_RUN_ID
from runstore.format.records import FORMAT, PUBLISHABLE, STATES

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_FLAG: Schema = {"type": "boolean"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_MAPPING: Schema = {"type": "object"}
_TIME: Schema = {
    "type": "string",
    "pattern": r"^([0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:.,]+(Z|[+-][0-9:]+)?)?)?$",
    "description": "ISO 8601, in UTC where it names no zone; empty when unknown.",
}
_NUMBER: Schema = {
    "anyOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}],
    "description": "A number; one that is not finite by its name.",
}
_STEP: Schema = {"type": "number", "description": "The number of the row; its line's where it is missing."}
_SECONDS: Schema = {"type": "number", "description": "Seconds."}
_EPOCH: Schema = {"type": "number", "description": "Seconds since 1970, UTC."}
_SHA256: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "SHA-256 of the file, in hex."}
_BELOW: Schema = {
    "type": "string",
    "pattern": r"^(?!/)(?!.*(^|/)\.\.(/|$))[^\x00]+$",
    "description": "A path below the run's directory, with `/`.",
}
_STUBS: Final = {
    **{
        f"{kind}-file": kind
        for kind in ("image", "audio", "video", "html", "markdown", "object3D", "molecule", "plotly", "table")
    },
}


def _record(meaning: str, properties: Mapping[str, Schema], *, required: tuple[str, ...] = ()) -> Schema:
    made: Schema = {"description": meaning, "type": "object", "properties": dict(properties)}
    return {**made, "required": list(required)} if required else made


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _one_of(*words: str | None) -> Schema:
    return {"enum": list(words)}


_STORED = {"path": _BELOW, "sha256": _SHA256, "size": _COUNT}

STUB: Final[Schema] = {
    "description": "A value that is more than a number: where its file is, and what is known without opening it.",
    "type": "object",
    "required": ["_type"],
    "properties": {
        "_type": _TEXT,
        **_STORED,
        "format": _TEXT,
        "width": _COUNT,
        "height": _COUNT,
        "count": _COUNT,
        "ncols": _COUNT,
        "nrows": _COUNT,
        "items": _list({"$ref": "#/$defs/stub"}),
        "values": _list(_NUMBER),
        "bins": _list(_NUMBER),
        "parquet": _record("The whole table.", _STORED, required=("path",)),
        "boxes": {"type": "object", "additionalProperties": _record("", {"box_data": _list(_MAPPING)})},
        "masks": {
            "type": "object",
            "additionalProperties": _record("A PNG, each pixel a class.", _STORED, required=("path",)),
        },
        "table": {"$ref": "#/$defs/stub"},
    },
    "allOf": [
        {
            "if": {"properties": {"_type": {"enum": sorted(_STUBS)}}},
            "then": {"required": ["path"]},
        },
        {"if": {"properties": {"_type": {"const": "gallery"}}}, "then": {"required": ["items"]}},
        {"if": {"properties": {"_type": {"const": "histogram"}}}, "then": {"required": ["values", "bins"]}},
        {"if": {"properties": {"_type": {"const": "plot"}}}, "then": {"required": ["table"]}},
    ],
}

_VALUE: Schema = {
    "description": "Any JSON; a mapping with `_type` is a typed value.",
    "if": {"type": "object", "required": ["_type"]},
    "then": {"$ref": "#/$defs/stub"},
}

_SCHEMAS: Final[dict[str, Schema]] = {
    "store": _record(
        "store.yaml: what holds for the whole store.",
        {
            "format": {"type": "integer", "minimum": 1, "maximum": FORMAT},
            "entity": _TEXT,
            "artifacts": _one_of("commit", "lfs", "ignore"),
            "settings": {"type": "object", "description": "Settings for everybody who logs to the store."},
        },
    ),
    "project": _record(
        "project.yaml: how a project presents itself.",
        {
            "title": {**_TEXT, "description": "The name to be shown."},
            "description": {**_TEXT, "description": "What the project is about, in Markdown."},
            "visibility": {**_one_of("public", "private"), "description": "Who may see it on a public site."},
            "views": {
                **_list(_record("", {"name": _TEXT, "fragment": _TEXT, "default": _FLAG})),
                "description": "Saved views of the project's page; `runstore view save` writes them.",
            },
            "publish": {
                **_list(_one_of(*PUBLISHABLE)),
                "description": "What a public site shows that it leaves out otherwise.",
            },
        },
    ),
    "run": _record(
        "run.yaml: who a run is and how it is filed.",
        {
            "id": {"type": "string", "maxLength": MAX_RUN_ID},
            "name": _TEXT,
            "created": _TIME,
            "group": _TEXT,
            "job_type": _TEXT,
            "tags": _list(_TEXT),
            "notes": _TEXT,
            "sweep": _TEXT,
        },
    ),
    "config": {"description": "config.yaml: the run's inputs, a plain mapping.", "type": "object"},
    "history": {
        "description": "history.jsonl: one row.",
        "type": "object",
        "properties": {"_step": _STEP, "_runtime": _SECONDS, "_timestamp": _EPOCH},
        "additionalProperties": {"$ref": "#/$defs/value"},
    },
    "summary": {
        "description": "summary.json: the last value of each key, or what the script set.",
        "type": "object",
        "additionalProperties": {"$ref": "#/$defs/value"},
    },
    "state": _record(
        "state.json: how the run's own process says that it stands.",
        {
            "state": _one_of(*STATES),
            "exit_code": {"type": ["integer", "null"]},
            "finished": _TIME,
            "preempting": _FLAG,
        },
        required=("state",),
    ),
    "metrics": {
        "description": "metrics.yaml: what define_metric said.",
        **_list(
            _record(
                "One metric, or all whose name begins so where it ends in `*`.",
                {
                    "name": _TEXT,
                    "step_metric": _TEXT,
                    "step_sync": _FLAG,
                    "summary": _list(_one_of("min", "max", "mean", "best", "last", "first", "copy", "none")),
                    "goal": _one_of("minimize", "maximize"),
                    "hidden": _FLAG,
                },
                required=("name",),
            )
        ),
    },
    "system": {
        "description": "system.jsonl: one sample of the machine.",
        "type": "object",
        "required": ["_timestamp"],
        "properties": {"_timestamp": _EPOCH, "_runtime": _SECONDS},
        "additionalProperties": _NUMBER,
    },
    "lines": _record(
        "lines.jsonl: when lines of the console log were written.",
        {"line": _COUNT, "_timestamp": _EPOCH, "source": _TEXT},
    ),
    "alerts": _record(
        "alerts.jsonl: one alert.",
        {
            "_timestamp": _EPOCH,
            "_step": _STEP,
            "title": _TEXT,
            "text": _TEXT,
            "level": _one_of("INFO", "WARN", "ERROR"),
        },
        required=("title",),
    ),
    "lineage": _record(
        "lineage.jsonl: one artifact that went in or out.",
        {
            "_timestamp": _EPOCH,
            "direction": _one_of("input", "output"),
            "project": _TEXT,
            "artifact": _TEXT,
            "version": {"type": "string", "pattern": "^v[0-9]+$"},
            "id": _TEXT,
            "type": _TEXT,
            "use_as": {"type": ["string", "null"]},
        },
        required=("direction", "artifact", "id"),
    ),
    "provenance": _record(
        "provenance.json: where an attempt or rank comes from.",
        {
            "host": _TEXT,
            "user": _TEXT,
            "os": _TEXT,
            "python": _TEXT,
            "executable": _TEXT,
            "command": _list(_TEXT),
            "program": _TEXT,
            "cwd": _TEXT,
            "started": _TIME,
            "git": _MAPPING,
            "starting_step": _STEP,
            "rewound_to": _STEP,
            "forked_from": _record("The run that a fork began as.", {"run": _TEXT, "step": _STEP}),
            "imported": _record(
                "What `runstore import` noted of a run.",
                {"from": _TEXT, "id": _TEXT, "digest": _TEXT, "fields": _MAPPING, "files": _MAPPING},
            ),
            "ended": _record(
                "How a rank ended, as in state.json.",
                {"state": _one_of(*STATES), "exit_code": {"type": ["integer", "null"]}, "finished": _TIME},
            ),
        },
    ),
    "table": _record(
        "media/table/*.table.json: a table's head.",
        {
            "columns": _list({"type": ["string", "integer", "number"]}),
            "data": _list({"type": "array"}),
            "nrows": _COUNT,
            "parquet": _BELOW,
        },
        required=("columns", "data"),
    ),
    "manifest": {
        "description": "artifacts/<name>/v<N>/manifest.yaml: lines about one version, or after a merge more.",
        **_list(
            {
                "type": "object",
                "required": ["id"],
                "properties": {
                    "id": _TEXT,
                    "name": _TEXT,
                    "type": _TEXT,
                    "created": _TIME,
                    "digest": _TEXT,
                    "run": _TEXT,
                    "description": {"type": ["string", "null"]},
                    "metadata": _MAPPING,
                    "edited": _TIME,
                    "deleted": _TIME,
                    "restored": _TIME,
                    "files": _COUNT,
                    "step": _COUNT,
                    "aliases": {"type": "object", "additionalProperties": _TIME},
                    "unaliased": {"type": "object", "additionalProperties": _TIME},
                    "tags": _list(_TEXT),
                    "ttl": {"type": ["number", "null"]},
                    "use_as": _TEXT,
                    "source": _record(
                        "The version that a link stands for.",
                        {"project": _TEXT, "name": _TEXT, "version": _TEXT, "id": _TEXT},
                    ),
                    "path": _TEXT,
                    "sha256": _SHA256,
                    "size": {"anyOf": [_COUNT, {"type": "null"}]},
                    "ref": _TEXT,
                    "etag": {"type": ["string", "null"]},
                },
            }
        ),
    },
    "tombstone": {
        "description": "deleted/<run-id>.yaml: an id that can never be used again; after a merge, each deletion.",
        **_list(_record("", {"id": _TEXT, "deleted": _TIME, "by": _TEXT})),
    },
    "stop": _record("stop: somebody asks a live run to end.", {"requested": _TIME, "by": _TEXT}),
    "heartbeat": _record(
        "heartbeat: the process behind a live run.",
        {"pid": _COUNT, "host": _TEXT, "boot": _TEXT, "start": _EPOCH, "interval": _SECONDS},
        required=("pid", "host"),
    ),
}

NAMES: Final = tuple(_SCHEMAS)
"""The records that there are schemas of."""


def schema(name: str) -> Schema:
    """The schema of a record, whole in itself. Raises `KeyError` for a name that is none of `NAMES`."""
    body = _SCHEMAS[name]
    defs = {"stub": STUB, "value": _VALUE} if name in ("history", "summary") else {}
    head = {"$schema": DIALECT, "$id": f"runstore:format:{FORMAT}:{name}", "title": name}
    return {**head, **body, **({"$defs": defs} if defs else {})}
