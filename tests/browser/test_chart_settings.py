"""What is set of charts beside the page's controls: the groups of one panel, the colours, a section's settings."""

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page

from tests import reference
from tests.browser.chromium import Open
from tests.browser.pages import READY, curves, panel, settle, show, violations
from tests.browser.stores import OPTIMIZERS, all_runs, rows

EVERY = ("minor", "moderate", "serious", "critical")


def losses(run: tuple[str, str, float, int]) -> reference.Points:
    ys = np.array([row["train/loss"] for row in rows(*run[1:])])
    return reference.Points(np.arange(ys.size, dtype=float), ys, ys, ys)


def of_panel(page: Page, key: str, item: str) -> None:
    page.get_by_role("button", name=f"Panel menu of {key}", exact=True).click()
    page.get_by_role("menu").get_by_text(item, exact=True).click()


def again(page: Page) -> None:
    page.reload()
    page.wait_for_selector(READY)


def group_panel(page: Page, key: str, *columns: str) -> None:
    """Gives a panel groups of its own in its form."""
    of_panel(page, key, "Edit…")
    form = page.get_by_role("dialog")
    form.get_by_label("Group by", exact=True).select_option(label="Columns…")
    for column in columns:
        form.get_by_role("checkbox", name=column, exact=True).check()
    form.get_by_role("button", name="Apply").click()
    settle(page)


