"""The engine `dask`: agents as tasks of a Dask cluster that runs already, one a task."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any, Final

from runstore.errors import UsageError
from sweeps.errors import SweepError
from sweeps.launch.engine import Job, JobState, Order
from sweeps.launch.options import check_known
from sweeps.launch.task import AgentTask

OPTIONS: Final = ("scheduler",)
_PATIENCE_SECONDS: Final = 10
_STATES: Final[Mapping[str, JobState]] = {
    "released": "waiting",
    "waiting": "waiting",
    "no-worker": "waiting",
    "queued": "waiting",
    "processing": "running",
    "memory": "ended",
    "forgotten": "ended",
    "erred": "failed",
}


class DaskEngine:
    """Hands tasks to a scheduler; they go on after the command has ended. Workers need Runstore, and the disk."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        check_known("dask", options, OPTIONS)
        self._scheduler = str(options.get("scheduler", ""))

    def launch(self, order: Order) -> Mapping[str, Any]:
        if not self._scheduler:
            raise UsageError("--scheduler: not given; name the Dask scheduler, for example --scheduler tcp://host:8786")
        task = AgentTask(order.arguments, str(order.folder))
        keys = [f"runstore-{order.name}-{number}" for number in range(order.agents)]
        with _client(self._scheduler) as client:
            _distributed().fire_and_forget(client.map(task, range(order.agents), key=keys, pure=False))
            _known(client, keys)  # Submitting waits for nothing: an answer says that the scheduler has them.
        return {"scheduler": self._scheduler, "keys": keys}

    def jobs(self, ids: Mapping[str, Any]) -> list[Job]:
        keys = [str(key) for key in ids.get("keys", ())]
        with _client(str(ids.get("scheduler", ""))) as client:
            states = _known(client, keys)
        found = []
        for key in keys:
            word = states.get(key) or "forgotten"  # A task that ended, and whose result nobody keeps.
            found.append(Job(key, _STATES.get(word, "unknown"), detail=word))
        return found


def _distributed() -> Any:
    try:
        return import_module("distributed")
    except ImportError:
        raise SweepError("the engine dask needs distributed: pip install 'runstore[dask]'") from None


def _client(scheduler: str) -> Any:
    """A connection to the scheduler, to be closed."""
    distributed = _distributed()
    client = distributed.Client.__new__(distributed.Client)
    with _silent():
        try:
            client.__init__(scheduler, timeout=_PATIENCE_SECONDS, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            _forget(client)
            raise SweepError(
                f"{scheduler}: no Dask scheduler answers: {error}; check --scheduler, such as tcp://node1:8786"
            ) from None
    return client


def _forget(client: Any) -> None:
    """Has a client that could not connect end quietly: its own way waits for a connection, and prints a traceback."""
    with suppress(Exception):  # Whatever it lacks, as it was made half way.
        client._loop_runner.stop()
    with suppress(Exception):
        client.status = "closed"


@contextmanager
def _silent() -> Iterator[None]:
    """Without the logs of `distributed` and what it stands on, whose tracebacks say again what the error says."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def _known(client: Any, keys: list[str]) -> dict[str, str | None]:
    """The scheduler's word for each task."""
    found: dict[str, str | None] = client.sync(client.scheduler.get_task_status, keys=keys)
    return found
