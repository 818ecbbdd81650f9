"""A project's histories as its pages load them: data files of its metrics, and of each run by itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from runstore.reading.store import Project
from sitegen.data.defined import Definitions, is_hidden
from sitegen.data.series import Series, axis_values, make_series, metric_rows
from sitegen.data.shards import has_times, named_shard, run_payload, series_payload, times_digest, times_payload
from sitegen.data.sparkline import Sparkline, sparkline
from sitegen.pages.compare import about_run
from sitegen.pages.index import headline
from sitegen.pages.project import Metric, section, title
from sitegen.pages.project import place as key_place


class Histories:
    """A project's metrics, read once: for its workspace, and run by run."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._parts: list[MetricParts] = []
        self._headline = headline(project.runs)
        self.metrics: list[Metric] = []
        self.sparkline: Sparkline | None = None

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Each data file of the metrics and of their times, by name, each once. Fills `metrics` on the way."""
        times: dict[str, str] = {}
        made = set()
        frames = self._project.history()
        defined = Definitions(self._project.runs)
        wanted = defined.axes()
        axes = {key: rows for key, rows in metric_rows(frames) if key in wanted} if wanted else {}
        for key, rows in metric_rows(frames):
            metric = defined.of(key)
            axis = axes.get(metric.step_metric or "")
            series = make_series(rows, None if axis is None else axis_values(rows, axis))
            if self._headline is not None and key == self._headline.metric:
                self.sparkline = sparkline(series, self._headline.run)
            moments, found = times_digest(series), has_times(series)
            if any(found) and moments not in times:
                times[moments], content = named_shard("t", times_payload(series))
                if times[moments] not in made:
                    made.add(times[moments])
                    yield times[moments], content
            name, content = named_shard("m", series_payload(series))
            if name not in made:
                made.add(name)
                yield name, content
            shown_axis = None if axis is None else metric.step_metric
            hidden = bool(metric.hidden)
            self.metrics.append(Metric(key, name, times.get(moments), len(series.runs), *found, shown_axis, hidden))
            self._parts.append(MetricParts.of(key, series, any(found), shown_axis))
        self._parts.sort(key=lambda parts: key_place(parts.key))

    def count(self, run: int) -> int:
        """How many metrics a run has."""
        return sum(self._shows(parts, run) for parts in self._parts)

    def _shows(self, parts: "MetricParts", run: int) -> bool:
        return run in parts.places and not is_hidden(self._project.runs[run].metrics, parts.key)

    def run_data(self, run: int) -> dict[str, Any]:
        """What `data.js` of one run carries: its metrics in the order of the workspace, and their times, each once."""
        places: dict[tuple[bytes, bytes], int] = {}
        times: list[dict[str, Any]] = []
        metrics = []
        for parts in self._parts:
            if not self._shows(parts, run):
                continue
            series = parts.series.part(*parts.places[run])
            place = None
            if parts.timed and any(has_times(series)):
                moments = (series.runtime.tobytes(), series.timestamp.tobytes())
                if moments not in places:
                    places[moments] = len(times)
                    times.append(times_payload(series))
                place = places[moments]
            head = {"key": parts.key, "section": section(parts.key), "title": title(parts.key)}
            if parts.axis is not None:
                head["axis_name"] = parts.axis
            metrics.append(head | run_payload(series, place))
        return {"about": about_run(self._project.runs[run]), "times": times, "metrics": metrics}


@dataclass(frozen=True, slots=True)
class MetricParts:
    """One metric with what its runs' own pages are cut from.

    `places` holds, by the run's index, which of the series' runs it is and where its points begin. `timed` says whether
    any point has a time, `axis` which metric is its x axis.
    """

    key: str
    series: Series
    places: dict[int, tuple[int, int]]
    timed: bool
    axis: str | None

    @classmethod
    def of(cls, key: str, series: Series, timed: bool, axis: str | None) -> "MetricParts":
        places = dict(zip(series.runs.tolist(), enumerate(series.starts().tolist()), strict=True))
        return cls(key, series, places, timed, axis)
