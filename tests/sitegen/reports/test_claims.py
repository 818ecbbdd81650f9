"""Checked claims: they hold, fail, or are unknown, and say what the store has to say of them."""

from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from runstore.reading import sql
from runstore.reading.columns import Columns
from runstore.reading.store import RunRecord, read_store
from sitegen.reports.mistakes import ReportError
from sitegen.reports.values import checks
from sitegen.reports.values.expressions import Values
from sitegen.reports.values.terms import Call, Claim, Comparison, Negative, Number, Operation, PValue, Runs, Term
from tests.sitegen.reports.study import BASELINE, OURS, write_case, write_study
from tests.stores import write_store


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunRecord, ...]:
    return write_study(write_store(tmp_path_factory.mktemp("study") / "experiments"))


@pytest.fixture(scope="module")
def values(runs: tuple[RunRecord, ...]) -> Values:
    sets = {name: [run for run in runs if run.meta.group == name] for name in ("ours", "baseline")}
    return Values({"runs": runs, **sets, "nothing": []})


@pytest.mark.parametrize(
    ("check", "found"),
    [
        ("mean(summary.val_acc) over group = 'baseline' >= 0.94", "0.9446 from 5 runs"),
        ("mean(val_acc) over group = 'ours' > 95%", "0.9586 from 5 runs"),
        ("mean(val_acc) of ours > 0.95", "0.9586 from 5 runs"),
        ("mean(val_acc) in ours over config.fold < 2 > 0.95", "0.959 from 2 runs"),
        ("mean(val_acc) > 0.95", "0.9516 from 10 of 12 runs"),
        ("median(val_acc) of ours = 0.958", "0.958 from 5 runs"),
        ("max(val_acc) of ours = 0.964 and min(val_acc) of baseline = 0.939", "0.964 from 5 runs; 0.939 from 5 runs"),
        ("sum(config.fold) of ours = 10", "10 from 5 runs"),
        ("best(val/loss) <= 0.036 ± 0.001", "0.036 from 10 of 12 runs"),
        ("worst(val_acc) of ours = best(val_acc) of ours ± 0.02", "0.953 from 5 runs against 0.964 from 5 runs"),
        ("count() = 12", "12 of 12 runs"),
        ("count() over all = 12", "12 of 12 runs"),
        ("count() over state = 'failed' = 1", "1 of 12 runs"),
        ("count() over state = 'running' = 0", "0 of 12 runs"),
        ("count() of nothing = 0", "0 of 0 runs"),
        ("count(val_acc) = 10", "10 of 12 runs"),
        ("count() over group IN ('ours', 'baseline') AND NOT config.fold BETWEEN 1 AND 3 = 4", "4 of 12 runs"),
        ("count() over (group = 'ours' or group = 'baseline') and config.fold = 0 >= 2", "2 of 12 runs"),
        ("count() over name ~ '^run o' <> 0", "5 of 12 runs"),
        ("count() over 'cv' IN tags = 10", "10 of 12 runs"),
        ("count() over summary.val/loss < 0.05 = 6", "6 of 12 runs"),
        ("0.95 <= mean(val_acc) of ours", "0.9586 from 5 runs"),
        ("0.9586 = mean(val_acc) of ours", "0.9586 from 5 runs"),
        ("mean(val_acc) of ours = 0.96 ± 0.01", "0.9586 from 5 runs"),
        ("mean(val_acc) of ours = 96% +- 1%", "0.9586 from 5 runs"),
        ("mean(val_acc) of ours = 0.96 +/- 0.01", "0.9586 from 5 runs"),
        ("mean(val_acc) of ours = 0.96 within 0.005 * 2", "0.9586 from 5 runs"),
        ("mean(val_acc) of ours >= 0.96 within 0.01", "0.9586 from 5 runs"),
        ("mean(val_acc) of ours ≥ 0.95", "0.9586 from 5 runs"),
        ("p_value(val_acc, group = 'ours', group = 'baseline') < 0.01", "0.001639 from 5 runs and 5 runs"),
        ("p_value(val_acc, ours, baseline) < 0.01", "0.001639 from 5 runs and 5 runs"),
        ("p_value(val_acc, ours, baseline, mannwhitney) < 0.01", "0.007937 from 5 runs and 5 runs"),
        ("-mean(val_acc) of ours < -(1 - 0.05)", "-0.9586 (mean(val_acc) of ours is 0.9586 from 5 runs)"),
        (
            "(mean(val_acc) over group = 'ours') - (mean(val_acc) over group = 'baseline') > 0.01",
            "0.014 (mean(val_acc) over group = 'ours' is 0.9586 from 5 runs; "
            "mean(val_acc) over group = 'baseline' is 0.9446 from 5 runs)",
        ),
        ('mean("val/loss") of ours < 5%', "0.0414 from 5 runs"),
        ("mean(`config.model.depth`) >= 0", "3 from 10 of 12 runs"),
    ],
)
def test_a_claim_that_holds_says_by_what(values: Values, check: str, found: str) -> None:
    verdict = values.check(check)
    assert (verdict.state, verdict.found, verdict.message) == ("holds", found, "")
    assert verdict.text == check


