"""How good the search is: `python -m tests.bench.bench_search [--rivals] [--seeds N] [--from-seed N] [--problems A,B]`.

The median regret after 60 trials, with one agent and with 8 that do not wait for one another; and seconds a
suggestion. `--rivals` runs other engines on the same problems beside ours (about an hour), W&B's in a virtual
environment of its own. Numbers of threads are 1: set OMP_NUM_THREADS=1.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

from tests.bench.report import Measure, print_table, save
from tests.bench.search_engines import configuration, engines
from tests.bench.search_problems import PROBLEMS, Problem, regret

TRIALS = 60
WORKERS = (1, 8)
SEEDS = 10
BARS = {"Branin": (2e-5, 1e-4), "Hartmann6": (6e-4, 0.05), "Ackley5": (4.0, 4.5), "mixed": (5e-4, 1.4e-3)}
"""The best of the others as they were measured before: with one agent, with 8."""
SECONDS = {300: 0.3, 1000: 1.0}
"""The most that a suggestion may take, by the number of trials before it."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, metavar="PATH", help="keep the numbers in this file")
    parser.add_argument("--rivals", action="store_true", help="other engines too")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--from-seed", type=int, default=0, metavar="N", help="the first seed")
    parser.add_argument("--problems", default=",".join(PROBLEMS))
    arguments = parser.parse_args()
    chosen = [PROBLEMS[name] for name in arguments.problems.split(",") if name]
    seeds = range(arguments.from_seed, arguments.from_seed + arguments.seeds)
    found = [*measure_quality(chosen, seeds, arguments.rivals), *measure_seconds()]
    print_table(found)
    if arguments.json is not None:
        save(found, arguments.json)


def measure_quality(problems: list[Problem], seeds: range, rivals: bool) -> list[Measure]:
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for problem in problems:
            for name, make in engines(Path(folder), rivals).items():
                for agents, bar in zip(WORKERS, BARS.get(problem.name, (None, None)), strict=True):
                    ends = [regret(make(problem, s, agents), problem, s, agents, TRIALS) for s in seeds]
                    quarter, last = np.quantile(ends, [0.25, 0.75])
                    note = f"quartiles {quarter:.2g} … {last:.2g}"
                    # As powers of ten the table shows small numbers as well.
                    label = f"{problem.name}, {agents} agent{'s' if agents > 1 else ''}, {name}"
                    found.append(Measure(label, float(median(ends)), "", bar if name == "ours" else None, note))
                    print(f"{label}: {median(ends):.3g} ({note})", flush=True)
    return found


def measure_seconds() -> list[Measure]:
    """Of processor time: a suggestion in 8 dimensions, after 300 and after 1,000 trials."""
    from sweeps.config.sweep import parse_sweep
    from sweeps.search.registry import make_engine
    from sweeps.search.view import Known, Told

    parameters = {f"x{column}": {"min": 0.0, "max": 1.0} for column in range(6)}
    mixed = {**parameters, "layers": {"min": 1, "max": 8}, "optimizer": {"values": ["sgd", "adam", "adamw"]}}
    plain = {f"x{column}": {"min": 0.0, "max": 1.0} for column in range(8)}
    found = []
    for name, space in (("8 floats", plain), ("mixed", mixed)):
        config = parse_sweep(configuration(Problem(name, space, lambda _, __: 0.0, 0.0), 1))
        engine, rng = make_engine(config), np.random.default_rng(0)
        for trials, bar in SECONDS.items():
            points = [config.space.draw(rng) for _ in range(trials)]
            values = [sum((float(p[f"x{c}"]) - 0.3) ** 2 for c in range(6)) for p in points]
            told = [Told(n, p, "done", v) for n, (p, v) in enumerate(zip(points, values, strict=True))]
            taken = []
            for repeat in range(3):
                begun = time.process_time()
                engine.suggest(Known(trials, told[: trials - repeat]), 1)
                taken.append(time.process_time() - begun)
            found.append(Measure(f"a suggestion after {trials} trials, {name}", min(taken), "s", bar))
    return found


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
