"""Which addresses a text of strangers may lead to."""

import re
from typing import Final

SCHEMES: Final = frozenset({"http", "https", "mailto"})
_SCHEME: Final = re.compile(r"([^/?#:]*):")
_UNSEEN: Final = re.compile(r"[\x00-\x20\x7f-\xa0\u2000-\u200f\u2028-\u202f\u2060-\u206f\ufeff]")


def is_allowed(address: str) -> bool:
    """Whether an address is relative or of one of the `SCHEMES`. Browsers leave out blanks and control characters when
    they look for a scheme, and take a backslash for a slash."""
    plain = _UNSEEN.sub("", address).replace("\\", "/")
    if plain.startswith("//"):
        return False
    scheme = _SCHEME.match(plain)
    return scheme is None or scheme[1].lower() in SCHEMES
