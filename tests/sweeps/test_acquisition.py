"""The expected improvement and the search for its maximum."""

import math
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad

from sweeps.config.sweep import parse_sweep
from sweeps.search.acquisition import LogImprovement, believe, candidates, climb, log_improvement, maximum
from sweeps.search.cube import Cube
from sweeps.search.surrogate import Kernel, Posterior


def cube_of(parameters: dict[str, Any], **more: Any) -> Cube:
    return Cube(parse_sweep({"method": "bayes", "metric": {"name": "l"}, "parameters": parameters, **more}).space)


MIXED = {
    "x": {"min": 0.0, "max": 1.0},
    "n": {"min": 1, "max": 8},
    "many": {"min": 1, "max": 500},
    "kind": {"values": ["a", "b", "c"]},
    "extra": {"min": 0.0, "max": 1.0, "when": {"kind": ["a", "b"]}},
}


def posterior(cube: Cube, count: int = 15) -> Posterior:
    rng = np.random.default_rng(0)
    rows = np.array([cube.row(cube.space.draw(rng)) for _ in range(count)])
    values = ((rows - 0.4) ** 2).sum(axis=1)
    targets = (values - values.mean()) / values.std()
    return Posterior(cube, Kernel(np.full(len(cube), 0.6), 1.0, 1e-4, 0.5), rows, targets[:, None], np.ones(count))


@pytest.mark.parametrize("z", [5.0, 1.0, 0.0, -0.99, -1.01, -5.0, -30.0, -300.0, -999.0, -1001.0, -1e6])
def test_the_logarithm_of_the_improvement_is_exact_far_out_too(z: float) -> None:
    # φ(z) + z Φ(z) = φ(z) ∫ t exp(z t - t² / 2) dt over t > 0; in units of 1 / (1 + |z|) nothing vanishes.
    unit = 1 + abs(z)
    rest = quad(
        lambda t: t * math.exp(z * t / unit - (t / unit) ** 2 / 2 - max(z, 0.0) ** 2 / 2), 0, 60 * unit if z > 0 else 60
    )
    exact = -0.5 * min(z, 0.0) ** 2 - 0.5 * math.log(2 * math.pi) + math.log(rest[0]) - 2 * math.log(unit)
    assert log_improvement(np.array([z]))[0] == pytest.approx(exact, rel=1e-5)


def test_the_slope_is_the_derivative_of_the_value_in_several_worlds() -> None:
    cube = cube_of(MIXED)
    model = posterior(cube)
    pending = np.array([cube.row(cube.space.draw(np.random.default_rng(seed))) for seed in (5, 6)])
    improvement = believe(model, pending, float(model.targets.min()), np.random.default_rng(1))
    row = cube.row({"x": 0.31, "n": 4, "many": 77, "kind": "a", "extra": 0.6})
    assert row is not None
    columns = np.array([0, 2, 4])
    value, slope = improvement.slope(row, columns)
    assert value == pytest.approx(improvement.values(row[None])[0])
    for place, column in enumerate(columns):
        step = np.zeros(len(cube))
        step[column] = 1e-6
        rise = improvement.values(np.array([row + step, row - step]))
        assert slope[place] == pytest.approx((rise[0] - rise[1]) / 2e-6, rel=1e-3, abs=1e-5)


def test_a_point_under_way_is_not_worth_a_second_trial() -> None:
    cube = cube_of({"x": {"min": 0.0, "max": 1.0}, "y": {"min": 0.0, "max": 1.0}})
    model = posterior(cube)
    best = float(model.targets.min())
    rng = np.random.default_rng(0)
    first = maximum(LogImprovement(model, np.array([best])), cube, model.rows[:5], lambda _: True, rng)
    assert first is not None
    after = believe(model, first[None], best, rng)
    before = LogImprovement(model, np.array([best]))
    assert after.values(first[None])[0] < before.values(first[None])[0] - 1
    second = maximum(after, cube, model.rows[:5], lambda _: True, rng)
    assert second is not None
    assert np.abs(second - first).max() > 0.01


def test_candidates_lie_where_the_space_has_values() -> None:
    cube = cube_of(MIXED)
    rows = candidates(cube, posterior(cube).rows[:5], np.random.default_rng(2))
    for row in rows:
        back = cube.row(cube.params(row))
        assert back is not None
        assert np.allclose(back, row, atol=1e-9)


def test_climbing_never_loses_and_ends_where_the_space_has_values() -> None:
    cube = cube_of(MIXED)
    model = posterior(cube)
    improvement = LogImprovement(model, np.array([float(model.targets.min())]))
    for row in candidates(cube, model.rows[:0], np.random.default_rng(3))[:8]:
        end, value = climb(improvement, cube, row)
        assert value >= improvement.values(row[None])[0] - 1e-12
        back = cube.row(cube.params(end))
        assert back is not None
        assert np.allclose(back, end, atol=1e-9)


def test_the_maximum_is_as_high_as_on_a_fine_grid() -> None:
    cube = cube_of({"x": {"min": 0.0, "max": 1.0}, "y": {"min": 0.0, "max": 1.0}})
    model = posterior(cube)
    improvement = LogImprovement(model, np.array([float(model.targets.min())]))
    axis = np.linspace(0, 1, 201)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    found = maximum(improvement, cube, model.rows[:5], lambda _: True, np.random.default_rng(4))
    assert found is not None
    assert improvement.values(found[None])[0] >= improvement.values(grid).max() - 1e-3


def test_constraints_are_kept() -> None:
    cube = cube_of({"x": {"min": 0.0, "max": 1.0}, "y": {"min": 0.0, "max": 1.0}}, constraints=["x + y <= 0.5"])
    model = posterior(cube)
    improvement = LogImprovement(model, np.array([float(model.targets.min())]))
    for seed in range(5):
        found = maximum(improvement, cube, model.rows[:5], lambda _: True, np.random.default_rng(seed))
        assert found is not None
        assert cube.allows(found)
