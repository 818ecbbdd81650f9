"""Formulas: TeX in, MathML of known words out."""

import re
import string
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sitegen.reports.mistakes import ReportError
from sitegen.reports.text.mathematics import LONGEST, mathml
from tests.sitegen.reports.harmless import dangers


def inner(tex: str) -> str:
    """The MathML inside the row that every formula is."""
    shown = str(mathml(tex))
    assert shown.startswith('<math display="inline"><mrow>')
    return shown.removeprefix('<math display="inline"><mrow>').removesuffix("</mrow></math>")


@pytest.mark.parametrize(
    ("tex", "shown"),
    [
        ("x^2", "<msup><mi>x</mi><mn>2</mn></msup>"),
        (r"\frac{a}{b}", "<mfrac><mrow><mi>a</mi></mrow><mrow><mi>b</mi></mrow></mfrac>"),
        (r"a \le b < c", "<mi>a</mi><mo>≤</mo><mi>b</mi><mo>&lt;</mo><mi>c</mi>"),
        (r"x \sim p", "<mi>x</mi><mo>\N{TILDE OPERATOR}</mo><mi>p</mi>"),
        (r"\mathbb{E}", "<mi>𝔼</mi>"),
        (r"\mathbf{ab}", "<mrow><mi>𝐚</mi><mi>𝐛</mi></mrow>"),
        (r"\boldsymbol{\theta}", "<mrow><mi>𝜽</mi></mrow>"),
        (r"\mathit{h}", "<mrow><mi>ℎ</mi></mrow>"),
        (r"\mathcal{LO}", "<mrow><mi>ℒ</mi><mi>𝒪</mi></mrow>"),
        (r"\mathrm{d}", '<mrow><mi mathvariant="normal">d</mi></mrow>'),
        (r"\text{if } x", "<mtext>if\u00a0</mtext><mi>x</mi>"),
        (r"\text{50\% \& a\_b}", "<mtext>50%\u00a0&amp;\u00a0a_b</mtext>"),
        (r"\textbf{a}", '<mtext class="math-bold">a</mtext>'),
        (r"\operatorname{softmax}", "<mo>softmax</mo>"),
        (r"\boxed{x}", '<mrow class="math-box"><mrow><mi>x</mi></mrow></mrow>'),
        (r"\cancel{x}", '<mrow class="math-updiagonalstrike"><mrow><mi>x</mi></mrow></mrow>'),
        (r"\textcolor{red}{x}", '<mstyle mathcolor="red"><mrow><mi>x</mi></mrow></mstyle>'),
        (r"a\!b", '<mi>a</mi><mspace width="-0.167em"></mspace><mi>b</mi>'),
        (r"\begin{equation} x \end{equation}", "<mi>x</mi>"),
    ],
)  # fmt: skip
def test_formulas_become_mathml(tex: str, shown: str) -> None:
    assert inner(tex) == shown


@pytest.mark.parametrize(
    ("tex", "spaces"),
    [
        (r"n \log n", 2),
        (r"\log_2 n", 1),
        (r"\log(n)", 0),
        (r"\log\left(n\right)", 0),
        (r"2 + \log n - 1", 1),
        (r"\sin^2 x \cos x", 3),
        (r"\mathrm{ReLU} x", 0),
        (r"\frac{\log}{n}", 0),
    ],
)
def test_names_of_functions_stand_apart(tex: str, spaces: int) -> None:
    assert inner(tex).count('<mspace width="0.167em"></mspace>') == spaces


def test_lines_of_equations_are_aligned_and_not_numbered() -> None:
    shown = inner(r"\begin{align} a &= b \\ c &= d \end{align}")
    assert shown == inner(r"\begin{aligned} a &= b \\ c &= d \end{aligned}").replace(' displaystyle="true"', "", 0)
    assert shown.count('<mtd class="math-right">') == shown.count('<mtd class="math-left">') == 2
    assert "(1)" not in shown


_ROWS = "<mtr><mtd><mi>a</mi></mtd></mtr><mtr><mtd><mi>b</mi></mtd></mtr>"
_MATRIX = f"<mrow><mo>(</mo><mtable>{_ROWS}</mtable><mo>)</mo></mrow>"


@pytest.mark.parametrize(
    ("after", "shown"),
    [
        ("_i", f"<msub>{_MATRIX}<mi>i</mi></msub>"),
        (r"^\top x", f"<msup>{_MATRIX}<mo>⊤</mo></msup><mi>x</mi>"),
        (" _i^2", f"<msubsup>{_MATRIX}<mi>i</mi><mn>2</mn></msubsup>"),
    ],
)
def test_an_index_belongs_to_the_whole_matrix(after: str, shown: str) -> None:
    assert inner(rf"z \begin{{pmatrix}}a\\b\end{{pmatrix}}{after}") == f"<mi>z</mi>{shown}"


