"""The page about integrations: its code runs, with the real libraries."""

import re

import pytest

from tests.libraries.matrix import PAGE
from tests.libraries.training import Training

_BLOCK = re.compile(r"^```py\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_the_code_on_the_page_runs_and_logs(training: Training) -> None:
    blocks = _BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    ended = "\nimport runstore\nrunstore.finish()\n"
    training.run(ended.join([*blocks, ""]))  # In one process, since importing is what takes long.
    runs = training.runs("tiny")
    assert len(runs) >= len(blocks)
    assert all(run.state == "finished" and run.summary for run in runs)
