"""The tutorial and the how-to guides: whoever follows them gets what they promise."""

from pathlib import Path

import pytest

from tests.docs.guides import DOCS, follow, steps

GUIDES = [DOCS / "tutorial.md", *sorted((DOCS / "how-to").glob("*.md"))]
ELSEWHERE = {"sweeps-on-slurm"}
"""Followed by tests/cluster, on a real Slurm."""


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in GUIDES if page.stem not in ELSEWHERE], ids=lambda page: page.stem)
def test_a_guide_can_be_followed(page: Path, tmp_path: Path) -> None:
    follow(page, tmp_path)


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_what_is_not_run_says_why(page: Path) -> None:
    for step in steps(page):
        if step.skipped:
            assert len(step.skipped) > 20, f"{page}:{step.line}"
        if not step.title and not step.skipped:
            assert step.language in ("console", "text"), f"{page}:{step.line}: give the file's name as title"
