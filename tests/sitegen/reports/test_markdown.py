"""What the Markdown of reports shows, and on which line of the file a mistake is said to stand."""

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from sitegen.reports.mistakes import Mistake, ReportError
from sitegen.reports.text.citations import bibliography
from sitegen.reports.text.markdown import Fence, Markdown, inline
from sitegen.reports.text.scope import ClaimShown, ImageShown, Label, Link, Scope

BIB = """\
@article{li2018, author={Li, Lisha and Jamieson, Kevin and Rostamizadeh, Afshin}, title={Hyperband}, journal={JMLR},
  year=2018}
@misc{box, author={Box, George and Cox, David}, title={Transformations}, year=1964}
"""


def scope(**changes: object) -> Scope:
    """A page that knows something of each kind, and says on which line it was asked."""
    usual = {
        "labels": {"fig-acc": Label("Figure 3", "#fig-acc"), "eq-loss": Label("Equation 1", "#eq-loss")},
        "value": lambda expression, line: f"{expression} at {line}",
        "claim": lambda check, line: ClaimShown("holds", f"{check} at {line}"),
        "link": lambda name, line: Link(f"{name} at {line}", "../r/index.html") if name != "gone" else None,
        "image": lambda name, line: ImageShown(f"images/{name}", 40, 30) if "gone" not in name else None,
        "bibliography": bibliography({"sources.bib": BIB}),
    }
    return Scope(**{**usual, **changes})  # type: ignore[arg-type]


def html(text: str, **changes: object) -> str:
    return str(Markdown(text).render(scope(**changes)).html).strip()


def bare(text: str, **changes: object) -> str:
    """The HTML without what every link and cell says of itself."""
    return html(text, **changes).replace(' rel="noopener noreferrer"', "")


def mistakes(text: str, first_line: int = 1, **changes: object) -> list[Mistake]:
    return list(Markdown(text, first_line).render(scope(**changes)).mistakes)


def lines(text: str, first_line: int = 1, **changes: object) -> list[int]:
    return [mistake.line for mistake in mistakes(text, first_line, **changes)]


def test_an_empty_text_is_empty() -> None:
    rendered = Markdown("").render()
    assert (rendered.html, rendered.toc, rendered.mistakes, rendered.words) == ("", (), (), 0)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("*a* **b** ~~c~~ `d`", "<p><em>a</em> <strong>b</strong> <s>c</s> <code>d</code></p>"),
        ("a  \nb\nc", "<p>a<br>\nb\nc</p>"),
        ("> a", "<blockquote>\n<p>a</p>\n</blockquote>"),
        ("---", "<hr>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("3. a", '<ol start="3">\n<li>a</li>\n</ol>'),
        ("<b>a</b> &amp; <!-- c -->", "<p>&lt;b&gt;a&lt;/b&gt; &amp; &lt;!-- c --&gt;</p>"),
        ("<https://x.org>", '<p><a href="https://x.org">https://x.org</a></p>'),
        ('[a](b.html "t")', '<p><a href="b.html" title="t">a</a></p>'),
        ("    x < y\n", '<pre class="code" tabindex="0"><code>x &lt; y\n</code></pre>'),
        ("Term\n: One\n: Two", '<dl class="terms">\n<dt>Term</dt><dd>One</dd>\n<dd>Two</dd>\n</dl>'),
    ],
)
def test_commonmark_is_shown(text: str, shown: str) -> None:
    assert re.sub(r"</dt>\n", "</dt>", bare(text)) == shown


def test_tables_align_by_classes() -> None:
    shown = html("| a | b | c |\n|:--|:-:|--:|\n| 1 | 2 | 3 |")
    assert shown.startswith('<div class="table-wide" tabindex="0"><table>')
    assert '<th class="align-left">a</th>' in shown
    assert '<td class="align-center">2</td>' in shown
    assert '<td class="align-right">3</td>' in shown
    assert "style" not in shown


def test_task_lists_have_boxes_that_are_named_and_cannot_be_ticked() -> None:
    shown = html("- [x] one\n- [ ] two")
    assert shown.count('<input type="checkbox" disabled=""') == 2
    assert re.search(r'<li class="task"><input [^>]*checked="" aria-label="done"> one', shown)
    assert re.search(r'<input [^>]*aria-label="to do"> two', shown)


