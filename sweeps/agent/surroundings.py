"""What a trial finds when it starts: the variables that tell `init` whose run it records, and its parameters as files.

Each variable has W&B's twin beside it: scripts that ask for either learn the same.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from runstore.format import yaml12
from runstore.format.records import write_atomically
from runstore.format.sweep_records import Claim
from runstore.recording.inputs import written
from sweeps.agent.places import Place

PREFIXES: Final = ("RUNSTORE_", "WANDB_")
# Of the shell that the agent was started in: they would make every trial the same run.
_NOT_INHERITED: Final = ("NAME", "RUN_NAME", "NOTES", "RESUME", "RESUME_FROM", "FORK_FROM", "RUN_ID")


@dataclass(frozen=True)
class Surroundings:
    """The variables of one attempt at a trial, and the files that they name."""

    place: Place
    claim: Claim

    @cached_property
    def folder(self) -> Path:
        return self.place.sweep.tmp_dir / "params"

    @cached_property
    def yaml_file(self) -> Path:
        return self.folder / f"{self._name}.yaml"

    @cached_property
    def json_file(self) -> Path:
        return self.folder / f"{self._name}.json"

    @property
    def _name(self) -> str:
        """Of this attempt alone: an agent that slept through its lease clears its own files when it wakes."""
        attempt = self.claim.attempt
        return self.claim.run if attempt == 1 else f"{self.claim.run}.{attempt}"

    @cached_property
    def variables(self) -> Mapping[str, str]:
        """What the trial's environment has in addition; "" for what it must not inherit."""
        values = dict.fromkeys(_NOT_INHERITED, "")
        values |= {
            "SWEEP_ID": self.place.sweep.id,
            "SWEEP_PARAM_PATH": str(self.yaml_file),
            "RUN_ID": self.claim.run,
            "PROJECT": self.place.project.name,
            "DIR": str(self.place.store.root),
        }
        if self.claim.attempt > 1:
            values["RESUME"] = "allow"
        return {prefix + name: value for name, value in values.items() for prefix in PREFIXES}

    def environment(self, given: Mapping[str, str] | None = None) -> dict[str, str]:
        """A whole environment for a process."""
        known = {**(os.environ if given is None else given), **self.variables}
        return {name: value for name, value in known.items() if value or name not in self.variables}

    def write(self, *, as_json: bool = False) -> None:
        """Writes the parameters in W&B's form of a sweep's file, with `as_json` as JSON too. Raises `OSError`."""
        wrapped = {name: {"value": value, "desc": None} for name, value in self.claim.params.items()}
        write = {self.yaml_file: yaml12.dump({"wandb_version": 1, **wrapped})}
        if as_json:
            write[self.json_file] = json.dumps(dict(self.claim.params))
        for path, text in write.items():
            _save(path, text.encode())

    def clear(self) -> None:
        """Removes the files again: the run's config has what they said."""
        for path in (self.yaml_file, self.json_file):
            with suppress(OSError):
                path.unlink(missing_ok=True)

    @contextmanager
    def in_this_process(self) -> Iterator[None]:
        """While this lasts, `init` in this process records the trial."""
        before = {name: os.environ.get(name) for name in self.variables}
        try:
            _put({name: value or None for name, value in self.variables.items()})
            with written(self.yaml_file, self.claim.params):
                yield
        finally:
            _put(before)


def _put(variables: Mapping[str, Any]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _save(path: Path, data: bytes) -> None:
    try:
        write_atomically(path, data)
    except FileNotFoundError:
        if not path.parent.parent.parent.is_dir():  # The sweep itself was deleted: it is not made anew.
            raise
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, data)
