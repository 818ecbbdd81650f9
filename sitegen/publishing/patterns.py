"""What secrets look like: patterns that say what something is, and probes, much faster, that say where to look.

Probes are for Polars' engine, patterns for Python's. What stands around a match, and whether it is an example or a
placeholder, is asked of a match alone.
"""

import math
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Pattern:
    """One kind of secret. The group `secret` is the secret itself, else the whole match; `counts` says of one whether
    it can be meant."""

    kind: str
    text: str
    counts: Callable[[str], bool]


def entropy(text: str) -> float:
    """Shannon's entropy of a text's letters, in bits a letter."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values()) if text else 0.0


def is_random(text: str) -> bool:
    """Whether a text looks made by chance: letters and digits, few of them twice."""
    mixed = any(map(str.isdigit, text)) and any(map(str.isalpha, text))
    return mixed and entropy(text) >= min(3.0, 0.7 * math.log2(max(2, len(text)))) and not is_placeholder(text)


def is_password(text: str) -> bool:
    """Whether a text may be somebody's password: of several kinds of letters, and no name that a program gives."""
    kinds = (str.islower, str.isupper, str.isdigit, lambda letter: not letter.isalnum() and letter not in "_-./")
    several = sum(any(map(kind, text)) for kind in kinds) > 1
    return several and entropy(text) >= 2.5 and not is_placeholder(text)


def is_issued(text: str) -> bool:
    """Whether a text whose prefix and length nothing else has was given out: it need not look random, and may count."""
    return not _PLACEHOLDER.search(text) and len(set(text.rpartition("_")[2])) > 3


def is_placeholder(text: str) -> bool:
    """Whether a text stands for a secret that is not there."""
    return bool(_PLACEHOLDER.search(text)) or "12345678" in text or len(set(text)) <= 3


def _any(text: str) -> bool:
    return not is_placeholder(text)


def _of_huggingface(token: str) -> bool:
    """A token of the length of theirs may be of letters alone; of another one only if it looks random."""
    return is_issued(token) if len(token) == len("hf_") + 34 else is_random(token)


_PLACEHOLDER: Final = re.compile(
    r"example|placeholder|change.?me|redacted|dummy|your[_-]|xxxx|\*\*\*|^[$%<{\[|]|[>}\]|]$|^\(|"
    r"^(?:none|null|true|false)$|^https?://|^[\w.-]+\(|<\|",
    re.IGNORECASE,
)
_QUOTE: Final = r"(?:\\*[\"'`]|&#3[49];|&quot;)"
_KEY: Final = r"(?:passw(?:or)?d|passphrase|secret|(?:api|access|private|auth|account)[_-]?key|credential)s?"
_BETWEEN: Final = rf"{_QUOTE}?\s{{0,3}}(?::=?|=>?|,|</th>\s{{0,9}}<td[^>]{{0,80}}>(?:<[^>]{{0,80}}>)?)\s{{0,3}}"
_VALUE: Final = r"(?P<secret>[^\s\"'`<>\\&,;]{8,200})"
_RANDOM_VALUE: Final = r"(?P<secret>[A-Za-z0-9_+/=.~-]{16,200})"
# A key with all that may stand between it and its value; letters of any case, of ASCII alone: others take ten times as
# long.
_PROBED: Final = r"(?:[\"'`\\]|&#3[49];|&quot;)*[ \t\n]*(?:[:=,]|</th>)"


@dataclass(frozen=True, slots=True)
class Group:
    """Patterns that one probe stands before; `longest` is how many letters a match may have."""

    probe: str
    patterns: tuple[Pattern, ...]
    longest: int = 600


