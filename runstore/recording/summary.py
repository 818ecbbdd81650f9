"""A run's summary: the last value of each key, and what the script sets itself. Whichever came later holds."""

import threading
from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, ValuesView
from typing import Any

from runstore.format import values
from runstore.recording.history import StoreMedia


class Summary:
    """`run.summary`: read and assigned by item or attribute, nested too; each assignment is saved at once.

    Logged values arrive here only when somebody looks, or it is saved.
    """

    _refresh: Callable[[], None]
    _save: Callable[[bytes], None]

    def __init__(self, save: Callable[[bytes], None], store_media: StoreMedia) -> None:
        """`save` is given the bytes of summary.json whenever the script assigns something."""
        set_ = object.__setattr__
        set_(self, "_values", {})
        set_(self, "_lock", threading.RLock())
        set_(self, "_save", save)
        set_(self, "_store_media", store_media)
        set_(self, "_refresh", lambda: None)

    def attach(self, refresh: Callable[[], None]) -> None:
        """Names the function that makes the history hand over (`fold`) the rows since the last time."""
        object.__setattr__(self, "_refresh", refresh)

    def fold(self, rows: list[bytes], nested: Mapping[str, tuple[str, ...]]) -> None:
        parsed = sorted((values.parse_line(row) for row in rows), key=lambda row: row["_step"])
        with self._lock:
            for row in parsed:
                for key, value in row.items():
                    if value is not None:
                        _put(self._values, nested.get(key, (key,)), values.revive(value))

    def dump(self) -> bytes:
        """The bytes of summary.json as things are now."""
        self._refresh()
        with self._lock:
            return values.dump_line(values.plain(self._values))

    def update(self, data: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        """Sets several keys; nested mappings are merged into what is there."""
        self._refresh()
        with self._lock:
            for path, value in values.flatten({**(data or {}), **more}):
                _put(self._values, path, self._plain(path, value))
        self._save(self.dump())

    def get(self, key: str, default: Any = None) -> Any:
        return self._read().get(key, default)

    def keys(self) -> KeysView[str]:
        return self._read().keys()

    def values(self) -> ValuesView[Any]:
        return self._read().values()

    def items(self) -> ItemsView[str, Any]:
        return self._read().items()

    def as_dict(self) -> dict[str, Any]:
        """A copy as plain, nested dicts."""
        copied: dict[str, Any] = values.plain(self._read(), finite=False)
        return copied

    def __getitem__(self, key: str) -> Any:
        return self._read()[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._set((key,), value)

    def __delitem__(self, key: str) -> None:
        self._refresh()
        with self._lock:
            del self._values[key]
        self._save(self.dump())

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"the summary has no {name!r}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __contains__(self, key: object) -> bool:
        return key in self._read()

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def __repr__(self) -> str:
        return repr(self.as_dict())

    def after_fork(self) -> None:
        """Makes the lock usable in a forked child."""
        object.__setattr__(self, "_lock", threading.RLock())

    def _read(self) -> dict[str, Any]:
        self._refresh()
        with self._lock:
            return {key: self._view((key,), value) for key, value in self._values.items()}

    def _view(self, path: tuple[str, ...], value: Any) -> Any:
        return Nested(self, path, value) if type(value) is dict else value

    def _set(self, path: tuple[str, ...], value: Any) -> None:
        self._refresh()
        with self._lock:
            _put(self._values, path, self._plain(path, value))
        self._save(self.dump())

    def _plain(self, path: tuple[str, ...], value: Any) -> Any:
        stub = None if type(value) in values.SIMPLE else self._store_media(".".join(path), 0, value)
        return values.plain(value, finite=False) if stub is None else stub


class Nested(dict[str, Any]):
    """A mapping inside the summary; assigning into it assigns into the summary."""

    def __init__(self, summary: Summary, path: tuple[str, ...], data: Mapping[str, Any]) -> None:
        super().__init__({key: summary._view((*path, key), value) for key, value in data.items()})
        self._summary = summary
        self._path = path

    def __setitem__(self, key: str, value: Any) -> None:
        self._summary._set((*self._path, key), value)
        super().__setitem__(key, value)

    def update(self, *given: Any, **more: Any) -> None:
        for key, value in dict(*given, **more).items():
            self[key] = value

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


def _put(tree: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for key in path[:-1]:
        inner = tree.get(key)
        if type(inner) is not dict:
            inner = tree[key] = {}
        tree = inner
    tree[path[-1]] = value
