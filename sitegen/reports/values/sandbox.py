"""Inline expressions, `{{ runs.best('val_acc').summary.val_acc | round(3) }}`: Jinja's expressions in its sandbox.

Strangers write them. So the tree of an expression may consist of the nodes below alone, whatever stands behind a point
or in square brackets is asked of the objects in `seen` and never of Python, only functions of these can be called, and
every operator refuses what would make a value grow. No loops, no statements, no globals, no clock.
"""

import operator
import re
from collections.abc import Callable, Mapping
from types import MethodType
from typing import Any, Final

from jinja2 import StrictUndefined, TemplateError, Undefined, UndefinedError, nodes
from jinja2.environment import TemplateExpression
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from runstore.format.sections import meant
from sitegen.reports.mistakes import FollowsError, ReportError
from sitegen.reports.values.filters import FILTERS, joined, shown, there
from sitegen.reports.values.seen import NotThereError, Seen, described, numbers_of

MOST_CHARACTERS: Final = 2_000
_MOST_NODES: Final = 200
_DEEPEST: Final = 40
_LARGEST: Final = 1e300
_NONE: Final[Mapping[str, ReportError]] = {}
_JOINED: Final = "~"
"""The name of the filter that `~` becomes; none that an expression can write."""
_NODES: Final = (
    *(nodes.Const, nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Call, nodes.Keyword, nodes.Filter, nodes.CondExpr),
    *(nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Pow, nodes.Neg, nodes.Pos),
    *(nodes.Concat, nodes.And, nodes.Or, nodes.Not, nodes.Compare, nodes.Operand),
)
_CLASS: Final = re.compile(r"\bSeen(\w+\.)?")
"""Our own names in what Python says of a call with wrong arguments."""
_TEXT: Final = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)
_GOES_ON: Final = frozenset("+-*/%~|.,<>=!")
_CLOSING: Final = {"(": ")", "[": "]", "{": "}"}
_REFUSED: Final = {
    nodes.List: "a list in brackets",
    nodes.Tuple: "several values with commas between them",
    nodes.Dict: "a dictionary",
    nodes.Slice: "a part of a list",
    nodes.Test: "a test with 'is'; write | default('…') for what may be missing",
}
_OPERATORS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
}


def evaluate(expression: str, names: Mapping[str, object], unusable: Mapping[str, ReportError] = _NONE) -> str:
    """What an expression comes to, as plain text that is not escaped. `names` is all it can name; for a name that is
    `unusable` the error is given.

    Raises `ReportError` for whatever is wrong with it.
    """
    text = expression.strip()
    if not text:
        raise ReportError("found nothing between {{ and }}; write an expression there, such as runs.count()")
    if len(text) > MOST_CHARACTERS:
        raise ReportError(f"the expression has {len(text):,} characters, at most {MOST_CHARACTERS:,} are allowed")
    try:
        found = _compiled(_checked(_parsed(text), names, unusable))(**names)
        return shown(there(found))
    except FollowsError:
        raise
    except ReportError as error:
        raise ReportError(f"{error} (in {_quoted(text)})") from None
    except UndefinedError as error:
        raise ReportError(f"{error.message} (in {_quoted(text)})") from None
    except TemplateError as error:
        raise ReportError(f"cannot read {_quoted(text)}: {_misread(text, error.message or '')}") from None
    except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
        raise ReportError(f"cannot work out {_quoted(text)}: {_reason(error)}") from None
    except (RecursionError, SyntaxError, MemoryError):
        raise ReportError(f"cannot read {_quoted(text)}: it is nested too deeply; write it flatter") from None


def _misread(text: str, said: str) -> str:
    """Why the parser cannot read an expression, of which it says only what it found last."""
    left = _TEXT.sub("", text)
    if quote := next((sign for sign in left if sign in "'\""), ""):
        return f"a text in it is not closed; write {quote} at its end too"
    if wrong := _unmatched(left):
        return wrong
    if "end of template" in said or not said or left.rstrip()[-1:] in _GOES_ON:
        return "it ends too early; write what belongs behind its last sign"
    found = re.search(r"unexpected (?:char )?(['\"])(.{1,40}?)\1|got (['\"])(.{1,40}?)\3", said)
    return f"found {found[2] or found[4]!r} where it cannot stand" if found else said.rstrip(".")


def _unmatched(text: str) -> str:
    """What is wrong with the brackets of an expression without its texts; "" where all are closed."""
    open_ = ""
    for sign in text:
        if sign in _CLOSING:
            open_ += sign
        elif sign in _CLOSING.values():
            if not open_ or _CLOSING[open_[-1]] != sign:
                return f"found {sign} where no such bracket is open; take it out" if not open_ else _unclosed(open_)
            open_ = open_[:-1]
    return _unclosed(open_) if open_ else ""


def _unclosed(open_: str) -> str:
    return f"the bracket {open_[-1]} is not closed; write {_CLOSING[open_[-1]]} at its end"


def _quoted(text: str) -> str:
    return f"{{{{ {text} }}}}" if len(text) <= 100 else f"{{{{ {text[:100]}… }}}}"


