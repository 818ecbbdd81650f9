"""The run that a library's logger writes to: the current one, or one that it begins."""

from typing import Any

from runstore.recording import current, start
from runstore.recording.run import Run
from runstore.settings import from_environment


def current_or_new(default: str, /, **named: Any) -> Run:
    """The current run, or a new one. `named` are arguments of `runstore.init`, and count for a new run alone.

    `default` is the project where neither the caller nor the environment names one: W&B's integration's.
    """
    run = current.get()
    if run is None:
        named["project"] = named.get("project") or from_environment().project or default
        run = start.init(**named)
    return run
