"""What the Api raises beside `UsageError` and `StoreError`."""

from runstore.errors import StoreError, UsageError


class NotFoundError(StoreError, ValueError):
    """Something that the store does not have. W&B raises `ValueError` or `CommError` there: both catch this one."""


class UnsupportedError(UsageError, AttributeError):
    """A call of W&B's Api that needs its server. Its text says what to do instead."""
