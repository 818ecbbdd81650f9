"""Data and clicks that a page could get wrong without anybody noticing."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from tests.browser.chromium import Open
from tests.browser.pages import READY, curves, headers, names, panel, settle, show
from tests.browser.test_charts import plot_box, visible
from tests.sites import build
from tests.stores import START, write_run, write_store


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_store(tmp_path / "experiments")


def project(root: Path) -> Path:
    return build(root, root.parent / "site") / "p" / "index.html"


def test_filter_changes_what_group_rows_say(root: Path, open_page: Open) -> None:
    for number in range(4):
        name = "high" if number % 2 else "low"
        row = {"acc": float(number), "_step": 0}
        write_run(root, "p", f"{name}{number}", [row], config={"fold": number // 2})
    page = open_page(project(root), "group=config.fold&cols=summary.acc")
    values = page.locator(".grid-body .cell-number .mean")
    assert values.all_inner_texts() == ["0.5", "2.5"]
    page.get_by_label("Search runs by regular expression").fill("^high")
    settle(page)
    assert values.all_inner_texts() == ["1", "3"]


def test_long_run_leaves_short_runs_on_their_own_steps(root: Path, open_page: Open) -> None:
    long = b"".join(b'{"m":%d,"_step":%d}\n' % (step % 7, step * 5) for step in range(20_000))
    write_run(root, "p", "long", long)
    write_run(root, "p", "short", [{"m": step / 3, "_step": step} for step in range(500)])
    write_run(root, "p", "point", [{"m": 1.0, "_step": 0.5}])
    shown = curves(open_page(project(root)), "m")
    assert shown["short"].xs.tolist() == list(range(500))
    np.testing.assert_allclose(shown["short"].ys, np.arange(500) / 3, rtol=1e-6)
    assert shown["point"].xs.tolist() == [0.5]
    assert shown["long"].xs[-1] <= 99_995


def test_spike_in_a_group_is_kept_however_its_runs_were_logged(root: Path, open_page: Open) -> None:
    for run in range(6):
        speed = 40 if run == 5 else 1 + run / 7
        rows = [
            {"m": 100.0 if (run, step) == (2, 611) else 1.0, "_step": step, "_runtime": step * speed}
            for step in range(1000)
        ]
        write_run(root, "p", f"r{run}", rows, config={"k": 1})
    page = open_page(project(root), "group=config.k&agg=max&shade=minmax&x=_runtime")
    [curve] = curves(page, "m").values()
    assert np.nanmax(curve.ys) == 100
    assert curve.hi is not None
    assert np.nanmax(curve.hi) == 100


def test_runs_of_several_days_are_grouped_where_they_ran(root: Path, open_page: Open) -> None:
    for day in range(5):
        rows = [{"m": float(day), "_step": step, "_timestamp": START + day * 86400 + step} for step in range(1000)]
        write_run(root, "p", f"r{day}", rows, config={"k": 1})
    [curve] = curves(open_page(project(root), "group=config.k&x=_timestamp"), "m").values()
    assert np.isfinite(curve.ys).mean() > 0.99
    assert set(np.round(curve.ys).tolist()) == {0, 1, 2, 3, 4}


@pytest.mark.parametrize("values", [[123_456_793.0, 5.0], [1e5, 1e5 + 1e-4, 1e5 + 2e-4]])
def test_numbers_that_single_precision_rounds_are_exact(root: Path, open_page: Open, values: list[float]) -> None:
    write_run(root, "p", "r", [{"m": value, "_step": step} for step, value in enumerate(values)])
    assert curves(open_page(project(root)), "m")["r"].ys.tolist() == values


@pytest.mark.parametrize("runtime", ["Infinity", 1e300, -1e300, "NaN"])
def test_time_that_is_no_time_leaves_a_working_page(root: Path, open_page: Open, runtime: object) -> None:
    rows = [{"m": float(step), "_step": step, "_runtime": runtime if step == 3 else step} for step in range(6)]
    write_run(root, "p", "r", rows)
    site = project(root)
    found = curves(open_page(site, "x=_runtime"), "m")["r"]
    assert set(found.xs.tolist()) >= {0, 1, 2, 4, 5}
    open_page(site.parent / "runs" / "r" / "index.html", "x=_runtime")


def test_largest_numbers_there_are_make_a_chart(root: Path, open_page: Open) -> None:
    for run, sign in (("a", 1), ("b", -1)):
        write_run(
            root, "p", run, [{"m": sign * 1.7e308 / (step + 1), "_step": step} for step in range(4)], config={"k": 1}
        )
    site = project(root)
    page = open_page(site)
    show(page, "m")
    assert all(np.isfinite(page.evaluate("runstore.workspace.panels.panels[0].chart.frame.y")))
    [curve] = curves(open_page(site, "group=config.k&shade=minmax"), "m").values()
    np.testing.assert_allclose(curve.ys, 0, atol=1e295)
    assert curve.hi is not None
    assert curve.hi[0] == 1.7e308


def test_zoom_between_two_points_shows_the_line_between_them(root: Path, open_page: Open) -> None:
    write_run(root, "p", "r", [{"m": float(step), "_step": step} for step in (0, 100, 200, 300)])
    page = open_page(project(root))
    box = plot_box(page, "m")
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 50, steps=3)
    page.mouse.up()
    assert visible(page, "m")[0] == pytest.approx(120, abs=2)
    low, high = page.evaluate("runstore.workspace.panels.panels[0].chart.frame.y")
    assert 110 < low < 125
    assert 175 < high < 190
    assert panel(page, "m").locator(".plot-empty").is_hidden()
    page.get_by_label("X axis").select_option(label="Relative time")
    settle(page)


def test_row_of_ten_thousand_keys_leaves_the_page_of_its_project_quick_and_whole(root: Path, open_page: Open) -> None:
    write_run(root, "p", "wide", [{f"k{key:05}": float(key) for key in range(10_000)} | {"_step": 0}])
    write_run(root, "p", "narrow", [{"loss": 1.0, "_step": 0}])
    page = open_page(project(root), "group=")
    assert page.locator(".section:visible .count").inner_text() == "10001"
    assert page.locator(".panel").count() == 60
    page.get_by_role("button", name="Show 60 more of 10001").click()
    assert page.locator(".panel").count() == 120
    page.get_by_label("Search charts by regular expression").fill("^loss$")
    assert page.locator(".panel h3").all_inner_texts() == ["loss"]
    assert set(curves(page, "loss")) == {"narrow"}
    page.get_by_role("button", name="Columns").click()
    page.get_by_label("Search columns").fill("k0999")
    page.get_by_role("button", name="All", exact=True).click()
    assert headers(page) == ["Name", *(f"k0999{key}" for key in range(10))]


def test_long_texts_of_a_run_are_cut_in_its_projects_table(root: Path, open_page: Open) -> None:
    write_run(root, "p", "r", [{"m": 1.0, "text": "x" * 100_000, "_step": 0}], config={"prompt": "y" * 50_000})
    site = project(root)
    open_page(site)
    assert (site.parent / "data" / "runs.js").stat().st_size < 10_000
    page = open_page(site.parent / "runs" / "r" / "index.html")
    assert "… (30000 more characters)" in page.locator("#config-list").inner_text()


def test_what_is_not_a_number_is_sorted_last_both_ways(root: Path, open_page: Open) -> None:
    for run, value in (("a", 1.0), ("b", "NaN"), ("c", 7.0), ("d", "Infinity")):
        write_run(root, "p", run, [{"acc": value, "_step": 0}])
    site = project(root)
    assert names(open_page(site, "sort=summary.acc"))[:2] == ["a", "c"]
    assert names(open_page(site, "sort=-summary.acc"))[:2] == ["c", "a"]


def test_link_within_the_page_keeps_the_view(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=config.lr&smooth=0.5&filter=adam")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    assert page.url.endswith("#group=config.lr&smooth=0.5&filter=adam")
    run = open_page(lab / "lab" / "runs" / "showcase" / "index.html", "smooth=0.6&x=_runtime")
    run.get_by_role("link", name="Summary").click()
    assert run.url.endswith("#smooth=0.6&x=_runtime")
    assert run.get_by_label("Smoothing").input_value() == "0.6"


def eye(page: Page, name: str) -> str | None:
    return page.get_by_role("button", name=f"Show {name} in charts").get_attribute("aria-pressed")


def test_groups_come_back_one_by_one_when_all_were_hidden(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=config.optimizer")
    page.get_by_role("button", name="Hide all").click()
    settle(page)
    assert curves(page, "train/loss") == {}
    assert eye(page, "sgd") == "false"
    page.get_by_role("button", name="Show sgd in charts").click()
    settle(page)
    assert set(curves(page, "train/loss")) == {"sgd"}
    assert eye(page, "sgd") == "true"


def test_run_of_a_hidden_group_can_be_shown_alone(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=config.optimizer&hide=g%253Asgd")
    page.get_by_role("button", name="Runs of sgd").click()
    page.get_by_role("button", name="Show sgd fast 0 in charts").click()
    settle(page)
    shown = curves(page, "train/loss")["sgd"]
    assert shown.n is not None
    assert set(shown.n) == {1}


def test_hidden_group_hides_nothing_in_another_column(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=config.fold&hide=g%253A0.1")
    page.locator("[data-view=group]").select_option("config.lr")
    settle(page)
    assert "0.1" in curves(page, "train/loss")
    page.locator("[data-view=group]").select_option("")
    settle(page)
    assert page.get_by_role("button", name="Show all").is_hidden()


def test_keyboard_focus_stays_on_what_was_pressed(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=config.optimizer&hide=showcase")
    for button in (
        page.get_by_role("button", name="Show sgd in charts"),
        page.get_by_role("button", name="Runs of sgd"),
        panel(page, "train/loss").locator(".legend").get_by_role("button", name="adam"),
    ):
        show(page, "train/loss")
        button.focus()
        page.keyboard.press("Enter")
        settle(page)
        page.wait_for_function("() => document.activeElement.tagName === 'BUTTON'")


def test_table_without_columns_is_remembered(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=")
    page.evaluate("runstore.workspace.state.set({ cols: [] })")
    page.reload()
    page.wait_for_selector(READY)
    assert headers(page) == ["Name"]


@pytest.mark.parametrize(("gone", "page_name"), [
    ("p/data/runs.js", "p/index.html"), ("p/runs/r/data.js", "p/runs/r/index.html"), ("p/data/m*.js", "p/index.html"),
])  # fmt: skip
def test_data_that_were_not_copied_are_missed_aloud(root: Path, chromium: Browser, gone: str, page_name: str) -> None:
    write_run(root, "p", "r", [{"m": 1.0, "_step": 0}])
    site = shutil.copytree(project(root).parent.parent, root.parent / "copy")
    for path in site.glob(gone):
        path.unlink()
    page = chromium.new_page()
    page.goto((site / page_name).as_uri())
    page.wait_for_selector(READY)
    assert "cannot be loaded" in page.locator("body").inner_text()
    page.close()


def test_page_left_open_over_a_build_never_shows_a_run_under_anothers_name(root: Path, chromium: Browser) -> None:
    def write(run: int, created: str) -> None:
        rows = [{"a": float(run), "z": 10.0 * run, "_step": step} for step in range(3)]
        write_run(root, "p", f"r{run}", rows, meta={"name": f"run {run}", "created": created})

    for run in range(3):
        write(run, f"2026-10-0{run + 1}")
    site = project(root)
    page = chromium.new_page(viewport={"width": 1440, "height": 900})
    page.goto(site.as_uri() + "#panels=%5Ea%24")
    page.wait_for_selector(READY)
    write(9, "2026-10-09")
    build(root, site.parent.parent)
    page.get_by_label("Search charts by regular expression").fill("")
    page.wait_for_selector("text=reload the page if the site was built anew")
    page.reload()
    page.wait_for_selector(READY)
    page.get_by_label("Search charts by regular expression").fill("")
    shown = {label: curve.ys[0] for label, curve in curves(page, "z").items()}
    assert shown == {"run 0": 0, "run 1": 10, "run 2": 20, "run 9": 90}
    page.close()
