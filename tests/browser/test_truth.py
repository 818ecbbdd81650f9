"""Curves in the browser equal those of `tests/reference.py`, from the bytes of real data files."""

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser

from sitegen.data.series import Rows, Series, make_series
from tests import reference
from tests.browser.chart_scripts import DECODE, Bench, check, made, points, scripts_page
from tests.reference import Points

AGGS = ("mean", "median", "min", "max")
SHADES = ("none", "minmax", "std", "stderr", "ci")
SMOOTHERS = ("ema", "twema", "average", "gauss")
AXES = ("_step", "_runtime", "defined")
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)  # to shrink takes minutes, and one page
MANY = settings(
    max_examples=30, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck), report_multiple_bugs=False
)


@pytest.fixture(scope="module")
def bench(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("truth")
    with scripts_page(chromium, folder) as page:
        yield Bench(page, folder)


def groups(bench: Bench, cases: list[tuple[Series, str]], smooth: float = 0, smoother: str = "ema") -> list[Any]:
    """For each case, a series and an axis, the curve of all its runs by (agg, shade); None where there is none."""
    found = bench.page.evaluate(
        f"""async ({{ cases, aggs, shades, how }}) => {{
            {DECODE}
            return Promise.all(cases.map(async ([files, axis]) => {{
                const series = await of(files);
                const xs = runstore.series.axis(series, axis);
                const groups = [{{ key: "g", label: "g", runs: series.runs }}];
                return aggs.flatMap((agg) => shades.map((shade) => {{
                    const [curve] = xs ? runstore.series.groupCurves(series, xs, groups, {{ agg, shade, ...how }}) : [];
                    return curve ? plain(curve) : null;
                }}));
            }}));
        }}""",
        {
            "cases": [[bench.load(series), axis] for series, axis in cases],
            "aggs": AGGS,
            "shades": SHADES,
            "how": {"smooth": smooth, "smoother": smoother},
        },
    )
    ways = list(itertools.product(AGGS, SHADES))
    return [dict(zip(ways, each, strict=True)) for each in found]


def runs(bench: Bench, cases: list[tuple[Series, str]], smooth: float = 0, smoother: str = "ema") -> list[Any]:
    """For each case the curves of its runs."""
    return bench.page.evaluate(  # type: ignore[no-any-return]
        f"""async ({{ cases, how }}) => {{
            {DECODE}
            return Promise.all(cases.map(async ([files, axis]) => {{
                const series = await of(files);
                const xs = runstore.series.axis(series, axis);
                const all = new Set(series.runs);
                return xs ? runstore.series.runCurves(series, xs, all, () => ({{}}), how).map(plain) : [];
            }}));
        }}""",
        {
            "cases": [[bench.load(series), axis] for series, axis in cases],
            "how": {"smooth": smooth, "smoother": smoother},
        },
    )


WHOLE = st.integers(-3, 3).map(float)
NUMBERS = st.floats(-1e6, 1e6) | WHOLE | st.floats(-10, 10, width=32)
HARD = NUMBERS | st.sampled_from([1e308, -1e308, 1e-200, 5e-324, 1e9, 1e9 + 1e-6]) | st.floats(-1e300, 1e300)
BROKEN = st.sampled_from([math.nan, math.inf, -math.inf])


@st.composite
def steps(draw: st.DrawFn) -> list[float]:
    """Steps of one run: even ones, whole ones with gaps, or any."""
    kind = draw(st.sampled_from(["even", "gaps", "any", "one"]))
    if kind == "even":
        start, stride = draw(st.integers(-5, 20)), draw(st.sampled_from([1, 1, 2, 5]))
        return [float(start + stride * place) for place in range(draw(st.integers(1, 12)))]
    if kind == "one":
        return [draw(st.sampled_from([0.0, 3.0, 4.5]))]
    some = st.integers(0, 30).map(float) if kind == "gaps" else st.floats(-40, 40)
    return sorted(draw(st.sets(some, min_size=1, max_size=12)))


@st.composite
def any_series(draw: st.DrawFn) -> Series:
    """A few runs on grids of their own or on one, with gaps, clocks that jump, and values of every size."""
    values = draw(st.sampled_from([NUMBERS, NUMBERS | BROKEN, HARD, HARD | BROKEN, st.just(0.1), st.just(1e308)]))
    shared = draw(steps())
    clock = draw(st.sampled_from(["even", "jumps", "rough"]))
    flat = []
    for run in range(draw(st.integers(1, 6))):
        for place, step in enumerate(shared if draw(st.booleans()) else draw(steps())):
            moments = {
                "even": st.just(place * 0.1),
                "jumps": st.sampled_from([0.0, 1.0, 2.0, 2.5]) | BROKEN,
                "rough": st.floats(0, 100) | st.sampled_from([1e308, -1e308]),
            }
            flat.append((run, step, draw(values), draw(moments[clock])))
    columns = [np.array(column, dtype=np.float64) for column in zip(*flat, strict=True)]
    rows = Rows(columns[0].astype(np.uint32), columns[1], columns[2], columns[3], columns[3] + 1e9)
    return make_series(rows, axis=np.round(columns[3]) if draw(st.booleans()) else None)


@st.composite
def any_cases(draw: st.DrawFn) -> list[tuple[Series, str]]:
    made = draw(st.lists(any_series(), min_size=1, max_size=8))
    return [(each, draw(st.sampled_from(AXES if each.axis is not None else AXES[:2]))) for each in made]


@MANY
@given(any_cases())
def test_group_lines_bands_and_counts_equal_the_reference(bench: Bench, cases: list[tuple[Series, str]]) -> None:
    for (series, axis), ways in zip(cases, groups(bench, cases), strict=True):
        of_runs = points(series, axis)
        if all(np.isnan(run.xs).all() for run in of_runs):
            assert set(ways.values()) == {None}
            continue
        for (agg, shade), curve in ways.items():
            expected = reference.group(of_runs, agg, shade)
            what = (agg, shade, axis)
            assert curve["xs"] == expected.xs.tolist(), what
            assert curve["n"] == expected.n, what
            check(curve["ys"], expected.line, expected.size, what)
            check(curve["lo"], expected.lo, expected.size, what)
            check(curve["hi"], expected.hi, expected.size, what)


@MANY
@given(any_cases(), st.integers(0, 63))
def test_files_of_some_runs_each_are_together_the_series_of_all(
    bench: Bench, cases: list[tuple[Series, str]], cut: int
) -> None:
    found = bench.page.evaluate(
        f"""async (cases) => {{
            {DECODE}
            const numbers = (values) => values && Array.from(values, String);
            const told = (series) => Object.fromEntries(Array.from(series.runs, (run, k) => [run, {{
                ...Object.fromEntries(["step", "runtime", "wall", "defined"].map((name) => [name, numbers(series[name]?.(k))])),
                ...Object.fromEntries(["y", "lo", "hi"].map((name) => [name, numbers(series[name].slice(series.offsets[k], series.offsets[k + 1]))])),
                broken: series.broken(k) && [numbers(series.broken(k).places), numbers(series.broken(k).kinds)],
            }}]));
            const one = ({{ m, t }}) => Promise.all([m, t].map((name) => runstore.load(name, `${{name}}.js`))).then(([payload, times]) => ({{ payload, times }}));
            const all = async (files) => runstore.series.join(await Promise.all(files.map(one)));
            return Promise.all(cases.map(async ([whole, parts]) => [told(await of(whole)), told(await all(parts))]));
        }}""",  # noqa: E501
        [[bench.load(series), [bench.load(part) for part in _parts(series, cut)]] for series, _ in cases],
    )
    for whole, joined in found:
        for run, of_whole in whole.items():
            for name, values in of_whole.items():
                got = joined[run][name]
                # A part may have times though another has none.
                assert (set(got or ["NaN"]) == {"NaN"}) if values is None else got == values, (run, name)


def _parts(series: Series, cut: int) -> list[Series]:
    here = [run for run in series.runs.tolist() if cut >> run & 1]
    found = [series.of(here), series.of([run for run in series.runs.tolist() if run not in here])]
    return [part for part in found if part.runs.size]


@MANY
@given(any_cases(), st.sampled_from(SMOOTHERS), st.sampled_from([0.0, 0.1, 0.5, 0.6, 0.9, 0.99, 0.999]))
def test_smoothed_lines_equal_the_reference(
    bench: Bench, cases: list[tuple[Series, str]], smoother: str, weight: float
) -> None:
    for (series, axis), curves in zip(cases, runs(bench, cases, weight, smoother), strict=True):
        expected = points(series, axis)
        if all(np.isnan(run.xs).all() for run in expected) and not curves:
            continue
        for curve, run in zip(curves, expected, strict=True):
            order = np.argsort(run.xs, kind="stable")[: int(np.isfinite(run.xs).sum())]
            xs, ys = run.xs[order], run.ys[order]
            assert curve["xs"] == xs.tolist()
            size = np.full(ys.size, np.fmax.reduce(np.abs(ys), initial=0.0))
            check(curve["ys"], reference.smooth(xs, ys, weight, smoother), size, (smoother, weight, axis))


def _over(series: Series, other: Series) -> list[Points]:
    """The points of each run of a series over another metric."""
    axes = dict(zip(other.runs.tolist(), points(other, "_step"), strict=True))
    none = Points(*[np.empty(0)] * 4)
    found = []
    for run, each in zip(series.runs.tolist(), points(series, "_step"), strict=True):
        axis = axes.get(run, none)
        found.append(Points(reference.over(each.xs, axis.xs, axis.ys), each.ys, each.lo, each.hi))
    return found


@MANY
@given(st.lists(st.tuples(any_series(), any_series()), min_size=1, max_size=8))
def test_lines_over_another_metric_equal_the_reference(bench: Bench, cases: list[tuple[Series, Series]]) -> None:
    found = bench.page.evaluate(
        f"""async (cases) => {{
            {DECODE}
            return Promise.all(cases.map(async (files) => {{
                const series = runstore.series.over(...await Promise.all(files.map(of)), "x");
                const xs = runstore.series.axis(series, "x");
                const own = runstore.series.runCurves(series, xs, new Set(series.runs), () => ({{}}), {{ smooth: 0 }}).map(plain);
                const groups = [{{ key: "g", label: "g", runs: series.runs }}];
                return [own, runstore.series.groupCurves(series, xs, groups, {{ agg: "mean", shade: "std", smooth: 0 }}).map(plain)];
            }}));
        }}""",  # noqa: E501
        [[bench.load(series), bench.load(other)] for series, other in cases],
    )
    for (series, other), (own, of_group) in zip(cases, found, strict=True):
        runs_over = _over(series, other)
        for curve, run in zip(own, runs_over, strict=True):
            order = np.argsort(run.xs, kind="stable")[: int(np.isfinite(run.xs).sum())]
            # A whole number past 2**53 comes back as an int of its shortest digits.
            assert [float(x) for x in curve["xs"]] == run.xs[order].tolist()
            check(curve["ys"], run.ys[order], np.abs(run.ys[order]), "run")
        if all(np.isnan(run.xs).all() for run in runs_over):
            assert of_group == []
            continue
        expected = reference.group(runs_over, "mean", "std")
        (curve,) = of_group
        assert [float(x) for x in curve["xs"]] == expected.xs.tolist()
        assert curve["n"] == expected.n
        for name, values in (("ys", expected.line), ("lo", expected.lo), ("hi", expected.hi)):
            check(curve[name], values, expected.size, name)


def _long(generator: np.random.Generator, run: int, steps: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    values = np.exp(-steps / 2000) + generator.normal(0, 0.05, steps.size)
    values[generator.random(steps.size) < 0.01] = math.nan
    return np.stack([np.full(steps.size, run), steps, values, steps * 0.37 + generator.random(steps.size)])


@pytest.mark.parametrize("axis", ["_step", "_runtime"])
def test_long_runs_in_buckets_and_bins_equal_the_reference(bench: Bench, axis: str) -> None:
    generator = np.random.default_rng(3)
    lengths = (900, 1500, 6000, 1)
    series = made([_long(generator, run, np.arange(size) * 2.0) for run, size in enumerate(lengths)])
    ragged = made([_long(generator, run, np.sort(generator.choice(9000, 1200, False)) * 1.0) for run in range(8)])
    cases = [(series, axis), (ragged, axis)]
    for (each, _), ways in zip(cases, groups(bench, cases), strict=True):
        for (agg, shade), curve in ways.items():
            expected = reference.group(points(each, axis), agg, shade)
            assert curve["xs"] == expected.xs.tolist()
            assert curve["n"] == expected.n
            for name, values in (("ys", expected.line), ("lo", expected.lo), ("hi", expected.hi)):
                check(curve[name], values, expected.size, (agg, shade, name))


@pytest.mark.parametrize("smoother", SMOOTHERS)
def test_a_smoothed_group_is_its_line_and_its_band_smoothed(bench: Bench, smoother: str) -> None:
    generator = np.random.default_rng(4)
    series = made([_long(generator, run, np.arange(300.0)) for run in range(5)])
    (ways,) = groups(bench, [(series, "_step")], 0.8, smoother)
    for (agg, shade), curve in ways.items():
        raw = reference.group(points(series, "_step"), agg, shade)
        for name, values in (("ys", raw.line), ("lo", raw.lo), ("hi", raw.hi)):
            expected = None if values is None else reference.smooth(raw.xs, values, 0.8, smoother)
            check(curve[name], expected, raw.size, (agg, shade, name))


def test_students_quantile_is_right_for_any_number_of_runs(bench: Bench) -> None:
    freedoms = [*range(1, 400), 1000, 9999, 100_000]
    found = bench.page.evaluate("all => all.map(runstore.aggregates.quantile)", freedoms)
    np.testing.assert_allclose(found, reference.stats.t.ppf(0.975, freedoms), rtol=1e-11)


def test_points_that_are_not_finite_keep_their_place_and_kind(bench: Bench) -> None:
    values = [1.0, math.nan, math.inf, 2.0, -math.inf]
    rows = np.stack([[0, 0, 0, 1, 1], [0, 1, 2, 5, 6], values, [0.0, 0.1, 0.2, 0.5, 0.6]]).astype(np.float64)
    found = bench.page.evaluate(
        f"""async files => {{
            {DECODE}
            const series = await of(files);
            const how = {{ agg: "mean", shade: "none", smooth: 0 }};
            const curves = (axis) => {{
                const xs = runstore.series.axis(series, axis);
                const own = runstore.series.runCurves(series, xs, new Set([0, 1]), () => ({{}}), how);
                return [...own, ...runstore.series.groupCurves(series, xs, [{{ key: "g", runs: [0, 1] }}], how)];
            }};
            const {{ BROKEN }} = runstore.series;
            const told = ({{ broken }}) => Array.from(broken.xs, (x, at) => [x, BROKEN[broken.kinds[at]]]);
            return ["_step", "_runtime"].map((axis) => curves(axis).map(told));
        }}""",
        bench.load(made([rows])),
    )
    first, second = [[1, "NaN"], [2, "∞"]], [[6, "−∞"]]
    assert found[0] == [first, second, first + second]
    assert found[1] == [[[0.1, "NaN"], [0.2, "∞"]], [[0.6, "−∞"]], [[0.1, "NaN"], [0.2, "∞"], [0.6, "−∞"]]]


def test_the_runs_behind_a_group_are_its_curves_in_its_colour(bench: Bench) -> None:
    generator = np.random.default_rng(5)
    series = made([_long(generator, run, np.arange(50.0)) for run in range(4)])
    found = bench.page.evaluate(
        f"""async files => {{
            {DECODE}
            const series = await of(files);
            const first = {{ key: "g:a", colour: "red", runs: [0, 3] }};
            const groups = [first, {{ key: "g:b", colour: "blue", runs: [2, 9] }}];
            const made = runstore.series.memberCurves(series, series.step, groups, {{ smooth: 0 }});
            return made.map((curve) => ({{ key: curve.key, run: curve.run, colour: curve.colour, ...plain(curve) }}));
        }}""",
        bench.load(series),
    )
    assert [(each["key"], each["run"], each["colour"]) for each in found] == [
        ("g:a", 0, "red"),
        ("g:a", 3, "red"),
        ("g:b", 2, "blue"),
    ]
    for each in found:
        check(each["ys"], points(series, "_step")[each["run"]].ys, np.zeros(50), each["run"])
