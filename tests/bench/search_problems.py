"""Functions to search for the minimum of, as configurations of a sweep, and the run of one search over one of them."""

import heapq
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import numpy as np

Params = Mapping[str, Any]


@dataclass(frozen=True)
class Problem:
    """A function of parameters, given as in a sweep's configuration. `best` is its minimum. `judge` is what a point is
    really worth where `value` has noise, which comes from the trial's number."""

    name: str
    parameters: Mapping[str, Mapping[str, Any]]
    value: Callable[[Params, int], float]
    best: float
    judge: Callable[[Params], float] | None = None


class Asker(Protocol):
    """A search in progress."""

    def ask(self) -> tuple[Any, Params]: ...

    def tell(self, asked: Any, value: float) -> None: ...


def regret(asker: Asker, problem: Problem, seed: int, workers: int, trials: int) -> float:
    """How far from the minimum `trials` trials end, `workers` at a time, each taking between 0.5 and 1.5 of a time."""
    durations = np.random.default_rng([seed, 99])
    running: list[tuple[float, int, Any, Params]] = []
    now, started, best, at = 0.0, 0, math.inf, None
    while started < trials or running:
        while started < trials and len(running) < workers:
            asked, params = asker.ask()
            heapq.heappush(running, (now + durations.uniform(0.5, 1.5), started, asked, params))
            started += 1
        now, number, asked, params = heapq.heappop(running)
        value = problem.value(params, 1000 * seed + number)
        asker.tell(asked, value)
        if value < best:
            best, at = value, params
    if problem.judge is not None and at is not None:
        best = problem.judge(at)
    return best - problem.best


def _box(low: float, high: float, columns: int) -> dict[str, dict[str, Any]]:
    return {f"x{column}": {"min": low, "max": high} for column in range(columns)}


def _plain(function: Callable[[np.ndarray], float]) -> Callable[[Params, int], float]:
    def value(params: Params, _: int) -> float:
        return float(function(np.array([params[f"x{column}"] for column in range(len(params))])))

    return value


def branin(x: np.ndarray) -> float:
    bent = x[1] - 5.1 / (4 * math.pi**2) * x[0] ** 2 + 5 / math.pi * x[0] - 6
    return bent**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x[0]) + 10


_A = np.array(
    [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
)
_P = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)


def hartmann6(x: np.ndarray) -> float:
    return -float(np.array([1, 1.2, 3, 3.2]) @ np.exp(-(_A * (x - _P) ** 2).sum(axis=1)))


def ackley(x: np.ndarray) -> float:
    waves = np.exp(np.cos(2 * np.pi * x).mean())
    return float(-20 * np.exp(-0.2 * np.sqrt((x * x).mean())) - waves + 20 + math.e)


def levy(x: np.ndarray) -> float:
    w = 1 + (x - 1) / 4
    middle = ((w[:-1] - 1) ** 2 * (1 + 10 * np.sin(np.pi * w[:-1] + 1) ** 2)).sum()
    return float(np.sin(np.pi * w[0]) ** 2 + middle + (w[-1] - 1) ** 2 * (1 + np.sin(2 * np.pi * w[-1]) ** 2))


def rosenbrock(x: np.ndarray) -> float:
    return float((100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum())


def griewank(x: np.ndarray) -> float:
    return float((x * x).sum() / 4000 - np.prod(np.cos(x / np.sqrt(np.arange(1, len(x) + 1)))) + 1)


_LOG = "log_uniform_values"
MIXED = {
    "lr": {"distribution": _LOG, "min": 1e-5, "max": 1.0},
    "decay": {"distribution": _LOG, "min": 1e-6, "max": 1e-1},
    "layers": {"min": 1, "max": 8},
    "optimizer": {"values": ["sgd", "adam", "adamw"]},
    "activation": {"values": ["relu", "gelu", "tanh"]},
    "dropout": {"min": 0.0, "max": 0.6},
}
_RATE = {"sgd": -1.2, "adam": -2.8, "adamw": -2.5}
_OPTIMIZER = {"sgd": 0.03, "adam": 0.012, "adamw": 0.0}
_ACTIVATION = {"relu": 0.01, "gelu": 0.0, "tanh": 0.025}
_DEPTH = {"relu": 4, "gelu": 5, "tanh": 3}


def mixed(params: Params, _: int) -> float:
    """Like a loss after training: too high a learning rate hurts more than too low a one, the best rate depends on the
    optimizer and the depth, the best dropout on the depth; far away everything is equally bad. Its minimum is 0.1."""
    rate = math.log10(params["lr"]) - (_RATE[params["optimizer"]] - 0.08 * (params["layers"] - 5))
    decay = math.log10(params["decay"]) - (-3.0 if params["optimizer"] == "adamw" else -4.0) + 0.3 * rate
    depth = params["layers"] - _DEPTH[params["activation"]]
    dropout = params["dropout"] - 0.18 - 0.02 * depth
    steep = 0.048 * (math.exp(1.2 * rate) - 1 - 1.2 * rate)
    off = steep + 0.0128 * decay**2 + 0.0064 * depth**2 + 0.8 * dropout**2
    return 0.1 + _OPTIMIZER[params["optimizer"]] + _ACTIVATION[params["activation"]] + 2.2 * off / (1 + off)


@cache
def _digits() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    return images[:600] / 16.0, labels[:600]


def _errors(params: Params, seed: int) -> float:
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.svm import SVC

    images, labels = _digits()
    folds = StratifiedKFold(3, shuffle=True, random_state=seed)
    model = SVC(C=params["C"], gamma=params["gamma"], kernel=params["kernel"], degree=params["degree"])
    return 1 - float(cross_val_score(model, images, labels, cv=folds).mean())


def _true_errors(params: Params) -> float:
    return sum(_errors(params, 10**6 + repeat) for repeat in range(5)) / 5


SVM = {
    "C": {"distribution": _LOG, "min": 1e-3, "max": 1e3},
    "gamma": {"distribution": _LOG, "min": 1e-5, "max": 1e1},
    "kernel": {"values": ["rbf", "poly", "sigmoid"]},
    "degree": {"min": 2, "max": 5},
}

PROBLEMS = {
    each.name: each
    for each in (
        Problem(
            "Branin",
            {"x0": {"min": -5.0, "max": 10.0}, "x1": {"min": 0.0, "max": 15.0}},
            _plain(branin),
            0.397887357729738,
        ),
        Problem("Hartmann6", _box(0.0, 1.0, 6), _plain(hartmann6), -3.322368011415515),
        Problem("Ackley5", _box(-20.0, 30.0, 5), _plain(ackley), 0.0),
        Problem("mixed", MIXED, mixed, 0.1),
        Problem("Levy4", _box(-10.0, 10.0, 4), _plain(levy), 0.0),
        Problem("Rosenbrock4", _box(-5.0, 10.0, 4), _plain(rosenbrock), 0.0),
        Problem("Griewank5", _box(-600.0, 600.0, 5), _plain(griewank), 0.0),
        Problem("SVM", SVM, _errors, 0.0, _true_errors),
    )
}
