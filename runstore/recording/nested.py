"""What config and summary share: mappings with attribute access, whose inner mappings save what is set in them."""

import threading
from abc import ABC, abstractmethod
from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from typing import Any

Path = tuple[str, ...]
"""Keys from the outermost mapping inwards."""


class Live(ABC):
    """A mapping of a script's by item or attribute. Safe for threads. Its own attributes start with an underscore."""

    _lock: threading.RLock

    def __init__(self, **own: Any) -> None:
        """`own` are the attributes of the class that inherits."""
        self.__dict__.update(own, _lock=threading.RLock())

    @abstractmethod
    def _shown(self) -> dict[str, Any]:
        """What there is to see now, inner mappings as `Section`."""

    @abstractmethod
    def _set_inside(self, path: Path, value: Any) -> None:
        """Sets and saves a value inside an inner mapping."""

    @abstractmethod
    def as_dict(self) -> dict[str, Any]:
        """A copy as plain, nested dicts."""

    @abstractmethod
    def __getitem__(self, key: str) -> Any: ...

    @abstractmethod
    def __setitem__(self, key: str, value: Any) -> None: ...

    def get(self, key: str, default: Any = None) -> Any:
        try:
            return self[key]
        except KeyError:
            return default

    def keys(self) -> KeysView[str]:
        return self._shown().keys()

    def values(self) -> ValuesView[Any]:
        return self._shown().values()

    def items(self) -> ItemsView[str, Any]:
        return self._shown().items()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"the {type(self).__name__.lower()} has no {name!r}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self.get(key, self) is not self

    def __iter__(self) -> Iterator[str]:
        return iter(self._shown())

    def __len__(self) -> int:
        return len(self._shown())

    def __repr__(self) -> str:
        return repr(self.as_dict())

    def after_fork(self) -> None:
        """Makes the lock usable in a forked child."""
        self.__dict__["_lock"] = threading.RLock()

    def _view(self, path: Path, value: Any) -> Any:
        return Section(self, path, value) if type(value) is dict else value


class Section(dict[str, Any]):
    """A mapping inside a config or summary, with attribute access; setting a key of it saves the whole."""

    def __init__(self, owner: Live, path: Path, data: Mapping[str, Any]) -> None:
        super().__init__({key: owner._view((*path, key), value) for key, value in data.items()})
        self.__dict__.update(_owner=owner, _path=path)

    def __setitem__(self, key: str, value: Any) -> None:
        self._owner._set_inside((*self._path, key), value)
        super().__setitem__(key, value)

    def update(self, *given: Any, **more: Any) -> None:
        for key, value in dict(*given, **more).items():
            self[key] = value

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            whole = type(self._owner).__name__.lower()
            raise AttributeError(f"the {whole} has no {'.'.join((*self._path, name))!r}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __reduce__(self) -> Any:
        return dict, (dict(self),)
