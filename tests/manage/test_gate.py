"""The regression gate: its statistics against scipy's, its verdicts on stores, its steps in histories."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from runstore.errors import StoreError, UsageError
from runstore.manage.comparison import Comparison
from runstore.manage.gate import gate, regressions
from runstore.manage.repeats import is_seed, repeats
from runstore.manage.samples import (
    Noise,
    Sample,
    Test,
    compare,
    compare_with,
    holm,
    least_p,
    mean_and_std,
    pooled,
)
from runstore.manage.steps import FEWEST, change_points, history
from runstore.manage.terms import Effect, Terms, parse_effect
from runstore.reading.store import Store, read_store
from tests.stores import write_run, write_store

FINISHED = {"state": "finished", "exit_code": 0, "finished": "2026-10-01T10:30:00Z"}
numbers = st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: round(value, 3))
samples = st.lists(numbers, min_size=2, max_size=12)


# Statistics


@given(samples, samples)
def test_welch_is_scipys(one: list[float], other: list[float]) -> None:
    before, after = Sample(tuple(one)), Sample(tuple(other))
    assume(max(np.ptp(one), np.ptp(other)) > 1e-3)
    found = compare(before, after, "welch", 0.05)
    known = stats.ttest_ind(other, one, equal_var=False)
    low, high = known.confidence_interval(0.95)
    assert found is not None
    assert found.p == pytest.approx(known.pvalue, rel=1e-6, abs=1e-12)
    assert (found.low, found.high) == (pytest.approx(low, rel=1e-6, abs=1e-6), pytest.approx(high, rel=1e-6, abs=1e-6))


@given(samples, numbers)
def test_one_new_value_against_known_noise_is_students_test(one: list[float], value: float) -> None:
    assume(np.ptp(one) > 1e-3)
    before, after = Sample(tuple(one)), Sample((value,))
    noise = pooled([before, after])
    assert noise == Noise(pytest.approx(float(np.std(one, ddof=1)), rel=1e-9), len(one) - 1)
    found = compare_with(noise, before, after, 0.05)
    t = (value - np.mean(one)) / (np.std(one, ddof=1) * math.sqrt(1 + 1 / len(one)))
    assert found is not None
    assert found.p == pytest.approx(2 * stats.t.sf(abs(t), len(one) - 1), rel=1e-6)


@given(st.lists(samples, min_size=2, max_size=5))
def test_noise_is_pooled_as_in_an_analysis_of_variance(groups: list[list[float]]) -> None:
    noise = pooled([Sample(tuple(group)) for group in groups])
    squares = sum(float(np.sum((np.array(group) - np.mean(group)) ** 2)) for group in groups)
    freedom = sum(len(group) - 1 for group in groups)
    assert noise is not None
    assert noise.freedom == freedom
    assert noise.std == pytest.approx(math.sqrt(squares / freedom), rel=1e-6, abs=1e-5)


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_keeps_the_order_and_stays_below_bonferroni(values: list[float]) -> None:
    adjusted = holm(values)
    for value, raised in zip(values, adjusted, strict=True):
        assert value <= raised <= min(1.0, value * len(values)) + 1e-12
    order = sorted(range(len(values)), key=values.__getitem__)
    assert [adjusted[index] for index in order] == sorted(adjusted)


def test_holm_of_a_known_example() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@pytest.mark.parametrize("test", ["mann-whitney", "permutation"])
def test_the_other_tests_find_what_is_apart_and_not_what_is_mixed(test: Test) -> None:
    apart = compare(Sample((1.0, 2.0, 3.0, 4.0)), Sample((7.0, 8.0, 9.0, 10.0)), test, 0.05)
    mixed = compare(Sample((1.0, 3.0, 5.0, 7.0)), Sample((2.0, 4.0, 6.0, 8.0)), test, 0.05)
    assert apart is not None
    assert mixed is not None
    assert apart.p == pytest.approx(least_p(test, 4, 4)) == pytest.approx(2 / 70)
    assert mixed.p > 0.3


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=6))
def test_any_finite_values_have_a_mean_between_them_and_no_test_raises(values: list[float]) -> None:
    sample = Sample(tuple(values))
    low, high = min(values), max(values)
    slack = 1e-9 * max(abs(low), abs(high))
    assert low - slack <= sample.mean <= high + slack
    assert sample.std is None or sample.std >= 0
    found = compare(sample, Sample(tuple(values[::-1])), "welch", 0.05)
    assert found is None or 0 <= found.p <= 1
    assert str(sample)


def test_without_noise_every_difference_is_one_but_rounding() -> None:
    same = compare(Sample((0.1 + 0.2,) * 3), Sample((0.3,) * 3), "welch", 0.05)
    other = compare(Sample((0.3,) * 3), Sample((0.31,) * 3), "welch", 0.05)
    assert (same and same.p, other and other.p) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("mean", "std", "shown"),
    [
        (0.95324, 0.00412, "0.9532 ± 0.0041"),
        (12.3456, 1.5, "12.3 ± 1.5"),
        (123456.0, 1000.0, "1.2346e+05 ± 1e+03"),
        (0.5, None, "0.5"),
        (0.5, 0.0, "0.5"),
        (1e-9, 1e-10, "1e-09 ± 1e-10"),
    ],
)
def test_a_mean_has_the_digits_that_its_spread_bears(mean: float, std: float | None, shown: str) -> None:
    assert mean_and_std(mean, std) == shown


@pytest.mark.parametrize(
    ("text", "effect"), [("1%", Effect(0.01, True)), ("0.005", Effect(0.005)), (" .5 %", Effect(0.005, True))]
)
def test_the_least_change_is_an_amount_or_a_share(text: str, effect: Effect) -> None:
    assert parse_effect(text) == effect


@pytest.mark.parametrize("text", ["", "x", "-1", "1%%", "nan", "1e999", "inf"])
def test_another_least_change_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="as the least change"):
        parse_effect(text)


# Which runs repeat one another


@pytest.mark.parametrize(
    "key", ["seed", "random_state", "train.data_seed", "fold", "cv_fold", "Seed", "fold_id", "rng"]
)
def test_keys_of_seeds_are_known_by_name(key: str) -> None:
    assert is_seed(key)


@pytest.mark.parametrize("key", ["n_folds", "n_fold", "num_seed", "lr", "folder", "seedling", "unfold_size"])
def test_other_keys_are_no_seeds(key: str) -> None:
    assert not is_seed(key)


def test_runs_repeat_one_another_but_for_seeds(root: Path) -> None:
    for number in range(6):
        config = {"model": {"lr": 0.1 if number < 4 else 1}, "seed": number, "fold": number % 2}
        write_run(root, "p", f"r{number}", (), config=config)
    found = repeats(read_store(root).projects[0].runs)
    assert {each.label: len(each.runs) for each in found} == {"model.lr=0.1": 4, "model.lr=1": 2}
    assert {each.label for each in repeats(read_store(root).projects[0].runs, seeds=("model.lr", "seed"))} == {
        "fold=0",
        "fold=1",
    }


# Verdicts


def write_runs(
    root: Path,
    prefix: str,
    values: Sequence[Any],
    key: str = "val_acc",
    project: str = "p",
    config: Mapping[str, Any] | None = None,
    **rest: Any,
) -> None:
    """Finished runs `<prefix>0`, … of which each has a seed and one value."""
    for seed, value in enumerate(values):
        summary = {} if value is None else {key: value}
        settings = {**(config or {"lr": 0.1}), "seed": seed}
        write_run(
            root,
            project,
            f"{prefix}{seed}",
            (),
            settings,
            **{"state": FINISHED, "files": {"summary.json": summary}} | rest,
        )


def both(tmp_path: Path, before: Sequence[Any], after: Sequence[Any], **rest: Any) -> tuple[Store, Store]:
    """A store now and before: of the same runs, with `after` beside them."""
    old, new = (write_store(tmp_path / name / "experiments") for name in ("old", "new"))
    for root in (old, new):
        write_runs(root, "old", before, **rest)
    write_runs(new, "new", after, **rest)
    return read_store(new), read_store(old)


def only(found: Sequence[Comparison]) -> Comparison:
    [one] = found
    return one


GOOD = (0.950, 0.952, 0.948, 0.951, 0.949)
SAME = (0.951, 0.950, 0.949, 0.952, 0.947)
BAD = (0.930, 0.931, 0.929, 0.932, 0.928)


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        (GOOD, BAD, "regression"),
        (BAD, GOOD, "improvement"),
        (GOOD, SAME, "no difference"),
        ((0.95,), (0.9,), "unknown"),
    ],
)
def test_new_runs_are_judged_by_the_noise_of_seeds(
    tmp_path: Path, before: Sequence[float], after: Sequence[float], verdict: str
) -> None:
    found = gate(*both(tmp_path, before, after), Terms())
    each = only(found.comparisons)
    assert (each.verdict, each.metric, each.goal) == (verdict, "summary.val_acc", "maximize")
    assert {run.id for run in each.runs} == {f"new{seed}" for seed in range(len(after))}
    assert found.fresh == len(after)


def test_a_metric_that_should_fall_regresses_when_it_rises(tmp_path: Path) -> None:
    assert only(gate(*both(tmp_path, BAD, GOOD, key="val_loss"), Terms()).comparisons).verdict == "regression"


def test_a_defined_goal_comes_before_the_name(tmp_path: Path) -> None:
    files = {"metrics.yaml": '[{"name": "accuracy_gap", "goal": "minimize"}]'}
    old, new = (write_store(tmp_path / name) for name in ("old", "new"))
    for root, values in ((old, BAD), (new, GOOD)):
        for seed, value in enumerate(values):
            all_files = files | {"summary.json": {"accuracy_gap": value}}
            write_run(root, "p", f"{root.name}{seed}", (), {"seed": seed}, state=FINISHED, files=all_files)
    found = only(gate(read_store(new), read_store(old), Terms()).comparisons)
    assert (found.metric, found.goal, found.verdict) == ("summary.accuracy_gap", "minimize", "regression")


def test_nothing_new_is_no_regression(tmp_path: Path) -> None:
    found = gate(*both(tmp_path, GOOD, ()), Terms())
    assert (found.fresh, found.comparisons) == (0, ())


def test_a_run_that_was_made_again_under_its_id_is_new(tmp_path: Path) -> None:
    old, new = (write_store(tmp_path / name) for name in ("old", "new"))
    write_runs(old, "r", GOOD)
    write_runs(new, "r", BAD)
    assert only(gate(read_store(new), read_store(old), Terms()).comparisons).verdict == "regression"


def test_a_single_run_takes_the_noise_of_the_projects_others(tmp_path: Path) -> None:
    now, then = both(tmp_path, (0.95,), (0.90,))
    write_runs(then.layout.root, "other", GOOD, config={"lr": 9})
    write_runs(now.layout.root, "other", GOOD, config={"lr": 9})
    found = only(gate(read_store(now.layout.root), read_store(then.layout.root), Terms()).comparisons)
    assert (found.verdict, found.noise) == ("regression", "pooled")
    assert found.reason == "noise of the project's other runs"
    write_runs(now.layout.root, "more", SAME, config={"lr": 9})
    by_group = {
        each.group: each
        for each in gate(read_store(now.layout.root), read_store(then.layout.root), Terms()).comparisons
    }
    assert (by_group["lr=0.1"].verdict, by_group["lr=0.1"].noise) == ("regression", "pooled")
    assert by_group["lr=9"].verdict == "no difference"


def test_one_new_run_against_many_old_ones_takes_their_noise(tmp_path: Path) -> None:
    found = only(gate(*both(tmp_path, GOOD, (0.93,)), Terms()).comparisons)
    assert (found.verdict, found.noise) == ("regression", "own")


def test_too_few_runs_for_a_test_of_ranks_are_said(tmp_path: Path) -> None:
    found = only(gate(*both(tmp_path, GOOD[:3], BAD[:3]), Terms(test="permutation")).comparisons)
    assert found.verdict == "unknown"
    assert found.reason == "not enough runs: with 3 and 3 no permutation test can tell"


@pytest.mark.parametrize(
    ("effect", "verdict"), [("0.01", "regression"), ("0.05", "no difference"), ("3%", "no difference")]
)
def test_a_change_that_is_too_small_to_matter_is_none(tmp_path: Path, effect: str, verdict: str) -> None:
    found = only(gate(*both(tmp_path, GOOD, BAD), Terms(effect=parse_effect(effect))).comparisons)
    assert found.verdict == verdict


def test_a_value_that_is_not_finite_is_a_regression_of_its_own(tmp_path: Path) -> None:
    found = only(gate(*both(tmp_path, GOOD, (0.95, "NaN", 0.951)), Terms()).comparisons)
    assert (found.verdict, found.reason) == ("regression", "1 of 3 new runs have no finite value")
    all_lost = only(gate(*both(tmp_path / "all", GOOD, ("NaN", "Infinity")), Terms()).comparisons)
    assert (all_lost.verdict, all_lost.after) == ("regression", None)
    as_before = only(gate(*both(tmp_path / "as", (*GOOD, "NaN"), (*SAME, "NaN")), Terms()).comparisons)
    assert as_before.verdict == "no difference"


def test_unfinished_runs_do_not_count_and_are_not_hidden(tmp_path: Path) -> None:
    now, then = both(tmp_path, GOOD, ())
    write_runs(now.layout.root, "new", BAD, state={"state": "failed", "exit_code": 1})
    found = only(gate(read_store(now.layout.root), then, Terms()).comparisons)
    assert (found.verdict, found.reason) == ("unknown", "no new run finished")


def test_a_configuration_that_the_baseline_lacks_is_new(tmp_path: Path) -> None:
    now, then = both(tmp_path, GOOD, ())
    write_runs(now.layout.root, "new", BAD, config={"lr": 3})
    found = gate(read_store(now.layout.root), then, Terms())
    assert only(found.comparisons).verdict == "new"
    assert found.tested == 0


def test_many_comparisons_are_corrected_together(tmp_path: Path) -> None:
    before, after = (0.95, 0.96, 0.94, 0.955), (0.935, 0.925, 0.94, 0.93)
    alone = only(gate(*both(tmp_path / "one", before, after), Terms()).comparisons)
    assert alone.verdict == "regression"
    now, then = both(tmp_path / "many", before, after)
    for number in range(8):
        config = {"lr": number + 1}
        for root in (now.layout.root, then.layout.root):
            write_runs(root, f"x{number}-", GOOD, config=config)
        write_runs(now.layout.root, f"y{number}-", SAME, config=config)
    found = gate(read_store(now.layout.root), read_store(then.layout.root), Terms())
    assert len(found.comparisons) == 9
    assert not found.of("regression")


def test_a_filter_may_name_what_only_new_runs_have(tmp_path: Path) -> None:
    now, then = both(tmp_path, GOOD, ())
    write_runs(now.layout.root, "new", BAD, config={"lr": 0.1, "extra": 1})
    terms = Terms(where="config.extra = 1 OR id LIKE 'old%'", seeds=("seed", "extra"))
    assert only(gate(read_store(now.layout.root), then, terms).comparisons).verdict == "regression"


def test_runs_are_grouped_by_a_column_on_request(tmp_path: Path) -> None:
    now, then = both(tmp_path, GOOD, BAD)
    assert only(gate(now, then, Terms(group="config.lr", metrics=("val_acc",))).comparisons).group == "0.1"


def test_what_cannot_be_asked_is_said(tmp_path: Path) -> None:
    now, then = both(tmp_path, GOOD, BAD, key="speed")
    with pytest.raises(UsageError, match="found no column 'val_acc'"):
        gate(now, then, Terms(metrics=("val_acc",)))
    with pytest.raises(UsageError, match=r"nothing says which way summary\.speed is better; pass --goal"):
        gate(now, then, Terms(metrics=("speed",)))
    with pytest.raises(UsageError, match="found no column 'colour'"):
        gate(now, then, Terms(metrics=("speed",), goal="maximize", group="colour"))
    with pytest.raises(StoreError, match="found no project 'q'; there is p"):
        gate(now, then, Terms(project="q"))
    assert only(gate(now, then, Terms(metrics=("speed",), goal="minimize")).comparisons).verdict == "improvement"
    assert gate(now, then, Terms()).comparisons == ()  # No name says that it matters.


def test_regressions_for_feeds_keep_their_ids(tmp_path: Path) -> None:
    now, then = both(tmp_path, GOOD, BAD)
    [found] = regressions(now, then)
    assert found.id.startswith("urn:runstore:regression:")
    assert set(found.runs) == {f"p/new{seed}" for seed in range(5)}
    assert "val_acc" in found.title
    assert found.when == pytest.approx(1_790_850_600.0)
    write_runs(now.layout.root, "unrelated", GOOD, config={"lr": 77})
    [again] = regressions(read_store(now.layout.root), then)
    assert again.id == found.id


def test_twenty_groups_without_a_change_raise_no_alarm(tmp_path: Path) -> None:
    random = np.random.default_rng(7)
    old, new = (write_store(tmp_path / name) for name in ("old", "new"))
    for number in range(20):
        config = {"lr": number}
        for root in (old, new):
            write_runs(root, f"a{number}-", [0.9 + 0.01 * value for value in random.normal(size=4)], config=config)
        write_runs(new, f"b{number}-", [0.9 + 0.01 * value for value in random.normal(size=4)], config=config)
    assert len(gate(read_store(new), read_store(old), Terms()).of("regression")) == 0


# Steps


def test_a_step_is_found_where_it_is() -> None:
    random = np.random.default_rng(3)
    values = [*random.normal(0, 1, 20), *random.normal(4, 1, 20), *random.normal(-1, 1, 15)]
    assert [at for at, _ in change_points(values, range(55), 0.01)] == [20, 40]


def test_noise_has_steps_no_more_often_than_alpha() -> None:
    random = np.random.default_rng(1)
    alarms = sum(bool(change_points(random.normal(size=25).tolist(), range(25), 0.05)) for _ in range(200))
    assert alarms <= 20


@given(st.lists(st.floats(-1e300, 1e300, allow_nan=False), min_size=0, max_size=14), st.data())
def test_steps_keep_two_values_on_either_side_and_blocks_whole(values: list[float], data: st.DataObject) -> None:
    blocks = sorted(data.draw(st.lists(st.integers(0, 5), min_size=len(values), max_size=len(values))))
    points = [at for at, _ in change_points(values, blocks, 0.3)]
    bounds = [0, *points, len(values)]
    assert points == sorted(set(points))
    assert all(later - earlier >= 2 for earlier, later in pairwise(bounds)) or not points
    assert all(blocks[at - 1] != blocks[at] for at in points)


@given(st.lists(numbers, min_size=8, max_size=20), st.floats(0.001, 1000), st.floats(-1000, 1000))
def test_steps_do_not_depend_on_the_unit(values: list[float], scale: float, shift: float) -> None:
    assume(np.ptp(values) > 1)
    moved = [value * scale + shift for value in values]
    first, second = (change_points(each, range(len(values)), 0.05) for each in (values, moved))
    assert [at for at, _ in first] == [at for at, _ in second]


def test_constant_values_have_no_step() -> None:
    assert change_points([0.1 + 0.2, 0.3] * 10, range(20), 0.5) == []
    assert change_points([], [], 0.5) == []


def write_history(root: Path, values: Sequence[float], commits: Sequence[str] = ()) -> None:
    for day, value in enumerate(values, 1):
        provenance = {"git": {"commit": commits[day - 1]}} if commits else {}
        write_run(
            root,
            "p",
            f"r{day:02}",
            (),
            {"lr": 1, "seed": day},
            meta={"created": f"2026-10-{day:02}T10:00:00Z"},
            state=FINISHED,
            files={"summary.json": {"val_acc": value}, "provenance.json": provenance},
        )


LEVELS = (0.95, 0.951, 0.949, 0.95, 0.952, 0.948, 0.93, 0.931, 0.929, 0.932, 0.93, 0.928)


def test_a_step_in_time_names_the_first_run_behind_it(root: Path) -> None:
    write_history(root, LEVELS)
    found = history(read_store(root), Terms(), {})
    [step] = found.steps
    assert (step.run.id, step.verdict, found.by_commit) == ("r07", "regression", False)
    assert (step.before.count, step.after.count) == (6, 6)
    assert history(read_store(root), Terms(effect=Effect(0.5)), {}).steps == ()


def test_a_step_among_commits_is_in_their_order_and_between_them(root: Path) -> None:
    shas = [f"{number:040x}" for number in (3, 3, 3, 2, 2, 2, 1, 1, 1, 0, 0, 0)]
    write_history(root, LEVELS, shas)
    order = {f"{number:040x}": number for number in range(4)}
    found = history(read_store(root), Terms(), order)
    assert found.by_commit
    [step] = found.steps
    assert (step.commit, step.verdict) == (f"{2:040x}", "improvement")
    assert step.title == "p: val_acc of all runs is better since commit 0000000000"
    assert step.summary.startswith("val_acc: 0.9300 ± 0.0014 (n=6) before, 0.9500 ± 0.0014 (n=6) since, p = ")
    partly = history(read_store(root), Terms(), {f"{1:040x}": 1})
    assert not partly.by_commit


def test_steps_that_a_baseline_knew_are_left_out(root: Path, tmp_path: Path) -> None:
    write_history(root, LEVELS)
    old = write_store(tmp_path / "old")
    write_history(old, LEVELS[:6])
    assert len(history(read_store(root), Terms(), {}, read_store(old)).steps) == 1
    write_history(old, LEVELS[:9])
    assert history(read_store(root), Terms(), {}, read_store(old)).steps == ()


def test_too_short_a_history_is_said(root: Path) -> None:
    write_history(root, LEVELS[: FEWEST - 1])
    found = history(read_store(root), Terms(), {})
    assert (found.steps, found.series, found.short) == ((), 1, 1)
