"""The front matter of a report: what it says, and each mistake in it with its line, its key alone left out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitegen.reports.front import Check, Front, parted, read_front
from sitegen.reports.mistakes import Mistakes


def front_of(text: str) -> tuple[Front, list[tuple[int, str]]]:
    mistakes = Mistakes()
    front = read_front(parted(text, mistakes), mistakes)
    return front, [(line, message) for line, message in mistakes.found]


def wrong(yaml: str) -> tuple[Front, int, str]:
    """The front matter that begins in line 2, and its only mistake."""
    front, mistakes = front_of(f"---\n{yaml}\n---\n")
    assert len(mistakes) == 1, mistakes
    return front, *mistakes[0]


def test_every_key_is_read() -> None:
    front, mistakes = front_of(
        """---
title: " Which optimizer? "
authors: Ada
date: 2026-11-20
status: published
description: >-
  One line,
  folded.
cover: images/cover.png
project: other
bibliography: [a.bib, b.bib]
as_of: "0123"
digest: abc
toc: false
runs:
  best: {filter: "config.lr < 0.1", group: config.lr, order: -acc, limit: 3, rename: {r1: First}}
checks:
  - count() = 3
  - {check: mean(acc) > 0.9, claim: It works}
---
text
"""
    )
    assert mistakes == []
    assert (front.title, front.authors, front.date, front.status) == (
        "Which optimizer?",
        ("Ada",),
        "2026-11-20",
        "published",
    )
    assert (front.description, front.cover, front.project) == ("One line, folded.", "images/cover.png", "other")
    assert (front.bibliography, front.as_of, front.digest, front.toc) == (("a.bib", "b.bib"), "0123", "abc", False)
    best = front.runs["best"]
    assert (best.filter, best.group, best.order, best.limit, best.line) == (
        "config.lr < 0.1",
        ("config.lr",),
        "-acc",
        3,
        16,
    )
    assert best.rename == {"r1": "First"}
    assert front.checks == (Check("count() = 3", "", 18), Check("mean(acc) > 0.9", "It works", 19))
    assert front.lines["checks"] == 17


def test_one_run_set_needs_no_name() -> None:
    front, mistakes = front_of("---\nruns: {filter: a, limit: 2}\n---\n")
    assert mistakes == []
    assert list(front.runs) == ["runs"]


@pytest.mark.parametrize(
    ("text", "front", "body", "line"),
    [
        ("", "", "", 1),
        ("text", "", "text", 1),
        ("---\n---\nbody", "", "body", 3),
        ("---\na: 1\n...\n\nbody", "a: 1\n", "\nbody", 4),
        ("\ufeff---\r\na: 1\r\n---\r\nbody", "a: 1\r\n", "body", 4),
        ("---  \na: 1\n---", "a: 1\n", "", 3),
        ("text\n---\na: 1\n---\n", "", "text\n---\na: 1\n---\n", 1),
        ("----\na\n---\n", "", "----\na\n---\n", 1),
    ],
)
def test_front_matter_and_body_are_told_apart(text: str, front: str, body: str, line: int) -> None:
    mistakes = Mistakes()
    parts = parted(text, mistakes)
    assert (parts.front, parts.body, parts.body_line) == (front, body, line)
    assert mistakes.found == []


def test_a_front_matter_that_does_not_end_is_text() -> None:
    front, mistakes = front_of("---\ntitle: a\n\ntext")
    assert front == Front()
    assert mistakes == [(1, "found a front matter that does not end; close it with a line of three dashes")]


@pytest.mark.parametrize(
    ("yaml", "line", "said"),
    [
        ("title: [a]", 2, "title: found a list, expected text; write one line"),
        ("title: a\ntitel: b", 3, "titel: found the unknown key 'titel'; did you mean 'title'?"),
        ("title: a\n\nstatus: done", 4, "status: found 'done', expected one of draft, published; choose one of them"),
        ("date: 20.11.2026", 2, "date: found '20.11.2026', expected a day; write it as 2026-11-30"),
        ("date: 2026-02-30", 2, "date: found '2026-02-30', expected a day; write it as 2026-11-30"),
        ("as_of: 12345678", 2, "as_of: found 12345678, expected a commit or a tag; put it in quotes"),
        ("toc: maybe", 2, "toc: found 'maybe', expected true or false; write one of the two, without quotes"),
        ("authors: [Ada, 3]", 2, "authors[1]: found 3, expected text; put it in quotes"),
        ("runs: all", 2, "runs: found 'all', expected a mapping; write {filter: …}, or several such by name"),
        (
            "runs:\n  a b: {}",
            3,
            "runs.a b: found the name 'a b', expected letters, digits, - and _; name the run set so",
        ),
        ("runs:\n  a:\n    filtre: x", 4, "runs.a.filtre: found the unknown key 'filtre'; did you mean 'filter'?"),
        ("runs:\n  a: {limit: 0}", 3, "runs.a.limit: found 0, expected a whole number from 1 up; write one"),
        ("checks: []", 2, "checks: found an empty list, expected a list with something in it; write - mean(…) > 0.9"),
        ("checks:\n  - a > 1\n  - {claim: x}", 4, "checks[1]: found no 'check', expected check: what holds; "),
        ("checks:\n  - 3", 3, "checks[0]: found 3, expected a mapping; write a check as text, or {check: …, claim: …}"),
        ("title: 'a", 2, "found broken YAML: "),
        ("title: a\nb:\n  - c\n d: 1", 5, "found broken YAML: "),
        ("title: a\ndate: x\ntitle: b", 4, "found broken YAML: the key 'title' stands twice"),
        ("- title", 2, "found a list, expected a mapping; write title: …"),
        ("title: !!python/object/apply:os.system [id]", 2, "found broken YAML: "),
    ],
)
def test_a_mistake_says_its_line_and_its_mend(yaml: str, line: int, said: str) -> None:
    _, found, message = wrong(yaml)
    assert (found, message[: len(said)]) == (line, said)


def test_a_wrong_key_leaves_the_others() -> None:
    front, _, _ = wrong("title: Good\ndate: bad\nstatus: published")
    assert (front.title, front.date, front.status) == ("Good", "", "published")


def test_each_run_set_that_is_wrong_is_told_and_leaves_the_others() -> None:
    front, mistakes = front_of("---\nruns:\n  a: {filtr: x}\n  b: {limit: 3}\n  c d: {}\n  e: {limit: many}\n---\n")
    assert [line for line, _ in mistakes] == [3, 5, 6]
    assert {name: spec.broken for name, spec in front.runs.items()} == {"a": 3, "b": 0, "e": 6}
    assert front.runs["b"].limit == 3


def test_the_only_run_set_does_not_count_as_all_runs_where_it_is_wrong() -> None:
    for runs in ("all", "{filter: a, limt: 3}", "{filter: 3}"):
        front, _, _ = wrong(f"runs: {runs}")
        assert {name: spec.broken for name, spec in front.runs.items()} == {"runs": 2}


def test_a_check_that_is_wrong_leaves_the_others() -> None:
    front, mistakes = front_of("---\nchecks:\n  - 3\n  - count() = 3\n  - {claim: x}\n  - {check: [a]}\n---\n")
    assert [line for line, _ in mistakes] == [3, 5, 6]
    assert front.checks == (Check("count() = 3", "", 4),)


def test_a_bomb_of_aliases_is_one_mistake() -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True):
        bomb += f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n"
    _, line, message = wrong(bomb.rstrip())
    assert line <= 11
    assert message.startswith("found broken YAML: ")


def test_two_megabytes_of_front_matter_are_read() -> None:
    front, mistakes = front_of("---\ntitle: a\ndescription: " + "x" * 1_900_000 + "\n---\n")
    assert (front.title, len(front.description), mistakes) == ("a", 1_900_000, [])


@given(st.text(st.sampled_from("ab:-[]{}&*!|>'\"#,?\n\t \\é\x00\ufeff%@`~1."), max_size=120))
def test_any_text_is_a_front_matter_or_a_mistake_within_the_file(yaml: str) -> None:
    text = f"---\n{yaml}\n---\nbody\n"
    _, mistakes = front_of(text)
    assert all(0 < line <= text.count("\n") + 1 and "\n" not in message for line, message in mistakes)


@given(st.text(max_size=60), st.sampled_from(["\n", "\r\n"]))
def test_the_parts_of_a_report_lie_where_they_say(body: str, end: str) -> None:
    text = f"---{end}title: a{end}---{end}{body}"
    parts = parted(text, Mistakes())
    assert parts.body == body
    assert text.count("\n", 0, len(text) - len(body)) + 1 == parts.body_line
