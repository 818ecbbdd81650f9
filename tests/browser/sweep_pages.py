"""What tests of a sweep's page do with it: making a small sweep, and reading its panels."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from runstore.format import yaml12
from runstore.format.sweep_layout import SweepLayout
from runstore.format.sweep_records import Claim, Outcome
from tests.sites import build
from tests.stores import curve, write_file, write_run
from tests.sweep_stores import moment, write_record

ID = "k3v9x2ab"
GRID = "method: grid\nmetric: {name: loss, goal: minimize}\nparameters: {a: {values: [1, 2]}}\n"


def layout(root: Path) -> SweepLayout:
    return SweepLayout(root / "tune" / "sweeps" / ID)


def address(site: Path) -> Path:
    return site / "tune" / "sweeps" / ID / "index.html"


def drawn(page: Page, key: str) -> Any:
    """Scrolls a panel of the sweep into sight and waits until it is drawn."""
    found = page.locator(".panel", has=page.locator(f"h3[title='sweep: {key}']"))
    found.scroll_into_view_if_needed()
    page.wait_for_function(
        """key => {
            const panel = runstore.workspace.panels.panels.find((each) => each.metric.key === `sweep: ${key}`);
            return panel?.visible && !panel.stale && panel.drawing.then(() => true);
        }""",
        arg=key,
    )
    return found


def table(page: Page, key: str) -> dict[str, list[Any]]:
    """The twin of a panel, in columns."""
    drawn(page, key)
    found: dict[str, list[Any]] = page.evaluate(
        """async key => {
            const { panels, lines, state } = runstore.workspace;
            const panel = panels.panels.find((each) => each.metric.key === `sweep: ${key}`);
            const kind = runstore.kinds[panel.kind];
            const context = { ...lines.context(), change() {} };
            const own = { ...kind.defaults(context), ...panel.metric.own.set, ...panel.settings };
            const { columns, rows } = await kind.table(own, context);
            return Object.fromEntries(columns.map((name, at) => [name, rows.map((row) => row[at])]));
        }""",
        key,
    )
    return found


def small_sweep(
    root: Path, text: str, trials: Sequence[tuple[dict[str, Any], float | None]], name: str = "trial {}"
) -> Path:
    """A sweep of a few finished trials, each with its parameters and its value; returns its page."""
    write_file(layout(root).sweep_yaml, text)
    write_file(layout(root).resolved_json, {"config": yaml12.load(text)})
    for at, (params, value) in enumerate(trials):
        meta = {"name": name.format(at), "sweep": ID, "created": moment(60 * at)}
        write_run(root, "tune", f"r{at}", curve(2), params, meta)
        write_record(layout(root).claim(at), Claim(at, f"r{at}", "", params, time=moment(60 * at)))
        done = Outcome(at, f"r{at}", "", "finished", value=value, runtime=9.0, time=moment(60 * at + 9))
        write_record(layout(root).done(at), done)
    return address(build(root, root.parent / "site"))


def picture(page: Page, key: str) -> str:
    """A chart as its menu saves it."""
    found = drawn(page, key)
    found.get_by_role("button", name="Panel menu").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Download SVG").click()
    return download.value.path().read_text("utf-8")


def axes(page: Page, key: str) -> list[list[float]]:
    """The numbers that stand at each axis of a chart, as its picture has them."""
    labels = re.findall(r'role-axis-label".*?>(.*?)</g>', picture(page, key), re.DOTALL)
    return [[float(text) for text in re.findall(r"<text[^>]*>([^<]*)</text>", each)] for each in labels]
