"""A run's configuration: its inputs, set once, saved with every change."""

import threading
from collections.abc import Callable, ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any, cast

from runstore.errors import ConfigError, RunstoreError, UsageError
from runstore.format import records, values, yaml12
from runstore.recording.media import Media

Save = Callable[[bytes], None]


class Config:
    """`run.config`: read and set by item or attribute, nested mappings too.

    A key that has a value keeps it: setting another one raises `ConfigError` unless `allow_val_change` says
    otherwise. Values are kept in plain form (a tuple becomes a list, a numpy scalar a number).
    """

    _data: dict[str, Any]

    def __init__(self, *, allow_val_change: bool = False) -> None:
        """Nothing is saved before `attach`."""
        set_ = object.__setattr__
        set_(self, "_data", {})
        set_(self, "_texts", {})
        set_(self, "_save", lambda data: None)
        set_(self, "_allow", allow_val_change)
        set_(self, "_lock", threading.RLock())

    def attach(self, save: Save) -> None:
        """Gives `save` the bytes of config.yaml, now and after every change."""
        object.__setattr__(self, "_save", save)
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

    def get(self, key: str, default: Any = None) -> Any:
        return self[key] if key in self._data else default

    def keys(self) -> KeysView[str]:
        return self._shown().keys()

    def values(self) -> ValuesView[Any]:
        return self._shown().values()

    def items(self) -> ItemsView[str, Any]:
        return self._shown().items()

    def as_dict(self) -> dict[str, Any]:
        """A copy as plain, nested dicts."""
        return cast(dict[str, Any], values.plain(self._data, finite=False))

    def dump(self) -> bytes:
        """The bytes of config.yaml as things are now."""
        with self._lock:
            return "".join(self._texts.values()).encode() or b"{}\n"

    def __getitem__(self, key: str) -> Any:
        return self._view((key,), self._data[key])

    def __setitem__(self, key: str, value: Any) -> None:
        with self._lock:
            self._set_all({_clean(key): value}, self._allow)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name not in self._data:
            raise AttributeError(f"the config has no {name!r}")
        return self[name]

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delitem__(self, key: str) -> None:
        with self._lock:
            del self._data[key], self._texts[key]
            self._save(self.dump())

    def __contains__(self, key: object) -> bool:
        return key in self._data

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self.keys())

    def __repr__(self) -> str:
        return repr(self.as_dict())

    def after_fork(self) -> None:
        """Makes the lock usable in a forked child."""
        object.__setattr__(self, "_lock", threading.RLock())

    def _shown(self) -> dict[str, Any]:
        return {key: self[key] for key in list(self._data) if not key.startswith("_")}

    def _view(self, path: tuple[str, ...], value: Any) -> Any:
        return Section(self, path, value) if type(value) is dict else value

    def _set_all(self, given: Mapping[str, Any], allow: bool) -> None:
        changed = {key: _plain(key, value) for key, value in given.items()}
        for key, value in changed.items():
            if not allow and key in self._data and not _same(self._data[key], value):
                raise ConfigError(
                    f"config.{key} is {self._data[key]!r} and would become {value!r}; "
                    "pass allow_val_change=True to config.update or init if that is meant"
                )
        texts = {key: _entry(key, value) for key, value in changed.items()}
        self._data.update(changed)
        self._texts.update(texts)
        if changed:
            self._save(self.dump())

    def _set_inside(self, path: tuple[str, ...], value: Any) -> None:
        with self._lock:
            whole = self.as_dict()[path[0]]
            place = whole
            for key in path[1:-1]:
                place = place[key]
            place[path[-1]] = value
            self._set_all({path[0]: whole}, True)


class Section(dict[str, Any]):
    """A mapping inside the config, with attribute access; setting a key of it saves the config."""

    def __init__(self, config: Config, path: tuple[str, ...], data: Mapping[str, Any]) -> None:
        super().__init__({key: config._view((*path, key), value) for key, value in data.items()})
        self.__dict__["_config"] = config
        self.__dict__["_path"] = path

    def __setitem__(self, key: str, value: Any) -> None:
        self._config._set_inside((*self._path, key), value)
        super().__setitem__(key, value)

    def update(self, *given: Any, **more: Any) -> None:
        for key, value in dict(*given, **more).items():
            self[key] = value

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"the config has no {'.'.join((*self._path, name))!r}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __reduce__(self) -> Any:
        return dict, (dict(self),)


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


def _plain(key: str, value: Any) -> Any:
    if isinstance(value, Media):
        raise TypeError(f"config.{key} is a {type(value).__name__}; log it instead, config takes plain values")
    return values.writable(values.plain(value, finite=False, other=str))


def _same(one: Any, other: Any) -> bool:
    """Whether two values are equal; NaN equals itself, True is not 1."""
    if isinstance(one, float) and isinstance(other, float) and one != one and other != other:
        return True
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)
