"""Values in a report's text: they say what the runs say, mistakes are one line, and nothing else is reached."""

import statistics
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from runstore.reading.store import RunRecord, read_store
from sitegen.reports.mistakes import ReportError
from sitegen.reports.values.expressions import Values
from tests.sitegen.reports.study import BASELINE, OURS, write_case, write_study
from tests.stores import write_store

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunRecord, ...]:
    return write_study(write_store(tmp_path_factory.mktemp("study") / "experiments"))


@pytest.fixture
def values(runs: tuple[RunRecord, ...]) -> Values:
    return Values({"runs": runs, "ours": [run for run in runs if run.meta.group == "ours"], "nothing": []})


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("runs.best('val_acc').summary.val_acc | round(3)", "0.964"),
        ("runs.best('val_acc').name", "run o2"),
        ("runs.best('val_acc')", "run o2"),
        ("runs.worst('val_acc').id", "b4"),
        ("runs.best('val/loss').id", "o2"),
        ("runs.best('val_acc', 'min').id", "b4"),
        ("runs.best('config.lr', goal='lowest').id", "o4"),
        ("runs.mean_std('val_acc')", "0.952 ± 0.009"),
        ("ours.mean_std('val_acc', 4)", "0.9586 ± 0.0042"),
        ("ours.mean('summary.val_acc') | percent", "95.9%"),
        ("ours.mean('val_acc') | fixed(3)", "0.959"),
        ("ours.std('val_acc') | scientific(2)", "4.16e-03"),
        ("ours.max('val_acc') - ours.min('val_acc') | round(3)", "0.011"),
        ("ours.median('val_acc')", "0.958"),
        ("ours.sum('config.fold')", "10"),
        ("runs.count()", "12"),
        ("runs.count('val_acc')", "10"),
        ("runs.count('config.optimizer')", "11"),
        ("runs | length", "12"),
        ("nothing.count()", "0"),
        ("ours.ci('val_acc')", "[0.9534, 0.9638]"),
        ("ours.ci('val_acc', 0.5).level", "0.5"),
        ("runs.where(\"group = 'baseline' AND config.fold < 2\").count()", "2"),
        ("runs.where(\"state = 'failed'\").first.name", "run failed"),
        ("runs.group('group').names", "ours, baseline, broken"),
        ("runs.group('group') | length", "3"),
        ("runs.group('group').ours.mean('val_acc') | round(4)", "0.9586"),
        ("runs.group('config.fold')[3].mean('val_acc') | round(4)", "0.9505"),
        ("runs.group('config.fold')['(none)'].count()", "2"),
        ("runs.first.id ~ '/' ~ runs.last.id ~ '/' ~ runs[1].id ~ '/' ~ runs[-2].id", "o0/nan/o1/failed"),
        ("p_value(ours, runs.group('group').baseline, 'val_acc') | p ~ (1e-9 | p)", "0.0016< 0.001"),
        ("(runs | first).id ~ (runs | last).id", "o0nan"),
        ("runs.first.config.lr", "0.1"),
        ("runs.first.config['lr'] * 2", "0.2"),
        ("runs.first.config.model.depth", "3"),
        ("runs.first.config['model.depth'] + 1", "4"),
        ("runs.first.config.model['a.b']", "dotted"),
        ("runs.first.summary['val/loss'] | round(3)", "0.039"),
        ("runs.first.summary.train.loss", "0.1"),
        ("runs.first.summary['train.loss']", "0.1"),
        ("runs.first.tags", "cv, ours"),
        ("runs.first.tags | join(' + ')", "cv + ours"),
        ("runs.first.tags[1] | upper", "OURS"),
        ("runs.first.state ~ ' ' ~ runs.first.group ~ ' ' ~ runs.first.created", "finished ours 2026-10-01T00:59:00Z"),
        ("runs.first.runtime", "30"),
        ("runs.first.job_type | default('none')", "none"),
        ("runs.first.notes | default('–')", "–"),
        ("runs.first.summary.nope | default('–')", "–"),
        ("runs.first.config.nope.deeper | default(1) + 1", "2"),
        ("nothing.first.name | default('no run')", "no run"),
        ("runs.values('config.lr') | length", "11"),
        ("ours.values('val_acc')", "0.961, 0.957, 0.964, 0.953, 0.958"),
        ("ours.values('val_acc') | last", "0.958"),
        ("'better' if ours.mean('val_acc') > runs.mean('val_acc') else 'worse'", "better"),
        ("not (1 > 2) and 1 != 2 or false", "true"),
        ("'cv' in runs.first.tags", "true"),
        ("0.1 + 0.2", "0.3"),
        ("2 ** 10 // 3 % 7 - -1", "6"),
        ("7 | float / 2 | int", "3.5"),
        ("-3 | abs", "3"),
        ("'a b' | title ~ ('X' | lower)", "A Bx"),
    ],
)
def test_an_expression_says_what_the_runs_say(values: Values, expression: str, text: str) -> None:
    assert values.inline(expression) == text


