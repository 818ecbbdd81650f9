"""`import wandb` is Runstore: a finder that hands our modules out under W&B's names.

`wandb` itself is a module of its own, which has Runstore's names and the version of W&B's SDK whose names these are;
modules below it are Runstore's very own. So `wandb.sdk.wandb_run.Run is runstore.Run`. Only `wandb.init` takes one of
its arguments otherwise; see `starting`.
"""

import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any

from runstore.shim.names import NAME, OURS, VERSION

if TYPE_CHECKING:
    from importlib.metadata import Distribution, DistributionFinder


def install() -> None:
    """From here on `import wandb` is Runstore in this process. Raises `UsageError` if W&B is imported already."""
    found = sys.modules.get(NAME)
    if found is not None and not isinstance(found, _Face):
        from runstore.errors import UsageError

        raise UsageError("wandb is imported already; make it Runstore before the first import of wandb")
    if not any(isinstance(each, _Finder) for each in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def uninstall() -> None:
    """Takes `install` back: `import wandb` is W&B again, if that is installed."""
    sys.meta_path[:] = [each for each in sys.meta_path if not isinstance(each, _Finder)]
    for name in [name for name in sys.modules if name == NAME or name.startswith(f"{NAME}.")]:
        del sys.modules[name]


class _Finder:
    """Finds `wandb` and what is below it, as modules and as an installed package."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name == NAME:
            return ModuleSpec(NAME, _Loader(_Face(NAME)), is_package=True)
        if not name.startswith(f"{NAME}."):
            return None
        ours = _ours(name)
        return None if ours is None else ModuleSpec(name, _Loader(ours))

    def find_distributions(self, context: "DistributionFinder.Context") -> Iterator["Distribution"]:
        if context.name is None or context.name.lower() == NAME:
            from runstore.shim.distribution import Wandb  # Not at the top: it is slow to import, and rarely asked for.

            yield Wandb()

    def invalidate_caches(self) -> None:
        """Nothing is cached."""


def _ours(name: str) -> ModuleType | None:
    """Our module for one of W&B's, None where there is none. Raises what importing ours raises."""
    try:
        return import_module(OURS + name.removeprefix(NAME))
    except ModuleNotFoundError as error:
        if error.name is not None and not error.name.startswith(OURS):
            raise
        _tell(name)
        return None


class _Loader(Loader):
    """Hands out a module that is there already."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        self._spec = module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        if self._spec is not None:
            module.__spec__ = self._spec  # Ours keeps its own.
        if not hasattr(module, "__path__"):
            module.__path__ = []  # So that what is asked for below it is looked for, and missed by its name.


class _Face(ModuleType):
    """The module `wandb`: Runstore's names, asked for each time, since the current run is one of them."""

    def __init__(self, name: str) -> None:
        super().__init__(name, import_module(OURS).__doc__)
        self.__dict__["__version__"] = VERSION

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {NAME!r} has no attribute {name!r}", name=name)
        if name == "_attach":
            return import_module("runstore.shim.starting").attach
        try:
            found = getattr(import_module(OURS), name)
        except AttributeError:
            _tell(f"{NAME}.{name}")
            raise
        return _for_wandb(name, found)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("__"):
            super().__setattr__(name, value)
        else:
            setattr(import_module(OURS), name, value)

    def __delattr__(self, name: str) -> None:
        delattr(import_module(OURS), name)

    def __dir__(self) -> list[str]:
        return dir(import_module(OURS))


def _for_wandb(name: str, found: Any) -> Any:
    """What stands under a name of Runstore's; nothing of ours stands in for what a program has put there itself."""
    if name != "init":
        return found
    from runstore.recording import start  # Not at the top: `import wandb` alone does not need them.
    from runstore.shim import starting

    return starting.init if found is start.init else found


def _tell(name: str) -> None:
    """Says once that something asked for a name that is W&B's and not ours."""
    from runstore.recording.compat import termwarn

    termwarn(f"something asked for {name}, which Runstore has not; it was told that there is none", repeat=False)
