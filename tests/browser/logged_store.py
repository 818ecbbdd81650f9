"""A store whose runs logged the same media and tables, at steps of their own."""

import math
from pathlib import Path
from typing import Any

from tests.media_files import png, stored, table
from tests.stores import write_run, write_store

GROUPS = ("adam", "sgd")
SEEDS = 3
LABELS = ("cat", "dog", "owl")


def rows_of(group: str, seed: int, step: int) -> list[list[Any]]:
    """The predictions of a run at a step: id, label, score, right."""
    shift = 10 * seed + step + (100 if group == "sgd" else 0)
    return [[at, LABELS[at % 3], math.sin(at + shift) / 2 + 0.5, (at + shift) % 4 != 0] for at in range(12)]


def steps_of(seed: int) -> list[int]:
    """When a run logged: the first every 2 steps, the others every 3 and 4 steps, from their own first one."""
    return list(range(seed, 13, seed + 2))


def _picture(folder: Path, tone: int, step: int) -> dict[str, Any]:
    return stored(
        folder,
        "image",
        f"images/{tone}-{step}.png",
        png(24, 18, lambda x, y: ((x * 10 + tone) % 256, (y * 14 + step * 12) % 256, tone % 256)),
        width=24,
        height=18,
        caption=f"tone {tone} at {step}",
    )


def _logged(folder: Path, group: str, seed: int, step: int) -> dict[str, Any]:
    tone = 40 * seed + (120 if group == "sgd" else 0)
    picture = _picture(folder, tone, step)
    predictions = [[*row, picture if row[0] < 2 else None] for row in rows_of(group, seed, step)]
    return {
        "val/samples": picture,
        "val/page": stored(folder, "html", f"html/{step}.html", f"<p>{group} {seed} at {step}</p>"),
        "val/predictions": table(folder, f"p{step}", ["id", "label", "score", "right", "image"], predictions),
    }


def write_logged(root: Path) -> Path:
    """The store of the project `seen`: two groups of three runs that logged images, HTML and tables, and a run that
    logged numbers alone; and of `long`, whose one run logged a table of 10,000 rows and 20 columns."""
    write_store(root)
    for group in GROUPS:
        for seed in range(SEEDS):
            name = f"{group}-{seed}"
            folder = write_run(root, "seen", name, history=None)
            rows = [
                {
                    "_step": step,
                    "loss": 1 / (step + seed + 1),
                    **(_logged(folder, group, seed, step) if step in steps_of(seed) else {}),
                }
                for step in range(13)
            ]
            write_run(
                root,
                "seen",
                name,
                rows,
                config={"optimizer": group, "seed": seed},
                meta={"name": name.replace("-", " "), "group": group, "created": f"2026-10-0{seed + 1}T10:00:00Z"},
                state={"state": "finished", "exit_code": 0},
            )
    numbers = [{"_step": step, "loss": 1.0} for step in range(3)]
    write_run(root, "seen", "plain", numbers, config={"optimizer": "none"}, state={"state": "finished", "exit_code": 0})
    _write_long(root)
    return root


def _write_long(root: Path) -> None:
    folder = write_run(root, "long", "one", history=None)
    columns = ["id", "word", *(f"x{at}" for at in range(18))]
    data = [[row, f"word {row % 50}", *(math.sin(row * (at + 1)) for at in range(18))] for row in range(10_000)]
    write_run(root, "long", "one", [{"_step": 0, "loss": 1.0, "all": table(folder, "all", columns, data)}])
