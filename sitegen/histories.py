"""A project's histories as its pages load them: data files of its metrics, and of each run by itself.

Runs have ranks: the oldest is 0, so that a new run changes no other's. A metric's points lie in files of `CHUNK` runs
each, by rank, and such a file changes only with its runs. What a build reads are the runs that it needs, and no others.
"""

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property, partial
from typing import Any, Final

from runstore.reading.store import Project
from sitegen import urls
from sitegen.data.cuts import Cuts, Moments
from sitegen.data.defined import Definitions, is_hidden
from sitegen.data.fine import FineFile, fine_runs
from sitegen.data.series import Floats, Rows, Series, axis_values, joined, make_series, metric_rows
from sitegen.data.shards import has_times, named_shard, series_payload, times_payload
from sitegen.data.sparkline import Sparkline, sparkline
from sitegen.pages.index import headline
from sitegen.pages.project import Metric, MetricPart, section, title
from sitegen.pages.project import place as key_place
from sitegen.planned import PlannedFile, fingerprint

CHUNK: Final = 500
"""Runs whose points are in one data file of a metric."""
_NAME: Final = re.compile(r"[a-z][0-9a-f]{16}")

Shards = Iterator[tuple[str, bytes]]
Ranges = list[list[int]]
"""Numbers as pairs of a first and a last one."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Runs that follow each other, by their indices, and a digest of all that their data files are made of."""

    project: str
    number: int
    runs: range
    digest: str

    @property
    def name(self) -> str:
        """What a build remembers its files under."""
        return f"chunk:{self.project}/{self.number}"


@dataclass(frozen=True, slots=True)
class Head:
    """A metric in one chunk: its data file of `size` bytes, that of its times and that of where all rows of its long
    runs lie, by name; the `ranks` of the runs that logged it, and which axes they have."""

    key: str
    name: str
    times: str | None
    fine: str | None
    size: int
    ranks: Ranges
    has_runtime: bool
    has_wall: bool
    axis: str | None

    @classmethod
    def from_json(cls, text: str) -> "Head":
        """Raises `ValueError` for what is none."""
        try:
            head = cls(**json.loads(text))
            names = [name for name in (head.name, head.times, head.fine) if name is not None]
            if isinstance(head.key, str) and all(_NAME.fullmatch(name) for name in names):
                return head
        except TypeError:
            pass
        raise ValueError(text)


@dataclass(slots=True)
class Points:
    """One metric of the runs that were read together. `axis` is the metric that is its x axis; `fine` says, by the
    run's index, where its rows lie if it is long."""

    series: Series
    axis: str | None
    cuts: Cuts
    fine: dict[int, dict[str, Any]] = field(default_factory=dict)


