"""The metric of each trial of a sweep in the order of creation, and the best so far (`sweep-progress.js`)."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sitegen.drawings import theme
from sitegen.drawings.drawing import Chart, Drawing, Legend, Table, UndrawableError, filled
from sitegen.drawings.groups import Scene
from sitegen.drawings.subject import Panel, meaning
from sitegen.drawings.trials import Trial, Trials

_IN_FRONT: Final = 70
_LARGEST: Final = 709.0
_LINE: Final = "M-1,0L1,0"
_DOTS: Final = "M-1,0L-.7,0M-.15,0L.15,0M.7,0L1,0"
_CROSS: Final = "M-1,-1L1,1M-1,1L1,-1"
_RING: Final = "M-1,0A1,1 0 1 1 1,0A1,1 0 1 1 -1,0M-.6,0A.6,.6 0 1 0 .6,0A.6,.6 0 1 0 -.6,0"


@dataclass(frozen=True, slots=True)
class _Placed:
    """A trial where it stands along the x axis, and the best of those up to it, None before the first."""

    trial: Trial
    x: float
    best: float | None
    is_better: bool


@dataclass(frozen=True, slots=True)
class _View:
    """What the panel's settings come to, and how trials are coloured."""

    is_time: bool
    is_log: bool
    colour: Callable[[_Placed], str]

    def x(self, placed: _Placed) -> float:
        return placed.x * 1000 if self.is_time else placed.x

    def fits(self, value: float | None) -> bool:
        """Whether the y axis has a place for a value."""
        return value is not None and not (self.is_log and value <= 0)


def progress(scene: Scene, panel: Panel) -> Drawing:
    """The panel. Raises `UndrawableError` where no trial has a value that the axis has a place for."""
    trials = scene.trials
    is_time = panel.set.get("x") == "began"
    is_log = bool(panel.set.get("ylog", trials.wants_log(trials.finite)))
    placed = _placed(trials, is_time=is_time)
    view = _View(is_time, is_log, _colours(scene))
    there = [each for each in placed if view.fits(each.trial.value)]
    if not there:
        room = " that a log axis has a place for" if placed and is_log else ""
        raise UndrawableError(f"none of the trials that are shown has a value for {trials.label}{room}")
    target = [trials.target] if view.fits(trials.target) else []
    values = [value for value in (*(each.trial.value for each in there), *target) if value is not None]
    lost = [each for each in placed if not view.fits(each.trial.value) and each.trial.row.state != "running"]
    data = {
        "points": _points(there, view),
        "best": _best(placed, view),
        "lost": [{"at": each.trial.at, "x": view.x(each), "colour": theme.style("bad")} for each in lost],
        "target": [{"y": value} for value in target],
    }
    chart = Chart(
        f"progress-{'time' if is_time else 'linear'}-{'log' if is_log else 'linear'}",
        {
            "xtitle": "" if is_time else "Trial",
            "ytitle": trials.label,
            "line": theme.style("accent" if scene.groups is None else "ink"),
            **_range(values, trials.label, is_log=is_log),
        },
        data,
        panel.width,
        panel.height,
        _key(there, has_lost=bool(lost), has_target=bool(target)) if scene.groups is None else meaning(scene),
    )
    return Drawing(panel.title, filled(chart), _table(trials, placed))


def _placed(trials: Trials, *, is_time: bool) -> list[_Placed]:
    """The shown trials with their x, those that have none left out, in order."""
    known = [(trial.row.began if is_time else float(trial.row.number), trial) for trial in trials.shown]
    ordered = sorted(((x, trial) for x, trial in known if x is not None), key=lambda each: (each[0], each[1].at))
    found: list[_Placed] = []
    best: float | None = None
    for x, trial in ordered:
        value = trial.value if trial.counts else None
        is_better = value is not None and (best is None or trials.is_better(value, best))
        best = value if is_better else best
        found.append(_Placed(trial, x, best, is_better))
    return found


def _colours(scene: Scene) -> Callable[[_Placed], str]:
    """The colour of a trial's group, else one for those that were better than all before and one for the others."""
    if scene.groups is not None:
        known = scene.run_colours
        return lambda each: theme.none() if each.trial.run is None else known.get(each.trial.run, theme.none())
    better, other = theme.style("accent"), theme.style("ink-soft")
    return lambda each: better if each.is_better else other


def _points(there: Sequence[_Placed], view: _View) -> list[dict[str, Any]]:
    """Those that made it better stand in front of the others."""
    # Many points are small ones.
    size = 8 if len(there) > 2000 else 18 if len(there) > 400 else 36
    return [
        {
            "at": each.trial.at,
            "x": view.x(each),
            "y": each.trial.value,
            "colour": view.colour(each),
            "fill": view.colour(each) if each.trial.counts else "transparent",
            "size": _IN_FRONT if each.is_better else size,
        }
        for each in sorted(there, key=lambda each: each.is_better)
    ]


def _best(placed: Sequence[_Placed], view: _View) -> list[dict[str, float]]:
    """The corners of the line of the best so far, which goes on to the last trial."""
    corners = [each for each in placed if each.is_better]
    if corners and placed[-1].x > corners[-1].x:
        corners.append(placed[-1])
    return [{"x": view.x(each), "y": each.best} for each in corners if each.best is not None and view.fits(each.best)]


def _range(values: Sequence[float], label: str, *, is_log: bool) -> dict[str, float]:
    """The ends of the y axis: around the values and the target, and off the frame."""
    low, high = min(values), max(values)
    if not math.isfinite(high - low):
        raise UndrawableError(f"{label} reaches too far for an axis; its page has the numbers")
    if is_log:
        low, high = math.log(low), math.log(high)
    # One value alone stands in the middle of as much as itself.
    room = (high / 2 - low / 2) * 0.1 or (1.0 if is_log else abs(low) / 4 or 1.0)
    ends = (low - room, high + room)
    return dict(zip(("low", "high"), map(_exp, ends) if is_log else ends, strict=True))


def _exp(logarithm: float) -> float:
    """Of what lies beyond numbers the largest of them."""
    return math.exp(min(logarithm, _LARGEST))


def _key(there: Sequence[_Placed], *, has_lost: bool, has_target: bool) -> Legend:
    accent, soft, bad, ink = (theme.style(name) for name in ("accent", "ink-soft", "bad", "ink"))
    is_open = not all(each.trial.counts for each in there)
    marks = [
        ("Best so far", accent, _LINE),
        ("Better than all before", accent, "circle"),
        ("Other trials", soft, "circle"),
        *([("Under way or broken off", soft, _RING)] if is_open else []),
        *([("Without a value", bad, _CROSS)] if has_lost else []),
        *([("Target", ink, _DOTS)] if has_target else []),
    ]
    return Legend(tuple((label, colour) for label, colour, _ in marks), signs=tuple(sign for *_, sign in marks))


def _table(trials: Trials, placed: Sequence[_Placed]) -> Table:
    rows = (
        (each.trial.row.number, each.trial.row.run, each.trial.row.state, each.trial.value, each.best)
        for each in placed
    )
    return Table(("Trial", "Run", "State", trials.label, "Best so far"), tuple(rows))
