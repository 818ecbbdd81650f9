"""What of a page's Markdown is ours, where it stands, and that nothing of a value is Markdown or HTML."""

import html

import markdown
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitegen.mkdocs.text import Inline, blocks_alone, names, parts, plain, written

EXTENSIONS = ["tables", "attr_list", "admonition", "pymdownx.superfences", "pymdownx.smartsymbols", "toc"]


def shown(text: str, first: int = 1) -> tuple[str, list[tuple[str, int]]]:
    met: list[tuple[str, int]] = []

    def value(expression: str, line: int) -> str:
        met.append((expression, line))
        return "VALUE"

    def claim(said: str, check: str, line: int) -> str:
        met.append((check, line))
        return f"<{said}>"

    return written(parts(text, first), Inline(value, claim), "BLOCK{}".format), met


def test_fences_of_ours_are_taken_out_with_their_lines_and_others_stay() -> None:
    text = "a\n\n```panel\ntype: line\n```\n\n```python\nx = '{{ y }}'\n```\n"
    found = list(parts(text, 4))
    assert [(part.kind, part.line) for part in found] == [
        ("prose", 4), ("block", 6), ("prose", 9), ("code", 10), ("prose", 13),
    ]  # fmt: skip
    assert blocks_alone(found).split("\n")[5:8] == ["```panel", "type: line", "```"]
    assert "BLOCK0" in shown(text)[0]
    assert "{{ y }}" in shown(text)[0]


def test_a_fence_inside_another_is_an_example() -> None:
    text = "````md\n```panel\ntype: line\n```\n````"
    assert shown(text) == (text, [])


def test_an_indented_fence_is_read_at_the_margin_and_keeps_its_place() -> None:
    text = "- item\n\n    ```table\n    columns:\n      - acc\n    ```"
    assert blocks_alone(parts(text, 1)).split("\n")[2:] == ["```table", "columns:", "  - acc", "```"]
    assert "\n    BLOCK0\n" in shown(text)[0]


def test_a_fence_that_does_not_end_holds_the_rest() -> None:
    assert blocks_alone(parts("```panel\ntype: line\n\nmore", 1)) == "```panel\ntype: line\n\nmore"


def test_values_and_claims_know_their_lines_and_code_is_left_alone() -> None:
    text = 'x {{ a }}\n`{{ b }}` ``{{ c`` \\{{ d }}\n[one [two] `x`]{check="mean(x) > 1"} {{ "}}" }}'
    said, met = shown(text, 7)
    assert met == [("a", 7), ("mean(x) > 1", 9), ('"}}"', 9)]
    assert said == "x VALUE\n`{{ b }}` ``{{ c`` \\{{ d }}\n<one [two] `x`> VALUE"


def test_names_of_an_expression_are_those_that_it_asks_for() -> None:
    assert names("runs.best('mean').x + p_value(a, b)") == {"runs", "p_value", "a", "b"}


@given(st.text(max_size=60))
def test_a_value_is_text_wherever_it_stands(text: str) -> None:
    meant = "".join(each if each.isprintable() else "\ufffd" for each in " ".join(text.split()))
    made = markdown.markdown(f"before {plain(text)} after", extensions=EXTENSIONS)
    body = made.removeprefix("<p>").removesuffix("</p>")
    assert "<" not in body
    assert html.unescape(body).split() == f"before {meant} after".split()


@given(st.text(alphabet="`~{}[]() \n\tpanel\\\"'=check", max_size=200))
def test_any_text_is_parted_into_all_of_its_lines(text: str) -> None:
    found = list(parts(text, 1))
    assert "\n".join(part.text for part in found) == text
    assert [part.line for part in found] == [
        1 + sum(each.text.count("\n") + 1 for each in found[:at]) for at in range(len(found))
    ]


@pytest.mark.parametrize("text", ["`" * 5000, "{{" * 4000, "[" * 4000 + "]{check=", '[a]{check="' * 2000])
def test_hostile_text_is_read_at_all(text: str) -> None:
    assert shown(text)[1] == []
