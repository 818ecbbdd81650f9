"""What this process mirrors: a file that a mirror lacks comes when it is asked for, and no mirror is changed.

A change to a mirror would be gone the next time that it is brought up to date.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from runstore.errors import UsageError

_Bring = Callable[[str], None]
_OFFERED: Final[dict[Path, tuple[str, _Bring]]] = {}


def offer(root: Path, where: str, bring: _Bring) -> None:
    """Notes that the store at `root` mirrors `where`, and what fetches one more of its files, by its path inside."""
    _OFFERED[root] = where, bring


def ensure(root: Path, path: Path) -> None:
    """Fetches the file at `path` in the store at `root`, where that is a mirror that lacks it. Raises `StoreError`."""
    if root in _OFFERED and not path.exists():
        _OFFERED[root][1](path.relative_to(root).as_posix())


def refuse_change(path: Path) -> None:
    """Raises `UsageError` where a file or directory lies in a mirror."""
    for root, (where, _) in _OFFERED.items():
        if path == root or root in path.parents:
            raise UsageError(
                f"{where}: a store at an address is read here, and not changed; copy it with `runstore sync`, change "
                "the copy, and sync it back"
            )
