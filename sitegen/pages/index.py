"""The store's front page: a card for each project."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from runstore.format.records import STATES
from runstore.reading.rows import number
from runstore.reading.store import Project, RunRecord, Store
from sitegen import urls
from sitegen.pages.context import PageContext, ProblemRow, iso, problem_rows

_HIGHER = re.compile(r"acc|auc|f1|score|r2|precision|recall|reward|bleu|map\b", re.IGNORECASE)
_LOWER = re.compile(r"loss|error|mse|rmse|mae|perplexity", re.IGNORECASE)
_HELD_OUT = re.compile(r"val|test|eval", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Headline:
    """The best value of the metric that seems to matter most in a project."""

    metric: str
    best: str
    goal: str


@dataclass(frozen=True, slots=True)
class ProjectCard:
    """One project on the front page; `states` as (state, runs), `last_activity` as ISO 8601."""

    name: str
    title: str
    description: str
    href: str
    runs: int
    states: tuple[tuple[str, int], ...]
    last_activity: str | None
    groups: int
    headline: Headline | None


@dataclass(frozen=True, slots=True)
class IndexPage(PageContext):
    """Context of `index.html`."""

    store_name: str
    projects: tuple[ProjectCard, ...]
    problems: tuple[ProblemRow, ...]


def index_page(store: Store) -> IndexPage:
    name = store.meta.entity or "Experiments"
    cards = [_card(project) for project in store.projects]
    cards.sort(key=lambda card: card.name)
    cards.sort(key=lambda card: card.last_activity or "", reverse=True)
    return IndexPage(
        title=name,
        root="",
        crumbs=(),
        store_name=name,
        projects=tuple(cards),
        problems=problem_rows(store.all_problems()),
    )


def _card(project: Project) -> ProjectCard:
    states = Counter(run.state for run in project.runs)
    return ProjectCard(
        name=project.name,
        title=project.meta.title or project.name,
        description=project.meta.description,
        href=urls.href(urls.project_page(project.name)),
        runs=len(project.runs),
        states=tuple((state, states[state]) for state in STATES if states[state]),
        last_activity=iso(last_activity(project.runs)),
        groups=len({run.meta.group for run in project.runs if run.meta.group}),
        headline=_headline(project.runs),
    )


def last_activity(runs: Sequence[RunRecord]) -> float | None:
    return max((run.last_sign for run in runs if run.last_sign is not None), default=None)


def _headline(runs: Sequence[RunRecord]) -> Headline | None:
    values: dict[str, list[float]] = {}
    for run in runs:
        for key, value in run.summary.items():
            as_number = None if isinstance(value, bool | str) else number(value)
            if as_number is not None and math.isfinite(as_number):
                values.setdefault(key, []).append(as_number)
    ranked = sorted((key for key in values if _rank(key) < 4), key=lambda key: (_rank(key), -len(values[key]), key))
    if not ranked:
        return None
    key = ranked[0]
    highest = bool(_HIGHER.search(key))
    best = max(values[key]) if highest else min(values[key])
    return Headline(key, f"{best:.4g}", "highest" if highest else "lowest")


def _rank(key: str) -> int:
    if _HIGHER.search(key):
        return 0 if _HELD_OUT.search(key) else 2
    if _LOWER.search(key):
        return 1 if _HELD_OUT.search(key) else 3
    return 4
