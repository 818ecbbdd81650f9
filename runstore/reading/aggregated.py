"""The aggregates that metrics.yaml asks for, from the rows of a run that ended before its summary was up to date."""

import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Final

from runstore.format.aggregates import Aggregate
from runstore.format.metrics import Metric, find
from runstore.format.values import revive
from runstore.reading.rows import flatten
from runstore.reading.stitching import all_rows, step_of

_BATCH: Final = 1000


def aggregated(histories: Mapping[Path, float], metrics: Iterable[Metric], keys: Iterable[str]) -> dict[str, Any]:
    """The flat entries of a summary (`loss.min`) for `keys`, from histories up to a highest step each.

    Histories come in the order of their writers. One that cannot be read counts for nothing.
    """
    wanted = {key: metric for key in keys if (metric := find(metrics, key)) is not None and metric.aggregates}
    counts = {key: Aggregate() for key in wanted}
    for path, ceiling in histories.items():
        rows = _rows(path, ceiling)
        while batch := list(islice(rows, _BATCH)):
            _count(counts, batch)
    return {
        f"{key}.{word}": value for key, metric in wanted.items() for word, value in counts[key].results(metric).items()
    }


def _count(counts: Mapping[str, Aggregate], batch: list[tuple[float, dict[str, Any]]]) -> None:
    batch.sort(key=lambda item: item[0])
    found: dict[str, tuple[list[Any], list[float]]] = {key: ([], []) for key in counts}
    for step, row in batch:
        for key in counts.keys() & row.keys():
            if row[key] is not None:
                found[key][0].append(revive(row[key]))
                found[key][1].append(step)
    for key, (values, steps) in found.items():
        counts[key].add(values, steps)


def _rows(path: Path, ceiling: float) -> Iterator[tuple[float, dict[str, Any]]]:
    if path.is_symlink():
        return
    try:
        for at, row in all_rows(path):
            step = step_of(row, at)
            step = step if math.isfinite(step) else float(at)
            if step <= ceiling:
                nested = any(type(value) is dict for value in row.values())
                yield step, dict(flatten(row)) if nested else row
    except OSError:
        return
