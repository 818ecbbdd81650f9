"""Which host, and which boot of it, a process id belongs to."""

import os
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
