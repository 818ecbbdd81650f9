"""Reading a store at a tag, 1,000 runs of small files: `python -m tests.bench.bench_past [--json PATH]`.

The baseline is what a person would do: `git worktree add` beside the repository, and a first look at what lies there.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from runstore.manage.gate import gate
from runstore.manage.terms import Terms
from runstore.reading.revision import store_at
from runstore.reading.store import read_store
from tests.bench import report
from tests.bench.make_store import make_store
from tests.bench.report import Measure
from tests.repositories import Repo

RUNS, STEPS = 1_000, 50
TURNS = 5


def main() -> None:
    report.run("Reading the past", measure)


def measure() -> list[Measure]:
    with tempfile.TemporaryDirectory(prefix="runstore-bench-") as folder:
        repo = Repo.init(Path(folder) / "project")
        store = repo.top / "experiments"
        make_store(store, RUNS, STEPS)
        repo.commit(tag="v1")
        turns = [_turn(repo, Path(folder) / f"beside{turn}") for turn in range(TURNS)]
        then, numbers, checkout = (median(column) for column in zip(*turns, strict=True))
        now = read_store(store)
        with store_at(store, "v1", numbers_only=True) as past:
            compared = _took(lambda: gate(now, past.store, Terms()))
    ratio = median(whole / bare for whole, _, bare in turns)
    return [
        Measure("git worktree add, and a first look", checkout, "s", note=f"{RUNS} runs"),
        Measure("store_at of a tag", ratio, "×", 1.5, f"{then:.2f} s"),
        Measure("… of numbers only", numbers, "s"),
        Measure("a gate of as many runs, read", compared, "s"),
    ]


def _turn(repo: Repo, beside: Path) -> tuple[float, float, float]:
    """Seconds for all of the store, for its numbers, and for the baseline: one after another on one machine."""
    store = repo.top / "experiments"

    def past(numbers_only: bool) -> None:
        with store_at(store, "v1", numbers_only=numbers_only):
            pass

    def checkout() -> None:
        repo.git("worktree", "add", "-q", "--detach", beside, "v1")
        read_store(beside / "experiments")
        repo.git("worktree", "remove", "--force", beside)

    return _took(lambda: past(False)), _took(lambda: past(True)), _took(checkout)


def _took(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