def test_footnotes_lead_there_and_back() -> None:
    shown = bare("a[^n] b[^n] c[^m]\n\n[^n]: one\n\n    more\n[^m]: two")
    assert '<sup class="note-ref"><a id="note-1-from" href="#note-1">1</a></sup>' in shown
    assert '<a id="note-1-from-2" href="#note-1">1</a>' in shown
    assert '<li id="note-2"><p>two <a class="note-back" href="#note-2-from" aria-label="Back to the text">' in shown
    assert shown.index("more") > shown.index('<section class="notes">')


def test_a_footnote_that_nobody_defines_is_text() -> None:
    assert bare("a[^n]") == "<p>a[^n]</p>"
    assert bare("[^n m](x) [^n\n\n[^n]: y").startswith('<p><a href="x">^n m</a> [^n</p>')


# Near misses: what would show as words, and is told


@pytest.mark.parametrize(
    ("word", "meant"),
    [("panle", "panel"), ("Panel", "panel"), ("{panel}", "panel"), ("tabel", "table"), ("linage", "lineage"),
     ("pannels", "panels"), ("run", "runs"), ("maths", "math")],
)  # fmt: skip
def test_a_fence_whose_name_is_almost_ours_is_told(word: str, meant: str) -> None:
    text = f"a\n\n```{word}\ntype: line\n```"
    found = Markdown(text, 5, frozenset({"panel", "panels", "table", "runs", "lineage"})).render(scope())
    assert [mistake.line for mistake in found.mistakes] == [7]
    assert found.mistakes[0].message.endswith(f"did you mean {meant}?")
    assert "<pre" in found.html


@pytest.mark.parametrize(
    "word", ["", "python", "rust", "text", "math", "matlab", "mermaid", "csv", "plain", "tree", "output", "latex", "r"]
)
def test_code_in_any_language_is_no_near_miss(word: str) -> None:
    blocks = frozenset({"panel", "panels", "table", "runs", "lineage"})
    assert Markdown(f"```{word}\nx = 1\n```", 1, blocks).render(scope()).mistakes == ()


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('a\n[b *c*]{chek="x > 1"}', 2, "did you mean check?"),
        ("[b]{checks='x > 1'}", 1, "did you mean check?"),
        ("[b]{Check='x > 1'}", 1, "cannot be read"),
        ("[b]{check=x > 1}", 1, "cannot be read"),
        ("[b]{check=“x > 1”}", 1, "cannot be read"),
        ("a\n\nb\nc[^9]", 4, "the footnote [^9], which nothing defines"),
        ("> [!NOTES]\n> b", 1, "did you mean [!NOTE]?"),
        ("a\n\n> [!Warnning] b\n> c", 3, "did you mean [!WARNING]?"),
        ("> [!INFO]\n> b", 1, "did you mean [!NOTE]?"),
        ("> [!whatever]\n> b", 1, "expected one of NOTE, TIP"),
        ("!!! wraning\n    b", 1, "did you mean warning?"),
        ("a\nb <b>c</b> <b>d</b>", 2, "HTML is shown as text; write **bold**"),
        ("| a |\n| - |\n| b<br/>c |", 3, "<br>: HTML is shown as text"),
        ('<div class="x">\na\n</div>', 1, "<div>: HTML is shown as text"),
        ("a\n\n<!-- later -->", 3, "a comment too"),
    ],
)
def test_signs_that_are_almost_ours_are_told_once_on_their_line(text: str, line: int, said: str) -> None:
    (found,) = mistakes(text)
    assert found.line == line
    assert said in found.message


@pytest.mark.parametrize(
    "text",
    [
        "`[b]{chek='x'}` `[^9]` `<b>`",
        "```\n[b]{chek='x'} [^9] <b>\n> [!NOTES]\n```",
        r"\[b\]{chek='x'} \[^9] \<b>",
        "[b]{style='x'} {chek=1} a < b > c <https://x.org> <name> &lt;b>",
        "> [!link](x.html)",
        "> [a]",
        "!!! mine\n    b",
        "a[^9]\n\n[^9]: b",
    ],
)
def test_what_only_looks_alike_is_left_alone(text: str) -> None:
    assert mistakes(text) == []


