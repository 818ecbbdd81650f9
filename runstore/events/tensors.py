"""Tensors as TensorFlow writes them (tensorboard/compat/proto/tensor.proto)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from runstore.events import wire

if TYPE_CHECKING:
    import numpy

STRING: Final = 7
_MOST_ITEMS: Final = 10_000_000
_TYPES: Final = {
    1: "<f4",
    2: "<f8",
    3: "<i4",
    4: "<u1",
    5: "<i2",
    6: "<i1",
    9: "<i8",
    10: "?",
    17: "<u2",
    19: "<f2",
    22: "<u4",
    23: "<u8",
}
# The repeated fields, and what each item is on the wire.
_LISTS: Final = {
    5: wire.FIXED32,
    6: wire.FIXED64,
    7: wire.VARINT,
    10: wire.VARINT,
    11: wire.VARINT,
    13: wire.VARINT,
    16: wire.VARINT,
    17: wire.VARINT,
}


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor's shape, and its items: `strings` of one that holds such, else the `content` or the `items`."""

    dtype: int
    shape: tuple[int, ...]
    content: bytes = b""
    items: tuple[Any, ...] = ()
    strings: tuple[bytes, ...] = ()

    def array(self) -> "numpy.ndarray[Any, Any]":
        """The numbers. Raises `WireError` for a type that is not known, or too few items."""
        import numpy

        name = _TYPES.get(self.dtype)
        if name is None:
            raise wire.WireError(f"a tensor of the type {self.dtype}, expected numbers or text")
        size = 1
        for length in self.shape:
            size *= length
        if size < 0 or size > _MOST_ITEMS:
            raise wire.WireError(f"a tensor of the shape {list(self.shape)}, which is too large")
        kind = numpy.dtype(name)
        if self.content:
            found = numpy.frombuffer(self.content[: size * kind.itemsize], kind)
        elif self.dtype == 19:
            found = numpy.array(self.items, numpy.uint16).view(numpy.float16)
        else:
            found = numpy.array(self.items, kind)
        if 0 < found.size < size:  # The last item stands for all that follow.
            found = numpy.concatenate([found, numpy.repeat(found[-1:], size - found.size)])
        if found.size == 0 and size:
            found = numpy.zeros(size, kind)
        if found.size != size:
            raise wire.WireError(f"a tensor of {found.size} numbers in the shape {list(self.shape)}")
        return found.reshape(self.shape)


def parse(data: bytes) -> Tensor:
    """The tensor in a message. Raises `WireError`."""
    dtype, content = 0, b""
    shape: tuple[int, ...] = ()
    items: list[Any] = []
    strings: list[bytes] = []
    for number, kind, value in wire.fields(data):
        if number == 1:
            dtype = wire.whole(value)
        elif number == 2:
            shape = _shape(wire.body(value))
        elif number == 4:
            content = wire.body(value)
        elif number == 8:
            strings.append(wire.body(value))
        elif number in _LISTS:
            items += [_item(number, each) for each in wire.packed(kind, value, _LISTS[number])]
    return Tensor(dtype, shape, content, tuple(items), tuple(strings))


def _item(number: int, value: Any) -> Any:
    if number == 5:
        return wire.single(value)
    if number == 6:
        return wire.double(value)
    return wire.signed(wire.whole(value)) if number in (7, 10) else wire.whole(value)


def _shape(data: bytes) -> tuple[int, ...]:
    sizes = []
    for number, _, dimension in wire.fields(data):
        if number == 2:
            found = [wire.signed(wire.whole(each)) for at, _, each in wire.fields(wire.body(dimension)) if at == 1]
            sizes.append(found[0] if found else 0)
    return tuple(sizes)
