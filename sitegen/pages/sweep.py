"""The page of a sweep: a workspace over its runs, with its trials, what they came to, and how to go on."""

import math
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from runstore.format.sweep_records import Beat
from runstore.reading.rows import number
from runstore.reading.store import RunRecord
from runstore.reading.sweeps.trials import COMPARABLE
from runstore.reading.sweeps.unlogged import why_no_best
from sitegen import urls
from sitegen.data.sweep_config import Parameter, Stopping
from sitegen.data.sweeps import Sweep, TrialRow
from sitegen.pages.context import iso
from sitegen.pages.highlight import Piece, yaml_lines
from sitegen.pages.index import headline, last_activity
from sitegen.pages.project import Scope, WorkspacePage
from sitegen.pages.values import cell, flat, short, show

MAX_PARAMETERS: Final = 24
MAX_BEST: Final = 12
_ORDER: Final = ("running", "queued", "uncounted", "silent", "finished", "stopped", "failed", "crashed", "killed")
_LOG_SPAN: Final = 100
_MOST_NAMED: Final = 100
_ASKED: Final = {"pause": "paused", "stop": "stopped", "cancel": "cancelled"}


@dataclass(frozen=True, slots=True)
class BestTrial:
    """The best trial: its value as text, its run, and the parameters that vary."""

    number: int
    value: str
    name: str
    href: str | None
    params: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class AgentRow:
    """An agent by its last heartbeat. `began` and `last` are ISO 8601; `trial` is what it works at.

    `state` is starting, waiting, training or ended.
    """

    name: str
    host: str
    state: str
    trial: int | None
    href: str | None
    done: int
    failed: int
    began: str
    last: str


@dataclass(frozen=True, slots=True)
class SweepHead:
    """What the top of the page says. `total` is how many trials there will be, None where nothing ends them.

    `state` is one word of a person's, `colour` the state of a run that looks so. `stopping` is early termination in
    words, `how` the command that starts an agent. `why` is the reason that there is no best trial, "" without one.
    """

    id: str
    name: str
    state: str
    colour: str
    method: str
    metric: str
    goal: str
    target: str
    stopping: str
    trials: int
    over: int
    total: int | None
    total_is: str
    states: tuple[tuple[str, int], ...]
    best: BestTrial | None
    why: str
    created: str | None
    last: str | None
    how: str
    agents: tuple[AgentRow, ...]
    config: tuple[tuple[Piece, ...], ...]
    has_records: bool


@dataclass(frozen=True, slots=True)
class SweepPage(WorkspacePage):
    """Context of `sweep.html`; `trials` leads to the file with the sweep's trials."""

    sweep: SweepHead
    trials: str


@dataclass(frozen=True, slots=True)
class Told:
    """A sweep with nothing left to guess: its trials, its metric, the parameters that vary."""

    sweep: Sweep
    trials: tuple[TrialRow, ...]
    metric: str
    maximize: bool
    parameters: tuple[Parameter, ...]

    @property
    def best(self) -> TrialRow | None:
        """The trial with the best value; one that failed or is under way counts for nothing."""
        known = [
            trial
            for trial in self.trials
            if trial.over and trial.state in COMPARABLE and _finite(trial.value) is not None
        ]
        return (max if self.maximize else min)(known, key=lambda trial: trial.value or 0.0, default=None)


def told(sweep: Sweep) -> Told:
    """What is known of a sweep by its records; where it has none, by its runs."""
    config = sweep.config
    metric, maximize = config.metric, config.maximize
    if not metric and sweep.folded.metric:
        metric, maximize = sweep.folded.metric, sweep.folded.maximize
    given = tuple(_widened(each, sweep.folded.ranges.get(each.name, {})) for each in config.parameters)
    if sweep.folded.trials or (sweep.layout is not None and not sweep.runs):
        trials = sweep.folded.trials
        parameters = given or _varying([trial.params for trial in trials])
        return Told(sweep, trials, metric, maximize, parameters[:MAX_PARAMETERS])
    if not metric and (guess := headline(sweep.runs)) is not None:
        metric, maximize = guess.metric, guess.goal == "highest"
    runs = sorted(sweep.runs, key=lambda run: (run.created or 0.0, run.id))
    trials = tuple(_of_run(at, run, metric) for at, run in enumerate(runs))
    parameters = given or _varying([trial.params for trial in trials])
    return Told(sweep, trials, metric, maximize, parameters[:MAX_PARAMETERS])