def test_tests_and_differences_are_those_of_scipy(values: Values) -> None:
    values_of = "runs.group('group')"
    for test, expected in (
        ("", scipy.stats.ttest_ind(OURS, BASELINE, equal_var=False).pvalue),
        (", test='mannwhitney'", scipy.stats.mannwhitneyu(OURS, BASELINE).pvalue),
        (", by='config.fold'", scipy.stats.ttest_rel(OURS, BASELINE).pvalue),
    ):
        found = values.inline(f"p_value({values_of}.ours, {values_of}.baseline, 'val_acc'{test}) | full")
        assert float(found) == pytest.approx(expected, rel=1e-9)
    gap = statistics.mean(OURS) - statistics.mean(BASELINE)
    assert float(values.inline(f"difference(ours, {values_of}.baseline, 'val_acc').mean")) == pytest.approx(gap)
    assert values.inline(f"difference(ours, {values_of}.baseline, 'val_acc')") == "0.014 [0.00714, 0.02086]"
    interval = scipy.stats.ttest_rel(OURS, BASELINE).confidence_interval()
    found = values.inline(f"difference(ours, {values_of}.baseline, 'val_acc', by='config.fold').ci.low | full")
    assert float(found) == pytest.approx(interval.low, rel=1e-9)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("ours.std('val_acc')", "0.004159"),
        ("ours.sem('val_acc')", "0.00186"),
        ("ours.std('val_acc') | full", "0.00415932686862"),
        ("ours.std('val_acc') | round(5)", "0.00416"),
        ("1 / 3 | round(7)", "0.3333"),
        ("(1 / 3) | round(7)", "0.3333333"),
        ("(1 / 3) | round(3) * 2", "0.666"),
        ("ours.first.runtime", "30"),
        ("12345.678 + 0", "12346"),
        ("12345678.9 * 10", "1.235e+08"),
        ("0.1 + 0.2", "0.3"),
        ("10 | full", "10"),
        ("123456789", "123456789"),
    ],
)
def test_numbers_read_with_four_digits_that_count_unless_a_filter_says_more(
    values: Values, expression: str, text: str
) -> None:
    assert values.inline(expression) == text


def test_the_goal_that_was_defined_decides_which_run_is_best(root: Path) -> None:
    metrics = '- {"name": "val_acc", "goal": "minimize"}\n- {"name": "cost", "summary": ["min"], "goal": "maximize"}\n'
    for name, value in (("a", 1.0), ("b", 2.0)):
        summary = {"val_acc": value, "cost.min": value, "speed": value}
        write_case(root, name, summary, metrics=metrics)
    values = Values({"runs": read_store(root).projects[0].runs})
    assert values.inline("runs.best('val_acc').id") == "a"
    assert values.inline("runs.worst('val_acc').id") == "b"
    assert values.inline("runs.best('cost.min').id") == "b"
    with pytest.raises(ReportError, match=r"nothing says whether high or low values of summary\.speed are best"):
        values.inline("runs.best('speed')")


