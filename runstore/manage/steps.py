"""Where in a project's history a metric stepped to another level.

Change points of a mean, found one inside the other and each kept if a permutation test bears it out, as in E-divisive
(Matteson, D. S. and James, N. A. 2014, JASA 109), which performance tests of databases are watched with. A penalty as
PELT needs would be one more number to guess; a p-value says what it means.
"""

import hashlib
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from runstore.format.metrics import Goal
from runstore.format.values import plain
from runstore.manage.comparison import direction
from runstore.manage.gate import checked, metric_columns
from runstore.manage.repeats import Repeats, repeats
from runstore.manage.samples import Sample
from runstore.manage.terms import Terms
from runstore.reading.columns import Columns
from runstore.reading.goals import finite
from runstore.reading.query import select
from runstore.reading.store import RunRecord, Store

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

FEWEST: Final = 8
"""Fewer runs come in too few orders for one to stand out: a step half-way through seven has p = 2/35."""
_LEAST: Final = 2
_FEWEST_PERMUTATIONS: Final = 999
_MOST_PERMUTATIONS: Final = 19_999
_AT_ONCE: Final = 2_000_000
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Step:
    """A metric's step to another level: `run` is the first behind it, `commit` the commit of its code, "" where it
    does not say. `id` stays the same as long as that run does. `when` is epoch s."""

    id: str
    project: str
    group: str
    metric: str
    goal: Goal
    before: Sample
    after: Sample
    p: float
    verdict: Literal["regression", "improvement"]
    run: RunRecord = field(repr=False)
    commit: str
    when: float | None

    @property
    def title(self) -> str:
        """One line for a feed."""
        how = "worse" if self.verdict == "regression" else "better"
        at = f"commit {self.commit[:10]}" if self.commit else f"run {self.run.id}"
        return f"{self.project}: {self.metric.removeprefix('summary.')} of {self.group} is {how} since {at}"

    @property
    def summary(self) -> str:
        """The levels on both sides, for a feed."""
        return f"{self.metric.removeprefix('summary.')}: {self.before} before, {self.after} since, p = {self.p:.2g}"

    def as_dict(self) -> dict[str, Any]:
        """The step as plain values."""
        found: dict[str, Any] = plain(
            {
                "project": self.project,
                "group": self.group,
                "metric": self.metric,
                "goal": self.goal,
                "verdict": self.verdict,
                "run": self.run.id,
                "commit": self.commit or None,
                "before": {"count": self.before.count, "mean": self.before.mean, "std": self.before.std},
                "after": {"count": self.after.count, "mean": self.after.mean, "std": self.after.std},
                "p": self.p,
            }
        )
        return found


@dataclass(frozen=True, slots=True)
class History:
    """The steps in a store's history, by project and group, and how many series there were; `short` of these had too
    few runs to tell. `by_commit`: runs are in the order of their code's commits, and not of their time."""

    steps: tuple[Step, ...]
    series: int
    short: int
    by_commit: bool


@dataclass(frozen=True, slots=True)
class _Series:
    """One metric of runs that repeat one another, in order. No step is looked for inside a `block`."""

    project: str
    same: Repeats
    metric: str
    goal: Goal
    runs: tuple[RunRecord, ...]
    values: tuple[float, ...]
    blocks: tuple[int, ...]


def commit_of(run: RunRecord) -> str:
    """The commit of the code that a run ran, "" where it does not say."""
    git = run.provenance.get("git")
    commit = git.get("commit") if isinstance(git, dict) else None
    return commit if isinstance(commit, str) else ""


def history(store: Store, terms: Terms, order: Mapping[str, int], known: Store | None = None) -> History:
    """The steps in the history of the store's finished runs; those at runs that `known` has are left out.

    `order` holds the places of commits in the history of the code. Where all runs of a store name one of these, they
    are compared in this order, else in that of their times. Raises as `gate.gate` does.
    """
    chosen = select([run for each in store.projects for run in each.runs if run.state == "finished"], terms.where)
    chosen = [run for run in chosen if terms.project in (None, run.project)]
    terms = checked(chosen, terms)
    by_commit = bool(chosen) and all(commit_of(run) in order for run in chosen)
    series = list(_all_series(chosen, terms, order if by_commit else {}))
    enough = [each for each in series if len(each.values) >= FEWEST]
    old = {(run.project, run.id) for each in (known.projects if known else ()) for run in each.runs}
    found = [step for each in enough for step in _steps(each, terms, terms.alpha / len(enough))]
    steps = tuple(step for step in found if (step.project, step.run.id) not in old)
    return History(steps, len(series), len(series) - len(enough), by_commit)


