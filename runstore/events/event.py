"""One event of TensorBoard's: a moment, a step, and what was written there (tensorboard/compat/proto/event.proto)."""

from dataclasses import dataclass
from typing import Final, Literal

from runstore.events import wire

Kind = Literal["scalar", "histogram", "image", "audio", "tensor", ""]
_KINDS: Final[dict[int, Kind]] = {2: "scalar", 4: "image", 5: "histogram", 6: "audio", 8: "tensor"}
_START: Final = 1


@dataclass(frozen=True, slots=True)
class Plugin:
    """Which of TensorBoard's plugins draws a tag, and what it noted for itself. Stands at a tag's first value alone."""

    name: str = ""
    content: bytes = b""


@dataclass(frozen=True, slots=True)
class Value:
    """What was written under one tag: a float (`scalar`), or the bytes of the message that its kind has."""

    tag: str
    kind: Kind
    data: float | bytes = b""
    plugin: Plugin | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """`wall_time` is epoch s. `version` is that of the file, in its first event, "" in all others.

    `restart`: a program that had been stopped begins again at `step`. `graph` is a GraphDef. `unused` names what else
    the event holds, which nobody here reads.
    """

    wall_time: float = 0.0
    step: int = 0
    version: str = ""
    values: tuple[Value, ...] = ()
    restart: bool = False
    graph: bytes = b""
    unused: str = ""


_UNUSED: Final = {6: "a log message", 8: "run metadata (a profile)", 9: "a meta graph"}


def parse(data: bytes) -> Event:
    """The event in the contents of a record. Raises `WireError`."""
    wall_time, step, version, unused = 0.0, 0, "", ""
    values: tuple[Value, ...] = ()
    restart, graph = False, b""
    for number, _, value in wire.fields(data):
        match number:
            case 1:
                wall_time = wire.double(value)
            case 2:
                step = wire.signed(wire.whole(value))
            case 3:
                version = wire.text(value)
            case 4:
                graph = wire.body(value)
            case 5:
                values += values_of(wire.body(value))
            case 7:
                restart = any(at == 1 and each == _START for at, _, each in wire.fields(wire.body(value)))
            case 6 | 8 | 9:
                unused = _UNUSED[number]
    return Event(wall_time, step, version, values, restart, graph, unused)


def values_of(data: bytes) -> tuple[Value, ...]:
    """The values in a Summary. Raises `WireError`."""
    return tuple(_value(wire.body(each)) for number, _, each in wire.fields(data) if number == 1)


def _value(data: bytes) -> Value:
    tag, node, plugin = "", "", None
    kind: Kind = ""
    content: float | bytes = b""
    for number, _, value in wire.fields(data):
        if number == 1:
            tag = wire.text(value)
        elif number == 7:
            node = wire.text(value)
        elif number == 9:
            plugin = _plugin(wire.body(value))
        elif number in _KINDS:
            kind = _KINDS[number]
            content = wire.single(value) if number == 2 else wire.body(value)
    return Value(tag or node, kind, content, plugin)


def _plugin(data: bytes) -> Plugin | None:
    """What a SummaryMetadata says of the plugin."""
    for number, _, value in wire.fields(data):
        if number == 1:
            name, content = "", b""
            for at, _, each in wire.fields(wire.body(value)):
                name = wire.text(each) if at == 1 else name
                content = wire.body(each) if at == 2 else content
            return Plugin(name, content)
    return None
