"""What must not get into a store that people publish: passwords in addresses, tokens, names of files that hold them."""

import re
from collections.abc import Iterable
from typing import Final

_HIDDEN: Final = "***"
_ADDRESS: Final = re.compile(r"^((?:[A-Za-z][A-Za-z0-9]*\+)?[A-Za-z][A-Za-z0-9.-]*://)[^/@]*@")
_LOGIN: Final = re.compile(rb"([A-Za-z][A-Za-z0-9+.-]{0,20}://)[^/\s:@\"']*:[^/\s@\"']+@")
_TOKEN: Final = re.compile(
    rb"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,}|glpat-[A-Za-z0-9_-]{20,}|hf_[A-Za-z0-9]{30,}"
    rb"|sk-[A-Za-z0-9_-]{20,}|xox[abeprs]-[A-Za-z0-9-]{10,}|A[KS]IA[0-9A-Z]{16}|AIza[A-Za-z0-9_-]{35})"
)
_ADDED: Final = re.compile(rb"^\+.*$", re.MULTILINE)
_OPTION: Final = re.compile(
    r"^(--?[\w-]*(?:password|passwd|secret|api[-_]?key|access[-_]?key|(?:auth|access|hf|api)[-_]token))(=.*)?$",
    re.IGNORECASE,
)
_FILE: Final = re.compile(
    r"(?:^|/)(?:\.env(?:\..*)?|\.netrc|\.npmrc|\.pypirc|\.pgpass|id_(?:rsa|dsa|ecdsa|ed25519).*|[^/]*\.(?:pem|key|p12|pfx|kdbx|jks)"
    r"|[^/]*(?:credential|secret|password)[^/]*)$",
    re.IGNORECASE,
)


def without_login(address: str) -> str:
    """An address without a user's name and password."""
    return _ADDRESS.sub(r"\1", address)


def in_text(text: bytes) -> bytes:
    """A text with logins in addresses and well-known kinds of tokens replaced."""
    return _TOKEN.sub(_HIDDEN.encode(), _LOGIN.sub(rb"\1" + _HIDDEN.encode() + b"@", text))


def in_patch(patch: bytes) -> bytes:
    """The same of the lines that a patch adds. The others are in the repository already, and it still applies."""
    return _ADDED.sub(lambda match: in_text(match[0]), patch)


def in_command(arguments: Iterable[str]) -> list[str]:
    """A command line without the values of options that are called password, secret, api-key and the like."""
    found: list[str] = []
    hide = False
    for argument in arguments:
        match = _OPTION.match(argument)
        if hide and match is None:
            found.append(_HIDDEN)
        elif match is not None and match[2]:
            found.append(f"{match[1]}={_HIDDEN}")
        else:
            found.append(in_text(argument.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape"))
        hide = match is not None and not match[2]
    return found


def is_secret_file(path: str) -> bool:
    """Whether a file's name says that it holds something secret."""
    return _FILE.search(path) is not None
