"""The way from an older format to this release's: on purpose, step by step, and back again.

A release that changes the format adds a step here. Format 1 is the first, so there is none yet; a store without a
version, written by hand, is read as this release's format.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from runstore.errors import StoreError
from runstore.format.layout import StoreLayout
from runstore.format.records import FORMAT, store_version
from runstore.manage.aside import Aside

_VERSION = re.compile(rb"^(format:[ \t]*)[0-9]+", re.MULTILINE)


class Step(NamedTuple):
    """One version to the next: what it does in words, and the files that it rewrites with their new bytes."""

    meaning: str
    files: Callable[[StoreLayout], Iterator[tuple[Path, bytes]]]


STEPS: Final[dict[int, Step]] = {}
"""By the version that a step starts from."""


def steps(store: StoreLayout) -> list[tuple[int, Step]]:
    """The steps that a store needs, in order. Raises `StoreError` for a newer format, or where there is no way."""
    version = store_version(store.store_yaml)
    missing = [number for number in range(version, FORMAT) if number not in STEPS]
    if missing:
        raise StoreError(
            f"{store.store_yaml}: found format {version}, but this release knows no way from {missing[0]}; "
            "migrate with an older release first"
        )
    return [(number, STEPS[number]) for number in range(version, FORMAT)]


def migrate(store: StoreLayout) -> Aside:
    """Takes a store to this release's format; the files as they were are kept, see `aside.undo`. Raises `StoreError`.

    After each step the store says which format it has: what is cut short goes on from there.
    """
    aside = Aside(store)
    try:
        for number, step in steps(store):
            for path, data in step.files(store):
                aside.replace(path, data)
            aside.replace(store.store_yaml, _with_version(store.store_yaml.read_bytes(), number + 1))
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(f"{error.filename}: cannot be migrated ({reason}); check its permissions") from None
    return aside


def _with_version(data: bytes, version: int) -> bytes:
    """`store.yaml` with another version, and all else, comments too, as it was."""
    found, count = _VERSION.subn(rb"\g<1>%d" % version, data, count=1)
    return found if count else b"format: %d\n" % version + data
