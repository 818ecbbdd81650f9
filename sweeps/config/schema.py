"""A sweep's configuration as JSON Schema (draft 2020-12), for editors: what `runstore schema sweep` prints.

It says what each key means and takes, and offers the distributions with their own keys. What depends on several keys
(a grid of a continuous range, probabilities that do not sum to 1) is for `runstore sweep create` to say, which knows
the line.
"""

from collections.abc import Mapping
from typing import Any, Final, get_args

from sweeps.config.parts import MACROS, METRIC_KEYS, RULE_KEYS, Goal, Impute, Method, OnCrash
from sweeps.space.reading import DISTRIBUTIONS

Schema = dict[str, Any]

_TEXT: Final[Schema] = {"type": "string"}
_NUMBER: Final[Schema] = {"type": "number"}
_FROM_ONE: Final[Schema] = {"type": "integer", "minimum": 1}
_TEXTS: Final[Schema] = {"type": "array", "items": _TEXT}


def _said(meaning: str, schema: Mapping[str, Any]) -> Schema:
    return {"description": meaning, **schema}


def _one_of(words: tuple[str, ...], **more: Any) -> Schema:
    return {"enum": list(words), **more}


def _closed(properties: Mapping[str, Schema], *, required: tuple[str, ...] = ()) -> Schema:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }


_METRIC: Final[dict[str, Schema]] = {
    "name": _said("The name that the metric is logged under.", {**_TEXT, "minLength": 1}),
    "goal": _said("Which way is better.", _one_of(get_args(Goal), default="minimize")),
    "target": _said("No new trial starts once one reached this value.", _NUMBER),
    "impute": _said("The value that a failed trial counts with.", _one_of(get_args(Impute), default="worst")),
    "impute_while_running": _said(
        "The value that a running trial counts with.", {"enum": [*get_args(Impute), "false", False], "default": False}
    ),
}

_RULE: Final[dict[str, Schema]] = {
    "type": _said("When a running trial is stopped.", _one_of(tuple(RULE_KEYS))),
    "min_iter": _said("The first band, in logged values of the metric.", _FROM_ONE),
    "max_iter": _said("The most values that a trial logs.", _FROM_ONE),
    "s": _said("How many brackets, with max_iter.", _FROM_ONE),
    "eta": _said("How many times further the next band is.", {**_NUMBER, "exclusiveMinimum": 1, "default": 3}),
    "strict": _said("Stop all trials below the band, not only those that just got there.", {"type": "boolean"}),
    "min_runs": _said("So many other trials must have got as far.", {**_FROM_ONE, "default": 5}),
}

_OF_PARAMETER: Final[dict[str, Schema]] = {
    "value": _said("The constant.", {}),
    "values": _said("The values to choose from.", {"type": "array", "minItems": 1}),
    "probabilities": _said(
        "How likely each of the values is; they sum to 1.", {"type": "array", "items": {**_NUMBER, "minimum": 0}}
    ),
    "min": _said("The lower end.", _NUMBER),
    "max": _said("The upper end.", _NUMBER),
    "q": _said("The step that values are rounded to.", {**_NUMBER, "exclusiveMinimum": 0, "default": 1}),
    "mu": _said("The mean.", {**_NUMBER, "default": 0}),
    "sigma": _said("The standard deviation.", {**_NUMBER, "minimum": 0, "default": 1}),
    "a": _said("The shape a of the beta distribution.", {**_NUMBER, "exclusiveMinimum": 0, "default": 1}),
    "b": _said("The shape b of the beta distribution.", {**_NUMBER, "exclusiveMinimum": 0, "default": 1}),
}
_WITHOUT_DEFAULT: Final = ("value", "values", "probabilities", "min", "max")
_WHEN: Final = _said(
    "The parameter is there only where other parameters have these values.", {"type": "object", "minProperties": 1}
)


