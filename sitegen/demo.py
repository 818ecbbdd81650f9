"""The demo: runs its training script in processes of their own, as a person would, and stops one of them."""

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
from runstore.settings import PREFIXES

PROJECT: Final = "digits"
MODELS: Final = ("linear", "mlp", "boosting")
LEARNING_RATES: Final = (0.003, 0.03, 0.3)
FOLDS: Final = 5
DONE: Final = "done:"
"""Starts the line that the script prints when a run is over."""

_SCRIPT: Final = "sitegen.digits"
_HOME: Final = Path(__file__).resolve().parent.parent
_FINISHED: Final = (0,)
_FAILED: Final = (1,)
_TERMINATED: Final = (128 + signal.SIGTERM, -signal.SIGTERM)
_WORKERS = 2
_STOP_AT_EPOCH = 25
_EPOCH = re.compile(r"epoch +(\d+)")
# By this an earlier demo is known again, whatever else was said about it.
_MARK: Final = "Made by runstore demo."
_META: Final = ProjectMeta(
    title="Handwritten digits",
    description=(
        f"Three families of models, three learning rates and five folds on scikit-learn's images of digits. {_MARK}"
    ),
)

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
        tasks = [pool.submit(training.run, "compare", *share) for share in _shares()]
        tasks.append(pool.submit(training.run, "crop", ends_with=_FAILED))
        tasks.append(pool.submit(training.run, "marathon", stop_at=_STOP_AT_EPOCH, ends_with=_TERMINATED))
        try:
            for task in as_completed(tasks):
                task.result()
        except BaseException:
            training.stop()
            raise
    return store


def _shares() -> list[list[str]]:
    """What each worker compares: every configuration once, each family spread over the workers."""
    configurations = [f"{model}:{rate:g}" for model, rate in product(MODELS, LEARNING_RATES)]
    return [configurations[worker::_WORKERS] for worker in range(_WORKERS)]


def _prepare(layout: StoreLayout) -> None:
    """An empty store with the demo's project. Runs of an earlier demo go, those of anybody else never do."""
    project = layout.project(PROJECT)
    if any(found.name != PROJECT for found in layout.projects()):
        raise StoreError(f"{layout.root}: found other projects, expected nothing or an earlier demo; name another DIR")
    if project.path.exists():
        if not load_project(project.project_yaml).description.endswith(_MARK):
            raise StoreError(f"{project.path}: found a project of your own; name another DIR for the demo")
        shutil.rmtree(project.path)
    create_store(layout)
    project.path.mkdir()
    write_atomically(project.project_yaml, dump_project(_META))


class _Training:
    """The training processes of one demo, and how many of its runs are over."""

    def __init__(self, store: Path, report: Progress) -> None:
        self._store = store
        self._report = report
        self._total = len(MODELS) * len(LEARNING_RATES) * (FOLDS + 1) + 2
        self._over = 0
        self._lock = threading.Lock()
        self._processes: list[subprocess.Popen[str]] = []
        self._stopped = False
        report("training", 0, self._total)

    def run(self, task: str, *arguments: str, ends_with: Sequence[int] = _FINISHED, stop_at: int | None = None) -> None:
        """Runs the script to its end, or sends it SIGTERM at the epoch `stop_at`, as a scheduler does.

        Raises `RunstoreError` unless it ends with one of the exit codes `ends_with`.
        """
        with tempfile.TemporaryFile("w+", errors="replace") as complaints:
            with self._start(task, arguments, complaints) as process:
                assert process.stdout is not None
                for line in process.stdout:
                    if line.startswith(DONE):
                        self._count()
                    epoch = _EPOCH.match(line)
                    if epoch and int(epoch[1]) == stop_at:
                        process.terminate()
            if process.returncode not in ends_with and not self._stopped:
                raise RunstoreError(_complaint(task, process.returncode, complaints))
        if ends_with != _FINISHED:
            self._count()

    def stop(self) -> None:
        """Kills what still runs and starts nothing more."""
        with self._lock:
            self._stopped = True
            for process in self._processes:
                process.kill()

    def _start(self, task: str, arguments: Sequence[str], complaints: TextIO) -> subprocess.Popen[str]:
        with self._lock:
            if self._stopped:
                raise RunstoreError("the demo was stopped")
            process = subprocess.Popen(
                [sys.executable, "-m", _SCRIPT, task, str(self._store), *arguments],
                cwd=_HOME,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=complaints,
                encoding="utf-8",
                errors="replace",
            )
            self._processes.append(process)
            return process

    def _count(self) -> None:
        with self._lock:
            self._over += 1
            self._report("training", self._over, self._total)


def _environment() -> dict[str, str]:
    """This process's variables without settings for other runs; one thread a worker, output at once."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIXES)}
    kept |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"}
    if not (_HOME / ".git").exists():
        # Installed among other packages: a repository around them has nothing to do with the demo.
        kept["RUNSTORE_DISABLE_GIT"] = "true"
    return kept


def _complaint(task: str, code: int, complaints: TextIO) -> str:
    complaints.seek(0)
    lines = [line.strip() for line in complaints if line.strip()]
    last = lines[-1] if lines else "it said nothing"
    return f"the demo's `python -m {_SCRIPT} {task}` ended with exit code {code}: {last}"
