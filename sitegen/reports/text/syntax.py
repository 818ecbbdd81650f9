"""What the Markdown of reports has beyond CommonMark, as rules for markdown-it: `{{ value }}`, `[[run]]`, `[@source]`,
`@fig-label`, `[claim]{check="…"}`, and formulas.

Each rule only cuts out what it is about and notes where it stands in its paragraph; what to show is `rendering`'s.
No rule looks further ahead than a bound, or twice at the same characters: any text is read in linear time.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline, autolink, image, link
from mdit_py_plugins.footnote.index import footnote_ref

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

InlineRule = Callable[[StateInline, bool], bool]

ID: Final = r"[A-Za-z][A-Za-z0-9_-]{0,63}"
KEY: Final = r"\w(?:\w|[:.+/-](?=\w)){0,199}"
_VALUE: Final = re.compile(
    r"""\{\{((?:[^{}"'\0]|"[^"]{0,2000}"|'[^']{0,2000}'|\}(?!\})){1,2200})\}\}|\{\{(.{1,2200}?)\}\}""", re.DOTALL
)
_LONGEST_VALUE: Final = 2_204
_CROSS_LINK: Final = re.compile(r"\[\[([^\[\]\n|]{1,200})(?:\|([^\[\]\n]{1,200}))?\]\]")
_CITATION: Final = re.compile(r"\[([^\[\]]{1,2000})\](?![(\[{:])")
_CITED: Final = re.compile(rf"(?:([^@]*)\s)?-?@({KEY})(?:[,\s]([^@]*))?")
_NARRATIVE: Final = re.compile(rf"@({KEY})")
_WORD_BEFORE: Final = re.compile(r"[\w.+/@-]")
_CHECK: Final = re.compile(r"""\{check=(?:"([^"]{1,2000})"|'([^']{1,2000})')\}""")
_FORMULA: Final = re.compile(r"\$\$((?:[^$\\]|\\.)++)\$\$|\$(?![\s$])((?:[^$\\]|\\.)++)(?<!\s)\$(?!\d)", re.DOTALL)
_FOOTNOTE: Final = re.compile(r"\[\^[^\s\]]{1,100}\]")
_IN_TABLES: Final = re.compile(r"\{\{[^\n{}]{1,2200}\}\}|\[\[[^\[\]\n|]{1,200}\|[^\[\]\n]{1,200}\]\]")
_MOST_LINES: Final = 400
_EQUATION_ID: Final = re.compile(rf"\$\$[ \t]*\{{#({ID})\}}$")


def use_syntax(md: "MarkdownIt") -> None:
    """Teaches a parser all of it; footnotes must be known to it already."""
    inline = md.inline.ruler
    for name, rule in (("value", _value), ("formula", _formula)):
        inline.before("escape", name, rule)
    for name, rule in (("cross_link", _cross_link), ("citation", _citation), ("claim", _claim)):
        inline.before("link", name, rule)
    inline.push("narrative", _narrative)
    for name, rule in (("link", link), ("image", image), ("autolink", autolink)):
        inline.at(name, _placed(rule))
    inline.at("footnote_ref", _placed(_footnote))
    md.block.ruler.before("fence", "equation", _equation)
    md.core.ruler.after("normalize", "cover", _cover)
    md.core.ruler.after("block", "uncover", _uncover)


def _cover(state: StateCore) -> None:
    """A `|` inside a value or a link ends no cell of a table. No text holds a NUL, once it is normalised."""
    if "{{" in state.src or "[[" in state.src:
        state.src = _IN_TABLES.sub(lambda found: found[0].replace("|", "\0"), state.src)


def _uncover(state: StateCore) -> None:
    for token in state.tokens:
        if "\0" in token.content:
            token.content = token.content.replace("\0", "|")
        if "\0" in token.info:
            token.info = token.info.replace("\0", "|")
    for reference in state.env.get("references", {}).values():
        for key, text in reference.items():
            reference[key] = text.replace("\0", "|").replace("%00", "%7C") if isinstance(text, str) else text


def _placed(rule: InlineRule) -> InlineRule:
    """A rule of markdown-it whose tokens know where they stand."""

    def placed(state: StateInline, silent: bool) -> bool:
        at, known = state.pos, len(state.tokens)
        if not rule(state, silent):
            return False
        for token in state.tokens[known:] if not silent else ():
            token.meta.setdefault("at", at)
        return True

    return placed


def _push(state: StateInline, kind: str, at: int, **meta: object) -> "Token":
    token = state.push(kind, "", 0)
    token.meta = {"at": at, **meta}
    return token


def _value(state: StateInline, silent: bool) -> bool:
    """`{{ expression }}`: ends at the first `}}` that stands in no quotes."""
    if not state.src.startswith("{{", state.pos) or state.src.find("}}", state.pos, state.pos + _LONGEST_VALUE) < 0:
        return False
    found = _VALUE.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    if not silent:
        token = _push(state, "value", state.pos)
        token.content, token.markup = (found[1] or found[2]).strip(), found[0]
    state.pos = found.end()
    return True


def _formula(state: StateInline, silent: bool) -> bool:
    """`$x$`, and `$$x$$` inside a paragraph; a `$` before a digit or after a space is a sign of money."""
    if state.src[state.pos] != "$":
        return False
    found = _FORMULA.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    if not silent:
        token = _push(state, "formula", state.pos, display=found[1] is not None)
        token.content, token.markup = found[1] or found[2], found[0]
    state.pos = found.end()
    return True


def _cross_link(state: StateInline, silent: bool) -> bool:
    """`[[run]]` and `[[run|shown text]]`."""
    if state.linkLevel or not state.src.startswith("[[", state.pos):
        return False
    found = _CROSS_LINK.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    if not silent:
        token = _push(state, "cross_link", state.pos, shown=(found[2] or "").strip())
        token.content, token.markup = found[1].strip(), found[0]
    state.pos = found.end()
    return True


def _citation(state: StateInline, silent: bool) -> bool:
    """`[@key]`, `[@one; see @other, p. 3]`."""
    if state.linkLevel or state.src[state.pos] != "[":
        return False
    found = _CITATION.match(state.src, state.pos, state.posMax)
    items = [_CITED.fullmatch(item.strip()) for item in found[1].split(";")] if found and "@" in found[1] else [None]
    if found is None or None in items:
        return False
    if not silent:
        parts = [tuple((part or "").strip() for part in item.groups()) for item in items if item]
        _push(state, "citation", state.pos, items=parts).markup = found[0]
    state.pos = found.end()
    return True


def _narrative(state: StateInline, silent: bool) -> bool:
    """`@key` in a sentence. The `@` of an e-mail address stands after a letter."""
    before = state.src[state.pos - 1] if state.pos else " "
    if state.linkLevel or state.src[state.pos] != "@" or _WORD_BEFORE.match(before):
        return False
    found = _NARRATIVE.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    if not silent:
        token = _push(state, "narrative", state.pos)
        token.content, token.markup = found[1], found[0]
    state.pos = found.end()
    return True


def _claim(state: StateInline, silent: bool) -> bool:
    """`[some text]{check="…"}`; the text is Markdown."""
    if state.src[state.pos] != "[" or "claims" not in state.env:
        return False
    ends = state.md.helpers.parseLinkLabel(state, state.pos)
    found = _CHECK.match(state.src, ends + 1, state.posMax) if ends > 0 else None
    if found is None:
        return False
    if not silent:
        _push(state, "claim_open", state.pos).content = (found[1] or found[2]).strip()
        state.pos, maximum, state.posMax = state.pos + 1, state.posMax, ends
        state.md.inline.tokenize(state)
        state.posMax = maximum
        _push(state, "claim_close", ends)
    state.pos = found.end()
    return True


def _footnote(state: StateInline, silent: bool) -> bool:
    """`[^note]`. The rule for it would look through all that follows a `[^` without an end."""
    return bool(_FOOTNOTE.match(state.src, state.pos, state.posMax)) and footnote_ref(state, silent)


def _equation(state: StateBlock, first: int, last: int, silent: bool) -> bool:
    """`$$ … $$` on lines of its own, on one or several, without a blank one; `{#eq-name}` after it labels it."""
    lines: list[str] = []
    for number in range(first, min(last, first + _MOST_LINES)):
        start = state.bMarks[number] + state.tShift[number]
        line = state.src[start : state.eMarks[number]].rstrip()
        if not line or (number > first and state.sCount[number] < state.blkIndent):
            return False
        if number == first and (not line.startswith("$$") or state.is_code_block(number)):
            return False
        lines.append(line.removeprefix("$$") if number == first else line)
        if ends := _end_of_equation(lines):
            break
        if "$$" in lines[-1]:
            return False
    else:
        return False
    if not silent:
        _push_equation(state, "\n".join(lines), ends, first, number + 1)
    return True


def _end_of_equation(lines: list[str]) -> re.Match[str] | str | None:
    label = _EQUATION_ID.search(lines[-1])
    if label is not None:
        return label
    return "$$" if lines[-1].endswith("$$") else None


def _push_equation(state: StateBlock, text: str, ends: re.Match[str] | str, first: int, after: int) -> None:
    token = state.push("equation", "", 0)
    token.block = True
    token.map = [first, after]
    cut = len(ends) if isinstance(ends, str) else len(ends[0])
    token.content, token.meta = text[:-cut].strip(), {"id": "" if isinstance(ends, str) else ends[1]}
    state.line = after
