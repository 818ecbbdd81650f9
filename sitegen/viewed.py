"""What is on screen at the address of a project's page, as the blocks of a report."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from runstore.errors import UsageError
from runstore.format import yaml12
from runstore.format.sections import meant
from sitegen.pages.project import section
from sitegen.reports.figures.panels import KINDS
from sitegen.reports.figures.settings import MOST_SMOOTHING
from sitegen.reports.figures.table_html import markdown_text
from sitegen.reports.runsets import DEFAULT

SHOWN: Final = "shown"
"""What a report calls the runs of the view that it began with."""
MOST_PANELS: Final = 24
"""Metrics of a page that become panels."""
KEYS: Final = (
    *("group", "filter", "search", "view", "sort", "panels", "find", "writer", "file", "keys", "colour", "runs"),
    *("diff", "grids", "line", "layout", "x", "hide", "pin", "open", "select", "only", "heat", "foot", "cols"),
    *("smooth", "sync", "zoom", "zooms", "ylog", "xlog", "outliers", "raw", "members"),
    *("agg", "shade", "smoother", "crop", "most"),
)
"""What an address may say behind its #, on any page, as `state.js` reads it."""
_FENCES: Final = re.compile("`+")
_ADDED: Final = "Added panels"
_OF_LINES: Final = ("agg", "shade", "smoother")
_FLAGS: Final = ("xlog", "ylog", "outliers", "raw", "members")


@dataclass(frozen=True, slots=True)
class Viewed:
    """A view: its project, its runs as a run set, and its panels as blocks of Markdown."""

    project: str
    runs: Mapping[str, Any]
    blocks: str
    panels: int


def project_in(address: str) -> str:
    """The directory of the project's page that an address leads to. Raises `UsageError`."""
    folders = [unquote(part) for part in _parted(address).path.split("/") if part and part != "index.html"]
    if not folders:
        raise UsageError(f"found the address {address[:80]!r}, expected that of a project's page, with its #…")
    return folders[-1]


def unknown_keys(address: str) -> Iterator[str]:
    """A line for each key of an address that says nothing of a view. Raises `UsageError` for what is no address."""
    fragment = _parted(address).fragment
    # Without a sign between key and value it is a place in the page.
    for key in dict(parse_qsl(fragment, keep_blank_values=True)) if "=" in fragment else ():
        if key not in KEYS:
            hint = meant(key, KEYS) or "copy the address from the page"
            yield f"found {key[:40]!r} in the address, which is nothing that a view says; {hint}"


def _parted(address: str) -> SplitResult:
    try:
        return urlsplit(address)
    except ValueError as error:
        raise UsageError(f"found {address[:80]!r}, which is no address ({error})") from None


def read_view(address: str, project: str, metrics: Sequence[str]) -> Viewed:
    """What the address of a project's page shows; `metrics` are those that have charts. Raises `UsageError`."""
    view = dict(parse_qsl(_parted(address).fragment, keep_blank_values=True))
    layout = _layout(view.get("layout", ""))
    panels = [*_added(layout), *_metrics(layout, metrics, view)]
    runs = dict(_runs(view))
    blocks = "".join(_grid(name, own, SHOWN if runs else DEFAULT) for name, own in _sections(panels))
    return Viewed(project, runs, blocks, len(panels))


