"""Formulas between metrics in the browser: what they find, what they refuse, where they have no value."""

import math
from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser

from tests.browser.chart_scripts import DECODE, Bench, check, made, points, scripts_page

FORMULAS = {
    "a / b": lambda a, b: a / b,
    "1 - a": lambda a, b: 1 - a + 0 * b,
    "log(a) + b ** 2 * 3": lambda a, b: math.log(a) + b**2 * 3,
    "-a ** 2 + b % 3": lambda a, b: -(a**2) + math.fmod(b, 3),
    "2 ** 3 ** a - (b - a) - 1.5e0": lambda a, b: 2 ** (3**a) - (b - a) - 1.5,
    "max(a, b, 0.5) / sqrt(abs(-b))": lambda a, b: max(a, b, 0.5) / math.sqrt(b),
    "`a`*'b'": lambda a, b: a * b,
}


@pytest.fixture(scope="module")
def bench(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("formulas")
    with scripts_page(chromium, folder) as page:
        yield Bench(page, folder)


def test_a_formula_between_metrics_is_computed_where_a_run_logged_all_of_them(bench: Bench) -> None:
    generator = np.random.default_rng(6)
    metrics = []
    for seed in range(2):
        parts = []
        for run in range(seed, 4):
            steps = np.sort(generator.choice(40, 30, False)).astype(np.float64)
            parts.append(np.stack([np.full(30, run), steps, generator.random(30) + 0.1, steps * 0.1]))
        metrics.append(made(parts))
    found = bench.page.evaluate(
        f"""async ({{ files, texts }}) => {{
            {DECODE}
            const all = {{ a: await of(files.a), b: await of(files.b) }};
            return texts.map((text) => {{
                const formula = runstore.formula.parse(text, ["a", "b", "abs"]);
                const made = runstore.formula.combine(formula, formula.metrics.map((key) => all[key]));
                const runs = new Set(made.runs);
                const curves = (xsOf) => runstore.series.runCurves(made, xsOf, runs, () => ({{}}), {{ smooth: 0 }});
                const moments = curves(made.runtime).map(({{ xs }}) => list(xs));
                return [list(made.runs), curves(made.step).map(plain), moments];
            }});
        }}""",
        {"files": {key: bench.load(each) for key, each in zip("ab", metrics, strict=True)}, "texts": list(FORMULAS)},
    )
    a, b = (
        {run: dict(zip(p.xs, p.ys, strict=True)) for run, p in zip(each.runs, points(each, "_step"), strict=True)}
        for each in metrics
    )
    for (text, value), (runs_, curves, moments) in zip(FORMULAS.items(), found, strict=True):
        alone = "b" not in text
        assert runs_ == ([0, 1, 2, 3] if alone else [1, 2, 3]), text
        for run, curve, runtime in zip(runs_, curves, moments, strict=True):
            shared = sorted(a[run]) if alone else sorted(a[run].keys() & b[run].keys())
            assert curve["xs"] == shared
            np.testing.assert_allclose(runtime, np.array(shared) * 0.1, rtol=1e-12)
            expected = np.array([value(a[run][x], 0.0 if alone else b[run][x]) for x in shared])
            check(curve["ys"], expected, np.abs(expected), text)


@pytest.mark.parametrize(("text", "keys", "metrics"), [
    ("train/loss / val/loss", ["loss", "train/loss", "val/loss"], ["train/loss", "val/loss"]),
    ("a/b", ["a", "b", "a/b"], ["a/b"]), ("a / b", ["a", "b", "a/b"], ["a", "b"]), ("aa + a", ["a", "aa"], ["aa", "a"]),
    ("log(log)", ["log"], ["log"]), ('"1" - 1', ["1"], ["1"]), ("größe * 2", ["größe"], ["größe"]),
    ("x.y-z - x", ["x.y-z", "x"], ["x.y-z", "x"]), ("a - a", ["a"], ["a"]),
])  # fmt: skip
def test_a_formula_names_the_longest_metrics_that_fit(
    bench: Bench, text: str, keys: list[str], metrics: list[str]
) -> None:
    found = bench.page.evaluate("([text, keys]) => runstore.formula.parse(text, keys).metrics", [text, keys])
    assert found == metrics


@pytest.mark.parametrize(("text", "at", "message"), [
    ("", 0, "Expected a metric or a number, found the end."), ("1 + 2", 0, "There is no metric in this formula."),
    ("a +", 3, "Expected a metric or a number, found the end."), ("a b", 2, "Expected an operator, found “b”."),
    ("(a", 2, "Expected “)”, found the end."), ("a + c", 4, "“c” is neither a metric nor a function."),
    ("a $ b", 2, "Expected an operator, found “$”."), ("'c'", 0, "No metric is called “c”."),
    ("'a", 0, "The quotation mark ' is not closed."), ("log a", 4, "Expected “(”, found “a”."),
    ("constructor(a)", 0, "“constructor” is neither a metric nor a function."),
    ("log(a, b)", 5, "Expected “)”, found “,”."), ("a + 😀", 4, "Expected a metric or a number, found “😀”."),
    ("(" * 5000 + "a", 202, "This formula is nested too deeply."),
])  # fmt: skip
def test_a_formula_that_cannot_be_read_says_where_and_why(bench: Bench, text: str, at: int, message: str) -> None:
    found = bench.page.evaluate(
        """text => {
            try { return runstore.formula.parse(text, ["a", "b"]).metrics; }
            catch (error) { return [error.at, error.message]; }
        }""",
        text,
    )
    assert found == [at, message]


def test_what_a_formula_cannot_compute_is_marked(bench: Bench) -> None:
    rows = np.array([[0, 0, 0, 0], [0, 1, 2, 3], [1.0, 0.0, -1.0, math.nan], [0.0, 1.0, 2.0, 3.0]])
    found = bench.page.evaluate(
        f"""async files => {{
            {DECODE}
            const made = runstore.formula.combine(runstore.formula.parse("log(a)", ["a"]), [await of(files)]);
            const [curve] = runstore.series.runCurves(made, made.step, new Set([0]), () => ({{}}), {{ smooth: 0 }});
            return [list(curve.ys), list(curve.broken.xs), list(curve.broken.kinds)];
        }}""",
        bench.load(made([rows])),
    )
    assert found[0][0] == 0
    assert all(math.isnan(value) for value in found[0][1:])
    assert found[1:] == [[1, 2, 3], [2, 0, 0]]
