"""What logging costs, beside the least it could cost: `python -m tests.bench.bench_log [--json PATH]`.

The baseline is a loop of one `orjson.dumps` and one `os.write` a row, run in turns with ours in the same process;
a ratio is the median over the turns. Trackio and W&B (offline) are measured likewise, each beside its own baseline, in
a virtual environment of their own in the user's cache. What happens once a process (import, `init`, `finish`) is the
best of several fresh processes: what else the machine does only ever adds to it.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import runstore
from tests.bench import log_loops, report
from tests.bench.report import Measure

ROOT = Path(__file__).resolve().parent.parent.parent
TURNS = 9
STEPS = 20_000
STARTS = 11
CALLS = 100_000
RIVALS = {"trackio": 2_000, "wandb offline": 10_000}
"""Other trackers, and how many steps of each are taken."""
_PACKAGES = ("orjson", "trackio", "wandb")
_INSTALL_SECONDS = 900

_START = """
import json, sys, time
begun = time.perf_counter()
import runstore
runstore.init
loaded = time.perf_counter()
run = runstore.init(project="bench", dir=sys.argv[1])
ready = time.perf_counter()
for number in range(10_000):
    run.log({"a": number * 0.5, "b": number})
time.sleep(0.2)
logged = time.perf_counter()
run.finish()
print(json.dumps([ready - begun, ready - loaded, time.perf_counter() - logged]))
"""


def main() -> None:
    report.run("What logging costs", measure)


def measure() -> list[Measure]:
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "experiments"
        return [*measure_log(store), *measure_starts(store), *measure_rivals(Path(folder))]


def measure_log(store: Path) -> list[Measure]:
    """The ratios of `log` to the baseline, and how long its slowest calls take."""
    run = runstore.init(project="bench", dir=store, settings={"silent": True})
    rows, with_nan = log_loops.make_rows(), log_loops.make_rows(nan=True)
    time.sleep(0.5)  # The facts beside the run are gathered by then.
    raw = store.parent / "raw.jsonl"
    plain = [_turn(raw, rows) for _ in range(TURNS)]
    named = [_turn(raw, with_nan) for _ in range(TURNS)]
    slowest = sorted(log_loops.time_calls(runstore.log, rows, CALLS))
    wide = log_loops.make_wide_rows()
    hundred = [_turn(raw, wide, STEPS // 4) for _ in range(TURNS)]
    foreign = _measure_foreign(rows)
    run.finish()
    least = median(base for base, _ in plain)
    return [
        Measure("raw loop, 10 scalars", least, "µs", note="orjson.dumps and os.write a row"),
        Measure("log, 10 scalars", _ratio(plain), "×", 3, f"{median(ours for _, ours in plain):.2f} µs"),
        Measure("log, one of them NaN", _ratio(named), "×", 4, f"{median(ours for _, ours in named):.2f} µs"),
        Measure("log, p99", slowest[int(CALLS * 0.99)], "µs", 60, f"median {slowest[CALLS // 2]:.2f} µs"),
        Measure("log, 100 scalars", _ratio(hundred), "×", 3.5, f"{median(ours for _, ours in hundred):.2f} µs"),
        *foreign,
        *_measure_defined(store, raw, rows),
    ]


def _measure_foreign(rows: list[log_loops.Row]) -> list[Measure]:
    """Scalars of other libraries, beside the same rows of Python's floats."""
    import numpy

    kinds: dict[str, tuple[Callable[[float], Any], float | None]] = {
        "numpy.float32": (numpy.float32, 2),
        "numpy.float64": (numpy.float64, 2),
    }
    if (torch := _torch()) is not None:
        kinds["torch 0-dim"] = torch.tensor, None
    floats = [{key: float(value) for key, value in row.items()} for row in rows]
    found = []
    for name, (make, bar) in kinds.items():
        theirs = [{key: make(value) for key, value in row.items()} for row in floats]
        turns = [
            (
                log_loops.time_loop(runstore.log, floats, STEPS // 2),
                log_loops.time_loop(runstore.log, theirs, STEPS // 2),
            )
            for _ in range(TURNS)
        ]
        note = f"over Python's floats; {median(ours for _, ours in turns):.2f} µs"
        found.append(Measure(f"log, 10 of {name}", _ratio(turns), "×", bar, note))
    return found


def _torch() -> Any:
    try:
        import torch
    except ImportError:
        return None
    return torch


def _measure_defined(store: Path, raw: Path, rows: list[log_loops.Row]) -> list[Measure]:
    """Rows of metrics that `define_metric` spoke of: aggregated five ways, and with a step metric to join them."""
    found = []
    for name, defined in {
        "2 of 10 aggregated": {"name": "val/*", "summary": "min,max,mean,last,first", "step_metric": "epoch"},
        "all aggregated": {"name": "*", "summary": "min,max,mean,last,first"},
        "a step metric joins": {"name": "*", "step_metric": "minute"},
    }.items():
        run = runstore.init(project="bench", dir=store, settings={"silent": True})
        run.define_metric(**defined)
        time.sleep(0.5)
        turns = [_turn(raw, rows) for _ in range(TURNS)]
        run.finish()
        found.append(Measure(f"log, {name}", _ratio(turns), "×", 3.6, f"{median(ours for _, ours in turns):.2f} µs"))
    return found


def _turn(raw: Path, rows: list[log_loops.Row], steps: int = STEPS) -> tuple[float, float]:
    return log_loops.time_raw(raw, rows, steps), log_loops.time_loop(runstore.log, rows, steps)


def _ratio(turns: Sequence[tuple[float, float]]) -> float:
    return median(ours / base for base, ours in turns)


def measure_starts(store: Path) -> list[Measure]:
    """Import, `init` and `finish` in fresh processes."""
    bare, imported = [], []
    for _ in range(STARTS):
        bare.append(_time_python("pass"))
        imported.append(_time_python("import runstore"))
    found = [json.loads(_python(_START, str(store))) for _ in range(STARTS)]
    first, init, finish = (1000 * min(column) for column in zip(*found, strict=True))
    return [
        Measure("import runstore, over bare Python", 1000 * (min(imported) - min(bare)), "ms", 60),
        Measure("import and first init", first, "ms", 100, f"{init:.1f} ms once its rooms are loaded"),
        Measure("finish", finish, "ms", 50, "after 10,000 rows"),
    ]


def _time_python(code: str) -> float:
    begun = time.perf_counter()
    _python(code)
    return time.perf_counter() - begun


def _python(code: str, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "RUNSTORE_SILENT": "true"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # With it every start would compile what was changed last.
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def measure_rivals(folder: Path) -> list[Measure]:
    """The other trackers' ratios; none, and a line that says why, where they cannot be had."""
    found = []
    try:
        python = _rivals_python()
        for name, steps in RIVALS.items():
            found.append(_measure_rival(python, name, steps, folder))
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        print(f"trackio and wandb are not compared: {' '.join(str(error).split())[:300]}", file=sys.stderr)
    return found


def _rivals_python() -> Path:
    """The interpreter of a virtual environment that has them, made on the first call."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    place = cache / "runstore-bench" / f"rivals-{sys.version_info.major}.{sys.version_info.minor}"
    python = place / "bin" / "python"
    done = place / "installed"
    if not done.exists():
        print("installing trackio and wandb to compare with", file=sys.stderr, flush=True)
        venv.create(place, with_pip=True, clear=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *_PACKAGES]
        subprocess.run(install, check=True, timeout=_INSTALL_SECONDS, capture_output=True)
        done.touch()
    return python


def _measure_rival(python: Path, name: str, steps: int, folder: Path) -> Measure:
    command = [str(python), str(Path(log_loops.__file__)), name, str(steps)]
    environment = {
        **os.environ,
        "TRACKIO_DIR": str(folder / "trackio"),
        "HF_HUB_OFFLINE": "1",
        "WANDB_MODE": "offline",
        "WANDB_SILENT": "true",
        "WANDB_DIR": str(folder),
    }
    done = subprocess.run(
        command, cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, text=True, timeout=_INSTALL_SECONDS
    )
    turns = json.loads(done.stdout.splitlines()[-1])
    return Measure(f"{name}, 10 scalars", _ratio(turns), "×", note=f"{median(theirs for _, theirs in turns):.1f} µs")


if __name__ == "__main__":
    main()