def test_indices_of_matrices_in_matrices_stay_apart() -> None:
    one = r"\begin{bmatrix}a\end{bmatrix}"
    assert inner(rf"\begin{{bmatrix}}{one}^2 & {one}\end{{bmatrix}}^T").count("<msup>") == 2
    assert inner(rf"x^{{{one}^2}} {one}").count("<msup>") == 2


@pytest.mark.parametrize(
    ("tex", "same"),
    [
        (r"\arg\max_x f", r"\argmax_x f"),
        (r"\arg \min_x f", r"\argmin_x f"),
        (r"\operatorname*{arg\,max}_x f", r"\argmax_x f"),
        (r"\operatorname{arg max}_x f", r"\argmax_x f"),
        (r"\arg z", r"\operatorname{arg} z"),
        (r"\mathbbm{1}", r"\mathbb{1}"),
        (r"x \nonumber", "x"),
        (r"\ensuremath{x}", "{x}"),
        (r"a \\arg b", r"a \\ arg b"),
        (r"\begin{gather*} a \\ b \end{gather*}", r"\begin{gathered} a \\ b \end{gathered}"),
    ],
)
def test_what_papers_write_is_understood(tex: str, same: str) -> None:
    assert inner(tex) == inner(same)


@pytest.mark.parametrize(
    "tex",
    [
        r"\mathbb{R}^{n \times d}", r"\mathcal{N}(\mu, \sigma^2)", r"\operatorname{Var}(X)", r"\tfrac12 \dfrac{a}{b}",
        r"f = \begin{cases} 1 & x > 0 \\ 0 & \text{otherwise} \end{cases}", r"\left( \frac{a}{b} \right)^2",
        r"\sum_{i=1}^{n} \hat{y}_i - \bar y", r"\lVert x \rVert_2^2 + \|y\| + \lvert z \rvert", r"\binom{n}{k} \quad a",
        r"\underbrace{a + b}_{\text{sum}} \overbrace{c}^{d}", r"\overset{!}{=} \underset{x}{\min} \stackrel{d}{=}",
        r"\mathbb E_{x \sim p}[x] = \int_0^\infty x\,\mathrm{d}x",
        r"\left. x \right|_{0} \left\{ a \middle| b \right\}",
        r"\sum_{\substack{i=1 \\ i \ne j}}^n", r"D_{\mathrm{KL}}(p \,\|\, q)", r"\mathbf{1}_{\{x > 0\}}", r"f''(x)'^2",
        r"\mathrm{softmax}\!\left(\frac{QK^\top}{\sqrt{d_k}}\right)V",
        r"\xrightarrow{n \to \infty} 90^\circ \triangleq",
    ],
)  # fmt: skip
def test_the_formulas_of_papers_are_shown(tex: str) -> None:
    assert inner(tex)


def test_what_is_on_its_own_line_is_displayed() -> None:
    assert mathml("x", display=True).startswith('<math display="block">')


@pytest.mark.parametrize(
    ("tex", "said"),
    [
        ("", "an empty formula"),
        ("{a", "{ without its }"),
        ("a}", "} without its {"),
        (r"\frac{a}", "a part is missing"),
        (r"\foo", r"found \foo"),
        (r"\label{eq:a} x", "{#eq-name} after the closing $$"),
        ("a_b_c", "double subscripts"),
        (r"\left( a", "extra left or missing right"),
        (r"\begin{foo} a \end{foo}", r"\begin{foo}"),
        (r"\begin{matrix} a", "missing end"),
        (r"\text{\textbf{a}}", r"\textbf"),
        (r"\text{a $x$}", "a formula in a text"),
        (r"\rule{999em}{1em}", "at most 20em"),
        (r"\hspace{a}", "the length 'a'"),
        (r"\textcolor{red;}{x}", "the colour"),
        ("x" * (LONGEST + 1), "at most 5000"),
        ("{" * 61 + "}" * 61, "braces in each other"),
        (r"\sqrt" * 900 + "x", "nested too deeply"),
    ],
)
def test_bad_formulas_say_what_is_wrong(tex: str, said: str) -> None:
    with pytest.raises(ReportError) as raised:
        mathml(tex)
    assert said in str(raised.value)
    assert "; " in str(raised.value) or "expected" in str(raised.value)


