"""Writes a large store by hand, as any program may: the input of the build benchmarks.

python tests/bench/make_store.py DIR --runs 1000 --steps 1000 --metrics 5
"""

import argparse
import json
import random
from pathlib import Path

import numpy as np
import orjson

METRICS = ("train/loss", "train/accuracy", "val/loss", "val/accuracy", "lr")


def make_store(root: Path, runs: int, steps: int, metrics: int = 5, project: str = "bench") -> int:
    """Writes `runs` runs of `steps` rows with `metrics` metrics below `root`; returns the bytes of history."""
    generator = np.random.default_rng(0)
    chooser = random.Random(0)
    names = [METRICS[i] if i < len(METRICS) else f"extra/metric_{i}" for i in range(metrics)]
    root.mkdir(parents=True, exist_ok=True)
    (root / "store.yaml").write_text("format: 1\nentity: ''\nartifacts: commit\n")
    size = 0
    for number in range(runs):
        folder = root / project / "runs" / f"run{number:05d}"
        folder.mkdir(parents=True)
        size += _write_history(folder, names, generator, steps, start=1.79e9 + 60 * number)
        _write_small_files(folder, number, chooser, steps, names)
    return size


def _write_history(folder: Path, names: list[str], generator: np.random.Generator, steps: int, start: float) -> int:
    curve = np.exp(-np.arange(steps) / generator.uniform(0.05, 0.5) / steps)[:, None]
    values = (curve * generator.uniform(0.5, 3, len(names)) + generator.normal(0, 0.02, (steps, len(names)))).tolist()
    lines = [
        orjson.dumps(
            {
                **dict(zip(names, row, strict=True)),
                "_step": step,
                "_runtime": step * 0.5,
                "_timestamp": start + step * 0.5,
            }
        )
        for step, row in enumerate(values)
    ]
    data = b"\n".join(lines) + b"\n"
    (folder / "history.jsonl").write_bytes(data)
    (folder / "summary.json").write_bytes(lines[-1])
    return len(data)


def _write_small_files(folder: Path, number: int, chooser: random.Random, steps: int, names: list[str]) -> None:
    (folder / "run.yaml").write_text(
        f"id: {folder.name}\nname: steady-bench-{number}\n"
        f"created: '2026-10-01T{number // 60 % 24:02d}:{number % 60:02d}:00Z'\n"
        f"group: ''\njob_type: train\ntags: [bench]\nnotes: ''\nsweep: ''\n"
    )
    (folder / "config.yaml").write_text(
        f"lr: {chooser.choice(['1e-4', '1e-3', '1e-2'])}\noptimizer: {chooser.choice(['adam', 'sgd', 'lion'])}\n"
        f"batch_size: {chooser.choice([32, 64, 128])}\nseed: {number}\nmodel:\n  depth: {chooser.choice([2, 4, 8])}\n"
        f"  width: {chooser.choice([128, 256])}\n"
    )
    state = {
        "state": "finished",
        "exit_code": 0,
        "finished": f"2026-10-02T{number // 60 % 24:02d}:{number % 60:02d}:00Z",
    }
    (folder / "state.json").write_text(json.dumps(state))
    (folder / "provenance.json").write_text(
        json.dumps(
            {"host": f"node{number % 8}", "user": "ada", "os": "Linux", "python": "3.11.7", "command": ["train.py"]}
        )
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--metrics", type=int, default=5)
    arguments = parser.parse_args()
    size = make_store(arguments.root, arguments.runs, arguments.steps, arguments.metrics)
    print(f"{size / 1e6:.0f} MB of history in {arguments.root}")


if __name__ == "__main__":
    main()
