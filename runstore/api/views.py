"""Parts of a run as W&B's Api shows them: its summary, its user, lines of its console log."""

import copy
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from runstore.errors import BadTypeError
from runstore.reading.beside import writer_files, writer_rows
from runstore.reading.columns import dig
from runstore.reading.store import RunRecord


def nest(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted keys as nested dicts, as `log` was given them; a key whose place is taken keeps its dots.

    What readers add to a typed value, the step that it was logged at, is left out.
    """
    nested: dict[str, Any] = {}
    for key, value in flat.items():
        if isinstance(value, dict) and "_type" in value:
            value = {name: each for name, each in value.items() if name != "_step"}
        tree, parts = nested, key.split(".")
        for part in parts[:-1]:
            inner = tree.setdefault(part, {})
            if not isinstance(inner, dict) or "_type" in inner:
                tree, parts = nested, [key]
                break
            tree = inner
        if isinstance(tree.get(parts[-1]), dict) and not isinstance(value, dict):
            tree, parts = nested, [key]
        tree[parts[-1]] = value
    return nested


class Shown(ABC):
    """What W&B's Api can show of a thing in a notebook."""

    @abstractmethod
    def to_html(self, height: int = 420, hidden: bool = False) -> str:
        """The thing as a piece of HTML."""

    def _repr_html_(self) -> str:
        return self.to_html()

    def display(self, height: int = 420, hidden: bool = False) -> bool:
        """Shows it in a notebook; False where there is none."""
        shell = sys.modules.get("IPython")
        if shell is None or shell.get_ipython() is None:
            return False
        shell.display.display(shell.display.HTML(self.to_html(height, hidden)))
        return True

    def snake_to_camel(self, string: str) -> str:
        """`display_name` as `displayName`."""
        first, *rest = string.split("_")
        return first + "".join(part.title() for part in rest)


class SummaryView(MutableMapping[str, Any]):
    """A run's summary: by key, nested keys by dots too. What is set here is kept by `update()`."""

    def __init__(self, values: Mapping[str, Any], save: Callable[[dict[str, Any]], None]) -> None:
        self._values = copy.deepcopy(dict(values))
        self._save = save

    def __getitem__(self, key: str) -> Any:
        found = dig(self._values, key)
        if found is None and key not in self._values:
            raise KeyError(key)
        return found

    def __setitem__(self, key: str, value: Any) -> None:
        self._values[key] = value

    def __delitem__(self, key: str) -> None:
        del self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    @property
    def _json_dict(self) -> dict[str, Any]:
        """The whole as plain dicts, by the name that W&B's own examples of exporting runs use."""
        return copy.deepcopy(self._values)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"the summary has no {name!r}", name=name) from None

    def update(self, *given: Any, overwrite: bool = True, **more: Any) -> None:
        """Sets several keys, and writes the summary to the store. Raises `UsageError` while the run is live."""
        if given and not isinstance(given[0], Mapping):
            raise BadTypeError(f"summary.update takes a dict, found a {type(given[0]).__name__}")
        for key, value in {**(given[0] if given else {}), **more}.items():
            if overwrite or key not in self:
                self[key] = value
        self._save(self._values)

    def __repr__(self) -> str:
        return repr(self._values)


@dataclass(frozen=True, slots=True)
class User:
    """Who started a run, as its machine knew them."""

    username: str
    entity: str = ""

    @property
    def name(self) -> str:
        return self.username

    @property
    def teams(self) -> list[str]:
        return [self.entity] if self.entity else []

    @property
    def email(self) -> None:
        """None: a store knows no addresses."""


@dataclass(frozen=True, slots=True)
class ConsoleLogLine:
    """One line of a run's console log: `level` is "error" for what went to stderr, `label` the writer's name."""

    number: int
    timestamp: datetime | None
    level: str
    label: str
    content: str

    def __str__(self) -> str:
        return self.content


def console_lines(run: RunRecord, last: int | None = None) -> list[ConsoleLogLine]:
    """The lines of a run's console log, attempt after attempt; the `last` ones where that is given."""
    found: list[ConsoleLogLine] = []
    marks = _marks(run)
    for writer, path in writer_files(run, "output"):
        if path.is_symlink():
            continue
        noted = marks.get(writer, {})
        moment, level = None, "info"
        with path.open(encoding="utf-8", errors="replace") as file:
            for number, line in enumerate(file):
                moment, level = noted.get(number, (moment, level))
                found.append(ConsoleLogLine(len(found), moment, level, writer, line.rstrip("\r\n")))
    return found if last is None else found[-last:] if last > 0 else []


def _marks(run: RunRecord) -> dict[str, dict[int, tuple[datetime | None, str]]]:
    """By writer and line (from 0): from there on, when lines were written and how serious they are."""
    found: dict[str, dict[int, tuple[datetime | None, str]]] = {}
    for writer, row in writer_rows(run, "lines"):
        line, moment = row.get("line"), row.get("_timestamp")
        if isinstance(line, int):
            when = datetime.fromtimestamp(moment, UTC) if isinstance(moment, int | float) else None
            level = "error" if row.get("source") == "stderr" else "info"
            found.setdefault(writer, {})[line] = (when, level)
    return found
