"""Hand-written stores: run directories as plain files, as any program in any language may write them.

Nothing here uses Runstore's own writers, so that what the tests read is what the format says.
"""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

Rows = Iterable[Mapping[str, Any]]

START = 1_790_000_000.0
"""When the runs of `curve` start, epoch s."""


def write_store(root: Path, text: str = "format: 1\n") -> Path:
    """Writes `root/store.yaml` and returns `root`."""
    return write_file(root / "store.yaml", text).parent


def write_run(
    root: Path,
    project: str = "p",
    run_id: str = "r1",
    history: Rows | bytes | None = (),
    config: Mapping[str, Any] | str | bytes | None = None,
    meta: Mapping[str, Any] | str | bytes | None = None,
    state: Mapping[str, Any] | str | bytes | None = None,
    files: Mapping[str, Any] | None = None,
) -> Path:
    """Writes a run below the store `root` and returns its directory; None leaves a file out.

    `history` is rows, or the file's raw bytes. `config` is YAML text, or values; `meta` (run.yaml) and `state`
    (state.json) likewise. `files` holds any other file by its path in the run's directory: rows for a `.jsonl`,
    values for a `.json`, else text or bytes.
    """
    folder = root / project / "runs" / run_id
    folder.mkdir(parents=True, exist_ok=True)
    named = {"history.jsonl": history, "config.yaml": config, "run.yaml": meta, "state.json": state, **(files or {})}
    for name, content in named.items():
        if content is not None:
            write_file(folder / name, content)
    return folder


def write_file(path: Path, content: Any) -> Path:
    """Writes text, bytes, rows (for a `.jsonl`) or values (as JSON, which is YAML too) to `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_encoded(path, content))
    return path


def append(folder: Path, content: Rows | bytes, name: str = "history.jsonl") -> Path:
    """Appends rows, or raw bytes, to a history."""
    with (folder / name).open("ab") as file:
        file.write(_encoded(folder / name, content))
    return folder / name


def lines(rows: Rows) -> bytes:
    """The rows as JSON lines, non-finite numbers as the strings that the format wants."""
    return b"".join(json.dumps(_named(dict(row)), ensure_ascii=False).encode() + b"\n" for row in rows)


def curve(steps: int, start: int = 0, key: str = "loss") -> list[dict[str, Any]]:
    """`steps` rows of one falling metric, half a second apart, with every axis."""
    return [
        {key: 1 / (abs(step) + 1), "_step": step, "_runtime": step / 2, "_timestamp": START + step / 2}
        for step in range(start, start + steps)
    ]


def write_heartbeat(folder: Path, beat: Mapping[str, Any] | bytes, at: float) -> Path:
    """Writes a run's heartbeat whose last beat was `at` (epoch s)."""
    path = write_file(folder / "heartbeat", beat if isinstance(beat, bytes) else json.dumps(beat))
    os.utime(path, (at, at))
    return path


def _encoded(path: Path, content: Any) -> bytes:
    if isinstance(content, bytes):
        return content
    if isinstance(content, str):
        return content.encode()
    if path.suffix == ".jsonl":
        return lines(content)
    return json.dumps(_named(content), ensure_ascii=False).encode()


def _named(value: Any) -> Any:
    if isinstance(value, float) and value - value != 0.0:
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, Mapping):
        return {key: _named(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_named(inner) for inner in value]
    return value
