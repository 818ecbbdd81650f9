"""What the Api costs over 10,000 runs: `python -m tests.bench.bench_api [--json PATH]`.

Warm is a call on an Api that has seen the store: what changed since is looked for in every run's directory each time.
The baseline is one look at the same files by hand: a `scandir` of every run and the stat of each of its files.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from runstore.api import Api
from tests.bench import report
from tests.bench.make_store import make_store
from tests.bench.report import Measure

ROOT = Path(__file__).resolve().parent.parent.parent
RUNS, STEPS = 10_000, 10
TURNS = 5
SQL = "state = 'finished' AND config.lr < 0.01 AND 'bench' IN tags"
MONGO = {"config.lr": {"$lt": 0.01}, "state": "finished"}

_FRESH = f"""
import sys, time
begun = time.perf_counter()
import runstore
found = len(runstore.Api(sys.argv[1]).runs("bench", {MONGO!r}))
print(time.perf_counter() - begun, found)
"""


def main() -> None:
    report.run("What the Api costs", measure)


def measure() -> list[Measure]:
    with tempfile.TemporaryDirectory(prefix="runstore-bench-") as folder:
        store = Path(folder) / "experiments"
        make_store(store, RUNS, STEPS)
        first = _took(lambda: len(Api(store).runs("bench")))
        scan = median(_took(lambda: _look(store)) for _ in range(TURNS))
        api = Api(store)
        len(api.runs("bench"))
        sql = median(_took(lambda: len(api.runs("bench", SQL))) for _ in range(TURNS))
        mongo = median(
            _took(lambda: api.runs("bench", MONGO, order="-summary_metrics.val/loss")[0]) for _ in range(TURNS)
        )
        single = _took(lambda: [api.run(f"bench/run{number:05d}") for number in range(1000)]) / 1000
        fresh = median(_fresh(store) for _ in range(3))
    return [
        Measure("bare look at every file", scan, "s", note=f"{RUNS} runs"),
        Measure("Api.runs with SQL, warm", sql, "s", 1.0, f"{sql / scan:.1f} × the bare look"),
        Measure("… with a dict and an order, warm", mongo, "s", 1.0, f"{mongo / scan:.1f} × the bare look"),
        Measure("… in a new process", fresh, "s", note=f"{fresh / scan:.1f} × the bare look, imports included"),
        Measure("… of a store never read before", first, "s", note="the cache is made"),
        Measure("Api.run of one of them, warm", single * 1000, "ms"),
    ]


def _took(act: Callable[[], object]) -> float:
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def _look(store: Path) -> int:
    size = 0
    for run in os.scandir(store / "bench" / "runs"):
        with os.scandir(run.path) as entries:
            size += sum(entry.stat(follow_symlinks=False).st_size for entry in entries)
    return size


def _fresh(store: Path) -> float:
    done = subprocess.run(
        [sys.executable, "-c", _FRESH, str(store)], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return float(done.stdout.split()[0])


if __name__ == "__main__":
    main()
