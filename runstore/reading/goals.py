"""Which of a project's metrics matter, and which way each is better: as its runs define it, else as its name says."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from runstore.format.metrics import AGGREGATES, Goal, Metric, find
from runstore.reading.rows import number
from runstore.reading.store import RunRecord

HIGHER: Final = re.compile(r"acc|auc|f1|score|r2|precision|recall|reward|bleu|map\b", re.IGNORECASE)
LOWER: Final = re.compile(r"loss|error|mse|rmse|mae|perplexity", re.IGNORECASE)
HELD_OUT: Final = re.compile(r"val|test|eval", re.IGNORECASE)
NO_RANK: Final = 4


def goal_of(runs: Sequence[RunRecord], key: str) -> Goal | None:
    """Which way a key of the summary is better: as the newest of `runs` that says so defines it, else by its name."""
    for run in sorted(runs, key=lambda run: (run.created or 0.0, run.id), reverse=True):
        found = find(run.metrics, key) or _aggregated(run.metrics, key)
        if found is not None and found.goal is not None:
            return found.goal
    return guessed_goal(key)


def guessed_goal(key: str) -> Goal | None:
    """Which way a metric of this name is better; None where the name does not say."""
    if HIGHER.search(key):
        return "maximize"
    return "minimize" if LOWER.search(key) else None


def finite(value: object) -> float | None:
    """The number that a value of a summary is, None for texts, booleans and what is not finite."""
    found = None if isinstance(value, bool | str) else number(value)
    return found if found is not None and math.isfinite(found) else None


def metrics_that_matter(runs: Sequence[RunRecord]) -> tuple[str, ...]:
    """The keys of the summaries that a project is judged by: those of metrics with a goal, else the one whose name
    matters most, which most runs have."""
    defined = dict.fromkeys(key for run in runs for metric in run.metrics if (key := _goal_key(run, metric)))
    return tuple(defined) or headline_key(runs)


def headline_key(runs: Sequence[RunRecord]) -> tuple[str, ...]:
    """The key of the summaries whose name matters most, alone; () where no name says that it matters."""
    counts = Counter(
        key for run in runs for key, value in run.summary.items() if rank(key) < NO_RANK and finite(value) is not None
    )
    return tuple(sorted(counts, key=lambda key: (rank(key), -counts[key], key))[:1])


@lru_cache(maxsize=10_000)
def rank(key: str) -> int:
    """How much a metric of this name matters: from 0, held-out and better when higher, to `NO_RANK`, not at all."""
    if HIGHER.search(key):
        return 0 if HELD_OUT.search(key) else 2
    if LOWER.search(key):
        return 1 if HELD_OUT.search(key) else 3
    return NO_RANK


def _goal_key(run: RunRecord, metric: Metric) -> str | None:
    """The key of a run's summary that tells how far a metric with a goal got: its best where that is kept."""
    if metric.goal is None or metric.is_glob or metric.hidden:
        return None
    extreme = "min" if metric.goal == "minimize" else "max"
    keys = (f"{metric.name}.best", f"{metric.name}.{extreme}", metric.name)
    return next((key for key in keys if key in run.summary), None)


def _aggregated(metrics: Sequence[Metric], key: str) -> Metric | None:
    """The metric whose entry in the summary holds `key`: `loss` of `loss.min`."""
    name, _, word = key.rpartition(".")
    found = find(metrics, name) if word in AGGREGATES else None
    return found if found is not None and word in found.aggregates else None
