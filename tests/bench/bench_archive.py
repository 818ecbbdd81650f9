"""Archiving histories of training runs: `python -m tests.bench.bench_archive [--json PATH]`.

The histories are as PyTorch's training loops leave them: losses of 32 bits, a learning rate that falls, counters, a row
of validation metrics each hundred steps, clocks as the recorder reads them. A second kind has metrics of 64 random bits
each, which nothing can make much smaller: their share is told, without a bar.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import orjson

from runstore.manage.archiving import pack_runs, unpack_runs
from runstore.reading.store import read_store
from tests.bench import report
from tests.bench.make_store import make_store
from tests.bench.report import Measure
from tests.sites import build
from tests.stores import write_run

RUNS, STEPS = 24, 20_000
TURNS = 3
ENDED = {"state": "finished", "exit_code": 0, "finished": "2026-10-01T10:01:30Z"}


def main() -> None:
    report.run("Archiving", measure)


def measure() -> list[Measure]:
    with tempfile.TemporaryDirectory(prefix="runstore-bench-") as folder:
        root = Path(folder) / "experiments"
        for number in range(RUNS):
            write_run(root, "train", f"run{number:02d}", training(STEPS, number), state=ENDED)
        before = _size(root)
        turns = [_turn(root) for _ in range(TURNS)]
        packing, unpacking, after, loading = (median(column) for column in zip(*turns, strict=True))
        cold = [_cold(root, Path(folder) / f"site{turn}") for turn in range(TURNS)]
        random = Path(folder) / "random"
        make_store(random, 20, 5_000)
        share = _packed_share(random)
    rate = before / packing / 1e6
    return [
        Measure("packing 50 MB of histories", 50 / rate, "s", 1.0, f"{before / 1e6:.0f} MB at {rate:.0f} MB/s"),
        Measure(
            "packing, to orjson.loads of each line", packing / loading, "×", 6.9, "344 MB/s where nobody else works"
        ),
        Measure("what is left of them", after / before, "×", 1 / 6, f"{before / after:.1f} times smaller"),
        Measure("giving 50 MB back", 50e6 / before * unpacking, "s", note=f"{before / unpacking / 1e6:.0f} MB/s"),
        Measure("reading it anew, to reading lines", median(read for read, _ in cold), "×", 1.0),
        Measure("a build without a cache, to one of lines", median(built for _, built in cold), "×", 1.05),
        Measure("what is left of 64 random bits a metric", share, "×"),
    ]


def training(steps: int, seed: int) -> bytes:
    """The lines of a training loop."""
    generator = np.random.default_rng(seed)
    pause = generator.gamma(20, 0.01, steps)
    runtime = (183_214.123456789 + np.cumsum(pause)) - 183_214.123456789
    moment = 1.79e9 + np.cumsum(pause) + generator.normal(0, 1e-6, steps)
    loss = 2.3 * np.exp(-np.arange(steps) / steps * 4) + 0.05 * generator.normal(size=steps)
    columns: dict[str, np.ndarray] = {
        "train/loss": loss.astype(np.float32),
        "train/accuracy": np.clip(1 - loss / 2.5, 0, 1).astype(np.float32),
        "train/grad_norm": generator.gamma(2, 1, steps).astype(np.float32),
        "train/learning_rate": 5e-4 * (1 + np.cos(np.pi * np.arange(steps) / steps)),
        "epoch": np.arange(steps) // 1000,
        "samples": np.arange(steps) * 64,
        "_step": np.arange(steps),
        "_runtime": runtime,
        "_timestamp": moment,
    }
    listed = {key: column.tolist() for key, column in columns.items()}
    lines = []
    for step in range(steps):
        lines.append(orjson.dumps({key: column[step] for key, column in listed.items()}))
        if step % 100 == 99:
            clocks = {key: listed[key][step] for key in ("_step", "_runtime", "_timestamp")}
            lines.append(orjson.dumps({"val/loss": listed["train/loss"][step] * 1.1, "val/accuracy": 0.5, **clocks}))
    return b"\n".join(lines) + b"\n"


def _turn(root: Path) -> tuple[float, float, int, float]:
    """Seconds to pack and to unpack every run, and the bytes in between; seconds to parse every line."""
    runs = read_store(root).projects[0].runs
    loading = _took(lambda: sum(map(_parse, root.rglob("history.jsonl"))))
    packing = _took(lambda: list(pack_runs(runs, _tell)))
    after = _size(root)
    return packing, _took(lambda: list(unpack_runs(runs, _tell))), after, loading


def _parse(path: Path) -> int:
    return sum(len(orjson.loads(line)) for line in path.read_bytes().splitlines())


def _cold(root: Path, out: Path) -> tuple[float, float]:
    """Reading and building the archived store without a cache, to the same of its lines."""
    runs = read_store(root).projects[0].runs
    lines = _read_and_build(root, out / "lines")
    list(pack_runs(runs, _tell))
    packed = _read_and_build(root, out / "packed")
    list(unpack_runs(runs, _tell))
    return packed[0] / lines[0], packed[1] / lines[1]


def _read_and_build(root: Path, out: Path) -> tuple[float, float]:
    (root / ".cache").rename(out.parent.parent / f"cache-{out.parent.name}-{out.name}")
    reading = _took(lambda: read_store(root))
    (root / ".cache").rename(out.parent.parent / f"again-{out.parent.name}-{out.name}")
    return reading, _took(lambda: build(root, out))


def _packed_share(root: Path) -> float:
    runs = read_store(root).projects[0].runs
    before = _size(root)
    list(pack_runs(runs, _tell))
    return _size(root) / before


def _size(root: Path) -> int:
    return sum(path.stat().st_size for path in root.rglob("history*") if path.is_file() and ".cache" not in path.parts)


def _tell() -> None:
    return


def _took(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