def test_a_near_miss_in_a_caption_is_told_on_its_line() -> None:
    assert [found.line for found in inline("a <b>c</b>", 9, scope())[1]] == [9]


def test_only_so_many_near_misses_are_told() -> None:
    assert len(mistakes("\n".join(f"[^{number}]" for number in range(500)))) == 50


# Headings


def test_headings_start_at_the_second_level_and_have_ids_of_their_own() -> None:
    rendered = Markdown("# A\n\n## B *c*\n\n## B c\n\n### Öl & Gas").render()
    assert [(heading.level, heading.text, heading.id) for heading in rendered.toc] == [
        (2, "A", "sec-a"),
        (3, "B c", "sec-b-c"),
        (3, "B c", "sec-b-c-2"),
        (4, "Öl & Gas", "sec-öl-gas"),
    ]
    assert '<h2 id="sec-a">A <a class="anchor" href="#sec-a" aria-label="Link to this section"' in rendered.html


def test_levels_stay_where_the_text_leaves_the_first_to_the_page() -> None:
    assert [heading.level for heading in Markdown("## A\n\n### B").render().toc] == [2, 3]


def test_a_heading_may_choose_its_id() -> None:
    assert [heading.id for heading in Markdown("# A {#results}\n\n# B {#sec-other}").render().toc] == [
        "sec-results",
        "sec-other",
    ]


def test_a_heading_shows_values_and_the_contents_do_too() -> None:
    rendered = Markdown("# Best: {{ x }} $a^2$[^1]\n\n[^1]: n").render(scope(value=lambda expression, line: "<0.95>"))
    assert rendered.toc[0].text == "Best: <0.95> a^2"


def test_contents_stand_where_the_text_wants_them() -> None:
    shown = bare("[toc]\n\n# A\n\n#### B")
    assert shown.startswith(
        '<nav class="toc" aria-label="Contents"><ul>\n<li class="toc-2"><a href="#sec-a">A</a></li>\n</ul></nav>'
    )


@given(st.lists(st.sampled_from(["A", "A 2", "a-2", "*A*", "Ä", "", "sec-a", "A {#a}", "{{ x }}"]), max_size=12))
def test_ids_are_never_given_twice(titles: list[str]) -> None:
    ids = [heading.id for heading in Markdown("\n\n".join(f"## {title}" for title in titles)).render(scope()).toc]
    assert len(ids) == len(set(ids)) == len(titles)
    assert all(re.fullmatch(r"sec-[\w-]+", name) for name in ids)


# Callouts


@pytest.mark.parametrize("kind", ["note", "tip", "important", "warning", "caution"])
def test_quotes_that_say_so_are_callouts(kind: str) -> None:
    shown = bare(f"> [!{kind.upper()}]\n> *body*")
    assert shown == (
        f'<div class="callout callout-{kind}" role="note">\n<p class="callout-title">{kind.capitalize()}</p>\n'
        "<p><em>body</em></p>\n</div>"
    )


def test_a_callout_may_have_a_title_and_more_than_a_paragraph() -> None:
    shown = bare("> [!TIP] Look *here*\n>\n> - a\n\n> plain")
    assert '<p class="callout-title">Look <em>here</em></p>\n<ul>\n<li>a</li>' in shown
    assert shown.endswith("<blockquote>\n<p>plain</p>\n</blockquote>")


def test_callouts_in_mkdocs_words_work_too() -> None:
    assert '<div class="callout callout-caution" role="note">\n<p class="callout-title">Big</p>\n<p>body</p>' in bare(
        '!!! danger "Big"\n    body'
    )
    assert '<details class="callout callout-tip">\n<summary class="callout-title">Tip</summary>' in bare(
        "??? tip\n    body"
    )
    assert '<details class="callout callout-note" open="">' in bare("???+ whatever\n    body")


def test_callouts_nest() -> None:
    shown = bare("> [!NOTE]\n> a\n>\n> > [!WARNING]\n> > b\n>\n> c")
    assert shown.count("</div>") == 2
    assert shown.index("callout-warning") < shown.index("b</p>") < shown.index("c</p>")


