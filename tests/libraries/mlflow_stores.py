"""Stores that MLflow's own package writes, as a process of its environment."""

import subprocess
from pathlib import Path
from typing import Final

from tests.libraries.training import SCRIPTS
from tests.processes import environment

PATIENCE_SECONDS: Final = 180


def write(python: Path, folder: Path, uri: str, *arguments: str) -> None:
    """Has MLflow write into the store `uri`, from the directory `folder`."""
    variables = {"MLFLOW_ALLOW_FILE_STORE": "true", "MLFLOW_DISABLE_TELEMETRY": "true", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [str(python), str(SCRIPTS / "write_mlflow.py"), uri, *arguments],
        cwd=folder,
        env=environment(folder, variables),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stderr[-4000:]
