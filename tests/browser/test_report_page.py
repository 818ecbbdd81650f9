"""The page of a report in a browser: its figures draw the runs they say, what a reader chooses is in the address, and
nobody's text runs."""

import json
import re
import time
from pathlib import Path
from urllib.parse import quote

import numpy as np
import numpy.typing as npt
import pytest
from playwright.sync_api import Browser, Locator, Page

from runstore.format import yaml12
from tests.browser.acting import arrives
from tests.browser.chromium import Open
from tests.browser.pages import READY, violations
from tests.browser.report_store import EVIL, FOLDS, OPTIMIZERS, STEPS, accuracy, write_reports
from tests.browser.test_print import prepared, sheets
from tests.serving import serving
from tests.sites import build, hosted
from tests.stores import append, curve, write_file, write_run, write_store

GRID = "(at) => runstore.report.grids().find(({ root }) => root.dataset.grid === String(at))"
FIGURES = 6
Floats = npt.NDArray[np.float64]
Line = tuple[Floats, Floats, list[int] | None]
ALL = ("minor", "moderate", "serious", "critical")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reports")
    return build(write_reports(folder / "experiments"), folder / "site")


@pytest.fixture
def page(site: Path, open_page: Open) -> Page:
    return open_page(site / "study/reports/all/index.html")


def figure(page: Page, at: int) -> Locator:
    """A figure that is drawn."""
    found = page.locator(f".report-figure:has([data-grid='{at}'])")
    found.scroll_into_view_if_needed()
    page.wait_for_function(
        f"""async at => {{
            const grid = ({GRID})(at);
            if (!grid?.panels) return false;
            await grid.panels.settled();
            return grid.panels.panels.every((panel) => !panel.visible || !panel.stale);
        }}""",
        arg=at,
    )
    return found


def lines(page: Page, at: int, panel: int = 0) -> dict[str, Line]:
    """The lines of a chart of a figure: x, y and how many runs, by label."""
    figure(page, at)
    found = page.evaluate(
        f"""async ([at, panel]) => {{
            const chosen = ({GRID})(at).panels.panels[panel];
            await chosen.drawing;
            const list = (values) => values && Array.from(values);
            const of = ({{ curve }}) => [curve.label, list(curve.xs), list(curve.ys), list(curve.n)];
            return chosen.chart.drawn.map(of);
        }}""",
        [at, panel],
    )
    return {label: (np.array(xs), np.array(ys), n) for label, xs, ys, n in found}


def means(optimizer: str, steps: Floats) -> Floats:
    every = [[accuracy(optimizer, fold, int(step)) for step in steps] for fold in FOLDS]
    return np.asarray(np.mean(every, axis=0))


def test_groups_are_drawn_with_the_means_of_their_runs(page: Page) -> None:
    found = lines(page, 0)
    assert sorted(found) == sorted(OPTIMIZERS)
    for optimizer, (steps, values, counts) in found.items():
        assert steps.size > 50
        assert (steps[0], steps[-1]) == (0, STEPS - 1)
        np.testing.assert_allclose(values, means(optimizer, steps), rtol=1e-5)
        assert counts is not None
        assert set(counts) == {3}


def test_several_sets_are_groups_of_their_own(page: Page) -> None:
    found = lines(page, 1)
    assert list(found) == ["adam", "sgd"]
    for name, (steps, values, _) in found.items():
        np.testing.assert_allclose(values, means(name, steps), rtol=1e-5)


def test_runs_have_the_names_that_the_report_gives_them(page: Page) -> None:
    found = lines(page, 2)
    assert set(found) == {"First of all", "adam 1", "adam 2"}
    steps, values, _ = found["First of all"]
    np.testing.assert_allclose(values, [accuracy("adam", 0, int(step)) for step in steps], rtol=1e-5)


def test_figures_load_their_own_small_files_until_somebody_asks_for_more(site: Path, chromium: Browser) -> None:
    page = chromium.new_page(viewport={"width": 1440, "height": 900})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((site / "study/reports/all/index.html").as_uri())
    page.wait_for_selector(READY)
    lines(page, 0)
    pieces = [re.search(r"/(\w+)/data/([a-z])[0-9a-f]{16}\.js", address) for address in asked]
    assert {found.groups() for found in pieces if found} == {("all", "o")}
    box = figure(page, 0).locator(".plot").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 60)
    page.wait_for_function(f"() => ({GRID})(0).panels.panels[0].chart.drawn[0].curve.xs.length === {STEPS}")
    steps, values, _ = lines(page, 0)["sgd"]
    np.testing.assert_allclose(values, means("sgd", steps), rtol=1e-6)
    page.close()


