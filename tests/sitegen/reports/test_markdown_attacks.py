"""Texts that were written to do harm: none of them gets more onto a page than words."""

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import Markup

from sitegen.reports.links import is_allowed
from sitegen.reports.mistakes import ReportError
from sitegen.reports.text.citations import bibliography
from sitegen.reports.text.markdown import Markdown, inline
from sitegen.reports.text.sanitising import CLASSES_OF, Pieces, cleaned
from sitegen.reports.text.scope import ClaimShown, ImageShown, Label, Link, Scope
from tests.sitegen.reports.harmless import dangers

EVIL = '"><script>alert(1)</script><img src=x onerror=alert(1) onmouseover="alert(1)">'


def scope() -> Scope:
    """A page on which everything that can be told is evil."""
    return Scope(
        labels={"fig-a": Label(EVIL, "#fig-a")},
        value=lambda expression, line: expression + EVIL,
        claim=lambda check, line: ClaimShown("fails", check + EVIL),
        link=lambda name, line: Link(name + EVIL, "../x.html"),
        image=lambda name, line: ImageShown(f"images/{quote(name)}", 1, 1),
        bibliography=bibliography({"a.bib": f"@misc{{a, title={{{EVIL}}}, author={{{EVIL}}}, url={{javascript:x}}}}"}),
    )


def render(text: str) -> str:
    return str(Markdown(text, blocks=frozenset({"block"})).render(scope()).html)


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<a href='javascript:alert(1)'>x</a>",
    "<style>*{display:none}</style>",
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>]]>",
    "<?php x ?>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "&lt;script&gt; &#60;script&#62; &#x3c;script>",
    "# <script>",
    "`<script>`",
    "    <script>",
    "```<script>\n<script>\n```",
    '```python" onclick="x\n</code></pre><script>alert(1)</script>\n```',
    "| <script> |\n|--|\n| <b> |",
    "[x](y '\" onclick=alert(1)')",
    '[x](<" onclick=alert(1)>)',
    '![" onerror=alert(1) x="](y \'" onerror="\')',
    '{{ "><script> }}',
    '[["><script>|<b>]]',
    "[<b>]{check='\"><script>'}",
    "@fig-a [](#fig-a) [@a, <b>] [<i> @a]",
    "> [!NOTE] <script>\n> <b>",
    '!!! note" onclick="x "<b>"\n    y',
    "???+ <b>\n    <i>",
    "[^<b>]\n\n[^<b>]: <script>",
    '[^" onclick="]\n\n[^" onclick="]: x',
    '# a {#"><b>}\n\n# x" onclick="y',
    "$\\text{<script>}$ $\\href{javascript:alert(1)}{x}$ $\\style{x}{y}$",
    '![x](y){#fig-"><b>}',
    "term <b>\n: <script>",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_but_harmless_elements_leaves(text: str) -> None:
    assert dangers(render(text)) == []
    assert dangers(str(inline(text, 1, scope())[0])) == []


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "&#106;avascript:alert(1)",
        "&#x6A&#x61;vascript:alert(1)",
        "javascript&colon;alert(1)",
        "java%0ascript:alert(1)",
        "java&#10;script:alert(1)",
        "java&Tab;script:alert(1)",
        "&#1;javascript:alert(1)",
        "%20javascript:alert(1)",
        "\x0bjavascript:alert(1)",
        "\u00a0javascript:alert(1)",
        "java\u200bscript:alert(1)",
        "vbscript:x",
        "data:text/html;base64,PHNjcmlwdD4=",
        "data:image/svg+xml,<svg onload=alert(1)>",
        "file:///etc/passwd",
        "blob:x",
        "view-source:x",
        "//evil.example/x",
        "\\\\evil.example\\x",
        "/\\evil.example",
        "http:javascript:alert(1)//",
    ],
)
@pytest.mark.parametrize("form", ["[x]({})", "[x](<{}>)", "[x][r]\n\n[r]: <{}>", "<{}>"])
def test_links_lead_to_web_pages_letters_and_files_beside_only(address: str, form: str) -> None:
    assert dangers(render(form.format(address))) == []


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "//evil.example"])
def test_a_link_that_is_refused_is_told_with_its_line(address: str) -> None:
    rendered = Markdown(f"a\nb [*x*]({address}) c", 5).render()
    assert [mistake.line for mistake in rendered.mistakes] == [6]
    assert "<em>x</em> c" in rendered.html
    assert "<a" not in rendered.html


@pytest.mark.parametrize(
    "address", ["https://x.org", "HTTP://x", "mailto:a@b.c", "a/b.html", "../x", "#a", "?a=b:c", "/x", ""]
)
def test_addresses_that_may_be_are_kept(address: str) -> None:
    assert is_allowed(address)


def test_links_tell_nobody_where_they_were_followed_from() -> None:
    assert '<a href="https://x.org" rel="noopener noreferrer">' in render("[a](https://x.org)")


def test_marks_of_pieces_cannot_be_forged() -> None:
    pieces = Pieces()
    mark = pieces.hold(Markup("<b onclick=x>ours</b>"))
    kind, secret, number, _ = mark.split("-")
    for forged in (mark.replace(secret, "0" * len(secret)), f"{kind}-{number}-", "piece--0-", mark[:-1]):
        assert pieces.put_in(f"<p>{forged}</p>") == f"<p>{forged}</p>"
    assert Pieces().put_in(mark) == mark
    assert len(secret) >= 24


def test_every_page_has_marks_of_its_own() -> None:
    assert len({Pieces().hold(Markup("")) for _ in range(100)}) == 100


def test_a_piece_that_holds_a_mark_is_not_read_again() -> None:
    pieces = Pieces()
    mark = pieces.hold(Markup("one"))
    assert pieces.put_in(pieces.hold(Markup(mark))) == mark


