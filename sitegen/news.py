"""What the feeds of a site tell of: reports that were published, and metrics that took a step to a worse level."""

from collections.abc import Iterator

from runstore.errors import StoreError, UsageError
from runstore.manage.steps import Step, commits_in, history
from runstore.manage.terms import Terms
from runstore.reading.revision import ordered
from runstore.reading.store import Store
from sitegen import urls
from sitegen.extras import News
from sitegen.reported import Reports


def news(store: Store, reports: Reports) -> list[News]:
    """Everything there is to tell of a store."""
    return [*(News(*each) for each in reports.news()), *regressions(store)]


def regressions(store: Store) -> Iterator[News]:
    """The steps to worse levels in the history of each project, by the defaults of `runstore gate --history`."""
    for project in store.projects:
        for step in _steps(store, project.name):
            if step.verdict == "regression":
                page = urls.run_page(step.project, step.run.id)
                yield News(page, step.title, step.summary, step.when or 0.0)


def _steps(store: Store, project: str) -> tuple[Step, ...]:
    """The steps of one project; none where nothing says what is better there."""
    try:
        order = ordered(store.layout.root, commits_in(store))
    except StoreError:
        order = {}
    try:
        return history(store, Terms(project=project), order).steps
    except (StoreError, UsageError):
        return ()
