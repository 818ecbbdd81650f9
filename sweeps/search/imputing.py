"""What a trial without a usable value counts with."""

import math
from collections.abc import Iterable, Sequence

from sweeps.config.sweep import SweepConfig
from sweeps.search.view import Told


def finite_values(told: Iterable[Told]) -> list[float]:
    """The values of finished trials that are numbers."""
    return [
        each.value for each in told if each.state == "done" and each.value is not None and math.isfinite(each.value)
    ]


def counted(told: Told, finite: Sequence[float], config: SweepConfig) -> float | None:
    """The value that a trial counts with, lower is better; None where it counts with none.

    A finished trial's is its own. One that failed, or whose value is no number, has what the configuration's `impute`
    says, the worst of `finite` unless it says otherwise; one that runs, what `impute_while_running` says.
    """
    own = told.value if told.value is not None and math.isfinite(told.value) else None
    if told.state == "done" and own is not None:
        return own
    metric = config.metric
    how = "worst" if metric is None else metric.impute
    if told.state == "pending":
        if metric is None or metric.impute_while_running is None:
            return None
        how = metric.impute_while_running
    if how == "latest" and own is not None:
        return own
    if not finite:
        return None
    return min(finite) if how == "best" else max(finite)
