"""How fast agents get their trials: `python -m tests.bench.bench_claims [--json PATH]`.

Agent processes share a random search and do nothing but take trials; then they report them, too, and Optuna's journal
file does the same beside it. Then sweeps of 10,000 and 100,000 trials, made from records: how long one takes to open,
and what a claim costs there. Last, agents that are killed with -9 one after the other, and replaced.
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from runstore.format.layout import StoreLayout
from runstore.format.sweep_layout import SHARD, SweepLayout
from runstore.format.sweep_records import Claim, Outcome, Process
from runstore.reading.sweeps import Trial, open_sweep
from sweeps.config.sweep import parse_sweep
from sweeps.controller import Controller
from tests.bench import report
from tests.bench.report import Measure

ROOT = Path(__file__).resolve().parent.parent.parent
AGENTS = (1, 8, 32)
TRIALS = 384
CLAIMS = 300.0
"""Claims a second that one agent is to reach, and 32 half of."""
KILLED_FOR_SECONDS = float(os.environ.get("RUNSTORE_BENCH_CHAOS_SECONDS", "40"))
EVERY_SECONDS = 0.1
CONFIG = {
    "method": "random",
    "metric": {"name": "loss"},
    "parameters": {
        "lr": {"min": 1e-4, "max": 0.1, "distribution": "log_uniform_values"},
        "depth": {"min": 1, "max": 8},
    },
}

_OURS = """
import json, os, sys, time
from pathlib import Path
from runstore.format.host import boot_id, hostname, process_start
from runstore.format.sweep_layout import SweepLayout
from runstore.format.sweep_records import Claim, Outcome, Process
from sweeps.controller import Controller

layout, report = SweepLayout(Path(sys.argv[1])), sys.argv[2]
name, alone = f"{os.getpid()}", report == "claims"
process = Process(hostname(), os.getpid(), boot_id(), process_start(os.getpid()))
controller = Controller.open(layout)
controller.space.draw(__import__("numpy").random.default_rng(0))
print("ready", flush=True)
sys.stdin.readline()
claims, finishes = [], []
while True:
    begun = time.perf_counter()
    # An agent that asks works at nothing else: claims without reports are those of one agent each.
    claim = controller.next(f"{name}-{len(claims)}" if alone else name, 1, process)
    claims.append(time.perf_counter() - begun)
    if not isinstance(claim, Claim):
        break
    if alone:
        continue
    begun = time.perf_counter()
    controller.finish(Outcome(claim.n, claim.run, name, "finished", claim.attempt, value=claim.params["lr"]))
    finishes.append(time.perf_counter() - begun)
    if report == "chaos":
        os.write(1, f"[{claim.n}, {claim.attempt}]\\n".encode())
print(json.dumps([claims[:-1], finishes]), flush=True)
if alone:
    sys.stdin.readline()  # The trials of an agent that is gone would be others' to run.
"""

_OPTUNA = """
import json, sys, time
import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
optuna.logging.set_verbosity(optuna.logging.ERROR)
storage = JournalStorage(JournalFileBackend(sys.argv[1]))
sampler = optuna.samplers.RandomSampler()
study = optuna.create_study(study_name="s", storage=storage, load_if_exists=True, sampler=sampler)
print("ready", flush=True)
share = int(sys.stdin.readline())
claims, finishes = [], []
for _ in range(share):
    begun = time.perf_counter()
    trial = study.ask()
    lr, depth = trial.suggest_float("lr", 1e-4, 0.1, log=True), trial.suggest_int("depth", 1, 8)
    claims.append(time.perf_counter() - begun)
    begun = time.perf_counter()
    study.tell(trial, lr)
    finishes.append(time.perf_counter() - begun)
