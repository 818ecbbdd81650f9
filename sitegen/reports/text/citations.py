"""Sources that a report cites: entries of BibTeX files, numbered in the order in which the text names them.

A file is cut into its entries first, and pybtex reads only those that are cited: a broken entry costs itself alone.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache, cached_property
from html import escape, unescape
from typing import Any, Final, NamedTuple

from markupsafe import Markup

from sitegen.reports.links import is_allowed
from sitegen.reports.mistakes import ReportError

LARGEST: Final = 2_000_000
"""Bytes that a BibTeX file may have."""
LONGEST: Final = 20_000
"""Characters that one entry of it may have."""

_HEAD: Final = re.compile(r"^[ \t]*@[ \t]*(\w{1,40})[ \t]*[{(]\s*(?:([^\s,{}()\"]{1,200})\s*[,})])?", re.MULTILINE)
_PARENT: Final = re.compile(r"""crossref\s*=\s*[{"]([^{}"]{1,200})[}"]""", re.IGNORECASE)
_COMMAND: Final = re.compile(r"\\[A-Za-z]+\s*")
_MOST_AUTHORS: Final = 2


class Entry(NamedTuple):
    """One entry of a BibTeX file as text, with the line on which it begins."""

    text: str
    name: str
    line: int

    @property
    def place(self) -> str:
        return f"{self.name}, line {self.line}"


class Problem(NamedTuple):
    """What is wrong with a BibTeX file: its name, the line, and what to do."""

    name: str
    line: int
    message: str


@dataclass(frozen=True)
class Bibliography:
    """The entries of a report's BibTeX files by key, the abbreviations defined in them, and what is wrong there."""

    entries: Mapping[str, Entry]
    strings: tuple[Entry, ...] = ()
    problems: tuple[Problem, ...] = ()
    _read: dict[str, tuple[Any, Any]] = field(default_factory=dict, repr=False, compare=False)

    def reference(self, key: str) -> Markup:
        """The line of a source in the list of references, as HTML. Raises `ReportError`."""
        entry, others = self._entry(key)
        try:
            text = _style().format_entry("", entry, others).text.render(_backend())
        except Exception as error:  # Whatever is in the file: a field that is missing, a name without end.
            raise ReportError(f"{self.entries[key].place}: {_reason(error)}; complete the entry") from None
        return Markup(text)  # noqa: S704 (escaped by the backend)

    def authors(self, key: str) -> str:
        """Who wrote a source, as a sentence names them: "Li and Jamieson", "Li et al."; its key where nobody is named.

        Raises `ReportError`.
        """
        people = self._entry(key)[0].persons
        names = [_last_name(person) for person in people.get("author") or people.get("editor") or ()]
        if len(names) > _MOST_AUTHORS:
            return f"{names[0]} et al."
        return " and ".join(names) or key

    def check(self, key: str) -> None:
        """Raises `ReportError` for a key that no entry has."""
        if key not in self.entries:
            near = get_close_matches(key, list(self.entries)[:5000], 1)
            mend = f"did you mean {near[0]!r}?" if near else "add the entry, or correct the key"
            raise ReportError(f"found no source {key[:80]!r} in the bibliography; {mend}")

    @cached_property
    def macros(self) -> Mapping[str, str]:
        """The abbreviations that the files define, and the months. What is wrong with one shows where it is used."""
        from pybtex.exceptions import PybtexError

        parser = _parser(None)
        for entry in self.strings:
            try:
                parser.parse_string(entry.text)
            except PybtexError:
                continue
        return dict(parser.macros)

    def _entry(self, key: str) -> tuple[Any, Any]:
        """An entry as pybtex has it, with those that it takes fields from."""
        self.check(key)
        if key not in self._read:
            self._read[key] = _parsed(self, key)
        return self._read[key]


