"""The run that the module's own functions (`runstore.log`, `runstore.config`, …) mean. The one room that holds it.

A plain variable, not a ContextVar: threads that a training script starts have to see the run too.
"""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from runstore.artifacts import host
from runstore.errors import BadValueError, RunstoreError
from runstore.settings import remember

if TYPE_CHECKING:
    from runstore.recording.run import Run

_run: "Run | None" = None


def get() -> "Run | None":
    """The current run, None before `init` and after `finish`."""
    return _run


def put(run: "Run | None") -> None:
    global _run
    _take_back_names(_run)
    _run = run
    remember(None if run is None else run.settings)
    if run is not None and run.settings.mode != "disabled":
        said = run.settings.origin("dir") in ("argument", "settings=")
        host.began(run.settings.store_root() if said else None)


def _take_back_names(ending: "Run | None") -> None:
    """Has `runstore.config` and the like mean what they should again, where a script put something in their place."""
    package = sys.modules["runstore"].__dict__
    for name, own in (("run", package), ("config", config), ("summary", summary)):  # The package itself has no `run`.
        if name in package and (found := package[name]) is not own:
            del package[name]
            if ending is not None and isinstance(found, Mapping):
                ending._recorder.warn_once(
                    f"assigned {name}",
                    f"runstore.{name} = … is not recorded: it takes the {name}'s place; "
                    f"call runstore.{name}.update(…), or pass config= to init",
                )


def forget(run: "Run") -> None:
    """Leaves no current run, if `run` was it."""
    if _run is run:
        put(None)


def _host() -> host.Host | None:
    """The current run as drafts of artifacts know it."""
    if _run is None:
        return None
    from runstore.recording.lineage import Lineage  # Not at the top: most runs have no artifacts.

    return _run._recorder.part(Lineage).host


host.ask(_host)


def log(data: Mapping[str, Any], step: int | None = None, commit: bool | None = None) -> None:
    """Logs to the current run; see `Run.log`. Raises `runstore.Error` when there is none."""
    if _run is None:
        raise RunstoreError("call runstore.init() before runstore.log()")
    _run.log(data, step, commit)


def _of_run(name: str) -> Any:
    """The module's function that does what the current run's method `name` does."""

    def function(*args: Any, **named: Any) -> Any:
        if _run is None:
            raise RunstoreError(f"call runstore.init() before runstore.{name}()")
        return getattr(_run, name)(*args, **named)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"`Run.{name}` of the current run. Raises `runstore.Error` when there is none."
    return function


alert = _of_run("alert")
define_metric = _of_run("define_metric")
link_artifact = _of_run("link_artifact")
link_model = _of_run("link_model")
log_artifact = _of_run("log_artifact")
log_code = _of_run("log_code")
log_model = _of_run("log_model")
mark_preempting = _of_run("mark_preempting")
pin_config_keys = _of_run("pin_config_keys")
save = _of_run("save")
unwatch = _of_run("unwatch")
use_artifact = _of_run("use_artifact")
use_model = _of_run("use_model")
watch = _of_run("watch")


def restore(name: str, run_path: str | None = None, replace: bool = False, root: str | None = None) -> Any:
    """`Run.restore` of the current run; without one a file of the run at `run_path`, to the working directory."""
    if _run is not None:
        return _run.restore(name, run_path, replace, root)
    if run_path is None:
        raise BadValueError("call runstore.init() before runstore.restore(), or pass run_path='project/id'")
    from runstore.api.client import Api  # Not at the top: it brings what reads a store.

    return Api().run(run_path).file(name).download(root or ".", replace=replace, exist_ok=True)


def finish(exit_code: int | None = None, quiet: bool | None = None) -> None:
    """Finishes the current run; nothing happens when there is none. See `Run.finish`."""
    if _run is not None:
        _run.finish(exit_code, quiet)


def login(*_ignored: Any, **_also_ignored: Any) -> bool:
    """True: there is nothing to log in to. For scripts that were written for W&B."""
    return True


class OfCurrentRun:
    """The config or summary of whichever run is current. Using it before `init` raises `runstore.Error`."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        object.__setattr__(self, "_name", name)

    def _target(self, use: str) -> Any:
        if _run is None:
            raise RunstoreError(f"call runstore.init() before runstore.{self._name}{use}")
        return getattr(_run, self._name)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._target(f".{name}"), name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._target(f".{name}"), name, value)

    def __getitem__(self, key: str) -> Any:
        return self._target(f"[{key!r}]")[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._target(f"[{key!r}]")[key] = value

    def __delitem__(self, key: str) -> None:
        del self._target(f"[{key!r}]")[key]

    def __contains__(self, key: object) -> bool:
        return key in self._target("")

    def __iter__(self) -> Any:
        return iter(self._target(""))

    def __len__(self) -> int:
        return len(self._target(""))

    def __eq__(self, other: object) -> bool:
        return NotImplemented if _run is None else bool(self._target("") == other)

    __hash__ = None  # type: ignore[assignment]  # As a dict.

    def __reduce__(self) -> Any:
        return dict, (self._target("").as_dict(),)

    def __repr__(self) -> str:
        return f"<runstore.{self._name}: call runstore.init() first>" if _run is None else repr(self._target(""))


config = OfCurrentRun("config")
summary = OfCurrentRun("summary")
