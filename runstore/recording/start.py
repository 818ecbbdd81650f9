"""`runstore.init`: what the arguments and the environment ask for becomes a run."""

import os
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from runstore.errors import StoreError, UsageError
from runstore.format.layout import DEFAULT_PROJECT, ProjectLayout, RunLayout, StoreLayout
from runstore.format.records import RunMeta, create_store
from runstore.recording import config as config_
from runstore.recording import current, terminal
from runstore.recording.config import Config
from runstore.recording.naming import generate_id, generate_name
from runstore.recording.recorder import NoRecorder, Place, Recorder
from runstore.recording.run import Run
from runstore.recording.state import utc_now
from runstore.settings import RunSettings, Settings, gather

Reinit = Literal["default", "return_previous", "finish_previous", "create_new"]

_REINIT: Final[dict[object, Reinit]] = {
    None: "default",
    True: "finish_previous",
    False: "return_previous",
    "default": "default",
    "return_previous": "return_previous",
    "finish_previous": "finish_previous",
    "create_new": "create_new",
}
# Arguments of W&B's init that have no meaning where there is no server.
_MEANINGLESS: Final = frozenset(
    {"allow_resume", "anonymous", "force", "magic", "monitor_gym", "save_code", "sync_tensorboard", "tensorboard"}
)
_NOT_YET: Final = frozenset({"resume", "resume_from", "fork_from"})
_ATTEMPTS: Final = 10


def init(
    entity: str | None = None,
    project: str | None = None,
    dir: str | os.PathLike[str] | None = None,  # noqa: A002 - W&B's name
    id: str | None = None,  # noqa: A002 - W&B's name
    name: str | None = None,
    notes: str | None = None,
    tags: Iterable[str] | None = None,
    config: Any = None,
    config_exclude_keys: Iterable[str] | None = None,
    config_include_keys: Iterable[str] | None = None,
    allow_val_change: bool | None = None,
    group: str | None = None,
    job_type: str | None = None,
    mode: Literal["online", "offline", "disabled"] | None = None,
    reinit: bool | Reinit | None = None,
    settings: Settings | Mapping[str, Any] | None = None,
    **others: Any,
) -> Run:
    """Begins a run and makes it the current one. What is not given is taken from the environment.

    `config` is a mapping, an argparse.Namespace or the path of a YAML file; `dir` is the store's directory. A run that
    is already current is returned as it is, unless `reinit` is "finish_previous" (or True: it is finished first)
    or "create_new" (the new one does not become current).

    Raises `UsageError` or `ConfigError` for arguments that cannot be used, an id that exists among them, and
    `StoreError` where nothing can be written.
    """
    who = {"entity": entity, "project": project, "run_id": id, "name": name, "notes": notes, "tags": tags}
    where = {"dir": dir, "mode": mode, "run_group": group, "job_type": job_type}
    wish = _settings(settings, {**who, **where}, others)
    choice = _reinit(reinit)
    if (previous := _previous(choice)) is not None:
        return previous
    inputs = Config(allow_val_change=_in_notebook() if allow_val_change is None else allow_val_change)
    given = config_.load(config, include=config_include_keys, exclude=config_exclude_keys)
    inputs.update(given, allow_val_change=True)
    run = _disabled_run(wish, inputs) if wish.mode == "disabled" else _recorded_run(wish, inputs)
    run.begin()
    if choice != "create_new":
        current.put(run)
    return run


def _settings(
    settings: Settings | Mapping[str, Any] | None, arguments: Mapping[str, Any], others: Mapping[str, Any]
) -> RunSettings:
    """What holds for the run: arguments over `settings`, and those over the environment."""
    wish, remarks = gather(arguments, settings)
    if ignored := _check_others(others):
        remarks.append(f"{', '.join(ignored)} {'has' if len(ignored) == 1 else 'have'} no meaning here")
    _check_resume({"resume": wish.resume, **{key: others[key] for key in _NOT_YET & set(others)}})
    if not wish.silent:
        for remark in remarks:
            terminal.warn(f"init: {remark}")
    return wish