@pytest.mark.parametrize(
    ("check", "message"),
    [
        ("mean(val_acc) of baseline >= 0.95", "0.9446 from 5 runs, expected >= 0.95"),
        ("0.95 <= mean(val_acc) of baseline", "0.9446 from 5 runs, expected >= 0.95"),
        ("count() over state = 'failed' = 0", "1 of 12 runs, expected = 0"),
        ("mean(val_acc) of ours = 0.96", "0.9586 from 5 runs, expected = 0.96; write behind it what rounding leaves"),
        ("mean(val_acc) of ours = 0.97 ± 0.01", "0.9586 from 5 runs, expected = 0.97 ± 0.01"),
        ("mean(val_acc) of ours > 0.95 and count() = 5", "12 of 12 runs, expected = 5"),
        ("mean(val_acc) of ours != 0.9586", "0.9586 from 5 runs, expected != 0.9586"),
        ("max(val_acc) of ours < 0.964", "0.964 from 5 runs, expected < 0.964"),
        ("mean(val_acc) of baseline > mean(val_acc) of ours", "expected > that"),
    ],
)
def test_a_claim_that_fails_says_what_was_found_and_expected(values: Values, check: str, message: str) -> None:
    verdict = values.check(check)
    assert verdict.state == "fails"
    assert message in verdict.message


@pytest.mark.parametrize(
    ("check", "message"),
    [
        ("mean(val_acc) over group = 'none' > 0", "holds no runs, so there is nothing to judge by"),
        ("mean(val_acc) of nothing > 0", "the run set 'nothing' holds no runs"),
        ("mean(val_acc) over group = 'broken' > 0", "1 has NaN or an infinity, 1 has nothing"),
        ("mean(note) > 0", "10 have something else"),
        ("std(val_acc) over id = 'o1' > 0", "found 1 of the 2 numbers"),
        ("p_value(val_acc, group = 'ours', group = 'none') < 1", "holds no runs"),
        ("mean(val_acc) / 0 > 1", "divides by zero"),
        ("mean(val_acc) / (count() - count()) > 1", "divides by zero"),
        ("mean(val_acc) * 1e308 * 1e308 > 1", "no finite number"),
        ("mean(val_acc) = 0.9 ± -0.1", "the tolerance is -0.1"),
        ("best(config.fold) > 1", "nothing says whether high or low"),
        ("mean(host) > 1", "reports do not show"),
        ("maen(val_acc) > 1", "found 'maen' at character 1 of the check, expected a number, or one of mean"),
        ("mean(val_ac) > 1", "did you mean val_acc?"),
        ("mean(val_acc) >", "ends too early, expected a number"),
        ("mean(val_acc", "ends too early, expected ')'"),
        ("mean() > 1", "found ')' at character 6"),
        ("mean(val_acc)", "expected a comparison"),
        ("mean(val_acc) of 3 > 1", "found '3' at character 18 of the check, expected the name of a run set"),
        ("mean(val_acc) of our > 1", "did you mean 'ours'?"),
        ("mean(val_acc) > 1 or count() = 1", "found 'or' at character 19 of the check, expected 'and' or the end"),
        ("1 < 2", "asks runs for something"),
        ("mean(val_acc) > 0 and 1 < 2", "found '1' at character 23"),
        ("mean(val_acc) over group = 'x > 1", "close it with ' at character 28 of the check"),
        (
            "mean(val_acc) over grup = 'a' > 1",
            "did you mean group? A text stands in quotes, '…' (at character 20 of the",
        ),
        ("mean(val_acc) over config.lr > 1", "ends too early, expected a comparison"),
        ("mean(val_acc) over > 1", "found '>' at character 20 of the check, expected a column"),
        ("mean(val_acc) ± 3 > 2", "found '±' at character 15"),
        ("mean(val_acc) > 1e999", "not too large"),
        ("mean(val_acc) > 5x", "expected a number"),
        ("p_value(val_acc, ours) < 1", "found ')' at character 22 of the check, expected ','"),
        ("p_value(val_acc, ours, baseline, ttest) < 1", "found 'ttest' at character 34 of the check, expected a test"),
        ("p_value(val_acc, ours, baseline, paired) < 1", "expected 'by' and the column"),
        ("count() over lpad('a', 1000000000, 'x') = 'a' > 0", "found no function 'lpad' at character 14 of the check"),
        ("(" * 100 + "1", "nested deeper"),
        ("-" * 100 + "1", "nested deeper"),
        ("count()" + " + 1" * 400 + " > 1", "more than 100 of + - * /"),
        ("count()" + "*1" * 900 + " > 1", "more than 100 of + - * /"),
        (f"count() over config.fold{' + 1' * 300} = 1 > 1", "found a formula of 601 words and signs"),
        ("count() = 1" + " " * 3000, "3,011 characters"),
        ("", "ends too early"),
    ],
)
def test_a_claim_that_cannot_be_judged_says_why(values: Values, check: str, message: str) -> None:
    verdict = values.check(check)
    assert (verdict.state, verdict.found, verdict.runs) == ("unknown", "", ())
    assert message in verdict.message
    assert "\n" not in verdict.message


