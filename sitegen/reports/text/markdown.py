"""The Markdown of reports: parsed once, rendered over whatever its page knows.

CommonMark with tables, footnotes, task lists, definition lists, callouts, formulas, values, claims and citations. It is
text of strangers: there is no raw HTML in it, and what leaves is cleaned.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from sitegen.reports.mistakes import Mistake
from sitegen.reports.text.scope import Scope

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token
    from markdown_it.tree import SyntaxTreeNode

    from sitegen.reports.text.rendering import Heading

LONGEST: Final = 2_000_000
"""Characters that a text may have; what is beyond is left out."""
_LONGEST_CAPTION: Final = 20_000


@dataclass(frozen=True, slots=True)
class Fence:
    """A fenced block that is no code: its first word, what stands after that, its content, and the line of the file on
    which the content begins."""

    word: str
    info: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Rendered:
    """A text as a page shows it. `mistakes` are in the order of their lines; `words` counts those of the text."""

    html: Markup
    toc: "tuple[Heading, ...]"
    mistakes: tuple[Mistake, ...]
    words: int


class Markdown:
    """A text. `fences` are its blocks whose first word is among `blocks`; `labels` are the ids of the figures and
    equations that it labels itself, in their order, with their lines."""

    fences: tuple[Fence, ...]
    labels: Mapping[str, int]

    def __init__(self, text: str, first_line: int = 1, blocks: frozenset[str] = frozenset()) -> None:
        from sitegen.reports.text.structure import Shape  # Not at the top: most stores have no report.

        self._first = first_line
        self._shape = Shape()
        self._mistakes: list[Mistake] = []
        if len(text) > LONGEST:
            self._mistakes.append(Mistake(first_line, f"found {len(text):,} characters, expected at most {LONGEST:,}"))
        self._tokens = _parsed(text[:LONGEST], self._shape)
        self.fences = tuple(self._fences(blocks))
        self.labels = {name: first_line + line for name, line in self._shape.labels.items()}
        self._mistakes += [Mistake(first_line + line, said) for line, said in self._shape.mistakes]
        self._words = sum(map(_words, self._tokens))

    def render(self, scope: Scope | None = None) -> Rendered:
        """The text as HTML. The same scope gives the same bytes."""
        from sitegen.reports.text.rendering import Rendering

        rendering = Rendering(scope or Scope(), self._shape.sections, self._first)
        html = rendering.finished(rendering.html(self._tokens))
        mistakes = sorted([*self._mistakes, *rendering.mistakes], key=lambda mistake: mistake.line)
        return Rendered(html, tuple(rendering.headings), tuple(mistakes), self._words)

    def tree(self) -> "SyntaxTreeNode":
        """The text as a tree, for other forms of it."""
        from markdown_it.tree import SyntaxTreeNode

        return SyntaxTreeNode(list(self._tokens))

    @property
    def sections(self) -> Mapping[str, str]:
        """The titles of its sections by their ids."""
        return self._shape.sections

    def line(self, at: int) -> int:
        """The line of the report's file for one of the text, from 0."""
        return self._first + at

    def _fences(self, blocks: frozenset[str]) -> "list[Fence]":
        from sitegen.reports.text.typos import MOST, of_fence

        found: list[Fence] = []
        for token in self._tokens:
            if token.type != "fence" or token.map is None:
                continue
            line = self._first + token.map[0]
            word, info = [*token.info.split(maxsplit=1), "", ""][:2]
            if _is_open(token):
                said = f"found {token.markup}{word} that does not end; close it with a line of {token.markup}"
                self._mistakes.append(Mistake(line, said))
            if word not in blocks and len(self._mistakes) < MOST and (said := of_fence(word, blocks)):
                self._mistakes.append(Mistake(line, said))
            if word in blocks:
                token.meta["block"] = len(found)
                found.append(Fence(word, info.strip(), token.content, line + 1))
        return found


def inline(text: str, line: int, scope: Scope) -> tuple[Markup, tuple[Mistake, ...]]:
    """A caption or a title, on one line of the file, as HTML without blocks."""
    from sitegen.reports.text.structure import Shape
    from sitegen.reports.text.wording import Wording

    text, shape = _encodable(text.rstrip()[:_LONGEST_CAPTION]), Shape()
    tokens = _parser().parseInline(text, _env(text, shape))
    wording = Wording(scope, {}, line)
    html = wording.words(text, tokens[0].children or () if tokens else (), line)
    told = (Mistake(line, said) for _, said in shape.mistakes)
    return wording.pieces.put_in(html), (*told, *wording.mistakes)


def inline_tokens(text: str) -> "Sequence[Token]":
    """A caption or a title as tokens."""
    from sitegen.reports.text.structure import Shape

    text = _encodable(text.rstrip()[:_LONGEST_CAPTION])
    return _parser().parseInline(text, _env(text, Shape()))


def _parsed(text: str, shape: Any) -> "Sequence[Token]":
    return _parser().parse(_encodable(text), _env(text, shape))


def _encodable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _env(text: str, shape: Any) -> dict[str, Any]:
    return {"shape": shape, **({"claims": True} if "]{check=" in text else {})}


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt
    from mdit_py_plugins.admon import admon_plugin
    from mdit_py_plugins.deflist import deflist_plugin
    from mdit_py_plugins.footnote import footnote_plugin

    from sitegen.reports.text.structure import use_structure
    from sitegen.reports.text.syntax import use_syntax
    from sitegen.reports.text.typos import use_typos

    md = MarkdownIt("commonmark", {"html": False, "tasklists": True}).enable(["table", "strikethrough"])
    md.use(footnote_plugin, inline=False).use(deflist_plugin).use(admon_plugin)
    use_syntax(md)
    use_structure(md)
    use_typos(md)
    # Where links lead is judged when they are rendered: there a mistake can be told.
    md.validateLink = lambda url: True  # type: ignore[method-assign]
    return md


def _is_open(token: "Token") -> bool:
    """Whether nothing ends a fence: a line that ends one is the last of its lines, and not of its content."""
    first, last = token.map or (0, 0)
    return last - first < _lines(token.content) + 2


def _words(token: "Token") -> int:
    own = len(token.content.split()) if token.type in ("text", "code_inline") else 0
    return own + sum(map(_words, token.children or ()))


def _lines(content: str) -> int:
    return content.count("\n") + (content[-1:] not in ("", "\n"))
