"""YAML as the store uses it: the 1.2 core schema, safe, in the order it was written.

Simple mappings are read and written as text; the library for all others is loaded when one is met.
"""

from typing import Any

from runstore.format import yaml_text
from runstore.format.yaml_text import YamlError as YamlError


def load(text: str | bytes) -> Any:
    """The value that `text` holds, keys as the text they were written as; None for an empty document.

    Raises `YamlError` with the line for broken YAML, a key that stands twice, an unknown tag, bytes that are
    not UTF-8, nesting deeper than 100 levels, or aliases that unfold to more than a million values.
    """
    try:
        simple = yaml_text.load(text.decode() if isinstance(text, bytes) else text)
    except UnicodeDecodeError:
        simple = None
    if simple is not None:
        return simple
    from runstore.format import yaml_core

    return yaml_core.load(text)


def dump(value: Any) -> str:
    """`value` (dict, list, tuple, str, int, float, bool, None, nested) as YAML text, keys in their order.

    Raises `TypeError` for anything else.
    """
    simple = yaml_text.dump(value)
    if simple is not None:
        return simple
    from runstore.format import yaml_core

    return yaml_core.dump(value)


def lines(text: str | bytes) -> dict[tuple[str | int, ...], int]:
    """The line, from 1, of each key and each item of a list in `text`, by the path that leads there.

    What an alias repeats, or a merge (`<<`) brings, has the line where it is written out. Broken YAML has none.
    """
    from runstore.format import yaml_core

    return yaml_core.lines(text)
