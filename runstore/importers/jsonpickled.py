"""What jsonpickle made of Python's objects, as data. Nothing of it is ever made an object again.

Tuples and sets become lists. Any other object stays the mapping that it was written as, its marks (`py/object`, …)
plain text among its members, and is counted.
"""

from collections.abc import Mapping
from typing import Any, Final

from runstore.importers.sources import Problems

_MARK: Final = "py/"
_LISTS: Final = ("py/tuple", "py/set", "py/iterator")


def as_data(value: Any, problems: Problems) -> Any:
    """The value with its marks as text."""
    if isinstance(value, list):
        return [as_data(each, problems) for each in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and (items := next((value[mark] for mark in _LISTS if mark in value), None)) is not None:
        return as_data(items, problems)
    if any(key.startswith(_MARK) for key in value):
        problems.leave_out(f"an object of Python, kept as its data ({_kind(value)})")
    return {key: as_data(each, problems) for key, each in value.items()}


def _kind(value: Mapping[str, Any]) -> str:
    named = value.get("py/object")
    return named if isinstance(named, str) else next(key for key in value if key.startswith(_MARK))
