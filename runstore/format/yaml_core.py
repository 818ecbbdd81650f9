"""PyYAML made to read and write YAML 1.2's core schema. `yaml12` loads it when plain text will not do: it takes longer
to be imported than `init` may.

PyYAML follows YAML 1.1, which reads `1e-4` as text and `no` as False. Here scalars follow the core schema of
YAML 1.2.2 (section 10.3): a learning rate written by hand is a number, and a country code stays a word.
"""

import re
from typing import Any, ClassVar

import yaml

from runstore.format import yaml_text
from runstore.format.yaml_text import MAX_DEPTH, YamlError

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

_NULL = re.compile(r"^(?:~|null|Null|NULL|)$")
_BOOL = re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$")
_INT = re.compile(r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$")
_FLOAT = re.compile(
    r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
)
_MERGE = "tag:yaml.org,2002:merge"
_CORE_SCALARS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float"))
_MAX_VALUES = 1_000_000


class _CoreLoader(_Loader):  # type: ignore[misc]
    """PyYAML's safe loader with the scalars of YAML 1.2, keys that stay the text they were written as, none twice."""

    yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, re.Pattern[str]]]]] = {}
    # Of PyYAML's tags only those of the core schema: no timestamps, sets or binaries.
    yaml_constructors: ClassVar[dict[Any, Any]] = {
        tag: build
        for tag, build in _Loader.yaml_constructors.items()
        if tag is None or tag.rsplit(":", 1)[-1] in ("null", "bool", "str", "seq", "map")
    }

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self._depth = 0

    def descend_resolver(self, parent: Any, index: Any) -> None:
        # Called for each node before it is composed. libyaml's composer recurses in C: depth would end the process.
        self._depth += 1
        if self._depth > MAX_DEPTH:
            mark = getattr(parent, "start_mark", None)
            raise yaml.composer.ComposerError(None, None, f"nesting deeper than {MAX_DEPTH} levels", mark)

    def ascend_resolver(self) -> None:
        self._depth -= 1

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        if isinstance(node, yaml.MappingNode):
            self._refuse_twins(node)
            self.flatten_mapping(node)
            node.value = [(_text_key(key), value) for key, value in node.value]
        mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return mapping

    def _refuse_twins(self, node: Any) -> None:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE:
                if key.value in seen:
                    twin = f"the key {key.value!r} stands twice"
                    raise yaml.constructor.ConstructorError(None, None, twin, key.start_mark)
                seen.add(key.value)


def _text_key(key: Any) -> Any:
    """The key as text: `1` and `true` would be one key to Python, and no key at all to JSON."""
    if key.tag not in _CORE_SCALARS:
        return key
    return yaml.ScalarNode("tag:yaml.org,2002:str", key.value, key.start_mark, key.end_mark)


def _construct_int(loader: Any, node: Any) -> int:
    text = str(loader.construct_scalar(node))
    return int(text, 0) if text[:2] in ("0o", "0x") else int(text)


def _construct_float(loader: Any, node: Any) -> float:
    return float(str(loader.construct_scalar(node)).lower().replace(".inf", "inf").replace(".nan", "nan"))


_CoreLoader.add_implicit_resolver("tag:yaml.org,2002:null", _NULL, ["~", "n", "N", ""])
_CoreLoader.add_implicit_resolver("tag:yaml.org,2002:bool", _BOOL, list("tTfF"))
_CoreLoader.add_implicit_resolver("tag:yaml.org,2002:int", _INT, list("-+0123456789"))
_CoreLoader.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+.0123456789"))
_CoreLoader.add_implicit_resolver(_MERGE, re.compile(r"^<<$"), ["<"])
_CoreLoader.add_constructor("tag:yaml.org,2002:int", _construct_int)
_CoreLoader.add_constructor("tag:yaml.org,2002:float", _construct_float)
_CoreLoader.add_constructor(_MERGE, lambda loader, node: str(loader.construct_scalar(node)))


