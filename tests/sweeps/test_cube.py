"""The unit cube: points to coordinates and back."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeps.config.sweep import parse_sweep
from sweeps.search.cube import Cube
from sweeps.space.space import Space


def space(parameters: dict[str, Any], **more: Any) -> Space:
    return parse_sweep({"method": "bayes", "metric": {"name": "loss"}, "parameters": parameters, **more}).space


ALL_KINDS = space(
    {
        "rate": {"distribution": "log_uniform_values", "min": 1e-5, "max": 1.0},
        "dropout": {"min": 0.0, "max": 0.6},
        "layers": {"min": 1, "max": 8},
        "width": {"distribution": "q_log_uniform_values", "q": 8, "min": 8, "max": 1024},
        "steps": {"min": 1, "max": 100_000},
        "batch": {"values": [64, 16, 32]},
        "optimizer": {"values": ["sgd", "adam"]},
        "momentum": {"min": 0.0, "max": 1.0, "when": {"optimizer": "sgd"}},
        "nesterov": {"values": [True, False], "when": {"optimizer": "sgd"}},
        "shift": {"distribution": "normal", "mu": 3.0, "sigma": 2.0},
        "share": {"distribution": "beta", "a": 2.0, "b": 3.0},
        "depth": {"distribution": "q_normal", "q": 1, "mu": 10, "sigma": 2},
        "fixed": {"value": 7},
    }
)
CUBE = Cube(ALL_KINDS)


@given(st.integers(0, 10**6))
def test_a_drawn_point_comes_back_from_its_row(seed: int) -> None:
    point = ALL_KINDS.draw(np.random.default_rng(seed))
    row = CUBE.row(point)
    assert row is not None
    assert ((row >= 0) & (row <= 1)).all()
    back = CUBE.params(row)
    assert back.keys() == point.keys()
    for name, value in point.items():
        is_continuous = name in ("rate", "dropout", "momentum", "share")
        if name not in ("shift", "depth"):
            assert back[name] == (pytest.approx(value, rel=1e-6, abs=1e-9) if is_continuous else value), name
    again = CUBE.row(back)
    assert again is not None
    assert np.allclose(again, row, atol=1e-6)


def test_a_logarithmic_scale_is_even_in_the_cube() -> None:
    rows = [CUBE.row({**_point(), "rate": rate}) for rate in (1e-5, 1e-4, 1e-1, 1.0)]
    assert [row[0] for row in rows if row is not None] == pytest.approx([0.0, 0.2, 0.8, 1.0])


def test_listed_numbers_keep_their_order_and_texts_have_none() -> None:
    by_name = {each.name: each for each in CUBE.columns}
    assert by_name["batch"].is_ordered
    assert not by_name["optimizer"].is_ordered
    places = [row[5] for size in (16, 32, 64) if (row := CUBE.row({**_point(), "batch": size})) is not None]
    assert places == sorted(places)


def test_two_different_texts_are_as_far_apart_as_the_ends_of_a_range() -> None:
    cube = Cube(space({"optimizer": {"values": ["a", "b", "c"]}, "x": {"min": 0.0, "max": 1.0}}))
    rows = np.array([cube.row({"optimizer": text, "x": 0.5}) for text in "abc"])
    features = cube.features(rows)
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert math.dist(features[one], features[other]) == pytest.approx(1.0)


def test_a_parameter_that_is_not_there_rests() -> None:
    with_it = CUBE.row({**_point(), "optimizer": "sgd", "momentum": 0.9, "nesterov": True})
    without = CUBE.row({**_point(), "optimizer": "adam"})
    assert with_it is not None
    assert without is not None
    assert (without[7], without[8]) == (0.5, 0.0)
    with_it[6] = without[6]
    assert CUBE.rested(with_it[None])[0][[7, 8]].tolist() == [0.5, 0.0]
    assert "momentum" not in CUBE.params(with_it)


def test_a_condition_of_a_condition_is_kept() -> None:
    cube = Cube(
        space(
            {
                "c": {"min": 0.0, "max": 1.0, "when": {"b": 1}},
                "b": {"values": [1, 2], "when": {"a": "x"}},
                "a": {"values": ["x", "y"]},
            }
        )
    )
    rows = cube.rounded(np.random.default_rng(0).random((50, 3)))
    for row, rested in zip(rows, cube.rested(rows), strict=True):
        there = cube.active(row)
        assert there[2]
        assert there[0] <= there[1]
        assert cube.active(rested).tolist() == there.tolist()
        assert set(cube.params(row)) == {
            each.name for each, is_there in zip(cube.columns, there, strict=True) if is_there
        }


def test_points_that_do_not_fit_have_no_row() -> None:
    point = _point()
    assert CUBE.row({**point, "optimizer": "lion"}) is None
    assert CUBE.row({name: value for name, value in point.items() if name != "rate"}) is None
    assert CUBE.row({**point, "dropout": "much"}) is None


def test_numbers_beyond_the_bounds_are_taken_to_them() -> None:
    row = CUBE.row({**_point(), "rate": 50.0, "layers": 20, "width": 5000})
    assert row is not None
    assert CUBE.params(row) == {**_point(), "rate": pytest.approx(1.0), "layers": 8, "width": 1024} | {
        "shift": pytest.approx(3.0),
        "share": pytest.approx(0.4),
        "dropout": pytest.approx(0.1),
    }


def test_all_points_of_a_small_space_are_listed_and_not_those_of_a_large_one() -> None:
    small = Cube(space({"a": {"values": ["x", "y"]}, "b": {"min": 1, "max": 3}}))
    rows = small.all_rows(6)
    assert rows is not None
    assert len({tuple(row) for row in rows.tolist()}) == 6
    assert small.all_rows(5) is None
    assert CUBE.all_rows(1000) is None


def _point() -> dict[str, Any]:
    return {
        "rate": 1e-3,
        "dropout": 0.1,
        "layers": 3,
        "width": 64,
        "steps": 500,
        "batch": 32,
        "optimizer": "adam",
        "shift": 3.0,
        "share": 0.4,
        "depth": 10,
    }
