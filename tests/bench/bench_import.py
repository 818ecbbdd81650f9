"""What importing costs: `python -m tests.bench.bench_import [--json PATH]`.

100 MB of scalar events, as torch's SummaryWriter writes them, imported into a store, beside TensorBoard's own
EventAccumulator, which only reads the same files; and a second import of them, which finds nothing new. Both work in
one thread: the seconds are those of the processor, so that nothing else on the machine counts.
"""

import random
import subprocess
import tempfile
import time
from pathlib import Path

from runstore.format.layout import StoreLayout
from runstore.format.records import create_store
from runstore.importers import tensorboard
from runstore.importers.writing import Brought, bring
from tests.bench import report
from tests.bench.report import Measure
from tests.events.event_files import record, scalar, version
from tests.libraries import environments

BYTES = 100_000_000
RUNS = 4
TAGS = ("train/loss", "train/accuracy", "val/loss", "val/accuracy", "lr", "grad_norm", "time/step", "gpu/memory")
ACCUMULATOR = """
import sys, time
from pathlib import Path
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
begun, points = time.process_time(), 0
for folder in sorted({path.parent for path in Path(sys.argv[1]).rglob("*tfevents*")}):
    found = EventAccumulator(str(folder), size_guidance={"scalars": 0}).Reload()
    points += sum(len(found.Scalars(tag)) for tag in found.Tags()["scalars"])
print(time.process_time() - begun, points)
"""


def main() -> None:
    report.run("What importing costs", measure)


def measure() -> list[Measure]:
    with tempfile.TemporaryDirectory() as folder:
        logs = Path(folder) / "logs"
        points = sum(_write(logs / f"run{number}") for number in range(RUNS))
        store = StoreLayout(Path(folder) / "experiments")
        create_store(store)
        imported, brought = _bring(logs, store)
        again, unchanged = _bring(logs, store)
        base, read = _accumulate(logs)
        assert read == points
        assert sum(each.rows for each in brought) == points // len(TAGS)
        assert {each.outcome for each in unchanged} == {"unchanged"}
    size = BYTES / 1e6
    return [
        Measure(
            "Import of 100 MB of events over EventAccumulator",
            imported / base,
            "×",
            1 / 3,
            f"{base / imported:.1f} times as fast",
        ),
        Measure("  by itself", imported, "s", note=f"{size / imported:.0f} MB/s, {points:,} values"),
        Measure("  EventAccumulator", base, "s", note=f"{size / base:.2g} MB/s, into memory"),
        Measure("  a second import, which finds nothing new", again, "s"),
    ]


def _write(folder: Path) -> int:
    """Writes a run's event file; how many values there are."""
    folder.mkdir(parents=True)
    source, step, written, parts = random.Random(0), 0, 0, [record(version())]
    while written < BYTES / RUNS:
        rows = [record(scalar(step, tag, source.random(), 1.7e9 + step)) for tag in TAGS]
        written += sum(map(len, rows))
        parts += rows
        step += 1
    (folder / f"events.out.tfevents.1700000000.host.{folder.name}.0").write_bytes(b"".join(parts))
    return step * len(TAGS)


def _bring(logs: Path, store: StoreLayout) -> tuple[float, list[Brought]]:
    begun = time.process_time()
    found = [bring(run, store, "bench") for run in tensorboard.runs(logs)]
    return time.process_time() - begun, found


def _accumulate(logs: Path) -> tuple[float, int]:
    command = [str(environments.python("trackers")), "-c", ACCUMULATOR, str(logs)]
    seconds, points = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return float(seconds), int(points)


if __name__ == "__main__":
    main()
