"""Every setting, declared once: its type and default, where it may come from, and what it means."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, Self

from runstore.errors import StoreError
from runstore.format.layout import STORE_DIR, STORE_FILE
from runstore.format.locate import default_store_root, is_url
from runstore.settings.kinds import FLAG, FUNCTION, PATH, PATHS, TAGS, TEXT, Kind, one_of, seconds, whole

Mode = Literal["online", "offline", "shared", "disabled"]
Console = Literal["wrap", "redirect", "off"]
Resume = Literal["allow", "must", "never", "auto"]
Reinit = Literal["default", "return_previous", "finish_previous", "create_new"]

PREFIXES: Final = ("RUNSTORE_", "WANDB_")
"""Of the variables, in order of strength."""

_MODE = one_of(
    {
        **{word: word for word in ("online", "offline", "shared", "disabled")},
        "run": "online",
        "dryrun": "offline",
    },
    "online, offline, shared or disabled",
)
_CONSOLE = one_of(
    {
        **{word: word for word in ("wrap", "redirect", "off")},
        **dict.fromkeys(("auto", "wrap_raw", "wrap_emu"), "wrap"),
    },
    "wrap, redirect or off",
)
_RESUME = one_of(
    {**{word: word for word in ("allow", "must", "never", "auto")}, "true": "auto", "false": None},
    "allow, must, never, auto, true or false",
)
_REINIT = one_of(
    {
        **{word: word for word in ("default", "return_previous", "finish_previous", "create_new")},
        "true": "finish_previous",
        "false": "return_previous",
    },
    "true, false, return_previous, finish_previous or create_new",
)


class Spec(NamedTuple):
    """What there is to know of one setting beside its value.

    `variables` are its environment variables, strongest first; `synonyms` the names that W&B's `Settings` has for it.
    `argument` is the one of `init`, "" without; `in_store` says whether `store.yaml` may set it for everybody.
    """

    name: str
    kind: Kind
    default: Any
    meaning: str
    variables: tuple[str, ...]
    synonyms: tuple[str, ...]
    argument: str
    in_store: bool
    twins: tuple[str, ...] | None = None


def _setting(
    default: Any,
    kind: Kind,
    meaning: str,
    *,
    variable: str = "",
    twins: tuple[str, ...] | None = None,
    synonyms: tuple[str, ...] = (),
    argument: str = "",
    in_store: bool = False,
) -> Any:
    """What a field of `RunSettings` is declared by. `variable` is without prefix, "-" for none, the field's own name
    where it is left out; `twins` are W&B's variables where they are not the one of the same name."""
    others = tuple(PREFIXES[1] + twin for twin in twins) if twins is not None else None
    return Spec("", kind, default, meaning, (variable,), synonyms, argument, in_store, others)


