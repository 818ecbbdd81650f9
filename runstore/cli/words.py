"""Words for a person at a terminal.

Text from a store is a stranger's: nothing in it reaches the terminal as a command.
"""

import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """`text` without characters that move the cursor, change colours or turn the direction of writing."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text.replace("\n", "↵"))


def counted(number: int, noun: str) -> str:
    """`no runs`, `1 run`, `2 runs`."""
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"
