"""Constraints on parameters, such as `batch_size * layers <= 512`: a small language, read with Python's grammar.

There are numbers, texts, lists, names (with dots), arithmetic, comparison, `in`, `and`, `or`, `not`, and a few
functions. Nothing is ever executed: the tree is checked, then walked.
"""

import ast
import math
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sweeps.errors import SweepError

_LONGEST: Final = 1000
_DEEPEST: Final = 50
_FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    "abs": abs,
    "ceil": math.ceil,
    "exp": math.exp,
    "floor": math.floor,
    "log": math.log,
    "log10": math.log10,
    "log2": math.log2,
    "max": max,
    "min": min,
    "round": round,
    "sqrt": math.sqrt,
}
PARAM: Final = "param"
"""`param("learning-rate")` names a parameter that is no word of Python."""

_ARITHMETIC: Final[dict[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_COMPARISONS: Final[dict[type[ast.cmpop], Callable[[Any, Any], bool]]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda value, values: value in values,
    ast.NotIn: lambda value, values: value not in values,
}


@dataclass(frozen=True)
class Expression:
    """A constraint: its text, and the names of parameters in it. Raises `SweepError` for a text that is none."""

    text: str
    names: tuple[str, ...] = field(init=False, compare=False)
    _tree: ast.expr = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        tree = _parse(self.text)
        object.__setattr__(self, "_tree", tree)
        object.__setattr__(self, "names", tuple(dict.fromkeys(_check(tree, self.text, 0))))

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Whether the constraint holds for `values`, by name.

        It holds where a name is missing (a parameter that is not active there), and does not where it has no value
        (a division by zero, the logarithm of 0). Raises `SweepError` where types do not go together.
        """
        if any(name not in values for name in self.names):
            return True
        try:
            return bool(_value(self._tree, values))
        except (ArithmeticError, ValueError):
            return False
        except TypeError as error:
            raise SweepError(
                f"the constraint {self.text!r} cannot be told for {_shown(self.names, values)}: {error}; "
                "compare numbers with numbers, and texts with texts"
            ) from None


def _shown(names: tuple[str, ...], values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={values[name]!r}" for name in names)


def _parse(text: str) -> ast.expr:
    if len(text) > _LONGEST:
        raise SweepError(f"found a constraint of {len(text)} characters, expected at most {_LONGEST}; split it in two")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else "it cannot be read"
        raise SweepError(f"found {text!r}, expected an expression such as 'a * b <= 100'; {reason}") from None
    is_truth = isinstance(tree, ast.Compare | ast.BoolOp) or (
        isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not)
    )
    if not is_truth:
        raise SweepError(f"found {text!r}, expected a comparison, which holds or not, such as 'a * b <= 100'")
    return tree


def _check(node: ast.AST, text: str, depth: int) -> Iterator[str]:
    """The names in a tree. Raises `SweepError` for anything that the language does not have."""
    name = _name(node)
    if name is not None:
        yield name
        return
    if depth > _DEEPEST:
        raise SweepError(f"found {text!r}, expected at most {_DEEPEST} levels of nesting; split it in two")
    if isinstance(node, ast.Call):
        _check_call(node, text)
    elif not _is_allowed(node):
        raise SweepError(
            f"found {ast.unparse(node)!r} in {text!r}, expected numbers, texts, lists, parameters, + - * / // % **, "
            f"comparisons, in, and, or, not, and the functions {' '.join(_FUNCTIONS)}"
        )
    inner: list[ast.AST] = node.args if isinstance(node, ast.Call) else list(ast.iter_child_nodes(node))  # type: ignore[assignment]
    for child in inner:
        if isinstance(child, ast.expr):
            yield from _check(child, text, depth + 1)


def _check_call(node: ast.Call, text: str) -> None:
    called = node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func)
    if called not in _FUNCTIONS:
        raise SweepError(f"found the function {called!r} in {text!r}, expected one of {' '.join(_FUNCTIONS)}")
    if node.keywords or any(isinstance(each, ast.Starred) for each in node.args) or not node.args:
        raise SweepError(f"found {ast.unparse(node)!r} in {text!r}, expected plain arguments, as in {called}(a)")


def _is_allowed(node: ast.AST) -> bool:
    match node:
        case ast.Constant(value=value):
            return value is None or isinstance(value, bool | int | float | str)
        case ast.BinOp(op=op):
            return isinstance(op, ast.Pow) or type(op) in _ARITHMETIC
        case ast.UnaryOp(op=op):
            return isinstance(op, ast.Not | ast.USub | ast.UAdd)
        case ast.Compare(ops=ops):
            return all(type(op) in _COMPARISONS for op in ops)
    return isinstance(node, ast.BoolOp | ast.List | ast.Tuple)


def _name(node: ast.AST) -> str | None:
    """The name of the parameter that a node stands for: `lr`, `optimizer.lr`, `param("learning-rate")`."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attr):
            outer = _name(value)
            return None if outer is None else f"{outer}.{attr}"
        case ast.Call(func=ast.Name(id="param"), args=[ast.Constant(value=str(name))], keywords=[]):
            return name
    return None


def _value(node: ast.expr, values: Mapping[str, Any]) -> Any:
    name = _name(node)
    if name is not None:
        return values[name]
    match node:
        case ast.Constant(value=value):
            return value
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_value(item, values) for item in items]
        case ast.BoolOp(op=ast.And(), values=parts):
            return all(_value(part, values) for part in parts)
        case ast.BoolOp(values=parts):
            return any(_value(part, values) for part in parts)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not _value(operand, values)
        case ast.UnaryOp(op=op, operand=operand):
            number = _number(_value(operand, values))
            return -number if isinstance(op, ast.USub) else number
        case ast.BinOp(left=left, op=op, right=right):
            return _calculate(op, _number(_value(left, values)), _number(_value(right, values)))
        case ast.Call(func=ast.Name(id=called), args=args):
            return _FUNCTIONS[called](*(_value(each, values) for each in args))
        case ast.Compare():
            return _compare(node, values)
    raise TypeError(f"{ast.unparse(node)} has no value")


def _calculate(op: ast.operator, left: float, right: float) -> float:
    if isinstance(op, ast.Pow):
        # As floats: whole numbers would grow without bound.
        power: Any = float(left) ** float(right)
        if isinstance(power, complex):
            raise ValueError("a root of a negative number")
        return float(power)
    result: float = _ARITHMETIC[type(op)](left, right)
    return result


def _number(value: Any) -> float:
    # Texts and lists could be multiplied into any size.
    if not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    return value


def _compare(node: ast.Compare, values: Mapping[str, Any]) -> bool:
    left = _value(node.left, values)
    for op, other in zip(node.ops, node.comparators, strict=True):
        right = _value(other, values)
        if not _COMPARISONS[type(op)](left, right):
            return False
        left = right
    return True
