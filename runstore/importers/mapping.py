"""Which column of a table is what of a run: as it was asked for, else guessed from names and values."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final, Literal, cast, get_args

from runstore.errors import UsageError

Role = Literal[
    "run", "name", "group", "job_type", "tags", "notes", "created", "state", "sweep", "step", "time", "runtime"
]
"""What of a run at most one column says."""
ROLES: Final[tuple[Role, ...]] = get_args(Role)
Kind = Literal["config", "metric", "summary", "skip"]
"""What of a run any number of columns says."""
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
_NAMES: Final[dict[Role, tuple[str, ...]]] = {
    "run": ("run_id", "run", "run.id", "experiment_id", "trial_id", "id"),
    "name": ("run_name", "run.name", "name"),
    "group": ("group", "run_group"),
    "job_type": ("job_type", "job type"),
    "tags": ("tags",),
    "notes": ("notes",),
    "created": ("created", "created_at", "start_time", "started"),
    "state": ("state", "status"),
    "sweep": ("sweep", "sweep_id"),
    "step": ("_step", "global_step", "step", "iteration", "iter", "epoch"),
    "time": ("_timestamp", "timestamp", "wall_time", "datetime", "time", "date"),
    "runtime": ("_runtime", "runtime", "elapsed"),
}
_PREFIXES: Final[dict[str, Kind]] = {
    "config.": "config",
    "config/": "config",
    "params.": "config",
    "param_": "config",
    "hp_": "config",
    "hparams/": "config",
    "summary.": "summary",
    "metrics.": "metric",
}
_MEASURED: Final = re.compile(
    r"(^|[^a-z])(loss|acc|accuracy|auc|f1|score|error|err|rmse|mse|mae|precision|recall|perplexity|bleu|reward|val|valid"
    r"|validation|test|eval|best|r2)($|[^a-z])"
)


@dataclass(frozen=True, slots=True)
class Plan:
    """The columns of each role, and the kind of all others with the key that each gets in the run."""

    roles: Mapping[Role, str] = field(default_factory=dict)
    kinds: Mapping[str, tuple[Kind, str]] = field(default_factory=dict)

    def of_kind(self, kind: Kind) -> dict[str, str]:
        """The columns of a kind with their keys."""
        return {column: key for column, (each, key) in self.kinds.items() if each == kind}

    def lines(self) -> list[str]:
        """What is made of the columns, for a person to check."""
        said = [f"{role}: {column}" for role, column in self.roles.items()]
        return said + [f"{kind}: {', '.join(self.of_kind(kind))}" for kind in KINDS if self.of_kind(kind)]


def parse(given: Iterable[str]) -> list[tuple[str, str]]:
    """What `--map` asks for: a role or kind, and the name of a column, or a pattern with `*`. Raises `UsageError`."""
    found: list[tuple[str, str]] = []
    for text in given:
        word, equals, column = text.partition("=")
        if not equals or not column or word not in (*ROLES, *KINDS):
            raise UsageError(f"--map {text}: expected ROLE=COLUMN, where ROLE is one of {', '.join((*ROLES, *KINDS))}")
        found.append((word, column))
    return found


def plan(columns: Sequence[str], values: Mapping[str, Sequence[Any]], asked: Sequence[tuple[str, str]]) -> Plan:
    """What each column is. `values` holds those of the table by column. Raises `UsageError` for a column that is asked
    for and is not there."""
    roles, kinds = _asked(columns, asked)
    for role, names in _NAMES.items():
        if role not in roles:
            taken = {*kinds, *roles.values()}
            free = {column.lower(): column for column in columns if column not in taken}
            if (found := next((free[name] for name in names if name in free), None)) is not None:
                roles[role] = found
    _settle_names(roles)
    taken = {*roles.values(), *kinds}
    runs = _sizes(values, roles)
    for column in columns:
        if column not in taken:
            kinds[column] = _guess(column, values[column], values.get(roles.get("run", "")), runs)
    ordered = {role: roles[role] for role in ROLES if role in roles}
    return Plan(ordered, {column: kinds[column] for column in columns if column in kinds})


def _asked(
    columns: Sequence[str], asked: Sequence[tuple[str, str]]
) -> tuple[dict[Role, str], dict[str, tuple[Kind, str]]]:
    roles: dict[Role, str] = {}
    kinds: dict[str, tuple[Kind, str]] = {}
    for word, pattern in asked:
        found = [column for column in columns if column == pattern or fnmatchcase(column, pattern)]
        if not found:
            raise UsageError(f"--map {word}={pattern}: found no such column; there are {', '.join(columns[:30])}")
        if word in ROLES:
            roles[word] = found[0]
        else:
            kinds.update({column: (cast(Kind, word), _key(column)) for column in found})
    return roles, kinds


def _settle_names(roles: dict[Role, str]) -> None:
    """A table with a column for names alone tells its runs apart by that."""
    if "run" not in roles and "name" in roles:
        roles["run"] = roles["name"]


def _key(column: str) -> str:
    """The key that a column gets in the run: its name without a prefix that says what it is."""
    prefix = next((prefix for prefix in _PREFIXES if column.startswith(prefix) and len(column) > len(prefix)), "")
    return column.removeprefix(prefix)


def _sizes(values: Mapping[str, Sequence[Any]], roles: Mapping[Role, str]) -> int:
    """How many rows the largest run has."""
    column = values.get(roles.get("run", ""))
    if column is None:
        return max((len(each) for each in values.values()), default=0)
    counts: dict[Any, int] = {}
    for value in column:
        counts[value] = counts.get(value, 0) + 1
    return max(counts.values(), default=0)


def _guess(column: str, found: Sequence[Any], runs: Sequence[Any] | None, largest: int) -> tuple[Kind, str]:
    for prefix, kind in _PREFIXES.items():
        if column.startswith(prefix) and len(column) > len(prefix):
            return kind, _key(column)
    known = [value for value in found if value is not None]
    numbers = bool(known) and all(type(value) in (int, float) for value in known)
    if largest <= 1:
        measured = numbers and bool(_MEASURED.search(column.lower()))
        return ("summary" if measured else "config"), column
    if _is_constant(found, runs) and not (numbers and _MEASURED.search(column.lower())):
        return "config", column
    return "metric", column


def _is_constant(found: Sequence[Any], runs: Sequence[Any] | None) -> bool:
    """Whether each run has one value in all of its rows."""
    seen: dict[Any, Any] = {}
    for run, value in zip(runs if runs is not None else [None] * len(found), found, strict=True):
        text = repr(value)
        if seen.setdefault(run, text) != text:
            return False
    return True
