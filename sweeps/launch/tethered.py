"""Runs a command that ends with the process that wanted it: `python -m sweeps.launch.tethered PARENT COMMAND…`.

Whoever starts it may be killed with -9 (a Dask worker by its nanny, a test by its runner) and can then end nothing
itself. Linux sends SIGTERM instead; elsewhere the command goes on by itself.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(parent: int, command: list[str]) -> None:
    """Becomes `command`, unless the process `parent` is gone already."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:  # It went between its fork and the line above.
            sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606 - a shell would stand between


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
