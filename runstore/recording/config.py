"""A run's configuration: its inputs, set once, saved with every change."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any, cast

from runstore.errors import ConfigError, RunstoreError, UsageError
from runstore.format import records, values, yaml12
from runstore.recording.media import Media
from runstore.recording.nested import Live, live
from runstore.recording.nested import Path as Keys

Save = Callable[[bytes], None]


class Config(Live):
    """`run.config`: read and set by item or attribute, nested mappings too.

    A key that has a value keeps it: setting another one raises `ConfigError` unless `allow_val_change` says
    otherwise; that holds for keys of nested mappings, and for lists, too. Values are kept in plain form (a tuple
    becomes a list, a numpy scalar a number). Keys that start with an underscore are there when asked for, but not
    listed.
    """

    def __init__(self, *, allow_val_change: bool = False) -> None:
        """Nothing is saved before `attach`."""
        super().__init__(_data={}, _texts={}, _save=lambda data: None, _allow=allow_val_change)

    def attach(self, save: Save) -> None:
        """Gives `save` the bytes of config.yaml, now and after every change."""
        self.__dict__["_save"] = save
        save(self.dump())

    def update(self, data: Any = None, allow_val_change: bool | None = None) -> None:
        """Sets what `data` holds: anything that `load` understands. Raises `ConfigError` and then sets nothing."""
        allow = self._allow if allow_val_change is None else allow_val_change
        with self._lock:
            self._set_all(load(data), allow)

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
            self._set_all({**{_clean(key): value for key, value in earlier.items()}, **given}, True)

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
            self._set_all({_clean(key): value}, self._allow)

    def __delitem__(self, key: str) -> None:
        with self._lock:
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

    def _holds(self, key: str, value: Any) -> bool:
        old = self._data.get(key)
        return isinstance(old, list | dict) and _same(old, value)

    def _plain(self, path: Keys, value: Any) -> Any:
        if isinstance(value, Media):
            raise TypeError(
                f"config.{'.'.join(path)} is a {type(value).__name__}; log it instead, config takes plain values"
            )
        return values.writable(values.plain(value, finite=False, other=str))

    def _check(self, path: Keys, old: Any, new: Any) -> None:
        if not self._allow:
            _check(path, old, new)

    def _saved(self, path: Keys) -> None:
        key = path[0]
        with self._lock:
            if key in self._data:
                self._texts[key] = _entry(key, values.plain(self._data[key], finite=False))
                self._save(self.dump())


def load(source: Any, *, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None) -> dict[str, Any]:
    """The configuration in `source`: a mapping, an argparse.Namespace, absl flags, a dataclass, any object with
    attributes, or the path of a YAML file (plain, or with W&B's `{value: …}` around each value).

    Raises `ConfigError` for anything else, `UsageError` when keys are both to be included and excluded.
    """
    if include and exclude:
        raise UsageError("config_include_keys and config_exclude_keys exclude each other; give one of them")
    found = {_clean(key): value for key, value in _mapping(source).items()}
    if include:
        return {key: value for key, value in found.items() if key in set(include)}
    return {key: value for key, value in found.items() if key not in set(exclude or ())}


def _mapping(source: Any) -> Mapping[Any, Any]:
    if source is None:
        return {}
    if isinstance(source, Config):
        return source.as_dict()
    if isinstance(source, Mapping):
        return source
    if isinstance(source, str | Path):
        return _from_file(Path(source))
    if is_dataclass(source) and not isinstance(source, type):
        return asdict(source)
    if callable(flags := getattr(source, "flag_values_dict", None)):
        return cast(Mapping[Any, Any], flags())
    if callable(getattr(source, "keys", None)) and hasattr(source, "__getitem__"):
        return {key: source[key] for key in source.keys()}  # noqa: SIM118 - all that such an object promises
    if hasattr(source, "__dict__") and not isinstance(source, type):
        return dict(vars(source))
    raise ConfigError(f"config is a {type(source).__name__}; pass a dict, a Namespace or the path of a YAML file")


def _from_file(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise ConfigError(f"{path}: no such file; config= takes a dict or the path of a YAML file")
    try:
        data = records.load_config(path)
    except RunstoreError as error:
        raise ConfigError(str(error)) from None
    if "wandb_version" in data or (data and all(_wrapped(value) for value in data.values())):
        return {key: value["value"] for key, value in data.items() if _wrapped(value)}
    return data


def _wrapped(value: Any) -> bool:
    return isinstance(value, dict) and "value" in value and set(value) <= {"value", "desc"}


def _entry(key: str, value: Any) -> str:
    """The lines of config.yaml for one key."""
    text = yaml12.dump({key: value})
    # Behind text that ends in blank lines PyYAML ends the document, and nothing could follow.
    return text.removesuffix("...\n") if text.endswith("\n...\n") else text


def _clean(key: Any) -> str:
    return values.well_formed(str(key).strip("-"))


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
