"""The light theme of the pages as pictures take it: read from their own style and script, so that there is one."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

from sitegen.assets import templates_dir

FONT: Final = "sans-serif"
_ROOT: Final = re.compile(r":root \{(.*?)\}", re.DOTALL)
_VARIABLE: Final = re.compile(r"--([a-z-]+): (#[0-9a-f]{6});")
_PALETTE: Final = re.compile(r"const LIGHT = \[(.*?)\]", re.DOTALL)
_RAMP: Final = re.compile(r"light: \[((?:\[[\d, ]+\](?:, )?)+)\]")
_NONE: Final = re.compile(r'const none = \(\) => \(dark\(\) \? "#[0-9a-f]{6}" : "(#[0-9a-f]{6})"\)')


def colour(rank: int) -> str:
    """The colour of a run or a group of this rank."""
    known = _palette()
    return known[rank % len(known)]


def ramp(share: float) -> str:
    """The colour of a number that lies at this share, from 0 to 1, of its range."""
    stops = _stops()
    at = max(0.0, min(1.0, share)) * (len(stops) - 1)
    low = min(len(stops) - 2, int(at))
    mixed = (part + (stops[low + 1][k] - part) * (at - low) for k, part in enumerate(stops[low]))
    return f"rgb({','.join(str(int(part + 0.5)) for part in mixed)})"


@cache
def none() -> str:
    """The colour of what has no value."""
    found = _NONE.search(_text("palette.js"))
    return found[1] if found else "#7d8594"


@cache
def inks() -> Mapping[str, str]:
    """The parameters of charts that are colours, and the three of bars that mean something."""
    known = _variables()
    names = {"ink": "ink-soft", "strong": "ink", "rule": "rule", "paper": "surface"}
    return {name: known[own] for name, own in names.items()} | {"font": FONT}


@cache
def meanings() -> tuple[str, str, str]:
    """The colours of what counts, of what is good and of what is bad."""
    known = _variables()
    return known["accent"], known["good"], known["bad"]


def style(name: str) -> str:
    """A colour of the pages' style by its name there, such as `ink-soft`."""
    return _variables()[name]


@cache
def _variables() -> Mapping[str, str]:
    """The light theme's colours by the names that the style gives them."""
    root = _ROOT.search(_text("base.css"))
    return dict(_VARIABLE.findall(root[1])) if root else {}


@cache
def _palette() -> tuple[str, ...]:
    found = _PALETTE.search(_text("palette.js"))
    return tuple(re.findall(r"#[0-9a-f]{6}", found[1])) if found else ("#3b6fe0",)


@cache
def _stops() -> tuple[tuple[int, ...], ...]:
    found = _RAMP.search(_text("palette.js"))
    stops = re.findall(r"\[([\d, ]+)\]", found[1]) if found else ["48, 18, 120", "214, 140, 0"]
    return tuple(tuple(map(int, stop.split(","))) for stop in stops)


def _text(name: str) -> str:
    return (templates_dir() / "assets" / name).read_text(encoding="utf-8")
