"""The stores that the benchmarks of the site are run on, and what each may cost."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.make_store import make_store


@dataclass(frozen=True, slots=True)
class Size:
    """A store of equal runs, and the bars of its site.

    `cold` and `again` are ratios, to a raw scan of the histories and to a bare import of polars; `memory` is in MB,
    `ready` in s, `load` in kB compressed, `change` in ms.
    """

    runs: int
    steps: int
    metrics: int
    cold: float
    again: float
    memory: float
    ready: float
    load: float
    change: float

    def __str__(self) -> str:
        return f"{self.runs:,} × {self.steps:,} × {self.metrics}"


SIZES = (
    Size(1_000, 1_000, 5, cold=8, again=3, memory=800, ready=1.5, load=900, change=100),
    Size(10_000, 100, 10, cold=12, again=6, memory=1500, ready=3, load=2000, change=250),
)
"""Runs × steps × metrics."""


@contextmanager
def large_store(runs: int, steps: int, metrics: int) -> Iterator[Path]:
    """A store in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="runstore-bench-") as folder:
        store = Path(folder) / "experiments"
        make_store(store, runs, steps, metrics)
        yield store