# Values


def test_values_are_computed_and_escaped() -> None:
    assert html("{{ a }}", value=lambda expression, line: "<b>&") == '<p><span class="value">&lt;b&gt;&amp;</span></p>'


@pytest.mark.parametrize(
    "expression",
    ["a | round(3)", "a * b * c", "x['_y_']", "f('}}', \"{{\")", "`a`", "[a](b)", "a < b > c", "{'a': 1}['a']", "$a$"],
)
@pytest.mark.parametrize("around", ["{}", "*a* {} **b**", "| a |\n|--|\n| {} |", "# {}", "- {}", "[{}](x.html)"])
def test_an_expression_may_hold_any_character(expression: str, around: str) -> None:
    asked: list[str] = []
    Markdown(around.format(f"{{{{ {expression} }}}}")).render(
        scope(value=lambda text, line: asked.append(text) or "x")  # type: ignore[func-returns-value]
    )
    if "{" in expression and "|" in around:
        assert len(asked) == 1
    else:
        assert asked == [expression]


def test_in_code_and_after_a_backslash_nothing_is_computed() -> None:
    text = "`{{ a | b }}` \\{{ c }}\n\n```\n{{ d | e }}\n```"
    shown = html(text, value=lambda expression, line: pytest.fail("computed"))
    assert "<code>{{ a | b }}</code> {{ c }}" in shown
    assert "{{ d | e }}\n</code>" in shown


def test_a_bar_is_a_bar_again_in_code_addresses_and_words_of_a_fence() -> None:
    text = "| a |\n|--|\n| `{{ a | b }}` |\n\n[x][r]\n\n[r]: <u?{{a|b}}>\n\n```panel {{ a | b }}\n{{ c | d }}\n```"
    markdown = Markdown(text, blocks=frozenset({"panel"}))
    assert markdown.fences == (Fence("panel", "{{ a | b }}", "{{ c | d }}\n", 10),)
    shown = bare(text)
    assert "<code>{{ a | b }}</code>" in shown
    assert 'href="u?%7B%7Ba%7Cb%7D%7D"' in shown
    assert "\0" not in shown


def test_a_value_that_cannot_be_computed_says_so_in_its_place() -> None:
    def refuse(expression: str, line: int) -> str:
        raise ReportError(f"no <{expression}>")

    rendered = Markdown("a\n{{ b }}", 7).render(scope(value=refuse))
    assert rendered.mistakes == (Mistake(8, "no <b>"),)
    assert (
        '<span class="mistake"><code>{{ b }}</code> <span class="mistake-why">no &lt;b&gt;</span></span>'
        in rendered.html
    )


def test_without_a_scope_everything_says_what_it_lacks() -> None:
    rendered = Markdown('{{ a }} [[b]] ![c](d.png) [@e] [f]{check="g"}').render()
    assert len(rendered.mistakes) == 4
    assert "claims are not checked here" in rendered.html


# Links, labels, claims


def test_cross_links_lead_to_runs_with_their_name_or_ours() -> None:
    assert bare("[[run 1]]") == '<p><a class="cross-link" href="../r/index.html">run 1 at 1</a></p>'
    assert ">shown &amp; told</a>" in bare("[[run|shown & told]]")
    assert ">w</a></td>" in bare("| a |\n|--|\n| [[q|w]] |")
    assert mistakes("a\n[[gone]]") == [Mistake(2, "found no run or report named 'gone'; correct the name")]


def test_references_read_as_their_labels() -> None:
    figure = '<a href="#fig-acc">Figure 3</a>'
    assert bare("see @fig-acc.") == f"<p>see {figure}.</p>"
    assert bare("[](#fig-acc)") == f"<p>{figure}</p>"
    assert bare("[@fig-acc]") == f"<p>{figure}</p>"
    assert bare("[here](#fig-acc)") == '<p><a href="#fig-acc">here</a></p>'
    assert '<a href="#sec-end">The end</a>' in bare("@sec-end [](#end)\n\n# The end {#end}")


def test_a_reference_to_nothing_is_a_mistake() -> None:
    assert lines("a\n@fig-none\n[b](#nowhere)") == [2, 3]