# No dataclass: one of fifty fields takes longer to be made than `init` may.
class RunSettings:
    """What a run starts with. None means: not set. `origins` says where each value that is set came from."""

    dir: str | None = _setting(
        None, PATH, "where the store is", argument="dir", synonyms=("root_dir",)
    )  # fmt: skip
    project: str | None = _setting(
        None, TEXT, "the project; `uncategorized` without one", argument="project", in_store=True
    )
    entity: str | None = _setting(
        None, TEXT, "whose runs these are; noted in a new store", argument="entity", in_store=True
    )
    run_id: str | None = _setting(None, TEXT, "the id of the run; a random one without it", argument="id")
    name: str | None = _setting(
        None, TEXT, "the name; a made-up one without it", argument="name", synonyms=("run_name",)
    )
    run_group: str | None = _setting(None, TEXT, "the group", argument="group", in_store=True)
    job_type: str | None = _setting(
        None, TEXT, "the job type", argument="job_type", synonyms=("run_job_type",), in_store=True
    )
    tags: tuple[str, ...] | None = _setting(
        None, TAGS, "tags, with commas between them", argument="tags", synonyms=("run_tags",), in_store=True
    )
    notes: str | None = _setting(None, TEXT, "the notes", argument="notes", synonyms=("run_notes",))
    resume: Resume | None = _setting(
        None, _RESUME, "what happens when the id was used before: `allow`, `must`, `never`, `auto`", argument="resume"
    )
    resume_from: str | None = _setting(
        None, TEXT, "`<id>?_step=<n>`: go on with a run from a step", argument="resume_from"
    )
    fork_from: str | None = _setting(
        None, TEXT, "`<id>?_step=<n>`: a new run that begins as another did", argument="fork_from"
    )
    reinit: Reinit = _setting(
        "default", _REINIT, "what `init` does while a run is going on", argument="reinit", in_store=True
    )
    mode: Mode = _setting(
        "online",
        _MODE,
        "`disabled` writes nothing, `shared` lets several processes write one run; `online` and `offline` are the same",
        argument="mode",
        in_store=True,
    )
    allow_val_change: bool | None = _setting(
        None, FLAG, "whether a key of the config may change its value", argument="allow_val_change", in_store=True
    )
    config_paths: tuple[str, ...] = _setting((), PATHS, "YAML files with values for the config")
    sweep_id: str | None = _setting(None, TEXT, "the sweep that the run is a trial of")
    sweep_param_path: str | None = _setting(None, PATH, "the YAML file with the trial's parameters")

    silent: bool = _setting(False, FLAG, "keeps Runstore's own lines off the terminal", in_store=True)
    quiet: bool = _setting(
        False, FLAG, "leaves out the lines at the end of a run; warnings stay", in_store=True
    )  # fmt: skip
    show_info: bool = _setting(True, FLAG, "whether lines that are no warnings are shown", in_store=True)
    show_warnings: bool = _setting(True, FLAG, "whether warnings are shown", in_store=True)
    show_errors: bool = _setting(True, FLAG, "whether `termerror` is shown", in_store=True)
    strict: bool = _setting(
        False, FLAG, "makes an error of what `init` else warns of: settings and arguments without effect", in_store=True
    )
    max_end_of_run_history_metrics: int = _setting(10, whole(0), "how many curves the last lines show", in_store=True)
    max_end_of_run_summary_metrics: int = _setting(
        10, whole(0), "how many values of the summary the last lines show", in_store=True
    )

    console: Console = _setting(
        "wrap",
        _CONSOLE,
        "`wrap` keeps what Python prints, `redirect` also what C code and subprocesses print, `off` nothing",
        in_store=True,
    )
    console_max_bytes: int = _setting(
        100_000_000, whole(1_000), "the console log's size, from which on its middle is left out", in_store=True
    )

    disable_git: bool = _setting(False, FLAG, "records nothing of the git repository", in_store=True)
    disable_code: bool = _setting(False, FLAG, "keeps no source code and no patch", in_store=True)
    save_code: bool = _setting(
        False, FLAG, "keeps the main script or notebook", argument="save_code", in_store=True
    )  # fmt: skip
    sync_tensorboard: bool = _setting(
        False, FLAG, "mirrors what is written for TensorBoard", argument="sync_tensorboard", in_store=True
    )  # fmt: skip
    git_remote: str = _setting("origin", TEXT, "the remote whose address is recorded", in_store=True)
    git_remote_url: str | None = _setting(None, TEXT, "the repository's address, where git is not asked")
    git_commit: str | None = _setting(None, TEXT, "the commit, where git is not asked")
    program: str | None = _setting(None, PATH, "the main script's path, where Python does not know it")
    notebook_name: str | None = _setting(None, PATH, "the notebook's file, where it cannot be found out")
    host: str | None = _setting(None, TEXT, "the machine's name to record, in place of its own")
    username: str | None = _setting(None, TEXT, "the user's name to record")
    email: str | None = _setting(None, TEXT, "the user's address to record", variable="USER_EMAIL")

    x_label: str | None = _setting(None, TEXT, "this rank's name in a shared run", twins=("X_LABEL", "_LABEL"))
    x_primary: bool = _setting(
        True, FLAG, "whether this rank is the one that speaks for a shared run", twins=("X_PRIMARY", "_PRIMARY")
    )
    x_update_finish_state: bool = _setting(
        True,
        FLAG,
        "whether this rank's end is the shared run's end",
        twins=("X_UPDATE_FINISH_STATE", "_UPDATE_FINISH_STATE"),
    )
    heartbeat_seconds: float = _setting(30.0, seconds(1, 120), "how often a run says that it lives", in_store=True)
    stop_fn: Callable[[], Any] | None = _setting(
        None, FUNCTION, "is called when somebody asks the run to stop, instead of ending the process", variable="-"
    )

    disable_stats: bool = _setting(
        False,
        FLAG,
        "records no system metrics",
        twins=("X_DISABLE_STATS", "_DISABLE_STATS", "DISABLE_STATS"),
        synonyms=("x_disable_stats",),
        in_store=True,
    )
    stats_interval: float = _setting(
        15.0,
        seconds(0.1, 86_400),
        "how often system metrics are taken",
        twins=("X_STATS_SAMPLING_INTERVAL", "_STATS_SAMPLING_INTERVAL"),
        synonyms=("x_stats_sampling_interval",),
        in_store=True,
    )

    base_url: str | None = _setting(
        None, TEXT, "where the site is published: `run.url` is the run's page there", twins=(), in_store=True
    )
    webhook: str | None = _setting(None, TEXT, "an address that alerts are posted to as JSON", twins=())
    artifact_dir: str | None = _setting(None, PATH, "where artifacts are downloaded to; `./artifacts` without it")

    origins: Mapping[str, str]

    def __init__(self, *, origins: Mapping[str, str] | None = None, **values: Any) -> None:
        if unknown := values.keys() - SETTINGS.keys():
            raise TypeError(f"there is no setting {', '.join(sorted(unknown))}")
        self.__dict__.update(values, origins=dict(origins or {}))

    def replacing(self, *, origins: Mapping[str, str] | None = None, **values: Any) -> Self:
        """These settings with other values for some."""
        known = {name: value for name, value in vars(self).items() if name != "origins"}
        return type(self)(origins={**self.origins, **(origins or {})}, **{**known, **values})

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"settings are fixed once a run has begun; pass settings=Settings({name}=...) to init")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RunSettings):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in SETTINGS)

    __hash__ = None  # type: ignore[assignment]  # As a dict.

    def __repr__(self) -> str:
        given = (f"{name}={getattr(self, name)!r}" for name in SETTINGS if name in vars(self))
        return f"RunSettings({', '.join(given)})"

    def origin(self, name: str) -> str:
        """Where the value of a setting came from: `default`, `store.yaml`, a variable, `settings=` or `argument`."""
        return self.origins.get(name, "default")

    @property
    def tells(self) -> bool:
        """Whether lines that are no warnings are shown on the terminal."""
        return self.show_info and not self.silent

    @property
    def warns(self) -> bool:
        """Whether warnings are shown on the terminal."""
        return self.show_warnings and not self.silent

    def __getattr__(self, name: str) -> Any:
        if (ours := SYNONYMS.get(name)) is not None:
            return getattr(self, ours)
        raise AttributeError(f"settings have no {name!r}; see `runstore settings`", name=name)

    def store_root(self) -> Path:
        """The store's root, there or not: `dir`, an `experiments` store in it, or what the working directory says."""
        if self.dir is not None and is_url(self.dir):
            raise StoreError(
                f"the store is {self.dir!r}, expected a directory: runs are logged to a disk, and `runstore sync` "
                "takes them elsewhere; commands and Api read an address that they are given"
            )
        try:
            if self.dir is None:
                return default_store_root(Path.cwd())
            root = Path(self.dir).expanduser().absolute()
            inner = root / STORE_DIR
            return inner if not (root / STORE_FILE).is_file() and (inner / STORE_FILE).is_file() else root
        except RuntimeError:
            raise StoreError(f"{self.dir}: there is no such user, or no home directory; pass another dir=") from None
        except FileNotFoundError:
            raise StoreError("the working directory was deleted; change to another, or pass an absolute dir=") from None
        except OSError as error:
            reason = error.strerror or str(error)
            raise StoreError(f"{error.filename}: cannot be looked up ({reason}); check its permissions") from None


