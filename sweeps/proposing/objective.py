"""Which metric a sweep over some runs is after: the one that their definitions name, else the likeliest by its name."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from runstore.format.metrics import AGGREGATES, find
from runstore.reading.store import RunRecord
from sweeps.errors import SweepError

Goal = Literal["minimize", "maximize"]

_HELD_OUT: Final = ("val", "valid", "validation", "dev", "eval", "test", "heldout", "cv")
_RISING: Final = {
    *("acc", "accuracy", "auc", "auroc", "f1", "precision", "recall", "score", "reward", "return", "r2", "map"),
    *("iou", "miou", "dice", "bleu", "rouge", "psnr", "ssim", "success", "top1", "top5", "correct", "hits", "ndcg"),
}
_FALLING: Final = {
    *("loss", "error", "err", "mse", "rmse", "mae", "nll", "perplexity", "ppl", "bpb", "bpc", "wer", "cer", "fid"),
    *("regret", "cost", "objective", "energy", "divergence", "kl"),
}


@dataclass(frozen=True, slots=True)
class Objective:
    """The metric of a sweep: its name, its goal, and the reason for the choice."""

    name: str
    goal: Goal
    why: str


def objective(runs: Sequence[RunRecord], name: str | None = None, goal: Goal | None = None) -> Objective | None:
    """The metric `name`, or the likeliest of those that the runs logged; None where there is none.

    Raises `SweepError` for a name that no run logged.
    """
    logged = _logged(runs)
    if name is not None:
        if name not in logged:
            raise SweepError(f"the metric: no run logged {name!r}; there is {_listed(logged) or 'none'}")
        return Objective(name, goal or _goal(runs, name)[0], f"logged by {logged[name]} of {len(runs)} runs")
    if not logged:
        return None
    best = max(logged, key=lambda key: (_merit(runs, key), logged[key]))
    guessed, reason = _goal(runs, best)
    others = [key for key in logged if key != best]
    instead = f"; others: {_listed(others)}" if others else ""
    return Objective(best, goal or guessed, f"logged by {logged[best]} of {len(runs)} runs, {reason}{instead}")


def logs(run: RunRecord, name: str) -> bool:
    """Whether the metric is a number in a run's summary."""
    return name in _metrics(run)


def _logged(runs: Sequence[RunRecord]) -> dict[str, int]:
    """The metrics that are numbers in the runs' summaries, and in how many of them."""
    found: dict[str, int] = {}
    for run in runs:
        for name in _metrics(run):
            found[name] = found.get(name, 0) + 1
    return found


def _metrics(run: RunRecord) -> list[str]:
    names = dict.fromkeys(_plain_name(run, key) for key, value in run.summary.items() if _is_number(value))
    return [name for name in names if not name.startswith("_")]


def _plain_name(run: RunRecord, key: str) -> str:
    """The metric that an entry of the summary belongs to: `loss` for `loss.min` where such was asked for."""
    name, _, word = key.rpartition(".")
    metric = find(run.metrics, name) if word in AGGREGATES else None
    return name if metric is not None and metric.aggregates else key


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value)


def _words(name: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return [word for word in re.split(r"[^a-z0-9]+", spaced.lower()) if word]


def _merit(runs: Sequence[RunRecord], name: str) -> int:
    """How likely a metric is the one to search for: said so by a goal, held-out data, a known measure."""
    words = set(_words(name))
    said = any((metric := find(run.metrics, name)) is not None and metric.goal for run in runs)
    known = 2 * bool(words & _FALLING) + (1 if words & _RISING else 0)
    held_out = any(word.startswith(_HELD_OUT) for word in words)
    return 16 * said + 8 * (held_out and bool(known)) + 2 * known + (1 if held_out else 0)


def _goal(runs: Sequence[RunRecord], name: str) -> tuple[Goal, str]:
    for run in runs:
        metric = find(run.metrics, name)
        if metric is not None and metric.goal:
            return metric.goal, "its goal is what the runs defined"
    words = set(_words(name))
    if words & _RISING and not words & _FALLING:
        return "maximize", "the goal is guessed by its name"
    return "minimize", "the goal is guessed by its name" if words & _FALLING else "the goal is a guess"


def _listed(names: Sequence[str] | dict[str, int], most: int = 6) -> str:
    shown = [repr(name) for name in list(names)[:most]]
    return ", ".join([*shown, f"and {len(names) - most} more"] if len(names) > most else shown)