def test_claims_show_whether_they_hold() -> None:
    shown = html('[It *works*]{check="mean(x) > 0.9 || y"}')
    assert shown.startswith('<p><span class="claim claim-holds">It <em>works</em><span class="claim-badge"')
    assert 'title="claim holds: mean(x) &gt; 0.9 || y at 1"' in shown
    assert '<span class="aside"> (claim holds: mean(x) &gt; 0.9 || y at 1)</span>' in shown


@pytest.mark.parametrize("state", ["holds", "fails", "unknown"])
def test_each_state_of_a_claim_has_its_class(state: str) -> None:
    shown = html("[a]{check='b'}", claim=lambda check, line: ClaimShown(state, "<s>"))  # type: ignore[arg-type]
    assert f'<span class="claim claim-{state}">a' in shown
    assert "&lt;s&gt;" in shown


def test_brackets_without_a_check_are_text() -> None:
    assert bare('[a] [b]{other="c"} [d]{check=e}') == '<p>[a] [b]{other="c"} [d]{check=e}</p>'


# Citations


def test_sources_are_numbered_as_they_come_up() -> None:
    shown = bare("[@box] and [@li2018, p. 3; see @box] as @li2018 say; @box too")
    assert '<span class="citation">[<a href="#cite-1">1</a>]</span> and' in shown
    assert '[<a href="#cite-2">2</a>, p. 3; see <a href="#cite-1">1</a>]' in shown
    assert 'Li et al. <span class="citation">[<a href="#cite-2">2</a>]</span> say' in shown
    assert 'Box and Cox <span class="citation">[<a href="#cite-1">1</a>]</span> too' in shown
    assert shown.index('<li id="cite-1">George Box') < shown.index('<li id="cite-2">Lisha Li')


def test_the_list_of_sources_has_a_heading_unless_the_text_gives_it_one() -> None:
    assert '<h2 id="sec-references">References</h2>\n<ol>' in bare("[@box]")
    own = bare("[@box]\n\n## References")
    assert own.count("<h2") == 1
    assert own.index("<h2") < own.index("<ol>")


def test_the_list_stands_where_the_text_wants_it() -> None:
    shown = bare("[references]\n\nlater [@box]")
    assert shown.startswith('<section class="references">\n<ol>\n<li id="cite-1">')
    assert shown.count("<section") == 1


def test_a_text_without_citations_has_no_list() -> None:
    assert "references" not in html("nothing")


def test_captions_and_text_share_their_numbers() -> None:
    page = scope()
    caption, _ = inline("as [@li2018] has it", 1, page)
    assert 'href="#cite-1"' in caption
    assert 'href="#cite-2"' in Markdown("[@box]").render(page).html


def test_addresses_of_people_and_signs_are_no_citations() -> None:
    assert bare("me@example.org [you@example.org] a @ b \\@box") == "<p>me@example.org [you@example.org] a @ b @box</p>"
    assert bare("@someone", bibliography=None) == "<p>@someone</p>"


def test_a_source_that_is_not_there_is_a_mistake() -> None:
    found = mistakes("a\n\n- b [@li2019]")
    assert found == [Mistake(3, "found no source 'li2019' in the bibliography; did you mean 'li2018'?")]
    assert "without sources" in mistakes("[@a]", bibliography=None)[0].message


# Images and formulas


def test_an_image_alone_is_a_figure_with_its_caption() -> None:
    image = '<img src="images/a b.png" alt="two words" width="40" height="30" loading="lazy" decoding="async">'
    assert html("![two *words*](a%20b.png)") == (
        f'<figure class="image">{image}<figcaption>two <em>words</em></figcaption></figure>'
    )
    titled = html('![two words](a%20b.png "A <title>"){#fig-acc}')
    assert titled == (
        f'<figure class="image" id="fig-acc">{image}'
        "<figcaption><strong>Figure 3.</strong> A &lt;title&gt;</figcaption></figure>"
    )


def test_an_image_in_a_sentence_stays_in_it() -> None:
    assert html("see ![x](y.png)").startswith("<p>see <img ")


