"""A run's summary: the last value of each key, and what the script sets itself. Whichever came later holds."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from runstore.format import values
from runstore.recording.history import StoreMedia
from runstore.recording.nested import Live, Path, Section, live


class Summary(Live):
    """`run.summary`: read and assigned by item or attribute, nested too; each assignment is saved at once.

    Logged values arrive here only when somebody looks, or it is saved. A value that has no plain form is kept as its
    text, as in the config.
    """

    def __init__(self, save: Callable[[bytes], None], store_media: StoreMedia) -> None:
        """`save` is given the bytes of summary.json whenever the script assigns something."""
        super().__init__(_data={}, _save=save, _store_media=store_media, _refresh=lambda: None)

    def attach(self, refresh: Callable[[], None]) -> None:
        """Names the function that makes the history hand over (`fold`) the rows since the last time."""
        self.__dict__["_refresh"] = refresh

    def restore(self, data: Mapping[str, Any], rows: Iterable[bytes] = ()) -> None:
        """Takes up what an earlier writer left: a summary.json, and rows of the history that are newer than it."""
        with self._lock:
            for key, value in data.items():
                self._put((str(key),), values.revive(value))
            nested = {}
            for path, _ in values.flatten(data):
                nested[".".join(path)] = path
        self.fold(list(rows), nested)

    def fold(self, rows: list[bytes], nested: Mapping[str, tuple[str, ...]]) -> None:
        parsed = sorted((values.parse_line(row) for row in rows), key=lambda row: row["_step"])
        with self._lock:
            for row in parsed:
                for key, value in row.items():
                    if value is not None:
                        self._put(nested.get(key, (key,)), values.revive(value))

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
                self._put(path, self._plain(path, value))
        self._save(self.dump())

    def as_dict(self) -> dict[str, Any]:
        """A copy as plain, nested dicts."""
        copied: dict[str, Any] = values.plain(self._shown(), finite=False)
        return copied

    def __getitem__(self, key: str) -> Any:
        return self._shown()[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._refresh()
        with self._lock:
            if value is not self._data.get(key):  # As it is after `summary[key] += …`.
                self._put((key,), self._plain((key,), value))
        self._save(self.dump())

    def __delitem__(self, key: str) -> None:
        self._refresh()
        with self._lock:
            del self._data[key]
        self._save(self.dump())

    def _shown(self) -> dict[str, Any]:
        self._refresh()
        with self._lock:
            return dict(self._data)

    def _plain(self, path: Path, value: Any) -> Any:
        stub = None if type(value) in values.SIMPLE else self._store_media(".".join(path), 0, value)
        return values.plain(value, finite=False, other=str) if stub is None else stub

    def _prepare(self) -> None:
        self._refresh()

    def _saved(self, path: Path) -> None:
        self._save(self.dump())

    def _put(self, path: Path, value: Any) -> None:
        """Sets a plain value in the tree without saving it."""
        tree: dict[str, Any] = self._data
        for at, key in enumerate(path[:-1]):
            inner = tree.get(key)
            if not isinstance(inner, dict):
                inner = Section(self, path[: at + 1], {})
                dict.__setitem__(tree, key, inner)
            tree = inner
        dict.__setitem__(tree, path[-1], live(self, path, value))
