"""`runstore.sweep`, `runstore.agent` and `runstore.controller`: sweeps from Python, called as W&B's are."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from runstore.errors import BadTypeError
from runstore.manage.edit import author
from runstore.recording import terminal
from sweeps.agent.places import Place, find_sweep
from sweeps.agent.starting import Terms, run_agent
from sweeps.config.sweep import SweepConfig
from sweeps.controller import Controller
from sweeps.creating import Wanted, from_file, from_values
from sweeps.progress import is_over

_LOOK_SECONDS: Final = 1.0


def sweep(
    sweep: Mapping[str, Any] | Callable[[], Mapping[str, Any]] | str | Path,
    entity: str | None = None,
    project: str | None = None,
    prior_runs: list[str] | None = None,
) -> str:
    """Creates a sweep; its id, which `runstore.agent` takes.

    `sweep` is the configuration: a dict, a function that returns one, or the path of a YAML file. `prior_runs` are ids
    of runs whose results the search starts with. Raises `runstore.Error` in one line for a mistake in it.
    """
    _check_texts(entity=entity, project=project)
    _check_ids(prior_runs)
    given = sweep() if callable(sweep) else sweep
    wanted = Wanted(project=project or "", entity=entity or "", prior_runs=tuple(prior_runs or ()))
    if isinstance(given, str | Path):
        made = from_file(Path(given), wanted, terminal.warn)
    elif isinstance(given, Mapping):
        made = from_values(given, wanted, terminal.warn)
    else:
        raise BadTypeError(f"sweep is {given!r}, expected a dict, a function that returns one, or a YAML file's path")
    print(f"Create sweep with ID: {made.sweep.id}")  # As W&B prints it.
    terminal.say(f"sweep {made.name} in {made.sweep.path}")
    return made.sweep.id


def agent(
    sweep_id: str,
    function: Callable[[], Any] | None = None,
    entity: str | None = None,
    project: str | None = None,
    count: int | None = None,
    forward_signals: bool = False,
    term_timeout: float | None = None,
    max_consecutive_failed_runs: int | None = None,
) -> None:
    """Runs trials of a sweep, `count` of them or as many as there are.

    With `function` each trial calls it, in this process and thread: its `runstore.init()` gives a run whose `config`
    has the trial's parameters. Without, the sweep's program is started. Ctrl-C lets the trial finish, a second one
    stops it. `entity` changes nothing.

    Raises `runstore.Error` in one line where there is no such sweep, or it cannot be used.
    """
    _check_texts(entity=entity, project=project)
    terms = Terms(count, forward_signals, term_timeout, max_consecutive_failed_runs)
    run_agent(find_sweep(sweep_id, project=project or ""), terms, function)


def controller(
    sweep_id_or_config: str | Mapping[str, Any] | None = None, entity: str | None = None, project: str | None = None
) -> "SweepController":
    """A sweep to look at and steer: of an id, or created from a configuration. No agent needs it.

    Raises `runstore.Error` in one line where there is no such sweep, or a mistake in the configuration.
    """
    _check_texts(entity=entity, project=project)
    if not isinstance(sweep_id_or_config, str | Mapping | None):
        raise BadTypeError(
            f"found the sweep {sweep_id_or_config!r}, expected its id as text, or a configuration as a dict"
        )
    if isinstance(sweep_id_or_config, str):
        return SweepController(find_sweep(sweep_id_or_config, project=project or ""))
    made = SweepController(wanted=Wanted(project=project or "", entity=entity or ""))
    if sweep_id_or_config is not None:
        made.configure(sweep_id_or_config)
        made.create()
    return made


def _check_texts(**given: Any) -> None:
    """Raises `BadTypeError` for what is neither text nor None."""
    for name, value in given.items():
        if value is not None and not isinstance(value, str):
            raise BadTypeError(f"{name} is {value!r}, expected a name as text, or None")


def _check_ids(prior_runs: Any) -> None:
    """Raises `BadTypeError` for what is no list of texts, or None."""
    if isinstance(prior_runs, str):
        raise BadTypeError(f"prior_runs is {prior_runs!r}, expected a list of run ids; write [{prior_runs!r}]")
    if prior_runs is None:
        return
    if not isinstance(prior_runs, list | tuple):
        raise BadTypeError(f"prior_runs is {prior_runs!r}, expected a list of run ids")
    for each in prior_runs:
        if not isinstance(each, str):
            raise BadTypeError(f"prior_runs holds {each!r}, expected ids of runs as text")


class SweepController:
    """What `runstore.controller` returns: configures and creates a sweep, watches it, pauses and ends it."""

    def __init__(self, place: Place | None = None, wanted: Wanted | None = None) -> None:
        self._place = place
        self._wanted = wanted or Wanted()
        self._values: dict[str, Any] = {}
        self._open = Controller.open(place.sweep) if place is not None else None

    @property
    def sweep_id(self) -> str:
        """The sweep's id. Raises `UsageError` before `create`."""
        return self._there()[0].sweep.id

    @property
    def sweep_config(self) -> dict[str, Any]:
        """The configuration: what was configured, once it is created with every default in its place."""
        return dict(self._values) if self._open is None else self._open.config.to_json()

    @property
    def config(self) -> SweepConfig:
        """The configuration as agents read it."""
        return self._there()[1].config

    def configure(self, sweep_config: Mapping[str, Any]) -> None:
        """Takes a configuration, or parts of one, in the YAML file's words."""
        self._new("configure")
        if not isinstance(sweep_config, Mapping):
            raise BadTypeError(f"found the configuration {sweep_config!r}, expected a dict in the YAML file's words")
        self._values |= dict(sweep_config)

    def configure_search(self, search: str) -> None:
        """Sets `method`."""
        self.configure({"method": search})

    def configure_program(self, program: str) -> None:
        """Sets `program`."""
        self.configure({"program": program})

    def configure_command(self, command: list[str]) -> None:
        """Sets `command`."""
        self.configure({"command": command})

    def configure_metric(self, metric: str, goal: str | None = None) -> None:
        """Sets `metric`."""
        self.configure({"metric": {"name": metric, **({"goal": goal} if goal else {})}})

    def configure_stopping(self, stopping: str, **parts: Any) -> None:
        """Sets `early_terminate`."""
        self.configure({"early_terminate": {"type": stopping, **parts}})

    def configure_parameter(self, name: str, **parts: Any) -> None:
        """Sets one of `parameters`: `configure_parameter("lr", min=1e-4, max=0.1)`."""
        known = dict(self._values.get("parameters", {}))
        self.configure({"parameters": {**known, name: parts}})

    def create(self) -> str:
        """Creates the sweep; its id."""
        self._new("create")
        self._place = from_values(self._values, self._wanted, terminal.warn)
        self._open = Controller.open(self._place.sweep)
        terminal.say(f"sweep {self._place.name} in {self._place.sweep.path}")
        return self._place.sweep.id

    def done(self) -> bool:
        """Whether no trial is running and none will come."""
        found = self._looked()
        return is_over(found.config, found.state)

    def step(self) -> None:
        """Looks at the sweep once. Agents decide by themselves: nothing else is to be done."""
        self._looked()

    def run(self, verbose: bool | None = None, print_status: bool = True, **_without_effect: Any) -> None:
        """Waits until the sweep is over, and prints its status as it changes."""
        before = ""
        while not self.done():
            status = self._status()
            if print_status and status != before:
                terminal.say(status)
            before = status
            time.sleep(_LOOK_SECONDS)

    def print_status(self) -> None:
        """Prints the sweep's status in a line."""
        self._looked()
        terminal.say(self._status())

    def pause(self) -> None:
        """No new trial starts until `resume`."""
        self._ask("pause")

    def resume(self) -> None:
        """Takes back `pause` and `stop`."""
        self._ask("resume")

    def stop(self) -> None:
        """No new trial starts; those that run may finish."""
        self._ask("stop")

    def cancel(self) -> None:
        """No new trial starts, and those that run are killed."""
        self._ask("cancel")

    def _ask(self, what: Any) -> None:
        self._looked().ask(what, {}, author())

    def _status(self) -> str:
        place, controller = self._there()
        counts = ", ".join(f"{count} {state}" for state, count in controller.state.counts.items()) or "no trials yet"
        return f"sweep {place.name}: {counts}"

    def _looked(self) -> Controller:
        found = self._there()[1]
        found.look()
        return found

    def _there(self) -> tuple[Place, Controller]:
        if self._place is None or self._open is None:
            raise BadTypeError("the sweep is not created yet; call create() first")
        return self._place, self._open

    def _new(self, call: str) -> None:
        if self._open is not None:
            raise BadTypeError(
                f"{call}: the sweep is created already, and its configuration fixed; `runstore sweep extend` widens it"
            )
