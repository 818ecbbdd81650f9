"""What a zoomed chart draws equals `tests/reference.py` over all rows: nothing depends on what was not loaded."""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page

from sitegen.data import fine
from sitegen.data.fine import fine_runs
from sitegen.data.series import Rows, Series, make_series
from sitegen.data.shards import named_shard, series_payload, times_payload
from tests import reference
from tests.browser.chart_scripts import DECODE, check, points, scripts_page
from tests.browser.test_truth import AGGS, AXES, MANY, SHADES, SMOOTHERS
from tests.reference import Points

SCRIPTS = ("core.js", "smoothing.js", "aggregates.js", "series.js", "fine.js")
LONG = 20
PIECE = 16


@dataclass(frozen=True)
class Case:
    """Rows of some runs, and what is asked of them."""

    rows: Rows
    axis: npt.NDArray[np.float64]
    over: str
    range: tuple[float, float]

    @property
    def whole(self) -> Series:
        """Every row a point."""
        return make_series(self.rows, self.axis, most=math.inf)


@dataclass(frozen=True)
class Bench:
    """A page that has the scripts of charts and nothing else, and the folder whose data files it loads."""

    page: Page
    folder: Path

    def load(self, case: Case) -> dict[str, Any]:
        """Writes the data files of a case; returns what the scripts are told of it."""
        series = make_series(case.rows, case.axis, most=LONG)
        told: dict[str, Any] = {"axis": case.over, "range": case.range, "places": []}
        for kind, payload in (("m", series_payload(series)), ("t", times_payload(series))):
            told[kind], content = named_shard(kind, payload)
            (self.folder / f"{told[kind]}.js").write_bytes(content)
        for found in fine_runs(case.rows, case.axis):
            told["places"].append([found.run, {"index": found.index, "folder": "fine/"}])
            for file in found.files:
                (self.folder / "fine" / f"{file.name}.js").write_bytes(file.make())
        return told


