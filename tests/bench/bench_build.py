"""What a build costs, beside one bare scan of the same files: `python -m tests.bench.bench_build [--json PATH]`.

Every build is the whole command in a process of its own, start-up included; the baseline is `pl.scan_ndjson` over the
same histories, collected, in a process of its own too, its start-up not counted. A cold build finds neither site nor
cache in the store; the very first one of a user also makes the site's scripts out of the libraries that carry them,
which are kept in the user's cache from then on. How a cold build grows is the exponent of a power law through stores
of 100, 1,000 and 10,000 runs.
"""

import json
import math
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import linear_regression, median

from tests.bench import report
from tests.bench.report import Measure
from tests.bench.sizes import SIZES, Size, large_store

ROOT = Path(__file__).resolve().parent.parent.parent
TURNS = 3
GROWTH = (100, 1_000, 10_000)

_SCAN = """
import glob, sys, time
import polars as pl
files = glob.glob(sys.argv[1] + "/*/runs/*/history.jsonl")
begun = time.perf_counter()
height = pl.scan_ndjson(files).collect().height
print(time.perf_counter() - begun, height)
"""


@dataclass(frozen=True, slots=True)
class Built:
    """One run of the command: seconds of wall time, peak memory in MB, and what it said."""

    seconds: float
    megabytes: float
    said: str


def main() -> None:
    report.run("What a build costs", measure)


def measure() -> list[Measure]:
    return [*(found for size in SIZES for found in _builds(size)), *_growth()]


def _builds(size: Size) -> list[Measure]:
    with large_store(size.runs, size.steps, size.metrics) as store:
        scan = median(_scan(store) for _ in range(TURNS))
        # A site of its own each time: file systems create files slowly where many were just deleted.
        very_first, *cold = (_cold(store, store.parent / f"site{turn}") for turn in range(TURNS + 1))
        out = store.parent / f"site{TURNS}"
        again = median(_build(store, out).seconds for _ in range(TURNS))
        grown = _grow(store, out)
        bare = median(_seconds(sys.executable, "-c", "import polars") for _ in range(TURNS))
        megabytes = sum(path.stat().st_size for path in out.rglob("*") if path.is_file()) / 1e6
    first = median(each.seconds for each in cold)
    said = f"{first:.2f} s, {megabytes:.0f} MB of site"
    return [
        Measure(f"{size}: raw pl.scan_ndjson", scan, "s"),
        Measure("cold build / raw scan", first / scan, "×", size.cold, said),
        Measure("very first build / raw scan", very_first.seconds / scan, "×", note=f"{very_first.seconds:.2f} s"),
        Measure("cold build, peak memory", max(each.megabytes for each in cold), "MB", size.memory),
        Measure("nothing changed / bare import of polars", again / bare, "×", size.again, f"{again:.2f} s"),
        *grown,
    ]


def _growth() -> list[Measure]:
    sizes, seconds = [], []
    for runs in GROWTH:
        with large_store(runs, 100, 10) as store:
            sizes.append(sum(path.stat().st_size for path in store.rglob("history.jsonl")))
            seconds.append(min(_cold(store, store.parent / f"site{turn}").seconds for turn in range(2)))
    slope, _ = linear_regression([math.log(size) for size in sizes], [math.log(second) for second in seconds])
    said = ", ".join(f"{runs:,} runs {second:.2f} s" for runs, second in zip(GROWTH, seconds, strict=True))
    return [Measure("exponent of a cold build's growth in bytes", slope, "", 1.1, said)]


def _scan(store: Path) -> float:
    done = subprocess.run([sys.executable, "-c", _SCAN, str(store)], check=True, capture_output=True, text=True)
    return float(done.stdout.split()[0])


def _cold(store: Path, out: Path) -> Built:
    shutil.rmtree(store / ".cache", ignore_errors=True)
    return _build(store, out)


def _build(store: Path, out: Path) -> Built:
    command = [sys.executable, "-m", "runstore", "build", str(store), "-o", str(out)]
    environment = os.environ | {"RUNSTORE_CACHE_DIR": str(store.parent / "user")}
    begun = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}")
    return Built(seconds, usage.ru_maxrss / 1000, said)


def _grow(store: Path, out: Path) -> list[Measure]:
    """One run gets one more row: how long the next build takes, and what it reads and writes."""
    history = next(store.glob("*/runs/*500/history.jsonl"))
    row = json.loads(history.read_bytes().splitlines()[-1])
    line = json.dumps(row | {"_step": row["_step"] + 1}).encode() + b"\n"
    with history.open("ab") as file:
        file.write(line)
    before = _stamps(out)
    built = _build(store, out)
    written = [path for path, stamp in _stamps(out).items() if stamp != before.get(path)]
    pages = [path for path in written if path.suffix == ".html"]
    names = ", ".join(sorted(str(path.relative_to(out)) for path in pages))
    return [
        Measure("one run grew by a row", built.seconds, "s", note=f"{len(line)} bytes of history were new"),
        Measure("… pages written", len(pages), "", note=names),
        Measure("… data files written", len(written) - len(pages), "", note="its metrics, the runs, the manifest"),
    ]


def _stamps(out: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}


def _seconds(*command: str) -> float:
    begun = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
