"""Code in colours: the text stays as it was, and every colour can be read."""

import re
from html import unescape
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sitegen.reports.text.highlighting import CLASSES, LANGUAGES, LONGEST, LONGEST_LINE, highlighted

ASSETS = Path(__file__).parents[3] / "templates" / "assets"


def plain(html: str) -> str:
    return unescape(re.sub(r'<span class="[a-z]+">|</span>', "", html))


def test_parts_of_code_have_their_classes() -> None:
    shown = highlighted("def f(x):  # why\n    return '<b>' + 1", "python")
    assert '<span class="k">def </span><span class="nf">f</span>' in shown
    assert '<span class="c"># why' in shown
    assert "<span class=\"s\">'&lt;b&gt;'" in shown
    assert '<span class="m">1</span>' in shown


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_is_there_and_keeps_the_text(language: str) -> None:
    code = "\n\n# a <b> &amp; 'c'\nx = \"1\" + 2  \n\n"
    assert plain(highlighted(code, language)) == code


def test_other_languages_are_plain() -> None:
    for language in ("", "nothing", "brainfuck", "../x", "Python3.99"):
        assert highlighted("if <b>", language) == "if &lt;b&gt;"
    assert "<span" in highlighted("if x:", "PYTHON")


def test_what_is_too_long_is_plain() -> None:
    assert "<span" not in highlighted("if\n" * LONGEST, "python")
    assert "<span" not in highlighted("if " * LONGEST_LINE, "python")


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200), st.sampled_from(sorted(LANGUAGES)))
def test_any_text_stays_what_it_was(code: str, language: str) -> None:
    shown = highlighted(code, language)
    assert plain(shown) == code
    assert set(re.findall(r'<span class="([a-z]+)">', shown)) <= CLASSES
    assert not re.search(r"<(?!/?span)", shown)


@pytest.mark.parametrize("theme", [":root {", ':root[data-theme="dark"] {'])
def test_colours_of_code_can_be_read(theme: str) -> None:
    block = (ASSETS / "base.css").read_text().split(theme, 1)[1].split("}", 1)[0]
    variables = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block))
    rules = re.findall(
        r"^    ([^{@/]+) \{[^}]*?\bcolor: var\(--([a-z-]+)\)", (ASSETS / "report-code.css").read_text(), re.MULTILINE
    )
    coloured = {name for names, _ in rules for name in re.findall(r"\.([a-z]+)", names)}
    assert coloured >= CLASSES - {"o", "gh"}
    for names, colour in rules:
        assert contrast(variables[colour], variables["sunken"]) >= 4.5, (names, colour)


def contrast(one: str, other: str) -> float:
    """The ratio that WCAG 2 defines."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
