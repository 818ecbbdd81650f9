"""Sampling a history: few rows, the same ones, every key's extremes among them."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from runstore.api.sampling import sample

_ROWS = st.lists(
    st.fixed_dictionaries({}, optional={"a": st.floats(), "b": st.integers(-9, 9), "text": st.just("x")}), max_size=60
)


@given(rows=_ROWS, most=st.integers(0, 40))
def test_a_sample_is_small_in_order_and_the_same_each_time(rows: list[dict[str, Any]], most: int) -> None:
    numbered = [{**row, "_step": step} for step, row in enumerate(rows)]
    found = sample(numbered, most)
    steps = [row["_step"] for row in found]
    assert len(found) == min(most, len(rows))
    assert steps == sorted(set(steps))
    assert found == sample(numbered, most) or any(row.get("a") != row.get("a") for row in found)


@given(rows=_ROWS)
def test_a_sample_that_has_room_holds_the_extremes_of_every_key(rows: list[dict[str, Any]]) -> None:
    found = sample(rows, 8)
    for key in ("a", "b"):
        values = [row[key] for row in rows if key in row and abs(row[key]) < float("inf")]
        kept = [row[key] for row in found if key in row]
        if values:
            assert max(values) in kept
            assert min(values) in kept
