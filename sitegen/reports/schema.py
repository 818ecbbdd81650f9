"""A report's front matter as JSON Schema (draft 2020-12), for editors: what `runstore schema report` prints."""

from typing import Any, Final

from sitegen.reports.front import KEYS, STATUSES
from sitegen.reports.runsets import KEYS as SET_KEYS

Schema = dict[str, Any]

_TEXT: Final[Schema] = {"type": "string"}
_TEXTS: Final[Schema] = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]}

_OF_SET: Final[dict[str, Schema]] = {
    "project": {**_TEXT, "description": "The project whose runs they are; the report's without it."},
    "filter": {**_TEXT, "description": "The runs for which this SQL condition holds, such as config.lr < 0.1."},
    "ids": {**_TEXTS, "description": "These runs, by id."},
    "group": {**_TEXTS, "description": "Columns that group the runs, such as group or config.optimizer."},
    "order": {**_TEXT, "description": "The column that orders the runs; - turns it around."},
    "limit": {"type": "integer", "minimum": 1, "description": "The first so many of them."},
    "rename": {
        "type": "object",
        "additionalProperties": _TEXT,
        "description": "Other names for runs, by id or name.",
    },
}
_RUN_SET: Final[Schema] = {
    "description": "A run set: which runs, in which groups and order.",
    "type": "object",
    "properties": {key: _OF_SET[key] for key in SET_KEYS},
    "additionalProperties": False,
}
_CHECK: Final[Schema] = {
    "description": "What holds, checked with every build: mean('accuracy', group='mlp') > 0.9.",
    "anyOf": [
        _TEXT,
        {
            "type": "object",
            "properties": {
                "check": {**_TEXT, "description": "The expression."},
                "claim": {**_TEXT, "description": "What it says, in words."},
            },
            "required": ["check"],
            "additionalProperties": False,
        },
    ],
}
_PROPERTIES: Final[dict[str, Schema]] = {
    "title": {**_TEXT, "description": "The report's title."},
    "authors": {**_TEXTS, "description": "Who wrote it."},
    "date": {"type": "string", "format": "date", "description": "The day, as 2026-11-30."},
    "status": {"enum": list(STATUSES), "default": "draft", "description": "A draft says so, and is not published."},
    "description": {**_TEXT, "description": "What it found, in a sentence."},
    "cover": {**_TEXT, "description": "An image, beside the report or of a run."},
    "project": {**_TEXT, "description": "The project, for a report in the store's reports/."},
    "runs": {
        "description": "The run set of the report, or several by name.",
        "anyOf": [
            _RUN_SET,
            {
                "type": "object",
                "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_-]{0,63}$"},
                "additionalProperties": _RUN_SET,
            },
        ],
    },
    "checks": {"type": "array", "items": _CHECK, "description": "Claims that are checked."},
    "bibliography": {**_TEXTS, "description": "BibTeX files beside the report."},
    "as_of": {
        **_TEXT,
        "description": "The commit or tag that the report is pinned to; `runstore report freeze` writes it.",
    },
    "digest": {**_TEXT, "description": "What the store held there; `runstore report freeze` writes it."},
    "toc": {"type": "boolean", "default": True, "description": "Whether it has a table of contents."},
}

FRONT_MATTER: Final[Schema] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "runstore:report",
    "title": "report",
    "description": "The front matter of a report: YAML between two lines of three dashes.",
    "type": "object",
    "properties": {key: _PROPERTIES[key] for key in KEYS},
    "additionalProperties": False,
}
"""The schema of what `read_front` reads."""
