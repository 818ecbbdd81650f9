"""What of a store its readers are told: everything, unless somebody reads it for the world.

A store, its projects and its runs carry one. Whoever takes more from a run than its record holds, by opening its
files, asks it.
"""

from typing import Any, Final

from runstore.format.records import Publishable


class Disclosure:
    """Tells everything, as it is. One that keeps things back says otherwise; `digest` changes with what it tells."""

    __slots__ = ()

    @property
    def digest(self) -> str:
        return ""

    @property
    def is_whole(self) -> bool:
        """Whether nothing is kept back."""
        return True

    def allows(self, part: Publishable) -> bool:
        """Whether a part of the runs may be told of."""
        return True

    def knows(self, project: str) -> bool:
        """Whether a project may be told of."""
        return True

    def text(self, text: str) -> str:
        """A text that somebody wrote, without what stays in the store."""
        return text

    def value(self, value: Any) -> Any:
        """The same of every text in a value as JSON has them; typed values are left as they are."""
        return value


WHOLE: Final = Disclosure()
