"""Whether runs that came since a baseline are worse than those that it had, beyond the noise of repeated runs."""

import hashlib
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from runstore.errors import StoreError, UsageError
from runstore.format.metrics import Goal
from runstore.manage.comparison import Comparison, Gate, Verdict, direction
from runstore.manage.repeats import Repeats, repeats
from runstore.manage.samples import (
    Noise,
    Sample,
    Tested,
    compare,
    compare_with,
    holm,
    least_p,
    own_noise,
    pooled,
)
from runstore.manage.terms import Terms
from runstore.reading.columns import Columns, canonical
from runstore.reading.goals import finite, goal_of, metrics_that_matter
from runstore.reading.query import select
from runstore.reading.rows import number
from runstore.reading.store import RunRecord, Store

_SHORTER_IS_BETTER: Final = frozenset({"runtime", "tracked"})


@dataclass(frozen=True, slots=True)
class Regression:
    """A regression for a feed. `id` stays the same as long as the runs do; `when` is the newest run's end, epoch s."""

    id: str
    title: str
    summary: str
    when: float | None
    project: str
    runs: tuple[str, ...]
    comparison: Comparison


def regressions(now: Store, before: Store, terms: Terms | None = None) -> list[Regression]:
    """The regressions since a baseline, newest first. Raises as `gate` does."""
    found = [_regression(each) for each in gate(now, before, terms or Terms()).of("regression")]
    return sorted(found, key=lambda each: (-(each.when or 0.0), each.id))


def gate(now: Store, before: Store, terms: Terms) -> Gate:
    """Compares the runs that `now` has and `before` has not, or has otherwise, with those that `before` has.

    Only finished runs count. Raises `UsageError` for a filter, column or metric that cannot be used, `StoreError` for
    a project that there is not.
    """
    sides = _sides(now, before, terms)
    terms = checked([run for side in sides.values() for run in (*side.before, *side.after)], terms)
    drafts: list[_Draft] = []
    for side in sides.values():
        drafts += _with_noise(_drafts(side, terms), terms)
    return Gate(tuple(_judged(drafts, terms)), sum(len(side.after) for side in sides.values()))


@dataclass(slots=True)
class _Side:
    """The runs of one project, before and since."""

    project: str
    before: list[RunRecord]
    after: list[RunRecord]


@dataclass(slots=True)
class _Draft:
    """A comparison on its way to a verdict. `final`: it has one that no test can change."""

    comparison: Comparison
    tested: Tested | None = None
    final: bool = False


def _sides(now: Store, before: Store, terms: Terms) -> dict[str, _Side]:
    """The chosen runs of each project that both know, or only one."""
    names = [project.name for project in now.projects]
    if terms.project is not None and terms.project not in names:
        known = ", ".join(names[:10]) or "no project yet"
        raise StoreError(f"{now.layout.root}: found no project {terms.project!r}; there is {known}")
    sides = {name: _Side(name, [], []) for name in names if terms.project in (None, name)}
    old = [run for project in before.projects if project.name in sides for run in project.runs]
    known_runs = {(run.project, run.id): told_by(run) for run in old}
    fresh = [
        run
        for project in now.projects
        if project.name in sides
        for run in project.runs
        if known_runs.get((run.project, run.id)) != told_by(run)
    ]
    # Chosen together: one side alone need not have each column that a filter names.
    chosen = {id(run) for run in select([*old, *fresh], terms.where)}
    for run in old:
        if id(run) in chosen:
            sides[run.project].before.append(run)
    for run in fresh:
        if id(run) in chosen:
            sides[run.project].after.append(run)
    return sides


def told_by(run: RunRecord) -> str:
    """What a comparison takes from a run: another text, where the run changed since."""
    return repr((run.state, run.config, run.summary))


def _drafts(side: _Side, terms: Terms) -> list[_Draft]:
    """A comparison for each metric of runs that repeat one another, also of those where no run is new: their noise
    stands in for others'."""
    everything = [*side.before, *side.after]
    metrics = metric_columns(everything, terms) if side.after else {}
    columns = Columns(everything)
    places = {id(run): index for index, run in enumerate(everything)}
    old = len(side.before)
    drafts = []
    for same in repeats(everything, terms.seeds, terms.group) if metrics else ():
        at = [places[id(run)] for run in same.runs]
        for metric, goal in metrics.items():
            values = columns.values(metric)
            drafts.append(_draft(side.project, same, metric, goal, [(place < old, values[place]) for place in at]))
    return drafts


def checked(runs: Sequence[RunRecord], terms: Terms) -> Terms:
    """The terms with the own names of their columns. Raises `UsageError` for one that no run has."""
    columns = Columns(runs)
    group = None if terms.group is None else columns.check(terms.group)
    return replace(terms, metrics=tuple(_own_name(columns, name) for name in terms.metrics), group=group)


def _own_name(columns: Columns, name: str) -> str:
    """A metric's column; its key in the summary will do."""
    own = canonical(name)
    return f"summary.{name}" if not columns.has(own) and columns.has(f"summary.{name}") else columns.check(own)


def metric_columns(runs: Sequence[RunRecord], terms: Terms) -> dict[str, Goal]:
    """The metrics to compare of the runs of one project, and which way each is better.

    One that no run of the project has is left out. Raises `UsageError` where nothing says which way.
    """
    columns = Columns(runs)
    names = terms.metrics or tuple(f"summary.{key}" for key in metrics_that_matter(runs))
    found: dict[str, Goal] = {}
    for name in filter(columns.has, names):
        goal = _goal(runs, name) or terms.goal
        if goal is None:
            raise UsageError(f"nothing says which way {name} is better; pass --goal minimize or --goal maximize")
        found[name] = goal
    return found


