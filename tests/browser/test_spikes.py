"""One step that stands out is on the screen at every zoom, pixel by pixel, however many rows and lines there are."""

import math
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.chromium import Open
from tests.browser.pages import panel, show
from tests.sites import build
from tests.stores import write_run, write_store

ROWS = {"short": 1200, "long": 30_000}
SPIKE = {"short": 701, "long": 18_541}
HEIGHT = 10.0
ZOOMS = (1.0, 0.1, 0.01)


@pytest.fixture(scope="module", params=[1, 40])
def spiky(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of one run, or of one among many quiet ones, whose metrics leap at one step."""
    folder = tmp_path_factory.mktemp("spiky")
    root = write_store(folder / "experiments")
    rows = []
    for step in range(ROWS["long"]):
        row = {"long": math.sin(step / 50) * 0.1 + (HEIGHT if step == SPIKE["long"] else 0), "_step": step}
        if step < ROWS["short"]:
            row["short"] = math.sin(step / 5) * 0.1 + (HEIGHT if step == SPIKE["short"] else 0)
        rows.append(row)
    write_run(root, "p", "leaps", rows)
    for number in range(request.param - 1):
        quiet = [{"short": 0.1, "long": 0.1, "_step": step * 100} for step in range(300)]
        write_run(root, "p", f"quiet{number}", quiet)
    return build(root, folder / "site")


def zoom(page: Page, metric: str, share: float, x: float) -> None:
    """Zooms by dragging until the chart shows no more than `share` of all steps, around x."""
    chart = panel(page, metric).locator(".plot")
    for _ in range(12):
        low, high = page.evaluate(FRAME, metric)["x"]
        if high - low <= ROWS[metric] * share:
            return
        half = max((high - low) / 8, ROWS[metric] * share / 2.5)
        box = chart.bounding_box()
        frame = page.evaluate(FRAME, metric)
        assert box is not None
        ends = [
            box["x"] + frame["left"] + (end - low) / (high - low) * frame["width"]
            for end in (max(low, x - half), min(high, x + half))
        ]
        page.mouse.move(ends[0], box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(ends[1], box["y"] + box["height"] / 2, steps=3)
        page.mouse.up()
        show(page, metric)
    pytest.fail("the chart cannot be zoomed so far")


FRAME = """metric => {
    const { chart } = runstore.workspace.panels.panels.find((each) => each.metric.key === metric);
    const { x, y, width, height } = chart.frame;
    return { x, y, width, height, left: chart.view.padding().left };
}"""

HIGHEST = """([metric, x, reach]) => {
    const { chart } = runstore.workspace.panels.panels.find((each) => each.metric.key === metric);
    const { canvas, scale } = chart;
    const { left, top } = chart.view.padding();
    const ratio = canvas.width / canvas.clientWidth;
    const from = Math.max(0, Math.floor((left + scale.x(x) - reach) * ratio));
    const columns = Math.ceil(2 * reach * ratio);
    const copy = new OffscreenCanvas(columns, canvas.height).getContext("2d", { willReadFrequently: true });
    copy.drawImage(canvas, -from, 0);
    const { data, width, height } = copy.getImageData(0, 0, columns, canvas.height);
    for (let y = 0; y < height; y++) {
        let most = 0;
        for (let at = 0; at < width; at++) most = Math.max(most, data[4 * (y * width + at) + 3]);
        if (most >= 40) return y / ratio - top;
    }
    return null;
}"""


@pytest.mark.parametrize("metric", ["short", "long"])
def test_a_spike_of_one_step_is_seen_at_every_zoom(spiky: Path, open_page: Open, metric: str) -> None:
    page = open_page(spiky / "p" / "index.html", "group=")
    show(page, metric)
    for share in ZOOMS:
        zoom(page, metric, share, SPIKE[metric])
        frame = page.evaluate(FRAME, metric)
        low, high = frame["y"]
        assert high >= HEIGHT
        top = (high - HEIGHT) / (high - low) * frame["height"]
        # A bucket of 32 steps, or a column of the screen: so far from its step a spike may stand.
        reach = 3 + 32 / (frame["x"][1] - frame["x"][0]) * frame["width"]
        highest = page.evaluate(HIGHEST, [metric, SPIKE[metric], reach])
        assert highest is not None
        assert abs(highest - top) < 4, (share, highest, top)
