"""Runstore: an experiment tracker whose database is a directory tree.

    import runstore

    with runstore.init(project="digits", config={"lr": 0.1}) as run:
        for epoch in range(10):
            run.log({"loss": 1 / (epoch + 1)})

Names are loaded when they are first used: importing this package imports none of the libraries behind it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runstore.errors import RunstoreError as Error
    from runstore.errors import UsageError
    from runstore.recording import naming as util
    from runstore.recording.current import config, finish, log, login, summary
    from runstore.recording.media import Table
    from runstore.recording.run import Run
    from runstore.recording.start import init
    from runstore.settings import Settings

    run: Run | None
    __version__: str

__all__ = [
    "Error",
    "Run",
    "Settings",
    "Table",
    "UsageError",
    "config",
    "finish",
    "init",
    "log",
    "login",
    "run",
    "summary",
    "util",
]

_HOMES = {
    "Error": ("runstore.errors", "RunstoreError"),
    "Run": ("runstore.recording.run", "Run"),
    "Settings": ("runstore.settings", "Settings"),
    "UsageError": ("runstore.errors", "UsageError"),
    "Table": ("runstore.recording.media", "Table"),
    "config": ("runstore.recording.current", "config"),
    "finish": ("runstore.recording.current", "finish"),
    "init": ("runstore.recording.start", "init"),
    "log": ("runstore.recording.current", "log"),
    "login": ("runstore.recording.current", "login"),
    "summary": ("runstore.recording.current", "summary"),
}


def __getattr__(name: str) -> Any:
    if name == "run":
        return import_module("runstore.recording.current").get()
    if name == "util":  # As W&B's scripts write it: util.generate_id().
        return import_module("runstore.recording.naming")
    if name == "__version__":
        return import_module("importlib.metadata").version("runstore")
    if name not in _HOMES:
        missing = import_module("runstore.recording.missing")
        raise missing.error("module 'runstore'", name, missing.OF_MODULE)
    home, inside = _HOMES[name]
    value = globals()[name] = getattr(import_module(home), inside)
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
