"""What goes on beside the rows and what it costs: `python -m tests.bench.bench_beside [--json PATH]`.

A run of its own process each: idle, to see its memory; idle with many samples of system metrics and with none, to see
what a sample takes of a processor; and logging while both consoles' ways and the metrics are on. Ratios are the median
over turns with the raw loop in the same process.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench import report
from tests.bench.report import Measure

ROOT = Path(__file__).resolve().parent.parent.parent
TURNS = 5
INTERVAL = 15.0
"""Seconds from one sample of system metrics to the next, by default."""

_HEAD = """
import json, os, resource, sys, time
def resident():
    with open("/proc/self/statm") as stream:
        return int(stream.read().split()[1]) * resource.getpagesize() / (1 << 20)
"""
_BARE = _HEAD + "print(json.dumps(resident()))"
_IDLE = (
    _HEAD
    + """
import runstore
run = runstore.init(project="bench", dir=sys.argv[1], settings=json.loads(sys.argv[2]))
for number in range(100):
    run.log({"loss": 1.0 / (number + 1)})
time.sleep(2.5)
began = time.process_time()
time.sleep(float(sys.argv[3]))
used = time.process_time() - began
held = resident()
folder = os.path.dirname(run.dir)
run.finish()
path = os.path.join(folder, "system.jsonl")
samples = sum(1 for _ in open(path)) if os.path.exists(path) else 0
print(json.dumps([held, used, samples]))
"""
)
_LOG = """
import json, sys, time
from pathlib import Path
import runstore
from tests.bench import log_loops
run = runstore.init(project="bench", dir=sys.argv[1], settings=json.loads(sys.argv[2]))
rows = log_loops.make_rows()
time.sleep(1.0)
turns = []
for turn in range(9):
    print("turn", turn, file=sys.stderr)
    raw = log_loops.time_raw(Path(sys.argv[1], "raw"), rows, 20_000)
    turns.append((raw, log_loops.time_loop(run.log, rows, 20_000)))
run.finish()
print(json.dumps(turns))
"""
_WRAP = {"console": "wrap", "silent": True}
_REDIRECT = {"console": "redirect", "silent": True}


def main() -> None:
    report.run("What goes on beside the rows", measure)


def measure() -> list[Measure]:
    with tempfile.TemporaryDirectory() as folder:
        return [*measure_memory(folder), *measure_samples(folder), *measure_log(folder)]


def measure_memory(folder: str) -> list[Measure]:
    """What an idle run holds over bare Python."""
    bare = min(_python(_BARE) for _ in range(TURNS))
    idle = [_python(_IDLE, folder, _WRAP, 0)[0] for _ in range(2)]
    return [Measure("idle run, memory over bare Python", median(idle) - bare, "MB", 45, f"{bare:.1f} MB bare")]


def measure_samples(folder: str) -> list[Measure]:
    """What system metrics take of one processor, at their default interval."""
    seconds = 6
    often = _python(_IDLE, folder, {**_WRAP, "stats_interval": 0.2}, seconds)
    never = _python(_IDLE, folder, {**_WRAP, "disable_stats": True}, seconds)
    a_sample = (often[1] - never[1]) / (seconds / 0.2)
    share = 100 * a_sample / INTERVAL
    return [Measure("system metrics, share of one core", share, "%", 1, f"{1000 * a_sample:.2f} ms a sample")]


def measure_log(folder: str) -> list[Measure]:
    """The ratio of `log` to the raw loop while all goes on beside it."""
    found = []
    for how, settings in (("wrap", _WRAP), ("redirect", _REDIRECT)):
        turns = _python(_LOG, folder, {**settings, "stats_interval": 1.0})
        ratio = median(ours / base for base, ours in turns)
        found.append(Measure(f"log, 10 scalars, console {how}, metrics on", ratio, "×", 3))
    return found


def _python(code: str, *arguments: Any) -> Any:
    given = [each if isinstance(each, str) else json.dumps(each) for each in arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, *given]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return json.loads(done.stdout)


if __name__ == "__main__":
    main()
