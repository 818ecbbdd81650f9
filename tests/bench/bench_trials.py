"""Whole trivial trials, many processes at one search: `python -m tests.bench.bench_trials [--json PATH]`.

Ours run through `runstore.agent`, each trial with a run directory of its own; Optuna's through a study in its journal
file, which keeps no runs. All processes have done one elsewhere before the clock starts: what a process imports and
finds out once is not measured.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench import report
from tests.bench.report import Measure

ROOT = Path(__file__).resolve().parent.parent.parent
TRIALS = 400
PROCESSES = 32
TURNS = 5
"""The middle one of so many counts: how fast a shared machine is changes by the minute."""
PATIENCE_SECONDS = 600.0

_WAIT = """
import os, sys, time
from pathlib import Path
folder = Path(sys.argv[1])
def wait():
    (folder / f"ready-{os.getpid()}").touch()
    while not (folder / "go").exists():
        time.sleep(0.01)
"""
_CREATE = """
import runstore
config = {"method": "random", "metric": {"name": "loss", "goal": "minimize"}, "run_cap": int(sys.argv[2]), "seed": 1,
          "parameters": {"x": {"min": -5.0, "max": 5.0}, "y": {"min": -5.0, "max": 5.0}}}
(folder / "sweep").write_text(runstore.sweep(config, project="bench"))
"""
_AGENT = """
import runstore
def train():
    with runstore.init() as run:
        run.log({"loss": run.config["x"] ** 2 + run.config["y"] ** 2})
config = {"method": "random", "metric": {"name": "loss"}, "run_cap": 1, "parameters": {"x": {"min": 0.0, "max": 1.0},
          "y": {"min": 0.0, "max": 1.0}}}
runstore.agent(runstore.sweep(config, project="before"), function=train, project="before")
wait()
runstore.agent((folder / "sweep").read_text(), function=train, project="bench")
"""
_STUDY = """
import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
optuna.logging.set_verbosity(optuna.logging.ERROR)
storage = JournalStorage(JournalFileBackend(str(folder / "journal.log")))
"""
_OPTUNA_CREATE = _STUDY + 'optuna.create_study(storage=storage, study_name="bench")\n'
_OPTUNA = (
    _STUDY
    + """
from optuna.study import MaxTrialsCallback
def objective(trial):
    return trial.suggest_float("x", -5, 5) ** 2 + trial.suggest_float("y", -5, 5) ** 2
study = optuna.load_study(storage=storage, study_name="bench", sampler=optuna.samplers.RandomSampler())
optuna.create_study(sampler=optuna.samplers.RandomSampler()).optimize(objective, n_trials=1)
wait()
study.optimize(objective, callbacks=[MaxTrialsCallback(int(sys.argv[2]))])
"""
)
_OPTUNA_COUNT = (
    _STUDY
    + """
trials = optuna.load_study(storage=storage, study_name="bench").trials
print([len(trials), max(trial.datetime_complete.timestamp() for trial in trials if trial.datetime_complete)])
"""
)


@dataclass(frozen=True, slots=True)
class Turn:
    """How many trials there were at the end, and how long (s) it took until the last one had its result."""

    trials: int
    seconds: float

    @property
    def rate(self) -> float:
        return self.trials / self.seconds


def main() -> None:
    report.run("Whole trials", measure)


def measure() -> list[Measure]:
    # All of it is deleted at the end: for minutes after files were deleted ext4 takes long to make new ones.
    with tempfile.TemporaryDirectory() as folder:
        return _measure(Path(folder))


def _measure(folder: Path) -> list[Measure]:
    found = []
    for processes, turns in ((1, 1), (8, 1), (PROCESSES, TURNS)):
        trials = TRIALS if processes == PROCESSES else TRIALS // 4
        pairs = [
            (
                _ours(folder / f"ours-{processes}-{turn}", processes, trials),
                _theirs(folder / f"optuna-{processes}-{turn}", processes, trials),
            )
            for turn in range(turns)
        ]
        ratios = sorted(theirs.rate / ours.rate for ours, theirs in pairs)
        of_each = ", ".join(
            f"{ours.rate:.0f} trials/s to {theirs.rate:.0f} ({theirs.trials} in place of {trials})"
            for ours, theirs in pairs
        )
        bar = 1 / 1.5 if processes == PROCESSES else None
        name = f"time of a trial, {processes} agents, to Optuna's"
        found.append(Measure(name, ratios[len(ratios) // 2], "×", bar, of_each))
        off = max(abs(ours.trials - trials) for ours, _ in pairs)
        found.append(Measure(f"runs over or under run_cap, {processes} agents", off, "", 0))
    return found


def _ours(folder: Path, processes: int, trials: int) -> Turn:
    folder.mkdir()
    _run(folder, _WAIT + _CREATE, trials)
    began = _together(folder, _WAIT + _AGENT, processes, trials)
    ends = [path.stat().st_mtime for path in (folder / "experiments" / "bench" / "sweeps").glob("*/done/*/*")]
    runs = list((folder / "experiments" / "bench" / "runs").glob("*/history.jsonl"))
    return Turn(sum(path.stat().st_size > 0 for path in runs), max(ends) - began)


def _theirs(folder: Path, processes: int, trials: int) -> Turn:
    folder.mkdir()
    _run(folder, _WAIT + _OPTUNA_CREATE, trials)
    began = _together(folder, _WAIT + _OPTUNA, processes, trials)
    number, ended = json.loads(_run(folder, _WAIT + _OPTUNA_COUNT, trials))
    return Turn(number, ended - began)


def _together(folder: Path, code: str, processes: int, trials: int) -> float:
    """Starts the processes, lets them go when all are ready, and waits for them; the time (epoch s) of that moment."""
    with (folder / "errors.txt").open("wb") as errors:
        started = [
            subprocess.Popen(
                _command(folder, code, trials), env=_environment(folder), cwd=folder, stdout=errors, stderr=errors
            )
            for _ in range(processes)
        ]
        try:
            _wait_for(lambda: len(list(folder.glob("ready-*"))) == processes, started)
            began = time.time()
            (folder / "go").touch()
            codes = [process.wait(timeout=PATIENCE_SECONDS) for process in started]
        finally:
            for process in started:
                process.kill()
    if any(codes):
        raise RuntimeError(f"a process ended with {max(codes)}: {(folder / 'errors.txt').read_text()[-2000:]}")
    return began


def _wait_for(holds: Callable[[], bool], started: Sequence["subprocess.Popen[bytes]"]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        if time.monotonic() > deadline or any(process.poll() for process in started):
            raise RuntimeError("a process ended before it was ready")
        time.sleep(0.05)


def _run(folder: Path, code: str, trials: int) -> str:
    done = subprocess.run(
        _command(folder, code, trials), env=_environment(folder), cwd=folder, check=True, stdout=subprocess.PIPE
    )
    return done.stdout.decode()


def _command(folder: Path, code: str, trials: int) -> list[str]:
    return [sys.executable, "-c", code, str(folder), str(trials)]


def _environment(folder: Path) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("RUNSTORE_", "WANDB_"))}
    ours = {"RUNSTORE_DIR": str(folder / "experiments"), "RUNSTORE_SILENT": "true"}
    return {**kept, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **ours}


if __name__ == "__main__":
    main()
