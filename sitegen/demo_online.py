"""The demo's third training script: softmax regression that sees one picture of a digit after the other.

    python -m sitegen.demo_online train STORE LR …     for each learning rate a run of 20,000 pictures
    python -m sitegen.demo_online resume STORE LR …    what is left of a run that died

A row is logged for each picture, a line is printed for every twentieth.
"""

import sys
import tempfile
from collections import deque
from pathlib import Path
from typing import Any, Final

import numpy as np

import runstore
from sitegen.demo import DONE, ONLINE
from sitegen.digits import Floats, load

PICTURES: Final = 20_000

_PRINTED_EVERY = 20
_VALIDATED_EVERY = 500
_GUESSING = float(np.log(10))
_CHECKPOINT = "checkpoints/weights.csv"


def train(store: str, lr: float, *, resume: bool) -> None:
    """One run: after each picture the weights take a step. A run that died goes on behind its last row."""
    data = load()
    with (
        runstore.init(
            project=ONLINE,
            dir=store,
            id=f"softmax-lr{lr:g}",
            name=f"softmax-lr{lr:g}",
            job_type="train",
            tags=["one-at-a-time"],
            notes=f"Each of {PICTURES:,} pictures is shifted by a pixel at most, and seen once.",
            config={"dataset": "digits", "model": "softmax", "lr": lr, "pictures": PICTURES, "seed": 0},
            resume="must" if resume else None,
        ) as run,
        tempfile.TemporaryDirectory() as folder,
    ):
        run.define_metric("pictures", hidden=True)
        run.define_metric("val/loss", step_metric="pictures", summary="min,last", goal="minimize")
        run.define_metric("val/accuracy", step_metric="pictures", summary="max,last", goal="maximize")
        weights = load_checkpoint(run) if resume else np.zeros((65, 10))
        last: deque[float] = deque(maxlen=_VALIDATED_EVERY)
        for number in range(run.step + 1, PICTURES + 1):
            rng = np.random.default_rng(number)
            at = rng.integers(len(data.known.digits))
            shifted = np.roll(data.known.images[at].reshape(8, 8), rng.integers(-1, 2), axis=1).ravel()
            pixels, digit = np.append(shifted, 1), data.known.digits[at]
            odds = softmax(pixels @ weights)
            last.append(float(-np.log(odds[digit] + 1e-12)))
            row = {"train/loss": last[-1]}
            weights -= lr * np.outer(pixels, odds - np.eye(10)[digit])
            if number % _VALIDATED_EVERY == 0:
                row |= {"pictures": number, **validate(weights, data.test.images, data.test.digits)}
                save_checkpoint(run, weights, Path(folder))
                if np.mean(last) > _GUESSING:
                    run.alert("Worse than guessing", f"Mean loss {np.mean(last):.2f} up to picture {number}", "WARN")
            run.log(row)
            if number % _PRINTED_EVERY == 0:
                print(progress(number, last))
    print(DONE, run.name)


def softmax(scores: Floats) -> Floats:
    """Probabilities for scores along the last axis."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    found: Floats = powers / powers.sum(axis=-1, keepdims=True)
    return found


def validate(weights: Floats, images: Floats, digits: Any) -> dict[str, float]:
    """Loss and accuracy on the pictures that are never trained on."""
    odds = softmax(np.hstack([images, np.ones((len(images), 1))]) @ weights)
    loss = -np.log(odds[np.arange(len(digits)), digits] + 1e-12).mean()
    return {"val/loss": float(loss), "val/accuracy": float(np.mean(odds.argmax(axis=1) == digits))}


def save_checkpoint(run: Any, weights: Floats, folder: Path) -> None:
    """Keeps the weights among the run's files, over those before."""
    path = folder / _CHECKPOINT
    path.parent.mkdir(exist_ok=True)
    np.savetxt(path, weights, fmt="%.6f", delimiter=",")
    run.save(str(path), base_path=folder, policy="now")


def load_checkpoint(run: Any) -> Floats:
    """The weights that an earlier attempt kept last."""
    with tempfile.TemporaryDirectory() as folder, run.restore(_CHECKPOINT, root=folder) as file:
        found: Floats = np.loadtxt(file, delimiter=",")
    return found


def progress(number: int, losses: deque[float]) -> str:
    """A line for the console: green while pictures are read well, red where guessing would do as well."""
    mean = float(np.mean(list(losses)[-_PRINTED_EVERY:]))
    colour = 32 if mean < 0.3 else 33 if mean < _GUESSING else 31
    bar = "█" * round(20 * number / PICTURES)
    said = f"\x1b[{colour}mloss of the last {_PRINTED_EVERY}: {mean:7.4f}\x1b[0m"
    return f"\x1b[2mpicture {number:>6}\x1b[0m  {said}  {bar:░<20}"


def main(arguments: list[str]) -> None:
    """Does what the module's text says."""
    match arguments:
        case ["train" | "resume" as task, store, *rates]:
            for lr in map(float, rates):
                train(store, lr, resume=task == "resume")
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
