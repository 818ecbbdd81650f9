"""The errors of sweeps: in the tree of the store's."""

from runstore.errors import RunstoreError


class SweepError(RunstoreError):
    """A sweep, its configuration or one of its records that cannot be used. Its text is one line."""