class _CoreDumper(_Dumper):  # type: ignore[misc]
    """PyYAML's safe dumper: every text that could be taken for something else stands in quotes."""

    # No sets, times or binaries: `load` knows only the core schema.
    yaml_representers: ClassVar[dict[Any, Any]] = {
        kind: represent
        for kind, represent in _Dumper.yaml_representers.items()
        if kind in (None, type(None), str, bool, int, float, list, tuple, dict)
    }

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_str(dumper: Any, text: str) -> Any:
    if "\n" in text and all(line == line.rstrip() and line.isprintable() for line in text.split("\n")):
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|")
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if yaml_text.is_word(text) else '"')


def _represent_float(dumper: Any, number: float) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:float", yaml_text.of_float(number))


_CoreDumper.add_representer(str, _represent_str)
_CoreDumper.add_representer(float, _represent_float)


def load(text: str | bytes) -> Any:
    """As `yaml12.load`."""
    try:
        source = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        value = yaml.load(source, Loader=_CoreLoader)  # noqa: S506 - a safe loader with fewer tags
        _check_size(value)
        return value
    except UnicodeDecodeError as error:
        raise YamlError(text[: error.start].count(b"\n") + 1, "bytes that are not UTF-8") from None  # type: ignore[arg-type]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        # Where text ends too early, the mark may stand behind its last line.
        lines = source.splitlines()
        line = min(mark.line + 1, max(1, len(lines))) if mark else 0
        if 0 < line <= len(lines) and _is_indented_by_tab(lines[line - 1]):
            raise YamlError(
                line, "a tab at the beginning of the line; indent with spaces, YAML allows no tabs"
            ) from None
        raise YamlError(line, error.problem or "broken YAML") from None
    except yaml.YAMLError as error:
        raise YamlError(0, str(error)) from None
    except RecursionError:
        raise YamlError(0, f"nesting deeper than {MAX_DEPTH} levels") from None
    except (ValueError, OverflowError) as error:
        raise YamlError(0, str(error)) from None


def _is_indented_by_tab(line: str) -> bool:
    return "\t" in line[: len(line) - len(line.lstrip())]


def _check_size(value: Any) -> None:
    """Refuses what would not unfold: anchors that hold themselves, or each other many times over."""
    level, count = [value], 0
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        count += len(level)
        if not level:
            return
        if count > _MAX_VALUES:
            raise YamlError(0, f"more than {_MAX_VALUES:,} values once aliases are unfolded")
    raise YamlError(0, f"nesting deeper than {MAX_DEPTH} levels")


def dump(value: Any) -> str:
    """As `yaml12.dump`."""
    try:
        return str(
            yaml.dump(
                value,
                Dumper=_CoreDumper,
                sort_keys=False,
                allow_unicode=True,
                default_flow_style=False,
                width=2**31 - 1,
            )
        )
    except yaml.YAMLError as error:
        raise TypeError(str(error)) from None


def lines(text: str | bytes) -> dict[tuple[str | int, ...], int]:
    """As `yaml12.lines`."""
    found: dict[tuple[str | int, ...], int] = {}
    try:
        root = yaml.compose(text.decode("utf-8-sig") if isinstance(text, bytes) else text, Loader=_CoreLoader)
        _note_lines(root, (), found)
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    return found


def _note_lines(node: Any, path: tuple[str | int, ...], found: dict[tuple[str | int, ...], int]) -> None:
    if len(found) > _MAX_VALUES or len(path) > MAX_DEPTH:
        raise ValueError("too many values")
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            found[(*path, index)] = item.start_mark.line + 1
            _note_lines(item, (*path, index), found)
    elif isinstance(node, yaml.MappingNode):
        # Merges first: what the mapping says itself stands over them.
        for key, value in sorted(node.value, key=lambda pair: pair[0].tag != _MERGE):
            if key.tag == _MERGE:
                for merged in reversed(value.value) if isinstance(value, yaml.SequenceNode) else [value]:
                    _note_lines(merged, path, found)
            elif isinstance(key, yaml.ScalarNode):
                found[(*path, key.value)] = key.start_mark.line + 1
                _note_lines(value, (*path, key.value), found)
