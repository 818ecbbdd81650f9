"""What a sweep's configuration says, as far as its page shows it: read leniently, since anybody may have written it."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from runstore.format import yaml12

MAX_TEXT: Final = 200_000
"""Of a longer configuration the page shows the beginning."""
MAX_PARAMETERS: Final = 400
Scale = Literal["linear", "log", "choice"]
_STEPPED: Final = ("int_uniform", "q_uniform", "q_log_uniform", "q_log_uniform_values")
_MEDIAN_GROWTH: Final = 1.25
_MOST_BANDS: Final = 150
_EXPONENTS: Final = ("log_uniform", "q_log_uniform", "inv_log_uniform")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter that varies: where its values lie. `name` has dots where it is nested.

    `low` and `high` are its ends, None where the configuration names none; `choices` its values where it lists them.
    """

    name: str
    scale: Scale
    low: float | None = None
    high: float | None = None
    integer: bool = False
    choices: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Stopping:
    """Early termination: the counts of logged values at which trials are judged, the first few of them."""

    rule: str
    bands: tuple[int, ...]
    eta: float


@dataclass(frozen=True, slots=True)
class SweepText:
    """A configuration as it stands. `size` is how many points a grid has, None where that is unknown; `impute` is the
    value that a failed trial counts with; `problem` says why nothing could be read of it, "" where it could."""

    text: str = ""
    name: str = ""
    description: str = ""
    method: str = ""
    program: str = ""
    metric: str = ""
    maximize: bool = False
    target: float | None = None
    parameters: tuple[Parameter, ...] = ()
    stopping: Stopping | None = None
    run_cap: int | None = None
    size: int | None = None
    impute: str = "worst"
    problem: str = ""


def read_config(path: Path) -> SweepText | None:
    """The configuration in a file, None where there is none. One that cannot be read says so as its `problem`."""
    try:
        if path.is_symlink():
            return None
        with path.open("rb") as file:
            data = file.read(MAX_TEXT + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return SweepText(problem=error.strerror or str(error))
    text = data[:MAX_TEXT].decode("utf-8", "replace")
    if len(data) > MAX_TEXT:
        return SweepText(text, problem=f"longer than {MAX_TEXT} bytes")
    try:
        found = yaml12.load(data)
    except yaml12.YamlError as error:
        return SweepText(text, problem=str(error))
    if not isinstance(found, dict):
        return SweepText(text, problem="found no mapping of keys to values")
    return _config(text, found)


def _config(text: str, values: Mapping[str, Any]) -> SweepText:
    metric = _mapping(values.get("metric"))
    given = _mapping(values.get("parameters"))
    method = _text(values.get("method"))
    return SweepText(
        text,
        _text(values.get("name")),
        _text(values.get("description")),
        method,
        _text(values.get("program")),
        _text(metric.get("name")),
        metric.get("goal") == "maximize",
        _number(metric.get("target")),
        tuple(_parameters(given))[:MAX_PARAMETERS],
        _stopping(_mapping(values.get("early_terminate"))),
        _whole(values.get("run_cap")),
        _size(given) if method == "grid" and "constraints" not in values else None,
        _text(metric.get("impute")) or "worst",
    )


def _parameters(given: Mapping[str, Any], above: str = "") -> Iterator[Parameter]:
    for key, value in given.items():
        about, name = _mapping(value), f"{above}{key}"
        if isinstance(about.get("parameters"), dict):
            yield from _parameters(about["parameters"], f"{name}.")
        elif (found := _parameter(name, about)) is not None:
            yield found


def _parameter(name: str, about: Mapping[str, Any]) -> Parameter | None:
    """A parameter that has more than one value; None for a constant."""
    if isinstance(values := about.get("values"), list):
        return Parameter(name, "choice", choices=tuple(values)) if len(values) > 1 else None
    kind = _text(about.get("distribution"))
    low, high = _number(about.get("min")), _number(about.get("max"))
    if "value" in about or kind == "constant" or not (kind or low is not None):
        return None
    if kind == "inv_log_uniform":
        low, high = (None if end is None else -end for end in (high, low))
    if kind in _EXPONENTS:
        low, high = _exponential(low), _exponential(high)
    whole = kind in _STEPPED and isinstance(about.get("q", 1), int)
    whole = whole or (not kind and all(isinstance(about.get(end), int) for end in ("min", "max")))
    if "log" in kind and (low is None or low > 0):
        return Parameter(name, "log", low, high, whole)
    return Parameter(name, "linear", low, high, whole)


def _exponential(value: float | None) -> float | None:
    return None if value is None or abs(value) > 700 else math.exp(value)


def _stopping(about: Mapping[str, Any]) -> Stopping | None:
    rule = _text(about.get("type"))
    if not rule:
        return None
    eta = _number(about.get("eta")) or 3.0
    growth = _MEDIAN_GROWTH if rule == "median" else eta
    first, last = _number(about.get("min_iter")) or 1.0, _number(about.get("max_iter"))
    if growth <= 1 or first < 1:
        return Stopping(rule, (), eta)
    if rule == "hyperband" and last is not None:
        found = sorted({int(band) for band in _powers(last, 1 / growth, _whole(about.get("s")) or 0) if band < last})
    else:
        most = last if last is not None and rule == "asha" else math.inf
        found = sorted({int(band) for band in _powers(first, growth, _MOST_BANDS) if band <= most})
    return Stopping(rule, tuple(found), eta)


def _powers(value: float, factor: float, steps: int) -> Iterator[float]:
    """A number, and it times the factor so many times, as long as that is a count that a trial may come to."""
    for _ in range(min(steps, _MOST_BANDS) + 1):
        if not 1 <= value < 2**40:
            return
        yield value
        value *= factor


def _size(given: Mapping[str, Any]) -> int | None:
    """How many points a grid has; None where a parameter's values are not plainly listed."""
    size = 1
    for value in given.values():
        about = _mapping(value)
        if "when" in about:
            return None
        if isinstance(about.get("parameters"), dict):
            count = _size(about["parameters"])
        elif isinstance(values := about.get("values"), list):
            count = len({repr(int(each)) if _is_whole(each) else repr(each) for each in values})
        elif "value" in about:
            count = 1
        else:
            count = _span(about)
        if count is None:
            return None
        size *= count
    return size


def _span(about: Mapping[str, Any]) -> int | None:
    low, high = about.get("min"), about.get("max")
    step = _number(about.get("q", 1))
    if about.get("distribution") == "q_uniform" and step and (ends := (_number(low), _number(high))) != (None, None):
        first, last = (end or 0.0 for end in ends)
        return max(0, math.ceil(min((last - first) / step, 1e9)))
    if isinstance(low, int) and isinstance(high, int) and about.get("distribution", "int_uniform") == "int_uniform":
        return max(0, high - low + 1)
    return None


def _is_whole(value: Any) -> bool:
    return isinstance(value, float) and value.is_integer()


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value[:2000] if isinstance(value, str) else ""


def _number(value: Any) -> float | None:
    """A finite number, None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**53 else None
