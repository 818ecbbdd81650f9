"""A terminal, and a store with two projects for the commands to look at."""

from pathlib import Path

import pytest

from tests.cli.terminal import Terminal
from tests.stores import curve, write_run


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(capsys)


@pytest.fixture
def store(root: Path) -> Path:
    """`digits` with a finished, a failed and a hand-written run, and `speech` with one."""
    write_run(
        root,
        "digits",
        "fold0",
        curve(10),
        config="lr: 1e-4\nmodel:\n  depth: 3\n",
        meta={
            "name": "mlp fold 0",
            "created": "2026-10-01T10:00:00Z",
            "group": "mlp",
            "job_type": "train",
            "tags": ["k-fold", "mlp"],
            "notes": "the first fold",
        },
        state={"state": "finished", "exit_code": 0, "finished": "2026-10-01T10:01:30Z"},
        files={"provenance.json": {"host": "node1", "python": "3.11.7"}},
    )
    write_run(
        root,
        "digits",
        "fold1",
        curve(3),
        meta={"name": "mlp fold 1", "created": "2026-10-01T11:00:00Z", "group": "mlp"},
        state={"state": "failed", "exit_code": 1, "finished": "2026-10-01T11:00:09Z"},
    )
    write_run(root, "digits", "byhand", [{"accuracy": 0.5}])
    write_run(root, "speech", "wav", [{"wer": 0.25}], meta={"name": "whisper"})
    return root
