"""The store that the browser tests look at: small, and with everything a page can show."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runstore.format import yaml12
from tests.stores import START, write_file, write_run, write_store

OPTIMIZERS = ("adam", "sgd", "lion")
RATES = (0.1, 0.01)
FOLDS = range(4)
STEPS = 60
LOG = "epoch 1\n\x1b[32mepoch 2 done\x1b[0m\nprogress 10%\rprogress 100%\n<b>not bold</b>\n"
PATCH = (
    "diff --git a/train.py b/train.py\n--- a/train.py\n+++ b/train.py\n@@ -1 +1 @@\n-lr = 1\n+lr = 2 # <i>faster</i>\n"
)
PROVENANCE = {
    "host": "node7",
    "user": "ada",
    "os": "Linux-6.1",
    "python": "3.11.7",
    "executable": "/usr/bin/python3",
    "command": ["train.py", "--name", "two words"],
    "cpu": "Fast CPU",
    "cpu_count": 8,
    "cpu_count_logical": 16,
    "memory_gb": 32.0,
    "gpu": ["NVIDIA H100"],
    "git": {
        "commit": "0123456789abcdef0123456789abcdef01234567",
        "branch": "main",
        "remote": "https://user:secret@example.org/team/code.git",
        "dirty": True,
        "root": "/home/ada/code",
    },
    "runstore": "0.1.0",
}


def rows(optimizer: str, rate: float, fold: int) -> list[dict[str, Any]]:
    """A run's history: loss at every step (shorter for some folds), accuracy at every fifth."""
    speed = {"adam": 0.08, "sgd": 0.04, "lion": 0.06}[optimizer] * (1 if rate == 0.1 else 0.6)
    found = []
    for step in range(STEPS - 5 * fold):
        wobble = 0.02 * math.sin(step * (fold + 1))
        row = {"_step": step, "_runtime": step * 2.0, "_timestamp": START + 100 * fold + step * 2.0}
        row["train/loss"] = math.exp(-speed * step) + 0.1 * fold + wobble
        if step % 5 == 0:
            row["val/accuracy"] = 1 - math.exp(-speed * step) - 0.02 * fold
        found.append(row)
    return found


def all_runs() -> Iterator[tuple[str, str, float, int]]:
    """Each run of the lab: id, optimizer, rate, fold."""
    for optimizer in OPTIMIZERS:
        for rate in RATES:
            for fold in FOLDS:
                yield f"{optimizer}-{'fast' if rate == 0.1 else 'slow'}-{fold}", optimizer, rate, fold


def write_lab(root: Path) -> Path:
    """`lab`: 24 runs in six groups, oldest first by id, and one that failed; `other`: one run."""
    write_store(root)
    for number, (run_id, optimizer, rate, fold) in enumerate(all_runs()):
        history = rows(optimizer, rate, fold)
        write_run(
            root,
            "lab",
            run_id,
            history,
            config={"optimizer": optimizer, "lr": rate, "fold": fold, "model": {"depth": 3}},
            meta={
                "name": run_id.replace("-", " "),
                "created": f"2026-10-01T10:{number:02d}:00Z",
                "group": f"{optimizer} {rate}",
                "job_type": "eval" if fold == 3 else "train",
                "tags": ["baseline"] if optimizer == "sgd" else [],
            },
            state={"state": "finished", "exit_code": 0, "finished": f"2026-10-01T11:{number:02d}:00Z"},
        )
    _write_showcase(root)
    write_run(root, "other", "only", [{"score": 1.0, "_step": 0}], meta={"name": "only one"})
    return root


def _write_showcase(root: Path) -> None:
    """The run that has everything a run page shows."""
    table = {"columns": ["actual", "predicted", "count"], "data": [["cat", "cat", 9], ["cat", "<i>dog</i>", 1]]}
    stub = {
        "_type": "table-file",
        "path": "media/table/confusion_7_0.table.json",
        "sha256": "0" * 64,
        "size": 10,
        "ncols": 3,
        "nrows": 2,
    }
    write_run(
        root,
        "lab",
        "showcase",
        [{"train/loss": 1.0 / (step + 1), "_step": step, "_runtime": step * 1.0} for step in range(8)]
        + [{"confusion": stub, "_step": 8, "_runtime": 8.0}],
        config={"optimizer": "none", "nested": {"deep": {"er": [1, 2]}}},
        meta={
            "name": "showcase",
            "created": "2026-10-02T10:00:00Z",
            "tags": ["first", "second"],
            "notes": "Line one\nline *two*",
        },
        state={"state": "failed", "exit_code": 3, "finished": "2026-10-02T10:03:20Z"},
        files={
            "summary.json": {"train/loss": 0.125, "best": {"accuracy": 0.75}, "confusion": stub, "_step": 8},
            "media/table/confusion_7_0.table.json": json.dumps(table),
            "output.log": LOG,
            "changes.patch": PATCH,
            "provenance.json": PROVENANCE,
        },
    )


def write_hostile(root: Path) -> Path:
    """A project whose every name, key, note and log line tries to be something else than text."""
    write_store(root)
    evil = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
    quotes = "\"'`&<>${1+1}{{ 7*7 }}\u2028\u2029\u202etxt"
    for number, name in enumerate((evil, quotes, "ü" * 3000, "n" * 10_000, "日本語 🚀 عربى", "__proto__")):
        keys = {evil: 1.0, quotes: 2.0, "__proto__": 3.0, "constructor": 4.0, "a/b/c.d": 5.0, "k" * 10_000: 6.0}
        write_run(
            root,
            "hostile",
            f"r{number}",
            [{**{key: value + step for key, value in keys.items()}, "_step": step} for step in range(3)],
            config=yaml12.dump({**dict.fromkeys(keys, name), "list": [evil], "nested": {evil: {quotes: 1}}}),
            meta={"name": name, "group": name, "job_type": evil, "tags": [evil, quotes], "notes": evil + name},
            state={"state": "finished", "exit_code": 0, "finished": evil},
            files={
                "output.log": f"{evil}\n{quotes}\n",
                "changes.patch": f"+{evil}\n-{quotes}\n",
                "provenance.json": {
                    "host": evil,
                    "command": [evil],
                    "git": {"remote": "javascript:alert(1)", "commit": evil},
                },
            },
        )
    write_file(root / "hostile" / "project.yaml", {"title": evil, "description": evil})
    return root