def _goal(runs: Sequence[RunRecord], column: str) -> Goal | None:
    if column in _SHORTER_IS_BETTER:
        return "minimize"
    return goal_of(runs, column.partition(".")[2] or column)


def _draft(project: str, same: Repeats, metric: str, goal: Goal, values: Sequence[tuple[bool, Any]]) -> _Draft:
    """`values` are those of the runs, each with whether it is the baseline's."""
    runs = [(run, is_old, value) for run, (is_old, value) in zip(same.runs, values, strict=True)]
    fresh = [run for run, is_old, _ in runs if not is_old]
    done = [(is_old, value) for run, is_old, value in runs if run.state == "finished"]
    before, lost_before = _sample(value for is_old, value in done if is_old)
    after, lost = _sample(value for is_old, value in done if not is_old)
    comparison = Comparison(project, same.key, same.label, metric, goal, before, after, lost, tuple(fresh))
    finished = sum(not is_old for is_old, _ in done)
    if not fresh:
        return _Draft(comparison, final=True)
    if lost and before is not None and lost * (before.count + lost_before) > lost_before * finished:
        reason = f"{lost} of {finished} new runs have no finite value"
        return _Draft(replace(comparison, verdict="regression", reason=reason), final=True)
    if before is None and after is not None:
        return _Draft(replace(comparison, verdict="new", reason="the baseline has no such run"), final=True)
    if after is None:
        reason = "no new run has a value" if finished else "no new run finished"
        return _Draft(replace(comparison, reason=reason), final=True)
    return _Draft(comparison)


def _sample(values: Iterable[Any]) -> tuple[Sample | None, int]:
    """The finite values, None where there are none, and how many others are numbers."""
    found = list(values)
    numbers = tuple(value for value in map(finite, found) if value is not None)
    others = sum(1 for value in found if (known := number(value)) is not None and not math.isfinite(known))
    return Sample(numbers) if numbers else None, others


def _with_noise(drafts: list[_Draft], terms: Terms) -> list[_Draft]:
    """The comparisons of one project that are about new runs, tested metric by metric as far as they can be."""
    for metric in dict.fromkeys(draft.comparison.metric for draft in drafts):
        own = [draft for draft in drafts if draft.comparison.metric == metric]
        sides = [side for draft in own for side in (draft.comparison.before, draft.comparison.after)]
        shared = pooled(side for side in sides if side is not None)
        for draft in own:
            if not draft.final:
                _test(draft, shared, terms)
    return [draft for draft in drafts if draft.comparison.runs]


def _test(draft: _Draft, shared: Noise | None, terms: Terms) -> None:
    before, after = draft.comparison.before, draft.comparison.after
    if before is None or after is None:
        return
    if least_p(terms.test, before.count, after.count) > terms.alpha:
        reason = f"not enough runs: with {before.count} and {after.count} no {terms.test} test can tell"
        draft.comparison = replace(draft.comparison, reason=reason)
        return
    if before.count > 1 and after.count > 1:
        draft.tested = compare(before, after, terms.test, terms.alpha)
        draft.comparison = replace(draft.comparison, noise="own", reason="" if draft.tested else "numbers too large")
        return
    own = own_noise(before, after)
    if (noise := own or shared) is None:
        draft.comparison = replace(draft.comparison, reason="not enough runs: noise unknown")
        return
    draft.tested = compare_with(noise, before, after, terms.alpha)
    reason = "" if own else "noise of the project's other runs"
    draft.comparison = replace(draft.comparison, noise="own" if own else "pooled", reason=reason)


def _judged(drafts: Sequence[_Draft], terms: Terms) -> Iterator[Comparison]:
    """The comparisons with their verdicts, after Holm's correction over all that were tested."""
    corrected = iter(holm([draft.tested.p for draft in drafts if draft.tested is not None]))
    for draft in drafts:
        if draft.tested is None:
            yield draft.comparison
        else:
            tested = replace(draft.tested, p=next(corrected))
            yield _with_verdict(draft.comparison, tested, terms)


def _with_verdict(comparison: Comparison, tested: Tested, terms: Terms) -> Comparison:
    verdict: Verdict = "no difference"
    reason, difference = comparison.reason, comparison.difference or 0.0
    if tested.p <= terms.alpha and difference:
        if comparison.before and terms.effect.is_reached(difference, comparison.before.mean):
            verdict = direction(difference, comparison.goal)
        else:
            reason = "; ".join(part for part in (reason, "below the least change that matters") if part)
    return replace(comparison, verdict=verdict, reason=reason, p=tested.p, low=tested.low, high=tested.high)


def _regression(found: Comparison) -> Regression:
    runs = tuple(f"{run.project}/{run.id}" for run in found.runs)
    named = repr((found.project, found.key, found.metric, sorted(runs)))
    digest = hashlib.sha256(named.encode("utf-8", "backslashreplace")).hexdigest()[:24]
    metric = found.metric.removeprefix("summary.")
    return Regression(
        id=f"urn:runstore:regression:{digest}",
        title=f"{found.project}: {metric} of {found.group} is worse",
        summary=f"{metric}: {found.before} before, {found.after or 'no finite value'} now"
        + ("" if found.p is None else f", p = {found.p:.2g}")
        + (f" ({found.reason})" if found.reason else ""),
        when=max((sign for run in found.runs if (sign := run.last_sign) is not None), default=None),
        project=found.project,
        runs=runs,
        comparison=found,
    )
