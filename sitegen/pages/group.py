"""What a group's page says of its runs: their job types, the spread of their final values, what differs in config."""

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from runstore.reading.store import RunRecord
from sitegen import urls
from sitegen.pages.values import flat, short, told_apart

MAX_RUNS: Final = 200
MAX_KEYS: Final = 200
MAX_VALUES: Final = 8
MAX_COMPARED: Final = 50


@dataclass(frozen=True, slots=True)
class GroupRun:
    """A run of a group: its name, state and page."""

    name: str
    state: str
    href: str


@dataclass(frozen=True, slots=True)
class JobRuns:
    """The runs of one job type ("" for none), the newest first; `hidden` more are in the table."""

    name: str
    count: int
    runs: tuple[GroupRun, ...]
    hidden: int


@dataclass(frozen=True, slots=True)
class Spread:
    """How the final values of a key spread over `n` runs; `std` (of a sample) is None for one run."""

    key: str
    n: int
    mean: float
    std: float | None
    min: float
    median: float
    max: float


@dataclass(frozen=True, slots=True)
class Varying:
    """A key of the configuration whose values differ: the commonest with their counts, and how many there are."""

    key: str
    values: tuple[tuple[str, int], ...]
    count: int


@dataclass(frozen=True, slots=True)
class GroupFacts:
    """All of it. `compare` leads to the runs side by side, None for one run; `compared` says how many of them."""

    jobs: tuple[JobRuns, ...]
    spreads: tuple[Spread, ...]
    varying: tuple[Varying, ...]
    compare: str | None
    compared: int


def group_facts(runs: Sequence[RunRecord], root: str) -> GroupFacts:
    """The facts of a group's runs, newest first, for a page whose way to the site's root is `root`."""
    compared = runs[:MAX_COMPARED]
    compare = None
    if len(compared) > 1:
        ids = urls.href(",".join(run.id for run in compared))
        compare = f"{urls.href(urls.compare_page(runs[0].project), root)}#runs={ids}"
    return GroupFacts(tuple(_jobs(runs, root)), tuple(_spreads(runs)), tuple(_varying(runs)), compare, len(compared))


def _jobs(runs: Sequence[RunRecord], root: str) -> Iterable[JobRuns]:
    by_job: dict[str, list[RunRecord]] = {}
    for run in runs:
        by_job.setdefault(run.meta.job_type, []).append(run)
    for name in sorted(by_job):
        shown = [
            GroupRun(run.name, run.state, urls.href(urls.run_page(run.project, run.id), root))
            for run in by_job[name][:MAX_RUNS]
        ]
        yield JobRuns(name, len(by_job[name]), tuple(shown), len(by_job[name]) - len(shown))


def _spreads(runs: Sequence[RunRecord]) -> Iterable[Spread]:
    found: dict[str, list[float]] = {}
    for run in runs:
        for key, value in flat(run.summary).items():
            if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
                found.setdefault(key, []).append(float(value))
    # What the SDK itself keeps comes last.
    keys = sorted(found, key=lambda key: (key.startswith("_"), key))
    for key in keys[:MAX_KEYS]:
        yield _spread(key, found[key])


def _spread(key: str, values: list[float]) -> Spread:
    try:
        mean = statistics.fmean(values)
        std = statistics.stdev(values) if len(values) > 1 else None
        median = statistics.median(values)
    except OverflowError:
        mean, std, median = math.inf, None, sorted(values)[len(values) // 2]
    return Spread(key, len(values), mean, std, min(values), median, max(values))


def _varying(runs: Sequence[RunRecord]) -> Iterable[Varying]:
    flats = [flat(run.config) for run in runs]
    keys = dict.fromkeys(key for values in flats for key in values)
    yielded = 0
    for key in keys:
        counts = Counter(told_apart([values.get(key) for values in flats]))
        if len(counts) > 1 and yielded < MAX_KEYS:
            yielded += 1
            commonest = tuple((short(value, 100), count) for value, count in counts.most_common(MAX_VALUES))
            yield Varying(key, commonest, len(counts))
