"""The columns of a project's runs in tiers: what the first view shows is in the table, the rest in files beside it.

A table of five thousand keys and a thousand runs is tens of megabytes; a person looks at twenty of them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from runstore.format.values import NOT_FINITE
from sitegen.data.shards import named_shard

MOST_FIRST: Final = 250_000
"""Bytes of the columns that come with the table besides those that the first view shows."""
MOST_IN_FILE: Final = 256_000
_SHOWN: Final = frozenset({"state", "group", "job_type", "tags", "created", "runtime", "sweep"})
# As many results and parameters as the table shows before somebody chooses (columns.js).
_USUAL: Final = 8

Column = dict[str, Any]


@dataclass(slots=True)
class _Packed:
    """A column: what the catalogue says of it, its values as they travel, and their size in bytes."""

    entry: Column
    values: Column
    size: int

    @property
    def is_constant(self) -> bool:
        return "value" in self.values


def tiered(columns: Sequence[Column]) -> tuple[list[Column], list[str], list[tuple[str, bytes]]]:
    """A catalogue of the columns, the names of the files with values that are not in it, and these files.

    Each of `columns` has a key, label, section, type and the values of all runs. In the catalogue it has how many runs
    have a value (`filled`, left out for all) and how many values there are (`distinct`, left out for one), and its
    values: all `values`, or each one of its `words` once with a code a run, or the one `value` of all runs, or in the
    file that `part` numbers. A label and a section that the key tells are left out.
    """
    packed = [_packed(column) for column in columns]
    first = _first(packed)
    parts: list[list[_Packed]] = []
    for at, each in enumerate(packed):
        if at in first:
            each.entry |= each.values
            continue
        if not parts or not _fits(parts[-1], each):
            parts.append([])
        parts[-1].append(each)
        each.entry["part"] = len(parts) - 1
    files = [named_shard("c", [{"key": each.entry["key"], **each.values} for each in part]) for part in parts]
    return [each.entry for each in packed], [name for name, _ in files], files


def _fits(part: Sequence[_Packed], column: _Packed) -> bool:
    """Files hold one section each: what was logged changes more often than what was chosen."""
    same = _section(part[0].entry) == _section(column.entry)
    return same and sum(each.size for each in part) + column.size <= MOST_IN_FILE


def _section(entry: Column) -> str:
    return str(entry.get("section") or entry["key"].partition(".")[0])


def _packed(column: Column) -> _Packed:
    entry = {name: value for name, value in column.items() if name != "values"}
    if entry["key"] == f"{entry['section']}.{entry['label']}":
        del entry["section"], entry["label"]
    values = column["values"]
    known = [value for value in values if value is not None]
    distinct = _distinct(known)
    if len(known) < len(values):
        entry["filled"] = len(known)
    if distinct > 1:
        entry["distinct"] = distinct
    if entry["type"] == "mixed" and all(isinstance(each, bool | int | float) or each in NOT_FINITE for each in known):
        entry["kind"] = "number"
    return _Packed(entry, *_values(values, distinct, entry["type"]))


def _distinct(values: Iterable[Any]) -> int:
    return len({orjson.dumps(value) if isinstance(value, list) else value for value in values})


def _values(values: Sequence[Any], distinct: int, kind: str) -> tuple[Column, int]:
    """Values as they travel, and about how many bytes they are."""
    content = orjson.dumps(values)
    one = orjson.dumps(values[0]) if values else b""
    if values and content == b"[" + b",".join([one] * len(values)) + b"]":
        return {"value": values[0]}, len(one)
    if kind == "text" and 2 * distinct <= len(values):
        words = list(dict.fromkeys(value for value in values if value is not None))
        places = {word: at for at, word in enumerate(words)}
        codes = [-1 if value is None else places[value] for value in values]
        return {"words": words, "codes": codes}, len(orjson.dumps([words, codes]))
    return {"values": values}, len(content)


def _first(packed: Sequence[_Packed]) -> set[int]:
    """The columns that come with the table: what it shows, what is the same for all runs, and the smallest others."""
    results = [
        at for at, each in enumerate(packed) if _section(each.entry) == "summary" and each.entry["type"] == "number"
    ]
    results.sort(key=lambda at: -packed[at].entry.get("filled", float("inf")))
    parameters = [at for at, each in enumerate(packed) if _section(each.entry) == "config" and not each.is_constant]
    own = [at for at, each in enumerate(packed) if each.entry["key"] in _SHOWN]
    first = {*own, *results[:_USUAL], *parameters[:_USUAL]}
    room = MOST_FIRST
    for at in sorted(set(range(len(packed))) - first, key=lambda at: (packed[at].size, at)):
        room -= packed[at].size
        if room < 0:
            break
        first.add(at)
    return first
