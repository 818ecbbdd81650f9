"""Sources from BibTeX files: what the list of them reads, and what a broken file costs."""

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sitegen.reports.mistakes import ReportError
from sitegen.reports.text.citations import LONGEST, Bibliography, bibliography
from sitegen.reports.text.sanitising import cleaned
from tests.sitegen.reports.harmless import dangers

GOOD = r"""
This is a comment.
@string{jmlr = "Journal of {ML} Research"}
@comment{nothing}
@Article{li2018,
  author = {Li, Lisha and {\'E}t{\"o}le, Xavier and {The Big Team}},
  title = {Hyperband: A {Novel} Bandit},
  journal = jmlr, year = 2018, month = apr, volume = {18}, pages = {1--52},
  url = {https://example.org/a?b=1&c=2}, doi = {10.1/x}
}
@inproceedings{part, author = {Jane van der Berg}, title = {A Part}, crossref = {whole}}
@proceedings{whole, title = {The Whole}, booktitle = {The Whole}, year = 2020}
@weird{odd, title = {Odd}, author = {Only Me}, year = 1999}
@misc{nobody, title = {Nobody's}}
"""


def read(text: str) -> Bibliography:
    return bibliography({"a.bib": text})


def test_a_source_reads_as_in_a_list_of_references() -> None:
    shown = read(GOOD).reference("li2018")
    assert shown.startswith("Lisha Li, Xavier Étöle, and The Big Team.\nHyperband: a Novel bandit.")
    assert "<em>Journal of ML Research</em>, 18:1–52, April 2018." in shown
    assert '<a href="https://example.org/a?b=1&amp;c=2">' in shown
    assert '<a href="https://doi.org/10.1/x">doi:10.1/x</a>' in shown


def test_what_an_entry_lacks_it_takes_from_the_one_that_it_names() -> None:
    shown = read(GOOD).reference("part")
    assert "van" in shown
    assert "<em>The Whole</em>" in shown
    assert "2020" in shown


def test_kinds_that_nobody_knows_are_shown_too() -> None:
    assert "Only Me" in read(GOOD).reference("odd")


def test_authors_are_named_as_in_a_sentence() -> None:
    found = read(GOOD + "@misc{two, author={A B and C D}}\n@misc{ed, editor={E F}}")
    assert found.authors("li2018") == "Li et al."
    assert found.authors("part") == "van der Berg"
    assert found.authors("two") == "B and D"
    assert found.authors("ed") == "F"
    assert found.authors("nobody") == "nobody"


def test_a_good_file_has_no_problems() -> None:
    assert read(GOOD).problems == ()
    assert list(read(GOOD).entries) == ["li2018", "part", "whole", "odd", "nobody"]


def test_a_broken_entry_costs_itself_alone() -> None:
    found = read("@misc{a, title={A}}\n\n@misc{b, title={B\n\n@misc{c, title={C}}\n@misc{d, title = nope}")
    assert "A." in found.reference("a")
    assert "C." in found.reference("c")
    with pytest.raises(ReportError, match=r"a\.bib, line \d"):
        found.reference("b")
    with pytest.raises(ReportError, match=r"a\.bib, line 6: .*undefined string: nope"):
        found.reference("d")


def test_an_entry_without_what_its_kind_needs_says_so() -> None:
    with pytest.raises(ReportError, match=r"a\.bib, line 2: .*missing author in x.*complete the entry"):
        read("\n@article{x, title={X}}").reference("x")


def test_problems_have_their_lines() -> None:
    text = "@misc{a, title={A}}\n@misc{title={B}}\n\n@misc{a, title={C}}\n@misc{b, title={" + "x" * LONGEST + "}}"
    problems = read(text).problems
    assert [(problem.name, problem.line) for problem in problems] == [("a.bib", 2), ("a.bib", 4), ("a.bib", 5)]
    assert "without a key" in problems[0].message
    assert "first in a.bib, line 1" in problems[1].message
    assert "A." in read(text).reference("a")


def test_several_files_are_one_bibliography() -> None:
    found = bibliography({"a.bib": "@misc{a, title={A}}", "b.bib": "@misc{b, title={B}}\n@misc{a, title={C}}"})
    assert list(found.entries) == ["a", "b"]
    assert found.problems[0].name == "b.bib"


def test_a_key_that_is_not_there_names_the_nearest() -> None:
    with pytest.raises(ReportError, match="did you mean 'li2018'"):
        read(GOOD).check("li2019")
    with pytest.raises(ReportError, match="add the entry"):
        read("").check("x")


@pytest.mark.parametrize(
    "entry",
    [
        "title={<script>alert(1)</script>}",
        "title={\\href{javascript:alert(1)}{x}}",
        "title={&lt;script&gt;}",
        "author={<img src=x onerror=alert(1)>, A}, title={x}",
        "title={x}, url={javascript:alert(1)}",
        'title={x}, url={https://a" onclick="alert(1)}',
        'title={x}, doi={"><script>}',
        "title={x}, url={//evil.example}",
        "title={x}, howpublished={\\url{javascript:alert(1)}}",
        "title={x}, note={$<b>$ \\input{/etc/passwd}}",
    ],
)
def test_nothing_in_an_entry_becomes_markup(entry: str) -> None:
    found = read(f"@misc{{a, {entry}}}")
    assert dangers(str(found.reference("a"))) == []
    assert "onclick=" not in cleaned(str(found.reference("a"))).replace("&quot;", '"').split(">", 1)[0]


@pytest.mark.parametrize("kind", ["names", "entry", "__class__", "bibliography", "string x", "url"])
def test_a_kind_names_no_method(kind: str) -> None:
    for key in read(f"@{kind}{{a, title={{T}}}}").entries:
        assert "T" in read(f"@{kind}{{a, title={{T}}}}").reference(key)


_PIECES = st.sampled_from(
    [
        "@misc{a, ",
        "@article{b,",
        "@string{s = {x}}",
        "title={",
        "author={",
        "}",
        "{",
        '"',
        "=",
        ",",
        "#",
        " and ",
        "\\'e",
        "s",
        "\n",
    ]
)


@settings(deadline=None)
@given(st.one_of(st.text(max_size=80), st.lists(_PIECES, max_size=30).map("".join)))
def test_any_text_is_a_bibliography(text: str) -> None:
    found = read(text)
    for key in found.entries:
        for ask in (found.reference, found.authors):
            with suppress(ReportError):
                shown = str(ask(key))
                assert ask == found.authors or dangers(shown) == []


def test_large_files_are_read_entry_by_entry() -> None:
    """Each would take hours if the whole file were looked through for every quote in it."""
    code = """
from sitegen.reports.text.citations import bibliography
many = "".join(f'@misc{{k{i}, title="A", author="B C", year="2000"}}\\n' for i in range(30_000))
strings = "@string{a = {b}}\\n" * 20_000
found = bibliography({"a.bib": many, "b.bib": strings, "c.bib": "@" * 500_000, "d.bib": "@misc{" * 200_000})
print(len(found.entries), *found.reference("k29999").split())
for inner in ('f="x",' * 3_000, "title={" + "{" * 15_000, "author={" + "a and " * 3_000 + "}}"):
    try:
        bibliography({"a.bib": "@misc{x, " + inner}).reference("x")
    except Exception as error:
        print(type(error).__name__)
"""
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=240)
    assert done.stdout.splitlines()[0] == "30000 B&nbsp;C. A. 2000.", done.stderr
    assert set(done.stdout.splitlines()[1:]) <= {"ReportError"}
