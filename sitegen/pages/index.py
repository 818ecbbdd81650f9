"""The store's front page: a card for each project, and a search through everything."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runstore.format.metrics import AGGREGATES, find
from runstore.format.records import STATES
from runstore.reading.goals import HIGHER, NO_RANK, rank
from runstore.reading.rows import number
from runstore.reading.store import Project, RunRecord, Store
from sitegen import urls
from sitegen.data.sparkline import HEIGHT, WIDTH, Sparkline
from sitegen.pages.context import PageContext, ProblemRow, ReportLink, iso, problem_rows

_MOST_NAMES = 3


@dataclass(frozen=True, slots=True)
class Headline:
    """The best value of the metric that seems to matter most in a project, and the index of the run that has it."""

    metric: str
    best: str
    goal: str
    run: int


@dataclass(frozen=True, slots=True)
class ProjectCard:
    """One project on the front page; `states` as (state, runs), `last_activity` as ISO 8601, `compute` in seconds."""

    name: str
    title: str
    description: str
    href: str
    runs: int
    states: tuple[tuple[str, int], ...]
    last_activity: str | None
    compute: float | None
    contributors: str
    groups: int
    sweeps: int
    artifacts: int
    headline: Headline | None
    sparkline: Sparkline | None


@dataclass(frozen=True, slots=True)
class IndexPage(PageContext):
    """Context of `index.html`."""

    store_name: str
    projects: tuple[ProjectCard, ...]
    problems: tuple[ProblemRow, ...]
    finder: str
    reports: tuple[ReportLink, ...] = ()
    width: int = WIDTH
    height: int = HEIGHT


def index_page(
    store: Store,
    finder: str,
    artifacts: Mapping[str, int],
    sparklines: Mapping[str, Sparkline | None],
    sweeps: Mapping[str, int] | None = None,
    reports: Sequence[tuple[str, str, str]] = (),
) -> IndexPage:
    """The front page. `finder` leads to what its search looks through; artifacts, sparklines and sweeps are by
    project; `reports` are title, page and date of those about several."""
    name = store.meta.entity or "Experiments"
    cards = [
        _card(each, artifacts.get(each.name, 0), sparklines.get(each.name), (sweeps or {}).get(each.name, 0))
        for each in store.projects
    ]
    cards.sort(key=lambda card: card.name)
    cards.sort(key=lambda card: card.last_activity or "", reverse=True)
    return IndexPage(
        title=name,
        root="",
        crumbs=(),
        path=urls.index_page(),
        store_name=name,
        projects=tuple(cards),
        problems=problem_rows(store.all_problems()),
        finder=finder,
        reports=tuple(ReportLink(*report) for report in reports),
    )


def finder_payload(store: Store) -> dict[str, Any]:
    """What the search of the front page looks through: every project, its groups and its runs, newest first."""
    return {
        "projects": [
            {
                "name": project.name,
                "title": project.meta.title,
                "base": urls.href(f"{urls.project_dir(project.name)}/"),
                "groups": _groups(project.runs),
                "runs": [
                    [run.id, run.name, run.state, run.meta.group, run.meta.job_type, list(run.meta.tags)]
                    for run in project.runs
                ],
            }
            for project in sorted(store.projects, key=lambda each: last_activity(each.runs) or 0.0, reverse=True)
        ]
    }


def _groups(runs: Sequence[RunRecord]) -> list[tuple[str, str, int]]:
    """Name, page below the project and number of runs of each group."""
    counts = Counter(run.meta.group for run in runs if run.meta.group)
    slugs = urls.slugs(counts)
    return [(name, urls.href(f"groups/{slugs[name]}/index.html"), counts[name]) for name in sorted(counts)]


def _card(project: Project, artifacts: int, sparkline: Sparkline | None, sweeps: int) -> ProjectCard:
    states = Counter(run.state for run in project.runs)
    return ProjectCard(
        name=project.name,
        title=project.meta.title or project.name,
        description=project.meta.description,
        href=urls.href(urls.project_page(project.name)),
        runs=len(project.runs),
        states=tuple((state, states[state]) for state in STATES if states[state]),
        last_activity=iso(last_activity(project.runs)),
        compute=compute(project.runs),
        contributors=contributors(project.runs),
        groups=len({run.meta.group for run in project.runs if run.meta.group}),
        sweeps=sweeps,
        artifacts=artifacts,
        headline=headline(project.runs),
        sparkline=sparkline,
    )


def last_activity(runs: Sequence[RunRecord]) -> float | None:
    return max((run.last_sign for run in runs if run.last_sign is not None), default=None)


def compute(runs: Sequence[RunRecord]) -> float | None:
    """How long the processes of all runs ran together, in seconds; None where no run tells."""
    times = [time for run in runs if (time := run.runtime if run.tracked is None else run.tracked) is not None]
    total = sum(times)
    return total if times and math.isfinite(total) else None


def contributors(runs: Sequence[RunRecord]) -> str:
    """The authors of runs, those of most runs first; "" where no run names one."""
    users = Counter(user for run in runs if isinstance(user := run.provenance.get("user"), str) and user)
    names = sorted(users, key=lambda user: (-users[user], user))
    more = [f"{len(names) - _MOST_NAMES} more"] if len(names) > _MOST_NAMES else []
    return ", ".join([*names[:_MOST_NAMES], *more])


def headline(runs: Sequence[RunRecord]) -> Headline | None:
    """The metric of a project that its card shows, judged by names; None where no name says that it matters."""
    values: dict[str, dict[int, float]] = {}
    for index, run in enumerate(runs):
        for key, value in run.summary.items():
            if rank(key) == NO_RANK:
                continue
            as_number = None if isinstance(value, bool | str) else number(value)
            if as_number is not None and math.isfinite(as_number):
                metric = _metric(run, key)
                own = values.setdefault(metric, {})
                own[index] = (max if HIGHER.search(metric) else min)(as_number, own.get(index, as_number))
    if not values:
        return None
    key = min(values, key=lambda key: (rank(key), -len(values[key]), key))
    highest = bool(HIGHER.search(key))
    best = (max if highest else min)(values[key], key=lambda index: values[key][index])
    return Headline(key, f"{values[key][best]:.4g}", "highest" if highest else "lowest", best)


def _metric(run: RunRecord, key: str) -> str:
    """The metric that a key of the summary tells of: `loss.min` of `loss`, where that was defined so."""
    name, _, word = key.rpartition(".")
    found = find(run.metrics, name) if word in AGGREGATES else None
    return name if found is not None and word in found.aggregates else key
