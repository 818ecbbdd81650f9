"""Parameters and constraints as a configuration has them: W&B's forms, nested, with conditions of our own."""

import math
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, Final, NoReturn

from runstore.errors import RunstoreError
from runstore.format.sections import Path, Section, meant, shown
from sweeps.errors import SweepError
from sweeps.space.checks import SpaceError, check
from sweeps.space.expression import Expression
from sweeps.space.parameter import Condition, Kind, Parameter
from sweeps.space.values import is_plain

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_RANGE, _BELL, _SHAPE = ("min", "max"), ("mu", "sigma"), ("a", "b")
DISTRIBUTIONS: Final[dict[Kind, tuple[str, ...]]] = {
    "constant": ("value",),
    "categorical": ("values",),
    "categorical_w_probabilities": ("values", "probabilities"),
    "int_uniform": _RANGE,
    "uniform": _RANGE,
    "q_uniform": (*_RANGE, "q"),
    "log_uniform": _RANGE,
    "log_uniform_values": _RANGE,
    "q_log_uniform": (*_RANGE, "q"),
    "q_log_uniform_values": (*_RANGE, "q"),
    "inv_log_uniform": _RANGE,
    "inv_log_uniform_values": _RANGE,
    "normal": _BELL,
    "q_normal": (*_BELL, "q"),
    "log_normal": _BELL,
    "q_log_normal": (*_BELL, "q"),
    "beta": _SHAPE,
    "q_beta": (*_SHAPE, "q"),
}
"""The distributions, and what each is given."""

KEYS: Final = (
    "distribution",
    "value",
    "values",
    "probabilities",
    "min",
    "max",
    "q",
    "mu",
    "sigma",
    "a",
    "b",
    "parameters",
    "when",
)
"""The keys of a parameter, `when` our own."""

_EXPONENTS: Final[dict[Kind, Kind]] = {
    "log_uniform": "log_uniform_values",
    "q_log_uniform": "q_log_uniform_values",
    "inv_log_uniform": "inv_log_uniform_values",
}
_TRUTHS_OF_11: Final = {"yes", "no", "on", "off"}
"""Words that YAML 1.1, and W&B with it, takes for true and false."""

_GREATEST_EXPONENT: Final = 700
_FORM: Final = "write {values: [1, 2]}, {min: 0, max: 1} or {value: 1}"
_Tests = tuple[tuple[str, tuple[Any, ...]], ...]


@dataclass(frozen=True)
class Read:
    """The parts of a space, and remarks to show to who wrote them."""

    parameters: tuple[Parameter, ...]
    constraints: tuple[Expression, ...]
    remarks: tuple[str, ...]


def read(root: Section, is_resolved: bool = False) -> Read:
    """The keys `parameters` and `constraints` of a configuration. Raises `SweepError`, with the place.

    In what `written` made, `is_resolved`, a name in a condition that can be a whole one is a whole one.
    """
    section = root.section("parameters", "write a parameter a line: lr: {min: 0.001, max: 0.1}")
    if not section.values:
        root.fail("parameters", "no parameter", "at least one", "add one, such as lr: {min: 0.001, max: 0.1}")
    found = list(_parameters(section, (), ()))
    whole = {parameter.name for parameter in found} if is_resolved else set()
    parameters = [_resolve(parameter, section.values, whole) for parameter in found]
    constraints = tuple(_constraints(root))
    try:
        check(parameters, constraints)
    except SpaceError as error:
        raise _placed(error, root) from None
    return Read(tuple(parameters), constraints, tuple(_remarks(parameters, section)))


def _placed(error: SpaceError, root: Section) -> RunstoreError:
    if error.constraint is not None:
        return root.source.error((*root.path, "constraints", error.constraint), str(error))
    path: Path = ("parameters", *_inside(error.path))
    groups: list[Any] = [root.values]
    for key in path:
        groups.append(groups[-1][key])
    # The condition may stand at a group around the parameter.
    for size in range(len(path), 1, -1):
        for key in groups[size].get("when", ()):
            if error.name == key or error.name.endswith(f".{key}"):
                return root.source.error((*root.path, *path[:size], "when", key), str(error))
    return root.source.error((*root.path, *path), str(error))


