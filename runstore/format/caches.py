"""Where Runstore keeps what it can make again, for one user of one machine."""

import os
from pathlib import Path


def cache_dir() -> Path:
    """The user's cache directory for Runstore: `RUNSTORE_CACHE_DIR`, else by the XDG rules."""
    if chosen := os.environ.get("RUNSTORE_CACHE_DIR"):
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "runstore"