def _widened(each: Parameter, ends: Mapping[str, Any]) -> Parameter:
    """A parameter with the ends that somebody gave it since."""
    low, high = _finite(ends.get("min")), _finite(ends.get("max"))
    return replace(each, low=each.low if low is None else low, high=each.high if high is None else high)


def _of_run(at: int, run: RunRecord, metric: str) -> TrialRow:
    value = run.summary.get(metric)
    return TrialRow(
        number=at,
        run=run.id,
        attempt=1,
        state=run.state,
        over=run.state != "running",
        value=None if isinstance(value, bool | str) else number(value),
        params=flat(run.config),
        reason="",
        agent="",
        count=run.rows,
        rungs=(),
        began=run.created,
        ended=run.last_sign,
        verdict=None,
        added=False,
        earlier=(),
        info={},
    )


def _varying(points: Sequence[Mapping[str, Any]]) -> tuple[Parameter, ...]:
    """The parameters that have several values among some points, those of most points first."""
    values: dict[str, list[Any]] = {}
    for point in points:
        for key, value in point.items():
            if value is not None:
                values.setdefault(key, []).append(cell(value))
    found = [(-len(own), key, own) for key, own in values.items() if len({repr(value) for value in own}) > 1]
    return tuple(_guessed(key, own) for _, key, own in sorted(found, key=lambda each: each[:2]))


def _guessed(name: str, values: Sequence[Any]) -> Parameter:
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) < len(values):
        return Parameter(
            name, "choice", choices=tuple(sorted({str(show(value)): value for value in values}.values(), key=str))
        )
    whole = all(isinstance(value, int) for value in numbers)
    is_log = min(numbers) > 0 and max(numbers) / min(numbers) >= _LOG_SPAN
    return Parameter(name, "log" if is_log else "linear", min(numbers), max(numbers), whole)


def sweep_page(known: Told, data: str) -> SweepPage:
    """The page; `data` leads to the sweep's trials beside it."""
    sweep = known.sweep
    return SweepPage.over(
        sweep.project,
        urls.sweep_page(sweep.project.name, sweep.slug),
        sweep.name,
        Scope("sweep", sweep.id),
        sweep.runs,
        [*sweep.problems, *(problem for run in sweep.runs for problem in run.problems)],
        description=sweep.config.description,
        sweep=_head(known),
        trials=data,
    )


def _head(known: Told) -> SweepHead:
    sweep, trials = known.sweep, known.trials
    config = sweep.config
    states = Counter(trial.state for trial in trials)
    over = sum(trial.over for trial in trials)
    total, total_is = _total(sweep)
    state, colour = _state(known, over, total)
    moments = [trial.began for trial in trials if trial.began is not None]
    times = [time for time in (sweep.folded.last, last_activity(sweep.runs)) if time is not None]
    return SweepHead(
        id=sweep.id,
        name=sweep.name,
        state=state,
        colour=colour,
        method=config.method,
        metric=known.metric,
        goal="highest" if known.maximize else "lowest",
        target="" if config.target is None else f"{config.target:.6g}",
        stopping=_stopping(config.stopping),
        trials=len(trials),
        over=over,
        total=total,
        total_is=total_is,
        states=tuple((each, states[each]) for each in (*_ORDER, *sorted(states.keys() - {*_ORDER})) if states[each]),
        best=_best(known),
        why=_why_no_best(known),
        created=iso(min(moments, default=None)),
        last=iso(max(times, default=None)),
        how=f"runstore agent {shlex.quote(f'{sweep.project.name}/{sweep.id}')}",
        agents=tuple(_agent(beat, sweep) for beat in sweep.beats),
        config=yaml_lines(config.text),
        has_records=sweep.layout is not None,
    )


def _total(sweep: Sweep) -> tuple[int | None, str]:
    """How many trials there will be, and what says so."""
    cap, size = sweep.folded.run_cap or sweep.config.run_cap, sweep.config.size
    if cap is not None and (size is None or cap <= size):
        return cap, "run_cap"
    return size, "" if size is None else "the grid"


