"""The engines by name. A package offers one of its own through an entry point of the group `runstore.search`: its name
is what `engine:` says in a configuration, its object a class as `sweeps.search.view.Engine` describes."""

from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from sweeps.config.sweep import SweepConfig
from sweeps.errors import SweepError
from sweeps.search.view import Engine
from sweeps.space.space import Space

if TYPE_CHECKING:
    from importlib.metadata import EntryPoints

GROUP: Final = "runstore.search"
_BY_METHOD: Final = {"grid": "sweeps.search.grid:Grid", "random": "sweeps.search.random:Random"}
_BY_ENGINE: Final = {
    "gp": "sweeps.search.bayes:Bayes",
    "optuna-gp": "sweeps.search.optuna:OptunaGP",
    "optuna-tpe": "sweeps.search.optuna:OptunaTPE",
}


def engine_names() -> list[str]:
    """What `engine:` may say, ours and those of other packages."""
    return sorted({*_BY_ENGINE, *_offered().names})


def check_engine(config: SweepConfig) -> None:
    """Raises `SweepError` for an engine that nobody offers. Loads nothing."""
    if config.method == "bayes" and config.engine not in _BY_ENGINE and config.engine not in _offered().names:
        close = get_close_matches(config.engine, engine_names(), 1)
        mend = f"did you mean {close[0]!r}?" if close else f"install the package that offers it ({GROUP})"
        raise SweepError(f"engine: found {config.engine!r}, expected one of {', '.join(engine_names())}; {mend}")


def make_engine(config: SweepConfig, space: Space | None = None) -> Engine:
    """The engine that a configuration asks for, on `space` (the configuration's own without it).

    Raises `SweepError` for an engine that nobody offers, or that cannot be loaded.
    """
    check_engine(config)
    engine: Engine = _load(config)(config, config.space if space is None else space)
    return engine


def _load(config: SweepConfig) -> Any:
    place = _BY_METHOD.get(config.method) or _BY_ENGINE.get(config.engine)
    try:
        if place is None:
            return _offered()[config.engine].load()
        module, _, name = place.partition(":")
        return getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise SweepError(f"engine: {config.engine!r} cannot be loaded: {error}; install what it needs") from error


def _offered() -> "EntryPoints":
    """The engines of other packages."""
    from importlib.metadata import entry_points  # Slow to import, and seldom needed.

    return entry_points(group=GROUP)
