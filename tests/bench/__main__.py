"""All benchmarks, one after the other, each in a process of its own: `python -m tests.bench [--json PATH]`.

Ends with 1 when a bar was missed, with 2 when a benchmark could not be run.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.report import Measure, load, missed, print_table, save

BENCHMARKS = (
    "bench_log",
    "bench_media",
    "bench_beside",
    "bench_build",
    "bench_page",
    "bench_public",
    "bench_report",
    "bench_artifacts",
    "bench_api",
    "bench_import",
    "bench_past",
    "bench_claims",
    "bench_trials",
    "bench_search",
    "bench_exec",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, metavar="PATH", help="keep the numbers in this file")
    arguments = parser.parse_args()
    found = [each for name in BENCHMARKS for each in measure(name)]
    print(f"\n{os.cpu_count()} CPUs, Python {platform.python_version()}, {platform.system()}")
    print_table(found)
    if arguments.json is not None:
        save(found, arguments.json)
    sys.exit(1 if missed(found) else 0)


def measure(name: str) -> list[Measure]:
    """What one benchmark found. Ends the program when it cannot be run."""
    print(f"== {name}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "found.json"
        done = subprocess.run([sys.executable, "-m", f"tests.bench.{name}", "--json", str(path)])
        if done.returncode:
            print(f"{name} ended with exit code {done.returncode}", file=sys.stderr)
            sys.exit(2)
        return load(path)


if __name__ == "__main__":
    main()
