"""Environments of real libraries, installed once a machine from a list beside this file: `python -m …environments`.

The tests' own environment stays light; what trains runs as a process of another one, with the Runstore under test on
its path. An environment is made by the first test that asks for it, in the user's cache, and kept: its name has a
digest of its list, so a list that changes makes a new one. `RUNSTORE_TEST_LIBRARIES` names another place.
"""

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Final

from filelock import FileLock

LISTS: Final = Path(__file__).parent
_CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
_PLACE: Final = Path(os.environ.get("RUNSTORE_TEST_LIBRARIES") or _CACHE / "runstore" / "test-libraries")
_WITH_ITS_OWN_NEEDS: Final = ("torch",)  # The index's wheel needs NVIDIA's packages, a CPU wheel has none.
_FROM_SOURCE: Final = ("deepspeed",)  # No wheel; its setup compiles nothing when told so.
_INSTALL_SECONDS: Final = 1800


class InstallationError(Exception):
    """An environment could not be made; the message is one line."""


def python(name: str) -> Path:
    """The interpreter of the environment `name`, made now where it is not there. Raises `InstallationError`.

    Several processes may ask at once: one makes it, the others wait.
    """
    listed = LISTS / f"{name}.txt"
    place = _PLACE / f"{name}-{sys.version_info.major}.{sys.version_info.minor}-{_digest(listed)}"
    if not _stamp(place).exists():
        _PLACE.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{place}.lock"):
            if not _stamp(place).exists():
                _make(place, listed)
    return _interpreter(place)


def version(name: str, package: str) -> str:
    """The version of a package that the environment `name` pins."""
    pinned = dict(line.split("==") for line in (LISTS / f"{name}.txt").read_text().splitlines() if "==" in line)
    return pinned[package]


def _digest(listed: Path) -> str:
    return hashlib.sha256(listed.read_bytes()).hexdigest()[:12]


def _stamp(place: Path) -> Path:
    """A file that says that all is installed. An environment cannot be renamed: its programs name their place."""
    return place / "installed"


def _interpreter(place: Path) -> Path:
    return place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _make(place: Path, listed: Path) -> None:
    print(f"installing {listed.name} into {place}, once", file=sys.stderr, flush=True)
    venv.create(place, with_pip=True, clear=True)
    names = {line.partition("==")[0]: line for line in listed.read_text().splitlines() if "==" in line}
    for each in _WITH_ITS_OWN_NEEDS:
        if each in names:
            _install(place, listed, "--constraint", str(listed), each)
    late = [names.pop(each) for each in _FROM_SOURCE if each in names]
    _install(place, listed, "--no-deps", *names.values())
    if late:
        _install(place, listed, "--no-deps", "--no-build-isolation", *late)
    _stamp(place).touch()


def _install(place: Path, listed: Path, *arguments: str) -> None:
    # Not compiled: the tests import a small part of it, and that is compiled when it is imported.
    command = [str(_interpreter(place)), "-m", "pip", "install", "--quiet", "--no-compile", *arguments]
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "DS_BUILD_OPS": "0"}
    try:
        subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=_INSTALL_SECONDS)
    except subprocess.CalledProcessError as error:
        last = next((line for line in error.stderr.splitlines()[::-1] if line.startswith("ERROR")), "pip failed")
        raise InstallationError(f"the libraries of {listed.name} could not be installed: {last}") from None
    except subprocess.TimeoutExpired:
        raise InstallationError(f"{listed.name} took more than {_INSTALL_SECONDS} s to install") from None


if __name__ == "__main__":
    for each in sys.argv[1:] or [path.stem for path in sorted(LISTS.glob("*.txt"))]:
        print(python(each))
