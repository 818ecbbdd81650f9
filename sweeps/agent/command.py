"""The command that a trial is started with: W&B's macros in `command`, filled with a trial's parameters."""

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from sweeps.errors import SweepError

DEFAULT_COMMAND: Final = ("${env}", "${interpreter}", "${program}", "${args}")
_VARIABLE = re.compile(r"\$\{envvar:([A-Z0-9_]*)\}")
_MACRO = re.compile(r"\$\{[^{}]*\}")
ARGS_JSON_FILE: Final = "${args_json_file}"
_OF_PROGRAM: Final = "${program}"


def build_command(
    command: Sequence[Any] | None,
    program: str,
    params: Mapping[str, Any],
    json_file: Path,
    environ: Mapping[str, str] | None = None,
) -> list[str]:
    """The arguments, the program's name first, that start a trial with `params` (nested, as its config has them).

    An element of `command` that is nothing but a macro becomes no, one or several arguments, an unknown macro none, as
    with W&B; every other element stays as it is, but for `${envvar:NAME}`, which is replaced anywhere, by its name
    where there is no such variable. `json_file` is where the agent writes the parameters. Raises `SweepError` where
    nothing is left, or the program is needed and missing.
    """
    given = os.environ if environ is None else environ
    elements = [_VARIABLE.sub(lambda found: given.get(found[1], found[1]), str(each)) for each in chosen(command)]
    if _OF_PROGRAM in elements and not program:
        raise SweepError("the sweep has no program: found neither `program` nor a command without ${program}")
    filled = _filled(params, program, json_file)
    arguments = [part for each in elements for part in (filled.get(each, []) if _is_macro(each) else [each])]
    if not arguments:
        raise SweepError("command: nothing is left of it once its macros are filled in; expected at least a program")
    return arguments


def chosen(command: Sequence[Any] | None) -> Sequence[Any]:
    """The command that holds: W&B's where none was given."""
    return command or DEFAULT_COMMAND


def needs_json_file(command: Sequence[Any] | None) -> bool:
    """Whether a trial's parameters have to be written as a JSON file."""
    return ARGS_JSON_FILE in [str(each) for each in chosen(command)]


def _is_macro(element: str) -> bool:
    return _MACRO.fullmatch(element) is not None


def _filled(params: Mapping[str, Any], program: str, json_file: Path) -> dict[str, list[str]]:
    """What each macro stands for."""
    plain = [f"{name}={value}" for name, value in params.items()]
    return {
        "${env}": ["/usr/bin/env"] if os.name == "posix" else [],
        "${interpreter}": ["python"],
        _OF_PROGRAM: [program],
        "${args}": [f"--{each}" for each in plain],
        "${args_no_equals}": [part for name, value in params.items() for part in (f"--{name}", str(value))],
        "${args_no_hyphens}": plain,
        "${args_no_boolean_flags}": [
            f"--{name}" if value is True else f"--{name}={value}"
            for name, value in params.items()
            if value is not False
        ],
        "${args_json}": [json.dumps(dict(params))],
        ARGS_JSON_FILE: [str(json_file)],
        "${args_append_hydra}": [f"+{each}" for each in plain],
        "${args_override_hydra}": [f"++{each}" for each in plain],
    }