def test_an_image_that_is_missing_is_a_mistake_in_its_place() -> None:
    rendered = Markdown("a\n\n![b](gone.png)\n\nc ![d](gone.png)", 4).render(scope())
    assert [mistake.line for mistake in rendered.mistakes] == [6, 8]
    assert rendered.html.count('<span class="mistake">') == 2


def test_labels_of_figures_and_equations_are_told_in_their_order() -> None:
    text = "$$ a $$ {#eq-a}\n\n![b](b.png){#fig-b}\n\n$$\nc\n$$ {#eq-c}"
    assert dict(Markdown(text, 10).labels) == {"eq-a": 10, "fig-b": 12, "eq-c": 14}


def test_labels_that_cannot_be_are_mistakes() -> None:
    found = mistakes("![b](b.png){#acc}\n\n![b](b.png){#fig-a}\n\n![b](b.png){#fig-a}")
    assert [mistake.line for mistake in found] == [1, 5]
    assert "fig-acc" in found[0].message
    assert "again" in found[1].message


@pytest.mark.parametrize("text", ["$$ x $$", "$$\nx\n$$", "```math\nx\n```", "$$x\n$$", "a\n$$\nx\n$$"])
def test_formulas_on_lines_of_their_own_are_displayed(text: str) -> None:
    assert '<math display="block"><mrow><mi>x</mi></mrow></math>' in html(text)


def test_equations_may_have_numbers() -> None:
    shown = html("$$ x $$ {#eq-loss}")
    assert shown.startswith('<div class="equation" id="eq-loss"><math')
    assert shown.endswith('<span class="equation-number">(1)</span></div>')


def test_money_is_no_formula() -> None:
    assert html("It costs $5 and $6, or \\$7; $ 8 $") == "<p>It costs $5 and $6, or $7; $ 8 $</p>"
    assert "<math" not in html("`$x$`")


def test_a_bad_formula_shows_its_source() -> None:
    rendered = Markdown("a $x$\nb $\\foo$ c\n\n```math\n{\n```").render()
    assert [mistake.line for mistake in rendered.mistakes] == [2, 5]
    assert "<code>$\\foo$</code>" in rendered.html


# Fences


def test_fences_of_blocks_are_handed_out_and_filled_in() -> None:
    text = "- a\n\n  ```panel  one two \n  x: 1\n  ```\n\n> ```table\n> y\n> ```\n\n```python\nz\n```"
    markdown = Markdown(text, 5, frozenset({"panel", "table"}))
    assert markdown.fences == (Fence("panel", "one two", "x: 1\n", 8), Fence("table", "", "y\n", 12))
    shown = markdown.render(scope(blocks=[Markup("<b id=x>1</b>"), Markup("<i onclick=y>2</i>")])).html
    assert "<b id=x>1</b>" in shown
    assert "<i onclick=y>2</i>" in shown


def test_blocks_are_asked_for_in_the_order_of_the_text() -> None:
    asked: list[object] = []

    class Blocks(list[Markup]):
        def __getitem__(self, at):  # type: ignore[no-untyped-def]
            asked.append(at)
            return Markup("")

    text = "{{ a }}\n\n```p\n```\n\n{{ b }}\n\n```p\n```"
    value = lambda expression, line: asked.append(expression) or ""  # type: ignore[func-returns-value]  # noqa: E731
    Markdown(text, blocks=frozenset({"p"})).render(scope(blocks=Blocks(), value=value))
    assert asked == ["a", 0, "b", 1]


def test_a_block_that_nobody_made_shows_as_it_was_written() -> None:
    assert "x: 1\n</code></pre>" in Markdown("```panel\nx: 1\n```", blocks=frozenset({"panel"})).render().html


@pytest.mark.parametrize(
    "text", ["a\n\n```panel\nx", "a\n\n```panel\nx\n\n", "a\n\n```panel", "a\n\n- ```panel\n  x\n\nb"]
)
def test_a_fence_that_does_not_end_is_a_mistake(text: str) -> None:
    found = mistakes(text)
    assert [mistake.line for mistake in found] == [3]
    assert "close it" in found[0].message


@pytest.mark.parametrize(
    "text", ["```panel\n```", "```panel\n\n```", "~~~~a\n```\n~~~~", "> ```a\n> b\n> ```", "```a\nb\n```"]
)
def test_a_fence_that_ends_is_none(text: str) -> None:
    assert mistakes(text) == []


