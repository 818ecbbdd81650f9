"""A store elsewhere as its readers see it: a mirror in the user's cache, brought up to date before it is read.

Everything that reads a store opens files by their paths. So what an address holds is copied to
`<cache>/remote/<address>/store` first, several files at once, and from then on only what changed: of histories what was
added to them, found by size and ETag or time of change. What is gone there is gone here. The mirror is this user's
alone, and one process at a time brings it up to date.

How much is copied depends on who reads. Lists and tables of runs need `NUMBERS`: no media, files or logs. The site and
`Api` need `PAGES`: all of that, and of what artifacts hold only blobs of at most 8 MiB, as pages show no more. Checking
a store needs `ALL`. A wider mirror is kept by narrower readers.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from filelock import FileLock

from runstore.errors import StoreError
from runstore.format.carried import Kind
from runstore.format.locate import existing_store
from runstore.format.portions import Portion
from runstore.remote import copying
from runstore.remote.addresses import Address
from runstore.remote.choosing import Choice
from runstore.remote.copying import Outcome, Progress
from runstore.remote.local import LocalTree
from runstore.remote.memory import Memory, remote_dir
from runstore.remote.places import to_read
from runstore.remote.trees import File

LARGEST_BLOB: Final = 8 << 20
"""Bytes of a blob that a mirror for pages holds."""
_NUMBERS: Final = Portion(numbers_only=True)


def NUMBERS(file: File) -> bool:  # noqa: N802 - a constant that is a function
    """Whether a file is nothing that tables of runs need."""
    return file.kind is not Kind.BEAT and _NUMBERS.lacks(file.path.split("/"))
