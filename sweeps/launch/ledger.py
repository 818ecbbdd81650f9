"""What was launched: a file a launch, beside the sweep, so that its status can say what became of the agents."""

import datetime
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from runstore.errors import RunstoreError
from runstore.format.host import hostname
from runstore.format.records import write_atomically
from runstore.format.sweep_layout import SweepLayout, launch_names
from runstore.recording.naming import generate_id
from sweeps.errors import SweepError
from sweeps.launch.engine import Job, Order
from sweeps.launch.registry import make_engine


@dataclass(frozen=True, slots=True)
class Launch:
    """One use of `sweep launch`. `ids` are what its engine finds the jobs by; `created` is ISO 8601, UTC."""

    name: str
    engine: str
    agents: int
    created: str = ""
    host: str = ""
    arguments: Sequence[str] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    ids: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Launched:
    """A launch and its jobs; `trouble` says in a line why these are not known, "" when they are."""

    launch: Launch
    jobs: Sequence[Job] = ()
    trouble: str = ""


def launch(
    sweep: SweepLayout,
    engine: str,
    agents: int,
    arguments: Sequence[str],
    *,
    options: Mapping[str, Any] | None = None,
    folder: Path | None = None,
) -> Launch:
    """Starts `agents` agents, each `runstore agent` with `arguments`, and writes down where.

    `options` are the engine's own. `folder`: the directory that the agents run in, this one by default. Raises
    `UsageError` for a wrong option, `SweepError` where the engine cannot do it; nothing runs then.
    """
    made = make_engine(engine, options or {})
    moment = datetime.datetime.now(datetime.UTC)
    name = f"{moment:%Y%m%dT%H%M%SZ}-{generate_id(6)}"
    logs = sweep.launch_logs(name)
    logs.mkdir(parents=True)
    order = Order(name, agents, tuple(arguments), (folder or Path.cwd()).resolve(), logs.resolve())
    try:
        ids = made.launch(order)
    except RunstoreError:
        _remove_if_empty(logs)
        raise
    created = moment.isoformat(timespec="seconds").replace("+00:00", "Z")
    done = Launch(name, engine, agents, created, hostname(), order.arguments, dict(options or {}), ids)
    text = json.dumps({"v": 1, **asdict(done)}, indent=2, sort_keys=True)
    write_atomically(sweep.launch(name), text.encode() + b"\n")
    return done


def load_launch(path: Path) -> Launch:
    """What one file says. Raises `SweepError` where it cannot be read."""
    try:
        values = json.loads(path.read_bytes())
        known = {each: values[each] for each in Launch.__slots__ if each in values}
        return Launch(**{**known, "name": path.stem})
    except (OSError, ValueError, TypeError) as error:
        raise SweepError(f"{path}: found no launch ({error}); remove the file, its agents go on all the same") from None


def launched(sweep: SweepLayout) -> list[Launched]:
    """Every launch, the oldest first, with its jobs as their engines know them now. What cannot be read, and an engine
    that does not answer, cost the jobs of that launch only."""
    return [_ask(sweep, name) for name in launch_names(sweep.launches_dir)]


def _ask(sweep: SweepLayout, name: str) -> Launched:
    given = Launch(name, "?", 0)
    try:
        given = load_launch(sweep.launch(name))
        return Launched(given, make_engine(given.engine, {}).jobs(given.ids))
    except RunstoreError as error:
        return Launched(given, trouble=str(error))


def _remove_if_empty(folder: Path) -> None:
    try:
        os.rmdir(folder)
    except OSError:
        pass  # What the engine left there may say why.
