"""A grid is the exact product, in W&B's order, and no point comes twice."""

import itertools
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeps.config.sweep import parse_sweep
from sweeps.search.grid import Grid
from sweeps.search.view import Known, Told
from sweeps.space.space import Space


def space(parameters: dict[str, Any], *constraints: str) -> Space:
    return Space.from_json({"parameters": parameters, "constraints": list(constraints)})


def engine(parameters: dict[str, Any], *constraints: str) -> tuple[Grid, Space]:
    extra = {"constraints": list(constraints)} if constraints else {}
    config = parse_sweep({"method": "grid", "parameters": parameters, **extra})
    return Grid(config, config.space), config.space


def search(parameters: dict[str, Any], *constraints: str, told: tuple[Told, ...] = ()) -> list[dict[str, Any]]:
    """All points that the engine suggests, one by one, from what was told."""
    searching, _ = engine(parameters, *constraints)
    trials, found = list(told), []
    while suggestions := searching.suggest(Known(len(found), tuple(trials)), 1):
        found.append(suggestions[0].params)
        trials.append(Told(len(found) - 1, suggestions[0].params, "failed", None, suggestions[0].position))
    return found


def test_parameters_are_sorted_by_name_and_the_last_is_fastest() -> None:
    found = search({"b": {"values": [1, 2]}, "a": {"values": [3, 4]}})
    assert [(point["a"], point["b"]) for point in found] == [(3, 1), (3, 2), (4, 1), (4, 2)]


def test_nested_parameters_are_sorted_inside_their_groups() -> None:
    nested = {"p2": {"parameters": {"n3": {"values": [1, 2]}, "n1": {"values": ["x", "y"]}, "n2": {"value": 0.9}}}}
    found = search({**nested, "p1": {"values": ["a", "b"]}})
    expected = itertools.product("ab", "xy", [1, 2])
    assert [tuple(point[name] for name in ("p1", "p2.n1", "p2.n3")) for point in found] == list(expected)


def test_values_that_stand_twice_are_tried_once() -> None:
    found = search({"v": {"values": [1, 1.0, 2, True, "1", [1], [1.0], {"a": 1, "b": 2}, {"b": 2, "a": 1}]}})
    assert [point["v"] for point in found] == [1, 2, True, "1", [1], {"a": 1, "b": 2}]


def test_whole_numbers_and_steps_have_wandbs_values() -> None:
    assert [point["n"] for point in search({"n": {"min": -2, "max": 2}})] == [-2, -1, 0, 1, 2]
    steps = {"distribution": "q_uniform", "min": 0, "max": 1, "q": 0.5}
    assert [point["n"] for point in search({"n": steps})] == [0.0, 0.5]
    steps = {"distribution": "q_uniform", "min": 3, "max": 10, "q": 3}
    assert [point["n"] for point in search({"n": steps})] == [3, 6, 9]
    steps = {"distribution": "q_uniform", "min": 1, "max": 1.3, "q": 0.1}
    assert [point["n"] for point in search({"n": steps})] == [1.0, 1.1, 1.2]


def test_constants_alone_are_one_point() -> None:
    assert search({"a": {"value": 1}, "b": {"value": {"c": 2}}}) == [{}]


def test_points_that_were_added_or_known_are_left_out() -> None:
    told = (Told(-1, {"a": 3, "b": 2}, "done", 0.5), Told(0, {"a": 4, "b": 1.0}, "failed"))
    found = search({"b": {"values": [1, 2]}, "a": {"values": [3, 4]}}, told=told)
    assert [(point["a"], point["b"]) for point in found] == [(3, 1), (4, 2)]


def test_several_at_once_are_the_next_several() -> None:
    searching, _ = engine({"a": {"values": list(range(10))}})
    first = searching.suggest(Known(0, ()), 4)
    assert [each.position for each in first] == [0, 1, 2, 3]
    trials = tuple(Told(number, each.params, "pending", None, each.position) for number, each in enumerate(first))
    assert [each.params["a"] for each in searching.suggest(Known(4, trials), 20)] == list(range(4, 10))


def test_a_view_that_is_another_than_before_is_looked_at_from_the_start() -> None:
    searching, _ = engine({"a": {"values": list(range(6))}})
    trials = [Told(0, {"a": 0}, "done", 1.0, 0), Told(1, {"a": 1}, "done", 1.0, 1)]
    assert searching.suggest(Known(2, trials), 1)[0].position == 2
    # After a merge, a trial of the other branch stands between.
    merged = [trials[0], Told(0, {"a": 5}, "done", 1.0), trials[1]]
    assert [each.params["a"] for each in searching.suggest(Known(2, merged), 9)] == [2, 3, 4]
    assert searching.suggest(Known(0, ()), 1)[0].position == 0


