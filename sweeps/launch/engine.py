"""What every engine does: it places agents somewhere, and says later what became of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

JobState = Literal["waiting", "running", "ended", "failed", "unknown"]


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be started: `agents` agents, each `runstore agent` with `arguments`, in the directory `folder`.

    `name` is the launch's own; the directory `logs` is there, on the disk that the sweep lies on.
    """

    name: str
    agents: int
    arguments: tuple[str, ...]
    folder: Path
    logs: Path


@dataclass(frozen=True, slots=True)
class Job:
    """One agent as its engine sees it. `detail` is the engine's own word, such as `PENDING (Priority)`."""

    id: str
    state: JobState
    host: str = ""
    detail: str = ""


class Engine(Protocol):
    """A place where agents can run. Made with the options of `sweep launch` that were given, by their names."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        """Raises `UsageError` for an option that it does not know, or a value that it cannot use."""

    def launch(self, order: Order) -> Mapping[str, Any]:
        """Starts the agents; what finds them again, as plain JSON. Raises `SweepError` where it cannot."""

    def jobs(self, ids: Mapping[str, Any]) -> list[Job]:
        """What became of a launch. Raises `SweepError` where the engine does not answer."""