def _inside(path: tuple[str, ...]) -> list[str]:
    """The keys that lead from `parameters` to a parameter."""
    return [key for name in path for key in (name, "parameters")][:-1]


def _parameters(section: Section, path: tuple[str, ...], when: _Tests) -> Iterator[Parameter]:
    for name, values in section.values.items():
        if not _NAME.fullmatch(name):
            section.fail(
                name,
                f"the name {name!r}",
                "a letter or _ first, then letters, digits, _ . -",
                "rename the parameter",
            )
        inner = Section(values, section.source, (*section.path, name), _form(values))
        tests = (*when, *_tests(inner))
        if "parameters" in inner:
            inner.only(("parameters", "when"))
            nested = inner.section("parameters")
            if not nested.values:
                inner.fail("parameters", "no parameter", "at least one", "add one, or take the group out")
            yield from _parameters(nested, (*path, name), tests)
        else:
            parameter = _parameter(inner, (*path, name))
            yield replace(parameter, when=Condition(tests)) if tests else parameter


def _form(value: Any) -> str:
    if isinstance(value, list):
        return "write {values: [...]} around the list"
    return _FORM if value is None else f"write {{value: {value}}} for a constant"


def _tests(section: Section) -> _Tests:
    if "when" not in section:
        return ()
    tests = section.section("when", "write the value that another parameter has: when: {optimizer: sgd}")
    if not tests.values:
        section.fail("when", "no condition", "a parameter and its value", "write when: {optimizer: sgd}")
    return tuple((name, tuple(v) if isinstance(v, list) else (v,)) for name, v in tests.values.items())


def _resolve(parameter: Parameter, top: Mapping[str, Any], whole: Collection[str]) -> Parameter:
    """The names in the condition as whole paths: that of the nearest group that has such a parameter.

    Those in `whole` stay as they are.
    """
    if parameter.when is None:
        return parameter
    group = parameter.path[:-1]
    tests = [(name if name in whole else _whole(name, group, top), values) for name, values in parameter.when.tests]
    return replace(parameter, when=Condition(tuple(tests)))


def _whole(name: str, group: tuple[str, ...], top: Mapping[str, Any]) -> str:
    for size in range(len(group), 0, -1):
        inside: Any = top
        for key in group[:size]:
            inside = inside[key]["parameters"]
        if _has(inside, name):
            return ".".join((*group[:size], name))
    return name


def _has(group: Mapping[str, Any], name: str) -> bool:
    """Whether a group has a parameter of this name, or with dots in one of its own groups."""
    return name in group or any(
        name.startswith(f"{key}.") and "parameters" in inner and _has(inner["parameters"], name[len(key) + 1 :])
        for key, inner in group.items()
    )


def _parameter(section: Section, path: tuple[str, ...]) -> Parameter:
    nested = f"to nest parameters write {section.path[-1]}: {{parameters: {{...}}}}"
    section.only(KEYS, {key: nested for key in section.values if key not in KEYS and not meant(key, KEYS)})
    kind = _kind(section)
    section.only(("distribution", *DISTRIBUTIONS[kind], "when"), _others(section, kind))
    parameter = Parameter(path, kind)
    match DISTRIBUTIONS[kind][0]:
        case "value":
            _check_plain(section, "value", section.required("value", "the constant"))
            return replace(parameter, value=section.get("value"))
        case "values":
            values = tuple(section.items("values", "write the values in brackets: values: [1, 2]"))
            for index, each in enumerate(values):
                _check_plain(Section({}, section.source, (*section.path, "values")), index, each)
            return replace(parameter, values=values, probabilities=_probabilities(section, kind, len(values)))
        case "min":
            parameter = _with_range(section, parameter)
        case "mu":
            sigma = section.number("sigma", 1.0)
            if sigma < 0:
                section.fail("sigma", shown(sigma), "at least 0", "it is a standard deviation")
            parameter = replace(parameter, mu=section.number("mu", 0.0), sigma=sigma)
        case "a":
            a, b = section.number("a", 1.0, above=0), section.number("b", 1.0, above=0)
            parameter = replace(parameter, a=a, b=b)
    return replace(parameter, q=section.number("q", 1.0, above=0)) if "q" in DISTRIBUTIONS[kind] else parameter


