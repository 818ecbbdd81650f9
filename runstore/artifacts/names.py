"""What may be the name, type, alias, tag, path or metadata of an artifact, and what a name like `model:best` says."""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from pathlib import PurePosixPath
from typing import Any, Final

from runstore.artifacts.errors import ArtifactError
from runstore.errors import UsageError
from runstore.format.names import MAX_ARTIFACT_NAME, check_artifact_name, check_project_name
from runstore.format.values import plain, well_formed

LATEST: Final = "latest"
MOST_METADATA: Final = 100
_SEPARATORS = re.compile(r"[/:\x00-\x1f\x7f]")
_VERSION = re.compile(r"^v(0|[1-9][0-9]{0,8})$")
_TAG = re.compile(r"^[-\w]+( +[-\w]+)*$")
_UNSAFE = re.compile(r"[^a-zA-Z0-9_\-.]+")


class ArtifactTTL(Enum):
    """A lifetime that is not set here. In a store without lifetimes for whole types, that is: for ever."""

    INHERIT = 0


@dataclass(frozen=True, slots=True)
class Spec:
    """What `entity/project/name:alias` says; `project` is "" where it is left out, `alias` then `latest`."""

    project: str
    name: str
    alias: str

    def __str__(self) -> str:
        return "/".join(part for part in (self.project, f"{self.name}:{self.alias}") if part)


def parse_spec(text: str) -> Spec:
    """Reads `name`, `name:alias`, `name:v3`, `project/name:…` or `entity/project/name:…`. Raises `ArtifactError`."""
    if not isinstance(text, str):
        raise ArtifactError(f"an artifact is named by text like 'model:latest', found {text!r}")
    path, _, alias = text.strip().partition(":")
    *places, name = path.split("/")
    if len(places) > 2 or ":" in alias or "/" in alias:
        raise ArtifactError(f"{text!r} is no name of an artifact; write name:alias or project/name:v3")
    project = places[-1] if places else ""
    return Spec(check_project(project) if project else "", check_name(name), alias or LATEST)


def parse_target(text: str) -> tuple[str, str]:
    """The project ("" where it is left out) and name of a collection `project/name` to link to; an alias is left out.

    Raises `ArtifactError`.
    """
    spec = parse_spec(text)
    return spec.project, spec.name


def version_number(alias: str) -> int | None:
    """The number in `v3`, None for any other text."""
    match = _VERSION.match(alias)
    return int(match[1]) if match else None


def check_name(name: str) -> str:
    """`name` itself when it may name an artifact. Raises `ArtifactError`."""
    try:
        return check_artifact_name(name)
    except UsageError as error:
        raise ArtifactError(str(error)) from None


def check_project(name: str) -> str:
    """`name` itself when it may name a project. Raises `ArtifactError`."""
    try:
        return check_project_name(name)
    except UsageError as error:
        raise ArtifactError(str(error)) from None


def safe_name(text: str) -> str:
    """A name made of `text`: what is not allowed in one becomes `_`, the middle of a long one is left out."""
    name = _UNSAFE.sub("_", text).strip(".") or "unnamed"
    half = MAX_ARTIFACT_NAME // 2 - 1
    return name if len(name) <= MAX_ARTIFACT_NAME else f"{name[:half]}..{name[-half:]}"


def check_type(kind: str) -> str:
    """`kind` itself when it may be a type. Raises `ArtifactError`."""
    if not isinstance(kind, str) or not kind.strip() or _SEPARATORS.search(kind) or len(kind) > MAX_ARTIFACT_NAME:
        raise ArtifactError(f"the artifact type is {kind!r}, expected a short word such as 'model', without / or :")
    return well_formed(kind)


def _texts(what: str, given: Any) -> list[Any]:
    if not isinstance(given, Iterable | None):
        raise ArtifactError(f"{what} are {given!r}, expected a list of texts")
    return [given] if isinstance(given, str) else list(given or ())


def check_aliases(aliases: Iterable[str] | str | None) -> tuple[str, ...]:
    """Aliases, each once, without `latest`, which is always the newest version's. Raises `ArtifactError`."""
    found = _texts("aliases", aliases)
    for alias in found:
        if not isinstance(alias, str) or not alias.strip() or _SEPARATORS.search(alias):
            raise ArtifactError(f"the alias {alias!r} must be text without / or :; choose another")
        if version_number(alias) is not None:
            raise ArtifactError(f"the alias {alias!r} is the name of a version; choose another")
    return tuple(dict.fromkeys(well_formed(alias) for alias in found if alias != LATEST))


def check_tags(tags: Iterable[str] | str | None) -> tuple[str, ...]:
    """Tags, each once, in their order. Raises `ArtifactError`."""
    found = _texts("tags", tags)
    for tag in found:
        if not isinstance(tag, str) or not _TAG.match(tag):
            raise ArtifactError(f"the tag {tag!r} may hold letters, digits, hyphens, underscores and spaces; mend it")
    return tuple(dict.fromkeys(found))


def check_path(path: str | os.PathLike[str]) -> str:
    """A place inside an artifact, with `/` between its parts. Raises `ArtifactError` for one that leads out of it."""
    text = os.fspath(path).replace(os.sep, "/")
    parts = PurePosixPath(text).parts
    if not parts or text.startswith("/") or ".." in parts:
        raise ArtifactError(f"{text!r} is no path inside an artifact; use a relative one without '..'")
    if re.search(r"[\x00\n\r]", text):
        raise ArtifactError(f"the path {text!r} holds a line's end or NUL; rename the file")
    return "/".join(parts)


def check_metadata(metadata: Any) -> dict[str, Any]:
    """Metadata in plain form. Raises `ArtifactError`, or `TypeError` for what is no mapping."""
    if metadata is None:
        return {}
    if not isinstance(metadata, Mapping):
        raise TypeError(f"an artifact's metadata is a dict, found a {type(metadata).__name__}")
    found = plain(metadata, other=str)
    if len(found) > MOST_METADATA:
        raise ArtifactError(f"the metadata has {len(found)} keys, at most {MOST_METADATA} are allowed; nest them")
    return dict(found)


def seconds_of(ttl: Any) -> float | None:
    """A lifetime in seconds, None for ever. Raises `ArtifactError`."""
    if ttl is None or ttl is ArtifactTTL.INHERIT:
        return None
    if isinstance(ttl, timedelta) and ttl.total_seconds() > 0:
        return ttl.total_seconds()
    raise ArtifactError(f"ttl is {ttl!r}, expected a datetime.timedelta above 0, None or ArtifactTTL.INHERIT")
