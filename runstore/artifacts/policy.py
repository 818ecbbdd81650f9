"""What git does with the content of artifacts, as store.yaml says under `artifacts`: commit, lfs or ignore.

With `commit` it is committed like any file, with `lfs` through Git LFS, with `ignore` not at all: then a clone has the
manifests, and the content has to come some other way. What artifacts there are is committed in each case.
"""

from pathlib import Path
from typing import Final

from runstore.format.layout import StoreLayout
from runstore.format.records import ArtifactPolicy, load_store, write_atomically

LFS_LINE: Final = "objects/** filter=lfs diff=lfs merge=lfs -text"
IGNORE_LINE: Final = "objects/"


def apply(store: StoreLayout) -> ArtifactPolicy:
    """Writes what the policy asks for into `.gitattributes` and `.gitignore`, and removes what it no longer does.

    Lines of other people's stay. Files that are right already are not touched. Raises `StoreError`, `OSError`.
    """
    policy = load_store(store.store_yaml).artifacts
    _set_line(store.gitattributes, LFS_LINE, wanted=policy == "lfs")
    _set_line(store.gitignore, IGNORE_LINE, wanted=policy == "ignore")
    return policy


def _set_line(path: Path, line: str, *, wanted: bool) -> None:
    if path.is_symlink():
        return
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        text = b""
    ours = line.encode()
    lines = text.splitlines()
    if wanted and ours not in lines:
        gap = b"" if not text or text.endswith(b"\n") else b"\n"
        write_atomically(path, text + gap + ours + b"\n")
    elif not wanted and ours in lines:
        kept = [each for each in text.splitlines(keepends=True) if each.strip() != ours]
        write_atomically(path, b"".join(kept))
