"""A space draws allowed points only, knows what is active, and comes back from JSON as it was."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeps.errors import SweepError
from sweeps.space.space import Space

CONDITIONAL: dict[str, Any] = {
    "parameters": {
        "momentum": {"min": 0.0, "max": 0.99, "when": {"optimizer": "sgd"}},
        "optimizer": {"values": ["sgd", "adam", "lion"]},
        "adaptive": {
            "when": {"optimizer": ["adam", "lion"]},
            "parameters": {
                "beta": {"min": 0.8, "max": 0.999},
                "amsgrad": {"values": [True, False], "when": {"optimizer": "adam"}},
                "warmup": {"min": 1, "max": 9, "when": {"amsgrad": True}},
            },
        },
        "epochs": {"value": 3},
    },
    "constraints": ["adaptive.warmup <= epochs", "momentum > 0.1"],
}


def space(values: dict[str, Any]) -> Space:
    return Space.from_json(values)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@given(st.integers(0, 2**32))
def test_a_point_has_what_is_active_and_fulfils_the_constraints(seed: int) -> None:
    there = space(CONDITIONAL)
    point = there.draw(rng(seed))
    expected = {"optimizer"}
    if point["optimizer"] == "sgd":
        expected |= {"momentum"}
        assert point["momentum"] > 0.1
    else:
        expected |= {"adaptive.beta"}
    if point["optimizer"] == "adam":
        expected |= {"adaptive.amsgrad"}
        if point["adaptive.amsgrad"]:
            expected |= {"adaptive.warmup"}
            assert point["adaptive.warmup"] <= 3
    assert set(point) == expected == set(there.active(point))
    assert there.allows(point)
    assert there.flatten(there.nest(point)) == point
    assert there.complete(point) == point


def test_the_same_seed_draws_the_same_point() -> None:
    assert space(CONDITIONAL).draw(rng(5)) == space(CONDITIONAL).draw(rng(5))


def test_a_new_condition_does_not_move_the_other_parameters() -> None:
    plain = space(
        {"parameters": {"a": {"values": [0, 1]}, "b": {"min": 0.0, "max": 1.0}, "c": {"min": 0.0, "max": 1.0}}}
    )
    condition = {"b": {"min": 0.0, "max": 1.0, "when": {"a": 1}}}
    conditional = space({"parameters": {"a": {"values": [0, 1]}, **condition, "c": {"min": 0.0, "max": 1.0}}})
    assert {plain.draw(rng(seed))["c"] for seed in range(9)} == {conditional.draw(rng(seed))["c"] for seed in range(9)}


def test_a_config_is_nested_in_the_order_it_was_written_with_constants() -> None:
    point = {"optimizer": "adam", "adaptive.beta": 0.9, "adaptive.amsgrad": True, "adaptive.warmup": 2}
    nested = space(CONDITIONAL).nest(point)
    assert nested == {
        "optimizer": "adam",
        "adaptive": {"beta": 0.9, "amsgrad": True, "warmup": 2},
        "epochs": 3,
    }
    assert list(nested) == ["optimizer", "adaptive", "epochs"]


def test_flat_and_nested_configs_are_read_and_foreign_keys_left_out() -> None:
    there = space({"parameters": {"a": {"min": 1, "max": 9}, "o": {"parameters": {"lr": {"min": 0.0, "max": 1.0}}}}})
    assert there.flatten({"a": 2.0, "o": {"lr": 1, "other": 3}, "seed": 7}) == {"a": 2, "o.lr": 1.0}
    assert there.flatten({"o.lr": 0.5}) == {"o.lr": 0.5}
    assert there.flatten({"a": "two", "o": 3}) == {}


def test_names_with_dots_of_their_own_are_kept() -> None:
    there = space({"parameters": {"data": {"values": ["x"]}, "data.batch": {"values": [8, 16]}}})
    assert there.nest({"data": "x", "data.batch": 8}) == {"data": "x", "data.batch": 8}
    assert there.flatten({"data": "x", "data.batch": 8}) == {"data": "x", "data.batch": 8}


def test_equal_points_have_equal_keys() -> None:
    there = space({"parameters": {"a": {"values": [1, 2, True]}, "b": {"values": [{"x": 1, "y": 2}, None]}}})
    assert there.key({"a": 1, "b": {"x": 1, "y": 2}}) == there.key({"b": {"y": 2, "x": 1}, "a": 1.0})
    assert there.key({"a": 1, "b": None}) != there.key({"a": True, "b": None})
    assert space(CONDITIONAL).key({"optimizer": "sgd", "momentum": 0.5}) == space(CONDITIONAL).key(
        {"momentum": 0.5, "adaptive.beta": 0.9, "optimizer": "sgd"}
    )


def test_a_point_by_hand_is_checked_and_its_values_take_the_right_types() -> None:
    there = space(CONDITIONAL)
    point = there.complete({"optimizer": "adam", "adaptive.beta": 1, "adaptive.amsgrad": True, "adaptive.warmup": 2.0})
    assert repr(point["adaptive.beta"]) == "1.0"
    assert repr(point["adaptive.warmup"]) == "2"
    assert there.complete({"optimizer": "sgd", "momentum": 0.5, "adaptive.beta": 0.9}) == {
        "momentum": 0.5,
        "optimizer": "sgd",
    }


@pytest.mark.parametrize(
    ("point", "said"),
    [
        ({"optimizer": "sgd"}, "the point has no momentum"),
        ({"optimiser": "sgd"}, "found the parameter 'optimiser'"),
        ({"optimizer": "SGD"}, "optimizer: found 'SGD', expected one of 'sgd'"),
        ({"optimizer": "sgd", "momentum": 0.05}, "breaks the constraint 'momentum > 0.1'"),
        ({"optimizer": "sgd", "momentum": "much"}, "momentum: found 'much', expected a number"),
    ],
)
def test_a_wrong_point_by_hand_is_one_clear_line(point: dict[str, Any], said: str) -> None:
    with pytest.raises(SweepError, match=said):
        space(CONDITIONAL).complete(point)


def test_what_a_point_by_hand_leaves_out_is_drawn() -> None:
    found = space(CONDITIONAL).complete({"optimizer": "sgd"}, rng())
    assert 0 <= found["momentum"] <= 0.99


def test_constraints_that_nothing_fulfils_end_in_one_line() -> None:
    with pytest.raises(SweepError, match="none of 10,000 random points fulfils the constraints 'a > 2'"):
        space({"parameters": {"a": {"min": 0.0, "max": 1.0}}, "constraints": ["a > 2"]}).draw(rng())


def test_the_size_counts_distinct_points() -> None:
    assert space({"parameters": {"a": {"values": [1, 1.0, 2]}, "b": {"min": 1, "max": 5}}}).size == 10
    assert space({"parameters": {"a": {"value": 1}}}).size == 1
    assert space({"parameters": {"a": {"min": 0.0, "max": 1.0}}}).size is None
    pair = {"a": {"min": 1, "max": 4}, "b": {"min": 1, "max": 4}}
    assert space({"parameters": pair, "constraints": ["a < b"]}).size == 6
    inner = {"optimizer": {"values": ["sgd", "adam"]}, "steps": {"min": 1, "max": 5, "when": {"optimizer": "sgd"}}}
    assert space({"parameters": inner}).size == 6


def test_a_range_can_be_widened_and_not_narrowed() -> None:
    there = space(
        {
            "parameters": {
                "lr": {"distribution": "log_uniform_values", "min": 0.01, "max": 0.1},
                "n": {"min": 1, "max": 5},
            }
        }
    )
    assert there.widened("lr", 1e-4).by_name["lr"].bounds == (1e-4, 0.1)
    assert there.widened("n", high=9).by_name["n"].choices == range(1, 10)
    for name, low, high, said in (
        ("lr", 0.02, None, "a range can only grow"),
        ("lr", 0.0, None, "expected more than 0"),
        ("lr", None, float("nan"), "expected a number"),
        ("n", None, 9.5, "expected a whole number"),
        ("m", 1, 2, "expected a parameter with min and max: lr, n"),
    ):
        with pytest.raises(SweepError, match=said):
            there.widened(name, low, high)


names = st.sampled_from(["a", "b", "learning-rate", "x.y", "_z1"])
numbers = st.integers(-50, 50) | st.floats(-50, 50).map(lambda value: round(value, 3))
plain = st.none() | st.booleans() | numbers | st.text(max_size=3) | st.lists(st.integers(0, 3), max_size=2)


@st.composite
def parameters(draw: st.DrawFn) -> dict[str, Any]:
    match draw(st.sampled_from(["value", "values", "weighted", "range", "q", "log", "normal", "beta"])):
        case "value":
            return {"value": draw(plain)}
        case "values":
            return {"values": draw(st.lists(plain, min_size=1, max_size=4))}
        case "weighted":
            return {"values": draw(st.lists(plain, min_size=2, max_size=2)), "probabilities": [0.25, 0.75]}
        case "range":
            low = draw(numbers)
            return {"min": low, "max": low + draw(st.integers(1, 20) | st.floats(0.5, 20))}
        case "q":
            return {
                "distribution": "q_uniform",
                "min": 0,
                "max": draw(st.integers(1, 9)),
                "q": draw(st.sampled_from([1, 0.5, 2])),
            }
        case "log":
            return {"distribution": "log_uniform_values", "min": draw(st.floats(1e-6, 1)), "max": 2}
        case "normal":
            return {"distribution": "q_log_normal", "mu": draw(numbers) / 50, "sigma": draw(st.floats(0, 2))}
    return {"distribution": "beta", "a": draw(st.floats(0.1, 5))}


groups = st.dictionaries(
    names,
    parameters()
    | st.fixed_dictionaries({"parameters": st.dictionaries(st.sampled_from("pq"), parameters(), min_size=1)}),
    min_size=1,
    max_size=4,
)


@given(groups, st.integers(0, 99))
def test_a_space_comes_back_from_json_as_it_was(given_: dict[str, Any], seed: int) -> None:
    there = space({"parameters": given_})
    again = Space.from_json(there.to_json())
    assert again == there
    assert again.to_json() == there.to_json()
    point = there.draw(rng(seed))
    assert again.draw(rng(seed)) == point
    assert there.flatten(there.nest(point)) == point
    assert all(there.by_name[name].contains(value) for name, value in point.items())


def test_many_conditions_on_conditions_are_no_trouble_until_they_are_too_many() -> None:
    def chain(length: int) -> dict[str, Any]:
        parameters: dict[str, Any] = {"p0": {"values": [0, 1]}, "p1": {"values": [0, 1], "when": {"p0": 1}}}
        for index in range(2, length):
            parameters[f"p{index}"] = {"values": [0, 1], "when": {f"p{index - 1}": 1, f"p{index - 2}": 1}}
        return {"parameters": parameters}

    there = space(chain(40))
    assert there.lattice is not None
    assert sum(1 for _ in there.lattice) == 41
    assert there.active(dict.fromkeys(there.by_name, 1)) == tuple(there.by_name)
    with pytest.raises(SweepError, match="found more than 50 conditions, each on the next"):
        space({"parameters": dict(reversed(chain(99)["parameters"].items()))})
