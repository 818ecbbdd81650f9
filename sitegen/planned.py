"""A file of the site before it is made."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_JSON: Final = json.JSONEncoder(default=str).encode


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """One file of the site: where it goes, a digest of all that goes into it, and how it is made or what is copied.

    What is copied may be linked where it is `immutable`: written once and named by its content.
    """

    path: str
    digest: str
    make: Callable[[], bytes | Path]
    immutable: bool = False


def fingerprint(*parts: Any) -> str:
    """A digest of values as JSON has them, and of others as they are written."""
    return hashlib.blake2b(_JSON(parts).encode(), digest_size=12).hexdigest()
