"""Media and tables of many runs on the project's page: a grid of cells with one slider, and tables read as one."""

import csv
import io
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page

from tests.browser.chromium import Open
from tests.browser.logged_store import GROUPS, SEEDS, rows_of, steps_of, write_logged
from tests.browser.media_store import write_rich
from tests.browser.pages import set_view, settle, violations
from tests.media_files import png, stored
from tests.sites import build
from tests.stores import write_run, write_store


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("seen")
    return build(write_logged(folder / "experiments"), folder / "site")


def opened(page: Page, title: str) -> Locator:
    found = page.locator(".panel", has=page.get_by_role("heading", name=title, exact=True)).last
    found.scroll_into_view_if_needed()
    return found


@pytest.fixture
def samples(site: Path, open_page: Open) -> Locator:
    found = opened(open_page(site / "seen" / "index.html", "group="), "val/samples")
    found.locator(".run-media img").first.wait_for()
    return found


@pytest.fixture
def predictions(site: Path, open_page: Open) -> Locator:
    found = opened(open_page(site / "seen" / "index.html", "group="), "val/predictions")
    found.locator(".grid-body .grid-row").first.wait_for()
    return found


def steps(found: Locator) -> dict[str, str]:
    """What each cell says of its step, by its run's name."""
    cells = found.locator(".run-media").all()
    return {cell.get_by_role("link").inner_text(): cell.locator(".soft").first.inner_text() for cell in cells}


def shown(step: int) -> dict[str, str]:
    """What was logged last at or before a step."""
    return {
        f"{group} {seed}": f"step {max(at for at in steps_of(seed) if at <= step)}"
        for group in GROUPS
        for seed in range(SEEDS)
    }


def test_project_page_loads_no_media_until_they_are_in_sight(site: Path, open_page: Open) -> None:
    page = open_page(site / "seen" / "index.html", "group=")
    loaded = page.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)")
    sections = page.locator(".section h2").all_inner_texts()
    assert {"Media", "Tables"} <= set(sections)
    assert not [name for name in loaded if "viewers" in name or "panels.js" in name or "/media/" in name]
    opened(page, "val/samples").locator(".run-media img").first.wait_for()


def test_every_run_that_logged_it_has_a_cell_with_its_last_step(samples: Locator) -> None:
    assert steps(samples) == shown(12)
    assert samples.locator(".panel-about").inner_text() == "6 runs"


def test_slider_leads_all_cells_to_the_last_step_at_or_before_it(samples: Locator) -> None:
    slider = samples.get_by_role("slider", name="Step of val/samples")
    slider.focus()
    samples.page.keyboard.press("Home")
    samples.get_by_text("Nothing yet: the first is at step 2.").first.wait_for()
    number = samples.get_by_role("spinbutton")
    number.fill("7")
    number.press("Enter")
    settle(samples.page)
    assert steps(samples) == shown(7)
    samples.get_by_text("tone 40 at 7").wait_for()
    assert "step" in samples.page.evaluate("decodeURIComponent(location.hash)")


def test_link_shares_the_step(samples: Locator, open_page: Open) -> None:
    number = samples.get_by_role("spinbutton")
    number.fill("4")
    number.press("Enter")
    settle(samples.page)
    again = opened(open_page(samples.page.url), "val/samples")
    again.locator(".run-media img").first.wait_for()
    assert steps(again) == shown(4)


def test_image_opens_large_and_name_leads_to_the_run(samples: Locator) -> None:
    samples.get_by_role("button", name="Enlarge tone 0 at 12").click()
    dialog = samples.page.get_by_role("dialog")
    assert "val/samples, adam 0, step 12" in dialog.inner_text()
    samples.page.keyboard.press("ArrowLeft")
    dialog.get_by_text("tone 0 at 10").wait_for()
    samples.page.keyboard.press("Escape")
    samples.get_by_role("link", name="sgd 1", exact=True).click()
    samples.page.wait_for_url("**/runs/sgd-1/index.html")


def test_cells_follow_what_is_shown_and_stand_by_group(samples: Locator) -> None:
    set_view(samples.page, hide=["adam-1"])
    assert samples.locator(".run-media").count() == 5
    set_view(samples.page, filter="group = 'sgd'")
    assert set(steps(samples)) == {"sgd 0", "sgd 1", "sgd 2"}
    set_view(samples.page, filter="", hide=[], group="group")
    assert samples.locator(".run-media-group").all_inner_texts() == ["adam", "sgd"]
    set_view(samples.page, filter="config.optimizer = 'none'")
    samples.get_by_text("None of the runs that are shown logged val/samples.").wait_for()