def test_an_author_may_call_a_run_set_as_everything_is_called(runs: tuple[RunRecord, ...]) -> None:
    values = Values({"p_value": runs[:1], "runs": runs})
    assert values.inline("p_value.count()") == "1"
    assert values.names() == ("p_value", "runs", "difference")


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("rnus.mean('val_acc')", "did you mean 'runs'?"),
        ("runs.meen('val_acc')", "did you mean 'mean'?"),
        ("runs.mean('val_ac')", "did you mean val_acc?"),
        ("runs.mean('lr')", "did you mean config.lr"),
        ("runs.first.summary.val_ac", "did you mean 'val_acc'?"),
        ("runs.group('group').our", "did you mean 'ours'?"),
        ("runs | rund(2)", "did you mean 'round'?"),
        ("runs.mean('note')", "10 have something else, 2 have nothing"),
        ("runs.where(\"id = 'nan'\").mean('val_acc')", "1 has NaN or an infinity"),
        ("nothing.mean('val_acc')", "the run set 'nothing' holds no runs"),
        ("nothing.first", "it holds 0 runs"),
        ("runs.mean(3)", "found the number 3, expected the name of a column"),
        ("runs.mean()", "missing 1 required positional argument: 'key'"),
        ("runs.best('val_acc', 'most')", "expected one of min, lowest"),
        ("runs.first.notes", "write | default("),
        ("runs.first.config.model", "holds several values"),
        ("runs", "ask it for one: best"),
        ("runs.mean", "call it with round brackets"),
        ("runs()", "take the round brackets off"),
        ("runs.where('stat = 1')", "did you mean state"),
        ("1 / 0", "it divides by zero"),
        ("runs.first.id + 1", "found the text 'o0' beside +"),
        ("'a' + 'b'", "texts are joined by ~"),
        ("runs < 3", "not supported"),
        ("1 if false", "'if' without 'else'"),
        ("[1, 2]", "found a list in brackets"),
        ("1, 2", "expected the end of the expression"),
        ("runs is defined", "default("),
        ("runs.first.id | fixed", "expected a number"),
        ("1 | fixed(99)", "from 0 to 30"),
        ("1 | round(10**9)", "digits"),
        ("p_value(runs, 3, 'val_acc')", "expected a run set"),
        ("p_value(ours, ours, 'val_acc', test='t')", "expected one of welch, mannwhitney, paired"),
        ("p_value(ours, ours, 'val_acc', test='paired')", "by='config.seed'"),
        ("p_value(ours, ours, 'val_acc', by='config.optimizer')", "two runs with config.optimizer = adam"),
        ("p_value(ours, ours, 'config.model.depth')", "do not spread"),
        ("ours.where(\"id = 'o1'\").std('val_acc')", "found 1 of the 2 numbers that a standard deviation needs"),
        ("runs.values('host')", "reports do not show"),
        ("{% set x = 1 %}", "found '%' where it cannot stand"),
        ("runs.", "it ends too early; write what belongs behind its last sign"),
        ("runs.count() +", "it ends too early"),
        ("", "found nothing between {{ and }}; write an expression there, such as runs.count()"),
        ("runs.mean('val_acc'", "the bracket ( is not closed; write ) at its end"),
        ("runs.mean('val_acc') | round(3", "the bracket ( is not closed"),
        ("(runs['first'", "the bracket [ is not closed; write ] at its end"),
        ("runs.mean('(')", "found no column '('; there are val_acc, val/loss, "),
        ("runs.count())", "found ) where no such bracket is open; take it out"),
        ("runs.mean('val_acc)", "a text in it is not closed; write ' at its end too"),
        ("runs.mean('nokey')", "found no column 'nokey'; there are val_acc, "),
        ("runs.mean('lr')", "did you mean config.lr?"),
        ("runs.mean('config.val_acc')", "did you mean val_acc?"),
        (
            "difference(runs, runs, 'val_acc') | round(4)",
            "found the difference, expected a number; write behind it which: ",
        ),
        ("difference(runs, runs, 'val_acc') * 2", ".mean or .low or .high"),
        ("runs.ci('val_acc') | percent", "found the interval, expected a number; write behind it which: .low or .high"),
        ("runs | round", ".mean('…')"),
        ("1 }} {{ 2", "expected the end"),
    ],
)
def test_a_mistake_is_one_line_that_says_what_to_do(values: Values, expression: str, said: str) -> None:
    with pytest.raises(ReportError) as error:
        values.inline(expression)
    assert said in str(error.value)
    assert "\n" not in str(error.value)
    assert "Seen" not in str(error.value)