def bibliography(files: Mapping[str, str]) -> Bibliography:
    """The bibliography in the texts of BibTeX files, by their names. The first entry of a key counts."""
    entries: dict[str, Entry] = {}
    problems: list[Problem] = []
    strings: list[Entry] = []
    for name, text in files.items():
        for kind, key, entry in _cut(text, name):
            if problem := _problem(kind, key, entry, entries):
                problems.append(Problem(name, entry.line, problem))
            elif kind == "string":
                strings.append(entry)
            else:
                entries[key] = entry
    return Bibliography(entries, tuple(strings), tuple(problems))


def _cut(text: str, name: str) -> Iterator[tuple[str, str, Entry]]:
    """The kind, key and text of each entry; an entry begins where a line begins with `@`."""
    heads = list(_HEAD.finditer(text))
    starts = [*(head.start() for head in heads), len(text)]
    line, counted = 1, 0
    for head, ends in zip(heads, starts[1:], strict=True):
        line, counted = line + text.count("\n", counted, head.start()), head.start()
        kind = head[1].lower()
        if kind not in ("comment", "preamble"):
            yield kind, head[2] or "", Entry(text[head.start() : ends], name, line)


def _problem(kind: str, key: str, entry: Entry, entries: Mapping[str, Entry]) -> str:
    if len(entry.text) > LONGEST:
        return f"found an entry of {len(entry.text):,} characters, expected at most {LONGEST:,}; shorten it"
    if kind != "string" and not key:
        return "found an entry without a key; write @article{key, …}"
    if key in entries:
        return f"found the key {key!r} again (first in {entries[key].place}); give one of the two another"
    return ""


def _parsed(found: Bibliography, key: str) -> tuple[Any, Any]:
    """The entry as pybtex has it, with what it takes from the one that it refers to. Raises `ReportError`."""
    from pybtex.exceptions import PybtexError

    entry = found.entries[key]
    parent = _PARENT.search(entry.text)
    other = found.entries.get(parent[1]) if parent else None
    try:
        data = _parser(found.macros).parse_string(f"{entry.text}\n{other.text if other else ''}")
        return data.entries[key], data
    except (PybtexError, KeyError, RecursionError, ValueError) as error:
        line = entry.line + (getattr(error, "lineno", None) or 1) - 1
        raise ReportError(f"{entry.name}, line {line}: {_reason(error)}; mend the entry") from None


def _parser(macros: Mapping[str, str] | None) -> Any:
    """A parser that stops at the first mistake, whatever pybtex was told elsewhere."""
    from pybtex.database.input.bibtex import Parser, month_names

    class Strict(Parser):  # type: ignore[misc]
        def handle_error(self, error: Exception) -> None:
            raise error

    return Strict(macros=month_names if macros is None else macros)


def _last_name(person: Any) -> str:
    names = [*person.rich_prelast_names, *person.rich_last_names] or person.rich_first_names
    return " ".join(str(name) for name in names).replace("<nbsp>", " ")


def _reason(error: Exception) -> str:
    text = re.sub(r" in line \d+", "", " ".join(str(error).split()))[:200]
    return f"found an entry that cannot be read ({text or type(error).__name__})"


@cache
def _style() -> Any:
    from pybtex.style.formatting.plain import Style  # Not at the top: few reports cite.

    class Plain(Style):  # type: ignore[misc]
        """The style `plain`; kinds of entries that it does not know are `misc`."""

        def format_entry(self, label: str, entry: Any, bib_data: Any = None) -> Any:
            if not hasattr(self, f"get_{entry.type}_template"):
                entry.type = "misc"
            return super().format_entry(label, entry, bib_data)

    return Plain()


@cache
def _backend() -> Any:
    from pybtex.backends.html import Backend

    class Escaped(Backend):  # type: ignore[misc]
        """HTML without what pybtex takes over unseen: addresses, and commands of TeX that it does not know."""

        def format_str(self, text: str) -> str:
            return escape(_COMMAND.sub("", text))

        def format_protected(self, text: str) -> str:
            return text

        @staticmethod
        def format_href(url: str, text: str, external: bool = False) -> str:
            address = unescape(url)
            return f'<a href="{escape(address)}">{text}</a>' if is_allowed(address) else text

    return Escaped()
