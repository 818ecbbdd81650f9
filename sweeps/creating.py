"""A new sweep: its directory, its configuration as given and as agents read it, and what earlier runs tell it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from runstore.errors import UsageError
from runstore.format import yaml12
from runstore.format.layout import DEFAULT_PROJECT, StoreLayout, make_below
from runstore.format.names import MAX_RUN_ID, check_name
from runstore.format.records import create_store
from runstore.manage.edit import author
from runstore.recording.naming import generate_id
from runstore.settings import gather
from sweeps.agent.places import Place, place
from sweeps.config.sweep import SweepConfig, load_sweep, parse_sweep
from sweeps.controller import Controller
from sweeps.errors import SweepError
from sweeps.search.registry import check_engine
from sweeps.space.checks import SpaceError
from sweeps.space.feasible import check_feasible
from sweeps.stopping.rule import make_rule

_TRIES: Final = 10


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for beside the configuration; "" leaves what that says. `store` is the store's directory."""

    project: str = ""
    entity: str = ""
    name: str = ""
    program: str = ""
    prior_runs: tuple[str, ...] = ()
    store: Path | None = None
    id: str = ""


def from_file(path: Path, wanted: Wanted, warn: Callable[[str], None]) -> Place:
    """Creates the sweep of a YAML file. Raises `SweepError`, `UsageError` and `StoreError` in one line."""
    config = load_sweep(path)
    made = _create(config, path.read_bytes(), wanted, warn)
    program = wanted.program or config.program
    if program and not Path(program).is_file():
        warn(f"{program}: no such file in {Path.cwd()}; agents look for it in the directory that they are started in")
    return made


def from_values(values: Mapping[str, Any], wanted: Wanted, warn: Callable[[str], None]) -> Place:
    """Creates the sweep of a mapping. Raises as `from_file` does."""
    config = parse_sweep(values)
    try:
        text = yaml12.dump(_plain(values))
    except TypeError as error:
        raise SweepError(f"the sweep configuration holds what YAML cannot: {error}") from None
    return _create(config, text.encode(), wanted, warn)


def _create(config: SweepConfig, text: bytes, wanted: Wanted, warn: Callable[[str], None]) -> Place:
    for remark in config.remarks:
        warn(remark)
    _check(config)
    settings = gather({"dir": None if wanted.store is None else str(wanted.store)})[0]
    layout = StoreLayout(settings.store_root())
    project = wanted.project or config.project or settings.project or DEFAULT_PROJECT
    given = {key: getattr(wanted, key) for key in ("name", "program", "entity") if getattr(wanted, key)}
    own = len(config.prior_runs)
    config = replace(config, project=project, prior_runs=(*config.prior_runs, *wanted.prior_runs), **given)
    prior = _prior(layout, project, config, own, warn)
    made = _new_place(layout, project, wanted.id)
    create_store(layout, config.entity)
    try:
        make_below(layout.root, made.project.sweeps_dir)
        controller = Controller.create(made.sweep, config, text.decode())
    except OSError as error:
        reason = error.strerror or str(error)
        raise SweepError(f"{error.filename or made.sweep.path}: cannot create a sweep here ({reason})") from None
    if prior:
        controller.ask("prior", {"runs": prior}, author())
    return made


def _check(config: SweepConfig) -> None:
    """Finds now what would come to nothing, not by the first agent. Raises `SweepError` with the place."""
    checks: dict[str, Callable[[], object]] = {
        "early_terminate": lambda: make_rule(config),
        "engine": lambda: check_engine(config),
        "constraints": lambda: check_feasible(config.space, config.seed, is_grid=config.method == "grid"),
    }
    for key, run in checks.items():
        try:
            run()
        except SweepError as error:
            number = error.constraint if isinstance(error, SpaceError) else None
            path = (key,) if number is None else (key, number)
            raise config.source.error(path, str(error).removeprefix(f"{key}: ")) from None


def _prior(
    layout: StoreLayout, project: str, config: SweepConfig, own: int, warn: Callable[[str], None]
) -> list[dict[str, Any]]:
    """What the prior runs say, of which the first `own` stand in the configuration; the store is read only where there
    are some."""
    if not config.prior_runs:
        return []
    from runstore.reading.store import read_store  # Not at the top: most sweeps have none, and it takes its time.
    from sweeps.proposing.prior import PriorError, metric_of, read_prior

    try:
        metric_of(config)
        if not layout.root.is_dir():
            name = config.prior_runs[0]
            raise PriorError(name, f"found no run {name!r}, as there is no store in {layout.root} yet; take it out")
        prior = read_prior(read_store(layout.root), project, config)
    except PriorError as error:
        number = config.prior_runs.index(error.name)
        if number >= own:
            raise
        raise config.source.error(("prior_runs", number), str(error).removeprefix("prior_runs: ")) from None
    for line in prior.left_out:
        warn(f"prior run {line}")
    return [dict(run) for run in prior.runs]


def _new_place(layout: StoreLayout, project: str, sweep_id: str) -> Place:
    """Where the sweep will lie: under the id that was asked for, which must be free, or under one by chance."""
    if sweep_id:
        made = place(layout, project, check_name("the sweep id", sweep_id, MAX_RUN_ID))
        if made.sweep.path.exists():
            raise UsageError(f"{made.sweep.path}: there is a sweep {sweep_id!r}; choose another id, or leave it out")
        return made
    for _ in range(_TRIES):
        made = place(layout, project, generate_id())
        if not made.sweep.path.exists():
            return made
    raise SweepError(f"{layout.root}: found no free id for a sweep in {_TRIES} attempts; name one")


def _plain(value: Any) -> Any:
    """Mappings and sequences of any kind as dicts and lists, numbers of numpy as Python's."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Sequence | set | frozenset | range):
        return [_plain(inner) for inner in value]
    if hasattr(value, "tolist"):
        return value.tolist()
    return value
