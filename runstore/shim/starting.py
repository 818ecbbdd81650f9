"""What begins a run under W&B's names and not under ours: `wandb.init`, whose `dir` was meant otherwise by who wrote it
for W&B, and `wandb._attach`, by which integrations go on with a run in another process."""

import os
from functools import wraps
from inspect import signature
from pathlib import Path
from typing import Any

from runstore.errors import StoreError
from runstore.format.locate import existing_store
from runstore.recording import start
from runstore.recording.run import Run


@wraps(start.init)
def init(*arguments: Any, **named: Any) -> Run:
    bound = signature(start.init).bind(*arguments, **named)
    if not _is_store(bound.arguments.get("dir")):
        bound.arguments.pop("dir", None)
    return start.init(*bound.args, **bound.kwargs)


def attach(attach_id: str) -> Run:
    """The run of another process, which `Run._attach_id` names: this one writes it too."""
    project, _, run_id = attach_id.rpartition("/")
    return start.init(project=project, id=run_id, mode="shared")


def _is_store(given: str | os.PathLike[str] | None) -> bool:
    """Whether `dir` names a store. Else it is for W&B's own files, and libraries give it unasked.

    Lightning's logger says "." where the person said nothing, Ultralytics its folder of the training.
    """
    try:
        return given is not None and bool(existing_store(Path(given)))
    except (StoreError, TypeError, ValueError):
        return False
