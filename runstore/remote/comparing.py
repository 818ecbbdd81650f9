"""Whether two files of a store are the same, and how far two files of lines agree.

Whole files are not read for that: a megabyte at either end tells two runs apart, as every row holds the time at which
it was logged, and tells whether one file is the other's beginning.
"""

from dataclasses import dataclass
from typing import Final, Literal

from runstore.remote.trees import File, Tree

_END: Final = 1 << 20
_STEP: Final = 1 << 16

Verdict = Literal["same", "grown", "ahead", "differs"]


@dataclass(frozen=True, slots=True)
class Lines:
    """How a file of lines at the source stands to the one at the target.

    `grown`: the target's is the beginning of the source's, which goes on at byte `at`; `ahead`: the other way round;
    `differs`: neither is the other's beginning.
    """

    verdict: Verdict
    at: int = 0


def alike(source: Tree, one: File, target: Tree, other: File) -> bool:
    """Whether two files have the same size and the same bytes at both ends."""
    return one.size == other.size and _agree(source, one, target, other, one.size)


def compare_lines(source: Tree, one: File, end: int, target: Tree, other: File) -> Lines:
    """Compares the source's lines up to byte `end` with the target's file.

    What stands behind the target's last newline does not count: a torn line, or one that its writer had not finished.
    """
    whole = whole_lines(target, other)
    if not _agree(source, one, target, other, min(end, whole)):
        return Lines("differs")
    if end < whole:
        return Lines("ahead")
    if end == other.size and (end == whole or _agree(source, one, target, other, end)):
        return Lines("same")
    return Lines("grown", whole)


def whole_lines(tree: Tree, file: File) -> int:
    """Where the last whole line of a file ends, in bytes."""
    end = file.size
    while end > 0:
        start = max(end - _STEP, 0)
        newline = tree.read(file, start, end).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0


def _agree(source: Tree, one: File, target: Tree, other: File, size: int) -> bool:
    """Whether the first `size` bytes of two files are the same, at their beginning and at their end."""
    tail = max(size - _END, 0)
    for start, end in {(0, min(size, _END)), (tail, size)}:
        if start < end and source.read(one, start, end) != target.read(other, start, end):
            return False
    return True
