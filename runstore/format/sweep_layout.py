"""Where everything lies in a sweep: immutable, numbered records beside the configuration that it was made from.

sweeps/<id>/sweep.yaml, resolved.json         as given; as agents read it
sweeps/<id>/claims/000/000042[.<attempt>]     who took trial 42, and with which parameters
sweeps/<id>/done/000/000042[.<attempt>]       how it ended; a late one of another attempt stands beside the first
sweeps/<id>/stop/000042                       why it was stopped early
sweeps/<id>/control/000001                    what a person asked for: pause, resume, stop, extend, add, …
sweeps/<id>/agents/<agent>                    heartbeats; ignored by git
sweeps/<id>/sealed/000.jsonl                  a thousand trials that are over, a line each, in place of their records
sweeps/<id>/tmp/, sweeps/<id>/locks/          private files and advisory locks; ignored by git
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from runstore.format.names import check_name

SHARD = 1000
MAX_AGENT_NAME = 128
SWEEP_FILE = "sweep.yaml"
_RECORD = re.compile(r"^([0-9]{6,9})(?:\.([1-9][0-9]{0,5}))?$")
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
    def tmp_dir(self) -> Path:
        return self.path / "tmp"

    @property
    def locks_dir(self) -> Path:
        return self.path / "locks"

    def claim(self, number: int, attempt: int = 1) -> Path:
        """The record that says who took a trial."""
        return self.claims_dir / shard_name(number // SHARD) / record_name(number, attempt)

    def done(self, number: int, attempt: int = 1) -> Path:
        """The record of a trial's end. `attempt` 1 names the one that counts, whichever attempt published it."""
        return self.done_dir / shard_name(number // SHARD) / record_name(number, attempt)

    def stop(self, number: int) -> Path:
        """The verdict that stops a trial early."""
        return self.stop_dir / record_name(number)

    def control(self, number: int) -> Path:
        """What a person asked for; numbered from 1."""
        return self.control_dir / record_name(number)

    def agent(self, name: str) -> Path:
        """The heartbeat of an agent. Raises `UsageError` for a name that could leave the directory."""
        return self.agents_dir / check_name("the agent's name", name, MAX_AGENT_NAME)

    def sealed(self, shard: int) -> Path:
        return self.sealed_dir / f"{shard_name(shard)}.jsonl"

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


def shards(folder: Path) -> list[int]:
    """The shards that `folder` (claims or done) holds, in order; none where it is missing. Links are not followed."""
    return sorted(int(name) for name in _names(folder) if _SHARD.match(name))


def sealed_shards(folder: Path) -> list[int]:
    """The shards that were sealed, in order."""
    matches = (_SEALED.match(name) for name in _names(folder))
    return sorted(int(match[1]) for match in matches if match)


def record_names(folder: Path) -> list[str]:
    """The names in a directory of records that are records, in order; none where it is missing."""
    return sorted(name for name in _names(folder) if parse_record(name))


def agent_names(folder: Path) -> list[str]:
    """The agents that left a heartbeat, by name."""
    return sorted(name for name in _names(folder) if not name.startswith("."))


def _names(folder: Path) -> list[str]:
    if os.path.islink(folder):
        return []
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
