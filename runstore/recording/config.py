"""A run's configuration: its inputs, set once, saved with every change."""

from collections.abc import Callable, Mapping
from typing import Any, cast

from runstore.errors import ConfigError
from runstore.format import values, yaml12
from runstore.media.base import Media
from runstore.recording.inputs import clean, load, plain_object
from runstore.recording.nested import Live, live
from runstore.recording.nested import Path as Keys

Save = Callable[[bytes], None]


class Config(Live):
    """`run.config`: read and set by item or attribute, nested mappings too.

    A key that has a value keeps it: setting another one raises `ConfigError` unless `allow_val_change` says
    otherwise; that holds for keys of nested mappings, and for lists, too. Values are kept in plain form (a tuple
    becomes a list, a numpy scalar a number, an artifact its name). A sweep's parameters are locked: setting them is
    ignored, with a warning. Keys that start with an underscore are there when asked for, but not
    listed.
    """

    def __init__(self, *, allow_val_change: bool = False, warn: Callable[[str], None] = lambda line: None) -> None:
        """Nothing is saved before `attach`. `warn` is given a line the first time that a locked key is set."""
        super().__init__(_data={}, _texts={}, _save=lambda data: None, _allow=allow_val_change, _warn=warn, _locked={})

    def attach(self, save: Save) -> None:
        """Gives `save` the bytes of config.yaml, now and after every change."""
        self.__dict__["_save"] = save
        save(self.dump())

    def update(self, data: Any = None, allow_val_change: bool | None = None) -> None:
        """Sets what `data` holds: anything that `load` understands. Raises `ConfigError` and then sets nothing."""
        allow = self._allow if allow_val_change is None else allow_val_change
        found = load(data)
        with self._lock:
            self._set_all(self._unlocked(found), allow)

    def lock(self, parameters: Mapping[str, Any], owner: str) -> None:
        """Sets these for good, mappings merged into what is there; `owner` says in a warning who did so."""
        with self._lock:
            merged = {
                key: _merged(self._data.get(key), self._plain((key,), value)) for key, value in parameters.items()
            }
            self._set_all(merged, True)
            self._locked.update(dict.fromkeys(parameters, owner))

    def setdefaults(self, data: Any) -> None:
        """Sets what `data` holds where there is no value yet."""
        with self._lock:
            self._set_all({key: value for key, value in load(data).items() if key not in self._data}, False)

    def inherit(self, earlier: Mapping[str, Any]) -> None:
        """Takes up the config of an earlier writer of the run, before all else; what this one set itself holds."""
        with self._lock:
            given = self.as_dict()
            self._data.clear()
            self._texts.clear()
            self._set_all({**{clean(key): value for key, value in earlier.items()}, **given}, True)

    def as_dict(self) -> dict[str, Any]:
        """A copy as plain, nested dicts."""
        return cast(dict[str, Any], values.plain(self._data, finite=False))

    def dump(self) -> bytes:
        """The bytes of config.yaml as things are now."""
        with self._lock:
            return "".join(self._texts.values()).encode() or b"{}\n"

    def __getitem__(self, key: str) -> Any:
        return self._data[key]

    def __setitem__(self, key: str, value: Any) -> None:
        with self._lock:
            self._set_all(self._unlocked({clean(key): value}), self._allow)

    def __delitem__(self, key: str) -> None:
        with self._lock:
            if self._admits((key,)):
                del self._data[key], self._texts[key]
                self._save(self.dump())

    def _shown(self) -> dict[str, Any]:
        return {key: self[key] for key in list(self._data) if not key.startswith("_")}

    def _set_all(self, given: Mapping[str, Any], allow: bool) -> None:
        changed = {key: self._plain((key,), value) for key, value in given.items()}
        for key, value in changed.items():
            if not allow and key in self._data:
                _check((key,), self._data[key], value)
        # Who holds a list or mapping of the config still holds the config's own when it is set to what it was.
        changed = {key: value for key, value in changed.items() if not self._holds(key, value)}
        texts = {key: _entry(key, value) for key, value in changed.items()}
        self._data.update({key: live(self, (key,), value) for key, value in changed.items()})
        self._texts.update(texts)
        if changed:
            self._save(self.dump())

    def _unlocked(self, given: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in given.items() if self._admits((key,))}

    def _admits(self, path: Keys) -> bool:
        owner = self._locked.get(path[0])
        if owner:
            self._warn(f"Config item '{path[0]}' was locked by '{owner}' (ignored update).")
            self._locked[path[0]] = ""  # Said.
        return owner is None

    def _holds(self, key: str, value: Any) -> bool:
        old = self._data.get(key)
        return isinstance(old, list | dict) and _same(old, value)

    def _plain(self, path: Keys, value: Any) -> Any:
        if isinstance(value, Media):
            raise TypeError(
                f"config.{'.'.join(path)} is of type {type(value).__name__}; log it instead, config takes plain values"
            )
        return values.writable(values.plain(value, finite=False, other=plain_object))

    def _check(self, path: Keys, old: Any, new: Any) -> None:
        if not self._allow:
            _check(path, old, new)

    def _saved(self, path: Keys) -> None:
        key = path[0]
        with self._lock:
            if key in self._data:
                self._texts[key] = _entry(key, values.plain(self._data[key], finite=False))
                self._save(self.dump())


def _merged(old: Any, new: Any) -> Any:
    """`new`, with what only `old` has where both are mappings, at any depth."""
    if isinstance(old, dict) and isinstance(new, dict):
        return {**old, **{key: _merged(old.get(key), value) for key, value in new.items()}}
    return new


def _entry(key: str, value: Any) -> str:
    """The lines of config.yaml for one key."""
    text = yaml12.dump({key: value})
    # Behind text that ends in blank lines PyYAML ends the document, and nothing could follow.
    return text.removesuffix("...\n") if text.endswith("\n...\n") else text


def _check(path: Keys, old: Any, new: Any) -> None:
    if not _same(old, new):
        instead = ", or change a copy" if isinstance(old, list) else ""
        raise ConfigError(
            f"config.{'.'.join(path)} is {_short(old)} and would become {_short(new)}; "
            f"pass allow_val_change=True to config.update or init if that is meant{instead}"
        )


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"


def _same(one: Any, other: Any) -> bool:
    """Whether two values are equal; NaN equals itself, True is not 1."""
    if isinstance(one, float) and isinstance(other, float) and one != one and other != other:
        return True
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(value, other[key]) for key, value in one.items())
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)