def _layout(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text) if text else {}
        # Half of a pair of surrogates stands in no file.
        found = json.loads(json.dumps(found, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        found = {}
    return found if isinstance(found, dict) else {}


def _runs(view: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    """The run set of a view."""
    conditions = [view["filter"]] if view.get("filter") else []
    hidden = [unquote(key) for key in view.get("hide", "").split(",") if key]
    ids = [key for key in hidden if not key.startswith("g:")]
    if ids:
        conditions.append("id NOT IN (" + ", ".join("'" + key.replace("'", "''") + "'" for key in ids) + ")")
    if view.get("only") == "1" and view.get("select"):
        chosen = [unquote(key) for key in view["select"].split(",")]
        conditions.append("id IN (" + ", ".join("'" + key.replace("'", "''") + "'" for key in chosen) + ")")
    if conditions:
        yield "filter", " AND ".join(f"({each})" for each in conditions) if len(conditions) > 1 else conditions[0]
    if view.get("group"):
        yield "group", [unquote(key) for key in view["group"].split(",")]
    if view.get("sort"):
        yield "order", unquote(view["sort"])


Panel = tuple[str, dict[str, Any]]


def _added(layout: Mapping[str, Any]) -> Iterator[Panel]:
    """The panels that a person added, with their sections."""
    homes = _mapping(layout, "in")
    for each in layout.get("add", ()) if isinstance(layout.get("add"), list) else ():
        if isinstance(each, dict) and str(each.get("kind")) in KINDS and isinstance(each.get("set"), dict):
            kind = str(each["kind"])
            yield str(homes.get(str(each.get("id")), _ADDED)), {"type": kind, **_settings(kind, each["set"])}


def _settings(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of a page's panel as a report writes them; what says nothing is left out."""
    known = {"title", *KINDS[kind].settings}
    found = {key: value for key, value in given.items() if key in known and value not in ("", None, [])}
    for name in ("x", "y"):
        ends = [given.get(f"{name}0"), given.get(f"{name}1")]
        if kind == "line" and any(end is not None for end in ends):
            found[f"{name}_range"] = ends
    for name in _FLAGS:
        if found.get(name) in ("yes", "no"):
            found[name] = found[name] == "yes"
    if isinstance(found.get("group"), str):
        found["group"] = ["none"] if found["group"] == "-" else [unquote(key) for key in found["group"].split(",")]
    if "spec" in found:
        found["spec"] = _layout(str(found["spec"]))
    return found


def _metrics(layout: Mapping[str, Any], metrics: Sequence[str], view: Mapping[str, str]) -> Iterator[Panel]:
    """The charts of metrics that are open on the page, with what the view says of all of them."""
    folded, hidden, homes, own = (
        set(_texts(layout, "fold")) | set(_texts(layout, "without")),
        set(_texts(layout, "hidden")),
        _mapping(layout, "in"),
        _mapping(layout, "set"),
    )
    everywhere = dict(_everywhere(view))
    shown = 0
    for key in metrics:
        home = str(homes.get(key, section(key)))
        if key in hidden or home in folded or shown >= MOST_PANELS:
            continue
        shown += 1
        given = own[key] if isinstance(own.get(key), dict) else {}
        yield home, {"type": "line", "metrics": [key], **everywhere, **_settings("line", given)}


def _everywhere(view: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    for key in _OF_LINES:
        if view.get(key):
            yield key, view[key]
    for key in _FLAGS:
        if view.get(key) == "1":
            yield key, True
    try:
        if 0 < float(view.get("smooth", 0)) <= MOST_SMOOTHING:
            yield "smooth", float(view["smooth"])
    except ValueError:
        pass
    if view.get("x") not in (None, "", "_step"):
        yield "x", view["x"]


def _sections(panels: Sequence[Panel]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for name in dict.fromkeys(home for home, _ in panels):
        yield name, [panel for home, panel in panels if home == name]


def _grid(name: str, panels: Sequence[Mapping[str, Any]], runs: str) -> str:
    values = {"runs": runs, "columns": 2, "panels": [dict(panel) for panel in panels]}
    text = yaml12.dump(values)
    fence = "`" * max(3, 1 + max(map(len, _FENCES.findall(text)), default=0))
    return f"## {markdown_text(name)}\n\n{fence}panels\n{text}{fence}\n\n"


def _mapping(layout: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = layout.get(key)
    return found if isinstance(found, dict) else {}


def _texts(layout: Mapping[str, Any], key: str) -> list[str]:
    found = layout.get(key)
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []
