"""Texts for the world: names of hosts and users, addresses and absolute paths are cut out of what people wrote.

Names are those that the store's own provenance has; they count as whole words, in any case of their letters. A word
that thousands of machines have in common (`root`, `localhost`) tells of nobody and stays.
"""

import hashlib
import ipaddress
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from runstore.format.records import Publishable
from runstore.reading.disclosure import Disclosure

EMAIL, PATH, ADDRESS, HOST, USER = "[e-mail]", "[path]", "[address]", "[host]", "[user]"

_WORD: Final = re.compile(r"[^\W_]+")
_SHORTEST: Final = 3
_LONGEST: Final = 255
_MOST_KNOWN: Final = 50_000
_COMMON: Final = frozenset(
    (
        *("admin", "administrator", "all", "any", "app", "apps", "bin", "build", "builder", "centos"),
        *("circleci", "cluster", "codespace", "colab", "com", "computer", "conda", "container", "data"),
        *("debian", "default", "desktop", "docker", "fedora", "github", "gitlab", "gitpod", "gpu", "guest"),
        *("home", "host", "jenkins", "job", "jovyan", "kaggle", "laptop", "linux", "local", "localdomain"),
        *("localhost", "mac", "main", "master", "net", "nobody", "node", "none", "notebook", "opc", "org"),
        *("python", "root", "run", "runner", "runneradmin", "server", "student", "test", "tester", "train"),
        *("ubuntu", "unknown", "user", "users", "vagrant", "vscode", "worker"),
    )
)
"""Names of machines and users that tell of nobody."""

_EMAIL: Final = re.compile(r"(?<![\w.%+-])[\w.%+-]+@[\w-]+(?:\.[\w-]+)+")
_BEFORE: Final = r"(?:(?<=^)|(?<=[\s\"'`=:,;(\[{>|@!&]))"
_REST: Final = r"[^\s\"'`<>|,;:()\[\]{}]*"
_POSIX: Final = re.compile(
    rf"(?:{_BEFORE}|\b(?:file|sqlite):/{{0,3}}(?=/))(?:~[\w.-]*/{_REST}|/(?:[^\s/\"'`<>|,;:()\[\]{{}}]+/{_REST}"
    r"|(?:home|Users|root|mnt|media|scratch|data|tmp|var|opt|srv|gpfs|lustre|nfs|work|export|Volumes)\b))"
)
_WINDOWS: Final = re.compile(r"(?<![A-Za-z0-9])(?:[A-Za-z]:[\\/]|\\\\[\w.$-]+\\)[^\s\"'`<>|,;()\[\]{}]+")
_START: Final = re.compile(r"(?:file:/{0,3}(?=/))?(?:~[\w.-]*/|/(?=[^/\s])|[A-Za-z]:[\\/]|\\\\[\w.$-]+\\)")
_NO_PATH: Final = re.compile(r"[\n\"'`<>|,;]")
_IPV4: Final = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)")
_IPV6: Final = re.compile(
    r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}(?:[0-9A-Fa-f]{1,4}|(?:\d{1,3}\.){3}\d{1,3})?(?![\w:])"
)
_EVERYBODYS: Final = frozenset({"127.0.0.1", "0.0.0.0", "255.255.255.255", "::1", "::"})  # noqa: S104


@dataclass(frozen=True, slots=True)
class Names:
    """Names that texts may hold, in lower case, each with what stands for it; `longest` counts words of one."""

    shown: Mapping[str, str]
    first: frozenset[str]
    longest: int

    @classmethod
    def of(cls, hosts: Iterable[str], users: Iterable[str]) -> "Names":
        """A name of several words (`node-7.example.org`) counts as a whole, a host's first label by itself too."""
        labels = [name for host in hosts for name in (host, host.partition(".")[0])]
        shown = {**_named(users, USER), **_named(labels, HOST)}
        words = [_WORD.findall(name) for name in shown]
        return cls(shown, frozenset(own[0] for own in words), max(map(len, words), default=0))

    def cut(self, text: str) -> str:
        """The text with what stands for the names in it."""
        lowered = text.lower()
        if self.first.isdisjoint(_WORD.findall(lowered)):
            return text
        if len(lowered) != len(text):
            text = lowered  # A few letters are longer in lower case: then places would not agree.
        places = [match.span() for match in _WORD.finditer(lowered)]
        pieces, done, at = [], 0, 0
        while at < len(places):
            start = places[at][0]
            for last in range(min(len(places), at + self.longest) - 1, at - 1, -1):
                name = self.shown.get(lowered[start : places[last][1]])
                if name is not None:
                    pieces += [text[done:start], name]
                    done, at = places[last][1], last
                    break
            at += 1
        return "".join([*pieces, text[done:]])


