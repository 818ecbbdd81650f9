"""`runstore.init`: what the arguments and the environment ask for becomes a run."""

import os
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from runstore.errors import UsageError
from runstore.format.layout import DEFAULT_PROJECT
from runstore.recording import current, terminal
from runstore.recording import inputs as inputs_
from runstore.recording.config import Config
from runstore.recording.disabled import NoRecorder
from runstore.recording.inputs import Inputs
from runstore.recording.naming import generate_id
from runstore.recording.opening import new_meta, open_run
from runstore.recording.recorder import Recorder
from runstore.recording.run import Run
from runstore.settings import SETTINGS, Reinit, RunSettings, Settings, gather, named, our_name

# Arguments of W&B's init that do nothing here, and what there is instead; those without a word need nothing.
_WITHOUT_EFFECT: Final = {
    "monitor_gym": "recordings are not looked for; log them as runstore.Video",
    "magic": "nothing is logged by itself; call run.log",
    "allow_resume": "pass resume='allow'",
    "force": "",
    "anonymous": "",
}

# A trial of a sweep is recorded where the agent that started it says.
_OF_AGENT: Final = ("project", "entity", "run_id", "dir", "resume")
_OF_CALL: Final = ("argument", "settings=")


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
    mode: Literal["online", "offline", "disabled", "shared"] | None = None,
    force: bool | None = None,
    reinit: bool | Reinit | None = None,
    resume: bool | Literal["allow", "never", "must", "auto"] | None = None,
    resume_from: str | None = None,
    fork_from: str | None = None,
    save_code: bool | None = None,
    tensorboard: bool | None = None,
    sync_tensorboard: bool | None = None,
    monitor_gym: bool | None = None,
    settings: Settings | Mapping[str, Any] | None = None,
    **others: Any,
) -> Run:
    """Begins a run and makes it the current one. What is not given is taken from the environment.

    `config` is a mapping, an argparse.Namespace or the path of a YAML file; `dir` is the store's directory. A run that
    is already current is returned as it is, unless `reinit` is "finish_previous" (or True: it is finished first)
    or "create_new" (the new one does not become current). `resume` says whether a run whose `id` exists is gone on
    with: "allow", "must" or "auto" (True: the last one of this script, should it not have finished); `resume_from`
    ("<id>?_step=<n>") goes back in a run, `fork_from` begins a new one as a copy. With `mode="shared"` several
    processes write the run `id` together.

    Raises `UsageError` or `ConfigError` for arguments that cannot be used, an id that exists among them, and
    `StoreError` where nothing can be written.
    """
    who = {"entity": entity, "project": project, "run_id": id, "name": name, "notes": notes, "tags": tags}
    where = {"dir": dir, "mode": mode, "run_group": group, "job_type": job_type, "reinit": reinit}
    how = {"resume": resume, "resume_from": resume_from, "fork_from": fork_from, "save_code": save_code}
    others = {"force": force, "monitor_gym": monitor_gym, **others}
    mirrored = tensorboard if sync_tensorboard is None else sync_tensorboard
    more = {"allow_val_change": allow_val_change, "sync_tensorboard": mirrored}
    wish = _settings(settings, {**who, **where, **how, **more}, others)
    choice = _reinit(wish)
    previous = _previous(choice, wish)
    return previous or _begin(wish, choice, inputs_.gather(config, config_include_keys, config_exclude_keys, wish))


def _begin(wish: RunSettings, choice: Reinit, given: inputs_.Inputs) -> Run:
    """The run that the settings ask for, begun with these inputs."""
    free = _in_notebook() if wish.allow_val_change is None else wish.allow_val_change
    inputs = Config(allow_val_change=free, warn=lambda line: terminal.warn(line) if wish.warns else None)
    run = _disabled_run(wish, inputs, given) if wish.mode == "disabled" else _recorded_run(wish, inputs, given)
    run.begin()
    if choice != "create_new":
        current.put(run)
    if wish.sync_tensorboard:
        from runstore.recording import patching

        patching.ensure()
    return run


