"""Hyperparameter search over a store: any number of machines that share a disk take trials from it."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sweeps.config.sweep import SweepConfig as SweepConfig
    from sweeps.config.sweep import load_sweep as load_sweep
    from sweeps.errors import SweepError as SweepError
    from sweeps.search.ask_tell import Search as Search

__all__ = ["Search", "SweepConfig", "SweepError", "load_sweep"]

_HOMES = {
    "Search": "sweeps.search.ask_tell",
    "SweepConfig": "sweeps.config.sweep",
    "SweepError": "sweeps.errors",
    "load_sweep": "sweeps.config.sweep",
}


def __getattr__(name: str) -> Any:
    """Loads a public name when it is first asked for: agents pay for what they use."""
    if name not in _HOMES:
        raise AttributeError(f"module 'sweeps' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
