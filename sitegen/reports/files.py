"""The reports of a store as files: which there are, and what is in them."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from runstore.errors import UsageError
from runstore.format.layout import ProjectLayout, StoreLayout
from runstore.format.names import check_project_name
from runstore.reading.disclosure import Disclosure
from runstore.reading.problems import Problem
from runstore.reading.store import Store
from sitegen import urls
from sitegen.reports.front import LARGEST, Front, Parted, parted, read_front
from sitegen.reports.mistakes import Mistakes


@dataclass(frozen=True)
class ReportFile:
    """A report: its name in its folder, its project ("" for one about several), and its text.

    `slug` names its page's directory, `relative` its file below the store. `mistakes` are those of its front matter.
    """

    name: str
    slug: str
    project: str
    path: Path
    relative: str
    text: str
    mistakes: Mistakes = field(default_factory=Mistakes, compare=False, repr=False)

    @cached_property
    def parts(self) -> Parted:
        return parted(self.text, self.mistakes)

    @cached_property
    def front(self) -> Front:
        """What it says of itself; what is wrong with that is in `mistakes` then."""
        return read_front(self.parts, self.mistakes)

    @property
    def title(self) -> str:
        return self.front.title or self.name

    @property
    def page(self) -> str:
        """The file of its page, from the top of what its page is in."""
        return urls.report_page(self.project, self.slug)

    @property
    def own(self) -> str:
        """The way from its page to the files that are its own."""
        return ""

    @property
    def site(self) -> str:
        """Where our site lies, from the top of what its page is in."""
        return ""

    @property
    def speaks_of(self) -> list[str]:
        """The projects that its front matter names, its own among them, there or not."""
        named = (spec.project for spec in self.front.runs.values())
        return sorted(filter(_is_project_name, {self.project, self.front.project, *named}))

    @property
    def digest(self) -> str:
        return hashlib.blake2b(self.text.encode(), digest_size=12).hexdigest()

    @property
    def key(self) -> str:
        """What names it among all of the store: `digits/cross-validation`, or `summary`."""
        return f"{self.project}/{self.name}" if self.project else self.name


def report_files(store: Store, problems: list[Problem]) -> Iterator[ReportFile]:
    """Every report of a store, by project and name; what cannot be read is noted. Of a store that is read for the world
    no drafts, and texts without what stays in the store."""
    yield from _read_all(store.layout, "", store, store.disclosure, problems)
    for project in store.projects:
        yield from _read_all(project.layout, project.name, store, project.disclosure, problems)


def _read_all(
    layout: StoreLayout | ProjectLayout, project: str, store: Store, tell: Disclosure, problems: list[Problem]
) -> Iterator[ReportFile]:
    try:
        paths = layout.reports()
    except OSError as error:
        problems.append(Problem(store.relative(layout.reports_dir), 0, f"cannot be listed ({error.strerror})"))
        return
    slugs = urls.slugs(_printable(path.stem) for path in paths)
    for path in paths:
        relative, name = store.relative(path), _printable(path.stem)
        try:
            text = _text(path)
        except OSError as error:
            problems.append(Problem(relative, 0, f"cannot be read ({error.strerror}); see to its permissions"))
        except ValueError as error:
            problems.append(Problem(relative, 0, str(error)))
        else:
            found = ReportFile(name, slugs[name], project, path, relative, tell.text(text))
            if tell.is_whole or found.front.status == "published":
                yield found


def _text(path: Path) -> str:
    """Raises `OSError`, and `ValueError` for what is no report."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0))
    with open(descriptor, "rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError(f"found more than {LARGEST} bytes, expected a report; split it in two")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(f"found bytes that are no UTF-8 in line {line}, expected text; save it as UTF-8") from None


def _is_project_name(name: str) -> bool:
    try:
        return bool(check_project_name(name))
    except UsageError:
        return False


def _printable(name: str) -> str:
    """A file's name need not be valid Unicode."""
    return name.encode("utf-8", "backslashreplace").decode()
