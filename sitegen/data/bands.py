"""The lines and bands that a group of runs can be drawn with, and what smooths them, by name."""

from typing import Final, Literal

Aggregate = Literal["mean", "median", "min", "max"]
Shade = Literal["none", "minmax", "std", "stderr", "ci"]
Smoother = Literal["ema", "twema", "average", "gauss"]
AGGREGATES: Final[tuple[Aggregate, ...]] = ("mean", "median", "min", "max")
SHADES: Final[tuple[Shade, ...]] = ("none", "minmax", "std", "stderr", "ci")
SMOOTHERS: Final[tuple[Smoother, ...]] = ("ema", "twema", "average", "gauss")
