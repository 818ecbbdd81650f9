"""Every setting of the recording side, in one typed room: what the environment says and what `init` overrides.

Each setting has a variable `RUNSTORE_<NAME>`; where that is unset or empty its twin `WANDB_<NAME>` counts.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final, Literal

from runstore.errors import StoreError, UsageError
from runstore.format.layout import STORE_DIR, STORE_FILE
from runstore.format.locate import default_store_root
from runstore.format.values import well_formed

Mode = Literal["online", "offline", "disabled"]
Console = Literal["wrap", "off"]

VARIABLES: Final[dict[str, str]] = {
    "dir": "DIR",
    "project": "PROJECT",
    "entity": "ENTITY",
    "run_id": "RUN_ID",
    "name": "NAME",
    "run_group": "RUN_GROUP",
    "job_type": "JOB_TYPE",
    "tags": "TAGS",
    "notes": "NOTES",
    "resume": "RESUME",
    "mode": "MODE",
    "silent": "SILENT",
    "console": "CONSOLE",
    "disable_git": "DISABLE_GIT",
}
"""Each setting's variable, without its prefix."""

PREFIXES: Final = ("RUNSTORE_", "WANDB_")
"""In order of strength."""

# W&B's names for the same settings, as its `Settings` spells them.
_OTHER_NAMES: Final[dict[str, str]] = {
    "run_name": "name",
    "run_tags": "tags",
    "run_notes": "notes",
    "run_job_type": "job_type",
    "root_dir": "dir",
}
_MODES: Final[dict[str, Mode]] = {
    "online": "online",
    "run": "online",
    "offline": "offline",
    "dryrun": "offline",
    "disabled": "disabled",
}
_CONSOLES: Final[dict[str, Console]] = {
    "off": "off",
    **dict.fromkeys(("auto", "wrap", "redirect", "wrap_raw", "wrap_emu"), "wrap"),
}
_TRUE = frozenset({"1", "true", "yes", "on", "t", "y"})
_FALSE = frozenset({"0", "false", "no", "off", "f", "n", ""})


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """What a run starts with where `init` was not told otherwise. None means: not set."""

    dir: str | None = None
    project: str | None = None
    entity: str | None = None
    run_id: str | None = None
    name: str | None = None
    run_group: str | None = None
    job_type: str | None = None
    tags: tuple[str, ...] | None = None
    notes: str | None = None
    resume: str | None = None
    mode: Mode = "online"
    silent: bool = False
    console: Console = "wrap"
    disable_git: bool = False

    def store_root(self) -> Path:
        """The store's root, there or not: `dir`, an `experiments` store in it, or what the working directory says."""
        try:
            if self.dir is None:
                return default_store_root(Path.cwd())
            root = Path(self.dir).expanduser().absolute()
            inner = root / STORE_DIR
            return inner if not (root / STORE_FILE).is_file() and (inner / STORE_FILE).is_file() else root
        except FileNotFoundError:
            raise StoreError("the working directory was deleted; change to another, or pass an absolute dir=") from None
        except OSError as error:
            reason = error.strerror or str(error)
            raise StoreError(f"{error.filename}: cannot be looked up ({reason}); check its permissions") from None


class Settings:
    """Settings that a script gives by name: `init(settings=Settings(silent=True))`. A dict does the same.

    Names that mean nothing here are kept too, and warned of by `init`: W&B has more of them.
    """

    def __init__(self, **given: Any) -> None:
        self.__dict__.update(given)

    def __repr__(self) -> str:
        return f"Settings({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"


def from_environment(environ: Mapping[str, str] | None = None) -> RunSettings:
    """The settings that the environment asks for. Raises `UsageError` for a value that has no meaning."""
    source = os.environ if environ is None else environ
    found: dict[str, Any] = {}
    for name, suffix in VARIABLES.items():
        for prefix in PREFIXES:
            if text := source.get(prefix + suffix):
                found[name] = _parse(name, text, prefix + suffix)
                break
    return RunSettings(**found)


def override(settings: RunSettings, given: Mapping[str, Any]) -> tuple[RunSettings, list[str]]:
    """`settings` with what `given` says instead, and the names in `given` that mean nothing here.

    None leaves a setting as it is, and so does an empty `dir`. W&B's names for the same settings are known too.
    Raises `UsageError`.
    """
    known = {field.name for field in fields(RunSettings)}
    changed: dict[str, Any] = {}
    unknown = []
    for name, value in given.items():
        ours = _OTHER_NAMES.get(name, name)
        if ours not in known:
            unknown.append(name)
        elif value is not None and not (ours == "dir" and value in ("", b"")):
            changed[ours] = _parse(ours, value, name)
    return replace(settings, **changed), unknown


def _parse(name: str, value: Any, shown: str) -> Any:
    match name:
        case "mode":
            return _choice(_MODES, value, shown, "online, offline or disabled")
        case "console":
            return _choice(_CONSOLES, value, shown, "wrap or off")
        case "silent" | "disable_git":
            return _boolean(value, shown)
        case "tags":
            return split_tags(value)
        case "dir":
            return _path(value, shown)
    return well_formed(str(value))


def split_tags(value: Any) -> tuple[str, ...]:
    """Tags from a list of them or from text with commas, each once, in order. Raises `UsageError` for neither."""
    if not isinstance(value, Iterable):
        raise UsageError(f"tags is {value!r}, expected a list of them, or text with commas")
    parts = well_formed(value).split(",") if isinstance(value, str) else [well_formed(str(tag)) for tag in value]
    return tuple(dict.fromkeys(part for part in (part.strip() for part in parts) if part))


def _path(value: Any, shown: str) -> str:
    try:
        return os.fsdecode(value)
    except TypeError:
        raise UsageError(f"{shown} is {value!r}, expected a path") from None


def _choice(choices: Mapping[str, Any], value: Any, shown: str, expected: str) -> Any:
    found = choices.get(str(value).strip().lower())
    if found is None:
        raise UsageError(f"{shown} is {value!r}, expected {expected}")
    return found


def _boolean(value: Any, shown: str) -> bool:
    text = str(value).strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise UsageError(f"{shown} is {value!r}, expected true or false")