def test_a_claim_rests_on_the_runs_that_had_a_number(values: Values) -> None:
    assert values.check("mean(val_acc) of ours > 0").runs == ("o0", "o1", "o2", "o3", "o4")
    assert values.check("mean(val_acc) over group = 'broken' or id = 'o1' > 0").runs == ("o1",)
    assert values.check("count() over state = 'failed' = 0").runs == ("failed",)
    both = values.check("mean(val_acc) over id = 'o1' > 0 and p_value(val_acc, ours, baseline) < 1").runs
    assert both == ("o1", "o0", "o2", "o3", "o4", "b0", "b1", "b2", "b3", "b4")


def test_numbers_agree_with_numpy_and_scipy(values: Values) -> None:
    for name, expected in (
        ("mean", np.mean(OURS)),
        ("median", np.median(OURS)),
        ("std", np.std(OURS, ddof=1)),
        ("sem", scipy.stats.sem(OURS)),
        ("sum", np.sum(OURS)),
    ):
        assert values.check(f"{name}(val_acc) of ours = {float(expected)!r} ± 1e-12").state == "holds", name
    for test, expected in (
        ("", scipy.stats.ttest_ind(OURS, BASELINE, equal_var=False).pvalue),
        (", welch", scipy.stats.ttest_ind(OURS, BASELINE, equal_var=False).pvalue),
        (", mannwhitney", scipy.stats.mannwhitneyu(OURS, BASELINE).pvalue),
        (", paired by config.fold", scipy.stats.ttest_rel(OURS, BASELINE).pvalue),
    ):
        check = f"p_value(val_acc, ours, group = 'baseline'{test}) = {float(expected)!r} ± 1e-12"
        assert values.check(check).state == "holds", test


def test_a_p_value_reads_its_conditions_over_the_set_that_is_named(values: Values) -> None:
    found = values.check("p_value(val_acc, config.fold < 2, config.fold >= 2) of ours < 2").found
    assert found.endswith("from 2 runs and 3 runs")


def test_rounding_decides_nothing(root: Path) -> None:
    for name, value in (("a", 0.1), ("b", 0.3)):
        write_case(root, name, {"acc": value})
    values = Values({"runs": read_store(root).projects[0].runs})
    assert 0.3 - 0.1 < 0.2
    for sign, state in zip(("=", ">=", "<=", "!=", ">", "<"), ["holds"] * 3 + ["fails"] * 3, strict=True):
        assert values.check(f"max(acc) - min(acc) {sign} 0.2").state == state
    assert values.check("max(acc) - min(acc) = 0.21 ± 0.01").state == "holds"
    assert values.check("max(acc) - min(acc) - 0.2 = 0").state == "holds"
    assert values.check("max(acc) - min(acc) - 0.2 >= 1e-9").state == "fails"
    assert values.check("max(acc) - min(acc) = 0.2").found.startswith("0.2 (")


def test_what_is_found_has_the_digits_that_decide(root: Path) -> None:
    write_case(root, "a", {"acc": 0.94999987})
    values = Values({"runs": read_store(root).projects[0].runs})
    assert values.check("mean(acc) >= 0.95").message == "0.9499999 from 1 run, expected >= 0.95"
    assert values.check("mean(acc) >= 0.5").found == "0.95 from 1 run"


def test_text_of_runs_cannot_change_a_verdict(root: Path) -> None:
    write_case(root, "a", {"acc": 0.5}, group="x' or '1' = '1")
    write_case(root, "b", {"acc": 1.0}, group="x")
    values = Values({"runs": read_store(root).projects[0].runs})
    assert values.check("mean(acc) over group = 'x' = 1").found == "1 from 1 run"
    assert values.check("mean(acc) over group = 'x'' or ''1'' = ''1' = 0.5").state == "holds"


