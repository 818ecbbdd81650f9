"""The names of variables that set things, as W&B's `env` has them: `os.environ[runstore.env.PROJECT] = "digits"`."""

import os
from collections.abc import MutableMapping

from runstore.settings import SETTINGS


def get_project(default: str | None = None, env: MutableMapping[str, str] | None = None) -> str | None:
    """The project that the environment names."""
    return _get("project", env) or default


def get_entity(default: str | None = None, env: MutableMapping[str, str] | None = None) -> str | None:
    """The entity that the environment names."""
    return _get("entity", env) or default


def set_project(value: str, env: MutableMapping[str, str] | None = None) -> None:
    """Names the project of runs that name none, in this process and those that it starts."""
    _set("project", value, env)


def set_entity(value: str, env: MutableMapping[str, str] | None = None) -> None:
    """Names the entity of runs that name none, in this process and those that it starts."""
    _set("entity", value, env)


def _get(name: str, env: MutableMapping[str, str] | None) -> str | None:
    given = os.environ if env is None else env
    return next((given[variable] for variable in SETTINGS[name].variables if given.get(variable)), None)


def _set(name: str, value: str, env: MutableMapping[str, str] | None) -> None:
    (os.environ if env is None else env).update(dict.fromkeys(SETTINGS[name].variables, value))


def __getattr__(name: str) -> str:
    for spec in SETTINGS.values():
        if f"WANDB_{name}" in spec.variables or f"RUNSTORE_{name}" in spec.variables:
            return next(variable for variable in spec.variables if variable.endswith(f"_{name}"))
    raise AttributeError(f"module 'runstore.env' has no {name!r}; see `runstore settings --json`", name=name)
