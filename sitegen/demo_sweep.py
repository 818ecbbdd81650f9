"""The demo's sweep: two agents look for a small network that reads digits well, and stop those that fall behind.

python -m sitegen.demo_sweep create STORE           the sweep, by its id
python -m sitegen.demo_sweep agent STORE SWEEP      an agent: takes trials until all were run
"""

import os
import sys
import warnings
from typing import Any, Final

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier

import runstore
from sitegen.demo import DONE, SWEEP_TRIALS, TUNING
from sitegen.digits import Samples, load

_EPOCHS: Final = 40
_CLASSES: Final = np.arange(10)
CONFIGURATION: Final[dict[str, Any]] = {
    "name": "A network for digits",
    "description": "Learning rate, weight decay, size and batch of a network with one hidden layer.",
    "method": "bayes",
    "metric": {"name": "val/loss", "goal": "minimize"},
    "parameters": {
        "lr": {"distribution": "log_uniform_values", "min": 1e-4, "max": 0.3},
        "decay": {"distribution": "log_uniform_values", "min": 1e-6, "max": 0.1},
        "hidden": {"min": 8, "max": 128},
        "activation": {"values": ["relu", "tanh"]},
        "batch": {"values": [16, 32, 64, 128]},
        "epochs": {"value": _EPOCHS},
    },
    "early_terminate": {"type": "hyperband", "min_iter": 3, "eta": 2},
    "run_cap": SWEEP_TRIALS,
    "seed": 7,
    "heartbeat": 5,
}


class Trials:
    """The trials of one agent; of each, whether it came to its end or was stopped, it is said that it is over."""

    def __init__(self) -> None:
        self._begun = self._told = 0

    def __call__(self) -> None:
        self._begun += 1
        try:
            train()
        finally:
            self._tell()

    def tell_all(self) -> None:
        """Makes up for what an interrupt came between."""
        while self._told < self._begun:
            self._tell()

    def _tell(self) -> None:
        # A line of its own, wherever the interrupt left the one before.
        print(f"\n{DONE} trial", flush=True)
        self._told += 1


def train() -> None:
    """A run as any other, but its config comes from the sweep."""
    data = load()
    known, validation = data.fold(0)
    with runstore.init(tags=["tuning"]) as run:
        run.define_metric("val/loss", summary="min,last", goal="minimize")
        run.define_metric("val/accuracy", summary="max,last", goal="maximize")
        model = MLPClassifier(
            hidden_layer_sizes=(run.config["hidden"],),
            activation=run.config["activation"],
            solver="sgd",
            learning_rate_init=run.config["lr"],
            alpha=run.config["decay"],
            batch_size=run.config["batch"],
            random_state=0,
        )
        for epoch in range(run.config["epochs"]):
            model.partial_fit(known.images, known.digits, classes=_CLASSES)
            run.log({**_scores("train", model, known), **_scores("val", model, validation)})
            print(f"epoch {epoch:>2}  train loss {model.loss_:.4f}")


def _scores(name: str, model: MLPClassifier, samples: Samples) -> dict[str, float]:
    found = model.predict_proba(samples.images)
    right = float(np.mean(found.argmax(axis=1) == samples.digits))
    return {f"{name}/loss": float(log_loss(samples.digits, found, labels=_CLASSES)), f"{name}/accuracy": right}


def main(arguments: list[str]) -> None:
    warnings.simplefilter("ignore", ConvergenceWarning)
    task, store, *rest = arguments
    os.environ["RUNSTORE_DIR"] = store
    if task == "create":
        runstore.sweep(CONFIGURATION, project=TUNING)
    elif task == "agent":
        trials = Trials()
        runstore.agent(rest[0], trials, project=TUNING)
        trials.tell_all()
    else:
        sys.exit(f"demo_sweep: found {task!r}, expected create or agent")


if __name__ == "__main__":
    main(sys.argv[1:])