def _settings(
    settings: Settings | Mapping[str, Any] | None, arguments: Mapping[str, Any], others: Mapping[str, Any]
) -> RunSettings:
    """What holds for the run: arguments over `settings`, and those over the environment."""
    wish, remarks = gather(arguments, settings)
    if wish.sweep_id and wish.origin("sweep_id") not in _OF_CALL:
        wish, ignored = _as_trial(wish, arguments, settings)
        remarks += ignored
    told = [*remarks, *_of_no_effect(others)]
    if told and wish.strict:
        raise UsageError(f"init: {told[0]}")
    if wish.warns:
        for remark in told:
            terminal.warn(f"init: {remark}")
    return wish


def _as_trial(
    wish: RunSettings, arguments: Mapping[str, Any], settings: Settings | Mapping[str, Any] | None
) -> tuple[RunSettings, list[str]]:
    """What holds within a trial of a sweep, whose agent has said whose run it is and where it lies; the lines to warn
    of what the script says otherwise."""
    given = [name for name in _OF_AGENT if wish.origin(name) in _OF_CALL]
    if not given:
        return wish, []
    others = {name: value for name, value in named(settings or {}).items() if our_name(name) not in given}
    found, _ = gather({name: value for name, value in arguments.items() if name not in given}, others)
    # `resume` is what scripts say beside an id: no word about where.
    changed = [name for name in given if name != "resume" and _meant(found, name) != _meant(wish, name)]
    return found, [
        f"{SETTINGS[name].argument}={getattr(wish, name)!r} is ignored: this is a trial of sweep {wish.sweep_id}, "
        "whose agent says where it is recorded"
        for name in changed
    ]


def _meant(wish: RunSettings, name: str) -> Any:
    return wish.store_root() if name == "dir" else getattr(wish, name)


def _of_no_effect(others: Mapping[str, Any]) -> list[str]:
    """What there is to tell of arguments that do nothing here. Raises `UsageError` for unknown ones."""
    for name in others:
        if name not in _WITHOUT_EFFECT:
            raise UsageError(f"init knows no argument {name!r}; {_hint(name)}")
    return [
        f"{name}= has no effect here: {_WITHOUT_EFFECT[name]}"
        for name, value in others.items()
        if value and _WITHOUT_EFFECT[name]
    ]


def _hint(name: str) -> str:
    import difflib
    import inspect

    close = difflib.get_close_matches(name, inspect.signature(init).parameters, 1)
    return f"did you mean {close[0]}?" if close else "see help(runstore.init)"


def _reinit(wish: RunSettings) -> Reinit:
    return "finish_previous" if wish.reinit == "default" and _in_notebook() else wish.reinit


def _previous(choice: Reinit, wish: RunSettings) -> Run | None:
    """The current run, when it is to be returned. A forked child's copy of its parent's run is none.

    Raises `UsageError` where another one must be gone on with.
    """
    run = current.get()
    if run is None or run.detached or choice == "create_new":
        return None
    if choice == "finish_previous":
        run.finish()
        return None
    if wish.resume == "must" and wish.run_id != run.id:
        raise UsageError(
            f"resume='must' while run {run.id} is going on; call finish() first, or pass reinit='create_new'"
        )
    if choice == "default":
        run.note_returned()
    return run


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and type(shell).__name__ != "TerminalInteractiveShell"


def _disabled_run(wish: RunSettings, inputs: Config, given: Inputs) -> Run:
    inputs.update(given.values, allow_val_change=True)
    inputs.lock(given.locked, "sweep")
    recorder = NoRecorder(new_meta(wish, wish.run_id or generate_id(), "disabled"), inputs, wish)
    return Run(recorder, project=wish.project or DEFAULT_PROJECT, entity=wish.entity or "")


def _recorded_run(wish: RunSettings, inputs: Config, given: Inputs) -> Run:
    def warn(line: str) -> None:
        if wish.warns:
            terminal.warn(line)

    inputs.update(given.values, allow_val_change=True)  # First: what cannot be used leaves no directory behind.
    opened = open_run(wish, warn)
    try:
        if opened.config:
            inputs.inherit(opened.config)
        inputs.lock(given.locked, "sweep")
        recorder = Recorder(opened.place, opened.meta, inputs, wish, opened.beginning)
        return Run(recorder, project=opened.place.project.name, entity=wish.entity or "")
    except BaseException:  # Ctrl-C too: readers would take what is there by now for a run that finished.
        opened.give_back()
        raise