def _check_plain(section: Section, key: str | int, value: Any) -> None:
    if not is_plain(value):
        expected = "a text, a number, true, false, null, a list or a mapping"
        section.fail(key, f"{type(value).__name__} {shown(value)}", expected, "write one of these")


def _kind(section: Section) -> Kind:
    if "distribution" in section:
        _check_log_word(section)
        kind: Kind = section.choice("distribution", DISTRIBUTIONS)  # type: ignore[assignment]
        return kind
    if "value" in section:
        return "constant"
    if "values" in section:
        return "categorical_w_probabilities" if "probabilities" in section else "categorical"
    if "min" in section and "max" in section:
        ends = (section.get("min"), section.get("max"))
        return "int_uniform" if all(isinstance(end, int) for end in ends) else "uniform"
    _no_kind(section)


def _check_log_word(section: Section) -> None:
    """Raises for a word that is nearly one of W&B's old logarithmic ones: what these mean is seldom what is wanted."""
    word = section.get("distribution")
    near = (
        get_close_matches(word, list(DISTRIBUTIONS), 1, 0.6)
        if isinstance(word, str) and word not in DISTRIBUTIONS
        else []
    )
    if near and near[0] in _EXPONENTS:
        values = _EXPONENTS[near[0]]
        mend = f"did you mean {values!r}, with min and max as values, or {near[0]!r}, with exponents of e?"
        raise section.source.error((*section.path, "distribution"), f"found {word!r}, expected a distribution; {mend}")


def _no_kind(section: Section) -> NoReturn:
    given = f"only {' and '.join(section.values)}" if section.values else "nothing"
    for key, other in (("min", "max"), ("max", "min"), ("probabilities", "values")):
        if key in section:
            section.fail(None, given, f"{key} and {other}", f"add {other}")
    for key, word in (("mu", "normal"), ("sigma", "normal"), ("a", "beta"), ("b", "beta")):
        if key in section:
            section.fail(None, given, "a distribution", f"add distribution: {word}")
    section.fail(None, given, "value, values, or min and max", _FORM)


def _others(section: Section, kind: Kind) -> dict[str, str]:
    """What to do about keys that another distribution has."""
    given = {key for key in section.values if key not in ("distribution", "when")}
    exact = [other for other, keys in DISTRIBUTIONS.items() if set(keys) == given]
    fitting = [
        other for other in exact or DISTRIBUTIONS if given <= set(DISTRIBUTIONS[other]) and other not in _EXPONENTS
    ]
    mend = f"for these keys write distribution: {' or '.join(fitting)}" if fitting else "take one of them out"
    found = {key: mend for key in given if key in KEYS}
    if "parameters" in given:
        found["parameters"] = "a parameter has values or parameters, not both"
    return found


def _probabilities(section: Section, kind: Kind, count: int) -> tuple[float, ...]:
    if kind == "categorical":
        return ()
    given = section.items("probabilities", "write one for each value")
    for index, each in enumerate(given):
        if not isinstance(each, int | float) or isinstance(each, bool) or not 0 <= each < math.inf:
            inner = Section({}, section.source, (*section.path, "probabilities"))
            inner.fail(index, shown(each), "a number from 0 to 1", "write one for each value")
    if len(given) != count:
        section.fail("probabilities", f"{len(given)} of them", f"{count}, one for each value", "add or remove some")
    total = math.fsum(given)
    if not math.isclose(total, 1, rel_tol=1e-5, abs_tol=1e-8):
        section.fail("probabilities", f"a sum of {total:g}", "a sum of 1", "change them")
    return tuple(map(float, given))