def test_a_widened_range_offers_the_new_values_and_none_twice() -> None:
    config = parse_sweep({"method": "grid", "parameters": {"n": {"min": 3, "max": 5}, "m": {"values": [0, 1]}}})
    told = [Told(i, {"m": i // 3, "n": 3 + i % 3}, "done", 1.0, i) for i in range(6)]
    assert Grid(config, config.space).suggest(Known(6, told), 9) == []
    wider = Grid(config, config.space.widened("n", low=1))
    found = [(each.params["m"], each.params["n"]) for each in wider.suggest(Known(6, told), 9)]
    assert found == [(0, 1), (0, 2), (1, 1), (1, 2)]


def test_a_condition_takes_its_parameter_off_the_product() -> None:
    found = search(
        {
            "optimizer": {"values": ["sgd", "adam"]},
            "momentum": {"values": [0.0, 0.5, 0.9], "when": {"optimizer": "sgd"}},
            "lr": {"values": [1, 2]},
        }
    )
    assert len(found) == 2 * (3 + 1)
    assert {tuple(sorted(point)) for point in found} == {("lr", "momentum", "optimizer"), ("lr", "optimizer")}


def test_a_huge_grid_of_which_little_is_left_is_walked_at_once() -> None:
    many = {f"p{index:02}": {"values": list(range(10)), "when": {"a": 1}} for index in range(20)}
    found = Grid(
        config := parse_sweep({"method": "grid", "parameters": {"a": {"values": [0, 2, 1]}, **many}}), config.space
    ).suggest(Known(0, ()), 3)
    assert [each.params["a"] for each in found] == [0, 2, 1]
    values = {f"q{index}": {"values": list(range(100))} for index in range(6)}
    assert search(values, "q0 + 0 == 7", "q1 == q0", "q2 == 3", "q3 == 4", "q4 == 5", "q5 < 2") == [
        {"q0": 7, "q1": 7, "q2": 3, "q3": 4, "q4": 5, "q5": last} for last in (0, 1)
    ]


def test_groups_of_which_one_is_there_are_added_and_not_multiplied() -> None:
    ten = {"values": list(range(10))}
    groups = {kind: {"when": {"z": kind}, "parameters": dict.fromkeys("pqr", ten)} for kind in ("a", "b", "c", "d")}
    there = space({**groups, "z": {"values": ["d", "none", "a", "c", "b"]}})
    found = list(iter(there.grid()))
    assert len(found) == 4 * 1000 + 1
    assert len({there.key(point) for point in found}) == len(found)
    assert there.grid().size == 5 * 10**12


def test_a_grid_without_end_still_has_a_beginning() -> None:
    there = space({f"p{index}": {"min": 1, "max": 1000} for index in range(20)})
    assert there.size == there.grid().size == 1000**20
    assert len(there.grid()) == sys.maxsize
    assert there.grid().next(10**50) == 10**50
    assert there.grid().point(10**60) is None


value = st.integers(0, 3) | st.sampled_from(["x", True, 1.5, None])
values = st.lists(value, min_size=1, max_size=4)


@given(st.dictionaries(st.sampled_from("abcd"), values, min_size=1, max_size=4))
def test_a_grid_is_the_exact_product(lists: dict[str, list[Any]]) -> None:
    there = space({name: {"values": each} for name, each in lists.items()})
    once = {
        name: [v for i, v in enumerate(each) if all(there_is(v, w) for w in each[:i])] for name, each in lists.items()
    }
    expected = [
        dict(zip(sorted(once), point, strict=True)) for point in itertools.product(*(once[n] for n in sorted(once)))
    ]
    grid = there.grid()
    assert [grid.point(position) for position in range(len(grid))] == expected == list(grid)
    assert len({there.key(point) for point in grid}) == len(grid) == there.size


def there_is(one: Any, other: Any) -> bool:
    """Whether two values differ: by type where one is a truth value, else as numbers do."""
    return isinstance(one, bool) != isinstance(other, bool) or one != other


@st.composite
def conditional(draw: st.DrawFn) -> tuple[dict[str, Any], list[str]]:
    sizes = draw(st.lists(st.integers(1, 3), min_size=2, max_size=4))
    order = draw(st.permutations("abcd"[: len(sizes)]))
    parameters: dict[str, Any] = {}
    for index, (name, size) in enumerate(zip(order, sizes, strict=True)):
        parameters[name] = {"values": list(range(size))}
        if index and draw(st.booleans()):
            parent = draw(st.sampled_from(order[:index]))
            parameters[name]["when"] = {parent: draw(st.integers(0, len(parameters[parent]["values"]) - 1))}
    pair = draw(st.permutations(order))[:2]
    constraints = draw(st.sampled_from([[], [f"{pair[0]} <= {pair[1]}"], [f"{pair[0]} + {pair[1]} != 2"]]))
    return parameters, constraints


@given(conditional())
def test_with_conditions_and_constraints_each_point_comes_exactly_once(case: tuple[dict[str, Any], list[str]]) -> None:
    there = space(case[0], *case[1])
    names = list(case[0])
    full = [dict(zip(names, each, strict=True)) for each in itertools.product(*(case[0][n]["values"] for n in names))]
    expected = {there.key(point) for point in full if there.allows(there.only_active(point))}
    grid = there.grid()
    by_position = [point for position in range(len(grid)) if (point := grid.point(position)) is not None]
    assert list(grid) == by_position
    keys = [there.key(point) for point in by_position]
    assert len(keys) == len(set(keys))
    assert set(keys) == expected
    assert search(case[0], *case[1]) == by_position
    assert there.size == len(expected)


@pytest.mark.parametrize(
    "given_", [{"min": 0.0, "max": 1.0}, {"distribution": "normal"}, {"values": [1, 2], "probabilities": [0.5, 0.5]}]
)
def test_what_has_no_values_in_order_is_refused(given_: dict[str, Any]) -> None:
    with pytest.raises(Exception, match=r"parameters\.x: found .* in a grid, expected values"):
        parse_sweep({"method": "grid", "parameters": {"x": given_}})
