"""Pages over a store of all that goes wrong: nobody is shut out, and they work while the store grows."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.chromium import Open
from tests.browser.pages import curves, settle, violations
from tests.browser.test_grid import status
from tests.browser.test_wicked import EVERY, is_sane
from tests.browser.wicked_store import EVIL, KEYS, TEXTS, row, write_wicked
from tests.serving import serving
from tests.stores import append, write_file, write_run

IDS = ",".join(list(TEXTS)[:6])
LIVE = 20_000


def widen(page: Page) -> None:
    page.get_by_role("button", name="Wide table").click()
    settle(page)


def page_of(wicked: Path, kind: str) -> Path:
    if kind in ("artifacts", "groups"):
        return sorted((wicked / "wicked" / kind).glob("*/index.html"))[-1]
    return wicked / kind / "index.html"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("kind", "fragment"),
    [
        ("wide", "group="),
        ("wicked", "group=config.kind"),
        ("media", "group="),
        ("media/runs/stubs", ""),
        ("wicked/runs/markup", ""),
        ("wicked/compare", f"runs={IDS}"),
        ("artifacts", ""),
        ("groups", ""),
    ],
)
def test_axe_finds_nothing_on_any_kind_of_page(
    wicked: Path, open_page: Open, kind: str, fragment: str, dark: bool
) -> None:
    page = open_page(page_of(wicked, kind), fragment, dark=dark)
    if kind in ("wide", "wicked"):
        widen(page)
    assert violations(page, EVERY) == []


def test_pages_follow_a_store_of_all_that_goes_wrong(tmp_path: Path, open_page: Open) -> None:
    root = write_wicked(tmp_path / "experiments")
    with serving(root) as served:
        workspace = open_page(f"{served.address}/wicked/index.html", "group=&most=all")
        run = open_page(f"{served.address}/wicked/runs/markup/index.html")
        before = int(status(workspace).split()[0])
        assert len(curves(workspace, KEYS[0])["(none)"].xs) == 4
        append(root / "wicked" / "runs" / "none", [row(4, **{KEYS[0]: 7.0, "later\n" + EVIL: 1.0})])
        append(root / "wicked" / "runs" / "markup", b'{"torn": 1, "_st')
        write_run(root, "wicked", "late", [row(0, loss=1.0)], meta={"name": EVIL, "group": EVIL, "tags": [EVIL]})
        write_file(root / "wicked" / "runs" / "markup" / "run.yaml", "name: {")
        workspace.wait_for_function("n => runstore.workspace.runs.id.length === n", arg=before + 1, timeout=LIVE)
        workspace.wait_for_function(
            "key => runstore.workspace.runs.metrics.some((metric) => metric.key === key)",
            arg="later\n" + EVIL,
            timeout=LIVE,
        )
        workspace.wait_for_function(
            """key => {
                const { panels } = runstore.workspace;
                const found = panels.panels.find((each) => each.metric.key === key);
                return found.chart.drawn.some(({ curve }) => curve.label === "(none)" && curve.xs.length === 5);
            }""",
            arg=KEYS[0],
            timeout=LIVE,
        )
        run.wait_for_function("() => document.querySelector('h1').textContent.includes('markup')", timeout=LIVE)
        is_sane(workspace)
        is_sane(run)
