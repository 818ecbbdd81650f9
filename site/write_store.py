"""A hook of MkDocs: writes the small store whose runs the documentation shows, where there is none yet."""

import math
import random
from pathlib import Path

import runstore

STORE = Path(__file__).resolve().parent / "experiments"
RATES = (0.03, 0.1, 0.4)
SEEDS = (0, 1, 2)


def on_startup(**_: object) -> None:
    """Before MkDocs reads its configuration."""
    if (STORE / "store.yaml").is_file():
        return
    for rate in RATES:
        for seed in SEEDS:
            descend(rate, seed)
    (STORE / "descent" / "project.yaml").write_text(
        "title: Down a valley\ndescription: Noisy gradient descent on Rosenbrock's function.\nvisibility: public\n",
        encoding="utf-8",
    )


def descend(rate: float, seed: int) -> None:
    """One run: gradient descent with noise on Rosenbrock's function, its steps no longer than one."""
    noise = random.Random(seed)
    x, y = -1.2, 1.0
    settings = runstore.Settings(console="off", silent=True)
    config = {"rate": rate, "seed": seed}
    name = f"rate {rate}, seed {seed}"
    with runstore.init(project="descent", dir=STORE, name=name, config=config, settings=settings) as run:
        for _ in range(300):
            dx = -2 * (1 - x) - 40 * x * (y - x * x) + noise.gauss(0, 1)
            dy = 20 * (y - x * x) + noise.gauss(0, 1)
            length = max(1.0, math.hypot(dx, dy))
            x, y = x - rate * dx / length, y - rate * dy / length
            run.log({"loss": (1 - x) ** 2 + 10 * (y - x * x) ** 2, "distance": math.hypot(1 - x, 1 - y)})