GROUPS: Final = (
    Group(
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY|(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{16}|github_pat_"
        r"|gl(?:pat|dt|rt|ptt|cbt|ft|soat)-|xox[abeprs]-|hooks\.slack\.com/services/T|AIza[0-9A-Za-z_-]{16}|GOCSPX-"
        r"|ya29\.[A-Za-z0-9_-]{16}|hf_[A-Za-z0-9]{16}|sk-[A-Za-z0-9_-]{16}|wandb_v[0-9]_|npm_[A-Za-z0-9]{16}|pypi-AgE"
        r"|[sr]k_(?:live|test)_|SG\.[A-Za-z0-9_-]{16}|AccountKey=|eyJ[A-Za-z0-9_-]+\.eyJ",
        (
            Pattern("private-key", r"-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----", lambda _: True),
            Pattern("aws-key", r"(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}", _any),
            Pattern("github-token", r"gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255}", is_issued),
            Pattern("gitlab-token", r"gl(?:pat|dt|rt|ptt|cbt|ft|soat)-[A-Za-z0-9_-]{20,255}", _any),
            Pattern("slack-token", r"xox[abeprs]-[A-Za-z0-9-]{10,255}", is_random),
            Pattern("slack-hook", r"hooks\.slack\.com/services/T[A-Za-z0-9/]{20,80}", is_random),
            Pattern("google-key", r"AIza[0-9A-Za-z_-]{35}|GOCSPX-[A-Za-z0-9_-]{28}|ya29\.[A-Za-z0-9_-]{30,255}", _any),
            Pattern("huggingface-token", r"hf_[A-Za-z0-9]{30,64}", _of_huggingface),
            Pattern("anthropic-key", r"sk-ant-[A-Za-z0-9_-]{20,255}", is_random),
            Pattern("openai-key", r"sk-(?!ant-)[A-Za-z0-9_-]{20,255}", is_random),
            Pattern("wandb-key", r"wandb_v[0-9]_[A-Za-z0-9_]{20,255}", is_random),
            Pattern("npm-token", r"npm_[A-Za-z0-9]{36}", is_issued),
            Pattern("pypi-token", r"pypi-AgE[A-Za-z0-9_-]{40,255}", _any),
            Pattern("stripe-key", r"[sr]k_(?:live|test)_[A-Za-z0-9]{20,255}", is_random),
            Pattern("sendgrid-key", r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}", is_random),
            Pattern("azure-key", r"AccountKey=(?P<secret>[A-Za-z0-9+/]{86}==)", is_random),
            Pattern("jwt", r"eyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{10,2000}\.[A-Za-z0-9_-]{10,1000}", _any),
        ),
        longest=6_000,
    ),
    Group(
        r"://[!-.0-9;=?A-~]{1,64}:[!-.0-9;=?A-~]{3,128}@",
        (Pattern("login", r"[a-z+]{2,20}://[^/\s:@\"'<>\\]{1,64}:(?P<secret>[^/\s:@\"'<>\\]{3,128})@", _any),),
    ),
    Group(
        r"(?i-u:passwo?r?d|passphrase|secret|(?:api|access|private|auth|account)[_-]?key|credential)s?" + _PROBED,
        (Pattern("password", rf"(?i:{_KEY}){_BETWEEN}\[?{_QUOTE}?{_VALUE}", is_password),),
    ),
    Group(
        rf"(?i-u:token){_PROBED}[^A-Za-z0-9]{{0,40}}[A-Za-z0-9_+/=.~-]{{16}}|(?i-u:token)[^<]{{0,9}}</th>",
        (Pattern("token", rf"(?i:token){_BETWEEN}\[?{_QUOTE}?{_RANDOM_VALUE}", is_random),),
    ),
    Group(
        r"--[A-Za-z0-9_-]*(?i-u:passwo?r?d|passphrase|secret|key|token|credential)s?[ =]",
        (Pattern("option", rf"--[A-Za-z0-9_-]{{0,30}}(?i:{_KEY}|token)[ =]{_QUOTE}?{_VALUE}", is_password),),
    ),
)

KINDS: Final = tuple(pattern.kind for group in GROUPS for pattern in group.patterns)
