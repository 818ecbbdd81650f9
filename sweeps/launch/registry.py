"""The engines by name. A package offers one of its own through an entry point of the group `runstore.launch`: its
object is a class as `sweeps.launch.engine.Engine` describes."""

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Final

from runstore.errors import UsageError
from sweeps.errors import SweepError
from sweeps.launch.engine import Engine

GROUP: Final = "runstore.launch"
_OURS: Final = {
    "local": "sweeps.launch.local:LocalEngine",
    "slurm": "sweeps.launch.slurm:SlurmEngine",
    "dask": "sweeps.launch.dask:DaskEngine",
}


def engine_names() -> list[str]:
    """What `--engine` may say."""
    return sorted({*_OURS, *(point.name for point in entry_points(group=GROUP))})


def make_engine(name: str, options: Mapping[str, Any]) -> Engine:
    """The engine of that name with its options. Raises `UsageError`, `SweepError` where it cannot be loaded."""
    if name not in engine_names():
        close = get_close_matches(name, engine_names(), 1)
        mend = f"did you mean {close[0]!r}?" if close else f"install the package that offers it ({GROUP})"
        raise UsageError(f"--engine: found {name!r}, expected one of {', '.join(engine_names())}; {mend}")
    made: Engine = _load(name)(options)
    return made


def _load(name: str) -> Any:
    try:
        if name not in _OURS:
            return next(iter(entry_points(group=GROUP, name=name))).load()
        module, _, attribute = _OURS[name].partition(":")
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise SweepError(f"--engine: {name!r} cannot be loaded: {error}; install what it needs") from error