@pytest.mark.parametrize(
    "tex",
    [
        r"\href{javascript:alert(1)}{x}",
        r"\style{position:fixed}{x}",
        r"\class{site-head}{x}",
        r"\unicode{3c}",
        r"\def\a{\a\a}\a",
        r"\newcommand{\a}{\href}\a{x}{y}",
        r"\renewcommand{\a}{b}",
        r"\DeclareMathOperator{\a}{<script>}",
        r"\newenvironment{a}{b}{c}",
        r"\fcolorbox{red}{blue}{x}",
    ],
)
def test_commands_that_do_more_than_show_are_refused(tex: str) -> None:
    with pytest.raises(ReportError):
        mathml(tex)


@pytest.mark.parametrize(
    "tex",
    [
        r"\text{<script>alert(1)</script>}",
        r"\text{</mtext></math><img src=x onerror=alert(1)>}",
        r"\text{&lt;script&gt; &#60;b&#62; &amp;lt;i>}",
        r"\mbox{<b onclick=x>}",
        r"\verb|<script>|",
        r"\tag{<b>}",
        r"\textcolor{red\" onclick=\"x}{y}",
        r"\color{\"><script>}",
        r"\hspace{1em\" onclick=\"x}",
        r"<script> \& &lt; &#x3c;",
        r"\operatorname{a}<b>",
        r"\begin{array}{<b>} x \end{array}",
        "\\text{\x00\ud7ff<b>}",
    ],
)
def test_no_markup_gets_out_of_a_formula(tex: str) -> None:
    try:
        shown = str(mathml(tex))
    except ReportError:
        return
    assert dangers(shown) == []
    assert re.sub(r"</?m[a-z]+(?: [a-z]+=\"[^\"<>]*\")*>", "", shown).count("<") == 0


_COMMANDS = [
    "\\frac", "\\sqrt", "\\text{", "\\left(", "\\right)", "\\begin{matrix}", "\\end{matrix}", "\\\\", "&", "{",
    "}", "[", "]",
    "^", "_", "'", "\\mathbf", "\\mathbb{", "\\hat", "\\sum", "\\limits", "\\over", "\\choose", "\\color{red}",
    "\\hspace{1em}",
    "\\href{x}", "\\verb|", "\\not", "\\big", "\\xrightarrow", "\\substack", "\\sideset", "\\skew", "\\genfrac",
    "\\operatorname{",
    "<b>", "&lt;", "1", "x", " ", "\\", "%", "\n", "\\middle|", "\\tag{", "\\mathchoice", "\\root", "\\of",
    "\\rule", "\\raise",
]  # fmt: skip
_TEX = st.one_of(
    st.text(string.printable, max_size=60),
    st.text(max_size=40),
    st.lists(st.sampled_from(_COMMANDS), max_size=25).map("".join),
)


@settings(max_examples=400, deadline=None)
@given(_TEX)
def test_any_text_is_a_formula_or_a_mistake(tex: str) -> None:
    with suppress(ReportError):
        shown = str(mathml(tex))
        assert dangers(shown) == []
        assert shown == str(mathml.__wrapped__(tex))


ENDLESS = [
    r"'{' * 59 + '}' * 59", r"r'\sqrt' * 999 + 'x'", r"r'\frac' * 900", "'x^{' * 55 + 'x' + '}' * 55",
    r"r'\left(' * 800",
    r"r'\left(x' * 300 + r'\right)' * 300", r"r'\begin{matrix}' + '&' * 4900 + r'\end{matrix}'",
    r"r'\operatorname{' + ' ' * 4900",
    r"r'\operatorname{' + ' ' * 4900 + '}'", r"r'\verb|a' * 700", r"r'\begin{matrix}' * 150 + r'\end{matrix}' * 150",
    r"'x' + '\'' * 4900", r"r'a \over ' * 600", r"r'\not' * 1200", r"r'\color{red}' * 400 + 'x'", "'1' * 4999",
    "'%a\\n' * 1600",
    r"r'\sideset{_1}{^2}\sum' * 200", r"r'\xrightarrow[' * 350", r"r'\bm ' * 1200", "'~' * 4999",
    r"r'\displaystyle ' * 350 + 'x'",
]  # fmt: skip


def test_no_formula_takes_long() -> None:
    code = f"""
from sitegen.reports.text.mathematics import mathml
from sitegen.reports.mistakes import ReportError
for tex in [{", ".join(ENDLESS)}]:
    try:
        mathml(tex)
    except ReportError:
        pass
print("done")
"""
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=120)
    assert done.stdout == "done\n", done.stderr
