"""W&B's longer name for the room of `Api`: `from runstore.apis.public import Api`."""

from typing import Any

from runstore.namespaces import load, offer

_PUBLIC = {name: ("runstore.api", name) for name in ("Api", "Run", "Runs", "Sweep")}


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'runstore.apis' has no attribute {name!r}", name=name)
    return load(_PUBLIC[name])


offer(__name__, {"public": _PUBLIC})
