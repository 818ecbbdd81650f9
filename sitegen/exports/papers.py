"""A report for a paper: LaTeX or Markdown with its figures, images and sources beside it, or all of it in one zip."""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urljoin

from sitegen import urls
from sitegen.exports.opening import Opened
from sitegen.exports.pictures import Files, figure_files
from sitegen.exports.sources import bib_file
from sitegen.reports.writing.as_latex import latex
from sitegen.reports.writing.as_markdown import markdown
from sitegen.reports.writing.walking import Places

Form = Literal["md", "tex"]
_MOMENT: Final = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Paper:
    """A report's text, the files beside it by their paths, and what of its figures could not be drawn, in lines."""

    text: str
    files: Mapping[str, bytes]
    problems: tuple[str, ...]


def paper(found: Opened, form: Form, name: str, url: str = "") -> Paper:
    """The report whose text will be called `name`, without ending; files beside it lie in `name-files`.

    Links into the site lead below `url`, where it stands; without one they are left out.
    """
    report, folder = found.report.report, f"{name}-files/"
    page = _page(found, url)
    drawn = figure_files(report, found.report.subjects, "svg" if form == "md" else "pdf", folder, page)
    places = Places(page, drawn.pictures, f"{folder}images/")
    if form == "md":
        return Paper(markdown(report, places), drawn.files, _problems(found, drawn))
    return _in_latex(found, places, drawn, name)


def _in_latex(found: Opened, places: Places, drawn: Files, name: str) -> Paper:
    report = found.report.report
    sources = report.scope.bibliography
    files = dict(drawn.files)
    if sources is not None:
        files[f"{name}.bib"] = bib_file(sources).encode()
    return Paper(latex(report, places, [name] if sources else ()), files, _problems(found, drawn))


def _problems(found: Opened, drawn: Files) -> tuple[str, ...]:
    """What is wrong with the report, and what of its figures could not be drawn."""
    return (*map(str, found.report.report.problems), *drawn.problems)


def _page(found: Opened, url: str) -> str:
    file = found.report.file
    return urljoin(f"{url.rstrip('/')}/", urls.href(urls.report_page(file.project, file.slug))) if url else ""


def zipped(paper: Paper, name: str) -> bytes:
    """The paper in LaTeX and all beside it as one zip; the same paper gives the same bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in sorted({f"{name}.tex": paper.text.encode(), **paper.files}.items()):
            archive.writestr(zipfile.ZipInfo(path, _MOMENT), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()
