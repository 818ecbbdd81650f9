"""The keys of rows that `log` found good: what lets the next row with them go straight."""

from collections.abc import Mapping
from typing import Any

from runstore.format import values
from runstore.recording.metrics import Duty


class Shape:
    """The keys of committed rows, found good: the last such row, and whether it held nothing but numbers.

    `foreign` are the types of its values that another library made and that give a plain number when asked. `duty` is
    what defined metrics among the keys ask for, `kept` the rows whose values are still to be counted.
    """

    __slots__ = ("duty", "foreign", "kept", "line", "numeric")

    def __init__(self, line: bytes, numeric: bool, duty: Duty | None) -> None:
        self.line = line
        self.numeric = numeric
        self.foreign: frozenset[type] = frozenset()
        self.duty = duty
        self.kept: list[bytes | dict[str, Any]] = []

    def learn(self, data: Mapping[str, Any]) -> None:
        """Notes which types of other libraries its values have, where all are numbers."""
        if self.numeric:
            self.foreign |= values.scalar_types(map(type, data.values()))


def unpacked(row: dict[str, Any], foreign: frozenset[type]) -> dict[str, Any]:
    """The row with plain values for those of the types that are `foreign`."""
    return {key: value.item() if type(value) in foreign else value for key, value in row.items()}
