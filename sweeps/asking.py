"""What people may ask of a sweep: checked before it is published, as nobody can take it back."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np

from runstore.format.sweep_records import ControlKind
from runstore.reading.sweeps.state import SweepState
from sweeps.errors import SweepError
from sweeps.space.space import Space

_STREAM: Final = 1 << 40
"""Apart from the numbers of trials: what is drawn for an added point is no draw of the search."""


def checked(
    what: ControlKind, data: Mapping[str, Any], state: SweepState, space: Space, seed: int
) -> Mapping[str, Any]:
    """The data of a control as they are published. Raises `SweepError` for what cannot be.

    A point to add may be nested or flat; what it lacks is drawn.
    """
    if what == "add":
        params = data.get("params")
        if not isinstance(params, Mapping):
            raise SweepError("add: found no parameters, expected a point; give each parameter a value")
        rng = np.random.default_rng(np.random.SeedSequence([seed, _STREAM, len(state.controls)]))
        given = {name: value for name, value in _flat(params, set(space.by_name)) if not _is_constant(space, name)}
        return {"params": space.nest(space.complete(given, rng))}
    if what == "extend":
        _check_extension(data, space)
    if what == "retry":
        _check_retry(data, state)
    return data


def _check_extension(data: Mapping[str, Any], space: Space) -> None:
    cap, ranges = data.get("run_cap"), data.get("ranges") or {}
    if cap is None and not ranges:
        raise SweepError("extend: found nothing to extend, expected run_cap or a range")
    if cap is not None and (isinstance(cap, bool) or not isinstance(cap, int) or cap < 1):
        raise SweepError(f"extend: found run_cap {cap!r}, expected a whole number from 1 up")
    if not isinstance(ranges, Mapping):
        raise SweepError(f"extend: found ranges {ranges!r}, expected a mapping of parameters to min and max")
    for name, ends in ranges.items():
        if not isinstance(ends, Mapping) or not set(ends) <= {"min", "max"}:
            raise SweepError(f"extend: {name}: found {ends!r}, expected min and max")
        space.widened(name, ends.get("min"), ends.get("max"))


def _check_retry(data: Mapping[str, Any], state: SweepState) -> None:
    numbers = data.get("trials")
    if not isinstance(numbers, list | tuple) or not numbers:
        raise SweepError(f"retry: found {numbers!r}, expected a list of trials' numbers")
    for number in numbers:
        trials = state.at(number) if isinstance(number, int) and not isinstance(number, bool) else []
        if not trials:
            raise SweepError(f"retry: found no trial {number!r}, expected the number of one of this sweep")
        if not any(trial.is_over for trial in trials):
            raise SweepError(
                f"retry: trial {number} still runs, expected one that is over; wait, or stop its run first"
            )


def _flat(params: Mapping[str, Any], names: set[str], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """A point's values by the names of parameters; a mapping that is a parameter's value stays whole."""
    for key, value in params.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and name not in names:
            yield from _flat(value, names, f"{name}.")
        else:
            yield name, value


def _is_constant(space: Space, name: str) -> bool:
    """Whether a name is that of a constant, which a point may hold and need not."""
    return name in space.by_name and space.by_name[name].is_constant
