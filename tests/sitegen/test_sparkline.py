"""The small curve on a project's card: its line is the best run's, its band the range of all."""

import math
import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sitegen.data.series import Rows, make_series
from sitegen.data.sparkline import HEIGHT, WIDTH, sparkline

Points = list[tuple[float, float]]


def rows(runs: list[list[float]]) -> Rows:
    owner = np.concatenate([np.full(len(values), at) for at, values in enumerate(runs)]).astype(np.uint32)
    steps = np.concatenate([np.arange(len(values), dtype=np.float64) for values in runs])
    values = np.concatenate([np.array(each, dtype=np.float64) for each in runs])
    none = np.full(values.size, math.nan)
    return Rows(owner, steps, values, none, none)


def points(path: str) -> Points:
    return [(float(x), float(y)) for x, y in re.findall(r"[ML](-?[\d.]+),(-?[\d.]+)", path)]


def test_the_line_is_the_best_runs_and_the_band_holds_all() -> None:
    found = sparkline(make_series(rows([[1, 2, 3], [0, 4, 8]])), 0)
    assert found is not None
    assert [x for x, _ in points(found.line)] == [0, WIDTH / 2, WIDTH]
    assert [y for _, y in points(found.line)] == [30.0, 26.0, 22.0]
    assert points(found.band) == [(0, 34.0), (80, 26.0), (160, 22.0), (160, 2.0), (80, 18.0), (0, 30.0)]
    assert found.band.endswith("Z")


def test_a_run_alone_has_no_band_and_a_point_alone_no_line() -> None:
    alone = sparkline(make_series(rows([[1, 2, 3]])), 0)
    assert alone is not None
    assert alone.band == ""
    assert sparkline(make_series(rows([[1], [1, 2]])), 0) is None
    assert sparkline(make_series(rows([[math.nan, math.inf, 2]])), 0) is None


@given(st.lists(st.lists(st.floats(width=64), min_size=2, max_size=200), min_size=1, max_size=4))
def test_every_point_is_in_the_box_whatever_was_logged(runs: list[list[float]]) -> None:
    found = sparkline(make_series(rows(runs)), 0)
    for x, y in points(found.line) + points(found.band) if found else []:
        assert 0 <= x <= WIDTH
        assert 0 <= y <= HEIGHT
    if found:
        assert "nan" not in found.line + found.band
