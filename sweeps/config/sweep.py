"""A sweep's configuration: read from YAML, a mapping, or what an earlier one was resolved to."""

import math
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from runstore.errors import UsageError
from runstore.format import yaml12
from runstore.format.names import check_project_name
from runstore.format.sections import Section, Source, shown
from sweeps.config.parts import EarlyTerminate as EarlyTerminate
from sweeps.config.parts import Method, OnCrash, read_command, read_metric, read_rule
from sweeps.config.parts import Metric as Metric
from sweeps.errors import SweepError
from sweeps.space.reading import read
from sweeps.space.space import Space
from sweeps.space.values import as_plain

WANDB_KEYS: Final = (
    "method",
    "metric",
    "parameters",
    "early_terminate",
    "program",
    "command",
    "run_cap",
    "name",
    "description",
    "project",
    "entity",
)
"""W&B's keys."""

WITHOUT_EFFECT: Final = ("kind", "apiVersion", "controller", "settings")
"""Keys of W&B's that are checked and say nothing here: there is one kind of sweep, and every agent is a controller."""

OWN_KEYS: Final = (
    "constraints",
    "engine",
    "heartbeat",
    "max_retries",
    "on_crash",
    "prior_runs",
    "seed",
    "term_timeout",
)
"""Keys that W&B does not have."""

_NOT_HERE: Final = {
    "job": "there are no launch queues; name the script with program: train.py",
    "image_uri": "there are no launch queues; name the script with program: train.py",
    "metrics": "a sweep has one metric; write metric: {name: loss}, and log a weighted sum where you have several",
    "scheduler": "there are no launch queues; engine: optuna-gp or optuna-tpe searches with Optuna",
}
"""Keys of W&B's that need its server, and what there is instead."""

_NUMBER: Final = "$number"
_LARGEST_FILE: Final = 16 * 2**20


@dataclass(frozen=True)
class SweepConfig:
    """A sweep's configuration, checked.

    `seed` is drawn where it was not given. `heartbeat` and `term_timeout` are seconds. `run_cap` None: no limit.
    `command` and `program` are as they were written, macros too; () and "" where they were not. `prior_runs` are ids
    of runs whose results the search starts with. `remarks` are lines to show to who wrote it, and no part of it;
    `source` knows the lines of its keys.
    """

    method: Method
    space: Space
    seed: int
    metric: Metric | None = None
    early_terminate: EarlyTerminate | None = None
    run_cap: int | None = None
    program: str = ""
    command: tuple[str, ...] = ()
    name: str = ""
    description: str = ""
    project: str = ""
    entity: str = ""
    on_crash: OnCrash = "requeue"
    max_retries: int = 1
    heartbeat: float = 30.0
    engine: str = "gp"
    term_timeout: float = 30.0
    prior_runs: tuple[str, ...] = ()
    remarks: tuple[str, ...] = field(default=(), compare=False)
    source: Source = field(default=Source("the sweep configuration", kind=SweepError), compare=False, repr=False)

    @property
    def lease(self) -> float:
        """Seconds without a heartbeat after which an agent counts as dead."""
        return 10 * self.heartbeat

    @property
    def sign(self) -> float:
        """What a value of the metric is multiplied with so that lower is better."""
        return self.metric.sign if self.metric else 1.0

    def to_json(self) -> dict[str, Any]:
        """The configuration in its own words, every default written out, as JSON can hold it."""
        parts: dict[str, Any] = {"method": self.method}
        if self.metric:
            parts["metric"] = self.metric.to_json()
        parts.update(self.space.to_json())
        if self.early_terminate:
            parts["early_terminate"] = self.early_terminate.to_json()
        plain = ("program", "name", "description", "project", "entity", "run_cap")
        parts.update({key: getattr(self, key) for key in plain if getattr(self, key)})
        parts.update(
            {key: list(value) for key, value in (("command", self.command), ("prior_runs", self.prior_runs)) if value}
        )
        own = ["seed", "on_crash", "max_retries", "heartbeat", "term_timeout"]
        own += ["engine"] if self.method == "bayes" else []
        named: dict[str, Any] = _name_numbers({**parts, **{key: getattr(self, key) for key in own}})
        return {key: value for key, value in named.items() if value != []}

    @classmethod
    def from_json(cls, values: Mapping[str, Any], place: str = "the resolved configuration") -> "SweepConfig":
        """What `to_json` made. Raises `SweepError` where it was changed into what is no configuration."""
        return _parse(_number_names(values), Source(place, kind=SweepError), is_resolved=True)


def load_sweep(path: Path | str) -> SweepConfig:
    """The configuration in a YAML file. Raises `SweepError` with the file and the line for the first mistake."""
    place = str(path)
    try:
        with open(path, "rb") as file:
            text = file.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise SweepError(
            f"{place}: cannot be read: {error.strerror}; name a file with a sweep's configuration"
        ) from None
    if len(text) > _LARGEST_FILE:
        raise SweepError(f"{place}: found more than {_LARGEST_FILE >> 20} MiB, expected a sweep's configuration")
    try:
        values = yaml12.load(text)
    except yaml12.YamlError as error:
        line = f", line {error.line}" if error.line else ""
        raise SweepError(f"{place}{line}: found broken YAML: {error}; expected key: value pairs") from None
    return _parse(values, Source(place, yaml12.lines(text), SweepError))


