"""Runs an experiment of Sacred that FileStorageObserver keeps in `runs`; `fail` and `wait` say how it ends."""

import sys
import time
from pathlib import Path

import numpy
from sacred import Experiment
from sacred.observers import FileStorageObserver

experiment = Experiment("digits", save_git_info=False)
experiment.observers.append(FileStorageObserver("runs"))
experiment.add_named_config("wide", {"width": 512})


class Net:
    def __init__(self) -> None:
        self.layers = 2


@experiment.config
def settings() -> None:
    lr = 0.1  # noqa: F841 - Sacred takes what is local
    shape = (3, 4)  # noqa: F841
    nested = {"layers": [1, 2]}  # noqa: F841
    width = 1  # noqa: F841


@experiment.main
def train(_run: object) -> float:
    for step in range(50):
        _run.log_scalar("loss", 1 / (step + 1), step * 10)
        _run.log_scalar("accuracy", step / 7, step * 10)
    _run.log_scalar("bad", float("nan"))
    _run.log_scalar("numpy", numpy.float32(0.5))
    _run.info["net"] = Net()
    _run.info["pair"] = (1, 2)
    Path("net.bin").write_bytes(b"weights")
    Path("data.bin").write_bytes(b"data")
    experiment.add_artifact("net.bin", "kept.bin")
    experiment.add_resource("data.bin")
    print("hello ü")
    if "fail" in sys.argv:
        raise RuntimeError("broken")
    if "wait" in sys.argv:
        _run._emit_heartbeat()
        Path("going").touch()
        time.sleep(60)
    return 0.75


experiment.run(named_configs=["wide"], options={"--comment": "why", "--capture": "sys"})
