"""Scalars are read the quick way exactly as the whole event says, and nothing else is taken for one."""

import math
import struct

from hypothesis import given
from hypothesis import strategies as st

from runstore.events import wire
from runstore.events.event import parse
from runstore.events.scalars import Scalars
from tests.events.event_files import double, field, scalar, varint

STEPS = st.integers(-(2**63), 2**63 - 1)
TAGS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
FLOATS = st.floats(width=32)


@given(st.lists(st.tuples(STEPS, TAGS, FLOATS, st.floats(allow_nan=False)), max_size=10))
def test_the_quick_way_says_what_the_event_says(points: list[tuple[int, str, float, float]]) -> None:
    scalars = Scalars()
    for step, tag, value, time in points * 2:
        data = scalar(step, tag, value, time)
        event = parse(data)
        assert (event.step, event.wall_time, event.values[0].tag) == (step, time, tag)
        quick = scalars.point(data)
        if quick is None:
            scalars.learn(data)
            quick = scalars.point(data)
        assert quick is not None
        assert scalars.knows(data)
        assert quick[:3] == (step, time, tag)
        assert quick[3] == value or (math.isnan(value) and math.isnan(quick[3]))


@given(st.lists(st.binary(max_size=80), max_size=5), TAGS)
def test_any_bytes_are_an_event_or_an_error_of_its_own(many: list[bytes], tag: str) -> None:
    scalars = Scalars()
    scalars.learn(scalar(3, tag, 0.5))
    for data in many:
        assert scalars.point(data) is None or parse(data).values[0].tag == tag
        try:
            scalars.learn(data)
        except wire.WireError:
            continue


def test_an_event_with_more_than_one_value_is_no_scalar() -> None:
    value = field(1, field(1, b"loss") + b"\x15" + struct.pack("<f", 1.0))
    data = double(1, 5.0) + b"\x10" + varint(7) + field(5, value + value)
    scalars = Scalars()
    assert [each.tag for each in scalars.learn(data).values] == ["loss", "loss"]
    assert scalars.point(data) is None