def _reason(error: Exception) -> str:
    if isinstance(error, ZeroDivisionError):
        return "it divides by zero"
    if isinstance(error, OverflowError):
        return "it comes to a number that is too large"
    return _CLASS.sub("", str(error))[:200] or "its values do not go together"


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, closed further: what is not allowed by name is not there."""

    intercepted_binops = frozenset(_OPERATORS)

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self._asked(obj, lambda: obj.member(attribute), attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, tuple) and isinstance(argument, int):
            inside = -len(obj) <= argument < len(obj)
            return obj[argument] if inside else self.undefined(f"the list has no [{argument}]")
        return self._asked(obj, lambda: obj.item(argument), argument)

    def _asked(self, obj: Any, ask: Callable[[], object], name: object) -> Any:
        if isinstance(obj, Undefined):
            return obj
        if not isinstance(obj, Seen):
            return self.undefined(f"{described(obj)} has no {name if isinstance(name, str) else described(name)!r:.60}")
        try:
            return ask()
        except NotThereError as error:
            return self.undefined(str(error))

    def is_safe_callable(self, obj: Any) -> bool:
        return isinstance(obj, Function) or (isinstance(obj, MethodType) and isinstance(obj.__self__, Seen))

    def call(self, context: Any, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        if not self.is_safe_callable(there(obj)):
            raise ReportError(f"{described(obj)} cannot be called; take the round brackets off")
        for value in (*args, *kwargs.values()):
            there(value)
        return obj(*args, **kwargs)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Arithmetic with numbers alone: texts are joined by ~, and repeated by nothing."""
        numbers = [_operand(value, operator) for value in (left, right)]
        if operator == "**" and abs(numbers[0]) > 1:
            # Of whole numbers a power is exact, and may be longer than memory.
            numbers = [float(value) for value in numbers]
        found = _OPERATORS[operator](*numbers)
        if isinstance(found, complex) or (isinstance(found, int) and abs(found) > _LARGEST):
            raise ReportError(f"{operator} comes to what is no number, or too large")
        return found


class Function:
    """A function that expressions can call by its name."""

    def __init__(self, run: Callable[..., object]) -> None:
        self._run = run

    def __call__(self, *args: object, **kwargs: object) -> object:
        return self._run(*args, **kwargs)


def _environment() -> _Sandbox:
    # Not optimized: that would work constants out before anything is checked.
    found = _Sandbox(undefined=StrictUndefined, optimized=False, cache_size=0)
    found.globals.clear()
    found.tests = {}
    found.filters = {**FILTERS, _JOINED: joined}
    return found


_ENVIRONMENT: Final = _environment()


def _parsed(text: str) -> nodes.Expr:
    parser = Parser(_ENVIRONMENT, text, state="variable")
    found = parser.parse_expression()
    if not parser.stream.eos:
        raise ReportError(f"found {str(parser.stream.current.value)[:40]!r}, expected the end of the expression")
    return found


def _checked(tree: nodes.Expr, names: Mapping[str, object], unusable: Mapping[str, ReportError]) -> nodes.Expr:
    """The tree itself. Raises `ReportError` for what no expression may hold."""
    level: list[nodes.Node] = [tree]
    count = depth = 0
    while level:
        count, depth = count + len(level), depth + 1
        if count > _MOST_NODES or depth > _DEEPEST:
            raise ReportError(
                f"the expression has more than {_MOST_NODES} parts or {_DEEPEST} levels; write it shorter"
            )
        for node in level:
            if isinstance(node, nodes.Name) and node.name in unusable:
                raise unusable[node.name].with_traceback(None)
            _check(node, names)
        level = [child for node in level for child in node.iter_child_nodes()]
    return tree


def _check(node: nodes.Node, names: Mapping[str, object]) -> None:
    if type(node) not in _NODES:
        kind = next((words for refused, words in _REFUSED.items() if isinstance(node, refused)), type(node).__name__)
        raise ReportError(f"found {kind}, which expressions cannot hold")
    match node:
        case nodes.Const():
            _check_constant(node.value)
        case nodes.Name() if node.name not in names:
            raise ReportError(f"found no {node.name[:60]!r}; {_hint(node.name, names)}")
        case nodes.Filter() if node.name not in FILTERS or node.dyn_args or node.dyn_kwargs:
            raise ReportError(f"found no filter {node.name[:60]!r}; {_hint(node.name, FILTERS)}")
        case nodes.CondExpr() if node.expr2 is None:
            raise ReportError("found 'if' without 'else'; write what stands there otherwise")
        case nodes.Call() if node.dyn_args or node.dyn_kwargs:
            raise ReportError("found a star before an argument, which expressions cannot hold")


def _check_constant(value: object) -> None:
    if isinstance(value, int | float) and not abs(value) <= _LARGEST:
        raise ReportError("found a number that is too large")


def _hint(name: str, known: Mapping[str, object]) -> str:
    return meant(name[:60], known) or f"there are {', '.join(known)}"


class _Joining(NodeTransformer):
    """Makes `~` a filter, so that what it joins is counted and written as everywhere."""

    def visit_Concat(self, node: nodes.Concat) -> nodes.Filter:  # noqa: N802 (Jinja's name)
        self.generic_visit(node)
        return nodes.Filter(node.nodes[0], _JOINED, node.nodes[1:], [], None, None, lineno=node.lineno)


def _compiled(tree: nodes.Expr) -> TemplateExpression:
    """The expression, ready to be called with what it can name."""
    result = nodes.Assign(nodes.Name("result", "store", lineno=1), _Joining().visit(tree), lineno=1)
    whole = nodes.Template([result], lineno=1)
    whole.set_environment(_ENVIRONMENT)
    return TemplateExpression(_ENVIRONMENT.from_string(whole), undefined_to_none=False)


def _operand(value: Any, sign: str) -> float:
    there(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ReportError(f"found {described(value)} beside {sign}, expected a number" + _instead(value, sign))
    if isinstance(value, int) and abs(value) > _LARGEST:
        raise ReportError("found a whole number that is too large to work with")
    return value


def _instead(value: object, sign: str) -> str:
    return "; texts are joined by ~" if isinstance(value, str) and sign == "+" else numbers_of(value)
