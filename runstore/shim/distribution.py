"""W&B's package as `importlib.metadata` describes it, for libraries that ask which version is installed."""

import os
from importlib.metadata import Distribution
from pathlib import Path

from runstore.shim.names import NAME, VERSION

_METADATA = f"""Metadata-Version: 2.1
Name: {NAME}
Version: {VERSION}
Summary: Runstore, where W&B is expected
"""


class Wandb(Distribution):
    """A package without files."""

    def read_text(self, filename: str) -> str | None:
        return _METADATA if filename == "METADATA" else None

    def locate_file(self, path: "str | os.PathLike[str]") -> Path:
        return Path(__file__).parent / path
