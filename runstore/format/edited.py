"""The fields of a record that a person may have edited, each read by itself, so that one mistake costs one field."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from runstore.errors import FormatError


def parse_time(text: str) -> float | None:
    """Seconds since 1970 of an ISO 8601 time (UTC where it names no zone), None when it is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of a record that a person may have edited, each read by itself; what is wrong goes to `mistakes`."""

    path: Path
    values: dict[str, Any]
    mistakes: list[FormatError]

    def text(self, key: str) -> str:
        try:
            return text(self.path, self.values, key)
        except FormatError as error:
            self.mistakes.append(error)
            return ""

    def choice(self, key: str, choices: tuple[str, ...], default: str) -> str:
        try:
            return choice(self.path, self.values, key, choices, default)
        except FormatError as error:
            self.mistakes.append(error)
            return default

    def time(self, key: str) -> str:
        text = self.text(key)
        if text and parse_time(text) is None:
            self.note(key, short(text), "a time of ISO 8601", f"write {key}: '2026-10-01T10:00:00Z'")
        return text

    def tags(self) -> list[str]:
        """The tags; one word stands for a list of one."""
        found = self.values.get("tags")
        if not isinstance(found, list | dict):
            return [tag] if (tag := self.text("tags")) else []
        if isinstance(found, dict):
            self.note("tags", "a dict", "a list of words", "write tags: [a, b]")
            return []
        for number, tag in enumerate(found, 1):
            if not isinstance(tag, str | int | float):
                self.note("tags", f"a {type(tag).__name__} as item {number}", "a word", "write tags: [a, b]")
        return [str(tag) for tag in found if isinstance(tag, str | int | float)]

    def views(self) -> list[dict[str, Any]]:
        found = self.values.get("views") or []
        if not isinstance(found, list):
            self.note("views", f"a {type(found).__name__}", "a list of mappings", "write each view as - name: …")
            return []
        for number, view in enumerate(found, 1):
            if not isinstance(view, dict):
                what = f"a {type(view).__name__} as item {number}"
                self.note("views", what, "a mapping", "write each view as - name: …")
        return [view for view in found if isinstance(view, dict)]

    def words(self, key: str, known: Sequence[str], example: str) -> list[str]:
        """Words out of those that are known, in their order; one word stands for a list of one."""
        found = self.values.get(key) or []
        words = found if isinstance(found, list) else [found]
        for number, word in enumerate(words, 1):
            if word not in known:
                what = f"{short(word)} as item {number}" if isinstance(found, list) else short(word)
                self.note(key, what, "words out of " + " ".join(known), f"write {key}: [{example}]")
        return [word for word in known if word in words]

    def note(self, key: str, found: str, expected: str, mend: str) -> None:
        self.mistakes.append(FormatError(self.path, key, found, expected, mend))


def short(found: Any) -> str:
    """What was found, as a message shows it."""
    if not isinstance(found, str):
        return f"a {type(found).__name__}"
    return repr(found if len(found) <= 40 else found[:39] + "…")


def text(path: Path, values: dict[str, Any], key: str) -> str:
    """The text under a key, "" where there is none. Raises `FormatError` for a list or a mapping."""
    value = values.get(key)
    if value is None:
        return ""
    if isinstance(value, str | int | float):
        return str(value)
    raise FormatError(path, key, f"a {type(value).__name__}", "text", f"write {key}: some text")


def choice(path: Path, values: dict[str, Any], key: str, choices: tuple[str, ...], default: str) -> str:
    """The word under a key, the default where there is none. Raises `FormatError` for one that is no choice."""
    value = values.get(key)
    if value is None:
        return default
    if value not in choices:
        mend = f"did you mean {near!r}?" if (near := _nearest(str(value), choices)) else f"write {key}: {default}"
        raise FormatError(path, key, repr(value), "one of " + " ".join(choices), mend)
    return str(value)


def _nearest(word: str, known: Sequence[str]) -> str:
    """The word that one is nearly, "" where none is near."""
    from difflib import get_close_matches  # Not at the top: only mistakes need it.

    return next(iter(get_close_matches(word[:40].lower(), known, 1)), "")
