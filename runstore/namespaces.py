"""W&B's longer names for what the package itself offers: `data_types.Table`, `sdk.wandb_run.Run`, `apis.public.Api`."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any


class Namespace(ModuleType):
    """A module with no file, whose names are loaded from their homes when they are first used."""

    def __init__(self, name: str, meaning: str, homes: Mapping[str, tuple[str, str]]) -> None:
        super().__init__(name, meaning)
        self.__path__: list[str] = []  # Without it `import runstore.sdk.wandb_run` would be refused.
        self._homes = homes

    def __getattr__(self, name: str) -> Any:
        if name not in self._homes:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}", name=name)
        value = load(self._homes[name])
        setattr(self, name, value)
        return value

    def __dir__(self) -> list[str]:
        return sorted(self._homes)


def load(home: tuple[str, str]) -> Any:
    """What is named by a module and a name inside it, or the module itself where that is ""."""
    module, name = home
    return getattr(import_module(module), name) if name else import_module(module)


def members(module: str, home: str, *names: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` for `module`, whose names are those of the module `home`, loaded when first used.

    So a room of a library is there, and can be looked into, where the library is not.
    """

    def __getattr__(name: str) -> Any:  # noqa: N807 - the module's own
        if name not in names:
            raise AttributeError(f"module {module!r} has no attribute {name!r}", name=name)
        value = load((home, name))
        setattr(sys.modules[module], name, value)
        return value

    return __getattr__, lambda: sorted(names)


def offer(parent: str, modules: Mapping[str, Mapping[str, tuple[str, str]]]) -> None:
    """Makes dotted names below the module `parent` importable: `{"sub.module": {name: home}}`."""
    for dotted, homes in modules.items():
        parts = dotted.split(".")
        for depth in range(1, len(parts) + 1):
            full = ".".join((parent, *parts[:depth]))
            if full not in sys.modules:
                inside = homes if depth == len(parts) else {}
                sys.modules[full] = Namespace(full, "W&B's longer name for names of `runstore`.", inside)
            above = sys.modules[full.rpartition(".")[0]]
            setattr(above, parts[depth - 1], sys.modules[full])