def test_a_panel_has_groups_of_its_own_with_exact_statistics(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=&hide=showcase")
    show(page, "train/loss")
    group_panel(page, "train/loss", "optimizer (config)")
    shown = curves(page, "train/loss")
    assert sorted(shown) == sorted(OPTIMIZERS)
    for optimizer in OPTIMIZERS:
        expected = reference.group([losses(run) for run in all_runs() if run[1] == optimizer], "mean", "std")
        np.testing.assert_allclose(shown[optimizer].ys, expected.line, rtol=1e-9)
        lo = shown[optimizer].lo
        assert lo is not None
        assert expected.lo is not None
        np.testing.assert_allclose(lo, expected.lo, rtol=1e-9)
        assert shown[optimizer].n == list(expected.n)
    assert "adam fast 0" in curves(page, "val/accuracy")
    assert violations(page, EVERY) == []
    again(page)
    assert sorted(curves(page, "train/loss")) == sorted(OPTIMIZERS)


def test_the_legend_of_a_panels_own_group_hides_its_runs_and_shows_them_again(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=group&hide=showcase")
    show(page, "train/loss")
    group_panel(page, "train/loss", "optimizer (config)", "fold (config)")
    assert len(curves(page, "train/loss")) == 12
    group_panel(page, "train/loss", "optimizer (config)", "fold (config)")
    of_panel(page, "train/loss", "Edit…")
    form = page.get_by_role("dialog")
    form.get_by_role("checkbox", name="fold (config)", exact=True).uncheck()
    form.get_by_role("button", name="Apply").click()
    assert sorted(curves(page, "train/loss")) == sorted(OPTIMIZERS)
    adam = panel(page, "train/loss").locator(".legend button", has_text="adam")
    adam.click()
    settle(page)
    assert sorted(curves(page, "train/loss")) == ["lion", "sgd"]
    assert not any("adam" in label for label in curves(page, "val/accuracy"))
    adam.click()
    settle(page)
    assert sorted(curves(page, "train/loss")) == sorted(OPTIMIZERS)
    assert len(curves(page, "val/accuracy")) == 6


def test_a_panel_shows_runs_where_the_page_shows_groups(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=config.optimizer&hide=showcase")
    show(page, "train/loss")
    of_panel(page, "train/loss", "Edit…")
    form = page.get_by_role("dialog")
    form.get_by_label("Group by", exact=True).select_option(label="Nothing: run by run")
    form.get_by_role("button", name="Apply").click()
    assert len(curves(page, "train/loss")) == 24
    assert len(curves(page, "val/accuracy")) == 3
    panel(page, "train/loss").locator(".legend button[aria-pressed=true]").first.click()
    settle(page)
    assert len(curves(page, "train/loss")) == 23
    page.keyboard.press("Control+z")
    settle(page)
    assert sorted(curves(page, "train/loss")) == sorted(OPTIMIZERS)


@pytest.mark.parametrize("kind", ["bar", "histogram", "box", "scatter"])
def test_panels_over_runs_have_groups_of_their_own_too(lab: Path, open_page: Open, kind: str) -> None:
    page = open_page(lab / "lab" / "index.html", "group=&hide=showcase")
    titles = {"bar": "Bar chart", "histogram": "Histogram", "box": "Box plot", "scatter": "Scatter plot"}
    page.get_by_role("button", name="Add panel").click()
    page.get_by_role("menuitem", name=titles[kind]).click()
    form = page.get_by_role("dialog")
    form.get_by_label("Group by", exact=True).select_option(label="Columns…")
    form.get_by_role("checkbox", name="optimizer (config)", exact=True).check()
    form.get_by_role("button", name="Add", exact=True).click()
    found = page.locator(".panel").first
    found.locator(".kind-chart canvas").wait_for()
    if kind == "scatter":
        assert found.locator(".kind-key").all_inner_texts() == ["adam", "lion", "sgd"]
    else:
        assert found.locator(".panel-about").inner_text() == "3 groups · 24 runs"


def swatches(page: Page) -> dict[str, str]:
    """The colours in the rows of the table, by what they name."""
    found: dict[str, str] = page.locator(".runs-host .grid-body .name-cell").evaluate_all(
        """all => Object.fromEntries(all.map((cell) => [cell.querySelector('.text').textContent,
            getComputedStyle(cell.querySelector('.swatch')).backgroundColor]))"""
    )
    return found


def colour_by(page: Page, label: str) -> None:
    page.get_by_role("button", name="More", exact=True).first.click()
    control = page.locator("[data-colour]")
    control.focus()
    control.select_option(label=label)
    page.keyboard.press("Escape")
    settle(page)


@pytest.mark.parametrize("dark", [False, True])
def test_lines_and_rows_are_coloured_by_a_number(lab: Path, open_page: Open, dark: bool) -> None:
    page = open_page(lab / "lab" / "index.html", "group=&hide=showcase", dark=dark)
    colour_by(page, "fold")
    shown = curves(page, "train/loss")
    ends = ["rgb(92,92,245)", "rgb(255,232,110)"] if dark else ["rgb(48,18,120)", "rgb(214,140,0)"]
    assert [shown[f"adam fast {fold}"].colour for fold in (0, 3)] == ends
    assert len({curve.colour for curve in shown.values()}) == 4
    assert swatches(page)["sgd slow 3"].replace(" ", "") == ends[1]
    key = panel(page, "train/loss").locator(".legend-key")
    assert key.inner_text() == "fold: 0\n3\nnone"
    assert "colour=config.fold" in page.url
    assert violations(page, EVERY) == []
    page.get_by_role("button", name="More", exact=True).first.click()
    assert violations(page, EVERY) == []
    page.keyboard.press("Escape")
    again(page)
    assert curves(page, "train/loss")["adam fast 3"].colour == ends[1]
    colour_by(page, "By run or group")
    assert len({curve.colour for curve in curves(page, "train/loss").values()}) == 24
    assert key.count() == 0


def test_a_column_of_text_colours_as_its_groups_are_and_the_tables_menu_switches_it(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=config.optimizer&hide=showcase&cols=config.optimizer,config.lr")
    groups = {label: curve.colour for label, curve in curves(page, "train/loss").items()}
    page.evaluate("() => runstore.workspace.state.set({ group: '' })")
    settle(page)
    page.get_by_role("button", name="Menu of optimizer", exact=True).click()
    page.get_by_role("menuitemcheckbox", name="Colour by this").click()
    settle(page)
    shown = curves(page, "train/loss")
    for label, colour in groups.items():
        assert {curve.colour for name, curve in shown.items() if name.startswith(label)} == {colour}
    assert panel(page, "train/loss").locator(".legend-key").locator(".text").all_inner_texts() == [
        "adam", "lion", "none", "sgd",
    ]  # fmt: skip
    page.evaluate("() => runstore.workspace.state.set({ group: 'config.lr' })")
    settle(page)
    # Runs of all optimizers are in each of these groups.
    assert len({curve.colour for curve in curves(page, "train/loss").values()}) == 1
    assert panel(page, "train/loss").locator(".legend-key .text").last.inner_text() == "none, or several"
    page.get_by_role("button", name="Menu of optimizer", exact=True).click()
    page.get_by_role("menuitemcheckbox", name="Colour by this").click()
    settle(page)
    assert len({curve.colour for curve in curves(page, "train/loss").values()}) == 2
    assert "colour" not in page.url


def test_colours_over_decades_go_by_the_logarithm_and_stand_in_the_picture(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=&colour=summary.train/loss")
    key = panel(page, "train/loss").locator(".legend-key")
    show(page, "train/loss")
    assert key.inner_text().startswith("train/loss")
    page.get_by_role("button", name="Panel menu of train/loss", exact=True).click()
    with page.expect_download() as waiting:
        page.get_by_role("menu").get_by_text("Download SVG").click()
    assert Path(waiting.value.path()).read_text().count("train/loss: ") == 5


def of_section(page: Page, section: str, item: str) -> None:
    page.get_by_role("button", name=f"Menu of section {section}", exact=True).click()
    page.get_by_role("menu").get_by_text(item, exact=True).click()


def drawn(page: Page, key: str) -> dict[str, object]:
    """What the chart of a metric was asked to draw."""
    show(page, key)
    found: dict[str, object] = page.evaluate(
        """key => {
            const { panels } = runstore.workspace?.panels ?? runstore.panels;
            const { axis, log, xlog, range } = panels.find(({ metric }) => metric.key === key).chart.what;
            return { axis, log, xlog, range };
        }""",
        key,
    )
    return found


def test_a_section_sets_its_charts_and_a_panel_of_its_own_wins(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=&hide=showcase")
    show(page, "train/loss")
    of_section(page, "train", "Settings of its charts…")
    form = page.get_by_role("dialog")
    assert violations(page, EVERY) == []
    form.get_by_label("X axis").select_option(label="Relative time")
    form.get_by_label("Log y").select_option(label="Yes")
    form.get_by_label("Group by", exact=True).select_option(label="Columns…")
    form.get_by_role("checkbox", name="optimizer (config)", exact=True).check()
    form.get_by_role("button", name="Apply").click()
    assert sorted(curves(page, "train/loss")) == sorted(OPTIMIZERS)
    assert (drawn(page, "train/loss")["axis"], drawn(page, "train/loss")["log"]) == ("_runtime", True)
    assert (drawn(page, "val/accuracy")["axis"], drawn(page, "val/accuracy")["log"]) == ("_step", False)
    said = page.locator(".section-about:visible")
    assert said.all_inner_texts() == ["X axis: Relative time · Log y: Yes · Group by: optimizer (config)"]
    of_panel(page, "train/loss", "Edit…")
    assert form.get_by_label("Log y").locator("option").first.inner_text() == "As the section"
    assert form.get_by_label("Log x").locator("option").first.inner_text() == "As the page"
    form.get_by_label("Log y").select_option(label="No")
    form.get_by_role("button", name="Apply").click()
    assert (drawn(page, "train/loss")["axis"], drawn(page, "train/loss")["log"]) == ("_runtime", False)
    assert violations(page, EVERY) == []
    again(page)
    assert (drawn(page, "train/loss")["axis"], drawn(page, "train/loss")["log"]) == ("_runtime", False)
    assert len(curves(page, "train/loss")) == 3
    of_section(page, "train", "Reset settings of its charts")
    assert len(curves(page, "train/loss")) == 24
    assert said.count() == 0
    page.keyboard.press("Control+z")
    assert len(curves(page, "train/loss")) == 3


PAGES = {
    "run": ("runs/adam-fast-0/index.html", ""),
    "compare": ("compare/index.html", "runs=adam-fast-0%2Csgd-slow-1"),
}


@pytest.mark.parametrize("name", PAGES)
def test_charts_of_a_run_and_of_a_comparison_are_edited_as_in_the_workspace(
    lab: Path, open_page: Open, name: str
) -> None:
    path, fragment = PAGES[name]
    page = open_page(lab / "lab" / path, fragment)
    of_panel(page, "train/loss", "Edit…")
    form = page.get_by_role("dialog")
    assert form.get_by_label("Group by").count() == 0
    assert violations(page, EVERY) == []
    form.get_by_label("Title").fill("The loss")
    form.get_by_label("X axis").select_option(label="Relative time")
    form.get_by_label("Y to").fill("2")
    form.get_by_label("X from").fill("10")
    form.get_by_label("Smoothing").fill("0.8")
    form.get_by_role("button", name="Apply").click()
    page.get_by_role("heading", name="The loss", exact=True).wait_for()
    found = drawn(page, "train/loss")
    assert (found["axis"], found["log"]) == ("_runtime", False)
    assert found["range"] == {"x": [10, None], "y": [None, 2]}
    smoothed = next(iter(curves(page, "train/loss").values()))
    ys = np.array([row["train/loss"] for row in rows("adam", 0.1, 0)])
    np.testing.assert_allclose(smoothed.ys, reference.smooth(smoothed.xs, ys, 0.8, "ema"), rtol=1e-9)
    assert drawn(page, "val/accuracy")["axis"] == "_step"
    of_section(page, "train", "Settings of its charts…")
    form.get_by_label("Log y").select_option(label="Yes")
    form.get_by_role("button", name="Apply").click()
    page.wait_for_function("() => location.hash.includes('charts')")
    assert drawn(page, "train/loss")["log"] is True
    again(page)
    assert drawn(page, "train/loss")["log"] is True
    assert drawn(page, "train/loss")["axis"] == "_runtime"
    assert page.locator(".section-about:visible").all_inner_texts() == ["Log y: Yes"]
    assert violations(page, EVERY) == []
