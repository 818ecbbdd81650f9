"""What scripts written for W&B take from its `util`."""

import importlib
import re
from types import ModuleType
from typing import Final

from runstore.errors import UsageError
from runstore.recording.naming import generate_id

__all__ = ["generate_id", "get_module", "make_artifact_name_safe"]

_LONGEST: Final = 128
_KEPT: Final = 63


def make_artifact_name_safe(name: str) -> str:
    """`name` as an artifact may be called: anything but letters, digits, `_`, `-` and `.` becomes `_`.

    Of one longer than 128 characters the middle is left out.
    """
    safe = re.sub(r"[^a-zA-Z0-9_\-.]", "_", name)
    return safe if len(safe) <= _LONGEST else f"{safe[:_KEPT]}..{safe[-_KEPT:]}"


def get_module(name: str, required: str | bool | None = None, lazy: bool = True) -> ModuleType | None:
    """The module `name`, None when it is not installed. With `required` that raises `UsageError` with its text."""
    try:
        return importlib.import_module(name)
    except ImportError:
        if required:
            text = required if isinstance(required, str) else f"{name} is not installed; run pip install {name}"
            raise UsageError(text) from None
        return None
