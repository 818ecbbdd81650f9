"""What a regression gate says of runs that repeat one another: a metric before and now, and a verdict."""

from dataclasses import dataclass, field
from typing import Any, Literal

from runstore.format.metrics import Goal
from runstore.format.values import plain
from runstore.manage.samples import Sample
from runstore.reading.store import RunRecord

Verdict = Literal["regression", "improvement", "no difference", "new", "unknown"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One metric of runs that repeat one another, before and now.

    `key` names the repeated runs for good, `group` is for people. `before` and `after` are the finite values; `lost`
    counts new runs whose value is not finite. `p` is corrected for the number of comparisons; `low` and `high` bound
    the difference of the means. `noise` says where the noise was taken from: these runs themselves, or the project's
    others. `reason` says why a verdict is none, or what else it rests on.
    """

    project: str
    key: str
    group: str
    metric: str
    goal: Goal
    before: Sample | None
    after: Sample | None
    lost: int
    runs: tuple[RunRecord, ...] = field(repr=False)
    verdict: Verdict = "unknown"
    reason: str = ""
    p: float | None = None
    low: float | None = None
    high: float | None = None
    noise: Literal["", "own", "pooled"] = ""

    @property
    def difference(self) -> float | None:
        if self.before is None or self.after is None:
            return None
        return self.after.mean - self.before.mean

    @property
    def share(self) -> float | None:
        """The difference as a share of the baseline's mean; None where that is 0."""
        if self.difference is None or self.before is None or not self.before.mean:
            return None
        return self.difference / abs(self.before.mean)

    def as_dict(self) -> dict[str, Any]:
        """The comparison as plain values."""
        found: dict[str, Any] = plain(
            {
                "project": self.project,
                "group": self.group,
                "metric": self.metric,
                "goal": self.goal,
                "verdict": self.verdict,
                "reason": self.reason,
                "before": _described(self.before),
                "after": _described(self.after),
                "not_finite": self.lost,
                "difference": self.difference,
                "share": self.share,
                "p": self.p,
                "interval": None if self.low is None else [self.low, self.high],
                "noise": self.noise,
                "runs": [run.id for run in self.runs],
            }
        )
        return found


@dataclass(frozen=True, slots=True)
class Gate:
    """What a gate found. `fresh` counts the runs that came, or changed, since the baseline."""

    comparisons: tuple[Comparison, ...]
    fresh: int

    def of(self, *verdicts: Verdict) -> list[Comparison]:
        """The comparisons with one of these verdicts."""
        return [each for each in self.comparisons if each.verdict in verdicts]

    @property
    def tested(self) -> int:
        """How many comparisons have a verdict."""
        return len(self.of("regression", "improvement", "no difference"))


def direction(difference: float, goal: Goal) -> Literal["regression", "improvement"]:
    """What a change of a metric is."""
    return "regression" if (difference > 0) == (goal == "minimize") else "improvement"


def _described(sample: Sample | None) -> dict[str, Any] | None:
    if sample is None:
        return None
    return {"count": sample.count, "mean": sample.mean, "std": sample.std, "values": list(sample.values)}
