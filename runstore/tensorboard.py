"""What is written for TensorBoard, mirrored into runs, by W&B's name for the room: `runstore.tensorboard.patch()`."""

from typing import Any

from runstore.errors import BadTypeError
from runstore.events import wire
from runstore.events.event import values_of
from runstore.events.logged import NOTHING, Plugins
from runstore.recording import current
from runstore.recording.mirror import GLOBAL_STEP
from runstore.recording.patching import patch as patch
from runstore.recording.patching import unpatch as unpatch

__all__ = ["log", "patch", "unpatch"]


def log(tf_summary_str_or_pb: Any, history: Any = None, step: int = 0, namespace: str = "", **_: Any) -> None:
    """Logs a TensorBoard Summary, as a message or its bytes, to the current run, as a row of its own.

    Keys are the tags, behind `namespace/` where one is given; `step` is logged as `global_step`. Raises `TypeError` for
    what is no Summary.
    """
    given = tf_summary_str_or_pb
    data = given.SerializeToString() if hasattr(given, "SerializeToString") else given
    try:
        values = values_of(bytes(data))
    except (TypeError, wire.WireError):
        raise BadTypeError(f"tensorboard.log takes a Summary or its bytes, found a {type(given).__name__}") from None
    prefix = f"{namespace}/" if namespace else ""
    plugins = Plugins(lambda name: None)
    found = {prefix + value.tag: plugins.logged(value) for value in values}
    row = {key: value for key, value in found.items() if value is not NOTHING}
    (current.log if history is None else history.add)({prefix + GLOBAL_STEP: step, **row})
