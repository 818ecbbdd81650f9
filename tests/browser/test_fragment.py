"""The address holds the view: a link shares it, a reload keeps it, nonsense in it does no harm."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page

from tests.browser.chromium import Open
from tests.browser.pages import READY, curves, names, set_view, settle

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
views = st.fixed_dictionaries(
    {},
    optional={
        "group": text,
        "agg": st.sampled_from(["mean", "min", "max"]),
        "shade": st.sampled_from(["none", "minmax", "std", "stderr"]),
        "smooth": st.integers(0, 99).map(lambda percent: percent / 100),
        "x": st.sampled_from(["_step", "_runtime", "_timestamp"]),
        "ylog": st.booleans(),
        "filter": text,
        "search": text,
        "hide": st.lists(text.filter(bool), max_size=4, unique=True),
        "sort": text,
        "cols": st.one_of(st.none(), st.lists(text.filter(bool), min_size=1, max_size=4)),
        "panels": text,
    },
)


@pytest.fixture(scope="module")
def blank(chromium: Browser, lab: Path) -> Any:
    context = chromium.new_context()
    page = context.new_page()
    page.goto((lab / "lab" / "index.html").as_uri())
    page.wait_for_selector(READY)
    yield page
    context.close()


@given(view=views)
def test_every_view_survives_its_address(blank: Page, view: dict[str, Any]) -> None:
    before, after = blank.evaluate(
        """view => {
            const state = new runstore.State({});
            state.set(view);
            const again = new runstore.State({});
            return [state.view, again.view];
        }""",
        view,
    )
    assert after == before


def test_contracted_fragment_sets_every_control(lab: Path, open_page: Open) -> None:
    fragment = "group=config.optimizer&agg=max&shade=stderr&smooth=0.6&x=_runtime&ylog=1&search=adam|sgd&sort=-name"
    page = open_page(lab / "lab" / "index.html", fragment)
    values = {
        control: page.locator(f"[data-view={control}]").input_value()
        for control in ("group", "agg", "shade", "smooth", "x", "search")
    }
    assert values == {
        "group": "config.optimizer",
        "agg": "max",
        "shade": "stderr",
        "smooth": "0.6",
        "x": "_runtime",
        "search": "adam|sgd",
    }
    assert page.locator("[data-view=ylog]").is_checked()
    assert names(page) == ["sgd", "adam"]


def test_reload_keeps_what_was_chosen(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html")
    page.locator("[data-view=group]").select_option("config.lr")
    page.locator("[data-view=shade]").select_option("none")
    settle(page)
    page.reload()
    page.wait_for_selector(READY)
    assert set(curves(page, "train/loss")) == {"0.1", "0.01", "(none)"}
    assert page.locator("[data-view=shade]").input_value() == "none"


def test_view_follows_when_the_address_is_changed_by_hand(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html")
    page.evaluate("location.hash = '#group=config.fold'")
    page.wait_for_function("() => runstore.workspace.state.view.group === 'config.fold'")
    settle(page)
    assert set(curves(page, "val/accuracy")) == {"0", "1", "2", "3"}


def test_default_view_leaves_the_address_clean(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html")
    set_view(page, smooth=0.5)
    assert "#" in page.url
    set_view(page, smooth=0)
    assert "#" not in page.url


@pytest.mark.parametrize("fragment", [
    "group=no.such.column", "agg=median&shade=5&x=_nothing&smooth=plenty&ylog=perhaps", "filter=%28%5B",
    "hide=%25E0%25A4%25A&cols=%25zz", "sort=-nothing&cols=nothing", "%E0%A4%A=1&=&&&",
    "group=__proto__&sort=constructor",
])  # fmt: skip
def test_nonsense_in_the_address_leaves_a_working_page(lab: Path, open_page: Open, fragment: str) -> None:
    page = open_page(lab / "lab" / "index.html", fragment)
    assert page.locator("[data-status]").inner_text()
    set_view(page, filter="", group="")
    assert len(curves(page, "train/loss")) == 25
