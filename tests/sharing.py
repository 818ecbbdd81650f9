"""Which tests share a worker when they run in parallel: those that share what takes long to make."""

from typing import Final

from xdist.scheduler import LoadScopeScheduling

TOGETHER: Final = {
    "tests/cluster/": "cluster",  # one Slurm and one network disk
    "tests/demo/": "demo",  # one training of the demo
    "tests/browser/test_demo_page.py": "demo",
    "tests/browser/test_bullets.py": "demo",
}


class Sharing(LoadScopeScheduling):  # type: ignore[misc]
    """Hands out tests by what they share.

    pytest-xdist's own `loadgroup` puts the group behind the test's id, which pytest 9.2 does not let it do any more.
    """

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        for start, group in TOGETHER.items():
            if path.startswith(start):
                return group
        # A file of browser tests has its sites built once.
        return path if path.startswith("tests/browser/") else nodeid
