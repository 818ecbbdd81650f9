"""Engines to compare, ours and others as they come, each asked and told one trial at a time."""

import json
import math
import os
import subprocess
import venv
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.bench.search_problems import Asker, Problem

_INSTALL_SECONDS = 900
Params = Mapping[str, Any]


def configuration(problem: Problem, seed: int, **more: Any) -> dict[str, Any]:
    """The problem as a sweep."""
    parameters = {name: dict(each) for name, each in problem.parameters.items()}
    return {
        "method": "bayes",
        "metric": {"name": "loss", "goal": "minimize"},
        "parameters": parameters,
        "seed": seed,
        **more,
    }


class Ours:
    """Our `sweeps.Search`."""

    def __init__(self, problem: Problem, seed: int) -> None:
        from sweeps.search.ask_tell import Search

        self._search = Search(configuration(problem, seed))

    def ask(self) -> tuple[Any, Params]:
        trial = self._search.ask()
        assert trial is not None
        return trial, trial.params

    def tell(self, asked: Any, value: float) -> None:
        self._search.tell(asked, value)


class Optuna:
    """Optuna with one of its samplers, through its own ask and tell."""

    def __init__(self, problem: Problem, seed: int, sampler: str) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._parameters = problem.parameters
        self._study = optuna.create_study(sampler=getattr(optuna.samplers, sampler)(seed=seed))

    def ask(self) -> tuple[Any, Params]:
        trial = self._study.ask()
        return trial, {name: self._suggest(trial, name, each) for name, each in self._parameters.items()}

    @staticmethod
    def _suggest(trial: Any, name: str, each: Params) -> Any:
        if "values" in each:
            return trial.suggest_categorical(name, each["values"])
        if isinstance(each["min"], int):
            return trial.suggest_int(name, each["min"], each["max"])
        return trial.suggest_float(name, each["min"], each["max"], log="distribution" in each)

    def tell(self, asked: Any, value: float) -> None:
        self._study.tell(asked, value)


class BayesOpt:
    """bayesian-optimization as it comes, with its parameter types; logarithms taken by hand, as its users do."""

    def __init__(self, problem: Problem, seed: int, workers: int) -> None:
        from bayes_opt import BayesianOptimization, acquisition

        self._parameters = problem.parameters
        is_plain = all("values" not in each and isinstance(each["min"], float) for each in problem.parameters.values())
        # Its ConstantLiar fails with types other than floats.
        liar = workers > 1 and is_plain
        base = acquisition.UpperConfidenceBound(kappa=2.576)
        function = acquisition.ConstantLiar(base) if liar else base
        bounds = {name: self._bounds(each) for name, each in problem.parameters.items()}
        self._optimizer = BayesianOptimization(None, bounds, function, random_state=seed, verbose=0)
        self._starts = self._optimizer.random_sample(5)

    @staticmethod
    def _bounds(each: Params) -> Any:
        if "values" in each:
            return tuple(each["values"])
        if isinstance(each["min"], int):
            return (each["min"], each["max"], int)
        return (math.log(each["min"]), math.log(each["max"])) if "distribution" in each else (each["min"], each["max"])

    def ask(self) -> tuple[Any, Params]:
        asked = self._starts.pop() if self._starts else self._optimizer.suggest()
        params = {
            name: math.exp(asked[name]) if "distribution" in each else asked[name]
            for name, each in self._parameters.items()
        }
        return asked, params

    def tell(self, asked: Any, value: float) -> None:
        from bayes_opt.exception import NotUniqueError

        try:
            self._optimizer.register(asked, -value)
        except NotUniqueError:
            return


class Wandb:
    """The engine of W&B's sweeps, in a Python of its own: it needs an older numpy."""

    def __init__(self, problem: Problem, seed: int, python: Path) -> None:
        program = Path(__file__).with_name("search_wandb.py")
        self._process = subprocess.Popen(
            [str(python), str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=python.parent
        )
        config = configuration(problem, seed)
        del config["seed"]
        self._send({"config": config, "seed": seed})

    def _send(self, message: Any) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def ask(self) -> tuple[Any, Params]:
        found = self._send({})
        return found["number"], found["params"]

    def tell(self, asked: Any, value: float) -> None:
        self._send({"number": asked, "value": value})

    def __del__(self) -> None:
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait()


def wandb_python(folder: Path) -> Path:
    """A Python in `folder` with W&B's engine, made when it is not there."""
    place = folder / "wandb-sweeps"
    python, done = place / "bin" / "python", place / "ready"
    if not done.exists():
        venv.create(place, with_pip=True, clear=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "sweeps==0.3.0"]
        subprocess.run(install, check=True, timeout=_INSTALL_SECONDS, capture_output=True)
        done.touch()
    return python


def engines(folder: Path, rivals: bool) -> dict[str, Callable[[Problem, int, int], Asker]]:
    """What makes a search, from a problem, a seed and the number of workers, by the engine's name."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    found: dict[str, Callable[[Problem, int, int], Asker]] = {"ours": lambda problem, seed, _: Ours(problem, seed)}
    if rivals:
        python = wandb_python(folder)
        found["Optuna GPSampler"] = lambda problem, seed, _: Optuna(problem, seed, "GPSampler")
        found["Optuna TPE"] = lambda problem, seed, _: Optuna(problem, seed, "TPESampler")
        found["bayesian-optimization"] = BayesOpt
        found["W&B"] = lambda problem, seed, _: Wandb(problem, seed, python)
    return found
