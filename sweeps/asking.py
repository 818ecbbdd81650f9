"""What people may ask of a sweep: checked before it is published, as nobody can take it back."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from runstore.format.sweep_records import ControlKind
from runstore.reading.sweeps.state import SweepState
from sweeps.config.sweep import SweepConfig
from sweeps.errors import SweepError
from sweeps.progress import has_reached_target, is_full, is_over
from sweeps.space.parameter import Parameter
from sweeps.space.space import Params, Space
from sweeps.space.values import canonical

if TYPE_CHECKING:
    import numpy as np

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
        import numpy as np  # Agents ask for nothing; they draw with the engine.

        rng = np.random.default_rng(np.random.SeedSequence([seed, _STREAM, len(state.controls)]))
        return {"params": space.nest(point(space, params, rng))}
    if what == "extend":
        _check_extension(data, space)
    if what == "retry":
        return {**data, "trials": _to_retry(data, state)}
    return data


def check_steering(what: ControlKind, name: str, config: SweepConfig, state: SweepState) -> None:
    """Raises `SweepError` where a sweep ended already: it would seem to be paused or stopped, and nothing would come
    of it. `name` is what people call the sweep."""
    if what not in ("pause", "stop", "cancel") or (state.stopped and what == "cancel"):
        return
    if state.cancelled or (state.stopped and what == "pause"):
        word = "cancelled" if state.cancelled else "stopped"
        raise SweepError(f"{what}: {name} is {word} already; to have it go on: runstore sweep resume {name}")
    if state.stopped or not is_over(config, state):
        return
    mend = f"to have it go on: runstore sweep extend {name} --run-cap N, or runstore sweep add {name} NAME=VALUE..."
    if has_reached_target(config, state):
        mend = "its metric's target is reached; for more trials create another sweep"
    elif not is_full(state):
        mend = f"to have it go on: runstore sweep extend {name} --range NAME=LOW..HIGH, or runstore sweep add {name}"
    raise SweepError(f"{what}: {name} is finished, there is nothing to {what}; {mend}")


def point(space: Space, given: Mapping[str, Any], rng: "np.random.Generator | None" = None) -> Params:
    """The point that somebody wrote, nested or flat, with values of the right types; what it lacks is drawn with `rng`.

    Nothing of it is left out silently. Raises `SweepError` where `Space.complete` does, for a constant with another
    value, a parameter that is not active there, one that stands twice, and no more than 0 on a logarithmic scale.
    """
    named: Params = {}
    for name, value in _flat(given, set(space.by_name)):
        if name in named:
            raise SweepError(f"add: found {name} twice, nested and with dots; give it one value")
        named[name] = value
    searched = {name: value for name, value in named.items() if not _is_constant(space, name, value)}
    for name, value in searched.items():
        if name in space.by_name and space.by_name[name].is_log and space.by_name[name].accept(value) <= 0:
            raise SweepError(f"add: {name}: found {value!r}, expected more than 0; its scale is logarithmic")
    found = space.complete(searched, rng)
    there = space.values(found)
    for name in named:
        if name not in there:
            raise SweepError(f"add: found {name}, which is there only with {_when(space.by_name[name])}; leave it out")
    return found


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


def _to_retry(data: Mapping[str, Any], state: SweepState) -> list[int]:
    """The trials to run again: those that were named, but for those that wait for it already."""
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
    waiting = {each.trial.number for each in state.wanted}
    found = [number for number in dict.fromkeys(numbers) if number not in waiting]
    if not found:
        raise SweepError(f"retry: trial {numbers[0]} waits to be run again already; start an agent, or wait for one")
    return found


def _flat(params: Mapping[str, Any], names: set[str], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """A point's values by the names of parameters; a mapping that is a parameter's value stays whole."""
    for key, value in params.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value and name not in names:
            yield from _flat(value, names, f"{name}.")
        else:
            yield name, value


def _is_constant(space: Space, name: str, value: Any) -> bool:
    """Whether a name is that of a constant, which a point may hold and need not. Raises `SweepError` for another value
    than its own."""
    if name not in space.by_name or not (parameter := space.by_name[name]).is_constant:
        return False
    if canonical(value) != canonical(parameter.value):
        raise SweepError(
            f"add: {name}: found {value!r}, expected {parameter.value!r}, as it is a constant; leave it out, or create "
            "another sweep"
        )
    return True


def _when(parameter: Parameter) -> str:
    """A parameter's condition: `optimizer=sgd or rmsprop`."""
    tests = parameter.when.tests if parameter.when else ()
    return ", ".join(f"{name}={' or '.join(map(str, values))}" for name, values in tests)