def _with_range(section: Section, parameter: Parameter) -> Parameter:
    ends = []
    for key in _RANGE:
        section.required(key, "a number")
        value = section.number(key, 0.0)
        if parameter.kind == "int_uniform" and (not isinstance(value, int) or abs(value) > 2**53):
            section.fail(key, shown(value), "a whole number up to 2**53", "write one, or distribution: uniform")
        if parameter.kind.endswith("_values") and value <= 0:
            section.fail(key, shown(value), "more than 0", "a logarithmic scale has no other numbers")
        if parameter.kind in _EXPONENTS and abs(value) > _GREATEST_EXPONENT:
            other = _EXPONENTS[parameter.kind]
            section.fail(key, shown(value), "an exponent of e", f"for values write distribution: {other}")
        ends.append(value)
    low, high = ends
    if low >= high:
        section.fail("min", f"{low} with max {high}", "min less than max", "swap the two, or write {value: ...}")
    return replace(parameter, low=low, high=high)


def _constraints(root: Section) -> Iterator[Expression]:
    for index, text in enumerate(root.texts("constraints", "write a list: constraints: ['a * b <= 100']")):
        try:
            yield Expression(text)
        except SweepError as error:
            raise root.source.error((*root.path, "constraints", index), str(error)) from None


def _remarks(parameters: list[Parameter], section: Section) -> Iterator[str]:
    for parameter in parameters:
        if parameter.kind in _EXPONENTS:
            yield str(section.source.error((*section.path, *_inside(parameter.path)), _on_exponents(parameter)))
        words = [value.lower() if isinstance(value, str) else "" for value in parameter.values]
        if words and set(words) <= _TRUTHS_OF_11:
            text = f"found {' and '.join(map(repr, parameter.values))}, which are texts here, and truth values to W&B"
            yield str(section.source.error((*section.path, *_inside(parameter.path)), f"{text}; write true or false"))


def _on_exponents(parameter: Parameter) -> str:
    low, high = parameter.bounds or (0.0, 0.0)
    drawn = f"its min and max are exponents of e, so values are drawn from {low:.4g} to {high:.4g}"
    form = f"distribution: {_EXPONENTS[parameter.kind]}, min: "
    if _look_like_values(parameter):
        mend = f"{parameter.low} and {parameter.high} look like values: did you mean {form}{parameter.low}, "
        mend += f"max: {parameter.high}?"
    else:
        mend = f"write {form}{low:.4g}, max: {high:.4g}"
    return f"{parameter.kind} is deprecated: {drawn}; {mend}"


def _look_like_values(parameter: Parameter) -> bool:
    """Whether the ends are positive and at least a factor of ten apart, as no one gives exponents."""
    low, high = parameter.low or 0, parameter.high or 0
    return low > 0 and high / low >= 10


def written(parameters: tuple[Parameter, ...]) -> dict[str, Any]:
    """The parameters as a configuration has them, with each distribution by name and every default written out."""
    nested: dict[str, Any] = {}
    for parameter in parameters:
        inside = nested
        for key in parameter.path[:-1]:
            inside = inside.setdefault(key, {"parameters": {}})["parameters"]
        inside[parameter.path[-1]] = _written(parameter)
    return nested


def _written(parameter: Parameter) -> dict[str, Any]:
    every = {
        "value": parameter.value,
        "values": list(parameter.values),
        "probabilities": list(parameter.probabilities),
        "min": parameter.low,
        "max": parameter.high,
        "q": parameter.q,
        "mu": parameter.mu,
        "sigma": parameter.sigma,
        "a": parameter.a,
        "b": parameter.b,
    }
    found: dict[str, Any] = {
        "distribution": parameter.kind,
        **{key: every[key] for key in DISTRIBUTIONS[parameter.kind]},
    }
    if parameter.when is not None:
        found["when"] = {name: list(values) for name, values in parameter.when.tests}
    return found
