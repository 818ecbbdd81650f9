"""Which host, and which boot of it, a process id belongs to."""

import os
import time
from functools import cache
from pathlib import Path


def hostname() -> str:
    """This host's name, as heartbeats and provenance record it."""
    if hasattr(os, "uname"):
        return os.uname().nodename
    import socket  # Not at the top: where there is a shorter way it is not needed.

    return socket.gethostname()


@cache
def boot_id() -> str:
    """Names this boot of this host ("" where the system does not say): process ids mean nothing beyond it.

    Processes in other PID namespaces (containers) see other numbers, so the namespace is part of the name.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""


def process_start(pid: int) -> float | None:
    """When a process began, in seconds of the epoch, as psutil tells it; 0.0 when that cannot be known. None for one
    that is not there, or ended and was only not asked about by its parent."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        if fields[0] in (b"Z", b"X"):
            return None
        return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + int(fields[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        pass  # It is gone, hidden from us, or this system keeps no such files.
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):  # Or no number that a process can have.
        return None
    except OSError:
        return 0.0
    import psutil  # Takes longer to load than all else here.

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else float(process.create_time())
    except psutil.NoSuchProcess:
        return None
    except psutil.Error:
        return 0.0
