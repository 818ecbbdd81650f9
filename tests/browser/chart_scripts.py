"""A page that has the scripts of charts and nothing else, and what its curves are held against."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from playwright.sync_api import Browser, Page

from sitegen.assets import templates_dir
from sitegen.data.series import Rows, Series, make_series
from sitegen.data.shards import named_shard, series_payload, times_payload
from tests.reference import Points

SCRIPTS = ("core.js", "smoothing.js", "aggregates.js", "series.js", "formula.js")


@dataclass(frozen=True)
class Bench:
    """A page that has the scripts of charts and nothing else, and the folder whose data files it loads."""

    page: Page
    folder: Path

    def load(self, series: Series) -> dict[str, str]:
        """Writes the data files of a series; returns what `DECODE` takes."""
        found = {}
        for kind, payload in (("m", series_payload(series)), ("t", times_payload(series))):
            name, content = named_shard(kind, payload)
            (self.folder / f"{name}.js").write_bytes(content)
            found[kind] = name
        return found


DECODE = """
const of = async ({ m, t }) => {
    const [metric, times] = await Promise.all([m, t].map((name) => runstore.load(name, `${name}.js`)));
    return runstore.series.decode(metric, times);
};
const list = (values) => values && Array.from(values);
const plain = ({ xs, ys, lo, hi, n }) => ({ xs: list(xs), ys: list(ys), lo: list(lo), hi: list(hi), n: list(n) });
"""


@contextmanager
def scripts_page(chromium: Browser, folder: Path, scripts: Sequence[str] = SCRIPTS) -> Iterator[Page]:
    """A page in `folder` with some scripts, none of which fails."""
    for name in scripts:
        (folder / name).write_bytes((templates_dir() / "assets" / name).read_bytes())
    tags = "".join(f'<script src="{name}"></script>' for name in scripts)
    (folder / "index.html").write_text(f"<!doctype html><meta charset=utf-8><title>Charts</title>{tags}")
    page = chromium.new_page()
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto((folder / "index.html").as_uri())
    yield page
    page.close()
    assert troubles == []


def points(series: Series, axis: str) -> list[Points]:
    """The points of each run of a series, over an axis."""
    xs = {"_step": series.step, "_runtime": series.runtime, "defined": series.axis}[axis]
    assert xs is not None
    lo, hi = (series.y if each is None else each for each in (series.lo, series.hi))
    cuts = series.starts()[1:]
    finite = np.where(np.isfinite(xs), xs, math.nan)
    return [
        Points(*each) for each in zip(*(np.split(column, cuts) for column in (finite, series.y, lo, hi)), strict=True)
    ]


def check(found: Any, expected: npt.NDArray[np.float64] | None, size: npt.NDArray[np.float64], what: object) -> None:
    """Equal within 1e-9 of the value, or within 1e-12 of the largest value behind it, which may have cancelled out.

    Between values of 1e-45 and of 1e-230, what is left at a place of weight 0 may be any number that small.
    """
    if expected is None:
        assert found is None, what
        return
    assert found is not None, what
    got = np.array(found, dtype=np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        near = np.abs(got - expected) <= np.maximum(1e-9 * np.abs(expected), 1e-12 * size + 1e-90)
    same = near | (got == expected) | (np.isnan(got) & np.isnan(expected))
    # A number at the end of the range may be the last one, or past it.
    same |= np.isinf(got) & (np.abs(expected) > 1.79e308)
    assert same.all(), f"{what}: {got[~same]} for {expected[~same]}"


def made(parts: list[npt.NDArray[np.float64]]) -> Series:
    run, step, value, runtime = np.concatenate(parts, axis=1)
    return make_series(Rows(run.astype(np.uint32), step, value, runtime, runtime + 1e9))