# Lines


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ a }}", [1]),
        ("x\ny {{ a }}\n{{ b }}", [2, 3]),
        ("x\n\n\n{{ a }}", [4]),
        ("# {{ a }}\n\n{{ b }}", [1, 3]),
        ("{{ a }}\n===", [1]),
        ("- x\n- y\n  {{ a }}\n  - z\n    {{ b }}", [3, 5]),
        ("> x\n> {{ a }}\n> > {{ b }}\nlazy {{ c }}", [2, 3, 4]),
        ("| h |\n|--|\n| x |\n| {{ a }} |", [4]),
        ("| {{ a }} |\n|--|", [1]),
        ("T {{ a }}\n: D\n  {{ b }}", [1, 3]),
        ("x[^1]\n\ny\n\n[^1]: z\n    {{ a }}", [6]),
        ("> [!NOTE] T {{ a }}\n> x\n> {{ b }}", [1, 3]),
        ('!!! note "T {{ a }}"\n    x\n    {{ b }}', [1, 3]),
        ("*x\n{{ a }}*\n[y\n{{ b }}](z)", [2, 4]),
        ("`x\ny` {{ a }}", [2]),
        ("$x\ny$ {{ a\n}} {{ b }}", [2, 3]),
        ("[x](y\n'z\nz') {{ a }}", [3]),
        ("![x](y.png) a\n{{ b }}", [2]),
        ("[x\ny]{check='z'}\n{{ a }}", [3]),
        ("\r\nx\r\n{{ a }}", [3]),
        ("[r]: x\n[s]: y\nz\n{{ a }}", [4]),
    ],
)
def test_mistakes_stand_on_their_lines(text: str, expected: list[int]) -> None:
    def refuse(expression: str, line: int) -> str:
        raise ReportError("no")

    assert lines(text, value=refuse) == expected
    assert lines(text, 101, value=refuse) == [line + 100 for line in expected]


def test_a_mistake_may_know_its_line_better() -> None:
    def refuse(expression: str, line: int) -> str:
        raise ReportError("no", 77)

    assert lines("{{ a }}", value=refuse) == [77]


@given(st.lists(st.sampled_from(["word", "*a*", "`c`", "[x](y)", "{{ v }}", "&amp;", "\\*", "@box"]), max_size=30))
def test_every_value_of_a_paragraph_knows_its_line(words: list[str]) -> None:
    asked: list[int] = []
    value = lambda expression, line: asked.append(line) or ""  # type: ignore[func-returns-value]  # noqa: E731
    Markdown("\n".join(words)).render(scope(value=value))
    assert asked == [number for number, word in enumerate(words, 1) if word == "{{ v }}"]


# The whole


def test_a_store_without_reports_pays_for_none() -> None:
    libraries = ("markdown_it", "mdit_py_plugins", "pygments", "pybtex", "latex2mathml", "nh3", "vl_convert")
    code = f"import sys, sitegen.reports.text.markdown; print(*(set(sys.modules) & set({libraries!r})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_captions_are_words_without_blocks() -> None:
    shown, wrong = inline("# *a* {{ b }} <x>\n", 9, scope())
    assert shown == '# <em>a</em> <span class="value">b at 9</span> &lt;x&gt;'
    assert wrong == ()
    assert inline("[[gone]]", 9, scope())[1][0].line == 9
    assert inline("", 1, scope()) == ("", ())


def test_a_text_that_is_parsed_once_may_be_rendered_often() -> None:
    markdown = Markdown("# A {{ x }}\n\n[@box] $x$[^1] ![a](b.png)\n\n> [!NOTE]\n> c\n\n[^1]: n")
    assert markdown.render(scope()) == markdown.render(scope())


def test_words_are_counted() -> None:
    assert Markdown("# One *two*\n\nthree `four`\n\n- five\n\n```\nnot these\n```").render().words == 5


def test_what_is_beyond_the_largest_text_is_left_out_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sitegen.reports.text.markdown.LONGEST", 300)
    rendered = Markdown("a\n\n" * 100 + "beyond").render()
    assert "beyond" not in rendered.html
    assert len(rendered.mistakes) == 1
