"""What lies below a directory, as fast as the system says it: a site has tens of thousands of files."""

import os
from collections.abc import Callable, Iterator


def folders(
    root: str, skip: Callable[[str], bool] = lambda _: False
) -> Iterator[tuple[str, list[str], list[os.DirEntry[str]]]]:
    """The directories below `root`, itself first: how a path in it begins ("" or "a/b/"), the names of directories in
    it but for those that `skip` names by their path, and all else. No link is followed. Raises `OSError`."""
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        inner, files = [], []
        with os.scandir(f"{root}/{folder}") as entries:
            for entry in entries:
                if not entry.is_dir(follow_symlinks=False):
                    files.append(entry)
                elif not skip(f"{folder}{entry.name}"):
                    inner.append(entry.name)
        yield folder, inner, files
        waiting += [f"{folder}{name}/" for name in sorted(inner)]