def _declared() -> dict[str, Spec]:
    """The fields' specs by name; each field itself becomes its default."""
    found = {}
    for name, spec in list(vars(RunSettings).items()):
        if isinstance(spec, Spec):
            suffix = spec.variables[0] or name.upper()
            ours = () if suffix == "-" else (PREFIXES[0] + suffix,)
            twins = spec.twins if spec.twins is not None else tuple(PREFIXES[1] + suffix for _ in ours)
            found[name] = spec._replace(name=name, variables=(*ours, *twins), twins=None)
            setattr(RunSettings, name, spec.default)
    return found


SETTINGS: Final[Mapping[str, Spec]] = _declared()
"""Every setting by its name."""

SYNONYMS: Final[Mapping[str, str]] = {other: spec.name for spec in SETTINGS.values() for other in spec.synonyms}
"""W&B's names for settings, where they are others than ours."""

VARIABLES: Final[Mapping[str, str]] = {
    spec.name: spec.variables[0].removeprefix(PREFIXES[0]) for spec in SETTINGS.values() if spec.variables
}
"""Each setting's variable, without its prefix."""


def our_name(name: str) -> str | None:
    """The setting that `name`, of ours or of W&B's (`_disable_stats`, as it was called once, too), means."""
    for tried in (name, f"x{name}" if name.startswith("_") else name):
        if tried in SETTINGS:
            return tried
        if tried in SYNONYMS:
            return SYNONYMS[tried]
    return None


def show(value: Any) -> Any:
    """A setting's value as JSON has it."""
    if isinstance(value, tuple):
        return list(value)
    return getattr(value, "__qualname__", repr(value)) if callable(value) else value
