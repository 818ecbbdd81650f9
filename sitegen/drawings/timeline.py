"""A bar for each trial of a sweep from its start to its end, with the verdicts of early stopping
(`sweep-timeline.js`)."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from sitegen.drawings import theme
from sitegen.drawings.drawing import Chart, Drawing, Legend, Table, UndrawableError, filled
from sitegen.drawings.groups import Scene
from sitegen.drawings.subject import Panel, meaning
from sitegen.drawings.trials import Trial, Trials
from sitegen.drawings.wording import number

Axis = Literal["count", "time"]

_MOST: Final = 2000
_LEAST_ROW: Final = 4
_ROOM: Final = 60
# Of more trials the rows are narrower: a picture stands on a page.
_HIGHEST: Final = 900
_HALF: Final = 0.42
_COLOURS: Final = {
    "running": "accent",
    "finished": "good",
    "stopped": "warn",
    "killed": "warn",
    "failed": "bad",
    "crashed": "odd",
    "silent": "odd",
    "given up": "odd",
}


@dataclass(frozen=True, slots=True)
class _Bar:
    """An attempt at a trial: from where to where along the axis, and what became of it."""

    trial: Trial
    attempt: int
    state: str
    start: float
    end: float


def timeline(scene: Scene, panel: Panel) -> Drawing:
    """The panel. Raises `UndrawableError` where no record tells when a trial began, or what it logged."""
    trials = scene.trials
    some = trials.shown[-_MOST:]
    if not some:
        raise UndrawableError("none of the trials belongs to a run that is shown")
    axis = _axis(trials, panel)
    bars = list(_counted(some) if axis == "count" else _timed(trials, some))
    if not bars:
        raise UndrawableError("no record tells when these trials began, or what they logged")
    stops = [bar for bar in bars if _is_verdict(bar)]
    bands = trials.payload["bands"] if axis == "count" else None
    signals = {
        "xtitle": f"Logged values of {trials.label}" if axis == "count" else "",
        "ytitle": "Trial",
        "low": some[0].row.number - 0.5,
        "high": some[-1].row.number + 0.5,
    }
    data = {
        "bars": [_row(scene, bar) for bar in bars],
        "stops": [{"at": bar.trial.at, "x": bar.end, "y": bar.trial.row.number} for bar in stops],
        "bands": [{"x": band} for band in bands["bands"]] if bands else [],
    }
    legend = _key(bars, has_stops=bool(stops)) if scene.groups is None else meaning(scene)
    told = _told(trials, bands)
    chart = Chart(
        f"timeline-{'time' if axis == 'time' else 'linear'}",
        signals,
        data,
        panel.width,
        _height(panel, some),
        legend and Legend(legend.items, told, legend.signs),
    )
    return Drawing(panel.title, filled(chart), _table(trials))


def _axis(trials: Trials, panel: Panel) -> Axis:
    """What the panel asks for, unless nothing was counted, or no time is known."""
    is_counted = any(trial.row.count > 0 for trial in trials.all)
    is_timed = any(trial.row.began is not None for trial in trials.all)
    wanted = panel.set.get("x") or ("count" if trials.payload["bands"] else "time")
    if wanted == "count":
        return "count" if is_counted or not is_timed else "time"
    return "time" if is_timed or not is_counted else "count"


def _counted(some: Sequence[Trial]) -> Iterator[_Bar]:
    for trial in some:
        yield _Bar(trial, trial.row.attempt, trial.row.state, 0.0, float(trial.row.count))


def _timed(trials: Trials, some: Sequence[Trial]) -> Iterator[_Bar]:
    """In ms; of a trial that was tried again a bar for each attempt. The wait between two is nobody's time."""
    last = max(
        (time for each in trials.all for time in (each.row.began, each.row.ended) if time is not None), default=0
    )
    for trial in some:
        row = trial.row
        if row.began is None:
            continue
        for each in row.earlier:
            if each.began is not None:
                ended = each.began if each.ended is None else each.ended
                yield _timed_bar(trial, each.number, each.state, each.began, ended)
        state = "given up" if row.state == "queued" else row.state
        yield _timed_bar(trial, row.attempt, state, row.began, last if row.ended is None else row.ended)


def _timed_bar(trial: Trial, attempt: int, state: str, began: float, ended: float) -> _Bar:
    return _Bar(trial, attempt, state, began * 1000, max(began, ended) * 1000)


def _is_verdict(bar: _Bar) -> bool:
    """Whether early stopping ended the attempt."""
    row = bar.trial.row
    return row.verdict is not None and row.state != "finished" and bar.attempt == row.attempt


def _row(scene: Scene, bar: _Bar) -> dict[str, Any]:
    middle = bar.trial.row.number
    ends = {"from": bar.start, "to": bar.end, "y0": middle - _HALF, "y1": middle + _HALF}
    return {"at": bar.trial.at, **ends, "colour": _paint(scene, bar)}


def _paint(scene: Scene, bar: _Bar) -> str:
    """The colour of the trial's group, else of how the attempt ended."""
    known = scene.run_colours if scene.groups is not None and bar.trial.run is not None else {}
    return known.get(bar.trial.run or 0) or _colour(bar.state)


def _colour(state: str) -> str:
    return theme.style(_COLOURS.get(state, "ink-soft"))


def _height(panel: Panel, some: Sequence[Trial]) -> int:
    rows = some[-1].row.number - some[0].row.number + 1
    return max(panel.height, min(_HIGHEST, rows * _LEAST_ROW + _ROOM))


def _key(bars: Sequence[_Bar], *, has_stops: bool) -> Legend:
    states = list(dict.fromkeys(bar.state for bar in bars))
    items = tuple((state, _colour(state)) for state in states)
    if not has_stops:
        return Legend(items, signs=("square",) * len(items))
    return Legend((*items, ("verdict", theme.style("ink"))), signs=(*("square",) * len(items), "diamond"))


def _told(trials: Trials, bands: dict[str, Any] | None) -> str:
    """The bands, and what a trial must have reached there by now."""
    sign = "≥" if trials.maximize else "≤"
    known = zip(bands["bands"], bands["thresholds"], strict=True) if bands else ()
    return " · ".join(
        f"Band {band}" if threshold is None else f"Band {band}: {sign} {number(threshold, 4)}"
        for band, threshold in known
    )


def _table(trials: Trials) -> Table:
    heads = ("Trial", "State", "Logged values", "Began (epoch s)", "Ended (epoch s)")
    rows = (
        (row.number, row.state, row.count, row.began, row.ended, *_verdict(trial))
        for trial in trials.shown
        for row in (trial.row,)
    )
    return Table((*heads, "Stopped by", "Band", "Value there", "Threshold"), tuple(rows))


def _verdict(trial: Trial) -> tuple[str | None, int | None, float | None, float | None]:
    found = trial.row.verdict
    if found is None:
        return None, None, None, None
    return found.rule, found.band, _finite(found.value), _finite(found.threshold)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
