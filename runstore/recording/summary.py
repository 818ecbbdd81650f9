"""A run's summary: the last value of each key, and what the script sets itself. Whichever came later holds."""

from collections.abc import Callable, Mapping
from typing import Any

from runstore.format import values
from runstore.recording.history import StoreMedia
from runstore.recording.nested import Live, Path


class Summary(Live):
    """`run.summary`: read and assigned by item or attribute, nested too; each assignment is saved at once.

    Logged values arrive here only when somebody looks, or it is saved.
    """

    def __init__(self, save: Callable[[bytes], None], store_media: StoreMedia) -> None:
        """`save` is given the bytes of summary.json whenever the script assigns something."""
        super().__init__(_data={}, _save=save, _store_media=store_media, _refresh=lambda: None)

    def attach(self, refresh: Callable[[], None]) -> None:
        """Names the function that makes the history hand over (`fold`) the rows since the last time."""
        self.__dict__["_refresh"] = refresh

    def fold(self, rows: list[bytes], nested: Mapping[str, tuple[str, ...]]) -> None:
        parsed = sorted((values.parse_line(row) for row in rows), key=lambda row: row["_step"])
        with self._lock:
            for row in parsed:
                for key, value in row.items():
                    if value is not None:
                        _put(self._data, nested.get(key, (key,)), values.revive(value))

    def dump(self) -> bytes:
        """The bytes of summary.json as things are now."""
        self._refresh()
        with self._lock:
            return values.dump_line(values.plain(self._data))

    def update(self, data: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        """Sets several keys; nested mappings are merged into what is there."""
        self._refresh()
        with self._lock:
            for path, value in values.flatten({**(data or {}), **more}):
                _put(self._data, path, self._plain(path, value))
        self._save(self.dump())

    def as_dict(self) -> dict[str, Any]:
        """A copy as plain, nested dicts."""
        copied: dict[str, Any] = values.plain(self._shown(), finite=False)
        return copied

    def __getitem__(self, key: str) -> Any:
        return self._shown()[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._set_inside((key,), value)

    def __delitem__(self, key: str) -> None:
        self._refresh()
        with self._lock:
            del self._data[key]
        self._save(self.dump())

    def _shown(self) -> dict[str, Any]:
        self._refresh()
        with self._lock:
            return {key: self._view((key,), value) for key, value in self._data.items()}

    def _set_inside(self, path: Path, value: Any) -> None:
        self._refresh()
        with self._lock:
            _put(self._data, path, self._plain(path, value))
        self._save(self.dump())

    def _plain(self, path: Path, value: Any) -> Any:
        stub = None if type(value) in values.SIMPLE else self._store_media(".".join(path), 0, value)
        return values.plain(value, finite=False) if stub is None else stub


def _put(tree: dict[str, Any], path: Path, value: Any) -> None:
    for key in path[:-1]:
        inner = tree.get(key)
        if type(inner) is not dict:
            inner = tree[key] = {}
        tree = inner
    tree[path[-1]] = value
