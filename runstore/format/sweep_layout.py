"""Where everything lies in a sweep: immutable, numbered records beside the configuration that it was made from.

sweeps/<id>/sweep.yaml, resolved.json         as given; as agents read it
sweeps/<id>/claims/000/000042[.<attempt>]     who took trial 42, and with which parameters
sweeps/<id>/done/000/000042[.<attempt>]       how it ended; after a retry that was asked for, with its first attempt
sweeps/<id>/done/000/000042.late1.<run>       the outcome of an attempt that came too late to count
sweeps/<id>/stop/000042[.<attempt>]           why it was stopped early
sweeps/<id>/control/000001                    what a person asked for: pause, resume, stop, extend, add, …
sweeps/<id>/agents/<agent>                    heartbeats; ignored by git
sweeps/<id>/sealed/000.jsonl                  a thousand trials that are over, a line each, in place of their records
sweeps/<id>/claims/000.sealing, done/…        those records, while somebody seals them
sweeps/<id>/launches/<name>.json              agents that were started elsewhere at once, and how to find them
sweeps/<id>/launches/<name>/                  what they and their scheduler write; ignored by git
sweeps/<id>/tmp/, sweeps/<id>/locks/          private files and advisory locks; ignored by git
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from runstore.format.names import MAX_RUN_ID, check_name

SHARD = 1000
MAX_AGENT_NAME = 128
SWEEP_FILE = "sweep.yaml"
_RECORD = re.compile(r"^([0-9]{6,9})(?:\.([1-9][0-9]{0,5}))?$")
_LATE = re.compile(r"^([0-9]{6,9})\.late([1-9][0-9]{0,5})\.(.+)$")
_SEALING = ".sealing"
_SEALED = re.compile(r"^([0-9]{3,6})\.jsonl$")
_SHARD = re.compile(r"^[0-9]{3,6}$")


@dataclass(frozen=True, slots=True)
class SweepLayout:
    """The files of one sweep."""

    path: Path

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def sweep_yaml(self) -> Path:
        """The configuration as it was given; nobody rewrites it."""
        return self.path / SWEEP_FILE

    @property
    def resolved_json(self) -> Path:
        """The configuration as agents read it: checked, every default in its place; written once."""
        return self.path / "resolved.json"

    @property
    def claims_dir(self) -> Path:
        return self.path / "claims"

    @property
    def done_dir(self) -> Path:
        return self.path / "done"

    @property
    def stop_dir(self) -> Path:
        return self.path / "stop"

    @property
    def control_dir(self) -> Path:
        return self.path / "control"

    @property
    def agents_dir(self) -> Path:
        return self.path / "agents"

    @property
    def sealed_dir(self) -> Path:
        return self.path / "sealed"

    @property
    def launches_dir(self) -> Path:
        return self.path / "launches"

    @property
    def tmp_dir(self) -> Path:
        return self.path / "tmp"

    @property
    def locks_dir(self) -> Path:
        return self.path / "locks"

    def claim(self, number: int, attempt: int = 1) -> Path:
        """The record that says who took a trial."""
        return self.claims_dir / shard_name(number // SHARD) / record_name(number, attempt)

    def done(self, number: int, attempt: int = 1) -> Path:
        """The record of a trial's end, the one that counts, whichever attempt published it.

        `attempt` is 1, or the first one after somebody asked for the trial again.
        """
        return self.done_dir / shard_name(number // SHARD) / record_name(number, attempt)

    def late(self, number: int, attempt: int, run: str) -> Path:
        """The outcome of an attempt that came when the trial had one. Raises `UsageError` for no run's id."""
        name = f"{number:06d}.late{attempt}.{check_name('the run id', run, MAX_RUN_ID)}"
        return self.done_dir / shard_name(number // SHARD) / name

    def stop(self, number: int, attempt: int = 1) -> Path:
        """The verdict that stops an attempt early."""
        return self.stop_dir / record_name(number, attempt)

    def control(self, number: int) -> Path:
        """What a person asked for; numbered from 1."""
        return self.control_dir / record_name(number)

    def agent(self, name: str) -> Path:
        """The heartbeat of an agent. Raises `UsageError` for a name that could leave the directory."""
        return self.agents_dir / check_name("the agent's name", name, MAX_AGENT_NAME)

    def sealing(self, folder: Path, shard: int) -> Path:
        """What a shard of `folder` (claims or done) is called while it is sealed: nobody can add to it any more."""
        return folder / f"{shard_name(shard)}{_SEALING}"

    def sealed(self, shard: int) -> Path:
        return self.sealed_dir / f"{shard_name(shard)}.jsonl"

    def launch(self, name: str) -> Path:
        """What was started by one `sweep launch`, and where."""
        return self.launches_dir / f"{check_name('the launch', name, MAX_AGENT_NAME)}.json"

    def launch_logs(self, name: str) -> Path:
        """The directory of what a launch's agents and its scheduler write; ignored by git."""
        return self.launches_dir / check_name("the launch", name, MAX_AGENT_NAME)

    def lock(self, name: str) -> Path:
        """An advisory lock: what it guards is right without it, too."""
        return self.locks_dir / f"{check_name('the lock', name, MAX_AGENT_NAME)}.lock"


def shard_name(shard: int) -> str:
    """The directory that a thousand records share: `000` for the trials 0 to 999."""
    return f"{shard:03d}"


def record_name(number: int, attempt: int = 1) -> str:
    """`000042` for the first attempt, `000042.2` for the second."""
    return f"{number:06d}" if attempt == 1 else f"{number:06d}.{attempt}"


def parse_record(name: str) -> tuple[int, int] | None:
    """The number and the attempt that a record's name says; None for another file."""
    match = _RECORD.match(name)
    return (int(match[1]), int(match[2] or 1)) if match else None


def parse_late(name: str) -> tuple[int, int, str] | None:
    """The number, the attempt and the run that the name of a late outcome says; None for another file."""
    match = _LATE.match(name)
    return (int(match[1]), int(match[2]), match[3]) if match else None


def shards(folder: Path) -> list[int]:
    """The shards that `folder` (claims or done) holds, in order, also those that are being sealed; none where it is
    missing. Links are not followed."""
    return sorted({int(part) for name in _names(folder) if _SHARD.match(part := name.removesuffix(_SEALING))})


def sealed_shards(folder: Path) -> list[int]:
    """The shards that were sealed, in order."""
    matches = (_SEALED.match(name) for name in _names(folder))
    return sorted(int(match[1]) for match in matches if match)


def record_names(folder: Path) -> list[str]:
    """The names in a directory of records that are records, in order; none where it is missing."""
    return sorted(name for name in _names(folder) if parse_record(name) or parse_late(name))


def agent_names(folder: Path) -> list[str]:
    """The agents that left a heartbeat, by name."""
    return sorted(name for name in _names(folder) if not name.startswith("."))


def launch_names(folder: Path) -> list[str]:
    """The launches that were written down, the oldest first."""
    return sorted(name.removesuffix(".json") for name in _names(folder) if name.endswith(".json"))


def _names(folder: Path) -> list[str]:
    if os.path.islink(folder):
        return []
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
