"""Starts a program in whose Python processes `import wandb` is Runstore, those that it starts itself included."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from runstore.errors import UsageError
from runstore.settings import SETTINGS

SWITCH: Final = "RUNSTORE_AS_WANDB"
"""The variable by which a Python process knows that it is meant."""
HOOK: Final = Path(__file__).parent / "path"
"""The directory on the path of such a process. Python runs the `sitecustomize` in it when it starts."""


def environment(given: Mapping[str, str], settings: Mapping[str, str]) -> dict[str, str]:
    """What is added to the environment `given`. `settings` are values of settings by their names.

    Libraries read some of W&B's variables themselves, so both a setting's own and W&B's twin are set.
    """
    path = [each for each in given.get("PYTHONPATH", "").split(os.pathsep) if each and each != str(HOOK)]
    added = {SWITCH: "1", "PYTHONPATH": os.pathsep.join([str(HOOK), *path])}
    for name, value in settings.items():
        added |= dict.fromkeys(SETTINGS[name].variables, value)
    return added


def exports(settings: Mapping[str, str]) -> str:
    """The same as lines for a shell."""
    added = environment({}, settings)
    path = added.pop("PYTHONPATH")
    lines = [f"export {name}={shlex.quote(value)}" for name, value in added.items()]
    return "\n".join([f'export PYTHONPATH={shlex.quote(path)}"${{PYTHONPATH:+:$PYTHONPATH}}"', *lines])


def execute(command: Sequence[str], settings: Mapping[str, str]) -> int:
    """Becomes the program, where a process can; else runs it and returns its exit code. Raises `UsageError`."""
    added = environment(os.environ, settings)
    program = _found(command[0])
    if os.name == "posix":
        sys.stdout.flush()
        sys.stderr.flush()
        try:
            os.execve(program, list(command), {**os.environ, **added})  # noqa: S606 - the person's own command
        except OSError as error:
            raise UsageError(f"cannot run {command[0]!r} ({error.strerror})") from None
    return subprocess.call([program, *command[1:]], env={**os.environ, **added})


def _found(name: str) -> str:
    program = shutil.which(name)
    if program is None:
        raise UsageError(f"found no program {name!r} to run{_mend(name)}")
    return program


def _mend(name: str) -> str:
    if not name.endswith(".py"):
        return "; write it as you would without `runstore exec`: runstore exec -- python train.py"
    if Path(name).is_file():
        return f"; write: runstore exec -- python {name}"
    return f", nor a script of this name in {Path.cwd()}"