def _state(known: Told, over: int, total: int | None) -> tuple[str, str]:
    """A word for how the sweep stands, and the state of runs whose colour it has."""
    asked = known.sweep.folded.asked
    running = any(trial.state == "running" for trial in known.trials)
    if asked == "cancel":
        return "cancelled", "failed"
    if asked == "stop" and not running:
        return "stopped", "killed"
    if (total is not None and over >= total) or _target_reached(known):
        return "finished", "finished"
    if asked:
        return ("stopping" if asked == "stop" else "paused"), "killed"
    if running:
        return "running", "running"
    if not known.trials:
        return "no trial yet", "waiting"
    return ("idle" if known.sweep.layout is not None else "ended"), "waiting"


def _target_reached(known: Told) -> bool:
    best, target = known.best, known.sweep.config.target
    if best is None or best.value is None or target is None:
        return False
    return best.value >= target if known.maximize else best.value <= target


def _stopping(rule: Stopping | None) -> str:
    if rule is None:
        return ""
    shown = ", ".join(map(str, rule.bands[:4]))
    return f"{rule.rule} at {shown}{', …' if len(rule.bands) > 4 else ''}" if shown else rule.rule


def _best(known: Told) -> BestTrial | None:
    best = known.best
    if best is None:
        return None
    run = next((run for run in known.sweep.runs if run.id == best.run), None)
    params = [(each.name, best.params.get(each.name)) for each in known.parameters]
    return BestTrial(
        best.number,
        f"{best.value:.6g}",
        run.name if run is not None else best.run,
        None if run is None else urls.href(f"../../runs/{run.id}/index.html"),
        tuple((name, short(str(show(_rounded(value))), 200)) for name, value in params if value is not None)[:MAX_BEST],
    )


def _why_no_best(known: Told) -> str:
    """Why no trial is the best, in a line; "" where one is, or none ended."""
    if known.best is not None or not known.metric:
        return ""
    over = [trial for trial in known.trials if trial.over]
    without = {trial.run for trial in over if trial.value is None}
    runs = [run for run in known.sweep.runs if run.id in without][:_MOST_NAMED]
    names = [short(key, 100) for run in runs for key, value in run.summary.items() if number(value) is not None]
    as_text = any(number(run.summary.get(known.metric)) is None and known.metric in run.summary for run in runs)
    return why_no_best(short(known.metric, 200), [(each.state, each.value) for each in over], names, as_text=as_text)


def _rounded(value: Any) -> Any:
    return float(f"{value:.5g}") if isinstance(value, float) and math.isfinite(value) else cell(value)


def _agent(beat: Beat, sweep: Sweep) -> AgentRow:
    there = beat.trial is not None and any(run.id == beat.run for run in sweep.runs)
    return AgentRow(
        short(str(beat.agent), 200),
        short(str(beat.process.host), 200),
        "ended" if beat.state == "bye" else str(beat.state),
        beat.trial,
        urls.href(f"../../runs/{beat.run}/index.html") if there else None,
        beat.done,
        beat.failed,
        str(beat.began),
        str(beat.time),
    )


def sweep_payload(known: Told) -> dict[str, Any]:
    """The trials as the page's panels take them, in columns."""
    trials = known.trials
    config = known.sweep.config
    return {
        "id": known.sweep.id,
        "method": config.method,
        "metric": known.metric,
        "maximize": known.maximize,
        "target": config.target,
        "parameters": [_parameter(each, trials) for each in known.parameters],
        "trials": _columns(trials),
        "params": [[short(cell(trial.params.get(each.name))) for trial in trials] for each in known.parameters],
        "earlier": [
            [at, each.number, short(each.agent, 200), each.began, each.state, short(each.reason), each.ended]
            for at, trial in enumerate(trials)
            for each in trial.earlier
        ],
        "expected": [_expected(trial.info) for trial in trials],
        "by": [_chosen_by(trial) for trial in trials],
        "imputes": config.impute == "worst",
        "verdicts": [
            [at, trial.verdict.rule, trial.verdict.band, _finite(trial.verdict.value), _finite(trial.verdict.threshold)]
            for at, trial in enumerate(trials)
            if trial.verdict is not None
        ],
        "bands": _bands(known),
        "model": _model(known),
    }


