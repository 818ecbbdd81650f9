"""Lazily paged sequences, as W&B's Api returns them: things are made a page at a time, as far as somebody looks."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Generic, TypeVar, overload

from runstore.api.errors import Unsupported
from runstore.errors import BadTypeError

_T = TypeVar("_T")
_ITERATE: Final = "iterate, or call next(): pages are made as they are needed"


class Pages(Sequence[_T], Generic[_T]):
    """A sequence of `_T`: `find()` lists what they are made of when they are first asked for, `make` makes each.

    `len`, index, slice and iteration work as for a list. `objects` are those made so far.
    """

    def __init__(self, find: Callable[[], Sequence[Any]], make: Callable[[Any], _T], per_page: int = 50) -> None:
        if isinstance(per_page, bool) or not isinstance(per_page, int):
            raise BadTypeError(f"per_page is {per_page!r}, expected a whole number")
        self._find = find
        self._make = make
        self._found: Sequence[Any] | None = None
        self._next = 0
        self.per_page = per_page
        self.objects: list[_T] = []

    @property
    def _all(self) -> Sequence[Any]:
        if self._found is None:
            self._found = self._find()
        return self._found

    def _load(self, count: int) -> None:
        """Makes whole pages until there are `count` things, or all."""
        while len(self.objects) < min(count, len(self._all)):
            self.load_page()

    def load_page(self) -> None:
        """Makes the next page."""
        start = len(self.objects)
        self.objects += [self._make(each) for each in self._all[start : start + max(self.per_page, 1)]]

    def convert_objects(self) -> list[_T]:
        """The things of the next page, as W&B's own code asks for them."""
        start = len(self.objects)
        self.load_page()
        return self.objects[start:]

    QUERY = Unsupported(_ITERATE, "is W&B's own paging")
    last_response = Unsupported(_ITERATE, "is W&B's own paging")
    update_variables = Unsupported(_ITERATE, "is W&B's own paging")

    @property
    def more(self) -> bool:
        """Whether there are pages that were not made yet."""
        return len(self.objects) < len(self._all)

    @property
    def cursor(self) -> str | None:
        """How far it has been made; None before the start."""
        return str(len(self.objects)) if self.objects else None

    @property
    def length(self) -> int:
        """How many things there are."""
        return len(self)

    def __len__(self) -> int:
        return len(self._all)

    @overload
    def __getitem__(self, index: int) -> _T: ...

    @overload
    def __getitem__(self, index: slice) -> list[_T]: ...

    def __getitem__(self, index: int | slice) -> _T | list[_T]:
        try:
            places = range(len(self))[index]
        except IndexError:
            raise IndexError(f"the index is {index}, of {len(self)}; look at len() first") from None
        self._load(1 + (max(places, default=-1) if isinstance(places, range) else places))
        return self.objects[index] if isinstance(places, int) else [self.objects[place] for place in places]

    def __iter__(self) -> Iterator[_T]:
        place = 0
        while place < len(self):
            self._load(place + 1)
            yield self.objects[place]
            place += 1

    def __next__(self) -> _T:
        if self._next >= len(self):
            raise StopIteration
        self._next += 1
        return self[self._next - 1]

    next = __next__

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self)}>"