def test_runs_beyond_what_a_panel_holds_are_told(tmp_path: Path, open_page: Open) -> None:
    root = write_store(tmp_path / "experiments")
    for at in range(30):
        folder = write_run(root, "many", f"r{at:02}", history=None)
        image = stored(folder, "image", "images/i.png", png(4, 4, lambda x, y: (x * 60, y * 60, 0)), width=4, height=4)
        write_run(root, "many", f"r{at:02}", [{"_step": 0, "i": image}])
    found = opened(open_page(build(root, tmp_path / "site") / "many" / "index.html"), "i")
    found.get_by_text("The first 24 of 30 runs that logged it.").wait_for()
    assert found.locator(".run-media").count() == 24


def test_size_and_columns_are_kept_in_the_link(samples: Locator) -> None:
    samples.get_by_label("Size of val/samples").select_option("large")
    settle(samples.page)
    assert samples.locator(".media-cells").get_attribute("data-size") == "large"
    samples.get_by_role("button", name="Panel menu of").click()
    samples.page.get_by_role("menuitem", name="Edit…").click()
    samples.page.get_by_role("dialog").get_by_label("Columns").select_option("2")
    samples.page.get_by_role("button", name="Apply").click()
    settle(samples.page)
    cells = samples.locator(".media-cells").evaluate(
        "node => getComputedStyle(node).gridTemplateColumns.split(' ').length"
    )
    assert cells == 2


def test_person_adds_a_media_panel_and_removes_it(site: Path, open_page: Open) -> None:
    page = open_page(site / "seen" / "index.html", "group=")
    page.get_by_role("button", name="Add panel").click()
    page.get_by_role("menuitem", name="Media", exact=True).click()
    page.get_by_label("Logged as").fill("val/page")
    page.get_by_role("button", name="Add", exact=True).click()
    settle(page)
    added = page.locator(".panel", has=page.get_by_role("heading", name="val/page")).first
    added.locator("iframe").first.wait_for()
    added.get_by_role("button", name="Panel menu of val/page").click()
    page.get_by_role("menuitem", name="Remove panel").click()
    assert page.get_by_role("heading", name="val/page").count() == 1


def test_group_page_shows_only_what_its_runs_logged(site: Path, open_page: Open) -> None:
    page = open_page(site / "seen" / "groups" / "sgd" / "index.html")
    found = opened(page, "val/samples")
    found.locator(".run-media img").first.wait_for()
    assert set(steps(found)) == {"sgd 0", "sgd 1", "sgd 2"}


def rows_shown(found: Locator) -> str:
    return found.locator(".table-tools [role=status]").inner_text()


def test_tables_of_all_runs_stand_below_each_other_with_their_run(predictions: Locator) -> None:
    assert rows_shown(predictions) == "72 rows"
    names = predictions.locator(".grid-head .sort").all_inner_texts()
    assert names == ["Run", "id", "label", "score", "right", "image"]
    predictions.locator(".grid-body .thumbnail img").first.wait_for()
    spread = predictions.locator(".column-spread").first.get_attribute("title") or ""
    assert {line for line in spread.split("\n") if line} == {
        f"{group} {seed}: 12" for group in GROUPS for seed in range(3)
    }


def test_search_order_and_group_are_kept_in_the_link(predictions: Locator, open_page: Open) -> None:
    predictions.get_by_label("Filter the rows").fill("label = owl and score > 0.5")
    expected = [
        row
        for group in GROUPS
        for seed in range(SEEDS)
        for row in rows_of(group, seed, max(steps_of(seed)))
        if row[1] == "owl" and row[2] > 0.5
    ]
    predictions.locator("[role=status]", has_text=f"{len(expected)} of 72 rows").wait_for()
    predictions.get_by_label("Group the rows").select_option("Run")
    settle(predictions.page)
    again = opened(open_page(predictions.page.url), "val/predictions")
    again.locator(".group-row").first.wait_for()
    groups = len(
        {
            (group, seed)
            for group in GROUPS
            for seed in range(SEEDS)
            for row in rows_of(group, seed, max(steps_of(seed)))
            if row in expected
        }
    )
    assert rows_shown(again) == f"{len(expected)} of 72 rows · {groups} groups"


