"""What the Api raises beside `UsageError` and `StoreError`."""

from typing import Any, NoReturn

from runstore.errors import StoreError, UnsupportedError


class NotFoundError(StoreError, ValueError):
    """Something that the store does not have. W&B raises `ValueError` or `CommError` there: both catch this one."""


class Unsupported:
    """A name of W&B's class that this one does not have: to look it up raises `UnsupportedError`, `hasattr` says False.

    `instead` says what there is, `why` what W&B has it for.
    """

    def __init__(self, instead: str, why: str = "needs W&B's server") -> None:
        self._instead = instead
        self._why = why
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type) -> NoReturn:
        raise UnsupportedError(f"{owner.__name__}.{self._name} {self._why}; {self._instead}")

    def __set__(self, instance: Any, value: Any) -> NoReturn:
        self.__get__(instance, type(instance))
