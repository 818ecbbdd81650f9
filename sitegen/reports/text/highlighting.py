"""Code in colours: classes for the style sheet, from Pygments, for the languages that reports are written about."""

from collections.abc import Iterator
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

if TYPE_CHECKING:
    from pygments.lexer import Lexer

LANGUAGES: Final[dict[str, str]] = {
    **dict.fromkeys(("python", "py", "python3"), "python"),
    **dict.fromkeys(("pycon", "doctest"), "pycon"),
    **dict.fromkeys(("bash", "sh", "shell", "zsh"), "bash"),
    **dict.fromkeys(("console", "shell-session", "shellsession"), "console"),
    **dict.fromkeys(("yaml", "yml"), "yaml"),
    **dict.fromkeys(("json", "jsonl", "jsonc"), "json"),
    **dict.fromkeys(("javascript", "js"), "javascript"),
    **dict.fromkeys(("typescript", "ts"), "typescript"),
    **dict.fromkeys(("html", "xml", "css", "toml", "ini", "sql", "diff", "make", "docker", "r"), ""),
    **dict.fromkeys(("dockerfile",), "docker"),
    **dict.fromkeys(("makefile",), "make"),
    **dict.fromkeys(("c", "cpp", "cuda", "java", "julia", "go", "rust", "lua", "matlab"), ""),
    **dict.fromkeys(("c++", "cc"), "cpp"),
    **dict.fromkeys(("jl",), "julia"),
    **dict.fromkeys(("rs",), "rust"),
    **dict.fromkeys(("patch",), "diff"),
    **dict.fromkeys(("tex", "latex"), "latex"),
}
"""The languages that are coloured, by the words that name them. What is in no list of ours is plain: some of Pygments'
hundreds of lexers take exponential time over a text that was made for it."""
LONGEST: Final = 50_000
"""Characters of code that are coloured; what is longer stays plain."""
LONGEST_LINE: Final = 2_000

_KINDS: Final = (
    ("Comment", "c"),
    ("Keyword.Constant", "kc"),
    ("Keyword.Type", "kt"),
    ("Keyword", "k"),
    ("Operator.Word", "k"),
    ("Operator", "o"),
    ("Literal.String.Escape", "se"),
    ("Literal.String.Interpol", "se"),
    ("Literal.String", "s"),
    ("Literal.Number", "m"),
    ("Literal.Date", "m"),
    ("Name.Function", "nf"),
    ("Name.Class", "nc"),
    ("Name.Exception", "nc"),
    ("Name.Decorator", "nd"),
    ("Name.Builtin", "nb"),
    ("Name.Tag", "nt"),
    ("Name.Attribute", "na"),
    ("Generic.Inserted", "gi"),
    ("Generic.Deleted", "gd"),
    ("Generic.Heading", "gh"),
    ("Generic.Subheading", "gh"),
    ("Generic.Prompt", "gp"),
)
CLASSES: Final = frozenset(name for _, name in _KINDS)
"""The classes that the style sheet knows."""


def highlighted(code: str, language: str) -> Markup:
    """Code with its parts in spans of `CLASSES`, escaped; plain for a language that is not known."""
    name = language.lower()
    if name not in LANGUAGES or len(code) > LONGEST or max(map(len, code.split("\n"))) > LONGEST_LINE:
        return Markup(escape(code, quote=False))  # noqa: S704 (escaped)
    pieces = list(_lexer(LANGUAGES[name] or name).get_tokens(code))
    if "".join(text for _, text in pieces) != code:  # Some lexers lose what they take for no code.
        return Markup(escape(code, quote=False))  # noqa: S704 (escaped)
    return Markup("".join(_spans(pieces)))  # noqa: S704 (known classes, escaped text)


def _spans(pieces: list[tuple[Any, str]]) -> Iterator[str]:
    """Neighbours of one class share a span."""
    kind, waiting = "", ""
    for token, text in pieces:
        found = _class(token) if text.strip() else kind
        if found != kind:
            yield _span(kind, waiting)
            kind, waiting = found, ""
        waiting += text
    yield _span(kind, waiting)


def _span(kind: str, text: str) -> str:
    shown = escape(text, quote=False)
    return f'<span class="{kind}">{shown}</span>' if kind and text else shown


@cache
def _lexer(language: str) -> "Lexer":
    from pygments.lexers import get_lexer_by_name  # Not at the top: most stores show no code.

    return get_lexer_by_name(language, stripnl=False, ensurenl=False)


@cache
def _class(token: Any) -> str:
    name = ".".join(token)
    return next((kind for start, kind in _KINDS if name == start or name.startswith(f"{start}.")), "")
