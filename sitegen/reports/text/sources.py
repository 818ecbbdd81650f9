"""The sources that a text cites, by number: each has the number of its first mention."""

from collections.abc import Callable
from html import escape

from sitegen.reports.mistakes import ReportError
from sitegen.reports.text.citations import Bibliography
from sitegen.reports.text.scope import Scope


class Sources:
    """Numbers the sources of a page, and lists them. The numbers are the scope's: captions count with the text."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._lines: dict[str, int] = {}

    @property
    def bibliography(self) -> Bibliography:
        """Raises `ReportError` where the report names no BibTeX file."""
        if self._scope.bibliography is None:
            raise ReportError("found a citation in a report without sources; add bibliography: sources.bib at its top")
        return self._scope.bibliography

    def link(self, key: str, line: int) -> str:
        """The number of a source, as a link to it. Raises `ReportError` for one that is not known."""
        self.bibliography.check(key)
        number = self._scope.cited.setdefault(key, len(self._scope.cited) + 1)
        self._lines.setdefault(key, line)
        return f'<a href="#cite-{number}">{number}</a>'

    def authors(self, key: str) -> str:
        """Who wrote a source, as a sentence names them. Raises `ReportError`."""
        return self.bibliography.authors(key)

    def listed(self, note: Callable[[int, str], object]) -> str:
        """The sources cited so far as HTML, "" for none; `note` is given each that is not complete, with a line."""
        items = "".join(self._item(key, number, note) for key, number in self._scope.cited.items())
        return f"<ol>\n{items}</ol>\n" if items else ""

    def _item(self, key: str, number: int, note: Callable[[int, str], object]) -> str:
        try:
            shown = str(self.bibliography.reference(key))
        except ReportError as error:
            note(self._lines.get(key, 0), str(error))
            shown = f'<span class="mistake">{escape(key)} <span class="mistake-why">{escape(str(error))}</span></span>'
        return f'<li id="cite-{number}">{shown}</li>\n'
