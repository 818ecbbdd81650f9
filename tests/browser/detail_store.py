"""A store whose runs have long logs, files of every kind, patches, commits, and much to compare."""

import json
from pathlib import Path
from typing import Any

import polars as pl

from tests.browser.media_store import picture
from tests.stores import START, write_file, write_run, write_store

LINES = 100_000
EVIL = "<img src=x onerror=\"document.title='owned'\">"
SHA = "0123456789abcdef0123456789abcdef01234567"
PATCH = "".join(
    f"diff --git a/src/f{k}.py b/src/f{k}.py\nindex 1..2 100644\n--- a/src/f{k}.py\n+++ b/src/f{k}.py\n"
    f"@@ -1,3 +1,4 @@\n import os\n-lr = {k}\n+lr = {k + 1}  # {EVIL}\n+decay = 0.1\n return lr\n"
    for k in range(3)
)


def log_lines() -> list[str]:
    """A long log: every thousandth line is a long warning in colours."""
    return [
        f"\x1b[33mWARNING\x1b[0m step {at}: {'the loss spiked ' * 20}{EVIL}" if at % 1000 == 500 else f"step {at} ok"
        for at in range(1, LINES + 1)
    ]


def write_details(root: Path) -> Path:
    """`p`: `long`, that has everything, and six runs of two groups; an artifact of two versions."""
    write_store(root)
    home = _write_long(root)
    frame = pl.DataFrame({"n": range(500), "text": [EVIL] * 500})
    frame.write_parquet(home / "files" / "data" / "rows.parquet")
    _write_six(root)
    _write_version(root, 0, "aaaaaaaa", ("gone", "same", "new"))
    _write_version(root, 1, "bbbbbbbb", ("same", "new", "more"))
    return root


def _write_long(root: Path) -> Path:
    marks = [
        {"line": at, "_timestamp": START + at, "source": "stderr" if at % 1000 == 499 else "stdout"}
        for base in range(0, LINES, 1000)
        for at in (base, base + 499, base + 500)
    ]
    return write_run(
        root,
        "p",
        "long",
        curve(0),
        config={"lr": 0.1, "shared": "same", "only": EVIL},
        meta={"name": "long run", "created": "2026-10-09T00:00:00Z", "group": "g0", "job_type": "train", "sweep": "s1"},
        state={"state": "finished", "exit_code": 0, "finished": "2026-10-09T01:00:00Z"},
        files={
            "summary.json": {"loss": 0.5, "best": {"acc": 0.9}},
            "output.log": "\n".join(log_lines()) + "\n",
            "lines.jsonl": marks,
            "changes.patch": PATCH,
            "requirements.txt": "numpy==2.0\npolars==1.5\ntorch==2.4\n",
            "files/notes.txt": f"first\n{EVIL}\n",
            "files/tree.json": {"a": [1, {"deep": EVIL}], "b": None},
            "files/data/table.csv": f'name,score\n"a, ""b""",1.5\n{EVIL},2\n',
            "files/data/page.html": "<script>document.title='owned'</script>",
            "files/plot.png": picture(1),
            "files/data/blob.bin": b"\0\1\2\xff",
            "code/train.py": "import runstore\n\nprint(1)\n",
            "provenance.json": {
                "user": "ada",
                "command": ["/usr/bin/python3", "train.py", "--lr", "0.1"],
                "git": {"commit": SHA, "branch": "main", "remote": "git@github.com:team/code.git", "dirty": True},
            },
        },
    )


def _write_six(root: Path) -> None:
    for at in range(6):
        write_run(
            root,
            "p",
            f"r{at}",
            curve(at),
            config={"lr": 0.1 * (at + 1), "shared": "same", **({"only": 1} if at == 0 else {})},
            meta={
                "name": f"run {at}",
                "created": f"2026-10-0{at + 1}T00:00:00Z",
                "group": f"g{at % 2}",
                "job_type": "eval" if at == 4 else "train",
                "sweep": "s1" if at < 2 else "",
            },
            state={"state": "finished", "exit_code": 0, "finished": f"2026-10-0{at + 1}T01:00:00Z"},
            files={"summary.json": {"loss": float(at), "best": {"acc": 0.9}}},
        )


def curve(at: int) -> list[dict[str, Any]]:
    """A run's history: a loss, and for some another metric."""
    return [
        {
            "train/loss": (at + 1) / (step + 1),
            **({"extra": step} if at % 2 else {}),
            "_step": step,
            "_runtime": step * 1.0,
            "_timestamp": START + step,
        }
        for step in range(20)
    ]


def _write_version(root: Path, version: int, key: str, files: tuple[str, ...]) -> None:
    head = {
        "id": key,
        "name": "model",
        "type": "model",
        "created": f"2026-10-0{version + 1}T10:00:00Z",
        "digest": key[0] * 64,
        "files": len(files),
        "size": 10 * len(files),
        "metadata": {"epoch": version, "kind": "mlp"},
    }
    entries = [
        {"id": key, "path": f"{name}.npz", "sha256": ("0" if name == "same" else key[0]) * 64, "size": 10}
        for name in files
    ]
    text = "# Runstore artifact\n" + "".join(f"- {json.dumps(each)}\n" for each in (head, *entries))
    write_file(root / "p" / "artifacts" / "model" / f"v{version}" / "manifest.yaml", text)