ATTACKS = [
    "runs.__class__",
    "runs.__class__.__mro__[1].__subclasses__()",
    "runs['__class__']",
    "runs.mean.__func__.__globals__",
    "runs.mean.__self__",
    "runs.first.layout.path",
    "runs.first.provenance",
    "runs.first['_run']",
    "runs.first._run.layout",
    "runs.budget",
    "runs.columns.runs",
    "runs.runs",
    "''.__class__",
    "''.format",
    "'{0.__class__}'.format(runs)",
    "'{0.__class__.__init__.__globals__}' | format(runs)",
    "runs.first.name.format_map(runs)",
    "runs.first.tags.__class__",
    "runs.first.tags.append('x')",
    "(1).__class__",
    "1.0.hex()",
    "runs | attr('__class__')",
    "runs | map(attribute='__class__')",
    "runs | tojson",
    "runs | list",
    "self.__init__",
    "self._TemplateReference__context",
    "cycler.__init__.__globals__.os.popen('id').read()",
    "lipsum.__globals__",
    "joiner()",
    "namespace()",
    "range(10**9)",
    "dict(a=1)",
    "{}.__class__",
    "p_value.__globals__",
    "p_value._run",
    "p_value.__call__",
    "runs.where.__code__",
    "runs.first.summary.__class__.__name__",
    "runs.first.config._values",
    "runs.mean(*[1])",
    "runs.mean(**{'key': 'val_acc'})",
    "runs[::2]",
    "runs['mea' ~ 'n'].__func__",
    "runs.ｍｅａｎ.__func__",
    "runs.__ｃｌａｓｓ__",
    "ｒｕｎｓ.mean('val_acc')",
    "runs.\u200bmean('val_acc')",
    "import os",
    "lambda: 1",
    "runs.where('1 = 1; DROP')",
    'runs.where("id IN (SELECT 1)")',
    "runs.where(\"read_csv('/etc/passwd') = 1\")",
    "runs.where(\"lpad('a', 1000000000, 'x') = 'a'\")",
    'runs.where("generate_series(1, 100000000000) = 1")',
    "runs.where(\"`lpad`('a', 1000000000, 'x') = 'a'\")",
    "runs.where(\"replace(replace(id, 'a', 'aaaa'), 'a', 'aaaa') = 'a'\")",
    "'a' * 10**9",
    "10**9 * 'a'",
    "'%999999999d' % 1",
    "9**9**9**9",
    "(9**99)**99",
    "1" + "0" * 400,
    "1e999",
    "1 | round(999999999)",
    "1 | fixed(999999999)",
    "'" + "a" * 3000 + "'",
    " ~ ".join(["'" + "a" * 300 + "'"] * 8),
    "(" * 900 + "1" + ")" * 900,
    "not " * 400 + "true",
    "-" * 1500 + "1",
    "runs" + ".first" * 300,
    "runs" + "[0]" * 600,
    " + ".join(["1"] * 400),
    "1 | round" + " | round" * 180,
]


@pytest.mark.parametrize("expression", ATTACKS)
def test_nothing_but_the_runs_can_be_reached(values: Values, expression: str) -> None:
    with pytest.raises(ReportError) as error:
        values.inline(expression)
    assert "secret" not in str(error.value)
    assert len(str(error.value)) < 1500


