"""The demo: runs its training scripts in processes of their own, as a person would, and stops some of them."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import product
from pathlib import Path
from typing import Final, TextIO

from runstore.errors import RunstoreError, StoreError
from runstore.format.layout import STORE_DIR, StoreLayout
from runstore.format.locate import enclosing_store
from runstore.format.records import ProjectMeta, create_store, dump_project, load_project, write_atomically
from runstore.manage.views import save_view
from runstore.settings import PREFIXES
from sitegen.demo_reported import commit_as_demo, run_git, write_reports
from sitegen.demo_views import VIEWS

DIGITS: Final = "digits"
DENOISE: Final = "denoise"
ONLINE: Final = "online"
TUNING: Final = "tuning"
MODELS: Final = ("linear", "mlp", "boosting")
LEARNING_RATES: Final = (0.003, 0.03, 0.3)
FOLDS: Final = 5
WIDTHS: Final = (8, 32, 128)
SEEDS: Final = (0, 1, 2)
STEADY_RATES: Final = (0.02, 1.0)
INTERRUPTED_RATE: Final = 0.2
CRASHED_RATE: Final = 0.1
SWEEP_TRIALS: Final = 32
DONE: Final = "done:"
"""Starts the line that the script prints when a run is over."""

_SCRIPT: Final = "sitegen.digits"
_DENOISE_SCRIPT: Final = "sitegen.demo_denoise"
_ONLINE_SCRIPT: Final = "sitegen.demo_online"
_SWEEP_SCRIPT: Final = "sitegen.demo_sweep"
_HOME: Final = Path(__file__).resolve().parent.parent
_FINISHED: Final = (0,)
_FAILED: Final = (1,)
_TERMINATED: Final = (128 + signal.SIGTERM, -signal.SIGTERM)
_KILLED: Final = (-signal.SIGKILL,)
_CODE: Final = "_code"
_SCRIPT_FILE: Final = "digits.py"
# What is committed, and what somebody made of it.
_CHANGE: Final = ("_CROPPED_COLUMNS = 1", "_CROPPED_COLUMNS = 0")
_WORKERS = 2
_AGENTS = 2
_STOP_AT_EPOCH = 25
_STOP_AT_PICTURE = 3_000
_PLACE = re.compile(r"(?:\x1b\[2m)?(?:epoch|picture) +(\d+)")
# The runs are short: at the usual 15 s they had no system metrics to show.
_STATS_INTERVAL: Final = 0.1
# By this an earlier demo is known again, whatever else was said about it.
_MARK: Final = "Made by runstore demo."
_METAS: Final = {
    DIGITS: ProjectMeta(
        title="Handwritten digits",
        description=(
            f"Three families of models, three learning rates and five folds on scikit-learn's images of digits. {_MARK}"
        ),
        visibility="public",
    ),
    DENOISE: ProjectMeta(
        title="Denoising digits",
        description=f"Networks that take the noise out of pictures: three widths, three seeds each. {_MARK}",
        visibility="public",
    ),
    ONLINE: ProjectMeta(
        title="One picture at a time",
        description=f"Softmax regression on a stream of 20,000 digits, a row for each of them. {_MARK}",
        visibility="public",
    ),
    TUNING: ProjectMeta(
        title="Tuning a network",
        description=f"A sweep: two agents look for the best of a small network's settings together. {_MARK}",
        visibility="public",
    ),
}

Progress = Callable[[str, int, int], None]
"""Called with what is being done, and how much of it is done, of how much."""


def run_demo(directory: Path, *, progress: Progress | None = None) -> Path:
    """Trains the demo's models and logs their runs into a store below `directory`; returns the store.

    What an earlier demo left there is replaced. Raises `StoreError` where somebody's own runs are or inside of a
    store, `RunstoreError` when the training does not come to the end it should.
    """
    if found := enclosing_store(directory):
        raise StoreError(
            f"{directory}: found a store's own directory ({found}), expected one outside of every store; "
            "name another DIR for the demo"
        )
    store = directory.absolute() / STORE_DIR
    _prepare(StoreLayout(store))
    training = _Training(store, progress or (lambda *_: None))
    with ThreadPoolExecutor(_WORKERS) as pool:
        # The front page begins with the project that was worked on last: the comparison.
        tasks = [
            pool.submit(_crash, training),
            pool.submit(_interrupt, training),
            pool.submit(training.run, _DENOISE_SCRIPT, "train", *map(str, WIDTHS)),
            pool.submit(_search, training, StoreLayout(store)),
            pool.submit(training.run, _SCRIPT, "crop", ends_with=_FAILED, code=_changed_code(directory)),
            pool.submit(training.run, _SCRIPT, "marathon", ends_with=_TERMINATED, stop_at=_STOP_AT_EPOCH),
            *(pool.submit(training.run, _SCRIPT, "compare", *share) for share in _shares()),
        ]
        try:
            for task in as_completed(tasks):
                task.result()
        except BaseException:
            training.stop()
            raise
    write_reports(directory, StoreLayout(store))
    return store


def _crash(training: "_Training") -> None:
    """Kills a process in its last run as a machine that goes down does."""
    rates = [*map(str, STEADY_RATES), str(CRASHED_RATE)]
    last = len(rates) - 1
    training.run(_ONLINE_SCRIPT, "train", *rates, ends_with=_KILLED, stop_at=_STOP_AT_PICTURE, after=last)
    training.count()


def _interrupt(training: "_Training") -> None:
    """The same, and then the run is resumed."""
    rate = str(INTERRUPTED_RATE)
    training.run(_ONLINE_SCRIPT, "train", rate, ends_with=_KILLED, stop_at=_STOP_AT_PICTURE)
    training.run(_ONLINE_SCRIPT, "resume", rate)


def _search(training: "_Training", layout: StoreLayout) -> None:
    """Creates the sweep, and starts its agents."""
    training.run(_SWEEP_SCRIPT, "create")
    agents = [sweep for sweep in layout.project(TUNING).sweep_ids() for _ in range(_AGENTS)]
    with ThreadPoolExecutor(_AGENTS) as pool:
        for agent in [pool.submit(training.run, _SWEEP_SCRIPT, "agent", sweep) for sweep in agents]:
            agent.result()


def _changed_code(directory: Path) -> Path | None:
    """A git repository below `directory` whose script differs from its commit by a line, as code does that somebody
    tries out; None where there is no git."""
    code = directory.absolute() / _CODE
    code.mkdir(exist_ok=True)
    text = (Path(__file__).parent / _SCRIPT_FILE).read_text(encoding="utf-8")
    (code / _SCRIPT_FILE).write_text(text.replace(*_CHANGE), encoding="utf-8")
    if not run_git(code, *commit_as_demo(_SCRIPT_FILE, message="Compare three families of models")):
        return None
    (code / _SCRIPT_FILE).write_text(text, encoding="utf-8")
    return code


def _shares() -> list[list[str]]:
    """What each worker compares: every configuration once, each family spread over the workers."""
    configurations = [f"{model}:{rate:g}" for model, rate in product(MODELS, LEARNING_RATES)]
    return [configurations[worker::_WORKERS] for worker in range(_WORKERS)]


def _prepare(layout: StoreLayout) -> None:
    """An empty store with the demo's projects. Runs of an earlier demo go, those of anybody else never do."""
    if any(found.name not in _METAS for found in layout.projects()):
        raise StoreError(f"{layout.root}: found other projects, expected nothing or an earlier demo; name another DIR")
    for project in layout.projects():
        if not load_project(project.project_yaml).description.endswith(_MARK):
            raise StoreError(f"{project.path}: found a project of your own; name another DIR for the demo")
    for project in layout.projects():
        shutil.rmtree(project.path)
    create_store(layout)
    for name, meta in _METAS.items():
        project = layout.project(name)
        project.path.mkdir()
        write_atomically(project.project_yaml, dump_project(meta))
        for view in VIEWS.get(name, ()):
            save_view(project, view)


