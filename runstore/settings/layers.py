"""Where settings come from, and which wins: an argument, `settings=`, the environment, `store.yaml`, the default."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from runstore.errors import UsageError
from runstore.format.layout import StoreLayout
from runstore.settings.fields import SETTINGS, SYNONYMS, RunSettings, our_name
from runstore.settings.foreign import remark

_Layer = dict[str, tuple[Any, str]]
_MOST_BYTES = 1_000_000


class Settings:
    """Settings that a script gives by name: `init(settings=Settings(silent=True))`. A dict does the same.

    W&B's names for the same settings are known. Reading one that was not set gives its default. A value without
    meaning raises `UsageError` at once. Names that mean nothing here are kept too: `init` tells of those that a user
    would miss.
    """

    def __init__(self, **given: Any) -> None:
        for name, value in given.items():
            setattr(self, name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        ours = our_name(name)
        if ours is not None and value is not None:
            value = SETTINGS[ours].kind.parse(value, f"settings {name}")
        self.__dict__[ours or name] = value

    def __getattr__(self, name: str) -> Any:
        ours = None if name.startswith("__") else our_name(name)
        if ours is None:
            raise AttributeError(f"settings have no {name!r}; see `runstore settings`", name=name)
        return self.__dict__.get(ours, SETTINGS[ours].default)

    def __getitem__(self, name: str) -> Any:
        try:
            return getattr(self, name)
        except AttributeError:
            raise KeyError(name) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.__dict__)

    def __len__(self) -> int:
        return len(self.__dict__)

    def __eq__(self, other: object) -> bool:
        return vars(self) == vars(other) if isinstance(other, Settings) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # As a dict.

    def keys(self) -> list[str]:
        """The names that were set."""
        return list(self.__dict__)

    def copy(self) -> "Settings":
        """Settings of their own with the same values."""
        made = Settings()
        made.__dict__.update(self.__dict__)
        return made

    __copy__ = copy

    def __deepcopy__(self, memo: Any) -> "Settings":
        return self.copy()

    def __repr__(self) -> str:
        return f"Settings({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"


def from_environment(environ: Mapping[str, str] | None = None) -> RunSettings:
    """The settings that the environment asks for. Raises `UsageError` for a value that has no meaning."""
    return _settings(_environment(os.environ if environ is None else environ))


def gather(
    arguments: Mapping[str, Any] | None = None,
    settings: object = None,
    environ: Mapping[str, str] | None = None,
) -> tuple[RunSettings, list[str]]:
    """The settings that hold for a run, and what there is to warn of, a line each.

    `arguments` are those of `init` by the names of settings; None there, or an empty `dir`, leaves a setting as it
    is. `settings` is a `Settings` or a mapping. With `strict` what there is to warn of is raised. Raises `UsageError`,
    and `StoreError` where the store cannot be looked up.
    """
    remarks: list[str] = []
    given = _given(named(settings), "settings", remarks) if settings is not None else {}
    strong = {
        **_environment(os.environ if environ is None else environ),
        **_process,
        **given,
        **_given(arguments or {}, "argument", remarks),
    }
    root = _settings(strong).store_root()
    found = _settings({**_stores(root, remarks), **strong})
    if remarks and found.strict:
        raise UsageError(remarks[0])
    return found, remarks


def override(settings: RunSettings, given: Mapping[str, Any]) -> tuple[RunSettings, list[str]]:
    """`settings` with what `given` says instead, and what there is to warn of, a line each. Raises `UsageError`."""
    remarks: list[str] = []
    layer = _given(given, "settings", remarks)
    origins = {name: origin for name, (_, origin) in layer.items()}
    return settings.replacing(origins=origins, **{name: value for name, (value, _) in layer.items()}), remarks


_VARIABLES: Final = frozenset(variable for spec in SETTINGS.values() for variable in spec.variables)

_process: _Layer = {}


def for_process(settings: object) -> list[str]:
    """Makes `settings`, a `Settings` or a mapping, hold for the runs that this process starts from now on, in place of
    those given here before; the lines to warn of. Raises `UsageError`."""
    remarks: list[str] = []
    found = _given(named(settings), "settings", remarks)
    _process.clear()
    _process.update({name: (value, "setup") for name, (value, _) in found.items()})
    return remarks


_current: RunSettings | None = None


def remember(settings: RunSettings | None) -> None:
    """Notes the settings of the run that became current; None when there is none any more."""
    global _current
    _current = settings


def in_force() -> RunSettings:
    """The settings of the current run, else those that a run started now would have. Raises as `gather` does."""
    return gather()[0] if _current is None else _current


def named(settings: object) -> Mapping[str, Any]:
    """The names and values in what `init(settings=)` was given. Raises `UsageError`."""
    if isinstance(settings, Mapping):
        return settings
    if isinstance(settings, type) or not hasattr(settings, "__dict__"):
        raise UsageError(f"settings is {settings!r}, expected runstore.Settings(...) or a dict")
    return vars(settings)


def _settings(layer: _Layer) -> RunSettings:
    values = {name: value for name, (value, _) in layer.items()}
    return RunSettings(**values, origins={name: origin for name, (_, origin) in layer.items()})


def _environment(environ: Mapping[str, str]) -> _Layer:
    found: _Layer = {}
    given = _VARIABLES.intersection(environ)
    for name, spec in SETTINGS.items() if given else ():
        for variable in spec.variables:
            if variable in given and (text := environ[variable]):
                found[name] = spec.kind.parse(text, variable), variable
                break
    return found


def _given(given: Mapping[str, Any], origin: str, remarks: list[str]) -> _Layer:
    found: _Layer = {}
    for name, value in given.items():
        ours = our_name(name)
        if ours is None:
            if told := remark(name, value, [*SETTINGS, *SYNONYMS]):
                remarks.append(told)
        elif value is not None and not (ours == "dir" and value in ("", b"")):
            found[ours] = SETTINGS[ours].kind.parse(value, name), f"{origin}=" if origin == "settings" else origin
    return found


def _stores(root: Path, remarks: list[str]) -> _Layer:
    """What the store's own file says under `settings:`. Raises `UsageError`."""
    path = StoreLayout(root).store_yaml
    given = _store_settings(path)
    if not isinstance(given, Mapping):
        raise UsageError(f"{path}, settings: found {given!r}, expected a mapping; write name: value lines below it")
    found: _Layer = {}
    for name, value in given.items():
        ours = our_name(name)
        place = f"{path}, settings.{name}"
        if ours is None:
            if told := remark(name, value, [*SETTINGS, *SYNONYMS]):
                remarks.append(f"{path}: {told}")
        elif not SETTINGS[ours].in_store:
            remarks.append(f"{place} cannot be set for a whole store; set it in the environment or in init")
        elif value is not None:
            found[ours] = SETTINGS[ours].kind.parse(value, place), path.name
    return found


def mistakes_in_store(root: Path) -> list[str]:
    """What is wrong with the settings in a store's own file, a line each, without the file's path."""
    remarks: list[str] = []
    path = StoreLayout(root).store_yaml
    try:
        _stores(root, remarks)
    except UsageError as error:
        remarks.append(str(error))
    return [remark.removeprefix(" ".join(str(path).split())).lstrip(",: ") for remark in remarks]


def _store_settings(path: Path) -> Any:
    """The value of `settings:`; {} where there is none, or where the file is broken, which others tell of."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return {}
    with open(descriptor, "rb") as file:
        try:
            data = file.read(_MOST_BYTES)
        except OSError:
            return {}
    # Most stores have none: they are spared the parser.
    if b"settings" not in data:
        return {}
    from runstore.format import yaml12

    try:
        values = yaml12.load(data)
    except yaml12.YamlError:
        return {}
    found = values.get("settings") if isinstance(values, dict) else None
    return {} if found is None else found