def test_powers_are_worked_out_as_floats(values: Values) -> None:
    """Whole numbers would be exact, and as long as memory."""
    assert values.inline("10**10**2") == "1e+20"
    with pytest.raises(ReportError, match="too large"):
        values.inline("10**200 * 10**200 + 10**400")


def test_text_of_runs_is_data_and_never_an_expression(root: Path) -> None:
    hostile = "{{ runs.__class__ }} {% raw %} {0.__class__} %n </script>"
    write_case(root, "a", {"note": hostile, "__class__": 7}, config={"__init__": "x", "deep": {"mro": 8}})
    values = Values({"runs": read_store(root).projects[0].runs})
    assert values.inline("runs.first.summary.note") == hostile
    assert values.inline("runs.first.summary.__class__") == "7"
    assert values.inline("runs.first.config.deep.mro ~ runs.first.config['__init__']") == "8x"


def test_values_too_large_for_a_page_are_refused(root: Path) -> None:
    summary = {"long": "a" * 3000, "longer": "a" * 200_000, "whole": 10**400, "acc": 10**400}
    write_case(root, "a", summary, config={"items": list(range(20_000)), "table": {"_type": "table"}, "few": [1, 2]})
    values = Values({"runs": read_store(root).projects[0].runs})
    for expression, said in (
        ("runs.first.summary.long", "3,000 characters"),
        ("runs.first.summary.long ~ 'x'", "3,000 characters"),
        ("runs.first.summary.longer | length", "200,000 characters"),
        ("runs.first.summary.whole", "whole number that is too large"),
        ("runs.first.summary.whole * 2", "too large"),
        ("runs.mean('acc')", "NaN or an infinity"),
        ("runs.first.config.items", "20,000 values"),
        ("runs.first.config.table", "show it in a panel"),
    ):
        with pytest.raises(ReportError, match=said):
            values.inline(expression)
    assert values.inline("runs.first.config.few[1]") == "2"
    assert values.inline("runs.first.summary.long | length") == "3000"


def test_halves_of_surrogates_do_not_reach_a_page(values: Values) -> None:
    assert values.inline(r"'\ud800'") == "?"


def test_what_a_report_may_cost_is_counted(runs: tuple[RunRecord, ...]) -> None:
    values = Values({"runs": runs}, most=10_000)
    with pytest.raises(ReportError, match="more than 10,000 values of runs"):
        for _ in range(20):
            values.inline("runs.mean('val_acc')")
    with pytest.raises(ReportError, match="more than 10,000"):
        values.inline("1")
    assert values.check("mean(val_acc) > 0").state == "unknown"
    assert "more than 10,000" in values.check("mean(val_acc) > 0").message


def test_the_same_expressions_cost_the_same_in_every_report(runs: tuple[RunRecord, ...]) -> None:
    def left() -> int:
        values = Values({"runs": runs})
        for expression in ("runs.mean_std('val_acc')", "runs.where(\"group = 'ours'\").best('val_acc')"):
            values.inline(expression)
        return values._budget._left

    assert left() == left()


_WORDS = """
runs ours . mean best ( ) 'val_acc' "group='ours'" where first summary config [ ] 0 1e9 + - * / ** % ~ | round fixed
default , if else and or not == < in { } {{ }} {% __class__ p_value group values is none
"""
_WORD = st.sampled_from(_WORDS.split())


@given(st.one_of(st.text(max_size=60), st.lists(_WORD, max_size=20).map(" ".join), st.lists(_WORD).map("".join)))
def test_any_text_comes_to_text_or_to_a_report_error(runs: tuple[RunRecord, ...], expression: str) -> None:
    values = Values({"runs": runs, "ours": runs[:5]})
    with suppress(ReportError):
        assert isinstance(values.inline(expression), str)
    assert values.check(expression).state in ("holds", "fails", "unknown")


def test_thousands_of_texts_end(tmp_path: Path) -> None:
    """In a process of its own, which is ended where one of them hangs."""
    script = ROOT / "tests/sitegen/reports/many_texts.py"
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) == 16_000
