"""Saved views of a project's workspace, as `project.yaml` holds them under `views`."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from runstore.format.records import ProjectMeta


@dataclass(frozen=True, slots=True)
class View:
    """A named view: what stands behind the `#` of the page's address. `default`: what the page opens with."""

    name: str
    fragment: str
    default: bool = False

    def record(self) -> dict[str, Any]:
        """The view as `project.yaml` holds it."""
        values: dict[str, Any] = {"name": self.name, "fragment": self.fragment}
        return {**values, "default": True} if self.default else values


def saved_views(meta: ProjectMeta) -> tuple[View, ...]:
    """The views of a project that can be used, each name once. One is the default at most: the first that says so."""
    return tuple(_views(meta))


def _views(meta: ProjectMeta) -> Iterator[View]:
    names: set[str] = set()
    has_default = False
    for values in meta.views:
        name, fragment = values.get("name"), values.get("fragment")
        if not isinstance(name, str) or name.strip() in ("", "-") or name in names or not isinstance(fragment, str):
            continue
        names.add(name)
        default = values.get("default") is True and not has_default
        has_default |= default
        yield View(name, fragment.removeprefix("#"), default)