def test_panels_of_a_sweep_show_its_trials(page: Page) -> None:
    found = figure(page, 3)
    found.locator(".grid-body .grid-row").first.wait_for()
    assert "12 runs" in found.locator("figcaption").inner_text()
    assert found.locator(".panel").count() == 3
    assert found.locator(".plot-empty, .kind-empty").count() == 0


def test_media_and_tables_are_those_of_the_runs(page: Page) -> None:
    found = figure(page, 4)
    found.locator(".run-media img").first.wait_for()
    assert found.locator(".run-media").count() == 6
    found.locator(".grid-body .grid-row").first.wait_for()
    assert "cat" in found.locator(".panel").nth(1).inner_text()


def test_a_specification_of_ones_own_and_numbers_are_drawn(page: Page) -> None:
    found = figure(page, 5)
    found.locator(".kind-chart.custom canvas").wait_for()
    assert found.locator(".panel").count() == 4
    assert found.locator(".kind-empty").count() == 0


def test_two_projects_stand_in_one_report(site: Path, open_page: Open) -> None:
    page = open_page(site / "reports/both/index.html")
    assert set(lines(page, 0)) == {"adam 0", "adam 1", "adam 2"}
    theirs = lines(page, 1)
    assert set(theirs) == {"other 0", "other 1"}
    np.testing.assert_array_equal(theirs["other 1"][1], np.arange(20) * 2.0)


def test_hidden_lines_and_zoom_are_in_the_address_and_come_back(page: Page, open_page: Open) -> None:
    found = figure(page, 0)
    found.locator(".legend button", has_text="sgd").click()
    page.wait_for_function(f"() => ({GRID})(0).panels.panels[0].chart.drawn.length === 1")
    box = found.locator("canvas.plot-curves").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 42, steps=4)
    page.mouse.up()
    page.wait_for_function("() => decodeURIComponent(location.hash).includes('zoom')")
    again = open_page(page.url)
    assert list(lines(again, 0)) == ["adam"]
    assert figure(again, 0).get_by_role("button", name="Reset zoom").is_visible()
    assert set(lines(again, 1)) == {"adam", "sgd"}
    figure(again, 0).locator(".legend button", has_text="sgd").click()
    figure(again, 0).get_by_role("button", name="Reset zoom").click()
    again.wait_for_function("() => !location.hash.includes('grids')")


@pytest.mark.parametrize(
    "fragment",
    [
        "grids=%5B%5D",
        "grids=null",
        'grids={"0":3}',
        "grids={",
        'grids={"0":{"hide":5,"layout":7,"zoom":"x","zooms":1}}',
    ],
)
def test_no_fragment_breaks_the_page(site: Path, open_page: Open, fragment: str) -> None:
    page = open_page(site / "study/reports/all/index.html", fragment)
    assert lines(page, 0)


def test_no_address_puts_words_into_the_authors_mouth(site: Path, open_page: Open) -> None:
    forged = {"title": "Forged", "text": "# Forged"}
    panels = [
        {"id": f"panel {at}", "kind": kind, "set": forged}
        for at, kind in ((1, "line"), (1, "markdown"), (2, "markdown"))
    ]
    grids = {str(at): {"layout": {"add": panels, "titles": {"Added panels": "Forged"}}} for at in range(4)}
    page = open_page(site / "study/reports/all/index.html", f"grids={quote(json.dumps(grids))}")
    assert set(lines(page, 0)) == {"adam", "sgd"}
    assert "Forged" not in page.locator("main").inner_text()


def test_numbers_of_a_figure_are_downloaded_as_csv(page: Page) -> None:
    with page.expect_download() as download:
        figure(page, 2).get_by_role("button", name="CSV").click()
    rows = download.value.path().read_text("utf-8-sig").splitlines()
    assert len(rows) == 1 + 3 * STEPS
    label, step, value = rows[1].split(",")[:3]
    assert label == "adam 2"
    assert float(value) == pytest.approx(accuracy("adam", 2, int(step)), rel=1e-12)
    figure(page, 5).get_by_role("button", name="CSV").click()
    assert page.get_by_role("menuitem").count() == 4


CELLS = [
    *(("=cmd|'/c calc'!A0", "'=cmd|'/c calc'!A0"), ("+1+1", "'+1+1"), ("-1+1", "'-1+1"), ("@SUM(1)", "'@SUM(1)")),
    *(("\t=1", "'\t=1"), ('=1,"a"', '"\'=1,""a"""'), ("-1", "-1"), ("+1e5", "+1e5"), (-1, "-1"), (-1e-7, "-1e-7")),
    *((["=1", "a"], '"\'=1, a"'), ("plain", "plain"), ("", ""), (None, ""), ("\r=1", '"\'\r=1"')),
    ("\uff1d1", "'\uff1d1"),
]
"""Values, and what a CSV file has of them."""


