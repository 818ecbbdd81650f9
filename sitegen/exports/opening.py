"""A report as exports take it: compiled over the store, or over what the store was at the commit it is pinned to."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from runstore.errors import StoreError
from runstore.reading.revision import store_at
from runstore.reading.store import read_store
from sitegen.pages.context import PageContext
from sitegen.pinned import over, plan_pinned
from sitegen.plan import SitePlan, plan_site
from sitegen.reported import ReportPlan
from sitegen.reporting import find_report

Render = Callable[[str, PageContext], bytes]


@dataclass(frozen=True, slots=True)
class Opened:
    """A report with the plan of the site that its projects would have: what its page loads can be made from there."""

    plan: SitePlan = field(repr=False)
    report: ReportPlan


def _unrendered(template: str, page: PageContext) -> bytes:
    return b""


@contextmanager
def opened(root: Path, name: str, render: Render = _unrendered) -> Iterator[Opened]:
    """The report with this name. Raises `StoreError` where there is none, or its commit is gone."""
    key = find_report(root, name).key
    store = read_store(root)
    plan = plan_site(store, [], "export", render)
    for report in plan.reports.plans:
        if report.file.key == key:
            if report.gone:
                raise StoreError(f"{report.file.relative}: {report.gone}")
            yield Opened(plan, report)
            return
    pinned, report = next(
        (group, each) for group in plan.reports.pinned for each in group.plans if each.file.key == key
    )
    with store_at(store.layout.root, pinned.commit.sha, projects=pinned.projects) as found:
        past = plan_pinned(found.store, "export", render)
        yield Opened(past, over(report, past))
