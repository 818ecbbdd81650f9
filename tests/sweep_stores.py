"""A sweep as it lies in a store: a search of sixty trials over four parameters, with all that can become of a trial.

Written from the format alone: the site's tests read what any program may have written.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from runstore.format.sweep_layout import SweepLayout
from runstore.format.sweep_records import Beat, Claim, Control, Outcome, Process, Record, Verdict, dump
from tests.stores import START, write_file, write_run

SWEEP_YAML = """\
# Tunes the small network.
program: train.py
name: small net
description: Which rate suits which depth?
method: bayes
metric:
  name: val/loss
  goal: minimize
parameters:
  lr: {distribution: log_uniform_values, min: 1e-5, max: 0.1}
  layers: {min: 1, max: 8}  # whole numbers
  optimizer:
    values: [adam, sgd, lion]
  dropout: {min: 0.0, max: 0.5}
  epochs: {value: 27}
early_terminate: {type: hyperband, min_iter: 3, eta: 3}
run_cap: 80
command: ["${env}", python, "${program}", "${args}"]
"""
TRIALS = 60
EPOCHS = 27
BANDS = (3, 9, 27)
AGENTS = ("node1-100", "node2-200")
SCALES = {"lr": 0.262238, "layers": 0.346912, "optimizer": 0.786873, "dropout": 1.32477}


@dataclass
class Point:
    """A trial as the fixture makes it: its parameters, its loss at each epoch, and what became of it."""

    number: int
    params: dict[str, Any]
    losses: list[float]
    state: str = "finished"
    attempts: int = 1
    verdict: tuple[int, float, float] | None = None
    reason: str = ""
    run: str = field(init=False)

    def __post_init__(self) -> None:
        self.run = f"t{self.number:03d}"

    @property
    def rungs(self) -> tuple[float, ...]:
        return tuple(self.losses[band - 1] for band in BANDS if band <= len(self.losses))


def moment(seconds: float) -> str:
    """An instant so many seconds after the sweep's start, ISO 8601."""
    return datetime.fromtimestamp(START + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def points() -> list[Point]:
    """The sixty trials: early ones anywhere, later ones closer to the best, as a search that learns has them."""
    random = Random(7)
    made: list[Point] = []
    for number in range(TRIALS):
        narrow = 1.0 if number < 12 else 0.35
        share = min(1.0, max(0.0, 0.55 + narrow * (random.random() - 0.5)))
        params = {
            "lr": 10 ** (-5 + 4 * share),
            "layers": min(8, max(1, round(4 + 7 * narrow * (random.random() - 0.5)))),
            "optimizer": random.choice(["adam", "sgd", "lion"] if number < 12 else ["adam", "adam", "lion", "sgd"]),
            "dropout": round(0.5 * min(1.0, max(0.0, 0.3 + narrow * (random.random() - 0.5))), 4),
            "epochs": EPOCHS,
        }
        made.append(Point(number, params, _losses(params, random)))
    _stop_early(made)
    for number, state, reason in ((5, "failed", "exit 1: ValueError: lr is too high"), (17, "failed", "exit 1")):
        made[number] = Point(number, made[number].params, made[number].losses[:2], state, reason=reason)
    made[23].attempts = 2
    made[31] = Point(31, made[31].params, made[31].losses[:6], "crashed", 3, reason="its agent died 3 times")
    for number in range(TRIALS - 2, TRIALS):
        made[number] = Point(number, made[number].params, made[number].losses[:5], "running")
    return made


def _losses(params: Mapping[str, Any], random: Random) -> list[float]:
    best = (
        0.08
        + 0.5 * (math.log10(params["lr"]) + 2.9) ** 2 / 4
        + 0.02 * abs(params["layers"] - 5)
        + {"adam": 0.0, "lion": 0.03, "sgd": 0.09}[params["optimizer"]]
        + 0.3 * (params["dropout"] - 0.15) ** 2
    )
    return [best + 0.9 * math.exp(-epoch / 6) + random.gauss(0, 0.006) for epoch in range(1, EPOCHS + 1)]


def _stop_early(made: list[Point]) -> None:
    """Stops trials as Hyperband would that looks once a band."""
    for at, band in enumerate(BANDS[:-1]):
        standing: list[float] = []
        for point in made:
            if len(point.losses) < band or point.state == "stopped":
                continue
            value = point.losses[band - 1]
            standing.append(value)
            threshold = sorted(standing)[len(standing) // 3]
            if value > threshold and point.number % 3 == at:
                point.state, point.verdict = "stopped", (band, value, threshold)
                point.losses = point.losses[:band]
                point.reason = f"hyperband at band {band}: {value:.4g} > {threshold:.4g}"


def write_sweep(
    root: Path, project: str = "tune", sweep_id: str = "k3v9x2ab", count: int = TRIALS, text: str = SWEEP_YAML
) -> list[Point]:
    """Writes the sweep into the store at `root`, with its runs and records; returns its trials."""
    layout = SweepLayout(root / project / "sweeps" / sweep_id)
    write_file(layout.sweep_yaml, text)
    resolved = {"metric": {"name": "val/loss", "goal": "minimize"}, "method": "bayes", "run_cap": 80}
    write_file(layout.resolved_json, {"config": resolved})
    made = points()[:count]
    for point in made:
        write_trial(root, layout, point)
    working = [point for point in made if point.state == "running"]
    for at, name in enumerate(AGENTS):
        current = working[at] if at < len(working) else None
        done = sum(each.state == "finished" for each in made[at::2])
        process = Process(host=name.split("-")[0], pid=100 * (at + 1))
        beat = Beat(name, 400 + at, "training", process, done=done, failed=at, began=moment(0), time=moment(5000))
        if current is not None:
            told = {"trial": current.number, "attempt": 1, "run": current.run, "count": 5, "best": min(current.losses)}
            beat = Beat(**{**_fields(beat), **told})
        write_file(layout.agent(name), dump(beat))
    write_record(layout.control(1), Control(1, "pause", "ada", time=moment(100)))
    write_record(layout.control(2), Control(2, "resume", "ada", time=moment(130)))
    return made


def write_trial(root: Path, layout: SweepLayout, point: Point) -> None:
    """Writes one trial: its run, its claims, its verdict, its end."""
    began = 60.0 * point.number
    ended = began + 10.0 * len(point.losses)
    write_history(root, layout, point, began, ended)
    for attempt in range(1, point.attempts + 1):
        agent = AGENTS[(point.number + attempt) % 2]
        claim = Claim(
            point.number, point.run, agent, point.params, attempt, retries=attempt - 1, engine="gp",
            info=info(point.number), time=moment(began + attempt - 1),
        )  # fmt: skip
        write_record(layout.claim(point.number, attempt), claim)
    agent = AGENTS[(point.number + point.attempts) % 2]
    if point.verdict is not None:
        band, value, threshold = point.verdict
        verdict = Verdict(
            point.number, point.run, "hyperband", band, value, threshold, count=band, agent=agent, time=moment(ended)
        )
        write_record(layout.stop(point.number), verdict)
    if point.state == "running":
        return
    outcome = Outcome(
        point.number, point.run, agent, point.state, point.attempts,  # type: ignore[arg-type]
        value=None if point.state == "failed" else min(point.losses), count=len(point.losses), rungs=point.rungs,
        exit={"finished": 0, "failed": 1}.get(point.state), reason=point.reason, runtime=ended - began,
        time=moment(ended),
    )  # fmt: skip
    write_record(layout.done(point.number), outcome)


def write_history(root: Path, layout: SweepLayout, point: Point, began: float, ended: float) -> None:
    """Writes the run of a trial."""
    rows = [
        {"val/loss": loss, "_step": step, "_runtime": 10.0 * step, "_timestamp": START + began + 10.0 * step}
        for step, loss in enumerate(point.losses)
    ]
    state = {"finished": "finished", "stopped": "killed"}.get(point.state, point.state)
    ending = None if state == "running" else {"state": state, "finished": moment(ended)}
    meta = {"name": f"trial {point.number}", "created": moment(began), "sweep": layout.id}
    project = layout.path.parent.parent.name
    summary = {"val/loss": point.losses[-1]} if point.losses else {}
    files = {"summary.json": summary, "provenance.json": {"host": "node1", "user": "ada"}}
    write_run(root, project, point.run, rows, point.params, meta, ending or {"state": "running"}, files)


def info(number: int) -> dict[str, Any]:
    """What the engine says of its choice: that it has a model, once it has."""
    if number < 8:
        return {"by": "start"}
    warp = {"center": 0.221958, "spread": 0.266731, "power": -0.233465, "mean": 0.16026, "deviation": 0.610856}
    model = {"points": number, "scales": SCALES, "amplitude": 1.08244, "noise": 0.309995, "trend": 0.2, "warp": warp}
    return {"by": "model", "mean": 0.2, "std": 0.05, "improvement": 0.1 / number, "model": model}


def write_record(path: Path, record: Record) -> None:
    """Writes a record where it belongs, or a line more where there is one: as a merge of two branches leaves it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(dump(record))


def _fields(record: Beat) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__slots__}