def test_no_cell_of_a_csv_is_a_formula(page: Page) -> None:
    written = page.evaluate(
        "cells => cells.map((cell) => runstore.plotFiles.csv([[cell]]))", [cell for cell, _ in CELLS]
    )
    assert written == [f"\ufeff{text}\r\n" for _, text in CELLS]


def test_the_figure_says_what_it_is_made_of(page: Page, site: Path) -> None:
    found = figure(page, 0)
    assert found.locator("figcaption").inner_text().startswith("Figure 1. Accuracy by optimizer.")
    href = found.get_by_role("link", name="Spec").get_attribute("href")
    assert href is not None
    assert (site / "study/reports/all" / href).is_file()
    found.get_by_role("link", name="6 runs").click()
    page.wait_for_url("**/study/index.html#*")
    page.wait_for_selector(READY)
    assert page.evaluate("runstore.workspace.shown.matching.length ?? runstore.workspace.matching.length") == 6


def test_the_contents_follow_what_is_read(page: Page) -> None:
    contents = page.locator(".report-toc a")
    assert contents.all_inner_texts()[:3] == ["Groups", "Sets and names", "A sweep"]
    for at in range(FIGURES):
        figure(page, at)
    read = "name => document.querySelector('.report-toc a[aria-current=true]')?.innerText === name"
    for name, top in (("Groups", 0), ("Everybody", 100_000)):
        page.evaluate("top => scrollTo({ top, behavior: 'instant' })", top)
        page.wait_for_function(read, arg=name, timeout=9000)
    contents.filter(has_text="A sweep").click()
    page.wait_for_function(read, arg="A sweep", timeout=9000)


def test_claims_show_whether_they_hold(page: Page) -> None:
    claims = page.locator(".report-claims")
    assert claims.locator("summary").inner_text() == "1 of 2 claims hold"
    assert claims.locator("details").get_attribute("open") is not None
    assert claims.locator(".claim-badge").all_inner_texts() == ["holds", "does not hold"]


def test_a_hostile_name_is_text(page: Page) -> None:
    assert page.title() != "owned"
    body = page.locator(".report-body")
    assert body.get_by_text(EVIL).count() >= 2
    assert page.locator(".report-table a", has_text="</script>").count() == 1


@pytest.mark.parametrize("dark", [False, True])
def test_nobody_is_locked_out(site: Path, open_page: Open, dark: bool) -> None:
    page = open_page(site / "study/reports/all/index.html", dark=dark)
    for at in range(FIGURES):
        figure(page, at)
    assert violations(page, ALL) == []


def test_a_phone_scrolls_in_one_direction_and_shows_a_panel_a_row(site: Path, open_page: Open) -> None:
    page = open_page(site / "study/reports/all/index.html", phone=True)
    for at in range(FIGURES):
        found = figure(page, at)
        for panel in found.locator(".panel").all():
            box = panel.bounding_box()
            assert box is not None
            assert 330 < box["width"] <= 390
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_on_paper_every_panel_is_drawn(site: Path, open_page: Open) -> None:
    page = prepared(open_page(site / "study/reports/all/index.html", dark=True))
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    panels = page.evaluate("runstore.report.grids().flatMap(({ panels }) => panels.panels.map(({ stale }) => stale))")
    assert panels == [False] * 12
    pictures = page.locator(".run-media img").evaluate_all("images => images.map((image) => image.naturalWidth)")
    assert pictures == [8] * 6
    assert page.locator(".run-media img").filter(visible=True).count() == 6
    for canvas in page.locator(".report-grid .plot canvas.plot-curves").all():
        assert canvas.evaluate("node => node.width") > 0
    tools = "button:not(.legend button, [role=columnheader] button, .parallel-name, .zoom-button), input, select"
    assert page.locator(tools).filter(visible=True).count() == 0
    assert 3 <= sheets(page) <= 12


def test_on_paper_axes_have_their_names_and_claims_stand_open(tmp_path: Path, open_page: Open) -> None:
    root = write_store(tmp_path / "experiments")
    for at in range(3):
        write_run(root, "p", f"r{at}", curve(3), {"lr": 0.1 * at}, {"name": f"r{at}"}, {"state": "finished"})
    front = "checks: [max(summary.loss) < 100]"
    panel = "```panel\ntype: parallel\ncolumns: [config.lr, summary.loss]\n```"
    write_file(root / "p/reports/paper.md", f"---\ntitle: P\n{front}\n---\n\n{panel}\n")
    page = prepared(open_page(build(root, tmp_path / "site") / "p/reports/paper/index.html"))
    assert [name.strip() for name in page.locator(".parallel-name:visible").all_inner_texts()] == ["lr", "loss"]
    assert page.get_by_text("max(summary.loss) < 100").is_visible()


