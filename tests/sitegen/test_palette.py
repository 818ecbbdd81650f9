"""The colours of runs: told apart next to each other by people with any colour vision, and from the page."""

import math
import re
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest

PALETTE: Final = Path(__file__).parents[2] / "templates" / "assets" / "palette.js"
PAGES: Final = {"LIGHT": "#ffffff", "DARK": "#181c24"}
Colour = tuple[float, float, float]
Matrix = tuple[Colour, Colour, Colour]
VISIONS: Final[dict[str, Matrix]] = {
    "all cones": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    # Machado, Oliveira and Fernandes (2009), full severity, on linear RGB.
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881),
    ),
    "protanopia": (
        (0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998),
    ),
}  # fmt: skip
TO_XYZ: Final[Matrix] = (
    (0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750), (0.0193339, 0.1191920, 0.9503041),
)  # fmt: skip


def colours(theme: str) -> list[str]:
    block = PALETTE.read_text().split(f"const {theme} = [")[1].split("];")[0]
    return re.findall(r"#[0-9a-f]{6}", block)


def linear(colour: str) -> Colour:
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return red, green, blue


def times(matrix: Matrix, vector: Colour) -> Colour:
    x, y, z = (sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)
    return x, y, z


def lab(colour: str, vision: str) -> Colour:
    red, green, blue = (min(1.0, max(0.0, c)) for c in times(VISIONS[vision], linear(colour)))
    x, y, z = times(TO_XYZ, (red, green, blue))

    def root(share: float) -> float:
        return share ** (1 / 3) if share > 216 / 24389 else (24389 / 27 * share + 16) / 116

    fx, fy, fz = root(x / 0.95047), root(y), root(z / 1.08883)
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def distance(one: Colour, other: Colour) -> float:
    """CIEDE2000 (Sharma, Wu and Dalal, 2005)."""
    chroma = (math.hypot(one[1], one[2]) + math.hypot(other[1], other[2])) / 2
    grey = 1.5 - 0.5 * math.sqrt(chroma**7 / (chroma**7 + 25**7))
    c1, c2 = math.hypot(one[1] * grey, one[2]), math.hypot(other[1] * grey, other[2])
    h1 = math.degrees(math.atan2(one[2], one[1] * grey)) % 360
    h2 = math.degrees(math.atan2(other[2], other[1] * grey)) % 360
    turn = 0.0 if c1 * c2 == 0 else (h2 - h1 + 180) % 360 - 180
    hue = h1 + h2 if c1 * c2 == 0 else (h1 + turn / 2) % 360
    light, colour = (one[0] + other[0]) / 2, (c1 + c2) / 2
    weight = (
        1 - 0.17 * math.cos(math.radians(hue - 30)) + 0.24 * math.cos(math.radians(2 * hue))
        + 0.32 * math.cos(math.radians(3 * hue + 6)) - 0.20 * math.cos(math.radians(4 * hue - 63))
    )  # fmt: skip
    by_light = (other[0] - one[0]) / (1 + 0.015 * (light - 50) ** 2 / math.sqrt(20 + (light - 50) ** 2))
    by_colour = (c2 - c1) / (1 + 0.045 * colour)
    by_hue = 2 * math.sqrt(c1 * c2) * math.sin(math.radians(turn / 2)) / (1 + 0.015 * colour * weight)
    blue = math.sin(math.radians(60 * math.exp(-(((hue - 275) / 25) ** 2))))
    rotation = -2 * math.sqrt(colour**7 / (colour**7 + 25**7)) * blue
    return math.sqrt(by_light**2 + by_colour**2 + by_hue**2 + rotation * by_colour * by_hue)


def contrast(one: str, other: str) -> float:
    bright, dim = sorted((times(TO_XYZ, linear(each))[1] + 0.05 for each in (one, other)), reverse=True)
    return bright / dim


def test_distance_is_that_of_the_published_pairs() -> None:
    assert distance((50, 2.6772, -79.7751), (50, 0, -82.7485)) == pytest.approx(2.0425, abs=1e-4)
    assert distance((50, 2.5, 0), (58, 24, 15)) == pytest.approx(19.4535, abs=1e-4)
    assert distance((2.0776, 0.0795, -1.135), (0.9033, -0.0636, -0.5514)) == pytest.approx(0.9082, abs=1e-4)


def test_both_themes_have_the_same_number_of_colours_and_enough_for_thirty_runs() -> None:
    assert len(colours("LIGHT")) == len(colours("DARK")) >= 32


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("theme", PAGES)
def test_neighbours_are_told_apart(theme: str, vision: str) -> None:
    found = [lab(colour, vision) for colour in colours(theme)]
    assert min(distance(one, other) for one, other in pairwise(found)) > 12


@pytest.mark.parametrize("theme", PAGES)
def test_no_two_colours_look_alike(theme: str) -> None:
    found = [lab(colour, "all cones") for colour in colours(theme)]
    assert min(distance(found[a], found[b]) for a in range(len(found)) for b in range(a)) > 5


@pytest.mark.parametrize("theme", PAGES)
def test_every_colour_stands_out_from_the_page(theme: str) -> None:
    assert min(contrast(colour, PAGES[theme]) for colour in colours(theme)) >= 3


def ramp(theme: str) -> list[str]:
    """The colours of numbers, in 33 steps of the ramp from its lowest to its highest."""
    block = PALETTE.read_text().split(f"{theme.lower()}: [[")[1].split("]],")[0]
    stops = [[int(part) for part in stop.split(",")] for stop in block.split("], [")]
    found = []
    for step in range(33):
        at = step / 32 * (len(stops) - 1)
        low = min(len(stops) - 2, int(at))
        parts = (round(a + (b - a) * (at - low)) for a, b in zip(stops[low], stops[low + 1], strict=True))
        found.append("#" + "".join(f"{part:02x}" for part in parts))
    return found


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("theme", PAGES)
def test_colours_of_numbers_get_lighter_all_the_way_and_their_quarters_are_told_apart(theme: str, vision: str) -> None:
    seen = [lab(colour, vision) for colour in ramp(theme)]
    assert all(low[0] < high[0] for low, high in pairwise(seen))
    assert min(distance(one, other) for one, other in pairwise(seen[::8])) > 10
