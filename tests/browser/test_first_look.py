"""What charts show before anybody asks: a small file a metric, of true points, until more is asked for."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from sitegen.data.groups import Points, group_curve
from sitegen.histories import CHUNK
from tests.browser.chromium import Open
from tests.browser.pages import READY, curves, panel, set_view, show
from tests.browser.test_spikes import FRAME, HIGHEST
from tests.sites import build
from tests.stores import write_run, write_store

RUNS, STEPS = 130, 400
SPIKE, HEIGHT = 217, 12.0
STATE = """key => {
    const { rough, note } = runstore.workspace.panels.panels.find((each) => each.metric.key === key);
    return [rough, note.textContent];
}"""


def value(run: int, step: int) -> float:
    """What run number `run` logged: noise, and one leap of the newest."""
    return math.sin(run + step * (1 + run / 50)) / 3 + (HEIGHT if (run, step) == (RUNS - 1, SPIKE) else 0)


def write(root: Path, group: Callable[[int], str]) -> Path:
    for run in range(RUNS):
        rows = [{"loss": value(run, step), "_step": step, "_runtime": step / 10} for step in range(STEPS)]
        if run == 3:
            rows[10]["loss"] = math.nan
        meta = {"name": f"n{run}", "group": group(run), "created": f"2026-01-01T{run // 60:02}:{run % 60:02}:00Z"}
        write_run(root, "p", f"r{run:03}", rows, meta=meta)
    return root


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plain")
    return build(write(write_store(folder / "experiments"), lambda run: ""), folder / "site")


@pytest.fixture(scope="module")
def grouped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("grouped")
    return build(write(write_store(folder / "experiments"), lambda run: "abc "[run % 4].strip()), folder / "site")


@dataclass
class Asked:
    """The data files that a page asks for."""

    names: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("request", lambda request: self.names.extend(re.findall(r"/data/([a-z])[0-9a-f]{16}\.js", request.url)))

    def kinds(self) -> list[str]:
        return sorted({name for name in self.names if name in "mo"})


@pytest.fixture
def opened(chromium: Browser) -> Any:
    """Opens a page and notes what it asks for."""
    contexts = []

    def open_it(address: str) -> tuple[Page, Asked]:
        context = chromium.new_context(viewport={"width": 1440, "height": 900})
        contexts.append(context)
        page, asked = context.new_page(), Asked()
        asked.watch(page)
        page.goto(address)
        page.wait_for_selector(READY)
        return page, asked

    yield open_it
    for context in contexts:
        context.close()


def state(page: Page) -> tuple[str, str]:
    rough, note = page.evaluate(STATE, "loss")
    return rough, note


def test_a_page_loads_a_few_true_points_of_each_line_with_every_extreme(plain: Path, opened: Any) -> None:
    page, asked = opened((plain / "p/index.html").as_uri())
    assert asked.kinds() == ["o"]
    assert state(page) == ("thinned", "A first look: no extreme is left out. 100 of 130 runs, by the table's order.")
    found = curves(page, "loss")
    assert list(found) == [f"n{run}" for run in range(RUNS - 1, RUNS - 101, -1)]
    for label, curve in found.items():
        run = int(label[1:])
        logged = np.array([value(run, step) for step in range(STEPS)])
        assert 60 < curve.xs.size < STEPS
        np.testing.assert_allclose(curve.ys, logged[curve.xs.astype(int)], rtol=1e-6)
        assert {0, STEPS - 1, int(logged.argmax()), int(logged.argmin())} <= set(curve.xs.astype(int))


def test_a_spike_of_one_step_is_seen_in_the_first_look(plain: Path, open_page: Open) -> None:
    page = open_page(plain / "p/index.html")
    show(page, "loss")
    assert state(page)[0]
    low, high = page.evaluate(FRAME, "loss")["y"]
    assert high >= HEIGHT
    top = (high - value(RUNS - 1, SPIKE)) / (high - low) * page.evaluate(FRAME, "loss")["height"]
    highest = page.evaluate(HIGHEST, ["loss", SPIKE, 4])
    assert highest is not None
    assert abs(highest - top) < 4


@pytest.mark.parametrize(
    "asks", [{"smooth": 0.5}, {"group": "state"}, {"most": "all"}, {"search": "n1"}, {"xlog": True}, {"x": "_runtime"}]
)
def test_whoever_asks_for_more_gets_it_from_every_point(plain: Path, opened: Any, asks: dict[str, Any]) -> None:
    page, asked = opened((plain / "p/index.html").as_uri())
    set_view(page, **asks)
    assert asked.kinds() == ["m", "o"]
    assert not state(page)[0]
    assert {curve.xs.size for curve in curves(page, "loss").values()} == {STEPS}
    set_view(page, smooth=0, group="", most="100", search="", xlog=False, x="_step")
    assert state(page)[0]


def test_a_run_that_is_hidden_makes_room_for_one_that_is_not_in_the_first_look(plain: Path, opened: Any) -> None:
    page, asked = opened((plain / "p/index.html").as_uri())
    set_view(page, most="50")
    set_view(page, hide=["r129", "r120"])
    assert asked.kinds() == ["o"]
    assert len(curves(page, "loss")) == 50
    set_view(page, most="100")
    assert asked.kinds() == ["m", "o"]
    assert "n28" in curves(page, "loss")


def test_who_stays_with_a_chart_sees_all_points(plain: Path, open_page: Open) -> None:
    page = open_page(plain / "p/index.html")
    box = panel(page, "loss").locator(".plot").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 60)
    page.wait_for_function(f"() => !({STATE})('loss')[0]")
    assert state(page)[1].startswith("All points of all lines are loaded.")
    page.mouse.move(box["x"] + box["width"] / 2 + 5, box["y"] + 60)
    assert "and 90 more" in panel(page, "loss").locator(".tooltip").inner_text()


def test_until_then_a_tooltip_names_the_lines_that_have_a_point_there(plain: Path, open_page: Open) -> None:
    page = open_page(plain / "p/index.html")
    box = panel(page, "loss").locator(".plot").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 60)
    tooltip = page.evaluate(
        """() => [...document.querySelectorAll(".tooltip")].find((each) => !each.hidden)?.innerText ?? ''"""
    )
    step = re.match(r"Step (\d+)", tooltip)
    assert step
    shown = dict(re.findall(r"(n\d+)\s+(-?[\d.e-]+)", tooltip))
    for label, text in shown.items():
        assert float(text) == pytest.approx(value(int(label[1:]), int(step[1])), rel=1e-4)


def test_what_is_taken_away_has_all_points(plain: Path, open_page: Open) -> None:
    page = open_page(plain / "p/index.html")
    panel(page, "loss").get_by_role("button", name="Panel menu").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Download CSV").click()
    lines = download.value.path().read_text("utf-8-sig").splitlines()
    assert len(lines) == 1 + 100 * STEPS
    label, step, logged = lines[1 + STEPS // 2].split(",")[:3]
    assert float(logged) == value(int(label.strip('"')[1:]), int(step))


def test_groups_show_the_mean_and_deviation_of_all_their_runs(grouped: Path, opened: Any) -> None:
    page, asked = opened((grouped / "p/index.html").as_uri())
    assert asked.kinds() == ["o"]
    found = curves(page, "loss")
    assert sorted(found) == ["(none)", "a", "b", "c"]
    for at, label in enumerate(["a", "b", "c", "(none)"]):
        runs = range(at, RUNS, 4)
        points = []
        for run in runs:
            ys = np.array([value(run, step) for step in range(STEPS)])
            ys[10] = math.nan if run == 3 else ys[10]
            points.append(Points(np.arange(STEPS, dtype=float), ys))
        wanted = group_curve(points, "mean", "std")
        own = found[label]
        places = own.xs.astype(int)
        assert own.n == wanted.n[places].tolist()
        assert own.lo is not None
        assert own.hi is not None
        assert wanted.lo is not None
        assert wanted.hi is not None
        for shown, exact in ((own.ys, wanted.ys), (own.lo, wanted.lo), (own.hi, wanted.hi)):
            np.testing.assert_allclose(shown, exact[places], rtol=1e-6, atol=1e-7)
        assert own.hi.max() == pytest.approx(wanted.hi.max(), rel=1e-6)
        assert own.lo.min() == pytest.approx(wanted.lo.min(), rel=1e-6)
    set_view(page, hide=["g:a"])
    assert asked.kinds() == ["o"]
    assert sorted(curves(page, "loss")) == ["(none)", "b", "c"]
    set_view(page, hide=["r001"])
    assert asked.kinds() == ["m", "o"]
    assert set(curves(page, "loss")["b"].n or []) == {len(range(1, RUNS, 4)) - 1}


def test_who_comes_near_a_control_that_asks_for_more_has_it_loaded(plain: Path, opened: Any) -> None:
    page, asked = opened((plain / "p/index.html").as_uri())
    page.locator("[data-view=smooth]").hover()
    page.wait_for_function("() => runstore.workspace.lines.decoded.size > 1")
    assert asked.kinds() == ["m", "o"]
    assert state(page)[0]


def test_a_later_build_leaves_every_line_with_its_run(tmp_path: Path, open_page: Open) -> None:
    root = write(write_store(tmp_path / "experiments"), lambda run: "")
    page = open_page(build(root, tmp_path / "site") / "p/index.html")
    set_view(page, most="all")
    meta = {"name": "newest", "created": "2026-02-01T00:00:00Z"}
    write_run(root, "p", "zz", [{"loss": step, "_step": step} for step in range(STEPS)], meta=meta)
    build(root, tmp_path / "site")
    later = """async most => {
        await runstore.workspace.renew(await runstore.reload("runs", "data/runs.js?later"));
        runstore.workspace.state.set({ most });
        await runstore.workspace.drawn;
    }"""
    for most, lines in (("100", 100), ("all", RUNS + 1)):
        page.evaluate(later, most)
        found = curves(page, "loss")
        assert len(found) == lines
        assert found["newest"].ys[-1] == STEPS - 1
        assert found["n77"].ys[-1] == pytest.approx(value(77, STEPS - 1), rel=1e-6)


def test_a_groups_page_loads_the_chunks_of_its_runs_alone(tmp_path: Path, opened: Any) -> None:
    root = write_store(tmp_path / "experiments")
    for run in range(CHUNK + 3):
        group = "last" if run > CHUNK else "late" if run >= CHUNK - 1 else "early"
        meta = {"name": f"n{run}", "group": group, "created": f"2026-01-01T{run // 60:02}:{run % 60:02}:00Z"}
        write_run(root, "p", f"r{run:04}", [{"loss": run, "_step": step} for step in range(2)], meta=meta)
    site = build(root, tmp_path / "site")
    page, asked = opened((site / "p/groups/last/index.html").as_uri() + "#group=")
    assert asked.names.count("m") == 1
    assert sorted(curves(page, "loss")) == [f"n{CHUNK + 1}", f"n{CHUNK + 2}"]
    page, asked = opened((site / "p/groups/late/index.html").as_uri() + "#group=")
    assert asked.names.count("m") == 2
    assert sorted(curves(page, "loss")) == [f"n{CHUNK - 1}", f"n{CHUNK}"]
