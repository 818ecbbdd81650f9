"""The errors Runstore raises: one small tree with one root.

Every message is one line that names the place, what was found, what was expected and how to mend it.
"""

from pathlib import Path


class RunstoreError(Exception):
    """Root of every error Runstore raises on purpose. Its text is always a single line."""

    def __str__(self) -> str:
        return " ".join(super().__str__().split())


class UsageError(RunstoreError):
    """A call that cannot be carried out as written: a wrong name, a finished run, an unsupported option."""


class BadValueError(UsageError, ValueError):
    """A value that a call cannot use; caught as `ValueError` too, which W&B's users do."""


class BadTypeError(UsageError, TypeError):
    """A value of a type that a call cannot use; caught as `TypeError` too."""


class NoFileError(UsageError, FileNotFoundError):
    """A file that a call names and that is not there; caught as `FileNotFoundError` too."""


class UnsupportedError(UsageError, AttributeError):
    """A call of W&B's that needs its server. Its text says what to do instead."""


class AuthenticationError(RunstoreError):
    """An account that is refused, with W&B. There are no accounts: scripts may catch it, nothing raises it."""


class ConfigError(RunstoreError):
    """A configuration that cannot be used, or a change to one that was not allowed."""


class StoreError(RunstoreError):
    """A store, or a file in one, that cannot be used."""


class FormatError(StoreError):
    """A file of the store that breaks the format.

    `place` is a line number or a key, or "" when the whole file is meant.
    """

    def __init__(self, path: Path | str, place: str, found: str, expected: str, mend: str) -> None:
        where = f"{path}, {place}" if place else f"{path}"
        super().__init__(f"{where}: found {found}, expected {expected}; {mend}")
        self.path = Path(path)
        self.place = place
        self.found = found
        self.expected = expected
        self.mend = mend


Error = CommError = RunstoreError
"""W&B's names for the root of its errors and for those of its server: `except CommError` catches any of Runstore's."""