def parse_sweep(values: Mapping[str, Any], place: str = "the sweep configuration") -> SweepConfig:
    """The configuration in a mapping. Raises `SweepError` for the first mistake; `place` is its first word."""
    return _parse(as_plain(values), Source(place, kind=SweepError))


def _parse(values: Any, source: Source, is_resolved: bool = False) -> SweepConfig:
    root = Section(values, source, (), "write method:, metric: and parameters:")
    root.only((*WANDB_KEYS, *OWN_KEYS, *WITHOUT_EFFECT), _NOT_HERE)
    method = _read_method(root)
    _check_without_effect(root)
    metric = read_metric(root.section("metric", "write metric: {name: loss}")) if "metric" in root else None
    if metric is None and method == "bayes":
        root.fail(None, "no 'metric'", "one with method: bayes", "write metric: {name: loss, goal: minimize}")
    rule = None
    if "early_terminate" in root:
        rule = read_rule(root.section("early_terminate", "write early_terminate: {type: hyperband, min_iter: 3}"))
        if metric is None:
            root.fail("early_terminate", "no 'metric'", "one to judge by", "write metric: {name: loss, goal: minimize}")
    parts = read(root, is_resolved)
    space = Space(parts.parameters, parts.constraints)
    _check_method(method, space, root)
    return SweepConfig(
        method,
        space,
        _seed(root),
        metric,
        rule,
        **_read_plain(root),
        remarks=(*parts.remarks, *_remarks(root)),
        source=source,
    )


def _read_method(root: Section) -> Method:
    if root.get("method") == "custom":
        root.fail("method", "'custom'", "grid, random or bayes", "an engine of your own is named by engine: NAME")
    method: Method = root.choice("method", ("grid", "random", "bayes"))  # type: ignore[assignment]
    return method


def _check_without_effect(root: Section) -> None:
    if "kind" in root:
        root.choice("kind", ("sweep",))
    root.text("apiVersion")
    if "controller" in root:
        controller = root.section("controller", "write controller: {type: local}, or take it out")
        controller.only(("type",))
        controller.choice("type", ("local", "cloud"))


def _check_method(method: Method, space: Space, root: Section) -> None:
    for parameter in space.searched if method == "grid" else ():
        if parameter.grid is None:
            path = [key for name in parameter.path for key in ("parameters", name)]
            Section({}, root.source, tuple(path)).fail(
                None,
                f"{parameter.kind} in a grid",
                "values, whole numbers between min and max, or q_uniform",
                "write its values as a list, or choose method: random",
            )
    if method == "bayes" and not space.searched:
        root.fail("parameters", "only constants", "a parameter to search", "write one with values, or min and max")


def _read_plain(root: Section) -> dict[str, Any]:
    return {
        "run_cap": root.integer("run_cap", least=1),
        "program": root.text("program"),
        "command": read_command(root),
        "name": root.text("name"),
        "description": root.text("description"),
        "project": _project(root),
        "entity": root.text("entity"),
        "on_crash": root.choice("on_crash", ("requeue", "skip"), "requeue"),
        "max_retries": root.integer("max_retries", 1),
        "heartbeat": root.number("heartbeat", 30.0, above=0),
        "engine": _engine(root),
        "term_timeout": _not_negative(root, "term_timeout", 30.0),
        "prior_runs": root.texts("prior_runs", "write a list of run ids"),
    }


def _seed(root: Section) -> int:
    seed = root.integer("seed")
    return secrets.randbits(32) if seed is None else seed


def _not_negative(root: Section, key: str, default: float) -> float:
    value = root.number(key, default)
    if value < 0:
        root.fail(key, shown(value), "a number of seconds, 0 or more", "write one, such as 30")
    return value


def _engine(root: Section) -> str:
    engine = root.text("engine", "gp")
    if not engine.strip():
        root.fail("engine", shown(engine), "the name of an engine", "write gp, optuna-gp or optuna-tpe")
    if "engine" in root and root.get("method") != "bayes":
        root.fail(
            "engine", f"engine: {engine} with method: {root.get('method')}", "it with method: bayes", "take it out"
        )
    return engine


def _project(root: Section) -> str:
    project = root.text("project")
    try:
        return check_project_name(project) if project else ""
    except UsageError as error:
        raise root.source.error(("project",), str(error)) from None


def _remarks(root: Section) -> Iterator[str]:
    if "settings" in root:
        yield str(root.source.error(("settings",), "has no effect here; agents take settings from the environment"))


def _name_numbers(value: Any) -> Any:
    """Numbers that JSON has not, as mappings."""
    if isinstance(value, float) and not math.isfinite(value):
        return {_NUMBER: str(value)}
    if isinstance(value, Mapping):
        return {key: _name_numbers(inner) for key, inner in value.items()}
    return [_name_numbers(inner) for inner in value] if isinstance(value, list | tuple) else value


def _number_names(value: Any) -> Any:
    if isinstance(value, Mapping):
        if set(value) == {_NUMBER} and value[_NUMBER] in ("nan", "inf", "-inf"):
            return float(value[_NUMBER])
        return {key: _number_names(inner) for key, inner in value.items()}
    return [_number_names(inner) for inner in value] if isinstance(value, list) else value