def _columns(trials: Sequence[TrialRow]) -> dict[str, list[Any]]:
    """What is known of every trial, a list a column."""
    return {
        "n": [trial.number for trial in trials],
        "run": [trial.run for trial in trials],
        "attempt": [trial.attempt for trial in trials],
        "state": [trial.state for trial in trials],
        "over": [trial.over for trial in trials],
        "value": [_finite(trial.value) for trial in trials],
        "odd": [cell(trial.value) if _finite(trial.value) is None else None for trial in trials],
        "count": [trial.count for trial in trials],
        "began": [trial.began for trial in trials],
        "ended": [trial.ended for trial in trials],
        "reason": [short(trial.reason) for trial in trials],
        "agent": [short(trial.agent, 200) for trial in trials],
        "added": [trial.added for trial in trials],
    }


def _parameter(each: Parameter, trials: Sequence[TrialRow]) -> dict[str, Any]:
    """A parameter with both ends: where the configuration names none, or is out of date, those of the trials."""
    numbers = [
        float(value)
        for trial in trials
        if isinstance(value := trial.params.get(each.name), int | float) and _finite(value) is not None
    ]
    low = min([*numbers, *(() if each.low is None else (each.low,))], default=0.0)
    high = max([*numbers, *(() if each.high is None else (each.high,))], default=1.0)
    return {
        "name": each.name,
        "column": f"config.{each.name}",
        "scale": each.scale if each.scale != "log" or low > 0 else "linear",
        "low": low,
        "high": high,
        "integer": each.integer,
        "choices": [short(cell(choice)) for choice in each.choices],
    }


def _bands(known: Told) -> dict[str, Any] | None:
    """Where trials are judged, and what they must reach there by now; None where more than the values at the band
    decides that."""
    rule = known.sweep.config.stopping
    if rule is None:
        return None
    most = max((trial.count for trial in known.trials), default=0)
    bands = [band for at, band in enumerate(rule.bands) if at == 0 or band <= most]
    thresholds: list[float | None] = []
    for at in range(len(bands)):
        standing = sorted(trial.rungs[at] for trial in known.trials if len(trial.rungs) > at)
        finite = [value for value in standing if math.isfinite(value)]
        threshold = _threshold(rule, finite)
        thresholds.append(-threshold if threshold is not None and known.maximize else threshold)
    return {"rule": rule.rule, "bands": bands, "thresholds": thresholds}


def _threshold(rule: Stopping, standing: Sequence[float]) -> float | None:
    """The worst value that passes a band at which trials have these, best first; lower is better."""
    if not standing or rule.rule not in ("hyperband", "asha"):
        return None
    place = int(1.0 / rule.eta * len(standing))
    return standing[place] if rule.rule == "hyperband" else standing[max(1, place) - 1]


def _model(known: Told) -> dict[str, Any] | None:
    """The surrogate as the engine last told of it: a length scale for each parameter; None where it told of none."""
    for trial in reversed(known.trials):
        model = trial.info.get("model")
        if not isinstance(model, Mapping) or not isinstance(told := model.get("scales"), Mapping):
            continue
        lengths = [_positive(told.get(each.name)) for each in known.parameters]
        if any(length is not None for length in lengths):
            variances = {name: _positive(model.get(name)) for name in ("amplitude", "noise", "trend")}
            shared = {"trial": trial.number, **variances}
            return {**shared, "lengths": lengths, "warp": _warp(model.get("warp"))}
    return None


def _warp(told: Any) -> dict[str, float] | None:
    """The transform of values that the model was fitted to; None where it is not told whole."""
    if not isinstance(told, Mapping):
        return None
    found = {name: _finite(told.get(name)) for name in ("center", "spread", "power", "mean", "deviation")}
    whole = {name: value for name, value in found.items() if value is not None}
    return whole if len(whole) == len(found) and whole["spread"] > 0 and whole["deviation"] > 0 else None


def _expected(info: Mapping[str, Any]) -> tuple[float, float] | None:
    """What the engine expected of its choice: mean and standard deviation, in the metric's unit."""
    mean, std = _finite(info.get("mean")), _finite(info.get("std"))
    return None if mean is None or std is None else (mean, std)


def _chosen_by(trial: TrialRow) -> str | None:
    """What chose a trial's parameters: `start`, `model` or `chance` of a bayes search, or a person."""
    by = trial.info.get("by")
    return "a person" if trial.added else short(by, 40) if isinstance(by, str) else None


def _positive(value: Any) -> float | None:
    found = _finite(value)
    return found if found is not None and found > 0 else None


def _finite(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None
