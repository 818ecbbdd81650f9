"""The current run, for what is told of a training by callbacks."""

from typing import TYPE_CHECKING

from runstore.errors import RunstoreError
from runstore.recording import current

if TYPE_CHECKING:
    from runstore.recording.run import Run


def begun(call: str) -> "Run":
    """The current run. Raises `RunstoreError` that names the `call` which needs one, when there is none."""
    run = current.get()
    if run is None:
        raise RunstoreError(f"call runstore.init() before {call}()")
    return run