def test_its_button_prints_when_everything_is_drawn(site: Path, open_page: Open) -> None:
    page = open_page(site / "study/reports/all/index.html")
    page.evaluate(
        """() => {
            window.print = () => {
                const { panels } = runstore.report.grids().at(-1);
                window.printed = panels.panels.every(({ stale }) => !stale);
            };
        }"""
    )
    page.get_by_role("button", name="Print").click()
    page.wait_for_function("() => window.printed !== undefined")
    assert page.evaluate("window.printed")


def test_it_is_the_same_on_a_host(site: Path, open_page: Open) -> None:
    with hosted(site.parent) as address:
        page = open_page(f"{address}/{site.name}/study/reports/all/")
        assert sorted(lines(page, 0)) == sorted(OPTIMIZERS)
        figure(page, 5).locator(".kind-chart.custom canvas").wait_for()
        page.close()


WICKED = {
    "url": {"data": {"url": "https://example.org/data.csv"}, "mark": "point"},
    "inner": {"layer": [{"data": {"url": "//example.org/x.json"}, "mark": "line"}]},
    "image": {"mark": {"type": "image", "url": "https://example.org/a.png"}},
    "topo": {"data": {"values": [1], "format": {"type": "topojson"}}, "mark": "geoshape", "x": {"url": "x"}},
    "href": {
        "mark": {"type": "point", "href": "javascript:document.title='owned'"},
        "encoding": {"href": {"value": "javascript:document.title='owned'"}},
    },
    "expr": {
        "mark": "point",
        "params": [{"name": "a", "expr": "warn(window.document.title = 'owned')"}],
        "transform": [{"calculate": "(function(){document.title='owned'})()", "as": "b"}],
    },
    "reach": {
        "mark": "point",
        "transform": [{"calculate": "datum.constructor.constructor('document.title=\"owned\"')()", "as": "b"}],
    },
    "dom": {
        "data": [{"name": "runs"}],
        "signals": [{"name": "a", "bind": {"element": "body"}, "update": "0"}],
        "marks": [{"type": "image", "encode": {"update": {"url": {"signal": "'https://example.org/' + 'a.png'"}}}}],
    },
    "loader": {
        "data": [{"name": "runs"}, {"name": "x", "url": {"signal": "'https://example.org/'"}}],
        "marks": [{"type": "symbol", "encode": {"update": {"href": {"value": "https://example.org/"}}}}],
    },
}


def test_no_specification_reaches_out_of_the_page(tmp_path: Path, open_page: Open) -> None:
    root = write_store(tmp_path / "experiments")
    write_run(root, "p", "r", curve(3), {"lr": 0.1}, {"name": "r"}, {"state": "finished"})
    panels = [{"type": "vega", "title": name, "spec": spec} for name, spec in WICKED.items()]
    write_file(root / "p/reports/w.md", f"# W\n\n```panels\n{yaml12.dump({'panels': panels})}```\n")
    page = open_page(build(root, tmp_path / "site") / "p/reports/w/index.html")
    found = figure(page, 0)
    for panel in found.locator(".panel").all():
        panel.scroll_into_view_if_needed()
        panel.locator(".kind-chart canvas, .kind-empty").first.wait_for()
    refused = {panel.locator("h3").text_content() for panel in found.locator(".panel:has(.kind-empty)").all()}
    assert {"url", "inner", "image", "topo", "loader"} <= refused
    for canvas in found.locator(".kind-chart canvas").all():
        canvas.click()
    assert page.title() != "owned"
    assert page.url.endswith("/w/index.html")


def test_what_is_written_is_on_the_page_a_moment_later(tmp_path: Path, open_page: Open) -> None:
    root = write_store(tmp_path / "experiments")
    folder = write_run(root, "p", "r", curve(3), {}, {"name": "r"}, {"state": "finished"})
    text = "# A\n\nFirst words.\n\n```panel\ntype: line\nmetrics: loss\nid: fig-a\n```\n"
    path = write_file(root / "p/reports/live.md", text)
    with serving(root) as served:
        page = open_page(f"{served.address}/p/reports/live/")
        assert lines(page, 0)["r"][0].size == 3
        path.write_text(text.replace("First words.", "Other words, {{ nothing }}."))
        arrives(page, lambda: "Other words" in page.locator(".report-body").inner_text(), time.monotonic())
        page.wait_for_selector(READY)
        assert page.locator(".report-body .mistake").count() == 1
        assert "line 3" in page.locator(".report-mistakes").inner_text()
        path.write_text(text)
        arrives(page, lambda: page.locator(".mistake, .report-mistakes").count() == 0, time.monotonic())
        page.wait_for_selector(READY)
        page.evaluate("window.kept = true")
        append(folder, curve(4, start=3))
        arrives(page, lambda: lines(page, 0)["r"][0].size == 7, time.monotonic())
        assert page.evaluate("window.kept")
