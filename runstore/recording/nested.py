"""What config and summary share: mappings with attribute access, in which lists and inner mappings are live too.

What is changed in an inner list or mapping is checked, put in plain form and saved as what is set from outside is.
Copies of all of them are plain dicts and lists, which nothing watches.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, ValuesView
from typing import Any, Final

Path = tuple[str, ...]
"""Keys from the outermost mapping inwards; an item of a list is a key too, as text."""


class Live(ABC):
    """A mapping of a script's by item or attribute. Safe for threads. Its own attributes start with an underscore."""

    _lock: threading.RLock

    def __init__(self, **own: Any) -> None:
        """`own` are the attributes of the class that inherits."""
        self.__dict__.update(own, _lock=threading.RLock())

    @abstractmethod
    def _shown(self) -> dict[str, Any]:
        """What there is to see now."""

    @abstractmethod
    def _plain(self, path: Path, value: Any) -> Any:
        """The plain form of a value that is set at `path`."""

    def _check(self, path: Path, old: Any, new: Any) -> None:
        """Raises when the value at `path` may not become another one."""
        return

    def _admits(self, path: Path) -> bool:
        """Whether what is inside `path` may change at all; a change that may not is passed over."""
        return True

    def _prepare(self) -> None:
        """Brings things up to date before a change. Called without the lock."""
        return

    @abstractmethod
    def _saved(self, path: Path) -> None:
        """Saves what has changed at `path`. Called without the lock."""

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

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Live):
            return self.as_dict() == other.as_dict()
        return self.as_dict() == dict(other) if isinstance(other, Mapping) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # As a dict.

    def __repr__(self) -> str:
        return repr(self.as_dict())

    def __reduce__(self) -> Any:
        return dict, (self.as_dict(),)

    def after_fork(self) -> None:
        """Makes the lock usable in a forked child."""
        self.__dict__["_lock"] = threading.RLock()


def live(owner: Live, path: Path, value: Any) -> Any:
    """A plain value as it is kept at `path` of `owner`: lists and mappings as live ones."""
    if isinstance(value, dict):
        return Section(owner, path, value)
    return Items(owner, path, value) if isinstance(value, list) else value


def _through(kind: type, name: str) -> Callable[..., Any]:
    """The method `name` of dict or list, which changes: carried out on a copy, which `_adopt` then makes good."""
    change = getattr(kind, name)

    def method(self: Any, *given: Any, **named: Any) -> Any:
        self._owner._prepare()
        with self._owner._lock:
            changed = kind(self)
            result = change(changed, *given, **named)
            if not self._owner._admits(self._path):
                return self if result is changed else result
            self._adopt(changed)
        self._owner._saved(self._path)
        return self if result is changed else result

    method.__name__ = name
    return method


class Section(dict[str, Any]):
    """A mapping inside a config or summary, with attribute access; a change of it is saved at once."""

    def __init__(self, owner: Live, path: Path, data: Mapping[str, Any]) -> None:
        super().__init__({key: live(owner, (*path, key), value) for key, value in data.items()})
        self.__dict__.update(_owner=owner, _path=path)

    __setitem__ = _through(dict, "__setitem__")
    __delitem__ = _through(dict, "__delitem__")
    __ior__ = _through(dict, "__ior__")
    clear = _through(dict, "clear")
    pop = _through(dict, "pop")
    popitem = _through(dict, "popitem")
    update = _through(dict, "update")

    def setdefault(self, key: str, default: Any = None) -> Any:
        if key not in self:
            self[key] = default
        return self[key]

    def _adopt(self, changed: dict[str, Any]) -> None:
        found = {}
        for given, value in changed.items():
            key = given if given in self else next(iter(self._owner._plain(self._path, {given: None})))
            found[key] = _new(self._owner, (*self._path, key), self.get(key, _NOTHING), value)
        super().clear()
        super().update(found)

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


class Items(list[Any]):
    """A list inside a config or summary; a change of it is saved at once."""

    def __init__(self, owner: Live, path: Path, data: list[Any]) -> None:
        super().__init__(live(owner, (*path, str(at)), value) for at, value in enumerate(data))
        self._owner = owner
        self._path = path

    __setitem__ = _through(list, "__setitem__")
    __delitem__ = _through(list, "__delitem__")
    __iadd__ = _through(list, "__iadd__")
    __imul__ = _through(list, "__imul__")
    append = _through(list, "append")
    clear = _through(list, "clear")
    extend = _through(list, "extend")
    insert = _through(list, "insert")
    pop = _through(list, "pop")
    remove = _through(list, "remove")
    reverse = _through(list, "reverse")
    sort = _through(list, "sort")

    def _adopt(self, changed: list[Any]) -> None:
        kept = {id(value) for value in self}
        found = []
        for at, value in enumerate(changed):
            path = (*self._path, str(at))
            found.append(value if id(value) in kept else live(self._owner, path, self._owner._plain(path, value)))
        self._owner._check(self._path, list(self), found)
        super().__setitem__(slice(None), found)

    def __reduce__(self) -> Any:
        return list, (list(self),)


_NOTHING: Final = object()


def _new(owner: Live, path: Path, old: Any, value: Any) -> Any:
    """What is kept for `value` at `path`, where `old` is or `_NOTHING`."""
    if value is old:
        return old
    plain = owner._plain(path, value)
    if old is not _NOTHING:
        owner._check(path, old, plain)
    return live(owner, path, plain)