def _named(names: Iterable[str], shown: str) -> dict[str, str]:
    found = {}
    for name in names:
        words = list(_WORD.finditer(lowered := name.lower()))
        if not words:
            continue
        core = lowered[words[0].start() : words[-1].end()]
        if _SHORTEST <= len(core) <= _LONGEST and core not in _COMMON and not core.isdecimal():
            found[core] = shown
    return found


@dataclass(frozen=True, slots=True)
class Redaction(Disclosure):
    """What a project's `publish` lets out, beside what is open anyway. `projects` are those that may be told of."""

    allowed: frozenset[Publishable]
    names: Names
    projects: frozenset[str] = frozenset()
    _rules: tuple[Callable[[str], str], ...] = field(init=False, repr=False, compare=False)
    _stamp: str = field(init=False, repr=False, compare=False)
    # A thousand runs say the same of most things.
    _told: dict[str, str] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        rules: dict[Publishable, Callable[[str], str]] = {
            "email": _cut_emails,
            "paths": _cut_paths,
            "address": _cut_addresses,
        }
        chosen = tuple(rule for part, rule in rules.items() if part not in self.allowed)
        object.__setattr__(self, "_rules", (*chosen, self.names.cut) if self.names.shown else chosen)
        known = (sorted(self.allowed), sorted(self.names.shown.items()), sorted(self.projects))
        object.__setattr__(self, "_stamp", hashlib.blake2b(repr(known).encode(), digest_size=12).hexdigest())

    @property
    def digest(self) -> str:
        return self._stamp

    @property
    def is_whole(self) -> bool:
        return False

    def allows(self, part: Publishable) -> bool:
        return part in self.allowed

    def knows(self, project: str) -> bool:
        return project in self.projects

    def text(self, text: str) -> str:
        known = self._told.get(text)
        if known is None:
            known = text
            for rule in self._rules:
                known = rule(known)
            if len(self._told) >= _MOST_KNOWN:
                self._told.clear()
            if len(text) <= _LONGEST:
                self._told[text] = known
        return known

    def lets(self, text: str) -> bool:
        """Whether a text may be told as it is."""
        return self.text(text) == text

    def value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return value if isinstance(value.get("_type"), str) else self._mapping(value)
        if isinstance(value, list | tuple):
            told = [self.value(each) for each in value]
            return value if _same(told, value) else type(value)(told)
        return value

    def _mapping(self, values: Mapping[Any, Any]) -> Mapping[Any, Any]:
        """A mapping with keys and values told, itself where none changes; keys that become the same are numbered."""
        told: dict[Any, Any] = {}
        for key, value in values.items():
            shown = name = self.text(key) if isinstance(key, str) else key
            number = 2
            while shown in told:
                shown, number = f"{name} ({number})", number + 1
            told[shown] = self.value(value)
        return values if _same(told, values) and _same(told.values(), values.values()) else told


def _same(told: Iterable[Any], values: Collection[Any]) -> bool:
    return all(one is other for one, other in zip(told, values, strict=True))


def _cut_emails(text: str) -> str:
    return _EMAIL.sub(_email, text) if "@" in text else text


def _email(match: re.Match[str]) -> str:
    # `git@github.com:owner/name` is how a repository is written.
    return match[0] if match[0].startswith("git@") else EMAIL


def _cut_paths(text: str) -> str:
    if "/" not in text and "\\" not in text:
        return text
    if _is_path(text):
        return PATH
    return _WINDOWS.sub(PATH, _POSIX.sub(PATH, text))


def _is_path(text: str) -> bool:
    """Whether a text is one absolute path. It may have spaces, where a part of it follows the last of them."""
    if not _START.match(text) or _NO_PATH.search(text):
        return False
    _, *others = text.split(" ")
    return not others or (not {"/", "\\"}.isdisjoint(others[-1]) and not any(map(_START.match, others)))


def _cut_addresses(text: str) -> str:
    if "." in text:
        text = _IPV4.sub(_address, text)
    return _IPV6.sub(_address, text) if ":" in text else text


def _address(match: re.Match[str]) -> str:
    found = match[0]
    if not any(map(str.isdecimal, found)):
        return found  # `ab::cd`, as programs write names.
    try:
        ipaddress.ip_address(found)
    except ValueError:
        return found  # A version, or a time of day.
    return found if found in _EVERYBODYS else ADDRESS