print(json.dumps([claims, finishes]))
"""


def main() -> None:
    report.run("Claims", measure)


def measure() -> list[Measure]:
    with tempfile.TemporaryDirectory(prefix="runstore-bench-") as name:
        folder = Path(name)
        return [*_rates(folder), *_sizes(folder), *_chaos(folder)]


def _rates(folder: Path) -> list[Measure]:
    found = []
    for agents in AGENTS:
        rate, p95 = _shared(_OURS, folder / f"claims{agents}", agents, "claims")
        bar = {1: 1e3 / CLAIMS, 32: 2e3 / CLAIMS}.get(agents)
        found.append(
            Measure(f"claims alone, {agents} agents, per claim", 1e3 / rate, "ms", bar, f"{rate:.0f} claims/s")
        )
        found.append(Measure(f"… p95 of a claim, {agents} agents", p95 * 1e3, "ms", 100.0 if agents == 32 else None))
    for agents in AGENTS:
        rate, p95 = _shared(_OURS, folder / f"ours{agents}", agents)
        theirs, slow = _shared(_OPTUNA, folder / f"optuna{agents}", agents)
        note = f"{rate:.0f} trials/s; Optuna's journal file {theirs:.0f}, p95 of a claim {slow * 1e3:.0f} ms"
        found.append(Measure(f"claim and report, {agents} agents, per trial", 1e3 / rate, "ms", None, note))
        found.append(Measure(f"… p95 of a claim, {agents} agents, reporting", p95 * 1e3, "ms", None))
    return found


def _shared(program: str, path: Path, agents: int, mode: str = "") -> tuple[float, float]:
    """Trials a second of all agents together, and the 95th percentile of a claim in seconds."""
    layout = _sweep(path, TRIALS) if program is _OURS else None
    place = str(layout.path) if layout is not None else str(path)
    started = [_start(program, place, mode) for _ in range(agents)]
    for each in started:
        _line(each)
    begun = time.perf_counter()
    for each in started:
        assert each.stdin is not None
        each.stdin.write(f"{TRIALS // agents}\n")
        each.stdin.flush()
    told = [json.loads(_line(each)) for each in started]
    took = time.perf_counter() - begun
    for each in started:
        each.communicate()
    claims = sorted(seconds for each in told for seconds in each[0])
    assert len(claims) == TRIALS, f"{len(claims)} trials in place of {TRIALS}"
    if layout is not None:
        runs = {trial.run for trial in open_sweep(layout).state.trials}
        assert len(runs) == TRIALS, f"{len(runs)} runs in place of {TRIALS}"
    return TRIALS / took, claims[int(0.95 * len(claims))]


def _sizes(folder: Path) -> list[Measure]:
    small, large = _filled(folder / "small", 100), _filled(folder / "large", 100_000)
    middle = _filled(folder / "middle", 10_000)
    opened = median(_opening(middle) for _ in range(5))
    turns = [(_claiming(small), _claiming(large)) for _ in range(3)]
    first, last = median(turn[0] for turn in turns), median(turn[1] for turn in turns)
    return [
        Measure("opening 10,000 trials", opened * 1e3, "ms", 50.0, "all of them known, the best too"),
        Measure("… 100,000 trials", _opening(large) * 1e3, "ms"),
        Measure("a claim at trial 100,000 to one at 100", last / first, "×", 1.5, f"{last * 1e3:.2f} ms"),
    ]


def _filled(path: Path, count: int) -> SweepLayout:
    """A sweep of so many trials, its shards sealed."""
    layout = _sweep(path, None)
    numbers = random.Random(1)
    process = Process("node17", 12345, "0d6f9c1e-2b5f-4f0e-9a57-6d1f1c1d9c55/pid:[4026531836]", 1767225600.5)
    layout.sealed_dir.mkdir()
    for shard in range(count // SHARD):
        lines = [_trial(number, numbers, process).sealed_line() for number in range(shard * SHARD, (shard + 1) * SHARD)]
        layout.sealed(shard).write_bytes(b"".join(lines))
    controller = Controller.open(layout)
    while controller.state.next_number < count:
        claim = controller.next("a", 1, Process())
        assert isinstance(claim, Claim)
        controller.finish(Outcome(claim.n, claim.run, "a", "finished", value=0.5))
    return layout


def _trial(number: int, numbers: random.Random, process: Process) -> Trial:
    run = f"{number:08x}"
    params = {"lr": numbers.random(), "depth": numbers.randrange(8)}
    when = "2026-11-22T01:02:03.456Z"
    trial = Trial(number, run)
    trial.add_claim(Claim(number, run, "node17-12345", params, beat=7, process=process, engine="random", time=when))
    value = numbers.random()
    trial.add_outcome(Outcome(number, run, "node17-12345", "finished", value=value, count=27, exit=0, time=when))
    return trial


def _opening(layout: SweepLayout) -> float:
    begun = time.perf_counter()
    state = open_sweep(layout).state
    assert state.best is not None
    return time.perf_counter() - begun


def _claiming(layout: SweepLayout) -> float:
    """Seconds of a claim, the median of some."""
    controller = Controller.open(layout)
    took = []
    for _ in range(60):
        begun = time.perf_counter()
        claim = controller.next("b", 1, Process())
        took.append(time.perf_counter() - begun)
        assert isinstance(claim, Claim)
        controller.finish(Outcome(claim.n, claim.run, "b", "finished", value=0.5))
    return median(took)


def _chaos(folder: Path) -> list[Measure]:
    """Eight agents; every tenth of a second a random one is killed and another started."""
    layout = _sweep(folder / "chaos", None, max_retries=1_000)
    dice, log = random.Random(3), folder / "chaos.log"
    agents = [_start(_OURS, str(layout.path), "chaos", go=True, log=log) for _ in range(8)]
    begun, kills, stall, last, size = time.monotonic(), 0, 0.0, time.monotonic(), 0
    due = begun + 3.0  # The first ones need a moment to be there.
    while (now := time.monotonic()) < begun + 3.0 + KILLED_FOR_SECONDS:
        if (grown := log.stat().st_size) != size:
            stall, last, size = (max(stall, now - last) if last > begun + 3.0 else 0.0), now, grown
        if now >= due:
            victim = dice.randrange(len(agents))
            agents[victim].send_signal(signal.SIGKILL)
            agents[victim].wait()
            agents[victim] = _start(_OURS, str(layout.path), "chaos", go=True, log=log)
            due, kills = now + EVERY_SECONDS, kills + 1
        time.sleep(0.005)
    for each in agents:
        each.kill()
        each.wait()
    stall = max(stall, time.monotonic() - last)
    ended = [tuple(json.loads(line)) for line in log.read_bytes().splitlines() if line.startswith(b"[")]
    reader = open_sweep(layout)
    trials = reader.state.trials
    wrong = len(ended) - len(set(ended)) + len(trials) - len({trial.number for trial in trials}) + len(reader.problems)
    return [
        Measure("chaos: longest stall", stall, "s", 1.0, f"{kills} kills, {len(ended)} trials ended"),
        Measure("chaos: duplicates, unreadable records", float(wrong), "", 0.0),
    ]


def _sweep(path: Path, cap: int | None, **more: Any) -> SweepLayout:
    layout = StoreLayout(path / "experiments").project("bench").sweep("s1")
    values = {**CONFIG, **more, **({"run_cap": cap} if cap else {})}
    Controller.create(layout, parse_sweep(values), "method: random\n")
    return layout


def _start(program: str, *arguments: str, go: bool = False, log: Path | None = None) -> "subprocess.Popen[str]":
    out = subprocess.PIPE if log is None else open(log, "a")  # noqa: SIM115 - the child's
    started = subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=out,
        text=True,
        env=_environment(),
    )
    if log is not None and not isinstance(out, int):
        out.close()
    if go:
        assert started.stdin is not None
        started.stdin.write("go\n")
        started.stdin.flush()
    return started


def _environment() -> dict[str, str]:
    """As agents have it on most machines: bytecode is kept, so that one that starts compiles nothing."""
    return {name: each for name, each in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | {
        "OMP_NUM_THREADS": "1"
    }


def _line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline()


if __name__ == "__main__":
    main()
