"""The real things that these tests run on: each is started once in a session, by the one worker that has the group."""

from collections.abc import Iterator

import pytest

from tests.cluster.shared_disk import SharedDisk, shared_disk
from tests.cluster.slurm import Slurm, slurm_cluster


@pytest.fixture(scope="session")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedDisk]:
    """A volume of GlusterFS with two mounts."""
    with shared_disk(tmp_path_factory.mktemp("disk")) as found:
        yield found


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    """A Slurm of one node."""
    with slurm_cluster(tmp_path_factory.mktemp("slurm")) as found:
        yield found
