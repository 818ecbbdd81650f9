"""A person chooses what a line is, and how it is smoothed, with the controls; the charts and the address follow."""

from pathlib import Path

import numpy as np
import pytest

from tests import reference
from tests.browser.chromium import Open
from tests.browser.pages import curves, settle, violations
from tests.browser.stores import all_runs, rows


def losses(run: tuple[str, str, float, int]) -> np.ndarray:
    return np.array([row["train/loss"] for row in rows(*run[1:])])


def test_median_and_interval_are_chosen_by_their_names(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=config.optimizer&hide=showcase")
    page.locator("[data-view=agg]").select_option(label="Median")
    page.locator("[data-view=shade]").select_option(label="95 % interval")
    settle(page)
    shown = curves(page, "train/loss")["adam"]
    points = [
        reference.Points(np.arange(ys.size, dtype=float), ys, ys, ys)
        for ys in (losses(run) for run in all_runs() if run[1] == "adam")
    ]
    expected = reference.group(points, "median", "ci")
    np.testing.assert_allclose(shown.ys, expected.line, rtol=1e-9)
    np.testing.assert_allclose(shown.lo, expected.lo, rtol=1e-9)
    np.testing.assert_allclose(shown.hi, expected.hi, rtol=1e-9)
    assert "agg=median" in page.url
    assert "shade=ci" in page.url


@pytest.mark.parametrize(
    ("label", "key"),
    [("Time-weighted exponential", "twema"), ("Running average", "average"), ("Gaussian", "gauss")],
)
@pytest.mark.parametrize("place", ["index.html", "runs/adam-fast-0/index.html"])
def test_a_smoother_is_chosen_by_its_name(lab: Path, open_page: Open, place: str, label: str, key: str) -> None:
    page = open_page(lab / "lab" / place, "group=&smooth=0.8")
    before = curves(page, "train/loss")
    page.get_by_role("button", name="More", exact=True).first.click()
    page.get_by_label("Smoother").select_option(label=label)
    page.wait_for_function("key => location.hash.includes(`smoother=${key}`)", arg=key)
    run = next(run for run in all_runs() if run[0] == "adam-fast-0")
    name = next(label for label in before if label in ("adam fast 0", "loss", "train/loss"))
    ys = losses(run)
    expected = reference.smooth(np.arange(ys.size, dtype=float), ys, 0.8, key)
    page.evaluate("async () => runstore.workspace ? runstore.workspace.drawn : runstore.panels.settled()")
    np.testing.assert_allclose(curves(page, "train/loss")[name].ys, expected, rtol=1e-9)
    assert violations(page, ("minor", "moderate", "serious", "critical")) == []


def test_a_formula_between_metrics_is_a_chart_of_its_own(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=")
    page.get_by_role("button", name="Add panel").click()
    page.get_by_role("menuitem", name="Line chart").click()
    page.get_by_label("and a formula").fill("1 - val/accuracy * train/loss")
    page.get_by_role("button", name="Add", exact=True).click()
    made = curves(page, "panel 1")["adam fast 0"]
    logged = [row for row in rows("adam", 0.1, 0) if "val/accuracy" in row]
    assert made.xs.tolist() == [row["_step"] for row in logged]
    expected = [1 - row["val/accuracy"] * row["train/loss"] for row in logged]
    np.testing.assert_allclose(made.ys, expected, rtol=1e-12)