class Histories:
    """A project's metrics, for its workspace and run by run; read when they are asked for, and kept.

    `overviews` holds, by key, the data file of what a metric's chart shows first.
    """

    def __init__(self, project: Project, release: str) -> None:
        self.project = project
        self.release = release
        self.defined = Definitions(project.runs)
        self.overviews: dict[str, str] = {}
        self._told: dict[int, list[str]] = {}
        self._heads: dict[int, dict[str, Head]] = {}
        self._read: list[tuple[frozenset[int], dict[str, Points]]] = []
        self._missed = False
        self._times: dict[tuple[int, Moments], str] = {}
        self._moments: dict[tuple[Any, ...], Moments] = {}

    def rank(self, run: int) -> int:
        """The place of a run among all, the oldest first; of a rank, the run's index."""
        return len(self.project.runs) - 1 - run

    def chunk_of(self, run: int) -> int:
        """The number of the chunk that a run is in."""
        return self.rank(run) // CHUNK

    @cached_property
    def chunks(self) -> list[Chunk]:
        """All runs in chunks, the newest first."""
        runs = self.project.runs
        found = []
        for number in reversed(range((len(runs) + CHUNK - 1) // CHUNK)):
            own = range(max(0, len(runs) - (number + 1) * CHUNK), len(runs) - number * CHUNK)
            found.append(Chunk(self.project.name, number, own, self.digest(own)))
        return found

    def digest(self, runs: Collection[int]) -> str:
        """Stays while nothing changes of what the points of some runs are made of."""
        known = [(self.project.runs[run].id, self.project.runs[run].digest) for run in runs]
        return fingerprint(self.release, self.defined.all, known)

    def files(self, chunks: Sequence[Chunk]) -> Iterator[tuple[Chunk, PlannedFile]]:
        """The data files of some chunks. One metric after the other, so that nobody holds every row."""
        made: set[tuple[int, str]] = set()
        for chunk in chunks:
            self._heads[chunk.number] = {}
        for key, points, pieces in self._points([run for chunk in chunks for run in chunk.runs]):
            for chunk in chunks:
                series = points.series.of(chunk.runs)
                if not series.runs.size:
                    continue
                for name, content in self._shards(key, points, chunk, series):
                    if (chunk.number, name) not in made:
                        made.add((chunk.number, name))
                        path = urls.data_file(self.project.name, name)
                        yield chunk, PlannedFile(path, fingerprint(self.release, name), partial(bytes, content))
                for run, file in pieces:
                    if run in chunk.runs and (chunk.number, f"{run} {file.name}") not in made:
                        made.add((chunk.number, f"{run} {file.name}"))
                        path = urls.fine_file(self.project.name, self.project.runs[run].id, file.name)
                        yield chunk, PlannedFile(path, fingerprint(self.release, file.name), file.make)

    def _shards(self, key: str, points: Points, chunk: Chunk, series: Series) -> Shards:
        """The files of one metric of a chunk, whose head is known then."""
        own = series.runs.tolist()
        ranks = [self.rank(run) for run in own]
        times = fine = None
        found = has_times(series)
        if any(found):
            # Metrics that were logged together share one file of times.
            place = chunk.number, points.cuts.moments
            times = self._times.get(place)
            if times is None:
                times, content = named_shard("t", times_payload(series))
                self._times[place] = times
                yield times, content
        name, content = named_shard("m", series_payload(series) | {"runs": ranks})
        yield name, content
        long = [[self.rank(run), points.fine[run]] for run in own if run in points.fine]
        if long:
            fine, listed = named_shard("f", long)
            yield fine, listed
        head = Head(key, name, times, fine, len(content), ranges(ranks), *found, points.axis)
        self._heads[chunk.number][key] = head

    def told(self, chunk: Chunk) -> list[str]:
        """What a later build needs to know of a chunk to keep its files, in lines."""
        return [json.dumps(asdict(head)) for head in self._heads[chunk.number].values()]

    def recall(self, chunk: Chunk, told: list[str]) -> None:
        """Takes what was told of a chunk whose files are kept."""
        self._told[chunk.number] = told

    def heads(self, number: int) -> dict[str, Head]:
        """The metrics of a chunk by key."""
        if number not in self._heads:
            try:
                self._heads[number] = {head.key: head for head in map(Head.from_json, self._told[number])}
            except (KeyError, ValueError):
                for _ in self.files([chunk for chunk in self.chunks if chunk.number == number]):
                    pass
        return self._heads[number]

    def metrics(self) -> list[Metric]:
        """The charts of the project."""
        found: dict[str, list[tuple[int, Head]]] = {}
        for chunk in self.chunks:
            for key, head in self.heads(chunk.number).items():
                found.setdefault(key, []).append((chunk.number, head))
        return [self._metric(key, parts) for key, parts in found.items()]

    def _metric(self, key: str, parts: Sequence[tuple[int, Head]]) -> Metric:
        heads = [head for _, head in parts]
        return Metric(
            key,
            tuple(self._part(number, head) for number, head in parts),
            runs=sum(last - first + 1 for head in heads for first, last in head.ranks),
            has_runtime=any(head.has_runtime for head in heads),
            has_wall=any(head.has_wall for head in heads),
            axis=next((head.axis for head in heads if head.axis is not None), None),
            hidden=bool(self.defined.of(key).hidden),
            overview=self.overviews.get(key),
        )

    def _part(self, number: int, head: Head) -> MetricPart:
        first = number * CHUNK
        last = min(first + CHUNK, len(self.project.runs)) - 1
        return MetricPart(first, last, head.name, head.times, head.fine)

    def series(self, key: str, runs: Collection[int]) -> Series | None:
        """The points of some runs that logged a metric; None if none did. What is not there yet is read."""
        self.need(runs)
        own = [points[key].series.of([*runs]) for _, points in self._read if key in points]
        some = [series for series in own if series.runs.size]
        return joined(some) if some else None

    def need(self, runs: Collection[int]) -> None:
        """Reads those of some runs that are not there yet, together."""
        missing = set(runs).difference(*(known for known, _ in self._read))
        if missing:
            for _ in self._points(sorted(missing)):
                pass

    def forget(self) -> None:
        """Lets go of what was read."""
        self._read.clear()
        self._times.clear()
        self._moments.clear()
        self._missed = False

    def _points(self, runs: Sequence[int]) -> Iterator[tuple[str, Points, list[tuple[int, FineFile]]]]:
        """Reads some runs: each metric with its points, and the files of the rows of its long runs."""
        frames = self.project.history(None if len(runs) == len(self.project.runs) else runs)
        wanted = self.defined.axes()
        axes = {key: rows for key, rows in metric_rows(frames) if key in wanted} if wanted else {}
        found: dict[str, Points] = {}
        for key, rows in metric_rows(frames):
            axis = self.defined.of(key).step_metric
            xs = None if axis is None or axis not in axes else axis_values(rows, axes[axis])
            points, pieces = self._made(rows, xs, axis)
            found[key] = points
            yield key, points, pieces
        ordered = dict(sorted(found.items(), key=lambda item: key_place(item[0])))
        self._read.append((frozenset(runs), ordered))

    def sparkline(self) -> Sparkline | None:
        """The picture of the project's main metric on the front page."""
        shown = headline(self.project.runs)
        if shown is None:
            return None
        everything = range(len(self.project.runs))
        if set(everything).issubset(run for known, _ in self._read for run in known):
            series = self.series(shown.metric, everything)
        else:
            rows = dict(metric_rows(self.project.history(keys=[shown.metric]))).get(shown.metric)
            series = None if rows is None else make_series(rows)
        return None if series is None else sparkline(series, shown.run)

    def count(self, run: int) -> int:
        """How many metrics a run has."""
        return len(self.keys(run))

    def keys(self, run: int) -> list[str]:
        """The metrics that a run logged, but for hidden ones."""
        rank = self.rank(run)
        logged = (
            key
            for key, head in self.heads(self.chunk_of(run)).items()
            if any(first <= rank <= last for first, last in head.ranks)
        )
        return [key for key in logged if not is_hidden(self.project.runs[run].metrics, key)]

    def _of(self, run: int) -> dict[str, Points]:
        """Every metric of a run, and of others that were read with it, in the order of the workspace."""
        if not any(run in known for known, _ in self._read):
            # Once more than one chunk is asked for run by run, so are all, mostly.
            number = self.chunk_of(run)
            own = next(chunk.runs for chunk in self.chunks if chunk.number == number)
            self.need(range(len(self.project.runs)) if self._missed else own)
            self._missed = True
        return next(points for known, points in self._read if run in known)

    def run_data(self, run: int, about: dict[str, Any]) -> dict[str, Any]:
        """What `data.js` of one run carries beside what there is to say `about` it: its metrics in the order of the
        workspace, and their times, each once."""
        places: dict[tuple[bytes, bytes], int] = {}
        times: list[dict[str, Any]] = []
        metrics = []
        defined = self.project.runs[run].metrics
        for key, points in self._of(run).items():
            cuts = points.cuts
            if run not in cuts.places or (defined and is_hidden(defined, key)):
                continue
            moment, place = cuts.moments.of(*cuts.places[run]), None
            if moment.times is not None:
                place = places.setdefault(moment.key, len(times))
                if place == len(times):
                    times.append(moment.times)
            head: dict[str, Any] = {"key": key, "section": section(key), "title": title(key)}
            if points.axis is not None:
                head["axis_name"] = points.axis
            if run in points.fine:
                head["fine"] = points.fine[run]
            metrics.append(head | cuts.payload(run, place))
        return {"about": about, "times": times, "metrics": metrics}

    def _made(self, rows: Rows, xs: Floats | None, axis: str | None) -> tuple[Points, list[tuple[int, FineFile]]]:
        series = make_series(rows, xs)
        long = list(fine_runs(rows, xs))
        cuts = Cuts(series, self._moments_of(series))
        points = Points(series, None if xs is None else axis, cuts, {each.run: each.index for each in long})
        return points, [(each.run, file) for each in long for file in each.files]

    def _moments_of(self, series: Series) -> Moments:
        """The moments of a metric: another one's, if that was logged together with it."""
        likely = (series.runs.size, series.step.size, series.step[0], series.runtime[-1], series.timestamp[-1])
        place = tuple(map(str, likely))
        known = self._moments.get(place)
        if known is None or not known.are_of(series):
            known = self._moments[place] = Moments(series)
        return known


def ranges(numbers: Collection[int]) -> Ranges:
    """Numbers, each once, as ranges in ascending order."""
    found: Ranges = []
    for number in sorted(numbers):
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return found
