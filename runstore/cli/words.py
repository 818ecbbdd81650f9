"""Words for a person at a terminal.

Text from a store is a stranger's: nothing in it reaches the terminal as a command.
"""

import re

from runstore.errors import UsageError

_AGE = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*([smhdw])\s*$")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """`text` without characters that move the cursor, change colours or turn the direction of writing."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text.replace("\n", "↵"))


def counted(number: int, noun: str) -> str:
    """`no runs`, `1 run`, `2 runs`."""
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


def seconds_of_age(age: str, option: str) -> float:
    """A time such as 12h, 7d or 4w in seconds. Raises `UsageError`, which names the option."""
    if (match := _AGE.match(age)) is None:
        raise UsageError(f"{option} is {age!r}, expected a time such as 12h, 7d or 4w")
    return float(match[1]) * _SECONDS[match[2]]