def _form(kind: str, keys: tuple[str, ...], *, named: bool) -> Schema:
    """A parameter of one distribution, which it names, or which its keys alone say."""
    properties = {key: _OF_PARAMETER[key] for key in keys}
    head: dict[str, Schema] = {"distribution": {"const": kind}} if named else {}
    needed = tuple(key for key in keys if key in _WITHOUT_DEFAULT)
    return _closed({**head, **properties, "when": _WHEN}, required=(*head, *needed) if named else needed)


def _parameter() -> Schema:
    plain = ("constant", "categorical", "categorical_w_probabilities", "uniform")
    group = _closed({"parameters": {"$ref": "#/$defs/parameters"}, "when": _WHEN}, required=("parameters",))
    return {
        "description": "What is searched: values, a range, a distribution, a constant, or a group of parameters.",
        "anyOf": [
            *(_form(kind, DISTRIBUTIONS[kind], named=False) for kind in plain),  # type: ignore[index]
            *(_form(kind, keys, named=True) for kind, keys in DISTRIBUTIONS.items()),
            group,
        ],
    }


_PROPERTIES: Final[dict[str, Schema]] = {
    "method": _said("How the next trial is chosen.", _one_of(get_args(Method))),
    "metric": _said("What is optimised.", _closed({key: _METRIC[key] for key in METRIC_KEYS}, required=("name",))),
    "parameters": {"$ref": "#/$defs/parameters"},
    "constraints": _said("What holds for each trial, such as 'depth * width <= 4096'.", _TEXTS),
    "early_terminate": _said(
        "When a running trial that does badly is stopped.",
        {
            "anyOf": [
                _closed({key: {"const": kind} if key == "type" else _RULE[key] for key in keys}, required=("type",))
                for kind, keys in RULE_KEYS.items()
            ]
        },
    ),
    "program": _said("The script that agents run.", _TEXT),
    "command": _said(
        "The command that agents run, word by word; macros: "
        + " ".join(f"${{{macro}}}" for macro in MACROS)
        + " ${envvar:NAME}.",
        {"type": "array", "items": {"type": ["string", "number"]}},
    ),
    "run_cap": _said("The most trials.", _FROM_ONE),
    "name": _said("The name to be shown.", _TEXT),
    "description": _said("What the sweep is for.", _TEXT),
    "project": _said("The project of its runs.", _TEXT),
    "entity": _said("Whose it is.", _TEXT),
    "engine": _said(
        "What searches, with method: bayes: gp, optuna-gp, optuna-tpe or your own.", {**_TEXT, "default": "gp"}
    ),
    "seed": _said("What all randomness comes from; drawn where it is not given.", {"type": "integer"}),
    "on_crash": _said("What becomes of a trial whose agent died.", _one_of(get_args(OnCrash), default="requeue")),
    "max_retries": _said("How often a trial is tried again.", {"type": "integer", "minimum": 0, "default": 1}),
    "heartbeat": _said("Seconds between signs of life of an agent.", {**_NUMBER, "exclusiveMinimum": 0, "default": 30}),
    "term_timeout": _said("Seconds from SIGTERM to SIGKILL.", {**_NUMBER, "minimum": 0, "default": 30}),
    "prior_runs": _said("Runs whose results the search starts with, by id.", _TEXTS),
    "kind": _said("Taken from W&B's files; no effect.", {"const": "sweep"}),
    "apiVersion": _said("Taken from W&B's files; no effect.", _TEXT),
    "controller": _said("Taken from W&B's files; no effect.", _closed({"type": {"enum": ["local", "cloud"]}})),
    "settings": _said("Taken from W&B's files; no effect.", {}),
}

SWEEP_YAML: Final[Schema] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "runstore:sweep",
    "title": "sweep",
    "description": "A sweep's configuration: W&B's, with some keys of Runstore's own.",
    **_closed(_PROPERTIES, required=("method", "parameters")),
    "$defs": {
        "parameters": {
            "description": "The parameters by name.",
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_.-]*$"},
            "additionalProperties": {"$ref": "#/$defs/parameter"},
        },
        "parameter": _parameter(),
    },
}
"""The schema of what `load_sweep` reads."""