_COLUMNS = st.sampled_from(["val_acc", "summary.val_acc", "val/loss", "config.lr", 'a"b', " a(b), c", "it's"])
_CONDITIONS = st.sampled_from(
    [
        "group = 'ours'",
        "group = 'a, b) >= 1'",
        "config.fold < 2 AND NOT (config.fold = 1 OR config.fold IS NULL)",
        "(config.fold + 1) * 2 = 4",
        "name LIKE 'run%' and summary.val/loss <= 0.5",
        "id IN ('a', 'b')",
        "config.fold BETWEEN 1 AND 2",
        "'cv' IN tags",
        "CASE WHEN config.fold = 0 THEN 'x' ELSE 'y' END = 'x'",
    ]
)
_SETS = st.sampled_from(["", "ours", "baseline"])
_NUMBERS = st.one_of(st.integers(0, 10**6).map(str), st.floats(0, 1e6).map(repr), st.just("95%"), st.just(".5e-3%"))
_CHOSEN = st.one_of(st.builds(Runs, of=st.sampled_from(["ours", "baseline"])), st.builds(Runs, over=_CONDITIONS))
_CALLS = st.one_of(
    st.builds(
        Call, st.sampled_from(checks.AGGREGATES), _COLUMNS, st.builds(Runs, _SETS, st.one_of(st.just(""), _CONDITIONS))
    ),
    st.builds(Call, st.just("count"), st.just(""), st.builds(Runs, _SETS, _CONDITIONS)),
    st.builds(PValue, _COLUMNS, _CHOSEN, _CHOSEN, _SETS, st.sampled_from(["", "welch", "mannwhitney"])),
    st.builds(PValue, _COLUMNS, _CHOSEN, _CHOSEN, _SETS, st.just("paired"), _COLUMNS),
)
_TERMS: st.SearchStrategy[Term] = st.recursive(
    st.one_of(st.builds(Number, _NUMBERS), _CALLS),
    lambda inner: st.one_of(
        st.builds(Negative, inner), st.builds(Operation, inner, st.sampled_from(["+", "-", "*", "/"]), inner)
    ),
    max_leaves=6,
)
_COMPARISONS = st.builds(
    Comparison,
    st.builds(Operation, _CALLS, st.just("+"), _TERMS),
    st.sampled_from(["=", "!=", "<", "<=", ">", ">="]),
    _TERMS,
    st.one_of(st.none(), st.builds(Number, _NUMBERS)),
)


@given(st.lists(_COMPARISONS, min_size=1, max_size=3).map(tuple).map(Claim))
def test_what_a_claim_says_of_itself_is_read_back_as_the_same(runs: tuple[RunRecord, ...], claim: Claim) -> None:
    columns = Columns(runs)
    assert checks.parse(str(claim), lambda _, text, start: sql.end_of_condition(text, columns, start)) == claim


@given(_CONDITIONS, st.sampled_from([" >= 1", " = 1", ")", ", x", " ± 1", " - 1 >= 2 over"]))
def test_a_condition_ends_where_something_else_begins(runs: tuple[RunRecord, ...], condition: str, rest: str) -> None:
    condition = f"({condition})" if rest.startswith(" -") else condition
    text = f"over {condition}{rest}"
    end = sql.end_of_condition(text, Columns(runs), 5)
    assert (text[5:end].strip(), text[end:].strip()) == (condition, rest.strip())


@given(st.text(max_size=80))
def test_any_text_gets_a_verdict(runs: tuple[RunRecord, ...], text: str) -> None:
    verdict = Values({"runs": runs}).check(text)
    assert verdict.text == text
    assert (verdict.state == "holds") == (verdict.message == "")


def test_a_place_is_said_in_characters_of_the_check(values: Values) -> None:
    for check, sign in (
        ("count() = 1 and mean(val_acc) over group = ! 'a' > 1", "!"),
        ("count() over group = 'a' ; = 1", ";"),
        ("count() = 1 and p_value(val_acc, ours, id = ]) > 1", "]"),
    ):
        message = values.check(check).message
        assert check[int(message.split("at character ")[1].split()[0]) - 1] == sign


def test_a_check_that_names_no_set_needs_one_called_runs(runs: tuple[RunRecord, ...]) -> None:
    assert "found no run set 'runs'" in Values({"ours": runs}).check("count() = 1").message
    with pytest.raises(ReportError, match="found no 'runs'"):
        Values({"ours": runs}).inline("runs.count()")
