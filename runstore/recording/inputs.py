"""Where a config's values come from: whatever scripts keep their options in, files, and the parameters of a sweep."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path
from typing import Any, Final, cast

from runstore.errors import ConfigError, RunstoreError, UsageError
from runstore.format import records, values
from runstore.recording import papermill
from runstore.settings import RunSettings

DEFAULTS_FILE: Final = "config-defaults.yaml"
"""In the working directory: values that hold where nothing else gives one."""


_written: dict[str, Mapping[str, Any]] = {}


@contextmanager
def written(path: Path, params: Mapping[str, Any]) -> Iterator[None]:
    """While this lasts nobody reads the file of a sweep's parameters at `path`: this process has just written it."""
    _written[str(path)] = params
    try:
        yield
    finally:
        del _written[str(path)]


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a run's config starts with; `locked` are a sweep's parameters, which the script cannot change."""

    values: Mapping[str, Any]
    locked: Mapping[str, Any]


def gather(given: Any, include: Iterable[str] | None, exclude: Iterable[str] | None, settings: RunSettings) -> Inputs:
    """Everything that a run's config starts with, each source over the one before: `config-defaults.yaml`, the files
    that the settings name, papermill's parameters of the notebook, `given` (anything that `load` understands), the
    parameters of a sweep.

    Raises `ConfigError` for a source that cannot be used, `UsageError` when keys are both to be included and excluded.
    """
    own = load(given, include=include, exclude=exclude)
    found: dict[str, Any] = {}
    if (defaults := Path(DEFAULTS_FILE)).is_file():
        found.update(load(defaults))
    for path in settings.config_paths:
        found.update(load(Path(path)))
    found.update(load(papermill.parameters(), include=include, exclude=exclude))
    found.update(own)
    params = settings.sweep_param_path or ""
    return Inputs(found, load(_written.get(params) or Path(params)) if params else {})


def load(source: Any, *, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None) -> dict[str, Any]:
    """The configuration in `source`: a mapping, an argparse.Namespace, absl flags, a dataclass, a model of attrs or
    pydantic, any object with attributes, or the path of a YAML file (plain, or with W&B's `{value: …}` around each
    value).

    Raises `ConfigError` for anything else, `UsageError` when keys are both to be included and excluded.
    """
    if include and exclude:
        raise UsageError("config_include_keys and config_exclude_keys exclude each other; give one of them")
    chosen, left_out = _names(include), _names(exclude)
    found = {clean(key): value for key, value in _mapping(source).items()}
    return {key: value for key, value in found.items() if (key in chosen if chosen else key not in left_out)}


def clean(key: Any) -> str:
    """A key as the config has it: options keep their names without the dashes in front."""
    return values.well_formed(str(key).strip("-"))


def plain_object(value: Any) -> Any:
    """What stands for a value that has no plain form: an artifact's name, the fields of an object that is there to hold
    some, else its text."""
    for name in ("source_qualified_name", "qualified_name"):
        try:
            if isinstance(found := getattr(value, name, None), str) and found:
                return found
        except Exception:  # An artifact may have no such name yet.
            break
    fields = None if isinstance(value, type) else _fields(value)
    if fields is None and type(value).__name__ in ("Namespace", "SimpleNamespace"):
        fields = vars(value)
    return str(value) if fields is None else dict(fields)


def _names(given: Iterable[str] | None) -> set[str]:
    return {clean(name) for name in ([given] if isinstance(given, str) else given or ())}


def _mapping(source: Any) -> Mapping[Any, Any]:
    if source is None:
        return {}
    if isinstance(source, Mapping):
        return source
    if isinstance(source, str | Path):
        return _from_file(Path(source))
    if isinstance(source, type):
        raise ConfigError(f"config is the class {source.__name__}; pass an object of it, a dict or a Namespace")
    if callable(as_dict := getattr(source, "as_dict", None)):
        return cast(Mapping[Any, Any], as_dict())  # The config of a run.
    if (fields := _fields(source)) is not None:
        return fields
    if callable(getattr(source, "keys", None)) and hasattr(source, "__getitem__"):
        return {key: source[key] for key in source.keys()}  # noqa: SIM118 - all that such an object promises
    if hasattr(source, "__dict__"):
        return dict(vars(source))
    raise ConfigError(f"config is of type {type(source).__name__}; pass a dict, a Namespace or the path of a YAML file")


def _fields(source: Any) -> Mapping[Any, Any] | None:
    """The fields of a dataclass, absl's flags, a model of attrs or pydantic; None for anything else."""
    if is_dataclass(source):
        return asdict(source)  # type: ignore[arg-type]  # No class comes here.
    kind = type(source)
    if hasattr(kind, "flag_values_dict"):
        return cast(Mapping[Any, Any], source.flag_values_dict())
    if hasattr(kind, "__attrs_attrs__"):
        return {attribute.name: getattr(source, attribute.name) for attribute in kind.__attrs_attrs__}
    if hasattr(kind, "model_dump"):
        return cast(Mapping[Any, Any], source.model_dump())
    if hasattr(kind, "__fields__") and hasattr(kind, "dict"):
        return cast(Mapping[Any, Any], source.dict())
    return None


def _from_file(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise ConfigError(f"{path}: no such file; a config comes from a dict or the path of a YAML file")
    try:
        data = records.load_config(path)
    except RunstoreError as error:
        raise ConfigError(str(error)) from None
    version = data.get("wandb_version")
    if version not in (None, 1):
        raise ConfigError(f"{path}: found wandb_version {version!r}, expected 1; write plain key: value lines")
    if version is not None or (data and all(_is_wrapped(value) for value in data.values())):
        return dict(_unwrapped(data))
    return data


def _unwrapped(data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in data.items():
        if _is_wrapped(value):
            yield key, value["value"]


def _is_wrapped(value: Any) -> bool:
    return isinstance(value, dict) and "value" in value and set(value) <= {"value", "desc"}