def _check_others(others: Mapping[str, Any]) -> list[str]:
    """The names of arguments that W&B knows and that mean nothing here. Raises `UsageError` for unknown ones."""
    for name in others:
        if name not in _MEANINGLESS and name not in _NOT_YET:
            raise UsageError(f"init knows no argument {name!r}; {_hint(name)}")
    return [f"{name}=" for name, value in others.items() if name in _MEANINGLESS and value]


def _hint(name: str) -> str:
    import difflib
    import inspect

    close = difflib.get_close_matches(name, inspect.signature(init).parameters, 1)
    return f"did you mean {close[0]}?" if close else "see help(runstore.init)"


def _check_resume(wishes: Mapping[str, Any]) -> None:
    for name, value in wishes.items():
        if value not in (None, False, "", "never"):
            raise UsageError(f"{name} is {value!r}, but runs cannot be resumed or forked yet; leave it out")


def _reinit(value: object) -> Reinit:
    choice = _REINIT.get(value) if value is None or isinstance(value, bool | str) else None
    if choice is None:
        expected = "True, False, 'return_previous', 'finish_previous' or 'create_new'"
        raise UsageError(f"reinit is {value!r}, expected {expected}")
    return "finish_previous" if choice == "default" and _in_notebook() else choice


def _previous(choice: Reinit) -> Run | None:
    """The current run, when it is to be returned. A forked child's copy of its parent's run is none."""
    run = current.get()
    if run is None or run.detached or choice == "create_new":
        return None
    if choice == "finish_previous":
        run.finish()
        return None
    if choice == "default":
        run.note_returned()
    return run


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and type(shell).__name__ != "TerminalInteractiveShell"


def _disabled_run(wish: RunSettings, config: Config) -> Run:
    meta = _meta(wish, wish.run_id or generate_id(), "disabled")
    recorder = NoRecorder(meta, config, wish)
    return Run(recorder, project=wish.project or DEFAULT_PROJECT, entity=wish.entity or "")


def _recorded_run(wish: RunSettings, config: Config) -> Run:
    store = StoreLayout(wish.store_root())
    project = store.project(wish.project or DEFAULT_PROJECT)
    if wish.run_id:
        project.run(wish.run_id)
    create_store(store, wish.entity or "")
    layout, number = _claim(project, wish.run_id)
    place = Place(store, project, layout, layout.writer())
    meta = _meta(wish, layout.id, generate_name(number))
    return Run(Recorder(place, meta, config, wish), project=project.name, entity=wish.entity or "")


def _meta(wish: RunSettings, run_id: str, name: str) -> RunMeta:
    return RunMeta(
        id=run_id,
        name=wish.name or name,
        created=utc_now(),
        group=wish.run_group or "",
        job_type=wish.job_type or "",
        tags=wish.tags or (),
        notes=wish.notes or "",
    )


def _claim(project: ProjectLayout, wanted: str | None) -> tuple[RunLayout, int]:
    """Makes the directory of a run that nobody else has; the run, and how many its project has with it."""
    try:
        project.runs_dir.mkdir(parents=True, exist_ok=True)
        for _ in range(_ATTEMPTS):
            layout = project.run(wanted or generate_id())
            if _make(project, layout):
                return layout, len(os.listdir(project.runs_dir))
            if wanted:
                raise UsageError(
                    f"{layout.path}: the run id {wanted!r} exists, or was deleted, in project {project.name!r}; "
                    "choose another, or leave id out"
                )
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(
            f"{project.runs_dir}: cannot create a run here ({reason}); pass dir= or set RUNSTORE_DIR"
        ) from None
    raise StoreError(f"{project.runs_dir}: found no free run id in {_ATTEMPTS} attempts; pass id=")


def _make(project: ProjectLayout, layout: RunLayout) -> bool:
    if project.deleted(layout.id).exists():
        return False
    try:
        layout.path.mkdir()
    except FileExistsError:
        return False
    return True