def test_tables_join_on_a_column_side_by_side(predictions: Locator) -> None:
    predictions.get_by_label("How the tables").select_option("join")
    settle(predictions.page)
    predictions.get_by_text("12 rows", exact=True).wait_for()
    found = predictions.page.evaluate(
        """() => {
            const settings = { key: "val/predictions", mode: "join", on: "id", step: null, most: "10" };
            return runstore.kinds.table.table(settings, runstore.workspace.lines.context());
        }"""
    )
    assert found["columns"][0] == "id"
    scores = [name for name in found["columns"] if name.startswith("score · ")]
    assert len(scores) == 6
    for group in GROUPS:
        for seed in range(SEEDS):
            at = found["columns"].index(f"score · {group} {seed}")
            assert [row[at] for row in found["rows"]] == pytest.approx(
                [row[2] for row in rows_of(group, seed, max(steps_of(seed)))], rel=1e-12
            )


def test_csv_of_a_table_panel_holds_every_row(predictions: Locator) -> None:
    predictions.get_by_role("button", name="Panel menu of").click()
    with predictions.page.expect_download() as download:
        predictions.page.get_by_role("menuitem", name="Download CSV").click()
    lines = list(csv.reader(io.StringIO(download.value.path().read_text(encoding="utf-8-sig"))))
    assert lines[0] == ["Run", "id", "label", "score", "right", "image"]
    assert len(lines) == 73


@pytest.mark.parametrize(("dark", "phone"), [(False, False), (True, True)])
def test_media_and_tables_are_accessible(site: Path, open_page: Open, dark: bool, phone: bool) -> None:
    page = open_page(site / "seen" / "index.html", "group=group", dark=dark, phone=phone)
    opened(page, "val/samples").locator(".run-media img").first.wait_for()
    opened(page, "val/predictions").locator(".grid-body .grid-row").first.wait_for()
    assert violations(page, ("minor", "moderate", "serious", "critical")) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_classes_of_boxes_switch_for_all_cells(tmp_path: Path, open_page: Open) -> None:
    root = write_rich(tmp_path / "experiments").parents[2]
    page = open_page(build(root, tmp_path / "site") / "media" / "index.html")
    found = opened(page, "val/detections")
    found.locator(".boxes rect").first.wait_for()
    before = found.locator(".boxes rect").count()
    found.get_by_text("Boxes and masks").click()
    found.get_by_role("group", name="Classes of found (boxes) that are shown").get_by_role("button").first.click()
    page.wait_for_function(
        "before => document.querySelectorAll('.run-media .boxes rect').length < before",
        arg=before,
    )


def test_every_kind_of_media_stands_in_its_cell(tmp_path: Path, open_page: Open) -> None:
    root = write_rich(tmp_path / "experiments").parents[2]
    page = open_page(build(root, tmp_path / "site") / "media" / "index.html")
    for key, shown in {
        "sound": "audio",
        "film": ".image-frame img",
        "report/page": "iframe",
        "report/notes": ".rendered",
        "space/cloud": "canvas.solid",
        "curves/roc": ".vega-plot canvas",
        "weights/layer1": ".vega-plot canvas",
        "val/samples": ".gallery img",
        "space/scene": "a[download]",
    }.items():
        opened(page, key).locator(f".run-media {shown}").first.wait_for()


def test_what_is_logged_later_comes_to_the_open_page(tmp_path: Path, open_page: Open) -> None:
    def log(*steps: int) -> None:
        folder = write_run(root, "later", "one", history=None)
        images = [
            stored(folder, "image", f"images/{step}.png", png(3, 3, lambda x, y: (9, 9, 9)), width=3, height=3)
            for step in steps
        ]
        rows = [{"_step": step, "i": image} for step, image in zip(steps, images, strict=True)]
        write_run(root, "later", "one", rows, meta={"name": "one"})

    root = write_store(tmp_path / "experiments")
    log(0, 1)
    page = open_page(build(root, tmp_path / "site") / "later" / "index.html")
    found = opened(page, "i")
    found.locator(".run-media img").first.wait_for()
    log(0, 1, 2)
    build(root, tmp_path / "site")
    page.evaluate(
        """async () => {
            const payload = await runstore.reload("runs", "data/runs.js?v=later");
            await runstore.workspace.renew(payload);
            await runstore.workspace.drawn;
        }"""
    )
    found.get_by_text("step 2", exact=True).wait_for()
    assert steps(found) == {"one": "step 2"}
