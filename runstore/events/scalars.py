"""Scalars, which are nearly all that event files hold, read without taking each event apart.

An event with one scalar is: `09` and the time; `10` and the step, unless that is 0; then bytes that say lengths and tag
and are the same for all events of one tag; at last the four bytes of the value. Those bytes are looked up.
"""

import struct
from typing import Final

from runstore.events import wire
from runstore.events.event import Event, Value, parse

_double = struct.Struct("<d").unpack_from
_float = struct.Struct("<f").unpack
_TIME: Final = 9
_STEP: Final = 16
_MOST_KNOWN: Final = 100_000
_LONG_SHIFT: Final = 56


class Scalars:
    """Knows the bytes that stand for a tag in the events of one writer."""

    def __init__(self) -> None:
        self._known: dict[bytes, str] = {}

    def point(self, data: bytes) -> tuple[int, float, str, float] | None:
        """Step, time (epoch s), tag and value of an event that holds one scalar of a tag met before; else None."""
        try:
            if data[0] != _TIME:
                return None
            step, at = 0, 9
            if data[9] == _STEP:
                step, at = data[10], 11
                if step > 127:  # As `wire.varint` does it, whose call would be a quarter of all that this takes.
                    step, shift = step & 127, 7
                    while (byte := data[at]) > 127:
                        step |= (byte & 127) << shift
                        shift += 7
                        at += 1
                    step |= byte << shift
                    at += 1
                    if shift > _LONG_SHIFT:
                        step = wire.signed(wire.varint(data, 10)[0])
            tag = self._known.get(data[at:-4])
            return None if tag is None else (step, _double(data, 1)[0], tag, _float(data[-4:])[0])
        except (IndexError, wire.WireError):
            return None

    def knows(self, data: bytes) -> bool:
        """Whether `point` would give one: faster where only that is asked."""
        at = 9
        if len(data) > at and data[0] == _TIME:
            if data[at] == _STEP:
                at += 1
                while data[at] > 127 and at < len(data) - 1:
                    at += 1
                at += 1
            return data[at:-4] in self._known
        return False

    def learn(self, data: bytes) -> Event:
        """The whole event; one scalar alone in it is known from then on. Raises `WireError`."""
        event = parse(data)
        if len(event.values) == 1 and event.values[0].kind == "scalar" and event.values[0].plugin is None:
            self._keep(data, event.values[0])
        return event

    def _keep(self, data: bytes, value: Value) -> None:
        """Remembers what stands before the value, where the value ends the event."""
        at = 9
        if data[:1] != b"\x09" or len(self._known) >= _MOST_KNOWN:
            return
        if data[9] == _STEP:
            _, at = wire.varint(data, 10)
        rest = data[at:-4]
        # The last field of the summary's only value is the float itself: its key stands right before.
        if rest[:1] == b"\x2a" and rest[-1:] == b"\x15" and _is_last(data[at:], value.tag):
            self._known[rest] = value.tag


def _is_last(data: bytes, tag: str) -> bool:
    """Whether `data` is nothing but a summary with one value, that nothing but a tag and then a float."""
    [(number, _, summary), *more] = wire.fields(data)
    inner = list(wire.fields(summary))
    if number != 5 or more or len(inner) != 1 or inner[0][0] != 1:
        return False
    parts = list(wire.fields(inner[0][2]))
    return [each[0] for each in parts] == [1, 2] and wire.text(parts[0][2]) == tag