@pytest.fixture(scope="module")
def bench(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("zoom")
    (folder / "fine").mkdir()
    with scripts_page(chromium, folder, SCRIPTS) as page, pytest.MonkeyPatch.context() as patch:
        patch.setattr(fine, "PIECE", PIECE)
        patch.setattr(fine, "MAX_POINTS", LONG)
        yield Bench(page, folder)


DETAIL = f"""
{DECODE}
const detailOf = async (told, how) => {{
    const values = await of(told);
    if (!runstore.series.axis(values, told.axis)) return null;
    const places = new Map(told.places);
    const placeOf = (run) => places.get(run) ?? null;
    const {{ axis, range }} = told;
    return runstore.fine.detail({{ values, axis, range, runs: new Set(values.runs), placeOf, how }});
}};
"""


def curves(bench: Bench, cases: list[Case], weight: float, smoother: str) -> list[Any]:
    """For each case the curves of its runs, None where there are no such axes."""
    return bench.page.evaluate(  # type: ignore[no-any-return]
        f"""async ({{ all, how }}) => {{
            {DETAIL}
            const marks = ({{ broken }}) => broken && [list(broken.xs), list(broken.kinds)];
            return Promise.all(all.map(async (told) => {{
                const detail = await detailOf(told, how);
                if (!detail) return null;
                const {{ values, rows, whole }} = detail;
                const xs = runstore.series.axis(values, told.axis);
                const made = runstore.series.runCurves(values, xs, new Set(values.runs), (run) => ({{ run }}), how);
                return {{ rows, whole, curves: made.map((curve) => [curve.run, plain(curve), marks(curve)]) }};
            }}));
        }}""",
        {"all": [bench.load(case) for case in cases], "how": {"smooth": weight, "smoother": smoother}},
    )


def groups(bench: Bench, cases: list[Case]) -> list[Any]:
    """For each case the curve of all its runs by (agg, shade)."""
    found = bench.page.evaluate(
        f"""async ({{ all, aggs, shades }}) => {{
            {DETAIL}
            return Promise.all(all.map(async (told) => {{
                const detail = await detailOf(told, {{ smooth: 0 }});
                if (!detail) return null;
                const cut = runstore.fine.clipped(detail.values, told.axis, told.range);
                const own = [{{ key: "g", label: "g", runs: cut.runs }}];
                return aggs.flatMap((agg) => shades.map((shade) => {{
                    const xs = runstore.series.axis(cut, told.axis);
                    const [curve] = runstore.series.groupCurves(cut, xs, own, {{ agg, shade, smooth: 0 }});
                    return curve ? plain(curve) : null;
                }}));
            }}));
        }}""",
        {"all": [bench.load(case) for case in cases], "aggs": AGGS, "shades": SHADES},
    )
    ways = list(itertools.product(AGGS, SHADES))
    return [None if each is None else dict(zip(ways, each, strict=True)) for each in found]


def some_steps(random: np.random.Generator) -> npt.NDArray[np.float64]:
    """Steps of one run: even ones, some that are missing, several rows of one step, or any numbers."""
    size = int(random.integers(1, 150))
    kind = random.integers(4)
    if kind == 0:
        return np.arange(size, dtype=np.float64) * int(random.integers(1, 4)) + int(random.integers(0, 50))
    if kind == 1:
        return np.sort(random.choice(300, size, replace=False)).astype(np.float64)
    any_ = random.integers(0, 120, size) if kind == 2 else random.uniform(0, 300, size)
    return np.sort(np.asarray(any_, dtype=np.float64))


def some_case(seed: int, broken: float) -> Case:
    """Runs, long and short, with clocks that jump, and a range that some of their rows lie in."""
    random = np.random.default_rng(seed)
    parts = []
    jumps = random.choice([0.0, 0.3])
    for run in range(int(random.integers(1, 5))):
        steps = some_steps(random)
        values = np.round(random.normal(0, 1, steps.size), int(random.integers(1, 12)))
        for wrong in (math.nan, math.inf, -math.inf):
            values[random.random(steps.size) < broken] = wrong
        clock = steps * 0.5 + np.arange(steps.size) * 1e-3
        clock[random.random(steps.size) < jumps] -= random.uniform(0, 60)
        clock[random.random(steps.size) < broken] = math.nan
        parts.append(np.stack([np.full(steps.size, run), steps, values, clock]))
    run, step, value, clock = np.concatenate(parts, axis=1)
    over = str(random.choice(AXES))
    axis = np.floor(step / 3)
    low, high = np.sort(random.uniform(-10, {"_step": 310, "_runtime": 160, "defined": 105}[over], 2))
    edges = (
        (float(np.floor(low)), float(np.ceil(high) + 1)) if random.random() < 0.5 else (float(low), float(high) + 0.1)
    )
    return Case(Rows(run.astype(np.uint32), step, value, clock, clock + 1e9), axis, over, edges)


CASES = st.lists(st.builds(some_case, st.integers(0, 2**32), st.sampled_from([0.0, 0.05, 0.4])), min_size=1, max_size=6)


def inside(xs: npt.NDArray[np.float64], case: Case) -> npt.NDArray[np.bool_]:
    return (xs >= case.range[0]) & (xs <= case.range[1])


@MANY
@given(CASES, st.sampled_from(SMOOTHERS), st.sampled_from([0.0, 0.0, 0.3, 0.7, 0.9]))
def test_lines_in_a_range_are_those_of_all_rows(bench: Bench, cases: list[Case], smoother: str, weight: float) -> None:
    for case, found in zip(cases, curves(bench, cases, weight, smoother), strict=True):
        runs = points(case.whole, case.over)
        if found is None:
            assert all(np.isnan(run.xs).all() for run in runs)
            continue
        assert found["whole"]
        assert found["rows"] == sum(int(inside(run.xs, case).sum()) for run in runs)
        for run, curve, _ in found["curves"]:
            own = runs[run]
            order = np.argsort(own.xs, kind="stable")[: int(np.isfinite(own.xs).sum())]
            xs, ys = own.xs[order], own.ys[order]
            here, there = inside(xs, case), inside(np.array(curve["xs"]), case)
            assert np.array(curve["xs"])[there].tolist() == xs[here].tolist()
            size = np.full(int(here.sum()), np.fmax.reduce(np.abs(ys), initial=0.0))
            expected = reference.smooth(xs, ys, weight, smoother)[here]
            check(np.array(curve["ys"], dtype=float)[there], expected, size, (smoother, weight, case.over))
            if weight == 0 and curve["lo"] is not None:
                for name, extremes in (("lo", own.lo), ("hi", own.hi)):
                    check(np.array(curve[name], dtype=float)[there], extremes[order][here], size, name)
            if weight == 0 and curve["lo"] is None:
                assert np.array_equal(own.lo[order][here], own.hi[order][here], equal_nan=True)


@MANY
@given(CASES)
def test_the_line_goes_on_to_the_next_row_on_each_side(bench: Bench, cases: list[Case]) -> None:
    for case, found in zip(cases, curves(bench, cases, 0, "ema"), strict=True):
        for run, curve, _ in found["curves"] if found else []:
            xs = points(case.whole, case.over)[run].xs
            got = np.array(curve["xs"])
            for side in (xs < case.range[0], xs > case.range[1]):
                if not side.any():
                    continue
                nearest = xs[side].max() if xs[side][0] < case.range[0] else xs[side].min()
                assert nearest in got


@MANY
@given(CASES)
def test_what_is_not_finite_is_marked_in_a_range_too(bench: Bench, cases: list[Case]) -> None:
    for case, found in zip(cases, curves(bench, cases, 0, "ema"), strict=True):
        whole = case.whole
        xs = {"_step": whole.step, "_runtime": whole.runtime, "defined": whole.axis}[case.over]
        assert xs is not None
        owner = np.repeat(whole.runs, whole.counts)
        expected = sorted(
            (int(owner[point]), float(xs[point]), int(kind))
            for point, kind in zip(whole.broken, whole.kinds, strict=True)
            if inside(xs[point : point + 1], case)[0]
        )
        got = [
            (run, x, kind)
            for run, _, marks in (found["curves"] if found else [])
            for x, kind in (zip(*marks, strict=True) if marks else [])
            if case.range[0] <= x <= case.range[1]
        ]
        assert sorted(got) == expected


@MANY
@given(CASES)
def test_groups_in_a_range_are_those_of_all_rows(bench: Bench, cases: list[Case]) -> None:
    for case, ways in zip(cases, groups(bench, cases), strict=True):
        if ways is None:
            continue
        of_runs = points(case.whole, case.over)
        for (agg, shade), curve in ways.items():
            expected = reference.group(of_runs, agg, shade)
            here = inside(expected.xs, case)
            n = np.array(expected.n)[here]
            if curve is None:
                assert not n.any()
                continue
            there = inside(np.array(curve["xs"]), case)
            assert np.array(curve["xs"])[there].tolist() == expected.xs[here].tolist()
            assert np.array(curve["n"])[there].tolist() == n.tolist()
            for name, values in (("ys", expected.line), ("lo", expected.lo), ("hi", expected.hi)):
                got = None if curve[name] is None else np.array(curve[name], dtype=float)[there]
                # A band that has no width here need not be there.
                if got is None and values is not None and n.max(initial=0) <= 1:
                    continue
                wanted = None if values is None else values[here]
                if got is not None and wanted is None:
                    assert n.max(initial=0) <= 1
                    continue
                check(got, wanted, expected.size[here], (agg, shade, name, case.over))


def clipped(run: Points, low: float, high: float) -> Points:
    """A run from `low` to `high`, with the values on its line at these two."""
    run = reference.once(run)
    ends = [x for x in (low, high) if run.xs.size and run.xs[0] < x < run.xs[-1] and x not in run.xs]
    frame = reference.at(run, np.array(sorted({*run.xs[(run.xs >= low) & (run.xs <= high)].tolist(), *ends})))
    return Points(*(frame[name].to_numpy() for name in ("x", "y", "lo", "hi")))


def test_too_many_different_x_become_bins_of_the_range_alone(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fine, "PIECE", 2000)
    random = np.random.default_rng(8)
    parts = []
    for run in range(4):
        steps = np.sort(random.uniform(0, 1000, 9000))
        parts.append(np.stack([np.full(9000, run), steps, random.normal(0, 1, 9000)]))
    run, step, value = np.concatenate(parts, axis=1)
    case = Case(Rows(run.astype(np.uint32), step, value, step, step), step, "_step", (100.0, 400.0))
    (ways,) = groups(bench, [case])
    of_runs = points(case.whole, "_step")
    low = max(float(each.xs[each.xs < 100].max()) for each in of_runs)
    high = min(float(each.xs[each.xs > 400].min()) for each in of_runs)
    for (agg, shade), curve in ways.items():
        expected = reference.group([clipped(each, low, high) for each in of_runs], agg, shade)
        assert curve["xs"] == expected.xs.tolist()
        assert curve["n"] == expected.n
        for name, values in (("ys", expected.line), ("lo", expected.lo), ("hi", expected.hi)):
            check(curve[name], values, expected.size, (agg, shade, name))


def test_more_rows_than_a_page_takes_stay_in_buckets(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fine, "PIECE", 50_000)
    step = np.arange(300_000.0)
    rows = Rows(np.zeros(step.size, np.uint32), step, np.sin(step), step, step)
    many, few = (Case(rows, step, "_step", edges) for edges in ((10.0, 250_000.0), (10.0, 150_000.0)))
    first, second = curves(bench, [many, few], 0, "ema")
    assert (first["whole"], second["whole"]) == (False, True)
    assert abs(first["rows"] - 249_991) <= 6
    assert second["rows"] == 149_991
    assert len(first["curves"][0][1]["xs"]) <= 1001
    (smoothed,) = curves(bench, [few], 0.999, "ema")
    assert smoothed["whole"]
