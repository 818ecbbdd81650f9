"""Saving and removing named views of a workspace, in `project.yaml` alone; what else stands there stays."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

from runstore.errors import UsageError
from runstore.format import yaml12
from runstore.format.layout import ProjectLayout
from runstore.format.records import load_config, write_atomically
from runstore.format.values import well_formed
from runstore.format.views import View
from runstore.manage.edit import unwritable

_LONGEST_NAME = 100
_LONGEST_FRAGMENT = 20_000


def address_parts(url: str) -> tuple[str, str]:
    """The project that a page's address leads to ("" where it names none), and the fragment that holds its view.

    Raises `UsageError` for an address without a view.
    """
    parts = urlsplit(url)
    kept = [part for part in parts.fragment.split("&") if part and part.partition("=")[0] != "view"]
    if not kept or any("=" not in part for part in kept):
        raise UsageError(f"found no view in {url!r}; copy the whole address of a project's page, with what is behind #")
    folders = [unquote(part) for part in parts.path.split("/") if part]
    if folders and folders[-1] == "index.html":
        folders.pop()
    return (folders[-1] if folders else ""), "&".join(kept)


def save_view(project: ProjectLayout, view: View) -> bool:
    """Saves a view, over one of that name; whether there was one. Raises `UsageError` or `StoreError`."""
    if view.name.strip() in ("", "-") or len(view.name) > _LONGEST_NAME:
        raise UsageError(f"the view's name is {view.name[:20]!r}, expected 1 to {_LONGEST_NAME} characters, and not -")
    if len(view.fragment) > _LONGEST_FRAGMENT:
        raise UsageError(f"the view has {len(view.fragment)} characters, expected at most {_LONGEST_FRAGMENT}")
    values = load_config(project.project_yaml)
    views = _listed(values)
    if view.default:
        for each in views:
            if isinstance(each, dict):
                each.pop("default", None)
    record = {key: well_formed(value) if isinstance(value, str) else value for key, value in view.record().items()}
    place = _place(views, view.name)
    if place is None:
        views.append(record)
    else:
        views[place] = record
    _write(project, values, views)
    return place is not None


def remove_view(project: ProjectLayout, name: str) -> None:
    """Removes a view. Raises `UsageError` where there is none of that name, `StoreError` for trouble with the file."""
    values = load_config(project.project_yaml)
    views = _listed(values)
    if (place := _place(views, name)) is None:
        known = ", ".join(str(each.get("name")) for each in views if isinstance(each, dict)) or "no view yet"
        raise UsageError(f"{project.name} has no view {name!r}; there is {known}")
    del views[place]
    _write(project, values, views)


def _listed(values: dict[str, Any]) -> list[Any]:
    views = values.get("views") or []
    if not isinstance(views, list):
        raise UsageError(f"found a {type(views).__name__} under views in project.yaml, expected a list; mend it first")
    return list(views)


def _place(views: Sequence[Any], name: str) -> int | None:
    return next((at for at, each in enumerate(views) if isinstance(each, dict) and each.get("name") == name), None)


def _write(project: ProjectLayout, values: dict[str, Any], views: list[Any]) -> None:
    path = project.project_yaml
    try:
        write_atomically(path, yaml12.dump({**values, "views": views}).encode())
    except OSError as error:
        raise unwritable(path, error) from None
