"""Why something that a page names is not there: the store has it, and it stays out of a site for the world.

Only who builds the site is told. The page itself says no more than that there is no such thing.
"""

import re
from collections.abc import Collection
from typing import Final

from runstore.reading.store import Store
from sitegen.reported import read_reports
from sitegen.reports.files import ReportFile

_MISSING: Final = re.compile(r"found no run or report named (['\"])(.+)\1; correct the name")


def explained(message: str, store: Store, usual: str, hidden: Collection[str]) -> str:
    """What is wrong with a page, with the reason where a link leads to what is left out: a draft, or something of the
    projects `hidden`. Names without a project are of `usual`."""
    found = _MISSING.fullmatch(message)
    what = _left_out(found[2], store, usual, hidden) if found else ""
    return f"{what}, take out the link, or write public: false in mkdocs.yml" if what else message


def _left_out(name: str, store: Store, usual: str, hidden: Collection[str]) -> str:
    """What is left out that has this name, and how it is let in; "" where there is none."""
    project = name.partition("/")[0]
    if project in hidden:
        return _private(name, project)
    for file in read_reports(store).files:
        if name in _names(file, usual):
            if file.project in hidden:
                return _private(name, file.project)
            if file.front.status != "published":
                return f"found {name!r}, which is left out as a draft ({file.relative}); give it status: published"
    return ""


def _private(name: str, project: str) -> str:
    what = f"found {name!r}, of the private project {project}, which is left out"
    return f"{what}; write visibility: public into its project.yaml"


def _names(file: ReportFile, usual: str) -> Collection[str]:
    """How a link may name a report."""
    plain = f"reports/{file.name}"
    return (plain, f"{file.project}/{plain}") if file.project in ("", usual) else (f"{file.project}/{plain}",)
