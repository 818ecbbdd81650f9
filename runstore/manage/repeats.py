"""Runs that repeat one another: of one project, with the same configuration but for seeds, folds and the like."""

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from runstore.reading.columns import Columns, spelled
from runstore.reading.rows import flatten
from runstore.reading.store import RunRecord

_SEED: Final = re.compile(
    r"(?:\w+_)?(?:seed|fold)|seed_\w+|fold_(?:id|index|number)|random_?state|rng|repeat|repetition|replicate",
    re.IGNORECASE,
)
_COUNT: Final = re.compile(r"(?:n|num|max|total)_", re.IGNORECASE)
_MOST_SHOWN: Final = 4
_LONGEST: Final = 80


@dataclass(frozen=True, slots=True)
class Repeats:
    """Runs that repeat one another. `key` names them for good, `label` is for people."""

    key: str
    label: str
    runs: tuple[RunRecord, ...]


def is_seed(key: str) -> bool:
    """Whether a key of the configuration, by its name, only tells repetitions apart."""
    name = key.rpartition(".")[2]
    return _SEED.fullmatch(name) is not None and _COUNT.match(name) is None


def repeats(
    runs: Sequence[RunRecord], seeds: Collection[str] | None = None, column: str | None = None
) -> list[Repeats]:
    """The runs of one project in sets that repeat one another, in the order in which they first appear.

    Such have the same job type and, but for the keys `seeds` (None: those whose names say so), the same
    configuration; with `column`, a column's own name, the same value there.
    """
    if column is not None:
        columns = Columns(runs)
        values = [spelled(value) for value in columns.values(column)]
        return _gathered(runs, [{column: value or ""} for value in values], whole=True)
    return _gathered(runs, [_settings(run, seeds) for run in runs], whole=False)


def _settings(run: RunRecord, seeds: Collection[str] | None) -> dict[str, str]:
    found = {"job_type": run.meta.job_type}
    for key, value in flatten(run.config):
        if not (is_seed(key) if seeds is None else key in seeds):
            found[key] = spelled(value) or ""
    return found


def _gathered(runs: Sequence[RunRecord], settings: Sequence[Mapping[str, str]], *, whole: bool) -> list[Repeats]:
    sets: dict[str, list[int]] = {}
    for index, each in enumerate(settings):
        sets.setdefault(_key(each), []).append(index)
    firsts = {key: settings[indices[0]] for key, indices in sets.items()}
    labels = _by_value(firsts) if whole else _labels(firsts, {key: _group(runs, at) for key, at in sets.items()})
    return [Repeats(key, labels[key], tuple(runs[index] for index in indices)) for key, indices in sets.items()]


def _key(settings: Mapping[str, str]) -> str:
    told = repr(sorted(settings.items())).encode("utf-8", "backslashreplace")
    return hashlib.blake2b(told, digest_size=8).hexdigest()


def _group(runs: Sequence[RunRecord], indices: Sequence[int]) -> str:
    """The group that all of these runs are in, "" where that is none or several."""
    groups = {runs[index].meta.group for index in indices}
    return groups.pop() if len(groups) == 1 else ""


def _by_value(settings: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    return {key: next(iter(each.values())) or "none" for key, each in settings.items()}


def _labels(settings: Mapping[str, Mapping[str, str]], groups: Mapping[str, str]) -> dict[str, str]:
    """A name for each set: its runs' group where no other set has it, else where its configuration differs."""
    names = list(dict.fromkeys(name for each in settings.values() for name in each))
    differing = [name for name in names if len({each.get(name) for each in settings.values()}) > 1]
    taken = list(groups.values())
    labels = {}
    for key, each in settings.items():
        if groups[key] and taken.count(groups[key]) == 1:
            labels[key] = groups[key]
            continue
        parts = [f"{name}={each[name]}" for name in differing if each.get(name)]
        shown = ", ".join(parts[:_MOST_SHOWN]) + (", …" if len(parts) > _MOST_SHOWN else "")
        own = " ".join(part for part in (groups[key], shown) if part) or "all runs"
        labels[key] = own if len(own) <= _LONGEST else own[: _LONGEST - 1] + "…"
    return _distinct(labels)


def _distinct(labels: Mapping[str, str]) -> dict[str, str]:
    """The labels, each that several sets have followed by the start of its key."""
    shown = list(labels.values())
    return {key: label if shown.count(label) == 1 else f"{label} ({key[:4]})" for key, label in labels.items()}