def _all_series(runs: Sequence[RunRecord], terms: Terms, order: Mapping[str, int]) -> Iterator[_Series]:
    for project in dict.fromkeys(run.project for run in runs):
        own = sorted((run for run in runs if run.project == project), key=lambda run: _moment(run, order))
        metrics = metric_columns(own, terms)
        columns = Columns(own)
        places = {id(run): index for index, run in enumerate(own)}
        for same in repeats(own, terms.seeds, terms.group):
            for metric, goal in metrics.items():
                values = columns.values(metric)
                known = [(run, finite(values[places[id(run)]])) for run in same.runs]
                taken = [(run, value) for run, value in known if value is not None]
                in_order = tuple(run for run, _ in taken)
                blocks = tuple(order.get(commit_of(run), place) for place, run in enumerate(in_order))
                yield _Series(project, same, metric, goal, in_order, tuple(value for _, value in taken), blocks)


def _moment(run: RunRecord, order: Mapping[str, int]) -> tuple[int, float, str]:
    return order.get(commit_of(run), 0), run.created or 0.0, run.id


def _steps(series: _Series, terms: Terms, alpha: float) -> Iterator[Step]:
    points = change_points(series.values, series.blocks, alpha)
    bounds = [0, *(at for at, _ in points), len(series.values)]
    for number, (at, p) in enumerate(points, 1):
        before = Sample(series.values[bounds[number - 1] : at])
        after = Sample(series.values[at : bounds[number + 1]])
        difference = after.mean - before.mean
        if difference and terms.effect.is_reached(difference, before.mean):
            yield _step(series, at, before, after, p)


def _step(series: _Series, at: int, before: Sample, after: Sample, p: float) -> Step:
    run = series.runs[at]
    named = repr((series.project, series.same.key, series.metric, run.id))
    return Step(
        id=f"urn:runstore:step:{hashlib.sha256(named.encode('utf-8', 'backslashreplace')).hexdigest()[:24]}",
        project=series.project,
        group=series.same.label,
        metric=series.metric,
        goal=series.goal,
        before=before,
        after=after,
        p=p,
        verdict=direction(after.mean - before.mean, series.goal),
        run=run,
        commit=commit_of(run),
        when=run.last_sign,
    )


def change_points(values: Sequence[float], blocks: Sequence[int], alpha: float) -> list[tuple[int, float]]:
    """Where the mean of `values` steps, as the index of the first value behind it, each with its p-value, in order.

    At least two values lie on either side, and never do two of one block, which are neighbours, lie on both. The same
    values give the same steps: the permutations are drawn from a fixed seed.
    """
    import numpy as np

    scaled = np.asarray(values, dtype=np.float64)
    scaled = scaled / (np.abs(scaled).max(initial=0.0) or 1.0)
    bounds = np.flatnonzero(np.diff(np.asarray(blocks))) + 1
    found: list[tuple[int, float]] = []
    open_parts = [(0, len(values))]
    while open_parts:
        start, end = open_parts.pop()
        places = bounds[(bounds >= start + _LEAST) & (bounds <= end - _LEAST)] - start
        point = _strongest(scaled[start:end], places, alpha) if places.size else None
        if point is not None:
            at = start + point[0]
            found.append((at, point[1]))
            open_parts += [(start, at), (at, end)]
    return sorted(found)


def _strongest(values: "Floats", places: "npt.NDArray[np.intp]", alpha: float) -> tuple[int, float] | None:
    """The place where the means of both sides differ most, with its p-value; None where chance alone does that too."""
    import numpy as np

    centred = values - values.mean()
    if np.abs(centred).max() <= _ROUNDING * np.abs(values).max():
        return None
    contrasts = _contrasts(centred[None, :], places)[0]
    strongest = float(contrasts.max())
    total = min(_MOST_PERMUTATIONS, max(_FEWEST_PERMUTATIONS, math.ceil(20 / alpha) - 1))
    random = np.random.default_rng(0)
    reached, done = 0, 0
    while done < total:
        count = min(total - done, max(1, _AT_ONCE // values.size))
        shuffled = random.permuted(np.tile(centred, (count, 1)), axis=1)
        reached += int((_contrasts(shuffled, places).max(axis=1) >= strongest * (1 - _ROUNDING)).sum())
        done += count
    p = (1 + reached) / (1 + total)
    return (int(places[int(contrasts.argmax())]), p) if p <= alpha else None


def _contrasts(rows: "Floats", places: "npt.NDArray[np.intp]") -> "Floats":
    """For rows with mean 0 how far the means beside each place differ, weighed by how many values lie there."""
    import numpy as np

    size = rows.shape[1]
    sums = np.cumsum(rows, axis=1)[:, places - 1]
    found: Floats = np.abs(sums) * np.sqrt(size / (places * (size - places)))
    return found


def commits_in(store: Store) -> Collection[str]:
    """The commits that the runs of a store name."""
    return {commit for each in store.projects for run in each.runs if (commit := commit_of(run))}
