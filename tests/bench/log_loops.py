"""The loops that bench_log times. Run by itself, in an environment that has it, it times another tracker:

    python log_loops.py "wandb offline" 10000

prints a JSON array with a pair for every thousand steps: µs a step of the raw loop, µs a step of the tracker.
"""

import json
import math
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

_ROWS = 1000

Row = dict[str, Any]
Log = Callable[[Row], object]


def make_rows(nan: bool = False) -> list[Row]:
    """Rows of ten scalars as training logs them; with `nan` one of them is."""
    return [
        {
            "epoch": number // 100,
            "train/loss": 2.0 / (number + 1),
            "train/accuracy": 1 - 1.0 / (number + 2),
            "val/loss": math.nan if nan else 2.5 / (number + 1),
            "val/accuracy": 1 - 1.5 / (number + 2),
            "learning_rate": 1e-3 * 0.99**number,
            "grad_norm": math.sin(number) + 1.5,
            "examples": number * 128,
            "examples_per_second": 1000 + math.cos(number),
            "memory_gb": 10.25,
        }
        for number in range(_ROWS)
    ]


def make_wide_rows() -> list[Row]:
    """Rows of a hundred scalars."""
    return [{f"metric_{key}": number * 0.37 + key * 1.5 for key in range(100)} for number in range(_ROWS)]


def time_raw(path: Path, rows: list[Row], steps: int) -> float:
    """µs a step of the least that can be done: one `orjson.dumps`, one `os.write` a row."""
    dumps, write = orjson.dumps, os.write
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    turns = steps // len(rows)
    begun = time.perf_counter()
    for _ in range(turns):
        for row in rows:
            write(descriptor, dumps(row))
    took = time.perf_counter() - begun
    os.close(descriptor)
    return took / (turns * len(rows)) * 1e6


def time_loop(log: Log, rows: list[Row], steps: int) -> float:
    """µs a call."""
    turns = steps // len(rows)
    begun = time.perf_counter()
    for _ in range(turns):
        for row in rows:
            log(row)
    return (time.perf_counter() - begun) / (turns * len(rows)) * 1e6


def time_calls(log: Log, rows: list[Row], calls: int) -> list[float]:
    """µs of each call."""
    clock = time.perf_counter
    found = []
    for number in range(calls):
        row = rows[number % len(rows)]
        begun = clock()
        log(row)
        found.append((clock() - begun) * 1e6)
    return found


def start_trackio() -> tuple[Log, Callable[[], object]]:
    import trackio

    trackio.init(project="bench", embed=False)
    return trackio.log, trackio.finish


def start_wandb() -> tuple[Log, Callable[[], object]]:
    import wandb

    run = wandb.init(project="bench", mode="offline")
    return run.log, run.finish


STARTS = {"trackio": start_trackio, "wandb offline": start_wandb}


def main(name: str, steps: int) -> None:
    rows = make_rows()
    log, finish = STARTS[name]()
    time_loop(log, rows, len(rows))
    turns = [(time_raw(Path("raw.jsonl"), rows, _ROWS), time_loop(log, rows, _ROWS)) for _ in range(steps // _ROWS)]
    finish()
    print(json.dumps(turns))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
