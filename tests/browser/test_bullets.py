"""What the workspace promises, clicked by a person on the demo's own site: a test for each promise."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chromium import Open
from tests.browser.pages import READY, curves, headers, names, panel, row, settle, show
from tests.browser.test_grid import column_menu, status, table_menu
from tests.browser.test_panels import choose, download
from tests.conftest import DemoRun
from tests.sites import build

pytestmark = pytest.mark.slow

PROJECT = "digits/index.html"
LOSS = "val/loss"
EVAL = "digits/runs/mlp-lr0.03-eval/index.html"
RUN_COLUMNS = {"State", "Group", "Job type", "Tags", "Notes", "Author", "Created", "Runtime", "Host", "Commit"}
PICTURED = ("Bar chart", "Scatter plot", "Histogram", "Box plot")
KINDS = (*PICTURED, "Parallel coordinates", "Parameter importance", "Run comparer", "Scalar", "Markdown")


@pytest.fixture(scope="module")
def site(demo_run: DemoRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(demo_run.store, tmp_path_factory.mktemp("bullets") / "site")


def fill_condition(page: Page, number: int, column: str, operator: str, value: str) -> None:
    condition = page.get_by_role("group", name=f"Condition {number}")
    condition.get_by_label("Column").fill(column)
    condition.get_by_label("Operator").select_option(operator)
    condition.get_by_label("Value").fill(value)


def more(page: Page) -> None:
    page.get_by_role("button", name="More", exact=True).click()


def test_a_card_tells_what_a_project_is_and_how_it_goes(site: Path, open_page: Open) -> None:
    page = open_page(site / "index.html")
    expect(page.locator(".card")).to_have_count(4)
    card = page.locator(".card", has_text="Handwritten digits")
    for told in ("Three families", "54 finished", "1 failed", "1 killed", "Groups", "Last activity"):
        expect(card).to_contain_text(told)
    assert card.locator(".sparkline .spark-line").count() == 1


def test_the_front_page_finds_runs_groups_and_tags_and_leads_there(site: Path, open_page: Open) -> None:
    page = open_page(site / "index.html")
    page.get_by_label("Search projects, runs, groups and tags").fill("mlp-lr0.3")
    expect(page.get_by_role("region", name="Groups").get_by_role("link")).to_have_text(["mlp-lr0.3"])
    page.get_by_label("Search projects, runs, groups and tags").fill("k-fold")
    page.get_by_role("region", name="Tags").get_by_role("link").click()
    page.wait_for_selector(READY)
    assert status(page).startswith("45 of 56 runs")


def test_runs_are_found_by_text_by_pattern_and_by_conditions(site: Path, open_page: Open) -> None:
    page = open_page(site / PROJECT, "group=")
    page.get_by_label("Search runs by regular expression").fill("^mlp.*fold[01]$")
    settle(page)
    assert status(page).startswith("6 of 56 runs")
    page.get_by_label("Search runs by regular expression").fill("")
    page.get_by_role("button", name="Filter", exact=True).click()
    fill_condition(page, 1, "config.lr", "<=", "0.03")
    page.get_by_role("button", name="Add group", exact=True).click()
    fill_condition(page, 2, "config.model", "in", "mlp, linear")
    expect(page.locator("[data-status]")).to_contain_text("25 of 56 runs")
    expression = page.get_by_label("As an expression")
    assert expression.input_value() == "config.lr <= 0.03 AND config.model IN ('mlp', 'linear')"
    expression.fill("state = 'failed' OR (state = 'killed' AND config.model = 'boosting')")
    expect(page.locator("[data-status]")).to_contain_text("2 of 56 runs")


def test_every_property_of_a_run_is_a_column(site: Path, open_page: Open) -> None:
    page = open_page(site / PROJECT, "group=")
    page.get_by_role("button", name="Columns", exact=True).click()
    listed = page.locator(".column-list li .text")
    expect(listed.get_by_text("dataset", exact=True)).to_have_count(1)
    assert set(listed.all_inner_texts()) >= RUN_COLUMNS | {"val/best_accuracy", "hidden_layer_sizes"}
    page.get_by_label("Search columns").fill("^(lr|fold)$")
    page.get_by_label("How columns are searched").select_option("regex")
    page.get_by_role("button", name="All", exact=True).click()
    settle(page)
    assert headers(page) == ["Name", "lr", "fold"]


def test_the_table_sorts_pins_hides_shades_crops_and_sums_up(site: Path, open_page: Open) -> None:
    page = open_page(site / PROJECT, "group=&cols=config.model,config.lr,config.fold")
    page.get_by_role("button", name="Wide table").click()
    page.get_by_role("button", name="lr", exact=True).click()
    page.get_by_role("button", name="fold", exact=True).click(modifiers=["Shift"])
    settle(page)
    assert names(page)[0].endswith("lr0.003-fold0")
    column_menu(page, "fold", "Pin on the left")
    column_menu(page, "model", "Hide")
    assert headers(page) == ["Name", "fold", "lr"]
    table_menu(page, "Shade numbers by value")
    table_menu(page, "Minimum, mean, maximum below")
    assert page.locator(".heat").count() > 10
    expect(page.get_by_role("row", name="Maximum")).to_contain_text("0.3")
    for crop in ("start", "end", "middle"):
        table_menu(page, f"Cut long names {'in' if crop == 'middle' else 'at'} the {crop}")
    assert "crop=middle" in page.url or "crop=" not in page.url


def test_runs_are_selected_and_shown_alone_and_downloaded(site: Path, open_page: Open) -> None:
    page = open_page(site / PROJECT, "group=&sort=name")
    page.get_by_role("checkbox", name="Select boosting-lr0.3-eval", exact=True).click()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    settle(page)
    assert "2 selected" in status(page)
    page.get_by_role("button", name="Show only selected").click()
    settle(page)
    assert len(names(page)) == 2
    with page.expect_download() as csv:
        table_menu(page, "Download runs as CSV")
    assert len(Path(csv.value.path()).read_text("utf-8-sig").splitlines()) == 3
    with page.expect_download() as rows:
        table_menu(page, "Download runs as JSON")
    assert len(json.loads(Path(rows.value.path()).read_text())) == 2


def test_swatch_and_eye_take_a_group_and_a_run_out_of_the_charts(site: Path, open_page: Open) -> None:
    page = open_page(site / PROJECT)
    row(page, "mlp-lr0.3").locator(".swatch").click()
    settle(page)
    assert "mlp-lr0.3" not in curves(page, LOSS)
    row(page, "mlp-lr0.3").locator(".swatch").click()
    page.get_by_role("button", name="Show boosting-long in charts").click()
    settle(page)
    assert "boosting-long" not in curves(page, LOSS)
    assert "mlp-lr0.3" in curves(page, LOSS)
    page.get_by_role("button", name="Runs of mlp-lr0.3", exact=True).click()
    page.get_by_role("button", name="Show mlp-lr0.3-fold0 in charts").click()
    settle(page)
    assert curves(page, LOSS)["mlp-lr0.3"].n == [4] * 40


def test_runs_group_in_levels_and_by_all_but_the_seed(site: Path, open_page: Open) -> None:
    page = open_page(site / PROJECT)
    page.locator("[data-view=group]").select_option(label="All config but fold, seed")
    settle(page)
    assert sorted(curve.n[0] for curve in curves(page, LOSS).values() if curve.n) == [1] * 2 + [5] * 9
    page = open_page(site / PROJECT)
    page.locator("[data-view=group]").select_option("config.model")
    page.get_by_label("Group by, level 2").select_option("config.lr")
    settle(page)
    assert names(page)[:4] == ["boosting", "0.003", "0.03", "0.3"]
    page.get_by_role("button", name="Groups of boosting").click()
    assert names(page)[:2] == ["boosting", "linear"]
    assert row(page, "linear").locator(".count").inner_text() == "18"
    page.get_by_role("button", name="Ungroup").click()
    settle(page)
    assert len(curves(page, LOSS)) == 47


def test_a_groups_line_band_and_runs_are_chosen(site: Path, open_page: Open) -> None:
    page = open_page(site / PROJECT)
    ends = {}
    for line in ("median", "min", "max", "mean"):
        page.locator("[data-view=agg]").select_option(line)
        settle(page)
        ends[line] = curves(page, LOSS)["mlp-lr0.3"].ys[-1]
    assert ends["min"] < ends["median"] < ends["max"]
    assert ends["min"] < ends["mean"] < ends["max"]
    widths = []
    for band in ("stderr", "std", "ci", "minmax"):
        page.locator("[data-view=shade]").select_option(band)
        settle(page)
        curve = curves(page, LOSS)["mlp-lr0.3"]
        assert curve.hi is not None
        widths.append(curve.hi[-1] - curve.ys[-1])
    assert len(set(widths)) == 4
    page.locator("[data-view=shade]").select_option("none")
    more(page)
    page.get_by_label("Runs behind a group's line").check()
    settle(page)
    assert curves(page, LOSS)["mlp-lr0.3"].hi is None
    assert "members=1" in page.url


def test_lines_are_smoothed_scaled_and_clipped(site: Path, open_page: Open) -> None:
    page = open_page(site / PROJECT, "group=&filter=mlp")
    page.get_by_label("Smoothing").fill("0.7")
    more(page)
    smoothed = set()
    for smoother in ("ema", "average", "gauss"):
        page.get_by_label("Smoother").select_option(smoother)
        settle(page)
        smoothed.add(float(curves(page, LOSS)["mlp-lr0.3-fold0"].ys[5]))
    assert len(smoothed) == 3
    for box in ("Original behind a smoothed line", "Log x", "Ignore outliers"):
        page.get_by_label(box).check()
    page.get_by_label("Lines in a chart at most").select_option("10")
    page.keyboard.press("Escape")
    page.get_by_label("Log y").check()
    settle(page)
    assert len(curves(page, LOSS)) == 10
    for axis in ("Relative time", "Wall time", "Step"):
        page.locator("[data-view=x]").select_option(label=axis)
        settle(page)
        show(page, LOSS)
        assert panel(page, LOSS).locator(".plot-axis, .plot").first.is_visible()
    assert all(part in page.url for part in ("raw=1", "xlog=1", "ylog=1", "outliers=1", "most=10", "smoother=gauss"))


def test_a_chart_tells_values_zooms_and_follows_another(site: Path, open_page: Open) -> None:
    page = open_page(site / PROJECT)
    show(page, LOSS)
    box = panel(page, LOSS).locator("canvas.plot-curves").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 150, box["y"] + 60)
    expect(page.locator(".tooltip-row").first).to_contain_text("n=5")
    page.mouse.down()
    page.mouse.move(box["x"] + 260, box["y"] + 60, steps=4)
    page.mouse.up()
    panel(page, LOSS).get_by_role("button", name="Reset zoom").click()
    expect(panel(page, LOSS).get_by_role("button", name="Reset zoom")).to_be_hidden()


def test_a_panel_shows_several_metrics_and_a_formula(site: Path, open_page: Open) -> None:
    page = open_page(site / PROJECT)
    page.get_by_role("button", name="Add panel").click()
    page.get_by_role("menuitem", name="Line chart").click()
    form = page.get_by_role("dialog")
    form.get_by_label("and all whose name matches").fill("val/l.ss")
    form.get_by_label("and a formula").fill("1 - val/accuracy")
    form.get_by_label("Legend", exact=True).fill("${group.name} ${metric}")
    form.get_by_role("button", name="Add", exact=True).click()
    settle(page)
    shown = curves(page, "panel 1")
    assert {"mlp-lr0.3 val/loss", "mlp-lr0.3 1 - val/accuracy"} <= set(shown)


def test_a_panel_has_pictures_numbers_and_a_specification(site: Path, open_page: Open) -> None:
    page = open_page(site / PROJECT)
    show(page, LOSS)
    assert download(page, LOSS, "Download PNG").startswith(b"\x89PNG")
    assert b"<svg" in download(page, LOSS, "Download SVG")
    assert b"mlp-lr0.3" in download(page, LOSS, "Download CSV")
    assert "vega-lite" in json.loads(download(page, LOSS, "Download Vega-Lite spec"))["$schema"]
    choose(page, LOSS, "Show as table")
    heads = panel(page, LOSS).locator(".plot-table th[scope=col]")
    assert heads.all_inner_texts() == ["Line", "Step", "loss", "Low", "High", "Runs"]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_panel_is_added_and_draws_the_demo(site: Path, open_page: Open, kind: str) -> None:
    page = open_page(site / PROJECT)
    page.get_by_role("button", name="Add panel").click()
    page.get_by_role("menuitem", name=kind, exact=True).click()
    form = page.get_by_role("dialog")
    if kind == "Markdown":
        form.get_by_label("Text", exact=True).fill("**bold**")
    form.get_by_role("button", name="Add", exact=True).click()
    added = page.locator(".panel", has=page.locator(".panel-host"))
    added.locator(".panel-host > *").first.wait_for()
    expect(added.locator(".plot-empty, .kind-empty")).to_have_count(0)
    added.get_by_role("button", name="Panel menu of").click()
    offered = page.get_by_role("menuitem").all_inner_texts()
    wanted = {"Edit…", "Full screen", "Remove panel"}
    wanted |= {"Copy table", "Download CSV"} if kind != "Markdown" else set()
    wanted |= {"Download PNG", "Download SVG"} if kind in PICTURED else set()
    assert wanted <= set(offered)


def test_sections_fold_and_move_and_panels_are_found(site: Path, open_page: Open) -> None:
    page = open_page(site / PROJECT)
    heads = page.locator("details.section:visible > summary")
    assert {"test", "train", "val"} <= set(before := heads.locator("h2").all_inner_texts())
    heads.nth(0).click()
    heads.nth(1).focus()
    page.keyboard.press("Alt+ArrowDown")
    assert heads.locator("h2").all_inner_texts() == [before[0], before[2], before[1], *before[3:]]
    page.get_by_label("Search charts by regular expression").fill("^val/")
    expect(page.locator(".panel:visible h3")).to_have_text(["accuracy", "loss"])


def test_a_view_is_offered_to_be_saved(site: Path, open_page: Open) -> None:
    page = open_page(site / PROJECT, "group=config.model")
    page.get_by_role("button", name="Save view").click()
    assert "--project 'digits'" in page.get_by_label("Run this where the store is").input_value()
    assert 'fragment: "group=config.model' in page.get_by_label("or add this to project.yaml").input_value()


def test_a_run_leads_to_its_artifact_its_relatives_and_the_next_run(site: Path, open_page: Open) -> None:
    page = open_page(site / EVAL)
    page.locator("#related").scroll_into_view_if_needed()
    expect(page.locator("#related h3").first).to_have_text("Same group: mlp-lr0.03 (6 runs)")
    page.locator("#artifacts tbody a").first.click()
    page.wait_for_selector(READY)
    page.get_by_label("From v").select_option("v0")
    assert "1 file changed" in page.locator("[data-difference]").inner_text()
    assert page.locator(".graph rect").count() == 11
    page.go_back()
    page.wait_for_selector(READY)
    page.get_by_role("link", name="Older").click()
    page.wait_for_selector(READY)
    assert page.url.endswith("index.html")
    assert "mlp-lr0.03-eval" not in page.url


def test_a_group_tells_jobs_spread_and_configuration_and_compares_its_runs(site: Path, open_page: Open) -> None:
    page = open_page(site / "digits" / "groups" / "mlp-lr0.03" / "index.html")
    for summary in ("Runs by job type", "Spread of final values", "Configuration: 9 shared"):
        page.locator(".about summary", has_text=summary).click()
    expect(page.locator(".group-jobs")).to_contain_text("mlp-lr0.03-fold4")
    expect(page.locator("#spread tbody")).to_contain_text("val/loss")
    page.get_by_role("link", name="Compare its 6 runs").click()
    page.wait_for_selector(READY)
    assert page.locator("[data-run-chips] li").count() == 6
    assert len(curves(page, LOSS)) == 5
