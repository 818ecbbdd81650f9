"""The guide to sweeps on Slurm, followed on a real one."""

from pathlib import Path

from tests.cluster.slurm import Slurm
from tests.docs.guides import DOCS, follow


def test_the_guide_to_sweeps_on_slurm_can_be_followed(tmp_path: Path, slurm: Slurm) -> None:
    *_, best = follow(DOCS / "how-to" / "sweeps-on-slurm.md", tmp_path, slurm.environment)
    assert best.startswith("loss ")