def test_classes_are_of_a_list() -> None:
    allowed = set().union(*CLASSES_OF.values())
    text = "\n\n".join(HOSTILE)
    math = {name for name in re.findall(r'class="([^"]*)"', render(text)) for name in name.split()}
    assert math - allowed - {"toc"} == set()
    assert cleaned('<p class="site-head callout-title">x</p>') == '<p class="callout-title">x</p>'


def test_ids_cannot_be_those_of_a_page() -> None:
    ids = re.findall(
        r' id="([^"]*)"', render("# main\n\n# a {#main}\n\n![b](c){#main}\n\n$$ x $$ {#main}\n\nx[^main]\n\n[^main]: y")
    )
    assert ids
    assert all(name.startswith(("sec-", "fig-", "eq-", "note-", "cite-")) for name in ids)


def test_half_characters_are_written_out() -> None:
    page = Scope(value=lambda expression, line: "\ud800", image=lambda name, line: ImageShown("\udfff", 1, 1))
    shown = Markdown("\ud83d {{ a }} ![b](c) \udc00").render(page).html
    assert shown.encode()
    assert "\\ud800" in shown


_PARTS = st.sampled_from(
    [
        *HOSTILE, "{{", "}}", "[[", "]]", "[@a]", "@a", "[", "]", "(", ")", "![", "](x)", "$", "$$", "```",
        "```block", "~~~",
        "> ", "- ", "- [x] ", "1. ", "# ", "|", "|--|", "\n", "\n\n", "    ", ": ", "[^1]", "[^1]: ", "*", "**",
        "_", "`", "\\",
        "!!! note", "[!TIP]", "[toc]", "[references]", "]{check='x'}", "{#fig-a}", "{#eq-a}", "<", ">", "&", ";",
        "\0", "\r",
        "\x0c", "\u2028", "word",
    ]
)  # fmt: skip
_TEXTS = st.one_of(st.text(max_size=200), st.lists(_PARTS, max_size=40).map("".join))


@settings(max_examples=300, deadline=None)
@given(_TEXTS)
def test_any_text_is_shown_without_harm(text: str) -> None:
    markdown = Markdown(text, blocks=frozenset({"block"}))
    one, other = markdown.render(scope()), Markdown(text, blocks=frozenset({"block"})).render(scope())
    assert one == other
    assert dangers(str(one.html)) == []
    assert "piece-" not in one.html or "piece-" in text
    last = len(re.split(r"\r\n?|\n", text))
    assert all(1 <= mistake.line <= last for mistake in one.mistakes)


@settings(max_examples=150, deadline=None)
@given(_TEXTS)
def test_any_caption_is_shown_without_harm(text: str) -> None:
    shown, wrong = inline(text, 3, scope())
    assert dangers(str(shown)) == []
    assert inline(text, 3, scope()) == (shown, wrong)


@settings(deadline=None)
@given(_TEXTS)
def test_everything_may_be_refused(text: str) -> None:
    def refuse(*asked: object) -> None:
        raise ReportError(f"no {asked} {EVIL}")

    page = Scope(value=refuse, claim=refuse, link=refuse, image=refuse)  # type: ignore[arg-type]
    assert dangers(str(Markdown(text).render(page).html)) == []


ENDLESS = {
    "open brackets": "'[' * n",
    "open images": "'![' * (n // 2)",
    "links in each other": "'[' * (n // 5) + 'a' + '](b)' * (n // 5)",
    "open notes": "'[^x]: y\\n\\n' + '[^a' * (n // 3)",
    "notes of notes": "''.join(f'[^{i}]: [^{i + 1}] [^{i}]\\n\\n' for i in range(n // 20)) + '[^0]'",
    "quotes": "'> ' * (n // 2) + 'a'",
    "lists": "'- ' * (n // 2)",
    "open values": "'{{' * (n // 2)",
    "open values with quotes": "'{{ \"a\" ' * (n // 8)",
    "open links": "'[[a' * (n // 3)",
    "open citations": "'[@a' * (n // 3)",
    "a long citation": "'[' + '@a;' * (n // 3) + ']'",
    "blanks before a citation": "('[' + ' ' * 1900 + 'x@') * (n // 1900)",
    "open claims": "\"[a]{check='x'} \" + '[' * n",
    "dollars": "'$a' * (n // 2)",
    "open equations": "'- $$a\\n' * (n // 6)",
    "blanks in a heading": "'# a' + ' ' * n + 'x'",
    "braces in a heading": "'# ' + '{{' * n + '](' * n",
    "wide tables": "'|a' * (n // 6) + '\\n' + '|-' * (n // 6) + '\\n' + '|x\\n' * (n // 9)",
    "stars": "'*a_ ' * (n // 4)",
    "ticks": "''.join('e' + '`' * i for i in range(int((2 * n) ** 0.5)))",
    "code": "'```python\\n' + '\\'' * n + '\\n```'",
    "formulas": "'$' + r'\\sqrt' * (n // 5) + '$'",
}


@pytest.mark.slow
def test_no_text_takes_more_than_its_length_asks_for() -> None:
    """Each took minutes or hours, if one character more cost more than the one before."""
    code = "from sitegen.reports.text.markdown import Markdown\nn = 40_000\n"
    code += f"for text in [{', '.join(ENDLESS.values())}]:\n"
    code += "    Markdown(text).render()\nprint('done')"
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=480)
    assert done.stdout == "done\n", done.stderr


@pytest.mark.parametrize(
    "html",
    ["<script>", "<b>x</b>", "<p onclick=x>", "<p style=x>", '<a href="javascript:x">', '<img src="//x">', "<!--x-->"],
)
def test_these_tests_see_harm(html: str) -> None:
    assert dangers(html)
