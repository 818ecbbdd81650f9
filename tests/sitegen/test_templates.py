"""Templates lay out what was computed before: no logic, no inline scripts or styles, nothing unescaped."""

import re
from pathlib import Path

import jinja2
import pytest
from jinja2 import nodes
from pygments.lexers.javascript import JavascriptLexer
from pygments.token import Comment

from sitegen.assets import templates_dir
from sitegen.bundles import bundled, parts, smaller

TEMPLATES = sorted(templates_dir().rglob("*.jinja"))
SCRIPTS = sorted(path for place in ("assets", "embed", "frame") for path in (templates_dir() / place).glob("*.js"))


def tree(path: Path) -> nodes.Template:
    return jinja2.Environment().parse(path.read_text())


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_template_assigns_nothing_calculates_nothing_and_trusts_nothing(path: Path) -> None:
    parsed = tree(path)
    for kind in (nodes.Assign, nodes.AssignBlock, nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.Macro):
        assert not list(parsed.find_all(kind)), kind.__name__
    assert "safe" not in {found.name for found in parsed.find_all(nodes.Filter)}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_template_has_neither_inline_scripts_nor_styles_nor_handlers(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", text)
    assert "http://" not in text
    assert "https://" not in text


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_script_is_strict_and_writes_no_html(path: Path) -> None:
    text = path.read_text()
    assert text.startswith('"use strict";')
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "fetch("):
        assert word not in text, word


def test_every_script_a_template_asks_for_is_one_of_ours_or_made_at_build_time() -> None:
    made = {"vega.js", "vega-lite.js", "charts.js", "plots.js", "panel-charts.js"}
    own = {path.name for path in (templates_dir() / "assets").iterdir()}
    asked = {name for path in TEMPLATES for name in re.findall(r"asset\('([^']+)'\)", path.read_text())}
    folder = templates_dir()
    published = set(bundled(folder, {name: (folder / "assets" / name).read_bytes() for name in own}))
    assert asked <= own | made | published
    assert own | published <= asked


def words(source: str) -> list[str]:
    """A script's tokens without comments and white space, but as it stands in texts."""
    lexer = JavascriptLexer(stripnl=False)
    return [text for kind, text in lexer.get_tokens(source) if kind not in Comment and text.strip()]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_script_says_the_same_without_comments_and_indents(path: Path) -> None:
    assert words(smaller(path.name, path.read_bytes()).decode()) == words(path.read_text())


def test_bundle_is_its_parts_in_their_order() -> None:
    folder = templates_dir()
    names = list(parts(folder, "partials/run_scripts.jinja"))
    assert names[0] == "palette.js"
    assert names[-1] == "run.js"
    assert len(names) == len(set(names))
    own = {path.name: path.read_bytes() for path in (folder / "assets").iterdir()}
    made = bundled(folder, own)
    assert made["run.js"].startswith(smaller(names[0], own[names[0]]))
    assert "painter.js" not in made
    with pytest.raises(KeyError):
        bundled(folder, {name: data for name, data in own.items() if name != "painter.js"})
