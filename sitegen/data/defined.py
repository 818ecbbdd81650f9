"""What the runs of a project said of their metrics, as one answer: the newest run that says anything holds."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from runstore.format.metrics import Metric, find
from runstore.reading.store import RunRecord


class Definitions:
    """The definitions of a project's metrics. `runs` come newest first; `all` is what they said, each once."""

    def __init__(self, runs: Sequence[RunRecord]) -> None:
        self.all = list(dict.fromkeys(run.metrics for run in runs if run.metrics))

    def of(self, key: str) -> Metric:
        """What is known of a metric; one that nobody defined has nothing but its name."""
        found = next((metric for metrics in self.all if (metric := find(metrics, key)) is not None), Metric(key))
        return replace(found, step_metric=None) if found.step_metric == key else found

    def axes(self) -> set[str]:
        """The metrics that are the x axis of others."""
        return {metric.step_metric for metrics in self.all for metric in metrics if metric.step_metric}


def is_hidden(metrics: Iterable[Metric], key: str) -> bool:
    """Whether a run keeps a metric out of its charts."""
    found = find(metrics, key)
    return found is not None and bool(found.hidden)