class _Training:
    """The training processes of one demo, and how many of its runs are over."""

    def __init__(self, store: Path, report: Progress) -> None:
        self._store = store
        self._report = report
        self._total = len(MODELS) * len(LEARNING_RATES) * (FOLDS + 1) + 2
        self._total += len(WIDTHS) * len(SEEDS) + 2 + len(STEADY_RATES) + 2 + SWEEP_TRIALS
        self._over = 0
        self._lock = threading.Lock()
        self._processes: list[subprocess.Popen[str]] = []
        self._stopped = False
        report("training", 0, self._total)

    def run(
        self,
        script: str,
        task: str,
        *arguments: str,
        ends_with: Sequence[int] = _FINISHED,
        stop_at: int | None = None,
        after: int = 0,
        code: Path | None = None,
    ) -> None:
        """Runs a script to its end, or by the signal in `ends_with` to the epoch or picture `stop_at` of the run that
        follows `after` others.

        With `code` it is the script of that repository. Raises `RunstoreError` unless it ends with one of the exit
        codes `ends_with`.
        """
        with tempfile.TemporaryFile("w+", errors="replace") as complaints:
            command = ["-m", script] if code is None else [_SCRIPT_FILE]
            with self._start([*command, task, str(self._store), *arguments], complaints, code) as process:
                assert process.stdout is not None
                over = 0
                for line in process.stdout:
                    if line.startswith(DONE):
                        over += 1
                        self.count()
                    place = _PLACE.match(line)
                    if place and int(place[1]) == stop_at and over == after:
                        process.send_signal(-min(ends_with))
            if process.returncode not in ends_with and not self._stopped:
                raise RunstoreError(_complaint(f"{script} {task}", process.returncode, complaints))
        if ends_with in (_FAILED, _TERMINATED):
            self.count()

    def stop(self) -> None:
        """Kills what still runs and starts nothing more."""
        with self._lock:
            self._stopped = True
            for process in self._processes:
                process.kill()

    def _start(self, arguments: Sequence[str], complaints: TextIO, code: Path | None) -> subprocess.Popen[str]:
        with self._lock:
            if self._stopped:
                raise RunstoreError("the demo was stopped")
            process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=code or _HOME,
                env=_environment(code),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=complaints,
                encoding="utf-8",
                errors="replace",
            )
            self._processes.append(process)
            return process

    def count(self) -> None:
        """One more run is over."""
        with self._lock:
            self._over += 1
            self._report("training", self._over, self._total)


def _environment(code: Path | None = None) -> dict[str, str]:
    """This process's variables without settings for other runs; one thread a worker, output at once."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIXES)}
    kept |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"}
    kept["RUNSTORE_STATS_INTERVAL"] = str(_STATS_INTERVAL)
    if code is not None:
        kept["PYTHONPATH"] = os.pathsep.join(filter(None, (str(_HOME), kept.get("PYTHONPATH"))))
    elif not (_HOME / ".git").exists():
        # Installed among other packages: a repository around them has nothing to do with the demo.
        kept["RUNSTORE_DISABLE_GIT"] = "true"
    return kept


def _complaint(command: str, code: int, complaints: TextIO) -> str:
    complaints.seek(0)
    lines = [line.strip() for line in complaints if line.strip()]
    last = lines[-1] if lines else "it said nothing"
    return f"the demo's `python -m {command}` ended with exit code {code}: {last}"
