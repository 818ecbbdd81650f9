"""Training scripts as real processes: written to a folder, run there with a store of their own, and read back."""

import json
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_SECONDS = 60.0


def environment(folder: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a script: the store is `folder/experiments`, Runstore is the one under test."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("RUNSTORE_", "WANDB_"))}
    return {
        **inherited,
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "RUNSTORE_DIR": str(folder / "experiments"),
        **(more or {}),
    }


def start_script(
    folder: Path, source: str, *arguments: str, env: Mapping[str, str] | None = None, **options: Any
) -> subprocess.Popen[str]:
    """Starts `source` as `folder/train.py`, its streams as pipes."""
    script = folder / "train.py"
    text = textwrap.dedent(source)
    if not script.exists() or script.read_text() != text:  # Another process may be about to read it.
        script.write_text(text)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.Popen(
        [sys.executable, str(script), *arguments],
        cwd=folder,
        env=environment(folder, env),
        text=True,
        errors="backslashreplace",
        **pipes,
    )


def run_script(
    folder: Path, source: str, *arguments: str, env: Mapping[str, str] | None = None, **options: Any
) -> subprocess.CompletedProcess[str]:
    """Runs `source` to its end."""
    with start_script(folder, source, *arguments, env=env, **options) as process:
        try:
            out, err = process.communicate(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def run_folders(folder: Path) -> list[Path]:
    """The directories of the runs below `folder/experiments`."""
    return sorted((folder / "experiments").glob("*/runs/*"))


def only_run(folder: Path) -> Path:
    """The directory of the one run there is."""
    [found] = run_folders(folder)
    return found


def rows(run: Path) -> list[dict[str, Any]]:
    """The rows of a run's history; every line has to be whole."""
    return [json.loads(line) for line in (run / "history.jsonl").read_bytes().splitlines()]


def whole_rows(run: Path) -> list[dict[str, Any]]:
    """The same of a run that was killed: its last line may be torn."""
    return [json.loads(line) for line in (run / "history.jsonl").read_bytes().split(b"\n")[:-1]]


def load(path: Path) -> Any:
    return json.loads(path.read_bytes())


def wait_until(holds: Callable[[], object], what: str) -> None:
    """Waits until `holds()` is true; fails the test when that takes too long."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.01)
